//! The centre through which numbers move between networks (Neustar in the documents): it asks for numbers that go and
//! confirms those that come, all through the dispatcher in front of the systems (ARCH, number porting requests processing).

mod kind;
mod node;

pub use kind::NUMBER_PORTING_CENTRE;
pub use node::NumberPortingCentre;
