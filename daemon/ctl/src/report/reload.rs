//! `tipring reload`: what became of a configuration that was read again.

use serde::{Deserialize, Serialize};

/// What became of a good configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReloadReport {
    /// The file; none for built-in defaults.
    pub file: Option<String>,
    /// What is accepted but looks wrong.
    pub warnings: Vec<ConfigProblem>,
    /// In use now.
    pub applied: Vec<ReloadChange>,
    /// In use as soon as these ports are in no call.
    pub waiting: Vec<ReloadChange>,
    /// Not in use before the daemon starts again.
    pub needs_restart: Vec<ReloadChange>,
}

impl ReloadReport {
    /// The file says what is in use already.
    pub fn is_unchanged(&self) -> bool {
        self.applied.is_empty() && self.waiting.is_empty() && self.needs_restart.is_empty()
    }
}

/// What is left of reloads, for status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReloadState {
    /// In use as soon as these ports are in no call.
    pub waiting: Vec<ReloadChange>,
    /// Not in use before the daemon starts again.
    pub needs_restart: Vec<ReloadChange>,
}

/// One change, or the same change of several ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReloadChange {
    /// The ports it is about, in order; empty: the gateway as a whole.
    pub ports: Vec<u16>,
    /// The keys that changed: `media.ptime-ms`, or `flash` for a key of `[[port]]`. Empty: the port as a whole.
    pub keys: Vec<String>,
    /// What follows from it, or why not, in words.
    pub what: String,
}

/// Why a configuration was refused; the one in use stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigReport {
    /// The file.
    pub file: String,
    /// Every problem, in order of line.
    pub problems: Vec<ConfigProblem>,
}

/// One problem of a configuration, as `tipring config check --json` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigProblem {
    /// How bad.
    pub severity: ConfigSeverity,
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Another line that is part of the problem.
    pub other_line: Option<u32>,
    /// The key with its table.
    pub key: Option<String>,
    /// The value as written.
    pub value: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be accepted.
    pub accepts: Option<String>,
    /// What to do.
    pub cure: Option<String>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigSeverity {
    /// The configuration is refused.
    #[default]
    Error,
    /// The configuration is used; somebody should look.
    Warning,
}
