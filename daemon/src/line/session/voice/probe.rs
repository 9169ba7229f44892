//! The way of one packet through the jitter buffer, timed: from its arrival to the block that its sound begins in.
//!
//! One packet at a time, so that it costs next to nothing; with packets of 20 ms about every second one is timed.

use tipring_proto::time::Time;

/// A packet further from what is played, in samples, has been overtaken by a new time of the stream.
const FAR: i32 = 16_000;
/// The timestamp in an RTP header.
const TIMESTAMP: std::ops::Range<usize> = 4..8;

/// The packet under way: its timestamp, and when it came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe(Option<(u32, Time)>);

impl Probe {
    /// A packet that the jitter buffer has taken.
    pub(super) fn taken(&mut self, datagram: &[u8], arrived: Time) {
        if self.0.is_none()
            && let Some(Ok(timestamp)) = datagram.get(TIMESTAMP).map(<[u8; 4]>::try_from)
        {
            self.0 = Some((u32::from_be_bytes(timestamp), arrived));
        }
    }

    /// A block of `samples` is played that begins with this timestamp: the arrival of the packet under way, if its
    /// sound begins there.
    pub(super) fn played(&mut self, position: Option<u32>, samples: usize) -> Option<Time> {
        let (timestamp, arrived) = self.0?;
        let ahead = timestamp.wrapping_sub(position?).cast_signed();
        let here = usize::try_from(ahead).is_ok_and(|ahead| ahead < samples);
        if !(0..FAR).contains(&ahead) || here {
            self.0 = None;
        }
        here.then_some(arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(timestamp: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 0, 0, 1];
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn a_packet_is_timed_where_its_sound_begins() {
        let mut probe = Probe::default();
        probe.taken(&packet(u32::MAX - 100), Time::from_millis(5));
        // The next one waits until this one is through.
        probe.taken(&packet(60), Time::from_millis(25));
        assert_eq!(probe.played(None, 80), None);
        assert_eq!(probe.played(Some(u32::MAX - 200), 80), None);
        let through = probe.played(Some(u32::MAX - 120), 80);
        assert_eq!(through, Some(Time::from_millis(5)));
        assert_eq!(probe.played(Some(u32::MAX - 40), 80), None);
    }

    #[test]
    fn a_packet_that_is_never_played_is_forgotten() {
        for timestamp in [999, 50_000] {
            let mut probe = Probe::default();
            probe.taken(&packet(timestamp), Time::ZERO);
            assert_eq!(probe.played(Some(1000), 80), None);
            probe.taken(&packet(1100), Time::from_millis(7));
            assert_eq!(probe.played(Some(1080), 80), Some(Time::from_millis(7)));
        }
        Probe::default().taken(&[0; 7], Time::ZERO);
    }
}
