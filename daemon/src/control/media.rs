//! The media legs of one port: sockets made and named here, used by the line thread, reported to the call logic.

mod advice;
mod alarm;
mod fax;
mod figures;
mod protection;
mod quality;
mod silence;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_proto::alarm::AlarmListener;
use tipring_proto::call::{Heard, LegStatistics, MediaInput, MediaOutput};
use tipring_proto::passthrough::{Change, LegTones};
use tipring_proto::rtp::{LossSeen, QualityMeter, RtpSource};
use tipring_proto::sccp::message::MediaStatus;
use tipring_proto::time::Time;
use tipring_proto::types::DataTone;
use tipring_proto::types::{CallRef, Codec, Party, RepeatedPackets};
use tipring_types::trace::{LegMode, Trace};

use super::clock::Clock;
use super::report::echo;
use super::rtcp::LegRtcp;
use crate::line::{
    LineOrder, MediaSession, PortCounters, Remote, RtpPorts, SessionConfig, SessionId,
    SessionStats, SessionView,
};
pub(in crate::control) use fax::FaxDoing;
pub use fax::FaxSettings;
use fax::{Counters, LegFax};
use protection::LegProtection;

/// Closed legs whose counters can still be asked for.
const CLOSED: usize = 8;

/// Tones of faxes and modems remembered of a leg.
const TONES: usize = 16;

/// A server may open the media a moment before it announces the call.
const BEFORE: Duration = Duration::from_secs(1);

/// What every leg of a port has in common.
#[derive(Clone, Copy, Debug)]
pub struct LegSettings {
    /// Nobody is to see what fax machines call themselves.
    pub hide_identities: bool,
    /// Samples in a block of the card.
    pub block: u16,
    /// Smallest delay of the jitter buffer, ms.
    pub jitter_min_ms: u16,
    /// Largest delay of the jitter buffer, ms.
    pub jitter_max_ms: u16,
    /// Delay of the jitter buffer in fax and modem calls, ms.
    pub jitter_fixed_ms: u16,
    /// A fax, modem or alarm port.
    pub data_port: bool,
    /// Earlier packets sent again with each while data passes.
    pub redundancy: RepeatedPackets,
    /// Their payload type.
    pub redundancy_payload_type: u8,
    /// Who is accepted besides the far end that the server names.
    pub sources: RtpSource,
    /// DSCP of RTP.
    pub dscp: u8,
    /// Silence of the phone is not sent.
    pub vad: bool,
    /// Reports are exchanged with the far end.
    pub rtcp: bool,
    /// Tones of faxes and modems make a leg pass data.
    pub pass_data: bool,
    /// Named events and T.38.
    pub fax: FaxSettings,
}

/// One leg.
#[derive(Debug)]
struct Leg {
    id: SessionId,
    party: Party,
    call: CallRef,
    opened: Time,
    codec: Codec,
    ptime_ms: u32,
    /// Payload type of telephone-events that OpenReceiveChannel named: of those that come.
    receives_events: Option<u8>,
    /// The one that StartMediaTransmission named: of those that go.
    sends_events: Option<u8>,
    local: SocketAddrV4,
    /// That is a multicast group: nothing is sent.
    group: bool,
    remote: Option<SocketAddrV4>,
    /// Since when it sends there; none: it does not (hold).
    sending: Option<Time>,
    /// How long nothing had come when it ceased to send: on hold, or closed.
    silent: Option<Duration>,
    /// The port's counters when the leg began: what came since is this leg's.
    begin: ctl::RtpStats,
    /// This leg's own when it was last started: the server's statistics are of what came since.
    started: Option<ctl::RtpStats>,
    /// How it sounds, since the same moment.
    quality: QualityMeter,
    rtcp: Option<LegRtcp>,
    /// Data or voice.
    data: LegTones,
    /// Named events and T.38.
    fax: LegFax,
    /// What an alarm panel says in it.
    alarm: AlarmListener,
    /// Last tones of faxes and modems detected in it.
    tones: VecDeque<ctl::DetectedTone>,
    /// Earlier packets repeated with each one.
    protection: LegProtection,
    /// What earlier faxes with its far end change was looked up.
    advised: bool,
    /// What the line thread shows of it meanwhile.
    view: Arc<SessionView>,
    /// The final figures, once the line thread has handed the session back.
    last: Option<SessionStats>,
}

