//! RTCP of one media session (RFC 3550 §6): when to report and what, and what the far end's reports say.
//!
//! A session has two members, so the rules for crowds (reconsideration, members that time out) have nothing to decide:
//! what is left of them is the interval, of 5 s as a rule. Nothing here is done in the line thread.

mod packet;

use std::collections::VecDeque;
use std::time::Duration;

pub use packet::{Incoming, MAX_RTCP, Outgoing as RtcpPacket, ReportBlock, RtcpError, SenderInfo};

use super::CLOCK_HZ;
use crate::time::Time;

/// §6.2: reports are no closer than this, before the random factor; the first one comes after half of it.
const INTERVAL: Duration = Duration::from_secs(5);
/// §6.2: reports have 5 % of a session's 64 kbit/s, shared by two members: octets a second.
const OCTETS_PER_S: f64 = 0.05 * 8000.0;
const MEMBERS: f64 = 2.0;
/// A.7: what makes up for the timer's habit to converge below the wanted interval.
const COMPENSATION: f64 = 1.218_28;
/// Octets of IPv4 and UDP, which count as RTCP's.
const UNDERLYING: usize = 28;
/// Sender reports of ours that an answer may refer to; it refers to the last that came, or one before.
const REMEMBERED: usize = 8;
/// Datagrams a second that are read at most. A far end sends one in two seconds when it is in a hurry.
const RATE: f64 = 4.0;
/// As many at once.
const BURST: f64 = 16.0;
/// No round trip takes longer: an answer that says so is one to something else.
const LONGEST_TRIP: Duration = Duration::from_secs(60);
/// Seconds from NTP's zero to that of Unix.
const NTP_EPOCH: u64 = 2_208_988_800;

/// What the line thread has counted of a stream that comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceFigures {
    /// Its source.
    pub ssrc: u32,
    /// Highest sequence number, with how often it wrapped above it.
    pub highest: u32,
    /// Packets that should have come.
    pub expected: u32,
    /// Packets that came.
    pub received: u32,
    /// Interarrival jitter, in samples.
    pub jitter: u32,
}

/// What a session has sent and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnFigures {
    /// RTP packets sent.
    pub packets: u32,
    /// Payload octets in them.
    pub octets: u32,
    /// Where our stream's clock stands now.
    pub timestamp: u32,
    /// The stream that is heard, if there is one.
    pub source: Option<SourceFigures>,
}

/// What the far end has reported.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FarReport {
    /// Reports taken.
    pub reports: u64,
    /// Time of a packet there and back, as of the last report that said it.
    pub round_trip: Option<Duration>,
    /// Of our packets, as it hears them.
    pub heard: Option<FarHears>,
    /// RTP packets that it says to have sent.
    pub sent_packets: Option<u32>,
    /// It has said goodbye.
    pub left: bool,
}

/// How our packets arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FarHears {
    /// Interarrival jitter, ms.
    pub jitter_ms: f32,
    /// Share of the packets lost between its last two reports, percent.
    pub lost_percent: f32,
    /// Packets lost since the beginning.
    pub lost: i32,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It says something.
    Taken,
    /// It is no RTCP, or our own come back.
    Refused,
    /// There were too many before it.
    TooMany,
}

/// RTCP of one session. The host of a datagram is looked at by who receives it.
#[derive(Debug)]
pub struct Rtcp {
    ssrc: u32,
    cname: String,
    random: u64,
    due: Time,
    /// Mean octets of a datagram.
    mean: f64,
    /// Nothing was reported yet.
    silent: bool,
    /// Packets sent until the last report and the one before: who sends is a sender for two intervals.
    packets: [u32; 2],
    /// Of the source in the last report.
    before: SourceFigures,
    /// The far end's last sender report: source, middle of its NTP time, when it came.
    heard: Option<(u32, u32, Time)>,
    /// Ours: middle of its NTP time, when it went.
    sent: VecDeque<(u32, Time)>,
    allowance: f64,
    refilled: Time,
    far: FarReport,
}

impl Rtcp {
    /// Begins now; `ssrc` is the source of the session's RTP, `random` the seed of its intervals.
    pub fn new(now: Time, ssrc: u32, cname: &str, random: u64) -> Rtcp {
        let mut rtcp = Rtcp {
            ssrc,
            cname: cname.to_owned(),
            random: random | 1,
            due: now,
            mean: 120.0,
            silent: true,
            packets: [0; 2],
            before: SourceFigures::default(),
            heard: None,
            sent: VecDeque::new(),
            allowance: BURST,
            refilled: now,
            far: FarReport::default(),
        };
        rtcp.due = now + rtcp.interval();
        rtcp
    }

    /// When the next report is due.
    pub fn due(&self) -> Time {
        self.due
    }

    /// What the far end has reported.
    pub fn far(&self) -> FarReport {
        self.far
    }

    /// Another far end: what the former one said is forgotten.
    pub fn restart(&mut self, now: Time) {
        self.far = FarReport::default();
        self.heard = None;
        self.sent.clear();
        self.silent = true;
        self.due = now + self.interval();
    }

    /// The report that is due. `unix` is wall time.
    pub fn report(&mut self, now: Time, unix: Duration, own: &OwnFigures) -> Vec<u8> {
        let datagram = self.compound(now, unix, own, false);
        self.note_size(datagram.len());
        self.silent = false;
        self.due = now + self.interval();
        datagram
    }

