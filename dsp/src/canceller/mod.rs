//! The line echo canceller: takes the echo that a hybrid sends back out of what comes from the line.
//!
//! Owns the order of its parts: a Kalman filter (`kalman`) over transforms of two blocks (`fft`); a second one that
//! begins again when the first is wrong, and hands over what it found when it was better (a path has changed); what tones
//! may teach, and whether the near end sends one (`tones`, by `guard`); the suppressor of what is left (`residual`); direct
//! current (`direct`); and when a modem signals that it wants no canceller (`crate::datatone` recognises it).
//! ARCHITECTURE.md has the diagram, the equations and where they come from.
//!
//! Promises: no delay is added; chunks of any length give the same echo estimate, whole blocks of 80 samples at the
//! least cost; nothing allocates after [`LineEchoCanceller::new`]; a canceller that has diverged starts again.
//!
//! Leaves to others: the delay of the reference (it must be what the line got at that very sample), and when a fax
//! or a modem is detected by other means.

mod direct;
mod fft;
mod guard;
mod kalman;
mod residual;
mod tones;

use direct::Direct;
use fft::{FRAME, Fft, Frame, Spectrum};
use kalman::{History, Kalman, Pace};
use residual::{Suppressor, energy};
use tipring_types::{EchoState, TenthDb};
use tones::{BAD, Block, ToneAge, Tones, Verdict};

use crate::datatone::answer::AnswerTone;
use crate::datatone::steady::Mixer;
use crate::echo::{EchoCanceller, EchoMeters};

/// Samples of a block.
const BLOCK: usize = FRAME / 2;
/// Shortest and longest tail, ms.
pub const TAIL_MS: (u16, u16) = (16, 128);

/// The first filter: the path is assumed not to change.
const STEADY: Pace = Pace {
    drift: 4e-5,
    caution: 1.0,
    flat: false,
};
/// The main filter, before it knows a path, while a tone is new to it, and when it has had the tone for a while.
const NEW_TONE: Pace = Pace {
    drift: 0.03,
    caution: 0.02,
    flat: true,
};
const KNOWN_TONE: Pace = Pace {
    flat: true,
    ..STEADY
};
/// The shadow filter: it has nothing to lose.
const SHADOW_PACE: Pace = Pace {
    drift: 1e-2,
    caution: 0.3,
    flat: false,
};

/// The reference is silence below this mean square (-64 dBm0).
const SILENCE: f32 = 100.0;
/// The far end is active from this mean square of the reference on (-54 dBm0).
const ACTIVE: f32 = 1_000.0;
/// Smoothing of the energies that decisions are made on, for each block.
const SMOOTH: f32 = 0.1;
/// The shadow filter takes over when it leaves less than this share of what the main filter leaves, for this number of
/// blocks.
const BETTER: f32 = 0.7;
const BETTER_FOR: u32 = 4;
/// Active blocks that a new filter is given.
const SHADOW_BLOCKS: u32 = 50;
/// A residual stronger than Sin, for this number of blocks: the filter has diverged.
const DIVERGED: f32 = 1.5;
const DIVERGED_FOR: u32 = 10;
/// A filter has learned a path when it left less than this share of Sin in this number of broadband blocks.
const TRAINED: f32 = 0.03;
const TRAINED_FOR: u32 = 30;
/// Least mean square of an answer tone that disables, -38 dBm0.
const DISABLER_LEAST: f32 = 41_300.0;
/// Mean square below which a direction is silent for the disabler (-36 dBm0), and the blocks that end it (G.168: 250 ms).
const DISABLER_SILENCE: f32 = 65_000.0;
const DISABLER_BLOCKS: u32 = 25;

/// How a canceller is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancellerConfig {
    /// Longest echo path, ms; limited to [`TAIL_MS`].
    pub tail_ms: u16,
    /// Suppress what the linear part leaves, and put comfort noise in its place.
    pub nlp: bool,
    /// The two ends take turns, as fax machines and modems do: what comes from the line during a tone in Rin is its echo.
    pub takes_turns: bool,
}

impl Default for CancellerConfig {
    fn default() -> Self {
        CancellerConfig {
            tail_ms: 64,
            nlp: true,
            takes_turns: false,
        }
    }
}

