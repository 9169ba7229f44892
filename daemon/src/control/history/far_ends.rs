//! What is remembered of the far ends of faxes: in memory here for the calls to come, and in the store over a restart.
//!
//! What it means is decided in `tipring_proto::fax_memory`. Nothing here waits for the store: what that does not take is
//! forgotten with the end of this run. Until it has answered nothing is written, for that would replace what the file has:
//! what faxes teach meanwhile is used at once, kept as lessons, and taught again to what the store had.

use std::collections::{HashMap, HashSet, VecDeque};

use tipring_ctl::report::{FarEndReport, FaxMemoryReport};
use tipring_ctl::request::{ErrorCode, ErrorReport, FaxMemoryAction, Response};
use tipring_proto::call::CallSnapshot;
use tipring_proto::fax_memory::{
    Allowed, Strategy, check, covers, is_pattern, learn, strategy, weight,
};
use tipring_proto::fax_verdict::FaxCall;
use tipring_proto::time::Time;
use tipring_proto::types::{
    CallRef, CallState, FarMemory, FaxRecord, FaxVerdict, NamedEvents, RepeatedPackets, T38Choice,
};
use tipring_store::{Entry, FAR_ENDS, Keeper, Query, StoredFar, StoredFax, What};

use super::super::{Gateway, PortUnit};
use super::HistoryDesk;
use super::asked::Asked;

/// Far ends in one answer: a line of the control socket has room for more.
const MOST_SHOWN: usize = 500;

/// Faxes before the store has answered whose lessons are kept for what it has; then the oldest go.
const LESSONS: usize = 512;

/// What a fax taught.
#[derive(Debug)]
struct Lesson {
    far: String,
    record: FaxRecord,
    verdict: FaxVerdict,
    call: FaxCall,
}

impl Lesson {
    fn of(far: &str, fax: &StoredFax, call: &FaxCall) -> Lesson {
        Lesson {
            far: far.to_owned(),
            // Nothing is learned of the steps, and they are many.
            record: FaxRecord {
                steps: vec![],
                ..fax.record.clone()
            },
            verdict: fax.verdict.clone(),
            call: *call,
        }
    }

    /// False: it says nothing of the far end.
    fn teach(&self, memory: &mut FarMemory) -> bool {
        let record = &self.record;
        let over_unix_ms = record.begin_unix_ms.saturating_add(record.length_ms);
        learn(memory, record, &self.call, &self.verdict, over_unix_ms)
    }
}

/// The far ends by their names: a number, an address without its port, or a pattern of these.
#[derive(Debug, Default)]
pub(super) struct FarEnds {
    known: HashMap<String, FarMemory>,
    /// What the store has of earlier runs.
    earlier: Asked,
    /// Until the store has answered: what faxes taught,
    lessons: VecDeque<Lesson>,
    /// which far ends were set and forgotten by hand,
    set: HashSet<String>,
    forgotten: HashSet<String>,
    /// and which are to be written then.
    unwritten: HashSet<String>,
}

impl FarEnds {
    /// Asks the store for what earlier runs have learned.
    pub(super) fn start(keeper: Option<&Keeper>) -> FarEnds {
        let mut far_ends = FarEnds::default();
        if keeper.is_some() {
            far_ends.earlier = Asked::new(Query {
                what: What::FarEnds,
                ..Query::default()
            });
            far_ends.look(Time::ZERO, keeper);
        }
        far_ends
    }

    /// Takes what the store has answered, and asks it again if it could not.
    fn look(&mut self, now: Time, keeper: Option<&Keeper>) {
        let Some(history) = self.earlier.look(now, keeper) else {
            return;
        };
        let lessons = std::mem::take(&mut self.lessons);
        for stored in history.far_ends {
            self.take_over(stored, &lessons);
        }
        self.set.clear();
        self.forgotten.clear();
    }

