//! Which charging system an account or a number belongs to: what dispatchers among several systems look up (ARCH, Dual
//! Version, forwarding registry). Holds no connection; whoever has one tells it of moves.

mod registry;

pub use registry::{MoveError, NUMBERS_MAX, Registry, SystemPlace};
