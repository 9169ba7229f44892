//! The line echo canceller: takes the echo that a hybrid sends back out of what comes from the line.
//!
//! Owns the order of its parts: a Kalman filter (`kalman`) over transforms of two blocks (`fft`); a second one that
//! begins anew when the first is wrong, and hands over what it found when it was better (a path has changed); what tones
//! may teach, and whether the near end sends one (`tones`, by `guard`); the suppressor of what is left (`residual`); direct
//! current (`direct`); and when a modem is heard that wants no canceller (`crate::datatone` knows it). ARCHITECTURE.md has the diagram, the equations and where they come from.
//!
//! Promises: no delay is added; chunks of any length give the same echo estimate, whole blocks of 80 samples at the
//! least cost; nothing allocates after [`LineEchoCanceller::new`]; a canceller that has gone wrong starts anew.
//!
//! Leaves to others: the delay of the reference (it must be what the line heard at that very sample), and when a fax
//! or a modem is heard by other means.

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
use tones::{BAD, Block, Lesson, Tones, Verdict};

use crate::datatone::answer::AnswerTone;
use crate::datatone::steady::Mixer;
use crate::echo::{EchoCanceller, EchoMeters};

/// Samples of a block.
const BLOCK: usize = FRAME / 2;
/// Shortest and longest tail, ms.
pub const TAIL_MS: (u16, u16) = (16, 128);

