//! A Diameter client as small as can be: one connection, requests built by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use tollgate_diameter::{Builder, CommandFlags, Header, Message, Splitter, avp};

/// Application and command of credit control (RFC 8506).
const CREDIT_CONTROL: (u32, u32) = (272, 4);

/// A connection.
pub struct Client {
    pub stream: TcpStream,
    splitter: Splitter,
}

/// A Credit-Control-Request of one data session with one rating group.
pub struct Ccr<'a> {
    pub session: &'a str,
    pub account: &'a str,
    /// CC-Request-Type.
    pub kind: u32,
    pub number: u32,
    pub end_to_end: u32,
    /// Octets that were used since the last one.
    pub used: Option<u64>,
    /// It may have been sent before (T).
    pub again: bool,
}

impl Ccr<'_> {
    pub fn octets(&self) -> Vec<u8> {
        let (command, application) = CREDIT_CONTROL;
        let mut header = Header::request(command, application).identified(self.end_to_end, self.end_to_end);
        if self.again {
            header.flags = header.flags.with(CommandFlags::RETRANSMITTED);
        }
        let mut own = Builder::new(header);
        own.text(avp::SESSION_ID, self.session);
        own.text(avp::ORIGIN_HOST, "pgw.load.example");
        own.text(avp::ORIGIN_REALM, "load.example");
        own.text(avp::DESTINATION_REALM, "load.example");
        own.u32(avp::AUTH_APPLICATION_ID, application);
        own.text(avp::SERVICE_CONTEXT_ID, "32251@3gpp.org");
        own.u32(avp::CC_REQUEST_TYPE, self.kind);
        own.u32(avp::CC_REQUEST_NUMBER, self.number);
        own.group(avp::SUBSCRIPTION_ID, |inside| {
            inside.u32(avp::SUBSCRIPTION_ID_TYPE, 0);
            inside.text(avp::SUBSCRIPTION_ID_DATA, self.account);
        });
        own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
            if self.kind != 3 {
                service.group(avp::REQUESTED_SERVICE_UNIT, |_| ());
            }
            if let Some(used) = self.used {
                service.group(avp::USED_SERVICE_UNIT, |inside| inside.u64(avp::CC_TOTAL_OCTETS, used));
            }
            service.u32(avp::RATING_GROUP, 100);
        });
        own.finish().unwrap()
    }
}

/// The CER of a node.
pub fn capabilities(host: &str) -> Vec<u8> {
    let mut own = Builder::new(Header::request(257, 0).flagged(CommandFlags::REQUEST).identified(1, 1));
    own.text(avp::ORIGIN_HOST, host);
    own.text(avp::ORIGIN_REALM, "load.example");
    own.address(avp::HOST_IP_ADDRESS, [127, 0, 0, 1].into());
    own.u32(avp::VENDOR_ID, 0);
    own.text(avp::PRODUCT_NAME, "test");
    own.u32(avp::AUTH_APPLICATION_ID, CREDIT_CONTROL.1);
    own.finish().unwrap()
}

impl Client {
    /// A connection on which nothing was said.
    pub fn silent(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, splitter: Splitter::default() })
    }

    /// A connection of a node that the server has greeted.
    pub fn greeted(server: SocketAddr, host: &str) -> io::Result<Self> {
        let mut own = Self::silent(server)?;
        own.send(&capabilities(host))?;
        let answer = own.receive()?;
        let result = Message::parse(&answer).unwrap().result_code().map(|code| code.0);
        assert_eq!(result, Some(2001));
        Ok(own)
    }

    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)
    }

    /// The next message; an error when the connection is over, or the time.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 16_384];
        loop {
            if let Some(message) = self.splitter.next_message().map_err(io::Error::other)? {
                return Ok(message.to_vec());
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => self.splitter.push(&buffer[..length]),
            }
        }
    }

    /// Sends a request and returns the Result-Code of its answer.
    pub fn ask(&mut self, request: &Ccr<'_>) -> io::Result<u32> {
        self.send(&request.octets())?;
        let answer = self.receive()?;
        let message = Message::parse(&answer).unwrap();
        assert_eq!(message.header.end_to_end, request.end_to_end);
        Ok(message.result_code().map_or(0, |code| code.0))
    }

    /// Whether the other end closes the connection, whatever it says before, within ten seconds.
    pub fn is_closed(&mut self) -> bool {
        let _gone = self.stream.shutdown(Shutdown::Write);
        let mut buffer = [0; 16_384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }
}
