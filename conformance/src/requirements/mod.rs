//! The catalogue of requirements: what `covers:` names and reports count. It is data, one file a
//! standard, in the project's own words; a row that nobody has compared with the text of its standard
//! yet says so.

use std::sync::LazyLock;

use crate::diagnostics;

/// One requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// What `covers:` names: `RC-01`.
    pub id: &'static str,
    /// What must hold, on one line.
    pub title: &'static str,
    /// The document and its sections: `RFC 2866 2, 4.1`.
    pub reference: &'static str,
    /// Whom it binds.
    pub role: Role,
    /// Whether somebody has compared it with the text of its document.
    pub confirmed: bool,
    /// The standard's name, from the name of its file: `radius`.
    pub standard: &'static str,
}

/// Whom a requirement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The charging system.
    System,
    /// Its client: gateway, access server, or our own simulator of one.
    Client,
    /// Both.
    Both,
}

impl Role {
    /// The role in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::System => "the charging system",
            Self::Client => "its client",
            Self::Both => "the charging system and its client",
        }
    }
}

const FILES: [(&str, &str); 11] = [
    ("diameter", include_str!("../../requirements/diameter.csv")),
    ("credit-control", include_str!("../../requirements/credit-control.csv")),
    ("3gpp", include_str!("../../requirements/3gpp.csv")),
    ("radius", include_str!("../../requirements/radius.csv")),
    ("esi", include_str!("../../requirements/esi.csv")),
    ("interop", include_str!("../../requirements/interop.csv")),
    ("ro", include_str!("../../requirements/ro.csv")),
    ("sip", include_str!("../../requirements/sip.csv")),
    ("sip-calls", include_str!("../../requirements/sip-calls.csv")),
    ("sites", include_str!("../../requirements/sites.csv")),
    ("dual-version", include_str!("../../requirements/dual-version.csv")),
];

static ALL: LazyLock<Vec<Requirement>> = LazyLock::new(|| {
    // A row that does not read is left out here and found by this module's tests.
    FILES
        .iter()
        .flat_map(|(standard, text)| text.lines().skip(1).filter_map(|row| read(standard, row)))
        .collect()
});

/// Every requirement, in the order of the files and their rows.
#[must_use]
pub fn all() -> &'static [Requirement] {
    &ALL
}

/// The requirement of this id.
#[must_use]
pub fn get(id: &str) -> Option<&'static Requirement> {
    all().iter().find(|requirement| requirement.id == id)
}

/// The requirement whose id is nearest to a wrong one.
#[must_use]
pub fn nearest(id: &str) -> Option<&'static Requirement> {
    get(diagnostics::nearest(id, all().iter().map(|requirement| requirement.id))?)
}

/// One row: `id,reference,role,confirmed,title`. References separate sections by semicolons, so that
/// only the title, which comes last, may hold a comma.
fn read(standard: &'static str, row: &'static str) -> Option<Requirement> {
    let mut cells = row.splitn(5, ',');
    let (id, reference) = (cells.next()?, cells.next()?);
    let role = match cells.next()? {
        "O" => Role::System,
        "C" => Role::Client,
        "B" => Role::Both,
        _ => return None,
    };
    let confirmed = match cells.next()? {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let title = cells.next()?;
    (!id.is_empty() && !reference.is_empty() && !title.is_empty()).then_some(Requirement {
        id,
        title,
        reference,
        role,
        confirmed,
        standard,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_reads() {
        for (standard, text) in FILES {
            assert_eq!(text.lines().next(), Some("id,reference,role,confirmed,title"), "{standard}");
            for row in text.lines().skip(1) {
                assert!(read(standard, row).is_some(), "{standard}: {row}");
            }
        }
    }

    #[test]
    fn no_id_stands_twice() {
        let ids: BTreeSet<&str> = all().iter().map(|requirement| requirement.id).collect();
        assert_eq!(ids.len(), all().len());
    }

    #[test]
    fn each_standard_has_its_rows() {
        let count = |standard| all().iter().filter(|requirement| requirement.standard == standard).count();
        // 22 of RFC 6733 and RFC 3539, 31 of RFC 8506, 9 of 3GPP and 21 of RADIUS are 83.
        assert_eq!(["diameter", "credit-control", "3gpp", "radius"].map(count), [22, 31, 9, 21]);
    }

    #[test]
    fn an_id_is_found_and_a_wrong_one_has_a_nearest() {
        assert_eq!(get("RC-01").map(|found| found.role), Some(Role::System));
        assert_eq!(get("rc-01"), None);
        assert_eq!(nearest("rc01").map(|found| found.id), Some("RC-01"));
        assert_eq!(nearest("ESI-prepaid-ivr").map(|found| found.id), Some("ESI-A-prepaid-ivr"));
        assert_eq!(nearest("nothing like it"), None);
    }
}
