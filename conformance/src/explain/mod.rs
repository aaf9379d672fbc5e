//! What `tollgate explain` says: of a kind of peer, of what it can be asked to do and what it observes, of a
//! requirement. It says what the tables say, which is what the check goes by.

mod show;

use tollgate_network::{Arg, ArgKind, FieldNames, Need, PeerKind, Sight, Verb};

use crate::requirements::{self, Requirement};
use crate::scenario::Registry;

/// How many names of a dictionary are listed.
const NAMES_SHOWN_MAX: usize = 400;

/// An explanation, to be printed or laid out by whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What is explained: `nas.dial`.
    pub title: String,
    /// What it is, a sentence or two.
    pub about: String,
    /// An example, as it stands in a scenario.
    pub example: Option<String>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A table of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it lists: `verbs`.
    pub heading: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// What may stand there, or whether it must: `text, required`; may be empty.
    pub value: String,
    /// One sentence.
    pub about: String,
}

/// Explains a kind of peer (`nas`), the system (`ocs`), one of their verbs or observations (`nas.dial`,
/// `ocs.xdr`), or a requirement (`RC-01`).
#[must_use]
pub fn explain(topic: &str, registry: &Registry) -> Option<Explanation> {
    if let Some(requirement) = requirements_of(registry).find(|requirement| requirement.id == topic) {
        return Some(of_requirement(requirement));
    }
    let (kind, part) = topic.split_once('.').map_or((topic, None), |(kind, part)| (kind, Some(part)));
    let kind = kinds_of(registry).find(|known| known.name == kind)?;
    match part {
        None => Some(of_kind(kind, registry)),
        Some(part) => match (kind.verb(part), kind.sight(part)) {
            (Some(verb), _) => Some(of_verb(kind, verb)),
            (None, Some(sight)) => Some(of_sight(kind, sight)),
            (None, None) => None,
        },
    }
}

/// Everything that can be explained, to suggest the nearest.
#[must_use]
pub fn topics(registry: &Registry) -> Vec<String> {
    let mut topics = Vec::new();
    for kind in kinds_of(registry) {
        topics.push(kind.name.to_owned());
        topics.extend(kind.verbs.iter().map(|verb| format!("{}.{}", kind.name, verb.name)));
        topics.extend(kind.sights.iter().map(|sight| format!("{}.{}", kind.name, sight.name)));
    }
    topics.extend(requirements_of(registry).map(|requirement| requirement.id.to_owned()));
    topics
}

/// The catalogue of requirements as tables, one a standard.
#[must_use]
pub fn catalogue() -> Explanation {
    let mut sections: Vec<Section> = Vec::new();
    for requirement in requirements::all() {
        let row = Row {
            name: requirement.id.to_owned(),
            value: String::new(),
            about: requirement.title.to_owned(),
        };
        match sections.last_mut() {
            Some(section) if section.heading == requirement.standard => section.rows.push(row),
            _ => sections.push(Section { heading: requirement.standard.to_owned(), rows: vec![row] }),
        }
    }
    Explanation {
        title: "requirements".to_owned(),
        about: "What `covers:` may name.".to_owned(),
        example: None,
        sections,
    }
}

fn kinds_of(registry: &Registry) -> impl Iterator<Item = &'static PeerKind> {
    registry.kinds.iter().copied().chain(std::iter::once(registry.system))
}

fn requirements_of(registry: &Registry) -> impl Iterator<Item = &'static Requirement> {
    registry.requirements.iter()
}

fn of_requirement(requirement: &Requirement) -> Explanation {
    let row = |name: &str, about: &str| Row {
        name: name.to_owned(),
        value: String::new(),
        about: about.to_owned(),
    };
    let confirmed = if requirement.confirmed {
        "compared with the text of the document"
    } else {
        "from memory, not yet compared"
    };
    Explanation {
        title: requirement.id.to_owned(),
        about: sentence(requirement.title),
        example: Some(format!("covers: [{}]", requirement.id)),
        sections: vec![Section {
            heading: "requirement".to_owned(),
            rows: vec![
                row("stands in", requirement.reference),
                row("binds", requirement.role.words()),
                row("reading", confirmed),
            ],
        }],
    }
}

fn of_kind(kind: &'static PeerKind, registry: &Registry) -> Explanation {
    let is_system = std::ptr::eq(kind, registry.system);
    let mut sections = vec![Section { heading: "settings".to_owned(), rows: rows_of(kind.settings) }];
    sections.push(Section {
        heading: "verbs".to_owned(),
        rows: (kind.verbs.iter())
            .map(|verb| Row { name: verb.name.to_owned(), value: signature(verb), about: phrase(verb.about) })
            .collect(),
    });
    sections.push(Section {
        heading: "observations".to_owned(),
        rows: (kind.sights.iter())
            .map(|sight| Row {
                name: sight.name.to_owned(),
                value: sight.subject.map(|subject| format!("is: {subject}")).unwrap_or_default(),
                about: phrase(sight.about),
            })
            .collect(),
    });
    sections.retain(|section| !section.rows.is_empty());
    let example = (!is_system).then(|| format!("peers: {{ one: {{ is: {}, at: 192.0.2.1 }} }}", kind.name));
    Explanation { title: kind.name.to_owned(), about: sentence(kind.about), example, sections }
}

