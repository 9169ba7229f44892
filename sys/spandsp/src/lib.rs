//! Safe wrappers over libspandsp 0.0.6.
//!
//! Owns: the lifetime of every spandsp state, its callbacks (collected into fixed buffers and
//! polled), and the library's process-wide settings (its log and libtiff's are switched off, so
//! nothing is ever printed).
//!
//! Promises: a value is made in `new` (which may allocate and may wait for another `new`), freed
//! in `drop`, and in between `process` neither allocates, locks, logs nor blocks (the one
//! exception is [`FaxTerminal`], which reads and writes TIFF files). Every value is `Send` and not
//! `Sync`. Every safe function is safe for every argument; slices may have any length.
//!
//! Leaves to others: G.711, gains, echo cancelling, power measurement, and what a detected tone
//! means for a call.
//!
//! Samples are signed 16-bit linear at 8000 Hz throughout; levels are dBm0 with a full-scale sine
//! at +3.14 dBm0.

mod caller_id;
mod dtmf;
mod error;
mod fax;
mod modems;
mod state;
mod tones;
mod v22;
mod v8;

pub use caller_id::{
    Absence, CallTime, CallerId, CallerIdMessage, CallerIdRx, CallerIdStandard, CallerIdTx,
    DecodeError, DtmfCallerIdFormat, MAX_MESSAGE_BYTES, Party, ReceivedCallerId, ReceivedMessage,
};
pub use dtmf::{DtmfEvent, DtmfRx, DtmfRxSettings, DtmfStatus, DtmfTx};
pub use error::Error;
pub use fax::{
    FaxCompressions, FaxEvent, FaxModems, FaxResult, FaxSettings, FaxStats, FaxTerminal, TxPages,
};
pub use modems::{FastModem, FastRx, FastTx, Heard, V17Rate, V21Rx, V21Tx};
pub use tones::{ConnectTone, ModemConnectToneTx, ToneDetector, ToneEvent, ToneListener};
pub use v8::{V8Modem, V8Outcome};
pub use v22::V22Modem;
