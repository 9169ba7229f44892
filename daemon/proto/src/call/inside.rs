//! A transfer inside one call reference (CallManager 2 and servers modelled on it): after the transfer key the second
//! party is dialled, rung and talked to under the reference of the first call. What is known of the first party is put
//! aside meanwhile.

use crate::call::entry::{Call, Caller};
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

/// The first party of such a transfer.
#[derive(Clone, Debug)]
pub(super) struct First {
    pub(super) direction: CallDirection,
    pub(super) dialed: String,
    pub(super) caller: Option<Caller>,
    pub(super) connected: Option<Time>,
}

impl Call {
    /// The second party is dialled under this reference.
    fn ask_inside(&mut self) {
        let first = First {
            direction: self.direction,
            dialed: std::mem::take(&mut self.dialed),
            caller: self.caller.take(),
            connected: self.connected.take(),
        };
        self.first = Some(first);
        self.direction = CallDirection::Outgoing;
        self.state = CallState::Dialing;
    }

    /// It is about the first party again, held.
    fn back_to_first(&mut self) {
        let Some(first) = self.first.take() else {
            return;
        };
        self.direction = first.direction;
        self.dialed = first.dialed;
        self.caller = first.caller;
        self.connected = first.connected;
        self.failure = None;
        self.hold();
    }

    /// What became of the first party when it ends while the second one is asked.
    pub(super) fn end_for_first(cause: EndCause) -> EndCause {
        match cause {
            EndCause::Busy
            | EndCause::Congestion
            | EndCause::NoDigits
            | EndCause::Refused
            | EndCause::NotAnswered => EndCause::FarHangUp,
            other => other,
        }
    }
}

impl Port {
    /// A dial tone for the first call of a transfer, or for none: the server opens no second one. True: so it is.
    pub(super) fn asked_inside(&mut self, id: CallRef) -> bool {
        let Some(origin) = self.transfer.begun() else {
            return false;
        };
        if id != origin && id != CallRef::NONE || self.call(origin).is_none() {
            return false;
        }
        self.transfer.new_call(origin);
        if let Some(call) = self.call_mut(origin) {
            call.ask_inside();
        }
        self.make_active(origin);
        true
    }

    /// The second party is asked under this reference.
    pub(super) fn is_inside(&self, id: CallRef) -> bool {
        self.transfer.is_inside(id)
    }

    /// The server has opened a second call for the transfer after all, or there is no second party any more.
    pub(super) fn inside_over(&mut self, id: CallRef) {
        if let Some(call) = self.call_mut(id) {
            call.back_to_first();
        }
        self.calls.leave(id);
    }

    /// A transfer that has dial tone under the reference of its first call, and no digit yet.
    pub(super) fn empty_inside(&self) -> Option<CallRef> {
        let (origin, _) = self.transfer.pair()?;
        let call = self.call(origin)?;
        (self.is_inside(origin) && call.dialed.is_empty()).then_some(origin)
    }

    /// CallState Connected while the second party is asked, and nobody has been dialled: the server gives the first one back.
    pub(super) fn given_back(&mut self, id: CallRef) {
        if self.empty_inside() == Some(id) {
            self.transfer.abandon();
            self.inside_over(id);
            self.calls.set_active(id);
        }
    }

    /// Media comes for the second party once it is dialled: it is under way.
    pub(super) fn media_inside(&mut self, id: CallRef) {
        if self.is_inside(id)
            && let Some(call) = self.call_mut(id)
            && call.state == CallState::Dialing
            && !call.dialed.is_empty()
        {
            call.proceed(CallState::Proceeding);
        }
    }
}
