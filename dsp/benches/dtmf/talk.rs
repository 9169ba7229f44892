//! What is not a key: speech by espeak-ng and by people, noise, music.

use std::f64::consts::{PI, TAU};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::signals::{Chance, Signal};
use tipring_dsp::level::RMS_0_DBM0;

/// Samples in an hour.
pub(crate) const HOUR: usize = 3600 * 8000;
/// espeak-ng's sample rate is 8 kHz × 441 / 160.
const UP: usize = 160;
const DOWN: usize = 441;
/// Where Debian puts the prompts that people have read for Asterisk.
const PROMPTS: &str = "/usr/share/asterisk/sounds";

const VOICES: [&str; 26] = [
    "en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "ru", "pl", "nl", "sv", "da", "fi", "tr",
    "hu", "cs", "el", "ja", "cmn", "hi", "ar", "ko", "vi", "id", "sw", "ro",
];
const VARIANTS: [&str; 14] = [
    "", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m7", "+croak",
    "+whisper",
];

/// An hour of numbers and invented words in many voices, languages, pitches and speeds.
pub(crate) fn espeak() -> Result<Vec<f64>, String> {
    let filter = Resampler::new();
    let mut chance = Chance(0xE5BEA);
    let mut speech = vec![];
    for round in 0.. {
        if speech.len() >= HOUR {
            break;
        }
        let variant = VARIANTS[(round * 5 + round / VOICES.len()) % VARIANTS.len()];
        let voice = format!("{}{variant}", VOICES[round % VOICES.len()]);
        let said = said(
            &voice,
            20 + chance.below(70),
            120 + chance.below(80),
            &words(&mut chance),
        )?;
        // All speakers are as loud.
        speech.extend(Signal(filter.apply(&said)).levelled(-20.0).0);
    }
    speech.truncate(HOUR);
    Ok(speech)
}

fn words(chance: &mut Chance) -> String {
    const HEADS: [&str; 24] = [
        "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "y", "z", "ch",
        "sh", "st", "tr", "br", "pl", "",
    ];
    const TAILS: [&str; 6] = ["", "n", "r", "l", "s", ""];
    const ENDS: [&str; 4] = [".", ",", "?", "!"];
    let mut text = String::new();
    for _ in 0..60 {
        if chance.below(10) < 3 {
            let limit = [10, 100, 1000, 10_000][chance.below(4)];
            text += &chance.below(limit).to_string();
        } else {
            for _ in 0..=chance.below(3) {
                text += HEADS[chance.below(HEADS.len())];
                text += ["a", "e", "i", "o", "u"][chance.below(5)];
                text += TAILS[chance.below(TAILS.len())];
            }
        }
        if chance.below(7) == 0 {
            text += ENDS[chance.below(ENDS.len())];
        }
        text.push(' ');
    }
    text
}

fn said(voice: &str, pitch: usize, speed: usize, text: &str) -> Result<Vec<f64>, String> {
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "-p", &pitch.to_string()])
        .args(["-s", &speed.to_string(), "--stdout", text])
        .output()
        .map_err(|e| format!("espeak-ng does not start: {e}; install espeak-ng"))?;
    // A WAV header of 44 bytes, then 16-bit samples.
    let samples = pcm(output.stdout.get(44..).unwrap_or_default());
    if samples.is_empty() {
        return Err(format!("espeak-ng gives no speech as {voice}"));
    }
    Ok(samples)
}

fn pcm(bytes: &[u8]) -> Vec<f64> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs
        .map(|pair| f64::from(i16::from_le_bytes(*pair)))
        .collect()
}

/// From 22 050 Hz to 8 kHz: a windowed sinc that ends at 3.6 kHz, a table for each phase.
struct Resampler {
    phases: Vec<Vec<f64>>,
}

impl Resampler {
    const HALF: usize = 48;

