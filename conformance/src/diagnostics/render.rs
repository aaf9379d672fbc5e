//! Problems as text for a terminal or a log.

use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Mark, Severity};

/// How a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// For a log: no colours.
    #[default]
    Plain,
    /// For a terminal: ANSI colours.
    Colour,
}

const WIDTH: usize = 120;

pub(super) fn render(found: &[Diagnostic], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(WIDTH);
    let mut text = String::new();
    for diagnostic in found {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(diagnostic)]));
        text.push('\n');
    }
    text
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(at) = &diagnostic.at {
        let mut snippet = snippet(at).annotation(annotation(AnnotationKind::Primary, at, &diagnostic.label));
        // Places of the same file share its snippet; other files get one of their own.
        let same = |mark: &Mark| mark.source.path() == at.source.path();
        for (mark, label) in diagnostic.related.iter().filter(|(mark, _)| same(mark)) {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, mark, label));
        }
        group = group.element(snippet);
        for (mark, label) in diagnostic.related.iter().filter(|(mark, _)| !same(mark)) {
            group = group.element(self::snippet(mark).annotation(annotation(
                AnnotationKind::Context,
                mark,
                label,
            )));
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

fn snippet(mark: &Mark) -> Snippet<'_, Annotation<'_>> {
    Snippet::source(mark.source.text()).path(shown_path(mark.source.path()))
}

fn shown_path(path: &Path) -> String {
    path.display().to_string()
}

fn annotation<'a>(kind: AnnotationKind, mark: &Mark, label: &'a str) -> Annotation<'a> {
    let text = mark.source.text();
    let start = boundary(text, mark.start);
    let end = boundary(text, mark.end).max(start);
    // Only the first line is marked: what is wrong is named there, and a report stays short.
    let line = text[start..end].find(['\n', '\r']).map_or(end, |length| start + length);
    let annotation = kind.span(start..line);
    if label.is_empty() { annotation } else { annotation.label(label) }
}

/// The nearest start of a character at or before `offset`.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
