//! The report of everything that is wrong with a configuration.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is used; somebody should look.
    Warning,
}

/// One problem: where, what, what would be accepted, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// File name.
    pub file: String,
    /// Line, from 1; none when the problem is with the file as a whole.
    pub line: Option<u32>,
    /// Another line that is part of the problem.
    pub other_line: Option<u32>,
    /// The key with its table: `media.rtp-ports`, `port[2].channel` (the second `[[port]]`).
    pub key: Option<String>,
    /// The value as written.
    pub value: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be accepted.
    pub accepts: Option<String>,
    /// What to do.
    pub cure: Option<String>,
}

impl Problem {
    /// A problem with a file as a whole.
    pub fn of_file(file: &str, message: String, cure: &str) -> Problem {
        Problem {
            severity: Severity::Error,
            file: file.to_owned(),
            line: None,
            other_line: None,
            key: None,
            value: None,
            message,
            accepts: None,
            cure: Some(cure.to_owned()),
        }
    }

    /// As text of one to three lines, without a newline at the end. Control characters of the file are shown
    /// escaped: a terminal must not obey them.
    pub fn render(&self, colour: bool) -> String {
        let paint = |style: Style| if colour { style } else { Style::new() };
        let bold = paint(Style::new().bold());
        let red = paint(Style::new().bold().fg_color(Some(AnsiColor::Red.into())));
        let yellow = paint(Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())));
        let green = paint(Style::new().fg_color(Some(AnsiColor::Green.into())));
        let (style, word) = match self.severity {
            Severity::Error => (red, "error"),
            Severity::Warning => (yellow, "warning"),
        };
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write!(out, "{bold}{}", shown(&self.file));
        if let Some(line) = self.line {
            let _ = write!(out, ":{line}");
        }
        let _ = write!(out, "{bold:#}: {style}{word}{style:#}: ");
        match (&self.key, &self.value) {
            (Some(key), Some(value)) => {
                let (key, value) = (shown(key), shown(value));
                let _ = write!(out, "{bold}{key}{bold:#} = {value}: ");
            }
            (Some(key), None) => {
                let _ = write!(out, "{bold}{}{bold:#}: ", shown(key));
            }
            (None, _) => {}
        }
        out.push_str(&shown(&self.message));
        if let Some(accepts) = &self.accepts {
            let _ = write!(out, "\n    accepted: {}", shown(accepts));
        }
        if let Some(cure) = &self.cure {
            let _ = write!(out, "\n    {green}cure{green:#}: {}", shown(cure));
        }
        out
    }
}

/// All problems of one configuration; at least one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The configuration file.
    pub file: String,
    /// In order of line.
    pub problems: Vec<Problem>,
}

impl Report {
    /// A report in order of line.
    pub fn new(file: &str, mut problems: Vec<Problem>) -> Report {
        problems.sort_by_key(|p| (p.file != file, p.line));
        Report {
            file: file.to_owned(),
            problems,
        }
    }

    /// How many of the problems are errors.
    pub fn errors(&self) -> usize {
        self.problems
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .count()
    }

    /// As text, with a closing line that counts; ends in a newline.
    pub fn render(&self, colour: bool) -> String {
        let mut out: String = self
            .problems
            .iter()
            .map(|p| p.render(colour) + "\n")
            .collect();
        let (errors, warnings) = (self.errors(), self.problems.len() - self.errors());
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        let _ = write!(out, "{}: {}", shown(&self.file), plural(errors, "error"));
        if warnings > 0 {
            let _ = write!(out, ", {}", plural(warnings, "warning"));
        }
        out.push('\n');
        out
    }
}

/// The text with its control characters escaped.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Report {}
