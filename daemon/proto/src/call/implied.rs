//! Calls that the server acts on without a CallState, and what it says of a call before it names it.
//!
//! CallManager up to 3.x has no CallState (its traces: CallInfo, lamp, ringer; then tones and media), and later ones say
//! CallInfo and SetRinger in any order before it. So a ring, or a dial tone for a lifted phone, is a call, with the
//! reference it names or, in the oldest layouts, with none. A CallState that comes later names it; without one, media
//! connects the call and the end of its media ends it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::entry::Call;
use crate::call::port::Port;
use crate::call::supervision::Set;
use crate::sccp::message::{CallInfo, CallStateKind, ServerMessage, Switch};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

/// CallInfos kept for calls that are not named yet.
const MOST_INFOS: usize = 8;
/// A call is named within this time of its CallInfo, or not at all.
const NAMED_WITHIN: Duration = Duration::from_secs(5);
/// Kind of a CallInfo for a call that the phone makes.
const OUTGOING: u32 = 2;

/// Hold, resume and a change of codec close media and open it again within this time.
const MEDIA_BACK: Duration = Duration::from_secs(2);

/// What is known of calls that no CallState has named.
#[derive(Debug, Default)]
pub(super) struct Implied {
    /// What was said of them, newest last.
    list: VecDeque<(Time, CallInfo)>,
    /// The active one has no media: it is over then.
    media_gone: Option<Time>,
}

impl Implied {
    /// CallInfo for a call that is not there yet.
    pub(super) fn keep(&mut self, now: Time, info: &CallInfo) {
        self.list.retain(|(at, _)| now - *at <= NAMED_WITHIN);
        if self.list.len() >= MOST_INFOS {
            self.list.pop_front();
        }
        self.list.push_back((now, info.clone()));
    }

    pub(super) fn forget(&mut self, id: CallRef) {
        self.list.retain(|(_, info)| info.call != id);
    }

    /// The server is lost.
    pub(super) fn clear(&mut self) {
        *self = Implied::default();
    }

    /// The last leg of an implied call was closed.
    fn media_closed(&mut self, now: Time) {
        self.media_gone = Some(now + MEDIA_BACK);
    }

    /// One was opened again, or no call is implied any more.
    fn media_opened(&mut self) {
        self.media_gone = None;
    }

    /// When a call is over whose media does not come back.
    pub(super) fn due(&self) -> Option<Time> {
        self.media_gone
    }

    /// All that was said of a call, oldest first.
    fn take(&mut self, now: Time, id: CallRef) -> Vec<CallInfo> {
        let of_call = |(at, info): &&(Time, CallInfo)| info.call == id && now - *at <= NAMED_WITHIN;
        let named = self.list.iter().filter(of_call);
        let named = named.map(|(_, info)| info.clone()).collect();
        self.forget(id);
        named
    }

    /// The call that is most probably meant by a ring that names none.
    fn newest_incoming(&self, now: Time) -> Option<CallRef> {
        let recent =
            |(at, info): &&(Time, CallInfo)| info.kind != OUTGOING && now - *at <= NAMED_WITHIN;
        self.list.iter().rev().find(recent).map(|(_, i)| i.call)
    }
}

impl Port {
    /// A new call enters the list, with what has been said of it.
    pub(super) fn enter(&mut self, now: Time, mut call: Call) {
        for info in self.calls.implied().take(now, call.id) {
            call.learn(&info);
        }
        self.calls.enter(call);
    }

    /// A ring for a call that nobody has announced. Answers its reference.
    pub(super) fn imply_ringing(&mut self, now: Time, named: CallRef) -> CallRef {
        let id = match named {
            CallRef::NONE => self.calls.implied().newest_incoming(now).unwrap_or(named),
            named => named,
        };
        if self.call(id).is_none() && self.make_room(now) {
            self.calls.elsewhere().forget(id);

            let mut call = Call::new(id, CallDirection::Incoming, CallState::Ringing, now);
            call.imply();
            self.enter(now, call);
        }
        id
    }

    /// Dial tone, or media at once, for a lifted phone whose call has not been named.
    pub(super) fn imply_dialing(&mut self, now: Time, id: CallRef) {
        let lifted = self.phone.state() == Set::Lifted && self.call(id).is_none();
        if !lifted || !self.add_outgoing(now, id, CallState::Dialing) {
            return;
        }
        if let Some(call) = self.call_mut(id) {
            call.imply();
        }
    }

    /// What was dialled before the dial tone.
    pub(super) fn flush_implied_digits(&mut self) {
        if let Some(call) = self.active_implied() {
            let id = call.id;
            self.flush_early_digits(id);
        }
    }

