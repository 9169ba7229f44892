//! `fax`: from the daemon, or from its file when it does not run.

mod memory;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use tipring_ctl::report::{FaxList, FaxReport, FaxStats, History};
use tipring_store::{Query, What};

use super::args::FaxCommand;
use super::output::{Failure, Out, Paint};
use super::remote::Remote;
use super::{history, render};

/// Far numbers that `fax stats` shows.
const NUMBERS: u32 = 50;

/// An answer and where it is from.
#[derive(Serialize)]
struct Shown<'a, T> {
    /// The file; none: the daemon answered.
    file: Option<&'a Path>,
    #[serde(flatten)]
    answer: &'a T,
}

pub(crate) fn run(remote: &Remote, out: &Out, command: &FaxCommand) -> Result<ExitCode, Failure> {
    match command {
        FaxCommand::List {
            port,
            failed,
            limit,
            of,
        } => {
            let query = Query {
                port: *port,
                since_unix_ms: of.since,
                what: What::Faxes,
                failed: *failed,
                limit: *limit,
                ..Query::default()
            };
            let (file, found) = asked(remote, of.file.as_deref(), &query)?;
            let list = FaxList::from(found);
            show(
                out,
                file.as_deref(),
                of.file.is_some(),
                &list,
                render::fax_list,
            )
        }
        FaxCommand::Show { id, file: named } => {
            let query = Query {
                what: What::Faxes,
                fax: Some(*id),
                limit: 1,
                ..Query::default()
            };
            let (file, found) = asked(remote, named.as_deref(), &query)?;
            let Some(fax) = found.faxes.into_iter().next() else {
                let cure = "see `tipring fax list`";
                return Err(Failure::failed(format!("there is no fax {id}"), cure));
            };
            let fax = FaxReport::of(fax);
            show(out, file.as_deref(), named.is_some(), &fax, render::fax)
        }
        FaxCommand::Memory(command) => memory::run(remote, out, command),
        FaxCommand::Stats { port, of } => {
            let query = Query {
                port: *port,
                since_unix_ms: of.since,
                what: What::FaxTotals,
                limit: NUMBERS,
                ..Query::default()
            };
            let (file, found) = asked(remote, of.file.as_deref(), &query)?;
            let stats = FaxStats::from(found);
            show(
                out,
                file.as_deref(),
                of.file.is_some(),
                &stats,
                render::fax_stats,
            )
        }
    }
}

fn asked(
    remote: &Remote,
    file: Option<&Path>,
    query: &Query,
) -> Result<(Option<PathBuf>, History), Failure> {
    match file {
        Some(file) => Ok((Some(file.to_owned()), history::read(file, query)?)),
        None => history::ask(remote, query),
    }
}

fn show<T: Serialize>(
    out: &Out,
    file: Option<&Path>,
    named: bool,
    answer: &T,
    text: fn(Paint, &T) -> String,
) -> Result<ExitCode, Failure> {
    let shown = Shown { file, answer };
    out.report(&shown, |paint| {
        history::from(file, named) + &text(paint, answer)
    })?;
    Ok(ExitCode::SUCCESS)
}
