//! Faxes as they are kept: a record, what is known of its call, and the verdict of both.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tipring_config::FaxIdentities;
use tipring_ctl::report::{CallState, CallSummary, MediaLeg};
use tipring_proto::call::CallRecord;
use tipring_proto::call::CallSnapshot;
use tipring_proto::fax_verdict::{FaxCall, verdict};
use tipring_proto::time::Time;
use tipring_proto::types::{
    CallRef, DataTone, EndCause, FaxCause, FaxRecord, FaxVerdict, Side, Sides, TenthDbm0,
};
use tipring_store::{Keeper, MOST_ROWS, Query, StoredFax, What};
use tipring_types::trace::LegMode;

use super::super::{Gateway, PortUnit};
use super::asked::Asked;

/// Faxes whose call goes on, or ended a moment ago: more may become known of them.
const CLOSING: usize = 64;
/// Good faxes of a port whose level is remembered, and of how many a usual level can be made.
const LEVELS: usize = 15;
const ENOUGH: usize = 3;
/// A fax that failed is a finding for this time.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// A fax without a call by then has none.
pub(super) const WITHOUT_CALL: Duration = Duration::from_secs(2);

/// A fax, and what is known of its call.
#[derive(Clone, Debug)]
struct Closing {
    fax: StoredFax,
    call: FaxCall,
    /// How its call ended is known: it was handed on to be learned from.
    settled: bool,
}

/// The last fax of a port.
#[derive(Clone, Debug)]
struct Last {
    id: (u64, u64),
    /// Of this run.
    here: bool,
    over_unix_ms: u64,
    /// It failed.
    failed: Option<FaxVerdict>,
}

/// A fax whose call is over, but not its record.
#[derive(Debug)]
struct Waiting {
    since: Time,
    port: u16,
    call: CallRef,
    record: FaxRecord,
}

/// What is remembered of faxes.
#[derive(Debug, Default)]
pub(super) struct Faxes {
    next: u64,
    /// Faxes that were over before the record of their call came.
    waiting: Vec<Waiting>,
    closing: VecDeque<Closing>,
    /// Of which nothing more will be known, and of which nothing was learned yet.
    settled: Vec<(StoredFax, FaxCall)>,
    last: HashMap<u16, Last>,
    levels: HashMap<u16, VecDeque<TenthDbm0>>,
    /// Each port's last call that ended.
    ended: HashMap<u16, (u64, EndCause)>,
    /// What the store has of earlier runs.
    earlier: Asked,
}

impl Faxes {
    /// Asks the store for the faxes of earlier runs: a port's usual level, and how its last fax went, outlive a restart.
    pub(super) fn start(keeper: Option<&Keeper>) -> Faxes {
        let mut faxes = Faxes::default();
        if keeper.is_some() {
            faxes.earlier = Asked::new(Query {
                what: What::Faxes,
                limit: MOST_ROWS,
                ..Query::default()
            });
            faxes.look(Time::ZERO, keeper);
        }
        faxes
    }

    /// Takes what the store has answered, and asks it again if it could not.
    pub(super) fn look(&mut self, now: Time, keeper: Option<&Keeper>) {
        let history = self.earlier.look(now, keeper).unwrap_or_default();
        for fax in history.faxes.iter().rev() {
            // One of this run says more than all before it.
            if self.last.get(&fax.port).is_none_or(|last| !last.here) {
                self.learn(fax, false);
            }
        }
    }

    /// The level that the good faxes of a port usually have: the middle one of the last.
    fn usual(&self, port: u16) -> Option<TenthDbm0> {
        let mut levels: Vec<_> = self.levels.get(&port)?.iter().copied().collect();
        levels.sort_unstable();
        let enough = levels.len() >= ENOUGH;
        levels.get(levels.len() / 2).copied().filter(|_| enough)
    }

    /// Remembers what outlives the fax. `here`: it is one of this run.
    fn learn(&mut self, fax: &StoredFax, here: bool) {
        let over_unix_ms = fax
            .record
            .begin_unix_ms
            .saturating_add(fax.record.length_ms);
        // In the order in which they ended: the clock may have been set between them.
        let last = self.last.get(&fax.port);
        if last.is_some_and(|last| here && last.here && last.id > (fax.run, fax.id)) {
            return;
        }
        let again = last.is_some_and(|last| last.id == (fax.run, fax.id));
        // A person who called by mistake is nobody's trouble.
        let harmless = fax.verdict.cause == Some(FaxCause::PersonCalled);
        let failed = (!fax.verdict.is_success() && !harmless).then(|| fax.verdict.clone());
        let last = Last {
            id: (fax.run, fax.id),
            here,
            over_unix_ms,
            failed,
        };
        self.last.insert(fax.port, last);
        if let Some(level) = fax.record.level.line
            && fax.verdict.is_success()
            && !again
        {
            let levels = self.levels.entry(fax.port).or_default();
            if levels.len() >= LEVELS {
                levels.pop_front();
            }
            levels.push_back(level);
        }
    }

