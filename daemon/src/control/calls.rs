//! The book of calls: numbers for those that are up, the last ones that were, and what happened in them.

mod timeline;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tipring_ctl::report::{CallDetail, CallList, CallState, CallSummary, MediaLeg, TraceEvent};
use tipring_proto::call::{CallRecord, CallSnapshot};
use tipring_proto::time::Time;
use tipring_proto::types::CallRef;
use tipring_types::trace::Trace;

use super::clock::Clock;
use super::trace::Entry;
use timeline::Timeline;

/// Ended calls that are remembered.
const RECENT: usize = 200;
/// Trace lines that are kept of what led to a call: lifting, an announcement.
const BEFORE: usize = 64;
/// A port that is at rest may have left it so long ago: a lift is one only after its contact has stopped bouncing.
const UNDECIDED: Duration = Duration::from_millis(300);
/// What a server says so long after the end of a call is still about it.
const AFTERMATH: Duration = Duration::from_secs(1);

/// A call that is up.
#[derive(Debug)]
struct Open {
    id: u64,
    port: u16,
    call: CallRef,
    started: Time,
    /// As last traced.
    state: Option<CallState>,
    timeline: Timeline,
}

/// A call that ended a moment ago.
#[derive(Debug)]
struct Closing {
    id: u64,
    port: u16,
    call: CallRef,
    until: Time,
}

/// All calls of the gateway.
#[derive(Debug, Default)]
pub(super) struct CallBook {
    last_id: u64,
    open: Vec<Open>,
    closing: Vec<Closing>,
    recent: VecDeque<Ended>,
    /// For each port: what happened since it left its rest.
    before: HashMap<u16, VecDeque<(Time, Entry)>>,
}

#[derive(Debug)]
struct Ended {
    summary: CallSummary,
    media: Vec<MediaLeg>,
    timeline: Timeline,
}

impl CallBook {
    /// Takes note of a port as it is after an input was dealt with: its calls, and whether it is at rest (on-hook,
    /// nothing going on). Answers what changed, for the trace.
    pub(super) fn see(
        &mut self,
        now: Time,
        port: u16,
        at_rest: bool,
        calls: &[CallSnapshot],
    ) -> Vec<(u64, Trace)> {
        let mut news = vec![];
        for c in calls {
            let at = self.place(port, c.call, c.started);
            let Some(open) = self.open.get_mut(at) else {
                continue;
            };
            if open.state != Some(c.state) {
                open.state = Some(c.state);
                news.push((open.id, state(c)));
            }
        }
        if let Some(before) = self.before.get_mut(&port) {
            if self.open.iter().any(|o| o.port == port) {
                before.clear();
            } else if at_rest {
                before.retain(|(at, _)| now - *at <= UNDECIDED);
            }
        }
        news
    }

    /// The number of the call that an event of this port is about, if it names one that the book has.
    pub(super) fn number_of(&self, now: Time, port: u16, event: &Trace) -> Option<u64> {
        let call_ref = event.call_ref()?;
        // What outlived its CallManager has lost its reference to whoever has it now.
        let preserved = matches!(event, Trace::ReferenceReused { .. });
        let is_preserved = |open: &Open| open.state == Some(CallState::Preserved);
        let mut open = self.open.iter().filter(|o| o.port == port);
        let open = open.find(|o| o.call.0 == call_ref && is_preserved(o) == preserved);
        if let Some(open) = open {
            return Some(open.id);
        }
        let mut closing = self.closing.iter().rev();
        let closing = closing.find(|c| c.port == port && c.call.0 == call_ref && c.until >= now);
        closing.map(|c| c.id)
    }

    /// The number of the call of a port that has this reference, or had it until a moment ago.
    pub(super) fn number(&self, now: Time, port: u16, call: CallRef) -> Option<u64> {
        let open = self.open.iter().find(|o| o.port == port && o.call == call);
        if let Some(open) = open {
            return Some(open.id);
        }
        let mut closing = self.closing.iter().rev();
        let closing = closing.find(|c| c.port == port && c.call == call && c.until >= now);
        closing.map(|c| c.id)
    }

    /// Adds an event to the calls of its port.
    pub(super) fn trace(&mut self, now: Time, entry: &Entry) {
        let port = entry.port;
        let before = self.before.entry(port).or_default();
        if before.len() >= BEFORE {
            before.pop_front();
        }
        before.push_back((now, entry.clone()));
        let mut taken = false;
        for call in self.open.iter_mut().filter(|o| o.port == port) {
            call.timeline.push(entry.clone());
            taken = true;
        }
        self.closing.retain(|c| c.until >= now);
        for closing in self.closing.iter().filter(|c| c.port == port && !taken) {
            if let Some(ended) = self.recent.iter_mut().find(|e| e.summary.id == closing.id) {
                ended.timeline.push(entry.clone());
            }
        }
    }

    /// Adds an event to one call only.
    pub(super) fn note(&mut self, id: u64, entry: Entry) {
        if let Some(open) = self.open.iter_mut().find(|o| o.id == id) {
            open.timeline.push(entry);
        } else if let Some(ended) = self.recent.iter_mut().find(|e| e.summary.id == id) {
            ended.timeline.push(entry);
        }
    }

