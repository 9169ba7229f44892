//! `explain`: asks the daemon for what is known, and makes the story of it.
//!
//! What is wrong, what it rests on and what is ruled out is decided in [`tipring_proto::explain`]; here are the questions and the
//! figures.

mod call;
mod day;
mod figures;
mod gateway;
mod port;

#[cfg(test)]
mod tests;

pub(crate) use day::SHOWN;

use std::process::ExitCode;
use std::time::SystemTime;

use tipring_ctl::report::{CallDetail, History, PortDetail, StatusReport, StoredFinding};
use tipring_ctl::request::{Request, Response};
use tipring_store::{MOST_ROWS, Query, What};

use super::args::{About, ExplainArgs};
use super::output::{Failure, Out};
use super::remote::{Remote, Session, unexpected};
use super::render;

/// Findings among which those of the gateway that are open are looked for.
const LOOKED_AT: u32 = 200;
/// The word of a refusal: no such call is up or remembered.
const UNKNOWN_CALL: &str = "unknown-call";

/// What a story looks back on.
const DAY_MS: u64 = 24 * 3600 * 1000;

pub(crate) fn run(remote: &Remote, out: &Out, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let about = match (args.about, args.id) {
        (Some(About::Call), None) => {
            return Err(Failure::usage(
                "`explain call` needs the number of a call, as `tipring call list` shows it: `tipring explain call 12`",
            ));
        }
        (Some(About::Port(_)), Some(_)) => {
            return Err(Failure::usage(
                "`explain PORT` takes one number; a call is `explain call CALL`",
            ));
        }
        (Some(About::Port(port)), None) => (None, Some(port)),
        (_, id) => (id, None),
    };
    let mut session = remote.connect()?;
    let now = now();
    match about {
        (Some(id), _) => {
            let story = of_call(&mut session, id)?;
            out.report(&story, |paint| render::call_story(paint, &story))?;
        }
        (None, Some(port)) => {
            let known = known_of_port(&mut session, now, port)?;
            let story = port::story(now, &known);
            out.report(&story, |paint| render::port_story(paint, &story))?;
        }
        (None, None) => {
            let status = status(&mut session)?;
            let day = day(&mut session, now, None);
            let story = gateway::story(now, &status, &day);
            out.report(&story, |paint| render::gateway_story(paint, &story))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// All that the story of a port is made of.
#[derive(Default)]
pub(super) struct Known {
    pub(super) detail: PortDetail,
    pub(super) status: StatusReport,
    pub(super) day: Day,
    /// Findings of the gateway that are open.
    pub(super) of_gateway: Vec<StoredFinding>,
    /// The last answered call that is remembered with its legs.
    pub(super) last_call: Option<CallDetail>,
}

/// What the history has of the last day.
#[derive(Default)]
pub(super) struct Day {
    pub(super) rows: History,
    pub(super) totals: History,
    /// Why it could not be asked.
    pub(super) unavailable: Option<String>,
    /// Why nothing is kept at present.
    pub(super) trouble: Option<String>,
}

fn known_of_port(session: &mut Session, now: u64, port: u16) -> Result<Known, Failure> {
    let detail = match session.ask(Request::PortShow { port })? {
        Response::Port(detail) => *detail,
        other => return Err(unexpected(&other)),
    };
    let last_call = match session.ask(Request::CallList)? {
        Response::Calls(list) => {
            let of_port = |c: &&tipring_ctl::report::CallSummary| {
                c.port == port && c.answered_after_ms.is_some()
            };
            let last = list.recent.iter().find(of_port).map(|c| c.id);
            last.and_then(|id| match session.ask(Request::CallShow { id }) {
                Ok(Response::Call(call)) => Some(call),
                _ => None,
            })
        }
        other => return Err(unexpected(&other)),
    };
    Ok(Known {
        detail,
        status: status(session)?,
        day: day(session, now, Some(port)),
        of_gateway: open_findings(session),
        last_call,
    })
}

fn status(session: &mut Session) -> Result<StatusReport, Failure> {
    match session.ask(Request::Status)? {
        Response::Status(report) => Ok(report),
        other => Err(unexpected(&other)),
    }
}

fn open_findings(session: &mut Session) -> Vec<StoredFinding> {
    let query = Query {
        what: What::Findings,
        limit: LOOKED_AT,
        ..Query::default()
    };
    match session.ask(Request::History(query)) {
        Ok(Response::History(history)) => {
            let all = history.findings.into_iter();
            all.filter(|f| f.now && f.port.is_none()).collect()
        }
        _ => vec![],
    }
}

/// A history that does not answer costs that part of the story alone.
fn day(session: &mut Session, now: u64, port: Option<u16>) -> Day {
    let mut ask = |what| {
        let query = Query {
            port,
            since_unix_ms: Some(now.saturating_sub(DAY_MS)),
            what,
            limit: MOST_ROWS,
            ..Query::default()
        };
        match session.ask(Request::History(query)) {
            Ok(Response::History(history)) => Ok(*history),
            Ok(_) => Err("the daemon answered something that was not asked".to_owned()),
            Err(failure) => Err(failure.message),
        }
    };
    let (rows, totals) = (ask(What::All), ask(What::Summary));
    let unavailable = rows.as_ref().err().or(totals.as_ref().err()).cloned();
    let (mut rows, totals) = (rows.unwrap_or_default(), totals.unwrap_or_default());
    day::within(&mut rows.findings, now.saturating_sub(DAY_MS));
    Day {
        unavailable,
        trouble: rows.trouble.clone(),
        rows,
        totals,
    }
}

/// A call that is up or remembered, else the newest one of this number that the history has.
fn of_call(session: &mut Session, id: u64) -> Result<tipring_ctl::report::CallStory, Failure> {
    let refused = match session.ask(Request::CallShow { id }) {
        Ok(Response::Call(detail)) => {
            let port = detail.summary.port;
            let port = match session.ask(Request::PortShow { port }) {
                Ok(Response::Port(port)) => Some(*port),
                // It has left with a reload.
                _ => None,
            };
            return Ok(call::story(&detail, port.as_ref()));
        }
        Err(failure) if failure.word == UNKNOWN_CALL => failure,
        Err(failure) => return Err(failure),
        Ok(other) => return Err(unexpected(&other)),
    };
    let query = Query {
        what: What::Calls,
        limit: MOST_ROWS,
        ..Query::default()
    };
    let kept = match session.ask(Request::History(query)) {
        Ok(Response::History(history)) => Ok(history.calls.into_iter().find(|c| c.id == id)),
        Ok(other) => Err(unexpected(&other)),
        Err(failure) => Err(failure),
    };
    match kept {
        Ok(Some(stored)) => Ok(call::from_history(&stored)),
        Ok(None) => Err(no_call(id, None, refused)),
        Err(failure) => Err(no_call(id, Some(failure), refused)),
    }
}

/// `history`: why it could not be asked.
fn no_call(id: u64, history: Option<Failure>, refused: Failure) -> Failure {
    let (message, cure) = match history {
        None => (
            format!("no call {id} is up, remembered or in the history"),
            Some("`tipring call list` has the numbers since the start, `tipring history --calls --json` (\"id\") those before".to_owned()),
        ),
        Some(why) => (
            format!(
                "no call {id} is up or remembered, and the history was not available: {}",
                why.message
            ),
            why.cure,
        ),
    };
    Failure {
        message,
        cure,
        ..refused
    }
}