impl Leg {
    /// Tones have their own opinion of what it is: voice by an event is voice.
    fn after_fax(&mut self, mut doing: FaxDoing) -> FaxDoing {
        if doing.voice {
            self.data.over();
        }
        doing.call = self.call;
        doing
    }
}

/// What the line thread heard of fax in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaxHeard {
    /// A named signalling event.
    Event {
        /// Its number.
        number: u8,
        /// Of its packet.
        timestamp: u32,
    },
    /// T.38.
    T38,
    /// Voice, though there is a relay.
    Voice,
}

/// The legs of one port.
#[derive(Debug)]
pub(super) struct MediaDesk {
    settings: LegSettings,
    counters: Arc<PortCounters>,
    open: Vec<Leg>,
    /// The leg that the call logic linked to the line last.
    bridged: Option<SessionId>,
    /// It has done so, or linked none, since the first of the open legs was opened.
    bridge_ordered: bool,
    closed: VecDeque<Leg>,
    /// Fax that ended with its leg.
    fax_ended: Vec<FaxDoing>,
    /// A key of each side that goes on is an alarm panel's: its end is shown no more than itself.
    hidden: [bool; 2],
}

/// What a tone of a fax or a modem leads to.
#[derive(Debug, Default)]
pub(super) struct ToneNews {
    /// When the leg that it was detected in was opened, if there is one.
    pub opened: Option<Time>,
    /// For the line thread, when the leg goes over to data.
    pub order: Option<LineOrder>,
    /// What named events make of it.
    pub fax: FaxDoing,
}

/// What a media output leads to.
#[derive(Debug, Default)]
pub(super) struct Doing {
    /// For the line thread, in order.
    pub orders: Vec<LineOrder>,
    /// For the call logic, after the orders were given.
    pub answer: Option<MediaInput>,
    /// For the log.
    pub trouble: Option<String>,
}

impl MediaDesk {
    /// No legs yet.
    pub(super) fn new(settings: LegSettings, counters: Arc<PortCounters>) -> MediaDesk {
        MediaDesk {
            settings,
            counters,
            open: vec![],
            bridged: None,
            bridge_ordered: false,
            closed: VecDeque::new(),
            fax_ended: vec![],
            hidden: [false; 2],
        }
    }

    /// Other settings, for the legs to come.
    pub(super) fn reconfigure(&mut self, settings: LegSettings) {
        self.settings = settings;
    }

    /// Whose RTP the legs to come accept.
    pub(super) fn source_policy(&self) -> RtpSource {
        self.settings.sources
    }