    /// What became of the last fax of a port, when it failed less than a day ago.
    pub(super) fn failed(&self, port: u16, unix_ms: u64) -> Option<&FaxVerdict> {
        let last = self.last.get(&port)?;
        let fresh = unix_ms.saturating_sub(last.over_unix_ms) < DAY_MS;
        last.failed.as_ref().filter(|_| fresh)
    }

    /// A fax is over: what is to be kept of it.
    fn over(&mut self, run: u64, mut fax: StoredFax, mut call: FaxCall) -> StoredFax {
        self.next += 1;
        fax.run = run;
        fax.id = self.next;
        call.usual_level = self.usual(fax.port);
        if let (Some((id, end)), None) = (self.ended.get(&fax.port), call.end)
            && fax.call == Some(*id)
        {
            call.end = Some(*end);
        }
        fax.verdict = verdict(&fax.record, &call);
        self.learn(&fax, true);
        if self.closing.len() >= CLOSING
            && let Some(oldest) = self.closing.pop_front()
            && !oldest.settled
        {
            self.settled.push((oldest.fax, oldest.call));
        }
        let settled = call.end.is_some() || fax.call.is_none();
        if settled {
            self.settled.push((fax.clone(), call));
        }
        self.closing.push_back(Closing {
            fax: fax.clone(),
            call,
            settled,
        });
        fax
    }

    /// The faxes of which nothing more will be known, each once: the end of their call may have changed their verdict, so far
    /// ends are learned of these alone.
    pub(super) fn settled(&mut self) -> Vec<(StoredFax, FaxCall)> {
        std::mem::take(&mut self.settled)
    }

    /// The daemon ends: no call will say more of its faxes.
    pub(super) fn settle(&mut self) {
        for closing in self.closing.iter_mut().filter(|c| !c.settled) {
            closing.settled = true;
            self.settled.push((closing.fax.clone(), closing.call));
        }
    }

    /// A call is over: the faxes of it whose verdict is another one now.
    pub(super) fn call_over(&mut self, port: u16, id: u64, end: EndCause) -> Vec<StoredFax> {
        self.ended.insert(port, (id, end));
        let of_call = |c: &&mut Closing| c.fax.port == port && c.fax.call == Some(id);
        let mut changed = vec![];
        for closing in self.closing.iter_mut().filter(of_call) {
            closing.call.end = Some(end);
            let now = verdict(&closing.fax.record, &closing.call);
            if now != closing.fax.verdict {
                closing.fax.verdict = now;
                changed.push(closing.fax.clone());
            }
            if !std::mem::replace(&mut closing.settled, true) {
                self.settled.push((closing.fax.clone(), closing.call));
            }
        }
        for fax in &changed {
            self.learn(fax, true);
        }
        changed
    }
}

/// What the legs of a call show; `passes`: tones make a leg of this port pass data.
fn of_legs(legs: &[MediaLeg], record: &FaxRecord, passes: bool) -> FaxCall {
    let is_data = |mode| matches!(mode, LegMode::PassThrough | LegMode::FaxRelay);
    // Of this fax, by its own steps: a leg remembers its last tones only, whatever fax they were of.
    let heard = |side: Side, tone: DataTone| {
        let mut steps = record.steps.iter();
        steps.any(|step| step.from == side && step.sign == tone.name())
    };
    let v8 = |side| heard(side, DataTone::AnsAm) || heard(side, DataTone::AnsAmPr);
    let known = !legs.is_empty();
    FaxCall {
        // What the leg is now may be voice again.
        pass_through: !known
            || legs
                .iter()
                .any(|leg| leg.pass_through || passes && !leg.tones.is_empty())
            || record.switches.iter().any(|switch| is_data(switch.mode)),
        ptime_ms: legs.last().map_or(0, |leg| leg.ptime_ms),
        calling: Sides {
            line: heard(Side::Line, DataTone::Cng),
            network: heard(Side::Network, DataTone::Cng),
        },
        v8_answer: [Side::Line, Side::Network]
            .into_iter()
            .find(|side| v8(*side)),
        ..FaxCall::default()
    }
}

/// Takes out what nobody is to see.
fn hide(record: &mut FaxRecord, identities: FaxIdentities) {
    match identities {
        FaxIdentities::Store => {}
        FaxIdentities::Hide => record.identities = Sides::default(),
    }
}

