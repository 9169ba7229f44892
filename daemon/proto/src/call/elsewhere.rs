//! Calls of the line that are not at this phone: a shared line, and calls that the server answers by itself.
//!
//! On a shared line every phone hears of every call. chan-sccp and CallManager say Connected (or OffHook, for a call that
//! a colleague makes) and then RemoteMultiline to the phones that have not answered. An OnHook from one of
//! these would end the call of the colleague, so none is sent for a reference that this port never took.
//!
//! A server that answers for the phone (auto-answer, intercom) says Connected as well, and then opens media here. An
//! analog phone cannot be lifted from afar: it goes on ringing, the media waits, and the call is there as soon as
//! the phone is lifted.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::calls::MOST_CALLS;
use crate::call::entry::Call;
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::{RingMode, SoftKey, Tone};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

/// Servers name a call and say in one go that it is at another phone of the line.
const ORPHAN: Duration = Duration::from_millis(200);

/// What is known of calls that this port does not have.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// In use at another phone of the line, never offered here; oldest first. Has the server said so, or only acted as if?
    list: VecDeque<(CallRef, bool)>,
    /// A new call was asked for, and the phone was hung up before the server named it: until then it may come.
    due_until: Option<Time>,
    /// It may have come: to be ended unless the server says that it is elsewhere.
    orphan: Option<(Orphan, Time)>,
}

/// A call that nobody here wants any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orphan {
    id: CallRef,
    /// By the EndCall key: the phone is off-hook for another call.
    by_key: bool,
}

impl Elsewhere {
    /// A call is at another phone; `sure`: the server has said so.
    pub(super) fn note(&mut self, id: CallRef, sure: bool) {
        if let Some((_, known)) = self.list.iter_mut().find(|(other, _)| *other == id) {
            *known |= sure;
            return;
        }
        if self.list.len() >= MOST_CALLS {
            self.list.pop_front();
        }
        self.list.push_back((id, sure));
    }

    /// The call is over, or is offered here.
    pub(super) fn forget(&mut self, id: CallRef) {
        self.list.retain(|&(other, _)| other != id);
        self.disown(id);
    }

    /// The server is lost.
    pub(super) fn clear(&mut self) {
        *self = Elsewhere::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The server acts as if this call were at another phone, but has not said so.
    fn is_unsure(&self, id: CallRef) -> bool {
        self.list.contains(&(id, false))
    }

    /// The phone was hung up while the server owed it the name of a new call.
    fn expect(&mut self, until: Time) {
        self.due_until = Some(until);
    }

    /// True, once: the server still owed a call, and this is the moment for it.
    fn take_expected(&mut self, now: Time) -> bool {
        self.due_until.take_if(|until| now <= *until).is_some()
    }

    fn adopt(&mut self, now: Time, orphan: Orphan) {
        self.orphan = Some((orphan, now + ORPHAN));
    }

    fn is_orphan(&self, id: CallRef) -> bool {
        self.orphan.is_some_and(|(orphan, _)| orphan.id == id)
    }

    /// It is somebody else's.
    fn disown(&mut self, id: CallRef) {
        self.orphan = self.orphan.filter(|(orphan, _)| orphan.id != id);
    }

    fn take_orphan(&mut self) -> Option<Orphan> {
        self.orphan.take().map(|(orphan, _)| orphan)
    }

    /// When an orphan is to be ended.
    pub(super) fn due(&self) -> Option<Time> {
        self.orphan.map(|(_, due)| due)
    }
}

impl Port {
    /// A call of the line that this port has no part in, as far as is known.
    pub(super) fn note_elsewhere(&mut self, id: CallRef) {
        self.calls.count_unknown();
        self.calls.elsewhere().note(id, false);
    }

    /// The phone was hung up while the server owed it the name of a new call.
    pub(super) fn expect_orphan(&mut self, now: Time) {
        let within = Duration::from_millis(u64::from(self.cfg.server_answer_ms));
        self.calls.elsewhere().expect(now + within);
    }

    /// A call that the server names to a phone that is on-hook: the one that it owed, or somebody else's. True: the first.
    pub(super) fn take_for_orphan(&mut self, now: Time, id: CallRef) -> bool {
        if !self.calls.elsewhere().take_expected(now) {
            return false;
        }
        self.orphan(now, id, false);
        true
    }

    /// To be ended, unless it turns out to be somebody else's.
    pub(super) fn orphan(&mut self, now: Time, id: CallRef, by_key: bool) {
        self.end_orphan();
        let orphan = Orphan { id, by_key };
        self.calls.elsewhere().adopt(now, orphan);
    }

    /// The server plays a tone or opens media for a call: to the phones that it is not at, it does not.
    pub(super) fn is_for_this_phone(&mut self, id: CallRef) {
        if self.calls.elsewhere().is_orphan(id) {
            self.end_orphan();
        }
    }

    /// Nobody else has it.
    pub(super) fn end_orphan(&mut self) {
        match self.calls.elsewhere().take_orphan() {
            Some(Orphan { id, by_key: true }) => self.soft_key(SoftKey::END_CALL, id),
            Some(Orphan { id, by_key: false }) => self.say_on_hook(id),
            None => {}
        }
    }