/// The shadow filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shadow {
    /// Idle: the main filter does well.
    Off,
    /// Begun this number of active blocks ago.
    Since(u32),
}

/// The canceller of one port.
///
/// ```
/// use tipring_dsp::{CancellerConfig, EchoCanceller, EchoState, LineEchoCanceller};
/// let mut canceller = LineEchoCanceller::new(CancellerConfig { tail_ms: 64, nlp: false, takes_turns: false });
/// // Rin is what the phone hears; Sin comes back from the line, and is replaced by Sout.
/// let rin = [0i16; 80];
/// let mut sin = [0i16; 80];
/// canceller.process(&mut sin, &rin);
/// assert_eq!(canceller.meters().state, EchoState::Learning);
/// ```
pub struct LineEchoCanceller {
    #[cfg(target_arch = "x86_64")]
    simd: Option<pulp::x86::V3>,
    fft: Fft,
    /// The last block of the reference and the one that is being filled.
    rin: Frame,
    /// The line without direct current, in the block that is being filled.
    sin: [f32; BLOCK],
    echo: [f32; BLOCK],
    /// What the filter leaves of Sin, before the suppressor.
    residual: [f32; BLOCK],
    /// Samples of the block that are there.
    filled: usize,
    /// The echo of older blocks in this one, when it comes in chunks.
    older: Frame,
    /// Impulse response of the newest partition.
    newest: Frame,
    /// The spectrum of the current frame is in the history.
    pushed: bool,
    history: History,
    filter: Kalman,
    shadow_filter: Kalman,
    shadow: Shadow,
    better: u32,
    /// Partition to constrain next.
    turn: usize,
    /// Direct current of Sin and of Rin.
    direct_sin: Direct,
    direct_rin: Direct,
    /// Blocks of silent reference.
    silent: usize,
    powers: Powers,
    tones: Tones,
    trained: u32,
    diverged: u32,
    /// Active blocks since the main filter began.
    age: u32,
    nlp: bool,
    nlp_wanted: bool,
    suppressor: Suppressor,
    answers: [AnswerTone; 2],
    at_2100: Mixer,
    disabled: bool,
    quiet: u32,
    path_changes: u64,
    restarts: u64,
}

/// Energies of a block, smoothed.
#[derive(Clone, Copy, Debug, Default)]
struct Powers {
    sin: f32,
    residual: f32,
    /// Of the shadow filter's residual.
    shadow: f32,
    /// Slower, of blocks with an active far end only, for the meters.
    shown: Shown,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    rin: f32,
    echo: f32,
    sin: f32,
    residual: f32,
}

impl LineEchoCanceller {
    /// A canceller that knows nothing.
    pub fn new(config: CancellerConfig) -> LineEchoCanceller {
        let tail = usize::from(config.tail_ms.clamp(TAIL_MS.0, TAIL_MS.1));
        let partitions = (tail * 8).div_ceil(BLOCK);
        LineEchoCanceller {
            #[cfg(target_arch = "x86_64")]
            simd: pulp::x86::V3::try_new(),
            fft: Fft::new(),
            rin: Frame::ZERO,
            sin: [0.0; BLOCK],
            echo: [0.0; BLOCK],
            residual: [0.0; BLOCK],
            filled: 0,
            older: Frame::ZERO,
            newest: Frame::ZERO,
            pushed: false,
            history: History::new(partitions),
            filter: Kalman::new(partitions),
            shadow_filter: Kalman::new(partitions),
            shadow: Shadow::Off,
            better: 0,
            turn: 0,
            direct_sin: Direct::default(),
            direct_rin: Direct::default(),
            silent: 0,
            powers: Powers::default(),
            tones: Tones::new(config.takes_turns),
            trained: 0,
            diverged: 0,
            age: 0,
            nlp: config.nlp,
            nlp_wanted: config.nlp,
            suppressor: Suppressor::new(),
            answers: [(); 2].map(|()| AnswerTone::new(DISABLER_LEAST)),
            at_2100: Mixer::new(2100.0),
            disabled: false,
            quiet: 0,
            path_changes: 0,
            restarts: 0,
        }
    }

