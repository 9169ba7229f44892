//! The media legs of one port, by pass-through party: opened, started, stopped and closed, and answered when they are
//! real. Which call a leg belongs to is decided in `media`.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::call::config::PortConfig;
use crate::call::contract::{LegStatistics, MediaOutput};
use crate::call::early::EarlyStarts;
use crate::sccp::message::{
    ConnectionStatistics, MediaFormat, MediaStatus, MulticastStatus, OpenReceiveChannel,
    StartMediaTransmission, StartMulticastMediaReception,
};
use crate::time::Time;
use crate::types::{CallRef, Codec, Conference, Party};

/// Legs of a port at the same time, and as many sessions has a line: it hears one call; others may be on their way in or
/// out, or be opened before their predecessor is closed.
pub const MOST_LEGS: usize = 4;
/// How many closed legs are remembered for statistics and for a stop that comes after the close.
const MOST_REMEMBERED: usize = 8;
const NO_ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// What the legs ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LegOutput {
    Media(MediaOutput),
    /// The answer to OpenReceiveChannel.
    ReceiveAnswer {
        status: MediaStatus,
        address: SocketAddrV4,
        party: Party,
        call: CallRef,
    },
    /// The answer to StartMulticastMediaReception.
    MulticastAnswer {
        status: MulticastStatus,
        party: Party,
        call: CallRef,
    },
    /// The answer to StartMediaTransmission, where the server wants one.
    StartAnswer {
        conference: Conference,
        party: Party,
        call: CallRef,
        address: SocketAddrV4,
        status: MediaStatus,
    },
    /// The answer to ConnectionStatisticsReq.
    Statistics(ConnectionStatistics),
}

/// A codec and a packet time in ms that may be used.
pub(super) type Format = (Codec, u32);

/// One media leg.
#[derive(Clone, Debug)]
struct Leg {
    party: Party,
    /// Our call; `None` when nothing fitted.
    owner: Option<CallRef>,
    /// The server's word for it, said back as it came.
    told_call: CallRef,
    format: Format,
    /// By StartMulticastMediaReception: it only receives, what is sent to this group.
    group: Option<SocketAddrV4>,
    /// The own socket once it is open.
    local: Option<SocketAddrV4>,
    /// By OpenReceiveChannel: the phone listens to it. Otherwise it only sends.
    opened: bool,
    /// Its opening is not acknowledged yet.
    ack_owed: bool,
    /// StartMediaTransmission came before the socket was open.
    start: Option<StartMediaTransmission>,
    /// The one that it sends by.
    started: Option<StartMediaTransmission>,
    sending: bool,
    sends_events: bool,
}

impl Leg {
    fn new(party: Party, owner: Option<CallRef>, told_call: CallRef, format: Format) -> Leg {
        Leg {
            party,
            owner,
            told_call,
            format,
            group: None,
            local: None,
            opened: true,
            ack_owed: true,
            start: None,
            started: None,
            sending: false,
            sends_events: false,
        }
    }
}

/// The legs of one port.
#[derive(Debug, Default)]
pub(super) struct Legs {
    list: Vec<Leg>,
    /// Started, and not opened yet.
    early: EarlyStarts,
    /// Closed before the answer to their opening came: that answer is for nobody.
    stale: Vec<Party>,
    /// What the line thread was last asked to bridge.
    bridged: Option<Party>,
    closed: VecDeque<(Option<CallRef>, Party)>,
    /// Parties that were refused: the server stops and closes them all the same.
    turned_away: VecDeque<Party>,
    statistics: Vec<(CallRef, String, u32)>,
    ignored: u64,
    refused: u64,
    groups: u64,
    out: VecDeque<LegOutput>,
}

impl Legs {
    pub(super) fn poll(&mut self) -> Option<LegOutput> {
        self.out.pop_front()
    }

