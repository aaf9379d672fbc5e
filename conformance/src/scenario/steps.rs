//! `steps:` one after the other, with sequences and repetitions written out.

use std::path::{Path as FilePath, PathBuf};

use tollgate_network::Impairment;
use tollgate_wire::Path;

use super::args;
use super::captures::CaptureNames;
use super::files::Files;
use super::load::{self, Registry};
use super::model::{Deed, Step, Who};
use super::naming::{self, Use};
use super::peers::Peers;
use super::random::Chance;
use super::substitute::Parameters;
use super::{expect, faults, read};
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::yaml::{Entry, Keys, Kind, Node};

/// At most this many steps of one scenario, everything written out.
pub(super) const STEPS_MAX: usize = 20_000;
/// At most this many rounds and uses of sequences, be they empty.
const LISTS_MAX: usize = 100_000;
/// How deep sequences and repetitions may stand in one another.
const DEPTH_MAX: usize = 16;
/// How much of a step is shown on its line.
const TEXT_CHARS_MAX: usize = 160;
/// Words that begin a step without a peer.
pub(super) const WORDS: [&str; 7] = ["expect", "wait", "fault", "use", "repeat", "random", "world.change"];
/// Beside a step that acts: it may be refused.
const MAY_REFUSE: &str = "may-refuse";

/// Reads steps and keeps what later ones refer to.
pub(super) struct Steps<'a> {
    pub(super) registry: &'a Registry,
    pub(super) peers: &'a Peers,
    /// How the links are from the start, which a fault changes in part.
    pub(super) network: Impairment,
    pub(super) captures: CaptureNames,
    pub(super) collector: &'a mut Collector,
    /// What `random:` draws with when a run is written out; none while a file is checked.
    pub(super) chance: Option<Chance>,
    files: &'a mut Files,
    done: Vec<Step>,
    /// The steps as they could have been written, each with the number of the draw that it belongs to.
    written: Vec<Written>,
    /// Whether they are kept.
    writing: bool,
    /// Draws so far; a step outside of any is one by itself.
    draws: usize,
    /// Whether there was a `random:` step.
    pub(super) random: bool,
    /// Whether the steps being read were drawn.
    drawn: bool,
    /// Steps that draws will add at most.
    ahead: usize,
    /// Files of sequences that are being read.
    inside: Vec<PathBuf>,
    depth: usize,
    lists: usize,
    pub(super) full: bool,
}

/// A step with its draw.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// It, as a map.
    pub(crate) node: Node,
    /// The draw that it belongs to.
    pub(crate) draw: usize,
    /// Whether it was drawn; what stands around the draws makes their outcome mean something.
    pub(crate) drawn: bool,
}

