//! Names of headers as a tester writes them, judged before a message is built.

use tollgate_wire::Naming;

use crate::fields::{FIELD_NAMES, has_parts};
use crate::header::{NAMES, canonical_name};

/// Headers without a compact form that no element here reads, but that messages carry (the IANA registry of SIP
/// headers; the last two are of ESI, SIP MESSAGE).
const CARRIED: &[&str] = &[
    "Accept-Encoding",
    "Accept-Language",
    "Alert-Info",
    "Call-Info",
    "Content-Language",
    "Error-Info",
    "Feature-Caps",
    "Flow-Timer",
    "Geolocation",
    "History-Info",
    "Identity",
    "In-Reply-To",
    "Join",
    "MIME-Version",
    "Organization",
    "P-Access-Network-Info",
    "P-Associated-URI",
    "P-Called-Party-ID",
    "P-Charging-Function-Addresses",
    "P-Charging-Vector",
    "P-Early-Media",
    "P-Visited-Network-ID",
    "Priority",
    "RAck",
    "RSeq",
    "Refer-Sub",
    "Reply-To",
    "Request-Disposition",
    "SIP-ETag",
    "SIP-If-Match",
    "Security-Client",
    "Security-Server",
    "Security-Verify",
    "Session-ID",
    "Target-Dialog",
    "User-to-User",
    "PortaOne-Requested-URI",
    "PortaSIP-Notify",
];

/// What is known of a field that stands in these others. Headers that begin with `X-` are free, and so are parameters
/// behind a header that is taken apart.
#[must_use]
pub fn naming(groups: &[&str], name: &str) -> Naming {
    match groups {
        [] if FIELD_NAMES.contains(&name) || CARRIED.contains(&name) => Naming::Known,
        [] => match canonical_name(name) {
            Some(known) if known == name => Naming::Known,
            Some(known) => Naming::Alias(known),
            None => match carried(name) {
                Some(known) => Naming::Alias(known),
                None if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-")) => Naming::Free,
                None => Naming::Unknown,
            },
        },
        [group] if has_parts(canonical_name(group).unwrap_or(group)) => Naming::Free,
        _ => Naming::NoGroup,
    }
}

fn carried(name: &str) -> Option<&'static str> {
    CARRIED.iter().find(|own| own.eq_ignore_ascii_case(name)).copied()
}

/// Every name that may stand in these fields, without those that are free.
#[must_use]
pub fn names(groups: &[&str]) -> Vec<&'static str> {
    if !groups.is_empty() {
        return Vec::new();
    }
    FIELD_NAMES
        .iter()
        .copied()
        .chain(NAMES.iter().map(|(long, _)| *long))
        .chain(CARRIED.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_name_of_a_header_is_told_from_a_header_of_somebodys_own() {
        assert_eq!(naming(&[], "Call-ID"), Naming::Known);
        assert_eq!(naming(&[], "Request-URI"), Naming::Known);
        assert_eq!(naming(&[], "PortaSIP-Notify"), Naming::Known);
        assert_eq!(naming(&[], "m"), Naming::Alias("Contact"));
        assert_eq!(naming(&[], "call-id"), Naming::Alias("Call-ID"));
        assert_eq!(naming(&[], "X-Trunk"), Naming::Free);
        assert_eq!(naming(&[], "Contcat"), Naming::Unknown);
        assert_eq!(naming(&["From"], "tag"), Naming::Free);
        assert_eq!(naming(&["Request-URI"], "user"), Naming::Free);
        assert_eq!(naming(&["Max-Forwards"], "x"), Naming::NoGroup);
        assert!(names(&[]).contains(&"Via"));
    }
}
