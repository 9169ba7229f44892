//! Everything Tipring decides, as plain values: SCCP, call logic and RTP without I/O and without a clock.
//!
//! Owns: the wire codec, the station and the (test) CallManager, the call logic of one analog port,
//! and the RTP arithmetic. Promises: the same inputs with the same times give the same outputs.
//! Leaves to others: sockets, threads, the card, the clock. `now` is always an argument ([`time::Time`]).
#![forbid(unsafe_code)]

pub mod alarm;
pub mod call;
pub mod card;
mod deadlines;
pub mod device;
pub mod explain;
pub mod fax_memory;
pub mod fax_verdict;
pub mod finding;
pub mod linetest;
pub mod names;
pub mod network;
pub mod nse;
pub mod passthrough;
pub mod rtp;
pub mod sccp;
pub mod t30;
pub mod t38;
pub mod time;

pub use tipring_types as types;
