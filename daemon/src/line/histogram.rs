//! Times as histograms: written by the line thread without a lock, read by control at any time.
//!
//! Four steps an octave, so that a quantile is known within a fifth of its value, from 1 µs to half a minute.

use super::counters::Counter;

/// Steps in an octave, as a power of two.
const STEPS_LOG2: u32 = 2;
const STEPS: u32 = 1 << STEPS_LOG2;
/// Octaves: up to 2^25 µs.
const OCTAVES: u32 = 25;
const BUCKETS: usize = (OCTAVES * STEPS) as usize;

/// How often which time was seen, in µs. One writer.
#[derive(Debug)]
pub struct Histogram {
    counts: [Counter; BUCKETS],
    max: Counter,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: std::array::from_fn(|_| Counter::default()),
            max: Counter::default(),
        }
    }
}

impl Histogram {
    /// The buckets that hold anything, in rising order: upper bound in µs (the last bucket's is [`u64::MAX`]) and count.
    pub fn filled(&self) -> Vec<(u64, u64)> {
        let all = self.counts.iter().enumerate();
        all.map(|(n, count)| (bound(n), count.get()))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// The longest time seen, µs.
    pub fn max_us(&self) -> u64 {
        self.max.get()
    }

    pub(super) fn note(&self, us: u64) {
        if let Some(counter) = self.counts.get(bucket(us)) {
            counter.add(1);
        }
        self.max.raise_to(us);
    }
}

fn bucket(us: u64) -> usize {
    let us = us.max(1);
    let octave = us.ilog2();
    if octave < STEPS_LOG2 {
        return us as usize - 1;
    }
    let step = (us >> (octave - STEPS_LOG2)) as usize - STEPS as usize;
    // The octaves below [`STEPS_LOG2`] share the first places.
    let place = (octave - STEPS_LOG2) as usize * STEPS as usize + step + STEPS as usize - 1;
    place.min(BUCKETS - 1)
}

/// The largest time of a bucket.
fn bound(bucket: usize) -> u64 {
    let steps = STEPS as usize;
    if bucket + 1 >= BUCKETS {
        return u64::MAX;
    }
    let Some(above) = bucket.checked_sub(steps - 1) else {
        return bucket as u64 + 1;
    };
    let (octave, step) = (above / steps, above % steps);
    (((steps + step + 1) as u64) << octave) - 1
}

/// What the line thread measures the time of. One for each thread.
#[derive(Debug, Default)]
pub struct Timing {
    /// From the moment a card had its block complete to the thread's wake.
    pub wake_late: Histogram,
    /// From the wake to the end of all work on it, of wakes that served a block.
    pub tick: Histogram,
    /// Of these, those that ended after the next block was complete: how long after it.
    pub deadline_missed: Histogram,
    /// From the moment a block of the line was complete to the packet with it being given to the network.
    pub to_network: Histogram,
    /// From a packet's arrival (by the kernel) to its first sound being given to the card: the jitter buffer and the
    /// wait for a block are in it. Measured of one packet at a time.
    pub to_line: Histogram,
}

impl Timing {
    /// Every histogram by its name, in a fixed order.
    pub fn all(&self) -> [(&'static str, &Histogram); 5] {
        [
            ("wake_late", &self.wake_late),
            ("tick", &self.tick),
            ("deadline_missed", &self.deadline_missed),
            ("to_network", &self.to_network),
            ("to_line", &self.to_line),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_in_the_bucket_that_bounds_it() {
        for us in (0..5000).chain([1 << 20, (1 << 24) + 12_345, 1 << 40, u64::MAX]) {
            let n = bucket(us);
            assert!(us <= bound(n), "{us} in {n}");
            assert!(n == 0 || us > bound(n - 1), "{us} in {n}");
        }
    }

    #[test]
    fn a_bound_is_less_than_a_quarter_above_what_it_bounds() {
        for n in 4..BUCKETS - 1 {
            let (below, above) = (bound(n - 1) + 1, bound(n));
            assert!(above - below < below.div_ceil(4), "{below} to {above}");
        }
    }

    #[test]
    fn counts_and_the_longest_are_reported() {
        let h = Histogram::default();
        for us in [0, 1, 3, 1000, 1001, 70_000_000] {
            h.note(us);
        }
        assert_eq!(h.filled(), [(1, 2), (3, 1), (1023, 2), (u64::MAX, 1)]);
        assert_eq!(h.max_us(), 70_000_000);
    }
}
