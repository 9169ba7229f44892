//! What the last looks at a line say: two steady sines that began together, or something else.
//!
//! Owns the memory of looks and the judgement whether they show a key. Leaves what follows from it to the receiver.

use std::f32::consts::TAU;

use super::bands::{Bands, Look, Phasor};

/// Looks kept: 160 ms.
const KEPT: usize = 64;

pub(crate) const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
pub(crate) const HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];

/// How far a tone may be off: 1.5 % must be taken, 3.5 % must not (ITU-T Q.24).
const TOLERANCE: f32 = 0.024;
/// The same while noise is made allowance for.
const TOLERANCE_IN_NOISE: f32 = 0.022;
/// Looks a second, and so what a phasor's frequency is known modulo.
const LOOKS_HZ: f32 = 400.0;

/// Share of its band that a sine has at least.
const SHARE: f32 = 0.6;
/// Share of its mean power that a sine has in each look at least.
const LEAST: f32 = 0.2;
/// Share of the energy that both sines have at least.
const PURITY: f32 = 0.6;
/// Dial tone has the power of the key times this at most (9 dB).
const DIAL_TONE: f32 = 8.0;
/// Dial tone is louder under the key than it was before by this factor at most: it beats.
const BEATS: f32 = 1.5;
/// Before a key sounds, each of its tones has less than this share of its power.
const BEFORE: f32 = 0.2;
/// Looks since a key began, at most, when noise is made allowance for.
const YOUNG: usize = 23;
/// How much of the flaws is excused for each part of noise that there was before.
const NOISE_EXCUSES: f32 = 3.0;

/// Peak of two tones that the law must have clipped.
const FULL_SCALE: f32 = 32_124.0;
/// Flaws that clipping explains.
const CLIPPED: f32 = 0.06;

/// How many looks must be like a key, among how many, and how flawed they may be. The longer, the more noise.
const TIERS: [Tier; 3] = [
    Tier {
        needed: 11,
        among: 16,
        flaws: 0.065,
    },
    Tier {
        needed: 15,
        among: 20,
        flaws: 0.16,
    },
    Tier {
        needed: 17,
        among: 22,
        flaws: 0.25,
    },
];

struct Tier {
    needed: usize,
    among: usize,
    flaws: f32,
}

/// What is asked of the levels of a key: mean squares and their ratios.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) threshold: f32,
    /// Low louder than high.
    pub(crate) twist: f32,
    /// High louder than low.
    pub(crate) reverse_twist: f32,
    /// Dial tone is no flaw.
    pub(crate) dial_tone: bool,
}

impl Limits {
    /// Do levels pass, with this slack (a power ratio)?
    pub(crate) fn pass(&self, low: f32, high: f32, slack: f32) -> bool {
        let least = self.threshold / slack;
        low > least
            && high > least
            && low < high * self.twist * slack
            && high < low * self.reverse_twist * slack
    }
}

/// A key that was recognised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) key: u8,
    /// Mean squares of its tones, low and high.
    pub(crate) power: [f32; 2],
    /// How they turn from look to look, length 1.
    pub(crate) turn: [Phasor; 2],
    /// Looks since it began.
    pub(crate) looks: u32,
}

/// A sine that was found in a band.
struct Sine {
    /// Radians from look to look.
    angle: f32,
    power: f32,
    /// 0 for a pure one that neither swells nor glides.
    flaws: f32,
}

/// The last looks.
pub(crate) struct Evidence {
    looks: [Look; KEPT],
    /// Where the next goes.
    at: usize,
}

impl Evidence {
    pub(crate) fn new() -> Evidence {
        Evidence {
            looks: [Look::default(); KEPT],
            at: 0,
        }
    }

    pub(crate) fn push(&mut self, look: Look) {
        self.looks[self.at % KEPT] = look;
        self.at = (self.at + 1) % KEPT;
    }

    /// The look at this number before the newest.
    pub(crate) fn back(&self, age: usize) -> &Look {
        &self.looks[(self.at + 2 * KEPT - 1 - age) % KEPT]
    }

    /// The key that the looks show. Bit n of `fits`: the look n before the newest was like one.
    pub(crate) fn key(&self, fits: u32, limits: &Limits, bands: &Bands) -> Option<Found> {
        if fits & 1 == 0 {
            return None;
        }
        TIERS.iter().find_map(|tier| {
            let enough = (fits & ((1 << tier.among) - 1)).count_ones() as usize >= tier.needed;
            enough.then(|| self.key_of(fits, tier, limits, bands))?
        })
    }

