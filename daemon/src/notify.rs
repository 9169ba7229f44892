//! What is reported to systemd: ready, status, watchdog, stopping. Without systemd every call is a no-op.

use std::time::Duration;

use systemd::daemon;
use tracing::warn;

/// Reports to systemd that ports are served.
pub fn ready() {
    send(&[("READY", "1")]);
}

/// Reports to systemd that the daemon is stopping.
pub fn stopping() {
    send(&[("STOPPING", "1")]);
}

/// A line for `systemctl status`.
pub fn status(text: &str) {
    send(&[("STATUS", text)]);
}

/// Strokes the watchdog.
pub fn alive() {
    send(&[("WATCHDOG", "1")]);
}

/// How often the watchdog wants a stroke: half of `WatchdogSec=`; `None` without one.
pub fn watchdog_period() -> Option<Duration> {
    match daemon::watchdog_enabled() {
        Ok(0) | Err(_) => None,
        Ok(us) => Some(Duration::from_micros(us / 2)),
    }
}

fn send(state: &[(&str, &str)]) {
    if let Err(error) = daemon::notify(state.iter()) {
        warn!(%error, "systemd could not be notified");
    }
}
