//! Signals, a seeded source of chance, and a line with a chain.

use tipring_dsp::level::sine_peak;
use tipring_dsp::{Chain, ChainCommand, ChainConfig, ChainEvent, Law};

/// Small seeded source of chance.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        // xorshift64*
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

/// Samples being put together.
#[derive(Default)]
pub(crate) struct Signal(pub(crate) Vec<f64>);

impl Signal {
    /// Appends silence.
    pub(crate) fn silence(&mut self, samples: usize) {
        self.0.resize(self.0.len() + samples, 0.0);
    }

    /// Appends sines of (Hz, dBm0), with phases by chance.
    pub(crate) fn tones(&mut self, tones: &[(f64, f64)], samples: usize, chance: &mut Chance) {
        let start = self.0.len();
        self.silence(samples);
        for (hz, dbm0) in tones {
            let phase = chance.unit();
            for (i, sample) in self.0[start..].iter_mut().enumerate() {
                *sample += sine_peak(*dbm0)
                    * (std::f64::consts::TAU * (hz * i as f64 / 8000.0 + phase)).sin();
            }
        }
    }

    /// Adds a sine to all of it.
    pub(crate) fn under(&mut self, hz: f64, dbm0: f64) {
        for (i, sample) in self.0.iter_mut().enumerate() {
            *sample += sine_peak(dbm0) * (std::f64::consts::TAU * hz * i as f64 / 8000.0).sin();
        }
    }

    /// Adds white noise to all of it.
    pub(crate) fn noise(&mut self, dbm0: f64, chance: &mut Chance) {
        let rms = sine_peak(dbm0) / std::f64::consts::SQRT_2;
        for sample in &mut self.0 {
            *sample += rms * chance.gauss();
        }
    }

    pub(crate) fn pcm(&self) -> Vec<i16> {
        // `as` saturates.
        self.0.iter().map(|x| x.round() as i16).collect()
    }
}

/// Low and high frequency of a key.
pub(crate) fn key(digit: u8) -> (f64, f64) {
    let (low, high) = tipring_dsp::tone::dtmf_frequencies(digit).unwrap();
    (f64::from(low), f64::from(high))
}

pub(crate) const KEYS: [u8; 16] = *b"123A456B789C*0#D";

/// An off-hook chain with all its events and everything it sent.
pub(crate) struct Line {
    pub(crate) chain: Chain,
    pub(crate) law: Law,
    pub(crate) block: usize,
    pub(crate) events: Vec<ChainEvent>,
}

impl Line {
    pub(crate) fn new(config: &ChainConfig) -> Line {
        let mut chain = Chain::new(config).unwrap();
        chain.command(ChainCommand::OffHook(true));
        Line {
            chain,
            law: config.law,
            block: config.block_len,
            events: Vec::new(),
        }
    }

    /// The line sends this; returns what the network hears.
    pub(crate) fn up(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut heard = vec![0; samples.len()];
        let mut bytes = vec![0; self.block];
        for (said, out) in samples.chunks(self.block).zip(heard.chunks_mut(self.block)) {
            let n = self.law.encode_block(said, &mut bytes);
            self.chain.uplink(&bytes[..n], out);
            self.collect();
        }
        heard
    }

    /// The network sends this; returns what the line hears.
    pub(crate) fn down(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut heard = vec![0; samples.len()];
        let mut bytes = vec![0; self.block];
        for (said, out) in samples.chunks(self.block).zip(heard.chunks_mut(self.block)) {
            let bytes = &mut bytes[..said.len()];
            self.chain.downlink(said, bytes);
            self.law.decode_block(bytes, out);
            self.collect();
        }
        heard
    }

    /// This number of ms from a silent network.
    pub(crate) fn down_ms(&mut self, ms: usize) -> Vec<i16> {
        self.down(&vec![0; ms * 8])
    }

    fn collect(&mut self) {
        while let Some(event) = self.chain.next_event() {
            self.events.push(event);
        }
    }

    /// Keys pressed so far, in order.
    pub(crate) fn keys(&self) -> Vec<u8> {
        let on = |event: &ChainEvent| match event {
            ChainEvent::DigitOn { digit, .. } => Some(*digit),
            _ => None,
        };
        self.events.iter().filter_map(on).collect()
    }
}

/// A µ-law line with 10 ms blocks and the defaults.
pub(crate) fn line() -> Line {
    Line::new(&ChainConfig::new(Law::Mu, 80))
}
