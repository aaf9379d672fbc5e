//! What earlier steps captured, and what it completes: arguments of actions, values of expectations.
//! Which names exist was checked before the run; what they hold is known only now.

use std::borrow::Cow;

use tollgate_wire::{Fields, Text, Value};

use crate::scenario::template::{self, TemplateError};
use crate::scenario::{Expectation, FieldMatch, Finally, LateArg, Matcher, Scalar, values};

/// Captured values by name; the latest under a name counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captures(Vec<(Text, Text)>);

impl Captures {
    /// Keeps a value as it is shown.
    pub(crate) fn keep(&mut self, name: &Text, value: &Value) {
        self.0.retain(|(own, _)| own != name);
        self.0.push((name.clone(), Text::from(value.to_string())));
    }

    fn get(&self, name: &str) -> Option<Text> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn fill(&self, template: &str) -> Result<Text, TemplateError> {
        template::fill(template, |name| self.get(name)).map(Text::from)
    }
}

/// Why a late argument could not be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LateError {
    /// A name that no step captured. The check before the run should have seen it.
    Template(TemplateError),
    /// What was captured is not what the argument takes.
    Unfit {
        /// The argument.
        arg: &'static str,
        /// What it would have been.
        text: Text,
        /// Why it cannot be that.
        why: String,
    },
}

/// All arguments of an action, late ones read as the type that the verb's table asks for.
pub(crate) fn arguments(known: &Fields, late: &[LateArg], captures: &Captures) -> Result<Fields, LateError> {
    let mut args = filled(known, captures).map_err(LateError::Template)?;
    for LateArg { arg, template } in late {
        let text = captures.fill(template).map_err(LateError::Template)?;
        // Text that was put together from captures counts as quoted: it is never taken for a number.
        match values::read(&arg.kind, &text, true) {
            Ok(value) => args.push(arg.name, value),
            Err(error) => return Err(LateError::Unfit { arg: arg.name, text, why: error.message }),
        }
    }
    Ok(args)
}

/// Arguments without captures but, possibly, inside their lists and groups.
fn filled(known: &Fields, captures: &Captures) -> Result<Fields, TemplateError> {
    let nested = |value: &Value| matches!(value, Value::List(_) | Value::Group(_));
    if !known.iter().any(|(_, value)| nested(value)) {
        return Ok(known.clone());
    }
    let fill = |value: &Value| match nested(value) {
        true => template::fill_value(value, &|name: &str| captures.get(name)),
        false => Ok(value.clone()),
    };
    known.iter().map(|(name, value)| Ok((Text::from(name), fill(value)?))).collect()
}

/// The expectation with every capture written out.
pub(crate) fn expectation<'a>(
    written: &'a Expectation,
    captures: &Captures,
) -> Result<Cow<'a, Expectation>, TemplateError> {
    let late = written.is.iter().chain(written.fields.iter().map(|field| &field.matcher)).any(is_late);
    if !late {
        return Ok(Cow::Borrowed(written));
    }
    let mut filled = written.clone();
    if let Some(is) = &mut filled.is {
        fill_matcher(is, captures)?;
    }
    fill_fields(&mut filled.fields, captures)?;
    Ok(Cow::Owned(filled))
}

/// The final assertions with every capture written out.
pub(crate) fn finally<'a>(
    written: &'a Finally,
    captures: &Captures,
) -> Result<Cow<'a, Finally>, TemplateError> {
    let late = is_late_of_system(written) || written.systems.iter().any(|(_, own)| is_late_of_system(own));
    if !late {
        return Ok(Cow::Borrowed(written));
    }
    let mut filled = written.clone();
    fill_system(&mut filled, captures)?;
    filled.systems.iter_mut().try_for_each(|(_, own)| fill_system(own, captures))?;
    Ok(Cow::Owned(filled))
}

/// Whether something of one system is to be written out; of further ones beside it nothing is said.
fn is_late_of_system(written: &Finally) -> bool {
    let mut accounts = written.balances.iter().chain(&written.reserved);
    let mut xdrs = written.xdrs.iter().flatten().flat_map(|xdr| &xdr.fields);
    accounts.any(|account| is_late(&account.matcher)) || xdrs.any(|field| is_late(&field.matcher))
}

fn fill_system(written: &mut Finally, captures: &Captures) -> Result<(), TemplateError> {
    for account in written.balances.iter_mut().chain(&mut written.reserved) {
        fill_matcher(&mut account.matcher, captures)?;
    }
    written.xdrs.iter_mut().flatten().try_for_each(|xdr| fill_fields(&mut xdr.fields, captures))
}

