//! One call, as it is known here. What it means is decided elsewhere.

use crate::call::contract::Presented;
use crate::call::inside::First;
use crate::call::presented::{presented, readable};
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
    /// What the phone dialled.
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
    /// A second party is asked under this reference; this is about the first: see `inside`.
    pub(super) first: Option<First>,
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
            first: None,
        }
    }

    /// It has another reference from now on.
    pub(super) fn rename(&mut self, id: CallRef) {
        self.id = id;
    }

    /// The two ends talk.
    pub(super) fn connect(&mut self, now: Time) {
        self.state = CallState::Connected;
        self.failure = None;
        self.connected.get_or_insert(now);
    }

    /// The server was asked to connect it.
    pub(super) fn answer(&mut self) {
        self.state = CallState::Answering;
    }

    /// This port has answered it or asked for it back.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    pub(super) fn hold(&mut self) {
        self.state = CallState::Held;
        self.wanted = false;
    }

    /// It has lost its server.
    pub(super) fn preserve(&mut self) {
        self.state = CallState::Preserved;
    }

    /// It is at another phone, or the server acts as if it were.
    pub(super) fn go_elsewhere(&mut self) {
        self.state = CallState::InUseElsewhere;
        self.wanted = false;
        self.by_server = false;
    }

    /// The server has said that it is.
    pub(super) fn be_elsewhere_for_sure(&mut self) {
        self.elsewhere_for_sure = true;
    }

    /// The server has answered it by itself: it rings or waits until somebody takes it.
    pub(super) fn offer_by_server(&mut self, state: CallState) {
        self.state = state;
        self.by_server = true;
    }

    /// Somebody takes it. True: the server has answered it by itself and has nothing more to say.
    pub(super) fn take_by_server(&mut self) -> bool {
        std::mem::take(&mut self.by_server)
    }

    /// No CallState has named it.
    pub(super) fn imply(&mut self) {
        self.implied = true;
    }

    /// One has.
    pub(super) fn name(&mut self) {
        self.implied = false;
    }

    /// The phone is on-hook: what has waited rings.
    pub(super) fn ring_now(&mut self) {
        self.state = CallState::Ringing;
    }

    /// The server wants it to ring like this.
    pub(super) fn ring_like(&mut self, mode: RingMode) {
        self.ring = Some(mode);
        self.silenced = false;
    }

    /// It is not to be rung for, or is again.
    pub(super) fn silence(&mut self, on: bool) {
        self.silenced = on;
    }

    /// The server says how far it is. It does not go back from ringing at the far end.
    pub(super) fn proceed(&mut self, state: CallState) {
        let back = state == CallState::Proceeding && self.state == CallState::RingingOut;
        if !back {
            self.state = state;
        }
        match state {
            CallState::Busy => self.failure = Some(EndCause::Busy),
            CallState::Failed => self.failure = Some(EndCause::Congestion),
            // Forwarded, or offered again.
            CallState::RingingOut => self.failure = None,
            _ => {}
        }
    }

    /// The server plays an error tone for it. No digit for 16 s ends in reorder at both servers; that is not congestion.
    pub(super) fn fail_with_tone(&mut self, busy: bool) {
        self.failure = Some(match (busy, self.dialed.is_empty()) {
            (true, _) => EndCause::Busy,
            (false, true) => EndCause::NoDigits,
            (false, false) => EndCause::Congestion,
        });
        self.state = if busy {
            CallState::Busy
        } else {
            CallState::Failed
        };
    }

    /// The far end talks or talked.
    pub(super) fn was_connected(&self) -> bool {
        self.connected.is_some()
    }

    /// Offered to the phone and not answered.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.state, CallState::Ringing | CallState::Waiting)
    }

    pub(super) fn dial(&mut self, digit: char) {
        if self.dialed.len() < MOST_DIGITS {
            self.dialed.push(digit);
        }
    }

    /// The server says what number it took. What the phone dialled is kept, unless that is only its beginning.
    pub(super) fn took(&mut self, number: &str) {
        let number = readable(number);
        let outgoing = self.direction == CallDirection::Outgoing;
        if outgoing && number.len() <= MOST_DIGITS && number.starts_with(&self.dialed) {
            self.dialed = number;
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
        far_number(self.caller.as_ref(), &self.dialed)
    }

    pub(super) fn record(&self, now: Time, cause: EndCause) -> CallRecord {
        let (direction, dialed, caller, connected, cause) = match &self.first {
            Some(first) => (
                first.direction,
                &first.dialed,
                first.caller.as_ref(),
                first.connected,
                Call::end_for_first(cause),
            ),
            None => (
                self.direction,
                &self.dialed,
                self.caller.as_ref(),
                self.connected,
                cause,
            ),
        };
        CallRecord {
            call: self.id,
            direction,
            number: far_number(caller, dialed),
            name: far_name(caller),
            dialed: dialed.clone(),
            started: self.started,
            connected,
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
            name: far_name(self.caller.as_ref()),
            dialed: self.dialed.clone(),
            started: self.started,
            connected: self.connected,
        }
    }
}

fn far_number(caller: Option<&Caller>, dialed: &str) -> String {
    match caller.map(|c| &c.number) {
        Some(Presented::Text(text)) => text.clone(),
        _ => dialed.to_owned(),
    }
}

fn far_name(caller: Option<&Caller>) -> String {
    match caller.map(|c| &c.name) {
        Some(Presented::Text(text)) => text.clone(),
        _ => String::new(),
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

    #[test]
    fn a_call_goes_its_way_and_remembers_why_it_failed() {
        let direction = CallDirection::Outgoing;
        let mut call = Call::new(CallRef(1), direction, CallState::Dialing, Time::ZERO);
        call.fail_with_tone(false);
        assert_eq!(call.failure, Some(EndCause::NoDigits));
        call.dial('5');
        call.fail_with_tone(false);
        let failed = (call.state, call.failure);
        assert_eq!(failed, (CallState::Failed, Some(EndCause::Congestion)));
        call.proceed(CallState::RingingOut);
        assert_eq!(call.failure, None, "it rings after all");
        call.proceed(CallState::Proceeding);
        assert_eq!(call.state, CallState::RingingOut, "it does not go back");
        call.proceed(CallState::Busy);
        assert_eq!(call.failure, Some(EndCause::Busy));
        call.connect(Time::from_millis(1));
        call.connect(Time::from_millis(2));
        assert_eq!(
            (call.connected, call.failure),
            (Some(Time::from_millis(1)), None)
        );
    }

    #[test]
    fn a_call_that_the_server_answered_is_taken_once() {
        let direction = CallDirection::Incoming;
        let mut call = Call::new(CallRef(1), direction, CallState::Ringing, Time::ZERO);
        call.offer_by_server(CallState::Waiting);
        assert!(call.is_offered() && call.take_by_server() && !call.take_by_server());
        call.offer_by_server(CallState::Ringing);
        call.want();
        call.go_elsewhere();
        assert!(!call.by_server && !call.wanted && !call.is_offered());
    }
}
