//! Logs: to the journal under systemd, to stderr elsewhere. Constant messages with fields.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

/// Starts logging at `level` (`RUST_LOG` wins). Called once, before the first log line.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // systemd sets JOURNAL_STREAM for services whose stderr is the journal.
    let journal = std::env::var_os("JOURNAL_STREAM")
        .and_then(|_| tracing_journald::layer().ok())
        .map(|l| l.with_syslog_identifier("tipringd".to_owned()));
    let on_stderr = journal.is_none().then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
    });
    // A second start (a test that runs two daemons in one process) keeps the first one's settings.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(journal)
        .with(on_stderr)
        .try_init();
}
