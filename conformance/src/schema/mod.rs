//! The JSON Schema (draft 2020-12) by which an editor completes and checks a scenario while it is written.
//! It comes from the tables by which scenarios are checked. What a schema cannot say (that a peer is
//! declared, that a capture comes before its use) it leaves to `tollgate check`; what it refuses, the check
//! refuses too.

mod diameter;
mod local;
mod values;
mod world;

use serde_json::{Map, Value, json};
use tollgate_network::{Arg, Need, PeerKind, Sight, Verb};

use crate::scenario::{Invariant, Registry};
use values::{NAME, argument, flag, or_parameter, ratio, span, text, time, whole};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of scenario files.
#[must_use]
pub fn scenario(registry: &Registry) -> Value {
    let mut schema = document("A tollgate scenario", registry);
    let requirements: Vec<&str> = registry.requirements.iter().map(|requirement| requirement.id).collect();
    let one_or_more = |item: Value| json!({ "anyOf": [item, { "type": "array", "items": item }] });
    schema.insert(
        "properties".to_owned(),
        json!({
            "scenario": said("What it shows, in one line", text()),
            "covers": said("Requirements that it checks", one_or_more(json!({ "enum": requirements }))),
            "tags": said("Words to select it by", one_or_more(text())),
            "starts": said("The virtual wall clock at the first step", or_parameter(&time())),
            "exact-times": said("Whether it asserts times that only a virtual clock keeps; elsewhere it is skipped", or_parameter(&flag())),
            "strict": said("Whether an observation that nobody expected fails it", or_parameter(&flag())),
            "seed": said("The seed of everything drawn by chance", or_parameter(&whole(0, i64::MAX))),
            "network": said("How all links behave from the start", json!({ "$ref": "#/$defs/network" })),
            "world": said("What exists before the run: a file, or written out", world_reference()),
            "versions": said("Two versions of the system that run the same steps, and what may differ", versions()),
            "peers": said("Who takes part beside the system under test", json!({ "$ref": "#/$defs/peers" })),
            "steps": said("What happens", json!({ "$ref": "#/$defs/steps" })),
            "finally": said("What must be true in the end", json!({ "$ref": "#/$defs/finally" })),
            "matrix": said("One run for every combination of these values", json!({
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "type": "array", "minItems": 1 }
            })),
        }),
    );
    schema.insert("required".to_owned(), json!(["scenario", "world", "steps"]));
    Value::Object(schema)
}

/// The schema of files of sequences that scenarios share.
#[must_use]
pub fn sequence(registry: &Registry) -> Value {
    let mut schema = document("A sequence of steps for tollgate scenarios", registry);
    schema.insert(
        "properties".to_owned(),
        json!({
            "sequence": said("What it does, in one line", text()),
            "parameters": said("Its parameters: a list of names, or names with what they are when nothing is given", json!({
                "anyOf": [
                    { "type": "array", "items": { "type": "string", "pattern": NAME } },
                    { "type": "object", "propertyNames": { "pattern": NAME } }
                ]
            })),
            "steps": said("What happens", json!({ "$ref": "#/$defs/steps" })),
        }),
    );
    schema.insert("required".to_owned(), json!(["sequence", "steps"]));
    Value::Object(schema)
}

/// The schema of world files.
#[must_use]
pub fn world() -> Value {
    let mut schema = world::schema();
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".to_owned(), json!(DIALECT));
        map.insert("title".to_owned(), json!("A tollgate world"));
    }
    schema
}

fn document(title: &str, registry: &Registry) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("title".to_owned(), json!(title));
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert(
        "$defs".to_owned(),
        json!({
            "world": world::schema(),
            "network": network(),
            "peers": peers(registry),
            "steps": { "anyOf": [{ "type": "array", "items": { "$ref": "#/$defs/step" } }, { "type": "null" }] },
            "step": step(registry),
            "expect": expect(registry),
            "where": where_(registry),
            "matcher": matcher(),
            "fault": fault(),
            "finally": finally(registry),
        }),
    );
    schema
}

/// A world where a scenario needs one.
fn world_reference() -> Value {
    json!({ "anyOf": [text(), { "$ref": "#/$defs/world" }] })
}

/// The same schema with a sentence that an editor shows.
fn said(about: &str, mut schema: Value) -> Value {
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".to_owned(), json!(about));
    }
    schema
}

fn links() -> Map<String, Value> {
    let mut links = Map::new();
    for (name, about, schema) in [
        ("latency", "From sending to arrival", span()),
        ("delay", "The same as latency", span()),
        ("jitter", "At most this much is added by chance", span()),
        ("loss", "Packets that never arrive", ratio()),
        ("duplication", "Packets that arrive twice", ratio()),
        ("reordering", "Packets that later ones overtake", ratio()),
        ("reordering-delay", "How long such a packet is held back at most", span()),
        ("resets", "Segments at which their connection is reset", ratio()),
    ] {
        links.insert(name.to_owned(), said(about, or_parameter(&schema)));
    }
    links
}