    /// A far end of earlier runs: the faxes of this run come after those, and what was pinned by hand since is newer.
    fn take_over(&mut self, stored: StoredFar, lessons: &VecDeque<Lesson>) {
        let StoredFar { far, mut memory } = stored;
        let known = self.known.get(&far);
        if self.forgotten.contains(&far) || known.is_none() && self.known.len() >= FAR_ENDS {
            return;
        }
        if let Some(known) = known.filter(|_| self.set.contains(&far)) {
            memory.pinned = known.pinned;
        }
        for lesson in lessons.iter().filter(|lesson| lesson.far == far) {
            lesson.teach(&mut memory);
        }
        self.known.insert(far, memory);
    }

    fn is_loaded(&self) -> bool {
        self.earlier.is_answered()
    }

    /// What waited for the answer of the store.
    fn due(&mut self) -> Vec<Entry> {
        if !self.is_loaded() {
            return vec![];
        }
        let waited = std::mem::take(&mut self.unwritten);
        self.entries(waited)
    }

    fn entries(&self, of: HashSet<String>) -> Vec<Entry> {
        let entry = |far: String| {
            let memory = self.known.get(&far)?.clone();
            Some(Entry::from(StoredFar { far, memory }))
        };
        of.into_iter().filter_map(entry).collect()
    }

    /// The daemon ends. Where the store has never answered, what was set by hand is worth more than what it may have of the same
    /// far ends.
    fn end(&mut self) -> Vec<Entry> {
        match self.is_loaded() {
            true => self.due(),
            false => {
                let set = std::mem::take(&mut self.set);
                self.entries(set)
            }
        }
    }

    /// As which far end this one is remembered: itself, when it was pinned by hand; or else the pattern that says most of it.
    fn place(&self, far: String) -> String {
        place(&self.known, &self.patterns(), far)
    }

    /// The patterns among them; they are few.
    fn patterns(&self) -> Vec<&String> {
        self.known.keys().filter(|name| is_pattern(name)).collect()
    }

    /// What is done in a fax with a far end that begins now.
    fn strategy(&self, far: &str, allowed: Allowed, unix_ms: u64) -> Strategy {
        let memory = self.known.get(far);
        memory.map_or_else(Strategy::default, |memory| {
            strategy(memory, allowed, unix_ms)
        })
    }

    /// A fax and its call are over: what the store is to keep, and to forget for want of room.
    fn learn(&mut self, far: &str, fax: &StoredFax, call: &FaxCall) -> Vec<Entry> {
        let lesson = Lesson::of(far, fax, call);
        let mut memory = self.known.get(far).cloned().unwrap_or_default();
        if !lesson.teach(&mut memory) {
            return vec![];
        }
        let kept = self.put(far, memory);
        if !self.is_loaded() && self.known.contains_key(far) {
            if self.lessons.len() >= LESSONS {
                self.lessons.pop_front();
            }
            self.lessons.push_back(lesson);
        }
        self.written(far, kept)
    }

    /// What of this is written now: nothing of a far end of which the store may have more.
    fn written(&mut self, far: &str, mut entries: Vec<Entry>) -> Vec<Entry> {
        if !self.is_loaded() && self.known.contains_key(far) {
            self.unwritten.insert(far.to_owned());
            entries.retain(|entry| matches!(entry, Entry::ForgetFar(_)));
        }
        entries
    }

    fn put(&mut self, far: &str, memory: FarMemory) -> Vec<Entry> {
        let mut kept = vec![];
        if self.known.len() >= FAR_ENDS && !self.known.contains_key(far) {
            // One that was pinned by hand makes room for another one of these alone.
            let age = |memory: &FarMemory| (memory.pinned.is_some(), memory.last_unix_ms);
            let oldest = self.known.iter().min_by_key(|(_, memory)| age(memory));
            if let Some((oldest, is_pinned)) = oldest.map(|(far, m)| (far.clone(), age(m).0)) {
                if is_pinned && memory.pinned.is_none() {
                    return kept;
                }
                self.known.remove(&oldest);
                self.unwritten.remove(&oldest);
                kept.push(Entry::ForgetFar(Some(oldest)));
            }
        }
        self.known.insert(far.to_owned(), memory.clone());
        kept.push(Entry::from(StoredFar {
            far: far.to_owned(),
            memory,
        }));
        kept
    }

