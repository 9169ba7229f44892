//! Media legs: opened, started, stopped and closed by pass-through party, acknowledged when they are real.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::call::contract::{LegStatistics, MediaOutput};
use crate::call::entry::Call;
use crate::call::legs::Leg;
use crate::call::port::Port;
use crate::sccp::message::{
    ClientMessage, ConnectionStatistics, MediaFormat, MediaStatus, OpenReceiveChannel,
    StartMediaTransmission,
};
use crate::time::Time;
use crate::types::{CallRef, Codec, Conference, Party};

/// Legs of a port at the same time, and as many sessions has a line: it hears one call; others may be on their way in or
/// out, or be opened before their predecessor is closed.
pub const MOST_LEGS: usize = 4;
/// How many closed legs are remembered for statistics and for a stop that comes after the close.
const MOST_REMEMBERED: usize = 8;
/// From this version on StartMediaTransmission is acknowledged.
const START_ACK_VERSION: u8 = 17;
pub(super) const NO_ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

impl Port {
    /// OpenReceiveChannel.
    pub(super) fn open_receive(&mut self, now: Time, open: &OpenReceiveChannel) {
        let (codec, ptime_ms) =
            match self.acceptable(open.format, open.ptime_ms, open.encryption.algorithm) {
                Ok(accepted) => accepted,
                Err(status) => return self.refuse_receive(open.party, open.call, status),
            };
        self.is_for_this_phone(open.call);
        self.adopt_noted(now, open.call);
        let named = self.named_by(open.party, open.call);
        if named.is_none() {
            self.imply_dialing(now, open.call);
        }
        if let Some(id) = named {
            self.answered_by_server(now, id);
        }
        let answered = named
            .and_then(|id| self.call(id))
            .is_some_and(|c| c.by_server);
        if self.set.is_on_hook() && !answered {
            return self.refuse_receive(open.party, open.call, MediaStatus::DEVICE_ON_HOOK);
        }
        let owner = self.owner_of(open.party, open.call);
        if owner.is_some() && owner == self.calls.active() {
            self.set.server_spoke();
        }
        if let Some(id) = owner {
            self.media_connects(now, id);
        }
        // One that only sent until now: the same leg.
        if let Some(leg) = self.legs.get(open.party)
            && !leg.opened
            && (leg.codec, leg.ptime_ms) == (codec, ptime_ms)
        {
            leg.opened = true;
            leg.told_call = open.call;
            leg.ack_owed = leg.local.is_none();
            if let Some(address) = leg.local {
                let (status, party, call) = (MediaStatus::OK, open.party, open.call);
                self.send(ClientMessage::OpenReceiveChannelAck {
                    status,
                    address,
                    party,
                    call,
                });
            }
            return;
        }
        self.close_leg(open.party);
        self.drop_send_only(owner);
        let start = self.take_early(open.party);
        self.open_leg(
            Leg {
                party: open.party,
                owner,
                told_call: open.call,
                codec,
                ptime_ms,
                local: None,
                opened: true,
                ack_owed: true,
                start,
                started: None,
                sending: false,
                sends_events: false,
            },
            payload(open.rfc2833_payload),
        );
    }

    pub(super) fn open_leg(&mut self, leg: Leg, rfc2833_payload: Option<u8>) {
        if self.legs.list.len() >= MOST_LEGS {
            if leg.ack_owed {
                self.refuse_receive(leg.party, leg.told_call, MediaStatus::NOT_ENOUGH_CHANNELS);
            }
            if let Some(start) = leg.start {
                self.refuse_start(&start, MediaStatus::NOT_ENOUGH_CHANNELS);
            }
            return;
        }
        self.tell_media(MediaOutput::OpenReceive {
            party: leg.party,
            call: leg.owner.unwrap_or(CallRef::NONE),
            codec: leg.codec,
            ptime_ms: leg.ptime_ms,
            rfc2833_payload,
        });
        self.legs.list.push(leg);
    }

