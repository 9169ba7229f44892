//! Lifting, dialling, hanging up, and what the server says about calls that we make.

use crate::call::calls::{Call, MOST_CALLS};
use crate::call::contract::LineOutput;
use crate::call::deadlines::{Deadline, FAILURE_TONE_MS, TRANSFER_RESULT_MS};
use crate::call::port::{Port, Set};
use crate::call::record::{CallWord, Direction, EndCause};
use crate::sccp::message::{CallOnLine, ClientMessage, KeypadButton, RingMode, SoftKey, Tone};
use crate::time::Time;
use crate::types::{CallRef, Digit, LineInstance};

/// Digits kept for a server that has not named the call yet.
const MOST_EARLY_DIGITS: usize = 32;

impl Port {
    /// The set was lifted.
    pub(super) fn lifted(&mut self, now: Time) {
        let offered = self.calls.iter().find(|c| c.is_offered()).map(|c| c.id);
        let held = self.in_state(CallWord::Held);
        self.stop_ringing();
        self.tell_line(LineOutput::EnableDtmf(true));
        self.last_active = CallRef::NONE;
        self.early_digits.clear();
        if self.station.is_none() {
            self.counters.lifted_unregistered += 1;
            self.supervise(now, Some(self.cfg.unregistered_tone));
            return;
        }
        self.said_off_hook = true;
        if let Some(id) = offered {
            self.set = Set::Calls;
            self.active = Some(id);
            self.last_active = id;
            if let Some(call) = self.call_mut(id) {
                call.state = CallWord::Answering;
            }
            self.say_off_hook(self.cfg.line, id);
            self.arm(now, Deadline::ServerSilent, self.cfg.server_answer_ms);
        } else if let Some(id) = held {
            self.set = Set::Calls;
            // chan_skinny wants to know that the set is lifted; chan-sccp would open a new call.
            if !self.hook_flash_wanted {
                self.say_off_hook(self.cfg.line, id);
            }
            self.resume(now, id);
        } else {
            self.new_call(now);
        }
    }

    /// Asks for dial tone. Line and reference 0: wazo takes a line number for an answer (facts: SCCP §7).
    pub(super) fn new_call(&mut self, now: Time) {
        self.set = Set::Lifted;
        self.said_off_hook = true;
        self.say_off_hook(LineInstance(0), CallRef::NONE);
        self.arm(now, Deadline::ServerSilent, self.cfg.server_answer_ms);
    }

    fn say_off_hook(&mut self, line: LineInstance, call: CallRef) {
        self.send(ClientMessage::OffHook(CallOnLine { line, call }));
    }

    /// The set was hung up, or its line is lost.
    pub(super) fn hung_up(&mut self, now: Time, cause: EndCause) {
        if self.set == Set::OnHook {
            return;
        }
        self.tell_line(LineOutput::EnableDtmf(false));
        self.stop_tone();
        for deadline in [
            Deadline::ServerSilent,
            Deadline::FirstDigit,
            Deadline::SilentFailure,
            Deadline::ErrorToneEnd,
            Deadline::HowlerEnd,
            Deadline::LoopRestored,
            Deadline::CallWaitingTone,
        ] {
            self.deadlines.disarm(deadline);
        }
        self.set = Set::OnHook;
        self.early_digits.clear();
        let joining = self.join_on_hang_up(now);
        match self.active.or(self.expecting) {
            Some(id) if self.state_of(id) == Some(CallWord::Held) => self.leave_held(id),
            Some(id) => self.leave_active(
                now,
                id,
                if joining {
                    EndCause::Transferred
                } else {
                    cause
                },
            ),
            None => match self.in_state(CallWord::Held) {
                Some(id) => self.leave_held(id),
                None if self.said_off_hook && self.station.is_some() => {
                    self.say_on_hook(self.last_active);
                }
                None => {}
            },
        }
        self.said_off_hook = false;
        self.active = None;
        self.expecting = None;
        self.last_active = CallRef::NONE;
        if !joining {
            self.transfer = None;
        }
        self.ring_for_what_is_left(now, joining);
    }