    /// What is remembered, latest first.
    fn list(&self, unix_ms: u64) -> Vec<FarEndReport> {
        let mut all: Vec<_> = self.known.iter().collect();
        all.sort_by(|(a_far, a), (b_far, b)| (b.last_unix_ms, a_far).cmp(&(a.last_unix_ms, b_far)));
        let patterns = self.patterns();
        let report = |(far, memory): (&String, &FarMemory)| {
            // What a pattern takes in goes by that.
            let place = place(&self.known, &patterns, far.clone());
            FarEndReport::of(
                far,
                memory,
                &self.strategy(&place, Allowed::ALL, unix_ms).advice(),
            )
        };
        all.into_iter().map(report).collect()
    }

    /// Forgets one, or all: what was remembered of them. Before the store has answered, one that is not known may be in it.
    fn forget(&mut self, far: Option<&str>, unix_ms: u64) -> Vec<FarEndReport> {
        let mut gone = self.list(unix_ms);
        match far {
            Some(far) => {
                gone.retain(|report| report.far == far);
                self.known.remove(far);
                self.unwritten.remove(far);
                self.lessons.retain(|lesson| lesson.far != far);
                if !self.is_loaded() {
                    if gone.is_empty() {
                        gone.push(FarEndReport::of(far, &FarMemory::default(), &[]));
                    }
                    self.set.remove(far);
                    if self.forgotten.len() < FAR_ENDS {
                        self.forgotten.insert(far.to_owned());
                    }
                }
            }
            None => *self = FarEnds::default(),
        }
        gone
    }

    /// Pins one by hand, or not any more.
    fn pin(&mut self, far: &str, pinned: Option<T38Choice>, unix_ms: u64) -> Vec<Entry> {
        let mut memory = self.known.get(far).cloned().unwrap_or_default();
        memory.pinned = pinned;
        if memory.last_unix_ms == 0 {
            memory.last_unix_ms = unix_ms;
        }
        if !self.is_loaded() && self.set.len() < FAR_ENDS {
            self.set.insert(far.to_owned());
        }
        let kept = self.put(far, memory);
        self.written(far, kept)
    }
}

/// As which of the known far ends this one is remembered.
fn place(known: &HashMap<String, FarMemory>, patterns: &[&String], far: String) -> String {
    if known.get(&far).is_some_and(|m| m.pinned.is_some()) {
        return far;
    }
    let covering = patterns.iter().filter(|name| covers(name, &far));
    let most = covering.max_by_key(|name| (weight(name), **name));
    most.map_or(far, |name| (*name).clone())
}

impl HistoryDesk {
    /// Takes over what the store has of far ends by now, and asks it again if it failed.
    pub(super) fn look_at_far_ends(&mut self, now: Time) {
        self.far_ends.look(now, self.keeper.as_ref());
        for entry in self.far_ends.due() {
            self.keep(entry);
        }
    }
}

/// The name of a far end: its number, or else the address of its media without the port.
pub(super) fn name(number: Option<&str>, address: Option<&str>) -> Option<String> {
    let number = number.and_then(super::call::some);
    number.or_else(|| {
        let (host, _port) = address?.rsplit_once(':')?;
        super::call::some(host)
    })
}

/// What the settings of a port leave open.
fn allowed(unit: &PortUnit) -> Allowed {
    let line = &unit.settings.line;
    Allowed {
        t38: line.nse != NamedEvents::Off && line.t38,
        negotiated: line.nse == NamedEvents::Negotiated,
        redundancy: line.redundancy == RepeatedPackets::Auto,
    }
}

