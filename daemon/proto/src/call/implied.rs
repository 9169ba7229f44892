//! Calls that the server acts on without a CallState, and what it says of a call before it names it.
//!
//! CallManager up to 3.x has no CallState (its traces: CallInfo, lamp, ringer; then tones and media), and later ones say
//! CallInfo and SetRinger in any order before it. So a ring, or a dial tone for a lifted phone, is a call, with the
//! reference it names or, in the oldest layouts, with none. A CallState that comes later names it; without one, media
//! connects the call and the end of its media ends it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::calls::Call;
use crate::call::deadlines::{Deadline, MEDIA_GONE_MS};
use crate::call::port::Port;
use crate::call::supervision::Set;
use crate::sccp::message::{CallInfo, CallStateKind, ServerMessage};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState};

/// CallInfos kept for calls that are not named yet.
const MOST_INFOS: usize = 8;
/// A call is named within this time of its CallInfo, or not at all.
const NAMED_WITHIN: Duration = Duration::from_secs(5);
/// Kind of a CallInfo for a call that the phone makes.
const OUTGOING: u32 = 2;

/// What was said of calls that were not named yet, newest last.
#[derive(Debug, Default)]
pub(super) struct EarlyInfos {
    list: VecDeque<(Time, CallInfo)>,
}

impl EarlyInfos {
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

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    /// All that was said of a call, oldest first.
    fn take(&mut self, now: Time, id: CallRef) -> Vec<CallInfo> {
        let of_call = |(at, info): &&(Time, CallInfo)| info.call == id && now - *at <= NAMED_WITHIN;
        let told = self.list.iter().filter(of_call);
        let told = told.map(|(_, info)| info.clone()).collect();
        self.forget(id);
        told
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
        for info in self.early_infos.take(now, call.id) {
            call.learn(&info);
        }
        self.calls.push(call);
    }

    /// A ring for a call that nobody has announced. Answers its reference.
    pub(super) fn imply_ringing(&mut self, now: Time, told: CallRef) -> CallRef {
        let id = match told {
            CallRef::NONE => self.early_infos.newest_incoming(now).unwrap_or(told),
            told => told,
        };
        if self.call(id).is_none() && self.make_room(now) {
            self.elsewhere.forget(id);
            self.counters.calls_in += 1;
            let mut call = Call::new(id, CallDirection::Incoming, CallState::Ringing, now);
            call.implied = true;
            self.enter(now, call);
        }
        id
    }

    /// Dial tone, or media at once, for a lifted phone whose call has not been named.
    pub(super) fn imply_dialing(&mut self, now: Time, id: CallRef) {
        let lifted = self.set.state() == Set::Lifted && self.call(id).is_none();
        if !lifted || !self.add_outgoing(now, id, CallState::Dialing) {
            return;
        }
        if let Some(call) = self.call_mut(id) {
            call.implied = true;
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
            call.id = id;
            self.legs.rename_owner(CallRef::NONE, id);
            for place in [&mut self.active, &mut self.expecting] {
                if *place == Some(CallRef::NONE) {
                    *place = Some(id);
                }
            }
            if self.active == Some(id) {
                self.server.renamed(id);
            }
            self.ringer.rename(CallRef::NONE, id);
        }
        if let Some(call) = self.call_mut(id) {
            call.implied = false;
        }
        if self.calls.iter().all(|c| !c.implied) {
            self.deadlines.disarm(Deadline::MediaGone);
        }
    }

    fn active_implied(&self) -> Option<&Call> {
        let call = self.active.and_then(|id| self.call(id));
        call.filter(|c| c.implied)
    }

    /// A server without CallState shows by these that it has heard of a lift, and at last that the call is over.
    pub(super) fn sign_of_life(&mut self, now: Time, message: &ServerMessage) {
        let Some(call) = self.active_implied() else {
            return;
        };
        let (id, talked) = (call.id, call.was_connected());
        match message {
            ServerMessage::SetSpeakerMode { on: false }
                if talked && self.legs.of_call(id).is_empty() =>
            {
                self.server_ended(now, id);
            }
            ServerMessage::SetSpeakerMode { .. }
            | ServerMessage::SetRinger { .. }
            | ServerMessage::SetLamp { .. }
            | ServerMessage::StopTone { .. } => self.set.server_spoke(),
            _ => {}
        }
    }

    /// Media is opened for a call.
    pub(super) fn media_connects(&mut self, now: Time, id: CallRef) {
        self.deadlines.disarm(Deadline::MediaGone);
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
            call.state = CallState::Connected;
            call.connected.get_or_insert(now);
            self.set.digit_came();
        }
    }

    /// A leg was closed by the server.
    pub(super) fn media_closed(&mut self, now: Time) {
        if let Some(call) = self.active_implied()
            && call.was_connected()
            && self.legs.of_call(call.id).is_empty()
        {
            self.arm(now, Deadline::MediaGone, MEDIA_GONE_MS);
        }
    }

    /// And none was opened again.
    pub(super) fn media_gone(&mut self, now: Time) {
        if let Some(call) = self.active_implied()
            && self.legs.of_call(call.id).is_empty()
        {
            let id = call.id;
            self.server_ended(now, id);
        }
    }
}
