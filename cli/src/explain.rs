//! `tollgate explain`.
