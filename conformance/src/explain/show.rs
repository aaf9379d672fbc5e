//! An explanation as plain text.

use std::fmt;

use super::{Explanation, Row};

/// Columns of the text.
const WIDTH: usize = 100;
/// The widest name column; a longer name pushes its row to the right.
const NAME_WIDTH_MAX: usize = 32;
/// Where the text of a row continues.
const INDENT: usize = 6;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        wrapped(f, &self.about, 2)?;
        if let Some(example) = &self.example {
            writeln!(f, "\n      {example}")?;
        }
        for section in &self.sections {
            writeln!(f, "\n{}", section.heading)?;
            let widest = section.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
            let width = widest.min(NAME_WIDTH_MAX);
            if section.rows.iter().all(|row| row.about.is_empty() && row.value.is_empty()) {
                let names: Vec<&str> = section.rows.iter().map(|row| row.name.as_str()).collect();
                wrapped(f, &names.join(", "), 2)?;
                continue;
            }
            let tall = section.rows.iter().any(|row| !row.value.is_empty());
            for row in &section.rows {
                if tall { two_lines(f, row, width)? } else { one_line(f, row, width)? }
            }
        }
        Ok(())
    }
}

/// The name, and the sentence beside it.
fn one_line(f: &mut fmt::Formatter<'_>, row: &Row, width: usize) -> fmt::Result {
    write!(f, "  {}  ", padded(&row.name, width))?;
    hanging(f, &row.about, width + 4)
}

/// The name and what may stand there, and the sentence below.
fn two_lines(f: &mut fmt::Formatter<'_>, row: &Row, width: usize) -> fmt::Result {
    if row.value.is_empty() {
        writeln!(f, "  {}", row.name)?;
    } else {
        write!(f, "  {}  ", padded(&row.name, width))?;
        hanging(f, &row.value, width + 4)?;
    }
    if row.about.is_empty() { Ok(()) } else { wrapped(f, &row.about, INDENT) }
}

fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(name.chars().count())))
}

fn wrapped(f: &mut fmt::Formatter<'_>, text: &str, indent: usize) -> fmt::Result {
    write!(f, "{}", " ".repeat(indent))?;
    hanging(f, text, indent)
}

/// Words up to the width; further lines begin at `indent`. The first line is there already.
fn hanging(f: &mut fmt::Formatter<'_>, text: &str, indent: usize) -> fmt::Result {
    let mut column = indent;
    for (place, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if place > 0 && column + 1 + length > WIDTH {
            write!(f, "\n{}", " ".repeat(indent))?;
            column = indent;
        } else if place > 0 {
            write!(f, " ")?;
            column += 1;
        }
        write!(f, "{word}")?;
        column += length;
    }
    writeln!(f)
}
