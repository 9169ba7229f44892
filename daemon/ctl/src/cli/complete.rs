//! Completion of the command line: scripts for the shells, and the values that only the running gateway knows.
//!
//! The script asks `tipring` itself at each Tab (variable `COMPLETE`), so that ports come with their labels and calls
//! with their ports. A gateway that does not answer within a fraction of a second offers nothing: Tab must not hang.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use tipring_ctl::report::{CallSummary, PortSummary, StoredFax};
use tipring_ctl::request::{FaxMemoryAction, Request, Response};
use tipring_ctl::wire::DEFAULT_SOCKET;
use tipring_store::{Query, What};

use super::args::Args;
use super::output::{Failure, Out, clean};
use super::remote::Remote;

/// The variable by which a shell asks for completions.
const VARIABLE: &str = "COMPLETE";

/// Time for the gateway to answer a Tab.
const PATIENCE: Duration = Duration::from_millis(300);

/// Answers a shell that asks for completions, and ends the program; returns when none does.
pub(crate) fn answer() {
    if std::env::var_os(VARIABLE).is_some_and(|v| !v.is_empty()) {
        CompleteEnv::with_factory(Args::command)
            .var(VARIABLE)
            .completer("tipring")
            .complete();
    }
}

/// `tipring completions SHELL`.
pub(crate) fn script(out: &Out, shell: clap_complete::Shell) -> Result<(), Failure> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let writer = shells
        .completer(&name)
        .ok_or_else(|| Failure::failed(format!("there is no completion script for {name}"), ""))?;
    let mut script = vec![];
    writer
        .write_registration(VARIABLE, "tipring", "tipring", "tipring", &mut script)
        .map_err(|e| {
            Failure::failed(
                format!("the completion script for {name} cannot be made: {e}"),
                "",
            )
        })?;
    out.raw(&String::from_utf8_lossy(&script))
}

/// Port numbers with their labels.
pub(crate) fn ports() -> ArgValueCandidates {
    ArgValueCandidates::new(|| match ask(Request::PortList) {
        Some(Response::Ports { ports }) => ports.iter().map(port).collect(),
        _ => vec![],
    })
}

/// Call numbers of calls that are up, with their ports.
pub(crate) fn calls() -> ArgValueCandidates {
    ArgValueCandidates::new(|| match ask(Request::CallList) {
        Some(Response::Calls(list)) => list.active.iter().map(call).collect(),
        _ => vec![],
    })
}

/// Numbers of the last faxes, with their ports.
pub(crate) fn faxes() -> ArgValueCandidates {
    let question = Query {
        what: What::Faxes,
        ..Query::default()
    };
    ArgValueCandidates::new(move || match ask(Request::History(question.clone())) {
        Some(Response::History(history)) => history.faxes.iter().map(fax).collect(),
        _ => vec![],
    })
}

/// Far ends of which something is remembered.
pub(crate) fn far_ends() -> ArgValueCandidates {
    ArgValueCandidates::new(|| match ask(Request::FaxMemory(FaxMemoryAction::List)) {
        Some(Response::FaxMemory(report)) => report
            .far_ends
            .iter()
            .map(|far| CompletionCandidate::new(far.far.clone()))
            .collect(),
        _ => vec![],
    })
}

/// CallManagers of the list, with their state.
pub(crate) fn servers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| match ask(Request::ServerList) {
        Some(Response::Servers { servers }) => servers
            .iter()
            .map(|s| CompletionCandidate::new(s.server.clone()))
            .collect(),
        _ => vec![],
    })
}

fn port(port: &PortSummary) -> CompletionCandidate {
    let help = match clean(&port.label) {
        label if label.is_empty() => port.device.clone(),
        label => format!("{label}, {}", port.device),
    };
    CompletionCandidate::new(port.port.to_string()).help(Some(help.into()))
}

fn call(call: &CallSummary) -> CompletionCandidate {
    let help = format!("port {}, {}", call.port, call.direction);
    CompletionCandidate::new(call.id.to_string()).help(Some(help.into()))
}

fn fax(fax: &StoredFax) -> CompletionCandidate {
    let help = format!("port {}, {}", fax.port, fax.verdict.code());
    CompletionCandidate::new(fax.number.to_string()).help(Some(help.into()))
}

fn ask(request: Request) -> Option<Response> {
    Remote::new(&socket(), PATIENCE).ask(request).ok()
}

/// Options of the line that is being typed are not known here: the variable or the default.
fn socket() -> PathBuf {
    std::env::var_os("TIPRING_SOCKET")
        .map_or_else(|| Path::new(DEFAULT_SOCKET).to_owned(), PathBuf::from)
}
