//! The calls of one port: those it has, which of them the phone is in, and those it only hears of.
//!
//! Owns: the list, the active call and the one that is about to be, and what is kept of calls that are at another phone
//! (`elsewhere`), not named yet (`implied`) or without their server (`preserved`). What a call means is decided elsewhere.

use crate::call::elsewhere::Elsewhere;
use crate::call::entry::Call;
use crate::call::implied::Implied;
use crate::call::preserved::Preserved;
use crate::types::{CallDirection, CallRef, CallState};

/// No server seen gives an analog port more than three; a confused one shall not fill the memory.
pub(super) const MOST_CALLS: usize = 8;

/// The calls of one port.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    active: Option<CallRef>,
    /// The call that was answered or resumed and is about to be the active one.
    expecting: Option<CallRef>,
    elsewhere: Elsewhere,
    implied: Implied,
    preserved: Preserved,
    incoming: u64,
    outgoing: u64,
    unknown: u64,
}

impl Calls {
    /// The calls of the line that this port has no part in.
    pub(super) fn elsewhere(&mut self) -> &mut Elsewhere {
        &mut self.elsewhere
    }

    /// What is known of calls without a CallState.
    pub(super) fn implied(&mut self) -> &mut Implied {
        &mut self.implied
    }

    /// The watch over a call that has lost its server.
    pub(super) fn preserved(&mut self) -> &mut Preserved {
        &mut self.preserved
    }

    /// When there is something to do for a preserved call, for implied ones, and for those elsewhere.
    pub(super) fn due(&self) -> [Option<crate::time::Time>; 3] {
        [
            self.preserved.due(),
            self.implied.due(),
            self.elsewhere.due(),
        ]
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Call> {
        self.list.iter_mut()
    }

    pub(super) fn get(&self, id: CallRef) -> Option<&Call> {
        self.list.iter().find(|c| c.id == id)
    }

    pub(super) fn get_mut(&mut self, id: CallRef) -> Option<&mut Call> {
        self.list.iter_mut().find(|c| c.id == id)
    }

    /// The oldest call in this state.
    pub(super) fn in_state(&self, state: CallState) -> Option<CallRef> {
        self.list.iter().find(|c| c.state == state).map(|c| c.id)
    }

    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST_CALLS
    }

    /// Calls that this phone has to do with.
    pub(super) fn own(&self) -> usize {
        let own = |c: &&Call| c.state != CallState::InUseElsewhere;
        self.list.iter().filter(own).count()
    }

    /// The line is in use, and not by this phone.
    pub(super) fn in_use_elsewhere(&self) -> bool {
        !self.elsewhere.is_empty() || self.in_state(CallState::InUseElsewhere).is_some()
    }

    /// A new call, counted.
    pub(super) fn enter(&mut self, call: Call) {
        match call.direction {
            CallDirection::Incoming => self.incoming += 1,
            CallDirection::Outgoing => self.outgoing += 1,
        }
        self.list.push(call);
    }

    /// Takes a call off the list.
    pub(super) fn remove(&mut self, id: CallRef) -> Option<Call> {
        let place = self.list.iter().position(|c| c.id == id)?;
        self.active = self.active.filter(|&active| active != id);
        self.expecting = self.expecting.filter(|&expecting| expecting != id);
        Some(self.list.remove(place))
    }

    /// A call has another reference from now on.
    pub(super) fn rename(&mut self, from: CallRef, to: CallRef) {
        if let Some(call) = self.get_mut(from) {
            call.rename(to);
        }
        for place in [&mut self.active, &mut self.expecting] {
            if *place == Some(from) {
                *place = Some(to);
            }
        }
    }

    /// The call that the phone is in.
    pub(super) fn active(&self) -> Option<CallRef> {
        self.active
    }

    pub(super) fn active_call(&self) -> Option<&Call> {
        self.active.and_then(|id| self.get(id))
    }

    pub(super) fn active_call_mut(&mut self) -> Option<&mut Call> {
        self.active.and_then(|id| self.get_mut(id))
    }

    pub(super) fn expecting(&self) -> Option<CallRef> {
        self.expecting
    }

