//! Octets of real connections: read, decrypted, encrypted, written; and how connections end.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{Connections, Key, LINGER_MAX, Slot, State, What};
use crate::live::receive::receive;
use crate::stream::UNSENT_HIGH;
use crate::{Ending, Refusal, StreamEvent};

/// What one connection gives in one go, in octets, before the next has its turn.
const READ_TURN_MAX: usize = 256 * 1_024;
/// More unused room than this is given back, in octets.
const SPARE_MAX: usize = 1 << 20;

impl Connections {
    pub(super) fn write(&mut self, key: Key) {
        let (mut sent, mut writes) = (0, 0);
        let Some((name, connection)) = self.connection(key) else { return };
        if connection.state == State::Connecting {
            return;
        }
        connection.encrypt();
        let mut failed = None;
        while connection.unsent() > 0 {
            match connection.stream.write(&connection.out[connection.written..]) {
                Ok(0) => break,
                Ok(length) => {
                    connection.written += length;
                    sent += length;
                    writes += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    failed = Some(ending_of(&error));
                    break;
                }
            }
        }
        if connection.unsent() == 0 {
            connection.written = 0;
            if connection.out.capacity() > SPARE_MAX {
                connection.out = Vec::new();
            }
            connection.out.clear();
        }
        let mut told = None;
        if !connection.blocked && connection.unsent() >= UNSENT_HIGH {
            connection.blocked = true;
            told = Some(StreamEvent::Blocked);
        } else if connection.blocked && connection.unsent() <= UNSENT_HIGH / 4 {
            connection.blocked = false;
            told = Some(StreamEvent::Drained);
        }
        let (state, readable) = (connection.state, connection.readable);
        let mut over = false;
        if state == State::Closing && connection.known && connection.unsent() == 0 {
            if !connection.shut {
                connection.shut = true;
                if connection.ended
                    && let Some(tls) = &mut connection.tls
                {
                    // Our direction of TLS ends too; nobody may be left to read it.
                    tls.send_close_notify();
                    connection.encrypt();
                    let _gone = connection.stream.write(&connection.out);
                    connection.out.clear();
                }
                let _gone = connection.stream.shutdown(Shutdown::Write);
            }
            over = connection.ended;
        }
        self.totals.sent += u64::try_from(sent).unwrap_or(0);
        self.totals.writes += writes;
        if let Some(ending) = failed {
            // What the other end said before is still read where it is known to have.
            return self.end(key, ending);
        }
        if over {
            return self.remove(key);
        }
        if let Some(told) = told {
            if told == StreamEvent::Drained && readable {
                self.ready.push_back(key);
            }
            if state == State::Open {
                self.happened.push_back((key, name, told));
            }
        }
    }

    pub(super) fn read(&mut self, key: Key) {
        let mut total = 0;
        while total < READ_TURN_MAX {
            let holding = self.holding;
            let (Self { sockets, buffer, .. }, place) = (&mut *self, key.place);
            let Some(Slot { serial, what: What::Connection(connection), .. }) = sockets.get_mut(place) else {
                return;
            };
            let held = connection.paused || (holding && connection.blocked);
            if *serial != key.serial || held || connection.state == State::Connecting || !connection.readable
            {
                return;
            }
            match receive(&connection.stream, buffer) {
                Ok((octets, _)) if octets.is_empty() => {
                    connection.readable = false;
                    return self.ended(key);
                }
                Ok((octets, more)) => {
                    connection.readable = more || connection.last;
                    total += octets.len();
                    self.totals.received += u64::try_from(octets.len()).unwrap_or(0);
                    self.totals.reads += 1;
                    self.received(key, octets);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.readable = false;
                    return;
                }
                Err(error) => return self.end(key, ending_of(&error)),
            }
        }
        self.ready.push_back(key);
    }

    pub(super) fn received(&mut self, key: Key, octets: Bytes) {
        let Some((name, connection)) = self.connection(key) else { return };
        if connection.tls.is_some() {
            return self.decrypt(key, &octets);
        }
        if connection.state == State::Open {
            self.happened.push_back((key, name, StreamEvent::Received(octets)));
        }
    }

