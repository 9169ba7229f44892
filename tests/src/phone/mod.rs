//! Telephones on real line channels: the far ends (`fxsks`) of DAHDI spans.
//!
//! Owns the phones: hook, flash to the millisecond, DTMF and pulse dialing, a bell that measures the ringing, an ear
//! that follows a known sequence sample by sample ([`sequence`]), decodes caller ID and records, and a fax machine.
//! One realtime thread ([`Exchange`]) serves all of them; [`Phone`] is a phone's handle for a test, whose waits have
//! deadlines. Promises stamps in `CLOCK_MONOTONIC`, as everything that is measured here. Leaves the gateway, and what
//! a call should sound like, to the flows.

mod bell;
mod copper;
mod dahdi;
mod ear;
mod exchange;
mod fax;
mod handle;
mod mouth;
pub mod sequence;
mod set;

pub use bell::{Bell, Burst};
pub use copper::{Copper, LineNews, Reading};
pub use dahdi::FarChannel;
pub use ear::{CallerIdHeard, Heard};
pub use exchange::Exchange;
pub use fax::{FaxJob, FaxOutcome};
pub use handle::{Phone, PhoneNews};
pub use mouth::{DtmfStyle, PulseStyle};
pub use set::LineCounts;

#[cfg(test)]
mod tests;
