//! StartMediaTransmission for a party that no OpenReceiveChannel has opened.
//!
//! The leg that the phone listens to and talks on is the one that the server opened for receiving. A start that names
//! another party is one of three things, and they look alike when it comes:
//!
//! - the call's own, before its OpenReceiveChannel: it is kept until that comes;
//! - one more copy of the call for a recorder (CallManager with a built-in bridge: two of them, the recorder's before
//!   the call's own, with references that were never announced): an analog port sends one stream, so it is refused;
//! - a call in which the server only wants to hear (paging): nothing else is opened, and the phone talks on it.
//!
//! Which one it is shows within half a second.

use std::time::Duration;

use crate::call::deadlines::{Deadline, EARLY_START_MS};
use crate::call::legs::Leg;
use crate::call::media::{MOST_LEGS, NO_ADDRESS, payload};
use crate::call::port::Port;
use crate::sccp::message::{MediaStatus, StartMediaTransmission};
use crate::time::Time;
use crate::types::{CallRef, Party};

/// A start that waits for its OpenReceiveChannel.
#[derive(Clone, Debug)]
pub(super) struct EarlyStart {
    pub(super) start: StartMediaTransmission,
    until: Time,
}

impl Port {
    /// Keeps a start until it shows what it is.
    pub(super) fn keep_early(&mut self, now: Time, start: &StartMediaTransmission) {
        self.legs.early.retain(|e| e.start.party != start.party);
        if self.legs.early.len() >= MOST_LEGS {
            return self.refuse_start(start, MediaStatus::NOT_ENOUGH_CHANNELS);
        }
        let until = now + Duration::from_millis(u64::from(EARLY_START_MS));
        let start = start.clone();
        self.legs.early.push(EarlyStart { start, until });
        self.arm_early();
    }

    fn arm_early(&mut self) {
        match self.legs.early.iter().map(|e| e.until).min() {
            Some(until) => self.deadlines.arm(Deadline::EarlyStart, until),
            None => self.deadlines.disarm(Deadline::EarlyStart),
        }
    }

    /// The start that came before the OpenReceiveChannel, if one did.
    pub(super) fn take_early(&mut self, party: Party) -> Option<StartMediaTransmission> {
        let place = self
            .legs
            .early
            .iter()
            .position(|e| e.start.party == party)?;
        let early = self.legs.early.remove(place);
        self.arm_early();
        Some(early.start)
    }

    /// No OpenReceiveChannel has come for these.
    pub(super) fn early_due(&mut self, now: Time) {
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.legs.early)
            .into_iter()
            .partition(|e| e.until <= now);
        self.legs.early = rest;
        for EarlyStart { start, .. } in due {
            self.send_only(&start);
        }
        self.arm_early();
    }

    fn send_only(&mut self, start: &StartMediaTransmission) {
        let stranger = start.call != CallRef::NONE && self.call(start.call).is_none();
        let owner = self.owner_of(start.party, start.call);
        let free = |id: &CallRef| self.legs.of_call(*id).is_empty();
        let accepted = self.acceptable(start.format, start.ptime_ms, start.encryption.algorithm);
        let (Some(owner), Ok((codec, ptime_ms))) = (owner.filter(free), accepted) else {
            return self.refuse_start(start, MediaStatus::NOT_ENOUGH_CHANNELS);
        };
        if stranger || self.set.is_on_hook() {
            return self.refuse_start(start, MediaStatus::NOT_ENOUGH_CHANNELS);
        }
        let leg = Leg {
            party: start.party,
            owner: Some(owner),
            told_call: start.call,
            codec,
            ptime_ms,
            local: None,
            opened: false,
            ack_owed: false,
            start: Some(start.clone()),
            started: None,
            sending: false,
            sends_events: false,
        };
        self.open_leg(leg, payload(start.rfc2833_payload));
    }

    /// The server opens a leg of this call: what was taken for a call that only sends was a copy.
    pub(super) fn drop_send_only(&mut self, owner: Option<CallRef>) {
        let copies = self
            .legs
            .list
            .iter()
            .filter(|l| !l.opened && l.owner == owner);
        for party in copies.map(|l| l.party).collect::<Vec<_>>() {
            self.counters.media_refused += 1;
            self.close_leg(party);
        }
    }

    /// Nobody waits for these any more.
    pub(super) fn clear_early(&mut self) {
        for early in std::mem::take(&mut self.legs.early) {
            self.answer_start(&early.start, NO_ADDRESS, MediaStatus::DEVICE_ON_HOOK);
        }
        self.deadlines.disarm(Deadline::EarlyStart);
    }

    pub(super) fn refuse_start(&mut self, start: &StartMediaTransmission, status: MediaStatus) {
        self.counters.media_refused += 1;
        self.answer_start(start, NO_ADDRESS, status);
    }

    /// The line thread has not taken a leg, or has lost it: the server hears of it, whatever it was told before.
    pub(super) fn leg_refused(&mut self, now: Time, party: Party, status: MediaStatus) {
        let Some(leg) = self.legs.get(party) else {
            return;
        };
        let (opened, told_call, started) = (leg.opened, leg.told_call, leg.started.take());
        self.close_leg(party);
        if opened {
            self.refuse_receive(party, told_call, status);
        } else {
            self.counters.media_refused += 1;
        }
        if let Some(start) = started {
            self.answer_start(&start, NO_ADDRESS, status);
        }
        self.media_closed(now);
    }
}
