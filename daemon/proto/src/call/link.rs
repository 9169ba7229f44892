//! The CallManager lost and found again: talking calls go on until they are hung up.

use crate::call::contract::MediaOutput;
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::server::ServerOutput;
use crate::call::supervision::Set;
use crate::sccp::message::{CallOnLine, ClientMessage, SoftKey, Tone};
use crate::time::Time;
use crate::types::{CallRef, CallState, LineInstance};

impl Port {
    /// Registered.
    pub(super) fn station_up(&mut self, version: u8) {
        let on_hook = self.phone.is_on_hook();
        self.server.up(version, on_hook);
        self.server_asks();
    }

    /// Does what the server is to hear.
    pub(super) fn server_asks(&mut self) {
        let line = self.cfg.line;
        while let Some(output) = self.server.poll() {
            match output {
                // Line and reference 0: wazo takes a line number for an answer (wazo-libsccp's source).
                ServerOutput::NewCall => self.send(ClientMessage::OffHook(CallOnLine {
                    line: LineInstance(0),
                    call: CallRef::NONE,
                })),
                ServerOutput::OffHook(call) => {
                    self.send(ClientMessage::OffHook(CallOnLine { line, call }));
                }
                ServerOutput::OnHook(call) => {
                    self.send(ClientMessage::OnHook(CallOnLine { line, call }));
                }
                ServerOutput::EndCall(call) => self.soft_key(SoftKey::END_CALL, call),
            }
        }
    }

    pub(super) fn say_on_hook(&mut self, call: CallRef) {
        self.server.say_on_hook(call);
        self.server_asks();
    }

    /// Not registered any more.
    pub(super) fn station_down(&mut self, now: Time) {
        if !self.server.down() {
            return;
        }
        self.transfer.abandon();
        if let Some(id) = self.transfer.take_on_hook() {
            self.server.owe(ServerOutput::OnHook(id));
        }
        self.digits.forget_early();
        self.calls.elsewhere().clear();
        self.calls.implied().clear();
        let kept = self.calls.active().filter(|&id| {
            let talking = matches!(
                self.state_of(id),
                Some(CallState::Connected | CallState::Preserved)
            );
            talking && self.phone.state() == Set::Calls && self.legs.audible(id).is_some()
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
                Some(CallState::Held) => self.server.owe(ServerOutput::EndCall(id)),
                Some(_) => self.server.owe(ServerOutput::OnHook(id)),
            }
            self.remove_call(now, id, EndCause::LinkLost);
        }
        self.legs.close_except(kept);
        self.legs_ask();
        self.offers_gone();
        self.stop_ringing();
        self.calls.stop_expecting();
        if let Some(call) = kept.and_then(|id| self.call_mut(id)) {
            call.preserve();
            self.watch_preserved(now);
        } else if self.phone.is_served() {
            self.supervise(now, Some(Tone::REORDER));
        }
    }

    /// A server that still believes in this call hears that it is over, now or when it is back.
    pub(super) fn no_longer_wanted(&mut self, id: CallRef) {
        self.server.no_longer_wanted(id);
        self.server_asks();
    }

    /// A new server uses the number of a call that outlived the old one: ours has none from now on.
    pub(super) fn forget_reference(&mut self, id: CallRef) {
        self.calls.rename(id, CallRef::NONE);
        self.legs.rename_owner(id, CallRef::NONE);
        self.tell_media(MediaOutput::Disown { call: id });
        self.server.forget(id);
    }
}
