//! The manual pages: `tipring` and its commands from the command line's own description, `tipring.toml` from the
//! configuration's schema.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::roff::{Roff, bold, italic, roman};
use tipring_config::schema::{Absent, DEFAULTS, Key, PORT_HELP, PORT_ONLY, TABLES};

use super::args::Args;
use super::output::{Failure, Out};

pub(crate) fn write(out: &Out, dir: &Path) -> Result<ExitCode, Failure> {
    let failed = |e: std::io::Error| {
        Failure::failed(
            format!("{}: {e}", dir.display()),
            "name a directory that can be written",
        )
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Args::command(), dir).map_err(failed)?;
    std::fs::write(dir.join("tipring.toml.5"), configuration()).map_err(failed)?;
    out.raw(&format!("{}\n", dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// tipring.toml(5).
fn configuration() -> String {
    let mut page = Roff::new();
    let version = format!("tipring {}", tipring_ctl::VERSION);
    let title = ["tipring.toml", "5", "", version.as_str(), "File formats"];
    page.control("TH", title);
    page.control("SH", ["NAME"]);
    page.text([roman(
        "tipring.toml - configuration of the Tipring analog gateway",
    )]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "TOML. Every key has a default; an empty file is a working gateway with a simulated card of four ports. \
         Unknown keys are errors. `tipring config check` tells all problems of a file at once.",
    )]);
    for table in TABLES {
        page.control("SH", [format!("[{}]", table.name).as_str()]);
        page.text([roman(table.help)]);
        for key in table.keys {
            describe(&mut page, key);
        }
    }
    page.control("SH", ["[[port]]"]);
    page.text([
        roman(PORT_HELP),
        roman(format!(" See [{}].", DEFAULTS.name)),
    ]);
    for key in PORT_ONLY {
        describe(&mut page, key);
    }
    page.control("SH", ["FILES"]);
    for (path, what) in [
        (tipring_config::DEFAULT_PATH, "the configuration"),
        (
            tipring_config::COUNTRIES_DIR,
            "further countries, one TOML file each",
        ),
    ] {
        page.control("TP", []);
        page.text([italic(path)]);
        page.text([roman(what)]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([
        bold("tipring"),
        roman("(1), "),
        bold("tipringd"),
        roman("(8)"),
    ]);
    page.render()
}

fn describe(page: &mut Roff, key: &Key) {
    page.control("TP", []);
    page.text([bold(key.name)]);
    let absent = match key.absent {
        Absent::Value(value) => format!("Default: {value}."),
        Absent::Otherwise { meaning, .. } => format!("Without it: {meaning}."),
    };
    page.text([roman(format!(
        "{} Takes {}. {absent}",
        key.help, key.accepts
    ))]);
}
