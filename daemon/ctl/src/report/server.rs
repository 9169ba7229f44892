//! `tipring server` and `tipring port restart`: the CallManagers of the list, and what an operator makes of them.

use serde::{Deserialize, Serialize};

use super::status::ServerTrouble;

/// What is known of a CallManager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// Ports are registered there, and it has kept them.
    Serving,
    /// The first port is back, and is watched for the monitor time.
    Watched,
    /// Ports try to register, and nothing comes.
    InDoubt,
    /// A port waited for it in vain: it is passed by.
    PassedBy,
    /// It was lost, or could not be used when it was last tried.
    Unusable,
    /// No port is there, and the last standby connection to it could not be opened.
    Unreachable,
    /// No port is there, and nothing was wrong when one last was, or had a standby connection.
    #[default]
    Unused,
    /// Nothing is known of it: no port has tried it, and none has a standby connection there.
    NotTried,
}

/// A CallManager of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ServerReport {
    /// Place in the configuration, from 1; none: it has left the list, and ports are still there.
    pub place: Option<u16>,
    /// As in the configuration.
    pub server: String,
    /// An operator has put it first.
    pub preferred: bool,
    /// How it is.
    pub state: ServerState,
    /// Ports that are registered there.
    pub registered_ports: Vec<u16>,
    /// Ports that have a standby connection there.
    pub standby_ports: Vec<u16>,
    /// It has answered a KeepAlive; none: no port is there.
    pub answers_keepalives: Option<bool>,
    /// How much longer it is passed by.
    pub passed_by_ms: Option<u64>,
    /// How much longer its first port is watched before the others follow.
    pub watched_ms: Option<u64>,
    /// When a port connects to it next, to register or to stand by, if one is to.
    pub next_attempt_ms: Option<u64>,
    /// Times that nothing came from it any more over connections that were up.
    pub found_silent: u64,
    /// What is wrong with it; if nothing is, what was last.
    pub troubles: Vec<ServerTrouble>,
}

/// What `port restart` did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RestartReport {
    /// Ports that register again now.
    pub restarted: Vec<u16>,
    /// Those of them that were in a call.
    pub in_call: Vec<u16>,
    /// Ports that were left alone because they are in a call.
    pub left_alone: Vec<u16>,
    /// Ports that are switched off, or have no line that works: they register by themselves when that is over.
    pub not_started: Vec<u16>,
}
