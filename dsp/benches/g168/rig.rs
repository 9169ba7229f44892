//! A hybrid between a canceller and a near end, with the law in both directions.

use tipring_dsp::level::mean_square_to_dbm0;
use tipring_dsp::{EchoCanceller, Law};

use super::models::Model;
use super::signals::pcm;

/// An echo path: impulse response at 8 kHz.
#[derive(Clone)]
pub(crate) struct Path(Vec<f32>);

/// The path of a model with this loss and number of samples of delay before it.
pub(crate) fn hybrid(model: &Model, erl_db: f64, delay: usize) -> Path {
    let gain = model.gain * 10f64.powf(-erl_db / 20.0);
    let mut response = vec![0.0; delay];
    response.extend(model.response.iter().map(|m| (gain * f64::from(*m)) as f32));
    Path(response)
}

/// A path with a little of another added to it.
pub(crate) fn changed(path: &Path, other: &Path, by_db: f64) -> Path {
    let share = 10f64.powf(by_db / 20.0) as f32;
    let length = path.0.len().max(other.0.len());
    let at = |path: &Path, i: usize| path.0.get(i).copied().unwrap_or(0.0);
    Path(
        (0..length)
            .map(|i| at(path, i) + share * at(other, i))
            .collect(),
    )
}

/// What happened: what the line heard, what came from it, what was left.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) rin: Vec<i16>,
    pub(crate) sin: Vec<i16>,
    pub(crate) sout: Vec<i16>,
}

/// A path with the memory of what went through it.
pub(crate) struct Echo {
    pub(crate) path: Path,
    heard: Vec<f32>,
}

impl Echo {
    pub(crate) fn new(path: Path) -> Echo {
        Echo {
            path,
            heard: vec![0.0; MEMORY],
        }
    }

    /// The echo of these samples while they are heard.
    pub(crate) fn of(&mut self, heard: &[i16]) -> Vec<f32> {
        let before = self.heard.len();
        self.heard.extend(heard.iter().map(|x| f32::from(*x)));
        // Tap by tap rather than sample by sample: that vectorises.
        let mut echo = vec![0f32; heard.len()];
        for (k, tap) in self
            .path
            .0
            .iter()
            .enumerate()
            .filter(|(_, tap)| **tap != 0.0)
        {
            let late = &self.heard[before - k..before - k + heard.len()];
            for (y, x) in echo.iter_mut().zip(late) {
                *y += tap * x;
            }
        }
        if self.heard.len() > 16 * MEMORY {
            self.heard.drain(..self.heard.len() - MEMORY);
        }
        echo
    }
}

/// Samples a path may be long.
const MEMORY: usize = 2048;

/// A line with state, so that a test can go on with other signals.
pub(crate) struct Line<'a> {
    pub(crate) canceller: &'a mut dyn EchoCanceller,
    pub(crate) law: Law,
    pub(crate) echo: Echo,
    pub(crate) block: usize,
}

impl<'a> Line<'a> {
    pub(crate) fn new(canceller: &'a mut dyn EchoCanceller, law: Law, path: Path) -> Line<'a> {
        Line {
            canceller,
            law,
            echo: Echo::new(path),
            block: 80,
        }
    }

    /// The far end sends `far`, the near end `near` (silence where it is shorter).
    pub(crate) fn play(&mut self, far: &[f64], near: &[f64]) -> Run {
        let coded = |x: i16| self.law.decode(self.law.encode(x));
        let rin: Vec<i16> = pcm(far).into_iter().map(coded).collect();
        let echo = self.echo.of(&rin);
        let near = near.iter().copied().chain(std::iter::repeat(0.0));
        let sum: Vec<f64> = echo
            .iter()
            .zip(near)
            .map(|(e, n)| f64::from(*e) + n)
            .collect();
        let sin: Vec<i16> = pcm(&sum).into_iter().map(coded).collect();
        let mut sout = sin.clone();
        for (near, reference) in sout.chunks_mut(self.block).zip(rin.chunks(self.block)) {
            self.canceller.process(near, reference);
        }
        Run { rin, sin, sout }
    }
}

pub(crate) fn level(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    mean_square_to_dbm0(sum / samples.len().max(1) as f64)
}

impl Run {
    /// Loss from Rin to Sout between two times (s), both as powers over that time.
    pub(crate) fn loss(&self, from: f64, to: f64) -> f64 {
        let range = (from * 8000.0) as usize..((to * 8000.0) as usize).min(self.rin.len());
        level(&self.rin[range.clone()]) - level(&self.sout[range])
    }

    /// When the loss reached `db` for good, in windows of 20 ms against a far end at `dbm0`, s.
    pub(crate) fn time_to(&self, db: f64, dbm0: f64) -> f64 {
        let mut windows = self.sout.as_chunks::<160>().0.iter();
        let last = windows.rposition(|window| dbm0 - level(window) < db);
        last.map_or(0.0, |w| (w + 1) as f64 * 0.02)
    }
}
