//! What a flash means: call waiting, hold and resume, swap, transfer.
//!
//! Everything goes by soft keys, which both open servers take (HookFlash is ignored by chan_skinny).
//!
//! | the phone has | a flash |
//! | --- | --- |
//! | a call that has lost its CallManager | nothing, whatever else there is |
//! | a talking call, another waiting | holds the first, answers the second |
//! | a talking call, another held | swaps them |
//! | a second call of a transfer or conference, rung or talking | joins the two |
//! | a second call of a transfer, not (yet) through | ends it, goes back to the first |
//! | a talking call only | does what `PortConfig::flash` says |
//! | no talking call, one waiting or held | takes it |

use crate::call::port::Port;
use crate::call::progress::is_under_way;
use crate::call::supervision::Set;
use crate::call::transfer::{TransferOutput, Way};
use crate::sccp::message::{CallOnLine, ClientMessage, SoftKey};
use crate::time::Time;
use crate::types::{CallRef, CallState, FlashAction};

impl Port {
    /// A flash.
    pub(super) fn flash(&mut self, now: Time) {
        let used = self.use_flash(now);
        self.line.count_flash(used);
    }

    fn use_flash(&mut self, now: Time) -> bool {
        if self.cfg.flash == FlashAction::Ignore
            || !self.server.is_up()
            || self.calls.expecting().is_some()
        {
            return false;
        }
        match self.phone.state() {
            Set::OnHook | Set::Lifted | Set::LoopOpened => false,
            Set::Calls | Set::ErrorTone | Set::Howling | Set::Lockout => {
                match self
                    .calls
                    .active()
                    .and_then(|id| Some((id, self.state_of(id)?)))
                {
                    Some((id, state)) => self.flash_in_call(now, id, state),
                    None => self.take_other(now),
                }
            }
        }
    }

    fn flash_in_call(&mut self, now: Time, id: CallRef, state: CallState) -> bool {
        // It cannot be held, for nobody has it: a call that waits rings once this one is hung up.
        if state == CallState::Preserved {
            return false;
        }
        let talking = state == CallState::Connected;
        if let Some(waiting) = self.in_state(CallState::Waiting) {
            if self.is_inside(id) {
                self.transfer.abandon();
                self.inside_over(id);
            } else {
                self.leave_for(id, state);
            }
            // chan-sccp holds the active call by itself, chan_skinny drops it.
            if talking && !self.server.wants_hook_flash() {
                self.soft_key(SoftKey::HOLD, id);
            }
            self.answer_waiting(now, waiting);
            return true;
        }
        if self.cfg.flash == FlashAction::Send {
            let line = self.cfg.line;
            self.send(ClientMessage::HookFlash(CallOnLine { line, call: id }));
            return true;
        }
        if let Some((origin, consult)) = self.transfer.pair()
            && consult == id
        {
            if self.transfer.was_asked_in(state) {
                return false;
            }
            if is_under_way(state) {
                self.join(now, state);
            } else if origin == consult {
                self.transfer.abandon();
                self.inside_over(origin);
                self.resume(now, origin);
            } else {
                self.transfer.abandon();
                self.leave_for(id, state);
                self.resume(now, origin);
            }
            return true;
        }
        if let Some(held) = self.in_state(CallState::Held) {
            self.leave_for(id, state);
            if talking {
                self.soft_key(SoftKey::HOLD, id);
            }
            self.resume(now, held);
            return true;
        }
        if !talking {
            return false;
        }
        match self.cfg.flash {
            FlashAction::Transfer => self.begin(now, Way::Transfer, id),
            FlashAction::Conference => self.begin(now, Way::Conference, id),
            FlashAction::Hold => {
                self.soft_key(SoftKey::HOLD, id);
                true
            }
            FlashAction::Send | FlashAction::Ignore => false,
        }
    }

    fn begin(&mut self, now: Time, way: Way, id: CallRef) -> bool {
        self.transfer.begin(way, id);
        self.transfer_asks(now);
        true
    }

