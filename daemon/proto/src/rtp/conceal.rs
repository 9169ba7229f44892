//! Packet loss concealment: the last pitch period goes on, fading, and is blended into what comes after.
//!
//! The idea of G.711 Appendix I (pitch repetition, smooth seams, gone after 60 ms), without its fixed delay: the
//! first seam has no look-ahead to overlap with, so the step between the last sample and the one a period before it
//! is let fade instead.

/// Samples of past kept: two longest periods and the comparison window.
const PAST: usize = 400;
/// Pitch 66–200 Hz.
const LONGEST: usize = 120;
const SHORTEST: usize = 40;
/// Samples compared to find the pitch: 20 ms.
const WINDOW: usize = 160;
/// Full level for this time (10 ms) …
const HOLD: usize = 80;
/// … and silence after this time (60 ms).
const GONE: usize = 480;
/// The same for fax and modem calls, which take a fading carrier for its end.
const DATA_HOLD: usize = 3200;
const DATA_GONE: usize = 4000;
/// Longest blend into the returning signal: 10 ms.
const RETURN: usize = 80;

/// One direction's concealment. Allocation free.
#[derive(Clone, Debug)]
pub struct Concealer {
    past: [f32; PAST],
    period: [f32; LONGEST],
    pitch: usize,
    /// Samples concealed since the last good one.
    made: usize,
    /// The call is a fax or modem call.
    data: bool,
}

impl Default for Concealer {
    fn default() -> Concealer {
        Concealer::new()
    }
}

impl Concealer {
    /// A concealment with a silent past.
    pub const fn new() -> Concealer {
        Concealer {
            past: [0.0; PAST],
            period: [0.0; LONGEST],
            pitch: SHORTEST,
            made: 0,
            data: false,
        }
    }

    /// On fax and modem calls the concealed sound keeps its level: a modem rides over a spoilt moment, but not over a carrier that
    /// goes.
    pub fn for_machine(&mut self, on: bool) {
        self.data = on;
    }

    /// Takes a good block; its beginning is blended when samples were concealed before it.
    pub fn good(&mut self, block: &mut [i16]) {
        if self.made > 0 {
            let blend = (self.pitch / 4 + self.made / 4)
                .min(RETURN)
                .min(block.len())
                .max(1);
            for (n, sample) in block.iter_mut().take(blend).enumerate() {
                let rise = (n + 1) as f32 / (blend + 1) as f32;
                let made = self.next_made();
                *sample = to_i16(f32::from(*sample) * rise + made * (1.0 - rise));
            }
            self.made = 0;
        }
        self.remember(block);
    }

    /// Makes up a block.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.made == 0 {
            self.find_period();
            let seam = self.pitch / 4;
            let last = self.past.last().copied().unwrap_or(0.0);
            let period_before = self.past.get(PAST - 1 - self.pitch).copied().unwrap_or(0.0);
            let step = last - period_before;
            for (n, sample) in out.iter_mut().enumerate() {
                let fall = (1.0 - (n + 1) as f32 / (seam + 1) as f32).max(0.0);
                *sample = to_i16(self.next_made() + step * fall);
            }
        } else {
            for sample in out.iter_mut() {
                *sample = to_i16(self.next_made());
            }
        }
    }

    /// Takes a block that is silent by intent: nothing is blended into or out of it.
    pub fn silence(&mut self, out: &mut [i16]) {
        out.fill(0);
        self.made = 0;
        self.remember(out);
    }

    fn remember(&mut self, block: &[i16]) {
        let newest = block.get(block.len().saturating_sub(PAST)..).unwrap_or(&[]);
        self.past.copy_within(newest.len().., 0);
        for (kept, sample) in self.past.iter_mut().rev().zip(newest.iter().rev()) {
            *kept = f32::from(*sample);
        }
    }

    fn next_made(&mut self) -> f32 {
        let (hold, gone) = if self.data {
            (DATA_HOLD, DATA_GONE)
        } else {
            (HOLD, GONE)
        };
        let gain = match self.made {
            n if n < hold => 1.0,
            n if n < gone => (gone - n) as f32 / (gone - hold) as f32,
            _ => 0.0,
        };
        let sample = self
            .period
            .get(self.made % self.pitch)
            .copied()
            .unwrap_or(0.0);
        self.made = self.made.saturating_add(1);
        sample * gain
    }

    /// Finds the pitch and lays one period down, its end blended so that it repeats without a step.
    fn find_period(&mut self) {
        let coarse = best_lag(&self.past, (SHORTEST..=LONGEST).step_by(2), 2);
        let around = coarse.saturating_sub(1).max(SHORTEST)..=(coarse + 1).min(LONGEST);
        self.pitch = best_lag(&self.past, around, 1);
        let seam = self.pitch / 4;
        let last = self.past.get(PAST - self.pitch..).unwrap_or(&[]);
        let before = self.past.get(PAST - 2 * self.pitch..).unwrap_or(&[]);
        for (n, out) in self.period.iter_mut().take(self.pitch).enumerate() {
            let newest = last.get(n).copied().unwrap_or(0.0);
            let older = before.get(n).copied().unwrap_or(0.0);
            let into = (n + seam + 1).saturating_sub(self.pitch);
            let rise = into as f32 / (seam + 1) as f32;
            *out = newest * (1.0 - rise) + older * rise;
        }
    }
}

