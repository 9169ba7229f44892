//! `config check`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use tipring_config::here::{self, Address, Here};
use tipring_config::{Config, Machine, Report};

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
    match tipring_config::load_with_origins(file, &machine) {
        Ok((mut config, origins)) => {
            let lacking = here::lacking(&config, &origins, &this_machine(&config));
            config.warnings.extend(lacking);
            config.warnings.sort_by_key(|problem| problem.line);
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

/// What this machine has of what the configuration names.
fn this_machine(config: &Config) -> Here {
    let addresses = tipring_linux::own_addresses().unwrap_or_default();
    let addresses = addresses.into_iter().map(|one| Address {
        interface: one.interface,
        address: one.address,
    });
    let group = config.control.group.as_deref();
    Here {
        addresses: addresses.collect(),
        has_address: config
            .gateway
            .address
            .is_none_or(tipring_linux::has_address),
        has_group: group.is_none_or(|group| tipring_linux::group_id(group).is_some()),
    }
}

fn refuse(out: &Out, report: &Report) -> Result<(), Failure> {
    if out.json {
        out.json_line(&json!({ "file": report.file, "ok": false, "problems": report.problems }))
    } else {
        out.raw(&report.render(out.paint().colour))
    }
}
