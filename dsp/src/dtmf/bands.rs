//! The three bands of a line with digits: the low tones, the high tones, and the dial tone below both.
//!
//! Owns the filters: every [`HOP`] samples, one complex sample of each band, and the energy of all. Leaves what they
//! mean to the receiver.
//!
//! A band is a complex band pass of [`TAPS`] taps (10 ms): a Kaiser window around a sinc, shifted to the middle of the
//! band. A sine in it leaves a phasor that turns with its frequency, so a few hops give frequency, level and purity
//! without a filter for each tone.

use std::f64::consts::TAU;
use std::sync::LazyLock;

/// Samples between two looks: 2.5 ms.
pub(crate) const HOP: usize = 20;
/// Taps of each filter.
const TAPS: usize = 80;
const HALF: usize = TAPS / 2;
/// Samples kept: a window, and looks until it is moved back to the front.
const KEPT: usize = TAPS + 8 * HOP;
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

    /// Length 1, at this angle in radians.
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

/// Half of the taps of one band: the real ones are symmetric about the middle, the imaginary ones antisymmetric.
#[repr(C, align(32))]
struct Filter {
    re: [f32; HALF],
    im: [f32; HALF],
}

impl Filter {
    /// Gain √2 in the middle, so that a phasor's power is the mean square of its sine (half of it is in each of the
    /// two directions that a real sine turns in).
    fn new(middle: f64, half_width: f64, beta: f64) -> Filter {
        let centre = (TAPS as f64 - 1.0) / 2.0;
        let tap = |n: usize| {
            let t = n as f64 - centre;
            let x = TAU * half_width / 8000.0 * t;
            let r = t / (centre + 0.5);
            (x.sin() / x) * bessel(beta * (1.0 - r * r).sqrt())
        };
        let gain = 2f64.sqrt() / (0..TAPS).map(tap).sum::<f64>();
        let mut filter = Filter {
            re: [0.0; HALF],
            im: [0.0; HALF],
        };
        for n in 0..HALF {
            let phase = TAU * middle / 8000.0 * (centre - n as f64);
            filter.re[n] = (tap(n) * gain * phase.cos()) as f32;
            filter.im[n] = (tap(n) * gain * phase.sin()) as f32;
        }
        filter
    }
}

type Lanes = [f32; LANES];

/// Scalar product in eight lanes, still to be added up.
#[inline(always)]
fn product(a: &[f32; HALF], b: &[f32; HALF]) -> Lanes {
    let mut lanes = [0f32; LANES];
    for (a, b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        let (a, b): (&Lanes, &Lanes) = (a, b);
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    lanes
}

/// The sum, in one order whatever the processor has.
fn together(l: &Lanes) -> f32 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
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
    #[cfg(target_arch = "x86_64")]
    simd: Option<pulp::x86::V3>,
    /// The last window ends at `at`.
    history: [f32; KEPT],
    at: usize,
    /// Samples since the last look.
    since: usize,
}

impl Bands {
    pub(crate) fn new() -> Bands {
        Bands {
            filters: &FILTERS,
            #[cfg(target_arch = "x86_64")]
            simd: pulp::x86::V3::try_new(),
            history: [0.0; KEPT],
            at: TAPS,
            since: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.history.fill(0.0);
        self.since = 0;
        self.at = TAPS;
    }

    /// Takes samples up to the next look; answers how many, and the look when it is complete.
    pub(crate) fn take(&mut self, samples: &[i16]) -> (usize, Option<Look>) {
        let n = samples.len().min(HOP - self.since);
        if self.at + n > KEPT {
            self.history.copy_within(self.at - TAPS.., 0);
            self.at = TAPS;
        }
        for (kept, sample) in self.history[self.at..].iter_mut().zip(&samples[..n]) {
            *kept = f32::from(*sample);
        }
        self.at += n;
        self.since += n;
        if self.since < HOP {
            return (n, None);
        }
        self.since = 0;
        let parts = self.parts();
        let [low, high, below] = [0, 2, 4].map(|i| Phasor {
            re: together(&parts[i]),
            im: together(&parts[i + 1]),
        });
        let look = Look {
            low,
            high,
            below: below.power(),
            all: together(&parts[6]) / HALF as f32,
        };
        (n, Some(look))
    }

    /// What [`See`] sees, compiled for what the processor has.
    fn parts(&self) -> [Lanes; 7] {
        let see = See {
            filters: self.filters,
            window: self.window(),
        };
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = self.simd {
            return simd.vectorize(see);
        }
        pulp::NullaryFnOnce::call(see)
    }

    /// Mean square at a frequency in the last [`TAPS`] samples (Goertzel's algorithm).
    pub(crate) fn power_at(&self, hz: f32) -> f32 {
        let k = 2.0 * (std::f32::consts::TAU * hz / 8000.0).cos();
        let (mut newer, mut older) = (0f32, 0f32);
        for x in self.window() {
            (newer, older) = (x + k * newer - older, newer);
        }
        let power = newer * newer + older * older - k * newer * older;
        power * (2.0 / (TAPS * TAPS) as f32)
    }

    /// Mean square of the last [`TAPS`] samples.
    pub(crate) fn power(&self) -> f32 {
        self.window().iter().map(|x| x * x).sum::<f32>() / TAPS as f32
    }

    /// The last [`TAPS`] samples.
    fn window(&self) -> &[f32; TAPS] {
        self.history[..self.at]
            .last_chunk()
            .expect("there is a window before its end")
    }
}

/// A look being taken; a value of its own so that it is compiled for AVX2 too. The result is the same without.
struct See<'a> {
    filters: &'a Filters,
    window: &'a [f32; TAPS],
}

