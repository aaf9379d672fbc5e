//! A mobility management entity: lets a subscriber in when the home subscriber server knows him, and lets him go when he or
//! the server wants it. What a subscriber then does at a gateway is the gateway's; this one only says that he may.

mod kind;
mod node;
mod subscription;

pub use kind::MME;
pub use node::Mme;
