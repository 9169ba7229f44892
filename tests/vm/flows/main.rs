//! `tipring-vm`: telephones on real DAHDI channels against the installed gateway, inside a guest.
//!
//! `tipring-vm [--short | --long] [--only FLOW,…] [--ports N] [--payload DIR] [--folder DIR]`
//!
//! PAYLOAD holds the guest's scripts (`/payload`), FOLDER takes what is worth keeping (`/out`).
//! Each flow prints one line with its figures; the last line counts them. Exit 0 only when all passed.
#![forbid(unsafe_code)]

mod figures;
mod flows;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;

use figures::Outcome;
use stage::{Length, Stage};

struct Options {
    length: Length,
    only: Vec<String>,
    ports: u16,
    payload: PathBuf,
    folder: PathBuf,
}

fn options() -> Result<Options, String> {
    let mut o = Options {
        length: Length::Short,
        only: vec![],
        ports: 24,
        payload: "/payload".into(),
        folder: "/out".into(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--short" => o.length = Length::Short,
            "--long" => o.length = Length::Long,
            "--only" => o.only = value()?.split(',').map(str::to_owned).collect(),
            "--ports" => o.ports = value()?.parse().map_err(|e| format!("--ports: {e}"))?,
            "--payload" => o.payload = value()?.into(),
            "--folder" => o.folder = value()?.into(),
            _ => {
                return Err(format!(
                    "{arg}: one of --short, --long, --only, --ports, --payload, --folder"
                ));
            }
        }
    }
    let known = |name: &&String| !flows::ALL.iter().any(|(flow, _)| flow == name);
    match o.only.iter().find(known) {
        Some(name) => {
            let all: Vec<&str> = flows::ALL.iter().map(|(flow, _)| *flow).collect();
            Err(format!(
                "--only {name}: no such flow; there are {}",
                all.join(", ")
            ))
        }
        None => Ok(o),
    }
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(o) => o,
        Err(e) => {
            eprintln!("tipring-vm: {e}");
            return ExitCode::from(2);
        }
    };
    let stage = Stage::new(
        options.length,
        options.ports,
        options.payload.clone(),
        options.folder.clone(),
    );
    if let Err(e) = std::fs::create_dir_all(&options.folder) {
        eprintln!("tipring-vm: {}: {e}", options.folder.display());
        return ExitCode::FAILURE;
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|o| o == name);
    let outcomes: Vec<Outcome> = flows::ALL
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, body)| match flows::missing_packages(&stage, name) {
            Some(packages) => Outcome::lacks(name, &packages),
            None => Outcome::of(name, || body(&stage)),
        })
        .collect();
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|o| !o.passed())
        .map(Outcome::name)
        .collect();
    let skipped: Vec<&Outcome> = outcomes.iter().filter(|o| o.skipped().is_some()).collect();
    for outcome in &skipped {
        let why = outcome.skipped().unwrap_or_default();
        println!("skipped: {}: {why}", outcome.name());
    }
    let passed = outcomes.len() - failed.len() - skipped.len();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    println!(
        "{passed} passed, {} failed, {} skipped",
        failed.len(),
        skipped.len()
    );
    ExitCode::from(u8::from(!failed.is_empty()))
}
