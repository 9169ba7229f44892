//! The adaptive filter: a partitioned-block Kalman filter in the frequency domain, one step size for each bin and
//! partition.
//!
//! Owns the spectra of what the line heard ([`History`]) and the estimates of the echo path ([`Kalman`]). Follows
//! Enzner and Vary ("Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones",
//! Signal Processing 86, 2006) and, for the partitions, Kuech, Mabande and Enzner ("State-space architecture of the
//! partitioned-block-based acoustic echo controller", ICASSP 2014), without the terms between partitions.

use super::fft::{BINS, Bins, FRAME, Fft, Frame, Spectrum};

/// Share of a frame that is new: the error has 80 samples, its spectrum 160.
const SHARE: f32 = 0.5;
/// Expected square of a weight before anything is known: one for the first partition, then less and less (hybrids are
/// short), but never so little that a long path could not be learned.
const DOUBT: f32 = 1.0;
const DOUBT_FALLS: f32 = 0.6;
const LEAST_DOUBT: f32 = 0.1;
/// While a filter is young, its doubt is drawn towards the weights it finds, so that the partitions with the echo go on
/// learning and the empty ones do not: by this share at first, and less with each block.
const FOCUS: f32 = 0.1;
const FOCUS_FALLS: f32 = 0.95;
/// The noise of a block is at least this share of what that block has too much: a voice that begins is believed at once.
const SUDDEN: f32 = 0.5;
/// How far the noise follows with each block.
const NOISE_FOLLOWS: f32 = 0.3;
/// A block with less than this share of the noise, all bins together: the near end has fallen silent, and the noise
/// follows by this share. A voice that goes on is weak in some bins, not in all.
const HUSH: f32 = 0.1;
const HUSH_FOLLOWS: f32 = 0.8;
/// Power of the rounding of the samples and a little more, for each bin of 80 samples.
const ROUNDING: f32 = 80.0;

/// `a b + c`; in one step where the processor has it.
#[inline(always)]
fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Spectra of the last frames of the reference, newest first.
pub(super) struct History {
    spectra: Box<[Spectrum]>,
    power: Box<[Bins]>,
    /// Where the newest is.
    head: usize,
}

impl History {
    pub(super) fn new(partitions: usize) -> History {
        History {
            spectra: vec![Spectrum::ZERO; partitions.max(1)].into(),
            power: vec![Bins::ZERO; partitions.max(1)].into(),
            head: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.spectra.fill(Spectrum::ZERO);
        self.power.fill(Bins::ZERO);
    }

    pub(super) fn partitions(&self) -> usize {
        self.spectra.len()
    }

    #[inline(always)]
    fn place(&self, age: usize) -> usize {
        let place = self.head + age;
        if place >= self.spectra.len() {
            place - self.spectra.len()
        } else {
            place
        }
    }

    /// Takes the spectrum of a frame; the oldest is forgotten.
    #[inline(always)]
    pub(super) fn push(&mut self, fft: &Fft, frame: &Frame) {
        self.head = self.head.checked_sub(1).unwrap_or(self.spectra.len() - 1);
        let spectrum = &mut self.spectra[self.head];
        fft.forward(frame, spectrum);
        power(spectrum, &mut self.power[self.head]);
    }

    /// The power of the newest frame.
    #[inline(always)]
    pub(super) fn newest_power(&self) -> &Bins {
        &self.power[self.head]
    }

    /// What of the powers of a frame of Sin is more than `most` times the strongest that Rin had in the same bin.
    #[inline(always)]
    pub(super) fn beyond(&self, came: &Bins, most: f32) -> Bins {
        let mut strongest = Bins::ZERO;
        for bins in &self.power {
            for i in 0..BINS {
                strongest.0[i] = strongest.0[i].max(bins.0[i]);
            }
        }
        let mut more = Bins::ZERO;
        for i in 0..BINS {
            more.0[i] = (came.0[i] - most * strongest.0[i]).max(0.0);
        }
        more
    }
}

/// How a filter learns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How much of the path is new with each block, as a share of its power.
    pub(super) drift: f32,
    /// How heavily the noise counts.
    pub(super) caution: f32,
    /// All bins have the step of the strongest: a tone leaks into bins that it does not excite, and what those would learn
    /// is wrong for the next tone.
    pub(super) flat: bool,
}

