//! Reads what a stream socket has into memory that is not filled with zeros first.
#![allow(unsafe_code, reason = "the length of what the machine has written is only known to it")]

use std::io;

use bytes::{Bytes, BytesMut};
use mio::net::TcpStream;
use socket2::SockRef;

/// One read takes at most so much, in octets.
const PIECE: usize = 64 * 1_024;
/// The memory for several reads is taken at once, in octets.
const STOCK: usize = 4 * PIECE;

/// Reads once. Answers with the octets, none at the end, and whether there may be more. The memory behind what was read
/// is used for the next read.
///
/// # Errors
/// There is nothing (`WouldBlock`), or the connection is broken.
pub(crate) fn receive(stream: &TcpStream, buffer: &mut BytesMut) -> io::Result<(Bytes, bool)> {
    buffer.clear();
    if buffer.capacity() < PIECE {
        buffer.reserve(STOCK);
    }
    let spare = &mut buffer.spare_capacity_mut()[..PIECE];
    let length = SockRef::from(stream).recv(spare)?;
    let length = length.min(PIECE);
    // SAFETY: the buffer is empty, has room for at least `PIECE` octets, and the call has written the first
    // `length` of them.
    unsafe { buffer.set_len(length) };
    Ok((buffer.split().freeze(), length == PIECE))
}
