//! Arguments of verbs and settings of peers, read by the tables that their kinds publish.

use tollgate_network::{Arg, ArgKind, Need, Verb, Vocabulary};
use tollgate_wire::{Fields, Text, Value};

use super::model::LateArg;
use super::naming::{self, Use};
use super::values;
use super::{read, template};
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::yaml::{Entry, Kind, Node};

/// What an argument is before the run.
#[derive(Debug)]
pub(super) enum Read {
    /// Its value; texts inside a list or a group may hold `${captures}`.
    Known(Value),
    /// A text with `${captures}`.
    Late(Text),
}

/// Who knows which captures there are.
pub(super) trait Captures {
    /// Whether every `${name}` in a text stands for a capture; if not, that is reported.
    fn check(&mut self, text: &str, span: Span, collector: &mut Collector) -> bool;
}

/// Nothing has been captured.
pub(super) struct NoCaptures;

impl Captures for NoCaptures {
    fn check(&mut self, _: &str, span: Span, collector: &mut Collector) -> bool {
        collector.push(
            Problem::error(span, "this cannot be known before the run")
                .advice("captures may stand in steps and in `finally:`; a parameter comes from `matrix:`"),
        );
        false
    }
}

/// The arguments of a verb: those of a map, or the main one alone; `beside` are keys next to the verb
/// (`with:`, `corrupt:`).
pub(super) fn of_verb(
    verb: &'static Verb,
    (named, span): (&str, Span),
    value: &Node,
    beside: &[&Entry],
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<(Fields, Vec<LateArg>)> {
    let mut given: Vec<(&str, Span, &Node)> = Vec::new();
    let mut complete = true;
    match &value.kind {
        Kind::Broken => return None,
        Kind::Map(entries) => {
            given.extend(entries.iter().map(|entry| (entry.key.text.as_str(), entry.key.span, &entry.value)));
        }
        _ if value.is_empty() => {}
        _ => match verb.main {
            Some(main) => given.push((main, value.span, value)),
            None => {
                let names: Vec<&str> = verb.args.iter().map(|arg| arg.name).collect();
                let help = if names.is_empty() {
                    format!("write `{named}:` alone")
                } else {
                    format!("name the argument: {{ {}: … }}", names.join(": …, "))
                };
                collector.push(
                    Problem::error(value.span, format!("{named} does not take a single value")).help(help),
                );
                complete = false;
            }
        },
    }
    for entry in beside {
        let name = entry.key.text.as_str();
        if let Some((_, first, _)) = given.iter().find(|(other, ..)| *other == name) {
            let message = format!("'{}' is given twice", shown(name));
            collector.push(Problem::error(entry.key.span, message).also(*first, "here too"));
            continue;
        }
        given.push((name, entry.key.span, &entry.value));
    }
    let known: Vec<&str> = verb.args.iter().map(|arg| arg.name).collect();
    for (name, span, _) in given.iter().filter(|(name, ..)| !known.contains(name)) {
        collector.push(
            Problem::error(*span, format!("{named} has no argument '{}'", shown(name))).help(known_names(
                name,
                "arguments",
                &known,
            )),
        );
        complete = false;
    }
    let (mut args, mut late) = (Fields::new(), Vec::new());
    for arg in verb.args {
        match given.iter().find(|(name, ..)| *name == arg.name) {
            Some((_, _, node)) => match self::value(node, arg, captures, collector) {
                Some(Read::Known(value)) => args.push(arg.name, value),
                Some(Read::Late(template)) => late.push(LateArg { arg, template }),
                None => complete = false,
            },
            None => match arg.need {
                Need::Optional => {}
                Need::Default(text) => match default(arg, text, span, collector) {
                    Some(value) => args.push(arg.name, value),
                    None => complete = false,
                },
                Need::Required => {
                    collector.push(
                        Problem::error(span, format!("{named} needs '{}'", arg.name))
                            .help(arg.about.to_owned()),
                    );
                    complete = false;
                }
            },
        }
    }
    complete.then_some((args, late))
}

/// One argument.
pub(super) fn value(
    node: &Node,
    arg: &Arg,
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<Read> {
    let what = format!("'{}'", arg.name);
    match (&arg.kind, &node.kind) {
        (ArgKind::List(inner), Kind::Sequence(items)) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                values.push(element(item, inner, &what, captures, collector));
            }
            values.into_iter().collect::<Option<Vec<Value>>>().map(|values| Read::Known(Value::List(values)))
        }
        (ArgKind::List(inner), _) => {
            let value = element(node, inner, &what, captures, collector)?;
            Some(Read::Known(Value::List(vec![value])))
        }
        (ArgKind::Fields(own), Kind::Map(_)) => {
            group(node, own, &mut Vec::new(), captures, collector).map(Read::Known)
        }
        (kind, Kind::Scalar(scalar)) if scalar.text.contains("${") && !matches!(kind, ArgKind::Fields(_)) => {
            let text = Text::from(scalar.text.as_str());
            captures.check(&text, node.span, collector).then_some(Read::Late(text))
        }
        (kind, _) => read::typed(node, kind, &what, collector).map(Read::Known),
    }
}