    /// OpenReceiveChannel that is accepted.
    pub(super) fn open(
        &mut self,
        open: &OpenReceiveChannel,
        owner: Option<CallRef>,
        format: Format,
    ) {
        // One that only sent until now: the same leg.
        if let Some(leg) = self.list.iter_mut().find(|l| l.party == open.party)
            && !leg.opened
            && leg.format == format
        {
            leg.opened = true;
            leg.told_call = open.call;
            leg.ack_owed = leg.local.is_none();
            if let Some(address) = leg.local {
                self.answer_receive(MediaStatus::OK, address, open.party, open.call);
            }
            return;
        }
        self.close(open.party);
        self.drop_send_only(owner);
        let start = self.early.take(open.party);
        let leg = Leg {
            start,
            ..Leg::new(open.party, owner, open.call, format)
        };
        self.begin(leg, payload(open.rfc2833_payload), open.nse_payload);
    }

    /// StartMulticastMediaReception that is accepted.
    pub(super) fn join(
        &mut self,
        start: &StartMulticastMediaReception,
        owner: Option<CallRef>,
        format: Format,
    ) {
        self.close(start.party);
        self.drop_send_only(owner);
        // What was to be sent on this leg: it is no leg to send on.
        if let Some(early) = self.early.take(start.party) {
            self.refuse_start(&early, MediaStatus::INVALID_PARTY);
        }
        let leg = Leg {
            group: Some(start.group),
            ..Leg::new(start.party, owner, start.call, format)
        };
        self.begin(leg, None, None);
    }

    /// No OpenReceiveChannel has come for this start, and its call has no leg: the server only wants to hear.
    pub(super) fn open_to_send(
        &mut self,
        start: &StartMediaTransmission,
        owner: CallRef,
        format: Format,
    ) {
        let leg = Leg {
            opened: false,
            ack_owed: false,
            start: Some(start.clone()),
            ..Leg::new(start.party, Some(owner), start.call, format)
        };
        self.begin(leg, payload(start.rfc2833_payload), start.nse_payload);
    }

    fn begin(&mut self, leg: Leg, rfc2833_payload: Option<u8>, nse_payload: Option<u8>) {
        if self.list.len() >= MOST_LEGS {
            if leg.ack_owed {
                self.refuse_opening(&leg, MediaStatus::NOT_ENOUGH_CHANNELS);
            }
            if let Some(start) = leg.start {
                self.refuse_start(&start, MediaStatus::NOT_ENOUGH_CHANNELS);
            }
            return;
        }
        let (codec, ptime_ms) = leg.format;
        self.ask(MediaOutput::OpenReceive {
            party: leg.party,
            call: leg.owner.unwrap_or(CallRef::NONE),
            codec,
            ptime_ms,
            rfc2833_payload,
            nse_payload,
            group: leg.group,
        });
        self.list.push(leg);
    }

    /// The media side has a socket, or has none.
    pub(super) fn receive_opened(
        &mut self,
        party: Party,
        result: Result<SocketAddrV4, MediaStatus>,
        cfg: &PortConfig,
    ) {
        if let Some(place) = self.stale.iter().position(|&p| p == party) {
            self.stale.remove(place);
            return;
        }
        let Some(leg) = self.list.iter_mut().find(|l| l.party == party) else {
            return;
        };
        let owed = std::mem::take(&mut leg.ack_owed);
        let start = leg.start.take();
        match result {
            Ok(local) => {
                leg.local = Some(local);
                let (told_call, joined) = (leg.told_call, leg.group.is_some());
                self.groups += u64::from(joined);
                if owed && joined {
                    self.answer_multicast(MulticastStatus::OK, party, told_call);
                } else if owed {
                    self.answer_receive(MediaStatus::OK, local, party, told_call);
                }
                if let Some(start) = start {
                    self.start(&start, cfg);
                }
            }
            Err(status) => {
                let leg = leg.clone();
                self.list.retain(|l| l.party != party);
                if owed {
                    self.refuse_opening(&leg, status);
                }
                if let Some(start) = start {
                    self.answer_start(&start, NO_ADDRESS, status);
                }
            }
        }
    }

