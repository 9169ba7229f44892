//! `tipring reload`: what became of a configuration that was read again.

use serde::{Deserialize, Serialize};
pub use tipring_types::problem::{ConfigProblem, ConfigReport};

/// What became of a good configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ReloadState {
    /// In use as soon as these ports are in no call.
    pub waiting: Vec<ReloadChange>,
    /// Not in use before the daemon starts again.
    pub needs_restart: Vec<ReloadChange>,
}

/// One change, or the same change of several ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ReloadChange {
    /// The ports it is about, in order; empty: the gateway as a whole.
    pub ports: Vec<u16>,
    /// The keys that changed: `media.ptime-ms`, or `flash` for a key of `[[port]]`. Empty: the port as a whole.
    pub keys: Vec<String>,
    /// What follows from it, or why not, in words.
    pub what: String,
}
