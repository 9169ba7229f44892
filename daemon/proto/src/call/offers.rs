//! SetRinger, and which of several offered calls rings.

use crate::call::entry::Call;
use crate::call::port::Port;
use crate::call::supervision::Set;
use crate::sccp::message::RingMode;
use crate::time::Time;
use crate::types::CallRef;

impl Port {
    /// SetRinger. chan_skinny names no call in it.
    pub(super) fn set_ringer(&mut self, now: Time, mode: RingMode, call: CallRef) {
        if mode == RingMode::OFF || mode == RingMode::SILENT {
            return self.ringer_off(now, call);
        }
        let known = self.call(call).is_some() || call == CallRef::NONE;
        let any = self.calls.iter().any(Call::is_offered);
        let call = match self.phone.state() {
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
                offered.ring_like(mode);
                offered.id
            }
            None => CallRef::NONE,
        };
        if self.phone.is_on_hook() {
            self.start_ringing(now, mode, id);
            self.ringer.set_local(false);
        }
    }

    /// SetRinger off or silent. With a reference it concerns that call only. Without one it concerns all that ring; but a
    /// server that never names a call there says it when one of several has ended, and the others ring on.
    fn ringer_off(&mut self, now: Time, id: CallRef) {
        if !self.phone.is_on_hook() || self.ringer.recalled().is_some() {
            return;
        }
        if let Some(call) = self.call_mut(id).filter(|c| c.is_offered()) {
            if call.implied {
                self.server_ended(now, id);
            } else if !call.by_server {
                call.silence(true);
                self.offer_over(now, id);
            }
            return;
        }
        let of_another = id != CallRef::NONE && self.call(self.ringer.call()).is_some();
        if of_another || self.ringer.is_local() {
            return;
        }
        if self.ringer.off_for_ended(now) {
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
        for call in self.calls.iter_mut().filter(|c| c.is_offered()) {
            call.silence(true);
        }
        self.ringer.switch_off(now);
        self.ringer_asks();
    }

    /// An offered call has been ended by the server: without it saying so, a SetRinger off without a reference just before
    /// or after concerned that call, and not the others.
    pub(super) fn offer_ended(&mut self, now: Time) {
        if self.ringer.offer_ended(now) {
            for call in self.calls.iter_mut().filter(|c| c.is_offered()) {
                call.silence(false);
            }
        }
    }

    /// A call is offered no more, or no longer to be announced: the others are.
    pub(super) fn offer_over(&mut self, now: Time, id: CallRef) {
        if self.calls.iter().all(|c| !c.is_offered()) {
            return self.offers_gone();
        }
        if !self.phone.is_on_hook() || self.ringer.recalled().is_some() {
            return;
        }
        if self.ringer.call() == id {
            self.stop_ringing();
        }
        if self.ringer.is_quiet() {
            self.ring_for_what_is_left(now, true);
        }
    }
}
