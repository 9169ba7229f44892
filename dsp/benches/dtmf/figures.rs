//! What a receiver takes and what it does not: each figure the worse of both laws.

use tipring_dsp::Law;

use super::ears::Ear;
use super::signals::{Chance, KEYS, Signal, Style, dialled};

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    Most(f64),
    Least(f64),
    /// It is only shown.
    Shown,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) wanted: Wanted,
    pub(crate) of: fn(Ear) -> f64,
}

/// How keys were heard.
#[derive(Clone, Copy, Debug)]
struct Score {
    /// Percent heard, in their order.
    right: f64,
    /// What was heard besides.
    extra: usize,
}

impl Score {
    fn perfect(self) -> bool {
        self.right >= 100.0 && self.extra == 0
    }
}

/// The keys heard that are a subsequence of those pressed, and what is left.
fn scored(pressed: &[u8], heard: &[u8]) -> Score {
    let mut longest = vec![0usize; heard.len() + 1];
    for key in pressed {
        let mut diagonal = 0;
        for (i, other) in heard.iter().enumerate() {
            let above = longest[i + 1];
            longest[i + 1] = if other == key {
                diagonal + 1
            } else {
                above.max(longest[i])
            };
            diagonal = above;
        }
    }
    let right = longest[heard.len()];
    Score {
        right: 100.0 * right as f64 / pressed.len() as f64,
        extra: heard.len() - right,
    }
}

fn worse(a: Score, b: Score) -> Score {
    Score {
        right: a.right.min(b.right),
        extra: a.extra.max(b.extra),
    }
}

/// All keys twelve times in this style, changed, by both laws.
fn rate(ear: Ear, style: Style, change: impl Fn(&mut Signal, &mut Chance)) -> Score {
    let mut chance = Chance(0x5EED);
    let (keys, mut signal) = dialled(12, &style, &mut chance);
    change(&mut signal, &mut chance);
    heard(ear, &keys, &signal)
}

fn heard(ear: Ear, keys: &[u8], signal: &Signal) -> Score {
    let by = |law| scored(keys, &ear.keys(&signal.pcm(law)));
    worse(by(Law::Mu), by(Law::A))
}

fn plain(_: &mut Signal, _: &mut Chance) {}

/// The last of the values, from the first on, that is perfect; NaN if the first is not.
fn reach(values: impl IntoIterator<Item = f64>, is: impl Fn(f64) -> bool) -> f64 {
    let mut last = f64::NAN;
    for value in values {
        if !is(value) {
            break;
        }
        last = value;
    }
    last
}

fn steps(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from) / step).round() as usize;
    (0..=count).map(move |i| from + step * i as f64)
}

const P: Style = Style::PLAIN;

fn level(x: f64) -> Style {
    Style {
        levels: (x, x),
        ..P
    }
}

/// Share of keys taken with tones off by this much, worst of the signs; `least`: the lowest share, or the highest.
fn off(ear: Ear, off: (f64, f64), least: bool) -> f64 {
    let mut shares = vec![];
    for (a, b) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        let style = Style {
            off_by: (a * off.0 / 100.0, b * off.1 / 100.0),
            ..P
        };
        shares.push(rate(ear, style, plain).right);
    }
    let pick = if least { f64::min } else { f64::max };
    shares.into_iter().reduce(pick).unwrap_or(f64::NAN)
}

fn over(ear: Ear, hz: &[f64]) -> f64 {
    reach(steps(-30.0, 0.0, 1.0), |dbm0| {
        rate(ear, P, |signal, _| {
            for hz in hz {
                signal.under(*hz, dbm0);
            }
        })
        .perfect()
    })
}