    /// Carries out what the call logic wants. `bind` is our own address, `next` the next free session name.
    pub(super) fn act(
        &mut self,
        now: Time,
        output: MediaOutput,
        bind: Ipv4Addr,
        ports: &mut RtpPorts,
        next: &mut u64,
    ) -> Doing {
        match output {
            MediaOutput::OpenReceive {
                party,
                call,
                codec,
                ptime_ms,
                rfc2833_payload,
                nse_payload,
                group,
            } => {
                let mut doing = Doing::default();
                // Nobody answers from a group.
                let fax = match group {
                    Some(_) => FaxSettings::OFF,
                    None => self.settings.fax.with_type(nse_payload),
                };
                let fax = self.without_conflict(fax, rfc2833_payload, &mut doing);
                if let Some(old) = self.close(now, party) {
                    doing.orders.push(LineOrder::RemoveSession { session: old });
                }
                *next += 1;
                let protection = LegProtection::new(self.settings.redundancy);
                let config = SessionConfig {
                    id: SessionId(*next),
                    codec,
                    ptime_ms: ptime(ptime_ms),
                    block: self.settings.block,
                    jitter_min_ms: self.settings.jitter_min_ms,
                    jitter_max_ms: self.settings.jitter_max_ms,
                    jitter_fixed_ms: self.settings.jitter_fixed_ms,
                    data_port: self.settings.data_port,
                    redundancy: protection.depth(),
                    redundancy_payload_type: self.settings.redundancy_payload_type,
                    event_payload_type: rfc2833_payload,
                    named_payload_type: fax.expected(),
                    t38: fax.relays(),
                    vad: self.settings.vad,
                    // No far end of a group is ever named.
                    sources: group.map_or(self.settings.sources, |_| RtpSource::Latch),
                    dscp: self.settings.dscp,
                };
                let session = match group {
                    Some(group) => MediaSession::join(bind, group, &config),
                    None => MediaSession::open(bind, ports, &config),
                };
                let result = match session {
                    Ok(session) => {
                        let local = session.local();
                        let view = session.view();
                        // Nobody is to hear our opinion of what a group hears.
                        let rtcp = (self.settings.rtcp && group.is_none()).then(|| {
                            let view = Arc::clone(&view);
                            LegRtcp::begin(local, session.ssrc(), view, self.settings.dscp)
                        });
                        self.open.push(Leg {
                            id: config.id,
                            party,
                            call,
                            opened: now,
                            codec,
                            ptime_ms,
                            receives_events: rfc2833_payload,
                            sends_events: None,
                            local,
                            group: group.is_some(),
                            remote: None,
                            sending: None,
                            silent: None,
                            begin: self.totals(),
                            started: None,
                            quality: QualityMeter::default(),
                            rtcp,
                            data: LegTones::new(self.settings.pass_data, self.settings.data_port),
                            fax: LegFax::new(
                                fax,
                                nse_payload.is_some(),
                                Counters {
                                    port: Arc::clone(&self.counters),
                                    block_ms: self.block_ms(),
                                    copies: protection.depth(),
                                },
                            ),
                            alarm: self.alarm_of(call),
                            tones: VecDeque::new(),
                            protection,
                            advised: false,
                            view,
                            last: None,
                        });
                        doing.orders.push(LineOrder::AddSession(session));
                        Ok(local)
                    }
                    Err(error) => {
                        doing.trouble = Some(format!("no media for a call: {error}"));
                        Err(MediaStatus::OUT_OF_SOCKETS)
                    }
                };
                doing.answer = Some(MediaInput::ReceiveOpened { party, result });
                doing
            }
            MediaOutput::StartSend {
                party,
                remote,
                codec,
                ptime_ms,
                rfc2833_payload,
                nse_payload,
                dscp,
            } => {
                let place = self.open.iter().position(|l| l.party == party);
                let until_now = place
                    .and_then(|at| self.open.get(at))
                    .filter(|l| l.remote.is_some())
                    .map(|l| self.figures(l));
                let Some(leg) = place.and_then(|at| self.open.get_mut(at)) else {
                    return Doing::default();
                };
                // Started again: each StartMedia begins statistics of its own, as CallManager keeps them [inf].
                if until_now.is_some() {
                    leg.started = until_now;
                    leg.quality = QualityMeter::default();
                }
                if let Some(rtcp) = &leg.rtcp {
                    rtcp.name(remote);
                }
                leg.remote = Some(remote);
                leg.sending = Some(now);
                leg.codec = codec;
                leg.ptime_ms = ptime_ms;
                leg.sends_events = rfc2833_payload;
                leg.fax.send_as(nse_payload);
                let (fax, relays) = (leg.fax.settings(), leg.fax.is_relay());
                let remote = Remote {
                    address: remote,
                    codec,
                    ptime_ms: ptime(ptime_ms),
                    event_payload_type: rfc2833_payload,
                    dscp,
                };
                let mut doing = one(LineOrder::SetRemote {
                    session: leg.id,
                    remote,
                });
                let LegSettings {
                    redundancy,
                    redundancy_payload_type,
                    ..
                } = self.settings;
                if redundancy.any() && rfc2833_payload == Some(redundancy_payload_type) {
                    doing.trouble = Some(format!(
                        "nothing is sent again with later packets: payload type {redundancy_payload_type} is that of \
                         telephone-events in this call; set another redundancy-payload-type in [media], here and at \
                         the far end"
                    ));
                }
                // A relay at work sends no voice that anything could be taken for.
                if !relays && fax.conflicts(rfc2833_payload, redundancy_payload_type) {
                    self.without_conflict(fax, rfc2833_payload, &mut doing);
                    if let Some(leg) = self.open.iter_mut().find(|l| l.party == party) {
                        leg.fax.give_up_events();
                    }
                }
                doing
            }
            MediaOutput::StopSend { party } => self.stop_send(now, party),
            MediaOutput::CloseReceive { party } => {
                let id = self.close(now, party);
                id.map(|session| one(LineOrder::RemoveSession { session }))
                    .unwrap_or_default()
            }
            MediaOutput::Bridge { party } => {
                let leg = party.and_then(|p| self.open.iter().find(|l| l.party == p));
                self.bridged = leg.map(|l| l.id);
                self.bridge_ordered = true;
                one(LineOrder::Bridge(self.bridged))
            }
            MediaOutput::Disown { call } => {
                let legs = self.open.iter_mut().chain(self.closed.iter_mut());
                for leg in legs.filter(|l| l.call == call) {
                    leg.call = CallRef::NONE;
                }
                Doing::default()
            }
            MediaOutput::NeedHeard { party } => {
                let leg = self.open.iter().find(|l| l.party == party);
                let heard = leg.map(|leg| Heard {
                    opened: leg.opened,
                    last: leg.view.last_packet(),
                    packets: self.figures(leg).received_packets,
                });
                Doing {
                    answer: heard.map(|heard| MediaInput::Heard { party, heard }),
                    ..Doing::default()
                }
            }
            MediaOutput::NeedStatistics { party, call } => {
                let legs = self.open.iter().chain(self.closed.iter().rev());
                let leg = legs.into_iter().find(|l| l.party == party);
                let counters = leg.map(|l| self.for_server(l)).unwrap_or_default();
                Doing {
                    answer: Some(MediaInput::Statistics { call, counters }),
                    ..Doing::default()
                }
            }
        }
    }