    fn key_of(&self, fits: u32, tier: &Tier, limits: &Limits, bands: &Bands) -> Option<Found> {
        let mut ages = [0usize; 32];
        let mut n = 0;
        for age in (0..tier.among).filter(|age| fits >> age & 1 == 1) {
            if n < tier.needed {
                ages[n] = age;
                n += 1;
            }
        }
        let ages = &ages[..n];
        let low = self.sine(ages, |look| look.low)?;
        let high = self.sine(ages, |look| look.high)?;
        if !limits.pass(low.power, high.power, 1.0) {
            return None;
        }
        let in_noise = tier.needed > TIERS[0].needed;
        let tolerance = if in_noise {
            TOLERANCE_IN_NOISE
        } else {
            TOLERANCE
        };
        let row = nearest(low.hz(600.0), &LOW_HZ, tolerance)?;
        // The high tones span more than the looks can resolve.
        let hz = high.hz(1080.0);
        let hz = match hz + LOOKS_HZ {
            above if above < 1720.0 && bands.power_at(above) > bands.power_at(hz) => above,
            _ => hz,
        };
        let column = nearest(hz, &HIGH_HZ, tolerance)?;

        let tones = low.power + high.power;
        let mean = |of: fn(&Look) -> f32| {
            ages.iter().map(|age| of(self.back(*age))).sum::<f32>() / n as f32
        };
        let mut rest = mean(|look| look.all);
        if limits.dial_tone {
            let below = mean(|look| look.below);
            rest -= below
                .min(BEATS * self.below_before())
                .min(DIAL_TONE * tones);
        }
        let purity = tones / rest.max(f32::MIN_POSITIVE);
        let flaws = low.flaws + high.flaws + 0.2 * (1.0 - purity).max(0.0);
        let peak = (2.0 * low.power).sqrt() + (2.0 * high.power).sqrt();
        let excused = if peak > FULL_SCALE { CLIPPED } else { 0.0 };
        if purity < PURITY || flaws > tier.flaws + excused {
            return None;
        }
        if in_noise {
            let noise = self.noise_before(ages[n - 1], low.power, high.power)?;
            if flaws + 0.2 * (1.0 - purity) > TIERS[0].flaws + NOISE_EXCUSES * noise {
                return None;
            }
        }
        Some(Found {
            key: KEYS[row][column],
            power: [low.power, high.power],
            turn: [low.turn(), high.turn()],
            looks: ages[n - 1] as u32 + 1,
        })
    }

    /// What was below the tones from 120 ms ago to 40 ms ago: dial tone, if it is still there.
    pub(crate) fn below_before(&self) -> f32 {
        (16..48).map(|age| self.back(age).below).sum::<f32>() / 32.0
    }

    /// Parts of noise in the two bands before the key, whose oldest look is given. None when it did not begin just
    /// then: what has gone on for longer would have been recognised before.
    fn noise_before(&self, oldest: usize, low: f32, high: f32) -> Option<f32> {
        let before = |age: &usize| {
            let look = self.back(*age);
            look.low.power() < BEFORE * low && look.high.power() < BEFORE * high
        };
        let onset = (oldest + 1..YOUNG).find(before)?;
        let (mut sum, mut count) = (0f32, 0f32);
        for age in (onset + 1..onset + 13).filter(before) {
            let look = self.back(age);
            sum += look.low.power() / low + look.high.power() / high;
            count += 1.0;
        }
        (count >= 2.0).then_some(sum / count)
    }

    /// The sine of a band in looks of these ages, youngest first; none if there is nothing like it.
    fn sine(&self, ages: &[usize], of: impl Fn(&Look) -> Phasor) -> Option<Sine> {
        let oldest = *ages.last()?;
        let n = ages.len() as f32;
        let mut total = 0.0;
        let mut least = f32::MAX;
        let mut turned = Phasor::default();
        for (i, age) in ages.iter().enumerate() {
            let z = of(self.back(*age));
            total += z.power();
            least = least.min(z.power());
            if i > 0 && ages[i - 1] + 1 == *age {
                turned = turned.plus(of(self.back(age - 1)).turned_since(z));
            }
        }
        let mut angle = turned.angle();
        let mut thirds = [Phasor::default(); 3];
        let mut counts = [0f32; 3];
        // First to find how much the last third still turns against the first, then without that.
        for last in [false, true] {
            thirds = [Phasor::default(); 3];
            counts = [0f32; 3];
            let mut middles = [0f32; 3];
            for (i, age) in ages.iter().enumerate() {
                let t = (oldest - age) as f32;
                let third = 2 - i * 3 / ages.len();
                thirds[third] =
                    thirds[third].plus(of(self.back(*age)).times(Phasor::unit(-angle * t)));
                middles[third] += t;
                counts[third] += 1.0;
            }
            if !last {
                let between = middles[2] / counts[2] - middles[0] / counts[0];
                angle += thirds[2].turned_since(thirds[0]).angle() / between;
            }
        }
        let [a, b, c] = thirds;
        let power = a.plus(b).plus(c).power() / n;
        let share = power / total;
        if share < SHARE || least * n < LEAST * total {
            return None;
        }
        let levels = [0, 1, 2].map(|i| thirds[i].power() / (counts[i] * counts[i]));
        let loudest = levels.iter().copied().fold(0f32, f32::max);
        let quietest = levels.iter().copied().fold(f32::MAX, f32::min);
        let swell = (loudest / quietest.max(f32::MIN_POSITIVE)).ln();
        let glide = c.turned_since(b).turned_since(b.turned_since(a)).angle();
        Some(Sine {
            angle,
            power: power / n,
            flaws: 1.0 - share + 0.15 * swell + 0.1 * glide.abs(),
        })
    }
}

impl Sine {
    /// Its frequency: the one from `least` to 400 Hz above it.
    fn hz(&self, least: f32) -> f32 {
        least + (self.angle / TAU * LOOKS_HZ - least).rem_euclid(LOOKS_HZ)
    }

    fn turn(&self) -> Phasor {
        Phasor::unit(self.angle)
    }
}

fn nearest(hz: f32, of: &[f32; 4], tolerance: f32) -> Option<usize> {
    of.iter()
        .position(|nominal| (hz - nominal).abs() < nominal * tolerance)
}
