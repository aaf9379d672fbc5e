//! Messages that are made from another one: a response from its request, CANCEL and the ACK of a failure
//! from an INVITE, what a server notes in the topmost Via.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use crate::{BuildError, Builder, Message, Method, NameAddr, Via};

/// A response to a request (RFC 3261 section 8.2.6): its Via headers in their order, From, To, Call-ID
/// and CSeq; `to_tag` goes into To, unless one stands there or the status is 100. A response that makes
/// a dialog has the Record-Route headers too (section 12.1.1), a 100 the Timestamp.
///
/// # Errors
/// A header is missing in the request, or the status is none.
pub fn response(
    request: &Message<'_>,
    code: u16,
    phrase: Option<&str>,
    to_tag: &str,
) -> Result<Builder, BuildError> {
    let mut response = Builder::response(code, phrase)?;
    for via in request.all("Via") {
        response.header("Via", &via.text)?;
    }
    if code == 100 {
        copy(request, &mut response, "Timestamp")?;
    } else if (101..300).contains(&code) {
        copy(request, &mut response, "Record-Route")?;
    }
    response.header("From", needed(request, "From")?)?;
    let to = needed(request, "To")?;
    let has_tag = NameAddr::parse(to).map_err(|_| BuildError::Source("To"))?.tag().is_some();
    if has_tag || code == 100 || to_tag.is_empty() {
        response.header("To", to)?;
    } else {
        response.header("To", format_args!("{to};tag={to_tag}"))?;
    }
    response.header("Call-ID", needed(request, "Call-ID")?)?;
    response.header("CSeq", needed(request, "CSeq")?)?;
    Ok(response)
}

/// The CANCEL of a request (RFC 3261 section 9.1).
///
/// # Errors
/// The request lacks a header that it needs.
pub fn cancel(request: &Message<'_>) -> Result<Builder, BuildError> {
    follow(request, Method::CANCEL, needed(request, "To")?)
}

/// The ACK of an INVITE's final response that is no 2xx (RFC 3261 section 17.1.1.3): of the same
/// transaction, to the same place.
///
/// # Errors
/// One of the two lacks a header that it needs.
pub fn ack_of_failure(invite: &Message<'_>, response: &Message<'_>) -> Result<Builder, BuildError> {
    follow(invite, Method::ACK, needed(response, "To")?)
}

fn follow(request: &Message<'_>, method: Method<'_>, to: &str) -> Result<Builder, BuildError> {
    let uri = request.uri_text().ok_or(BuildError::Source("Request-URI"))?;
    let mut own = Builder::request(method, uri)?;
    own.header("Via", request.via().map_err(|_| BuildError::Source("Via"))?)?;
    copy(request, &mut own, "Route")?;
    own.header("Max-Forwards", 70)?;
    own.header("From", needed(request, "From")?)?;
    own.header("To", to)?;
    own.header("Call-ID", needed(request, "Call-ID")?)?;
    let number = request.cseq().map_err(|_| BuildError::Source("CSeq"))?.number;
    own.header("CSeq", format_args!("{number} {method}"))?;
    Ok(own)
}

/// The request with what its receiver notes in the topmost Via: `received` where the source is not the
/// host of sent-by or rport stands, and the port of the source in `rport` (RFC 3261 section 18.2.1,
/// RFC 3581 section 4).
///
/// # Errors
/// The topmost Via is missing or broken.
pub fn stamped(request: &Message<'_>, source: SocketAddr) -> Result<Builder, BuildError> {
    let via = request.via().map_err(|_| BuildError::Source("Via"))?;
    let mut own = Builder::of(request);
    own.pop_front("Via");
    own.push_front("Via", stamp(&via, source))?;
    Ok(own)
}

pub(crate) fn stamp(via: &Via<'_>, source: SocketAddr) -> String {
    let host = via.host.trim_start_matches('[').trim_end_matches(']');
    let elsewhere = host.parse::<IpAddr>() != Ok(source.ip());
    let wish = via.rport().is_some();
    let mut text = String::with_capacity(via.host.len() + via.params.as_str().len() + 64);
    for part in ["SIP/2.0/", via.transport, " ", via.host] {
        text.push_str(part);
    }
    // Writing into a string cannot fail.
    let number = |text: &mut String, mark: char, port: u16| write!(text, "{mark}{port}").unwrap_or(());
    if let Some(port) = via.port {
        number(&mut text, ':', port);
    }
    for (name, value) in via.params.iter() {
        if name.eq_ignore_ascii_case("received") {
            continue;
        }
        text.push(';');
        text.push_str(name);
        if name.eq_ignore_ascii_case("rport") {
            number(&mut text, '=', source.port());
        } else if let Some(value) = value {
            text.push('=');
            text.push_str(value);
        }
    }
    if elsewhere || wish {
        write!(text, ";received={}", source.ip()).unwrap_or(());
    }
    text
}