fn network() -> Value {
    json!({ "type": ["object", "null"], "properties": links(), "additionalProperties": false })
}

fn fault() -> Value {
    let peer = json!({ "type": "string" });
    let pair = json!({ "anyOf": [peer, { "type": "array", "items": peer, "maxItems": 2 }] });
    let mut faults = links();
    for (name, about, schema) in [
        ("partition", "Nothing gets through between these", json!({ "anyOf": [pair, { "const": true }] })),
        ("reset", "Connections between these are reset", json!({ "anyOf": [pair, { "const": true }] })),
        ("crash", "This one stops at once", peer.clone()),
        ("restart", "This one comes back with what its durable record holds", peer),
        ("heal", "Links are as at the start", json!(true)),
        ("between", "Whose links: one name, or two", pair),
        ("for", "For how long", or_parameter(&span())),
    ] {
        faults.insert(name.to_owned(), said(about, schema));
    }
    json!({
        "anyOf": [
            { "const": "heal" },
            { "type": "object", "properties": faults, "additionalProperties": false, "minProperties": 1 }
        ]
    })
}

fn peers(registry: &Registry) -> Value {
    let kinds = registry.kinds.iter().map(|kind| peer(kind));
    let kinds: Vec<Value> = kinds.chain([further_system(registry.system)]).collect();
    json!({
        "anyOf": [
            { "type": "null" },
            {
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "anyOf": kinds }
            }
        ]
    })
}

fn peer(kind: &PeerKind) -> Value {
    let mut properties = arguments(kind.settings);
    properties.insert("is".to_owned(), said(kind.about, json!({ "const": kind.name })));
    let at = or_parameter(&argument(&tollgate_network::ArgKind::Address));
    let about = if kind.client { "Its address, that of a node of the world" } else { "Its address" };
    properties.insert("at".to_owned(), said(about, at));
    let systems = json!({ "anyOf": [text(), { "type": "array", "items": text(), "minItems": 1 }] });
    properties.insert("system".to_owned(), said("Whose client it is, the preferred one first", systems));
    let mut required = vec!["is", "at"];
    required.extend(names_required(kind.settings));
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A charging system beside the one under test.
fn further_system(kind: &PeerKind) -> Value {
    let mut properties = arguments(kind.settings);
    let at = or_parameter(&argument(&tollgate_network::ArgKind::Address));
    for (name, schema) in [
        ("is", said("Another charging system, or another site of one", json!({ "const": kind.name }))),
        ("at", said("Its address; of another system the one that its world says, without it", at)),
        ("world", said("What exists there before: a file, or the world itself", world_reference())),
        ("site-of", said("The system that it is another site of", text())),
    ] {
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": ["is"],
        "oneOf": [{ "required": ["world"] }, { "required": ["site-of", "at"] }],
        "additionalProperties": false
    })
}

fn arguments(args: &[Arg]) -> Map<String, Value> {
    let one = |arg: &Arg| {
        let about = match arg.need {
            Need::Required => arg.about.to_owned(),
            Need::Optional => format!("{} (may be left out)", arg.about),
            Need::Default(text) => format!("{} (default: {text:?})", arg.about),
        };
        (arg.name.to_owned(), said(&about, or_parameter(&argument(&arg.kind))))
    };
    args.iter().map(one).collect()
}

