//! A redirect server on a customer's premises: it takes no call, but says where each is to go (302), one target after the
//! other or all at once (NEW, redirect servers).

mod kind;
mod node;

pub use kind::REDIRECT_SERVER;
pub use node::RedirectServer;
