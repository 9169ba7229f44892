//! Lifting and dialling.

use crate::call::contract::LineOutput;
use crate::call::deadlines::Deadline;
use crate::call::hook::Lone;
use crate::call::port::{Port, Set};
use crate::sccp::message::{CallOnLine, ClientMessage, KeypadButton};
use crate::time::Time;
use crate::types::{CallRef, CallState, Digit, LineInstance};

/// Digits kept for a server that has not named the call yet.
const MOST_EARLY_DIGITS: usize = 32;

impl Port {
    /// The set was lifted.
    pub(super) fn lifted(&mut self, now: Time) {
        let offered = self.calls.iter().filter(|c| c.is_offered());
        let offered = offered.min_by_key(|c| c.silenced).map(|c| c.id);
        let held = self.in_state(CallState::Held);
        self.stop_ringing();
        self.tell_line(LineOutput::EnableDtmf(true));
        self.last_active = CallRef::NONE;
        self.early_digits.clear();
        if self.station.is_none() {
            self.counters.lifted_unregistered += 1;
            self.supervise(now, Some(self.cfg.unregistered_tone));
            return;
        }
        self.say_on_hook_after_join();
        self.end_orphan();
        self.said_off_hook = true;
        if let Some(id) = offered {
            self.set = Set::Calls;
            self.active = Some(id);
            self.last_active = id;
            self.say_off_hook(self.cfg.line, id);
            if let Some(call) = self.call_mut(id) {
                call.wanted = true;
                if std::mem::take(&mut call.by_server) {
                    // The server has nothing more to say to this lift.
                    call.state = CallState::Connected;
                    call.connected.get_or_insert(now);
                    return;
                }
                call.state = CallState::Answering;
            }
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

    /// Asks for dial tone. Line and reference 0: wazo takes a line number for an answer (wazo-libsccp's source).
    pub(super) fn new_call(&mut self, now: Time) {
        self.set = Set::Lifted;
        self.said_off_hook = true;
        self.say_off_hook(LineInstance(0), CallRef::NONE);
        self.arm(now, Deadline::ServerSilent, self.cfg.server_answer_ms);
    }

    fn say_off_hook(&mut self, line: LineInstance, call: CallRef) {
        self.send(ClientMessage::OffHook(CallOnLine { line, call }));
    }

    /// A DTMF digit.
    pub(super) fn dtmf(&mut self, digit: Digit) {
        if self.digit(digit, true) {
            self.dials_by_tone = true;
            self.counters.digits_dtmf += 1;
        } else {
            self.counters.digits_dropped += 1;
        }
    }

    /// A pulse digit.
    pub(super) fn pulse(&mut self, digit: Digit) {
        if self.digit(digit, false) {
            self.dials_by_tone = false;
            self.counters.digits_pulse += 1;
        } else {
            self.counters.digits_dropped += 1;
        }
    }

    /// What an opening of the length of a short flash and of a slow pulse is, if no pulse is next to it. While a number
    /// is dialled it is a digit of one pulse; but a set that dials by tones has no dial, and one whose R key has just opened the
    /// loop for so short asks for the other call back. In a call it is a flash.
    pub(super) fn lone_opening(&self) -> Lone {
        let other_call = self.own_calls() > 1;
        let flash = match self.set {
            Set::OnHook => false,
            Set::Lifted => !self.early_digits.is_empty() && self.dials_by_tone,
            Set::Calls => match self.active.and_then(|id| self.call(id)) {
                Some(call) => match call.state {
                    CallState::Dialing if call.dialed.is_empty() => {
                        other_call && self.hook.flashes_are_short()
                    }
                    CallState::Dialing => self.dials_by_tone,
                    // A server that takes the number for complete before the set does: alone, a flash means nothing.
                    CallState::Proceeding | CallState::RingingOut => {
                        other_call || self.dials_by_tone
                    }
                    CallState::Ringing
                    | CallState::Waiting
                    | CallState::Answering
                    | CallState::Connected
                    | CallState::Held
                    | CallState::Busy
                    | CallState::Failed
                    | CallState::Preserved
                    | CallState::InUseElsewhere
                    | CallState::Ended => true,
                },
                None => true,
            },
            Set::LoopOpened | Set::ErrorTone | Set::Howling | Set::Parked => true,
        };
        if flash { Lone::Flash } else { Lone::Pulse }
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

    pub(super) fn digit_in_call(&mut self, id: CallRef, digit: Digit, audible: bool) -> bool {
        let Some(state) = self.state_of(id) else {
            return false;
        };
        match state {
            CallState::Dialing => {
                self.deadlines.disarm(Deadline::FirstDigit);
                self.deadlines.disarm(Deadline::ServerSilent);
                if self.tones.is_dial_tone() {
                    self.stop_tone();
                }
                if let Some(call) = self.call_mut(id) {
                    call.dial(digit.as_char());
                }
                self.keypad(digit, id);
                true
            }
            CallState::Answering
            | CallState::Proceeding
            | CallState::RingingOut
            | CallState::Connected
            | CallState::Preserved => {
                // The line itself sends what it hears, in the voice or as RFC 4733 events; pulses it does not hear.
                let in_band = self.cfg.digits_in_band && self.legs.sends(id);
                if audible && (in_band || self.legs.sends_events(id)) {
                    return true;
                }
                if self.station.is_none() {
                    return false;
                }
                self.keypad(digit, id);
                true
            }
            CallState::Ringing
            | CallState::Waiting
            | CallState::Held
            | CallState::Busy
            | CallState::Failed
            | CallState::InUseElsewhere
            | CallState::Ended => false,
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
