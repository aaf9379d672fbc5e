//! The twenty octets in front of every message (RFC 6733 section 3).

use std::fmt;

use tollgate_wire::Fields;

use crate::dictionary;

/// Octets of a header.
pub const HEADER_LEN: usize = 20;
/// The only version there is.
pub const VERSION: u8 = 1;
/// The longest message that its 24-bit length can announce, in octets.
pub const MESSAGE_LEN_MAX: usize = 0x00ff_fffc;

/// The flags of a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CommandFlags(u8);

impl CommandFlags {
    /// R: a request; without it an answer.
    pub const REQUEST: Self = Self(0x80);
    /// P: may be proxied, relayed or redirected.
    pub const PROXIABLE: Self = Self(0x40);
    /// E: an answer that reports a protocol error.
    pub const ERROR: Self = Self(0x20);
    /// T: perhaps sent before.
    pub const RETRANSMITTED: Self = Self(0x10);

    /// The flags of this octet, reserved ones included.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The octet.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The reserved bits that are set; a sender leaves them zero.
    #[must_use]
    pub const fn reserved(self) -> u8 {
        self.0 & 0x0f
    }
}

impl fmt::Debug for CommandFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, letter) in
            [(Self::REQUEST, 'R'), (Self::PROXIABLE, 'P'), (Self::ERROR, 'E'), (Self::RETRANSMITTED, 'T')]
        {
            write!(f, "{}", if self.has(flag) { letter } else { '-' })?;
        }
        Ok(())
    }
}

/// A header without its version, which is 1, and its length, which the message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// R, P, E and T.
    pub flags: CommandFlags,
    /// The command, 24 bits.
    pub command: u32,
    /// The application.
    pub application: u32,
    /// Matches an answer with its request on one connection.
    pub hop_by_hop: u32,
    /// With the Origin-Host, tells duplicates apart.
    pub end_to_end: u32,
}

impl Header {
    /// A request that may be proxied, with no identifiers yet.
    #[must_use]
    pub const fn request(command: u32, application: u32) -> Self {
        Self {
            flags: CommandFlags::REQUEST.with(CommandFlags::PROXIABLE),
            command,
            application,
            hop_by_hop: 0,
            end_to_end: 0,
        }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn flagged(mut self, flags: CommandFlags) -> Self {
        self.flags = flags;
        self
    }

    /// The same with these identifiers.
    #[must_use]
    pub const fn identified(mut self, hop_by_hop: u32, end_to_end: u32) -> Self {
        self.hop_by_hop = hop_by_hop;
        self.end_to_end = end_to_end;
        self
    }

    /// The header of the answer: the same but for R, E and T; P stays (RFC 6733 section 6.2).
    #[must_use]
    pub const fn answer(mut self) -> Self {
        self.flags = CommandFlags(self.flags.0 & CommandFlags::PROXIABLE.0);
        self
    }

    /// Whether the R flag is set.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.flags.has(CommandFlags::REQUEST)
    }

    /// The abbreviation that the documents use: `CCR`, `CEA`; `None` for an unknown command.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let command = dictionary::command(self.command, self.application)?;
        Some(if self.is_request() { command.request } else { command.answer })
    }

    /// Reads the fields behind version and length; `octets` may be cut behind the header.
    #[must_use]
    pub fn read(octets: &[u8]) -> Option<Self> {
        let head = octets.first_chunk::<HEADER_LEN>()?;
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Some(Self {
            flags: CommandFlags(head[4]),
            command: word(4) & 0x00ff_ffff,
            application: word(8),
            hop_by_hop: word(12),
            end_to_end: word(16),
        })
    }

    /// The header in front of a message of `len` octets.
    #[must_use]
    pub const fn write(&self, len: u32) -> [u8; HEADER_LEN] {
        let len = len.to_be_bytes();
        let command = self.command.to_be_bytes();
        let application = self.application.to_be_bytes();
        let hop = self.hop_by_hop.to_be_bytes();
        let end = self.end_to_end.to_be_bytes();
        [
            VERSION,
            len[1],
            len[2],
            len[3],
            self.flags.0,
            command[1],
            command[2],
            command[3],
            application[0],
            application[1],
            application[2],
            application[3],
            hop[0],
            hop[1],
            hop[2],
            hop[3],
            end[0],
            end[1],
            end[2],
            end[3],
        ]
    }

    /// The header as fields: `command`, `application`, the four flags, `hop-by-hop` and `end-to-end`.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(8);
        match self.name() {
            Some(name) => fields.push("command", name),
            None => fields.push("command", self.command),
        }
        fields.push("application", self.application);
        for (name, flag) in [
            ("request", CommandFlags::REQUEST),
            ("proxiable", CommandFlags::PROXIABLE),
            ("error", CommandFlags::ERROR),
            ("retransmitted", CommandFlags::RETRANSMITTED),
        ] {
            fields.push(name, self.flags.has(flag));
        }
        fields.push("hop-by-hop", self.hop_by_hop);
        fields.push("end-to-end", self.end_to_end);
        fields
    }
}