    /// StartMediaTransmission. False: there is no such leg.
    pub(super) fn start(&mut self, start: &StartMediaTransmission, cfg: &PortConfig) -> bool {
        let Some(leg) = self.list.iter_mut().find(|l| l.party == start.party) else {
            return false;
        };
        if leg.group.is_some() {
            self.refuse_start(start, MediaStatus::INVALID_PARTY);
            return true;
        }
        let Some(local) = leg.local else {
            leg.start = Some(start.clone());
            return true;
        };
        let accepted = acceptable(
            cfg,
            start.format,
            start.ptime_ms,
            start.encryption.algorithm,
        );
        let Ok((codec, ptime_ms)) = accepted else {
            return true;
        };
        let rfc2833_payload = payload(start.rfc2833_payload).filter(|_| !cfg.digits_in_band);
        leg.sending = true;
        leg.started = Some(start.clone());
        leg.sends_events = rfc2833_payload.is_some();
        self.ask(MediaOutput::StartSend {
            party: start.party,
            remote: start.remote,
            codec,
            ptime_ms,
            rfc2833_payload,
            nse_payload: start.nse_payload,
            dscp: dscp(start.precedence, cfg.rtp_dscp),
        });
        self.answer_start(start, local, MediaStatus::OK);
        true
    }

    /// Keeps a start until it shows what it is.
    pub(super) fn keep_early(&mut self, now: Time, start: &StartMediaTransmission) {
        if !self.early.keep(now, start) {
            self.refuse_start(start, MediaStatus::NOT_ENOUGH_CHANNELS);
        }
    }

    /// When it has shown.
    pub(super) fn due(&self) -> Option<Time> {
        self.early.due()
    }

    /// The starts that no OpenReceiveChannel has come for.
    pub(super) fn take_due(&mut self, now: Time) -> Vec<StartMediaTransmission> {
        self.early.take_due(now)
    }

    /// StopMediaTransmission. One for media never opened is nothing.
    pub(super) fn stop(&mut self, party: Party) {
        let early = self.early.take(party).is_some();
        let Some(leg) = self.list.iter_mut().find(|l| l.party == party) else {
            if !early && !self.is_known(party) {
                self.ignored += 1;
            }
            return;
        };
        leg.start = None;
        leg.started = None;
        leg.sends_events = false;
        if std::mem::take(&mut leg.sending) {
            self.ask(MediaOutput::StopSend { party });
        }
    }

    /// CloseReceiveChannel or StopMulticastMediaReception. True: a leg was closed.
    pub(super) fn close_receive(&mut self, party: Party) -> bool {
        let open = self.close(party);
        let early = self.early.take(party).is_some();
        if !open && !early && !self.is_known(party) {
            self.ignored += 1;
        }
        open
    }

    /// Closes every leg of a call that the server left open.
    pub(super) fn close_of(&mut self, call: CallRef) {
        for party in self.parties(|l| l.owner == Some(call)) {
            self.close(party);
        }
    }

    /// Closes every leg but those of one call: the phone is on-hook, or the server that asked for them is lost.
    pub(super) fn close_except(&mut self, kept: Option<CallRef>) {
        for start in self.early.take_all() {
            self.answer_start(&start, NO_ADDRESS, MediaStatus::DEVICE_ON_HOOK);
        }
        for party in self.parties(|l| kept.is_none() || l.owner != kept) {
            self.close(party);
        }
    }

    /// The line thread has not taken a leg, or has lost it: the server hears of it, whatever it was answered before.
    /// False: there is no such leg.
    pub(super) fn refused_by_line(&mut self, party: Party, status: MediaStatus) -> bool {
        let Some(leg) = self.list.iter_mut().find(|l| l.party == party) else {
            return false;
        };
        let (leg, started) = (leg.clone(), leg.started.take());
        self.close(party);
        if leg.opened {
            self.refuse_opening(&leg, status);
        } else {
            self.refused += 1;
        }
        if let Some(start) = started {
            self.answer_start(&start, NO_ADDRESS, status);
        }
        true
    }

    /// The phone hears and talks on this leg.
    pub(super) fn bridge(&mut self, party: Option<Party>) {
        if self.bridged != party {
            self.bridged = party;
            self.ask(MediaOutput::Bridge { party });
        }
    }

    pub(super) fn refuse_receive(&mut self, party: Party, call: CallRef, status: MediaStatus) {
        self.refused += 1;
        self.turn_away(party);
        self.answer_receive(status, NO_ADDRESS, party, call);
    }