/// The targets of a redirection in the order in which a client tries them: by q, the highest first, then
/// as they stand (RFC 3261 section 8.1.3.4). Broken ones are left out.
#[must_use]
pub fn redirect_targets<'m>(response: &'m Message<'_>) -> Vec<NameAddr<'m>> {
    let mut targets: Vec<NameAddr<'m>> = response.contacts().filter_map(Result::ok).collect();
    targets.sort_by_key(|target| std::cmp::Reverse(target.q_millis()));
    targets
}

pub(crate) fn needed<'m>(message: &'m Message<'_>, name: &'static str) -> Result<&'m str, BuildError> {
    message.value(name).ok_or(BuildError::Source(name))
}

fn copy(from: &Message<'_>, to: &mut Builder, name: &str) -> Result<(), BuildError> {
    for own in from.all(name) {
        to.header(name, &own.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:bob@h SIP/2.0\r\n\
        v: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport, SIP/2.0/UDP b;branch=z9hG4bKb\r\n\
        Max-Forwards: 70\r\nRoute: <sip:p;lr>\r\nRecord-Route: <sip:q;lr>\r\n\
        f: <sip:alice@h>;tag=1\r\nt: <sip:bob@h>\r\ni: x@y\r\nCSeq: 7 INVITE\r\n\r\n";

    fn text(builder: &Builder) -> String {
        String::from_utf8(builder.finish()).unwrap()
    }

    #[test]
    fn a_response_has_what_its_request_had() {
        let invite = Message::parse(INVITE).unwrap();
        assert_eq!(
            text(&response(&invite, 180, None, "9").unwrap()),
            "SIP/2.0 180 Ringing\r\n\
             Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport, SIP/2.0/UDP b;branch=z9hG4bKb\r\n\
             Record-Route: <sip:q;lr>\r\nFrom: <sip:alice@h>;tag=1\r\nTo: <sip:bob@h>;tag=9\r\n\
             Call-ID: x@y\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        assert!(!text(&response(&invite, 100, None, "9").unwrap()).contains("tag=9"));
    }

    #[test]
    fn a_cancel_has_one_via_and_the_number_of_its_request() {
        let invite = Message::parse(INVITE).unwrap();
        let octets = cancel(&invite).unwrap().finish();
        let own = Message::parse(&octets).unwrap();
        own.check().unwrap();
        assert_eq!(own.vias().count(), 1);
        assert_eq!(own.via().unwrap().branch(), Some("z9hG4bKa"));
        assert_eq!((own.value("CSeq"), own.value("Route")), (Some("7 CANCEL"), Some("<sip:p;lr>")));
    }

    #[test]
    fn the_receiver_notes_source_and_port_in_the_topmost_via_alone() {
        let invite = Message::parse(INVITE).unwrap();
        let octets = stamped(&invite, "192.0.2.9:4711".parse().unwrap()).unwrap().finish();
        let own = Message::parse(&octets).unwrap();
        let vias: Vec<String> = own.vias().map(|via| via.unwrap().to_string()).collect();
        assert_eq!(
            vias,
            [
                "SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport=4711;received=192.0.2.9",
                "SIP/2.0/UDP b;branch=z9hG4bKb"
            ]
        );
        assert_eq!(own.via().unwrap().response_target(), ("192.0.2.9", 4711));
    }

    #[test]
    fn the_targets_of_a_redirection_come_by_preference() {
        let octets = b"SIP/2.0 302 Moved\r\nm: <sip:a>;q=0.25, sip:b;q=0.5\r\nm: <sip:c>\r\n\r\n";
        let own = Message::parse(octets).unwrap();
        let hosts: Vec<&str> = redirect_targets(&own).iter().map(|target| target.uri.host).collect();
        assert_eq!(hosts, ["c", "b", "a"]);
    }
}
