//! Hears keys.
//!
//! Owns when a key begins and ends and how loud it is. Leaves to [`super::Keys`] whether it was the echo of a key sent,
//! and to [`super::mute`] what the far end hears.

use super::bands::{Bands, HOP, Look, Phasor};
use super::config::DtmfConfig;
use super::evidence::{Evidence, Found, HIGH_HZ, LOW_HZ, Limits};
use crate::level::{RMS_0_DBM0, mean_square_to_dbm0};
use tipring_types::TenthDbm0;

/// Looks without the key that end it (20 ms): an interruption of 10 ms does not.
const ABSENT: u32 = 8;
/// Share of a look's energy that the two bands have at least when it is like a key.
const FIT: f32 = 0.45;

/// The same, to be suspected of being one.
const ALIKE: f32 = 0.75;
/// Share of the energy of the last 10 ms that the tones of a key have when it is suspected: enough of it is heard then.
const SUSPECT: f32 = 0.78;
/// Dial tone that a suspicion makes allowance for, by the power of the key (-6 dB: its echo).
const DIAL_TONE: f32 = 0.25;
/// Before a key begins, each of its tones has less than this share of its power …
const BEFORE: f32 = 0.2;
/// … this number of looks before it looks like a key.
const SUDDEN: usize = 10;

/// How the tones of keys turn from look to look.
const LOW_TURNS: [Phasor; 4] = [
    Phasor {
        re: -0.047106,
        im: -0.998890,
    },
    Phasor {
        re: 0.891007,
        im: -0.453990,
    },
    Phasor {
        re: 0.684547,
        im: 0.728969,
    },
    Phasor {
        re: -0.600420,
        im: 0.799685,
    },
];
const HIGH_TURNS: [Phasor; 4] = [
    Phasor {
        re: 0.990024,
        im: 0.140901,
    },
    Phasor {
        re: -0.535827,
        im: 0.844328,
    },
    Phasor {
        re: -0.353475,
        im: -0.935444,
    },
    Phasor {
        re: 0.868632,
        im: 0.495459,
    },
];

/// A key that began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfEvent {
    /// It is pressed, since 27 to 60 ms.
    On {
        /// `0`–`9`, `*`, `#`, `A`–`D` in ASCII.
        digit: u8,
        /// Both tones together, tenths of a dBm0.
        level: TenthDbm0,
        /// How long it has sounded, samples.
        samples: u32,
    },
    /// It was let go 20 to 25 ms ago.
    Off {
        /// The key.
        digit: u8,
        /// How long it sounded, samples.
        samples: u32,
    },
}

/// Recognises keys in samples.
///
/// ```
/// use tipring_dsp::{DtmfConfig, DtmfEvent, DtmfReceiver};
/// // 100 ms of the key 5: 770 and 1336 Hz, each at -9 dBm0 or so.
/// let key: Vec<i16> = (0..800)
///     .map(|n| f64::from(n) / 8000.0 * std::f64::consts::TAU)
///     .map(|t| (8000.0 * ((770.0 * t).sin() + (1336.0 * t).sin()) / 2.0) as i16)
///     .collect();
/// let mut receiver = DtmfReceiver::new(&DtmfConfig::default());
/// let mut keys = vec![];
/// receiver.process(&key, |event| {
///     if let DtmfEvent::On { digit, .. } = event {
///         keys.push(digit);
///     }
/// });
/// assert_eq!(keys, [b'5']);
/// ```
pub struct DtmfReceiver {
    bands: Bands,
    evidence: Evidence,
    limits: Limits,
    /// Bit n: the look n before the newest was like a key.
    fits: u32,
    /// Bit n: the look n before the newest had the tones of a key.
    alike: u32,
    on: Option<On>,
}

struct On {
    found: Found,
    /// Looks since it began.
    looks: u32,
    /// Looks since it was last there.
    absent: u32,
}

impl DtmfReceiver {
    /// A receiver that has heard nothing yet. Allocates; nothing else here does.
    pub fn new(config: &DtmfConfig) -> DtmfReceiver {
        let ratio = |db: f32| 10f32.powf(db / 10.0);
        let threshold_dbm0 = f32::from(config.threshold_dbm0.clamp(-60, 3));
        // Each with a dB more, so that what is asked for is taken in noise too.
        let limits = Limits {
            threshold: (RMS_0_DBM0 * RMS_0_DBM0) as f32 * ratio(threshold_dbm0 - 1.0),
            twist: ratio(f32::from(config.twist_db.min(40)) + 1.0),
            reverse_twist: ratio(f32::from(config.reverse_twist_db.min(40)) + 1.0),
            dial_tone: config.filter_dialtone,
        };
        DtmfReceiver {
            bands: Bands::new(),
            evidence: Evidence::new(),
            limits,
            fits: 0,
            alike: 0,
            on: None,
        }
    }

