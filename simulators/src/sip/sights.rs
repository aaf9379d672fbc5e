//! What every simulator shows that speaks SIP: each message that it sends or receives, under the name of its method or
//! under its status, and what it could not take.

use tollgate_network::{FieldNames, Sight, Vocabulary};
use tollgate_sip::{Message, message_fields};
use tollgate_wire::{Fields, Naming};

/// The names of fields that a message may be written with.
pub(crate) static SIP: Vocabulary = Vocabulary {
    example: "{ Contact: \"<sip:…>\" }",
    naming: tollgate_sip::naming,
    names: tollgate_sip::names,
    pair: |_, _| None,
};

/// The names of fields that a message shows.
pub(crate) static SEEN: Vocabulary = Vocabulary {
    example: "{ Request-URI: \"sip:…\" }",
    naming: seen_naming,
    names: seen_names,
    pair: |_, _| None,
};

/// Fields that are of no message: which way it went, and the method that a response answers.
const OWN: [&str; 2] = ["direction", "answers"];

fn seen_naming(groups: &[&str], name: &str) -> Naming {
    if groups.is_empty() && OWN.contains(&name) {
        return Naming::Known;
    }
    tollgate_sip::naming(groups, name)
}

fn seen_names(groups: &[&str]) -> Vec<&'static str> {
    let mut all = tollgate_sip::names(groups);
    if groups.is_empty() {
        all.extend(OWN);
    }
    all
}

/// The fields of a message that was sent.
pub(crate) fn sent_fields(octets: &[u8]) -> Fields {
    fields(octets, "sent")
}

/// The fields of a message that was received.
pub(crate) fn received_fields(octets: &[u8]) -> Fields {
    fields(octets, "received")
}

fn fields(octets: &[u8], direction: &'static str) -> Fields {
    let mut fields = Fields::new().with("direction", direction);
    let answers = Message::parse(octets).ok().filter(|own| own.code().is_some());
    if let Some(method) = answers.as_ref().and_then(|own| own.cseq().ok()).map(|own| own.method.0.to_owned())
    {
        fields.push("answers", method.as_str());
    }
    for (name, value) in message_fields(octets).iter() {
        fields.push(name, value.clone());
    }
    fields
}

const fn request(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: Some("Request-URI"), fields: FieldNames::Message(&SEEN) }
}

const fn response(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: Some("answers"), fields: FieldNames::Message(&SEEN) }
}

/// How many sights every SIP element has.
pub(crate) const COUNT: usize = 73;

