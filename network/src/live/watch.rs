//! Lets the runtime wait for a set of sockets that watches itself.
#![allow(unsafe_code, reason = "the runtime wants a promise about the descriptor")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Wakes the runtime when something happens in the set. To be called inside the runtime.
///
/// # Errors
/// The machine refuses.
pub(crate) fn watch(set: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` stands for one open descriptor for as long as it lives, and the `AsyncFd` keeps it until
    // it is no longer registered.
    let watched = unsafe { AsyncFd::register_with_interest(set, Interest::READABLE) };
    watched.map_err(|error| error.into_parts().1)
}
