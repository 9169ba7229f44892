//! The book of calls: numbers for those that are up, the last ones that were, and what happened in them.

use std::collections::VecDeque;

use tipring_ctl::report::{CallDetail, CallList, CallState, CallSummary, MediaLeg, TraceEvent};
use tipring_proto::call::{CallRecord, CallSnapshot};
use tipring_proto::time::Time;
use tipring_proto::types::CallRef;

use super::clock::Clock;
use super::words;

/// Ended calls that are remembered.
const RECENT: usize = 200;
/// Trace lines that are kept of a call.
const TIMELINE: usize = 400;

/// A call that is up.
#[derive(Debug)]
struct Open {
    id: u64,
    port: u16,
    call: CallRef,
    started: Time,
    timeline: VecDeque<TraceEvent>,
}

/// All calls of the gateway.
#[derive(Debug, Default)]
pub(super) struct CallBook {
    last_id: u64,
    open: Vec<Open>,
    recent: VecDeque<CallDetail>,
}

impl CallBook {
    /// Takes note of the calls of a port as they are now.
    pub(super) fn see(&mut self, port: u16, calls: &[CallSnapshot]) {
        for c in calls {
            if self.find(port, c.call, c.started).is_none() {
                self.last_id += 1;
                self.open.push(Open {
                    id: self.last_id,
                    port,
                    call: c.call,
                    started: c.started,
                    timeline: VecDeque::new(),
                });
            }
        }
    }

    /// Adds a trace line to the calls of its port.
    pub(super) fn trace(&mut self, event: &TraceEvent) {
        for call in self.open.iter_mut().filter(|o| Some(o.port) == event.port) {
            if call.timeline.len() >= TIMELINE {
                call.timeline.pop_front();
            }
            call.timeline.push_back(event.clone());
        }
    }

    /// A call is over.
    pub(super) fn close(
        &mut self,
        clock: &Clock,
        port: u16,
        record: &CallRecord,
        media: Vec<MediaLeg>,
    ) {
        self.see_record(port, record);
        let Some(at) = self.find(port, record.call, record.started) else {
            return;
        };
        let open = self.open.swap_remove(at);
        let summary = CallSummary {
            id: open.id,
            port,
            direction: words::direction(record.direction),
            call_ref: record.call.0,
            state: CallState::Ended,
            peer: some(&record.number),
            peer_name: some(&record.name),
            dialed: some(&record.dialed),
            started_unix_ms: clock.unix_ms(record.started),
            answered_after_ms: record.connected.map(|c| ms(c, record.started)),
            duration_ms: ms(record.ended, record.started),
            ended: Some(words::end_cause(record.cause).to_owned()),
        };
        if self.recent.len() >= RECENT {
            self.recent.pop_back();
        }
        let timeline = open.timeline.into();
        self.recent.push_front(CallDetail {
            summary,
            media,
            timeline,
        });
    }

    /// A call that began and ended within one input was never seen open.
    fn see_record(&mut self, port: u16, record: &CallRecord) {
        if self.find(port, record.call, record.started).is_none() {
            self.last_id += 1;
            self.open.push(Open {
                id: self.last_id,
                port,
                call: record.call,
                started: record.started,
                timeline: VecDeque::new(),
            });
        }
    }

    fn find(&self, port: u16, call: CallRef, started: Time) -> Option<usize> {
        self.open
            .iter()
            .position(|o| o.port == port && o.call == call && o.started == started)
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
            direction: words::direction(call.direction),
            call_ref: call.call.0,
            state: words::call_state(call.state),
            peer: some(&call.number),
            peer_name: some(&call.name),
            dialed: some(&call.dialed),
            started_unix_ms: clock.unix_ms(call.started),
            answered_after_ms: call.connected.map(|c| ms(c, call.started)),
            duration_ms: ms(now, call.started),
            ended: None,
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
        self.recent.iter().find(|c| c.summary.id == id).cloned()
    }

    /// What happened so far in a call that is up.
    pub(super) fn timeline(&self, id: u64) -> Option<Vec<TraceEvent>> {
        let open = self.open.iter().find(|o| o.id == id)?;
        Some(open.timeline.iter().cloned().collect())
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn ms(later: Time, earlier: Time) -> u64 {
    u64::try_from((later - earlier).as_millis()).unwrap_or(u64::MAX)
}
