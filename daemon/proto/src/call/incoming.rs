//! Calls offered to the port, and what the ringer is asked to do for them.

use crate::call::contract::{CallerId, LineOutput, Presented};
use crate::call::entry::{Call, Caller};
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::ringer::RingerOutput;
use crate::sccp::message::{CallInfo, RingMode, SoftKey};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState, FlashAction};

/// How long the line carries audio on-hook for a caller ID.
const ON_HOOK_TRANSMISSION_MS: u32 = 3_000;

impl Port {
    /// CallState RingIn or CallWaiting.
    pub(super) fn offered(&mut self, now: Time, id: CallRef, waiting: bool) {
        match self.state_of(id) {
            Some(CallState::Preserved) => self.forget_reference(id),
            Some(CallState::InUseElsewhere) => {
                self.remove_call(now, id, EndCause::AnsweredElsewhere);
            }
            Some(_) => return,
            None => {}
        }
        self.calls.elsewhere().forget(id);
        if !self.make_room(now) {
            self.calls.count_unknown();
            return;
        }

        let on_hook = self.phone.is_on_hook();
        let state = if on_hook {
            CallState::Ringing
        } else {
            CallState::Waiting
        };
        self.enter(now, Call::new(id, CallDirection::Incoming, state, now));
        if on_hook {
            if self.call(self.ringer.call()).is_none() {
                self.ringer.set_call(id);
            }
            if waiting {
                // The server thinks that the phone is off-hook and will not ask for a ring.
                self.start_ringing(now, RingMode::INSIDE, id);
                self.ringer.set_local(true);
            }
        } else if self.cfg.flash != FlashAction::Ignore {
            self.tones.call_waits(now);
        }
    }

    /// Rings for a call, or shows first who calls.
    pub(super) fn start_ringing(&mut self, now: Time, mode: RingMode, id: CallRef) {
        if !self.line.is_faulty() {
            let known = self.caller_known(id);
            self.ringer.start(now, mode, id, known);
            self.ringer_asks();
        }
    }

    /// Rings for a call left on hold.
    pub(super) fn recall(&mut self, now: Time, id: CallRef) {
        if !self.line.is_faulty() {
            self.ringer.recall(now, id);
            self.ringer_asks();
        }
    }

    /// Ends ringing and all that goes before it.
    pub(super) fn stop_ringing(&mut self) {
        self.ringer.stop();
        self.ringer_asks();
    }

    /// The call on hold that it rings for may be over, or at another phone.
    pub(super) fn recall_gone(&mut self) {
        if let Some(id) = self.ringer.recalled()
            && self.state_of(id) != Some(CallState::Held)
        {
            self.stop_ringing();
        }
    }

    /// No call is offered any more.
    pub(super) fn offers_gone(&mut self) {
        self.tones.nothing_waits();
        self.tones_ask();
        if self.ringer.recalled().is_none() {
            self.stop_ringing();
        }
    }

    /// CallInfo.
    pub(super) fn call_info(&mut self, now: Time, info: &CallInfo) {
        let Some(call) = self.call_mut(info.call) else {
            return self.calls.implied().keep(now, info);
        };
        call.learn(info);
        self.ringer.caller_known(now, info.call);
        self.ringer_asks();
    }

    /// A burst of ringing ended.
    pub(super) fn ring_off(&mut self, now: Time, at: Time) {
        let known = self.caller_known(self.ringer.call());
        self.ringer.burst_ended(now, at, known);
    }

    fn caller_known(&self, id: CallRef) -> bool {
        self.call(id).is_some_and(|c| c.caller.is_some())
    }

    /// Does what the ringer asks for.
    pub(super) fn ringer_asks(&mut self) {
        while let Some(output) = self.ringer.poll() {
            match output {
                RingerOutput::Ring(mode) => self.tell_line(LineOutput::Ring(mode)),
                RingerOutput::StopRing => self.tell_line(LineOutput::StopRing),
                RingerOutput::Polarity(polarity) => self.tell_line(LineOutput::Polarity(polarity)),
                RingerOutput::CallerId { dual_tone_alert } => self.send_caller_id(dual_tone_alert),
                RingerOutput::StopCallerId => self.tell_line(LineOutput::StopCallerId),
                RingerOutput::Lamp(on) => self.tell_line(LineOutput::MessageLamp(on)),
                RingerOutput::HoldRecallOver(id) => {
                    if self.server.is_up() {
                        self.soft_key(SoftKey::END_CALL, id);
                    }
                }
            }
        }
    }

    fn send_caller_id(&mut self, dual_tone_alert: bool) {
        let caller = self
            .call(self.ringer.call())
            .and_then(|c| c.caller.clone())
            .unwrap_or(Caller {
                number: Presented::Unknown,
                name: Presented::Unknown,
            });
        self.tell_line(LineOutput::OnHookTransmission {
            ms: ON_HOOK_TRANSMISSION_MS,
        });
        self.tell_line(LineOutput::SendCallerId {
            id: CallerId {
                number: caller.number,
                name: caller.name,
            },
            dual_tone_alert,
        });
    }
}
