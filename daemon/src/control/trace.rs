//! Live traces: who follows which ports, and lines for them.

use tipring_ctl::report::{TraceEvent, TraceKind as Shown};
use tipring_ctl::wire::Event;
use tipring_proto::device::TraceKind;
use tipring_proto::time::Time;
use tokio::sync::mpsc;

use super::clock::Clock;

/// One client that follows.
#[derive(Debug)]
struct Tracer {
    /// Empty: all ports.
    ports: Vec<u16>,
    events: mpsc::Sender<Event>,
    lost: u64,
}

/// All clients that follow.
#[derive(Debug, Default)]
pub(super) struct Tracers(Vec<Tracer>);

impl Tracers {
    /// Another client.
    pub(super) fn add(&mut self, ports: Vec<u16>, events: mpsc::Sender<Event>) {
        self.0.push(Tracer { ports, events, lost: 0 });
    }

    /// Tells those who follow this port. A slow client loses lines, and is told how many.
    pub(super) fn tell(&mut self, event: &TraceEvent) {
        self.0.retain_mut(|tracer| {
            let wanted = tracer.ports.is_empty() || event.port.is_some_and(|p| tracer.ports.contains(&p));
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
pub(super) fn event(clock: &Clock, now: Time, port: u16, kind: TraceKind, text: String) -> TraceEvent {
    TraceEvent {
        at_unix_us: clock.unix_us(now),
        port: Some(port),
        kind: match kind {
            TraceKind::SccpIn => Shown::SccpIn,
            TraceKind::SccpOut => Shown::SccpOut,
            TraceKind::Hook => Shown::Hook,
            TraceKind::Digit => Shown::Digit,
            TraceKind::Line => Shown::Line,
            TraceKind::Media => Shown::Media,
            TraceKind::Call => Shown::Call,
            TraceKind::Registration => Shown::Registration,
            TraceKind::Fault => Shown::Fault,
        },
        text,
    }
}
