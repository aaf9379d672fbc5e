//! The HTTP face of the core: an interface for programs, as the documents' REST API has it, and versioned routes for the
//! tools that move customers between systems.
//!
//! - `POST /rest/<Service>/<method>` with `{ "auth_info": { "session_id": … }, "params": { … } }`; the answer is an object.
//!   `Session/login` gives the session id. What cannot be done is answered with a status and
//!   `{ "faultcode": …, "faultstring": … }`.
//! - An administrator sees everything. A customer's user, who logs in with an account's id and password, sees that account
//!   and its records (ARCH, API for retail customers/accounts).
//! - `POST /rest/v1/Migration/<method>` is for administrators; see [`crate::api`]'s `migration`.
//! - Numbers of customers and accounts are `i_customer` and `i_account`; amounts are decimal numbers as text, exact.
//!
//! It decides nothing about money: what changes something is a command of the core like any other, stored before it is
//! answered.
//!
//! Source: ARCH, WebDispatcher and API for administrators and resellers; the names of methods and fields are those of the
//! documents where they name them.

pub mod config;
mod face;
mod fault;
mod lists;
mod migration;
mod porting;
mod routes;
mod sessions;
mod show;

pub(crate) use face::ApiFace;
