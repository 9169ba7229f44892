//! Lifting and dialing.

use crate::call::contract::LineOutput;
use crate::call::digits::{By, DigitOutput, Taker, deliver};
use crate::call::hook::Lone;
use crate::call::port::Port;
use crate::call::supervision::Set;
use crate::sccp::message::{ClientMessage, KeypadButton};
use crate::time::Time;
use crate::types::{CallRef, CallState, Digit};

impl Port {
    /// The phone went off-hook.
    pub(super) fn lifted(&mut self, now: Time) {
        let offered = self.calls.iter().filter(|c| c.is_offered());
        let offered = offered.min_by_key(|c| c.silenced).map(|c| c.id);
        let held = self.in_state(CallState::Held);
        self.stop_ringing();
        self.tell_line(LineOutput::EnableDtmf(true));
        self.server.lifted();
        self.digits.forget_early();
        if !self.server.is_up() {
            self.supervise(now, Some(self.cfg.unregistered_tone));
            return;
        }
        self.transfer.on_hook_now();
        self.transfer_asks(now);
        self.end_orphan();
        if let Some(id) = offered {
            self.calls.set_active(id);
            self.server.active(id);
            self.server.say_off_hook(id);
            self.server_asks();
            if let Some(call) = self.call_mut(id) {
                call.want();
                if call.take_by_server() {
                    // The server has nothing more to say to this lift.
                    call.connect(now);
                    self.phone.enter_calls();
                    return;
                }
                call.answer();
            }
            self.phone.ask(now);
        } else if let Some(id) = held {
            // chan_skinny wants to know that the phone is off-hook; chan-sccp would open a new call.
            if !self.server.wants_hook_flash() {
                self.server.say_off_hook(id);
                self.server_asks();
            }
            self.resume(now, id);
        } else {
            self.new_call(now);
        }
    }

    /// Asks for dial tone.
    pub(super) fn new_call(&mut self, now: Time) {
        self.phone.lift(now);
        self.server.ask_new_call();
        self.server_asks();
    }

    /// A digit was dialled.
    pub(super) fn dialled(&mut self, digit: Digit, by: By) {
        let to = self.taker();
        let taker = to.map_or(Taker::Nobody, |(_, taker)| taker);
        let abcd = self.cfg.send_abcd;
        let output = self.digits.dialled(digit, by, taker, abcd);
        if let Some((id, _)) = to {
            self.digit_asks(id, digit, output);
        }
    }

    /// What was dialled before the server named this call goes to it.
    pub(super) fn flush_early_digits(&mut self, id: CallRef) {
        for digit in self.digits.take_early() {
            let output = deliver(digit, By::Tone, self.taker_in(id));
            self.digit_asks(id, digit, output);
        }
    }

    /// The call that takes digits now, and how.
    fn taker(&self) -> Option<(CallRef, Taker)> {
        match self.phone.state() {
            Set::Lifted => Some((CallRef::NONE, Taker::NewCall)),
            Set::Calls => self.calls.active().map(|id| (id, self.taker_in(id))),
            Set::OnHook | Set::LoopOpened | Set::ErrorTone | Set::Howling | Set::Lockout => None,
        }
    }

    fn taker_in(&self, id: CallRef) -> Taker {
        match self.state_of(id) {
            Some(CallState::Dialing) => Taker::Dialing,
            Some(
                CallState::Answering
                | CallState::Proceeding
                | CallState::RingingOut
                | CallState::Connected
                | CallState::Preserved,
            ) => {
                let in_band = self.cfg.digits_in_band && self.legs.sends(id);
                Taker::Call {
                    line_sends: in_band || self.legs.sends_events(id),
                    registered: self.server.is_up(),
                }
            }
            Some(
                CallState::Ringing
                | CallState::Waiting
                | CallState::Held
                | CallState::Busy
                | CallState::Failed
                | CallState::InUseElsewhere
                | CallState::Ended,
            )
            | None => Taker::Nobody,
        }
    }

    fn digit_asks(&mut self, id: CallRef, digit: Digit, output: DigitOutput) {
        match output {
            DigitOutput::Kept | DigitOutput::InMedia | DigitOutput::Dropped => {}
            DigitOutput::Key(button) => self.keypad(button, id),
            DigitOutput::Dial(button) => {
                self.phone.digit_came();
                self.phone.server_spoke();
                if self.tones.is_dial_tone() {
                    self.stop_tone();
                }
                if let Some(call) = self.call_mut(id) {
                    call.dial(digit.as_char());
                }
                self.keypad(button, id);
            }
        }
    }

    fn keypad(&mut self, button: u32, call: CallRef) {
        let line = self.cfg.line;
        self.send(ClientMessage::KeypadButton(KeypadButton {
            button,
            line,
            call,
        }));
    }

    /// What an opening of the length of a short flash and of a slow pulse is, if no pulse is next to it. While a number
    /// is dialled it is a digit of one pulse; but a phone that dials by tones has no dial, and one whose R key has just opened the
    /// loop for so short asks for the other call back. In a call it is a flash.
    pub(super) fn lone_opening(&self) -> Lone {
        let other_call = self.calls.own() > 1;
        let flash = match self.phone.state() {
            Set::OnHook => false,
            Set::Lifted => self.digits.keeps_tones(),
            Set::Calls => match self.calls.active_call() {
                Some(call) => match call.state {
                    CallState::Dialing if call.dialed.is_empty() => {
                        other_call && self.line.hook().flashes_are_short()
                    }
                    CallState::Dialing => self.digits.by_tone(),
                    // A server that takes the number for complete before the phone does: alone, a flash means nothing.
                    CallState::Proceeding | CallState::RingingOut => {
                        other_call || self.digits.by_tone()
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
            Set::LoopOpened | Set::ErrorTone | Set::Howling | Set::Lockout => true,
        };
        if flash { Lone::Flash } else { Lone::Pulse }
    }
}
