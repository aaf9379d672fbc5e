//! Response templates: what a node wants added to, or changed in, the answers that it gets. A template is a list of
//! lines `<attribute> <operation> <value>`; they are read when the world is loaded, so that a mistake is found there.
//!
//! - `=` adds an attribute that the answer has not yet, `:=` replaces those that it has, `+=` adds one more.
//! - A value may stand in single quotes. In it `${name}` is a variable, `${name:-default}` or `${name:default}` has a
//!   default where the variable is not set, `${name:=default}` is empty and sets the variable where it is not set,
//!   `${name:+default}` is the default where the variable is set, `${name:?default}` where it is not.
//! - A default `$other` is the value of another variable.
//! - A value that turns out empty adds nothing: RADIUS has no empty attributes (RFC 2865 section 5).
//!
//! It knows nothing of sessions: the caller fills the variables in.
//!
//! Source: ESI, customize RADIUS response attributes using templates. The documents leave out the sign of two modifiers;
//! `-` and `+` are those of the shell, from which the notation comes.

use std::collections::BTreeMap;
use std::fmt;

use tollgate_radius::{Builder, EncodeError, Packet, attribute, field_known};
use tollgate_wire::{Text, Value};

/// What a line does with the attributes that the answer has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `=`: nothing is added when there is one.
    Default,
    /// `:=`: they are replaced.
    Replace,
    /// `+=`: one more is added.
    Append,
}

/// What becomes of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    /// Its value, else the default.
    Or,
    /// Nothing; the default becomes its value where it has none.
    Assign,
    /// The default where it has a value.
    WhenSet,
    /// The default where it has none.
    WhenUnset,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable { name: String, modifier: Modifier, default: Fallback },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fallback {
    Text(String),
    Variable(String),
}

/// The text of a line's value, with its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(Vec<Part>);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: Text,
    operation: Operation,
    value: Expression,
}

/// The lines of a node, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Templates(Vec<Line>);

/// What the placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(BTreeMap<String, String>);

/// A line that cannot be read: at which character, counted from 1, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {fault}")]
pub struct TemplateError {
    /// The character.
    pub column: usize,
    /// Why.
    pub fault: TemplateFault,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// There is no operation.
    #[error("no operation; write <attribute> = <value>, with := to replace and += to add one more")]
    NoOperation,
    /// There is nothing in front of the operation.
    #[error("no attribute in front of the operation")]
    NoAttribute,
    /// No dictionary has the attribute.
    #[error("no dictionary has an attribute '{0}'")]
    UnknownAttribute(String),
    /// There is nothing behind the operation.
    #[error("no value behind the operation; write '' for an empty one")]
    NoValue,
    /// The value's quote is not closed.
    #[error("the quote is not closed")]
    OpenQuote,
    /// Something stands behind the closing quote.
    #[error("'{0}' stands behind the closing quote")]
    BehindQuote(String),
    /// A placeholder is not closed.
    #[error("the placeholder is not closed; write ${{name}}")]
    OpenPlaceholder,
    /// A placeholder or a default names no variable, or one with characters that no variable has.
    #[error("'{0}' is not the name of a variable: letters, digits, '.', '_' and '-'")]
    BadName(String),
}

impl Variables {
    /// Sets one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of one; an empty one counts as set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|own| own.is_ascii_alphanumeric() || matches!(own, '.' | '_' | '-'))
}

/// The column of the octet at `at`, counted from 1 in characters.
fn column(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).chars().count() + 1
}

impl Expression {
    /// Reads the text of a value.
    ///
    /// # Errors
    /// A placeholder is not closed, or does not name a variable.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let error = |at, fault| TemplateError { column: column(text, at), fault };
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(begin) = text[at..].find("${").map(|found| at + found) {
            if begin > at {
                parts.push(Part::Text(text[at..begin].to_owned()));
            }
            let inner = begin + 2;
            let end = text[inner..].find('}').map(|found| inner + found);
            let end = end.ok_or_else(|| error(begin, TemplateFault::OpenPlaceholder))?;
            let part = placeholder(&text[inner..end]).map_err(|fault| error(inner, fault))?;
            parts.push(part);
            at = end + 1;
        }
        if at < text.len() {
            parts.push(Part::Text(text[at..].to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text, with every placeholder replaced.
    #[must_use]
    pub fn expand(&self, variables: &mut Variables) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable { name, modifier, default } => {
                    let known = variables.get(name);
                    let default = match default {
                        Fallback::Text(text) => text.as_str(),
                        Fallback::Variable(other) => variables.get(other).unwrap_or_default(),
                    };
                    match (modifier, known) {
                        (Modifier::Or, Some(known)) => out.push_str(known),
                        (Modifier::Or | Modifier::WhenUnset, None) | (Modifier::WhenSet, Some(_)) => {
                            out.push_str(default);
                        }
                        (Modifier::Assign, None) => {
                            let default = default.to_owned();
                            variables.set(name.as_str(), default);
                        }
                        (Modifier::Assign | Modifier::WhenUnset, Some(_)) | (Modifier::WhenSet, None) => {}
                    }
                }
            }
        }
        out
    }
}