/// How far the steps were before something is tried out.
pub(super) struct Kept {
    done: usize,
    lists: usize,
    ahead: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        registry: &'a Registry,
        peers: &'a Peers,
        network: Impairment,
        files: &'a mut Files,
        collector: &'a mut Collector,
    ) -> Self {
        Self {
            registry,
            peers,
            network,
            captures: CaptureNames::default(),
            collector,
            chance: None,
            files,
            done: Vec::new(),
            written: Vec::new(),
            writing: false,
            draws: 0,
            random: false,
            drawn: false,
            ahead: 0,
            inside: Vec::new(),
            depth: 0,
            lists: 0,
            full: false,
        }
    }

    /// What is read from now on is kept as it could have been written; with a source of chance, draws are drawn.
    pub(super) fn write_out_with(&mut self, chance: Option<Chance>) {
        self.writing = true;
        self.chance = chance;
    }

    /// Whether there was a `random:` step.
    pub(super) const fn draws_anything(&self) -> bool {
        self.random
    }

    /// Draws begin; whether they are within no others.
    pub(super) fn begin_draws(&mut self) -> bool {
        !std::mem::replace(&mut self.drawn, true)
    }

    /// What follows is another draw.
    pub(super) fn next_draw(&mut self, outermost: bool) {
        self.draws += usize::from(outermost);
    }

    /// Draws end.
    pub(super) fn end_draws(&mut self, outermost: bool) {
        self.drawn = !outermost;
    }

    /// Where the steps are now, to come back to.
    pub(super) fn keep(&self) -> Kept {
        Kept { done: self.done.len(), lists: self.lists, ahead: self.ahead }
    }

    /// Forgets the steps since then.
    pub(super) fn restore(&mut self, kept: &Kept) {
        self.done.truncate(kept.done);
        (self.lists, self.ahead) = (kept.lists, kept.ahead);
    }

    /// How many steps there are, with those that draws will add at most.
    pub(super) fn length(&self) -> usize {
        self.done.len().saturating_add(self.ahead)
    }

    /// Counts steps that draws will add at most.
    pub(super) fn count_ahead(&mut self, steps: usize, at: Span) {
        self.ahead = self.ahead.saturating_add(steps);
        if self.length() > STEPS_MAX {
            let message = format!("the scenario may have more than {STEPS_MAX} steps, everything drawn");
            self.collector.error(at, message);
        }
    }

    fn too_many(&mut self, at: Span) {
        self.full = true;
        let message = format!("the scenario has more than {STEPS_MAX} steps, everything written out");
        self.collector.error(at, message);
    }

    /// The steps with how they could have been written; that nothing uses a capture says nothing here.
    pub(super) fn into_written(self) -> (Vec<Step>, Vec<Written>) {
        (self.done, self.written)
    }

    /// The steps; captures that nothing used are pointed out.
    pub(super) fn finish(self) -> Vec<Step> {
        // Where something is broken, the step that uses it may be what could not be read.
        let sound = self.collector.errors() == 0;
        if sound {
            self.captures.warn_of_unused(self.collector);
        }
        self.done
    }

    /// Reads a list of steps that stands in `path`; `parameters` are known there and written out already.
    pub(super) fn read_list(&mut self, node: &Node, path: &FilePath, parameters: &Parameters) {
        if self.depth >= DEPTH_MAX {
            let message = format!("steps stand more than {DEPTH_MAX} levels deep in one another");
            self.collector.error(node.span, message);
            return;
        }
        self.lists += 1;
        if self.lists > LISTS_MAX {
            self.full = true;
            let message = format!("more than {LISTS_MAX} repetitions and sequences, everything written out");
            self.collector.error(node.span, message);
            return;
        }
        if self.depth == 0 {
            self.captures.look_ahead(node);
        }
        self.depth += 1;
        let items = match &node.kind {
            Kind::Map(_) => {
                self.collector.push(
                    Problem::error(node.span, "steps are a list, this is a map")
                        .advice("begin every step with `- `"),
                );
                &[]
            }
            _ => read::items(node, "`steps:`", self.collector),
        };
        for item in items {
            if self.full {
                break;
            }
            self.read_step(item, path, parameters);
        }
        self.depth -= 1;
    }

    fn read_step(&mut self, node: &Node, path: &FilePath, parameters: &Parameters) {
        let Kind::Map(entries) = &node.kind else {
            not_a_step(node, self.collector);
            return;
        };
        let heads: Vec<&Entry> = entries.iter().filter(|entry| is_head(&entry.key.text)).collect();
        let head = match heads.as_slice() {
            [] => {
                self.unknown_step(entries);
                return;
            }
            [head] => *head,
            [head, second, ..] => {
                self.collector.push(
                    Problem::error(second.key.span, "a second step stands in the same item of the list")
                        .also(head.key.span, "the first step")
                        .advice("begin it with `- ` on a line of its own"),
                );
                return;
            }
        };
        let beside: Vec<&Entry> = entries.iter().filter(|entry| !std::ptr::eq(*entry, head)).collect();
        let deed = match head.key.text.as_str() {
            "expect" => expect::read(self, head, &beside).map(Deed::Expect),
            "wait" => {
                self.nothing_beside("wait", &beside);
                faults::wait(&head.value, self.collector)
            }
            "fault" => {
                self.nothing_beside("fault", &beside);
                faults::fault(self, &head.value, head.key.span).map(Deed::Fault)
            }
            "use" => {
                self.nothing_beside("use", &beside);
                self.use_sequence(head, path);
                None
            }
            "repeat" => {
                self.nothing_beside("repeat", &beside);
                self.repeat(head, path, parameters);
                None
            }
            "random" => {
                self.nothing_beside("random", &beside);
                self.random(head, path, parameters);
                None
            }
            "world.change" => {
                let (refusable, rest) = self.may_refuse(&beside);
                self.nothing_beside("world.change", &rest);
                self.change(head, refusable, &beside);
                None
            }
            _ => {
                let (refusable, rest) = self.may_refuse(&beside);
                self.act(head, &rest, refusable)
            }
        };
        if let Some(deed) = deed {
            self.add(head, &beside, deed);
        }
    }

    fn add(&mut self, head: &Entry, beside: &[&Entry], does: Deed) {
        if self.done.len() >= STEPS_MAX {
            self.too_many(head.key.span);
            return;
        }
        let place = self.collector.place(head.key.span);
        if !self.drawn {
            self.draws += 1;
        }
        if self.writing {
            let entries = std::iter::once(head).chain(beside.iter().copied()).cloned().collect();
            let node = Node { kind: Kind::Map(entries), span: head.key.span };
            self.written.push(Written { node, draw: self.draws, drawn: self.drawn });
        }
        self.done.push(Step { place, text: line(head, beside).into(), does });
    }

    fn unknown_step(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        let name = first.key.text.as_str();
        let mut known: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
        for peer in self.peers.names() {
            if let Some(kind) = self.peers.find(peer).and_then(|actor| actor.kind) {
                known.extend(kind.verbs.iter().map(|verb| format!("{peer}.{}", verb.name)));
            }
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        // A verb without its peer is the likeliest slip.
        let ending = format!(".{name}");
        let help = (known.iter().find(|step| step.ends_with(&ending)))
            .map(|step| format!("did you mean '{step}'?"))
            .or_else(|| known_names(name, "steps", &known));
        self.collector
            .push(Problem::error(first.key.span, format!("no step is called '{}'", shown(name))).help(help));
    }

    fn nothing_beside(&mut self, what: &str, beside: &[&Entry]) {
        for entry in beside {
            let message = format!("`{what}:` has no '{}' beside it", shown(&entry.key.text));
            self.collector.error(entry.key.span, message);
        }
    }

    /// Whether the step may be refused, and what else stands beside it.
    fn may_refuse<'n>(&mut self, beside: &[&'n Entry]) -> (bool, Vec<&'n Entry>) {
        let (own, rest): (Vec<&Entry>, Vec<&Entry>) =
            beside.iter().partition(|entry| entry.key.text == MAY_REFUSE);
        let flag = own.first().and_then(|own| read::flag(&own.value, "`may-refuse:`", self.collector));
        (flag.unwrap_or_default(), rest)
    }

    /// `<peer>.<verb>:`
    fn act(&mut self, head: &Entry, beside: &[&Entry], may_refuse: bool) -> Option<Deed> {
        let named = head.key.text.as_str();
        let (peer, verb) = named.split_once('.')?;
        let Some(actor) = self.peers.find_with_system(peer, self.registry) else {
            let mut known = self.peers.names();
            known.push("ocs");
            let help = match peer {
                "world" => Some("did you mean 'world.change'?".to_owned()),
                _ => known_names(peer, "peers", &known),
            };
            let span =
                Span { end: head.key.span.start + u32::try_from(peer.len()).unwrap_or(0), ..head.key.span };
            let message = format!("no peer is called '{}'", shown(peer));
            self.collector
                .push(Problem::error(if head.key.quoted { head.key.span } else { span }, message).help(help));
            return None;
        };
        let kind = actor.kind?;
        let Some(verb) = kind.verb(verb) else {
            let known: Vec<&str> = kind.verbs.iter().map(|verb| verb.name).collect();
            self.collector.push(
                Problem::error(
                    head.key.span,
                    format!("a peer of kind '{}' has no verb '{}'", kind.name, shown(verb)),
                )
                .help(known_names(verb, "verbs", &known)),
            );
            return None;
        };
        let place = (named, head.key.span);
        let (args, late) =
            args::of_verb(verb, place, &head.value, beside, &mut self.captures, self.collector)?;
        Some(Deed::Act { who: actor.who, verb, args, late, may_refuse })
    }

    /// `world.change: { top-up: { … } }`: each entry is a step of its own.
    fn change(&mut self, head: &Entry, may_refuse: bool, beside: &[&Entry]) {
        let system = self.registry.system;
        let entries = read::entries(&head.value, "`world.change:`", self.collector);
        if entries.is_empty() && !matches!(head.value.kind, Kind::Broken) {
            let known: Vec<&str> = system.verbs.iter().map(|verb| verb.name).collect();
            self.collector.push(
                Problem::error(head.key.span, "`world.change:` does not say what changes")
                    .help(known_names("", "changes", &known)),
            );
        }
        for entry in entries {
            let name = entry.key.text.as_str();
            let Some(verb) = system.verb(name) else {
                let known: Vec<&str> = system.verbs.iter().map(|verb| verb.name).collect();
                self.collector.push(
                    Problem::error(entry.key.span, format!("no change is called '{}'", shown(name)))
                        .help(known_names(name, "changes", &known)),
                );
                continue;
            };
            let place = (name, entry.key.span);
            let read = args::of_verb(verb, place, &entry.value, &[], &mut self.captures, self.collector);
            if let Some((args, late)) = read {
                let one = Entry {
                    key: head.key.clone(),
                    value: Node { kind: Kind::Map(vec![entry.clone()]), span: head.value.span },
                };
                let deed = Deed::Act { who: Who::System, verb, args, late, may_refuse };
                self.add(&one, beside, deed);
            }
        }
    }

    /// `repeat: { times: 3, as: round, steps: […] }`
    fn repeat(&mut self, head: &Entry, path: &FilePath, parameters: &Parameters) {
        let Some(mut keys) = Keys::of(&head.value, "`repeat:`", self.collector) else { return };
        let bounds = (1, i64::try_from(STEPS_MAX).unwrap_or(i64::MAX));
        let times: Option<usize> = (keys.need("times", "`repeat:`", self.collector))
            .and_then(|node| read::whole(node, "the number of repetitions", bounds, self.collector));
        let named = keys.value("as").and_then(|node| {
            let name = read::text(node, "the name of the round", self.collector)?;
            load::check_parameter_name(&name, node.span, self.collector);
            if parameters.contains(&name) {
                self.collector.error(node.span, format!("'{name}' is a parameter already"));
            }
            Some((name, node.span))
        });
        let steps = keys.need("steps", "`repeat:`", self.collector);
        keys.finish("`repeat:`", self.collector);
        let (Some(times), Some(steps)) = (times, steps) else { return };
        for round in 1..=times {
            if self.full {
                return;
            }
            match &named {
                Some((name, span)) => {
                    let mut rounds = Parameters::default();
                    let scalar = crate::yaml::Scalar { text: round.to_string(), quoted: false };
                    rounds.set(name.clone(), Node { kind: Kind::Scalar(scalar), span: *span });
                    let written = rounds.write_into(steps, self.collector);
                    self.read_list(&written, path, parameters);
                }
                None => self.read_list(steps, path, parameters),
            }
        }
    }

    /// `use: { sequence: sequences/login.yaml, card: "…" }`, or the path alone.
    fn use_sequence(&mut self, head: &Entry, path: &FilePath) {
        let mut with: Vec<&Entry> = Vec::new();
        let reference = match &head.value.kind {
            Kind::Map(_) => {
                let Some(mut keys) = Keys::of(&head.value, "`use:`", self.collector) else { return };
                let reference = keys.need("sequence", "`use:`", self.collector);
                with = keys.rest();
                reference
            }
            _ => Some(&head.value),
        };
        let Some(reference) = reference else { return };
        let Some(name) = read::text(reference, "the path of a sequence", self.collector) else { return };
        let at = reference.span;
        let Some((file, tree)) = self.files.open(&name, "sequence", at, path, self.collector) else { return };
        if self.inside.contains(&file) {
            self.collector.error(at, format!("the sequence '{}' uses itself", shown(&name)));
            return;
        }
        let Some(sequence) = load::sequence(&tree, self.collector) else { return };
        let Some(parameters) = self.parameters(&sequence, &with, at) else { return };
        let steps = parameters.write_into(&sequence.steps, self.collector);
        self.captures.look_ahead(&steps);
        self.inside.push(file.clone());
        self.read_list(&steps, &file, &parameters);
        self.inside.pop();
    }

    /// The parameters of a sequence as they were given.
    fn parameters(&mut self, sequence: &load::Sequence, with: &[&Entry], at: Span) -> Option<Parameters> {
        let known: Vec<&str> = sequence.parameters.iter().map(|(name, ..)| name.as_str()).collect();
        let mut complete = true;
        for entry in with.iter().filter(|entry| !known.contains(&entry.key.text.as_str())) {
            let name = entry.key.text.as_str();
            self.collector.push(
                Problem::error(entry.key.span, format!("the sequence has no parameter '{}'", shown(name)))
                    .help(known_names(name, "parameters", &known)),
            );
            complete = false;
        }
        let mut parameters = Parameters::default();
        for (name, declared, default) in &sequence.parameters {
            let given = with.iter().find(|entry| entry.key.text == name.as_str()).map(|entry| &entry.value);
            match given.or(default.as_ref()) {
                Some(value) => parameters.set(name.clone(), value.clone()),
                None => {
                    self.collector.push(
                        Problem::error(at, format!("the sequence needs the parameter '{name}'"))
                            .also(*declared, "declared here")
                            .help(format!("write `{name}: …` beside `sequence:`")),
                    );
                    complete = false;
                }
            }
        }
        complete.then_some(parameters)
    }

    /// The field that a path of `where:` or `capture:` reaches, known to the sight.
    pub(super) fn path(&mut self, text: &str, span: Span, sight: &tollgate_network::Sight) -> Option<Path> {
        path(text, span, sight, self.collector)
    }
}

