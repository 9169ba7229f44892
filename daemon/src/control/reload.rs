//! SIGHUP: reads the configuration file again and says what would change.
//!
//! Promises: the daemon goes on as it is, whatever the file holds. Leaves to others: applying it (a restart).

use std::path::PathBuf;

use tipring_config::Config;
use tracing::{info, warn};

use crate::startup;

/// Checks the file beside the work, and logs every problem, or what changed.
pub(super) fn check(running: &Config) {
    let running = running.clone();
    let path = running.file.clone().map(PathBuf::from);
    tokio::task::spawn_local(async move {
        let machine = startup::machine();
        let load = move || tipring_config::load(path.as_deref(), &machine);
        match tokio::task::spawn_blocking(load).await {
            Ok(Ok(new)) => tell(&running, &new),
            Ok(Err(report)) => {
                warn!("SIGHUP: the configuration has problems; the running one stays");
                for line in report.to_string().lines().filter(|l| !l.is_empty()) {
                    warn!("{line}");
                }
            }
            Err(error) => {
                warn!(%error, "SIGHUP: the configuration could not be read; the running one stays");
            }
        }
    });
}

fn tell(running: &Config, new: &Config) {
    for warning in &new.warnings {
        warn!(line = warning.line, "{}", warning.message);
    }
    let changes = changes(running, new);
    if changes.is_empty() {
        info!("SIGHUP: the configuration is good and unchanged");
    } else {
        info!(
            changed = changes.join(", "),
            "SIGHUP: the configuration is good; restart tipringd to apply what changed"
        );
    }
}

/// The tables and ports that differ.
fn changes(running: &Config, new: &Config) -> Vec<String> {
    let tables = [
        ("[gateway]", running.gateway != new.gateway),
        ("[callmanager]", running.callmanager != new.callmanager),
        ("[media]", running.media != new.media),
        ("[line-thread]", running.line_thread != new.line_thread),
        ("[card]", running.card != new.card),
        ("[control]", running.control != new.control),
        ("[log]", running.log != new.log),
    ];
    let tables = tables
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name.to_owned());
    let gone = running
        .ports
        .iter()
        .filter(|p| !new.ports.iter().any(|n| n.id == p.id))
        .map(|p| format!("port {} removed", p.id.0));
    let others =
        new.ports
            .iter()
            .filter_map(|n| match running.ports.iter().find(|p| p.id == n.id) {
                None => Some(format!("port {} added", n.id.0)),
                Some(p) if p != n => Some(format!("port {}", n.id.0)),
                Some(_) => None,
            });
    tables.chain(gone).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let machine = tipring_config::Machine {
            mac: tipring_config::Mac::parse("02:00:5e:10:20:30"),
            countries_dir: None,
        };
        tipring_config::parse(text, "test", &machine).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn a_file_read_again_unchanged_changes_nothing() {
        let text = "[sim]\nports = 3\n";
        assert_eq!(changes(&config(text), &config(text)), Vec::<String>::new());
    }

    #[test]
    fn changes_name_the_table_or_the_port() {
        let old = config("[[port]]\nchannel = 1\n[[port]]\nchannel = 2\n[[port]]\nchannel = 3\n");
        let new = config(
            "[log]\nlevel = \"debug\"\n[[port]]\nchannel = 2\nlabel = \"Lift\"\n[[port]]\nchannel = 3\n[[port]]\nchannel = 4\n",
        );
        assert_eq!(
            changes(&old, &new),
            ["[log]", "port 1 removed", "port 2", "port 4 added"]
        );
    }
}