fn names_required(args: &'static [Arg]) -> impl Iterator<Item = &'static str> {
    args.iter().filter(|arg| arg.need == Need::Required).map(|arg| arg.name)
}

/// What may stand behind `<peer>.<verb>:`.
fn verb(verb: &Verb) -> Value {
    let named =
        json!({ "type": "object", "properties": arguments(verb.args), "additionalProperties": false });
    let mut forms = vec![named, json!({ "type": "null" })];
    if let Some(main) = verb.main.and_then(|main| verb.args.iter().find(|arg| arg.name == main)) {
        forms.push(or_parameter(&argument(&main.kind)));
    }
    said(verb.about, json!({ "anyOf": forms }))
}

fn step(registry: &Registry) -> Value {
    let mut properties = Map::new();
    let mut patterns = Map::new();
    // Kinds may have verbs of the same name: any of them may stand there.
    let mut verbs: Vec<(&str, Vec<Value>)> = Vec::new();
    for kind in registry.kinds.iter().copied().chain([registry.system]) {
        for one in kind.verbs {
            match verbs.iter_mut().find(|(name, _)| *name == one.name) {
                Some((_, forms)) => forms.push(verb(one)),
                None => verbs.push((one.name, vec![verb(one)])),
            }
            // `with:` and its like may stand beside the verb.
            for arg in one.args {
                properties.insert(arg.name.to_owned(), json!(true));
            }
        }
    }
    for (name, mut forms) in verbs {
        let form = if forms.len() == 1 { forms.remove(0) } else { json!({ "anyOf": forms }) };
        patterns.insert(format!("^(?!(?:ocs|world)\\.)[A-Za-z0-9_-]+\\.{name}$"), form);
    }
    patterns.insert("\\$\\{".to_owned(), json!(true));
    let mut changes = Map::new();
    for one in registry.system.verbs {
        properties.insert(format!("ocs.{}", one.name), verb(one));
        changes.insert(one.name.to_owned(), verb(one));
    }
    let until = json!({
        "type": "object",
        "properties": { "until": or_parameter(&time()) },
        "required": ["until"],
        "additionalProperties": false
    });
    let repeat = json!({
        "type": "object",
        "properties": {
            "times": said("How often", or_parameter(&whole(1, 20_000))),
            "as": said("The name under which the steps know the round, from 1", json!({ "type": "string", "pattern": NAME })),
            "steps": { "$ref": "#/$defs/steps" }
        },
        "required": ["times", "steps"],
        "additionalProperties": false
    });
    let random = random();
    let use_ = json!({
        "anyOf": [
            text(),
            {
                "type": "object",
                "properties": { "sequence": said("Its file; its parameters stand beside", text()) },
                "required": ["sequence"]
            }
        ]
    });
    for (name, about, schema) in [
        ("expect", "Who observes what", json!({ "$ref": "#/$defs/expect" })),
        ("where", "What must be true of the observation", json!({ "$ref": "#/$defs/where" })),
        ("capture", "What later steps know as ${name}", capture()),
        ("wait", "Lets time pass", json!({ "anyOf": [or_parameter(&span()), until] })),
        ("fault", "Something goes wrong on purpose", json!({ "$ref": "#/$defs/fault" })),
        ("use", "The steps of a shared sequence", use_),
        ("repeat", "Steps that happen several times", repeat),
        ("random", "Steps that are drawn from the seed of the run", random),
        (
            "may-refuse",
            "Whether the step passes too when its peer cannot do it in its present state",
            or_parameter(&flag()),
        ),
        (
            "world.change",
            "An administrator acts",
            json!({ "type": "object", "properties": changes, "additionalProperties": false, "minProperties": 1 }),
        ),
    ] {
        properties.insert(name.to_owned(), said(about, schema));
    }
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": false,
        "minProperties": 1
    })
}

fn versions() -> Value {
    let matcher = json!({ "$ref": "#/$defs/matcher" });
    let difference = json!({
        "type": "object",
        "properties": {
            "field": said("The field, dotted; without it, how often it is observed", text()),
            "from": said("What it is in the first version", matcher.clone()),
            "to": said("What it is in the second", matcher),
            "why": said("Why it may differ", text())
        },
        "required": ["from", "to", "why"],
        "additionalProperties": text()
    });
    let version = json!({
        "type": ["object", "null"],
        "properties": {
            "with": said("What the file knows as ${name} in this version", json!({
                "type": "object", "propertyNames": { "pattern": NAME }
            })),
            "world": said("What it lays over the world", json!({ "type": "object" }))
        },
        "additionalProperties": false
    });
    json!({
        "type": "object",
        "properties": { "differ": { "type": "array", "items": difference } },
        "additionalProperties": version
    })
}

/// What may stand behind `random:`.
fn random() -> Value {
    let value = json!({ "type": ["string", "number"] });
    let range = |least: Value| {
        json!({
            "anyOf": [
                least,
                {
                    "type": "object",
                    "properties": { "between": { "type": "array", "items": value, "minItems": 2, "maxItems": 2 } },
                    "required": ["between"],
                    "additionalProperties": false
                }
            ]
        })
    };
    let draw = json!({
        "type": "object",
        "propertyNames": { "pattern": NAME },
        "additionalProperties": range(json!({ "type": "array", "minItems": 1 }))
    });
    let choice = json!({
        "type": "object",
        "properties": {
            "weight": said("How likely it is beside the others (default: 1)", or_parameter(&whole(0, 1_000_000))),
            "draw": said("What its steps know as ${name}: one of a list, or what lies between two ends", draw),
            "steps": { "$ref": "#/$defs/steps" }
        },
        "required": ["steps"],
        "additionalProperties": false
    });
    json!({
        "type": "object",
        "properties": {
            "times": said("How often is drawn", range(or_parameter(&whole(0, 20_000)))),
            "gap": said("What passes between two draws", range(or_parameter(&span()))),
            "of": said("What is chosen from", json!({ "type": "array", "items": choice, "minItems": 1 }))
        },
        "required": ["times", "of"],
        "additionalProperties": false
    })
}