    /// Hanging up joins the two calls of a transfer: the key is sent as well, because only some servers
    /// take the hang-up itself for it.
    fn join_on_hang_up(&mut self, now: Time) -> bool {
        let Some(transfer) = self.transfer.as_mut() else {
            return false;
        };
        if transfer.completing {
            return true;
        }
        let Some(consult) = transfer.consult else {
            return false;
        };
        let origin = transfer.origin;
        let ready = self
            .calls
            .iter()
            .any(|c| c.id == consult && is_under_way(c.state));
        let held = self.state_of(origin) == Some(CallWord::Held);
        if !ready || !held || !self.cfg.transfer_on_hang_up || self.active != Some(consult) {
            return false;
        }
        if let Some(transfer) = self.transfer.as_mut() {
            transfer.completing = true;
        }
        self.soft_key(SoftKey::TRANSFER, consult);
        self.arm(now, Deadline::TransferResult, TRANSFER_RESULT_MS);
        true
    }

    fn leave_active(&mut self, now: Time, id: CallRef, cause: EndCause) {
        if self.station.is_some() {
            self.say_on_hook(id);
        } else if id != CallRef::NONE {
            self.owed_on_hook.push(id);
        }
        self.remove_call(now, id, cause);
    }

    /// chan_skinny keeps a held call when it hears OnHook and needs to hear it; chan-sccp would end it.
    fn leave_held(&mut self, id: CallRef) {
        if !self.hook_flash_wanted && self.said_off_hook && self.station.is_some() {
            self.say_on_hook(id);
        }
    }

    /// On-hook with calls: they ring.
    pub(super) fn ring_for_what_is_left(&mut self, now: Time, joining: bool) {
        let waiting = self.calls.iter_mut().find(|c| c.is_offered()).map(|call| {
            call.state = CallWord::Offered;
            (call.id, call.ring.unwrap_or(RingMode::INSIDE))
        });
        if let Some((id, mode)) = waiting {
            self.start_ringing(now, mode, id);
        } else if !joining && let Some(id) = self.in_state(CallWord::Held) {
            self.remind(now, id);
        }
    }

    /// A DTMF digit.
    pub(super) fn dtmf(&mut self, digit: Digit) {
        if self.digit(digit, true) {
            self.counters.digits_dtmf += 1;
        } else {
            self.counters.digits_dropped += 1;
        }
    }

    /// A pulse digit.
    pub(super) fn pulse(&mut self, digit: Digit) {
        if self.digit(digit, false) {
            self.counters.digits_pulse += 1;
        } else {
            self.counters.digits_dropped += 1;
        }
    }

    fn digit(&mut self, digit: Digit, audible: bool) -> bool {
        if button(digit) >= 10 && button(digit) <= 13 && !self.cfg.send_abcd {
            return false;
        }
        match self.set {
            Set::Lifted => {
                let room = self.early_digits.len() < MOST_EARLY_DIGITS;
                if room {
                    self.early_digits.push(digit);
                }
                room
            }
            Set::Calls => match self.active {
                Some(id) => self.digit_in_call(id, digit, audible),
                None => false,
            },
            Set::OnHook | Set::LoopOpened | Set::ErrorTone | Set::Howling | Set::Parked => false,
        }
    }

    fn digit_in_call(&mut self, id: CallRef, digit: Digit, audible: bool) -> bool {
        let Some(state) = self.state_of(id) else {
            return false;
        };
        match state {
            CallWord::Dialing => {
                self.deadlines.disarm(Deadline::FirstDigit);
                self.deadlines.disarm(Deadline::ServerSilent);
                if self.tone.is_some_and(is_dial_tone) {
                    self.stop_tone();
                }
                if let Some(call) = self.call_mut(id) {
                    call.dial(digit.as_char());
                }
                self.keypad(digit, id);
                true
            }
            CallWord::Answering
            | CallWord::Proceeding
            | CallWord::RingOut
            | CallWord::Connected
            | CallWord::Preserved => {
                // The line itself sends what it hears as RFC 4733 events; pulses it does not hear.
                if audible && self.legs.sends_events(id) {
                    return true;
                }
                if self.station.is_none() {
                    return false;
                }
                self.keypad(digit, id);
                true
            }
            CallWord::Offered
            | CallWord::Waiting
            | CallWord::Held
            | CallWord::Busy
            | CallWord::Failed => false,
        }
    }

