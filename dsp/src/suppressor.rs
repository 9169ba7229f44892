//! A half-duplex echo suppressor for fax machines, until the echo canceller is there.
//!
//! Over a packet network the echo of a far hybrid comes back a quarter of a second late, when a fax machine listens
//! for its answer, and the machine takes its own command for it. T.30 machines (below V.34) take turns, so it is
//! enough to close the way back while the line hears the far end and what comes from it is clearly weaker, as
//! ITU-T G.164 suppressors did. Voice wants a canceller instead: this one would clip it.

use crate::echo::EchoCanceller;
use crate::level::{RMS_0_DBM0, energy};

/// The line counts as hearing the far end above this level, dBm0.
const ACTIVE_DBM0: f64 = -45.0;
/// What comes from the line is echo when it is so much below what the line hears, dB. Hybrids lose more than that.
const ECHO_BELOW_DB: f64 = 6.0;
/// An echo may end so much later than its cause, samples (32 ms: a hybrid, not a network).
const TAIL: u32 = 256;
/// Samples from open to closed and back: a step would be a click in a modem's ear.
const RAMP: f32 = 40.0;

/// The suppressor of one port.
#[derive(Clone, Debug)]
pub struct EchoSuppressor {
    /// Mean square from which the reference counts.
    active: f32,
    /// Mean square of near below this share of the reference is echo.
    share: f32,
    /// Strongest reference of the last [`TAIL`] samples, mean square.
    strongest: f32,
    /// Samples until it is forgotten.
    hold: u32,
    gain: f32,
}

impl Default for EchoSuppressor {
    fn default() -> Self {
        let rms = RMS_0_DBM0 * 10f64.powf(ACTIVE_DBM0 / 20.0);
        EchoSuppressor {
            active: (rms * rms) as f32,
            share: 10f64.powf(-ECHO_BELOW_DB / 10.0) as f32,
            strongest: 0.0,
            hold: 0,
            gain: 1.0,
        }
    }
}

impl EchoCanceller for EchoSuppressor {
    fn process(&mut self, near: &mut [i16], reference: &[i16]) {
        if near.is_empty() {
            return;
        }
        // At most 80 by the contract; the cast is exact far beyond that.
        let n = near.len() as u32;
        let heard = energy(reference) / n as f32;
        if heard >= self.strongest {
            self.strongest = heard;
            self.hold = TAIL;
        } else {
            self.hold = self.hold.saturating_sub(n);
            if self.hold == 0 {
                self.strongest = heard;
                self.hold = TAIL;
            }
        }
        let said = energy(near) / n as f32;
        let echo = self.strongest > self.active && said < self.strongest * self.share;
        let target = if echo { 0.0 } else { 1.0 };
        for sample in near {
            let step = (target - self.gain).clamp(-1.0 / RAMP, 1.0 / RAMP);
            self.gain += step;
            *sample = (f32::from(*sample) * self.gain) as i16;
        }
    }

    fn reset(&mut self) {
        *self = EchoSuppressor::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::level;

    fn tone(hz: f64, dbm0: f64, n: usize) -> Vec<i16> {
        let peak = crate::level::sine_peak(dbm0);
        let sample = |i| (peak * (std::f64::consts::TAU * hz * i as f64 / 8000.0).sin()) as i16;
        (0..n).map(sample).collect()
    }

    fn run(s: &mut EchoSuppressor, near: &[i16], reference: &[i16]) -> Vec<i16> {
        let mut out = near.to_vec();
        for (n, r) in out.chunks_mut(80).zip(reference.chunks(80)) {
            s.process(n, r);
        }
        out
    }

    #[test]
    fn an_echo_ten_db_down_is_silenced() {
        let far = tone(1750.0, -13.0, 1600);
        let echo = tone(1750.0, -23.0, 1600);
        let out = run(&mut EchoSuppressor::default(), &echo, &far);
        assert!(level(&out[160..]) < -70.0, "{}", level(&out[160..]));
    }

    #[test]
    fn the_near_machine_passes_untouched_while_the_far_one_is_silent_or_echoes() {
        let near = tone(1850.0, -13.0, 1600);
        assert_eq!(
            run(&mut EchoSuppressor::default(), &near, &vec![0; 1600]),
            near
        );
        let far_echo = tone(1850.0, -33.0, 1600);
        assert_eq!(run(&mut EchoSuppressor::default(), &near, &far_echo), near);
        let both = tone(2100.0, -13.0, 1600);
        assert_eq!(run(&mut EchoSuppressor::default(), &near, &both), near);
    }

    #[test]
    fn the_way_is_open_again_before_the_other_machine_may_answer() {
        // T.30 5.3: 75 ms between the two directions. The answer may be weaker than what went before.
        let mut s = EchoSuppressor::default();
        let far = tone(1750.0, -10.0, 1600);
        run(&mut s, &tone(1750.0, -30.0, 1600), &far);
        run(&mut s, &vec![0; 600], &vec![0; 600]);
        let answer = tone(1750.0, -26.0, 800);
        let out = run(&mut s, &answer, &vec![0; 800]);
        assert_eq!(out[80..], answer[80..]);
    }

    #[test]
    fn odd_chunks_do_no_harm() {
        let mut s = EchoSuppressor::default();
        for n in [0usize, 1, 7, 80, 79] {
            s.process(&mut vec![i16::MIN; n], &vec![i16::MAX; n]);
        }
    }
}
