//! The simulated card: kernel, card, copper and phones, in a thread of their own.
//!
//! Owns: a [`World`] of ports, each with a two-wire hybrid, an analog phone and, when asked, a fax
//! terminal; and a [`SimPort`] for each, which is what a line thread holds. Between them there are
//! only lock-free rings and atomics. Promises: [`SimPort`] never allocates, locks or blocks; the
//! same seed, requests and blocks give the same samples. Leaves to others: what the gateway does.
//!
//! [`World::step`] moves the card by one block, for tests in virtual time; [`World::spawn`] runs it
//! by the clock. Once a block it raises [`CardClock`], which the line thread polls.
//!
//! Like a real card: the audio path exists while the loop is closed (or during on-hook
//! transmission); ringing is tripped in the card; a reversal during ringing is refused; with an
//! event waiting, audio calls answer so; a phone that is off-hook at start gives no event. The loop
//! can be decoded by the card (flash, pulses) or reported edge by edge.

mod card;
mod clock;
mod config;
mod event;
mod fax;
mod files;
mod hand;
mod hybrid;
mod line;
mod listen;
mod mouth;
mod paper;
mod port;
mod recorder;
mod request;
mod run;
mod snapshot;
mod wires;
mod world;

pub use clock::CardClock;
pub use config::{DecodeConfig, Dialing, HybridConfig, SetConfig, SimConfig, SimPortConfig};
pub use event::{CallerIdCoding, CallerIdHeard, FaxPhase, FaxReport, SimEvent, SimEventKind};
pub use files::{load_wav, tiff_pages};
pub use port::SimPort;
pub use request::{
    Audio, DialWait, FaxMachine, Heard, ReceiveFax, SendFax, SimAction, SimError, SimReply,
    SimRequest,
};
pub use run::{SimEvents, WorldHandle};
pub use snapshot::{CardState, FaxState, SetState, SimSnapshot, WorldStats};
pub use world::{Sim, World, build};

#[cfg(test)]
mod tests;
