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

use crate::call::legs::MOST_LEGS;
use crate::sccp::message::StartMediaTransmission;
use crate::time::Time;
use crate::types::Party;

/// Servers that start media before they open it do both in one go; CallManager opens a call's own leg before it starts
/// the copies for a recorder.
const OPENED_WITHIN: Duration = Duration::from_millis(500);

/// The starts that wait for their OpenReceiveChannel.
#[derive(Debug, Default)]
pub(super) struct EarlyStarts {
    list: Vec<(StartMediaTransmission, Time)>,
}

impl EarlyStarts {
    /// Keeps a start, in place of one for the same party. False: there are too many.
    pub(super) fn keep(&mut self, now: Time, start: &StartMediaTransmission) -> bool {
        self.list.retain(|(early, _)| early.party != start.party);
        let room = self.list.len() < MOST_LEGS;
        if room {
            self.list.push((start.clone(), now + OPENED_WITHIN));
        }
        room
    }

    /// The start that came before the OpenReceiveChannel, if one did.
    pub(super) fn take(&mut self, party: Party) -> Option<StartMediaTransmission> {
        let place = self.list.iter().position(|(s, _)| s.party == party)?;
        Some(self.list.remove(place).0)
    }

    /// Those for which no OpenReceiveChannel has come.
    pub(super) fn take_due(&mut self, now: Time) -> Vec<StartMediaTransmission> {
        let (due, rest) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|&(_, until)| until <= now);
        self.list = rest;
        starts(due)
    }

    /// All of them: nobody waits for them any more.
    pub(super) fn take_all(&mut self) -> Vec<StartMediaTransmission> {
        starts(std::mem::take(&mut self.list))
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.list.iter().map(|&(_, until)| until).min()
    }
}

fn starts(list: Vec<(StartMediaTransmission, Time)>) -> Vec<StartMediaTransmission> {
    list.into_iter().map(|(start, _)| start).collect()
}
