//! A SIP phone: it registers and stays registered, at the next of its servers when one is silent; it calls, is called,
//! holds, transfers, sends text messages, and does with a call what a scenario or its settings say. Sound it has none.

mod calls;
mod incoming;
mod kind;
mod node;
mod registration;
mod settings;

pub(crate) use calls::peer_of;
pub use kind::SIP_PHONE;
pub use node::SipPhone;
pub(crate) use node::headers;
pub(crate) use settings::shown;
