//! One connection: octets out, messages in.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use tollgate_diameter::{Header, Message, Splitter};

use super::messages::capabilities;
use crate::LoadError;

/// What one read brings at most.
const READ_MAX: usize = 256 * 1_024;
/// How long the server may take to say who it is.
const GREETING_MAX: Duration = Duration::from_secs(10);

/// A connection whose other end has agreed to speak credit control.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// What is to be written, and how much of it is.
    pub(super) out: Vec<u8>,
    written: usize,
    splitter: Splitter,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects and tells the server who this is.
    pub(super) fn open(server: SocketAddr, number: u32) -> Result<Self, LoadError> {
        let mut stream = TcpStream::connect(server).map_err(LoadError::Socket)?;
        stream.set_nodelay(true).map_err(LoadError::Socket)?;
        stream.set_read_timeout(Some(GREETING_MAX)).map_err(LoadError::Socket)?;
        stream.write_all(&capabilities(number)?).map_err(LoadError::Socket)?;
        let mut own = Self {
            stream,
            out: Vec::new(),
            written: 0,
            splitter: Splitter::default(),
            buffer: vec![0; READ_MAX],
        };
        while !own.greeted()? {}
        own.stream.set_nonblocking(true).map_err(LoadError::Socket)?;
        Ok(own)
    }

    fn greeted(&mut self) -> Result<bool, LoadError> {
        let length = self.stream.read(&mut self.buffer).map_err(LoadError::Socket)?;
        if length == 0 {
            return Err(LoadError::Diameter("the server closed the connection instead of a CEA".to_owned()));
        }
        self.splitter.push(&self.buffer[..length]);
        let next = self.splitter.next_message().map_err(|error| LoadError::Diameter(error.to_string()))?;
        let Some(octets) = next else { return Ok(false) };
        let result = Message::parse(octets).ok().and_then(|message| message.result_code());
        match result {
            Some(code) if code.is_success() => Ok(true),
            Some(code) => Err(LoadError::Diameter(format!("the server refuses the connection: {code}"))),
            None => Err(LoadError::Diameter("the server's first message is no CEA".to_owned())),
        }
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Whether something could not be written yet.
    pub(super) fn is_held(&self) -> bool {
        self.out.len() > self.written
    }

    /// Writes what the machine takes.
    pub(super) fn flush(&mut self) -> Result<(), LoadError> {
        while self.out.len() > self.written {
            match self.stream.write(&self.out[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadError::Socket(error)),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    /// Hands over the messages that one read brings; whether there were any octets.
    pub(super) fn receive(
        &mut self,
        mut take: impl FnMut(Header, &[u8], &mut Vec<u8>),
    ) -> Result<bool, LoadError> {
        let length = match self.stream.read(&mut self.buffer) {
            Ok(0) => return Err(LoadError::Diameter("the server closed a connection".to_owned())),
            Ok(length) => length,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Ok(false);
            }
            Err(error) => return Err(LoadError::Socket(error)),
        };
        self.splitter.push(&self.buffer[..length]);
        loop {
            match self.splitter.next_message() {
                Ok(Some(octets)) => {
                    if let Some(header) = Header::read(octets) {
                        take(header, octets, &mut self.out);
                    }
                }
                Ok(None) => return Ok(true),
                Err(error) => return Err(LoadError::Diameter(error.to_string())),
            }
        }
    }
}
