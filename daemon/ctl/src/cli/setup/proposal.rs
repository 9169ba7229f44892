//! What the two files should say, and how that differs from what they say.

use std::path::{Path, PathBuf};

use similar::TextDiff;
use tipring_hal::dahdi::scan::Hardware;
use tipring_hal::dahdi::system_conf::{self, SYSTEM_CONF};

use super::gateway_conf;
use crate::cli::exit;
use crate::cli::output::{Failure, Paint, clean};

/// Where the gateway's configuration is.
pub(crate) const TIPRING_TOML: &str = "/etc/tipring/tipring.toml";

/// What the technician asks for.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) country: Option<String>,
    pub(crate) servers: Vec<String>,
}

/// A file as it is and as it should be.
#[derive(Debug)]
pub(crate) struct Change {
    /// As people know it.
    pub(crate) name: &'static str,
    /// Where it really is.
    pub(crate) path: PathBuf,
    /// None when there is no such file.
    pub(crate) old: Option<String>,
    proposed: String,
}

impl Change {
    /// The new text; none when nothing changes.
    pub(crate) fn new_text(&self) -> Option<&str> {
        let differs = self.old.as_deref().unwrap_or_default() != self.proposed;
        differs.then_some(self.proposed.as_str())
    }

    fn diff(&self, paint: Paint) -> String {
        let Some(new) = self.new_text() else {
            return String::new();
        };
        let old = self.old.as_deref().unwrap_or_default();
        let from = match self.old {
            Some(_) => self.name.to_owned(),
            None => "/dev/null".into(),
        };
        let diff = TextDiff::from_lines(old, new)
            .unified_diff()
            .header(&from, self.name)
            .to_string();
        diff.lines()
            .map(|line| {
                let line = clean(line);
                let line = match line.as_bytes().first() {
                    _ if line.starts_with("---") || line.starts_with("+++") => paint.bold(&line),
                    Some(b'+') => paint.good(&line),
                    Some(b'-') => paint.bad(&line),
                    Some(b'@') => paint.faint(&line),
                    _ => line,
                };
                line + "\n"
            })
            .collect()
    }
}

/// Both files.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) system_conf: Change,
    pub(crate) tipring_toml: Change,
    /// Configured ports whose channel no card has.
    pub(crate) orphans: Vec<u16>,
}

impl Proposal {
    /// For these cards; `root` stands for `/`. Without a port for a telephone nothing changes.
    pub(crate) fn of(
        hardware: &Hardware,
        root: Option<&Path>,
        wishes: &Wishes,
    ) -> Result<Proposal, Failure> {
        let (conf_path, old_conf) = read(root, SYSTEM_CONF)?;
        let (toml_path, old_toml) = read(root, TIPRING_TOML)?;
        let channels = hardware.telephone_channels();
        let existing = old_toml.as_deref().unwrap_or_default();
        let (conf, toml, orphans) = if channels.is_empty() {
            let same = |old: &Option<String>| old.clone().unwrap_or_default();
            (same(&old_conf), same(&old_toml), vec![])
        } else {
            let conf = system_conf::propose(
                old_conf.as_deref().unwrap_or_default(),
                hardware,
                wishes.country.as_deref(),
            );
            let (toml, orphans) = gateway_conf::propose(existing, &channels, wishes)
                .map_err(|cause| broken(&toml_path, &cause))?;
            (conf, toml, orphans)
        };
        Ok(Proposal {
            system_conf: Change {
                name: SYSTEM_CONF,
                path: conf_path,
                old: old_conf,
                proposed: conf,
            },
            tipring_toml: Change {
                name: TIPRING_TOML,
                path: toml_path,
                old: old_toml,
                proposed: toml,
            },
            orphans,
        })
    }

    pub(crate) fn files(&self) -> [&Change; 2] {
        [&self.system_conf, &self.tipring_toml]
    }

    pub(crate) fn changes(&self) -> bool {
        self.files().iter().any(|file| file.new_text().is_some())
    }

    /// What the gateway's configuration leaves at a default that hardly any site wants, and what to do.
    pub(crate) fn advice(&self) -> Vec<&'static str> {
        gateway_conf::unset(&self.tipring_toml.proposed)
    }

    pub(crate) fn diff(&self, paint: Paint) -> String {
        self.files().iter().map(|file| file.diff(paint)).collect()
    }
}

fn read(root: Option<&Path>, name: &str) -> Result<(PathBuf, Option<String>), Failure> {
    let path = super::below(root, name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, Some(text))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok((path, None)),
        Err(e) => Err(Failure::failed(
            format!("{} cannot be read: {e}", path.display()),
            "run it as root: sudo tipring setup",
        )),
    }
}

fn broken(path: &Path, cause: &str) -> Failure {
    Failure {
        code: exit::BAD_CONFIG,
        word: "bad-configuration",
        message: format!("{} is broken: {cause}", path.display()),
        cure: Some(
            "correct it (\"tipring config check\" shows all problems), then run this again".into(),
        ),
    }
}
