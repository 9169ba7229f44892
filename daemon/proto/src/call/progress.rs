//! What the server says about the calls that the phone makes or has.

use crate::call::entry::Call;
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::Tone;
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

impl Port {
    /// CallState OffHook: a call of our own, or our answer confirmed, or (chan_skinny) the end of dialing.
    pub(super) fn server_off_hook(&mut self, now: Time, id: CallRef) {
        match self.state_of(id) {
            Some(CallState::Preserved) => self.forget_reference(id),
            Some(CallState::Answering) => {
                self.phone.server_spoke();
                return;
            }
            Some(_) => return,
            None => {}
        }
        match self.phone.state() {
            Set::OnHook => {
                if !self.take_for_orphan(now, id) {
                    self.note_elsewhere(id);
                }
            }
            // A held call is being resumed: a server that opened a new call for the lift takes it back.
            Set::Calls if self.calls.expecting().is_some() && self.transfer.is_none() => {
                self.orphan(now, id, true);
            }
            // A call that nobody has asked for while there is one is a colleague's.
            Set::Calls
                if self.calls.active().is_some()
                    && !self.transfer.wants_second_call()
                    && self.empty_inside().is_none() =>
            {
                self.note_elsewhere(id);
            }
            Set::Lifted
            | Set::Calls
            | Set::LoopOpened
            | Set::ErrorTone
            | Set::Howling
            | Set::Lockout => {
                if let Some(origin) = self.empty_inside() {
                    self.inside_over(origin);
                }
                if self.add_outgoing(now, id, CallState::Dialing) {
                    self.flush_early_digits(id);
                }
            }
        }
    }

    pub(super) fn add_outgoing(&mut self, now: Time, id: CallRef, state: CallState) -> bool {
        self.calls.elsewhere().forget(id);
        if !self.make_room(now) {
            self.calls.count_unknown();
            return false;
        }

        self.enter(now, Call::new(id, CallDirection::Outgoing, state, now));
        self.transfer.new_call(id);
        self.make_active(id);
        true
    }

    /// The phone now hears this call.
    pub(super) fn make_active(&mut self, id: CallRef) {
        self.calls.set_active(id);
        self.server.active(id);
        if self.phone.state() != Set::Calls {
            self.stop_tone();
        }
        self.phone.enter_calls();
    }

    /// CallState Connected.
    pub(super) fn server_connected(&mut self, now: Time, id: CallRef) {
        self.given_back(id);
        let Some(call) = self.call(id) else {
            return self.connected_unknown(now, id);
        };
        let mine = self.calls.is_mine(id);
        if self.phone.is_on_hook() {
            if !call.wanted && !matches!(call.state, CallState::Answering | CallState::Preserved) {
                // Before media comes for it, it is somebody else's: see `elsewhere`.
                if !call.by_server && self.transfer.is_none() {
                    self.taken_elsewhere(now, id);
                }
            } else if self.transfer.is_none() {
                // It was hung up while this was under way.
                self.calls.count_unknown();
                self.remove_call(now, id, EndCause::NearHangUp);
                self.say_on_hook(id);
            }
            return;
        }
        if !mine && !call.wanted {
            let occupied = self.calls.is_occupied();
            if call.by_server {
                return;
            }
            if occupied || self.legs.audible(id).is_none() {
                return self.taken_elsewhere(now, id);
            }
        }
        if let Some(call) = self.call_mut(id) {
            call.connect(now);
        }
        self.stop_tone();
        self.make_active(id);
        self.phone.digit_came();
        self.phone.failure_sounds();
    }

    /// CallState Connected for a call that was never announced.
    fn connected_unknown(&mut self, now: Time, id: CallRef) {
        if self.phone.is_on_hook() {
            if !self.take_for_orphan(now, id) {
                self.note_elsewhere(id);
            }
            return;
        }
        let occupied = self.calls.is_occupied();
        if occupied || !self.add_outgoing(now, id, CallState::Connected) {
            return self.note_elsewhere(id);
        }
        self.calls.count_unknown();
        self.server_connected(now, id);
    }