    /// Any number of samples.
    #[inline(always)]
    fn run<const FMA: bool>(&mut self, near: &mut [i16], reference: &[i16]) {
        let mut rest = (near, reference);
        while !rest.0.is_empty() {
            let n = rest.0.len().min(BLOCK - self.filled);
            let (near, later) = rest.0.split_at_mut(n);
            let (reference, later_reference) = rest.1.split_at(n);
            rest = (later, later_reference);
            self.chunk::<FMA>(near, reference);
        }
    }

    /// Samples of one block, from `filled` on.
    #[inline(always)]
    fn chunk<const FMA: bool>(&mut self, near: &mut [i16], reference: &[i16]) {
        let (from, n) = (self.filled, near.len());
        let to = from + n;
        if from == 0 {
            self.pushed = false;
            let frame = self.rin.samples_mut();
            frame.copy_within(BLOCK.., 0);
        }
        let (direct_sin, direct_rin) = (self.direct_sin.level(), self.direct_rin.level());
        let frame = self.rin.samples_mut();
        for (x, sample) in frame[BLOCK + from..].iter_mut().zip(reference) {
            *x = f32::from(*sample) - direct_rin;
        }
        for (x, sample) in self.sin[from..].iter_mut().zip(near.iter()) {
            *x = f32::from(*sample) - direct_sin;
        }
        if !self.disabled {
            self.estimate::<FMA>(from, to);
            for i in from..to {
                self.residual[i] = self.sin[i] - self.echo[i];
            }
            self.output(near, from, to);
        }
        self.filled = to;
        if to == BLOCK {
            self.filled = 0;
            self.block_over::<FMA>();
        }
    }

    /// The echo in samples `from` to `to` of the block.
    #[inline(always)]
    fn estimate<const FMA: bool>(&mut self, from: usize, to: usize) {
        let idle = self.silent > self.history.partitions();
        let rin = &self.rin.samples()[BLOCK + from..BLOCK + to];
        if idle && energy(rin) < SILENCE * (to - from) as f32 {
            self.echo[from..to].fill(0.0);
            if from == 0 {
                self.older = Frame::ZERO;
            }
            return;
        }
        let mut spectrum = Spectrum::ZERO;
        if from == 0 && to == BLOCK {
            self.history.push(&self.fft, &self.rin);
            self.pushed = true;
            self.filter.echo::<FMA>(&self.history, 0, &mut spectrum);
            let mut frame = Frame::ZERO;
            self.fft.inverse(&spectrum, &mut frame);
            self.echo.copy_from_slice(&frame.samples()[BLOCK..]);
            return;
        }
        if from == 0 {
            self.filter.echo::<FMA>(&self.history, 1, &mut spectrum);
            self.fft.inverse(&spectrum, &mut self.older);
        }
        // The newest partition in the time domain: it needs samples of this very chunk.
        let echo = &mut self.echo[from..to];
        echo.copy_from_slice(&self.older.samples()[BLOCK + from..BLOCK + to]);
        let taps = &self.newest.samples()[..BLOCK];
        let rin = &self.rin.samples()[1 + from..BLOCK + to];
        for (n, echo) in echo.chunks_mut(8).enumerate() {
            filter(taps, &rin[8 * n..], echo);
        }
    }

    /// Puts the residual of samples `from` to `to` in the place of Sin.
    #[inline(always)]
    fn output(&mut self, near: &mut [i16], from: usize, to: usize) {
        let mut sout = [0f32; BLOCK];
        let sout = &mut sout[..to - from];
        let sin = &self.sin[from..to];
        // A filter that adds is worse than none.
        let lately = self.powers.sin * (to - from) as f32 / BLOCK as f32;
        let wrong = energy(&self.residual[from..to]) > 2.0 * energy(sin).max(lately);
        sout.copy_from_slice(if wrong { sin } else { &self.residual[from..to] });
        if self.nlp && !self.tones.near_end() {
            if from == 0 && self.suppressor.wants_comfort() {
                self.suppressor.make_comfort(&self.fft);
            }
            let rin = &self.rin.samples()[BLOCK + from..BLOCK + to];
            self.suppressor.take(rin, sout, from);
        }
        for (out, x) in near.iter_mut().zip(sout.iter()) {
            // Rounds half away from zero; `as` saturates.
            *out = (x + 0.5f32.copysign(*x)) as i16;
        }
    }

