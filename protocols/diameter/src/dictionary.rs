//! What the numbers mean: the CSV files of `dictionary/`, parsed once.
//!
//! A row that cannot be read is left out and its AVP shown by number; a test reads every row.

mod command;
mod file;
mod kind;

use std::sync::LazyLock;

use hashbrown::HashMap;

pub use command::{Application, Command, application, application_named, command, command_named, commands};
pub use kind::Kind;

use crate::AvpCode;
use file::{ALIASES, FILES, RULES, VALUES, columns, rows};

/// AVP numbers of the IETF below this are found without hashing.
const IETF_DENSE: usize = 1024;
/// The same of 3GPP.
const TGPP_DENSE: usize = 4352;
/// The enterprise number of 3GPP.
pub const TGPP: u32 = 10_415;

/// One AVP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name: `Rating-Group`.
    pub name: &'static str,
    /// Vendor and number.
    pub code: AvpCode,
    /// What it holds.
    pub kind: Kind,
    /// Whether a sender sets the M flag.
    pub mandatory: bool,
    /// The document and section that define it.
    pub source: &'static str,
    /// What stands in a group, with how often; empty for AVPs that are no group.
    pub rules: Vec<Rule>,
    /// Numbers and names of values; the first name of a number is the one shown.
    values: Vec<(u32, &'static str)>,
}

impl Definition {
    /// The name of an enumerated value: 1 of CC-Request-Type is `INITIAL_REQUEST`.
    #[must_use]
    pub fn value_name(&self, number: u32) -> Option<&'static str> {
        self.values.iter().find(|own| own.0 == number).map(|own| own.1)
    }

    /// The number of an enumerated value under any of its names; case does not count, and a space or
    /// hyphen is as good as an underscore, since the documents write them in each way.
    #[must_use]
    pub fn value_number(&self, name: &str) -> Option<u32> {
        self.values.iter().find(|own| same_name(own.1, name)).map(|own| own.0)
    }

    /// Every value that has a name.
    #[must_use]
    pub fn values(&self) -> &[(u32, &'static str)] {
        &self.values
    }
}

fn same_name(own: &str, name: &str) -> bool {
    let fold = |letter: u8| match letter {
        b' ' | b'-' => b'_',
        other => other.to_ascii_uppercase(),
    };
    own.len() == name.len() && own.bytes().zip(name.bytes()).all(|(a, b)| fold(a) == fold(b))
}

/// How often an AVP stands in a command or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The AVP.
    pub code: AvpCode,
    /// At least so often.
    pub min: u16,
    /// At most so often; `None` is any number.
    pub max: Option<u16>,
    /// The document and section that say so.
    pub source: &'static str,
}

pub(crate) static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::load);

/// No definition stands at this place.
const NONE: u16 = u16::MAX;

pub(crate) struct Dictionary {
    definitions: Vec<Definition>,
    ietf: Vec<u16>,
    tgpp: Vec<u16>,
    codes: HashMap<AvpCode, u16, foldhash::fast::FixedState>,
    names: HashMap<&'static str, u16, foldhash::fast::FixedState>,
    commands: Vec<Command>,
    applications: Vec<Application>,
}

impl Dictionary {
    fn load() -> Self {
        let definitions: Vec<Definition> = FILES
            .iter()
            .flat_map(|(vendor, file)| rows(file).filter_map(|row| avp_row(row, *vendor)))
            .collect();
        let mut own = Self {
            definitions,
            ietf: vec![NONE; IETF_DENSE],
            tgpp: vec![NONE; TGPP_DENSE],
            codes: HashMap::default(),
            names: HashMap::default(),
            commands: command::load_commands(),
            applications: command::load_applications(),
        };
        for (index, definition) in own.definitions.iter().enumerate() {
            let Ok(index) = u16::try_from(index) else { break };
            let (vendor, number) = (definition.code.vendor(), definition.code.number() as usize);
            let dense = match vendor {
                0 => own.ietf.get_mut(number),
                TGPP => own.tgpp.get_mut(number),
                _ => None,
            };
            match dense {
                Some(place) => *place = index,
                None => drop(own.codes.insert(definition.code, index)),
            }
            own.names.entry(definition.name).or_insert(index);
        }
        for [alias, name, _source] in rows(ALIASES).filter_map(columns) {
            if let Some(index) = own.names.get(name).copied() {
                own.names.entry(alias).or_insert(index);
            }
        }
        own.load_values();
        own.load_rules();
        own
    }