impl Gateway {
    /// Takes out what nobody is to see.
    pub(in crate::control) fn hide_identities(&self, record: &mut FaxRecord) {
        hide(record, self.config.history.fax_identities);
    }

    /// A fax in a leg of this call is over.
    pub(in crate::control) fn keep_fax(
        &mut self,
        now: Time,
        index: usize,
        call: CallRef,
        record: &FaxRecord,
    ) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let port = unit.number;
        match self.call_of_fax(now, unit, call) {
            Some((summary, legs)) => {
                self.keep_fax_of(port, (record, now), Some(&summary), &legs);
            }
            // The call is over: its record is about to come.
            None => {
                let waiting = Waiting {
                    since: now,
                    port,
                    call,
                    record: record.clone(),
                };
                self.history.faxes.waiting.push(waiting);
            }
        }
    }

    /// The faxes for whose call nothing has come for this time.
    pub(in crate::control) fn keep_waiting_faxes(&mut self, now: Time, at_least: Duration) {
        let late = |w: &mut Waiting| now.saturating_since(w.since) >= at_least;
        let late: Vec<Waiting> = self.history.faxes.waiting.extract_if(.., late).collect();
        for fax in late {
            self.keep_fax_of(fax.port, (&fax.record, fax.since), None, &[]);
        }
    }

    /// `over`: when it was known to be over.
    fn keep_fax_of(
        &mut self,
        port: u16,
        (record, over): (&FaxRecord, Time),
        call: Option<&CallSummary>,
        legs: &[MediaLeg],
    ) {
        let unit = self.ports.iter().find(|unit| unit.number == port);
        let passes = unit.is_some_and(|unit| unit.settings.line.fax_pass_through);
        let far_address = legs.iter().rev().find_map(|leg| leg.remote.clone());
        let known = FaxCall {
            direction: call.map(|c| c.direction).unwrap_or_default(),
            length_ms: (self.clock.unix_ms(over)).saturating_sub(record.begin_unix_ms),
            ..of_legs(legs, record, passes)
        };
        let some = |text: Option<String>| text.as_deref().and_then(super::call::some);
        let fax = StoredFax {
            number: 0,
            run: 0,
            id: 0,
            call: call.map(|c| c.id),
            port,
            direction: known.direction,
            far_number: some(call.and_then(|c| c.peer.clone().or(c.dialed.clone()))),
            far_name: some(call.and_then(|c| c.peer_name.clone())),
            far_address,
            verdict: verdict(record, &known),
            record: record.clone(),
        };
        let run = self.history.run();
        let fax = self.history.faxes.over(run, fax, known);
        self.history.keep(fax);
        self.remember_far_ends();
    }

    /// The call of this reference at a port, and its media: it is up, or its record has come. One that has outlived its
    /// CallManager has no reference.
    fn call_of_fax(
        &self,
        now: Time,
        unit: &PortUnit,
        call: CallRef,
    ) -> Option<(CallSummary, Vec<MediaLeg>)> {
        let logic = unit.call_logic();
        let is_it = |c: &&CallSnapshot| {
            c.call == call && (call != CallRef::NONE || c.state == CallState::Preserved)
        };
        if let Some(up) = logic.calls.iter().find(is_it) {
            let row = self.calls.summary(&self.clock, now, unit.number, up);
            return Some((row, unit.desk.of_call(now, up.call, up.started)));
        }
        let number = self.calls.number(now, unit.number, call)?;
        let ended = self.calls.ended(number)?;
        Some((ended.summary, ended.media))
    }

    /// A call is over: a fax of it may have another verdict now.
    pub(super) fn fax_call_over(&mut self, port: u16, id: u64, record: &CallRecord) {
        let is_its = |w: &mut Waiting| w.port == port && w.call == record.call;
        let its: Vec<Waiting> = self.history.faxes.waiting.extract_if(.., is_its).collect();
        let call = self.calls.ended(id);
        for fax in its {
            let summary = call.as_ref().map(|call| &call.summary);
            let legs = call.as_ref().map_or(&[][..], |call| &call.media);
            self.keep_fax_of(port, (&fax.record, fax.since), summary, legs);
        }
        for fax in self.history.faxes.call_over(port, id, record.cause) {
            self.history.keep(fax);
        }
        self.remember_far_ends();
    }

    /// What became of the last fax of a port, when it failed less than a day ago.
    pub(in crate::control) fn failed_fax(&self, now: Time, port: u16) -> Option<FaxVerdict> {
        let unix_ms = self.clock.unix_ms(now);
        self.history.faxes.failed(port, unix_ms).cloned()
    }
}

#[cfg(test)]
mod tests;
