//! What the server knows of this phone's hook, and what it still has to hear.
//!
//! Owns: whether there is a registration, what came with it (forwards, soft keys), which hook messages have been sent in it, and what could not be sent while it
//! was away. Leaves to others: which call is meant.

use std::collections::VecDeque;

use crate::call::calls::MOST_CALLS;
use crate::call::record::Forwards;
use crate::call::soft_keys::SoftKeys;
use crate::types::CallRef;

/// What it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerOutput {
    /// OffHook for a call that is to begin.
    NewCall,
    /// OffHook for this call.
    OffHook(CallRef),
    /// OnHook for this call.
    OnHook(CallRef),
    /// The EndCall key: OnHook alone would leave a held call held.
    EndCall(CallRef),
}

/// The server as one port sees it.
#[derive(Debug)]
pub(super) struct Server {
    /// The version of its protocol, while the port is registered.
    version: Option<u8>,
    /// No server has heard yet that this port is on-hook.
    never_registered: bool,
    /// It asked for HookFlash: it is chan-sccp or the like (seen on chan-sccp).
    hook_flash_wanted: bool,
    /// It has heard that the phone is off-hook, and not yet that it is on-hook.
    said_off_hook: bool,
    /// The last call that was active since the phone was lifted.
    last_active: CallRef,
    /// Where it forwards the line's calls.
    forwards: Forwards,
    /// The events of its soft keys.
    soft_keys: SoftKeys,
    /// For a server that has lost us and may still believe in a call (seen on chan_skinny).
    owed: VecDeque<ServerOutput>,
    unanswered: u32,
    silences: u64,
    lifted_unregistered: u64,
    out: VecDeque<ServerOutput>,
}

impl Server {
    /// Not registered yet.
    pub(super) fn new() -> Server {
        Server {
            version: None,
            never_registered: true,
            hook_flash_wanted: false,
            said_off_hook: false,
            last_active: CallRef::NONE,
            forwards: Forwards::default(),
            soft_keys: SoftKeys::default(),
            owed: VecDeque::new(),
            unanswered: 0,
            silences: 0,
            lifted_unregistered: 0,
            out: VecDeque::new(),
        }
    }

    pub(super) fn poll(&mut self) -> Option<ServerOutput> {
        self.out.pop_front()
    }

    /// Registered.
    pub(super) fn up(&mut self, version: u8, on_hook: bool) {
        self.version = Some(version);
        // chan_skinny keeps the calls of a gateway that died, and would take this port for busy until somebody has
        // lifted and hung up here. What this process knows of the calls is in `owed`.
        if std::mem::take(&mut self.never_registered) && on_hook {
            self.out.push_back(ServerOutput::OnHook(CallRef::NONE));
        }
        // chan_skinny kept those calls; a server that did not takes no notice.
        self.out.append(&mut self.owed);
    }

    /// Not registered any more. False: it was not before.
    pub(super) fn down(&mut self) -> bool {
        self.unanswered = 0;
        self.hook_flash_wanted = false;
        self.said_off_hook = false;
        self.forwards = Forwards::default();
        self.soft_keys = SoftKeys::default();
        self.version.take().is_some()
    }

    /// Where it forwards the line's calls.
    pub(super) fn forwards(&self) -> &Forwards {
        &self.forwards
    }

    /// It forwards them there now.
    pub(super) fn set_forwards(&mut self, forwards: Forwards) {
        self.forwards = forwards;
    }

    /// Its soft keys.
    pub(super) fn soft_keys(&mut self) -> &mut SoftKeys {
        &mut self.soft_keys
    }

    pub(super) fn is_up(&self) -> bool {
        self.version.is_some()
    }

    pub(super) fn version(&self) -> Option<u8> {
        self.version
    }

    /// SetHookFlashDetect.
    pub(super) fn want_hook_flash(&mut self) {
        self.hook_flash_wanted = true;
    }

    pub(super) fn wants_hook_flash(&self) -> bool {
        self.hook_flash_wanted
    }

    /// OffHook for a new call.
    pub(super) fn ask_new_call(&mut self) {
        self.said_off_hook = true;
        self.out.push_back(ServerOutput::NewCall);
    }

    /// OffHook for a call that there is.
    pub(super) fn say_off_hook(&mut self, call: CallRef) {
        self.said_off_hook = true;
        self.out.push_back(ServerOutput::OffHook(call));
    }

    pub(super) fn say_on_hook(&mut self, call: CallRef) {
        self.said_off_hook = false;
        self.out.push_back(ServerOutput::OnHook(call));
    }

    /// The phone is lifted, and no call has been active since.
    pub(super) fn lifted(&mut self) {
        self.last_active = CallRef::NONE;
        self.lifted_unregistered += u64::from(!self.is_up());
    }

    /// Times that the phone was lifted without a registration.
    pub(super) fn lifted_unregistered(&self) -> u64 {
        self.lifted_unregistered
    }

    /// The server has a call for the lifted phone, or is asked for one.
    pub(super) fn active(&mut self, call: CallRef) {
        self.last_active = call;
        self.said_off_hook = true;
    }

    /// The active call has this reference from now on.
    pub(super) fn renamed(&mut self, call: CallRef) {
        self.last_active = call;
    }

    /// This call is not the one that OnHook will be about.
    pub(super) fn forget(&mut self, call: CallRef) {
        if self.last_active == call {
            self.last_active = CallRef::NONE;
        }
    }

