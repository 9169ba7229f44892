//! Whose media it is: the server's media messages, and the call that each belongs to.

use crate::call::entry::Call;
use crate::call::legs::{LegOutput, acceptable};
use crate::call::port::Port;
use crate::sccp::message::{
    ClientMessage, MediaStatus, MulticastMediaReceptionAck, OpenReceiveChannel,
    OpenReceiveChannelAck, StartMediaTransmission, StartMediaTransmissionAck,
    StartMulticastMediaReception,
};
use crate::time::Time;
use crate::types::{CallRef, Party};

/// From this version on StartMediaTransmission is acknowledged.
const START_ACK_VERSION: u8 = 17;

impl Port {
    /// OpenReceiveChannel.
    pub(super) fn open_receive(&mut self, now: Time, open: &OpenReceiveChannel) {
        let algorithm = open.encryption.algorithm;
        let format = match acceptable(&self.cfg, open.format, open.ptime_ms, algorithm) {
            Ok(format) => format,
            Err(status) => return self.legs.refuse_receive(open.party, open.call, status),
        };
        if !self.may_hear(now, open.party, open.call) {
            let status = MediaStatus::DEVICE_ON_HOOK;
            return self.legs.refuse_receive(open.party, open.call, status);
        }
        let owner = self.is_to_hear(now, open.party, open.call);
        self.legs.open(open, owner, format);
    }

    /// StartMulticastMediaReception: music on hold that many phones hear at once.
    pub(super) fn join_multicast(&mut self, now: Time, start: &StartMulticastMediaReception) {
        let group = start.group;
        let format = acceptable(&self.cfg, start.format, start.ptime_ms, 0);
        let format = format
            .ok()
            .filter(|_| group.ip().is_multicast() && group.port() != 0);
        let Some(format) = format else {
            return self.legs.refuse_multicast(start.party, start.call);
        };
        if !self.may_hear(now, start.party, start.call) {
            return self.legs.refuse_multicast(start.party, start.call);
        }
        let owner = self.is_to_hear(now, start.party, start.call);
        self.legs.join(start, owner, format);
    }

    /// Media that the phone is to hear: is it lifted, or does the server answer its call by itself?
    fn may_hear(&mut self, now: Time, party: Party, call: CallRef) -> bool {
        self.is_for_this_phone(call);
        self.adopt_noted(now, call);
        let named = self.named_by(party, call);
        if named.is_none() {
            self.imply_dialing(now, call);
        }
        if let Some(id) = named {
            self.answered_by_server(now, id);
        }
        let answered = named
            .and_then(|id| self.call(id))
            .is_some_and(|c| c.by_server);
        !self.phone.is_on_hook() || answered
    }

    /// The call that hears it.
    fn is_to_hear(&mut self, now: Time, party: Party, call: CallRef) -> Option<CallRef> {
        let owner = self.owner_of(party, call);
        if owner.is_some() && owner == self.calls.active() {
            self.phone.server_spoke();
        }
        if let Some(id) = owner {
            self.media_connects(now, id);
        }
        owner
    }

    /// StartMediaTransmission.
    pub(super) fn start_media(&mut self, now: Time, start: &StartMediaTransmission) {
        let algorithm = start.encryption.algorithm;
        if let Err(status) = acceptable(&self.cfg, start.format, start.ptime_ms, algorithm) {
            return self.legs.refuse_start(start, status);
        }
        if start.remote.port() == 0 || start.remote.ip().is_unspecified() {
            return self.legs.refuse_to_send(start.party);
        }
        if self.legs.start(start, &self.cfg) {
            return;
        }
        // The server may answer by itself for a phone that rings.
        let named = self.named_by(start.party, start.call);
        let rings = named
            .and_then(|id| self.call(id))
            .is_some_and(Call::is_offered);
        if self.phone.is_on_hook() && !rings {
            return self.legs.ignore_start(start);
        }
        self.legs.keep_early(now, start);
    }

    /// No OpenReceiveChannel has come for these starts.
    pub(super) fn early_due(&mut self, now: Time) {
        for start in self.legs.take_due(now) {
            self.send_only(&start);
        }
    }

    /// The server only wants to hear, or this is one more copy of a call.
    fn send_only(&mut self, start: &StartMediaTransmission) {
        let stranger = start.call != CallRef::NONE && self.call(start.call).is_none();
        let owner = self.owner_of(start.party, start.call);
        let owner = owner.filter(|&id| !self.legs.has_of(id));
        let algorithm = start.encryption.algorithm;
        let format = acceptable(&self.cfg, start.format, start.ptime_ms, algorithm);
        match (owner, format) {
            (Some(owner), Ok(format)) if !stranger && !self.phone.is_on_hook() => {
                self.legs.open_to_send(start, owner, format);
            }
            _ => self
                .legs
                .refuse_start(start, MediaStatus::NOT_ENOUGH_CHANNELS),
        }
        self.legs_ask();
    }

    /// CloseReceiveChannel, StopMulticastMediaReception.
    pub(super) fn close_receive(&mut self, now: Time, party: Party) {
        if self.legs.close_receive(party) {
            self.legs_ask();
            self.media_closed(now);
        }
    }

    /// The line thread has not taken a leg, or has lost it.
    pub(super) fn leg_refused(&mut self, now: Time, party: Party, status: MediaStatus) {
        if self.legs.refused_by_line(party, status) {
            self.legs_ask();
            self.media_closed(now);
        }
    }

    /// Does what the legs ask for.
    pub(super) fn legs_ask(&mut self) {
        while let Some(output) = self.legs.poll() {
            let message = match output {
                LegOutput::Media(output) => {
                    self.tell_media(output);
                    continue;
                }
                LegOutput::ReceiveAnswer {
                    status,
                    address,
                    party,
                    call,
                } => ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
                    status,
                    address,
                    party,
                    call,
                }),
                LegOutput::MulticastAnswer {
                    status,
                    party,
                    call,
                } => ClientMessage::MulticastMediaReceptionAck(MulticastMediaReceptionAck {
                    status,
                    party,
                    call,
                }),
                LegOutput::StartAnswer { .. }
                    if self.server.version() < Some(START_ACK_VERSION) =>
                {
                    continue;
                }
                LegOutput::StartAnswer {
                    conference,
                    party,
                    call,
                    address,
                    status,
                } => ClientMessage::StartMediaTransmissionAck(StartMediaTransmissionAck {
                    conference,
                    party,
                    call,
                    address,
                    status,
                }),
                LegOutput::Statistics(statistics) => {
                    ClientMessage::ConnectionStatisticsRes(statistics)
                }
            };
            self.send(message);
        }
    }

    /// The reference when the server says one we know; else chan_skinny's habit of making the party the
    /// reference; else the call at hand.
    fn owner_of(&self, party: Party, named: CallRef) -> Option<CallRef> {
        self.named_by(party, named)
            .or(self.calls.expecting())
            .or(self.calls.active())
    }

    /// The call that a media message names, if it is known.
    fn named_by(&self, party: Party, named: CallRef) -> Option<CallRef> {
        let known = |id: CallRef| (id != CallRef::NONE && self.call(id).is_some()).then_some(id);
        known(named).or_else(|| known(CallRef(party.0)))
    }
}
