//! `setup`: from a fresh machine with a card to lines in service.
//!
//! Owns: the order of the steps, and asking before each that changes the machine. Promises: nothing is changed without a yes;
//! every file that is written keeps its old self beside it; a step that fails says what to do by hand. Leaves to others:
//! what the files should say ([`proposal`]).

mod files;
mod gateway_conf;
pub(crate) mod proposal;
mod steps;

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tipring_config::{Countries, Mac, Machine, Render};
use tipring_hal::dahdi::scan::{self, CardState, Hardware};

use super::args::SetupArgs;
use super::exit;
use super::output::{Failure, Out};
use proposal::{Proposal, TIPRING_TOML, Wishes};

pub(crate) fn run(out: &Out, args: &SetupArgs) -> Result<ExitCode, Failure> {
    let wishes = wishes(args)?;
    let asks = Asks::new(out, args)?;
    let mut hardware = look(args);
    if hardware.telephone_channels().is_empty() || waits(&hardware) {
        hardware = bring_up(out, args, &asks, hardware)?;
    }
    if hardware.telephone_channels().is_empty() {
        return Err(Failure::failed(
            "no port for a telephone was found: there is nothing to set up".into(),
            "\"tipring hardware\" shows what was found and why it cannot be used",
        ));
    }
    let proposal = Proposal::of(&hardware, args.root.as_deref(), &wishes)?;
    fit(&proposal)?;
    for channel in &proposal.orphans {
        out.advice(&format!(
            "note: {TIPRING_TOML} has a port on channel {channel}, which no card has; it stays, and is not served"
        ));
    }
    let unready = !ready(&hardware);
    if !proposal.changes() && !unready {
        return done(out, args, &[], &hardware, false, &proposal.advice());
    }
    if !out.json {
        out.raw(&proposal.diff(out.paint()))?;
    }
    if args.dry_run {
        if out.json {
            out.json_line(&json!({
                "changed": false,
                "proposed": {
                    "system_conf": proposal.system_conf.new_text(), "tipring_toml": proposal.tipring_toml.new_text()
                }
            }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let configures = unready || proposal.system_conf.new_text().is_some();
    if configures {
        steps::nobody_talks(&hardware)?;
    }
    if proposal.changes() && !asks.yes("Write this?")? {
        return Err(declined());
    }
    let mut written = vec![];
    for file in proposal.files() {
        if let Some(new) = file.new_text() {
            let backup = files::replace(&file.path, new)?;
            written.push(file.name);
            if let Some(backup) = backup {
                out.advice(&format!("the old {} is {}", file.name, backup.display()));
            }
        }
    }
    if configures && args.root.is_none() {
        steps::configure(out)?;
        hardware = look(args);
    }
    let mut serves = false;
    if written.contains(&TIPRING_TOML) && args.root.is_none() {
        // Without systemd, or without the package, nobody is asked.
        if let Some(start) = steps::Start::possible() {
            serves = asks.yes(start.question())?;
            if serves {
                start.go(out)?;
            }
        }
    }
    done(out, args, &written, &hardware, serves, &proposal.advice())
}

/// A path of the machine below another root.
pub(crate) fn below(root: Option<&Path>, absolute: &str) -> PathBuf {
    match root {
        Some(root) => root.join(absolute.trim_start_matches('/')),
        None => absolute.into(),
    }
}

fn look(args: &SetupArgs) -> Hardware {
    match &args.root {
        Some(root) => scan::scan_at(root),
        None => scan::scan(),
    }
}

fn wishes(args: &SetupArgs) -> Result<Wishes, Failure> {
    let bad = |message: String, cure: String| Failure {
        code: exit::USAGE,
        word: "usage",
        message,
        cure: Some(cure),
    };
    if let Some(code) = &args.country {
        let (countries, _) =
            Countries::with_directory(Some(Path::new(tipring_config::COUNTRIES_DIR)));
        if countries.get(code).is_none() {
            if let Some((why, cure)) = countries.why_lacking(code) {
                return Err(bad(format!("--country {code} {why}"), cure.to_owned()));
            }
            let known: Vec<&str> = countries.codes().collect();
            return Err(bad(
                format!("--country {code}: no such country"),
                format!("use one of {}", known.join(", ")),
            ));
        }
    }
    for server in &args.servers {
        if tipring_config::Server::parse(server).is_err() {
            return Err(bad(
                format!("--servers {server}: no address"),
                "write an IPv4 address or a name, with :port if it is not 2000; commas between several".into(),
            ));
        }
    }
    Ok(Wishes {
        country: args.country.clone(),
        servers: args.servers.clone(),
    })
}

/// A card has a driver that is not loaded, or no channels yet.
pub(crate) fn waits(hardware: &Hardware) -> bool {
    hardware.cards.iter().any(|card| {
        matches!(
            card.state,
            CardState::Unassigned | CardState::NoDriver { installed: true }
        )
    })
}

/// Loads drivers and gives out channel numbers, as far as that is agreed to.
fn bring_up(
    out: &Out,
    args: &SetupArgs,
    asks: &Asks,
    hardware: Hardware,
) -> Result<Hardware, Failure> {
    let modules = steps::modules(&hardware);
    let unassigned = hardware
        .cards
        .iter()
        .any(|card| card.state == CardState::Unassigned);
    if args.dry_run || args.root.is_some() {
        for module in &modules {
            out.advice(&format!("would load the driver {module}"));
        }
        if unassigned {
            out.advice("would give out channel numbers (dahdi_span_assignments auto)");
        }
        return Ok(hardware);
    }
    let mut hardware = hardware;
    if !modules.is_empty() {
        let question = format!("Load the driver {}?", modules.join(", "));
        if asks.yes(&question)? {
            steps::load(out, &modules)?;
            hardware = look(args);
        }
    }
    let unassigned = hardware
        .cards
        .iter()
        .any(|card| card.state == CardState::Unassigned);
    if unassigned && asks.yes("Give channel numbers to the cards that have none?")? {
        steps::assign(out)?;
        hardware = look(args);
    }
    Ok(hardware)
}

/// All ports for telephones are configured in the kernel.
fn ready(hardware: &Hardware) -> bool {
    hardware
        .channels()
        .filter(|channel| channel.port == scan::PortKind::Telephone)
        .all(|channel| matches!(channel.signalling.as_deref(), Some("fxoks" | "fxols")))
}

/// The proposed configuration is one that the daemon takes.
fn fit(proposal: &Proposal) -> Result<(), Failure> {
    let Some(text) = proposal.tipring_toml.new_text() else {
        return Ok(());
    };
    let mut machine = Machine::this();
    // A missing network is not this command's trouble.
    machine.mac = machine.mac.or_else(|| Mac::parse("02:00:00:00:00:01"));
    match tipring_config::parse(text, TIPRING_TOML, &machine) {
        Ok(_) => Ok(()),
        Err(report) => Err(Failure {
            code: exit::BAD_CONFIG,
            word: "bad-configuration",
            message: format!(
                "{TIPRING_TOML} has errors already:\n{}",
                report.render(false)
            ),
            cure: Some("mend them, then run this again".into()),
        }),
    }
}

fn done(
    out: &Out,
    args: &SetupArgs,
    written: &[&str],
    hardware: &Hardware,
    serves: bool,
    unset: &[&str],
) -> Result<ExitCode, Failure> {
    let (usable, all) = (hardware.usable(), hardware.telephone_channels().len());
    if out.json {
        out.json_line(&json!({
            "changed": !written.is_empty(), "written": written, "usable": usable, "telephone_lines": all
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for name in written {
        out.raw(&format!("{name} written\n"))?;
    }
    out.raw(&format!(
        "{usable} of {all} lines for telephones can be used\n"
    ))?;
    for line in unset {
        out.advice(line);
    }
    if args.root.is_some() {
        return Ok(ExitCode::SUCCESS);
    }
    if written.is_empty() {
        out.advice("the configuration fits these cards: nothing to set up");
    } else if serves {
        out.advice(
            "\"tipring status\" shows the lines, \"tipring port list\" the device names to be added on the CallManager",
        );
    } else if written.contains(&TIPRING_TOML) {
        out.advice("next: systemctl restart tipring, then \"tipring status\"");
    } else {
        out.advice("the daemon finds the lines by itself; \"tipring status\" shows them");
    }
    Ok(ExitCode::SUCCESS)
}

fn declined() -> Failure {
    Failure {
        code: exit::FAILED,
        word: "declined",
        message: "nothing was changed".into(),
        cure: None,
    }
}

/// Who says yes.
struct Asks<'a> {
    out: &'a Out,
    always: bool,
}

impl Asks<'_> {
    fn new<'a>(out: &'a Out, args: &SetupArgs) -> Result<Asks<'a>, Failure> {
        let asks = !args.yes && !args.dry_run;
        if asks && (out.json || !std::io::stdin().is_terminal()) {
            return Err(Failure {
                code: exit::USAGE,
                word: "usage",
                message: "cannot ask: standard input is no terminal, or --json was given".into(),
                cure: Some("use --yes to write, or --dry-run to look".into()),
            });
        }
        Ok(Asks {
            out,
            always: args.yes,
        })
    }

    fn yes(&self, question: &str) -> Result<bool, Failure> {
        if self.always {
            return Ok(true);
        }
        self.out.raw(&format!("{question} [y/N] "))?;
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        match read {
            Ok(_) => Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")),
            Err(e) => Err(Failure::failed(
                format!("the answer cannot be read: {e}"),
                "use --yes",
            )),
        }
    }
}