    /// A call is over; answers its number.
    pub(super) fn close(
        &mut self,
        clock: &Clock,
        port: u16,
        record: &CallRecord,
        media: Vec<MediaLeg>,
    ) -> u64 {
        // A call that began and ended within one input was never seen open.
        let at = self.place(port, record.call, record.started);
        let open = self.open.swap_remove(at);
        let summary = CallSummary {
            id: open.id,
            port,
            direction: record.direction,
            call_ref: record.call.0,
            state: CallState::Ended,
            peer: some(&record.number),
            peer_name: some(&record.name),
            dialed: some(&record.dialed),
            started_unix_ms: clock.unix_ms(record.started),
            answered_after_ms: record.connected.map(|c| ms(c, record.started)),
            duration_ms: ms(record.ended, record.started),
            end: Some(record.cause),
        };
        if self.recent.len() >= RECENT {
            self.recent.pop_back();
        }
        self.closing.push(Closing {
            id: open.id,
            port,
            call: record.call,
            until: record.ended + AFTERMATH,
        });
        self.recent.push_front(Ended {
            summary,
            media,
            timeline: open.timeline,
        });
        open.id
    }

    /// The final figures of a leg, which may come when its call is over already: then the call's number and all its legs.
    pub(super) fn media_over(&mut self, port: u16, leg: MediaLeg) -> Option<(u64, &[MediaLeg])> {
        let mut calls = self
            .recent
            .iter_mut()
            .filter(|e| e.summary.port == port && e.summary.call_ref == leg.call_ref);
        let same = |l: &MediaLeg| l.party == leg.party && l.local == leg.local;
        let (at, ended) = calls.find_map(|e| Some((e.media.iter().position(same)?, e)))?;
        *ended.media.get_mut(at)? = leg;
        Some((ended.summary.id, &ended.media))
    }

    /// Place of a call in the list of those that are up; it is entered if it is new.
    fn place(&mut self, port: u16, call: CallRef, started: Time) -> usize {
        if let Some(at) = self.find(port, call, started) {
            return at;
        }
        self.last_id += 1;
        let mut timeline = Timeline::default();
        for (_, entry) in self.before.get(&port).into_iter().flatten() {
            let mut entry = entry.clone();
            // It had no number yet when this happened.
            if entry.call.is_none() && entry.event.call_ref() == Some(call.0) {
                entry.call = Some(self.last_id);
            }
            timeline.push(entry);
        }
        self.open.push(Open {
            id: self.last_id,
            port,
            call,
            started,
            state: None,
            timeline,
        });
        self.open.len() - 1
    }

    /// A call that outlived its CallManager loses its reference to a new one, and is the same call all the same.
    fn find(&self, port: u16, call: CallRef, started: Time) -> Option<usize> {
        let began = |o: &Open| o.port == port && o.started == started;
        let same = |o: &Open| began(o) && o.call == call;
        let at = self.open.iter().position(same);
        at.or_else(|| {
            let lost = |o: &Open| began(o) && o.state == Some(CallState::Preserved);
            self.open
                .iter()
                .position(lost)
                .filter(|_| call == CallRef::NONE)
        })
    }

    /// One row for a call that is up.
    pub(super) fn summary(
        &self,
        clock: &Clock,
        now: Time,
        port: u16,
        call: &CallSnapshot,
    ) -> CallSummary {
        let id = self
            .find(port, call.call, call.started)
            .and_then(|i| self.open.get(i))
            .map_or(0, |o| o.id);
        CallSummary {
            id,
            port,
            direction: call.direction,
            call_ref: call.call.0,
            state: call.state,
            peer: some(&call.number),
            peer_name: some(&call.name),
            dialed: some(&call.dialed),
            started_unix_ms: clock.unix_ms(call.started),
            answered_after_ms: call.connected.map(|c| ms(c, call.started)),
            duration_ms: ms(now, call.started),
            end: None,
        }
    }

    /// The list, given the rows of the calls that are up.
    pub(super) fn list(&self, mut active: Vec<CallSummary>) -> CallList {
        active.sort_by_key(|c| c.id);
        let recent = self.recent.iter().map(|c| c.summary.clone()).collect();
        CallList { active, recent }
    }

    /// An ended call in full.
    pub(super) fn ended(&self, id: u64) -> Option<CallDetail> {
        let ended = self.recent.iter().find(|c| c.summary.id == id)?;
        Some(CallDetail {
            summary: ended.summary.clone(),
            media: ended.media.clone(),
            timeline: ended.timeline.lines(),
        })
    }

    /// What happened so far in a call that is up.
    pub(super) fn timeline(&self, id: u64) -> Option<Vec<TraceEvent>> {
        let open = self.open.iter().find(|o| o.id == id)?;
        Some(open.timeline.lines())
    }
}

fn state(call: &CallSnapshot) -> Trace {
    Trace::CallState {
        call_ref: call.call.0,
        state: call.state,
        number: some(&call.number),
        name: some(&call.name),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn ms(later: Time, earlier: Time) -> u64 {
    u64::try_from((later - earlier).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