    #[inline(always)]
    fn block_over<const FMA: bool>(&mut self) {
        let rin_energy = energy(&self.rin.samples()[BLOCK..]);
        let sin_energy = energy(&self.sin);
        self.direct_sin.follow(&self.sin);
        self.direct_rin.follow(&self.rin.samples()[BLOCK..]);
        self.watch_answer_tones(rin_energy, sin_energy);
        if self.disabled {
            return;
        }
        if rin_energy < SILENCE * BLOCK as f32 {
            self.silent = self.silent.saturating_add(1);
            if self.silent == self.history.partitions() + 1 {
                // From here on nothing is pushed; what was is over.
                self.history.clear();
            }
        } else {
            self.silent = 0;
        }
        let residual_energy = energy(&self.residual);
        if self.silent > self.history.partitions() {
            // Nothing to learn but the noise of the room.
            if self.nlp {
                let spectrum = self.spectrum_of_residual();
                self.suppressor
                    .learn_noise(&spectrum, residual_energy, true);
            }
            return;
        }
        if !self.pushed {
            self.history.push(&self.fft, &self.rin);
        }
        self.powers.sin += SMOOTH * (sin_energy - self.powers.sin);
        self.powers.residual += SMOOTH * (residual_energy - self.powers.residual);
        let active = rin_energy > ACTIVE * BLOCK as f32;
        let verdict = self.judge(rin_energy, active);
        let spectrum = self.spectrum_of_residual();
        if !verdict.frozen {
            let pace = self.pace(verdict.tone);
            self.filter.learn::<FMA>(&self.history, &spectrum, pace);
            self.constrain();
        }
        let frame = energy(self.rin.samples());
        let echo = energy(&self.echo);
        if self.nlp {
            let steady = self.tones.steady();
            self.suppressor
                .learn(frame, echo, residual_energy, self.filter.residual(), steady);
            // Noise is what stands well above all that the filter could have left.
            let quiet = residual_energy > 4.0 * (self.filter.residual() + 0.001 * echo);
            self.suppressor.learn_noise(
                &spectrum,
                residual_energy,
                quiet && !(verdict.tone && self.trained < TRAINED_FOR),
            );
        }
        self.run_shadow::<FMA>(active, verdict, residual_energy);
        self.check(active);
        if active {
            let shown = &mut self.powers.shown;
            let slow = |value: &mut f32, now: f32| *value += 0.02 * (now - *value);
            slow(&mut shown.rin, rin_energy);
            slow(&mut shown.echo, echo);
            // Near-end speech is no measure of the echo.
            if residual_energy < 0.5 * sin_energy || self.age < SHADOW_BLOCKS {
                slow(&mut shown.sin, sin_energy);
                slow(&mut shown.residual, residual_energy);
            }
        }
    }

    #[inline(always)]
    fn spectrum_of_residual(&self) -> Spectrum {
        let mut frame = Frame::ZERO;
        frame.samples_mut()[BLOCK..].copy_from_slice(&self.residual);
        let mut spectrum = Spectrum::ZERO;
        self.fft.forward(&frame, &mut spectrum);
        spectrum
    }

    /// The newest partition after each block, the others in turn.
    #[inline(always)]
    fn constrain(&mut self) {
        self.turn = (self.turn + 1) % self.history.partitions();
        if self.turn != 0 {
            let mut taps = Frame::ZERO;
            self.filter.constrain(&self.fft, self.turn, &mut taps);
        }
        self.filter.constrain(&self.fft, 0, &mut self.newest);
    }

