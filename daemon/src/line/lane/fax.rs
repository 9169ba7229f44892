//! Fax relay on a lane: into a session, out of it, and what control hears of it.

use super::{Lane, Reports, Tools, no_such_session};
use crate::line::counters::PortCounters;
use crate::line::order::{LineReport, PortIndex, SessionId};
use crate::line::session::{FaxRelay, FaxTap, MediaSession};

impl Lane {
    pub(super) fn begin_relay(
        &mut self,
        id: SessionId,
        relay: Box<FaxRelay>,
        tools: &mut Tools<'_>,
    ) {
        let port = self.index;
        let left = match self.session(id) {
            Some(session) => {
                let before = session.begin_relay(relay);
                self.counters.relays.add(1);
                self.bridge(self.bridged);
                before
            }
            None => Some(relay),
        };
        if let Some(relay) = left {
            hand_back(port, id, relay, tools.reports);
        }
    }

    pub(super) fn end_relay(&mut self, id: SessionId, tools: &mut Tools<'_>) {
        let port = self.index;
        let Some(session) = self.session(id) else {
            return no_such_session(port, id, tools);
        };
        let Some(relay) = session.end_relay() else {
            return;
        };
        self.bridge(self.bridged);
        hand_back(port, id, relay, tools.reports);
    }

    pub(super) fn listen(&mut self, id: SessionId, tap: Box<FaxTap>, tools: &mut Tools<'_>) {
        let port = self.index;
        let left = match self.session(id) {
            Some(session) => session.listen(tap),
            None => Some(tap),
        };
        let back = left.map(|tap| LineReport::TapReturned {
            port,
            session: id,
            tap,
        });
        if let Some(Err(report)) = back.map(|report| tools.reports.push(report)) {
            // As with sessions.
            std::mem::forget(report);
        }
    }
}

fn hand_back(port: PortIndex, session: SessionId, relay: Box<FaxRelay>, reports: &mut Reports) {
    let report = LineReport::RelayReturned {
        port,
        session,
        relay,
    };
    if let Err(report) = reports.push(report) {
        // As with sessions.
        std::mem::forget(report);
    }
}

/// What a session has heard of fax since the last block.
#[inline]
pub(super) fn report(
    session: &mut MediaSession,
    port: PortIndex,
    counters: &PortCounters,
    tools: &mut Tools<'_>,
) {
    let (id, at) = (session.id(), tools.now.since_epoch());
    while tools.reports.has_room() {
        let Some(named) = session.named_event() else {
            break;
        };
        if !session.may_report_named(tools.now) {
            counters.named_events_dropped.add(1);
            continue;
        }
        let _ = tools.reports.push(LineReport::NamedEvent {
            port,
            session: id,
            at,
            event: named.number,
            timestamp: named.timestamp,
        });
    }
    let news = session.fax_news(tools.now);
    // One that finds no room is followed by others.
    if news.t38 {
        let _ = tools.reports.push(LineReport::T38Arrived {
            port,
            session: id,
            at,
        });
    }
    if news.voice {
        let _ = tools.reports.push(LineReport::VoiceArrived {
            port,
            session: id,
            at,
        });
    }
}