/// An element of a list, whose captures stay in its text.
fn element(
    node: &Node,
    kind: &ArgKind,
    what: &str,
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<Value> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.text.contains("${") && matches!(kind, ArgKind::Text) => {
            captures.check(&scalar.text, node.span, collector).then(|| Value::text(scalar.text.as_str()))
        }
        Kind::Map(_) => match kind {
            ArgKind::Fields(own) => group(node, own, &mut Vec::new(), captures, collector),
            _ => read::typed(node, kind, what, collector),
        },
        _ => read::typed(node, kind, what, collector),
    }
}

/// Fields of a message. A list repeats its name, a map is a group.
fn group<'n>(
    node: &'n Node,
    own: &Vocabulary,
    groups: &mut Vec<&'n str>,
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<Value> {
    let mut fields = Fields::new();
    let mut complete = true;
    for entry in read::entries(node, "a group of fields", collector) {
        let name = entry.key.text.as_str();
        // One word on a group in the wrong place is enough.
        if !naming::check(own, groups, (name, entry.key.span), Use::Written, collector) {
            complete = false;
            continue;
        }
        let items = match &entry.value.kind {
            Kind::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for item in items {
            let value = match &item.kind {
                Kind::Map(_) => {
                    groups.push(name);
                    let value = group(item, own, groups, captures, collector);
                    groups.pop();
                    value
                }
                Kind::Scalar(scalar) => {
                    naming::check_text(own, name, (&scalar.text, item.span), collector);
                    field(item, captures, collector)
                }
                _ => field(item, captures, collector),
            };
            match value {
                Some(value) => fields.push(entry.key.text.as_str(), value),
                None => complete = false,
            }
        }
    }
    complete.then_some(Value::Group(fields))
}

/// One field of a message. Only what shows again as it was written gets a type; `1 GiB` and times stay
/// text, for the message's dictionary to read.
fn field(node: &Node, captures: &mut impl Captures, collector: &mut Collector) -> Option<Value> {
    let scalar = read::scalar(node, "a field", collector)?;
    let text = scalar.text.as_str();
    if text.contains("${") {
        return captures.check(text, node.span, collector).then(|| Value::text(text));
    }
    if node.is_empty() {
        collector
            .push(Problem::error(node.span, "the field has no value").advice("write \"\" for an empty text"));
        return None;
    }
    if scalar.quoted {
        return Some(Value::text(text));
    }
    let value = values::plain(text);
    Some(if value.to_string() == text { value } else { Value::text(text) })
}

/// What an argument is when it is left out.
pub(super) fn default(arg: &Arg, text: &str, span: Span, collector: &mut Collector) -> Option<Value> {
    match values::read(&arg.kind, text, true) {
        Ok(value) => Some(value),
        Err(error) => {
            // Only a mistake in the table of the peer's kind leads here.
            let message = format!("the default of '{}' is broken: {error}", arg.name);
            collector.push(
                Problem::error(span, message).advice("this is a mistake in tollgate, please report it"),
            );
            None
        }
    }
}

/// The names in a text, all of which are well formed; a broken one is reported.
pub(super) fn names<'t>(text: &'t str, span: Span, collector: &mut Collector) -> Option<Vec<&'t str>> {
    match template::names(text) {
        Ok(names) => Some(names),
        Err(error) => {
            collector.push(Problem::error(span, error.to_string()).advice("write ${name}"));
            None
        }
    }
}
