//! Many datagrams for one system call: `recvmmsg` and `sendmmsg`. The only unsafe code that touches
//! memory; Linux. For whoever moves datagrams by the hundred thousand: the server, a load generator.
#![allow(unsafe_code, reason = "the system calls take pointers")]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use socket2::{SockAddr, SockAddrStorage, Socket};

/// The most datagrams that one call moves.
pub const BATCH_MAX: usize = 64;

/// Buffers for what one call receives. A payload is a view into a buffer of its own; the buffer is used
/// again as soon as the payload is dropped.
#[derive(Debug)]
pub struct Inbox {
    datagram_max: usize,
    /// How many the last call received.
    count: usize,
    slots: Vec<BytesMut>,
    names: Vec<SockAddrStorage>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

/// A datagram that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub from: SocketAddr,
    /// The message.
    pub payload: Bytes,
    /// It was longer than the buffer, and the rest is gone.
    pub cut: bool,
}

impl Inbox {
    /// Room for datagrams of so many bytes.
    #[must_use]
    pub fn new(datagram_max: usize) -> Self {
        Self {
            datagram_max,
            count: 0,
            slots: (0..BATCH_MAX).map(|_| BytesMut::with_capacity(datagram_max)).collect(),
            names: (0..BATCH_MAX).map(|_| SockAddrStorage::zeroed()).collect(),
            vectors: (0..BATCH_MAX).map(|_| libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }).collect(),
            headers: (0..BATCH_MAX).map(|_| blank()).collect(),
        }
    }

    /// Receives what is there without waiting, at most [`BATCH_MAX`] datagrams; answers with their number.
    /// What was received before and not taken is gone.
    ///
    /// # Errors
    /// There is nothing (`WouldBlock`), or the socket reports one.
    pub fn receive(&mut self, socket: &Socket) -> io::Result<usize> {
        self.count = 0;
        for place in 0..BATCH_MAX {
            let slot = &mut self.slots[place];
            slot.clear();
            slot.reserve(self.datagram_max);
            let spare = slot.spare_capacity_mut();
            self.vectors[place] =
                libc::iovec { iov_base: spare.as_mut_ptr().cast(), iov_len: self.datagram_max };
            let header = &mut self.headers[place].msg_hdr;
            header.msg_name = (&raw mut self.names[place]).cast();
            header.msg_namelen = self.names[place].size_of();
            header.msg_iov = &raw mut self.vectors[place];
            header.msg_iovlen = 1;
        }
        let (fd, room) = (socket.as_raw_fd(), libc::c_uint::try_from(BATCH_MAX).unwrap_or(1));
        // SAFETY: each of the `BATCH_MAX` headers points to a name and a vector that live in `self`, and the
        // vector to at least `datagram_max` bytes of spare room of a slot, all of them unaliased while the
        // call runs. A null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(fd, self.headers.as_mut_ptr(), room, libc::MSG_DONTWAIT, ptr::null_mut())
        };
        let Ok(count) = usize::try_from(count) else { return Err(io::Error::last_os_error()) };
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(count) {
            let length = usize::try_from(header.msg_len).unwrap_or(0).min(self.datagram_max);
            // SAFETY: the slot is empty, has room for `datagram_max` bytes, and the call has written the first
            // `length` of them.
            unsafe { slot.set_len(length) };
        }
        self.count = count;
        Ok(count)
    }

    /// Takes one of the datagrams just received, counted from 0; `None` when it has no IP address or there
    /// is no such one.
    pub fn take(&mut self, place: usize) -> Option<Datagram> {
        let header = &self.headers[..self.count].get(place)?.msg_hdr;
        let name = std::mem::replace(&mut self.names[place], SockAddrStorage::zeroed());
        // SAFETY: the storage was zeroed and then written by the call, which left the length of the address
        // in `msg_namelen`; it is no longer than the storage.
        let name = unsafe { SockAddr::new(name, header.msg_namelen) };
        let cut = header.msg_flags & libc::MSG_TRUNC != 0;
        let payload = self.slots[place].split().freeze();
        name.as_socket().map(|from| Datagram { from, payload, cut })
    }
}

