//! One call, as it is known here. What it means is decided elsewhere.

use crate::call::contract::Presented;
use crate::call::presented::presented;
use crate::call::record::{CallRecord, CallSnapshot, EndCause};
use crate::sccp::message::{CallInfo, RingMode};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

/// Longest number that is kept of what was dialled.
const MOST_DIGITS: usize = 64;

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: CallRef,
    pub(super) direction: CallDirection,
    pub(super) state: CallState,
    pub(super) started: Time,
    pub(super) connected: Option<Time>,
    /// What the set dialled.
    pub(super) dialed: String,
    /// CallInfo has come.
    pub(super) caller: Option<Caller>,
    /// How the server wants it to ring.
    pub(super) ring: Option<RingMode>,
    /// No CallState has named it yet: see `implied`.
    pub(super) implied: bool,
    /// Still offered, but not to be rung for.
    pub(super) silenced: bool,
    /// This port has answered it or asked for it back: from then on it is this port's to end.
    pub(super) wanted: bool,
    /// The server has answered it by itself, and nobody has lifted yet.
    pub(super) by_server: bool,
    /// The server has said that it is at another phone, and does not only act as if it were.
    pub(super) elsewhere_for_sure: bool,
    /// The failure the server named.
    pub(super) failure: Option<EndCause>,
}

/// The far party.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) number: Presented,
    pub(super) name: Presented,
}

impl Caller {
    /// CallInfo comes several times, and not always whole: what a later one leaves out stays, unless it is about
    /// somebody else.
    fn corrected_by(self, new: Caller) -> Caller {
        let differ = |a: &Presented, b: &Presented| matches!((a, b), (Presented::Text(a), Presented::Text(b)) if a != b);
        let no_number = new.number == Presented::Unknown;
        if differ(&self.number, &new.number) || no_number && differ(&self.name, &new.name) {
            return new;
        }
        let better = |old, new| match (&old, &new) {
            (Presented::Text(_), Presented::Unknown) => old,
            _ => new,
        };
        Caller {
            number: better(self.number, new.number),
            name: better(self.name, new.name),
        }
    }
}

impl Call {
    pub(super) fn new(id: CallRef, direction: CallDirection, state: CallState, now: Time) -> Call {
        Call {
            id,
            direction,
            state,
            started: now,
            connected: None,
            dialed: String::new(),
            caller: None,
            ring: None,
            implied: false,
            silenced: false,
            wanted: false,
            by_server: false,
            elsewhere_for_sure: false,
            failure: None,
        }
    }

    /// It has another reference from now on.
    pub(super) fn rename(&mut self, id: CallRef) {
        self.id = id;
    }

    /// The far end talks or talked.
    pub(super) fn was_connected(&self) -> bool {
        self.connected.is_some()
    }

    /// Offered to the set and not answered.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.state, CallState::Ringing | CallState::Waiting)
    }

    pub(super) fn dial(&mut self, digit: char) {
        if self.dialed.len() < MOST_DIGITS {
            self.dialed.push(digit);
        }
    }

    /// Takes over who the far party is.
    pub(super) fn learn(&mut self, info: &CallInfo) {
        let caller = match self.direction {
            CallDirection::Incoming => Caller {
                number: presented(&info.calling_number, info.restriction & 0x2 != 0),
                name: presented(&info.calling_name, info.restriction & 0x1 != 0),
            },
            CallDirection::Outgoing => Caller {
                number: presented(&info.called_number, false),
                name: presented(&info.called_name, false),
            },
        };
        self.caller = Some(match self.caller.take() {
            Some(old) => old.corrected_by(caller),
            None => caller,
        });
    }

    /// Number of the far party as far as known.
    pub(super) fn number(&self) -> String {
        match self.caller.as_ref().map(|c| &c.number) {
            Some(Presented::Text(text)) => text.clone(),
            _ => self.dialed.clone(),
        }
    }

    fn name(&self) -> String {
        match self.caller.as_ref().map(|c| &c.name) {
            Some(Presented::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn record(&self, now: Time, cause: EndCause) -> CallRecord {
        CallRecord {
            call: self.id,
            direction: self.direction,
            number: self.number(),
            name: self.name(),
            dialed: self.dialed.clone(),
            started: self.started,
            connected: self.connected,
            ended: now,
            cause,
        }
    }

    pub(super) fn snapshot(&self) -> CallSnapshot {
        CallSnapshot {
            call: self.id,
            direction: self.direction,
            state: self.state,
            number: self.number(),
            name: self.name(),
            dialed: self.dialed.clone(),
            started: self.started,
            connected: self.connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_bit_hides_the_text_that_came_with_it() {
        let mut call = Call::new(
            CallRef(1),
            CallDirection::Incoming,
            CallState::Ringing,
            Time::ZERO,
        );
        let mut info = CallInfo {
            calling_number: "5551234".into(),
            calling_name: "Ada".into(),
            restriction: 0x2,
            ..CallInfo::default()
        };
        call.learn(&info);
        let caller = call.caller.clone().unwrap();
        assert_eq!(caller.number, Presented::Withheld);
        assert_eq!(caller.name, Presented::Text("Ada".into()));
        info.restriction = 0;
        info.calling_name = "Anonymous".into();
        info.calling_number = " ".into();
        call.learn(&info);
        let caller = call.caller.clone().unwrap();
        assert_eq!(caller.number, Presented::Unknown);
        assert_eq!(caller.name, Presented::Withheld);
        assert_eq!(call.number(), "");
    }
}
