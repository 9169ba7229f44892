//! Calls offered to the port: ringing, and telling the set who calls.

use crate::call::calls::{Call, Caller};
use crate::call::config::{CallerIdTiming, FlashAction};
use crate::call::contract::{CallerId, LineOutput, Polarity, Presented};
use crate::call::deadlines::{
    CALL_INFO_MS, CALLER_ID_GUARD_MS, Deadline, FIRST_CALL_WAITING_MS, ON_HOOK_TRANSMISSION_MS,
};
use crate::call::port::{Port, Set};
use crate::call::record::{CallWord, Direction, EndCause};
use crate::sccp::message::{CallInfo, RingMode, SoftKey, Tone};
use crate::time::Time;
use crate::types::CallRef;
use std::time::Duration;

/// Where ringing stands. Only on-hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// No ring.
    #[default]
    Quiet,
    /// Caller ID goes first, and CallInfo has not come.
    AwaitInfo,
    /// Line reversed (if so); the message follows.
    Lead,
    /// The message is being sent; no ring yet.
    Sending,
    /// The message is sent; the first ring follows.
    Gap,
    /// Ringing.
    Ringing(RingMode),
    /// Ringing to remind of a held call.
    Reminding(CallRef),
}

/// Everything about the present ring.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ringing {
    pub(super) phase: Phase,
    mode: RingMode,
    pub(super) call: CallRef,
    /// Our own decision, not the server's: it does not know of it and cannot stop it by SetRinger.
    pub(super) local: bool,
    /// Caller ID has been sent, or is being sent.
    caller_id_done: bool,
    sending: bool,
    reversed: bool,
    silent_since: Option<Time>,
    bursts: u32,
}

impl Ringing {
    pub(super) fn rename(&mut self, from: CallRef, to: CallRef) {
        if self.call == from {
            self.call = to;
        }
    }

    /// The ring that sounds now.
    pub(super) fn sounding(&self) -> Option<RingMode> {
        match self.phase {
            Phase::Ringing(mode) => Some(mode),
            Phase::Reminding(_) => Some(RingMode::FEATURE),
            Phase::Quiet | Phase::AwaitInfo | Phase::Lead | Phase::Sending | Phase::Gap => None,
        }
    }
}

impl Port {
    /// CallState RingIn or CallWaiting.
    pub(super) fn offered(&mut self, now: Time, id: CallRef, waiting: bool) {
        match self.state_of(id) {
            Some(CallWord::Preserved) => self.forget_reference(id),
            Some(CallWord::Elsewhere) => {
                self.remove_call(now, id, EndCause::AnsweredElsewhere);
            }
            Some(_) => return,
            None => {}
        }
        self.elsewhere.forget(id);
        if !self.make_room(now) {
            self.counters.unknown_calls += 1;
            return;
        }
        self.counters.calls_in += 1;
        let on_hook = self.set == Set::OnHook;
        let state = if on_hook {
            CallWord::Offered
        } else {
            CallWord::Waiting
        };
        self.enter(now, Call::new(id, Direction::Incoming, state, now));
        if on_hook {
            if self.call(self.ringing.call).is_none() {
                self.ringing.call = id;
            }
            if waiting {
                // The server thinks the set is lifted and will not ask for a ring.
                self.start_ringing(now, RingMode::INSIDE, id);
                self.ringing.local = true;
            }
        } else if self.cfg.flash != FlashAction::Ignore
            && !std::mem::take(&mut self.call_waiting_told)
            && self.deadlines.at(Deadline::CallWaitingTone).is_none()
        {
            self.arm(now, Deadline::CallWaitingTone, FIRST_CALL_WAITING_MS);
        }
    }