    /// The media side has a socket, or has none.
    pub(super) fn receive_opened(
        &mut self,
        party: Party,
        result: Result<SocketAddrV4, MediaStatus>,
    ) {
        if let Some(place) = self.legs.stale.iter().position(|&p| p == party) {
            self.legs.stale.remove(place);
            return;
        }
        let Some(leg) = self.legs.get(party) else {
            return;
        };
        let (told_call, owed) = (leg.told_call, std::mem::take(&mut leg.ack_owed));
        match result {
            Ok(local) => {
                leg.local = Some(local);
                let start = leg.start.take();
                if owed {
                    self.send(ClientMessage::OpenReceiveChannelAck {
                        status: MediaStatus::OK,
                        address: local,
                        party,
                        call: told_call,
                    });
                }
                if let Some(start) = start {
                    self.start_sending(&start, local);
                }
            }
            Err(status) => {
                let start = leg.start.take();
                self.legs.list.retain(|l| l.party != party);
                if owed {
                    self.refuse_receive(party, told_call, status);
                }
                if let Some(start) = start {
                    self.answer_start(&start, NO_ADDRESS, status);
                }
            }
        }
    }

    /// StartMediaTransmission.
    pub(super) fn start_media(&mut self, now: Time, start: &StartMediaTransmission) {
        if let Err(status) =
            self.acceptable(start.format, start.ptime_ms, start.encryption.algorithm)
        {
            return self.refuse_start(start, status);
        }
        if start.remote.port() == 0 || start.remote.ip().is_unspecified() {
            self.counters.media_refused += 1;
            return self.stop_media(start.party);
        }
        if let Some(leg) = self.legs.get(start.party) {
            match leg.local {
                Some(local) => self.start_sending(start, local),
                None => leg.start = Some(start.clone()),
            }
            return;
        }
        // The server may answer by itself for a phone that rings.
        let named = self.named_by(start.party, start.call);
        let rings = named
            .and_then(|id| self.call(id))
            .is_some_and(Call::is_offered);
        if self.set.is_on_hook() && !rings {
            self.counters.media_ignored += 1;
            return self.answer_start(start, NO_ADDRESS, MediaStatus::DEVICE_ON_HOOK);
        }
        self.keep_early(now, start);
    }

    fn start_sending(&mut self, start: &StartMediaTransmission, local: SocketAddrV4) {
        let accepted = self.acceptable(start.format, start.ptime_ms, start.encryption.algorithm);
        let (Ok((codec, ptime_ms)), Some(leg)) = (accepted, self.legs.get(start.party)) else {
            return;
        };
        let rfc2833_payload = payload(start.rfc2833_payload).filter(|_| !self.cfg.digits_in_band);
        leg.sending = true;
        leg.started = Some(start.clone());
        leg.sends_events = rfc2833_payload.is_some();
        let dscp = dscp(start.precedence, self.cfg.rtp_dscp);
        self.tell_media(MediaOutput::StartSend {
            party: start.party,
            remote: start.remote,
            codec,
            ptime_ms,
            rfc2833_payload,
            dscp,
        });
        self.answer_start(start, local, MediaStatus::OK);
    }

    /// StopMediaTransmission. One for media never opened is nothing.
    pub(super) fn stop_media(&mut self, party: Party) {
        let early = self.take_early(party).is_some();
        let Some(leg) = self.legs.get(party) else {
            if !early && !self.legs.was_closed(party) {
                self.counters.media_ignored += 1;
            }
            return;
        };
        leg.start = None;
        leg.started = None;
        leg.sends_events = false;
        if std::mem::take(&mut leg.sending) {
            self.tell_media(MediaOutput::StopSend { party });
        }
    }

    /// CloseReceiveChannel.
    pub(super) fn close_receive(&mut self, now: Time, party: Party) {
        let open = self.close_leg(party);
        if open {
            self.media_closed(now);
        }
        let early = self.take_early(party).is_some();
        let known = open || early || self.legs.was_closed(party);
        if !known {
            self.counters.media_ignored += 1;
        }
    }

    /// Closes every leg of a call that the server left open.
    pub(super) fn close_legs_of(&mut self, call: CallRef) {
        for party in self.legs.of_call(call) {
            self.close_leg(party);
        }
    }

    /// Closes every leg but those of one call: the set is on-hook, or the server that asked for them is lost.
    pub(super) fn close_legs_except(&mut self, kept: Option<CallRef>) {
        self.clear_early();
        let spare = |l: &&Leg| kept.is_none() || l.owner != kept;
        let gone: Vec<Party> = self
            .legs
            .list
            .iter()
            .filter(spare)
            .map(|l| l.party)
            .collect();
        for party in gone {
            self.close_leg(party);
        }
    }

    pub(super) fn close_leg(&mut self, party: Party) -> bool {
        let Some(place) = self.legs.list.iter().position(|l| l.party == party) else {
            return false;
        };
        let leg = self.legs.list.remove(place);
        if leg.local.is_none() {
            self.legs.stale.push(party);
        }
        if self.legs.bridged == Some(party) {
            self.legs.bridged = None;
            self.tell_media(MediaOutput::Bridge { party: None });
        }
        self.tell_media(MediaOutput::CloseReceive { party });
        self.legs.closed.push_back((leg.owner, party));
        if self.legs.closed.len() > MOST_REMEMBERED {
            self.legs.closed.pop_front();
        }
        true
    }