    pub(super) fn decrypt(&mut self, key: Key, mut octets: &[u8]) {
        while !octets.is_empty() {
            let Some((name, connection)) = self.connection(key) else { return };
            let Some(tls) = &mut connection.tls else { return };
            let taken = tls.read_tls(&mut octets).and_then(|length| {
                let processed = tls.process_new_packets();
                processed.map(|_| length).map_err(io::Error::other)
            });
            let mut plain = BytesMut::new();
            let mut chunk = [0; 16 * 1_024];
            while let Ok(length) = tls.reader().read(&mut chunk)
                && length > 0
            {
                plain.extend_from_slice(&chunk[..length]);
            }
            let greeted = match connection.state {
                State::Greeting { incoming } if taken.is_ok() && !tls.is_handshaking() => Some(incoming),
                _ => None,
            };
            if greeted.is_some() {
                connection.state = State::Open;
            }
            let open = connection.state == State::Open;
            match greeted {
                Some(true) => self.accepted(key),
                Some(false) => self.opened(key),
                None => {}
            }
            if open && !plain.is_empty() {
                self.happened.push_back((key, name, StreamEvent::Received(plain.freeze())));
            }
            match taken {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => return self.insecure(key, &error.to_string()),
            }
        }
        // What TLS has to say by itself.
        self.dirty.push(key);
    }

    /// The other end sends nothing more.
    pub(super) fn ended(&mut self, key: Key) {
        let Some((name, connection)) = self.connection(key) else { return };
        connection.ended = true;
        let cut = connection.tls.as_mut().is_some_and(|tls| {
            let mut none: &[u8] = &[];
            let _end = tls.read_tls(&mut none);
            let _known = tls.process_new_packets();
            // Without the mark that ends TLS, somebody in between may have cut it.
            matches!(tls.reader().read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::UnexpectedEof)
        });
        match connection.state {
            State::Open if cut => self.end(key, Ending::Reset),
            State::Open => {
                connection.state = State::Closing;
                self.happened.push_back((key, name, StreamEvent::Closed(Ending::Orderly)));
                self.deadlines.push_back((Instant::now() + LINGER_MAX, key));
            }
            State::Closing => self.write(key),
            State::Connecting | State::Greeting { .. } => self.insecure(key, "the other end closed"),
        }
    }

    pub(super) fn insecure(&mut self, key: Key, why: &str) {
        self.totals.insecure += 1;
        let Some((name, connection)) = self.connection(key) else { return };
        // The other end is told why, if it still listens.
        connection.encrypt();
        let _rest = connection.stream.write(&connection.out[connection.written..]);
        match connection.state {
            State::Open => {
                self.happened.push_back((key, name, StreamEvent::Closed(Ending::Insecure)));
            }
            State::Connecting | State::Greeting { incoming: false } => {
                let refusal = Refusal::Insecure(why.to_owned());
                self.happened.push_back((key, name, StreamEvent::Refused(refusal)));
            }
            // Nobody has heard of it.
            State::Greeting { incoming: true } | State::Closing => {}
        }
        self.remove(key);
    }

    /// It is over, and not in order.
    pub(super) fn end(&mut self, key: Key, ending: Ending) {
        let Some((name, connection)) = self.connection(key) else { return };
        let state = connection.state;
        self.totals.insecure += u64::from(matches!(state, State::Greeting { .. }));
        self.totals.reset += u64::from(ending == Ending::Reset);
        match state {
            State::Open => self.happened.push_back((key, name, StreamEvent::Closed(ending))),
            State::Connecting | State::Greeting { incoming: false } => {
                let refusal = Refusal::Insecure(format!("the connection ended: {}", ending.name()));
                self.happened.push_back((key, name, StreamEvent::Refused(refusal)));
            }
            State::Greeting { incoming: true } | State::Closing => {}
        }
        self.reset(key);
    }
}

fn ending_of(error: &io::Error) -> Ending {
    if error.kind() == io::ErrorKind::TimedOut { Ending::TimedOut } else { Ending::Reset }
}
