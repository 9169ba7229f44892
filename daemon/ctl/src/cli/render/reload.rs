//! `tipring reload` as text, and what is left of reloads in `tipring status`.

use tipring_ctl::report::{ReloadChange, ReloadReport, ReloadState};

use super::super::output::{Paint, clean};
use super::heading;
use super::port::port_numbers;

pub(crate) fn reload(paint: Paint, report: &ReloadReport) -> String {
    let file = report.file.as_deref().unwrap_or("built-in defaults");
    let mut out = format!("{}: {}", clean(file), paint.good("good"));
    out += if report.is_unchanged() {
        ", and nothing has changed\n"
    } else {
        "\n"
    };
    out += &list(paint, "In use now", &report.applied);
    out += &left(paint, &report.waiting, &report.needs_restart);
    out
}

/// For status: nothing when nothing is left.
pub(super) fn pending(paint: Paint, state: &ReloadState) -> String {
    left(paint, &state.waiting, &state.needs_restart)
}

fn left(paint: Paint, waiting: &[ReloadChange], needs_restart: &[ReloadChange]) -> String {
    let mut out = list(paint, "Waiting for calls to end", waiting);
    out += &list(paint, "Needs a restart of tipringd", needs_restart);
    out
}

fn list(paint: Paint, title: &str, changes: &[ReloadChange]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut out = heading(paint, title);
    for change in changes {
        let mut parts = vec![];
        if !change.ports.is_empty() {
            parts.push(port_numbers(&change.ports));
        }
        if !change.keys.is_empty() {
            parts.push(clean(&change.keys.join(", ")));
        }
        // The heading says it already.
        if change.what != "in use" {
            parts.push(clean(&change.what));
        }
        out += &format!("  {}\n", parts.join(": "));
    }
    out
}