    /// A tone of a fax or a modem was detected on the line or in what is sent to it.
    pub(super) fn heard_tone(
        &mut self,
        now: Time,
        tone: DataTone,
        shown: ctl::DetectedTone,
    ) -> ToneNews {
        let Some(leg) = self.linked() else {
            return ToneNews::default();
        };
        if leg.tones.len() >= TONES {
            leg.tones.pop_front();
        }
        let from = shown.from;
        leg.tones.push_back(shown);
        let change = leg.data.heard(now, tone).filter(|_| !leg.fax.is_relay());
        let mut fax = leg.fax.tone(now, leg.id, from, tone);
        if let Some(change) = change {
            let as_voice = change == Change::AsVoice;
            let orders = leg.fax.data(now, leg.id, as_voice).orders;
            fax.orders.splice(0..0, orders);
        }
        ToneNews {
            opened: Some(leg.opened),
            order: change.and_then(|change| change_of(leg.id, change)),
            fax: leg.after_fax(fax),
        }
    }

    /// The phone pressed a key: the order when that makes voice again, and what named events make of it.
    pub(super) fn key(&mut self, now: Time) -> (Option<LineOrder>, FaxDoing) {
        let unattended = self.settings.data_port;
        let Some(leg) = self.linked().filter(|leg| !leg.fax.is_relay()) else {
            return (None, FaxDoing::default());
        };
        let order = leg.data.key().and_then(|change| change_of(leg.id, change));
        let mut doing = match unattended {
            true => FaxDoing::default(),
            false => leg.fax.key(now, leg.id),
        };
        if order.is_some() || doing.voice {
            leg.fax.person(now, &mut doing);
        }
        (order, leg.after_fax(doing))
    }

