//! The control socket: what the daemon and its callers say to each other, and a client.
//!
//! Owns: the request, response, event and report types ([`request`], [`report`]), the line framing ([`wire`]) and
//! a blocking client with deadlines ([`client`]), and where a daemon keeps its files ([`state`]). Promises: a report is one plain value that is rendered as text,
//! as JSON or in a terminal interface, and nothing received makes this crate panic or wait without end.
//! Leaves to others: answering (the daemon) and rendering (the `tipring` command).
#![forbid(unsafe_code)]

pub mod client;
pub mod report;
pub mod request;
pub mod state;
pub mod wire;
pub mod words;

/// This version, as people and the control socket see it: the package's version where a package is built (it sets
/// `TIPRING_VERSION`), else the crate's.
pub const VERSION: &str = match option_env!("TIPRING_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
