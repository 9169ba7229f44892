//! The media legs of one port: sockets made and named here, used by the line thread, told to the call logic.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use tipring_ctl::report as ctl;
use tipring_proto::call::{LegStatistics, MediaInput, MediaOutput};
use tipring_proto::rtp::FilterPolicy;
use tipring_proto::sccp::message::MediaStatus;
use tipring_proto::types::{CallRef, Codec, Party};
use tracing::warn;

use crate::line::{
    LineOrder, MediaSession, PortCounters, Remote, RtpPorts, SessionConfig, SessionId, SessionStats,
};

/// Closed legs whose counters can still be asked for.
const CLOSED: usize = 8;

/// What every leg of a port has in common.
#[derive(Clone, Copy, Debug)]
pub struct LegSettings {
    /// Samples in a block of the card.
    pub block: u16,
    /// Smallest delay of the jitter buffer, ms.
    pub jitter_min_ms: u16,
    /// Largest delay of the jitter buffer, ms.
    pub jitter_max_ms: u16,
    /// Who may send before StartMedia.
    pub filter: FilterPolicy,
    /// DSCP of RTP.
    pub dscp: u8,
}

/// One leg.
#[derive(Debug)]
struct Leg {
    id: SessionId,
    party: Party,
    call: CallRef,
    codec: Codec,
    ptime_ms: u32,
    event_payload: Option<u8>,
    local: SocketAddrV4,
    remote: Option<SocketAddrV4>,
    /// The port's counters when the leg began: what came since is this leg's.
    begin: LegStatistics,
    /// The final figures, once the line thread has handed the session back.
    last: Option<SessionStats>,
}

/// The legs of one port.
#[derive(Debug)]
pub(super) struct MediaDesk {
    port: u16,
    settings: LegSettings,
    counters: Arc<PortCounters>,
    open: Vec<Leg>,
    closed: VecDeque<Leg>,
}

/// What a media output leads to.
#[derive(Debug, Default)]
pub(super) struct Doing {
    /// For the line thread, in order.
    pub orders: Vec<LineOrder>,
    /// For the call logic, after the orders were given.
    pub answer: Option<MediaInput>,
}

impl MediaDesk {
    /// No legs yet.
    pub(super) fn new(port: u16, settings: LegSettings, counters: Arc<PortCounters>) -> MediaDesk {
        MediaDesk {
            port,
            settings,
            counters,
            open: vec![],
            closed: VecDeque::new(),
        }
    }

    /// Carries out what the call logic wants. `bind` is our own address, `next` the next free session name.
    pub(super) fn act(
        &mut self,
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
            } => {
                let mut doing = Doing::default();
                if let Some(old) = self.close(party) {
                    doing.orders.push(LineOrder::RemoveSession { session: old });
                }
                *next += 1;
                let config = SessionConfig {
                    id: SessionId(*next),
                    codec,
                    ptime_ms: ptime(ptime_ms),
                    block: self.settings.block,
                    jitter_min_ms: self.settings.jitter_min_ms,
                    jitter_max_ms: self.settings.jitter_max_ms,
                    event_payload_type: rfc2833_payload,
                    filter: self.settings.filter,
                    dscp: self.settings.dscp,
                };
                let result = match MediaSession::open(bind, ports, &config) {
                    Ok(session) => {
                        let local = session.local();
                        self.open.push(Leg {
                            id: config.id,
                            party,
                            call,
                            codec,
                            ptime_ms,
                            event_payload: rfc2833_payload,
                            local,
                            remote: None,
                            begin: self.totals(),
                            last: None,
                        });
                        doing.orders.push(LineOrder::AddSession(session));
                        Ok(local)
                    }
                    Err(error) => {
                        warn!(port = self.port, %error, "no media for a call");
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
                dscp: _,
            } => {
                let Some(leg) = self.open.iter_mut().find(|l| l.party == party) else {
                    return Doing::default();
                };
                leg.remote = Some(remote);
                leg.codec = codec;
                leg.ptime_ms = ptime_ms;
                leg.event_payload = rfc2833_payload.or(leg.event_payload);
                let remote = Remote {
                    address: remote,
                    codec,
                    ptime_ms: ptime(ptime_ms),
                    event_payload_type: rfc2833_payload,
                };
                one(LineOrder::SetRemote {
                    session: leg.id,
                    remote,
                })
            }
            MediaOutput::StopSend { party } => {
                let leg = self.open.iter().find(|l| l.party == party);
                leg.map(|l| one(LineOrder::StopSend { session: l.id }))
                    .unwrap_or_default()
            }
            MediaOutput::CloseReceive { party } => {
                let id = self.close(party);
                id.map(|session| one(LineOrder::RemoveSession { session }))
                    .unwrap_or_default()
            }
            MediaOutput::Bridge { party } => {
                let leg = party.and_then(|p| self.open.iter().find(|l| l.party == p));
                one(LineOrder::Bridge(leg.map(|l| l.id)))
            }
            MediaOutput::NeedStatistics { party, call } => {
                let legs = self.open.iter().chain(self.closed.iter().rev());
                let leg = legs.into_iter().find(|l| l.party == party);
                let counters = leg.map(|l| self.figures(l)).unwrap_or_default();
                Doing {
                    orders: vec![],
                    answer: Some(MediaInput::Statistics { call, counters }),
                }
            }
        }
    }

