//! A program that uses the interface of a charging system, or of a dispatcher in front of several: it calls what a scenario
//! says and shows the answers (ARCH, API).

mod kind;
mod node;

pub use kind::API_CLIENT;
pub use node::ApiClient;
