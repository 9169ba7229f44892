//! Tones: what a filter may learn while Rin is one, and whether the near end sends a tone of its own.
//!
//! A tone excites a few bins only, and a tone of the near end comes back from the hybrid at the other end, so that it
//! would be taken for its own echo. Owns what is remembered for that: since when Rin is a tone, since when it is the
//! same tone, and the near end's tone. Decides each block; the filters are the caller's.

use super::fft::{BINS, Bins, FRAME, Fft, Frame, Spectrum};
use super::guard;
use super::kalman::{History, power, sum};
use super::residual::energy;

const BLOCK: usize = FRAME / 2;
/// A frame of which prediction leaves less is a tone; a frame of which it leaves more can teach a path.
const TONE: f32 = 0.01;
const BROADBAND: f32 = 0.1;
/// This number of blocks of a tone in a row stops the learning of a filter that knows the path.
const TONES: u32 = 3;
/// A hybrid returns no more than it gets, nor any frequency: beyond this ratio to Rin, Sin is the near end's. (A fax at a
/// hybrid of 6 dB has frequencies at which nearly all returns, so that less cannot at once be distinguished from an echo.)
const NO_ECHO: f32 = 1.5;
/// A near-end tone is suspected while more than this share of a frame is in bins where it is no echo, ...
const NEAR_TONE_SHARE: f32 = 0.2;
/// ... and, where the frame is a residual, that is more than this share of Sin, and three bins have this share of what is
/// no echo: a room's noise is spread.
const RESIDUAL_LEAST: f32 = 0.04;
const PEAK: f32 = 0.2;
/// It is there after this number of such blocks, when prediction leaves less than this share of the frame, which speech
/// and noise do not allow.
const NEAR_TONE_BLOCKS: u32 = 3;
const LIKE_TONE: f32 = 0.15;
/// The near-end tone is over when less than this share of it is left in its bin, for this number of blocks.
const ENDED: f32 = 0.1;
const ENDED_BLOCKS: u32 = 6;
/// A near-end tone stays as loud as it was. What grows to this factor of its power, for this number of blocks, is
/// the loop of two hybrids that begins to sing: an echo, to be learned at once.
const GROWN: f32 = 4.0;
const GROWN_FOR: u32 = 4;
/// Rin is a tone no more after this number of blocks that are none: a lost packet is not its end.
const GAPS: u32 = 6;
/// Fall of the loudest Rin of late with each block, for [`NO_ECHO`].
const FADES: f32 = 0.8;
/// A filter does badly while it leaves more than this share of Sin, and well when it leaves less than that.
pub(super) const BAD: f32 = 0.05;
const GOOD: f32 = 0.02;
/// After this number of blocks of a tone with less left than [`BAD`], it has learned the tone.
const WELL: u32 = 5;
/// It is the same tone while its spectrum is at least this similar to what it was (1: equal).
const SAME: f32 = 0.3;
/// A filter that does badly after this number of blocks of the same tone, and leaves a tone, has a near-end tone before
/// it that is too close to Rin's for the bins to separate them.
const UNLEARNABLE_AFTER: u32 = 40;
/// Blocks of the same tone until it is known ([`ToneAge::Known`]), and until it is old.
const NEW_FOR: u32 = 55;
const KNOWN_FOR: u32 = 90;
/// After this number of blocks of the same tone, a filter that does not do badly has learned from it what there is to
/// learn. To go on would fit the rounding of the law: a tone shows only the sum of the partitions, and what it does not
/// show grows with the drift (within 100 s the echo was back).
const LEARNED_AFTER: u32 = 300;
/// With less energy than this in a block of Sin, there is no echo that a filter could have learned (-60 dBm0).
const LEAST: f32 = 250.0 * BLOCK as f32;
/// After this number of blocks of the same tone, what a filter leaves of it is steady.
const SETTLED: u32 = 80;

/// A block as the guard sees it.
pub(super) struct Block<'a> {
    /// The last block of Rin and this one.
    pub(super) rin: &'a Frame,
    pub(super) sin: &'a [f32; BLOCK],
    /// What the first filter left of it.
    pub(super) residual: &'a [f32; BLOCK],
    /// Energies of Sin and of the residual of the first filter, smoothed.
    pub(super) sin_level: f32,
    pub(super) residual_level: f32,
    /// Energy of the new block of Rin.
    pub(super) rin_energy: f32,
    /// Rin is loud enough to learn from.
    pub(super) active: bool,
    /// The first filter has learned a path.
    pub(super) trained: bool,
}

/// How much the filter has heard of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToneAge {
    /// It is new.
    New,
    /// What can be heard of it is known.
    Known,
    /// It has been heard long enough that no other tone need be cared for.
    Old,
}

/// What is to be done with a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    /// Rin is a tone.
    pub(super) tone: bool,
    /// There is nothing to learn.
    pub(super) frozen: bool,
    /// What was learned so far is the near end's tone.
    pub(super) clear: bool,
    /// The near-end tone has ended: how loud it was is no measure any more.
    pub(super) ended: bool,
    /// Rin has enough frequencies to teach a path.
    pub(super) broadband: bool,
}

