//! The files and how a row of them is cut.

use super::TGPP;

/// Files of AVPs, with the vendor. Where two share a name, the first one listed keeps it.
pub(super) const FILES: &[(u32, &str)] = &[
    (0, include_str!("../../dictionary/rfc6733.csv")),
    (0, include_str!("../../dictionary/rfc8506.csv")),
    (0, include_str!("../../dictionary/rfc7155.csv")),
    (0, include_str!("../../dictionary/rfc7683.csv")),
    (TGPP, include_str!("../../dictionary/ts32299.csv")),
    (TGPP, include_str!("../../dictionary/ts29061.csv")),
    (TGPP, include_str!("../../dictionary/ts29212.csv")),
    (TGPP, include_str!("../../dictionary/ts29214.csv")),
    (TGPP, include_str!("../../dictionary/ts29229.csv")),
    (TGPP, include_str!("../../dictionary/ts29272.csv")),
    (TGPP, include_str!("../../dictionary/ts29273.csv")),
    (TGPP, include_str!("../../dictionary/ts29329.csv")),
    (9, include_str!("../../dictionary/cisco.csv")),
    (94, include_str!("../../dictionary/nokia.csv")),
    (193, include_str!("../../dictionary/ericsson.csv")),
    (2_011, include_str!("../../dictionary/huawei.csv")),
    (8_164, include_str!("../../dictionary/starent.csv")),
    (12_645, include_str!("../../dictionary/vodafone.csv")),
    (28_458, include_str!("../../dictionary/nokia-solutions.csv")),
];
pub(super) const VALUES: &str = include_str!("../../dictionary/values.csv");
pub(super) const ALIASES: &str = include_str!("../../dictionary/aliases.csv");
pub(super) const RULES: &str = include_str!("../../dictionary/rules.csv");
pub(super) const COMMANDS: &str = include_str!("../../dictionary/commands.csv");
pub(super) const APPLICATIONS: &str = include_str!("../../dictionary/applications.csv");

/// Rows behind the heading; a line that starts with `#` is a comment.
pub(super) fn rows(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

/// The columns of a row; the last one takes what is left, commas included.
pub(super) fn columns<const N: usize>(row: &'static str) -> Option<[&'static str; N]> {
    let mut columns = [""; N];
    let mut written = 0;
    for (column, text) in columns.iter_mut().zip(row.splitn(N, ',')) {
        *column = text;
        written += 1;
    }
    (written == N).then_some(columns)
}
