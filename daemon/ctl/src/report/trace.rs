//! `tipring trace`: what happens, as it happens.

use serde::{Deserialize, Serialize};

/// The kind of a trace line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TraceKind {
    /// A message from the CallManager.
    SccpIn,
    /// A message to the CallManager.
    SccpOut,
    /// The hook, a flash.
    Hook,
    /// A digit of the set.
    Digit,
    /// Ringing, tones, caller ID, polarity, lamp.
    #[default]
    Line,
    /// Media channels, packets lost, events.
    Media,
    /// The call logic's state.
    Call,
    /// Connection and registration.
    Registration,
    /// Card faults.
    Fault,
}

/// One trace line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TraceEvent {
    /// When.
    pub at_unix_us: u64,
    /// On which port; none for the gateway as a whole.
    pub port: Option<u16>,
    /// Kind.
    pub kind: TraceKind,
    /// In words (a decoded message: its name and fields).
    pub text: String,
}
