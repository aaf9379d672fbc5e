//! All that is wrong with a catalogue, each with the path of the object that it is about: `tariffs/retail/rates[3]`.
//!
//! It only collects. What is wrong is decided where objects are taken in.

use std::fmt;

use super::{CatalogueBuilder, CatalogueError};
use crate::ids::EnvId;
use crate::parties::PartyError;

/// Where something stands in a catalogue: `environments/3/tariffs/retail/rates[3]`. Places in a list count from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CataloguePath {
    env: Option<EnvId>,
    section: &'static str,
    name: String,
    part: Option<(&'static str, usize)>,
}

impl CataloguePath {
    /// The path of a named object in a section, such as `tariffs`.
    #[must_use]
    pub fn new(section: &'static str, name: &str) -> Self {
        Self { env: None, section, name: name.to_owned(), part: None }
    }

    /// A part of it, such as the fourth of its `rates`.
    #[must_use]
    pub fn part(self, list: &'static str, place: usize) -> Self {
        Self { part: Some((list, place)), ..self }
    }

    /// The environment, of objects that are not in the first.
    #[must_use]
    pub const fn env(&self) -> Option<EnvId> {
        self.env
    }

    /// `nodes`, `tariffs`, `products`, `customers`, `accounts` and so on.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.section
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The list within the object, and the place in it.
    #[must_use]
    pub const fn place(&self) -> Option<(&'static str, usize)> {
        self.part
    }
}

impl fmt::Display for CataloguePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(env) = self.env {
            write!(f, "environments/{env}/")?;
        }
        write!(f, "{}/{}", self.section, self.name)?;
        match self.part {
            Some((list, place)) => write!(f, "/{list}[{place}]"),
            None => Ok(()),
        }
    }
}

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It could not be taken in.
    #[error(transparent)]
    Object(#[from] CatalogueError),
    /// It does not go with the parties beside it.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// Whoever builds the catalogue could not make an object of what was written.
    #[error("{0}")]
    Written(String),
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {wrong}")]
pub struct CatalogueProblem {
    /// Where it stands.
    pub at: CataloguePath,
    /// What it is.
    pub wrong: Wrong,
}

/// All that is wrong with a catalogue, in the order in which it was found; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueProblems(pub(super) Vec<CatalogueProblem>);

impl CatalogueProblems {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogueProblem> {
        self.0.iter()
    }
}

impl fmt::Display for CatalogueProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            let line_end = if place == 0 { "" } else { "\n" };
            write!(f, "{line_end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogueProblems {}

/// The section that objects of a kind stand in.
fn section(what: &'static str) -> &'static str {
    const SECTIONS: [(&str, &str); 16] = [
        ("environment", "environments"),
        ("node", "nodes"),
        ("destination", "destinations"),
        ("tariff", "tariffs"),
        ("peak levels", "tariffs"),
        ("rate", "tariffs"),
        ("product", "products"),
        ("rating entry", "products"),
        ("split", "products"),
        ("customer", "customers"),
        ("account", "accounts"),
        ("voucher", "vouchers"),
        ("reseller", "resellers"),
        ("vendor", "vendors"),
        ("connection", "connections"),
        ("exchange rate", "exchange-rates"),
    ];
    SECTIONS.iter().find(|(own, _)| *own == what).map_or(what, |(_, section)| section)
}

impl CatalogueBuilder {
    /// Notes what whoever builds the catalogue could not make an object of, so that [`Self::finish`] tells it with all the
    /// rest.
    pub fn refuse(&mut self, at: CataloguePath, why: impl Into<String>) {
        self.problems.push(CatalogueProblem { at, wrong: Wrong::Written(why.into()) });
    }

    /// Notes what could not be taken in. `part` is the list and the place of what is no object by itself.
    pub(super) fn noted<T>(
        &mut self,
        built: Result<T, CatalogueError>,
        part: Option<(&'static str, usize)>,
    ) -> Result<T, CatalogueError> {
        if let Err(error) = &built {
            let (what, name) = error.about();
            let at = CataloguePath { part, ..CataloguePath::new(section(what), name) };
            self.problems.push(CatalogueProblem { at, wrong: error.clone().into() });
        }
        built
    }

    pub(super) fn noted_parties(&mut self, errors: &[PartyError]) {
        let problem = |error: &PartyError| {
            let (what, name) = error.about();
            let section = if what == "alias" { "aliases" } else { section(what) };
            CatalogueProblem { at: CataloguePath::new(section, name), wrong: error.clone().into() }
        };
        self.problems.extend(errors.iter().map(problem));
    }

    /// Takes in another environment, with what is wrong with it. It knows nothing of this one.
    ///
    /// # Errors
    /// There are two of that number, or it holds environments of its own.
    pub fn environment(&mut self, other: Self) -> Result<(), CatalogueError> {
        let env = other.all.settings.env;
        let twice = env == self.all.settings.env || self.all.others.contains_key(&env);
        let built = match (twice, other.all.others.is_empty()) {
            (false, true) => Ok(()),
            _ => Err(CatalogueError::Twice { what: "environment", name: env.to_string() }),
        };
        self.noted(built, None)?;
        match other.finish() {
            Ok(own) => {
                self.all.others.insert(env, own);
            }
            Err(CatalogueProblems(problems)) => {
                self.problems.extend(problems.into_iter().map(|problem| {
                    let at = CataloguePath { env: Some(env), ..problem.at };
                    CatalogueProblem { at, ..problem }
                }));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_the_outside_in() {
        let path = CataloguePath::new("tariffs", "retail");
        assert_eq!(path.to_string(), "tariffs/retail");
        let rate = CataloguePath { env: Some(EnvId::from_number(3)), ..path.part("rates", 3) };
        assert_eq!(rate.to_string(), "environments/3/tariffs/retail/rates[3]");
    }
}
