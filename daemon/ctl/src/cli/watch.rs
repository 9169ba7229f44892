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
            if out.paint().colour {
                // Home and clear: the picture stays in its place.
                out.raw("\x1b[H\x1b[2J")?;
            } else if looks > 0 {
                out.raw("\n")?;
            }
            out.raw(&render::port(out.paint(), &report))?;
        }
        looks += 1;
        if watch.count.is_some_and(|count| looks >= count) {
            return Ok(ExitCode::SUCCESS);
        }
        next += watch.interval;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
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
