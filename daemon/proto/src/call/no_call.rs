//! Off-hook and nothing to talk to: error tone, howler, quiet; disconnect supervision; lost lines.
//!
//! The servers go idle without a tone (seen on chan_skinny), so this is the gateway's own doing. A call offered in
//! one of these states never rings a phone that is off-hook: it is announced by call-waiting tone and taken by flash, or by
//! hanging up, which makes it ring.

use crate::call::contract::LineOutput;
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::supervision::SupervisionOutput;
use crate::sccp::message::{SoftKey, Tone};
use crate::time::Time;
use crate::types::{AfterFarHangUp, CallRef, CallState};

impl Port {
    /// The server has nothing for a lifted phone.
    pub(super) fn supervise(&mut self, now: Time, tone: Option<Tone>) {
        self.phone.error_tone(now, tone);
        self.supervision_asks(now);
    }

    /// Does what supervision asks for.
    pub(super) fn supervision_asks(&mut self, now: Time) {
        while let Some(output) = self.phone.poll() {
            match output {
                SupervisionOutput::Play(tone) => self.play(tone, CallRef::NONE),
                SupervisionOutput::Silence => self.stop_tone(),
                SupervisionOutput::Howl => {
                    self.calls.stop_expecting();
                    self.play(Tone::HOWLER, CallRef::NONE);
                }
                SupervisionOutput::OpenLoop { ms } => self.tell_line(LineOutput::OpenLoop { ms }),
                SupervisionOutput::LoopRestored => self.after_far_hang_up(now),
                SupervisionOutput::ServerSilent => self.server_silent(now),
                SupervisionOutput::NoDigit => self.no_digit(now),
                SupervisionOutput::FailureSilent => self.silent_failure(),
            }
        }
    }

    /// A call failed and neither a tone nor audio came.
    fn silent_failure(&mut self) {
        let Some(id) = self.calls.active() else {
            return;
        };
        let tone = match self.state_of(id) {
            Some(CallState::Busy) => Tone::BUSY,
            Some(CallState::Failed) => Tone::REORDER,
            _ => return,
        };
        let no_tone = self.tones.playing().is_none() || self.tones.is_dial_tone();
        if no_tone && self.legs.audible(id).is_none() {
            self.phone.count_error_tone();
            self.play(tone, id);
        }
    }

    /// The far end hung up: the loop is opened so that fax, modem and alarm ports notice.
    pub(super) fn far_hung_up(&mut self, now: Time) {
        self.stop_tone();
        // Both hang up at the same time: with no call left there is nothing to flash for, and the next
        // closing is a lift.
        if self.line.hook_mut().decide_for_hang_up() {
            self.hung_up(now, EndCause::NearHangUp);
            return;
        }
        match self.phone.open_loop(now) {
            Some(until) => {
                self.line.hook_mut().mask(until);
                self.supervision_asks(now);
            }
            None => self.after_far_hang_up(now),
        }
    }

    /// What the phone hears when it is still off-hook.
    fn after_far_hang_up(&mut self, now: Time) {
        match self.cfg.after_far_hang_up {
            AfterFarHangUp::Reorder => self.supervise(now, Some(Tone::REORDER)),
            AfterFarHangUp::Busy => self.supervise(now, Some(Tone::BUSY)),
            AfterFarHangUp::Silence => self.supervise(now, None),
            AfterFarHangUp::DialTone if !self.server.is_up() => {
                self.supervise(now, Some(self.cfg.unregistered_tone));
            }
            AfterFarHangUp::DialTone => {
                self.server.change_calls();
                self.new_call(now);
            }
        }
    }

    /// The line has been in trouble for too long: its calls are over.
    pub(super) fn line_lost(&mut self, now: Time) {
        self.stop_ringing();
        self.hung_up(now, EndCause::LineFault);
    }

    /// The device is about to leave its server because of this. chan_skinny would keep the far end of a held call on hold
    /// until the line works.
    pub fn leave(&mut self) {
        if !self.server.is_up() {
            return;
        }
        let held = self.calls.iter().filter(|c| c.state == CallState::Held);
        let held: Vec<CallRef> = held.map(|c| c.id).collect();
        for id in held {
            self.soft_key(SoftKey::END_CALL, id);
        }
    }
}
