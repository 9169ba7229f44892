//! `config check`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use tipring_config::{Machine, Report};

use super::exit;
use super::output::{Failure, Out};

pub(crate) fn check(
    out: &Out,
    file: Option<&Path>,
    countries: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let machine = Machine {
        mac: Machine::first_mac(),
        countries_dir: countries.map(Path::to_owned),
    };
    match tipring_config::load(file, &machine) {
        Ok(config) => {
            let name = config.file.as_deref().unwrap_or("built-in defaults");
            if out.json {
                out.json_line(&json!({
                    "file": name, "ok": true, "ports": config.ports.len(), "problems": config.warnings
                }))?;
            } else {
                for warning in &config.warnings {
                    out.advice(&warning.render(out.paint().colour));
                }
                out.raw(&format!("{name}: good, {} ports\n", config.ports.len()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(report) => {
            refuse(out, &report)?;
            Ok(exit::BAD_CONFIG.into())
        }
    }
}

fn refuse(out: &Out, report: &Report) -> Result<(), Failure> {
    if out.json {
        out.json_line(&json!({ "file": report.file, "ok": false, "problems": report.problems }))
    } else {
        out.raw(&report.render(out.paint().colour))
    }
}