    /// Forgets everything heard, without an event.
    pub fn reset(&mut self) {
        self.bands.reset();
        self.evidence = Evidence::new();
        self.fits = 0;
        self.alike = 0;
        self.on = None;
    }

    /// Listens to any number of samples.
    pub fn process(&mut self, mut samples: &[i16], mut report: impl FnMut(DtmfEvent)) {
        while !samples.is_empty() {
            let (taken, look) = self.bands.take(samples);
            samples = &samples[taken..];
            if let Some(look) = look {
                self.look(look, &mut report);
            }
        }
    }

    /// May a key have begun just now?
    pub(crate) fn suspects(&self) -> bool {
        let now = self.evidence.back(0);
        // A key begins all of a sudden.
        let begun = || {
            let run = self.alike.trailing_ones() as usize;
            let (low, high) = (BEFORE * now.low.power(), BEFORE * now.high.power());
            (run..run + SUDDEN).any(|age| {
                let then = self.evidence.back(age);
                then.low.power() < low && then.high.power() < high
            })
        };
        self.alike & 1 == 1 && begun() && {
            let before = self.evidence.back(1);
            let row = nearest(now.low.turned_since(before.low), &LOW_TURNS);
            let column = nearest(now.high.turned_since(before.high), &HIGH_TURNS);
            let mut high = self.bands.power_at(HIGH_HZ[column]);
            if let 0 | 3 = column {
                // They turn much alike: 400 Hz apart, but for a little.
                high = high.max(self.bands.power_at(HIGH_HZ[3 - column]));
            }
            let tones = self.bands.power_at(LOW_HZ[row]) + high;
            let dial_tone = if self.limits.dial_tone {
                now.below
                    .min(self.evidence.below_before())
                    .min(DIAL_TONE * tones)
            } else {
                0.0
            };
            let all = self.bands.power() - dial_tone;
            tones > SUSPECT * all
        }
    }

    /// Is what was suspected still there?
    pub(crate) fn still_suspects(&self) -> bool {
        self.alike & 0b11 != 0
    }

    fn look(&mut self, look: Look, report: &mut impl FnMut(DtmfEvent)) {
        let before = *self.evidence.back(0);
        self.evidence.push(look);
        let (low, high) = (look.low.power(), look.high.power());
        let below = if self.limits.dial_tone {
            look.below
        } else {
            0.0
        };
        let fit = self.limits.pass(low, high, 2.0) && low + high > FIT * (look.all - below);
        self.fits = self.fits << 1 | u32::from(fit);
        let alike =
            fit && low + high > ALIKE * (look.all - below) && looks_like_a_key(&look, &before);
        self.alike = self.alike << 1 | u32::from(alike);
        if let Some(on) = &mut self.on {
            if on.goes_on(&look, &before) {
                return;
            }
            report(DtmfEvent::Off {
                digit: on.found.key,
                samples: (on.looks - on.absent) * HOP as u32,
            });
            self.on = None;
            // What came before is reported; another key may already have begun.
            self.fits &= (1 << ABSENT) - 1;
        }
        if let Some(found) = self.evidence.key(self.fits, &self.limits, &self.bands) {
            let both = mean_square_to_dbm0(f64::from(found.power[0] + found.power[1]));
            report(DtmfEvent::On {
                digit: found.key,
                level: TenthDbm0::of(both),
                samples: found.looks * HOP as u32,
            });
            self.on = Some(On {
                found,
                looks: found.looks,
                absent: 0,
            });
        }
    }
}

/// Did both tones turn like those of some key since the look before?
fn looks_like_a_key(look: &Look, before: &Look) -> bool {
    let near = |turned: Phasor, of: &[Phasor; 4], cosine: f32| {
        turned.along(of[nearest(turned, of)]) > cosine * turned.power().sqrt()
    };
    near(look.low.turned_since(before.low), &LOW_TURNS, 0.88)
        && near(look.high.turned_since(before.high), &HIGH_TURNS, 0.7)
}

/// Which of the four it turned like the most.
fn nearest(turned: Phasor, of: &[Phasor; 4]) -> usize {
    let along = of.map(|turn| turned.along(turn));
    (1..4).fold(0, |best, i| if along[i] > along[best] { i } else { best })
}

impl On {
    /// Is it still there, or was a little while ago?
    fn goes_on(&mut self, look: &Look, before: &Look) -> bool {
        let has = |i: usize, now: Phasor, then: Phasor| {
            let (power, expected) = (now.power(), self.found.power[i]);
            let turned = now.turned_since(then).along(self.found.turn[i]);
            power > 0.25 * expected
                && power < 4.0 * expected
                && turned > 0.7 * (power * then.power()).sqrt()
        };
        let there = has(0, look.low, before.low) && has(1, look.high, before.high);
        self.looks = self.looks.saturating_add(1);
        self.absent = if there { 0 } else { self.absent + 1 };
        self.absent < ABSENT
    }
}
