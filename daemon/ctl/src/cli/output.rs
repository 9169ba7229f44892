//! Standard output and standard error: text or JSON, with or without colours, and the end of a command.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::json;
use tipring_ctl::client::ClientError;
use tipring_ctl::request::{ErrorCode, ErrorReport};
pub(crate) use tipring_ctl::words::clean;
use tipring_ctl::words::is_obeyed;

use super::args::When;
use super::exit;

/// Where answers go.
pub(crate) struct Out {
    pub(crate) json: bool,
    /// A terminal that obeys cursor sequences; colours are another thing.
    redraws: bool,
    colour: bool,
    colour_advice: bool,
}

/// Styles, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) colour: bool,
}

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Green.into())), text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with(
            Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            text,
        )
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// The word of an answer that could not be written.
const UNWRITTEN: &str = "unwritten";

/// Why a command ends badly.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// For programs.
    pub(crate) word: &'static str,
    /// Empty when there is nothing to say about it.
    pub(crate) message: String,
    pub(crate) cure: Option<String>,
}

impl Failure {
    pub(crate) fn failed(message: String, cure: &str) -> Failure {
        Failure {
            code: exit::FAILED,
            word: "failed",
            message,
            cure: Some(cure.to_owned()).filter(|cure| !cure.is_empty()),
        }
    }

    /// The answer could not be written. A reader that has gone (`| head`) has read what it wanted, and needs no words.
    fn unwritten(error: &io::Error) -> Failure {
        let message = match error.kind() {
            ErrorKind::BrokenPipe => String::new(),
            _ => format!("the answer cannot be written to standard output: {error}"),
        };
        Failure {
            code: exit::FAILED,
            word: UNWRITTEN,
            message,
            cure: None,
        }
    }

    /// The command line is wrong; `text` is what clap says.
    pub(crate) fn usage(text: &str) -> Failure {
        let text = text.strip_prefix("error: ").unwrap_or(text);
        let (message, _) = text.split_once("\n\n").unwrap_or((text, ""));
        Failure {
            code: exit::USAGE,
            word: "usage",
            message: message.trim().to_owned(),
            cure: Some("see `tipring --help`".to_owned()),
        }
    }

    pub(crate) fn refused(report: ErrorReport) -> Failure {
        let (code, word) = match report.code {
            ErrorCode::TimedOut => (exit::TIMED_OUT, "timed-out"),
            ErrorCode::BadRequest => (exit::FAILED, "bad-request"),
            ErrorCode::UnknownPort => (exit::FAILED, "unknown-port"),
            ErrorCode::UnknownCall => (exit::FAILED, "unknown-call"),
            ErrorCode::UnknownServer => (exit::FAILED, "unknown-server"),
            ErrorCode::UnknownFarEnd => (exit::FAILED, "unknown-far-end"),
            ErrorCode::NotSimulated => (exit::FAILED, "not-simulated"),
            ErrorCode::Refused => (exit::FAILED, "refused"),
            ErrorCode::File => (exit::FAILED, "file"),
            ErrorCode::Internal => (exit::FAILED, "internal"),
        };
        Failure {
            code,
            word,
            message: report.message,
            cure: report.cure,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(e: ClientError) -> Failure {
        let (code, word) = match &e {
            ClientError::NotReachable { .. } => (exit::UNREACHABLE, "not-reachable"),
            ClientError::TimedOut { .. } => (exit::TIMED_OUT, "timed-out"),
            ClientError::Closed { .. } => (exit::FAILED, "closed"),
            ClientError::Garbage { .. } => (exit::FAILED, "garbage"),
            ClientError::Version { .. } => (exit::FAILED, "version"),
            ClientError::Refused(report) => return Failure::refused(report.clone()),
        };
        let cure = Some(e.cure()).filter(|cure| !cure.is_empty());
        Failure {
            code,
            word,
            message: e.to_string(),
            cure,
        }
    }
}

impl Out {
    pub(crate) fn new(json: bool, when: When) -> Out {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let on = |terminal: bool| match when {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !no_color && !dumb,
        };
        Out {
            json,
            redraws: io::stdout().is_terminal() && !dumb,
            colour: on(io::stdout().is_terminal()),
            colour_advice: on(io::stderr().is_terminal()),
        }
    }

    pub(crate) fn paint(&self) -> Paint {
        Paint {
            colour: self.colour,
        }
    }

    /// Standard output is a terminal on which a picture can stay in its place.
    pub(crate) fn redraws(&self) -> bool {
        self.redraws
    }

    /// Advice goes out in colours.
    pub(crate) fn colours_advice(&self) -> bool {
        self.colour_advice
    }

    /// A report as JSON, or as the text that `text` makes of it.
    pub(crate) fn report<T: Serialize>(
        &self,
        report: &T,
        text: impl FnOnce(Paint) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string_pretty(report).map_err(|e| {
                Failure::failed(format!("the answer cannot be written as JSON: {e}"), "")
            })?;
            self.raw(&(escaped(&json) + "\n"))
        } else {
            self.raw(&text(self.paint()))
        }
    }

    /// One JSON value on one line, for streams.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        let line = serde_json::to_string(value).unwrap_or_default();
        self.raw(&(escaped(&line) + "\n"))
    }

    /// Writes to standard output as it is. An answer that nobody got is never a success, so its failure ends the command.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Failure> {
        tipring_linux::write_stdout(text.as_bytes()).map_err(|e| Failure::unwritten(&e))
    }

    /// A remark for the person at the terminal.
    pub(crate) fn advice(&self, text: &str) {
        // Without standard error there is nobody to report it to.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Ends a command badly.
    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        let value = json!({
            "error": { "code": failure.word, "message": failure.message, "cure": failure.cure, "exit": failure.code }
        });
        // Half an answer is not followed by another one.
        let written = self.json && failure.word != UNWRITTEN && self.json_line(&value).is_ok();
        if !written && !failure.message.is_empty() {
            let paint = Paint {
                colour: self.colour_advice,
            };
            self.advice(&format!(
                "{}: {}",
                paint.bad("tipring"),
                clean(&failure.message)
            ));
            if let Some(cure) = &failure.cure {
                self.advice(&format!("  {}: {}", paint.good("cure"), clean(cure)));
            }
        }
        failure.code.into()
    }
}

/// JSON with everything that a terminal would obey as an escape: the value stays the same.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Line ends are JSON's own layout: within a string they are escapes already.
        if is_obeyed(c) && c != '\n' {
            out += &format!("\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_obeys_nobody_and_keeps_its_value() {
        let name = "a\u{9b}31m\u{202e}b\x7f\nc";
        let json = serde_json::to_string_pretty(&json!({ "name": name })).unwrap();
        let safe = escaped(&json);
        assert!(safe.contains("a\\u009b31m\\u202eb\\u007f\\nc"), "{safe}");
        let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(back["name"], name);
    }
}