    fn keypad(&mut self, digit: Digit, call: CallRef) {
        let line = self.cfg.line;
        self.send(ClientMessage::KeypadButton(KeypadButton {
            button: button(digit),
            line,
            call,
        }));
    }

    /// CallState OffHook: a call of our own, or our answer confirmed, or (chan_skinny) the end of dialling.
    pub(super) fn server_off_hook(&mut self, now: Time, id: CallRef) {
        match self.state_of(id) {
            Some(CallWord::Preserved) => self.forget_reference(id),
            Some(CallWord::Answering) => {
                self.deadlines.disarm(Deadline::ServerSilent);
                return;
            }
            Some(_) => return,
            None => {}
        }
        match self.set {
            Set::OnHook => {
                self.counters.unknown_calls += 1;
                self.say_on_hook(id);
            }
            // A held call is being resumed: a server that opened a new call for the lift takes it back.
            Set::Calls if self.expecting.is_some() && self.transfer.is_none() => {
                self.soft_key(SoftKey::END_CALL, id);
            }
            Set::Lifted
            | Set::Calls
            | Set::LoopOpened
            | Set::ErrorTone
            | Set::Howling
            | Set::Parked => {
                if self.add_outgoing(now, id, CallWord::Dialing) {
                    self.flush_early_digits(id);
                }
            }
        }
    }

    fn add_outgoing(&mut self, now: Time, id: CallRef, state: CallWord) -> bool {
        if self.calls.len() >= MOST_CALLS {
            self.counters.unknown_calls += 1;
            return false;
        }
        self.counters.calls_out += 1;
        self.calls
            .push(Call::new(id, Direction::Outgoing, state, now));
        if let Some(transfer) = self.transfer.as_mut()
            && transfer.consult.is_none()
        {
            transfer.consult = Some(id);
        }
        self.make_active(id);
        true
    }

    fn flush_early_digits(&mut self, id: CallRef) {
        for digit in std::mem::take(&mut self.early_digits) {
            self.digit_in_call(id, digit, true);
        }
    }

    /// The set now hears this call.
    pub(super) fn make_active(&mut self, id: CallRef) {
        self.active = Some(id);
        self.last_active = id;
        self.expecting = None;
        if self.set != Set::Calls {
            self.stop_tone();
        }
        self.set = Set::Calls;
        self.said_off_hook = true;
        for deadline in [
            Deadline::ServerSilent,
            Deadline::ErrorToneEnd,
            Deadline::HowlerEnd,
            Deadline::LoopRestored,
        ] {
            self.deadlines.disarm(deadline);
        }
    }

    /// CallState Connected.
    pub(super) fn server_connected(&mut self, now: Time, id: CallRef) {
        if self.set == Set::OnHook {
            // A call that was hung up while this was under way, or one from before a restart.
            if self.transfer.is_none() {
                self.counters.unknown_calls += 1;
                self.remove_call(now, id, EndCause::NearHangUp);
                self.say_on_hook(id);
            }
            return;
        }
        if self.call(id).is_none() {
            self.counters.unknown_calls += 1;
            let occupied = self.active.is_some() || self.expecting.is_some();
            if occupied || !self.add_outgoing(now, id, CallWord::Connected) {
                return;
            }
        }
        if let Some(call) = self.call_mut(id) {
            call.state = CallWord::Connected;
            call.failure = None;
            call.connected.get_or_insert(now);
        }
        if self.tone.is_some() {
            self.stop_tone();
        }
        self.make_active(id);
        self.deadlines.disarm(Deadline::FirstDigit);
        self.deadlines.disarm(Deadline::SilentFailure);
    }

