//! `fax memory`: the daemon has it in memory, so it is asked, not its file.

use std::process::ExitCode;

use tipring_ctl::request::{FaxMemoryAction, Request, Response};
use tipring_types::T38Choice;

use crate::cli::args::{FaxMemoryCommand, T38When};
use crate::cli::output::{Failure, Out};
use crate::cli::remote::{Remote, unexpected};
use crate::cli::render;

pub(super) fn run(
    remote: &Remote,
    out: &Out,
    command: &FaxMemoryCommand,
) -> Result<ExitCode, Failure> {
    let action = match command {
        FaxMemoryCommand::List => FaxMemoryAction::List,
        FaxMemoryCommand::Forget { far } => FaxMemoryAction::Forget {
            far: (far != "all").then(|| far.clone()),
        },
        FaxMemoryCommand::Set { far, t38 } => FaxMemoryAction::Set {
            far: far.clone(),
            t38: match t38 {
                T38When::Never => Some(T38Choice::Never),
                T38When::Ask => Some(T38Choice::Ask),
                T38When::Auto => None,
            },
        },
    };
    let forgets = matches!(command, FaxMemoryCommand::Forget { .. });
    match remote.ask(Request::FaxMemory(action))? {
        Response::FaxMemory(report) => {
            out.report(&report, |paint| match forgets {
                true => render::fax_memory_forgotten(&report),
                false => render::fax_memory(paint, &report),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Response::Error(report) => Err(Failure::refused(report)),
        other => Err(unexpected(&other)),
    }
}