fn placeholder(text: &str) -> Result<Part, TemplateFault> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let named = |name: &str| {
        if is_name(name) { Ok(name.to_owned()) } else { Err(TemplateFault::BadName(name.to_owned())) }
    };
    let name = named(name)?;
    let (modifier, default) = match rest.chars().next() {
        Some('-') => (Modifier::Or, &rest[1..]),
        Some('=') => (Modifier::Assign, &rest[1..]),
        Some('+') => (Modifier::WhenSet, &rest[1..]),
        Some('?') => (Modifier::WhenUnset, &rest[1..]),
        _ => (Modifier::Or, rest),
    };
    let default = match default.strip_prefix('$') {
        Some(other) => Fallback::Variable(named(other)?),
        None => Fallback::Text(default.to_owned()),
    };
    Ok(Part::Variable { name, modifier, default })
}

fn parse_line(text: &str) -> Result<Line, TemplateError> {
    let error = |at, fault| TemplateError { column: column(text, at), fault };
    let equals = text.find('=').ok_or_else(|| error(0, TemplateFault::NoOperation))?;
    let front = &text[..equals];
    let (operation, front) = match front.as_bytes().last() {
        Some(b':') => (Operation::Replace, &front[..equals - 1]),
        Some(b'+') => (Operation::Append, &front[..equals - 1]),
        _ => (Operation::Default, front),
    };
    let name = front.trim();
    if name.is_empty() {
        return Err(error(0, TemplateFault::NoAttribute));
    }
    if !field_known(name) {
        let at = front.len() - front.trim_start().len();
        return Err(error(at, TemplateFault::UnknownAttribute(name.to_owned())));
    }
    let behind = &text[equals + 1..];
    let value_at = equals + 1 + (behind.len() - behind.trim_start().len());
    let value = behind.trim();
    let (value, value_at) = match value.strip_prefix('\'') {
        None if value.is_empty() => return Err(error(value_at, TemplateFault::NoValue)),
        None => (value, value_at),
        Some(quoted) => {
            let end = quoted.find('\'').ok_or_else(|| error(value_at, TemplateFault::OpenQuote))?;
            let rest = quoted[end + 1..].trim();
            if !rest.is_empty() {
                let at = value_at + 1 + end + 1;
                return Err(error(at, TemplateFault::BehindQuote(rest.to_owned())));
            }
            (&quoted[..end], value_at + 1)
        }
    };
    let within = column(text, value_at) - 1;
    let value = Expression::parse(value)
        .map_err(|inner| TemplateError { column: within + inner.column, fault: inner.fault })?;
    Ok(Line { name: name.into(), operation, value })
}

