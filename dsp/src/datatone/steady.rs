//! Follows one tone through blocks of 80 samples: is it there, how loud, and does its phase go on as it did?
//!
//! At a multiple of 100 Hz a block holds whole periods: a steady tone has the same phase in every block, or turns by the
//! same small angle when it is off by some Hz. Speech and music keep neither phase nor share for long.

use std::f32::consts::{PI, TAU};

pub(crate) const BLOCK: usize = 80;

/// Power and phase of a tone in a block, with the tables for it.
#[derive(Clone, Debug)]
pub(crate) struct Mixer {
    cos: [f32; BLOCK],
    sin: [f32; BLOCK],
}

/// A tone in a block: the sum of the samples turned back by its frequency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Phasor {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Phasor {
    /// |X|²; of a sine, 40 times its energy.
    pub(crate) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    pub(crate) fn phase(self) -> f32 {
        self.im.atan2(self.re)
    }
}

impl Mixer {
    pub(crate) fn new(hz: f64) -> Mixer {
        let angle = |i: usize| std::f64::consts::TAU * hz * i as f64 / 8000.0;
        Mixer {
            cos: std::array::from_fn(|i| angle(i).cos() as f32),
            sin: std::array::from_fn(|i| angle(i).sin() as f32),
        }
    }

    #[inline(always)]
    pub(crate) fn of(&self, samples: &[f32; BLOCK]) -> Phasor {
        let (mut re, mut im) = ([0f32; 8], [0f32; 8]);
        let tables = self.cos.as_chunks().0.iter().zip(self.sin.as_chunks().0);
        for (x, (cos, sin)) in samples.as_chunks::<8>().0.iter().zip(tables) {
            let (cos, sin): (&[f32; 8], &[f32; 8]) = (cos, sin);
            for l in 0..8 {
                re[l] += x[l] * cos[l];
                im[l] -= x[l] * sin[l];
            }
        }
        Phasor {
            re: re.iter().sum(),
            im: im.iter().sum(),
        }
    }

    /// The same for each eighth sample on: ten sums of 8 samples.
    #[inline(always)]
    pub(crate) fn of_eights(&self, samples: &[f32; BLOCK]) -> [Phasor; BLOCK / 8] {
        let mut sums = [Phasor::default(); BLOCK / 8];
        let tables = self.cos.as_chunks().0.iter().zip(self.sin.as_chunks().0);
        let parts = samples.as_chunks::<8>().0.iter().zip(tables);
        for (sum, (x, (cos, sin))) in sums.iter_mut().zip(parts) {
            let (cos, sin): (&[f32; 8], &[f32; 8]) = (cos, sin);
            let (mut re, mut im) = ([0f32; 8], [0f32; 8]);
            for l in 0..8 {
                re[l] = x[l] * cos[l];
                im[l] = -x[l] * sin[l];
            }
            *sum = Phasor {
                re: re.iter().sum(),
                im: im.iter().sum(),
            };
        }
        sums
    }
}

/// What a tone has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Least share of the block's energy.
    pub(crate) share: f32,
    /// Least mean square.
    pub(crate) least: f32,
    /// Largest turn of the phase with each block: 10 ms times how many Hz it may be off.
    pub(crate) turn: f32,
    /// A larger jump of the phase is not the same tone.
    pub(crate) same: f32,
}

/// A jump of the phase of at least this angle is a reversal (V.25: 180 ± 10°; G.168 wants less than 110° ignored).
const REVERSAL: f32 = 125.0 / 180.0 * PI;
/// The tone must go on for this number of blocks after a reversal.
const AFTER: u32 = 4;
/// The tone is over after this number of blocks without it: a lost packet and its concealment are not its end.
const GAPS: u32 = 6;

/// What became of the tone in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is not there.
    Absent,
    /// It goes on.
    Steady,
    /// It goes on, as it may: a gap, a block by chance, or the beginning of a reversal.
    Doubtful,
    /// It was steady for this number of blocks, then reversed its phase, and goes on.
    Reversed(u32),
    /// It was there and is over.
    Over,
}

/// One tone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follower {
    /// Blocks since the tone began; 0: absent.
    pub(crate) blocks: u32,
    /// Of them, steady ones since the last reversal.
    pub(crate) steady: u32,
    /// Blocks in a row without the tone, or with another phase.
    gaps: u32,
    /// Blocks in a row with the phase reversed.
    pub(crate) turned: u32,
    /// As expected of the present block.
    phase: f32,
    /// Turn of the phase with each block.
    turn: f32,
}

impl Follower {
    pub(crate) fn reset(&mut self) {
        *self = Follower::default();
    }

    /// Steady blocks, and blocks in a row without it.
    pub(crate) fn state(&self) -> (u32, u32) {
        (self.steady, self.gaps)
    }

    /// Phase at the beginning of the block that comes next, and its turn with each block.
    pub(crate) fn course(&self) -> (f32, f32) {
        (self.phase, self.turn)
    }

    /// Takes a block of this energy, in which the tone is `x`.
    #[inline(always)]
    pub(crate) fn take(&mut self, wanted: &Wanted, x: Phasor, energy: f32) -> Step {
        let loud = energy >= wanted.least * BLOCK as f32;
        let there = loud && x.power() >= wanted.share * 0.5 * BLOCK as f32 * energy;
        if !there {
            return if self.blocks == 0 {
                Step::Absent
            } else {
                self.turned = 0;
                self.without()
            };
        }
        self.with(wanted, x.phase())
    }

    fn without(&mut self) -> Step {
        self.blocks += 1;
        self.gaps += 1;
        self.phase += self.turn;
        if self.gaps > GAPS || self.steady < 3 {
            self.reset();
            return Step::Over;
        }
        Step::Doubtful
    }

    fn with(&mut self, wanted: &Wanted, phase: f32) -> Step {
        match self.blocks {
            0 => {
                self.phase = phase;
                (self.blocks, self.steady) = (1, 1);
                return Step::Doubtful;
            }
            1 => {
                let turn = wrapped(phase - self.phase);
                self.turn = turn.clamp(-wanted.turn, wanted.turn);
                self.phase = phase + self.turn;
                (self.blocks, self.steady) = (2, 2);
                return Step::Doubtful;
            }
            _ => {}
        }
        let off = wrapped(phase - self.phase);
        if off.abs() < wanted.same {
            self.blocks += 1;
            self.steady += 1;
            (self.gaps, self.turned) = (0, 0);
            let turn = self.turn + 0.2 * off;
            self.turn = turn.clamp(-wanted.turn, wanted.turn);
            self.phase = phase + self.turn;
            return Step::Steady;
        }
        if off.abs() > REVERSAL && self.steady >= 3 {
            self.blocks += 1;
            self.turned += 1;
            self.phase += self.turn;
            if self.turned < AFTER {
                return Step::Doubtful;
            }
            let steady = std::mem::replace(&mut self.steady, self.turned);
            self.phase = phase + self.turn;
            (self.gaps, self.turned) = (0, 0);
            return Step::Reversed(steady);
        }
        self.turned = 0;
        self.without()
    }
}

/// The same angle between -π and π.
pub(crate) fn wrapped(angle: f32) -> f32 {
    angle - TAU * (angle / TAU).round()
}
