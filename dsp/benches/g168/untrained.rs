//! A port that has learned nothing yet, and hears tones: how much of their echo goes, and whether the first keys are heard.

use std::f64::consts::TAU;

use tipring_dsp::level::sine_peak;
use tipring_dsp::{Chain, ChainCommand, ChainConfig, ChainEvent, EchoCanceller, Law};

use super::models::MODELS;
use super::rig::{Echo, Line, hybrid, level};
use super::signals::{Chance, hoth, talk, tones};

const SECOND: usize = 8000;

/// A far end that sends tones: its name, the least loss wanted and what speexdsp reaches (dB, median), and its signal for
/// a seed.
pub(crate) struct FarEnd {
    pub(crate) name: &'static str,
    pub(crate) least: f64,
    pub(crate) speex: f64,
    pub(crate) signal: fn(usize, u64) -> Vec<f64>,
}

/// What an untrained port may hear first.
pub(crate) const FAR_ENDS: [FarEnd; 7] = [
    FarEnd {
        name: "350+440 Hz",
        least: 50.0,
        speex: 49.0,
        signal: |n, _| tones(n, &[(350.0, -13.0), (440.0, -13.0)]),
    },
    FarEnd {
        name: "425 Hz",
        least: 54.0,
        speex: 53.2,
        signal: |n, _| tones(n, &[(425.0, -10.0)]),
    },
    FarEnd {
        name: "siren",
        least: 30.0,
        speex: 17.4,
        signal: siren,
    },
    FarEnd {
        name: "two-tone alarm",
        least: 30.0,
        speex: 28.0,
        signal: |n, seed| {
            let half = 2000 + 400 * (seed as usize % 5);
            played(n, -10.0, |i, _| [800.0, 970.0][i / half % 2])
        },
    },
    FarEnd {
        name: "slow two-tone alarm",
        least: 30.0,
        speex: 29.9,
        signal: |n, _| played(n, -15.0, |i, _| [440.0, 585.0][i / 6000 % 2]),
    },
    FarEnd {
        name: "notes",
        least: 31.0,
        speex: 30.5,
        signal: |n, seed| notes(n, seed, 2000),
    },
    FarEnd {
        name: "slow notes",
        least: 25.5,
        speex: 25.4,
        signal: |n, seed| notes(n, seed, 4000),
    },
];

/// A sine whose frequency is given for each sample, without jumps of its phase.
fn played(n: usize, dbm0: f64, mut hz: impl FnMut(usize, f64) -> f64) -> Vec<f64> {
    let mut phase = 0.0;
    (0..n)
        .map(|i| {
            phase += hz(i, i as f64 / 8000.0) / 8000.0;
            sine_peak(dbm0) * (TAU * phase).sin()
        })
        .collect()
}

/// Up and down between 500 and 1200 Hz.
fn siren(n: usize, seed: u64) -> Vec<f64> {
    let period = 1.0 + 0.5 * (seed % 5) as f64;
    played(n, -10.0, |_, t| 850.0 - 350.0 * (TAU * t / period).cos())
}

/// Notes of a scale by chance, each of this number of samples.
fn notes(n: usize, seed: u64, length: usize) -> Vec<f64> {
    let mut chance = Chance(seed * 7919 + 17);
    let mut hz = 0.0;
    played(n, -10.0, |i, _| {
        if i % length == 0 {
            let step = [0, 2, 4, 5, 7, 9, 11, 12][(8.0 * chance.unit()) as usize];
            hz = 440.0 * 2f64.powf(f64::from(step) / 12.0);
        }
        hz
    })
}

/// Tones that sound together: frequency and level of each.
pub(crate) type Tones = &'static [(f64, f64)];

/// What may lie under a far end's voice: its name, tones and direct current.
pub(crate) const HUMS: [(&str, Tones, f64); 4] = [
    ("DC of 500", &[], 500.0),
    ("hum of -25 dBm0", &[(50.0, -25.0)], 0.0),
    ("hum of -35 dBm0", &[(50.0, -35.0)], 0.0),
    (
        "hum of 50 and 150 Hz",
        &[(50.0, -30.0), (150.0, -30.0)],
        0.0,
    ),
];

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Loss of the canceller from 3 to 20 s, of each model: median and worst.
pub(crate) fn losses(far: &FarEnd, make: &mut dyn FnMut() -> Box<dyn EchoCanceller>) -> (f64, f64) {
    let values: Vec<f64> = (0..MODELS.len())
        .map(|n| {
            let mut canceller = make();
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(&MODELS[n], 6.0, 0));
            let room = hoth(20 * SECOND, -65.0, 31 + n as u64);
            let run = line.play(&(far.signal)(20 * SECOND, n as u64), &room);
            level(&run.sin[3 * SECOND..]) - level(&run.sout[3 * SECOND..])
        })
        .collect();
    let worst = values.iter().copied().fold(f64::MAX, f64::min);
    (median(values), worst)
}

