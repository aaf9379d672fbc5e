//! Which charging system an account or a number belongs to: what dispatchers among several systems look up (ARCH, Dual
//! Version, forwarding registry). [`RegistryDoor`] is the way in by which whoever
//! moves customers tells it.

mod door;
mod registry;
mod sessions;

pub use door::{ASSIGN, REGISTRY_PORT, REGISTRY_SIGHTS, RegistryDoor, assigned};
pub use registry::{MoveError, NUMBERS_MAX, Registry, SystemPlace};
pub use sessions::SESSIONS;
pub(crate) use sessions::follows;
