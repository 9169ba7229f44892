//! Who may send to this session.
//!
//! StartMediaTransmission names where we send to. Most far ends send from there too, but not all: music on hold and
//! announcers come without any StartMediaTransmission, and some gateways send from another port than they receive on.
//! So the named source is taken at once and always; another one is latched onto when it has sent a few valid packets in
//! a row and nobody better is heard. What is heard is not given up for somebody else as long as it sends.

use std::net::SocketAddrV4;
use std::time::Duration;

use super::packet::Header;
use crate::time::Time;
use crate::types::RtpSource;

/// Packets in a row that an unnamed source has to send before it is heard.
const PROBATION: u32 = 3;
/// A packet of such a row comes so soon after the one before; a sprayed one does not.
const IN_A_ROW: Duration = Duration::from_millis(150);
/// And has a sequence number that is ahead by this number at most: a few may be lost.
const AHEAD: u16 = 16;
/// A source that has been silent for this time gives way to another port of its host, or to anybody once the server has
/// named another far end or stopped our transmission.
const SILENT: Duration = Duration::from_millis(500);
/// And for this time to anybody: silence suppression makes pauses, and nobody is to talk into them.
const GONE: Duration = Duration::from_secs(3);
/// Unnamed sources that are on probation at a time.
const CANDIDATES: usize = 4;
/// Refused sources that are remembered by address.
pub const REFUSED: usize = 3;

/// What a datagram shows of the stream that it is of, if it is of any: by it packets in a row are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMark {
    /// The same in all packets of a stream (RTP: the SSRC; 0 where there is none).
    pub stream: u32,
    /// One more with each packet; wraps.
    pub sequence: u16,
}

impl From<Header> for StreamMark {
    fn from(header: Header) -> StreamMark {
        StreamMark {
            stream: header.ssrc,
            sequence: header.sequence,
        }
    }
}

/// A source that was not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedSource {
    /// Its address and port.
    pub address: SocketAddrV4,
    /// Its datagrams.
    pub packets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddrV4,
    mark: StreamMark,
    last: Time,
    run: u32,
}

/// The decision, datagram by datagram.
///
/// ```
/// use tipring_proto::rtp::SourceLatch;
/// use tipring_proto::types::RtpSource;
/// let mut latch = SourceLatch::new(RtpSource::Strict);
/// let far_end = "10.0.0.5:20000".parse().unwrap();
/// latch.name(far_end); // StartMediaTransmission
/// assert_eq!(latch.named(), Some(far_end));
/// assert_eq!(latch.strangers(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct SourceLatch {
    policy: RtpSource,
    named: Option<SocketAddrV4>,
    /// The source that is heard.
    current: Option<SocketAddrV4>,
    /// When it sent last.
    heard: Time,
    /// The server has said since that the media go another way.
    released: bool,
    candidates: [Option<Candidate>; CANDIDATES],
    refused: [Option<RefusedSource>; REFUSED],
    strangers: u64,
}

impl SourceLatch {
    /// Knows nobody yet.
    pub fn new(policy: RtpSource) -> SourceLatch {
        SourceLatch {
            policy,
            named: None,
            current: None,
            heard: Time::ZERO,
            released: false,
            candidates: [None; CANDIDATES],
            refused: [None; REFUSED],
            strangers: 0,
        }
    }

    /// StartMediaTransmission names the far end.
    pub fn name(&mut self, far_end: SocketAddrV4) {
        if self.named == Some(far_end) {
            return;
        }
        self.named = Some(far_end);
        self.release();
        self.current = self.current.filter(|current| match self.policy {
            RtpSource::Strict => *current == far_end,
            RtpSource::Host => current.ip() == far_end.ip(),
            RtpSource::Latch => true,
        });
    }

    /// The server has stopped our transmission: whoever is heard now may be followed by somebody else.
    pub fn release(&mut self) {
        self.released = true;
    }

    /// Is a datagram from there heard? `mark` reads it: none when it is nothing that could be used.
    /// One of the named far end is always let through, if only to be counted as malformed.
    #[inline]
    pub fn admits(
        &mut self,
        now: Time,
        from: SocketAddrV4,
        mark: impl FnOnce() -> Option<StreamMark>,
    ) -> bool {
        self.current == Some(from) || self.consider(now, from, mark())
    }

    /// The source that is heard has sent a valid packet.
    #[inline]
    pub fn heard(&mut self, at: Time) {
        self.heard = at;
    }

