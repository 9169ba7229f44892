//! Signals for receivers of digits, and a seeded source of chance.

use std::f64::consts::TAU;

use tipring_dsp::Law;
use tipring_dsp::level::sine_peak;
use tipring_dsp::tone::dtmf_frequencies;

/// All keys.
pub(crate) const KEYS: [u8; 16] = *b"123A456B789C*0#D";

/// Small seeded source of chance (xorshift64*).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Gaussian, variance 1.
    pub(crate) fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// How keys are pressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) on_ms: f64,
    pub(crate) off_ms: f64,
    /// dBm0 of the low and the high tone.
    pub(crate) levels: (f64, f64),
    /// What they are off, of 1.
    pub(crate) off_by: (f64, f64),
}

impl Style {
    pub(crate) const PLAIN: Style = Style {
        on_ms: 50.0,
        off_ms: 50.0,
        levels: (-10.0, -10.0),
        off_by: (0.0, 0.0),
    };
}

/// Samples being put together.
#[derive(Clone, Default)]
pub(crate) struct Signal(pub(crate) Vec<f64>);

impl Signal {
    pub(crate) fn silence(&mut self, samples: usize) {
        self.0.resize(self.0.len() + samples, 0.0);
    }

    /// Appends sines of (Hz, dBm0), phases by chance.
    pub(crate) fn tones(&mut self, tones: &[(f64, f64)], samples: usize, chance: &mut Chance) {
        let start = self.0.len();
        self.silence(samples);
        for (hz, dbm0) in tones {
            let (phase, peak) = (chance.unit(), sine_peak(*dbm0));
            for (i, sample) in self.0[start..].iter_mut().enumerate() {
                *sample += peak * (TAU * (hz * i as f64 / 8000.0 + phase)).sin();
            }
        }
    }

    /// A key.
    pub(crate) fn press(&mut self, key: u8, style: &Style, chance: &mut Chance) {
        let (low, high) = dtmf_frequencies(key).expect("a key");
        self.tones(
            &[
                (f64::from(low) * (1.0 + style.off_by.0), style.levels.0),
                (f64::from(high) * (1.0 + style.off_by.1), style.levels.1),
            ],
            (style.on_ms * 8.0).round() as usize,
            chance,
        );
    }

    /// Adds a sine to all of it.
    pub(crate) fn under(&mut self, hz: f64, dbm0: f64) {
        let peak = sine_peak(dbm0);
        for (i, sample) in self.0.iter_mut().enumerate() {
            *sample += peak * (TAU * hz * i as f64 / 8000.0).sin();
        }
    }

    /// Adds white noise to all of it.
    pub(crate) fn noise(&mut self, dbm0: f64, chance: &mut Chance) {
        let rms = sine_peak(dbm0) / std::f64::consts::SQRT_2;
        for sample in &mut self.0 {
            *sample += rms * chance.gauss();
        }
    }

    /// As a law leaves it.
    pub(crate) fn pcm(&self, law: Law) -> Vec<i16> {
        // `as` saturates.
        self.0
            .iter()
            .map(|x| law.decode(law.encode(x.round() as i16)))
            .collect()
    }
}

/// Keys by turns at chance offsets, half a second of silence around; and which.
pub(crate) fn dialled(rounds: usize, style: &Style, chance: &mut Chance) -> (Vec<u8>, Signal) {
    let mut signal = Signal::default();
    let mut keys = vec![];
    signal.silence(4000 + chance.below(160));
    for _ in 0..rounds {
        for key in KEYS {
            signal.press(key, style, chance);
            signal.silence((style.off_ms * 8.0).round() as usize + chance.below(40));
            keys.push(key);
        }
    }
    signal.silence(1600);
    (keys, signal)
}
