//! The media sockets of one line thread: which of them have packets, and when those came.
//!
//! They never wake the thread. Nothing that comes between two blocks can be played before the next one, so a block
//! asks once, without waiting, which sockets have something; hundreds of ports in any phase cost no more wakes than one.
//! When a packet came the kernel has noted. Leaves to others: what is done with the packets.

use std::io;
use std::time::Duration;

use mio::{Events, Poll, Registry, Token};
use tipring_linux::RecvBatch;
use tipring_proto::time::Time;

/// Sockets reported at once.
const AT_ONCE: usize = 256;
/// A packet does not wait longer; when it seems to, this machine's wall clock was set.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The poll of the media sockets.
pub(super) struct MediaPoll {
    poll: Poll,
    events: Events,
}

impl MediaPoll {
    pub(super) fn new() -> io::Result<MediaPoll> {
        Ok(MediaPoll {
            poll: Poll::new()?,
            events: Events::with_capacity(AT_ONCE),
        })
    }

    /// Where sockets are entered.
    pub(super) fn registry(&self) -> io::Result<Registry> {
        self.poll.registry().try_clone()
    }

    /// Looks which sockets have something, a bounded number of them; never waits. True: ask again, there may be more.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        Ok(self.events.iter().count() >= AT_ONCE)
    }

    /// The tokens of the sockets that the last look found.
    pub(super) fn found(&self) -> impl Iterator<Item = Token> {
        self.events.iter().map(mio::event::Event::token)
    }
}

/// Datagrams read with one call. An RTP stream brings one or two a wake; when there are more, they are many.
const BATCH: usize = 4;
const LARGE_BATCH: usize = 64;
/// Longest datagram of use: what an Ethernet frame holds. With two earlier packets in it, one of 30 ms has 750 bytes.
const DATAGRAM: usize = 1472;

/// Where datagrams are read into, for all sockets in turn.
pub(super) struct Batches {
    small: RecvBatch,
    large: RecvBatch,
}

impl Batches {
    pub(super) fn new() -> Batches {
        Batches {
            small: RecvBatch::new(BATCH, DATAGRAM),
            large: RecvBatch::new(LARGE_BATCH, DATAGRAM),
        }
    }

    /// The batch for the next read; `more`: the one before was full.
    pub(super) fn for_more(&mut self, more: bool) -> &mut RecvBatch {
        if more {
            &mut self.large
        } else {
            &mut self.small
        }
    }
}

/// What may be spent on the datagrams of a port in a block.
#[derive(Debug)]
pub(super) struct Allowance<'a> {
    /// Datagrams that the port has for itself.
    pub(super) datagrams: &'a mut u16,
    /// Packets of the far end.
    pub(super) packets: &'a mut u16,
    /// Datagrams that all ports have together in a wake: a flood that has just begun is read to its end by it, for the
    /// far end's packets are in it.
    pub(super) shared: &'a mut u32,
}

impl Allowance<'_> {
    /// Spends this number of datagrams; false when nothing is left.
    pub(super) fn spend(&mut self, count: usize) -> bool {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let own = u32::from(*self.datagrams).min(count);
        *self.datagrams -= own as u16; // no more than it was
        *self.shared = self.shared.saturating_sub(count - own);
        *self.datagrams > 0 || *self.shared > 0
    }

    /// May a packet of the far end be read?
    pub(super) fn packet(&mut self) -> bool {
        let may = *self.packets > 0;
        *self.packets = self.packets.saturating_sub(1);
        may
    }
}

/// The moment at which packets are taken, by both clocks: turns the kernel's stamp into this thread's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrivals {
    pub(super) now: Time,
    /// The wall clock at `now`; `None`: packets came when they are taken (time moved by hand).
    pub(super) wall: Option<Duration>,
}

impl Arrivals {
    /// When a datagram came, by the kernel's stamp.
    pub(super) fn of(self, received_at: Option<Duration>) -> Time {
        let waited = match (self.wall, received_at) {
            (Some(wall), Some(at)) => wall.saturating_sub(at),
            _ => Duration::ZERO,
        };
        if waited > LONGEST_WAIT {
            return self.now;
        }
        Time::from_duration(self.now.since_epoch().saturating_sub(waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_came_when_the_kernel_says_unless_the_wall_clock_was_set() {
        let ms = Duration::from_millis;
        let came = |wall, at| {
            let arrivals = Arrivals {
                now: Time::from_millis(5000),
                wall,
            };
            arrivals.of(at)
        };
        let t = Time::from_millis;
        assert_eq!(came(Some(ms(90_000)), Some(ms(89_993))), t(4993));
        assert_eq!(came(Some(ms(90_000)), Some(ms(90_500))), t(5000));
        assert_eq!(came(Some(ms(90_000)), Some(ms(10_000))), t(5000));
        assert_eq!(came(Some(ms(90_000)), None), t(5000));
        assert_eq!(came(None, Some(ms(1))), t(5000));
    }
}
