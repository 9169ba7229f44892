//! A transfer, one call that is to be passed on to another, or a conference, in which the phone stays with both.
//!
//! | state | means |
//! | --- | --- |
//! | begun | the key is pressed in the first call; the server opens the second one |
//! | consulting | the second call has a name, or dial tone under the name of the first |
//! | joining | the server was asked to join the two, and has a second to do so |
//!
//! A phone that hangs up to join two calls is on-hook, but the server hears of it after that second: chan_skinny frees
//! the calls while it reads OnHook, and was seen to crash.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;
use crate::types::{CallRef, CallState};

/// chan_skinny and chan-sccp answer a completed transfer within milliseconds.
const JOINED_WITHIN: Duration = Duration::from_secs(1);

/// What becomes of the two calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// The phone leaves them to each other.
    #[default]
    Transfer,
    /// The phone stays with both.
    Conference,
}

/// What a transfer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransferOutput {
    /// Press the key of this way in this call.
    Key(Way, CallRef),
    /// The server has had its time: it hears that the phone is on-hook.
    OnHook(CallRef),
    /// The server has not joined these two; asking again is possible.
    NotJoined { origin: CallRef, consult: CallRef },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    None,
    Begun {
        origin: CallRef,
    },
    Consulting {
        origin: CallRef,
        consult: CallRef,
    },
    Joining {
        origin: CallRef,
        consult: CallRef,
        /// What the second call was when that was asked.
        asked_in: CallState,
        until: Time,
    },
}

/// The transfer of one port.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    state: State,
    way: Way,
    /// OnHook for this call waits until then.
    on_hook: Option<(CallRef, Time)>,
    out: VecDeque<TransferOutput>,
}

impl Transfer {
    pub(super) fn poll(&mut self) -> Option<TransferOutput> {
        self.out.pop_front()
    }

    /// The call that is talked on is to be passed on.
    pub(super) fn begin(&mut self, way: Way, origin: CallRef) {
        self.way = way;
        self.state = State::Begun { origin };
        self.out.push_back(TransferOutput::Key(way, origin));
    }

    /// A new call: the second one, if one is waited for.
    pub(super) fn new_call(&mut self, consult: CallRef) {
        match self.state {
            State::Begun { origin } => self.state = State::Consulting { origin, consult },
            State::Consulting {
                origin,
                consult: inside,
            } if origin == inside => self.state = State::Consulting { origin, consult },
            State::None | State::Consulting { .. } | State::Joining { .. } => {}
        }
    }

    /// Asks for the two to be joined.
    pub(super) fn join(&mut self, now: Time, asked_in: CallState) {
        if let Some((origin, consult)) = self.pair() {
            let until = now + JOINED_WITHIN;
            self.state = State::Joining {
                origin,
                consult,
                asked_in,
                until,
            };
            self.out.push_back(TransferOutput::Key(self.way, consult));
        }
    }

    /// The phone has been hung up to join the two.
    pub(super) fn on_hook_later(&mut self, call: CallRef) {
        if let State::Joining { until, .. } = self.state {
            self.on_hook = Some((call, until));
        }
    }

    /// OnHook waits for nothing any more.
    pub(super) fn on_hook_now(&mut self) {
        if let Some(call) = self.take_on_hook() {
            self.out.push_back(TransferOutput::OnHook(call));
        }
    }

    /// The call for which OnHook waits, which is the caller's to send.
    pub(super) fn take_on_hook(&mut self) -> Option<CallRef> {
        self.on_hook.take().map(|(call, _)| call)
    }

    /// There will be no transfer.
    pub(super) fn abandon(&mut self) {
        self.state = State::None;
    }

    /// A call is over; `there`: is this one still? A transfer that is being joined is over with both of its calls.
    pub(super) fn call_over(&mut self, id: CallRef, there: impl Fn(CallRef) -> bool) {
        let over = match self.state {
            State::None => return,
            State::Begun { origin } => origin == id,
            State::Consulting { origin, consult } => origin == id || consult == id,
            State::Joining {
                origin, consult, ..
            } => !there(origin) && !there(consult),
        };
        if over {
            self.abandon();
        }
    }

    pub(super) fn due(&self) -> Option<Time> {
        let joining = match self.state {
            State::Joining { until, .. } => Some(until),
            _ => None,
        };
        let on_hook = self.on_hook.map(|(_, until)| until);
        joining.into_iter().chain(on_hook).min()
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Time) {
        if self.on_hook.is_some_and(|(_, until)| until <= now) {
            self.on_hook_now();
        }
        if let State::Joining {
            origin,
            consult,
            until,
            ..
        } = self.state
            && until <= now
        {
            // It was too early: a server that cannot reach the second party yet refuses.
            self.state = State::Consulting { origin, consult };
            let not_joined = TransferOutput::NotJoined { origin, consult };
            self.out.push_back(not_joined);
        }
    }

    /// The phone is to stay with both, while there is one.
    pub(super) fn is_conference(&self) -> bool {
        !self.is_none() && self.way == Way::Conference
    }

    pub(super) fn is_none(&self) -> bool {
        self.state == State::None
    }

    /// The second call is yet to come.
    pub(super) fn wants_second_call(&self) -> bool {
        matches!(self.state, State::Begun { .. })
    }