    /// Rings, or tells first who calls. No effect when it rings like that already.
    pub(super) fn start_ringing(&mut self, now: Time, mode: RingMode, id: CallRef) {
        if self.fault.is_some() {
            return;
        }
        if matches!(self.ringing.phase, Phase::Reminding(_)) {
            self.stop_ringing();
        }
        self.ringing.mode = mode;
        match self.ringing.phase {
            Phase::Ringing(sounding) if sounding == mode => {}
            Phase::Ringing(_) => self.ring(mode),
            Phase::AwaitInfo | Phase::Lead | Phase::Sending | Phase::Gap => {}
            Phase::Quiet | Phase::Reminding(_) => {
                self.ringing.call = id;
                self.ringing.local = true;
                match self.cfg.caller_id {
                    CallerIdTiming::None | CallerIdTiming::AfterFirstRing { .. } => {
                        self.ring(mode);
                    }
                    CallerIdTiming::BeforeRing { .. } => {
                        self.ringing.phase = Phase::AwaitInfo;
                        if self.caller_known() {
                            self.begin_announcement(now);
                        } else {
                            self.arm(now, Deadline::CallInfo, CALL_INFO_MS);
                        }
                    }
                }
            }
        }
    }

    /// The line is back, perhaps on another card, and has heard nothing of what it was told meanwhile.
    pub(super) fn renew_line(&mut self) {
        if let CallerIdTiming::BeforeRing {
            polarity_reversal: true,
            ..
        } = self.cfg.caller_id
        {
            self.tell_line(LineOutput::Polarity(if self.ringing.reversed {
                Polarity::Reversed
            } else {
                Polarity::Forward
            }));
        }
        self.tell_line(match self.ringing.sounding() {
            Some(mode) => LineOutput::Ring(mode),
            None => LineOutput::StopRing,
        });
        self.tell_line(LineOutput::MessageLamp(self.message_waiting));
    }

    fn ring(&mut self, mode: RingMode) {
        self.ringing.phase = Phase::Ringing(mode);
        self.tell_line(LineOutput::Ring(mode));
    }

    /// Rings for a call left on hold: the servers do not.
    pub(super) fn remind(&mut self, now: Time, id: CallRef) {
        if self.fault.is_some() {
            return;
        }
        self.stop_ringing();
        self.ringing.phase = Phase::Reminding(id);
        self.tell_line(LineOutput::Ring(RingMode::FEATURE));
        self.arm(now, Deadline::ReminderEnd, self.cfg.reminder_ring_ms);
    }

    /// Nobody came to a held call.
    pub(super) fn reminder_over(&mut self) {
        if let Phase::Reminding(id) = self.ringing.phase {
            self.stop_ringing();
            if self.station.is_some() {
                self.soft_key(SoftKey::END_CALL, id);
            }
        }
    }

    /// The held call that was reminded of may be over, or at another phone.
    pub(super) fn reminder_gone(&mut self) {
        if let Phase::Reminding(id) = self.ringing.phase
            && self.state_of(id) != Some(CallWord::Held)
        {
            self.stop_ringing();
        }
    }

    /// No call is offered any more.
    pub(super) fn offers_gone(&mut self) {
        self.call_waiting_told = false;
        self.deadlines.disarm(Deadline::CallWaitingTone);
        if self.tone == Some(Tone::CALL_WAITING) {
            self.stop_tone();
        }
        if !matches!(self.ringing.phase, Phase::Quiet | Phase::Reminding(_)) {
            self.stop_ringing();
        }
    }

    /// Ends ringing and all that goes before it.
    pub(super) fn stop_ringing(&mut self) {
        if self.ringing.sounding().is_some() {
            self.tell_line(LineOutput::StopRing);
        }
        if self.ringing.sending {
            self.tell_line(LineOutput::StopCallerId);
        }
        if self.ringing.reversed {
            self.tell_line(LineOutput::Polarity(Polarity::Forward));
        }
        for deadline in [
            Deadline::CallInfo,
            Deadline::CallerIdStart,
            Deadline::CallerIdGuard,
            Deadline::FirstRing,
            Deadline::ReminderEnd,
        ] {
            self.deadlines.disarm(deadline);
        }
        self.ringing = Ringing::default();
    }

