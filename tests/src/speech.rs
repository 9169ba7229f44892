//! What simulated phones say to each other, and how well it came through.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tipring_dsp::measure;

use crate::wav;

/// What a phone says.
#[derive(Clone, Debug)]
pub struct Speech {
    /// 8 kHz mono 16 bit.
    pub wav: PathBuf,
    /// Its samples.
    pub samples: Vec<i16>,
    /// The words, if it is speech.
    pub words: Option<&'static str>,
}

/// How well something came through.
#[derive(Clone, Copy, Debug)]
pub struct Likeness {
    /// 1 is the same, 0 has nothing to do with it.
    pub correlation: f64,
    /// When it began in the recording.
    pub begins_ms: f64,
    /// Level of what was sent, over the speech's length.
    pub sent_dbm0: f64,
    /// Level of what came, over the same length.
    pub heard_dbm0: f64,
}

const RATE: usize = wav::RATE as usize;
/// Pieces that are compared by themselves: a jitter buffer may shorten or stretch a pause between them.
const PIECE: usize = RATE / 4;
/// How far such a piece may have moved.
const SHIFT: usize = RATE / 25;

/// Speech by espeak-ng and sox where they are installed, else a warble that is easy to distinguish by ear.
pub fn prepare(
    folder: &Path,
    name: &str,
    voice: &str,
    words: &'static str,
) -> Result<Speech, String> {
    let file = folder.join(format!("{name}.wav"));
    let spoken = speak(folder, &file, voice, words).is_some();
    if !spoken {
        let base = 300.0 + 90.0 * f64::from(name.bytes().last().unwrap_or(b'0') - b'0');
        wav::write(&file, &warble(base))?;
    }
    let samples = wav::read(&file)?;
    Ok(Speech {
        wav: file,
        samples,
        words: spoken.then_some(words),
    })
}

fn speak(folder: &Path, wav: &Path, voice: &str, words: &str) -> Option<()> {
    let wide = folder.join("wide.wav");
    let run = |command: &mut Command| {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        quiet
            .stderr(Stdio::null())
            .status()
            .ok()?
            .success()
            .then_some(())
    };
    run(Command::new("espeak-ng")
        .args(["-v", voice, "-s", "150", "-w"])
        .arg(&wide)
        .arg(words))?;
    // The telephone band, peaks 9 dB below full scale as a telephone's microphone gives them.
    run(Command::new("sox")
        .arg(&wide)
        .args(["-r", "8000", "-c", "1", "-b", "16"])
        .arg(wav)
        .args(["sinc", "300-3400", "gain", "-n", "-9"]))
}

/// Five seconds of a tone that climbs and falls around `base` Hz.
fn warble(base: f64) -> Vec<i16> {
    let mut phase = 0.0f64;
    (0..5 * RATE)
        .map(|n| {
            let t = n as f64 / RATE as f64;
            phase += std::f64::consts::TAU * (base + 80.0 * (t * 5.0).sin()) / RATE as f64;
            (6000.0 * phase.sin() * (t * 4.0).sin().abs()) as i16
        })
        .collect()
}

/// Finds `sent` in `heard` and measures how alike they are: every quarter of a second of `sent` is laid on the best
/// place in `heard`, and the correlations are averaged by energy.
pub fn likeness(sent: &[i16], heard: &[i16]) -> Option<Likeness> {
    if sent.len() < PIECE || heard.len() < sent.len() / 2 {
        return None;
    }
    // Coarsely at 2 kHz over the whole length, then finely piece by piece.
    let (sent4, heard4) = (every_fourth(sent), every_fourth(heard));
    let (lag4, _) = best(&sent4, &heard4, 0..heard4.len())?;
    let lag = lag4 * 4;
    let (mut sum, mut weight) = (0.0, 0.0);
    for (i, piece) in sent.as_chunks::<PIECE>().0.iter().enumerate() {
        let energy: f64 = piece.iter().map(|&s| f64::from(s).powi(2)).sum();
        let around = lag + i * PIECE;
        let range = around.saturating_sub(SHIFT)..around + SHIFT;
        let piece: Vec<f64> = piece.iter().map(|&s| f64::from(s)).collect();
        let here = heard
            .get(range.start..(range.end + PIECE).min(heard.len()))
            .map(|h| h.iter().map(|&s| f64::from(s)).collect::<Vec<f64>>())
            .and_then(|h| best(&piece, &h, 0..2 * SHIFT))
            .map_or(0.0, |(_, c)| c);
        sum += here * energy;
        weight += energy;
    }
    let part = heard.get(lag..(lag + sent.len()).min(heard.len()))?;
    Some(Likeness {
        correlation: if weight > 0.0 { sum / weight } else { 0.0 },
        begins_ms: lag as f64 * 1000.0 / RATE as f64,
        sent_dbm0: measure::level(sent),
        heard_dbm0: measure::level(part),
    })
}

/// The level of each of these frequencies where the recording is loudest (an interrupted tone has pauses).
pub fn levels<const N: usize>(heard: &[i16], hz: [f64; N]) -> [f64; N] {
    const WINDOW: usize = RATE / 5;
    let loudest = heard
        .windows(WINDOW)
        .step_by(WINDOW / 8)
        .max_by(|a, b| measure::level(a).total_cmp(&measure::level(b)))
        .unwrap_or(heard);
    hz.map(|hz| measure::tone_level(loudest, hz))
}

/// The lag with the highest normalised correlation, and it.
fn best(a: &[f64], b: &[f64], lags: std::ops::Range<usize>) -> Option<(usize, f64)> {
    let energy_a: f64 = a.iter().map(|x| x * x).sum();
    lags.filter_map(|lag| {
        let b = b.get(lag..)?;
        // The rest is too short to judge by.
        if b.len() < a.len() / 2 {
            return None;
        }
        let (mut product, mut energy_b) = (0.0, 0.0);
        for (x, y) in a.iter().zip(b) {
            product += x * y;
            energy_b += y * y;
        }
        let norm = (energy_a * energy_b).sqrt();
        (norm > 0.0).then(|| (lag, product / norm))
    })
    .max_by(|x, y| x.1.total_cmp(&y.1))
}

fn every_fourth(samples: &[i16]) -> Vec<f64> {
    samples
        .chunks(4)
        .map(|c| c.iter().map(|&s| f64::from(s)).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_and_weakened_copy_is_like_the_original_and_another_is_not() {
        let sent = warble(390.0);
        let mut heard = vec![0i16; 2345];
        heard.extend(sent.iter().map(|s| s / 2));
        heard.extend([0i16; 4000]);
        let like = likeness(&sent, &heard).unwrap();
        assert!(like.correlation > 0.99, "{like:?}");
        assert!((like.begins_ms - 293.1).abs() < 1.0, "{like:?}");
        assert!(
            (like.sent_dbm0 - like.heard_dbm0 - 6.0).abs() < 0.2,
            "{like:?}"
        );
        let mut other = vec![0i16; 1000];
        other.extend(warble(1400.0));
        let unlike = likeness(&sent, &other).unwrap();
        assert!(unlike.correlation < 0.5, "{unlike:?}");
    }
}
