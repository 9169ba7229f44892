//! Live traces: who follows which ports, and lines for them.

use std::collections::{HashMap, VecDeque};

use tipring_ctl::report::{TraceEvent, TraceKind};
use tipring_ctl::wire::Event;
use tipring_proto::call::{
    LineFault, LineInput, LineOutput, MediaInput, MediaOutput, Polarity, Presented,
};
use tipring_proto::device::TraceEvent as Traced;
use tipring_proto::sccp::catalog;
use tipring_proto::sccp::station::TracedMessage;
use tipring_proto::time::Time;
use tokio::sync::mpsc;

use super::clock::Clock;
use super::words;

/// One client that follows.
#[derive(Debug)]
struct Tracer {
    /// Empty: all ports.
    ports: Vec<u16>,
    events: mpsc::Sender<Event>,
    lost: u64,
}

/// Events that are kept of each port, for who comes after they happened.
const KEPT: usize = 100;

/// All clients that follow, and the last events of each port.
#[derive(Debug, Default)]
pub(super) struct Tracers {
    clients: Vec<Tracer>,
    last: HashMap<u16, VecDeque<TraceEvent>>,
}

impl Tracers {
    /// Another client.
    pub(super) fn add(&mut self, ports: Vec<u16>, events: mpsc::Sender<Event>) {
        self.clients.push(Tracer {
            ports,
            events,
            lost: 0,
        });
    }

    /// The last events of a port, oldest first.
    pub(super) fn last(&self, port: u16) -> Vec<TraceEvent> {
        let last = self.last.get(&port).into_iter().flatten();
        last.cloned().collect()
    }

