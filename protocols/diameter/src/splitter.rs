//! Cuts a stream of octets into messages.

use crate::header::{HEADER_LEN, MESSAGE_LEN_MAX, VERSION};

/// Collects octets in any cut and yields whole messages; it never holds more than one message and what
/// one read brought, whatever a length field announces.
#[derive(Debug, Clone)]
pub struct Splitter {
    buffer: Vec<u8>,
    /// Octets of the buffer that were yielded.
    used: usize,
    len_max: usize,
    broken: Option<FramingError>,
}

/// The stream cannot be cut any more; the connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A version other than 1 where a message should start.
    #[error("version {version} is not 1; this is no Diameter, or the stream lost its step")]
    Version {
        /// What stood there.
        version: u8,
    },
    /// A length below 20 or no multiple of four.
    #[error("a length of {len} octets cannot be; it is a multiple of 4 and at least 20")]
    Length {
        /// The length field.
        len: usize,
    },
    /// A length above what this end takes.
    #[error("a message of {len} octets is longer than the {max} that are taken")]
    TooLong {
        /// The length field.
        len: usize,
        /// The most that is taken.
        max: usize,
    },
}

impl Splitter {
    /// The longest message that is taken where nothing else is said: 64 KiB.
    pub const LEN_MAX: usize = 65_536;

    /// A splitter that takes messages of at most `len_max` octets.
    #[must_use]
    pub fn new(len_max: usize) -> Self {
        Self { buffer: Vec::new(), used: 0, len_max: len_max.min(MESSAGE_LEN_MAX), broken: None }
    }

    /// Takes octets that arrived.
    pub fn push(&mut self, octets: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next whole message; `None` until more octets arrive.
    ///
    /// # Errors
    /// No message can start here. The error stays: nothing behind it can be cut.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FramingError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let left = self.buffer.get(self.used..).unwrap_or_default();
        match announced(left, self.len_max) {
            Ok(Some(len)) if len <= left.len() => {
                let start = self.used;
                self.used += len;
                Ok(self.buffer.get(start..start + len))
            }
            Ok(_) => Ok(None),
            Err(error) => {
                self.broken = Some(error);
                self.buffer = Vec::new();
                self.used = 0;
                Err(error)
            }
        }
    }

    /// Octets that wait for the rest of their message.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.used
    }
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new(Self::LEN_MAX)
    }
}

/// The length of the message that starts here; refuses as early as its octets allow.
fn announced(left: &[u8], max: usize) -> Result<Option<usize>, FramingError> {
    match *left {
        [version, ..] if version != VERSION => Err(FramingError::Version { version }),
        [_, a, b, c, ..] => {
            let len = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            if len < HEADER_LEN || !len.is_multiple_of(4) {
                Err(FramingError::Length { len })
            } else if len > max {
                Err(FramingError::TooLong { len, max })
            } else {
                Ok(Some(len))
            }
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Header, avp};

    fn messages() -> Vec<Vec<u8>> {
        let message = |session: &str| {
            let mut own = Builder::new(Header::request(272, 4));
            own.text(avp::SESSION_ID, session);
            own.finish().unwrap()
        };
        vec![message("a"), message(""), message("ee136d75e131a122f558")]
    }

    #[test]
    fn any_cut_yields_the_same_messages() {
        let stream: Vec<u8> = messages().concat();
        for cut in 1..stream.len() {
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            for octets in stream.chunks(cut) {
                splitter.push(octets);
                while let Some(message) = splitter.next_message().unwrap() {
                    found.push(message.to_vec());
                }
            }
            assert_eq!(found, messages(), "cut every {cut} octets");
            assert_eq!(splitter.pending(), 0);
        }
    }

    #[test]
    fn a_length_of_16_mib_is_refused_before_anything_is_kept_for_it() {
        let mut splitter = Splitter::default();
        splitter.push(&[1, 0xff, 0xff, 0xfc]);
        let error = FramingError::TooLong { len: 0xff_fffc, max: 65_536 };
        assert_eq!(splitter.next_message(), Err(error));
        assert_eq!(splitter.buffer.capacity(), 0);
        splitter.push(&messages().concat());
        assert_eq!(splitter.next_message(), Err(error), "the step is lost for good");
        assert_eq!(splitter.pending(), 0);
    }

    #[test]
    fn what_is_no_diameter_is_refused_at_its_first_octet() {
        for (octets, error) in [
            (&b"GET / HTTP/1.1"[..], FramingError::Version { version: b'G' }),
            (&[1, 0, 0, 19][..], FramingError::Length { len: 19 }),
            (&[1, 0, 0, 22][..], FramingError::Length { len: 22 }),
            (&[1, 0, 0, 0][..], FramingError::Length { len: 0 }),
        ] {
            let mut splitter = Splitter::default();
            splitter.push(octets);
            assert_eq!(splitter.next_message(), Err(error));
        }
    }

    #[test]
    fn a_message_that_has_not_arrived_is_waited_for() {
        let own = &messages()[2];
        let mut splitter = Splitter::default();
        splitter.push(&own[..own.len() - 1]);
        assert_eq!(splitter.next_message(), Ok(None));
        splitter.push(&own[own.len() - 1..]);
        assert_eq!(splitter.next_message(), Ok(Some(&own[..])));
        assert_eq!(splitter.next_message(), Ok(None));
    }
}
