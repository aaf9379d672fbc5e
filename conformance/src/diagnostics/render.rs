//! Problems as text for a terminal or a log.

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
        // Places of the same file share its snippet; other files get one of their own.
        let same = |mark: &Mark| mark.source.path() == at.source.path();
        let (here, elsewhere): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|(mark, _)| same(mark));
        let window = Window::around(std::iter::once(at).chain(here.iter().map(|(mark, _)| mark)));
        let mut snippet =
            window.snippet(at).annotation(window.annotation(AnnotationKind::Primary, at, &diagnostic.label));
        for (mark, label) in here {
            snippet = snippet.annotation(window.annotation(AnnotationKind::Context, mark, label));
        }
        group = group.element(snippet);
        for (mark, label) in elsewhere {
            let window = Window::around(std::iter::once(mark));
            let annotation = window.annotation(AnnotationKind::Context, mark, label);
            group = group.element(window.snippet(mark).annotation(annotation));
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The lines of a source that a snippet is cut from; a large file is not looked through for every problem.
struct Window {
    start: usize,
    end: usize,
}

impl Window {
    /// From the line of the first mark to that of the last; all are of one source.
    fn around<'a>(marks: impl Iterator<Item = &'a Mark>) -> Self {
        let mut window = Self { start: usize::MAX, end: 0 };
        for mark in marks {
            let text = mark.source.text();
            let (start, end) = stretch(mark);
            let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
            window = Self { start: window.start.min(line_start), end: window.end.max(line_end) };
        }
        window
    }

    fn snippet<'a>(&self, mark: &'a Mark) -> Snippet<'a, Annotation<'a>> {
        let line = usize::try_from(mark.source.place(self.start).line).unwrap_or(1);
        Snippet::source(&mark.source.text()[self.start..self.end])
            .line_start(line)
            .path(mark.source.path().display().to_string())
    }

    fn annotation<'a>(&self, kind: AnnotationKind, mark: &Mark, label: &'a str) -> Annotation<'a> {
        let (start, end) = stretch(mark);
        let annotation = kind.span(start - self.start..end - self.start);
        if label.is_empty() { annotation } else { annotation.label(label) }
    }
}

/// What is marked, on its first line only: what is wrong is named there, and a report stays short.
fn stretch(mark: &Mark) -> (usize, usize) {
    let text = mark.source.text();
    let start = boundary(text, mark.start);
    let end = boundary(text, mark.end).max(start);
    (start, text[start..end].find(['\n', '\r']).map_or(end, |length| start + length))
}

/// The nearest start of a character at or before `offset`.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
