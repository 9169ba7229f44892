//! The copper: losses, the echo of the two-wire hybrid, noise.

use std::sync::OnceLock;

use super::config::HybridConfig;
use crate::level::{db_to_gain, dbm0_to_rms};
use crate::port::MAX_BLOCK_LEN;

const SAMPLES_PER_MS: u32 = 8;
/// Echo delay at most 100 ms.
const MAX_DELAY_US: u32 = 100_000;
const MAX_SHAPE: usize = 512;

/// One line's copper.
#[derive(Clone, Debug)]
pub(super) struct Hybrid {
    config: HybridConfig,
    to_set: f32,
    from_set: f32,
    noise: f32,
    /// Echo path, scaled, without its delay.
    shape: Vec<f32>,
    delay: usize,
    /// What went to the line: the newest `delay + shape.len() - 1` samples, then the block.
    past: Vec<f32>,
    /// `past` holds something.
    busy: bool,
    random: Noise,
    /// Where in the table of noise this block's begins: at the phone, at the gateway.
    places: [usize; 2],
}

impl Hybrid {
    pub(super) fn new(config: &HybridConfig, seed: u64) -> Self {
        let mut hybrid = Self {
            config: config.clone(),
            to_set: 1.0,
            from_set: 1.0,
            noise: 0.0,
            shape: Vec::new(),
            delay: 0,
            past: Vec::new(),
            busy: false,
            random: Noise::new(seed),
            places: [0; 2],
        };
        hybrid.set(config.clone());
        hybrid
    }

    pub(super) fn config(&self) -> &HybridConfig {
        &self.config
    }

    /// Takes over another path; audio in the old one is lost, as when a line is replugged.
    pub(super) fn set(&mut self, config: HybridConfig) {
        let mut shape = config.echo_shape.clone();
        shape.truncate(MAX_SHAPE);
        let energy: f32 = shape.iter().map(|tap| tap * tap).sum();
        if shape.is_empty() || !energy.is_finite() || energy <= 0.0 {
            shape = vec![1.0];
        }
        let energy: f32 = shape.iter().map(|tap| tap * tap).sum();
        let scale = db_to_gain(-config.trans_hybrid_loss_db) / energy.sqrt();
        for tap in &mut shape {
            *tap *= scale;
        }
        self.delay = (config.echo_delay_us.min(MAX_DELAY_US) * SAMPLES_PER_MS / 1000) as usize;
        self.past = vec![0.0; self.delay + shape.len() - 1 + MAX_BLOCK_LEN];
        self.shape = shape;
        self.to_set = db_to_gain(-config.loss_to_set_db);
        self.from_set = db_to_gain(-config.loss_from_set_db);
        self.noise = config.noise_dbm0.map_or(0.0, dbm0_to_rms);
        self.config = config;
    }

    /// Adds the echo of what the gateway sends to what it will hear. Call once a block, with zeros
    /// where nothing reached the line.
    pub(super) fn echo(&mut self, sent: &[f32], heard: &mut [f32]) {
        self.busy = true;
        let keep = self.delay + self.shape.len() - 1;
        let len = sent.len().min(MAX_BLOCK_LEN);
        for (to, from) in self.past.iter_mut().skip(keep).zip(sent) {
            *to = *from;
        }
        for (j, tap) in self.shape.iter().enumerate() {
            // The newest sample for an output is `delay` before it.
            let past = self.past.get(keep - self.delay - j..).unwrap_or_default();
            for (out, sample) in heard.iter_mut().take(len).zip(past) {
                *out += tap * sample;
            }
        }
        self.past.copy_within(len..len + keep, 0);
    }

    /// Nothing is on the line: earlier audio has no echo left.
    pub(super) fn quiet(&mut self) {
        if self.busy {
            self.past.fill(0.0);
            self.busy = false;
        }
    }

    pub(super) fn gain_to_set(&self) -> f32 {
        self.to_set
    }

    pub(super) fn gain_from_set(&self) -> f32 {
        self.from_set
    }

    /// Begins the noise of the next block.
    pub(super) fn next_noise(&mut self) {
        if self.noise != 0.0 {
            self.places = [self.random.place(), self.random.place()];
        }
    }

    /// Noise of this block's sample at the phone.
    pub(super) fn noise_to_set(&self, i: usize) -> f32 {
        self.noise_at(0, i)
    }

    /// Noise of this block's sample at the gateway.
    pub(super) fn noise_from_set(&self, i: usize) -> f32 {
        self.noise_at(1, i)
    }

    /// Adds the noise of a whole block at the phone.
    pub(super) fn add_noise_to_set(&self, block: &mut [f32]) {
        self.add_noise(0, block);
    }

    /// Adds the noise of a whole block at the gateway.
    pub(super) fn add_noise_from_set(&self, block: &mut [f32]) {
        self.add_noise(1, block);
    }

