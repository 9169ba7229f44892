//! `tipring`: see, test and try the lines of a Tipring gateway.
//!
//! Owns: the command line, rendering of reports as text or JSON, and the exit codes. Leaves to others: everything
//! the daemon knows ([`tipring_ctl`]), the checks of a configuration ([`tipring_config`]), and what a CallManager
//! says ([`tipring_proto`]).
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
