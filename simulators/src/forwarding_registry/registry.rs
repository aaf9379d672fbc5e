//! Numbers and the systems that they belong to.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_network::KnownSystem;
use tollgate_wire::Text;

/// Most numbers that a registry learns beyond those that the systems had at the start.
pub const NUMBERS_MAX: usize = 1 << 20;

/// A system, by its place among those that the registry was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemPlace(pub usize);

/// Why a number was not moved: a lowercase phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// There is no such system.
    #[error("no system is called '{0}'")]
    UnknownSystem(Text),
    /// Too many numbers.
    #[error(
        "the registry holds {NUMBERS_MAX} numbers more than the systems had at the start, and takes no more"
    )]
    Full,
}

/// Which system has which number.
///
/// A number that is in no system's list is nobody's: the fallback system gets what is for it (ARCH, fallback call delivery).
/// Where two systems have one number at the start, it is the later one's: the target begins as a copy of the source, and a
/// customer that is in both has been moved there.
#[derive(Debug, Clone)]
pub struct Registry {
    systems: Vec<KnownSystem>,
    /// Sorted, each number once: what does not change is shared and small.
    begun: Arc<[(Text, SystemPlace)]>,
    /// Where numbers are now that have moved since, or came later; `None` is a number that went away.
    moved: BTreeMap<Text, Option<SystemPlace>>,
    fallback: Option<SystemPlace>,
}

impl Registry {
    /// A registry of these systems; what is nobody's goes to the last one, which is the target by default.
    #[must_use]
    pub fn new(systems: Vec<KnownSystem>) -> Self {
        let all = systems.iter().enumerate().flat_map(|(place, system)| {
            system.numbers.iter().map(move |number| (number.clone(), SystemPlace(place)))
        });
        let begun: BTreeMap<Text, SystemPlace> = all.collect();
        let fallback = systems.len().checked_sub(1).map(SystemPlace);
        Self { systems, begun: begun.into_iter().collect(), moved: BTreeMap::new(), fallback }
    }

    /// Sends what is nobody's to this system.
    ///
    /// # Errors
    /// There is no such system.
    pub fn set_fallback(&mut self, name: &str) -> Result<(), MoveError> {
        self.fallback = Some(self.place(name).ok_or_else(|| MoveError::UnknownSystem(name.into()))?);
        Ok(())
    }

    /// The system of this name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<SystemPlace> {
        self.systems.iter().position(|system| system.name == name).map(SystemPlace)
    }

    /// The system of this billing environment.
    #[must_use]
    pub fn of_environment(&self, environment: u32) -> Option<SystemPlace> {
        self.systems.iter().position(|system| system.environment == Some(environment)).map(SystemPlace)
    }

    /// A system, with its addresses.
    #[must_use]
    pub fn system(&self, place: SystemPlace) -> Option<&KnownSystem> {
        self.systems.get(place.0)
    }

    /// All of them, in the order of the scenario.
    pub fn systems(&self) -> impl ExactSizeIterator<Item = (SystemPlace, &KnownSystem)> {
        self.systems.iter().enumerate().map(|(place, system)| (SystemPlace(place), system))
    }

    /// Where what is nobody's goes.
    #[must_use]
    pub const fn fallback(&self) -> Option<SystemPlace> {
        self.fallback
    }

    /// The system that has this number, account or alias.
    #[must_use]
    pub fn locate(&self, number: &str) -> Option<SystemPlace> {
        if let Some(moved) = self.moved.get(number) {
            return *moved;
        }
        let known = self.begun.binary_search_by(|(own, _)| own.as_str().cmp(number)).ok()?;
        self.begun.get(known).map(|(_, place)| *place)
    }

    /// The system of the first of these numbers that belongs to one, else the fallback: a call is looked up by its
    /// destination first and then by its source.
    #[must_use]
    pub fn route<'n>(&self, numbers: impl IntoIterator<Item = &'n str>) -> Option<SystemPlace> {
        numbers.into_iter().find_map(|number| self.locate(number)).or(self.fallback)
    }

    /// A number belongs to this system from now on. Said again, it changes nothing.
    ///
    /// # Errors
    /// There is no such system, or too many numbers.
    pub fn assign(&mut self, number: &str, system: &str) -> Result<(), MoveError> {
        let place = self.place(system).ok_or_else(|| MoveError::UnknownSystem(system.into()))?;
        self.note(number, Some(place))
    }

    /// A number belongs to nobody from now on.
    ///
    /// # Errors
    /// Too many numbers.
    pub fn forget(&mut self, number: &str) -> Result<(), MoveError> {
        self.note(number, None)
    }

    fn note(&mut self, number: &str, place: Option<SystemPlace>) -> Result<(), MoveError> {
        if let Some(known) = self.moved.get_mut(number) {
            *known = place;
            return Ok(());
        }
        if self.moved.len() >= NUMBERS_MAX {
            return Err(MoveError::Full);
        }
        self.moved.insert(number.into(), place);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn system(name: &str, environment: u32, numbers: &[&str]) -> KnownSystem {
        KnownSystem {
            name: name.into(),
            environment: Some(environment),
            addresses: Vec::new(),
            servers: Vec::new(),
            diameter: Vec::new(),
            numbers: numbers.iter().map(|number| Text::from(*number)).collect(),
        }
    }

    fn registry() -> Registry {
        Registry::new(vec![system("ocs", 1, &["100", "200"]), system("target", 2, &["200", "300"])])
    }

    #[test]
    fn a_number_in_both_systems_has_been_moved_to_the_later_one() {
        let registry = registry();
        let places = ["100", "200", "300", "400"].map(|number| registry.locate(number));
        assert_eq!(places, [Some(SystemPlace(0)), Some(SystemPlace(1)), Some(SystemPlace(1)), None]);
    }

    #[test]
    fn the_destination_is_looked_up_before_the_source_and_nobodys_call_falls_back() {
        let mut registry = registry();
        assert_eq!(registry.route(["300", "100"]), Some(SystemPlace(1)));
        assert_eq!(registry.route(["999", "100"]), Some(SystemPlace(0)));
        assert_eq!(registry.route(["999", "998"]), Some(SystemPlace(1)));
        registry.set_fallback("ocs").unwrap();
        assert_eq!(registry.route(["999", "998"]), Some(SystemPlace(0)));
        assert_eq!(registry.set_fallback("ocs2"), Err(MoveError::UnknownSystem("ocs2".into())));
    }

    #[test]
    fn a_number_moves_there_and_back_and_away() {
        let mut registry = registry();
        registry.assign("100", "target").unwrap();
        assert_eq!(registry.locate("100"), Some(SystemPlace(1)));
        registry.assign("100", "ocs").unwrap();
        assert_eq!(registry.locate("100"), Some(SystemPlace(0)));
        registry.forget("100").unwrap();
        assert_eq!(registry.locate("100"), None);
        assert!(registry.assign("100", "nowhere").is_err());
    }
}
