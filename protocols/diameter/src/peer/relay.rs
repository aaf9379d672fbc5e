//! What an agent changes in messages that it passes on (RFC 6733 sections 6.1.9 and 6.2.2).

use crate::{Avp, Builder, EncodeError, Header, Message, avp};

/// Whether requests of others are passed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Relay {
    /// They are not: what is not for this node is answered 3002.
    #[default]
    Off,
    /// They are, with a Route-Record.
    Relay,
    /// They are, with a Route-Record and a Proxy-Info that comes back with the answer.
    Proxy {
        /// Proxy-State.
        state: Vec<u8>,
    },
}

/// Whether this host stands in a Route-Record of the request: it has been here before.
pub(super) fn loops(request: &Message<'_>, host: &str) -> bool {
    request.all(avp::ROUTE_RECORD).any(|own| own.data.eq_ignore_ascii_case(host.as_bytes()))
}

/// The request as it is passed on: with a Route-Record of `from`, from whom it came, and, by a proxy, a
/// Proxy-Info of `host`.
pub(super) fn forwarded(
    request: &Message<'_>,
    relay: &Relay,
    from: &str,
    host: &str,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = copy(request.header, request.avps());
    if let Relay::Proxy { state } = relay {
        builder.group(avp::PROXY_INFO, |inside| {
            inside.text(avp::PROXY_HOST, host);
            inside.octets(avp::PROXY_STATE, state);
        });
    }
    builder.text(avp::ROUTE_RECORD, from);
    builder.finish()
}

/// The answer as it goes back, without the Proxy-Info of `host`, which is the last one.
pub(super) fn returned(answer: &Message<'_>, host: &str, hop_by_hop: u32) -> Result<Vec<u8>, EncodeError> {
    let own = answer.all(avp::PROXY_INFO).last().filter(|own| is_of(own, host)).map(|own| own.offset);
    let header = Header { hop_by_hop, ..answer.header };
    copy(header, answer.avps().filter(|avp| Some(avp.offset) != own)).finish()
}

/// The request with another Destination-Host, where it has one.
pub(super) fn redirected(request: &Message<'_>, host: &str) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(request.header);
    for own in request.avps() {
        let data = if own.code == avp::DESTINATION_HOST { host.as_bytes() } else { own.data };
        builder.avp(own.code, own.flags, data);
    }
    builder.finish()
}

fn is_of(proxy_info: &Avp<'_>, host: &str) -> bool {
    let own = proxy_info.members().get(avp::PROXY_HOST);
    own.is_some_and(|own| own.data.eq_ignore_ascii_case(host.as_bytes()))
}

fn copy<'a>(header: Header, avps: impl Iterator<Item = Avp<'a>>) -> Builder {
    let mut builder = Builder::new(header);
    for own in avps {
        builder.avp(own.code, own.flags, own.data);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AvpFlags;

    fn request() -> Vec<u8> {
        let mut own = Builder::new(Header::request(272, 4).identified(5, 6));
        own.text(avp::SESSION_ID, "s");
        own.text(avp::DESTINATION_HOST, "ocs1");
        own.avp(crate::AvpCode::ietf(9999), AvpFlags::from_bits(0x20), b"kept");
        own.finish().unwrap()
    }

    #[test]
    fn a_proxy_takes_back_its_own_proxy_info_alone() {
        let request = request();
        let view = Message::parse(&request).unwrap();
        let one = forwarded(&view, &Relay::Proxy { state: vec![1] }, "pgw", "proxy1").unwrap();
        let view = Message::parse(&one).unwrap();
        assert!(loops(&view, "PGW") && !loops(&view, "proxy1"));
        let two = forwarded(&view, &Relay::Proxy { state: vec![2] }, "proxy1", "proxy2").unwrap();
        let view = Message::parse(&two).unwrap();
        assert_eq!(view.all(avp::ROUTE_RECORD).count(), 2);
        assert_eq!(view.get(crate::AvpCode::ietf(9999)).unwrap().flags.bits(), 0x20);

        let mut answer = Builder::answer(&view);
        answer.proxy_infos(&view);
        let answer = answer.finish().unwrap();
        let back = returned(&Message::parse(&answer).unwrap(), "proxy2", 77).unwrap();
        let view = Message::parse(&back).unwrap();
        assert_eq!(view.header.hop_by_hop, 77);
        let left: Vec<_> = view.all(avp::PROXY_INFO).map(|own| is_of(&own, "proxy1")).collect();
        assert_eq!(left, [true]);
        let same = returned(&view, "another", 1).unwrap();
        assert_eq!(Message::parse(&same).unwrap().all(avp::PROXY_INFO).count(), 1);
    }
}
