//! tipring.toml(5), from the configuration's schema.

use clap_mangen::roff::{Roff, bold, italic, roman};
use tipring_config::schema::{Absent, DEFAULTS, Key, PORT_HELP, PORT_ONLY, TABLES};

use super::{Page, examples, see_also};

/// Minimal, and what most gateways need.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "The gateway of a CallManager cluster, with telephones on all ports:",
        "[callmanager]\nservers = [\"10.0.0.1\", \"10.0.0.2\"]\n\n[defaults]\ncountry = \"uk\"\n\n[card]\ndriver = \"dahdi\"",
    ),
    (
        "One port of it is a fax:",
        "[[port]]\nchannel = 4\nlabel = \"Fax, 2nd floor\"\nprofile = \"fax\"",
    ),
];

/// tipring.toml(5).
pub(super) fn page() -> Page {
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
         Unknown keys are errors. `tipring config check` reports all problems of a file at once, `tipring config show` every setting that holds and where it came from.",
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
    examples(&mut page, EXAMPLES);
    see_also(
        &mut page,
        &["tipring(1)", "tipring-config(1)", "tipringd(8)"],
    );
    Page {
        name: "tipring.toml.5",
        text: page.render(),
    }
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