    pub(super) fn refuse_multicast(&mut self, party: Party, call: CallRef) {
        self.refused += 1;
        self.turn_away(party);
        self.answer_multicast(MulticastStatus::ERROR, party, call);
    }

    fn refuse_opening(&mut self, leg: &Leg, status: MediaStatus) {
        if leg.group.is_some() {
            self.refuse_multicast(leg.party, leg.told_call);
        } else {
            self.refuse_receive(leg.party, leg.told_call, status);
        }
    }

    pub(super) fn refuse_start(&mut self, start: &StartMediaTransmission, status: MediaStatus) {
        self.refused += 1;
        self.turn_away(start.party);
        self.answer_start(start, NO_ADDRESS, status);
    }

    /// The start is for a phone that is on-hook and does not ring.
    pub(super) fn ignore_start(&mut self, start: &StartMediaTransmission) {
        self.ignored += 1;
        self.answer_start(start, NO_ADDRESS, MediaStatus::DEVICE_ON_HOOK);
    }

    /// The start says to send nowhere.
    pub(super) fn refuse_to_send(&mut self, party: Party) {
        self.refused += 1;
        self.stop(party);
    }

    /// ConnectionStatisticsReq (chan-sccp, after every call with media).
    pub(super) fn want_statistics(&mut self, number: &str, call: CallRef, mode: u32) {
        if self.statistics.len() >= MOST_REMEMBERED {
            self.statistics.remove(0);
        }
        self.statistics.push((call, number.to_owned(), mode));
        match self.last_party_of(call) {
            Some(party) => self.ask(MediaOutput::NeedStatistics { party, call }),
            None => self.statistics_known(call, LegStatistics::default()),
        }
    }

    pub(super) fn statistics_known(&mut self, call: CallRef, counters: LegStatistics) {
        let Some(place) = self.statistics.iter().position(|(c, ..)| *c == call) else {
            return;
        };
        let (call, number, mode) = self.statistics.remove(place);
        self.out
            .push_back(LegOutput::Statistics(ConnectionStatistics {
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
                quality: counters.quality,
            }));
    }

    pub(super) fn rename_owner(&mut self, from: CallRef, to: CallRef) {
        for leg in self.list.iter_mut().filter(|l| l.owner == Some(from)) {
            leg.owner = Some(to);
        }
    }

    /// The newest leg of a call that the server has opened; else one that only sends.
    pub(super) fn audible(&self, call: CallRef) -> Option<Party> {
        self.list
            .iter()
            .filter(|l| l.owner == Some(call) && l.local.is_some())
            .max_by_key(|l| l.opened)
            .map(|l| l.party)
    }

    /// The line sends the digits of this call as RFC 4733 events.
    pub(super) fn sends_events(&self, call: CallRef) -> bool {
        let sends = |l: &Leg| l.owner == Some(call) && l.sending && l.sends_events;
        self.list.iter().any(sends)
    }

    /// The line sends the voice of this call.
    pub(super) fn sends(&self, call: CallRef) -> bool {
        self.list.iter().any(|l| l.owner == Some(call) && l.sending)
    }

    /// A call has a leg, open or on its way.
    pub(super) fn has_of(&self, call: CallRef) -> bool {
        self.list.iter().any(|l| l.owner == Some(call))
    }

    /// Packet time of a leg, ms.
    pub(super) fn ptime_ms(&self, party: Party) -> Option<u32> {
        let leg = self.list.iter().find(|l| l.party == party)?;
        Some(leg.format.1)
    }