/// The lag with the highest normalised correlation over the newest [`WINDOW`] samples, every `step`-th of them.
fn best_lag(past: &[f32; PAST], lags: impl Iterator<Item = usize>, step: usize) -> usize {
    let newest = past.get(PAST - WINDOW..).unwrap_or(&[]);
    let mut best = (f32::MIN, SHORTEST);
    for lag in lags {
        let older = past.get(PAST - WINDOW - lag..).unwrap_or(&[]);
        let (mut cross, mut energy) = (0.0f32, 1.0f32);
        for (a, b) in newest.iter().zip(older).step_by(step) {
            cross += a * b;
            energy += b * b;
        }
        let score = cross / energy.sqrt();
        if score > best.0 {
            best = (score, lag);
        }
    }
    best.1
}

fn to_i16(sample: f32) -> i16 {
    sample as i16 // `as` saturates, and NaN cannot arise
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, from: usize, len: usize) -> Vec<i16> {
        (from..from + len)
            .map(|n| ((n as f32 * hz * std::f32::consts::TAU / 8000.0).sin() * 8000.0) as i16)
            .collect()
    }

    fn rms(block: &[i16]) -> f64 {
        let sum: f64 = block.iter().map(|s| f64::from(*s).powi(2)).sum();
        (sum / block.len() as f64).sqrt()
    }

    fn heard(hz: f32, good: usize) -> Concealer {
        let mut c = Concealer::new();
        for n in 0..good {
            c.good(&mut tone(hz, n * 80, 80));
        }
        c
    }

    #[test]
    fn a_lost_block_of_a_tone_is_hardly_missed() {
        for hz in [100.0, 150.0, 425.0, 1000.0] {
            let mut c = heard(hz, 10);
            let mut made = [0; 80];
            c.conceal(&mut made);
            let wanted = tone(hz, 800, 80);
            let error: Vec<i16> = made
                .iter()
                .zip(&wanted)
                .map(|(a, b)| a.wrapping_sub(*b))
                .collect();
            assert!(
                rms(&error) < 0.35 * rms(&wanted),
                "{hz} Hz: {} of {}",
                rms(&error),
                rms(&wanted)
            );
            let mut next = tone(hz, 880, 80);
            c.good(&mut next);
            let step = made
                .iter()
                .chain(&next)
                .zip(made.iter().chain(&next).skip(1));
            let widest = step
                .map(|(a, b)| i32::from(*a).abs_diff(i32::from(*b)))
                .max()
                .unwrap();
            let natural = 8000.0 * hz * std::f32::consts::TAU / 8000.0;
            assert!(
                (widest as f32) < natural * 1.6 + 900.0,
                "{hz} Hz: step {widest}"
            );
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_in_sixty_ms() {
        let mut c = heard(200.0, 10);
        let levels: Vec<f64> = (0..7)
            .map(|_| {
                let mut made = [0; 80];
                c.conceal(&mut made);
                rms(&made)
            })
            .collect();
        assert!(levels.windows(2).all(|w| w[1] <= w[0]), "{levels:?}");
        assert!(levels[0] > 5000.0 && levels[5] > 0.0, "{levels:?}");
        assert_eq!(levels[6], 0.0);
    }

    #[test]
    fn nothing_heard_conceals_as_silence_and_good_audio_is_untouched() {
        let mut c = Concealer::new();
        let mut made = [1; 80];
        c.conceal(&mut made);
        assert_eq!(made, [0; 80]);
        c.silence(&mut made);
        let mut block = tone(440.0, 0, 80);
        c.good(&mut block);
        assert_eq!(block, tone(440.0, 0, 80));
    }

    #[test]
    fn full_scale_and_odd_block_lengths_do_not_overflow() {
        let mut c = Concealer::new();
        for len in [1, 7, 79, 160, 999] {
            c.good(&mut vec![i16::MIN; len]);
            c.conceal(&mut vec![0; len]);
            c.conceal(&mut vec![0; len]);
            c.good(&mut vec![i16::MAX; len]);
        }
        c.good(&mut []);
        c.conceal(&mut []);
    }
}
