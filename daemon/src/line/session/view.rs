//! What control may read of a session while the line thread has it: plain atomics with one writer.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tipring_proto::rtp::{REFUSED, RefusedSource, SourceLatch};
use tipring_proto::time::Time;

/// The receive side of one session, as it is now.
#[derive(Debug, Default)]
pub struct SessionView {
    /// When the last packet came, µs on the line thread's clock, plus one; 0: none yet.
    heard: AtomicU64,
    /// The source that is accepted; 0: none yet.
    source: AtomicU64,
    /// Sources that were refused, and their datagrams; 0: none.
    refused: [(AtomicU64, AtomicU64); REFUSED],
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

    pub(super) fn sources(&self, latch: &SourceLatch) {
        self.source.store(latch.current().map_or(0, pack), Relaxed);
        for ((address, packets), refused) in self.refused.iter().zip(latch.refused()) {
            address.store(pack(refused.address), Relaxed);
            packets.store(refused.packets, Relaxed);
        }
    }

    pub(super) fn heard(&self, at: Time) {
        let us = u64::try_from(at.since_epoch().as_micros()).unwrap_or(0);
        self.heard.store(us.saturating_add(1), Relaxed);
    }
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
