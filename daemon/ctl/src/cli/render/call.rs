//! `tipring call` and `tipring trace` as text.

use tipring_ctl::report::{
    CallDetail, CallDirection, CallList, CallSummary, TraceEvent, TraceKind,
};
use tipring_ctl::words::ended;

use super::super::output::{Paint, clean};
use super::media::media;
use super::{Facts, clock, heading, length, lines, moment, plain, table, word};

pub(crate) fn call_list(paint: Paint, report: &CallList) -> String {
    let mut out = paint.bold("Active") + "\n";
    out += &call_rows(paint, &report.active);
    out += &heading(paint, "Recent");
    out + &call_rows(paint, &report.recent)
}

pub(super) fn call_rows(paint: Paint, calls: &[CallSummary]) -> String {
    if calls.is_empty() {
        return "none\n".to_owned();
    }
    let mut rows = table(
        paint,
        &[
            "CALL", "PORT", "", "FAR END", "DIALLED", "BEGAN", "LASTED", "STATE",
        ],
    );
    for call in calls {
        let state = ended(call).map_or_else(|| word(&call.state), str::to_owned);
        rows.add_row([
            plain(call.id.to_string()),
            plain(call.port.to_string()),
            plain(direction(call.direction)),
            plain(far_end(call)),
            plain(call.dialed.as_deref().unwrap_or("-")),
            plain(moment(call.started_unix_ms)),
            plain(length(call.duration_ms / 1000)),
            plain(state),
        ]);
    }
    lines(&rows)
}

fn direction(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::Outgoing => "calls",
        CallDirection::Incoming => "called by",
    }
}

fn far_end(call: &CallSummary) -> String {
    match (&call.peer, &call.peer_name) {
        (Some(number), Some(name)) => format!("{number} {name}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "-".to_owned(),
    }
}

pub(crate) fn call(paint: Paint, report: &CallDetail) -> String {
    let summary = &report.summary;
    let mut facts = Facts::new(paint);
    facts.add(
        "port",
        format!(
            "{} {} {}",
            summary.port,
            direction(summary.direction),
            clean(&far_end(summary))
        ),
    );
    facts.add_text("dialled", summary.dialed.as_deref().unwrap_or_default());
    facts.add("CallManager ref", summary.call_ref.to_string());
    facts.add("began", moment(summary.started_unix_ms));
    if let Some(ms) = summary.answered_after_ms {
        facts.add("answered", format!("after {:.1} s", ms as f64 / 1000.0));
    }
    facts.add("lasted", length(summary.duration_ms / 1000));
    match ended(summary) {
        Some(why) => facts.add("ended", why),
        None => facts.add("state", word(&summary.state)),
    }
    let mut out = paint.bold(&format!("Call {}", summary.id)) + "\n" + &facts.text();
    out += &media(paint, &report.media, std::slice::from_ref(summary));
    if !report.timeline.is_empty() {
        out += &heading(paint, "What happened");
    }
    for event in &report.timeline {
        out += &trace(paint, event);
    }
    out
}

/// One line of a trace.
pub(crate) fn trace(paint: Paint, event: &TraceEvent) -> String {
    let port = event
        .port
        .map_or_else(|| "-".to_owned(), |port| port.to_string());
    let text = clean(&event.text);
    let (kind, text) = match event.kind {
        TraceKind::SccpIn => ("<- sccp", text),
        TraceKind::SccpOut => ("-> sccp", text),
        TraceKind::Hook => ("hook", paint.bold(&text)),
        TraceKind::Digit => ("digit", paint.bold(&text)),
        TraceKind::Line => ("line", text),
        TraceKind::Media => ("media", text),
        TraceKind::Call => ("call", paint.bold(&text)),
        TraceKind::Registration => ("register", text),
        TraceKind::Fault => ("fault", paint.bad(&text)),
    };
    let time = paint.faint(&clock(event.at_unix_us));
    format!("{time} {port:>3} {kind:<8} {text}\n")
}
