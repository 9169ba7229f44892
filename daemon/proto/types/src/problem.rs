//! What is wrong with a configuration: the same in `config check`, in the log and on the control socket.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::finding::Severity;

/// One problem: where, what, what would be accepted, what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ConfigProblem {
    /// How bad: the configuration is refused (error), or it is used and somebody should look (warning).
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

/// What stands around parts of a text, as colours do; nothing unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Files and keys.
    pub strong: [String; 2],
    /// The word of an error.
    pub error: [String; 2],
    /// The word of a warning.
    pub warning: [String; 2],
    /// The word before a cure.
    pub cure: [String; 2],
}

impl ConfigProblem {
    /// A problem with a file as a whole.
    pub fn of_file(file: &str, message: String, cure: &str) -> ConfigProblem {
        ConfigProblem {
            file: file.to_owned(),
            message,
            cure: Some(cure.to_owned()),
            ..ConfigProblem::default()
        }
    }

    /// As text of one to three lines, without a newline at the end. Control characters of the file are shown
    /// escaped: a terminal must not obey them.
    pub fn text(&self, marks: &Marks) -> String {
        let [bold, plain] = &marks.strong;
        let ([begin, end], word) = match self.severity {
            Severity::Error => (&marks.error, "error"),
            Severity::Warning => (&marks.warning, "warning"),
            Severity::Info => (&marks.strong, "note"),
        };
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write!(out, "{bold}{}", shown(&self.file));
        if let Some(line) = self.line {
            let _ = write!(out, ":{line}");
        }
        let _ = write!(out, "{plain}: {begin}{word}{end}: ");
        match (&self.key, &self.value) {
            (Some(key), Some(value)) => {
                let (key, value) = (shown(key), shown(value));
                let _ = write!(out, "{bold}{key}{plain} = {value}: ");
            }
            (Some(key), None) => {
                let _ = write!(out, "{bold}{}{plain}: ", shown(key));
            }
            (None, _) => {}
        }
        out.push_str(&shown(&self.message));
        if let Some(accepts) = &self.accepts {
            let _ = write!(out, "\n    accepted: {}", shown(accepts));
        }
        if let Some(cure) = &self.cure {
            let [begin, end] = &marks.cure;
            let _ = write!(out, "\n    {begin}cure{end}: {}", shown(cure));
        }
        out
    }
}

/// All problems of one configuration; at least one is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ConfigReport {
    /// The configuration file.
    pub file: String,
    /// In order of line.
    pub problems: Vec<ConfigProblem>,
}

impl ConfigReport {
    /// A report in order of line.
    pub fn new(file: &str, mut problems: Vec<ConfigProblem>) -> ConfigReport {
        problems.sort_by_key(|p| (p.file != file, p.line));
        ConfigReport {
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
    pub fn text(&self, marks: &Marks) -> String {
        let mut out: String = self.problems.iter().map(|p| p.text(marks) + "\n").collect();
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

impl fmt::Display for ConfigReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&Marks::default()).trim_end())
    }
}

impl std::error::Error for ConfigReport {}
