//! SetRinger, and which of several offered calls rings.

use std::time::Duration;

use crate::call::calls::Call;
use crate::call::incoming::Phase;
use crate::call::port::{Port, Set};
use crate::sccp::message::RingMode;
use crate::time::Time;
use crate::types::CallRef;

/// Servers that end a call and its ring say both within this time.
const ONE_GO: Duration = Duration::from_secs(1);

impl Port {
    /// SetRinger. chan_skinny names no call in it.
    pub(super) fn set_ringer(&mut self, now: Time, mode: RingMode, call: CallRef) {
        if mode == RingMode::OFF || mode == RingMode::SILENT {
            return self.ringer_off(now, call);
        }
        let known = self.call(call).is_some() || call == CallRef::NONE;
        let any = self.calls.iter().any(Call::is_offered);
        let call = match self.set {
            Set::OnHook if !known || !any && call == CallRef::NONE => self.imply_ringing(now, call),
            _ => call,
        };
        let offered = self
            .calls
            .iter_mut()
            .rev()
            .filter(|c| c.is_offered())
            .max_by_key(|c| c.id == call);
        let id = match offered {
            Some(offered) => {
                offered.ring = Some(mode);
                offered.silenced = false;
                offered.id
            }
            None => CallRef::NONE,
        };
        if self.set == Set::OnHook {
            self.start_ringing(now, mode, id);
            self.ringing.local = false;
        }
    }

    /// SetRinger off or silent. With a reference it concerns that call only. Without one it concerns all that ring; but a
    /// server that never names a call there says it when one of several has ended, and the others ring on.
    fn ringer_off(&mut self, now: Time, id: CallRef) {
        if self.set != Set::OnHook || matches!(self.ringing.phase, Phase::Reminding(_)) {
            return;
        }
        if let Some(call) = self.call_mut(id).filter(|c| c.is_offered()) {
            if call.implied {
                self.server_ended(now, id);
            } else if !call.by_server {
                call.silenced = true;
                self.offer_over(now, id);
            }
            return;
        }
        let of_another = id != CallRef::NONE && self.call(self.ringing.call).is_some();
        if of_another || self.ringing.local {
            return;
        }
        if self.offer_ended.take().is_some_and(|at| now - at <= ONE_GO) {
            return;
        }
        if self.calls.iter().any(|c| c.is_offered() && c.by_server) {
            return;
        }
        // Without a CallState there is no other word for the end of such a call.
        let implied = self.calls.iter().filter(|c| c.is_offered() && c.implied);
        for id in implied.map(|c| c.id).collect::<Vec<_>>() {
            self.server_ended(now, id);
        }
        self.ringer_off = Some(now);
        for call in self.calls.iter_mut().filter(|c| c.is_offered()) {
            call.silenced = true;
        }
        self.stop_ringing();
    }

    /// An offered call has been ended by the server: without it saying so, a SetRinger off without a reference just before
    /// or after concerned that call, and not the others.
    pub(super) fn offer_ended(&mut self, now: Time) {
        if self.ringer_off.take().is_some_and(|at| now - at <= ONE_GO) {
            for call in self.calls.iter_mut().filter(|c| c.is_offered()) {
                call.silenced = false;
            }
        } else {
            self.offer_ended = Some(now);
        }
    }

    /// A call is offered no more, or no longer to be announced: the others are.
    pub(super) fn offer_over(&mut self, now: Time, id: CallRef) {
        if self.calls.iter().all(|c| !c.is_offered()) {
            return self.offers_gone();
        }
        if self.set != Set::OnHook || matches!(self.ringing.phase, Phase::Reminding(_)) {
            return;
        }
        if self.ringing.call == id {
            self.stop_ringing();
        }
        if self.ringing.phase == Phase::Quiet {
            self.ring_for_what_is_left(now, true);
        }
    }
}
