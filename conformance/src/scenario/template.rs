//! `${name}` inside texts: parameters are written out before the check, captures when a step runs.

use tollgate_wire::{Fields, Text, Value};

/// A text whose `${…}` is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without its `}`.
    #[error("'${{' has no '}}' behind it")]
    Unclosed,
    /// What stands between the braces is not a name.
    #[error("'${{{0}}}' does not hold a name of letters, digits, hyphens and underscores")]
    NotAName(String),
    /// Nothing is known under this name.
    #[error("nothing was captured as '{0}'")]
    Unknown(String),
}

/// Whether a text may be a name in `${…}`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

/// The names in a text, in order.
///
/// # Errors
/// One of them is broken.
pub fn names(template: &str) -> Result<Vec<&str>, TemplateError> {
    let mut names = Vec::new();
    for part in Parts(template) {
        if let Part::Name(name) = part? {
            names.push(name);
        }
    }
    Ok(names)
}

/// The text with every name that `known` knows written out; others stay as they are.
///
/// # Errors
/// A name is broken.
pub fn fill_known(template: &str, known: impl Fn(&str) -> Option<Text>) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    for part in Parts(template) {
        match part? {
            Part::Text(text) => filled.push_str(text),
            Part::Name(name) => match known(name) {
                Some(value) => filled.push_str(&value),
                None => filled.extend(["${", name, "}"]),
            },
        }
    }
    Ok(filled)
}

/// The text with every name written out.
///
/// # Errors
/// A name is broken or unknown.
pub fn fill(template: &str, known: impl Fn(&str) -> Option<Text>) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    for part in Parts(template) {
        match part? {
            Part::Text(text) => filled.push_str(text),
            Part::Name(name) => {
                filled.push_str(&known(name).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?);
            }
        }
    }
    Ok(filled)
}

/// The value with every name in its texts written out, inside lists and groups too.
///
/// # Errors
/// A name is broken or unknown.
pub fn fill_value(value: &Value, known: &impl Fn(&str) -> Option<Text>) -> Result<Value, TemplateError> {
    Ok(match value {
        Value::Text(text) if text.contains("${") => Value::text(fill(text, known)?),
        Value::List(values) => {
            Value::List(values.iter().map(|value| fill_value(value, known)).collect::<Result<_, _>>()?)
        }
        Value::Group(fields) => {
            let mut filled = Fields::with_capacity(fields.len());
            for (name, value) in fields.iter() {
                filled.push(name, fill_value(value, known)?);
            }
            Value::Group(filled)
        }
        other => other.clone(),
    })
}

enum Part<'t> {
    Text(&'t str),
    Name(&'t str),
}

struct Parts<'t>(&'t str);

impl<'t> Iterator for Parts<'t> {
    type Item = Result<Part<'t>, TemplateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(start) = self.0.find("${") else {
            return Some(Ok(Part::Text(std::mem::take(&mut self.0))));
        };
        if start > 0 {
            let (text, rest) = self.0.split_at(start);
            self.0 = rest;
            return Some(Ok(Part::Text(text)));
        }
        let inside = std::mem::take(&mut self.0).strip_prefix("${")?;
        let Some((name, rest)) = inside.split_once('}') else {
            return Some(Err(TemplateError::Unclosed));
        };
        if !is_name(name) {
            return Some(Err(TemplateError::NotAName(name.chars().take(40).collect())));
        }
        self.0 = rest;
        Some(Ok(Part::Name(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<Text> {
        (name == "card").then(|| "100".into())
    }

    #[test]
    fn names_are_written_out() {
        assert_eq!(fill("a ${card}# ${card}", known).unwrap(), "a 100# 100");
        assert_eq!(fill("no names, a $ and a }", known).unwrap(), "no names, a $ and a }");
        assert_eq!(fill_known("${card}-${funds}", known).unwrap(), "100-${funds}");
        assert_eq!(names("x${a}${b-c}").unwrap(), ["a", "b-c"]);
    }

    #[test]
    fn a_broken_or_unknown_name_is_refused() {
        assert_eq!(fill("${card", known), Err(TemplateError::Unclosed));
        assert_eq!(fill("${}", known), Err(TemplateError::NotAName(String::new())));
        assert_eq!(fill("${a b}", known), Err(TemplateError::NotAName("a b".to_owned())));
        assert_eq!(fill("${funds}", known), Err(TemplateError::Unknown("funds".to_owned())));
    }

    #[test]
    fn names_inside_groups_are_written_out() {
        let group = Value::Group(Fields::new().with("User-Name", "${card}").with("Port", 5_u32));
        let filled = fill_value(&group, &known).unwrap();
        assert_eq!(filled.to_string(), "{ User-Name: 100, Port: 5 }");
    }
}