/// Of twelve calls whose far end has direct current or hum under its voice, those in which the echo goes.
pub(crate) fn calls_with_hum(
    under: &[(f64, f64)],
    direct: f64,
    make: &mut dyn FnMut() -> Box<dyn EchoCanceller>,
) -> usize {
    (0..12)
        .filter(|n| {
            let mut far = talk(20 * SECOND, -18.0, 100 + *n as u64);
            // The caller is silent at first.
            let begins = 2000 * n;
            far.rotate_right(begins);
            far[..begins].fill(0.0);
            let hum = tones(far.len(), under);
            far.iter_mut()
                .zip(&hum)
                .for_each(|(x, hum)| *x += hum + direct);
            let mut canceller = make();
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(&MODELS[n % 8], 6.0, 0));
            let run = line.play(&far, &hoth(20 * SECOND, -65.0, *n as u64 + 1));
            let last = 10 * SECOND..;
            let without = |x: &[i16]| {
                let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / x.len() as f64;
                let x: Vec<i16> = x
                    .iter()
                    .map(|x| (f64::from(*x) - mean).round() as i16)
                    .collect();
                level(&x)
            };
            let loss = without(&run.sin[last.clone()]) - without(&run.sout[last]);
            loss > 20.0
        })
        .count()
}

/// Dial tones: the country, its frequencies and levels.
pub(crate) const DIAL_TONES: [(&str, Tones); 6] = [
    ("US, -13 a tone", &[(350.0, -13.0), (440.0, -13.0)]),
    ("Germany, -10", &[(425.0, -10.0)]),
    ("France, -10", &[(440.0, -10.0)]),
    ("UK, -13 a tone", &[(350.0, -13.0), (450.0, -13.0)]),
    ("Japan, -10", &[(400.0, -10.0)]),
    ("US, -10 a tone", &[(350.0, -10.0), (440.0, -10.0)]),
];

/// The share of first keys of a port that were heard over its dial tone, in percent.
pub(crate) fn keys_heard(
    dial: &[(f64, f64)],
    dbm0: f64,
    calls: usize,
    make: &mut dyn FnMut() -> Box<dyn EchoCanceller>,
) -> f64 {
    const KEYS: [u8; 12] = *b"123456789*0#";
    let (mut heard, mut pressed) = (0, 0);
    for call in 0..calls {
        let mut chance = Chance(0x51 + 977 * call as u64);
        let begins = 4000 + (8000.0 * 2.5 * chance.unit()) as usize;
        let mut near = hoth(begins, -65.0, call as u64 + 1);
        let mut keys = vec![];
        for _ in 0..8 {
            let key = KEYS[(12.0 * chance.unit()) as usize];
            let (low, high) = tipring_dsp::tone::dtmf_frequencies(key).unwrap_or((0, 0));
            let pair = [(f64::from(low), dbm0), (f64::from(high), dbm0)];
            let pause = 480 + (160.0 * chance.unit()) as usize;
            near.extend(tones(520, &pair));
            near.extend(std::iter::repeat_n(0.0, pause));
            keys.push(key);
        }
        near.resize(near.len() + 800, 0.0);
        near.truncate(near.len() / 80 * 80);
        let far: Vec<i16> = super::signals::pcm(&tones(near.len(), dial));
        let mut config = ChainConfig::new(Law::Mu, 80);
        config.echo_delay_samples = 80;
        let Ok(mut chain) = Chain::with_echo_canceller(&config, make()) else {
            return 0.0;
        };
        chain.command(ChainCommand::OffHook(true));
        let mut echo = Echo::new(hybrid(&MODELS[call % 8], 6.0, 0));
        let mut got = vec![];
        for (far, near) in far.chunks(80).zip(near.chunks(80)) {
            let (mut bytes, mut sound, mut out) = ([0; 80], [0; 80], [0; 80]);
            chain.downlink(far, &mut bytes);
            Law::Mu.decode_block(&bytes, &mut sound);
            let back = echo.of(&sound);
            let line: Vec<i16> = near
                .iter()
                .zip(&back)
                .map(|(near, back)| (near + f64::from(*back)).round() as i16)
                .collect();
            Law::Mu.encode_block(&line, &mut bytes);
            chain.uplink(&bytes, &mut out);
            while let Some(event) = chain.next_event() {
                if let ChainEvent::DigitOn { digit, .. } = event {
                    got.push(digit);
                }
            }
        }
        heard += in_common(&keys, &got);
        pressed += keys.len();
    }
    100.0 * heard as f64 / pressed.max(1) as f64
}

/// Length of the longest sequence that both have.
fn in_common(a: &[u8], b: &[u8]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut before = 0;
        for (n, y) in b.iter().enumerate() {
            let above = row[n + 1];
            row[n + 1] = if x == y {
                before + 1
            } else {
                above.max(row[n])
            };
            before = above;
        }
    }
    row[b.len()]
}
