//! What control may read of a session while the line thread has it: plain atomics with one writer.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tipring_proto::rtp::{OwnFigures, REFUSED, RefusedSource, SourceFigures, SourceLatch};
use tipring_proto::time::Time;

/// One session as it is now.
#[derive(Debug, Default)]
pub struct SessionView {
    /// When the last packet came, µs on the line thread's clock, plus one; 0: none yet.
    heard: AtomicU64,
    /// The source that is accepted; 0: none yet.
    source: AtomicU64,
    /// Sources that were refused, and their datagrams; 0: none.
    refused: [(AtomicU64, AtomicU64); REFUSED],
    streams: Streams,
}

/// Both streams as RTCP reports them. What must not be read in two halves is in one word.
#[derive(Debug, Default)]
struct Streams {
    /// Packets and octets sent.
    sent: AtomicU64,
    /// Timestamp of our stream, and when it stood there, in samples.
    clock: AtomicU64,
    /// Source and highest sequence number of the stream that comes.
    source: AtomicU64,
    /// Its packets: expected, received.
    came: AtomicU64,
    /// Its jitter in samples, plus one; 0: no stream has come.
    jitter: AtomicU64,
}

impl SessionView {
    /// When the last valid RTP packet of the far end came (audio, comfort noise or telephone-event); `None` before
    /// the first.
    pub fn last_packet(&self) -> Option<Time> {
        let us = self.heard.load(Relaxed).checked_sub(1)?;
        Some(Time::from_duration(Duration::from_micros(us)))
    }

    /// From where the far end sends, once it is accepted.
    pub fn source(&self) -> Option<SocketAddrV4> {
        unpack(self.source.load(Relaxed))
    }

    /// Who was refused, most datagrams first; not all when there are many.
    pub fn refused(&self) -> Vec<RefusedSource> {
        let places = self.refused.iter().filter_map(|(address, packets)| {
            let address = unpack(address.load(Relaxed))?;
            let packets = packets.load(Relaxed);
            Some(RefusedSource { address, packets })
        });
        let mut all: Vec<RefusedSource> = places.collect();
        all.sort_by_key(|r| std::cmp::Reverse(r.packets));
        all
    }

    /// What has been sent and heard until now.
    pub fn streams(&self, now: Time) -> OwnFigures {
        let s = &self.streams;
        let (packets, octets) = halves(s.sent.load(Relaxed));
        let (timestamp, then) = halves(s.clock.load(Relaxed));
        let (ssrc, highest) = halves(s.source.load(Relaxed));
        let (expected, received) = halves(s.came.load(Relaxed));
        let jitter = s.jitter.load(Relaxed).checked_sub(1);
        OwnFigures {
            packets,
            octets,
            timestamp: timestamp.wrapping_add(samples(now).wrapping_sub(then)),
            source: jitter.map(|jitter| SourceFigures {
                ssrc,
                highest,
                expected,
                received,
                jitter: jitter as u32,
            }),
        }
    }

    #[inline]
    pub(crate) fn show_streams(&self, now: Time, own: &OwnFigures) {
        let s = &self.streams;
        s.sent.store(joined(own.packets, own.octets), Relaxed);
        s.clock.store(joined(own.timestamp, samples(now)), Relaxed);
        if let Some(source) = own.source {
            s.source.store(joined(source.ssrc, source.highest), Relaxed);
            s.came
                .store(joined(source.expected, source.received), Relaxed);
            s.jitter.store(u64::from(source.jitter) + 1, Relaxed);
        }
    }

    pub(super) fn sources(&self, latch: &SourceLatch) {
        self.source.store(latch.current().map_or(0, pack), Relaxed);
        for ((address, packets), refused) in self.refused.iter().zip(latch.refused()) {
            address.store(pack(refused.address), Relaxed);
            packets.store(refused.packets, Relaxed);
        }
    }

    pub(crate) fn heard(&self, at: Time) {
        let us = u64::try_from(at.since_epoch().as_micros()).unwrap_or(0);
        self.heard.store(us.saturating_add(1), Relaxed);
    }
}

#[inline]
fn joined(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn halves(both: u64) -> (u32, u32) {
    ((both >> 32) as u32, both as u32)
}

/// A moment in samples, which wraps as timestamps do.
#[inline]
fn samples(at: Time) -> u32 {
    (at.since_epoch().as_micros() as u64 / 125) as u32
}

/// 0 for 0.0.0.0:0, from where nothing comes.
fn pack(address: SocketAddrV4) -> u64 {
    u64::from(u32::from(*address.ip())) << 16 | u64::from(address.port())
}

fn unpack(packed: u64) -> Option<SocketAddrV4> {
    let ip = u32::try_from(packed >> 16).ok()?;
    let port = (packed & 0xFFFF) as u16;
    (packed != 0).then(|| SocketAddrV4::new(Ipv4Addr::from(ip), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_our_stream_runs_on_between_two_blocks() {
        let view = SessionView::default();
        assert_eq!(view.streams(Time::ZERO).source, None);
        let own = OwnFigures {
            packets: 3,
            octets: 480,
            timestamp: u32::MAX - 79,
            source: Some(SourceFigures {
                ssrc: 0,
                highest: 7,
                expected: 5,
                received: 4,
                jitter: 0,
            }),
        };
        view.show_streams(Time::from_millis(9_000_000_000), &own);
        let later = view.streams(Time::from_millis(9_000_000_020));
        assert_eq!(
            later,
            OwnFigures {
                timestamp: 80,
                ..own
            }
        );
    }
}