    /// CallState Proceed, RingOut, Busy, Congestion, InvalidNumber.
    pub(super) fn progress(&mut self, now: Time, id: CallRef, state: CallState) {
        if self.call(id).is_none() {
            self.calls.count_unknown();
            if self.phone.state() != Set::Lifted || !self.add_outgoing(now, id, CallState::Dialing)
            {
                return;
            }
        }
        let on_hook = self.phone.is_on_hook();
        let Some(call) = self.call_mut(id) else {
            return;
        };
        if on_hook || call.direction == CallDirection::Incoming || call.was_connected() {
            return;
        }
        call.proceed(state);
        self.phone.digit_came();
        if !self.calls.is_occupied() {
            self.make_active(id);
        }
        if matches!(state, CallState::Busy | CallState::Failed) && self.calls.active() == Some(id) {
            self.phone.await_failure_sound(now);
            self.phone.await_error_tone_end(now);
        } else if self.tones.is_dial_tone() {
            self.stop_tone();
        }
    }

    /// CallState OnHook: the server is done with this call.
    pub(super) fn server_ended(&mut self, now: Time, id: CallRef) {
        let Some(call) = self.call(id) else {
            self.calls.implied().forget(id);
            return self.calls.elsewhere().forget(id);
        };
        let joined = self.transfer.joins(id);
        let cause = match (joined, call.state, call.failure) {
            (true, _, _) => EndCause::Transferred,
            (_, CallState::Ringing | CallState::Waiting, _) => EndCause::NotAnswered,
            (_, CallState::InUseElsewhere, _) => EndCause::AnsweredElsewhere,
            _ if call.was_connected() => EndCause::FarHangUp,
            (_, CallState::Dialing, None) if call.dialed.is_empty() => EndCause::NoDigits,
            (_, _, Some(failure)) => failure,
            _ => EndCause::Refused,
        };
        // With all calls on hold, the phone listens to the one that is left.
        let held = call.state == CallState::Held && !self.calls.is_occupied();
        let second_call_due = self.transfer.wants_second_call();
        let was_mine = self.calls.is_mine(id);
        let talked = call.was_connected();
        let conference = joined && self.transfer.is_conference();
        self.remove_call(now, id, cause);
        self.transfer_lost(id);
        self.phone.digit_came();
        if cause == EndCause::NotAnswered {
            self.offer_ended(now);
        }
        self.offer_over(now, id);
        if self.phone.is_on_hook() {
            self.recall_gone();
            if cause == EndCause::NotAnswered && self.ringer.is_quiet() {
                let joining = self.transfer.is_joining();
                self.ring_for_what_is_left(now, joining);
            }
            return;
        }
        let last_held = held && self.in_state(CallState::Held).is_none();
        if !(was_mine || last_held)
            || self.calls.expecting().is_some()
            || self.phone.state() != Set::Calls
        {
            return;
        }
        self.phone.server_spoke();
        self.phone.failure_sounds();
        // The conference has the reference of one of its two calls.
        if conference && let Some(rest) = self.in_state(CallState::Held) {
            self.calls.expect(rest);
            self.phone.ask(now);
            return self.stop_tone();
        }
        if talked && !joined && !second_call_due && self.calls.own() == 0 {
            self.far_hung_up(now);
        } else {
            let tone = match cause {
                EndCause::Busy => Tone::BUSY,
                _ => Tone::REORDER,
            };
            self.supervise(now, Some(tone));
        }
    }

    /// Nothing came for a lift, an answer or a resume.
    pub(super) fn server_silent(&mut self, now: Time) {
        self.calls.stop_expecting();
        self.server.was_silent();
        self.supervise(now, Some(Tone::REORDER));
    }

    /// Dial tone for too long, and the server does not mind.
    pub(super) fn no_digit(&mut self, now: Time) {
        if let Some(id) = self.calls.active()
            && self.state_of(id) == Some(CallState::Dialing)
        {
            self.say_on_hook(id);
            self.remove_call(now, id, EndCause::NoDigits);
            self.transfer_lost(id);
            self.supervise(now, Some(Tone::REORDER));
        }
    }
}

/// A call whose number is complete and that has not failed.
pub(super) fn is_under_way(state: CallState) -> bool {
    match state {
        CallState::Proceeding | CallState::RingingOut | CallState::Connected => true,
        CallState::Ringing
        | CallState::Waiting
        | CallState::Answering
        | CallState::Dialing
        | CallState::Held
        | CallState::Busy
        | CallState::Failed
        | CallState::Preserved
        | CallState::InUseElsewhere
        | CallState::Ended => false,
    }
}
