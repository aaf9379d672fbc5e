//! Names of a message's fields, in `with:` and in paths, against the protocol's own.

use tollgate_network::Vocabulary;
use tollgate_wire::Naming;

use crate::diagnostics::{Collector, Problem, Span, did_you_mean, nearest, shown};

/// The way out where no name is near.
const BY_NUMBER: &str =
    "what no dictionary has is written by its number: Attr-250, Vendor-9-Attr-1, AVP-9999, Vendor-9-AVP-1";

/// Where a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A field is written; every name that is understood will do.
    Written,
    /// A field is read; it has the one name under which it is shown.
    Read,
}

/// Whether a field may have this name in these others; if not, that is reported.
pub(super) fn check(
    own: &Vocabulary,
    groups: &[&str],
    (name, span): (&str, Span),
    used: Use,
    collector: &mut Collector,
) -> bool {
    if name.contains("${") || groups.iter().any(|group| group.contains("${")) {
        return true;
    }
    let within = groups.last().map_or(String::new(), |group| format!(" in '{}'", shown(group)));
    let problem = match (own.naming)(groups, name) {
        Naming::Known => return true,
        Naming::Alias(_) if used == Use::Written => return true,
        Naming::Alias(other) => {
            Problem::error(span, format!("'{}' is shown under another name", shown(name)))
                .help(format!("write '{other}'"))
        }
        Naming::Unknown => {
            let names = (own.names)(groups);
            Problem::error(span, format!("no field is named '{}'{within}", shown(name)))
                .help(did_you_mean(name, names.iter().copied()).unwrap_or_else(|| BY_NUMBER.to_owned()))
        }
        Naming::NoGroup => {
            let group = groups.last().copied().unwrap_or_default();
            Problem::error(span, format!("'{}' holds no other fields", shown(group)))
        }
        Naming::Free | Naming::Doubtful => {
            let doubtful = (own.naming)(groups, name) == Naming::Doubtful;
            let names = (own.names)(groups);
            let near = nearest(name, names.iter().copied());
            if near.is_some() || doubtful {
                let message = format!("nothing that is known is named '{}'{within}", shown(name));
                collector.push(
                    Problem::warning(span, message).help(near.map(|near| format!("did you mean '{near}'?"))),
                );
            }
            return true;
        }
    };
    collector.push(problem);
    false
}

/// The same for the pair that the text of a field is, where it is one. Nothing in it is refused: such texts are sent as they
/// are.
pub(super) fn check_text(
    own: &Vocabulary,
    field: &str,
    (text, span): (&str, Span),
    collector: &mut Collector,
) {
    if let Some((group, name)) = (own.pair)(field, text) {
        check(own, &[group], (name, span), Use::Written, collector);
    }
}
