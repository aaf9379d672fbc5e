//! An ordered tree of named values, and the dotted paths that reach into it.

use std::fmt;

use crate::{Text, Value};

/// Named values in the order of the message; a name may stand several times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Vec<(Text, Value)>);

impl Fields {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Room for `capacity` fields.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Appends a field.
    pub fn push(&mut self, name: impl Into<Text>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }

    /// The same, to be chained.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.push(name, value);
        self
    }

    /// The first value under `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Every value under `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value)
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every value that `path` reaches, in order.
    #[must_use]
    pub fn find<'a>(&'a self, path: &Path) -> Vec<&'a Value> {
        let mut found = Vec::new();
        path.collect(self, 0, &mut found);
        found
    }
}

impl FromIterator<(Text, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Display for Fields {
    /// `name: value, name: value`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}: {value}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// A dotted path into a field tree: `h323-ivr-in.Tariff`, or with a choice among repeated groups
/// `Multiple-Services-Credit-Control[Rating-Group=100].Granted-Service-Unit.CC-Total-Octets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    name: Text,
    /// Only groups in which this field shows as this text.
    choice: Option<(Text, Text)>,
}

/// A text was not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Two dots in a row, or one at an end.
    #[error("'{0}' has an empty step; write Name.Name")]
    EmptyStep(String),
    /// A bracket without its partner, or without `Name=value` inside.
    #[error("'{0}' has a broken choice; write Name[Field=value]")]
    BrokenChoice(String),
}

impl Path {
    /// Reads a dotted path.
    ///
    /// # Errors
    /// An empty step or a broken choice.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let steps: Result<Vec<Step>, PathError> =
            split_outside_brackets(text).map(|s| Step::parse(s, text)).collect();
        Ok(Self { steps: steps? })
    }

    /// The name of the first step: the field of the message.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.steps[0].name
    }

    /// The names of the steps, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.name.as_str())
    }

    fn collect<'a>(&self, fields: &'a Fields, depth: usize, found: &mut Vec<&'a Value>) {
        let step = &self.steps[depth];
        for value in fields.all_named(&step.name) {
            if !step.admits(value) {
                continue;
            }
            match value {
                _ if depth + 1 == self.steps.len() => found.push(value),
                Value::Group(inner) => self.collect(inner, depth + 1, found),
                _ => {}
            }
        }
    }
}

impl Fields {
    fn all_named(&self, name: &Text) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value)
    }
}

impl Step {
    fn parse(text: &str, whole: &str) -> Result<Self, PathError> {
        let broken = || PathError::BrokenChoice(whole.to_owned());
        let (name, choice) = match text.split_once('[') {
            None if text.contains(']') => return Err(broken()),
            None => (text, None),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(']').ok_or_else(broken)?;
                let (field, value) = inside.split_once('=').ok_or_else(broken)?;
                if field.is_empty() || value.is_empty() {
                    return Err(broken());
                }
                (name, Some((field.into(), value.into())))
            }
        };
        if name.is_empty() {
            return Err(PathError::EmptyStep(whole.to_owned()));
        }
        Ok(Self { name: name.into(), choice })
    }

    fn admits(&self, value: &Value) -> bool {
        let Some((field, wanted)) = &self.choice else { return true };
        match value {
            Value::Group(inner) => inner.all(field).any(|own| own.to_string() == wanted.as_str()),
            _ => false,
        }
    }
}

/// Dots inside brackets belong to the value of the choice.
fn split_outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |letter: char| {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == '.' && depth == 0
    })
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps.iter().enumerate() {
            write!(f, "{}{}", if place == 0 { "" } else { "." }, step.name)?;
            if let Some((field, value)) = &step.choice {
                write!(f, "[{field}={value}]")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Fields {
        let group = |number: i64, octets: i64| {
            Value::Group(Fields::new().with("Rating-Group", number).with("CC-Total-Octets", octets))
        };
        Fields::new().with("MSCC", group(100, 5)).with("MSCC", group(200, 7)).with("Plain", "x")
    }

    fn find(path: &str) -> Vec<String> {
        groups().find(&Path::parse(path).unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_path_reaches_every_repeated_group() {
        assert_eq!(find("MSCC.CC-Total-Octets"), ["5", "7"]);
        assert_eq!(find("Plain"), ["x"]);
        assert!(find("Plain.Inner").is_empty());
    }

    #[test]
    fn a_choice_picks_one_group() {
        assert_eq!(find("MSCC[Rating-Group=200].CC-Total-Octets"), ["7"]);
        assert!(find("MSCC[Rating-Group=300].CC-Total-Octets").is_empty());
    }

    #[test]
    fn a_broken_path_is_refused_and_a_good_one_is_shown_as_written() {
        for text in ["", "a..b", ".a", "a.", "a[b", "a]b", "a[b]", "a[=1]"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        let text = "MSCC[Name=1.5].Inner";
        assert_eq!(Path::parse(text).unwrap().to_string(), text);
    }
}
