//! The session descriptions that simulators offer and answer (RFC 4566, RFC 3264). They carry no media, so that only the
//! direction of the audio line means anything.

use std::net::IpAddr;

/// The type of a session description.
pub const SDP: &str = "application/sdp";

/// Which way the audio goes, seen from who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// Both ways.
    #[default]
    Both,
    /// Out only: the other side is on hold.
    Out,
    /// In only: the answer to that.
    In,
    /// Neither.
    None,
}

impl Flow {
    const fn word(self) -> &'static str {
        match self {
            Self::Both => "sendrecv",
            Self::Out => "sendonly",
            Self::In => "recvonly",
            Self::None => "inactive",
        }
    }

    /// What a description says; both ways where it says nothing.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let lines = body.split(|octet| matches!(octet, b'\r' | b'\n'));
        let words = lines.filter_map(|line| line.strip_prefix(b"a="));
        let all = [Self::Both, Self::Out, Self::In, Self::None];
        words
            .filter_map(|word| all.into_iter().find(|own| own.word().as_bytes() == word))
            .next()
            .unwrap_or_default()
    }

    /// What answers an offer of this (RFC 3264 section 6.1).
    #[must_use]
    pub const fn answer(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            same => same,
        }
    }
}

/// A description of one audio stream in G.711.
#[must_use]
pub fn sdp(address: IpAddr, session: u64, version: u32, flow: Flow) -> Vec<u8> {
    let kind = if address.is_ipv4() { "IP4" } else { "IP6" };
    let word = flow.word();
    // The names of user and session are what RFC 4566 recommends where there is none.
    format!(
        "v=0\r\no=- {session} {version} IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na={word}\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_who_is_on_hold() {
        let address = IpAddr::from([10, 0, 0, 1]);
        for flow in [Flow::Both, Flow::Out, Flow::In, Flow::None] {
            assert_eq!(Flow::of(&sdp(address, 1, 1, flow)), flow);
        }
        assert_eq!(Flow::of(b"v=0\r\n"), Flow::Both);
        assert_eq!(Flow::Out.answer(), Flow::In);
    }
}