    /// Asks for the two calls of a transfer to be joined.
    pub(super) fn join(&mut self, now: Time, state: CallState) {
        self.transfer.join(now, state);
        self.transfer_asks(now);
    }

    /// Does what the transfer asks for.
    pub(super) fn transfer_asks(&mut self, now: Time) {
        while let Some(output) = self.transfer.poll() {
            match output {
                TransferOutput::Key(Way::Transfer, id) => self.soft_key(SoftKey::TRANSFER, id),
                TransferOutput::Key(Way::Conference, id) => {
                    self.soft_key(SoftKey::CONFERENCE, id);
                }
                TransferOutput::OnHook(id) => self.say_on_hook(id),
                TransferOutput::NotJoined { origin, consult } => {
                    self.not_joined(now, origin, consult);
                }
            }
        }
    }

    /// No call is talked on: take the one that waits, or the one that is held.
    fn take_other(&mut self, now: Time) -> bool {
        if let Some(waiting) = self.in_state(CallState::Waiting) {
            self.answer_waiting(now, waiting);
        } else if let Some(held) = self.in_state(CallState::Held) {
            self.resume(now, held);
        } else {
            return false;
        }
        true
    }

    /// Gives up a call that is not talked on, for another. A talking one is held by the caller of this.
    fn leave_for(&mut self, id: CallRef, state: CallState) {
        match state {
            CallState::Connected
            | CallState::InUseElsewhere
            | CallState::Preserved
            | CallState::Ended => {}
            CallState::Ringing
            | CallState::Waiting
            | CallState::Answering
            | CallState::Dialing
            | CallState::Proceeding
            | CallState::RingingOut
            | CallState::Held
            | CallState::Busy
            | CallState::Failed => self.soft_key(SoftKey::END_CALL, id),
        }
    }

    fn answer_waiting(&mut self, now: Time, id: CallRef) {
        self.tones.stop_announcing();
        if let Some(call) = self.call_mut(id)
            && call.take_by_server()
        {
            call.connect(now);
            self.stop_tone();
            return self.make_active(id);
        }
        self.soft_key(SoftKey::ANSWER, id);
        if let Some(call) = self.call_mut(id) {
            call.answer();
        }
        self.expect(now, id);
    }

    /// Asks for a held call back.
    pub(super) fn resume(&mut self, now: Time, id: CallRef) {
        self.soft_key(SoftKey::RESUME, id);
        self.expect(now, id);
    }

    fn expect(&mut self, now: Time, id: CallRef) {
        self.calls.expect(id);
        if let Some(call) = self.call_mut(id) {
            call.want();
        }
        self.server.active(id);
        self.phone.ask(now);
        self.stop_tone();
    }

    /// CallState Hold or Transfer.
    pub(super) fn server_held(&mut self, id: CallRef) {
        let Some(call) = self.call_mut(id) else {
            self.calls.count_unknown();
            return;
        };
        match call.state {
            CallState::Connected
            | CallState::Answering
            | CallState::Proceeding
            | CallState::RingingOut
            | CallState::Preserved => {
                call.hold();
            }
            CallState::Ringing
            | CallState::Waiting
            | CallState::Dialing
            | CallState::Held
            | CallState::Busy
            | CallState::Failed
            | CallState::InUseElsewhere
            | CallState::Ended => return,
        }
        if self.calls.leave(id) {
            self.stop_tone();
        }
    }

    /// A call that may be part of the transfer is over.
    pub(super) fn transfer_lost(&mut self, id: CallRef) {
        let calls = &self.calls;
        let there = |id| calls.get(id).is_some();
        self.transfer.call_over(id, there);
    }

    /// The time for joining two calls is over. If they still are there, the next flash, or hanging up, asks again.
    fn not_joined(&mut self, now: Time, origin: CallRef, consult: CallRef) {
        let both = self.call(origin).is_some() && self.call(consult).is_some();
        let on_hook = self.phone.is_on_hook();
        if on_hook || !both {
            self.transfer.abandon();
        }
        if on_hook && let Some(id) = self.in_state(CallState::Held) {
            self.recall(now, id);
        }
    }
}
