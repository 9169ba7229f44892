//! Logs: to the journal under systemd, to stderr elsewhere. Constant messages with fields.
//!
//! Promises: logging never waits; a line that cannot be written is lost and counted ([`lost_lines`]).

mod harmless;
mod journal;
mod spool;

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use tipring_config::{Log, LogFormat, LogLevel};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use spool::{Sink, Spool};

/// The log of this process; dropped at the end, it waits a moment for the last lines.
#[derive(Debug)]
#[must_use]
pub struct Logging(Option<Spool>);

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(spool) = &self.0 {
            spool.flush();
        }
    }
}

/// Starts logging as configured (`RUST_LOG` wins over the level). Called once, before the first log line.
pub fn start(log: Log) -> Logging {
    let level = log.level.name();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let under_systemd = is_stream(&stream, &std::io::stderr());
    let journal = match log.format {
        LogFormat::Auto if under_systemd => Sink::journal(),
        LogFormat::Journal => {
            let journal = Sink::journal();
            if journal.is_none() {
                let what = "tipringd: there is no journal here ([log] format = \"journal\"); the log goes to standard error";
                let _ = writeln!(std::io::stderr(), "{what}");
            }
            journal
        }
        LogFormat::Auto | LogFormat::Text | LogFormat::Json => None,
    };
    let native = journal.is_some();
    let spool = Spool::start(journal.unwrap_or(Sink::Stderr));
    let layer: AnyLayer = if native {
        // A journal that went away is written to again when it is back; standard error would be the same journal.
        fmt::layer()
            .event_format(journal::Journal)
            .with_writer(spool.clone())
            .boxed()
    } else if log.format == LogFormat::Json {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(spool.clone())
            .with_target(false)
            .boxed()
    } else {
        fmt::layer()
            .with_writer(spool.clone())
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .boxed()
    };
    let from_environment = std::env::var_os("RUST_LOG").is_some_and(|v| !v.is_empty());
    let (filter, handle) = reload::Layer::new(filter);
    // A second start (a test that runs two daemons in one process) keeps the first one's settings.
    let started = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
    if started.is_err() {
        return Logging(None);
    }
    if !from_environment {
        let set = move |level: LogLevel| handle.reload(EnvFilter::new(level.name())).is_ok();
        let _ = LEVEL.set(Box::new(set));
    }
    let _ = SPOOL.set(spool.clone());
    Logging(Some(spool))
}

/// Is the file the one that systemd named in JOURNAL_STREAM (`device:inode`)? Shells under a service inherit the
/// variable, and then write elsewhere.
fn is_stream(journal_stream: &str, file: &impl AsFd) -> bool {
    let file = file.as_fd().try_clone_to_owned().map(File::from);
    file.and_then(|f| f.metadata())
        .is_ok_and(|m| format!("{}:{}", m.dev(), m.ino()) == journal_stream)
}

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Sets the level of the one log of this process.
type SetLevel = Box<dyn Fn(LogLevel) -> bool + Send + Sync>;

static LEVEL: OnceLock<SetLevel> = OnceLock::new();
static SPOOL: OnceLock<Spool> = OnceLock::new();

/// Logs at this level from now on. False: `RUST_LOG` wins.
pub fn set_level(level: LogLevel) -> bool {
    LEVEL.get().is_some_and(|set| set(level))
}

/// Log lines lost since the start: a full disk, a pipe that nobody reads, a journal that is stalled.
pub fn lost_lines() -> u64 {
    SPOOL.get().map_or(0, Spool::lost)
}

/// Log lines that wait to be written.
pub fn waiting_lines() -> u64 {
    SPOOL.get().map_or(0, Spool::waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inherited_journal_stream_that_is_not_this_file_is_not_the_journal() {
        let file = File::open("/dev/null").unwrap();
        let m = file.metadata().unwrap();
        assert!(is_stream(&format!("{}:{}", m.dev(), m.ino()), &file));
        assert!(!is_stream(&format!("{}:{}", m.dev(), m.ino() + 1), &file));
        assert!(!is_stream("", &file));
    }
}