    /// Keeps an event, and reports it to those who follow this port. A slow client loses lines, and is sent their number.
    pub(super) fn tell(&mut self, event: &TraceEvent) {
        if let Some(port) = event.port {
            let last = self.last.entry(port).or_default();
            if last.len() >= KEPT {
                last.pop_front();
            }
            last.push_back(event.clone());
        }
        self.clients.retain_mut(|tracer| {
            let wanted =
                tracer.ports.is_empty() || event.port.is_some_and(|p| tracer.ports.contains(&p));
            if !wanted {
                return !tracer.events.is_closed();
            }
            if tracer.lost > 0 {
                let count = tracer.lost;
                if tracer.events.try_send(Event::Lost { count }).is_ok() {
                    tracer.lost = 0;
                }
            }
            match tracer.events.try_send(Event::Trace(event.clone())) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracer.lost += 1;
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
    }
}

/// A trace line as clients get it.
pub(super) fn event(
    clock: &Clock,
    now: Time,
    port: u16,
    kind: TraceKind,
    text: String,
) -> TraceEvent {
    TraceEvent {
        at_unix_us: clock.unix_us(now),
        port: Some(port),
        kind,
        text,
    }
}

/// What a device traced, for people.
pub(super) fn in_words(event: &Traced) -> (TraceKind, String) {
    match event {
        Traced::Message { sent, message } => {
            let kind = if *sent {
                TraceKind::SccpOut
            } else {
                TraceKind::SccpIn
            };
            let text = match message {
                TracedMessage::Client(m) => catalog::describe_client(m),
                TracedMessage::Server(m) => catalog::describe_server(m),
                TracedMessage::Unreadable(why) => format!("unreadable message: {why}"),
            };
            (kind, text)
        }
        Traced::LineIn(line) => line_in(*line),
        Traced::LineOut(line) => (TraceKind::Line, line_out(line)),
        Traced::Digit(heard) => {
            let db = heard.level.dbm0();
            (
                TraceKind::Digit,
                format!("DTMF {} at {db:.1} dBm0", heard.digit.as_char()),
            )
        }
        Traced::MediaIn(media) => (TraceKind::Media, media_in(media)),
        Traced::MediaOut(media) => (TraceKind::Media, media_out(media)),
    }
}

fn line_in(line: LineInput) -> (TraceKind, String) {
    match line {
        LineInput::LoopClosed { .. } => (TraceKind::Hook, "loop closed".into()),
        LineInput::LoopOpened { .. } => (TraceKind::Hook, "loop opened".into()),
        LineInput::Flash { .. } => (TraceKind::Hook, "flash, decoded by the card".into()),
        LineInput::PulseDigit { digit, .. } => (
            TraceKind::Hook,
            format!("pulse digit {digit}, decoded by the card"),
        ),
        LineInput::RingOn { .. } => (TraceKind::Line, "ring burst begins".into()),
        LineInput::RingOff { .. } => (TraceKind::Line, "ring burst ends".into()),
        LineInput::CallerIdSent => (TraceKind::Line, "caller ID sent".into()),
        LineInput::Fault(LineFault::Alarm) => (TraceKind::Fault, "the span is in alarm".into()),
        LineInput::Fault(LineFault::Removed) => (TraceKind::Fault, "the card is removed".into()),
        LineInput::Fault(LineFault::PowerAlarm) => {
            (TraceKind::Fault, "no battery on the line".into())
        }
        LineInput::FaultCleared => (TraceKind::Fault, "line fault over".into()),
    }
}

fn line_out(line: &LineOutput) -> String {
    match line {
        LineOutput::Ring(mode) => format!("ring, {mode}"),
        LineOutput::StopRing => "stop ringing".into(),
        LineOutput::PlayTone(tone) => format!("play {tone} tone"),
        LineOutput::StopTone => "stop tone".into(),
        LineOutput::OnHookTransmission { ms } => format!("on-hook transmission for {ms} ms"),
        LineOutput::SendCallerId {
            id,
            dual_tone_alert,
        } => {
            let alert = if *dual_tone_alert {
                ", after DT-AS"
            } else {
                ""
            };
            format!(
                "send caller ID: number {}, name {}{alert}",
                presented(&id.number),
                presented(&id.name)
            )
        }
        LineOutput::StopCallerId => "break caller ID off".into(),
        LineOutput::Polarity(Polarity::Forward) => "polarity forward".into(),
        LineOutput::Polarity(Polarity::Reversed) => "polarity reversed".into(),
        LineOutput::OpenLoop { ms } => format!("open the loop for {ms} ms"),
        LineOutput::MessageLamp(true) => "message lamp on".into(),
        LineOutput::MessageLamp(false) => "message lamp off".into(),
        LineOutput::EnableDtmf(true) => "listen for DTMF".into(),
        LineOutput::EnableDtmf(false) => "do not listen for DTMF".into(),
    }
}

fn presented(p: &Presented) -> String {
    match p {
        Presented::Text(text) => format!("{text:?}"),
        Presented::Withheld => "withheld".into(),
        Presented::Unknown => "unknown".into(),
    }
}

fn media_in(media: &MediaInput) -> String {
    match media {
        MediaInput::ReceiveOpened {
            party,
            result: Ok(local),
        } => format!("leg {} receives on {local}", party.0),
        MediaInput::ReceiveOpened {
            party,
            result: Err(status),
        } => format!("leg {} cannot be opened: {status}", party.0),
        MediaInput::LegRefused { party, status } => {
            format!("leg {} is not served: {status}", party.0)
        }
        MediaInput::Heard { party, heard } => {
            format!("leg {}: {} packets have come", party.0, heard.packets)
        }
        MediaInput::Statistics { call, counters } => format!(
            "CallManager ref {}: {} packets sent, {} received, {} lost",
            call.0, counters.packets_sent, counters.packets_received, counters.packets_lost
        ),
    }
}

fn media_out(media: &MediaOutput) -> String {
    let events =
        |pt: &Option<u8>| pt.map_or_else(String::new, |pt| format!(", telephone-events {pt}"));
    match media {
        MediaOutput::OpenReceive {
            party,
            call,
            codec,
            ptime_ms,
            rfc2833_payload,
            group,
        } => {
            let group = group.map_or_else(String::new, |g| format!(", multicast group {g}"));
            format!(
                "open leg {} for CallManager ref {}: {}, {ptime_ms} ms{}{group}",
                party.0,
                call.0,
                words::codec(*codec),
                events(rfc2833_payload)
            )
        }
        MediaOutput::StartSend {
            party,
            remote,
            codec,
            ptime_ms,
            rfc2833_payload,
            ..
        } => {
            format!(
                "leg {} sends to {remote}: {}, {ptime_ms} ms{}",
                party.0,
                words::codec(*codec),
                events(rfc2833_payload)
            )
        }
        MediaOutput::StopSend { party } => format!("leg {} stops sending", party.0),
        MediaOutput::CloseReceive { party } => format!("close leg {}", party.0),
        MediaOutput::Bridge { party: Some(party) } => format!("the phone hears leg {}", party.0),
        MediaOutput::Bridge { party: None } => "the phone hears no leg".into(),
        MediaOutput::Disown { call } => format!(
            "the call with CallManager ref {} outlived its CallManager, which uses the reference again",
            call.0
        ),
        MediaOutput::NeedHeard { party } => format!("does leg {} still hear?", party.0),
        MediaOutput::NeedStatistics { party, .. } => {
            format!("statistics of leg {} wanted", party.0)
        }
    }
}

#[cfg(test)]
mod tests;
