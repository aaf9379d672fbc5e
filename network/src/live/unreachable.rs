//! Datagrams that came back as "unreachable": Linux keeps these ICMP messages in a queue of the socket
//! (ip(7), `IP_RECVERR`), with the address that was not to be reached. Elsewhere nobody says so.
#![allow(unsafe_code, reason = "the system calls take pointers")]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

use socket2::{SockAddr, SockAddrStorage, Socket};

/// Room for what comes with one message: a `sock_extended_err` and an address, with their headers.
const CONTROL_WORDS: usize = 32;

/// Has the machine keep such messages for a socket.
pub(crate) fn keep(socket: &Socket, v6: bool) -> io::Result<()> {
    let (level, option) =
        if v6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) } else { (libc::IPPROTO_IP, libc::IP_RECVERR) };
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(0);
    // SAFETY: `on` is an int of `length` bytes, as these options take, and outlives the call.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), length) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes the next message; answers with the address that was not reached. What the machine itself refused
/// is left out: the call that sent it has said so.
pub(crate) fn take(socket: RawFd) -> Option<SocketAddr> {
    loop {
        let (name, by_icmp) = take_any(socket)?;
        if by_icmp {
            return name.as_socket();
        }
    }
}

fn take_any(socket: RawFd) -> Option<(SockAddr, bool)> {
    let mut name = SockAddrStorage::zeroed();
    let mut control = [0_u64; CONTROL_WORDS];
    // SAFETY: null pointers, zero lengths and no flags make a valid header.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = name.size_of();
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control);
    // SAFETY: `header` points to `name` and `control`, with their lengths, and both outlive the call; it asks
    // for nothing of the datagram.
    let received = unsafe { libc::recvmsg(socket, &raw mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
    if received < 0 {
        return None;
    }
    // SAFETY: the call has filled `control` and its length in, so the header that this finds is whole.
    let first = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    let by_icmp = !first.is_null() && {
        // SAFETY: the first and only message here is a `sock_extended_err` (ip(7)), which is plain data and is
        // read wherever it stands.
        let error: libc::sock_extended_err = unsafe { ptr::read_unaligned(libc::CMSG_DATA(first).cast()) };
        matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6)
    };
    // SAFETY: the storage was zeroed and then written by the call, which left the length of the address in
    // `msg_namelen`; it is no longer than the storage.
    let name = unsafe { SockAddr::new(name, header.msg_namelen) };
    Some((name, by_icmp))
}
