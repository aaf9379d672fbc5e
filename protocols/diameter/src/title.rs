//! What a message is called in a journal: its abbreviation, and of credit control the kind of the request.

use crate::{Message, avp};

/// Credit-Control (RFC 8506 section 3).
const CREDIT_CONTROL: u32 = 272;

impl Message<'_> {
    /// `CER`, `DWA`, `RAR`; of credit control with the letter of its CC-Request-Type: `CCR-I`, `CCA-U`, `CCR-T`, `CCR-E`
    /// (an event). A command that no dictionary knows is `request` or `answer`.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let request = self.header.is_request();
        let kind = (self.header.command == CREDIT_CONTROL).then(|| self.u32(avp::CC_REQUEST_TYPE)).flatten();
        match (kind, request) {
            (Some(1), true) => "CCR-I",
            (Some(1), false) => "CCA-I",
            (Some(2), true) => "CCR-U",
            (Some(2), false) => "CCA-U",
            (Some(3), true) => "CCR-T",
            (Some(3), false) => "CCA-T",
            (Some(4), true) => "CCR-E",
            (Some(4), false) => "CCA-E",
            _ => self.name().unwrap_or(if request { "request" } else { "answer" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Builder, Header, Message, avp};

    #[test]
    fn credit_control_is_called_by_the_kind_of_its_request() {
        let title = |command, kind: Option<u32>, answer: bool| {
            let header = Header::request(command, 4);
            let mut builder = Builder::new(if answer { header.answer() } else { header });
            kind.into_iter().for_each(|kind| builder.u32(avp::CC_REQUEST_TYPE, kind));
            Message::parse(&builder.finish().unwrap()).unwrap().title()
        };
        assert_eq!(title(272, Some(1), false), "CCR-I");
        assert_eq!(title(272, Some(4), true), "CCA-E");
        assert_eq!(title(272, Some(9), true), "CCA");
        assert_eq!(title(258, None, false), "RAR");
        assert_eq!(title(9_999, None, true), "answer");
    }
}