    /// The line thread handed a session back.
    pub(super) fn returned(&mut self, session: &MediaSession) {
        let legs = self.closed.iter_mut().chain(self.open.iter_mut());
        if let Some(leg) = legs.into_iter().find(|l| l.id == session.id()) {
            leg.last = Some(session.stats());
        }
    }

    /// Media of a call that is over or up, for the call book.
    pub(super) fn of_call(&self, call: CallRef) -> Vec<ctl::MediaLeg> {
        let legs = self.closed.iter().chain(&self.open);
        legs.filter(|l| l.call == call)
            .map(|l| self.shown(l))
            .collect()
    }

    /// Open legs.
    pub(super) fn shown_open(&self) -> Vec<ctl::MediaLeg> {
        self.open.iter().map(|l| self.shown(l)).collect()
    }

    fn close(&mut self, party: Party) -> Option<SessionId> {
        let at = self.open.iter().position(|l| l.party == party)?;
        let leg = self.open.remove(at);
        let id = leg.id;
        if self.closed.len() >= CLOSED {
            self.closed.pop_front();
        }
        self.closed.push_back(leg);
        Some(id)
    }

    fn totals(&self) -> LegStatistics {
        let c = &self.counters;
        LegStatistics {
            packets_sent: low(c.tx_packets.get()),
            octets_sent: low(c.tx_octets.get()),
            packets_received: low(c.rx_packets.get()),
            octets_received: low(c.rx_octets.get()),
            packets_lost: low(c.rx_lost.get()),
            jitter_ms: u32::try_from(c.jitter_us.get() / 1000).unwrap_or(0),
            latency_ms: 0,
        }
    }

    fn figures(&self, leg: &Leg) -> LegStatistics {
        if let Some(s) = &leg.last {
            let sequence = &s.receiver.sequence;
            return LegStatistics {
                packets_sent: low(s.sender.packets),
                octets_sent: low(s.sender.octets),
                packets_received: low(sequence.received),
                octets_received: low(s.receiver.octets),
                packets_lost: low(sequence.lost()),
                jitter_ms: sequence.jitter_us / 1000,
                latency_ms: 0,
            };
        }
        let (now, then) = (self.totals(), leg.begin);
        LegStatistics {
            packets_sent: now.packets_sent.wrapping_sub(then.packets_sent),
            octets_sent: now.octets_sent.wrapping_sub(then.octets_sent),
            packets_received: now.packets_received.wrapping_sub(then.packets_received),
            octets_received: now.octets_received.wrapping_sub(then.octets_received),
            packets_lost: now.packets_lost.wrapping_sub(then.packets_lost),
            ..now
        }
    }

    fn shown(&self, leg: &Leg) -> ctl::MediaLeg {
        let f = self.figures(leg);
        let c = &self.counters;
        let mut rtp = ctl::RtpStats {
            sent_packets: f.packets_sent.into(),
            sent_octets: f.octets_sent.into(),
            received_packets: f.packets_received.into(),
            received_octets: f.octets_received.into(),
            lost_packets: f.packets_lost.into(),
            jitter_ms: f.jitter_ms as f32,
            ..ctl::RtpStats::default()
        };
        if let Some(s) = &leg.last {
            let (jitter, sequence) = (&s.receiver.jitter, &s.receiver.sequence);
            rtp.send_errors = s.tx_errors;
            rtp.late_packets = jitter.late;
            rtp.duplicate_packets = sequence.duplicates;
            rtp.reordered_packets = sequence.reordered;
            rtp.stray_packets = s.strangers;
            rtp.invalid_packets = s.receiver.malformed + s.receiver.other_payload;
            rtp.overflow_packets = s.flood_dropped;
            rtp.concealed_ms = jitter.concealed * u64::from(self.settings.block) / 8;
            rtp.buffer_adjustments = jitter.stretched + jitter.shrunk;
            rtp.events_sent = s.sender.event_packets;
            rtp.events_received = s.receiver.event_packets;
        } else {
            rtp.jitter_ms = c.jitter_us.get() as f32 / 1000.0;
            rtp.buffer_ms = c.jitter_depth_ms.get() as f32;
        }
        ctl::MediaLeg {
            call_ref: leg.call.0,
            party: leg.party.0,
            local: Some(leg.local.to_string()),
            remote: leg.remote.map(|r| r.to_string()),
            codec: match leg.codec {
                Codec::G711Ulaw => "G.711 µ-law".into(),
                Codec::G711Alaw => "G.711 A-law".into(),
            },
            ptime_ms: u16::try_from(leg.ptime_ms).unwrap_or(u16::MAX),
            event_payload_type: leg.event_payload,
            rtp,
        }
    }
}

fn one(order: LineOrder) -> Doing {
    Doing {
        orders: vec![order],
        answer: None,
    }
}

fn ptime(ms: u32) -> u8 {
    u8::try_from(ms).unwrap_or(20)
}

/// SCCP counts in 32 bits.
fn low(n: u64) -> u32 {
    (n & u64::from(u32::MAX)) as u32
}