impl pulp::NullaryFnOnce for See<'_> {
    /// Real and imaginary part of each band, and the energy: in lanes.
    type Output = [Lanes; 7];

    #[inline(always)]
    fn call(self) -> [Lanes; 7] {
        let (mut sums, mut differences) = ([0f32; HALF], [0f32; HALF]);
        for i in 0..HALF {
            let (before, after) = (self.window[i], self.window[TAPS - 1 - i]);
            sums[i] = before + after;
            differences[i] = before - after;
        }
        let middle: &[f32; HALF] = self.window[TAPS / 4..]
            .first_chunk()
            .expect("half a window in its middle");
        let Filters { low, high, below } = self.filters;
        [
            product(&low.re, &sums),
            product(&low.im, &differences),
            product(&high.re, &sums),
            product(&high.im, &differences),
            product(&below.re, &sums),
            product(&below.im, &differences),
            product(middle, middle),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, n: usize) -> Vec<i16> {
        (0..n)
            .map(|i| (8000.0 * (TAU * hz * i as f64 / 8000.0).sin()).round() as i16)
            .collect()
    }

    fn looks(bands: &mut Bands, mut samples: &[i16], block: usize) -> Vec<Look> {
        let mut looks = vec![];
        while !samples.is_empty() {
            let (taken, look) = bands.take(&samples[..block.min(samples.len())]);
            samples = &samples[taken..];
            looks.extend(look);
        }
        looks
    }

    fn values(look: &Look) -> [f32; 6] {
        let (l, h) = (look.low, look.high);
        [l.re, l.im, h.re, h.im, look.below, look.all]
    }

    #[test]
    fn each_band_hears_its_own_tones_at_their_power_and_the_others_40_db_less() {
        let full = 8000f32 * 8000.0 / 2.0;
        let db = |power: f32| 10.0 * (power / full).log10();
        for (hz, band) in [
            (350.0, 0),
            (425.0, 0),
            (440.0, 0),
            (697.0 * 0.985, 1),
            (852.0, 1),
            (941.0 * 1.015, 1),
            (1209.0 * 0.985, 2),
            (1477.0, 2),
            (1633.0 * 1.015, 2),
        ] {
            let look = *looks(&mut Bands::new(), &sine(hz, 400), 80).last().unwrap();
            let powers = [look.below, look.low.power(), look.high.power()].map(db);
            for (other, power) in powers.into_iter().enumerate() {
                if other == band {
                    assert!(power.abs() < 0.6, "{hz} Hz: {powers:?}");
                } else {
                    let least = if other == 0 { -30.0 } else { -38.0 };
                    assert!(power < least, "{hz} Hz: {powers:?}");
                }
            }
        }
    }

    #[test]
    fn blocks_of_any_length_and_any_processor_see_the_same() {
        let samples = sine(777.0, 4000);
        let expected = looks(&mut Bands::new(), &samples, 80);
        assert_eq!(expected.len(), 200);
        for block in [1, 7, 20, 33, 1000] {
            let seen = looks(&mut Bands::new(), &samples, block);
            let same = seen
                .iter()
                .zip(&expected)
                .all(|(a, b)| values(a) == values(b));
            assert!(same && seen.len() == expected.len(), "blocks of {block}");
        }
        let mut scalar = Bands::new();
        #[cfg(target_arch = "x86_64")]
        {
            scalar.simd = None;
        }
        let seen = looks(&mut scalar, &samples, 80);
        assert!(
            seen.iter()
                .zip(&expected)
                .all(|(a, b)| values(a) == values(b))
        );
    }
}