    /// The phone is in this call, or is about to be.
    pub(super) fn is_mine(&self, id: CallRef) -> bool {
        self.active == Some(id) || self.expecting == Some(id)
    }

    /// The phone is in a call, or is about to be.
    pub(super) fn is_occupied(&self) -> bool {
        self.active.is_some() || self.expecting.is_some()
    }

    pub(super) fn set_active(&mut self, id: CallRef) {
        self.active = Some(id);
        self.expecting = None;
    }

    /// This call was answered or asked back.
    pub(super) fn expect(&mut self, id: CallRef) {
        self.expecting = Some(id);
    }

    pub(super) fn stop_expecting(&mut self) {
        self.expecting = None;
    }

    /// The phone is in this call no more. True: it was.
    pub(super) fn leave(&mut self, id: CallRef) -> bool {
        self.active.take_if(|active| *active == id).is_some()
    }

    /// The phone is in no call, nor about to be.
    pub(super) fn leave_all(&mut self) {
        self.active = None;
        self.expecting = None;
    }

    /// The server spoke of a call that it has not announced.
    pub(super) fn count_unknown(&mut self) {
        self.unknown += 1;
    }

    /// Incoming, outgoing and unknown calls so far; preserved ones, and those of them that fell silent.
    pub(super) fn counted(&self) -> [u64; 5] {
        let (preserved, silent) = self.preserved.counted();
        [
            self.incoming,
            self.outgoing,
            self.unknown,
            preserved,
            silent,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn calls(states: &[CallState]) -> Calls {
        let mut calls = Calls::default();
        for (id, &state) in (1..).zip(states) {
            let direction = CallDirection::Incoming;
            calls.enter(Call::new(CallRef(id), direction, state, Time::ZERO));
        }
        calls
    }

    #[test]
    fn the_phone_is_in_one_call_and_about_to_be_in_one() {
        let mut calls = calls(&[CallState::Connected, CallState::Answering]);
        assert!(!calls.is_occupied());
        calls.set_active(CallRef(1));
        calls.expect(CallRef(2));
        assert!(calls.is_mine(CallRef(1)) && calls.is_mine(CallRef(2)));
        assert!(!calls.leave(CallRef(2)), "it is only expected");
        assert!(calls.leave(CallRef(1)) && calls.is_occupied());
        calls.set_active(CallRef(2));
        assert_eq!(
            (calls.active(), calls.expecting()),
            (Some(CallRef(2)), None)
        );
        calls.expect(CallRef(1));
        calls.stop_expecting();
        assert!(!calls.is_mine(CallRef(1)));
        calls.leave_all();
        assert!(!calls.is_occupied());
    }

    #[test]
    fn a_call_that_is_removed_is_nobodys() {
        let mut calls = calls(&[CallState::Connected, CallState::Held]);
        calls.set_active(CallRef(1));
        calls.expect(CallRef(2));
        assert_eq!(calls.remove(CallRef(1)).map(|c| c.id), Some(CallRef(1)));
        assert_eq!(
            (calls.active(), calls.expecting()),
            (None, Some(CallRef(2)))
        );
        assert!(calls.remove(CallRef(2)).is_some() && !calls.is_occupied());
        assert!(calls.remove(CallRef(2)).is_none());
        assert_eq!(calls.counted(), [2, 0, 0, 0, 0]);
    }

    #[test]
    fn a_call_keeps_its_place_under_another_reference() {
        let mut calls = calls(&[CallState::Connected]);
        calls.set_active(CallRef(1));
        calls.rename(CallRef(1), CallRef(9));
        assert_eq!(calls.active_call().map(|c| c.id), Some(CallRef(9)));
        assert!(calls.get(CallRef(1)).is_none());
    }

    #[test]
    fn a_call_at_another_phone_is_not_its_own() {
        let mut calls = calls(&[CallState::Held, CallState::InUseElsewhere]);
        assert_eq!((calls.own(), calls.in_use_elsewhere()), (1, true));
        calls.remove(CallRef(2));
        assert!(!calls.in_use_elsewhere());
        calls.elsewhere().note(CallRef(7), true);
        assert!(calls.in_use_elsewhere());
        assert_eq!(calls.in_state(CallState::Held), Some(CallRef(1)));
    }
}
