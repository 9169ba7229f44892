//! Harness for scenarios, command-line, wire, realtime, interop and fuzz tests.
#![forbid(unsafe_code)]

pub mod callmanager;
pub mod capture;
pub mod control;
pub mod gateway;
pub mod leash;
pub mod network;
pub mod page;
pub mod peer;
pub mod phone;
pub mod recording;
pub mod set;
pub mod speech;
pub mod stalls;
pub mod wav;
