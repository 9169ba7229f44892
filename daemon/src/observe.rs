//! Logs: to the journal under systemd, to stderr elsewhere. Constant messages with fields.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tipring_config::{Log, LogFormat, LogLevel};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

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
    let from_environment = std::env::var_os("RUST_LOG").is_some_and(|v| !v.is_empty());
    let (filter, handle) = reload::Layer::new(filter);
    // A second start (a test that runs two daemons in one process) keeps the first one's settings.
    let started = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
    if started.is_ok() && !from_environment {
        let set = move |level: LogLevel| handle.reload(EnvFilter::new(level.name())).is_ok();
        let _ = LEVEL.set(Box::new(set));
    }
}

/// Sets the level of the one log of this process.
type SetLevel = Box<dyn Fn(LogLevel) -> bool + Send + Sync>;

static LEVEL: OnceLock<SetLevel> = OnceLock::new();

/// Logs at this level from now on. False: `RUST_LOG` wins.
pub fn set_level(level: LogLevel) -> bool {
    LEVEL.get().is_some_and(|set| set(level))
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