    /// The phone that the server believes to be off-hook is not in a call any more.
    pub(super) fn leave_last(&mut self) {
        if self.said_off_hook && self.is_up() {
            self.say_on_hook(self.last_active);
        }
    }

    /// chan_skinny keeps a held call when it hears OnHook and needs to hear it; chan-sccp would end it.
    pub(super) fn leave_held(&mut self, call: CallRef) {
        if !self.hook_flash_wanted && self.said_off_hook && self.is_up() {
            self.say_on_hook(call);
        }
    }

    /// OnHook for the last call, for the sake of a new one.
    pub(super) fn change_calls(&mut self) {
        self.say_on_hook(self.last_active);
        self.last_active = CallRef::NONE;
    }

    /// The phone is on-hook, and the server has heard what it had to.
    pub(super) fn hung_up(&mut self) {
        self.said_off_hook = false;
        self.last_active = CallRef::NONE;
    }

    /// A server that still believes in this call hears that it is over, now or when it is back.
    pub(super) fn no_longer_wanted(&mut self, call: CallRef) {
        if self.is_up() {
            self.say_on_hook(call);
        } else if call != CallRef::NONE {
            self.owe(ServerOutput::OnHook(call));
        }
    }

    /// To be said at the next registration.
    pub(super) fn owe(&mut self, output: ServerOutput) {
        self.owed.push_back(output);
        if self.owed.len() > MOST_CALLS {
            self.owed.pop_front();
        }
    }

    /// It spoke of a call.
    pub(super) fn spoke(&mut self) {
        self.unanswered = 0;
    }

    /// It said nothing to a lift, an answer or a flash.
    pub(super) fn was_silent(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.silences += 1;
    }

    /// Times in a row that it was silent, and times at all.
    pub(super) fn silences(&self) -> (u32, u64) {
        (self.unanswered, self.silences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CallRef = CallRef(1);

    fn seen(server: &mut Server) -> Vec<ServerOutput> {
        std::iter::from_fn(|| server.poll()).collect()
    }

    fn registered() -> Server {
        let mut server = Server::new();
        server.up(3, true);
        seen(&mut server);
        server
    }

    #[test]
    fn only_the_first_registration_says_on_hook_and_only_of_a_phone_that_is() {
        for (on_hook, said) in [
            (true, vec![ServerOutput::OnHook(CallRef::NONE)]),
            (false, vec![]),
        ] {
            let mut server = Server::new();
            server.up(3, on_hook);
            assert_eq!(seen(&mut server), said);
            assert!(server.down() && !server.down());
            server.up(17, true);
            assert_eq!((seen(&mut server), server.version()), (vec![], Some(17)));
        }
    }

    #[test]
    fn what_it_missed_it_hears_in_order_when_it_is_back_and_not_without_end() {
        let mut server = registered();
        server.no_longer_wanted(A);
        assert_eq!(seen(&mut server), [ServerOutput::OnHook(A)]);
        server.down();
        server.no_longer_wanted(CallRef::NONE);
        server.no_longer_wanted(A);
        server.owe(ServerOutput::EndCall(CallRef(2)));
        server.up(3, true);
        let owed = [ServerOutput::OnHook(A), ServerOutput::EndCall(CallRef(2))];
        assert_eq!(seen(&mut server), owed);
        server.down();
        for id in 0..20 {
            server.owe(ServerOutput::OnHook(CallRef(id)));
        }
        server.up(3, true);
        assert_eq!(seen(&mut server).len(), MOST_CALLS);
    }

    #[test]
    fn on_hook_is_said_once_and_about_the_last_active_call() {
        let mut server = registered();
        server.leave_last();
        assert_eq!(seen(&mut server), [], "it never heard of a lift");
        server.lifted();
        server.ask_new_call();
        server.active(A);
        server.leave_last();
        server.leave_last();
        let said = [ServerOutput::NewCall, ServerOutput::OnHook(A)];
        assert_eq!(seen(&mut server), said);
        server.active(A);
        server.forget(A);
        server.leave_last();
        assert_eq!(seen(&mut server), [ServerOutput::OnHook(CallRef::NONE)]);
        server.active(A);
        server.change_calls();
        server.ask_new_call();
        server.hung_up();
        server.leave_last();
        let said = [ServerOutput::OnHook(A), ServerOutput::NewCall];
        assert_eq!(seen(&mut server), said);
    }

    #[test]
    fn a_held_call_is_left_by_on_hook_unless_that_would_end_it() {
        for (hook_flash, said) in [(false, vec![ServerOutput::OnHook(A)]), (true, vec![])] {
            let mut server = registered();
            if hook_flash {
                server.want_hook_flash();
            }
            server.active(A);
            server.leave_held(A);
            assert_eq!(seen(&mut server), said);
            server.down();
            assert!(!server.wants_hook_flash());
        }
    }

    #[test]
    fn silences_are_counted_in_a_row_and_altogether() {
        let mut server = registered();
        server.was_silent();
        server.was_silent();
        assert_eq!(server.silences(), (2, 2));
        server.spoke();
        server.was_silent();
        assert_eq!(server.silences(), (1, 3));
        server.down();
        assert_eq!(server.silences(), (0, 3));
        server.lifted();
        assert_eq!(server.lifted_unregistered(), 1);
    }
}
