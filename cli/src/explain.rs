//! `tollgate explain`: what a word of the scenario language, a requirement or a return code means.

use tollgate_conformance::diagnostics;
use tollgate_conformance::explain::{self, Explanation, Row, Section};
use tollgate_ocs_gateway::return_codes::{self, ReturnCode};

use crate::exit::Exit;
use crate::registry::registry;

const EXAMPLES: &str = "\
Examples:
  tollgate explain nas                 settings, verbs and observations of a kind of peer
  tollgate explain nas.dial            one verb
  tollgate explain ocs.xdr             one observation and its fields
  tollgate explain RC-01               a requirement; `requirements` lists all of them
  tollgate explain 9                   a return code; also by its name: cld_blocked; `return-codes` lists all of them";

/// Explains a kind of peer, a verb, an observation, a requirement or a return code.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to explain; without it, everything that can be explained is listed
    topic: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let explanation = match arguments.topic.as_deref() {
        None => Some(overview()),
        Some("requirements") => Some(explain::catalogue()),
        Some("return-codes") => Some(of_codes("return-codes", return_codes::all())),
        Some(topic) => explain::explain(topic, &registry()).or_else(|| of_code(topic)),
    };
    if let Some(explanation) = explanation {
        anstream::print!("{explanation}");
        return Exit::Passed;
    }
    let topic = arguments.topic.as_deref().unwrap_or_default();
    anstream::eprintln!("error: there is nothing to explain by the name '{topic}'");
    let mut known = explain::topics(&registry());
    known.extend(return_codes::all().iter().map(|row| row.explanation.to_owned()));
    if let Some(nearest) = diagnostics::nearest(topic, known.iter().map(String::as_str)) {
        anstream::eprintln!("did you mean '{nearest}'?");
    }
    anstream::eprintln!("`tollgate explain` lists everything that can be explained");
    Exit::Usage
}

/// One return code by its number or its explanation.
fn of_code(topic: &str) -> Option<Explanation> {
    let named = |row: &&ReturnCode| row.explanation == topic || row.number.to_string() == topic;
    let rows: Vec<ReturnCode> = return_codes::all().iter().filter(named).copied().collect();
    (!rows.is_empty()).then(|| of_codes(topic, &rows))
}

fn of_codes(title: &str, codes: &[ReturnCode]) -> Explanation {
    let rows = codes.iter().map(|code| Row {
        name: format!("{:>3}  {}", code.number, code.explanation),
        value: String::new(),
        about: code.meaning.to_owned(),
    });
    Explanation {
        title: title.to_owned(),
        about: "h323-return-code in answers to access requests; ErrorExplanation names it in words."
            .to_owned(),
        example: Some("where: { h323-return-code: 9, h323-ivr-in.ErrorExplanation: cld_blocked }".to_owned()),
        sections: vec![Section { heading: "return codes".to_owned(), rows: rows.collect() }],
    }
}

fn overview() -> Explanation {
    let row = |name: &str, about: &str| Row {
        name: name.to_owned(),
        value: String::new(),
        about: about.to_owned(),
    };
    let registry = registry();
    let kinds = registry.kinds.iter().chain(std::iter::once(&registry.system));
    let mut topics: Vec<Row> = kinds.map(|kind| row(kind.name, kind.about)).collect();
    topics.push(row("requirements", "What `covers:` may name, by standard."));
    topics.push(row("return-codes", "Why an access request is refused."));
    Explanation {
        title: "tollgate explain".to_owned(),
        about: "Explains kinds of peer (`nas`), their verbs and observations (`nas.dial`, `ocs.xdr`), requirements \
                (`RC-01`) and return codes (`9`, `cld_blocked`)."
            .to_owned(),
        example: None,
        sections: vec![Section { heading: "topics".to_owned(), rows: topics }],
    }
}
