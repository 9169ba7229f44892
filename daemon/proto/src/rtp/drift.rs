//! How fast the far end's clock runs against the card's, in parts per million.
//!
//! Both are seen through delays that are never negative: a packet comes late, a wake comes late. So of each window the
//! earliest is kept, of packets (arrival less timestamp) and of wakes (time less samples played), and a line is laid
//! through the differences of the two by least squares. A step (another route, a source that restarted, blocks lost)
//! is left out. Slips of the jitter buffer do not touch it.

use crate::time::Time;

/// Length of a window.
const WINDOW_US: i64 = 2_000_000;
/// Windows before anything is shown: half a minute.
const LEAST_WINDOWS: f64 = 14.0;
/// Windows after which one weighs 1/e: ten minutes.
const MEMORY: f64 = 300.0;
/// Two windows differ by no more than this for clocks alone (1500 ppm).
const STEP_US: i64 = 3000;
/// Least error that is shown, ppm: the clock by which both are measured, and what the model leaves out.
const LEAST_ERROR: f64 = 0.5;
/// What is known less surely is not shown, ppm.
const LARGEST_ERROR: f64 = 100.0;
/// Microseconds of a sample.
const SAMPLE_US: i64 = 125;

/// What is known of the drift.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    /// Parts per million that the far clock runs fast; negative: slow.
    pub ppm: f32,
    /// It is within this number of ppm of that, in 19 of 20 cases.
    pub error_ppm: f32,
}

/// One stream's estimate. Allocation free.
#[derive(Clone, Debug, Default)]
pub(super) struct DriftMeter {
    /// Timestamp of the packet before, and its place on a clock that does not wrap.
    before: Option<(u32, i64)>,
    /// Samples played since the beginning.
    played: i64,
    packets: Option<i64>,
    wakes: Option<i64>,
    ends: Option<i64>,
    /// Window and difference of the last one that had both.
    last: Option<(i64, i64)>,
    window: i64,
    /// What the differences add up to, µs, steps left out.
    sum: f64,
    line: Line,
}

impl DriftMeter {
    /// A block of `samples` is played; true when there may be news.
    pub(super) fn block(&mut self, now: Time, samples: usize) -> bool {
        let now = micros(now);
        let lead = now - self.played * SAMPLE_US;
        self.wakes = Some(self.wakes.map_or(lead, |least| least.min(lead)));
        self.played += samples as i64;
        let ends = *self.ends.get_or_insert(now + WINDOW_US);
        if now < ends {
            return false;
        }
        // After a long stall: no windows are invented.
        self.ends = Some((ends + WINDOW_US).max(now));
        self.end_window();
        true
    }

    /// A packet of sound came.
    pub(super) fn packet(&mut self, now: Time, timestamp: u32) {
        let place = match self.before {
            Some((before, place)) => {
                // Jumps of a hostile far end add up without end.
                place.wrapping_add(i64::from(timestamp.wrapping_sub(before).cast_signed()))
            }
            None => 0,
        };
        self.before = Some((timestamp, place));
        let lead = micros(now).wrapping_sub(place.wrapping_mul(SAMPLE_US));
        self.packets = Some(self.packets.map_or(lead, |least| least.min(lead)));
    }

    /// The source restarted: its timestamps have nothing to do with those before.
    pub(super) fn restart(&mut self) {
        self.packets = None;
        self.last = None;
    }

    /// The drift, once it is known.
    pub(super) fn drift(&self) -> Option<Drift> {
        self.line.slope().map(|(slope, error)| Drift {
            // A fast sender's packets come earlier and earlier.
            ppm: -slope as f32,
            error_ppm: error as f32,
        })
    }

    fn end_window(&mut self) {
        self.window += 1;
        self.line.pass();
        let (Some(packets), Some(wakes)) = (self.packets.take(), self.wakes.take()) else {
            self.packets = None;
            self.wakes = None;
            return;
        };
        let lead = packets.wrapping_sub(wakes);
        if let Some((window, before)) = self.last.replace((self.window, lead)) {
            let windows = self.window - window;
            let change = lead.wrapping_sub(before);
            if change.unsigned_abs() <= (STEP_US * windows).unsigned_abs() {
                self.sum += change as f64;
            } else {
                // As if the clocks had gone on as they did.
                self.sum += self.line.rate() * windows as f64;
                return;
            }
        }
        self.line.add(self.sum);
    }
}

/// A line through points a window apart, with forgetting; the newest is at x = 0. In µs by window.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Line {
    /// A window passes: everything moves one to the left, and fades.
    fn pass(&mut self) {
        let keep = 1.0 - 1.0 / MEMORY;
        *self = Line {
            n: self.n * keep,
            x: (self.x - self.n) * keep,
            y: self.y * keep,
            xx: (self.xx - 2.0 * self.x + self.n) * keep,
            xy: (self.xy - self.y) * keep,
            yy: self.yy * keep,
        };
    }

    fn add(&mut self, y: f64) {
        self.n += 1.0;
        self.y += y;
        self.yy += y * y;
    }

    /// Spread of x, and with y, and of y, about their means.
    fn spreads(&self) -> (f64, f64, f64) {
        let n = self.n.max(1.0);
        (
            self.xx - self.x * self.x / n,
            self.xy - self.x * self.y / n,
            self.yy - self.y * self.y / n,
        )
    }

    fn rate(&self) -> f64 {
        let (xx, xy, _) = self.spreads();
        if self.n >= 3.0 && xx > 0.0 {
            xy / xx
        } else {
            0.0
        }
    }

    /// Slope and twice its standard error, ppm.
    fn slope(&self) -> Option<(f64, f64)> {
        if self.n < LEAST_WINDOWS {
            return None;
        }
        let (xx, xy, yy) = self.spreads();
        let rest = (yy - xy * xy / xx).max(0.0) / (self.n - 2.0);
        let error = 2.0 * (rest / xx).sqrt();
        let window_s = WINDOW_US as f64 / 1.0e6;
        let error = (error / window_s).max(LEAST_ERROR);
        (error <= LARGEST_ERROR).then_some((xy / xx / window_s, error))
    }
}

fn micros(now: Time) -> i64 {
    i64::try_from(now.since_epoch().as_micros()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests;