impl Templates {
    /// Reads the lines of a node.
    ///
    /// # Errors
    /// The first line that cannot be read, counted from 0, with its fault.
    pub fn parse<S: AsRef<str>>(lines: &[S]) -> Result<Self, (usize, TemplateError)> {
        let lines = lines.iter().enumerate();
        lines
            .map(|(at, line)| parse_line(line.as_ref()).map_err(|error| (at, error)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes that the lines make when nothing is there before, by name.
    #[must_use]
    pub fn expand(&self, variables: &mut Variables) -> Vec<(Text, String)> {
        self.over(&[], variables).1
    }

    /// What becomes of an answer that has attributes of these names: the names that are taken away from it, and the
    /// attributes that are added.
    fn over(&self, names: &[Text], variables: &mut Variables) -> (Vec<Text>, Vec<(Text, String)>) {
        let mut removed: Vec<Text> = Vec::new();
        let mut added: Vec<(Text, String)> = Vec::new();
        for line in &self.0 {
            let value = line.value.expand(variables);
            if value.is_empty() {
                continue;
            }
            let there = names.contains(&line.name) && !removed.contains(&line.name);
            match line.operation {
                Operation::Default if there || added.iter().any(|(name, _)| *name == line.name) => continue,
                Operation::Replace => {
                    added.retain(|(name, _)| *name != line.name);
                    removed.push(line.name.clone());
                }
                Operation::Default | Operation::Append => {}
            }
            added.push((line.name.clone(), value));
        }
        (removed, added)
    }

    /// Applies the lines to the attributes of an answer that was signed already, and writes what comes of it to `onto`.
    /// The Message-Authenticator is left out: the caller adds and computes it anew.
    ///
    /// # Errors
    /// A value does not fit its attribute.
    pub(crate) fn rewrite(
        &self,
        answer: &Packet<'_>,
        onto: &mut Builder,
        variables: &mut Variables,
    ) -> Result<(), EncodeError> {
        let names: Vec<Text> = answer.fields().iter().map(|(name, _)| Text::from(name.to_owned())).collect();
        let (removed, added) = self.over(&names, variables);
        for own in answer.attributes() {
            if own.number == attribute::MESSAGE_AUTHENTICATOR || removed_is(&removed, own.number, own.value) {
                continue;
            }
            onto.bytes(own.number, own.value)?;
        }
        write(&added, onto)
    }
}

/// Writes attributes by name.
///
/// # Errors
/// A value does not fit its attribute.
pub(crate) fn write(attributes: &[(Text, String)], onto: &mut Builder) -> Result<(), EncodeError> {
    attributes.iter().try_for_each(|(name, value)| onto.field(name, &Value::from(value.as_str())))
}

/// Whether the attribute as it stands is one of those that are taken away.
fn removed_is(removed: &[Text], number: u8, value: &[u8]) -> bool {
    if removed.is_empty() {
        return false;
    }
    let mut alone = Builder::new(tollgate_radius::Code::ACCESS_ACCEPT, 0);
    let octets = alone
        .bytes(number, value)
        .and_then(|()| alone.finish_response(&[0; 16], &tollgate_radius::Secret::new("-")));
    let Ok(octets) = octets else { return false };
    let Ok(packet) = Packet::parse(&octets) else { return false };
    let fields = packet.fields();
    fields.iter().any(|(name, _)| removed.iter().any(|own| **own == *name))
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "=",
            Self::Replace => ":=",
            Self::Append => "+=",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use tollgate_radius::{Code, Secret};

    use super::*;

    fn variables(all: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        all.iter().for_each(|(name, value)| variables.set(*name, *value));
        variables
    }

    fn expanded(text: &str, known: &[(&str, &str)]) -> String {
        Expression::parse(text).unwrap().expand(&mut variables(known))
    }

    #[test]
    fn each_modifier_does_what_it_is_for() {
        for (text, set, unset) in [
            ("<${a}>", "<1>", "<>"),
            ("<${a:x}>", "<1>", "<x>"),
            ("<${a:-x}>", "<1>", "<x>"),
            ("<${a:+x}>", "<x>", "<>"),
            ("<${a:?x}>", "<>", "<x>"),
            ("<${a:=x}>", "<>", "<>"),
            ("<${a:-$b}>", "<1>", "<2>"),
            ("<${a:+$b}>", "<2>", "<>"),
            ("<${a:-$nothing}>", "<1>", "<>"),
            ("<${a:-}>", "<1>", "<>"),
        ] {
            assert_eq!(expanded(text, &[("a", "1"), ("b", "2")]), set, "{text} set");
            assert_eq!(expanded(text, &[("b", "2")]), unset, "{text} unset");
        }
    }

    #[test]
    fn an_assigned_variable_is_used_later_on() {
        let lines = ["Filter-Id = '${policy:=full}${policy}'", "Reply-Message = 'you have ${policy}'"];
        let added = Templates::parse(&lines).unwrap().expand(&mut Variables::default());
        assert_eq!(added[0].1, "full");
        assert_eq!(added[1].1, "you have full");
        assert_eq!(expanded("${a:=x}${a}", &[("a", "1")]), "1");
    }

    fn fault(line: &str) -> String {
        parse_line(line).unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        assert!(fault("Filter-Id 'x'").starts_with("column 1: no operation"));
        assert_eq!(fault(" := x"), "column 1: no attribute in front of the operation");
        assert_eq!(fault(" Filter-It = x"), "column 2: no dictionary has an attribute 'Filter-It'");
        assert!(fault("Filter-Id = ").contains("no value behind the operation"));
        assert_eq!(fault("Filter-Id = 'x"), "column 13: the quote is not closed");
        assert_eq!(fault("Filter-Id = 'x' y"), "column 16: 'y' stands behind the closing quote");
        assert_eq!(fault("Filter-Id += 'x${a'"), "column 16: the placeholder is not closed; write ${name}");
        assert!(fault("Filter-Id = ${a b}").starts_with("column 15: 'a b' is not the name"));
        assert!(fault("Filter-Id = ${a:-$}").contains("'' is not the name"));
        assert_eq!(Templates::parse(&["Filter-Id = x", "y"]).unwrap_err().0, 1);
    }

    fn rewritten(lines: &[&str], known: &[(&str, &str)]) -> Vec<String> {
        let secret = Secret::new("x");
        let mut answer = Builder::new(Code::ACCESS_ACCEPT, 1);
        answer.text(attribute::REPLY_MESSAGE, "hello").unwrap();
        answer.u32(attribute::SESSION_TIMEOUT, 60).unwrap();
        answer.ivr_in("Tariff", "PrepaidCard").unwrap();
        let octets = answer.finish_response(&[0; 16], &secret).unwrap();
        let mut onto = Builder::new(Code::ACCESS_ACCEPT, 1);
        let templates = Templates::parse(lines).unwrap();
        templates.rewrite(&Packet::parse(&octets).unwrap(), &mut onto, &mut variables(known)).unwrap();
        let octets = onto.finish_response(&[0; 16], &secret).unwrap();
        let fields = Packet::parse(&octets).unwrap().fields();
        fields.iter().map(|(name, value)| format!("{name} = {value}")).collect()
    }

    #[test]
    fn the_operations_keep_replace_and_add() {
        let before =
            ["Reply-Message = hello", "Session-Timeout = 60", "h323-ivr-in = { Tariff: PrepaidCard }"];
        assert_eq!(rewritten(&["Session-Timeout = 90"], &[]), before);
        let with = |more: &str| {
            before.iter().map(|own| (*own).to_owned()).chain([more.to_owned()]).collect::<Vec<_>>()
        };
        assert_eq!(rewritten(&["Idle-Timeout = 90"], &[]), with("Idle-Timeout = 90"));
        assert_eq!(rewritten(&["Reply-Message += 'good day'"], &[]), with("Reply-Message = good day"));
        assert_eq!(
            rewritten(&["Session-Timeout := 90"], &[]),
            [before[0], before[2], "Session-Timeout = 90"]
        );
        assert_eq!(
            rewritten(&["h323-ivr-in := 'A:1'"], &[]),
            [before[0], before[1], "h323-ivr-in = { A: 1 }"]
        );
        // What expands to nothing changes nothing.
        assert_eq!(rewritten(&["Session-Timeout := ${none}"], &[]), before);
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error_and_not_another_value() {
        let mut onto = Builder::new(Code::ACCESS_ACCEPT, 1);
        let templates = Templates::parse(&["Session-Timeout = ${time}"]).unwrap();
        let added = templates.expand(&mut variables(&[("time", "soon")]));
        assert!(write(&added, &mut onto).is_err());
    }

    /// Names, texts and modifiers; `a` and `b` may be set.
    fn piece() -> impl Strategy<Value = (String, Option<(String, char, String)>)> {
        let text = "[a-z $:;=+?-]{0,6}";
        let name = prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c.d_e".to_owned())];
        let modifier = prop_oneof![Just('-'), Just('='), Just('+'), Just('?')];
        (text, prop::option::of((name, modifier, "[a-z]{0,4}")))
    }

    proptest! {
        #[test]
        fn expansion_agrees_with_the_rules_one_by_one(
            pieces in prop::collection::vec(piece(), 0..6),
            a in prop::option::of("[a-z]{0,3}"),
        ) {
            let mut text = String::new();
            let mut expected = String::new();
            let mut known: BTreeMap<String, String> = a.iter().map(|a| ("a".to_owned(), a.clone())).collect();
            let start = variables(&a.iter().map(|a| ("a", a.as_str())).collect::<Vec<_>>());
            for (plain, placed) in &pieces {
                // A '$' at the end would join the brace that follows.
                let plain = plain.trim_end_matches('$');
                text.push_str(plain);
                expected.push_str(plain);
                let Some((name, modifier, default)) = placed else { continue };
                text.push_str(&format!("${{{name}:{modifier}{default}}}"));
                let value = known.get(name).cloned();
                match modifier {
                    '-' => expected.push_str(value.as_ref().unwrap_or(default)),
                    '+' => expected.push_str(if value.is_some() { default } else { "" }),
                    '?' => expected.push_str(if value.is_some() { "" } else { default }),
                    _ => { known.entry(name.clone()).or_insert_with(|| default.clone()); }
                }
            }
            let mut after = start;
            prop_assert_eq!(Expression::parse(&text).unwrap().expand(&mut after), expected);
            prop_assert_eq!(after.0, known);
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_an_error(text in any::<String>()) {
            if let Ok(expression) = Expression::parse(&text) {
                let once = expression.expand(&mut Variables::default());
                prop_assert!(once.len() <= text.len());
            }
            if let Err(error) = parse_line(&text) {
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
            }
        }
    }
}