    /// CallState Proceed, RingOut, Busy, Congestion, InvalidNumber.
    pub(super) fn progress(&mut self, now: Time, id: CallRef, state: CallWord) {
        if self.call(id).is_none() {
            self.counters.unknown_calls += 1;
            if self.set != Set::Lifted || !self.add_outgoing(now, id, CallWord::Dialing) {
                return;
            }
        }
        let on_hook = self.set == Set::OnHook;
        let Some(call) = self.call_mut(id) else {
            return;
        };
        if on_hook || call.direction == Direction::Incoming || call.was_connected() {
            return;
        }
        let back = state == CallWord::Proceeding && call.state == CallWord::RingOut;
        if !back {
            call.state = state;
        }
        match state {
            CallWord::Busy => call.failure = Some(EndCause::Busy),
            CallWord::Failed => call.failure = Some(EndCause::Congestion),
            _ => {}
        }
        self.deadlines.disarm(Deadline::FirstDigit);
        if self.active.is_none() && self.expecting.is_none() {
            self.make_active(id);
        }
        if matches!(state, CallWord::Busy | CallWord::Failed) && self.active == Some(id) {
            self.arm(now, Deadline::SilentFailure, FAILURE_TONE_MS);
            self.arm_error_tone_end(now);
        } else if self.tone.is_some_and(is_dial_tone) {
            self.stop_tone();
        }
    }

    /// CallState OnHook: the server is done with this call.
    pub(super) fn server_ended(&mut self, now: Time, id: CallRef) {
        let Some(call) = self.call(id) else {
            return;
        };
        let joined = self
            .transfer
            .is_some_and(|t| t.completing && (t.origin == id || t.consult == Some(id)));
        let cause = match (joined, call.state, call.failure) {
            (true, _, _) => EndCause::Transferred,
            (_, CallWord::Offered | CallWord::Waiting, _) => EndCause::NotAnswered,
            _ if call.was_connected() => EndCause::FarHangUp,
            (_, CallWord::Dialing, None) if call.dialed.is_empty() => EndCause::NoDigits,
            (_, _, Some(failure)) => failure,
            _ => EndCause::Refused,
        };
        let was_mine = self.active == Some(id) || self.expecting == Some(id);
        let talked = call.was_connected();
        self.remove_call(now, id, cause);
        self.transfer_lost(id);
        self.deadlines.disarm(Deadline::FirstDigit);
        if self.calls.iter().all(|c| !c.is_offered()) {
            self.offers_gone();
        }
        if self.set == Set::OnHook {
            self.reminder_gone();
            return;
        }
        if !was_mine || self.expecting.is_some() || self.set != Set::Calls {
            return;
        }
        self.deadlines.disarm(Deadline::ServerSilent);
        self.deadlines.disarm(Deadline::SilentFailure);
        if talked && !joined && self.calls.is_empty() {
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
        self.expecting = None;
        if matches!(self.set, Set::Lifted | Set::Calls) {
            self.supervise(now, Some(Tone::REORDER));
        }
    }

    /// Dial tone for too long, and the server does not mind.
    pub(super) fn no_digit(&mut self, now: Time) {
        if let Some(id) = self.active
            && self.state_of(id) == Some(CallWord::Dialing)
        {
            self.say_on_hook(id);
            self.remove_call(now, id, EndCause::NoDigits);
            self.transfer_lost(id);
            self.supervise(now, Some(Tone::REORDER));
        }
    }
}

/// A call whose number is complete and that has not failed.
pub(super) fn is_under_way(state: CallWord) -> bool {
    match state {
        CallWord::Proceeding | CallWord::RingOut | CallWord::Connected => true,
        CallWord::Offered
        | CallWord::Waiting
        | CallWord::Answering
        | CallWord::Dialing
        | CallWord::Held
        | CallWord::Busy
        | CallWord::Failed
        | CallWord::Preserved => false,
    }
}

/// Tones that ask for a digit.
pub(super) fn is_dial_tone(tone: Tone) -> bool {
    matches!(
        tone,
        Tone::INSIDE_DIAL
            | Tone::OUTSIDE_DIAL
            | Tone::STUTTER_DIAL
            | Tone::RECALL_DIAL
            | Tone::RECALL_DIAL_2
    )
}

/// KeypadButton numbers: 0–9, 10–13 A–D, 14 `*`, 15 `#`.
fn button(digit: Digit) -> u32 {
    match digit.event_code() {
        10 => 14,
        11 => 15,
        code @ 12..=15 => u32::from(code) - 2,
        code => u32::from(code),
    }
}
