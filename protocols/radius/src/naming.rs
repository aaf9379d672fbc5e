//! Names of attributes and pairs as a tester writes them, judged before a packet is built.

use tollgate_wire::Naming;

use crate::dictionary::{self, field_known, field_names, named, pair, pairs};
use crate::{Carrier, Pair};

/// What begins the names that ESI alone defines: one that it does not define is a slip.
const OWN_PREFIXES: [&str; 3] = ["portaone", "portabilling", "portasip"];

/// What is known of a field that stands in these others, the outermost first.
///
/// Names in `h323-ivr-out`, in `h323-ivr-in` and in the text of a Cisco-AVPair are free; those that begin like ESI's own and
/// are not among them are doubtful.
#[must_use]
pub fn naming(groups: &[&str], name: &str) -> Naming {
    match groups {
        [] => match named(name) {
            Some(known) if known.name != name => Naming::Alias(known.name),
            _ if field_known(name) => Naming::Known,
            _ => Naming::Unknown,
        },
        [group] => match carrier(group) {
            Some(carrier) => in_pair(carrier, name),
            // Fields by number have sub-fields by number.
            None if *group == "Digest-Attributes" || dictionary::Numbered::parse(group).is_some() => {
                if name.parse::<u8>().is_ok() { Naming::Known } else { Naming::Unknown }
            }
            None => Naming::NoGroup,
        },
        _ => Naming::NoGroup,
    }
}

fn in_pair(carrier: Carrier, name: &str) -> Naming {
    if pair(carrier, name).is_some() {
        return Naming::Known;
    }
    let folded = name.to_ascii_lowercase();
    if OWN_PREFIXES.iter().any(|prefix| folded.starts_with(prefix)) { Naming::Doubtful } else { Naming::Free }
}

/// Every name that may stand in these fields, without those by number and those that are free.
#[must_use]
pub fn names(groups: &[&str]) -> Vec<&'static str> {
    match groups {
        [] => field_names(),
        [group] => {
            let carried = carrier(group);
            pairs().iter().filter(|own| Some(own.carrier) == carried).map(|own| own.name).collect()
        }
        _ => Vec::new(),
    }
}

/// The pair that the text of a field is: what carries it, and its name.
#[must_use]
pub fn pair_in<'t>(field: &str, text: &'t str) -> Option<(&'static str, &'t str)> {
    let pair = match carrier(field)? {
        Carrier::AvPair => Pair::parse(text),
        carried => Pair::inner(carried, text),
    };
    (!pair.name.is_empty()).then_some((pair.carrier.name(), pair.name))
}

fn carrier(name: &str) -> Option<Carrier> {
    [Carrier::AvPair, Carrier::IvrOut, Carrier::IvrIn].into_iter().find(|own| own.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_at_its_place() {
        let cases: [(&[&str], &str, Naming); 12] = [
            (&[], "User-Name", Naming::Known),
            (&[], "Attr-250", Naming::Known),
            (&[], "Vendor-9-Attr-1", Naming::Known),
            (&[], "Password", Naming::Alias("User-Password")),
            (&[], "User-Nmae", Naming::Unknown),
            (&[], "PortaOne-Acces-Info", Naming::Unknown),
            (&["h323-ivr-out"], "PortaBilling_AccessCode", Naming::Known),
            (&["h323-ivr-out"], "PortaBilling_AccesCode", Naming::Doubtful),
            (&["h323-ivr-out"], "my-own", Naming::Free),
            (&["h323-ivr-in"], "PortaBilling_SessionEnv", Naming::Doubtful),
            (&["Attr-241"], "1", Naming::Known),
            (&["User-Name"], "x", Naming::NoGroup),
        ];
        for (groups, name, wanted) in cases {
            assert_eq!(naming(groups, name), wanted, "{groups:?} {name}");
        }
    }

    #[test]
    fn the_text_of_a_pair_tells_its_carrier_and_name() {
        let inside = pair_in("Cisco-AVPair", "h323-ivr-out=PortaBilling_Session:lock");
        assert_eq!(inside, Some(("h323-ivr-out", "PortaBilling_Session")));
        assert_eq!(pair_in("Cisco-AVPair", "call-id=1@2"), Some(("Cisco-AVPair", "call-id")));
        assert_eq!(pair_in("h323-ivr-in", "DURATION:60"), Some(("h323-ivr-in", "DURATION")));
        assert_eq!(pair_in("User-Name", "a=b"), None);
    }
}
