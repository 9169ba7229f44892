//! A reload in the log and on the wire.

use tipring_config::{Render, Report};
use tipring_ctl::report::{ReloadChange, ReloadReport};
use tracing::{info, warn};

/// Problems that are logged one by one; more are counted.
const PROBLEMS: usize = 100;

/// Logs what became of a good configuration.
pub(super) fn log(report: &ReloadReport) {
    for warning in &report.warnings {
        let key = warning.key.as_deref().unwrap_or("");
        warn!(key, line = warning.line, "{}", warning.message);
    }
    if report.is_unchanged() {
        info!("the configuration is unchanged");
    }
    for (changes, what) in [
        (&report.applied, "new configuration in use"),
        (&report.waiting, "new configuration waits for a call to end"),
    ] {
        for change in changes {
            let (ports, keys) = fields(change);
            info!(ports, keys, what = change.what, "{what}");
        }
    }
    for change in &report.needs_restart {
        let (ports, keys) = fields(change);
        let why = &change.what;
        warn!(ports, keys, why, "new configuration needs a restart");
    }
}

fn fields(change: &ReloadChange) -> (Option<String>, String) {
    let ports: Vec<String> = change.ports.iter().map(u16::to_string).collect();
    let ports = (!ports.is_empty()).then(|| ports.join(","));
    (ports, change.keys.join(","))
}

/// Logs every problem of a configuration that stays out.
pub(super) fn log_problems(report: &Report) {
    let errors = report.errors();
    let file = &report.file;
    warn!(
        errors,
        file, "the configuration has errors; the running one stays"
    );
    for problem in report.problems.iter().take(PROBLEMS) {
        let text = problem.render(false);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        warn!(problem = lines.join("; "), "configuration problem");
    }
    let more = report.problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        warn!(more, "further configuration problems");
    }
}