fn is_late(matcher: &Matcher) -> bool {
    let late = |scalar: &Scalar| matches!(scalar, Scalar::Late { .. });
    match matcher {
        Matcher::Equals(scalar) => late(scalar),
        Matcher::Compare(bounds) => bounds.iter().any(|(_, bound)| late(bound)),
        Matcher::Near(center, by) => late(center) || late(by),
        Matcher::OneOf(inner) | Matcher::All(inner) => inner.iter().any(is_late),
        Matcher::Regex(_) | Matcher::Any | Matcher::Absent => false,
    }
}

fn fill_fields(fields: &mut [FieldMatch], captures: &Captures) -> Result<(), TemplateError> {
    fields.iter_mut().try_for_each(|field| fill_matcher(&mut field.matcher, captures))
}

fn fill_matcher(matcher: &mut Matcher, captures: &Captures) -> Result<(), TemplateError> {
    match matcher {
        Matcher::Equals(scalar) => fill_scalar(scalar, captures),
        Matcher::Compare(bounds) => bounds.iter_mut().try_for_each(|(_, bound)| fill_scalar(bound, captures)),
        Matcher::Near(center, by) => {
            fill_scalar(center, captures)?;
            fill_scalar(by, captures)
        }
        Matcher::OneOf(inner) | Matcher::All(inner) => {
            inner.iter_mut().try_for_each(|matcher| fill_matcher(matcher, captures))
        }
        Matcher::Regex(_) | Matcher::Any | Matcher::Absent => Ok(()),
    }
}

fn fill_scalar(scalar: &mut Scalar, captures: &Captures) -> Result<(), TemplateError> {
    if let Scalar::Late { template, quoted } = scalar {
        let text = captures.fill(template)?;
        *scalar = if *quoted {
            Scalar::Text(text)
        } else {
            Scalar::Plain { value: values::plain(&text), written: text }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tollgate_network::{Arg, ArgKind, Need};

    use super::*;

    static AMOUNT: Arg =
        Arg { name: "amount", kind: ArgKind::Money, need: Need::Required, about: "How much." };

    fn captures() -> Captures {
        let mut captures = Captures::default();
        captures.keep(&"funds".into(), &Value::text("1.00"));
        captures.keep(&"funds".into(), &Value::text("10.00"));
        captures
    }

    fn late(template: &str) -> LateArg {
        LateArg { arg: &AMOUNT, template: template.into() }
    }

    #[test]
    fn a_late_argument_gets_the_type_of_its_verb() {
        let args =
            arguments(&Fields::new().with("account", "1"), &[late("${funds} CAD")], &captures()).unwrap();
        assert_eq!(args.get("amount"), Some(&Value::Money("10.00".parse().unwrap(), "CAD".into())));
        assert_eq!(args.get("account"), Some(&Value::text("1")));
    }

    #[test]
    fn captures_inside_a_message_are_written_out() {
        let with = Value::Group(Fields::new().with("Class", "${funds}"));
        let known = Fields::new().with("text", "${not-a-capture-here}").with("with", with);
        let args = arguments(&known, &[], &captures()).unwrap();
        assert_eq!(args.to_string(), "text: ${not-a-capture-here}, with: { Class: 10.00 }");
    }

    #[test]
    fn a_capture_that_does_not_fit_is_told_with_its_text() {
        let error = arguments(&Fields::new(), &[late("${funds}")], &captures()).unwrap_err();
        assert!(matches!(error, LateError::Unfit { arg: "amount", text, .. } if text == "10.00"));
        let error = arguments(&Fields::new(), &[late("${fund}")], &captures()).unwrap_err();
        assert_eq!(error, LateError::Template(TemplateError::Unknown("fund".to_owned())));
    }

    #[test]
    fn an_unquoted_capture_is_compared_as_a_number_and_a_quoted_one_as_text() {
        let fill = |quoted| {
            let scalar = Scalar::Late { template: "${funds}".into(), quoted };
            let mut matcher = Matcher::OneOf(vec![Matcher::Equals(scalar)]);
            fill_matcher(&mut matcher, &captures()).unwrap();
            super::super::matcher::holds(&matcher, &[&Value::from(10_i64)])
        };
        assert!(fill(false));
        assert!(!fill(true));
    }
}