    /// The line thread did not take an order of fax.
    pub(super) fn fax_order_lost(
        &mut self,
        now: Time,
        session: SessionId,
        begins: bool,
    ) -> FaxDoing {
        let Some(leg) = self.open.iter_mut().find(|leg| leg.id == session) else {
            return FaxDoing::default();
        };
        let doing = leg.fax.order_lost(now, session, begins);
        leg.after_fax(doing)
    }

    /// The line thread did not take what listens to a fax.
    pub(super) fn tap_lost(&mut self, session: SessionId) {
        if let Some(leg) = self.open.iter_mut().find(|leg| leg.id == session) {
            leg.fax.tap_lost();
        }
    }

    /// Fax that ended with its leg and was not asked for yet.
    pub(super) fn fax_ended(&mut self) -> Vec<FaxDoing> {
        std::mem::take(&mut self.fax_ended)
    }

    /// Both sides have been silent: what named events make of it.
    pub(super) fn fax_silent(&mut self, now: Time) -> FaxDoing {
        let Some(leg) = self.linked() else {
            return FaxDoing::default();
        };
        let doing = leg.fax.silent(now, leg.id);
        leg.after_fax(doing)
    }

    /// Something of fax was heard in a session.
    pub(super) fn fax_heard(&mut self, now: Time, session: SessionId, heard: FaxHeard) -> FaxDoing {
        let Some(leg) = self.open.iter_mut().find(|leg| leg.id == session) else {
            return FaxDoing::default();
        };
        let doing = match heard {
            FaxHeard::Event { number, timestamp } => leg.fax.event(now, session, number, timestamp),
            FaxHeard::T38 => leg.fax.t38(now, session),
            FaxHeard::Voice => leg.fax.voice(now, session),
        };
        leg.after_fax(doing)
    }

    /// When fax of a leg has something to do.
    pub(super) fn fax_due(&self) -> Option<Time> {
        self.open.iter().filter_map(|leg| leg.fax.due()).min()
    }

    /// Does what is due of fax.
    pub(super) fn fax_turn(&mut self, now: Time) -> Vec<FaxDoing> {
        let due = self.open.iter_mut();
        due.filter(|leg| leg.fax.due().is_some_and(|at| at <= now))
            .map(|leg| {
                let doing = leg.fax.turn(now, leg.id);
                leg.after_fax(doing)
            })
            .collect()
    }

    /// The daemon ends: the faxes that go on, as far as they are known.
    pub(super) fn end_faxes(&mut self, now: Time) -> Vec<FaxDoing> {
        let legs = self.open.iter_mut();
        legs.map(|leg| {
            let doing = leg.fax.close(now);
            leg.after_fax(doing)
        })
        .collect()
    }

    /// The line thread had no room for the order of what a session repeats.
    pub(super) fn repeat_lost(&mut self, session: SessionId) {
        self.counters.redundancy_orders_lost.add(1);
        if let Some(leg) = self.open.iter_mut().find(|leg| leg.id == session) {
            leg.protection.order_lost();
        }
    }

    /// Both sides have been silent until data is over.
    pub(super) fn both_silent(&mut self) -> Option<LineOrder> {
        let leg = self.linked()?;
        let change = leg.data.over()?;
        change_of(leg.id, change)
    }

    /// The leg that is linked to the line: before any order, that is the first one. A held one is not.
    fn linked(&mut self) -> Option<&mut Leg> {
        let bridged = self.bridged;
        let alone = self.open.len() == 1 && !self.bridge_ordered;
        self.open
            .iter_mut()
            .find(|l| Some(l.id) == bridged || alone && bridged.is_none())
    }

    /// The line thread handed a session back: the leg with its final figures, if it is still known.
    pub(super) fn returned(&mut self, now: Time, session: &MediaSession) -> Option<ctl::MediaLeg> {
        let mut legs = self.closed.iter_mut().chain(self.open.iter_mut());
        let leg = legs.find(|l| l.id == session.id())?;
        leg.last = Some(session.stats());
        let id = leg.id;
        let mut legs = self.closed.iter().chain(&self.open);
        legs.find(|l| l.id == id).map(|l| self.shown(now, l))
    }