    /// The last report, with the goodbye; none when there was no report before it (§6.3.7).
    pub fn bye(&mut self, now: Time, unix: Duration, own: &OwnFigures) -> Option<Vec<u8>> {
        (!self.silent).then(|| self.compound(now, unix, own, true))
    }

    /// A datagram of the far end's host.
    pub fn receive(&mut self, now: Time, datagram: &[u8]) -> Reported {
        let passed = now.saturating_since(self.refilled).as_secs_f64();
        self.refilled = now;
        self.allowance = (self.allowance + passed * RATE).min(BURST);
        if self.allowance < 1.0 {
            return Reported::TooMany;
        }
        self.allowance -= 1.0;
        let Ok(said) = Incoming::parse(datagram, self.ssrc) else {
            return Reported::Refused;
        };
        if said.ssrc == self.ssrc {
            return Reported::Refused;
        }
        self.note_size(datagram.len());
        self.far.reports += 1;
        self.far.left = said.bye;
        if let Some(sender) = said.sender {
            self.heard = Some((said.ssrc, middle(sender.ntp), now));
            self.far.sent_packets = Some(sender.packets);
        }
        if let Some(block) = said.of_us {
            self.far.heard = Some(FarHears {
                jitter_ms: block.jitter as f32 * 1000.0 / CLOCK_HZ as f32,
                lost_percent: f32::from(block.fraction) * 100.0 / 256.0,
                lost: block.lost,
            });
            self.far.round_trip = self.round_trip(now, block).or(self.far.round_trip);
        }
        Reported::Taken
    }

    /// §6.4.1, by our own clock alone: when the report that it answers went is remembered, so no step of the wall clock and
    /// no number out of the blue makes a round trip.
    fn round_trip(&self, now: Time, block: ReportBlock) -> Option<Duration> {
        let (_, went) = self
            .sent
            .iter()
            .find(|(ntp, _)| *ntp == block.last_report)?;
        let held = Duration::from_secs_f64(f64::from(block.since) / 65_536.0);
        let away = now.saturating_since(*went);
        // The clocks of the two ends differ by some ppm, so a short trip may come out below zero.
        (away < LONGEST_TRIP + held && held < away + Duration::from_millis(10))
            .then(|| away.saturating_sub(held))
    }

    fn compound(&mut self, now: Time, unix: Duration, own: &OwnFigures, bye: bool) -> Vec<u8> {
        let [last, before] = self.packets;
        let sends = own.packets != last || own.packets != before;
        let ntp = ntp(unix);
        let sender = sends.then_some(SenderInfo {
            ntp,
            timestamp: own.timestamp,
            packets: own.packets,
            octets: own.octets,
        });
        if sends {
            if self.sent.len() >= REMEMBERED {
                self.sent.pop_front();
            }
            self.sent.push_back((middle(ntp), now));
        }
        self.packets = [own.packets, last];
        let block = own.source.map(|source| self.block(now, source));
        RtcpPacket {
            ssrc: self.ssrc,
            sender,
            block,
            cname: &self.cname,
            bye,
        }
        .encode()
    }

    fn block(&mut self, now: Time, source: SourceFigures) -> ReportBlock {
        let mut before = std::mem::replace(&mut self.before, source);
        // Another stream, or the same one from its beginning.
        if before.ssrc != source.ssrc || before.expected > source.expected {
            before = SourceFigures::default();
        }
        let expected = source.expected.saturating_sub(before.expected);
        let received = source.received.wrapping_sub(before.received);
        let lost = expected.saturating_sub(received.min(expected));
        let fraction = (u64::from(lost) * 256)
            .checked_div(u64::from(expected))
            .unwrap_or(0);
        let heard = self.heard.filter(|(ssrc, ..)| *ssrc == source.ssrc);
        ReportBlock {
            ssrc: source.ssrc,
            fraction: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: source.expected.wrapping_sub(source.received).cast_signed(),
            highest: source.highest,
            jitter: source.jitter,
            last_report: heard.map_or(0, |(_, ntp, _)| ntp),
            since: heard.map_or(0, |(_, _, at)| {
                // Saturates after 18 hours.
                (now.saturating_since(at).as_secs_f64() * 65_536.0) as u32
            }),
        }
    }

    fn note_size(&mut self, octets: usize) {
        self.mean += ((octets + UNDERLYING) as f64 - self.mean) / 16.0;
    }

    /// §6.3.1: half to one and a half of the interval, so that the far end's reports and ours do not keep step.
    fn interval(&mut self) -> Duration {
        let least = if self.silent { INTERVAL / 2 } else { INTERVAL };
        let wanted = least.as_secs_f64().max(MEMBERS * self.mean / OCTETS_PER_S);
        // xorshift64: it need not be unpredictable.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = (self.random >> 11) as f64 / (1u64 << 53) as f64;
        Duration::from_secs_f64(wanted * (0.5 + share) / COMPENSATION)
    }
}

/// Wall time in NTP's form.
pub fn ntp(unix: Duration) -> u64 {
    let seconds = unix.as_secs().wrapping_add(NTP_EPOCH) & u64::from(u32::MAX);
    let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

#[cfg(test)]
mod tests;
