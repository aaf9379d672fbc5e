//! Stopping on SIGINT and SIGTERM.
#![allow(unsafe_code, reason = "installing a signal handler is")]

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_signal: libc::c_int) {
    STOP.store(true, Ordering::Relaxed);
}

/// A flag that SIGINT (ctrl-c) and SIGTERM set, for [`crate::live::UdpServer::run`]. From now on neither ends
/// the process by itself, until each has come once.
#[must_use]
pub fn stop_on_signal() -> &'static AtomicBool {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: an all-zero `sigaction` is a valid one: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = stop as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // The second one finds the default again, and ends a process that does not stop.
        action.sa_flags = libc::SA_RESETHAND;
        // SAFETY: the handler only stores to an atomic, which a signal handler may; `action` outlives the
        // call, and the old action is not asked for.
        let _never_fails = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    }
    &STOP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_sets_the_flag_and_ends_nothing() {
        let flag = stop_on_signal();
        assert!(!flag.load(Ordering::Relaxed));
        // SAFETY: the handler for this signal was installed just now; it only stores to an atomic.
        assert_eq!(unsafe { libc::raise(libc::SIGTERM) }, 0);
        assert!(flag.load(Ordering::Relaxed));
    }
}