    /// Watches for tones, and whether a path is learned.
    #[inline(always)]
    fn judge(&mut self, rin_energy: f32, active: bool) -> Verdict {
        let Powers { sin, residual, .. } = self.powers;
        let block = Block {
            rin: &self.rin,
            sin: &self.sin,
            residual: &self.residual,
            rin_energy,
            sin_level: sin,
            residual_level: residual,
            active,
            trained: self.trained >= TRAINED_FOR,
        };
        let verdict = self.tones.judge(&self.fft, &self.history, &block);
        if verdict.broadband && residual < TRAINED * sin {
            self.trained = self.trained.saturating_add(1);
        }
        if verdict.clear {
            self.clear();
        }
        if self.nlp && self.tones.near_end() {
            self.suppressor.open();
        }
        if verdict.ended {
            // How loud the near-end tone was is no measure of what may go out.
            (self.powers.sin, self.powers.residual) = (0.0, 0.0);
        }
        verdict
    }

    /// How the main filter learns from this block.
    #[inline(always)]
    fn pace(&self, tone: bool) -> Pace {
        if !tone || self.trained >= TRAINED_FOR {
            return STEADY;
        }
        match self.tones.age() {
            ToneAge::New => NEW_TONE,
            _ if self.powers.residual > BAD * self.powers.sin => NEW_TONE,
            ToneAge::Known => KNOWN_TONE,
            ToneAge::Old => STEADY,
        }
    }

    /// The shadow filter runs while the main one does badly.
    #[inline(always)]
    fn run_shadow<const FMA: bool>(
        &mut self,
        active: bool,
        verdict: Verdict,
        residual_energy: f32,
    ) {
        self.age = self.age.saturating_add(u32::from(active));
        let bad = self.powers.residual > BAD * self.powers.sin;
        // What a filter that begins learns from a tone is no better than what the main filter knows of other tones.
        let skip = verdict.tone && self.trained < TRAINED_FOR;
        let Shadow::Since(since) = self.shadow else {
            // A young filter is given its time.
            if bad && active && self.age > SHADOW_BLOCKS && !skip {
                self.start_shadow();
            }
            return;
        };
        if verdict.frozen || skip {
            return;
        }
        let mut spectrum = Spectrum::ZERO;
        let mut frame = Frame::ZERO;
        self.shadow_filter
            .echo::<FMA>(&self.history, 0, &mut spectrum);
        self.fft.inverse(&spectrum, &mut frame);
        let (old, new) = frame.samples_mut().split_at_mut(BLOCK);
        old.fill(0.0);
        for (x, near) in new.iter_mut().zip(&self.sin) {
            *x = near - *x;
        }
        let shadow = energy(new);
        self.fft.forward(&frame, &mut spectrum);
        self.shadow_filter
            .learn::<FMA>(&self.history, &spectrum, SHADOW_PACE);
        let mut taps = Frame::ZERO;
        let turn = self.turn;
        if turn != 0 {
            self.shadow_filter.constrain(&self.fft, turn, &mut taps);
        }
        self.shadow_filter.constrain(&self.fft, 0, &mut taps);
        self.powers.shadow += SMOOTH * (shadow - self.powers.shadow);
        if bad && self.powers.shadow < BETTER * self.powers.residual && shadow < residual_energy {
            self.better += 1;
        } else {
            self.better = 0;
        }
        if self.better >= BETTER_FOR {
            self.filter.copy_from(&self.shadow_filter);
            self.newest = taps;
            self.powers.residual = self.powers.shadow;
            self.better = 0;
            self.path_changes += 1;
        }
        let since = since + u32::from(active);
        self.shadow = Shadow::Since(since);
        if since > SHADOW_BLOCKS {
            if bad {
                self.start_shadow();
            } else {
                self.shadow = Shadow::Off;
            }
        }
    }

    #[inline(always)]
    fn start_shadow(&mut self) {
        self.shadow_filter.reset();
        self.powers.shadow = self.powers.sin;
        self.better = 0;
        self.shadow = Shadow::Since(0);
    }

    /// Restarts when the filter adds rather than takes away.
    #[inline(always)]
    fn check(&mut self, active: bool) {
        let Powers { sin, residual, .. } = self.powers;
        if active && residual > DIVERGED * sin + SILENCE * BLOCK as f32 {
            self.diverged += 1;
            if self.diverged >= DIVERGED_FOR {
                self.restarts += 1;
                self.clear();
            }
        } else {
            self.diverged = 0;
        }
    }

