//! Hook, flash and keys of a port: what they do to its calls. Hold and transfer live here.

use crate::sccp::message::{CallOnLine, SoftKey, Stimulus};
use crate::time::Time;
use crate::types::CallRef;

use super::dialect::FlashRule;
use super::leg::{Far, LegState, LegTimer};
use super::{CallManager, ConnId, Cue, EndCause};

impl CallManager {
    pub(super) fn off_hook(&mut self, now: Time, conn: ConnId, device: usize, at: CallOnLine) {
        if !self.has_lines(now, conn, device) {
            return;
        }
        let named = self.own_leg(device, at.call);
        let answers_only = at.line.0 != 0
            && self
                .rules
                .off_hook_line_answers_from
                .is_some_and(|from| self.sessions.get(&conn).is_some_and(|s| s.layouts >= from));
        let new_only = at.line.0 == 0
            && self
                .rules
                .off_hook_line_answers_from
                .is_some_and(|from| self.sessions.get(&conn).is_some_and(|s| s.layouts >= from));
        let ringing = named
            .filter(|call| self.state_of(*call) == Some(LegState::Ringing))
            .or_else(|| {
                self.leg_in(device, LegState::Ringing)
                    .filter(|_| at.call == CallRef::NONE && !new_only && !answers_only)
            });
        if let Some(call) = ringing {
            self.answer(now, call);
        } else if named.is_some() || answers_only || self.active_leg(device).is_some() {
            let view = self.device_view(now, device);
            for item in (self.rules.script)(Cue::OffHookIgnored, &view) {
                self.act(now, None, device, item);
            }
        } else {
            self.dial_tone(now, device, None);
        }
    }

    pub(super) fn on_hook(&mut self, now: Time, device: usize, at: CallOnLine) {
        let named = self
            .own_leg(device, at.call)
            .filter(|call| self.state_of(*call) != Some(LegState::Ringing));
        let call = named
            .or_else(|| self.active_leg(device))
            .or_else(|| self.leg_in(device, LegState::Held));
        let Some(call) = call else {
            let view = self.device_view(now, device);
            for item in (self.rules.script)(Cue::LateOnHook, &view) {
                self.act(now, None, device, item);
            }
            return;
        };
        match self.state_of(call) {
            Some(LegState::Held) if !self.rules.on_hook_ends_held => {
                self.play(now, call, Cue::OnHookKept);
            }
            Some(LegState::Held) => {
                self.end_quietly(now, call, Cue::EndedHere, EndCause::NearHangUp);
            }
            Some(LegState::Calling | LegState::Connected) if self.rules.transfer_on_hook => {
                if !self.complete_transfer(now, call) {
                    self.end_here(now, call);
                }
            }
            _ => self.end_here(now, call),
        }
    }

    pub(super) fn hook_flash(&mut self, now: Time, device: usize, call: CallRef) {
        match self.rules.flash {
            FlashRule::Ignored => {}
            FlashRule::Transfer => {
                let call = self
                    .own_leg(device, call)
                    .or_else(|| self.active_leg(device));
                if let Some(call) = call
                    && let Some(new) = self.transfer(now, call)
                {
                    self.play(now, new, Cue::FlashDialTone);
                }
            }
        }
    }

    pub(super) fn soft_key(&mut self, now: Time, device: usize, key: SoftKey, call: CallRef) {
        let named = self.own_leg(device, call);
        let active = self.active_leg(device);
        match key {
            SoftKey::HOLD => {
                if let Some(call) = named.or(active) {
                    self.hold(now, call, Cue::Hold);
                }
            }
            SoftKey::RESUME => {
                if let Some(call) = named.or_else(|| self.leg_in(device, LegState::Held)) {
                    self.resume(now, call);
                }
            }
            SoftKey::ANSWER => {
                if let Some(call) = named.or_else(|| self.leg_in(device, LegState::Ringing)) {
                    self.answer(now, call);
                }
            }
            SoftKey::TRANSFER => {
                if let Some(call) = named.or(active) {
                    self.transfer(now, call);
                }
            }
            SoftKey::END_CALL => {
                if let Some(call) = named.or(active) {
                    self.end_key(now, device, call);
                }
            }
            SoftKey::NEW_CALL if active.is_none() => {
                self.dial_tone(now, device, None);
            }
            // The rest belongs to phones with a display.
            _ => {}
        }
    }

    pub(super) fn stimulus(&mut self, now: Time, device: usize, key: Stimulus, call: CallRef) {
        match key {
            // The same button both ways.
            Stimulus::HOLD => {
                let held = self
                    .own_leg(device, call)
                    .filter(|call| self.state_of(*call) == Some(LegState::Held))
                    .or_else(|| {
                        self.leg_in(device, LegState::Held)
                            .filter(|_| self.active_leg(device).is_none())
                    });
                match held {
                    Some(call) => self.resume(now, call),
                    None => self.soft_key(now, device, SoftKey::HOLD, call),
                }
            }
            Stimulus::TRANSFER => self.soft_key(now, device, SoftKey::TRANSFER, call),
            Stimulus::END_CALL => self.soft_key(now, device, SoftKey::END_CALL, call),
            Stimulus::NEW_CALL => self.soft_key(now, device, SoftKey::NEW_CALL, call),
            _ => {}
        }
    }

