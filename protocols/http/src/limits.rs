//! How large what a connection takes may be.

/// Header lines of one message at most.
pub(crate) const HEADERS_MAX: usize = 64;
/// The line in front of a chunk, with its extensions, in octets at most.
pub(crate) const CHUNK_LINE_MAX: usize = 256;
/// Requests of a client that wait for their answers on one connection.
pub(crate) const PENDING_MAX: usize = 64;
/// Connections of one server at most; what comes beyond them is closed.
pub(crate) const CONNECTIONS_MAX: usize = 1_024;

/// What one connection takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a start line with its header lines, and of the lines behind the last chunk.
    pub head_max: usize,
    /// Octets of a body.
    pub body_max: usize,
}

impl Default for Limits {
    /// 16 KiB of head and 64 MiB of body.
    fn default() -> Self {
        Self { head_max: 16 << 10, body_max: 64 << 20 }
    }
}

impl Limits {
    /// Octets that may wait on a connection while a request is being answered.
    pub(crate) const fn waiting_max(self) -> usize {
        self.head_max.saturating_add(self.body_max)
    }
}