/// The near end's tone.
#[derive(Clone, Copy, Debug)]
enum NearTone {
    /// None; this number of blocks in a row had something of one.
    None(u32),
    /// Strongest in this bin, with this power; absent from there for that many blocks.
    In { bin: usize, power: f32, absent: u32 },
    /// Recognised by other signs than its frequency, with this energy of Sin: there until Rin's tone ends.
    Somewhere(f32),
}

pub(super) struct Tones {
    /// The two ends take turns: what comes while a tone is heard is its echo, and has to be learned at once.
    takes_turns: bool,
    /// Blocks since Rin became a tone.
    blocks: u32,
    /// Blocks since that were none.
    gaps: u32,
    /// The tone as it was when it began or last changed, and the blocks since.
    began: Bins,
    same: u32,
    /// Blocks of it with a filter that does badly.
    bad: u32,
    near: NearTone,
    /// Blocks of this tone, with nothing of a near-end tone, in which the filter did well.
    well: u32,
    /// Blocks in which it was louder than a near-end tone gets.
    grown: u32,
    /// Energy of the loudest block of Rin of late.
    loudest: f32,
    /// Sin and the residual of the last block, while Rin is a tone.
    before: [[f32; BLOCK]; 2],
}

/// Sin and the residual, of the last block and this one.
struct Frames {
    sin: Frame,
    residual: Frame,
}

impl Tones {
    pub(super) fn new(takes_turns: bool) -> Tones {
        Tones {
            takes_turns,
            blocks: 0,
            gaps: 0,
            began: Bins::ZERO,
            same: 0,
            bad: 0,
            near: NearTone::None(0),
            well: 0,
            grown: 0,
            loudest: 0.0,
            before: [[0.0; BLOCK]; 2],
        }
    }

    /// The near end sends a tone while Rin is one.
    #[inline(always)]
    pub(super) fn near_end(&self) -> bool {
        !matches!(self.near, NearTone::None(_))
    }

    /// There is something that may be a near-end tone.
    #[inline(always)]
    pub(super) fn suspected(&self) -> bool {
        !matches!(self.near, NearTone::None(0))
    }

    /// Rin has been the same tone until what is left of it is steady.
    #[inline(always)]
    pub(super) fn steady(&self) -> bool {
        self.same >= SETTLED
    }

    /// How much has been heard of the tone.
    #[inline(always)]
    pub(super) fn age(&self) -> ToneAge {
        match self.same {
            0..NEW_FOR => ToneAge::New,
            NEW_FOR..KNOWN_FOR => ToneAge::Known,
            _ => ToneAge::Old,
        }
    }

    /// The filter has learned this tone.
    #[inline(always)]
    fn knows(&self) -> bool {
        self.well >= WELL
    }

    /// Decides about a block whose Rin is in the history.
    #[inline(always)]
    pub(super) fn judge(&mut self, fft: &Fft, history: &History, block: &Block<'_>) -> Verdict {
        let verdict = self.decide(fft, history, block);
        if verdict.tone && !self.takes_turns {
            self.before[0].copy_from_slice(block.sin);
            self.before[1].copy_from_slice(block.residual);
        }
        verdict
    }

    #[inline(always)]
    fn decide(&mut self, fft: &Fft, history: &History, block: &Block<'_>) -> Verdict {
        let rin = block.rin.samples();
        self.loudest = block.rin_energy.max(FADES * self.loudest);
        let mut verdict = Verdict::default();
        if !block.active {
            self.over();
            return verdict;
        }
        let unpredicted = guard::unpredicted(rin);
        let broadband = unpredicted > BROADBAND;
        if unpredicted < TONE {
            self.blocks = self.blocks.saturating_add(1);
            self.gaps = 0;
            self.compare(history.newest_power(), energy(rin));
        } else if self.near_end() && (!broadband || self.gaps < GAPS) {
            self.gaps += u32::from(broadband);
        } else {
            self.over();
            verdict.broadband = broadband;
            return verdict;
        }
        verdict.tone = true;
        let bad = block.residual_level > BAD * block.sin_level;
        self.bad = if bad { self.bad.saturating_add(1) } else { 0 };
        if !self.takes_turns {
            self.watch_near_end(fft, history, block, &mut verdict);
        }
        let good = block.residual_level < GOOD * block.sin_level;
        verdict.frozen = self.suspected()
            || block.trained && self.blocks >= TONES && good
            || self.same >= LEARNED_AFTER && !bad;
        verdict
    }

