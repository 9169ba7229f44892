//! The manual pages: `tipring` and its commands, grouped by what they are about, from the command line's own description;
//! `tipring.toml` from the configuration's schema.

mod commands;
mod configuration;
mod examples;
mod fields;

use std::path::Path;
use std::process::ExitCode;

use clap_mangen::roff::{Roff, bold, roman};

use super::output::{Failure, Out};

/// A page, and the name of its file.
struct Page {
    name: &'static str,
    text: String,
}

pub(crate) fn write(out: &Out, dir: &Path) -> Result<ExitCode, Failure> {
    let failed = |e: std::io::Error| {
        Failure::failed(
            format!("{}: {e}", dir.display()),
            "name a directory that can be written",
        )
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    for page in commands::pages()
        .into_iter()
        .chain([configuration::page(), fields::page()])
    {
        std::fs::write(dir.join(page.name), page.text).map_err(failed)?;
    }
    out.raw(&format!("{}\n", dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The section EXAMPLES: what one wants, and what one types or writes.
fn examples(page: &mut Roff, examples: &[(&str, &str)]) {
    page.control("SH", ["EXAMPLES"]);
    for (want, text) in examples {
        page.control("PP", []);
        page.text([roman(*want)]);
        page.control("PP", []);
        page.control("RS", ["4"]);
        page.control("nf", []);
        for line in text.lines() {
            page.text([roman(line)]);
        }
        page.control("fi", []);
        page.control("RE", []);
    }
}

/// The section SEE ALSO, of pages as `tipring(1)`.
fn see_also(page: &mut Roff, pages: &[&str]) {
    page.control("SH", ["SEE ALSO"]);
    let mut line = vec![];
    for (n, name) in pages.iter().enumerate() {
        let (name, section) = name.split_at(name.find('(').unwrap_or(name.len()));
        line.push(bold(name));
        let comma = if n + 1 < pages.len() { ", " } else { "" };
        line.push(roman(format!("{section}{comma}")));
    }
    page.text(line);
}