/// An estimate of the echo path and how far to trust it.
pub(super) struct Kalman {
    weights: Box<[Spectrum]>,
    /// Expected square error of each weight.
    doubt: Box<[Bins]>,
    /// Power of what is not echo, estimated.
    noise: Bins,
    /// Power of the echo expected in the error of the last block.
    residual: f32,
    /// See [`FOCUS`].
    focus: f32,
}

impl Kalman {
    pub(super) fn new(partitions: usize) -> Kalman {
        let mut kalman = Kalman {
            weights: vec![Spectrum::ZERO; partitions.max(1)].into(),
            doubt: vec![Bins::ZERO; partitions.max(1)].into(),
            noise: Bins::ZERO,
            residual: 0.0,
            focus: 0.0,
        };
        kalman.reset();
        kalman
    }

    /// Knows nothing any more.
    pub(super) fn reset(&mut self) {
        self.weights.fill(Spectrum::ZERO);
        let mut doubt = DOUBT;
        for bins in &mut self.doubt {
            bins.0.fill(doubt.max(LEAST_DOUBT));
            doubt *= DOUBT_FALLS;
        }
        self.noise = Bins::ZERO;
        self.residual = 0.0;
        self.focus = FOCUS;
    }

    /// Takes over what another has learned.
    pub(super) fn copy_from(&mut self, other: &Kalman) {
        self.weights.copy_from_slice(&other.weights);
        self.doubt.copy_from_slice(&other.doubt);
        self.noise = other.noise;
        self.residual = other.residual;
        self.focus = other.focus;
    }

    /// Spectrum of the echo of the partitions from `first` on, the newest spectrum being that of partition `first`.
    #[inline(always)]
    pub(super) fn echo<const FMA: bool>(
        &self,
        history: &History,
        first: usize,
        out: &mut Spectrum,
    ) {
        *out = Spectrum::ZERO;
        for (age, weights) in self.weights[first..].iter().enumerate() {
            multiply::<FMA>(weights, &history.spectra[history.place(age)], out);
        }
    }

    /// Learns from the spectrum of the error (80 zeros, then the error).
    #[inline(always)]
    pub(super) fn learn<const FMA: bool>(
        &mut self,
        history: &History,
        error: &Spectrum,
        pace: Pace,
    ) {
        let mut expected = Bins::ZERO;
        for (age, doubt) in self.doubt.iter().enumerate() {
            sum_products::<FMA>(doubt, &history.power[history.place(age)], &mut expected);
        }
        let mut gain = Bins::ZERO;
        self.weigh(error, &mut expected, &mut gain, pace);
        self.residual = sum(&expected);
        let drift = pace.drift.max(self.focus);
        self.focus *= FOCUS_FALLS;
        for (age, (weights, doubt)) in self.weights.iter_mut().zip(&mut self.doubt).enumerate() {
            let place = history.place(age);
            update::<FMA>(
                weights,
                doubt,
                &history.spectra[place],
                &history.power[place],
                error,
                &gain,
                drift,
            );
        }
    }