/// The first filter: a path is taken to stay as it is.
const STEADY: Pace = Pace {
    drift: 4e-5,
    caution: 1.0,
    flat: false,
};
/// The first filter, before it knows a path, while a tone is new to it, and when it has heard the tone for a while.
const NEW_TONE: Pace = Pace {
    drift: 0.03,
    caution: 0.02,
    flat: true,
};
const KNOWN_TONE: Pace = Pace {
    flat: true,
    ..STEADY
};
/// The second: it has nothing to lose.
const EAGER: Pace = Pace {
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
/// The second filter wins when it leaves less than this share of what the first leaves, for so many blocks.
const BETTER: f32 = 0.7;
const BETTER_FOR: u32 = 4;
/// So many active blocks are given to a filter that begins.
const RACE: u32 = 50;
/// More left than came, for so many blocks: the filter has gone wrong.
const DIVERGED: f32 = 1.5;
const DIVERGED_FOR: u32 = 10;
/// A filter has learned a path when it left less than this share of so many rich blocks.
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
    /// The two ends take turns, as machines do: what comes from the line while a tone is heard is its echo.
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

/// The second filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Race {
    /// At rest: the first does well.
    Off,
    /// Begun so many active blocks ago.
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
    reference: Frame,
    /// The line without direct current, in the block that is being filled.
    near: [f32; BLOCK],
    echo: [f32; BLOCK],
    /// What the filter left, before the suppressor.
    error: [f32; BLOCK],
    /// Samples of the block that are there.
    filled: usize,
    /// The echo of older blocks in this one, when it comes in chunks.
    older: Frame,
    /// Impulse response of the newest partition.
    newest: Frame,
    /// The spectrum of the current frame is in the history.
    pushed: bool,
    history: History,
    first: Kalman,
    second: Kalman,
    race: Race,
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
    /// Active blocks since the first filter began.
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
    near: f32,
    first: f32,
    second: f32,
    /// Slower, of blocks with an active far end only, for the meters.
    shown: Shown,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    heard: f32,
    echo: f32,
    near: f32,
    left: f32,
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
            reference: Frame::ZERO,
            near: [0.0; BLOCK],
            echo: [0.0; BLOCK],
            error: [0.0; BLOCK],
            filled: 0,
            older: Frame::ZERO,
            newest: Frame::ZERO,
            pushed: false,
            history: History::new(partitions),
            first: Kalman::new(partitions),
            second: Kalman::new(partitions),
            race: Race::Off,
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
            let frame = self.reference.samples_mut();
            frame.copy_within(BLOCK.., 0);
        }
        let (direct_sin, direct_rin) = (self.direct_sin.level(), self.direct_rin.level());
        let frame = self.reference.samples_mut();
        for (x, sample) in frame[BLOCK + from..].iter_mut().zip(reference) {
            *x = f32::from(*sample) - direct_rin;
        }
        for (x, sample) in self.near[from..].iter_mut().zip(near.iter()) {
            *x = f32::from(*sample) - direct_sin;
        }
        if !self.disabled {
            self.estimate::<FMA>(from, to);
            for i in from..to {
                self.error[i] = self.near[i] - self.echo[i];
            }
            self.say(near, from, to);
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
        let heard = &self.reference.samples()[BLOCK + from..BLOCK + to];
        if idle && energy(heard) < SILENCE * (to - from) as f32 {
            self.echo[from..to].fill(0.0);
            if from == 0 {
                self.older = Frame::ZERO;
            }
            return;
        }
        let mut spectrum = Spectrum::ZERO;
        if from == 0 && to == BLOCK {
            self.history.push(&self.fft, &self.reference);
            self.pushed = true;
            self.first.echo::<FMA>(&self.history, 0, &mut spectrum);
            let mut frame = Frame::ZERO;
            self.fft.inverse(&spectrum, &mut frame);
            self.echo.copy_from_slice(&frame.samples()[BLOCK..]);
            return;
        }
        if from == 0 {
            self.first.echo::<FMA>(&self.history, 1, &mut spectrum);
            self.fft.inverse(&spectrum, &mut self.older);
        }
        // The newest partition in the time domain: it needs samples of this very chunk.
        let echo = &mut self.echo[from..to];
        echo.copy_from_slice(&self.older.samples()[BLOCK + from..BLOCK + to]);
        let taps = &self.newest.samples()[..BLOCK];
        let heard = &self.reference.samples()[1 + from..BLOCK + to];
        for (n, echo) in echo.chunks_mut(8).enumerate() {
            filter(taps, &heard[8 * n..], echo);
        }
    }

    /// Puts what is left of samples `from` to `to` in the place of what came.
    #[inline(always)]
    fn say(&mut self, near: &mut [i16], from: usize, to: usize) {
        let mut left = [0f32; BLOCK];
        let left = &mut left[..to - from];
        let came = &self.near[from..to];
        // A filter that adds is worse than none.
        let lately = self.powers.near * (to - from) as f32 / BLOCK as f32;
        let wrong = energy(&self.error[from..to]) > 2.0 * energy(came).max(lately);
        left.copy_from_slice(if wrong { came } else { &self.error[from..to] });
        if self.nlp && !self.tones.near_end() {
            if from == 0 && self.suppressor.wants_comfort() {
                self.suppressor.make_comfort(&self.fft);
            }
            let heard = &self.reference.samples()[BLOCK + from..BLOCK + to];
            self.suppressor.take(heard, left, from);
        }
        for (out, x) in near.iter_mut().zip(left.iter()) {
            // Rounds half away from zero; `as` saturates.
            *out = (x + 0.5f32.copysign(*x)) as i16;
        }
    }

    #[inline(always)]
    fn block_over<const FMA: bool>(&mut self) {
        let heard = energy(&self.reference.samples()[BLOCK..]);
        let came = energy(&self.near);
        self.direct_sin.follow(&self.near);
        self.direct_rin.follow(&self.reference.samples()[BLOCK..]);
        self.listen(heard, came);
        if self.disabled {
            return;
        }
        if heard < SILENCE * BLOCK as f32 {
            self.silent = self.silent.saturating_add(1);
            if self.silent == self.history.partitions() + 1 {
                // From here on nothing is pushed; what was is over.
                self.history.clear();
            }
        } else {
            self.silent = 0;
        }
        let left = energy(&self.error);
        if self.silent > self.history.partitions() {
            // Nothing to learn but the noise of the room.
            if self.nlp {
                let spectrum = self.spectrum_of_error();
                self.suppressor.learn_noise(&spectrum, left, true);
            }
            return;
        }
        if !self.pushed {
            self.history.push(&self.fft, &self.reference);
        }
        self.powers.near += SMOOTH * (came - self.powers.near);
        self.powers.first += SMOOTH * (left - self.powers.first);
        let active = heard > ACTIVE * BLOCK as f32;
        let verdict = self.judge(heard, active);
        let spectrum = self.spectrum_of_error();
        if !verdict.frozen {
            let pace = self.pace(verdict.tone);
            self.first.learn::<FMA>(&self.history, &spectrum, pace);
            self.constrain_first();
        }
        let frame = energy(self.reference.samples());
        let echo = energy(&self.echo);
        if self.nlp {
            let steady = self.tones.steady();
            self.suppressor
                .learn(frame, echo, left, self.first.residual(), steady);
            // Noise is what stands well above all that the filter could have left.
            let quiet = left > 4.0 * (self.first.residual() + 0.001 * echo);
            self.suppressor.learn_noise(
                &spectrum,
                left,
                quiet && !(verdict.tone && self.trained < TRAINED_FOR),
            );
        }
        self.race::<FMA>(active, verdict, left);
        self.check(active);
        if active {
            let shown = &mut self.powers.shown;
            let slow = |value: &mut f32, now: f32| *value += 0.02 * (now - *value);
            slow(&mut shown.heard, heard);
            slow(&mut shown.echo, echo);
            // What somebody near says is no measure of the echo.
            if left < 0.5 * came || self.age < RACE {
                slow(&mut shown.near, came);
                slow(&mut shown.left, left);
            }
        }
    }

    #[inline(always)]
    fn spectrum_of_error(&self) -> Spectrum {
        let mut frame = Frame::ZERO;
        frame.samples_mut()[BLOCK..].copy_from_slice(&self.error);
        let mut spectrum = Spectrum::ZERO;
        self.fft.forward(&frame, &mut spectrum);
        spectrum
    }

    /// The newest partition after each block, the others in turn.
    #[inline(always)]
    fn constrain_first(&mut self) {
        self.turn = (self.turn + 1) % self.history.partitions();
        if self.turn != 0 {
            let mut taps = Frame::ZERO;
            self.first.constrain(&self.fft, self.turn, &mut taps);
        }
        self.first.constrain(&self.fft, 0, &mut self.newest);
    }

    /// Watches for tones, and whether a path is learned.
    #[inline(always)]
    fn judge(&mut self, heard: f32, active: bool) -> Verdict {
        let Powers { near, first, .. } = self.powers;
        let block = Block {
            rin: &self.reference,
            sin: &self.near,
            residual: &self.error,
            heard,
            sin_level: near,
            residual_level: first,
            active,
            trained: self.trained >= TRAINED_FOR,
        };
        let verdict = self.tones.judge(&self.fft, &self.history, &block);
        if verdict.rich && first < TRAINED * near {
            self.trained = self.trained.saturating_add(1);
        }
        if verdict.forget {
            self.forget();
        }
        if self.nlp && self.tones.near_end() {
            self.suppressor.open();
        }
        if verdict.ended {
            // How loud the near-end tone was is no measure of what may go out.
            (self.powers.near, self.powers.first) = (0.0, 0.0);
        }
        verdict
    }

    /// How the first filter learns from this block.
    #[inline(always)]
    fn pace(&self, tone: bool) -> Pace {
        if !tone || self.trained >= TRAINED_FOR {
            return STEADY;
        }
        match self.tones.lesson() {
            Lesson::First => NEW_TONE,
            _ if self.powers.first > BAD * self.powers.near => NEW_TONE,
            Lesson::Second => KNOWN_TONE,
            Lesson::Rest => STEADY,
        }
    }

    /// The second filter runs while the first does badly.
    #[inline(always)]
    fn race<const FMA: bool>(&mut self, active: bool, verdict: Verdict, left: f32) {
        self.age = self.age.saturating_add(u32::from(active));
        let bad = self.powers.first > BAD * self.powers.near;
        // What a filter that begins learns from a tone is no better than what the first knows of other tones.
        let skip = verdict.tone && self.trained < TRAINED_FOR;
        let Race::Since(since) = self.race else {
            // A young filter is given its time.
            if bad && active && self.age > RACE && !skip {
                self.begin_race();
            }
            return;
        };
        if verdict.frozen || skip {
            return;
        }
        let mut spectrum = Spectrum::ZERO;
        let mut frame = Frame::ZERO;
        self.second.echo::<FMA>(&self.history, 0, &mut spectrum);
        self.fft.inverse(&spectrum, &mut frame);
        let (old, new) = frame.samples_mut().split_at_mut(BLOCK);
        old.fill(0.0);
        for (x, near) in new.iter_mut().zip(&self.near) {
            *x = near - *x;
        }
        let second = energy(new);
        self.fft.forward(&frame, &mut spectrum);
        self.second.learn::<FMA>(&self.history, &spectrum, EAGER);
        let mut taps = Frame::ZERO;
        let turn = self.turn;
        if turn != 0 {
            self.second.constrain(&self.fft, turn, &mut taps);
        }
        self.second.constrain(&self.fft, 0, &mut taps);
        self.powers.second += SMOOTH * (second - self.powers.second);
        if bad && self.powers.second < BETTER * self.powers.first && second < left {
            self.better += 1;
        } else {
            self.better = 0;
        }
        if self.better >= BETTER_FOR {
            self.first.copy_from(&self.second);
            self.newest = taps;
            self.powers.first = self.powers.second;
            self.better = 0;
            self.path_changes += 1;
        }
        let since = since + u32::from(active);
        self.race = Race::Since(since);
        if since > RACE {
            if bad {
                self.begin_race();
            } else {
                self.race = Race::Off;
            }
        }
    }

    #[inline(always)]
    fn begin_race(&mut self) {
        self.second.reset();
        self.powers.second = self.powers.near;
        self.better = 0;
        self.race = Race::Since(0);
    }

    /// Starts anew when the filter adds rather than takes away.
    #[inline(always)]
    fn check(&mut self, active: bool) {
        let Powers { near, first, .. } = self.powers;
        if active && first > DIVERGED * near + SILENCE * BLOCK as f32 {
            self.diverged += 1;
            if self.diverged >= DIVERGED_FOR {
                self.restarts += 1;
                self.forget();
            }
        } else {
            self.diverged = 0;
        }
    }

    #[inline(always)]
    fn forget(&mut self) {
        self.first.reset();
        self.newest = Frame::ZERO;
        self.race = Race::Off;
        self.powers = Powers::default();
        (self.better, self.age, self.trained, self.diverged) = (0, 0, 0, 0);
    }

    /// Listens for modems both ways, and for their end.
    #[inline(always)]
    fn listen(&mut self, heard: f32, came: f32) {
        let [near, far] = &mut self.answers;
        let mut modem = near.reverses(self.at_2100.of(&self.near), came);
        if let Some(reference) = self.reference.samples()[BLOCK..].first_chunk() {
            modem |= far.reverses(self.at_2100.of(reference), heard);
        }
        if modem {
            self.set_disabled(true);
        }
        let silence = DISABLER_SILENCE * BLOCK as f32;
        self.quiet = if heard < silence && came < silence {
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
        // A line has the same hybrid in the next call, and nearly always the same set; if not, the second filter
        // finds out.
        if self.trained < TRAINED_FOR {
            self.forget();
        }
        self.history.clear();
        self.reference = Frame::ZERO;
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
        // What was heard meanwhile is not in the history.
        self.history.clear();
        self.older = Frame::ZERO;
        self.echo.fill(0.0);
        self.error.fill(0.0);
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
            erl: db(shown.heard, shown.echo),
            erle: db(shown.near, shown.left),
            path_changes: self.path_changes,
            restarts: self.restarts,
        }
    }
}

/// Adds `taps` filtered over `heard` to at most eight samples; `heard` begins as many samples earlier as there are taps,
/// less one.
#[inline(always)]
fn filter(taps: &[f32], heard: &[f32], echo: &mut [f32]) {
    let mut sums = [0f32; 8];
    if echo.len() == sums.len() {
        for (tap, late) in taps.iter().rev().zip(heard.windows(8)) {
            for (sum, x) in sums.iter_mut().zip(late) {
                *sum += tap * x;
            }
        }
    } else {
        for (sum, late) in sums.iter_mut().zip(heard.windows(taps.len())) {
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
