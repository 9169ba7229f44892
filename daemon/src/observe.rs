//! Logs: to the journal under systemd, to stderr elsewhere. Constant messages with fields.

use std::io::IsTerminal;

use tipring_config::{Log, LogFormat};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Starts logging as configured (`RUST_LOG` wins over the level). Called once, before the first log line.
pub fn start(log: Log) {
    let level = log.level.name();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // systemd sets JOURNAL_STREAM for services whose stderr is the journal.
    let under_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let layer = match log.format {
        LogFormat::Auto if under_systemd => journal().unwrap_or_else(text),
        LogFormat::Auto | LogFormat::Text => text(),
        LogFormat::Journal => journal().unwrap_or_else(|| {
            eprintln!("tipringd: there is no journal here ([log] format = \"journal\"); the log goes to standard error");
            text()
        }),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .with_target(false)
            .boxed(),
    };
    // A second start (a test that runs two daemons in one process) keeps the first one's settings.
    let _ = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
}

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn journal() -> Option<AnyLayer> {
    let layer = tracing_journald::layer().ok()?;
    Some(layer.with_syslog_identifier("tipringd".to_owned()).boxed())
}

fn text() -> AnyLayer {
    fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .boxed()
}