    /// The line thread did not take a session: its leg is closed.
    pub(super) fn refused(&mut self, now: Time, id: SessionId) -> Option<Party> {
        let party = self.open.iter().find(|l| l.id == id)?.party;
        self.close(now, party);
        Some(party)
    }

    /// Media of a call that is over or up and began at `since`, for the call book. A server that was started again
    /// counts its references from the beginning: the legs of an older call of the same one are left out.
    pub(super) fn of_call(&self, now: Time, call: CallRef, since: Time) -> Vec<ctl::MediaLeg> {
        let legs = self.closed.iter().chain(&self.open);
        legs.filter(|l| l.call == call && l.opened + BEFORE >= since)
            .map(|l| self.shown(now, l))
            .collect()
    }

    /// Open legs.
    pub(super) fn shown_open(&self, now: Time) -> Vec<ctl::MediaLeg> {
        self.open.iter().map(|l| self.shown(now, l)).collect()
    }

    /// Looks how the open legs sound, and what is lost in those that pass data; about once a second.
    pub(super) fn look(&mut self, now: Time) -> FaxDoing {
        let mut doing = FaxDoing::default();
        for at in 0..self.open.len() {
            let seen = self
                .open
                .get(at)
                .map(|leg| (self.heard(leg), self.loss_seen(leg)));
            if let (Some(leg), Some((heard, loss))) = (self.open.get_mut(at), seen) {
                leg.quality.look(now, heard);
                let data = self.settings.data_port
                    || leg.data.is_data()
                    || leg.fax.mode() == LegMode::PassThrough;
                let passes = data && leg.remote.is_some() && !leg.fax.is_relay();
                let before = doing.events.len();
                leg.protection.look(now, leg.id, loss, passes, &mut doing);
                for event in doing.events.iter().skip(before) {
                    if let Trace::FaxMemory { advised } = event {
                        leg.fax.follows(advised);
                    }
                }
                leg.fax.sends_copies(leg.protection.depth());
                leg.fax
                    .far_lost(leg.rtcp.as_ref().and_then(LegRtcp::far_lost));
            }
        }
        doing
    }

    /// The fax settings of a leg in which telephone-events have this payload type: without named events when theirs is taken.
    fn without_conflict(
        &self,
        fax: FaxSettings,
        telephone_events: Option<u8>,
        doing: &mut Doing,
    ) -> FaxSettings {
        if !fax.conflicts(telephone_events, self.settings.redundancy_payload_type) {
            return fax;
        }
        self.counters.nse_conflicts.add(1);
        let kind = fax.payload_type;
        let whose = if telephone_events == Some(kind) {
            "telephone-events"
        } else {
            "packets with earlier ones in them (redundancy-payload-type)"
        };
        doing.trouble = Some(format!(
            "no named signalling events in a call: payload type {kind} is that of {whose} in it, so a fax stays in G.711; set \
             another nse-payload-type, here and at the far end"
        ));
        FaxSettings::OFF
    }

    fn loss_seen(&self, leg: &Leg) -> LossSeen {
        let figures = self.figures(leg);
        LossSeen {
            received: figures.received_packets,
            lost: figures.lost_packets,
            reported: leg.rtcp.as_ref().and_then(LegRtcp::far_loss),
        }
    }

    fn heard(&self, leg: &Leg) -> tipring_proto::rtp::Heard {
        let round_trip = leg.rtcp.as_ref().and_then(LegRtcp::round_trip);
        quality::heard(&self.since_start(leg), round_trip, leg.ptime_ms)
    }

    fn since_start(&self, leg: &Leg) -> ctl::RtpStats {
        let figures = self.figures(leg);
        leg.started
            .map_or(figures, |then| figures::between(&then, &figures))
    }

    fn for_server(&self, leg: &Leg) -> LegStatistics {
        let round_trip = leg.rtcp.as_ref().and_then(LegRtcp::round_trip);
        LegStatistics {
            latency_ms: round_trip.map_or(0, |trip| {
                u32::try_from(trip.as_millis()).unwrap_or(u32::MAX)
            }),
            quality: leg.quality.ratings().map(|r| quality::for_server(&r)),
            ..figures::for_server(&self.since_start(leg))
        }
    }

