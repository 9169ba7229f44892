//! `port watch` and `trace`: what goes on until it is stopped.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tipring_ctl::request::{Request, Response};
use tipring_ctl::wire::Event;

use super::args::{Trace, Watch};
use super::output::{Failure, Out};
use super::remote::{Remote, unexpected};
use super::{record, render};

pub(crate) fn port(remote: &Remote, out: &Out, watch: &Watch) -> Result<ExitCode, Failure> {
    let mut session = remote.connect()?;
    let mut next = Instant::now();
    let mut looks = 0;
    loop {
        let Response::Port(report) = session.ask(Request::PortShow { port: watch.port })? else {
            return Err(unexpected(&Response::Done));
        };
        if out.json {
            out.json_line(&report)?;
        } else {
            let text = render::port(out.paint(), &report);
            if out.redraws() {
                // Home and clear: the picture stays in its place.
                let size = tipring_linux::terminal_size().unwrap_or(TERMINAL);
                out.raw(&format!("\x1b[H\x1b[2J{}", top(&text, size)))?;
            } else {
                let gap = if looks > 0 { "\n" } else { "" };
                out.raw(&format!("{gap}{text}"))?;
            }
        }
        looks += 1;
        if watch.count.is_some_and(|count| looks >= count) {
            return Ok(ExitCode::SUCCESS);
        }
        next += watch.interval;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Rows and columns of a terminal that does not say how large it is.
const TERMINAL: (u16, u16) = (24, 80);

/// As much of a picture as a terminal of this many rows and columns has room for, from its top on: what is wrong and how the port is
/// comes first, counters last.
fn top(text: &str, (rows, columns): (u16, u16)) -> String {
    let all = text.lines().count();
    let columns = usize::from(columns.max(1));
    // The cursor is in the last row.
    let room = usize::from(rows.max(3)) - 1;
    let takes = |line: &str| render::shown_width(line).max(1).div_ceil(columns);
    if text.lines().map(takes).sum::<usize>() <= room {
        return text.to_owned();
    }
    let (mut used, mut out, mut shown) = (1, String::new(), 0);
    for line in text.lines() {
        used += takes(line);
        if used > room {
            break;
        }
        out += &format!("{line}\n");
        shown += 1;
    }
    let left = all - shown;
    let left = render::plural(left as u64, "more line");
    out + &format!("... {left}: `tipring port show`\n")
}

pub(crate) fn trace(remote: &Remote, out: &Out, trace: &Trace) -> Result<ExitCode, Failure> {
    match &trace.capture {
        Some(path) => record::run(remote, out, trace, path),
        None => follow(remote, out, trace, &AtomicBool::new(false)),
    }
}

/// Shows events until there were enough, or `stop` is set.
pub(super) fn follow(
    remote: &Remote,
    out: &Out,
    trace: &Trace,
    stop: &AtomicBool,
) -> Result<ExitCode, Failure> {
    let mut session = remote.connect()?;
    match session.ask(Request::Trace {
        ports: trace.ports.clone(),
    })? {
        Response::Done => {}
        other => return Err(unexpected(&other)),
    }
    let start = Instant::now();
    let mut events = 0;
    loop {
        let wait = match trace.duration {
            Some(duration) => duration.saturating_sub(start.elapsed()),
            None => Duration::from_secs(3600),
        };
        let enough = wait.is_zero() || trace.count.is_some_and(|count| events >= count);
        if enough || stop.load(Ordering::Relaxed) {
            return Ok(ExitCode::SUCCESS);
        }
        let wait = wait.min(record::ATTENTION);
        let Some(event) = session.client().next_event(wait)? else {
            continue;
        };
        if out.json {
            out.json_line(&event)?;
        } else {
            match &event {
                Event::Trace(line) => out.raw(&render::trace(out.paint(), line))?,
                Event::Sccp(_) => continue,
                Event::Lost { count } => out.advice(&format!(
                    "({count} events left out: this terminal is too slow)"
                )),
            }
        }
        events += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_terminal_shows_the_top_and_a_large_one_all() {
        let text: String = (1..=60).map(|n| format!("line {n}\n")).collect();
        let small = top(&text, (24, 80));
        assert_eq!(small.lines().count(), 23, "{small}");
        assert!(small.starts_with("line 1\nline 2\n"), "{small}");
        assert!(small.ends_with("line 22\n... 38 more lines: `tipring port show`\n"));
        assert_eq!(top(&text, (61, 80)), text);
        // A line that is wider than the terminal takes two of its rows; colours take none.
        let wide = format!("\x1b[1m{}\x1b[0m\nnext\n", "x".repeat(81));
        assert_eq!(top(&wide, (4, 80)), wide);
        let short = top(&wide, (3, 80));
        assert_eq!(short, "... 2 more lines: `tipring port show`\n");
    }
}
