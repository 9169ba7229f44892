//! What is not TOML: each mistake once, without what follows from it.
//!
//! The parser goes on after an error, which lets the rest of the file be checked. What it makes of the lines that an error
//! reaches is guesswork, though, and is not reported.

use std::ops::RangeInclusive;

use toml::de::Error;

use crate::reader::{Place, Reader};
use crate::report::{Problem, Severity};

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Its line.
    Line,
    /// The keys below a broken header, which belong nowhere.
    Table,
    /// The rest of the file: a list, table or text that is not closed.
    Rest,
}

/// The lines that cannot be judged.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    lines: Vec<RangeInclusive<u32>>,
    /// Problems about TOML; those that follow are about values.
    about_toml: usize,
}

/// Notes each error that is not the consequence of another.
pub(crate) fn problems(reader: &mut Reader<'_>, errors: &[Error]) -> Shadows {
    let mut lines: Vec<RangeInclusive<u32>> = Vec::new();
    let mut rest_from: Option<u32> = None;
    let mut errors: Vec<&Error> = errors.iter().collect();
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    for error in errors {
        let at = error.span().map(|span| span.start);
        let line = at.map_or(1, |at| reader.line(at));
        if rest_from.is_some_and(|from| line >= from)
            || lines.iter().any(|shadow| *shadow.start() == line)
        {
            continue;
        }
        let source = reader.text().lines().nth(line as usize - 1).unwrap_or("");
        let reach = reach(error.message(), source);
        match reach {
            Reach::Line => lines.push(line..=line),
            Reach::Table => lines.push(line..=end_of_table(reader.text(), line)),
            Reach::Rest => {
                rest_from = Some(line);
                lines.push(line..=u32::MAX);
            }
        }
        let message = format!("this is not TOML: {}", error.message());
        let place = Place {
            at,
            ..Place::default()
        };
        reader.problem(
            Severity::Error,
            place,
            message,
            None,
            cure(reach, error.message()),
        );
    }
    reader.broken = !lines.is_empty();
    Shadows {
        lines,
        about_toml: reader.problems.len(),
    }
}

impl Shadows {
    /// The problems without those that follow from a broken line.
    pub(crate) fn lift(&self, problems: Vec<Problem>) -> Vec<Problem> {
        if self.lines.is_empty() {
            return problems;
        }
        let in_shadow = |line| self.lines.iter().any(|shadow| shadow.contains(&line));
        let all = problems.into_iter().enumerate();
        // What a broken line leaves out is not missing: a problem without a line is none here.
        all.filter(|(n, p)| *n < self.about_toml || p.line.is_some_and(|line| !in_shadow(line)))
            .map(|(_, problem)| problem)
            .collect()
    }
}

fn reach(message: &str, source: &str) -> Reach {
    let unclosed = message.contains("unclosed") || message.contains("multi-line");
    if source.trim_start().starts_with('[') && !message.contains("duplicate") {
        // In a list of lists a line may begin so, too; then the list is what is broken.
        return if message.contains("array element") || message.contains("in array") {
            Reach::Rest
        } else {
            Reach::Table
        };
    }
    if unclosed || message.contains("array") || message.contains("inline table") {
        Reach::Rest
    } else {
        Reach::Line
    }
}

/// The last line before the next header.
fn end_of_table(text: &str, header: u32) -> u32 {
    let mut below = text.lines().zip(1..).skip(header as usize);
    let next = below.find(|(line, _)| line.trim_start().starts_with('['));
    next.map_or(u32::MAX, |(_, line): (_, u32)| line - 1)
}

fn cure(reach: Reach, message: &str) -> Option<String> {
    let cure = match reach {
        Reach::Table => "write [name], or [[port]] for a port, in a line of its own",
        Reach::Rest => {
            "close the list or text that begins here or above; what follows is checked then"
        }
        Reach::Line
            if ["quoted", "float", "integer", "number"]
                .iter()
                .any(|word| message.contains(word)) =>
        {
            "a text stands in quotes (\"…\"); numbers, true and false do not"
        }
        Reach::Line if message.contains("duplicate") => "remove one of the two",
        Reach::Line => {
            "write one `key = value` a line; a text stands in quotes, numbers, true and false do not"
        }
    };
    Some(cure.to_owned())
}
