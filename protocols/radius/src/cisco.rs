//! Numbers and names of Cisco's voice VSAs, which every value of them repeats: `h323-conf-id=…`.

/// Cisco's vendor number (IANA private enterprise numbers).
pub const VENDOR: u32 = 9;

macro_rules! numbers {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: u8 = $number;)*

        /// The name of a voice VSA with the sign behind it: `h323-conf-id=`.
        #[inline]
        pub(crate) const fn prefix(number: u8) -> Option<&'static str> {
            match number {
                $($number if has_prefix(number) => Some(concat!($name, "=")),)*
                _ => None,
            }
        }

        /// The name of a voice VSA: `h323-conf-id`.
        #[must_use]
        pub const fn name(number: u8) -> Option<&'static str> {
            match number {
                $($number => Some($name),)*
                _ => None,
            }
        }
    };
}

numbers! {
    /// `Cisco-AVPair`.
    AV_PAIR = 1, "Cisco-AVPair";
    /// `h323-remote-address`.
    H323_REMOTE_ADDRESS = 23, "h323-remote-address";
    /// `h323-conf-id`.
    H323_CONF_ID = 24, "h323-conf-id";
    /// `h323-setup-time`.
    H323_SETUP_TIME = 25, "h323-setup-time";
    /// `h323-call-origin`.
    H323_CALL_ORIGIN = 26, "h323-call-origin";
    /// `h323-call-type`.
    H323_CALL_TYPE = 27, "h323-call-type";
    /// `h323-connect-time`.
    H323_CONNECT_TIME = 28, "h323-connect-time";
    /// `h323-disconnect-time`.
    H323_DISCONNECT_TIME = 29, "h323-disconnect-time";
    /// `h323-disconnect-cause`.
    H323_DISCONNECT_CAUSE = 30, "h323-disconnect-cause";
    /// `h323-voice-quality`.
    H323_VOICE_QUALITY = 31, "h323-voice-quality";
    /// `h323-gw-id`.
    H323_GW_ID = 33, "h323-gw-id";
    /// `h323-incoming-conf-id`.
    H323_INCOMING_CONF_ID = 35, "h323-incoming-conf-id";
    /// `sip-conf-id`.
    SIP_CONF_ID = 100, "sip-conf-id";
    /// `h323-credit-amount`.
    H323_CREDIT_AMOUNT = 101, "h323-credit-amount";
    /// `h323-credit-time`.
    H323_CREDIT_TIME = 102, "h323-credit-time";
    /// `h323-return-code`.
    H323_RETURN_CODE = 103, "h323-return-code";
    /// `h323-prompt-id`.
    H323_PROMPT_ID = 104, "h323-prompt-id";
    /// `h323-time-and-day`.
    H323_TIME_AND_DAY = 105, "h323-time-and-day";
    /// `h323-redirect-number`.
    H323_REDIRECT_NUMBER = 106, "h323-redirect-number";
    /// `h323-preferred-lang`.
    H323_PREFERRED_LANG = 107, "h323-preferred-lang";
    /// `h323-redirect-ip-address`.
    H323_REDIRECT_IP_ADDRESS = 108, "h323-redirect-ip-address";
    /// `h323-billing-model`.
    H323_BILLING_MODEL = 109, "h323-billing-model";
    /// `h323-currency`.
    H323_CURRENCY = 110, "h323-currency";
    /// `subscriber`.
    SUBSCRIBER = 111, "subscriber";
    /// `gw-rxd-cdn`.
    GW_RXD_CDN = 112, "gw-rxd-cdn";
    /// `gw-final-xlated-cdn`.
    GW_FINAL_XLATED_CDN = 113, "gw-final-xlated-cdn";
    /// `remote-media-address`.
    REMOTE_MEDIA_ADDRESS = 114, "remote-media-address";
    /// `release-source`.
    RELEASE_SOURCE = 115, "release-source";
    /// `gw-rxd-cgn`.
    GW_RXD_CGN = 116, "gw-rxd-cgn";
    /// `gw-final-xlated-cgn`.
    GW_FINAL_XLATED_CGN = 117, "gw-final-xlated-cgn";
    /// `call-id`.
    CALL_ID = 141, "call-id";
    /// `session-protocol`.
    SESSION_PROTOCOL = 142, "session-protocol";
    /// `method`.
    METHOD = 143, "method";
    /// `prev-hop-via`.
    PREV_HOP_VIA = 144, "prev-hop-via";
    /// `prev-hop-ip`.
    PREV_HOP_IP = 145, "prev-hop-ip";
    /// `incoming-req-uri`.
    INCOMING_REQ_URI = 146, "incoming-req-uri";
    /// `outgoing-req-uri`.
    OUTGOING_REQ_URI = 147, "outgoing-req-uri";
    /// `next-hop-ip`.
    NEXT_HOP_IP = 148, "next-hop-ip";
    /// `next-hop-dn`.
    NEXT_HOP_DN = 149, "next-hop-dn";
    /// `sip-hdr`.
    SIP_HDR = 150, "sip-hdr";
    /// `dsp-id`.
    DSP_ID = 151, "dsp-id";
}

/// Whether the value of this VSA is written with its name in front (voice VSA guide: 23 to 35, 101 to 110).
#[must_use]
pub const fn has_prefix(number: u8) -> bool {
    matches!(number, 23..=35 | 101..=110)
}

/// The value without the name that may stand in front of it.
#[must_use]
pub(crate) fn strip_prefix(number: u8, value: &str) -> &str {
    name(number).and_then(|name| value.strip_prefix(name)?.strip_prefix('=')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary;

    #[test]
    fn every_name_agrees_with_the_dictionary() {
        for number in 0..=u8::MAX {
            let Some(name) = name(number) else { continue };
            assert_eq!(dictionary::vendor_attribute(VENDOR, number).map(|own| own.name), Some(name));
        }
    }

    #[test]
    fn only_the_own_name_is_taken_off_a_value() {
        assert_eq!(strip_prefix(H323_CREDIT_TIME, "h323-credit-time=30000"), "30000");
        assert_eq!(strip_prefix(H323_CREDIT_TIME, "30000"), "30000");
        assert_eq!(strip_prefix(H323_CREDIT_TIME, "h323-credit-amount=5"), "h323-credit-amount=5");
        assert_eq!(strip_prefix(200, "a=b"), "a=b");
    }
}
