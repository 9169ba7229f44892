//! Two gateways face each other over a network: the loop of both hybrids must not sing.

use tipring_dsp::{EchoCanceller, Law};

use super::models::MODELS;
use super::rig::{Line, hybrid, level};
use super::signals::{Chance, hoth, talk};

const BLOCK: usize = 80;
const SECOND: usize = 8000;
/// A loop louder than this once all are silent sings, dBm0.
const SINGS: f64 = -40.0;

/// A call: loss of the hybrids, gain of the network paths (dB), and their length (blocks).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    pub(crate) erl: [f64; 2],
    pub(crate) gain: [f64; 2],
    pub(crate) way: usize,
    /// Both hybrids are of one model, so that their peaks are at the same frequency; both speak, in silent rooms.
    pub(crate) alike: bool,
    pub(crate) seed: u64,
}

impl Loop {
    /// A call by chance.
    pub(crate) fn by_chance(seed: u64) -> Loop {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut between = |low: f64, high: f64| low + (high - low) * chance.unit();
        Loop {
            erl: [between(3.0, 12.0), between(3.0, 12.0)],
            gain: [between(0.0, 3.0), between(0.0, 3.0)],
            way: between(2.0, 41.0) as usize,
            alike: false,
            seed,
        }
    }

    /// A call with as little loss as there is.
    pub(crate) fn worst(seed: u64) -> Loop {
        Loop {
            erl: [3.0; 2],
            gain: [3.0; 2],
            way: [10, 2, 5, 20, 10, 30, 40][seed as usize % 7],
            alike: true,
            seed,
        }
    }

    /// Levels of what the first end sends, each second.
    pub(crate) fn levels(
        &self,
        seconds: usize,
        mut cancellers: [Box<dyn EchoCanceller>; 2],
    ) -> Vec<f64> {
        let mut chance = Chance(self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1);
        let mut below = |n: usize| (n as f64 * chance.unit()) as usize % n;
        let first = below(8);
        let models = [first, if self.alike { first } else { below(8) }];
        let [one, other] = &mut cancellers;
        let line = |canceller, end: usize| {
            let path = hybrid(&MODELS[models[end]], self.erl[end], 8);
            Line::new(canceller, Law::Mu, path)
        };
        let mut lines = [line(&mut **one, 0), line(&mut **other, 1)];
        let samples = seconds * SECOND;
        // Both speak for two seconds, or there is but the noise of the rooms.
        let speaks = self.alike || below(4) > 0;
        let near = [0, 1].map(|end| {
            let seed = self.seed * 2 + end;
            let rooms = if self.alike { 1 } else { 3 };
            let mut near = hoth(samples, [-75.0, -65.0, -50.0][below(rooms)], seed + 1);
            if speaks {
                let voice = talk(2 * SECOND, -18.0, seed + 7);
                near.iter_mut().zip(&voice).for_each(|(x, v)| *x += v);
            }
            near
        });
        let gain = self.gain.map(|db| 10f64.powf(db / 20.0));
        let mut sent = [vec![0i16; self.way * BLOCK], vec![0i16; self.way * BLOCK]];
        for at in (0..samples).step_by(BLOCK) {
            for end in 0..2 {
                let far: Vec<f64> = sent[1 - end][at..at + BLOCK]
                    .iter()
                    .map(|s| f64::from(*s) * gain[1 - end])
                    .collect();
                let run = lines[end].play(&far, &near[end][at..at + BLOCK]);
                sent[end].extend(run.sout);
            }
        }
        sent[0][self.way * BLOCK..]
            .chunks_exact(SECOND)
            .map(level)
            .collect()
    }

    /// The loop sings at the end.
    pub(crate) fn sings(&self, seconds: usize, cancellers: [Box<dyn EchoCanceller>; 2]) -> bool {
        let levels = self.levels(seconds, cancellers);
        levels.last().is_some_and(|last| *last > SINGS)
    }
}
