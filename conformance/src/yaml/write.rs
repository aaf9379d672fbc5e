//! Writes a tree as YAML that reads as the same tree: block style, with what is short on one line. Comments are gone.

use super::{Entry, Key, Kind, Node, quoted};

/// What fits on a line stands on one, in letters.
const WIDTH: usize = 110;

/// The text of a file with this tree; ends with a line break.
pub(crate) fn write(root: &Node) -> String {
    let mut out = String::new();
    match &root.kind {
        Kind::Map(entries) => map(entries, 0, 0, &mut out),
        Kind::Sequence(items) => sequence(items, 0, 0, &mut out),
        _ => {
            out.push_str(&scalar(root, false).unwrap_or_default());
            out.push('\n');
        }
    }
    out
}

/// The entries below each other; the first stands where the text is now.
fn map(entries: &[Entry], indent: usize, depth: usize, out: &mut String) {
    for (place, entry) in entries.iter().enumerate() {
        if place > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&key(&entry.key, false));
        out.push(':');
        value(&entry.value, indent, depth, out);
    }
}

/// The items below each other; the first stands where the text is now.
fn sequence(items: &[Node], indent: usize, depth: usize, out: &mut String) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push('-');
        match &item.kind {
            // A step is one line of its list.
            Kind::Map(entries)
                if !entries.is_empty() && (depth <= 1 || flow_in(item, indent + 2).is_none()) =>
            {
                out.push(' ');
                map(entries, indent + 2, depth + 1, out);
            }
            _ => value(item, indent, depth, out),
        }
    }
}

/// What stands behind a `:` or a `-`, to the end of its line or lines.
fn value(node: &Node, indent: usize, depth: usize, out: &mut String) {
    let nested = match &node.kind {
        Kind::Map(entries) => !entries.is_empty() && (depth == 0 || flow_in(node, indent).is_none()),
        Kind::Sequence(items) => {
            let maps = items.iter().any(|item| matches!(item.kind, Kind::Map(_)));
            !items.is_empty() && (depth == 0 && maps || flow_in(node, indent).is_none())
        }
        _ => false,
    };
    if nested {
        out.push('\n');
        out.push_str(&" ".repeat(indent + 2));
        match &node.kind {
            Kind::Map(entries) => map(entries, indent + 2, depth + 1, out),
            Kind::Sequence(items) => sequence(items, indent + 2, depth + 1, out),
            _ => {}
        }
        return;
    }
    let text = match &node.kind {
        Kind::Map(_) | Kind::Sequence(_) => flow_in(node, indent),
        _ => scalar(node, false),
    };
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push(' ');
        out.push_str(&text);
    }
    out.push('\n');
}

/// The node on one line behind so many letters, if it fits there.
fn flow_in(node: &Node, indent: usize) -> Option<String> {
    flow(node).filter(|text| indent + text.chars().count() <= WIDTH)
}

/// The node on one line, if it can be written so.
fn flow(node: &Node) -> Option<String> {
    Some(match &node.kind {
        Kind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Kind::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| Some(format!("{}: {}", key(&entry.key, true), flow(&entry.value)?)))
                .collect::<Option<_>>()?;
            format!("{{ {} }}", entries.join(", "))
        }
        Kind::Sequence(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Option<Vec<_>>>()?.join(", "))
        }
        _ => scalar(node, true)?,
    })
}

fn key(key: &Key, in_flow: bool) -> String {
    if key.quoted || !is_plain(&key.text, in_flow) { quoted(&key.text) } else { key.text.clone() }
}

/// A single value; `None` where it would have to be quoted in flow style and is not.
fn scalar(node: &Node, in_flow: bool) -> Option<String> {
    let Some(scalar) = node.scalar() else { return Some("~".to_owned()) };
    if scalar.quoted {
        return Some(quoted(&scalar.text));
    }
    if scalar.text.is_empty() {
        return Some(if in_flow { "~".to_owned() } else { String::new() });
    }
    match (is_plain(&scalar.text, in_flow), in_flow) {
        (true, _) => Some(scalar.text.clone()),
        (false, true) => None,
        (false, false) => Some(quoted(&scalar.text)),
    }
}

/// Whether a text reads as itself without quotes.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let indicators = "-?:,[]{}#&*!|>'\"%@`";
    let mut letters = text.chars();
    let starts = match (letters.next(), letters.next()) {
        (Some('-' | '?' | ':'), Some(second)) => second != ' ' && !(in_flow && ",[]{}".contains(second)),
        (Some(first), _) => !indicators.contains(first),
        (None, _) => false,
    };
    starts
        && text.trim() == text
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(char::is_control)
        && !(in_flow && text.contains([',', '[', ']', '{', '}']))
        && !matches!(text, "---" | "...")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostics::Collector;
    use crate::yaml;

    fn read(text: &str) -> Node {
        let mut collector = Collector::default();
        let root = yaml::parse(Path::new("a.yaml"), text.as_bytes(), &mut collector);
        assert_eq!(collector.errors(), 0, "{}\n{text}", collector.into_report());
        root.unwrap()
    }

    /// The tree without places, nothing being nothing however it is written.
    fn shown(node: &Node) -> String {
        node.line().replace('~', "")
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let mut count = 0;
        for path in crate::scenario::find_subjects(&[folder]).unwrap() {
            let root = read(&std::fs::read_to_string(&path).unwrap());
            let again = read(&write(&root));
            assert_eq!(shown(&root), shown(&again), "{}", path.display());
            count += 1;
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn steps_stand_on_lines_of_their_own() {
        let text = "a:\n  - x\n  - b: ${c}\nsteps:\n  - ivr.dial: \"1 # 2\"\n  - expect: { ivr: prompt, is: ~^a }\n    where: { b: 1, c: }\n";
        assert_eq!(
            write(&read(text)),
            "a:\n  - x\n  - b: ${c}\nsteps:\n  - ivr.dial: \"1 # 2\"\n  - expect: { ivr: prompt, is: ~^a }\n    \
             where: { b: 1, c: ~ }\n"
        );
    }

    #[test]
    fn what_would_read_as_something_else_is_quoted() {
        for text in ["", "a: b", "a #b", "- a", "#a", "a\nb", " a", "a:", "?", "@a", "---"] {
            assert!(!is_plain(text, false), "{text}");
        }
        for text in ["-1", "::1", "10.00 CAD", "a,b", "~x", "${a}", "2001:db8::1"] {
            assert!(is_plain(text, false), "{text}");
        }
        assert!(!is_plain("a,b", true) && !is_plain("${a}", true));
    }
}
