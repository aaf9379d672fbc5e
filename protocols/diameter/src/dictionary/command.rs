//! Commands and applications by number and by name.

use super::file::{APPLICATIONS, COMMANDS, columns, rows};
use super::{DICTIONARY, Rule};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its number.
    pub number: u32,
    /// Its application; `None` where every application has it.
    pub application: Option<u32>,
    /// How the documents abbreviate the request: `CCR`.
    pub request: &'static str,
    /// How they abbreviate the answer: `CCA`.
    pub answer: &'static str,
    /// Its name: `Credit-Control`.
    pub name: &'static str,
    /// Whether it may be proxied.
    pub proxiable: bool,
    /// The document and section that define it.
    pub source: &'static str,
    /// What stands in the request.
    pub request_rules: Vec<Rule>,
    /// What stands in the answer.
    pub answer_rules: Vec<Rule>,
}

/// One application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Application {
    /// Its identifier.
    pub number: u32,
    /// Its name: `Credit-Control`.
    pub name: &'static str,
    /// Its vendor, or 0.
    pub vendor: u32,
    /// The document and section that define it.
    pub source: &'static str,
}

pub(super) fn load_commands() -> Vec<Command> {
    rows(COMMANDS).filter_map(command_row).collect()
}

pub(super) fn load_applications() -> Vec<Application> {
    rows(APPLICATIONS).filter_map(application_row).collect()
}

fn command_row(row: &'static str) -> Option<Command> {
    let [number, application, request, answer, name, proxiable, source] = columns(row)?;
    Some(Command {
        number: number.parse().ok()?,
        application: if application == "*" { None } else { Some(application.parse().ok()?) },
        request,
        answer,
        name,
        proxiable: proxiable == "yes",
        source,
        request_rules: Vec::new(),
        answer_rules: Vec::new(),
    })
}

fn application_row(row: &'static str) -> Option<Application> {
    let [number, name, vendor, source] = columns(row)?;
    Some(Application { number: number.parse().ok()?, name, vendor: vendor.parse().ok()?, source })
}

/// The command of this number in this application.
#[must_use]
pub fn command(number: u32, application: u32) -> Option<&'static Command> {
    let mut of_number = commands().iter().filter(|own| own.number == number);
    of_number.find(|own| own.application.is_none_or(|own| own == application))
}

/// The command whose request or answer has this abbreviation, and whether it is the request; where
/// two applications share it, the one named.
#[must_use]
pub fn command_named(abbreviation: &str, application: Option<u32>) -> Option<(&'static Command, bool)> {
    let fits =
        |own: &&Command| application.is_none() || own.application.is_none() || own.application == application;
    let found =
        commands().iter().filter(fits).find(|own| [own.request, own.answer].contains(&abbreviation))?;
    Some((found, found.request == abbreviation))
}

/// Every command.
#[must_use]
pub fn commands() -> &'static [Command] {
    DICTIONARY.commands()
}

/// The application of this identifier.
#[must_use]
pub fn application(number: u32) -> Option<&'static Application> {
    DICTIONARY.applications().iter().find(|own| own.number == number)
}

/// The application of this name.
#[must_use]
pub fn application_named(name: &str) -> Option<&'static Application> {
    DICTIONARY.applications().iter().find(|own| own.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_application_is_read() {
        assert_eq!(rows(COMMANDS).count(), commands().len());
        assert_eq!(rows(APPLICATIONS).count(), DICTIONARY.applications().len());
        let (ccr, request) = command_named("CCR", None).unwrap();
        assert_eq!((ccr.number, request, ccr.proxiable), (272, true, true));
        let (cea, request) = command_named("CEA", Some(0)).unwrap();
        assert_eq!((cea.number, request, cea.proxiable), (257, false, false));
        assert_eq!(command_named("PUR", Some(16_777_251)).map(|found| found.0.number), Some(321));
        assert_eq!(application_named("S6a").map(|own| own.number), Some(16_777_251));
    }
}