    /// CallInfo.
    pub(super) fn call_info(&mut self, now: Time, info: &CallInfo) {
        let Some(call) = self.call_mut(info.call) else {
            return self.early_infos.keep(now, info);
        };
        call.learn(info);
        if self.ringing.call != info.call {
            return;
        }
        match self.ringing.phase {
            Phase::AwaitInfo => self.begin_announcement(now),
            Phase::Ringing(_) => {
                if let Some(since) = self.ringing.silent_since {
                    self.plan_caller_id(now, since);
                }
            }
            Phase::Quiet | Phase::Lead | Phase::Sending | Phase::Gap | Phase::Reminding(_) => {}
        }
    }

    fn caller_known(&self) -> bool {
        self.call(self.ringing.call)
            .is_some_and(|c| c.caller.is_some())
    }

    /// A caller ID that precedes the ring begins, with what is known by now.
    pub(super) fn begin_announcement(&mut self, now: Time) {
        let (
            Phase::AwaitInfo,
            CallerIdTiming::BeforeRing {
                polarity_reversal,
                lead_ms,
                ..
            },
        ) = (self.ringing.phase, self.cfg.caller_id)
        else {
            return;
        };
        self.deadlines.disarm(Deadline::CallInfo);
        if polarity_reversal {
            self.ringing.reversed = true;
            self.tell_line(LineOutput::Polarity(Polarity::Reversed));
        }
        self.ringing.phase = Phase::Lead;
        self.arm(now, Deadline::CallerIdStart, lead_ms);
    }

    /// A burst of ringing began.
    pub(super) fn ring_on(&mut self) {
        self.ringing.silent_since = None;
        if matches!(self.ringing.phase, Phase::Ringing(_)) {
            self.deadlines.disarm(Deadline::CallerIdStart);
        }
    }

    /// A burst of ringing ended.
    pub(super) fn ring_off(&mut self, now: Time, at: Time) {
        if !matches!(self.ringing.phase, Phase::Ringing(_)) {
            return;
        }
        self.ringing.bursts = self.ringing.bursts.saturating_add(1);
        self.ringing.silent_since = Some(at);
        // After the second burst a server that told nothing will not tell any more.
        if self.caller_known() || self.ringing.bursts >= 2 {
            self.plan_caller_id(now, at);
        }
    }

    fn plan_caller_id(&mut self, now: Time, silent_since: Time) {
        let CallerIdTiming::AfterFirstRing { delay_ms } = self.cfg.caller_id else {
            return;
        };
        if !self.ringing.caller_id_done && self.deadlines.at(Deadline::CallerIdStart).is_none() {
            let at = silent_since + Duration::from_millis(u64::from(delay_ms));
            self.deadlines.arm(Deadline::CallerIdStart, at.max(now));
        }
    }

    /// The moment for the message has come.
    pub(super) fn send_caller_id(&mut self, now: Time) {
        let dual_tone_alert = match (self.ringing.phase, self.cfg.caller_id) {
            (
                Phase::Lead,
                CallerIdTiming::BeforeRing {
                    dual_tone_alert, ..
                },
            ) => {
                self.ringing.phase = Phase::Sending;
                dual_tone_alert
            }
            (Phase::Ringing(_), CallerIdTiming::AfterFirstRing { .. }) => false,
            _ => return,
        };
        self.ringing.caller_id_done = true;
        self.ringing.sending = true;
        self.counters.caller_ids += 1;
        let caller = self
            .call(self.ringing.call)
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
        self.arm(now, Deadline::CallerIdGuard, CALLER_ID_GUARD_MS);
    }

    /// The message is out, or the line never said so.
    pub(super) fn caller_id_sent(&mut self, now: Time) {
        self.deadlines.disarm(Deadline::CallerIdGuard);
        self.ringing.sending = false;
        if let (Phase::Sending, CallerIdTiming::BeforeRing { ring_delay_ms, .. }) =
            (self.ringing.phase, self.cfg.caller_id)
        {
            self.ringing.phase = Phase::Gap;
            self.arm(now, Deadline::FirstRing, ring_delay_ms);
        }
    }

    /// Caller ID is done: ring.
    pub(super) fn first_ring(&mut self) {
        if self.ringing.phase == Phase::Gap {
            self.ring(self.ringing.mode);
        }
    }
}
