//! What the test CallManager reports, a line each.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tipring_proto::sccp::callmanager::{CmEvent, EndCause, GoneReason};
use tipring_proto::sccp::message::ConnectionStatistics;

use super::super::output::{Failure, Out, clean};
use super::super::render;

/// Prints one event.
pub(super) fn say(out: &Out, kind: &str, text: &str) -> Result<(), Failure> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
    if out.json {
        out.json_line(&json!({ "at_unix_us": at, "kind": kind, "text": text }))
    } else {
        let paint = out.paint();
        let time = paint.faint(&render::clock(at));
        out.raw(&format!("{time} {kind:<12} {}\n", clean(text)))
    }
}

/// An event as a kind and a sentence.
pub(super) fn event(event: &CmEvent) -> (&'static str, String) {
    match event {
        CmEvent::Registered {
            device,
            number,
            offered,
            device_type,
        } => (
            "registered",
            format!("{device} as {number} (offered version {offered}, device type {device_type})"),
        ),
        CmEvent::Refused { name, text } => (
            "refused",
            format!("{name}: \"{}\"", text.trim_end_matches([':', ' '])),
        ),
        CmEvent::Gone { device, reason } => ("gone", format!("{device}: {}", gone(*reason))),
        CmEvent::OffHook { number, call } => ("off-hook", format!("{number}, ref {}", call.0)),
        CmEvent::Ringing {
            number,
            call,
            waiting,
        } => {
            let waiting = if *waiting { " (waiting)" } else { "" };
            ("ringing", format!("{number}, ref {}{waiting}", call.0))
        }
        CmEvent::Answered { call, from, to } => {
            ("answered", format!("{from} -> {to}, ref {}", call.0))
        }
        CmEvent::Ended {
            number,
            call,
            cause,
        } => (
            "ended",
            format!("{number}, ref {}: {}", call.0, ended(*cause)),
        ),
        CmEvent::Digit {
            number,
            call,
            digit,
        } => ("digit", format!("{number}, ref {}: {digit}", call.0)),
        CmEvent::MediaOpened {
            number,
            call,
            address,
        } => (
            "media",
            format!("{number}, ref {}: listens at {address}", call.0),
        ),
        CmEvent::Statistics { number, statistics } => ("statistics", figures(number, statistics)),
        CmEvent::Alarm { text } => ("alarm", text.clone()),
        CmEvent::ProtocolError { conn, text } => {
            ("error", format!("connection {}: {text}", conn.0))
        }
    }
}

fn gone(reason: GoneReason) -> &'static str {
    match reason {
        GoneReason::Unregistered => "it unregistered",
        GoneReason::Closed => "its connection ended",
        GoneReason::KeepaliveExpired => "its KeepAlives stopped",
        GoneReason::Dropped => "its connection was closed here",
    }
}

fn ended(cause: EndCause) -> &'static str {
    match cause {
        EndCause::NearHangUp => "it hung up",
        EndCause::FarHangUp => "the far end hung up",
        EndCause::Dialing => "no such number, or dialing took too long",
        EndCause::Refused => "busy, congestion or refused",
        EndCause::NoAnswer => "no answer",
        EndCause::Transferred => "transferred",
        EndCause::DeviceGone => "its device is gone",
        EndCause::MediaFailed => "its media could not be opened",
        EndCause::Commanded => "ended by command",
    }
}

fn figures(number: &str, s: &ConnectionStatistics) -> String {
    let quality = s.quality.map_or_else(String::new, |q| {
        format!(
            ", listening quality {:.2}, {} s concealed",
            f64::from(q.mos) / 10_000.0,
            q.concealed_s
        )
    });
    format!(
        "{number}, ref {}: {} packets and {} octets sent, {} and {} received, {} lost, jitter {} ms, latency {} ms{quality}",
        s.call.0,
        s.packets_sent,
        s.octets_sent,
        s.packets_received,
        s.octets_received,
        s.packets_lost,
        s.jitter_ms,
        s.latency_ms
    )
}
