//! The configuration file: TOML to a validated model, all problems in one report.
//!
//! Owns: the keys and their ranges ([`schema`]), the model ([`Config`]), device naming ([`naming`]), the countries'
//! tones, cadences and caller-ID styles ([`country`]), what differs between two configurations ([`change`]), and
//! the report of problems ([`Report`]). Promises: every
//! problem of a file is reported at once, with its line, what is accepted and what to do; what is accepted needs no
//! further check; an empty file is a working gateway with a simulated card.
//! Leaves to others: when to look for the machine's MAC ([`Machine`] is an argument) and to remember it, and acting on
//! the result. The checks read nothing but the files they are given.
#![forbid(unsafe_code)]

pub mod change;
pub mod country;
pub mod here;
pub mod naming;
pub mod report;
pub mod schema;

mod choice;
mod contradiction;
mod layer;
mod machine;
mod model;
mod origins;
mod ports;
mod profile;
mod reader;
mod server;
pub mod settings;
mod syntax;
mod validate;
mod window;

use std::path::Path;

pub use choice::{
    AfterFarHangUp, CallerIdChoice, CardDriver, CodePage, FaxIdentities, FlashAction, LogFormat,
    LogLevel, NamedEvents, Naming, Profile, PulseDigits, Realtime, RtpSource,
};
pub use country::{Countries, Country};
pub use layer::{Effective, Interval, Source};
pub use machine::{Choice, Interface, Machine, Remembered, choose, interfaces};
pub use model::{
    CallManager, Card, Config, Control, DahdiCard, Gateway, History, LineThread, Log, Media, Port,
    PortRange, SimCard,
};
pub use naming::Mac;
pub use origins::Origins;
pub use report::{Problem, Render, Report, Severity};
pub use server::{Host, Server};
pub use settings::Line;
pub use window::WindowMs;

/// Where the configuration is unless another one is named.
pub const DEFAULT_PATH: &str = "/etc/tipring/tipring.toml";

/// Where further country files are.
pub const COUNTRIES_DIR: &str = "/etc/tipring/countries";

/// What a process exits with when its configuration is refused (`EX_CONFIG` of sysexits.h).
pub const EXIT_BAD_CONFIG: u8 = 78;

/// Reads and checks a configuration file.
///
/// Without a path, [`DEFAULT_PATH`] is used, and built-in defaults when there is no such file.
pub fn load(path: Option<&Path>, machine: &Machine) -> Result<Config, Report> {
    load_with_origins(path, machine).map(|(config, _)| config)
}

/// As [`load`], with where each value came from.
pub fn load_with_origins(
    path: Option<&Path>,
    machine: &Machine,
) -> Result<(Config, Origins), Report> {
    let (config, origins, report) = examine(path, machine)?;
    if report.errors() > 0 {
        return Err(report);
    }
    Ok((config, origins))
}

/// As [`load`], and what this machine lacks of it among the problems, whether there are errors or not. `here` looks for
/// what the configuration names.
pub fn check(
    path: Option<&Path>,
    machine: &Machine,
    here: impl FnOnce(&Config) -> here::Here,
) -> Result<Config, Report> {
    let (mut config, origins, report) = examine(path, machine)?;
    let lacking = here::lacking(&config, &origins, &here(&config));
    let problems = report.problems.into_iter().chain(lacking).collect();
    let report = Report::new(&report.file, problems);
    if report.errors() > 0 {
        return Err(report);
    }
    config.warnings = report.problems;
    Ok(config)
}

/// A file's configuration, with all its problems; what has an error has its default.
fn examine(path: Option<&Path>, machine: &Machine) -> Result<(Config, Origins, Report), Report> {
    let (path, required) = path.map_or((Path::new(DEFAULT_PATH), false), |p| (p, true));
    let name = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !required => {
            let (config, origins, report) = validate::examine("", "built-in defaults", machine);
            let config = Config {
                file: None,
                ..config
            };
            return Ok((config, origins, report));
        }
        Err(e) => {
            let cure = match e.kind() {
                std::io::ErrorKind::NotFound => {
                    "name a file that exists; an empty file gives a working default"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "run this as root or as a user who may read the file"
                }
                _ => "give a readable TOML file",
            };
            let problem = Problem::of_file(&name, format!("cannot be read: {e}"), cure);
            return Err(Report::new(&name, vec![problem]));
        }
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(validate::examine(text, &name, machine)),
        Err(e) => {
            let line = bytes
                .iter()
                .take(e.valid_up_to())
                .filter(|&&b| b == b'\n')
                .count();
            let problem = Problem {
                line: u32::try_from(line + 1).ok(),
                ..Problem::of_file(
                    &name,
                    "is not UTF-8 text".to_owned(),
                    "save the file as UTF-8",
                )
            };
            Err(Report::new(&name, vec![problem]))
        }
    }
}

/// Checks the text of a configuration file; `file_name` is used in the report. Reads only the country files.
///
/// ```
/// use tipring_config::{Machine, parse};
/// let machine = Machine { mac: None, countries_dir: None };
/// let good = parse("[defaults]\ncountry = \"uk\"\n", "example", &machine).unwrap();
/// assert_eq!(good.ports.len(), 4); // the simulated card
/// // Every problem is reported at once.
/// let bad = parse("[sim]\nports = 0\n[callmanager]\nserver = []\n", "example", &machine).unwrap_err();
/// assert_eq!(bad.errors(), 2);
/// ```
pub fn parse(text: &str, file_name: &str, machine: &Machine) -> Result<Config, Report> {
    parse_with_origins(text, file_name, machine).map(|(config, _)| config)
}

/// As [`parse`], with where each value came from.
pub fn parse_with_origins(
    text: &str,
    file_name: &str,
    machine: &Machine,
) -> Result<(Config, Origins), Report> {
    validate::config(text, file_name, machine)
}
