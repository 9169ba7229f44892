//! `tipringd`: the gateway daemon, in the foreground.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tipring_config::{Config, Render, Report};
use tipringd::identity::Identity;
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
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) if e.use_stderr() => e.exit(),
        // Help and version.
        Err(e) => return answer(&e.render().to_string()),
    };
    let mut identity = Identity::of_this_machine();
    let config = match load(&args, &mut identity) {
        Ok(config) => config,
        Err(report) => {
            // Without standard error, the exit code shows it.
            let _ = writeln!(std::io::stderr(), "{report}");
            return ExitCode::from(tipring_config::EXIT_BAD_CONFIG);
        }
    };
    if args.check {
        for warning in &config.warnings {
            let _ = writeln!(std::io::stderr(), "{}", warning.render(false));
        }
        let ports = config.ports.len();
        return answer(&format!("the configuration is good: {ports} ports\n"));
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
    identity.begin(&config.gateway);
    match startup::run(config, args.socket, identity) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The configuration, with the MAC that this daemon remembers. Where it remembers that depends on the configuration.
fn load(args: &Args, identity: &mut Identity) -> Result<Config, Report> {
    let load = |machine| tipring_config::load(args.config.as_deref(), &machine);
    let config = load(identity.machine())?;
    let before = identity.machine();
    let socket = args.socket.as_ref().unwrap_or(&config.control.socket);
    identity.remember(socket);
    if config.gateway.mac_is_written || identity.machine() == before {
        return Ok(config);
    }
    load(identity.machine())
}

/// The answer of a run that serves nothing; one that could not be written is no success.
fn answer(text: &str) -> ExitCode {
    match tipring_linux::write_stdout(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has read what it wanted.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(e) => {
            let _ = writeln!(
                std::io::stderr(),
                "tipringd: the answer cannot be written to standard output: {e}"
            );
            ExitCode::FAILURE
        }
    }
}
