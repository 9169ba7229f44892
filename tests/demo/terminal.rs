//! How the story looks: steps, remarks, excerpts of other commands, and the list of what was checked.

use std::time::Instant;

use anstream::println;
use anstyle::{AnsiColor, Style};

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// One thing that was checked.
struct Check {
    what: String,
    figure: String,
    ok: bool,
}

/// Prints the story and keeps what was checked.
pub(crate) struct Report {
    start: Instant,
    checks: Vec<Check>,
}

impl Report {
    /// A new story.
    pub(crate) fn new() -> Report {
        Report {
            start: Instant::now(),
            checks: vec![],
        }
    }

    /// A new act.
    pub(crate) fn act(&self, title: &str) {
        let s = self.start.elapsed().as_secs_f32();
        println!("\n{TITLE}{title}{TITLE:#} {FAINT}({s:.0} s){FAINT:#}");
    }

    /// Something happened.
    pub(crate) fn say(&self, text: &str) {
        println!("  {text}");
    }

    /// Something the reader should not miss.
    pub(crate) fn warn(&self, text: &str) {
        println!("  {WARN}! {text}{WARN:#}");
    }

    /// A command and the beginning of what it printed.
    pub(crate) fn excerpt(&self, command: &str, output: &str, lines: usize) {
        println!("  {FAINT}${FAINT:#} {command}");
        let all: Vec<&str> = output.lines().map(str::trim_end).collect();
        for line in all.iter().take(lines) {
            println!("  {FAINT}|{FAINT:#} {line}");
        }
        if all.len() > lines {
            println!("  {FAINT}| … {} lines more{FAINT:#}", all.len() - lines);
        }
    }

    /// A claim, its figure, and whether it held; prints and keeps it.
    pub(crate) fn check(&mut self, what: &str, figure: impl Into<String>, ok: bool) {
        let check = Check {
            what: what.into(),
            figure: figure.into(),
            ok,
        };
        println!("  {} {what}: {}", mark(ok), check.figure);
        self.checks.push(check);
    }

    /// How long the story has taken.
    pub(crate) fn seconds(&self) -> f32 {
        self.start.elapsed().as_secs_f32()
    }

    /// The table at the end; true when everything held.
    pub(crate) fn verdict(&self) -> bool {
        println!("\n{TITLE}What was checked{TITLE:#}");
        let width = self.checks.iter().map(|c| c.what.chars().count()).max();
        let width = width.unwrap_or(0);
        for check in &self.checks {
            let (what, figure) = (&check.what, &check.figure);
            // A failure may come with a log; the table takes its first line.
            let figure = figure.lines().next().unwrap_or_default();
            println!("  {} {what:<width$}  {figure}", mark(check.ok));
        }
        let failed = self.checks.iter().filter(|c| !c.ok).count();
        let seconds = self.seconds();
        if failed == 0 && !self.checks.is_empty() {
            let n = self.checks.len();
            println!("  {GOOD}all {n} held{GOOD:#}, in {seconds:.0} s");
        } else {
            println!(
                "  {BAD}{failed} of {} FAILED{BAD:#}, in {seconds:.0} s",
                self.checks.len()
            );
        }
        failed == 0 && !self.checks.is_empty()
    }

    /// The files to look at, and how.
    pub(crate) fn files(&self, files: &[(String, &str)]) {
        println!("\n{TITLE}What to look at{TITLE:#}");
        let width = files.iter().map(|(f, _)| f.chars().count()).max();
        let width = width.unwrap_or(0);
        for (file, how) in files {
            println!("  {file:<width$}  {FAINT}{how}{FAINT:#}");
        }
        println!();
    }
}

fn mark(ok: bool) -> String {
    if ok {
        format!("{GOOD}ok    {GOOD:#}")
    } else {
        format!("{BAD}FAILED{BAD:#}")
    }
}
