//! Which findings follow from which facts.
//!
//! Owns: the decision ([`port`], [`line()`], [`lost`], [`no_backup`]). Promises: the same facts give the same findings; no clock, no words.
//! Leaves to others: gathering the facts (the daemon), the findings as values ([`tipring_types::finding`]), and their words
//! (`tipring-ctl`).

mod backup;
mod glitch;
mod port;
mod registration;

pub use tipring_types::finding::{Finding, Place, Severity};

pub use backup::{OtherServer, no_backup};
pub use glitch::{Glitch, Glitches};
pub use port::{AudioFacts, CardState, LineFacts, PortFacts, RegistrationFacts, Seat, line, port};
pub use registration::{attempts, lost};