/// The field that a path reaches, known to the sight.
pub(super) fn path(
    text: &str,
    span: Span,
    sight: &tollgate_network::Sight,
    collector: &mut Collector,
) -> Option<Path> {
    let path = match Path::parse(text) {
        Ok(path) => path,
        Err(error) => {
            collector.error(span, error.to_string());
            return None;
        }
    };
    if let tollgate_network::FieldNames::Message(own) = sight.fields
        && sight.fields.contains(path.head())
    {
        let names: Vec<&str> = path.names().collect();
        let known = |place: usize| {
            let name = (names[place], span);
            naming::check(own, &names[..place], name, Use::Read, collector)
        };
        return (0..names.len()).all(known).then_some(path);
    }
    if sight.fields.contains(path.head()) {
        return Some(path);
    }
    let known = sight.fields.all();
    collector.push(
        Problem::error(span, format!("{} has no field '{}'", sight.name, shown(path.head())))
            .help(known_names(path.head(), "fields", &known)),
    );
    None
}

/// Reports an item of a list that is no step.
pub(super) fn not_a_step(node: &Node, collector: &mut Collector) {
    if matches!(node.kind, Kind::Broken) {
        return;
    }
    let colon = node.scalar().map(|scalar| scalar.text.as_str()).filter(|text| is_head(text));
    let help = colon.map_or("write `peer.verb: value`".to_owned(), |text| format!("write `{text}:`"));
    collector.push(
        Problem::error(node.span, format!("a step is `what: how`, this is {}", node.described())).help(help),
    );
}

pub(super) fn is_head(key: &str) -> bool {
    WORDS.contains(&key) || key.contains('.')
}

/// A step on one line: `ivr.dial: "10086610975#"`.
fn line(head: &Entry, beside: &[&Entry]) -> String {
    let mut line = head.key.text.clone();
    line.push(':');
    if !head.value.is_empty() {
        line.push(' ');
        line.push_str(&head.value.line());
    }
    if head.key.text != "expect" {
        for entry in beside {
            line.push_str(&format!(" {}: {}", entry.key.line(), entry.value.line()));
        }
    }
    if line.chars().count() > TEXT_CHARS_MAX {
        line = line.chars().take(TEXT_CHARS_MAX - 1).chain(std::iter::once('…')).collect();
    }
    line
}