    /// ConnectionStatisticsReq (chan-sccp, after every call with media).
    pub(super) fn statistics_wanted(&mut self, number: &str, call: CallRef, mode: u32) {
        if self.legs.statistics.len() >= MOST_REMEMBERED {
            self.legs.statistics.remove(0);
        }
        self.legs.statistics.push((call, number.to_owned(), mode));
        match self.legs.party_of(call) {
            Some(party) => self.tell_media(MediaOutput::NeedStatistics { party, call }),
            None => self.statistics_known(call, LegStatistics::default()),
        }
    }

    pub(super) fn statistics_known(&mut self, call: CallRef, counters: LegStatistics) {
        let Some(place) = self.legs.statistics.iter().position(|(c, ..)| *c == call) else {
            return;
        };
        let (call, number, mode) = self.legs.statistics.remove(place);
        self.send(ClientMessage::ConnectionStatisticsRes(
            ConnectionStatistics {
                number,
                call,
                mode,
                packets_sent: counters.packets_sent,
                octets_sent: counters.octets_sent,
                packets_received: counters.packets_received,
                octets_received: counters.octets_received,
                packets_lost: counters.packets_lost,
                jitter_ms: counters.jitter_ms,
                latency_ms: counters.latency_ms,
            },
        ));
    }

    pub(super) fn acceptable(
        &self,
        format: MediaFormat,
        ptime_ms: u32,
        encryption: u32,
    ) -> Result<(Codec, u32), MediaStatus> {
        let codec = match format {
            MediaFormat::G711_ULAW => Codec::G711Ulaw,
            MediaFormat::G711_ALAW => Codec::G711Alaw,
            _ => return Err(MediaStatus::INVALID_CODEC),
        };
        if encryption != 0 {
            return Err(MediaStatus::UNKNOWN);
        }
        if !self.cfg.codecs.contains(&codec) {
            return Err(MediaStatus::INVALID_CODEC);
        }
        let ptime_ms = match ptime_ms {
            0 => self.cfg.ptimes_ms.first().copied().unwrap_or(20),
            told => told,
        };
        if !self.cfg.ptimes_ms.contains(&ptime_ms) {
            return Err(MediaStatus::INVALID_PACKET_SIZE);
        }
        Ok((codec, ptime_ms))
    }

    /// The reference when the server tells one we know; else chan_skinny's habit of making the party the
    /// reference; else the call at hand.
    pub(super) fn owner_of(&self, party: Party, told: CallRef) -> Option<CallRef> {
        self.named_by(party, told)
            .or(self.calls.expecting())
            .or(self.calls.active())
    }

    /// The call that a media message names, if it is known.
    fn named_by(&self, party: Party, told: CallRef) -> Option<CallRef> {
        let known = |id: CallRef| (id != CallRef::NONE && self.call(id).is_some()).then_some(id);
        known(told).or_else(|| known(CallRef(party.0)))
    }

    pub(super) fn refuse_receive(&mut self, party: Party, call: CallRef, status: MediaStatus) {
        self.counters.media_refused += 1;
        self.send(ClientMessage::OpenReceiveChannelAck {
            status,
            address: NO_ADDRESS,
            party,
            call,
        });
    }

    pub(super) fn answer_start(
        &mut self,
        start: &StartMediaTransmission,
        address: SocketAddrV4,
        status: MediaStatus,
    ) {
        if self
            .server
            .version()
            .is_some_and(|v| v >= START_ACK_VERSION)
        {
            let conference: Conference = start.conference;
            self.send(ClientMessage::StartMediaTransmissionAck {
                conference,
                party: start.party,
                call: start.call,
                address,
                status,
            });
        }
    }
}

/// A dynamic payload type, or none.
pub(super) fn payload(told: u32) -> Option<u8> {
    u8::try_from(told).ok().filter(|p| (96..=127).contains(p))
}

/// chan-sccp sends the whole TOS byte (184 = EF); other words mean nothing that could be trusted.
fn dscp(precedence: u32, default: u8) -> u8 {
    match u8::try_from(precedence) {
        Ok(tos) if tos != 0 && tos & 3 == 0 => tos >> 2,
        _ => default,
    }
}