    /// The first call, while the second one is yet to come.
    pub(super) fn begun(&self) -> Option<CallRef> {
        match self.state {
            State::Begun { origin } => Some(origin),
            State::None | State::Consulting { .. } | State::Joining { .. } => None,
        }
    }

    /// The second party has the reference of the first call, which is this.
    pub(super) fn is_inside(&self, id: CallRef) -> bool {
        self.pair() == Some((id, id))
    }

    /// The two calls; twice the same when the second party has the reference of the first.
    pub(super) fn pair(&self) -> Option<(CallRef, CallRef)> {
        match self.state {
            State::None | State::Begun { .. } => None,
            State::Consulting { origin, consult }
            | State::Joining {
                origin, consult, ..
            } => Some((origin, consult)),
        }
    }

    /// The server was asked to join them.
    pub(super) fn is_joining(&self) -> bool {
        matches!(self.state, State::Joining { .. })
    }

    /// This call is one of two that are being joined.
    pub(super) fn joins(&self, id: CallRef) -> bool {
        let joins = |(origin, consult)| origin == id || consult == id;
        self.is_joining() && self.pair().is_some_and(joins)
    }

    /// The server was asked while the second call was in this state.
    pub(super) fn was_asked_in(&self, state: CallState) -> bool {
        matches!(self.state, State::Joining { asked_in, .. } if asked_in == state)
    }

    /// The server has yet to hear that the phone is on-hook.
    pub(super) fn owes_on_hook(&self) -> bool {
        self.on_hook.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CallRef = CallRef(1);
    const B: CallRef = CallRef(2);

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn seen(transfer: &mut Transfer) -> Vec<TransferOutput> {
        std::iter::from_fn(|| transfer.poll()).collect()
    }

    fn consulting() -> Transfer {
        let mut transfer = Transfer::default();
        transfer.begin(Way::Transfer, A);
        transfer.new_call(B);
        seen(&mut transfer);
        transfer
    }

    #[test]
    fn step_by_step_to_the_joined_call() {
        let mut transfer = Transfer::default();
        transfer.new_call(B);
        assert!(transfer.is_none(), "not every call is a second one");
        transfer.begin(Way::Transfer, A);
        assert!(transfer.wants_second_call() && transfer.pair().is_none());
        transfer.join(at(0), CallState::Connected);
        assert!(!transfer.is_joining(), "with whom?");
        transfer.new_call(B);
        transfer.new_call(CallRef(3));
        assert_eq!(transfer.pair(), Some((A, B)));
        transfer.join(at(0), CallState::Connected);
        assert_eq!(
            seen(&mut transfer),
            [
                TransferOutput::Key(Way::Transfer, A),
                TransferOutput::Key(Way::Transfer, B)
            ]
        );
        assert!(transfer.joins(A) && transfer.joins(B) && !transfer.joins(CallRef(3)));
        transfer.call_over(A, |id| id == B);
        assert!(transfer.is_joining(), "the other one ends as well");
        transfer.call_over(B, |_| false);
        assert_eq!((transfer.is_none(), transfer.due()), (true, None));
    }

    #[test]
    fn a_server_that_does_not_join_them_can_be_asked_again() {
        let mut transfer = consulting();
        transfer.join(at(0), CallState::RingingOut);
        assert!(transfer.was_asked_in(CallState::RingingOut));
        assert!(!transfer.was_asked_in(CallState::Connected));
        seen(&mut transfer);
        transfer.handle_timeout(at(999));
        assert_eq!(seen(&mut transfer), []);
        transfer.handle_timeout(at(1_000));
        let not_joined = TransferOutput::NotJoined {
            origin: A,
            consult: B,
        };
        assert_eq!(seen(&mut transfer), [not_joined]);
        assert_eq!((transfer.pair(), transfer.due()), (Some((A, B)), None));
        assert!(!transfer.was_asked_in(CallState::RingingOut));
    }

    #[test]
    fn on_hook_waits_for_the_join_and_is_said_once() {
        let mut transfer = consulting();
        transfer.on_hook_later(B);
        assert!(!transfer.owes_on_hook(), "nothing is being joined");
        transfer.join(at(0), CallState::Connected);
        transfer.on_hook_later(B);
        transfer.call_over(A, |_| false);
        seen(&mut transfer);
        assert_eq!(
            (transfer.is_none(), transfer.due()),
            (true, Some(at(1_000)))
        );
        transfer.handle_timeout(at(1_000));
        transfer.handle_timeout(at(2_000));
        assert_eq!(seen(&mut transfer), [TransferOutput::OnHook(B)]);
        // Lifted before that.
        let mut transfer = consulting();
        transfer.join(at(0), CallState::Connected);
        transfer.on_hook_later(B);
        seen(&mut transfer);
        transfer.on_hook_now();
        assert_eq!(seen(&mut transfer), [TransferOutput::OnHook(B)]);
        assert!(transfer.is_joining() && !transfer.owes_on_hook());
        assert_eq!(transfer.take_on_hook(), None);
    }

    #[test]
    fn a_transfer_ends_with_either_of_its_calls_and_leaves_nothing_due() {
        for id in [A, B] {
            let mut transfer = consulting();
            transfer.call_over(CallRef(3), |_| true);
            assert!(!transfer.is_none());
            transfer.call_over(id, |_| true);
            assert!(transfer.is_none());
        }
        let mut transfer = consulting();
        transfer.join(at(0), CallState::Connected);
        transfer.abandon();
        assert_eq!(transfer.due(), None);
    }
}