impl Gateway {
    /// Something of a fax was heard on a port: the legs of it for which nothing was looked up yet get what is remembered of
    /// their far ends.
    pub(in crate::control) fn advise_fax(&mut self, now: Time, index: usize) {
        self.history.look_at_far_ends(now);
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        if !unit.settings.line.fax_memory {
            return;
        }
        let unix_ms = self.clock.unix_ms(now);
        let mut found = vec![];
        for (session, call, remote) in unit.desk.unadvised() {
            let number = self.far_number(now, unit, call);
            let Some(far) = name(number.as_deref(), remote.as_deref()) else {
                continue;
            };
            let far_ends = &self.history.far_ends;
            let far = far_ends.place(far);
            let strategy = far_ends.strategy(&far, allowed(unit), unix_ms);
            found.push((session, far, strategy));
        }
        if let Some(unit) = self.ports.get_mut(index) {
            for (session, far, strategy) in found {
                unit.desk.advise(session, &far, &strategy);
            }
        }
    }

    /// As the fax will be kept with it.
    fn far_number(&self, now: Time, unit: &PortUnit, call: CallRef) -> Option<String> {
        let is_it = |c: &&CallSnapshot| {
            c.call == call && (call != CallRef::NONE || c.state == CallState::Preserved)
        };
        let logic = unit.call_logic();
        let up = logic.calls.iter().find(is_it)?;
        let row = self.calls.summary(&self.clock, now, unit.number, up);
        row.peer.or(row.dialed)
    }

    /// Learns of the faxes of which nothing more will be known.
    pub(super) fn remember_far_ends(&mut self) {
        let settled = self.history.faxes.settled();
        if settled.is_empty() {
            return;
        }
        self.history.look_at_far_ends(self.clock.now());
        for (fax, call) in settled {
            let unit = self.ports.iter().find(|unit| unit.number == fax.port);
            let remembers = unit.is_some_and(|unit| unit.settings.line.fax_memory);
            let far = name(fax.far_number.as_deref(), fax.far_address.as_deref());
            if let Some(far) = far.filter(|_| remembers) {
                let far = self.history.far_ends.place(far);
                for entry in self.history.far_ends.learn(&far, &fax, &call) {
                    self.history.keep(entry);
                }
            }
        }
    }

    /// The daemon ends, and its calls have.
    pub(in crate::control) fn end_far_ends(&mut self) {
        self.history.faxes.settle();
        self.remember_far_ends();
        for entry in self.history.far_ends.end() {
            self.history.keep(entry);
        }
    }

    /// What is remembered of far ends is asked for, or changed by hand.
    pub(in crate::control) fn fax_memory(&mut self, action: FaxMemoryAction) -> Response {
        let now = self.clock.now();
        let unix_ms = self.clock.unix_ms(now);
        self.history.look_at_far_ends(now);
        let far_ends = &mut self.history.far_ends;
        let mut report = match action {
            FaxMemoryAction::List => far_ends.list(unix_ms),
            FaxMemoryAction::Forget { far } => {
                let gone = far_ends.forget(far.as_deref(), unix_ms);
                if let Some(far) = far.as_ref().filter(|_| gone.is_empty()) {
                    return Response::Error(unknown(far));
                }
                self.history.keep(Entry::ForgetFar(far));
                gone
            }
            FaxMemoryAction::Set { far, t38 } => {
                let Some(far) = super::call::some(far.trim()) else {
                    return Response::Error(unknown(&far));
                };
                if let Err(why) = check(&far) {
                    return Response::Error(ErrorReport {
                        code: ErrorCode::UnknownFarEnd,
                        message: format!("no far end can be called {far:?}: {why}"),
                        cure: Some("0049! takes in all numbers that begin with 0049".to_owned()),
                    });
                }
                let entries = far_ends.pin(&far, t38, unix_ms);
                let mut shown = far_ends.list(unix_ms);
                shown.retain(|report| report.far == far);
                for entry in entries {
                    self.history.keep(entry);
                }
                shown
            }
        };
        let more = report.len() > MOST_SHOWN;
        report.truncate(MOST_SHOWN);
        Response::FaxMemory(FaxMemoryReport {
            far_ends: report,
            more,
        })
    }
}

fn unknown(far: &str) -> ErrorReport {
    ErrorReport {
        code: ErrorCode::UnknownFarEnd,
        message: format!("nothing is remembered of a far end {far:?}"),
        cure: Some("see `tipring fax memory list`".to_owned()),
    }
}

#[cfg(test)]
mod tests;