    fn load_values(&mut self) {
        for row in rows(VALUES) {
            let Some((name, number, value)) = value_row(row) else { continue };
            let Some(index) = self.names.get(name) else { continue };
            self.definitions[usize::from(*index)].values.push((number, value));
        }
    }

    fn load_rules(&mut self) {
        for row in rows(RULES) {
            let Some((scope, name, min, max, source)) = rule_row(row) else { continue };
            let Some(own) = self.names.get(name).map(|index| &self.definitions[usize::from(*index)]) else {
                continue;
            };
            let rule = Rule { code: own.code, min, max, source };
            if let Some(group) = self.names.get(scope).copied() {
                self.definitions[usize::from(group)].rules.push(rule);
                continue;
            }
            let (abbreviation, application) = match scope.split_once('@') {
                Some((name, application)) => (name, application.parse().ok()),
                None => (scope, None),
            };
            for command in &mut self.commands {
                if application.is_some()
                    && command.application.is_some()
                    && command.application != application
                {
                    continue;
                }
                if command.request == abbreviation {
                    command.request_rules.push(rule);
                } else if command.answer == abbreviation {
                    command.answer_rules.push(rule);
                }
            }
        }
    }

    pub(crate) fn commands(&self) -> &[Command] {
        &self.commands
    }

    pub(crate) fn applications(&self) -> &[Application] {
        &self.applications
    }

    fn index(&self, code: AvpCode) -> Option<u16> {
        let number = code.number() as usize;
        let dense = match code.vendor() {
            0 => self.ietf.get(number).copied(),
            TGPP => self.tgpp.get(number).copied(),
            _ => None,
        };
        match dense {
            Some(index) => Some(index).filter(|index| *index != NONE),
            None => self.codes.get(&code).copied(),
        }
    }
}

fn avp_row(row: &'static str, vendor: u32) -> Option<Definition> {
    let [name, number, kind, flags, source] = columns(row)?;
    let mandatory = match flags {
        "M" => true,
        "-" => false,
        _ => return None,
    };
    let code = AvpCode::new(vendor, number.parse().ok()?);
    let kind = Kind::named(kind)?;
    Some(Definition { name, code, kind, mandatory, source, rules: Vec::new(), values: Vec::new() })
}

fn value_row(row: &'static str) -> Option<(&'static str, u32, &'static str)> {
    let [avp, number, name, _source] = columns(row)?;
    Some((avp, number.parse().ok()?, name))
}

type RuleRow = (&'static str, &'static str, u16, Option<u16>, &'static str);

fn rule_row(row: &'static str) -> Option<RuleRow> {
    let [scope, name, min, max, source] = columns(row)?;
    let max = if max == "-" { None } else { Some(max.parse().ok()?) };
    Some((scope, name, min.parse().ok()?, max, source))
}

/// The AVP of this code.
#[must_use]
#[inline]
pub fn avp(code: AvpCode) -> Option<&'static Definition> {
    let own = &*DICTIONARY;
    own.definitions.get(usize::from(own.index(code)?))
}

/// The AVP of this name or alias.
#[must_use]
pub fn named(name: &str) -> Option<&'static Definition> {
    let own = &*DICTIONARY;
    own.definitions.get(usize::from(*own.names.get(name)?))
}

/// Every AVP, source by source.
#[must_use]
pub fn avps() -> &'static [Definition] {
    &DICTIONARY.definitions
}