    /// EndCall does what OnHook does, without completing a transfer.
    fn end_key(&mut self, now: Time, device: usize, call: CallRef) {
        match self.state_of(call) {
            Some(LegState::Ringing) => {
                let waiting = self.legs.get(&call).is_some_and(|leg| leg.waiting);
                let cue = if waiting {
                    Cue::EndedAside
                } else {
                    Cue::EndedHere
                };
                self.end_quietly(now, call, cue, EndCause::NearHangUp);
            }
            Some(LegState::Held) if self.active_leg(device).is_some() => {
                self.end_quietly(now, call, Cue::EndedAside, EndCause::NearHangUp);
            }
            _ => self.end_here(now, call),
        }
    }

    pub(super) fn hold(&mut self, now: Time, call: CallRef, cue: Cue) {
        if self.state_of(call) != Some(LegState::Connected) {
            return;
        }
        self.set_state(call, LegState::Held);
        self.play(now, call, cue);
        // Nothing is sent to the other side, unless there is a server's own media to move it to.
        if let Some(Far::Leg(far)) = self.legs.get(&call).map(|leg| leg.far.clone()) {
            if self.rules.reopens_media && self.state_of(far) == Some(LegState::Connected) {
                self.play(now, far, Cue::FarHeld);
            }
            self.start_media(far);
        }
    }

    pub(super) fn resume(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        if leg.state != LegState::Held {
            return;
        }
        let (device, far) = (leg.device, leg.far.clone());
        if let Some(active) = self.active_leg(device) {
            if self.state_of(active) == Some(LegState::Connected) {
                self.hold(now, active, Cue::Hold);
            } else {
                self.end_here(now, active);
            }
        }
        self.set_state(call, LegState::Connected);
        self.play(now, call, Cue::Resume);
        if let Far::Leg(far) = far
            && self.state_of(far) == Some(LegState::Connected)
        {
            self.play(now, far, Cue::FarResumed);
        }
    }

    /// Transfer key: first time a second call, second time the two are joined. Answers the second call.
    fn transfer(&mut self, now: Time, call: CallRef) -> Option<CallRef> {
        let leg = self.legs.get(&call)?;
        let (device, state, consulting) = (leg.device, leg.state, leg.consult_of.is_some());
        match state {
            LegState::Connected if !consulting => {
                self.hold(now, call, Cue::TransferHold);
                Some(self.dial_tone(now, device, Some(call)))
            }
            LegState::Calling | LegState::Connected => {
                if !self.complete_transfer(now, call) {
                    self.play(now, call, Cue::TransferTooEarly);
                }
                None
            }
            LegState::Dialing | LegState::Failed => {
                self.play(now, call, Cue::TransferTooEarly);
                None
            }
            LegState::Ringing | LegState::Answering | LegState::Held => None,
        }
    }

    /// Joins the other sides of a held call and of the call made while it was held.
    fn complete_transfer(&mut self, now: Time, call: CallRef) -> bool {
        let Some(leg) = self.legs.get(&call) else {
            return false;
        };
        let (Some(held), second) = (leg.consult_of, leg.far.clone()) else {
            return false;
        };
        let Some(first) = self.legs.get(&held).map(|leg| leg.far.clone()) else {
            return false;
        };
        // Somebody must be left on both sides, and two services have nothing to say to each other.
        let (Far::Leg(first_call), Far::Leg(second_call)) = (&first, &second) else {
            return self.transfer_to_service(now, held, call, &first, &second);
        };
        let (first_call, second_call) = (*first_call, *second_call);
        for (one, other) in [(first_call, second_call), (second_call, first_call)] {
            if let Some(leg) = self.legs.get_mut(&one) {
                leg.far = Far::Leg(other);
            }
        }
        if self.state_of(second_call) == Some(LegState::Ringing) {
            let until = now + self.config.timing.no_answer;
            self.arm(second_call, until, LegTimer::NoAnswer);
        }
        self.leave_transfer(now, held, call);
        self.play(now, first_call, Cue::FarChanged);
        self.play(now, second_call, Cue::FarChanged);
        self.join_media(first_call);
        true
    }

    /// One side of the transfer is a test number or a call from outside.
    fn transfer_to_service(
        &mut self,
        now: Time,
        held: CallRef,
        call: CallRef,
        first: &Far,
        second: &Far,
    ) -> bool {
        let (port, service) = match (first, second) {
            (Far::Leg(port), service @ (Far::Service(_) | Far::Outside { .. }))
            | (service @ (Far::Service(_) | Far::Outside { .. }), Far::Leg(port)) => {
                (*port, service.clone())
            }
            _ => return false,
        };
        if let Some(leg) = self.legs.get_mut(&port) {
            leg.far = service;
        }
        self.leave_transfer(now, held, call);
        self.play(now, port, Cue::FarChanged);
        self.start_media(port);
        true
    }

    /// The transferring port's own two sides end.
    fn leave_transfer(&mut self, now: Time, held: CallRef, call: CallRef) {
        for gone in [held, call] {
            if let Some(leg) = self.legs.get_mut(&gone) {
                leg.far = Far::Nobody;
            }
        }
        self.finish(now, held, Cue::EndedAside, EndCause::Transferred);
        self.finish(now, call, Cue::EndedThere, EndCause::Transferred);
    }

    fn own_leg(&self, device: usize, call: CallRef) -> Option<CallRef> {
        self.legs
            .get(&call)
            .filter(|leg| leg.device == device)
            .map(|_| call)
    }

    fn state_of(&self, call: CallRef) -> Option<LegState> {
        self.legs.get(&call).map(|leg| leg.state)
    }
}
