//! Live traces: who follows which ports, by events or by the bytes of their messages, and the last events of each.

mod station;

use std::collections::{HashMap, VecDeque};

use tipring_ctl::report::{SccpBytes, TraceEvent};
use tipring_ctl::wire::Event;
use tipring_types::trace::Trace;
use tokio::sync::mpsc;

use super::socket::Wish;

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
    wish: Wish,
    events: mpsc::Sender<Event>,
    lost: u64,
}

impl Tracer {
    fn wants(&self, port: u16) -> bool {
        self.wish.ports.is_empty() || self.wish.ports.contains(&port)
    }

    /// False: it has gone. A slow one loses events, and is sent their number.
    fn give(&mut self, event: Event) -> bool {
        if self.lost > 0 {
            let count = self.lost;
            if self.events.try_send(Event::Lost { count }).is_ok() {
                self.lost = 0;
            }
        }
        match self.events.try_send(event) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost += 1;
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// Events that are kept of each port, for who comes after they happened.
const KEPT: usize = 100;
/// Clients that take messages as bytes, at a time: each may have some MiB waiting.
const MOST_CAPTURES: usize = 8;

/// All clients that follow, and the last events of each port.
#[derive(Debug, Default)]
pub(super) struct Tracers {
    clients: Vec<Tracer>,
    last: HashMap<u16, VecDeque<Entry>>,
}

impl Tracers {
    /// Another client; the most there may be when it is one too many.
    pub(super) fn add(&mut self, wish: Wish, events: mpsc::Sender<Event>) -> Option<usize> {
        self.clients.retain(|tracer| !tracer.events.is_closed());
        let captures = self.clients.iter().filter(|tracer| tracer.wish.bytes);
        if wish.bytes && captures.count() >= MOST_CAPTURES {
            return Some(MOST_CAPTURES);
        }
        self.clients.push(Tracer {
            wish,
            events,
            lost: 0,
        });
        None
    }

    /// Gives the bytes of a message to those who capture; without any of them it costs a look at the list.
    pub(super) fn bytes(&mut self, port: u16, event: impl Fn() -> SccpBytes) {
        self.clients.retain_mut(|tracer| {
            !(tracer.wish.bytes && tracer.wants(port)) || tracer.give(Event::Sccp(event()))
        });
    }

    /// Does anybody capture the messages of this port?
    pub(super) fn wants_bytes(&self, port: u16) -> bool {
        self.clients
            .iter()
            .any(|tracer| tracer.wish.bytes && tracer.wants(port))
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
            if tracer.wish.bytes || !tracer.wants(entry.port) {
                return !tracer.events.is_closed();
            }
            let event = shown.get_or_insert_with(|| entry.shown()).clone();
            tracer.give(Event::Trace(event))
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