/// Each key for 40 ms, twice, with this pause: how many are heard as two?
fn twice(ear: Ear, on_ms: f64, pause_ms: f64, seed: u64) -> (usize, usize, usize) {
    let mut chance = Chance(seed);
    let (mut none, mut one, mut two) = (0, 0, 0);
    for round in 0..64 {
        let key = KEYS[round % 16];
        let style = Style { on_ms, ..P };
        let mut signal = Signal::default();
        signal.silence(4000 + chance.below(160));
        signal.press(key, &style, &mut chance);
        signal.silence((pause_ms * 8.0).round() as usize);
        signal.press(key, &style, &mut chance);
        signal.silence(1600);
        match ear.keys(&signal.pcm(Law::Mu)).len() {
            0 => none += 1,
            1 => one += 1,
            _ => two += 1,
        }
    }
    (none, one, two)
}

/// Keys of 80 ms, each with a hole of this number of ms in it somewhere: the tones themselves go on.
fn holed(ear: Ear, hole_ms: f64) -> Score {
    let mut chance = Chance(77);
    let mut signal = Signal::default();
    let mut keys = vec![];
    signal.silence(4000);
    for _ in 0..12 {
        for key in KEYS {
            let start = signal.0.len();
            let style = Style { on_ms: 80.0, ..P };
            signal.press(key, &style, &mut chance);
            let hole = (hole_ms * 8.0).round() as usize;
            let at = start + chance.below(640 - hole);
            signal.0[at..at + hole].fill(0.0);
            signal.silence(480 + chance.below(40));
            keys.push(key);
        }
    }
    signal.silence(1600);
    heard(ear, &keys, &signal)
}

/// Keys of 60 ms with clicks of half a millisecond at -3 dBm0, ten a second.
fn hit(ear: Ear) -> Score {
    let style = Style {
        on_ms: 60.0,
        off_ms: 60.0,
        ..P
    };
    rate(ear, style, |signal, chance| {
        let mut at = 0;
        while at + 4 < signal.0.len() {
            let sign = if chance.unit() < 0.5 { -1.0 } else { 1.0 };
            for sample in &mut signal.0[at..at + 4] {
                *sample += sign * 16_000.0;
            }
            at += 400 + chance.below(800);
        }
    })
}

/// Keys with their own echo, this number of ms later and of dB quieter.
fn echoed(ear: Ear, ms: f64, loss_db: f64) -> Score {
    rate(ear, P, |signal, _| {
        let delay = (ms * 8.0).round() as usize;
        let gain = 10f64.powf(-loss_db / 20.0);
        let before = signal.0.clone();
        for (sample, echo) in signal.0[delay..].iter_mut().zip(&before) {
            *sample += gain * echo;
        }
    })
}

/// Digits heard in ten minutes of a loop that opens and closes: pulse dialing, flashes, lifted and laid down.
fn transients(ear: Ear) -> f64 {
    let mut chance = Chance(99);
    let mut signal = Signal::default();
    signal.silence(600 * 8000);
    let mut at = 800;
    while at + 16_000 < signal.0.len() {
        // One series of pulses: each edge is a step that the line's coil and the card's high pass make a swing of.
        let pulses = 1 + chance.below(10);
        let rate_hz = 8.0 + 12.0 * chance.unit();
        for edge in 0..2 * pulses {
            let share = if edge % 2 == 0 { 0.6 } else { 0.4 };
            let size = 4000.0 + 28_000.0 * chance.unit();
            let swing_hz = 200.0 + 1600.0 * chance.unit();
            let decay = 10.0 + 60.0 * chance.unit();
            let sign = if edge % 2 == 0 { -1.0 } else { 1.0 };
            for (i, sample) in signal.0[at..at + 1600].iter_mut().enumerate() {
                let t = i as f64;
                *sample += sign
                    * size
                    * (-t / decay).exp()
                    * (std::f64::consts::TAU * swing_hz * t / 8000.0).cos();
            }
            at += (8000.0 / rate_hz * share) as usize;
        }
        at += 2000 + chance.below(8000);
    }
    let digits = |law| ear.keys(&signal.pcm(law)).len();
    digits(Law::Mu).max(digits(Law::A)) as f64
}