    fn noise_at(&self, way: usize, i: usize) -> f32 {
        let place = self.places.get(way).map_or(0, |place| place + i);
        self.noise * noise_table().get(place).copied().unwrap_or(0.0)
    }

    fn add_noise(&self, way: usize, block: &mut [f32]) {
        if self.noise == 0.0 {
            return;
        }
        let place = self.places.get(way).copied().unwrap_or(0);
        let noise = noise_table().get(place..).unwrap_or_default();
        for (sample, noise) in block.iter_mut().zip(noise) {
            *sample += self.noise * noise;
        }
    }
}

/// Places in the table at which the noise of a block may begin.
const NOISE_PLACES: usize = 32_768;

/// Noise of RMS 1 for all lines: each block takes a stretch of it, from a place by chance. A thousand lines that make
/// their own keep a processor busy.
fn noise_table() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut random = Noise::new(0x3333);
        (0..NOISE_PLACES + MAX_BLOCK_LEN)
            .map(|_| random.next())
            .collect()
    })
}

/// White, nearly Gaussian noise of RMS 1 (the sum of four uniform values), seeded.
#[derive(Clone, Debug)]
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        // splitmix64's first step: neighbouring seeds become unlike; 0 would stay 0.
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    fn bits(&mut self) -> u64 {
        let mut x = self.0;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0 = x;
        x
    }

    /// A place in the table of noise.
    fn place(&mut self) -> usize {
        // The upper bits are the better ones; there are fewer places than 2^31.
        (self.bits() >> 33) as usize % NOISE_PLACES
    }

    fn next(&mut self) -> f32 {
        let bytes = self.bits().to_le_bytes();
        let mut sum = 0f32;
        for pair in bytes.as_chunks::<2>().0 {
            sum += f32::from(u16::from_le_bytes(*pair)) / 65_536.0 - 0.5;
        }
        // Four uniform values of variance 1/12 each.
        sum * 1.732_050_8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{dbm0_to_peak, level_dbm0, to_i16};

    fn echo_level(config: &HybridConfig, block: usize) -> f32 {
        let mut hybrid = Hybrid::new(config, 1);
        let mut all = Vec::new();
        let mut random = Noise::new(7);
        for _ in 0..(16_000 / block) {
            let sent: Vec<f32> = (0..block)
                .map(|_| random.next() * dbm0_to_peak(-13.0) * 0.707)
                .collect();
            let mut heard = vec![0.0; block];
            hybrid.echo(&sent, &mut heard);
            all.extend(heard.iter().map(|&v| to_i16(v)));
        }
        level_dbm0(&all)
    }

    #[test]
    fn echo_of_noise_is_below_it_by_the_trans_hybrid_loss() {
        for loss in [6.0, 10.0, 20.0] {
            for block in [8, 80, 240] {
                let config = HybridConfig {
                    trans_hybrid_loss_db: loss,
                    ..HybridConfig::default()
                };
                let got = echo_level(&config, block);
                assert!((got - (-13.0 - loss)).abs() < 0.5, "{loss} {block}: {got}");
            }
        }
    }

    #[test]
    fn echo_comes_after_its_delay_to_the_sample() {
        let config = HybridConfig {
            trans_hybrid_loss_db: 6.0,
            echo_delay_us: 12_500,
            echo_shape: vec![1.0],
            ..HybridConfig::perfect()
        };
        let mut hybrid = Hybrid::new(&config, 1);
        let mut all = Vec::new();
        for k in 0..3 {
            let mut sent = [0.0; 80];
            if k == 0 {
                sent[3] = 1000.0;
            }
            let mut heard = [0.0; 80];
            hybrid.echo(&sent, &mut heard);
            all.extend(heard);
        }
        let places: Vec<usize> = (0..all.len()).filter(|&i| all[i] != 0.0).collect();
        assert_eq!(places, [103]);
        assert!((all[103] - 501.2).abs() < 0.1);
    }

    #[test]
    fn noise_has_its_level_and_a_seed_gives_it_again() {
        let config = HybridConfig {
            noise_dbm0: Some(-40.0),
            ..HybridConfig::perfect()
        };
        let noise = |seed| {
            let mut hybrid = Hybrid::new(&config, seed);
            let mut all = Vec::new();
            for _ in 0..100 {
                hybrid.next_noise();
                all.extend((0..80).map(|i| to_i16(hybrid.noise_from_set(i))));
            }
            all
        };
        assert!((level_dbm0(&noise(1)) - -40.0).abs() < 0.5);
        assert_eq!(noise(1), noise(1));
        assert_ne!(noise(1), noise(2));
        assert!(noise(0).iter().any(|&s| s != 0));
    }
}