    /// The source that is heard, once there is one.
    pub fn current(&self) -> Option<SocketAddrV4> {
        self.current
    }

    /// The far end that the server named.
    pub fn named(&self) -> Option<SocketAddrV4> {
        self.named
    }

    /// Somebody is heard who would not give way to just anybody now.
    pub fn is_taken(&self, now: Time) -> bool {
        self.current.is_some() && now.saturating_since(self.heard) < self.patience()
    }

    /// Datagrams of other sources.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }

    /// The sources that were refused, those with most datagrams.
    pub fn refused(&self) -> impl Iterator<Item = RefusedSource> {
        self.refused.into_iter().flatten()
    }

    fn consider(&mut self, now: Time, from: SocketAddrV4, mark: Option<StreamMark>) -> bool {
        if self.named == Some(from) {
            if mark.is_some() {
                self.latch(now, from);
            }
            return true;
        }
        let Some(mark) = mark.filter(|_| self.may_take_over(now, from)) else {
            self.refuse(from, 1);
            return false;
        };
        if !self.has_passed(now, from, mark) {
            return false;
        }
        self.latch(now, from);
        true
    }

    /// Could this unnamed source be heard, if it sends as it should?
    fn may_take_over(&self, now: Time, from: SocketAddrV4) -> bool {
        let of_named_host = |a: SocketAddrV4| self.named.is_some_and(|n| n.ip() == a.ip());
        let allowed = match self.policy {
            RtpSource::Strict => false,
            RtpSource::Host => of_named_host(from),
            RtpSource::Latch => true,
        };
        let Some(current) = self.current.filter(|_| allowed) else {
            return allowed;
        };
        let silent = now.saturating_since(self.heard);
        let nearer = of_named_host(from) && !of_named_host(current);
        let patience = if current.ip() == from.ip() {
            SILENT
        } else {
            self.patience()
        };
        nearer || silent >= patience
    }

    fn patience(&self) -> Duration {
        if self.released { SILENT } else { GONE }
    }

    /// Notes a packet of an unnamed source; true when its probation is over.
    fn has_passed(&mut self, now: Time, from: SocketAddrV4, mark: StreamMark) -> bool {
        let known = |c: &Option<Candidate>| c.is_some_and(|c| c.address == from);
        let place = self.candidates.iter().position(known).unwrap_or_else(|| {
            // The one that has been silent longest gives way.
            let last = |at: usize| self.candidates[at].map(|c| c.last);
            (0..CANDIDATES).min_by_key(|at| last(*at)).unwrap_or(0)
        });
        let before = self.candidates[place];
        let follows = before.filter(|c| {
            let ahead = mark.sequence.wrapping_sub(c.mark.sequence);
            c.address == from
                && c.mark.stream == mark.stream
                && (1..=AHEAD).contains(&ahead)
                && now.saturating_since(c.last) <= IN_A_ROW
        });
        if let Some(broken) = before.filter(|_| follows.is_none()) {
            self.refuse(broken.address, u64::from(broken.run));
        }
        let run = follows.map_or(1, |c| c.run + 1);
        self.candidates[place] = Some(Candidate {
            address: from,
            mark,
            last: now,
            run,
        });
        run >= PROBATION
    }

    fn latch(&mut self, now: Time, source: SocketAddrV4) {
        self.current = Some(source);
        self.heard = now;
        self.released = false;
        for place in 0..CANDIDATES {
            let candidate = self.candidates[place].take();
            if let Some(other) = candidate.filter(|c| c.address != source) {
                self.refuse(other.address, u64::from(other.run));
            }
        }
    }

    fn refuse(&mut self, address: SocketAddrV4, packets: u64) {
        self.strangers += packets;
        let known = |r: &Option<RefusedSource>| r.is_some_and(|r| r.address == address);
        let place = self.refused.iter().position(known).unwrap_or_else(|| {
            // The one with fewest datagrams gives way.
            let count = |at: usize| self.refused[at].map(|r| r.packets);
            (0..REFUSED).min_by_key(|at| count(*at)).unwrap_or(0)
        });
        let before = self.refused[place]
            .filter(|r| r.address == address)
            .map_or(0, |r| r.packets);
        self.refused[place] = Some(RefusedSource {
            address,
            packets: before + packets,
        });
    }
}

#[cfg(test)]
mod tests;
