//! Harness for scenarios, command-line, wire, realtime, interop and fuzz tests.
#![forbid(unsafe_code)]

pub mod page;
