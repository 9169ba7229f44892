//! Off-hook and nothing to talk to: error tone, howler, quiet; disconnect supervision; lost lines.
//!
//! The servers go idle without a tone (seen on chan_skinny), so this is the gateway's own doing. A call offered in
//! one of these states never rings a lifted set: it is announced by call-waiting tone and taken by flash, or by
//! hanging up, which makes it ring.

use std::time::Duration;

use crate::call::contract::LineOutput;
use crate::call::deadlines::{Deadline, LOOP_SETTLE_MS};
use crate::call::port::{Port, Set};
use crate::call::record::EndCause;
use crate::sccp::message::{SoftKey, Tone};
use crate::time::Time;
use crate::types::{AfterFarHangUp, CallRef, CallState};

impl Port {
    /// The server has nothing for a lifted set.
    pub(super) fn supervise(&mut self, now: Time, tone: Option<Tone>) {
        for deadline in [
            Deadline::ServerSilent,
            Deadline::FirstDigit,
            Deadline::SilentFailure,
        ] {
            self.deadlines.disarm(deadline);
        }
        self.set = Set::ErrorTone;
        match tone {
            Some(tone) => {
                self.counters.error_tones += 1;
                self.play(tone, CallRef::NONE);
            }
            None => self.stop_tone(),
        }
        self.arm_error_tone_end(now);
    }

    /// From the first error tone on, whoever plays it.
    pub(super) fn arm_error_tone_end(&mut self, now: Time) {
        if self.deadlines.at(Deadline::ErrorToneEnd).is_none() {
            self.arm(now, Deadline::ErrorToneEnd, self.cfg.error_tone_ms);
        }
    }

    /// A call failed and neither a tone nor audio came.
    pub(super) fn silent_failure(&mut self) {
        let Some(id) = self.active else {
            return;
        };
        let tone = match self.state_of(id) {
            Some(CallState::Busy) => Tone::BUSY,
            Some(CallState::Failed) => Tone::REORDER,
            _ => return,
        };
        let no_tone = self.tones.playing().is_none() || self.tones.is_dial_tone();
        if no_tone && self.legs.audible(id).is_none() {
            self.counters.error_tones += 1;
            self.play(tone, id);
        }
    }

    /// The error tone has not made anybody hang up.
    pub(super) fn howl(&mut self, now: Time) {
        if self.set == Set::OnHook {
            return;
        }
        if self.cfg.howler_ms == 0 {
            self.park();
            return;
        }
        self.set = Set::Howling;
        self.counters.howlers += 1;
        self.play(Tone::HOWLER, CallRef::NONE);
        self.arm(now, Deadline::HowlerEnd, self.cfg.howler_ms);
    }

    /// Nor has the howler.
    pub(super) fn park(&mut self) {
        if self.set == Set::OnHook {
            return;
        }
        self.stop_tone();
        self.set = Set::Parked;
        self.counters.parked += 1;
    }

    /// The far end hung up: the loop is opened so that machines notice.
    pub(super) fn far_hung_up(&mut self, now: Time) {
        self.stop_tone();
        // Both hang up at the same time: with no call left there is nothing to flash for, and the next
        // closing is a lift.
        if self.hook.decide_for_hang_up() {
            self.hung_up(now, EndCause::NearHangUp);
            return;
        }
        if self.cfg.open_loop_ms == 0 {
            self.after_far_hang_up(now);
            return;
        }
        let ms = self.cfg.open_loop_ms;
        let settled = ms.saturating_add(LOOP_SETTLE_MS);
        self.set = Set::LoopOpened;
        self.hook
            .mask(now + Duration::from_millis(u64::from(settled)));
        self.tell_line(LineOutput::OpenLoop { ms });
        self.arm(now, Deadline::LoopRestored, settled);
    }

    /// What the set hears when it is still lifted.
    pub(super) fn after_far_hang_up(&mut self, now: Time) {
        match self.cfg.after_far_hang_up {
            AfterFarHangUp::Reorder => self.supervise(now, Some(Tone::REORDER)),
            AfterFarHangUp::Busy => self.supervise(now, Some(Tone::BUSY)),
            AfterFarHangUp::Silence => self.supervise(now, None),
            AfterFarHangUp::DialTone if self.station.is_none() => {
                self.supervise(now, Some(self.cfg.unregistered_tone));
            }
            AfterFarHangUp::DialTone => {
                self.say_on_hook(self.last_active);
                self.last_active = CallRef::NONE;
                self.new_call(now);
            }
        }
    }

    /// The line has been in trouble for too long: its calls are over.
    pub(super) fn line_lost(&mut self, now: Time) {
        self.hook.reset();
        self.stop_ringing();
        self.hung_up(now, EndCause::LineFault);
    }

    /// The device is about to leave its server because of this. chan_skinny would keep the far end of a held call on hold
    /// until the line works.
    pub fn leave(&mut self) {
        if self.station.is_none() {
            return;
        }
        let held = self.calls.iter().filter(|c| c.state == CallState::Held);
        let held: Vec<CallRef> = held.map(|c| c.id).collect();
        for id in held {
            self.soft_key(SoftKey::END_CALL, id);
        }
    }
}
