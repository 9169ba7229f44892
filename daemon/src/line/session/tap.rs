//! What listens to a fax that passes as sound in a session.
//!
//! Built by control ([`FaxTap::build`] allocates everything) when data begins to pass, and moved in. It stays until the
//! session is dropped, and listens only while data passes as sound: in voice and beside a relay it costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use rtrb::{Consumer, Producer, RingBuffer};
use tipring_dsp::relay::{RelayError, Seen, Tap};
use tipring_proto::time::Time;
use tipring_proto::types::{Side, TenthDbm0};

use super::MediaSession;
use super::body::Body;
use crate::line::counters::PortCounters;

/// What passed and was not read by control yet; beyond that it is lost, and counted.
const SEEN: usize = 256;
/// No level.
const NONE: i64 = i64::MIN;

/// What control reads of a tap at any time.
#[derive(Debug)]
pub struct TapView {
    levels: [AtomicI64; 2],
    /// Faxes for which control wanted levels of their own.
    forgotten: AtomicU64,
    unheard: AtomicU64,
}

impl TapView {
    /// Level of the fax signals of a side.
    pub fn level(&self, side: Side) -> Option<TenthDbm0> {
        let tenths = self.levels[place(side)].load(Relaxed);
        i16::try_from(tenths).ok().map(TenthDbm0)
    }

    /// Another fax begins: levels are those of its own signals from now on.
    pub fn forget_levels(&self) {
        self.no_levels();
        self.forgotten.fetch_add(1, Relaxed);
    }

    fn no_levels(&self) {
        for level in &self.levels {
            level.store(NONE, Relaxed);
        }
    }

    /// What passed and found no room on the way to control.
    pub fn unheard(&self) -> u64 {
        self.unheard.load(Relaxed)
    }
}

/// What control keeps of a tap.
#[derive(Debug)]
pub struct TapWatch {
    /// Its figures now.
    pub view: Arc<TapView>,
    /// What passed, and when.
    pub seen: Consumer<(Time, Seen)>,
    /// It listens to voice as well.
    pub in_voice: bool,
}

/// Listens to both directions.
pub struct FaxTap {
    tap: Tap,
    /// It listens to voice as well: data is carried so.
    in_voice: bool,
    seen: Producer<(Time, Seen)>,
    view: Arc<TapView>,
    /// As the view had it when the levels were forgotten last.
    forgotten: u64,
    dropped: u64,
    /// What the port's counters have.
    published: u64,
}

impl std::fmt::Debug for FaxTap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaxTap").finish_non_exhaustive()
    }
}

fn place(side: Side) -> usize {
    match side {
        Side::Line => 0,
        Side::Network => 1,
    }
}

impl FaxTap {
    /// Everything that it will need is allocated here. `in_voice`: it listens whether data passes or not.
    ///
    /// # Errors
    /// [`RelayError`] when there is no memory for its receivers.
    pub fn build(in_voice: bool) -> Result<(Box<FaxTap>, TapWatch), RelayError> {
        let (producer, consumer) = RingBuffer::new(SEEN);
        let view = Arc::new(TapView {
            levels: [AtomicI64::new(NONE), AtomicI64::new(NONE)],
            forgotten: AtomicU64::new(0),
            unheard: AtomicU64::new(0),
        });
        let tap = Box::new(FaxTap {
            tap: Tap::new()?,
            in_voice,
            seen: producer,
            view: Arc::clone(&view),
            forgotten: 0,
            dropped: 0,
            published: 0,
        });
        let watch = TapWatch {
            view,
            seen: consumer,
            in_voice,
        };
        Ok((tap, watch))
    }

    fn hear(&mut self, now: Time, side: Side, samples: &[i16], port: &PortCounters) {
        // Control has given it up; a new one replaces it with the next fax.
        if self.seen.is_abandoned() {
            return;
        }
        let forgotten = self.view.forgotten.load(Relaxed);
        if forgotten != self.forgotten {
            self.forgotten = forgotten;
            self.tap.forget_levels();
            // What was shown while control asked for it was of the fax before.
            self.view.no_levels();
        }
        self.tap.hear(side, samples);
        let mut any = false;
        while let Some(seen) = self.tap.seen() {
            any = true;
            self.dropped += u64::from(self.seen.push((now, seen)).is_err());
        }
        if any {
            self.publish(port);
        }
    }

    #[cold]
    fn publish(&mut self, port: &PortCounters) {
        for side in [Side::Line, Side::Network] {
            if let Some(level) = self.tap.level_dbm0(side) {
                let tenths = i64::from(TenthDbm0::of(level).0);
                self.view.levels[place(side)].store(tenths, Relaxed);
            }
        }
        let unheard = self.dropped + self.tap.seen_lost();
        port.t38_unseen.add(unheard - self.published);
        self.published = unheard;
        self.view.unheard.store(unheard, Relaxed);
    }
}

impl<B: Body> MediaSession<B> {
    /// Listens from now on while data passes (or always: [`FaxTap::build`]); one that did before comes back.
    pub(in crate::line) fn listen(&mut self, tap: Box<FaxTap>) -> Option<Box<FaxTap>> {
        self.tap.replace(tap)
    }

    /// What came from a side, where data passes as sound, or is carried as voice.
    #[inline]
    pub(in crate::line) fn overhear(
        &mut self,
        now: Time,
        side: Side,
        samples: &[i16],
        port: &PortCounters,
    ) {
        if let Some(tap) = &mut self.tap
            && self.relay.is_none()
            && (tap.in_voice || self.body.data().is_some())
        {
            tap.hear(now, side, samples, port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flags at 300 bit/s for a second.
    fn flags() -> Vec<i16> {
        let mut phase = 0.0_f64;
        let sample = |n: usize| {
            // 0111 1110
            let is_mark = !matches!((n * 300 / 8000) % 8, 0 | 7);
            let hertz = if is_mark { 1650.0 } else { 1850.0 };
            phase += std::f64::consts::TAU * hertz / 8000.0;
            (phase.sin() * 8000.0) as i16
        };
        (0..8000).map(sample).collect()
    }

    #[test]
    fn a_second_fax_has_no_levels_of_the_first() {
        let (mut tap, watch) = FaxTap::build(false).unwrap();
        let port = PortCounters::default();
        let mut says = |speaker: Side| {
            for block in flags().chunks(80) {
                for side in [Side::Line, Side::Network] {
                    let sound = if side == speaker { block } else { &[0; 80] };
                    tap.hear(Time::ZERO, side, sound, &port);
                }
            }
            for _ in 0..50 {
                tap.hear(Time::ZERO, Side::Line, &[0; 80], &port);
                tap.hear(Time::ZERO, Side::Network, &[0; 80], &port);
            }
        };
        let levels = || [Side::Line, Side::Network].map(|side| watch.view.level(side).is_some());
        says(Side::Line);
        assert_eq!(levels(), [true, false]);
        watch.view.forget_levels();
        assert_eq!(levels(), [false, false]);
        says(Side::Network);
        assert_eq!(levels(), [false, true]);
    }
}
