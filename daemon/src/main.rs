//! `tipringd`: the gateway daemon, in the foreground.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tipringd::{observe, startup};

/// The analog-line gateway: one SCCP device per FXS port.
///
/// Runs in the foreground; systemd starts it as a service. Exit codes: 0 stopped in order, 1 could not start or
/// failed, 2 wrong use, 78 bad configuration.
#[derive(Debug, Parser)]
#[command(version = tipring_ctl::VERSION)]
struct Args {
    /// Configuration file; without it /etc/tipring/tipring.toml, or built-in defaults when there is none.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Control socket, instead of the configured one.
    #[arg(long, value_name = "PATH", env = "TIPRING_SOCKET")]
    socket: Option<PathBuf>,
    /// Check the configuration and exit.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let config = match tipring_config::load(args.config.as_deref(), &startup::machine()) {
        Ok(config) => config,
        Err(report) => {
            // Without anybody to tell, the exit code tells.
            let _ = writeln!(std::io::stderr(), "{report}");
            return ExitCode::from(tipring_config::EXIT_BAD_CONFIG);
        }
    };
    if args.check {
        let ports = config.ports.len();
        let _ = writeln!(
            std::io::stdout(),
            "the configuration is good: {ports} ports"
        );
        return ExitCode::SUCCESS;
    }
    let _logging = observe::start(config.log);
    for warning in &config.warnings {
        tracing::warn!(
            key = warning.key.as_deref().unwrap_or(""),
            line = warning.line,
            "{}",
            warning.message
        );
    }
    if config.file.is_none() {
        tracing::info!("no configuration file: simulated card with built-in defaults");
    }
    if matches!(config.card, tipring_config::Card::Sim(_)) {
        tracing::info!(
            "the card is simulated, no telephone is connected; `tipring setup` finds the cards of this machine"
        );
    }
    match startup::run(config, args.socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
