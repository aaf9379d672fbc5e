//! What a message is matched by (RFC 3261 sections 17.1.3 and 17.2.3).

use crate::{Message, Method, ParseError};

/// Which transaction a message belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The branch of the topmost Via, and the method of CSeq.
    Client { branch: String, method: String },
    /// Branch, sent-by and method; ACK counts as INVITE.
    Server { branch: String, sent_by: String, method: String },
    /// From a client of RFC 2543, whose branch is not unique: what a retransmission repeats.
    Old { uri: String, from_tag: String, call_id: String, number: u32, via: String, method: String },
}

impl Key {
    /// Of a request that is sent, or a response that arrives.
    pub(super) fn client(message: &Message<'_>) -> Result<Self, ParseError> {
        let branch = message.via()?.branch().unwrap_or_default().to_ascii_lowercase();
        Ok(Self::Client { branch, method: message.cseq()?.method.0.to_owned() })
    }

    /// Of a request that arrives; a CANCEL looks for the request that it cancels with `method`.
    pub(super) fn server(message: &Message<'_>, method: Method<'_>) -> Result<Self, ParseError> {
        let method = if method == Method::ACK { Method::INVITE } else { method };
        let method = method.0.to_owned();
        let via = message.via()?;
        if let Some(branch) = via.branch_unique() {
            let port = via.port.map(u32::from).unwrap_or_default();
            let sent_by = format!("{}:{port}", via.host.to_ascii_lowercase());
            return Ok(Self::Server { branch: branch.to_ascii_lowercase(), sent_by, method });
        }
        Ok(Self::Old {
            uri: message.uri_text().unwrap_or_default().to_owned(),
            from_tag: message.from()?.tag().unwrap_or_default().to_owned(),
            call_id: message.call_id()?.to_owned(),
            number: message.cseq()?.number,
            via: via.to_string(),
            method,
        })
    }
}