    /// Noise and gain of each bin from the error and what of it is `expected` to be echo.
    #[inline(always)]
    fn weigh(&mut self, error: &Spectrum, expected: &mut Bins, gain: &mut Bins, pace: Pace) {
        let mut left = Bins::ZERO;
        power(error, &mut left);
        let follows = if sum(&left) < HUSH * sum(&self.noise) {
            HUSH_FOLLOWS
        } else {
            NOISE_FOLLOWS
        };
        let noise = &mut self.noise.0;
        let least = if pace.flat {
            SHARE * expected.0.iter().copied().fold(0.0, f32::max)
        } else {
            0.0
        };
        for i in 0..BINS {
            let echo = SHARE * expected.0[i];
            expected.0[i] = echo;
            // What the filter expects to be wrong is no noise.
            let now = (left.0[i] - echo).max(0.0);
            noise[i] += follows * (now - noise[i]);
            let noise = pace.caution * noise[i].max(SUDDEN * now);
            // (One instruction, which `max` is not.)
            let echo = if echo > least { echo } else { least };
            gain.0[i] = 1.0 / (echo + noise + ROUNDING);
        }
    }

    /// Makes a partition what a filter of 80 taps can be; `taps` gets its impulse response, then zeros.
    #[inline(always)]
    pub(super) fn constrain(&mut self, fft: &Fft, partition: usize, taps: &mut Frame) {
        let weights = &mut self.weights[partition];
        fft.inverse(weights, taps);
        taps.samples_mut()[FRAME / 2..].fill(0.0);
        fft.forward(taps, weights);
    }

    /// Energy of the echo expected in the error of the last block.
    pub(super) fn residual(&self) -> f32 {
        // The bins stand for 160 frequencies, whose powers sum to 160 times the energy.
        self.residual / BINS as f32
    }
}

/// The power of each bin.
#[inline(always)]
pub(super) fn power(x: &Spectrum, out: &mut Bins) {
    for i in 0..BINS {
        out.0[i] = x.re.0[i] * x.re.0[i] + x.im.0[i] * x.im.0[i];
    }
}

#[inline(always)]
fn multiply<const FMA: bool>(w: &Spectrum, x: &Spectrum, out: &mut Spectrum) {
    for i in 0..BINS {
        let (wr, wi, xr, xi) = (w.re.0[i], w.im.0[i], x.re.0[i], x.im.0[i]);
        out.re.0[i] = madd::<FMA>(-wi, xi, madd::<FMA>(wr, xr, out.re.0[i]));
        out.im.0[i] = madd::<FMA>(wi, xr, madd::<FMA>(wr, xi, out.im.0[i]));
    }
}

#[inline(always)]
fn sum_products<const FMA: bool>(a: &Bins, b: &Bins, out: &mut Bins) {
    for i in 0..BINS {
        out.0[i] = madd::<FMA>(a.0[i], b.0[i], out.0[i]);
    }
}

/// The Kalman step of one partition.
#[inline(always)]
fn update<const FMA: bool>(
    w: &mut Spectrum,
    doubt: &mut Bins,
    x: &Spectrum,
    power: &Bins,
    error: &Spectrum,
    gain: &Bins,
    drift: f32,
) {
    for i in 0..BINS {
        let (xr, xi, er, ei) = (x.re.0[i], x.im.0[i], error.re.0[i], error.im.0[i]);
        let p = doubt.0[i];
        let step = SHARE * p * gain.0[i];
        // The error times the conjugate of the reference.
        let gr = madd::<FMA>(ei, xi, er * xr);
        let gi = madd::<FMA>(-er, xi, ei * xr);
        let wr = madd::<FMA>(step, gr, w.re.0[i]);
        let wi = madd::<FMA>(step, gi, w.im.0[i]);
        w.re.0[i] = wr;
        w.im.0[i] = wi;
        let left = p * (1.0 - SHARE * step * power.0[i]);
        let strength = madd::<FMA>(wr, wr, wi * wi);
        doubt.0[i] = madd::<FMA>(drift, strength - left, left);
    }
}

/// Sum over the bins.
#[inline(always)]
pub(super) fn sum(bins: &Bins) -> f32 {
    let mut lanes = [0f32; 8];
    for chunk in bins.0.as_chunks::<8>().0 {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum()
}