    /// Media messages that named no leg, and media that was refused.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.ignored, self.refused)
    }

    /// Multicast groups joined.
    pub(super) fn groups_joined(&self) -> u64 {
        self.groups
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    #[cfg(test)]
    pub(super) fn of_party(&self, party: Party) -> Option<CallRef> {
        let leg = self.list.iter().find(|l| l.party == party)?;
        Some(leg.owner.unwrap_or(CallRef::NONE))
    }

    fn parties(&self, which: impl Fn(&Leg) -> bool) -> Vec<Party> {
        let legs = self.list.iter().filter(|l| which(l));
        legs.map(|l| l.party).collect()
    }

    /// There is no such leg any more, or it was refused.
    fn is_known(&self, party: Party) -> bool {
        self.closed.iter().any(|&(_, p)| p == party) || self.turned_away.contains(&party)
    }

    fn turn_away(&mut self, party: Party) {
        self.turned_away.retain(|p| *p != party);
        self.turned_away.push_back(party);
        if self.turned_away.len() > MOST_REMEMBERED {
            self.turned_away.pop_front();
        }
    }

    fn last_party_of(&self, call: CallRef) -> Option<Party> {
        let open = self.list.iter().map(|l| (l.owner, l.party));
        let legs = self.closed.iter().copied().chain(open);
        let mut of_call = legs.filter(|&(owner, _)| owner == Some(call));
        of_call.next_back().map(|(_, party)| party)
    }

    /// The server opens a leg of this call: what was taken for a call that only sends was a copy.
    fn drop_send_only(&mut self, owner: Option<CallRef>) {
        for party in self.parties(|l| !l.opened && l.owner == owner) {
            self.refused += 1;
            self.close(party);
        }
    }

    fn close(&mut self, party: Party) -> bool {
        let Some(place) = self.list.iter().position(|l| l.party == party) else {
            return false;
        };
        let leg = self.list.remove(place);
        if leg.local.is_none() {
            self.stale.push(party);
        }
        if self.bridged == Some(party) {
            self.bridge(None);
        }
        self.ask(MediaOutput::CloseReceive { party });
        self.closed.push_back((leg.owner, party));
        if self.closed.len() > MOST_REMEMBERED {
            self.closed.pop_front();
        }
        true
    }

    fn ask(&mut self, output: MediaOutput) {
        self.out.push_back(LegOutput::Media(output));
    }

    fn answer_receive(
        &mut self,
        status: MediaStatus,
        address: SocketAddrV4,
        party: Party,
        call: CallRef,
    ) {
        self.out.push_back(LegOutput::ReceiveAnswer {
            status,
            address,
            party,
            call,
        });
    }

    fn answer_multicast(&mut self, status: MulticastStatus, party: Party, call: CallRef) {
        self.out.push_back(LegOutput::MulticastAnswer {
            status,
            party,
            call,
        });
    }

    fn answer_start(
        &mut self,
        start: &StartMediaTransmission,
        address: SocketAddrV4,
        status: MediaStatus,
    ) {
        self.out.push_back(LegOutput::StartAnswer {
            conference: start.conference,
            party: start.party,
            call: start.call,
            address,
            status,
        });
    }
}

/// What the port may use of what the server asks for.
pub(super) fn acceptable(
    cfg: &PortConfig,
    format: MediaFormat,
    ptime_ms: u32,
    encryption: u32,
) -> Result<Format, MediaStatus> {
    let codec = match format {
        MediaFormat::G711_ULAW => Codec::G711Ulaw,
        MediaFormat::G711_ALAW => Codec::G711Alaw,
        _ => return Err(MediaStatus::INVALID_CODEC),
    };
    if encryption != 0 {
        return Err(MediaStatus::UNKNOWN);
    }
    if !cfg.codecs.contains(&codec) {
        return Err(MediaStatus::INVALID_CODEC);
    }
    let ptime_ms = match ptime_ms {
        0 => cfg.ptimes_ms.first().copied().unwrap_or(20),
        named => named,
    };
    if !cfg.ptimes_ms.contains(&ptime_ms) {
        return Err(MediaStatus::INVALID_PACKET_SIZE);
    }
    Ok((codec, ptime_ms))
}

/// A dynamic payload type, or none.
fn payload(named: u32) -> Option<u8> {
    u8::try_from(named).ok().filter(|p| (96..=127).contains(p))
}

/// chan-sccp sends the whole TOS byte (184 = EF); other words mean nothing that could be trusted.
fn dscp(precedence: u32, default: u8) -> u8 {
    match u8::try_from(precedence) {
        Ok(tos) if tos != 0 && tos & 3 == 0 => tos >> 2,
        _ => default,
    }
}

#[cfg(test)]
mod tests;
