//! Two versions of the system beside each other, as a table. Judges nothing.

use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::Width;
use tabled::settings::object::Columns;
use tollgate_conformance::run::Versions;

use crate::look::Look;
use crate::show::{clean, count};

/// Wider texts are wrapped, in letters.
const COLUMN_MAX: usize = 36;

/// A row for each difference, indented below the line of its scenario.
pub(crate) fn beside(versions: &Versions, look: Look) -> String {
    let [first, second] = &versions.names;
    let mut table = Builder::default();
    table.push_record([
        "what".to_owned(),
        clean(first).into_owned(),
        clean(second).into_owned(),
        "shown".to_owned(),
        "why".to_owned(),
    ]);
    for row in &versions.differences {
        let field = if row.field.is_empty() { "how often" } else { row.field.as_str() };
        table.push_record([
            clean(&format!("{} {} {field}", row.who, row.sight)).into_owned(),
            clean(&row.from).into_owned(),
            clean(&row.to).into_owned(),
            count(row.times, "time"),
            row.why.as_ref().map_or_else(|| "not declared".to_owned(), |why| clean(why).into_owned()),
        ]);
    }
    let mut table = table.build();
    look.frame(&mut table);
    for column in 0..5 {
        table.modify(Columns::one(column), Width::wrap(COLUMN_MAX).keep_words(true));
    }
    let mut out = String::new();
    for row in table.to_string().lines() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "    {}", row.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use tollgate_conformance::run::VersionDifference;

    use super::*;

    #[test]
    fn each_difference_is_a_row_and_one_that_nobody_declared_says_so() {
        let row = |field: &str, why: Option<&str>| VersionDifference {
            who: "ocs".into(),
            sight: "xdr".into(),
            field: field.into(),
            from: "0.02 CAD".to_owned(),
            to: "0.03 CAD".to_owned(),
            times: 2,
            why: why.map(Into::into),
        };
        let versions = Versions {
            names: ["MR75".into(), "MR86".into()],
            differences: vec![row("amount", Some("a minute costs more")), row("", None)],
        };
        insta::assert_snapshot!(beside(&versions, Look::plain()));
    }
}
