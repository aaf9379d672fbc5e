//! A P-GW: the gateway of a mobile network's data sessions, which charges them online over Gy.
//!
//! Each session asks the charging system for quota of each rating group, lets traffic through while there is quota, reports
//! what was used, and does what it is told when there is no more. The parts: `bearer` and `group` are what a session knows,
//! `quota` what was granted and when it ends, `charging` asks and reports, `verdicts` does what answers say, `node` leads
//! input to the session that it concerns.
//!
//! Source: RFC 8506; TS 32.251, TS 32.299 sections 5 to 7; ESI, Diameter Gy; INTEROP, P-GWs.

mod bearer;
mod charging;
mod event;
mod group;
mod information;
mod kind;
mod node;
mod pools;
mod quirks;
mod quota;
mod settings;
mod verdicts;

pub use kind::PGW;
pub use node::Pgw;