/// The messages, and what could not be taken.
pub(crate) const SIGHTS: [Sight; COUNT] = [
    request("REGISTER", "A phone says where it is"),
    request("INVITE", "A call is offered, or changed"),
    request("ACK", "The final answer to an INVITE has arrived"),
    request("BYE", "A call ends"),
    request("CANCEL", "A call is taken back before it is answered"),
    request("OPTIONS", "Somebody asks what the other can do, or whether it is there"),
    request("MESSAGE", "A text message"),
    request("REFER", "The other side is to call somebody else"),
    request("NOTIFY", "How something fares that was subscribed to"),
    request("SUBSCRIBE", "Somebody wants to be told how something fares"),
    request("PUBLISH", "Somebody tells how it fares"),
    request("PRACK", "A provisional response has arrived"),
    request("UPDATE", "A call is changed without an offer of its own"),
    request("INFO", "Something within a call, such as a digit"),
    request("request", "A request of a method that is none of these"),
    response("100", "Trying: the request has arrived"),
    response("180", "Ringing"),
    response("181", "Call Is Being Forwarded"),
    response("182", "Queued"),
    response("183", "Session Progress"),
    response("200", "OK"),
    response("202", "Accepted: what comes of it is not known yet"),
    response("300", "Multiple Choices"),
    response("301", "Moved Permanently"),
    response("302", "Moved Temporarily"),
    response("305", "Use Proxy"),
    response("380", "Alternative Service"),
    response("400", "Bad Request"),
    response("401", "Unauthorized: a server wants digest authentication"),
    response("402", "Payment Required"),
    response("403", "Forbidden"),
    response("404", "Not Found"),
    response("405", "Method Not Allowed"),
    response("406", "Not Acceptable"),
    response("407", "Proxy Authentication Required"),
    response("408", "Request Timeout"),
    response("410", "Gone"),
    response("412", "Conditional Request Failed"),
    response("413", "Request Entity Too Large"),
    response("414", "Request-URI Too Long"),
    response("415", "Unsupported Media Type"),
    response("416", "Unsupported URI Scheme"),
    response("420", "Bad Extension"),
    response("421", "Extension Required"),
    response("422", "Session Interval Too Small"),
    response("423", "Interval Too Brief"),
    response("428", "Use Identity Header"),
    response("433", "Anonymity Disallowed"),
    response("480", "Temporarily Unavailable"),
    response("481", "Call or Transaction Does Not Exist"),
    response("482", "Loop Detected"),
    response("483", "Too Many Hops"),
    response("484", "Address Incomplete"),
    response("485", "Ambiguous"),
    response("486", "Busy Here"),
    response("487", "Request Terminated: it was cancelled"),
    response("488", "Not Acceptable Here"),
    response("489", "Bad Event"),
    response("491", "Request Pending"),
    response("493", "Undecipherable"),
    response("500", "Server Internal Error"),
    response("501", "Not Implemented"),
    response("502", "Bad Gateway"),
    response("503", "Service Unavailable"),
    response("504", "Server Time-out"),
    response("505", "Version Not Supported"),
    response("513", "Message Too Large"),
    response("600", "Busy Everywhere"),
    response("603", "Decline"),
    response("604", "Does Not Exist Anywhere"),
    response("606", "Not Acceptable"),
    response("response", "A response of a status that is none of these"),
    Sight {
        name: "discard",
        about: "Octets came that are no message, or a message that cannot be taken; an answer goes out where the RFC wants one",
        subject: Some("reason"),
        fields: FieldNames::Fixed(&[
            ("reason", "what is wrong with it, and where"),
            ("answer", "the status of the answer, if one went out"),
            ("source", "who sent it"),
            ("octets", "the message"),
        ]),
    },
];

/// The name of the sight of a message, by its first line alone.
pub(crate) fn name_of(octets: &[u8]) -> &'static str {
    let lead = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let line = octets.get(lead..).unwrap_or_default();
    let is_response = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    let (word, other) = if is_response {
        let at = line.iter().position(|octet| *octet == b' ').map_or(line.len(), |at| at + 1);
        (line.get(at..at + 3).unwrap_or_default(), "response")
    } else {
        let end = line.iter().take(16).position(|octet| *octet == b' ').unwrap_or(0);
        (line.get(..end).unwrap_or_default(), "request")
    };
    SIGHTS.iter().map(|own| own.name).find(|name| name.as_bytes() == word).unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_by_its_first_line() {
        assert_eq!(name_of(b"INVITE sip:a SIP/2.0\r\n"), "INVITE");
        assert_eq!(name_of(b"\r\nSIP/2.0 180 Ringing\r\n"), "180");
        assert_eq!(name_of(b"SIP/2.0 299 Odd\r\n"), "response");
        assert_eq!(name_of(b"FROB sip:a SIP/2.0\r\n"), "request");
        assert_eq!(name_of(b""), "request");
    }

    #[test]
    fn a_message_shows_which_way_it_went_and_what_it_answers() {
        let ok = b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n";
        let fields = received_fields(ok);
        let text = |name: &str| fields.get(name).and_then(|own| own.as_text());
        assert_eq!((text("direction"), text("answers")), (Some("received"), Some("INVITE")));
        assert!(sent_fields(b"OPTIONS sip:a SIP/2.0\r\n\r\n").get("answers").is_none());
    }
}