fn capture() -> Value {
    json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": { "type": "string" } })
}

fn sight_names(sights: &[Sight]) -> Vec<&'static str> {
    sights.iter().map(|sight| sight.name).collect()
}

fn expect(registry: &Registry) -> Value {
    let kinds = registry.kinds.iter().copied().chain([registry.system]);
    let mut seen: Vec<&str> = kinds.flat_map(|kind| sight_names(kind.sights)).collect();
    seen.sort_unstable();
    seen.dedup();
    json!({
        "type": "object",
        "properties": {
            "ocs": said("What the system under test observes", json!({ "enum": sight_names(registry.system.sights) })),
            "is": said("What the subject of the observation must be", json!({ "$ref": "#/$defs/matcher" })),
            "within": said("How long to wait for it", or_parameter(&span())),
            "times": said("How often it must be observed", or_parameter(&whole(1, 10_000))),
            "absent": said("Whether it must not be observed within the bound", or_parameter(&flag())),
            "where": { "$ref": "#/$defs/where" },
            "capture": capture(),
        },
        "additionalProperties": said("What this peer observes", or_parameter(&json!({ "enum": seen }))),
        "minProperties": 1
    })
}

/// Names of fields to be completed; dotted paths begin with one of them.
fn where_(registry: &Registry) -> Value {
    let mut properties = Map::new();
    let kinds = registry.kinds.iter().copied().chain(std::iter::once(registry.system));
    for sight in kinds.flat_map(|kind| kind.sights) {
        match sight.fields {
            tollgate_network::FieldNames::Fixed(names) => {
                for (name, about) in names {
                    let field = said(about, json!({ "$ref": "#/$defs/matcher" }));
                    properties.entry((*name).to_owned()).or_insert(field);
                }
            }
            names => {
                for name in names.all() {
                    properties.entry(name.to_owned()).or_insert_with(|| json!({ "$ref": "#/$defs/matcher" }));
                }
            }
        }
    }
    let other = json!({ "$ref": "#/$defs/matcher" });
    json!({ "type": "object", "properties": properties, "additionalProperties": other })
}

fn matcher() -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean"] });
    let value = json!({ "type": ["string", "number"] });
    let pair = json!({ "type": "array", "items": value, "minItems": 2, "maxItems": 2 });
    let list = json!({ "type": "array", "items": { "$ref": "#/$defs/matcher" }, "minItems": 1 });
    let object = |properties: Value, required: Value| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
            "minProperties": 1
        })
    };
    let bounds = json!({ "lt": value, "lte": value, "gt": value, "gte": value, "between": pair });
    json!({
        "anyOf": [
            said("A value, ~a pattern, any or absent", scalar),
            said("Each is matched by another occurrence, in any order", json!({
                "type": "array", "items": { "$ref": "#/$defs/matcher" }
            })),
            object(bounds, json!([])),
            object(json!({ "one-of": list }), json!(["one-of"])),
            object(json!({ "near": value, "by": value }), json!(["near", "by"])),
        ]
    })
}

fn finally(registry: &Registry) -> Value {
    let accounts = json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/matcher" } });
    let mut fields = Map::new();
    if let Some(xdr) = registry.system.sight("xdr") {
        for name in xdr.fields.all() {
            fields.insert(name.to_owned(), json!({ "$ref": "#/$defs/matcher" }));
        }
    }
    let other = json!({ "$ref": "#/$defs/matcher" });
    let xdr = json!({ "type": "object", "properties": fields, "additionalProperties": other });
    let events = json!({ "anyOf": [text(), { "type": "array", "items": text() }] });
    let own = json!({
        "balances": said("What the accounts have or owe", accounts.clone()),
        "reserved": said("What is reserved for sessions", accounts),
        "xdrs": said("Exactly these xDRs were written, in this order", json!({ "type": "array", "items": xdr })),
        "events": said("These events were emitted", events),
    });
    let further = json!({ "type": "object", "properties": own, "additionalProperties": false });
    let mut all = own;
    all["systems"] = said(
        "The same of further charging systems",
        json!({ "type": "object", "additionalProperties": further }),
    );
    let names: Vec<Value> =
        Invariant::ALL.map(|one| said(one.about(), json!({ "const": one.name() }))).into();
    let one = json!({ "anyOf": names });
    all["invariants"] =
        said("What is true of every run", json!({ "anyOf": [one, { "type": "array", "items": one }] }));
    json!({ "type": ["object", "null"], "properties": all, "additionalProperties": false })
}