/// Datagrams to be sent with one call.
#[derive(Debug, Default)]
pub struct Outbox {
    payloads: Vec<Bytes>,
    names: Vec<SockAddr>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

/// What became of the datagrams of an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// The machine took them.
    pub sent: u64,
    /// The machine's network refused them.
    pub refused: u64,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            payloads: Vec::with_capacity(BATCH_MAX),
            names: Vec::with_capacity(BATCH_MAX),
            vectors: Vec::with_capacity(BATCH_MAX),
            headers: Vec::with_capacity(BATCH_MAX),
        }
    }

    /// Adds a datagram.
    pub fn push(&mut self, to: SocketAddr, payload: Bytes) {
        self.payloads.push(payload);
        self.names.push(to.into());
    }

    /// Whether it holds as many as one call moves.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.payloads.len() >= BATCH_MAX
    }

    /// Sends everything in order and leaves the outbox empty. A datagram that is refused does not keep the
    /// others back; when the socket is full, it is waited for, but not for ever.
    pub fn send(&mut self, socket: &Socket) -> Sent {
        let mut total = Sent::default();
        if self.payloads.is_empty() {
            return total;
        }
        self.vectors.clear();
        self.vectors.extend(self.payloads.iter().map(|payload| libc::iovec {
            iov_base: payload.as_ptr().cast_mut().cast(),
            iov_len: payload.len(),
        }));
        self.headers.clear();
        for (name, vector) in self.names.iter().zip(&mut self.vectors) {
            let mut header = blank();
            header.msg_hdr.msg_name = name.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = name.len();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            self.headers.push(header);
        }
        let (mut done, mut waits) = (0, 0);
        while done < self.headers.len() {
            let left = &mut self.headers[done..];
            let count = libc::c_uint::try_from(left.len()).unwrap_or(1);
            // SAFETY: `left` holds `count` headers whose names, vectors and payloads live in `self`; the call
            // reads these and writes the headers' lengths only.
            let sent =
                unsafe { libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
            if let Ok(sent) = usize::try_from(sent) {
                done += sent;
                total.sent += u64::try_from(sent).unwrap_or(0);
                continue;
            }
            match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock if waits < SEND_WAITS_MAX => {
                    waits += 1;
                    // Whether it came or not, the next call finds out.
                    let _woken = poll(&[socket.as_raw_fd()], libc::POLLOUT, SEND_WAIT);
                }
                // It speaks of the first that is left.
                _ => {
                    done += 1;
                    total.refused += 1;
                }
            }
        }
        self.payloads.clear();
        self.names.clear();
        total
    }
}

/// How often and how long a full socket is waited for.
const SEND_WAITS_MAX: u32 = 10;
const SEND_WAIT: Duration = Duration::from_millis(10);

/// Waits until one of the sockets has something to read, or that long. A signal ends it early.
///
/// # Errors
/// The machine refuses to wait.
pub fn wait_readable(sockets: &[RawFd], most: Duration) -> io::Result<()> {
    match poll(sockets, libc::POLLIN, most) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other,
    }
}

fn poll(sockets: &[RawFd], events: libc::c_short, most: Duration) -> io::Result<()> {
    let mut asked: Vec<libc::pollfd> =
        sockets.iter().map(|fd| libc::pollfd { fd: *fd, events, revents: 0 }).collect();
    // Rounded up: a wait that ends early would be repeated without rest.
    let millis = libc::c_int::try_from(most.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX);
    let count = libc::nfds_t::try_from(asked.len()).unwrap_or(0);
    // SAFETY: `asked` holds `count` entries, and outlives the call.
    let ready = unsafe { libc::poll(asked.as_mut_ptr(), count, millis) };
    if ready < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A header that points nowhere.
fn blank() -> libc::mmsghdr {
    // SAFETY: null pointers, zero lengths and no flags make a valid header, and every platform's padding
    // is fine as zeros.
    unsafe { std::mem::zeroed() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::bind;

    fn socket() -> (Socket, SocketAddr) {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    #[test]
    fn a_datagram_that_is_refused_does_not_keep_the_others_back() {
        let ((sender, from), (receiver, to)) = (socket(), socket());
        let mut outbox = Outbox::new();
        outbox.push(to, Bytes::from_static(b"before"));
        // Nothing can be sent to port 0, nor a datagram longer than an IP packet.
        outbox.push("127.0.0.1:0".parse().unwrap(), Bytes::from_static(b"nowhere"));
        outbox.push(to, vec![0; 70_000].into());
        outbox.push(to, Bytes::from_static(b"after"));
        assert_eq!(outbox.send(&sender), Sent { sent: 2, refused: 2 });
        assert_eq!(outbox.send(&sender), Sent::default());
        let mut inbox = Inbox::new(100);
        assert_eq!(inbox.receive(&receiver).unwrap(), 2);
        for (place, text) in [b"before".as_slice(), b"after"].into_iter().enumerate() {
            let expected = Datagram { from, payload: Bytes::copy_from_slice(text), cut: false };
            assert_eq!(inbox.take(place), Some(expected));
        }
    }

    #[test]
    fn what_was_not_received_cannot_be_taken() {
        let ((sender, _), (receiver, to)) = (socket(), socket());
        let mut inbox = Inbox::new(100);
        assert_eq!(inbox.receive(&receiver).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!((inbox.take(0), inbox.take(BATCH_MAX)), (None, None));
        sender.send_to(b"one", &to.into()).unwrap();
        assert_eq!(inbox.receive(&receiver).unwrap(), 1);
        assert!(inbox.take(0).is_some() && inbox.take(1).is_none());
        assert_eq!(inbox.take(0), None);
    }

    #[test]
    fn a_full_batch_leaves_the_rest_for_the_next_call() {
        let ((sender, _), (receiver, to)) = (socket(), socket());
        let mut outbox = Outbox::new();
        while !outbox.is_full() {
            outbox.push(to, Bytes::from_static(b"x"));
        }
        assert_eq!(outbox.send(&sender).sent, 64);
        sender.send_to(b"y", &to.into()).unwrap();
        let mut inbox = Inbox::new(100);
        assert_eq!((inbox.receive(&receiver).unwrap(), inbox.receive(&receiver).unwrap()), (64, 1));
        assert_eq!(inbox.take(0).unwrap().payload, "y");
    }
}
