//! `hardware`.

use std::process::ExitCode;

use serde::Serialize;
use tipring_hal::dahdi::scan::{self, Hardware};

use super::args::HardwareArgs;
use super::exit;
use super::output::{Failure, Out};
use super::render;
use super::setup::{
    self,
    proposal::{Proposal, Wishes},
};

/// What was found, and what the files should say.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    hardware: &'a Hardware,
    /// Lines that the gateway can use as they are.
    usable: usize,
    /// Whole files, as `setup` would write them.
    proposed: Proposed<'a>,
}

#[derive(Serialize)]
struct Proposed<'a> {
    system_conf: Option<&'a str>,
    tipring_toml: Option<&'a str>,
}

pub(crate) fn run(out: &Out, args: &HardwareArgs) -> Result<ExitCode, Failure> {
    let hardware = match &args.root {
        Some(root) => scan::scan_at(root),
        None => scan::scan(),
    };
    // A file that cannot be read or is broken is no reason to hide the cards; `setup` reports it.
    let proposal = Proposal::of(&hardware, args.root.as_deref(), &Wishes::default());
    let usable = hardware.usable();
    let report = Report {
        hardware: &hardware,
        usable,
        proposed: Proposed {
            system_conf: proposal
                .as_ref()
                .ok()
                .and_then(|p| p.system_conf.new_text()),
            tipring_toml: proposal
                .as_ref()
                .ok()
                .and_then(|p| p.tipring_toml.new_text()),
        },
    };
    out.report(&report, |paint| render::hardware(paint, &hardware))?;
    if !out.json {
        advise(out, &hardware, proposal)?;
    }
    Ok(if usable > 0 {
        ExitCode::SUCCESS
    } else {
        exit::FAILED.into()
    })
}

fn advise(
    out: &Out,
    hardware: &Hardware,
    proposal: Result<Proposal, Failure>,
) -> Result<(), Failure> {
    match proposal {
        Ok(_) if hardware.telephone_channels().is_empty() && setup::waits(hardware) => {
            out.advice("\"tipring setup\" brings the cards up, after asking, and writes their configuration");
        }
        Ok(_) if hardware.telephone_channels().is_empty() => {
            out.advice("there is no port for a telephone; the simulated card needs none ([card] driver = \"sim\")");
        }
        Ok(proposal) if proposal.changes() => {
            out.raw(&format!("\nProposed:\n\n{}", proposal.diff(out.paint())))?;
            out.advice("\"tipring setup\" writes this, after asking");
        }
        Ok(_) => out.advice("the configuration fits these cards: nothing to set up"),
        Err(failure) => {
            out.failure(&failure);
        }
    }
    Ok(())
}