    /// A CallState: its call is implied no more, and one that had no reference has this one.
    pub(super) fn name_implied(&mut self, id: CallRef, state: CallStateKind) {
        let rings = matches!(state, CallStateKind::RING_IN | CallStateKind::CALL_WAITING);
        let others = matches!(
            state,
            CallStateKind::ON_HOOK | CallStateKind::REMOTE_MULTILINE | CallStateKind::REMOTE_HOLD
        );
        if self.call(id).is_none()
            && let Some(call) = self.call_mut(CallRef::NONE)
            && call.implied
            && call.is_offered() == rings
            && !others
        {
            self.calls.rename(CallRef::NONE, id);
            self.legs.rename_owner(CallRef::NONE, id);
            if self.calls.active() == Some(id) {
                self.server.renamed(id);
            }
            self.ringer.rename(CallRef::NONE, id);
        }
        if let Some(call) = self.call_mut(id) {
            call.name();
        }
        if self.calls.iter().all(|c| !c.implied) {
            self.calls.implied().media_opened();
        }
    }

    fn active_implied(&self) -> Option<&Call> {
        let call = self.calls.active_call();
        call.filter(|c| c.implied)
    }

    /// A server without CallState shows by these that it has heard of a lift, and at last that the call is over.
    pub(super) fn sign_of_life(&mut self, now: Time, message: &ServerMessage) {
        let Some(call) = self.active_implied() else {
            return;
        };
        let (id, talked) = (call.id, call.was_connected());
        match message {
            ServerMessage::SetSpeakerMode(Switch { on: false })
                if talked && !self.legs.has_of(id) =>
            {
                self.server_ended(now, id);
            }
            ServerMessage::SetSpeakerMode(_)
            | ServerMessage::SetRinger(_)
            | ServerMessage::SetLamp(_)
            | ServerMessage::StopTone(_) => self.phone.server_spoke(),
            _ => {}
        }
    }

    /// Media is opened for a call.
    pub(super) fn media_connects(&mut self, now: Time, id: CallRef) {
        self.calls.implied().media_opened();
        self.media_inside(id);
        let Some(call) = self.call_mut(id).filter(|c| c.implied) else {
            return;
        };
        if matches!(
            call.state,
            CallState::Answering
                | CallState::Dialing
                | CallState::Proceeding
                | CallState::RingingOut
        ) {
            call.connect(now);
            self.phone.digit_came();
        }
    }

    /// A leg was closed by the server.
    pub(super) fn media_closed(&mut self, now: Time) {
        if let Some(call) = self.active_implied()
            && call.was_connected()
            && !self.legs.has_of(call.id)
        {
            self.calls.implied().media_closed(now);
        }
    }

    /// And none was opened again.
    pub(super) fn media_gone(&mut self, now: Time) {
        self.calls.implied().media_opened();
        if let Some(call) = self.active_implied()
            && !self.legs.has_of(call.id)
        {
            let id = call.id;
            self.server_ended(now, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn info(call: u32, kind: u32, name: &str) -> CallInfo {
        CallInfo {
            call: CallRef(call),
            kind,
            calling_name: name.into(),
            ..CallInfo::default()
        }
    }

    #[test]
    fn all_that_was_said_of_a_call_is_kept_in_order_until_it_is_named() {
        let mut implied = Implied::default();
        implied.keep(at(0), &info(1, 1, "a"));
        implied.keep(at(10), &info(2, 1, "x"));
        implied.keep(at(20), &info(1, 1, "b"));
        let named: Vec<String> = implied
            .take(at(30), CallRef(1))
            .into_iter()
            .map(|i| i.calling_name)
            .collect();
        assert_eq!(named, ["a", "b"]);
        assert_eq!(implied.take(at(30), CallRef(1)), []);
        implied.forget(CallRef(2));
        assert_eq!(implied.take(at(30), CallRef(2)), []);
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let mut implied = Implied::default();
        implied.keep(at(0), &info(1, 1, "a"));
        assert_eq!(implied.take(at(5_001), CallRef(1)), []);
        for call in 0..20 {
            implied.keep(at(0), &info(call, 1, "a"));
        }
        assert_eq!(implied.list.len(), MOST_INFOS);
    }

    #[test]
    fn a_ring_without_a_reference_means_the_newest_call_that_comes_in() {
        let mut implied = Implied::default();
        assert_eq!(implied.newest_incoming(at(0)), None);
        implied.keep(at(0), &info(1, 1, "a"));
        implied.keep(at(0), &info(2, 1, "b"));
        implied.keep(at(0), &info(3, OUTGOING, "c"));
        assert_eq!(implied.newest_incoming(at(5_000)), Some(CallRef(2)));
        assert_eq!(implied.newest_incoming(at(5_001)), None);
    }

    #[test]
    fn media_that_comes_back_in_time_ends_nothing() {
        let mut implied = Implied::default();
        implied.media_closed(at(0));
        assert_eq!(implied.due(), Some(at(2_000)));
        implied.media_opened();
        assert_eq!(implied.due(), None);
        implied.media_closed(at(0));
        implied.clear();
        assert_eq!(implied.due(), None);
    }
}