    #[inline(always)]
    fn clear(&mut self) {
        self.filter.reset();
        self.newest = Frame::ZERO;
        self.shadow = Shadow::Off;
        self.powers = Powers::default();
        (self.better, self.age, self.trained, self.diverged) = (0, 0, 0, 0);
    }

    /// Listens for modems in both directions, and for their end.
    #[inline(always)]
    fn watch_answer_tones(&mut self, rin_energy: f32, sin_energy: f32) {
        let [near, far] = &mut self.answers;
        let mut modem = near.reverses(self.at_2100.of(&self.sin), sin_energy);
        if let Some(reference) = self.rin.samples()[BLOCK..].first_chunk() {
            modem |= far.reverses(self.at_2100.of(reference), rin_energy);
        }
        if modem {
            self.set_disabled(true);
        }
        let silence = DISABLER_SILENCE * BLOCK as f32;
        self.quiet = if rin_energy < silence && sin_energy < silence {
            self.quiet.saturating_add(1)
        } else {
            0
        };
        if self.disabled && self.quiet >= DISABLER_BLOCKS {
            self.set_disabled(false);
        }
    }
}

impl EchoCanceller for LineEchoCanceller {
    fn process(&mut self, near: &mut [i16], reference: &[i16]) {
        let n = near.len().min(reference.len());
        let (near, reference) = (&mut near[..n], &reference[..n]);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = self.simd {
            return simd.vectorize(Run(self, near, reference));
        }
        self.run::<false>(near, reference);
    }

    fn reset(&mut self) {
        // A line has the same hybrid in the next call, and nearly always the same phone; if not, the shadow
        // filter finds out.
        if self.trained < TRAINED_FOR {
            self.clear();
        }
        self.history.clear();
        self.rin = Frame::ZERO;
        self.older = Frame::ZERO;
        self.filled = 0;
        self.silent = 0;
        self.set_disabled(false);
        self.nlp = self.nlp_wanted;
        self.suppressor.reset();
        self.answers.iter_mut().for_each(AnswerTone::reset);
    }

    fn set_disabled(&mut self, disabled: bool) {
        if self.disabled == disabled {
            return;
        }
        self.disabled = disabled;
        self.quiet = 0;
        // Rin of the meantime is not in the history.
        self.history.clear();
        self.older = Frame::ZERO;
        self.echo.fill(0.0);
        self.residual.fill(0.0);
        self.suppressor.open();
    }

    fn pass_data(&mut self, on: bool) {
        self.nlp = self.nlp_wanted && !on;
        if self.nlp {
            self.suppressor.open();
        }
    }

    fn meters(&self) -> EchoMeters {
        let db = |over: f32, under: f32| {
            (over > 0.0 && under > 0.0).then(|| TenthDb::of(10.0 * f64::from(over / under).log10()))
        };
        let Powers { shown, .. } = self.powers;
        EchoMeters {
            state: if self.disabled {
                EchoState::Disabled
            } else if self.trained >= TRAINED_FOR {
                EchoState::Converged
            } else {
                EchoState::Learning
            },
            erl: db(shown.rin, shown.echo),
            erle: db(shown.sin, shown.residual),
            path_changes: self.path_changes,
            restarts: self.restarts,
        }
    }
}

/// Adds `taps` filtered over `rin` to at most eight samples; `rin` begins as many samples earlier as there are taps,
/// less one.
#[inline(always)]
fn filter(taps: &[f32], rin: &[f32], echo: &mut [f32]) {
    let mut sums = [0f32; 8];
    if echo.len() == sums.len() {
        for (tap, late) in taps.iter().rev().zip(rin.windows(8)) {
            for (sum, x) in sums.iter_mut().zip(late) {
                *sum += tap * x;
            }
        }
    } else {
        for (sum, late) in sums.iter_mut().zip(rin.windows(taps.len())) {
            *sum = taps.iter().rev().zip(late).map(|(tap, x)| tap * x).sum();
        }
    }
    for (y, sum) in echo.iter_mut().zip(&sums) {
        *y += sum;
    }
}

/// [`LineEchoCanceller::run`], to be compiled for AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
struct Run<'a>(&'a mut LineEchoCanceller, &'a mut [i16], &'a [i16]);

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.run::<true>(self.1, self.2);
    }
}
