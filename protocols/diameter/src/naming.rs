//! Names of AVPs as a tester writes them, judged before a message is built.

use tollgate_wire::Naming;

use crate::dictionary::{Kind, field_known, field_names, named};
use crate::field::MANDATORY_MARK;

/// What is known of an AVP that stands in these others, the outermost first.
///
/// Any AVP may stand in any group, as the documents' `*[ AVP ]` says; an AVP of another type than Grouped holds none.
#[must_use]
pub fn naming(groups: &[&str], name: &str) -> Naming {
    let holds_none = |group: &&str| named(group).is_some_and(|own| own.kind != Kind::Grouped);
    if groups.last().is_some_and(holds_none) {
        return Naming::NoGroup;
    }
    match named(name) {
        Some(known) if known.name != name => Naming::Alias(known.name),
        _ if field_known(name) => Naming::Known,
        _ => Naming::Unknown,
    }
}

/// Every name that may stand in these AVPs, without those by number; those that the innermost is known to hold first.
#[must_use]
pub fn names(groups: &[&str]) -> Vec<&'static str> {
    let own = groups.last().and_then(|group| named(group.strip_suffix(MANDATORY_MARK).unwrap_or(group)));
    let members = own.into_iter().flat_map(|own| &own.rules);
    let members = members.filter_map(|rule| crate::dictionary::avp(rule.code)).map(|member| member.name);
    members.chain(field_names()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_at_its_place() {
        let services = "Multiple-Services-Credit-Control";
        let cases: [(&[&str], &str, Naming); 9] = [
            (&[], "Rating-Group", Naming::Known),
            (&[], "AVP-9999:M", Naming::Known),
            (&[], "GSU", Naming::Alias("Granted-Service-Unit")),
            (&[], "Rating-Groop", Naming::Unknown),
            (&[services, "Granted-Service-Unit"], "CC-Time", Naming::Known),
            (&[services, "Granted-Service-Unit"], "CC-Tme", Naming::Unknown),
            (&[services, "Rating-Group"], "CC-Time", Naming::NoGroup),
            (&["AVP-9999"], "CC-Time", Naming::Known),
            (&["AVP-9999:M"], "CC-Tme", Naming::Unknown),
        ];
        for (groups, name, wanted) in cases {
            assert_eq!(naming(groups, name), wanted, "{groups:?} {name}");
        }
    }

    #[test]
    fn the_members_of_a_group_are_proposed_first() {
        let names = names(&["Granted-Service-Unit"]);
        let place = |name: &str| names.iter().position(|own| *own == name).unwrap();
        assert!(place("CC-Time") < place("AF-Application-Identifier"));
    }
}