    fn close(&mut self, now: Time, party: Party) -> Option<SessionId> {
        let at = self.open.iter().position(|l| l.party == party)?;
        let silent = self.silence(now, party);
        let mut leg = self.open.remove(at);
        let heard = self.heard(&leg);
        leg.quality.close(now, heard);
        if leg.sending.is_some() {
            leg.silent = silent;
            leg.sending = None;
        }
        if let Some(rtcp) = &mut leg.rtcp {
            rtcp.leave();
        }
        let doing = leg.fax.close(now);
        self.fax_ended.push(leg.after_fax(doing));
        let id = leg.id;
        if self.bridged == Some(id) {
            self.bridged = None;
        }
        self.bridge_ordered &= !self.open.is_empty();
        if self.closed.len() >= CLOSED {
            self.closed.pop_front();
        }
        self.closed.push_back(leg);
        Some(id)
    }

    fn totals(&self) -> ctl::RtpStats {
        figures::totals(&self.counters, self.block_ms())
    }

    fn block_ms(&self) -> u64 {
        u64::from(self.settings.block) / 8
    }

    fn figures(&self, leg: &Leg) -> ctl::RtpStats {
        match &leg.last {
            Some(stats) => figures::last(stats, self.block_ms()),
            None => figures::between(&leg.begin, &self.totals()),
        }
    }

    fn fax_shown(&self, leg: &Leg) -> Option<ctl::FaxLeg> {
        let shown = leg.fax.shown()?;
        let visible = |name: Option<String>| name.filter(|_| !self.settings.hide_identities);
        Some(ctl::FaxLeg {
            line_identity: visible(shown.line_identity.clone()),
            far_identity: visible(shown.far_identity.clone()),
            ..shown
        })
    }

    fn shown(&self, now: Time, leg: &Leg) -> ctl::MediaLeg {
        let rtcp = leg.rtcp.as_ref().map(LegRtcp::report);
        let ratings = leg.quality.ratings();
        let quality = ratings.map(|r| quality::shown(&r, rtcp.as_ref(), &echo(&self.counters)));
        ctl::MediaLeg {
            call_ref: leg.call.0,
            party: leg.party.0,
            local: Some(leg.local.to_string()),
            multicast: leg.group,
            remote: leg.remote.map(|r| r.to_string()),
            codec: leg.codec.to_string(),
            ptime_ms: u16::try_from(leg.ptime_ms).unwrap_or(u16::MAX),
            event_payload_type: leg.receives_events.or(leg.sends_events),
            sent_event_payload_type: leg.sends_events,
            nse_payload_type: leg.fax.payload_type(),
            pass_through: leg.data.is_data() && !leg.fax.is_relay(),
            fax: self.fax_shown(leg),
            tones: leg.tones.iter().cloned().collect(),
            source: leg.view.source().map(|s| s.to_string()),
            refused_sources: figures::refused(&leg.view),
            last_packet_unix_ms: leg.view.last_packet().map(|at| Clock.unix_ms(at)),
            silent_ms: self.silent_ms(now, leg),
            alarm: alarm::shown(&leg.alarm),
            redundancy: leg.protection.shown(),
            rtp: self.figures(leg),
            rtcp,
            quality,
        }
    }
}

/// What the line thread has to do; none: it is voice, as before.
fn change_of(session: SessionId, change: Change) -> Option<LineOrder> {
    let data = match change {
        Change::Data { silence_ms } => Some(silence_ms),
        Change::Voice => None,
        Change::AsVoice => return None,
    };
    Some(LineOrder::PassThrough { session, data })
}

fn one(order: LineOrder) -> Doing {
    Doing {
        orders: vec![order],
        ..Doing::default()
    }
}

fn ptime(ms: u32) -> u8 {
    u8::try_from(ms).unwrap_or(20)
}

#[cfg(test)]
mod tests;
