//! Live traces: who follows which ports, and the last events of each.

mod station;

use std::collections::{HashMap, VecDeque};

use tipring_ctl::report::TraceEvent;
use tipring_ctl::wire::Event;
use tipring_types::trace::Trace;
use tokio::sync::mpsc;

pub(super) use station::of_station;
pub(super) use tipring_proto::device::of_device;

/// An event as it is kept: it has words only where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// When.
    pub(super) at_unix_us: u64,
    /// On which port.
    pub(super) port: u16,
    /// The book's number of the call that it is about, as far as it has one.
    pub(super) call: Option<u64>,
    /// What happened.
    pub(super) event: Trace,
}

impl Entry {
    /// As a client gets it.
    pub(super) fn shown(&self) -> TraceEvent {
        TraceEvent::new(
            self.at_unix_us,
            Some(self.port),
            self.call,
            self.event.clone(),
        )
    }
}

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
    last: HashMap<u16, VecDeque<Entry>>,
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
        last.map(Entry::shown).collect()
    }

    /// Keeps an event, and reports it to those who follow its port. A slow client loses lines, and is sent their number.
    pub(super) fn publish(&mut self, entry: Entry) {
        // Made for the first one who wants it.
        let mut shown: Option<TraceEvent> = None;
        self.clients.retain_mut(|tracer| {
            let wanted = tracer.ports.is_empty() || tracer.ports.contains(&entry.port);
            if !wanted {
                return !tracer.events.is_closed();
            }
            if tracer.lost > 0 {
                let count = tracer.lost;
                if tracer.events.try_send(Event::Lost { count }).is_ok() {
                    tracer.lost = 0;
                }
            }
            let event = shown.get_or_insert_with(|| entry.shown()).clone();
            match tracer.events.try_send(Event::Trace(event)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracer.lost += 1;
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
        let last = self.last.entry(entry.port).or_default();
        if last.len() >= KEPT {
            last.pop_front();
        }
        last.push_back(entry);
    }
}

#[cfg(test)]
mod tests;
