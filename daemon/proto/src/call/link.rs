//! The CallManager lost and found again: talking calls go on until they are hung up.

use crate::call::calls::MOST_CALLS;
use crate::call::contract::MediaOutput;
use crate::call::deadlines::Deadline;
use crate::call::port::{Owed, Port};
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::{CallOnLine, ClientMessage, SoftKey, Tone};
use crate::time::Time;
use crate::types::{CallRef, CallState};

impl Port {
    /// Registered.
    pub(super) fn station_up(&mut self, version: u8) {
        self.station = Some(version);
        let line = self.cfg.line;
        // chan_skinny keeps the calls of a gateway that died, and would take this port for busy until somebody has
        // lifted and hung up here. What this process knows of the calls is in `owed`.
        if std::mem::take(&mut self.never_registered) && self.set.is_on_hook() {
            let call = CallRef::NONE;
            self.send(ClientMessage::OnHook(CallOnLine { line, call }));
        }
        // chan_skinny kept those calls; a server that did not takes no notice.
        for owed in std::mem::take(&mut self.owed) {
            match owed {
                Owed::OnHook(call) => self.send(ClientMessage::OnHook(CallOnLine { line, call })),
                Owed::EndCall(call) => self.soft_key(SoftKey::END_CALL, call),
            }
        }
    }

    /// To be said at the next registration.
    pub(super) fn owe(&mut self, owed: Owed) {
        self.owed.push(owed);
        if self.owed.len() > MOST_CALLS {
            self.owed.remove(0);
        }
    }

    /// Not registered any more.
    pub(super) fn station_down(&mut self, now: Time) {
        if self.station.take().is_none() {
            return;
        }
        self.unanswered = 0;
        self.hook_flash_wanted = false;
        self.said_off_hook = false;
        self.transfer = None;
        if let Some(id) = self.on_hook_after_join.take() {
            self.owe(Owed::OnHook(id));
        }
        self.digits.forget_early();
        self.elsewhere.clear();
        self.early_infos.clear();
        self.deadlines.disarm(Deadline::MediaGone);
        self.deadlines.disarm(Deadline::Orphan);
        let kept = self.active.filter(|&id| {
            let talking = matches!(
                self.state_of(id),
                Some(CallState::Connected | CallState::Preserved)
            );
            talking && self.set.state() == Set::Calls && self.legs.audible(id).is_some()
        });
        let lost: Vec<CallRef> = self
            .calls
            .iter()
            .map(|c| c.id)
            .filter(|&id| Some(id) != kept)
            .collect();
        for id in lost {
            match self.state_of(id) {
                // Nobody waits for an answer to these: the server ends them itself.
                None
                | Some(CallState::Ringing | CallState::Waiting | CallState::InUseElsewhere) => {}
                Some(CallState::Held) => self.owe(Owed::EndCall(id)),
                Some(_) => self.owe(Owed::OnHook(id)),
            }
            self.remove_call(now, id, EndCause::LinkLost);
        }
        self.close_legs_except(kept);
        self.offers_gone();
        self.stop_ringing();
        self.expecting = None;
        if let Some(call) = kept.and_then(|id| self.call_mut(id)) {
            call.state = CallState::Preserved;
            self.counters.preserved += 1;
            self.watch_preserved(now);
        } else if self.set.is_served() {
            self.supervise(now, Some(Tone::REORDER));
        }
    }

    /// A server that still believes in this call hears that it is over, now or when it is back.
    pub(super) fn no_longer_wanted(&mut self, id: CallRef) {
        if self.station.is_some() {
            self.say_on_hook(id);
        } else if id != CallRef::NONE {
            self.owe(Owed::OnHook(id));
        }
    }

    /// A new server uses the number of a call that outlived the old one: ours has none from now on.
    pub(super) fn forget_reference(&mut self, id: CallRef) {
        if let Some(call) = self.call_mut(id) {
            call.id = CallRef::NONE;
        }
        self.legs.rename_owner(id, CallRef::NONE);
        self.tell_media(MediaOutput::Disown { call: id });
        for place in [&mut self.active, &mut self.expecting] {
            if *place == Some(id) {
                *place = Some(CallRef::NONE);
            }
        }
        if self.last_active == id {
            self.last_active = CallRef::NONE;
        }
    }
}
