//! `config check` and `config show`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use tipring_config::here::{Address, Here};
use tipring_config::{Config, Effective, Machine, Origins, Render, Report};
use tipring_types::PortId;

use super::output::{Failure, Out};
use super::{exit, render};

pub(crate) fn check(
    out: &Out,
    file: Option<&Path>,
    countries: Option<&Path>,
) -> Result<ExitCode, Failure> {
    match tipring_config::check(file, &machine(countries), this_machine) {
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
                out.raw(&format!(
                    "{name}: good, {}\n",
                    render::plural(config.ports.len() as u64, "port")
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(report) => {
            refuse(out, &report)?;
            Ok(exit::BAD_CONFIG.into())
        }
    }
}

/// Every setting of a port, or of the gateway, and where it came from.
pub(crate) fn show(
    out: &Out,
    port: Option<u16>,
    file: Option<&Path>,
    countries: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let (config, origins) = match tipring_config::load_with_origins(file, &machine(countries)) {
        Ok(loaded) => loaded,
        Err(report) => {
            refuse(out, &report)?;
            return Ok(exit::BAD_CONFIG.into());
        }
    };
    let file = config.file.as_deref().unwrap_or("built-in defaults");
    let Some(port) = port else {
        let tables = tables(&origins);
        let json = json!({ "file": file, "tables": tables.iter().map(|(name, keys)| {
            json!({ "table": name, "settings": keys })
        }).collect::<Vec<_>>() });
        out.report(&json, |paint| {
            render::gateway_settings(paint, file, &tables)
        })?;
        return Ok(ExitCode::SUCCESS);
    };
    let Some(settings) = origins.of_port(PortId(port)) else {
        let numbers: Vec<u16> = origins.ports.iter().map(|(id, _)| id.0).collect();
        return Err(Failure {
            code: exit::FAILED,
            word: "unknown-port",
            message: format!("{file} has no port {port}"),
            cure: Some(format!("it has {}", render::port_numbers(&numbers))),
        });
    };
    let json = json!({ "file": file, "port": port, "settings": settings });
    out.report(&json, |paint| {
        render::port_settings(paint, file, port, settings)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The keys of each table together.
fn tables(origins: &Origins) -> Vec<(&'static str, Vec<&Effective>)> {
    let mut tables: Vec<(&'static str, Vec<&Effective>)> = Vec::new();
    for (table, key) in &origins.tables {
        match tables.last_mut().filter(|(name, _)| name == table) {
            Some((_, keys)) => keys.push(key),
            None => tables.push((table, vec![key])),
        }
    }
    tables
}

fn machine(countries: Option<&Path>) -> Machine {
    Machine {
        mac: Machine::first_mac(),
        countries_dir: countries.map(Path::to_owned),
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