/// The code that a name stands for: a name of the dictionaries, `AVP-9999` or `Vendor-10415-AVP-9999`.
#[must_use]
pub fn code(name: &str) -> Option<AvpCode> {
    if let Some(known) = named(name) {
        return Some(known.code);
    }
    if let Some(number) = name.strip_prefix("AVP-") {
        return number.parse().ok().map(AvpCode::ietf);
    }
    let (vendor, number) = name.strip_prefix("Vendor-")?.split_once("-AVP-")?;
    Some(AvpCode::new(vendor.parse().ok()?, number.parse().ok()?))
}

/// Whether a field of a message may have this name.
#[must_use]
pub fn field_known(name: &str) -> bool {
    code(name.strip_suffix(crate::field::MANDATORY_MARK).unwrap_or(name)).is_some()
}

/// Every name that a field may have, without those by number; to suggest and to complete.
#[must_use]
pub fn field_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = DICTIONARY.names.keys().copied().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_file_is_read() {
        for (vendor, file) in FILES {
            for row in rows(file) {
                assert!(avp_row(row, *vendor).is_some(), "{row}");
            }
        }
        for row in rows(VALUES) {
            let (avp, ..) = value_row(row).unwrap_or_else(|| panic!("{row}"));
            assert!(named(avp).is_some(), "{row}");
        }
        for row in rows(ALIASES) {
            let [alias, name, _] = columns(row).unwrap_or_else(|| panic!("{row}"));
            assert_eq!(named(alias), named(name), "{row}");
        }
        for row in rows(RULES) {
            let (scope, name, ..) = rule_row(row).unwrap_or_else(|| panic!("{row}"));
            assert!(named(name).is_some(), "{row}");
            let abbreviation = scope.split('@').next().unwrap();
            let command = commands().iter().any(|own| [own.request, own.answer].contains(&abbreviation));
            assert!(command || named(scope).is_some_and(|own| own.kind == Kind::Grouped), "{row}");
        }
    }

    #[test]
    fn no_code_and_no_name_is_given_twice() {
        let mut codes: Vec<AvpCode> = avps().iter().map(|own| own.code).collect();
        codes.sort_unstable();
        let mut names: Vec<&str> = avps().iter().map(|own| own.name).collect();
        names.sort_unstable();
        for pair in codes.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        assert!(avps().iter().all(|own| avp(own.code) == Some(own) && named(own.name) == Some(own)));
    }

    #[test]
    fn names_of_values_are_read_as_the_documents_spell_them() {
        let node = named("SMS-Node").unwrap();
        assert_eq!(node.value_name(0), Some("SMS_ROUTER"));
        assert_eq!(node.value_number("SMS Router"), Some(0));
        assert_eq!(node.value_number("sms-sc"), Some(3));
        let indicator = named("Multiple-Services-Indicator").unwrap();
        assert_eq!(indicator.value_number("NOT_SUPPORTED"), Some(0));
        assert_eq!(indicator.value_name(0), Some("MULTIPLE_SERVICES_NOT_SUPPORTED"));
        assert_eq!(named("Session-ID").map(|own| own.name), Some("Session-Id"));
    }

    #[test]
    fn a_name_that_nothing_has_is_unknown() {
        for name in ["Rating-Group", "AVP-9999", "Vendor-10415-AVP-1", "GSU", "AVP-9999:M"] {
            assert!(field_known(name), "{name}");
        }
        for name in ["Rating-Groups", "AVP-", "Vendor-x-AVP-1", "Vendor-1", ""] {
            assert!(!field_known(name), "{name}");
        }
        assert!(field_names().iter().all(|name| field_known(name)));
    }

    #[test]
    fn rules_of_one_command_number_differ_by_application() {
        // PUR is Purge-UE of S6a and Profile-Update of Sh.
        let purge = command(321, 16_777_251).unwrap();
        assert_eq!((purge.request, purge.name), ("PUR", "Purge-UE"));
        assert!(purge.request_rules.iter().any(|rule| rule.code == named("PUR-Flags").unwrap().code));
        let profile = command(307, 16_777_217).unwrap();
        assert_eq!((profile.request, profile.request_rules.len()), ("PUR", 0));
        assert_eq!(command(321, 4), None);
    }
}
