//! Every return code that the documents define, with what it means: the reference behind `tollgate explain 9`.
//! Which of them this gateway answers stands in [`crate::denials`].

use std::sync::LazyLock;

/// A row of the table of return codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnCode {
    /// `h323-return-code`.
    pub number: u8,
    /// The explanation code of the table.
    pub explanation: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

static ALL: LazyLock<Vec<ReturnCode>> = LazyLock::new(|| {
    // A row that does not read is left out here and found by this module's tests.
    include_str!("../return-codes.csv").lines().filter_map(row).collect()
});

/// All rows, in the order of the documents. A number may stand for several explanations, and the other way round.
#[must_use]
pub fn all() -> &'static [ReturnCode] {
    &ALL
}

fn row(line: &'static str) -> Option<ReturnCode> {
    if line.starts_with('#') {
        return None;
    }
    let mut parts = line.splitn(3, ',');
    let explanation = parts.next()?;
    let number = parts.next()?.parse().ok()?;
    let meaning = parts.next()?.trim();
    Some(ReturnCode { number, explanation, meaning })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denials;
    use tollgate_ocs_core::Denial;

    #[test]
    fn every_line_of_the_data_reads() {
        let lines = include_str!("../return-codes.csv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all().len(), lines);
        // ESI, RADIUS return codes: 32 rows.
        assert_eq!(lines, 32);
        assert!(all().iter().all(|row| !row.explanation.is_empty() && !row.meaning.is_empty()));
    }

    #[test]
    fn every_denial_is_a_row() {
        for denial in Denial::ALL {
            let shown = denials::shown(denial);
            let explanation = shown.explanation.replace(' ', "_");
            let known = |row: &ReturnCode| row.number == shown.return_code && row.explanation == explanation;
            assert!(all().iter().any(known), "{denial:?}");
        }
    }
}