fn of_verb(kind: &PeerKind, verb: &Verb) -> Explanation {
    let mut sections = vec![Section { heading: "arguments".to_owned(), rows: rows_of(verb.args) }];
    sections.retain(|section| !section.rows.is_empty());
    Explanation {
        title: format!("{}.{}", kind.name, verb.name),
        about: sentence(verb.about),
        example: Some(example_of(kind, verb)),
        sections,
    }
}

fn of_sight(kind: &PeerKind, sight: &Sight) -> Explanation {
    let row = |name: &str, about: &str| Row {
        name: name.to_owned(),
        value: if sight.subject == Some(name) { "what `is:` compares".to_owned() } else { String::new() },
        about: phrase(about),
    };
    let rows: Vec<Row> = match sight.fields {
        FieldNames::Fixed(names) => names.iter().map(|(name, about)| row(name, about)).collect(),
        names => names.all().iter().take(NAMES_SHOWN_MAX).map(|name| row(name, "")).collect(),
    };
    let mut sections = vec![Section { heading: "fields".to_owned(), rows }];
    sections.retain(|section| !section.rows.is_empty());
    Explanation {
        title: format!("{}.{}", kind.name, sight.name),
        about: sentence(sight.about),
        example: Some(format!("- expect: {{ {}: {}, within: 5s }}", kind.name, sight.name)),
        sections,
    }
}

fn rows_of(args: &[Arg]) -> Vec<Row> {
    let one = |arg: &Arg| Row {
        name: arg.name.to_owned(),
        value: match arg.need {
            Need::Required => format!("{}, required", written(&arg.kind)),
            Need::Optional => written(&arg.kind),
            Need::Default("") => format!("{}, else \"\"", written(&arg.kind)),
            Need::Default(text) => format!("{}, else {text}", written(&arg.kind)),
        },
        about: phrase(arg.about),
    };
    args.iter().map(one).collect()
}

/// How a value of this kind is written.
fn written(kind: &ArgKind) -> String {
    match kind {
        ArgKind::Text => "text".to_owned(),
        ArgKind::Integer { min, max } => format!("{min} to {max}"),
        ArgKind::Decimal => "number".to_owned(),
        ArgKind::Money => "money".to_owned(),
        ArgKind::Span => "span".to_owned(),
        ArgKind::Time => "time".to_owned(),
        ArgKind::Address => "address".to_owned(),
        ArgKind::Flag => "true or false".to_owned(),
        ArgKind::Choice(words) => words.join(" | "),
        ArgKind::List(inner) => format!("list of {}", written(inner)),
        ArgKind::Fields(_) => "fields".to_owned(),
    }
}

/// What a verb takes, at a glance.
fn signature(verb: &Verb) -> String {
    let names = verb.args.iter().map(|arg| match (arg.need, verb.main == Some(arg.name)) {
        (_, true) => format!("<{}>", arg.name),
        (Need::Required, false) => arg.name.to_owned(),
        (_, false) => format!("[{}]", arg.name),
    });
    names.collect::<Vec<_>>().join(" ")
}

fn example_of(kind: &PeerKind, verb: &Verb) -> String {
    let needed: Vec<String> = (verb.args.iter())
        .filter(|arg| arg.need == Need::Required)
        .map(|arg| format!("{}: {}", arg.name, sample(&arg.kind)))
        .collect();
    let main = verb.main.and_then(|main| verb.args.iter().find(|arg| arg.name == main));
    match (main, needed.as_slice()) {
        (Some(arg), [] | [_]) => format!("- {}.{}: {}", kind.name, verb.name, sample(&arg.kind)),
        (_, []) => format!("- {}.{}:", kind.name, verb.name),
        (_, needed) => format!("- {}.{}: {{ {} }}", kind.name, verb.name, needed.join(", ")),
    }
}

fn sample(kind: &ArgKind) -> String {
    match kind {
        ArgKind::Text => "\"…\"".to_owned(),
        ArgKind::Integer { min, .. } => min.to_string(),
        ArgKind::Decimal => "0.5".to_owned(),
        ArgKind::Money => "10.00 CAD".to_owned(),
        ArgKind::Span => "5s".to_owned(),
        ArgKind::Time => "2007-03-09T00:15:50-08:00".to_owned(),
        ArgKind::Address => "192.0.2.1".to_owned(),
        ArgKind::Flag => "true".to_owned(),
        ArgKind::Choice(words) => words.first().copied().unwrap_or("\"\"").to_owned(),
        ArgKind::List(inner) => format!("[{}]", sample(inner)),
        ArgKind::Fields(own) => own.example.to_owned(),
    }
}

/// Tables write their sentences with and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '?', '!']) { text.to_owned() } else { format!("{text}.") }
}

/// What stands in a row ends without a full stop, unless it is several sentences.
fn phrase(text: &str) -> String {
    let text = text.trim();
    match text.strip_suffix('.') {
        Some(short) if !short.contains(". ") && !short.ends_with('.') => short.to_owned(),
        _ => text.to_owned(),
    }
}
