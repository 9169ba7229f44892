//! The three bands of a line with digits: the low tones, the high tones, and the dial tone below both.
//!
//! Owns the filters: every [`HOP`] samples, one complex sample of each band, and the energy of all. Leaves what they
//! mean to the receiver.
//!
//! A band is a complex band pass of [`TAPS`] taps (10 ms): a Kaiser window around a sinc, shifted to the middle of the
//! band. A sine in it leaves a phasor that turns with its frequency, so a few hops tell frequency, level and purity
//! without a filter for each tone.

use std::f64::consts::TAU;
use std::sync::LazyLock;

/// Samples between two looks: 2.5 ms.
pub(crate) const HOP: usize = 20;
/// Taps of each filter.
const TAPS: usize = 80;
/// Vector the loops are written for.
const LANES: usize = 8;

/// A complex number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phasor {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Phasor {
    /// Mean square of the sine it stands for.
    pub(crate) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// How it turned since `before`, times both lengths.
    pub(crate) fn turned_since(self, before: Phasor) -> Phasor {
        Phasor {
            re: self.re * before.re + self.im * before.im,
            im: self.im * before.re - self.re * before.im,
        }
    }

    /// Length 1, at so many radians.
    pub(crate) fn unit(angle: f32) -> Phasor {
        let (im, re) = angle.sin_cos();
        Phasor { re, im }
    }

    pub(crate) fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }

    pub(crate) fn times(self, other: Phasor) -> Phasor {
        Phasor {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    /// How long it is in the direction of another of length 1.
    pub(crate) fn along(self, direction: Phasor) -> f32 {
        self.re * direction.re + self.im * direction.im
    }

    pub(crate) fn plus(self, other: Phasor) -> Phasor {
        Phasor {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

/// Taps of one band, real and imaginary.
struct Filter {
    re: [f32; TAPS],
    im: [f32; TAPS],
}

impl Filter {
    /// Gain √2 in the middle, so that a phasor's power is the mean square of its sine: |H| amplitude / 2 · √2.
    fn new(middle: f64, half_width: f64, beta: f64) -> Filter {
        let centre = (TAPS as f64 - 1.0) / 2.0;
        let taps: Vec<f64> = (0..TAPS)
            .map(|n| {
                let t = n as f64 - centre;
                let x = TAU * half_width / 8000.0 * t;
                let r = t / (centre + 0.5);
                (x.sin() / x) * bessel(beta * (1.0 - r * r).sqrt())
            })
            .collect();
        let gain = 2f64.sqrt() / taps.iter().sum::<f64>();
        let mut filter = Filter {
            re: [0.0; TAPS],
            im: [0.0; TAPS],
        };
        for (n, tap) in taps.iter().enumerate() {
            let phase = TAU * middle / 8000.0 * (centre - n as f64);
            filter.re[n] = (tap * gain * phase.cos()) as f32;
            filter.im[n] = (tap * gain * phase.sin()) as f32;
        }
        filter
    }

    fn apply(&self, x: &[f32; TAPS]) -> Phasor {
        let (mut re, mut im) = ([0f32; LANES], [0f32; LANES]);
        for ((x, a), b) in x
            .as_chunks::<LANES>()
            .0
            .iter()
            .zip(self.re.as_chunks::<LANES>().0)
            .zip(self.im.as_chunks::<LANES>().0)
        {
            for i in 0..LANES {
                re[i] += x[i] * a[i];
                im[i] += x[i] * b[i];
            }
        }
        Phasor {
            re: re.iter().sum(),
            im: im.iter().sum(),
        }
    }
}

/// The modified Bessel function of order 0, of Kaiser's window.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

struct Filters {
    low: Filter,
    high: Filter,
    below: Filter,
}

/// The middle of the low tones, Hz.
const LOW_MIDDLE: f64 = 820.0;
/// The middle of the high tones, Hz.
const HIGH_MIDDLE: f64 = 1424.0;

static FILTERS: LazyLock<Filters> = LazyLock::new(|| Filters {
    low: Filter::new(LOW_MIDDLE, 240.0, 3.6),
    high: Filter::new(HIGH_MIDDLE, 350.0, 3.4),
    below: Filter::new(260.0, 330.0, 3.0),
});

/// What was heard around one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) low: Phasor,
    pub(crate) high: Phasor,
    /// Mean square of what is below the tones.
    pub(crate) below: f32,
    /// Mean square of all.
    pub(crate) all: f32,
}

/// The filters with what they remember of a line.
pub(crate) struct Bands {
    filters: &'static Filters,
    /// The last samples twice, so that each window lies in one piece.
    history: [f32; 2 * TAPS],
    /// Where the next sample goes, below `TAPS`.
    at: usize,
    energies: [f32; 4],
}

impl Bands {
    pub(crate) fn new() -> Bands {
        Bands {
            filters: &FILTERS,
            history: [0.0; 2 * TAPS],
            at: 0,
            energies: [0.0; 4],
        }
    }

    pub(crate) fn reset(&mut self) {
        self.history.fill(0.0);
        self.energies = [0.0; 4];
        self.at = 0;
    }

    /// Takes samples up to the next look; answers how many, and the look when it is complete.
    pub(crate) fn take(&mut self, samples: &[i16]) -> (usize, Option<Look>) {
        let n = samples.len().min(HOP - self.at % HOP);
        let (first, second) = self.history.split_at_mut(TAPS);
        for ((a, b), sample) in first[self.at..]
            .iter_mut()
            .zip(&mut second[self.at..])
            .zip(&samples[..n])
        {
            *a = f32::from(*sample);
            *b = *a;
        }
        self.at += n;
        if !self.at.is_multiple_of(HOP) || n == 0 {
            return (n, None);
        }
        let newest = self.history[self.at - HOP..self.at]
            .as_chunks::<4>()
            .0
            .iter()
            .fold([0f32; 4], |mut sum, x| {
                for i in 0..4 {
                    sum[i] += x[i] * x[i];
                }
                sum
            });
        self.energies.rotate_left(1);
        self.energies[3] = newest.iter().sum();
        self.at %= TAPS;
        let window = self.window();
        let look = Look {
            low: self.filters.low.apply(window),
            high: self.filters.high.apply(window),
            below: self.filters.below.apply(window).power(),
            all: (self.energies[1] + self.energies[2]) / (2 * HOP) as f32,
        };
        (n, Some(look))
    }

    /// |X|² of the last [`TAPS`] samples at a frequency (Goertzel's algorithm).
    pub(crate) fn power_at(&self, hz: f32) -> f32 {
        let k = 2.0 * (std::f32::consts::TAU * hz / 8000.0).cos();
        let (mut newer, mut older) = (0f32, 0f32);
        for x in self.window() {
            (newer, older) = (x + k * newer - older, newer);
        }
        newer * newer + older * older - k * newer * older
    }

    /// The last [`TAPS`] samples.
    fn window(&self) -> &[f32; TAPS] {
        self.history[self.at..]
            .first_chunk()
            .expect("the history is two windows long")
    }
}