    /// Has the near end a tone of its own?
    #[inline(always)]
    fn watch_near_end(
        &mut self,
        fft: &Fft,
        history: &History,
        block: &Block<'_>,
        verdict: &mut Verdict,
    ) {
        let frame = |n: usize, now: &[f32; BLOCK]| {
            let mut frame = Frame::ZERO;
            let (old, new) = frame.samples_mut().split_at_mut(BLOCK);
            if self.blocks > 1 {
                old.copy_from_slice(&self.before[n]);
            }
            new.copy_from_slice(now);
            frame
        };
        let frames = Frames {
            sin: frame(0, block.sin),
            residual: frame(1, block.residual),
        };
        let was = self.near_end();
        verdict.ended = self.look_for_near_tone(fft, history, &frames);
        let sin = energy(block.sin);
        let loud = self.blocks >= TONES && sin > NO_ECHO * self.loudest;
        let unlearnable = || {
            self.bad >= UNLEARNABLE_AFTER
                && guard::unpredicted(frames.residual.samples()) < LIKE_TONE
        };
        if !self.near_end() && (loud || unlearnable()) {
            self.near = NearTone::Somewhere(energy(frames.sin.samples()));
            self.grown = 0;
        }
        if self.near_end() && !was && !self.knows() && !block.trained {
            verdict.clear = true;
            self.well = 0;
        }
        if !self.suspected() {
            self.well = self
                .well
                .saturating_add(u32::from(sin > LEAST && energy(block.residual) < BAD * sin));
        }
    }

    #[inline(always)]
    fn over(&mut self) {
        self.blocks = 0;
        self.same = 0;
        self.bad = 0;
        self.near = NearTone::None(0);
        self.well = 0;
    }

    /// Compares the newest frame of Rin with what the tone was.
    #[inline(always)]
    fn compare(&mut self, now: &Bins, level: f32) {
        let (mut both, mut before, mut after) = (0.0, 0.0, 0.0);
        let scale = 1.0 / level.max(1.0);
        for i in 0..BINS {
            let (a, b) = (scale * self.began.0[i], scale * now.0[i]);
            both += a * b;
            before += a * a;
            after += b * b;
        }
        let similar = both * both > SAME * before * after;
        if similar {
            self.same = self.same.saturating_add(1);
            return;
        }
        self.began = *now;
        self.same = 0;
        self.bad = 0;
        self.well = 0;
        if matches!(self.near, NearTone::Somewhere(_)) {
            // That it was no echo is known of the former tone only.
            self.near = NearTone::None(0);
        }
    }

    /// Looks for frequencies that are no echo. True when the near-end tone has ended.
    #[inline(always)]
    fn look_for_near_tone(&mut self, fft: &Fft, history: &History, frames: &Frames) -> bool {
        // What a good filter leaves shows a tone better than Sin.
        let of_residual = self.knows();
        let frame = if of_residual {
            &frames.residual
        } else {
            &frames.sin
        };
        let mut spectrum = Spectrum::ZERO;
        fft.forward(frame, &mut spectrum);
        let mut bins = Bins::ZERO;
        power(&spectrum, &mut bins);
        let now = match self.near {
            NearTone::In { bin, power, .. } => bins.0[bin] > GROWN * power,
            NearTone::Somewhere(level) => energy(frames.sin.samples()) > GROWN * level,
            NearTone::None(_) => false,
        };
        self.grown = if now { self.grown + 1 } else { 0 };
        if self.grown >= GROWN_FOR {
            self.grown = 0;
            self.bad = 0;
            self.same = 0;
            self.well = 0;
            self.near = NearTone::None(0);
            return true;
        }
        match &mut self.near {
            NearTone::In { bin, power, absent } => {
                *absent = if bins.0[*bin] < ENDED * *power {
                    *absent + 1
                } else {
                    0
                };
                if *absent >= ENDED_BLOCKS {
                    // What is left may be learned.
                    self.near = NearTone::None(0);
                    self.bad = 0;
                    if !self.knows() {
                        self.same = 0;
                    }
                    return true;
                }
            }
            NearTone::None(blocks) => {
                let more = history.beyond(&bins, NO_ECHO);
                let beyond = sum(&more);
                let all = sum(&bins).max(1.0);
                let bin = strongest(&more);
                let mut there = beyond > NEAR_TONE_SHARE * all;
                if of_residual {
                    let near = bin.saturating_sub(1)..(bin + 2).min(BINS);
                    let peak: f32 = more.0[near].iter().sum();
                    there &= energy(frame.samples())
                        > RESIDUAL_LEAST * energy(frames.sin.samples())
                        && peak > PEAK * beyond;
                }
                *blocks = if there { blocks.saturating_add(1) } else { 0 };
                if *blocks >= NEAR_TONE_BLOCKS && guard::unpredicted(frame.samples()) < LIKE_TONE {
                    self.near = NearTone::In {
                        bin,
                        power: bins.0[bin],
                        absent: 0,
                    };
                    self.grown = 0;
                }
            }
            NearTone::Somewhere(_) => {}
        }
        false
    }
}

#[inline(always)]
fn strongest(bins: &Bins) -> usize {
    let mut bin = 0;
    for i in 0..BINS {
        if bins.0[i] > bins.0[bin] {
            bin = i;
        }
    }
    bin
}