    /// CallState RemoteMultiline or RemoteHold: the call is at another phone of the line.
    pub(super) fn server_elsewhere(&mut self, now: Time, id: CallRef) {
        self.calls.elsewhere().disown(id);
        let Some(state) = self.state_of(id) else {
            self.calls.elsewhere().note(id, true);
            return;
        };
        if !self.calls.is_mine(id) {
            self.taken_elsewhere(now, id);
            if let Some(call) = self.call_mut(id) {
                call.be_elsewhere_for_sure();
            }
            return;
        }
        // A colleague joins in: this phone still talks.
        if self.legs.audible(id).is_some() {
            return;
        }
        // A colleague lifted at the moment when the server owed this port a new call: that one is still to come.
        let unused = state == CallState::Dialing
            && self.call(id).is_some_and(|c| c.dialed.is_empty())
            && self.transfer.is_none();
        let talked = self.call(id).is_some_and(|c| c.was_connected());
        self.remove_call(now, id, EndCause::AnsweredElsewhere);
        self.transfer_lost(id);
        self.calls.elsewhere().note(id, true);
        self.server.forget(id);
        if unused {
            self.stop_tone();
            self.phone.lift(now);
        } else if talked && self.calls.own() == 0 {
            self.far_hung_up(now);
        } else {
            self.supervise(now, Some(Tone::REORDER));
        }
    }

    /// A call that was offered or held here goes on at another phone, or the server has answered it.
    pub(super) fn taken_elsewhere(&mut self, now: Time, id: CallRef) {
        let Some(call) = self.call_mut(id) else {
            return;
        };
        if call.state == CallState::InUseElsewhere {
            return;
        }
        call.go_elsewhere();
        self.legs.close_of(id);
        self.legs_ask();
        self.offer_over(now, id);
        self.recall_gone();
        let nothing = !self.calls.is_occupied();
        if self.phone.state() == Set::Calls && nothing && self.in_state(CallState::Held).is_none() {
            self.supervise(now, Some(Tone::REORDER));
        }
    }

    /// The server opens media for a call that it has connected and never announced (intercom): it is for this phone.
    pub(super) fn adopt_noted(&mut self, now: Time, id: CallRef) {
        let noted = self.calls.elsewhere().is_unsure(id);
        if !noted || !self.phone.is_on_hook() || !self.make_room(now) {
            return;
        }
        self.calls.elsewhere().forget(id);

        let call = Call::new(id, CallDirection::Incoming, CallState::InUseElsewhere, now);
        self.enter(now, call);
    }

    /// The server opens media for a call that this phone has not answered: it has answered by itself.
    pub(super) fn answered_by_server(&mut self, now: Time, id: CallRef) {
        let on_hook = self.phone.is_on_hook();
        let free = !self.calls.is_occupied();
        let Some(call) = self.call_mut(id) else {
            return;
        };
        match call.state {
            CallState::Ringing => call.offer_by_server(CallState::Ringing),
            CallState::InUseElsewhere if call.elsewhere_for_sure => {}
            CallState::InUseElsewhere if on_hook => {
                call.offer_by_server(CallState::Ringing);
                let mode = call.ring.unwrap_or(RingMode::INSIDE);
                self.start_ringing(now, mode, id);
            }
            CallState::InUseElsewhere if free => {
                call.connect(now);
                self.make_active(id);
            }
            CallState::InUseElsewhere => {
                call.offer_by_server(CallState::Waiting);
            }
            _ => {}
        }
    }

    /// Is there room for one more call? One that is at another phone gives way.
    pub(super) fn make_room(&mut self, now: Time) -> bool {
        if self.calls.is_full()
            && let Some(id) = self.in_state(CallState::InUseElsewhere)
        {
            self.remove_call(now, id, EndCause::AnsweredElsewhere);
        }
        !self.calls.is_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CallRef = CallRef(1);

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn what_the_server_has_said_of_a_call_is_not_unsaid() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.note(A, false);
        assert!(elsewhere.is_unsure(A));
        elsewhere.note(A, true);
        elsewhere.note(A, false);
        assert!(!elsewhere.is_unsure(A) && !elsewhere.is_empty());
        elsewhere.forget(A);
        assert!(elsewhere.is_empty());
    }

    #[test]
    fn the_oldest_calls_of_a_busy_line_are_forgotten() {
        let mut elsewhere = Elsewhere::default();
        for id in 0..20 {
            elsewhere.note(CallRef(id), false);
        }
        assert!(elsewhere.is_unsure(CallRef(19)) && !elsewhere.is_unsure(A));
        assert_eq!(elsewhere.list.len(), MOST_CALLS);
    }

    #[test]
    fn a_call_that_is_owed_comes_once_and_in_time() {
        let mut elsewhere = Elsewhere::default();
        assert!(!elsewhere.take_expected(at(0)));
        elsewhere.expect(at(100));
        assert!(!elsewhere.take_expected(at(101)));
        assert!(elsewhere.take_expected(at(100)));
        assert!(!elsewhere.take_expected(at(100)));
    }

    #[test]
    fn an_orphan_is_ended_unless_it_is_somebody_elses() {
        let orphan = Orphan {
            id: A,
            by_key: true,
        };
        let mut elsewhere = Elsewhere::default();
        elsewhere.adopt(at(0), orphan);
        elsewhere.disown(CallRef(2));
        assert_eq!(elsewhere.due(), Some(at(200)));
        assert!(elsewhere.is_orphan(A));
        assert_eq!(elsewhere.take_orphan(), Some(orphan));
        elsewhere.adopt(at(0), orphan);
        elsewhere.forget(A);
        assert_eq!((elsewhere.take_orphan(), elsewhere.due()), (None, None));
    }
}
