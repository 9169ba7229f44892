//! Hanging up: what the server is sent, and what the phone rings for afterwards.

use crate::call::contract::LineOutput;
use crate::call::entry::Call;
use crate::call::port::Port;
use crate::call::progress::is_under_way;
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::RingMode;
use crate::time::Time;
use crate::types::{CallRef, CallState};

impl Port {
    /// The phone was hung up, or its line is lost.
    pub(super) fn hung_up(&mut self, now: Time, cause: EndCause) {
        if self.phone.is_on_hook() {
            return;
        }
        self.tell_line(LineOutput::EnableDtmf(false));
        self.stop_tone();
        self.tones.stop_announcing();
        let was_lifted = self.phone.state() == Set::Lifted;
        self.phone.hang_up();
        self.digits.forget_early();
        let joining = self.join_on_hang_up(now);
        match self.calls.active().or(self.calls.expecting()) {
            Some(id) if self.state_of(id) == Some(CallState::Held) => self.server.leave_held(id),
            Some(id) if joining => {
                // OnHook at once would race with the join: chan_skinny frees the calls while it reads
                // it, and was seen to crash.
                self.transfer.on_hook_later(id);
                self.remove_call(now, id, EndCause::Transferred);
            }
            Some(id) => self.leave_active(now, id, cause),
            None => match self.in_state(CallState::Held) {
                Some(id) => self.server.leave_held(id),
                None => self.server.leave_last(),
            },
        }
        self.server_asks();
        let owed_a_call = was_lifted || self.transfer.wants_second_call();
        if owed_a_call && self.server.is_up() {
            self.expect_orphan(now);
        }
        self.legs.close_except(None);
        self.legs_ask();
        self.calls.leave_all();
        self.server.hung_up();
        if !joining {
            self.transfer.abandon();
        }
        self.ring_for_what_is_left(now, joining);
    }

    /// Hanging up joins the two calls of a transfer: the key is sent as well, because only some servers
    /// take the hang-up itself for it.
    fn join_on_hang_up(&mut self, now: Time) -> bool {
        let Some((origin, consult)) = self.transfer.pair() else {
            return false;
        };
        // A conference goes on without this phone, or not at all.
        if self.transfer.is_conference() {
            return false;
        }
        let consult = self.call(consult);
        let ready = consult.filter(|c| is_under_way(c.state) && self.calls.active() == Some(c.id));
        let ready = ready.map(|c| c.state);
        // Asked for by a flash; again, when that may have been too early.
        if self.transfer.is_joining() {
            if let Some(state) = ready
                && !self.transfer.was_asked_in(state)
            {
                self.join(now, state);
            }
            return true;
        }
        let held = self.state_of(origin) == Some(CallState::Held) || self.is_inside(origin);
        match ready {
            Some(state) if held && self.cfg.transfer_on_hang_up => {
                self.join(now, state);
                true
            }
            _ => false,
        }
    }

    fn leave_active(&mut self, now: Time, id: CallRef, cause: EndCause) {
        self.no_longer_wanted(id);
        // Who hears reorder or busy hangs up: the call had failed before.
        let failed = self.call(id).filter(|call| !call.was_connected());
        let failure = failed.and_then(|call| call.failure);
        let cause = match (cause, failure) {
            (EndCause::NearHangUp, Some(failure)) => failure,
            _ => cause,
        };
        self.remove_call(now, id, cause);
    }

    /// On-hook with calls: they ring.
    pub(super) fn ring_for_what_is_left(&mut self, now: Time, joining: bool) {
        let rings = |c: &&mut Call| c.is_offered() && !c.silenced;
        let waiting = self.calls.iter_mut().find(rings).map(|call| {
            call.ring_now();
            (call.id, call.ring.unwrap_or(RingMode::INSIDE))
        });
        if let Some((id, mode)) = waiting {
            self.start_ringing(now, mode, id);
        } else if !joining && let Some(id) = self.in_state(CallState::Held) {
            self.recall(now, id);
        }
    }
}
