//! The per-port signal chain: allocates in `new()`, never in `process()`.
//!
//! Owns: the path of a sample between card and packet in both directions ([`Chain`]): G.711 ([`Law`]), gain, the
//! slot of the echo canceller ([`EchoCanceller`]), DTMF and fax tone detection, tones, caller ID, meters; and the
//! measurements with which tests and technicians judge audio ([`measure`]).
//!
//! Promises: after [`Chain::new`] nothing allocates, locks, logs or blocks; blocks of any length are taken.
//!
//! Leaves to others: sockets, jitter buffer, the card, and what a digit or tone means for a call.
//!
//! Samples are 16-bit linear at 8000 Hz between the two ends; levels as [`level`] says.
#![forbid(unsafe_code)]

pub mod canceller;
pub mod chain;
pub mod command;
mod datatone;
mod detect;
pub mod dtmf;
pub mod echo;
mod goertzel;
pub mod level;
pub mod measure;
mod queue;
pub mod relay;
pub mod tone;

pub use canceller::{CancellerConfig, LineEchoCanceller};
pub use chain::{Chain, ChainConfig, ChainError};
pub use command::{Alert, CallerIdTransmission, ChainCommand, ChainEvent, Meters};
pub use dtmf::{DtmfConfig, DtmfEvent, DtmfReceiver};
pub use echo::{Bypass, EchoCanceller, EchoMeters};
pub use level::Reading;
pub use tipring_types::{AlarmTone, DataTone, EchoState, Law, Side, TenthDb, TenthDbm0};
pub use tone::{FOREVER, Modulation, Over, Tone, ToneError, ToneProgram, ToneSegment};

pub use tipring_spandsp::{
    Absence, CallTime, CallerId, CallerIdMessage, CallerIdStandard, DtmfCallerIdFormat,
    Error as CallerIdError, Party,
};
