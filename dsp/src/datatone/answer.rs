//! The answer tone: 2100 Hz, plain (CED of a fax), with phase reversals every 450 ms (V.25: echo cancellers off), and with
//! 15 Hz in its amplitude (ANSam of V.8).
//!
//! Reported when it is known which: at the first reversal, or when 0.5 s have passed without one. Reversals that come
//! later are reported as well.

use super::steady::{Follower, Phasor, Step, Wanted};
use std::f32::consts::TAU;

/// Least mean square listened for, -43.5 dBm0.
pub(crate) const LEAST: f32 = 11_600.0;
/// ± 33 Hz; amplitude modulation takes little of the share.
const WANTED: Wanted = Wanted {
    share: 0.75,
    least: LEAST,
    turn: 2.1,
    same: 40.0 / 180.0 * std::f32::consts::PI,
};
/// A steady tone of this number of blocks, then a reversal, is the answer of a modem.
const STEADY: u32 = 30;
/// A tone of this number of blocks without a reversal has none: they come every 450 ± 25 ms.
const PLAIN: u32 = 50;
/// Three periods of 15 Hz.
const PERIODS: usize = 20;
/// Depth of the amplitude modulation from which it is one (V.8: 0.2).
const DEPTH: f32 = 0.1;

/// Which answer tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its phase reverses.
    pub(crate) reversals: bool,
    /// Its amplitude swings.
    pub(crate) modulated: bool,
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerNews {
    /// This tone is on; and how many blocks ago it began.
    On(Answer, u32),
    /// It is over.
    Off,
}

/// A tone at 2100 Hz while it lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Present {
    /// Steady blocks; 0: there is none.
    pub(crate) steady: u32,
    /// Blocks since the last one with it.
    pub(crate) gaps: u32,
    /// Phase at the beginning of the block that comes next.
    pub(crate) phase: f32,
    /// Turn with each block against 2100 Hz.
    pub(crate) turn: f32,
    /// Peak, over whole swings of 15 Hz once it has lasted for them.
    pub(crate) level: f32,
}

/// Hears the answer tone in one direction.
#[derive(Clone, Debug)]
pub(crate) struct AnswerTone {
    wanted: Wanted,
    tone: Follower,
    reported: Option<Answer>,
    levels: [f32; PERIODS],
    cos: [f32; PERIODS],
    sin: [f32; PERIODS],
}

impl AnswerTone {
    /// Listens for tones of at least this mean square.
    pub(crate) fn new(least: f32) -> AnswerTone {
        let angle = |i: usize| TAU * 3.0 * i as f32 / PERIODS as f32;
        AnswerTone {
            wanted: Wanted { least, ..WANTED },
            tone: Follower::default(),
            reported: None,
            levels: [0.0; PERIODS],
            cos: std::array::from_fn(|i| angle(i).cos()),
            sin: std::array::from_fn(|i| angle(i).sin()),
        }
    }

    pub(crate) fn reset(&mut self) {
        self.tone.reset();
        self.reported = None;
    }

    /// Nothing is remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.tone.blocks == 0 && self.reported.is_none()
    }

    /// The tone as it is now, whatever it will turn out to be.
    pub(crate) fn present(&self) -> Present {
        let (steady, gaps) = self.tone.state();
        let known = (self.tone.blocks.saturating_sub(2) as usize).clamp(1, PERIODS);
        let newest = self.tone.blocks as usize;
        let levels = (0..known).map(|ago| self.levels[(newest + PERIODS - ago) % PERIODS]);
        let (phase, turn) = self.tone.course();
        Present {
            steady,
            gaps,
            phase,
            turn,
            // |X| of a sine is 40 times its peak.
            level: levels.sum::<f32>() / (40.0 * known as f32),
        }
    }

    /// Takes a block; true when a modem asks for echo cancellers to be off (V.25, G.168 on the tone disabler).
    #[inline(always)]
    pub(crate) fn reverses(&mut self, x: Phasor, energy: f32) -> bool {
        match self.take(x, energy) {
            Some(AnswerNews::On(answer, _)) => answer.reversals,
            Some(AnswerNews::Off) | None => false,
        }
    }

    /// Takes a block.
    #[inline(always)]
    pub(crate) fn take(&mut self, x: Phasor, energy: f32) -> Option<AnswerNews> {
        let step = self.tone.take(&self.wanted, x, energy);
        match step {
            Step::Absent => None,
            Step::Over => self.reported.take().map(|_| AnswerNews::Off),
            Step::Steady | Step::Doubtful | Step::Reversed(_) => self.on(step, x),
        }
    }

    fn on(&mut self, step: Step, x: Phasor) -> Option<AnswerNews> {
        let blocks = self.tone.blocks;
        if step == Step::Steady {
            let level = x.power().sqrt();
            if blocks == 3 {
                // Those of a former tone do not count.
                self.levels.fill(level);
            }
            self.levels[blocks as usize % PERIODS] = level;
        }
        let reversed = matches!(step, Step::Reversed(steady) if steady >= STEADY);
        let plain = self.reported.is_none()
            && blocks >= PLAIN
            && self.tone.steady >= STEADY
            && step == Step::Steady;
        if !(plain || reversed && !self.reported.is_some_and(|t| t.reversals)) {
            return None;
        }
        let answer = Answer {
            reversals: reversed,
            modulated: self.depth() > DEPTH,
        };
        self.reported = Some(answer);
        Some(AnswerNews::On(answer, blocks))
    }

    /// How deep 15 Hz swings in the amplitude.
    fn depth(&self) -> f32 {
        let sum: f32 = self.levels.iter().sum();
        let turned = |table: &[f32]| -> f32 {
            let products = self.levels.iter().zip(table);
            products.map(|(level, table)| level * table).sum()
        };
        let (re, im) = (turned(&self.cos), turned(&self.sin));
        2.0 * (re * re + im * im).sqrt() / sum.max(1.0)
    }
}
