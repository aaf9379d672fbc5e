//! Maintenance releases as far as they behave differently here, named as the documents name them (MR75, MR85, …).

use std::fmt;
use std::str::FromStr;

/// A release of the software. A later one knows all that an earlier one does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Release {
    /// MR75.
    Mr75,
    /// MR85.
    Mr85,
    /// MR86: commitments, and the redirection of calls by redirect servers.
    Mr86,
    /// MR95.
    #[default]
    Mr95,
}

/// There is no such release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no release that is known here; choose MR75, MR85, MR86 or MR95")]
pub struct UnknownRelease(String);

impl Release {
    /// All of them, the oldest first.
    pub const ALL: [Self; 4] = [Self::Mr75, Self::Mr85, Self::Mr86, Self::Mr95];

    /// As the documents write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mr75 => "MR75",
            Self::Mr85 => "MR85",
            Self::Mr86 => "MR86",
            Self::Mr95 => "MR95",
        }
    }

    /// Whether it knows commitments of accounts (NEW, service commitments).
    #[must_use]
    pub fn knows_commitments(self) -> bool {
        self >= Self::Mr86
    }

    /// Whether it knows redirect servers (NEW, redirect servers).
    #[must_use]
    pub fn knows_redirects(self) -> bool {
        self >= Self::Mr86
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        let known = Self::ALL.into_iter().find(|own| own.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_in_order_and_read_back() {
        assert!(Release::ALL.is_sorted());
        for release in Release::ALL {
            assert_eq!(release.name().parse(), Ok(release));
        }
        assert!("MR12".parse::<Release>().is_err());
        assert!(!Release::Mr85.knows_commitments() && Release::Mr86.knows_commitments());
    }
}