/// Every figure but those of speech, muting and cost.
pub(crate) const FIGURES: [Figure; 33] = [
    Figure {
        name: "loudest tones",
        unit: "dBm0 each",
        wanted: Wanted::Least(0.0),
        of: |ear| {
            reach(steps(-10.0, 3.0, 1.0), |x| {
                rate(ear, level(x), plain).perfect()
            })
        },
    },
    Figure {
        name: "faintest tones",
        unit: "dBm0 each",
        wanted: Wanted::Most(-36.0),
        of: |ear| {
            reach(steps(-10.0, -50.0, -1.0), |x| {
                rate(ear, level(x), plain).perfect()
            })
        },
    },
    Figure {
        name: "twist, low tone louder",
        unit: "dB",
        wanted: Wanted::Least(8.0),
        of: |ear| {
            reach(steps(0.0, 14.0, 1.0), |x| {
                let levels = (-6.0, -6.0 - x);
                rate(ear, Style { levels, ..P }, plain).perfect()
            })
        },
    },
    Figure {
        name: "twist, high tone louder",
        unit: "dB",
        wanted: Wanted::Least(4.0),
        of: |ear| {
            reach(steps(0.0, 14.0, 1.0), |x| {
                let levels = (-6.0 - x, -6.0);
                rate(ear, Style { levels, ..P }, plain).perfect()
            })
        },
    },
    Figure {
        name: "low tone 1.5 % off",
        unit: "% taken",
        wanted: Wanted::Least(100.0),
        of: |ear| off(ear, (1.5, 0.0), true),
    },
    Figure {
        name: "high tone 1.5 % off",
        unit: "% taken",
        wanted: Wanted::Least(100.0),
        of: |ear| off(ear, (0.0, 1.5), true),
    },
    Figure {
        name: "both tones 1.5 % off",
        unit: "% taken",
        wanted: Wanted::Least(100.0),
        of: |ear| off(ear, (1.5, 1.5), true),
    },
    Figure {
        name: "low tone 3.5 % off",
        unit: "% taken",
        wanted: Wanted::Most(0.0),
        of: |ear| off(ear, (3.5, 0.0), false),
    },
    Figure {
        name: "high tone 3.5 % off",
        unit: "% taken",
        wanted: Wanted::Most(0.0),
        of: |ear| off(ear, (0.0, 3.5), false),
    },
    Figure {
        name: "both tones 3.5 % off",
        unit: "% taken",
        wanted: Wanted::Most(0.0),
        of: |ear| off(ear, (3.5, 3.5), false),
    },
    Figure {
        name: "low 3.5 % off, high 1.5 %",
        unit: "% taken",
        wanted: Wanted::Most(0.0),
        of: |ear| off(ear, (3.5, 1.5), false),
    },
    Figure {
        name: "keys of 50/50 ms",
        unit: "% taken",
        wanted: Wanted::Least(100.0),
        of: |ear| rate(ear, P, plain).right,
    },
    Figure {
        name: "keys of 40/40 ms",
        unit: "% taken",
        wanted: Wanted::Least(100.0),
        of: |ear| {
            let style = Style {
                on_ms: 40.0,
                off_ms: 40.0,
                ..P
            };
            rate(ear, style, plain).right
        },
    },
    Figure {
        name: "shortest key that is always taken",
        unit: "ms",
        wanted: Wanted::Most(40.0),
        of: |ear| {
            reach(steps(50.0, 15.0, -1.0), |on_ms| {
                rate(
                    ear,
                    Style {
                        on_ms,
                        off_ms: 60.0,
                        ..P
                    },
                    plain,
                )
                .perfect()
            })
        },
    },
    Figure {
        name: "longest tones that never are a key",
        unit: "ms",
        wanted: Wanted::Least(23.0),
        of: |ear| {
            reach(steps(10.0, 40.0, 1.0), |on_ms| {
                let heard = rate(
                    ear,
                    Style {
                        on_ms,
                        off_ms: 60.0,
                        ..P
                    },
                    plain,
                );
                heard.right <= 0.0 && heard.extra == 0
            })
        },
    },
    Figure {
        name: "shortest pause that parts a key from itself",
        unit: "ms",
        wanted: Wanted::Most(40.0),
        of: |ear| {
            reach(steps(50.0, 5.0, -1.0), |ms| {
                twice(ear, 40.0, ms, 5) == (0, 0, 64)
            })
        },
    },
    Figure {
        name: "longest gap that never makes two of a key",
        unit: "ms",
        wanted: Wanted::Least(5.0),
        of: |ear| {
            reach(steps(1.0, 30.0, 1.0), |ms| {
                twice(ear, 50.0, ms, 6) == (0, 64, 0)
            })
        },
    },
    Figure {
        name: "keys of 80 ms with 5 ms missing, taken once",
        unit: "%",
        wanted: Wanted::Least(100.0),
        of: |ear| {
            let score = holed(ear, 5.0);
            score.right - score.extra as f64 / 1.92
        },
    },
    Figure {
        name: "the same, 10 ms missing",
        unit: "%",
        wanted: Wanted::Shown,
        of: |ear| {
            let score = holed(ear, 10.0);
            score.right - score.extra as f64 / 1.92
        },
    },
    Figure {
        name: "white noise, SNR of keys of 50/50 ms",
        unit: "dB",
        wanted: Wanted::Most(15.0),
        of: |ear| {
            reach(steps(30.0, 0.0, -1.0), |snr| {
                rate(ear, P, |s, c| s.noise(-7.0 - snr, c)).perfect()
            })
        },
    },
    Figure {
        name: "the same at 9 dB",
        unit: "% taken",
        wanted: Wanted::Shown,
        of: |ear| rate(ear, P, |s, c| s.noise(-16.0, c)).right,
    },
    Figure {
        name: "noise at 15 dB, 8 dB of twist, 1.5 % off",
        unit: "% taken",
        wanted: Wanted::Shown,
        of: |ear| {
            let style = Style {
                levels: (-6.0, -14.0),
                off_by: (0.015, -0.015),
                ..P
            };
            rate(ear, style, |s, c| s.noise(-20.4, c)).right
        },
    },
    Figure {
        name: "dial tone 350+440 under keys of -10 dBm0",
        unit: "dBm0 each",
        wanted: Wanted::Least(-5.0),
        of: |ear| over(ear, &[350.0, 440.0]),
    },
    Figure {
        name: "dial tone 425",
        unit: "dBm0",
        wanted: Wanted::Least(-5.0),
        of: |ear| over(ear, &[425.0]),
    },
    Figure {
        name: "dial tone 400",
        unit: "dBm0",
        wanted: Wanted::Shown,
        of: |ear| over(ear, &[400.0]),
    },
    Figure {
        name: "dial tone 400+450",
        unit: "dBm0 each",
        wanted: Wanted::Shown,
        of: |ear| over(ear, &[400.0, 450.0]),
    },
    Figure {
        name: "dial tone 330+440",
        unit: "dBm0 each",
        wanted: Wanted::Shown,
        of: |ear| over(ear, &[330.0, 440.0]),
    },
    Figure {
        name: "dial tone 413+438",
        unit: "dBm0 each",
        wanted: Wanted::Shown,
        of: |ear| over(ear, &[413.0, 438.0]),
    },
    Figure {
        name: "ringback 440+480",
        unit: "dBm0 each",
        wanted: Wanted::Shown,
        of: |ear| over(ear, &[440.0, 480.0]),
    },
    Figure {
        name: "keys with their echo, 10 dB down after 20 ms",
        unit: "% taken",
        wanted: Wanted::Shown,
        of: |ear| echoed(ear, 20.0, 10.0).right,
    },
    Figure {
        name: "the same after 5 ms",
        unit: "% taken",
        wanted: Wanted::Shown,
        of: |ear| echoed(ear, 5.0, 10.0).right,
    },
    Figure {
        name: "keys of 60/60 ms under ten clicks a second",
        unit: "% taken",
        wanted: Wanted::Shown,
        of: |ear| hit(ear).right,
    },
    Figure {
        name: "10 min of pulse dialing and flashes",
        unit: "digits",
        wanted: Wanted::Most(0.0),
        of: transients,
    },
];
