//! `history`: from the daemon, or from its file when it does not run.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use tipring_ctl::report::History;
use tipring_ctl::request::{Request, Response};
use tipring_store::{Query, StoreError, What};

use super::args::HistoryArgs;
use super::output::{Failure, Out};
use super::remote::{Remote, unexpected};
use super::{exit, render};

/// An answer and where it is from.
#[derive(Serialize)]
struct Shown<'a> {
    /// The file; none: the daemon answered.
    file: Option<&'a Path>,
    #[serde(flatten)]
    history: &'a History,
}

pub(crate) fn run(remote: &Remote, out: &Out, args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let query = Query {
        port: args.port,
        since_unix_ms: args.since,
        what: match (args.calls, args.findings) {
            (true, _) => What::Calls,
            (_, true) => What::Findings,
            _ if args.summary => What::Summary,
            _ => What::All,
        },
        limit: args.limit,
        ..Query::default()
    };
    let (file, history) = match &args.file {
        Some(file) => (Some(file.clone()), read(file, &query)?),
        None => ask(remote, &query)?,
    };
    let shown = Shown {
        file: file.as_deref(),
        history: &history,
    };
    out.report(&shown, |paint| {
        from(shown.file, args.file.is_some()) + &render::history(paint, query.what, &history)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Which file an answer is from; `named`: on the command line.
pub(super) fn from(file: Option<&Path>, named: bool) -> String {
    let Some(file) = file else {
        return String::new();
    };
    let name = file.display();
    match named {
        true => format!("from {name}\n\n"),
        false => format!("the daemon does not run: from its file {name}\n\n"),
    }
}

/// The daemon's answer; its file's, with the file, when it does not run.
pub(super) fn ask(remote: &Remote, query: &Query) -> Result<(Option<PathBuf>, History), Failure> {
    match remote.ask(Request::History(query.clone())) {
        Ok(Response::History(history)) => Ok((None, *history)),
        Ok(Response::Error(report)) => Err(Failure::refused(report)),
        Ok(other) => Err(unexpected(&other)),
        Err(failure) if failure.code == exit::UNREACHABLE && is_down(remote.socket()) => {
            let file = tipring_ctl::state::file(remote.socket(), None, tipring_store::FILE);
            match tipring_store::read(&file, query) {
                Ok(history) => Ok((Some(file), history)),
                // Nothing was ever kept there: that no daemon runs is what there is to say.
                Err(StoreError::Missing { .. }) => Err(failure),
                Err(why) => Err(refused(&why)),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// Nobody listens, which is not the same as not being let in.
pub(super) fn is_down(socket: &Path) -> bool {
    UnixStream::connect(socket)
        .is_err_and(|e| matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused))
}

pub(super) fn read(file: &Path, query: &Query) -> Result<History, Failure> {
    tipring_store::read(file, query).map_err(|why| refused(&why))
}

fn refused(why: &StoreError) -> Failure {
    let cure = match why {
        StoreError::Refused { .. } => "run this as root or as the daemon's user",
        why => why.cure(),
    };
    Failure::failed(why.to_string(), cure)
}
