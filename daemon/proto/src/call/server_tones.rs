//! Which of the server's tones the phone hears.

use crate::call::contract::LineOutput;
use crate::call::port::Port;
use crate::call::supervision::Set;
use crate::call::tones::{ToneOutput, is_call_waiting, is_dial_tone, is_error_tone, is_refusal};
use crate::sccp::message::Tone;
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState, FlashAction};

impl Port {
    /// StartTone.
    pub(super) fn start_tone(&mut self, now: Time, tone: Tone, id: CallRef) {
        self.is_for_this_phone(id);
        let inside = is_dial_tone(tone) && self.asked_inside(id);
        let id = match self.calls.active() {
            Some(active) if inside => active,
            _ => id,
        };
        if !self.fits(tone, id) {
            self.tones.ignore();
            return;
        }
        if tone == Tone::SILENCE || tone == Tone::NONE {
            self.server_stops_tone(id);
            return;
        }
        if is_call_waiting(tone) {
            if self.cfg.flash == FlashAction::Ignore {
                self.tones.ignore();
            } else {
                self.play(tone, id);
                // chan-sccp says this before it names the call that waits.
                let named = self.in_state(CallState::Waiting).is_some();
                self.tones.announced_by_server(named);
                self.announce_again(now);
            }
            return;
        }
        self.phone.server_spoke();
        if is_dial_tone(tone) {
            self.imply_dialing(now, id);
            self.start_dial_tone(now, tone, id);
            self.flush_implied_digits();
        } else if is_error_tone(tone) {
            self.start_error_tone(now, tone, id);
        } else if is_refusal(tone) && self.phone.state() == Set::Lifted {
            // chan-sccp before the device has a line: nothing else will come (seen on chan-sccp).
            self.supervise(now, Some(Tone::REORDER));
        } else {
            if tone == Tone::ALERTING
                && let Some(call) = self.calls.active_call_mut()
                && matches!(call.state, CallState::Dialing | CallState::Proceeding)
            {
                call.proceed(CallState::RingingOut);
            }
            self.play(tone, id);
        }
    }

    fn start_dial_tone(&mut self, now: Time, tone: Tone, id: CallRef) {
        let call = self.calls.active_call();
        let dialing = call.is_some_and(|c| !c.dialed.is_empty());
        // Digits were faster than the server's dial tone; a second dial tone is another matter.
        if tone == Tone::INSIDE_DIAL && dialing {
            return;
        }
        let stutter = tone == Tone::INSIDE_DIAL && self.ringer.lamp() && self.cfg.stutter_dial_tone;
        self.play(if stutter { Tone::STUTTER_DIAL } else { tone }, id);
        if !dialing {
            self.phone.await_digit(now);
        }
    }

    fn start_error_tone(&mut self, now: Time, tone: Tone, id: CallRef) {
        self.phone.digit_came();
        self.phone.failure_sounds();
        if let Some(call) = self.calls.active_call_mut()
            && call.direction == CallDirection::Outgoing
            && !call.was_connected()
        {
            call.fail_with_tone(tone == Tone::BUSY);
        }
        self.play(tone, id);
        self.phone.await_error_tone_end(now);
    }

    /// A tone without a call is heard when it can only mean what the phone is doing; chan-sccp sends a stray
    /// beep after each HookFlash, and its call-waiting tone names the call that is not waiting.
    fn fits(&self, tone: Tone, id: CallRef) -> bool {
        match self.phone.state() {
            Set::OnHook | Set::LoopOpened | Set::ErrorTone | Set::Howling | Set::Lockout => {
                return false;
            }
            Set::Lifted | Set::Calls => {}
        }
        if id == CallRef::NONE {
            return self.phone.state() == Set::Lifted
                || (self.calls.active().is_some() && !is_refusal(tone));
        }
        if self.call(id).is_some() {
            return self.calls.is_mine(id) || is_call_waiting(tone);
        }
        let new_call = self.transfer.wants_second_call();
        self.phone.state() == Set::Lifted || (new_call && is_dial_tone(tone))
    }

    /// StopTone. A failed call's tone goes on: chan-sccp stops its busy tone in the same millisecond, and
    /// then says nothing more.
    pub(super) fn server_stops_tone(&mut self, id: CallRef) {
        let Some(tone) = self.tones.playing() else {
            return;
        };
        let own = !self.phone.is_served();
        let failed = is_error_tone(tone)
            && self
                .calls
                .active_call()
                .is_some_and(|c| matches!(c.state, CallState::Busy | CallState::Failed));
        let meant = id == CallRef::NONE || self.tones.is_for(id) || self.calls.active() == Some(id);
        if !own && !failed && meant {
            self.stop_tone();
        }
    }

    /// Plays a tone until it is stopped.
    pub(super) fn play(&mut self, tone: Tone, call: CallRef) {
        self.tones.play(tone, call);
        self.tones_ask();
    }

    /// Silence.
    pub(super) fn stop_tone(&mut self) {
        self.tones.stop();
        self.tones_ask();
    }

    /// Does what the tones ask for.
    pub(super) fn tones_ask(&mut self) {
        while let Some(output) = self.tones.poll() {
            self.tell_line(match output {
                ToneOutput::Play(tone) => LineOutput::PlayTone(tone),
                ToneOutput::Stop => LineOutput::StopTone,
            });
        }
    }

    /// It is time to announce a call that waits, if one does.
    pub(super) fn call_waiting_tone(&mut self, now: Time) {
        let waiting = self.in_state(CallState::Waiting).is_some();
        if !waiting || self.phone.is_on_hook() {
            return;
        }
        if self.phone.state() != Set::LoopOpened {
            self.play(Tone::CALL_WAITING, CallRef::NONE);
        }
        self.announce_again(now);
    }

    fn announce_again(&mut self, now: Time) {
        let interval_ms = self.cfg.call_waiting_repeat_ms;
        self.tones.announce_again(now, interval_ms);
    }
}