    fn new() -> Resampler {
        let cutoff = 2.0 * 3600.0 / (8000.0 * DOWN as f64 / UP as f64);
        let phases = (0..UP).map(|phase| {
            (0..=2 * Resampler::HALF)
                .map(|n| {
                    let half = Resampler::HALF as f64;
                    let t = n as f64 - half - phase as f64 / UP as f64;
                    let angle = PI * cutoff * t;
                    let sinc = if t == 0.0 { 1.0 } else { angle.sin() / angle };
                    cutoff * sinc * (0.5 + 0.5 * (PI * t / (half + 1.0)).cos())
                })
                .collect()
        });
        Resampler {
            phases: phases.collect(),
        }
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let count = x.len().saturating_sub(2 * Resampler::HALF + 1) * UP / DOWN;
        (0..count)
            .map(|i| {
                let (first, phase) = (i * DOWN / UP, i * DOWN % UP);
                let taps = &self.phases[phase];
                taps.iter().zip(&x[first..]).map(|(a, b)| a * b).sum()
            })
            .collect()
    }
}

/// The prompts of Asterisk that are installed, one after the other; why not, when none are.
pub(crate) fn people() -> Result<Vec<f64>, String> {
    let mut files = vec![];
    wav_files(Path::new(PROMPTS), &mut files);
    files.sort();
    let mut speech = vec![];
    for file in &files {
        let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
        // 8 kHz, mono, 16 bits; other formats have other first bytes.
        let header = bytes.get(20..36).unwrap_or_default();
        if header.starts_with(&[1, 0, 1, 0, 0x40, 0x1F, 0, 0]) && header.ends_with(&[16, 0]) {
            speech.extend(pcm(bytes.get(44..).unwrap_or_default()));
        }
    }
    if speech.len() < HOUR / 60 {
        return Err(format!(
            "{PROMPTS} has no speech; install asterisk-core-sounds-en-wav and -fr-wav, -ru-wav …"
        ));
    }
    Ok(speech)
}

fn wav_files(folder: &Path, files: &mut Vec<PathBuf>) {
    // Tones and jokes among the prompts.
    const NO_SPEECH: [&str; 3] = ["silence", "beep", "tt-monkeys"];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if NO_SPEECH.iter().any(|no| name.starts_with(no)) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            wav_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "wav") {
            files.push(path);
        }
    }
}

/// Ten minutes of chords with chance roots.
pub(crate) fn chords() -> Vec<f64> {
    let mut chance = Chance(107);
    let mut signal = Signal::default();
    while signal.0.len() < HOUR / 6 {
        let root = 110.0 * 2f64.powf(chance.below(36) as f64 / 12.0);
        let third = if chance.unit() < 0.5 { 1.1892 } else { 1.2599 };
        let tones = [
            (root, -18.0),
            (root * third, -18.0),
            (root * 1.4983, -18.0),
            (root * 2.0, -22.0),
        ];
        let notes = 2 + chance.below(3);
        signal.tones(&tones[..notes], 1600 + chance.below(2400), &mut chance);
    }
    signal.0
}

/// Ten minutes of white noise.
pub(crate) fn noise() -> Vec<f64> {
    let mut signal = Signal::default();
    signal.silence(HOUR / 6);
    signal.noise(-20.0, &mut Chance(103));
    signal.0
}

/// Something like speech: a gliding pitch with harmonics that fall off.
pub(crate) fn vowels(n: usize) -> Vec<f64> {
    let mut phase = 0f64;
    (0..n)
        .map(|i| {
            phase += (140.0 + 30.0 * (i as f64 * 3.0 / 8000.0).sin()) / 8000.0;
            (1..20)
                .map(|h| 3000.0 * (TAU * phase * f64::from(h)).sin() / f64::from(h))
                .sum()
        })
        .collect()
}

impl Signal {
    /// The same with this power on the whole.
    pub(crate) fn levelled(&self, dbm0: f64) -> Signal {
        let power = self.0.iter().map(|x| x * x).sum::<f64>() / self.0.len() as f64;
        let gain = RMS_0_DBM0 * 10f64.powf(dbm0 / 20.0) / power.sqrt().max(1e-9);
        Signal(self.0.iter().map(|x| x * gain).collect())
    }
}
