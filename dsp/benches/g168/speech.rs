//! Speech, made by espeak-ng.

use std::process::Command;

use super::signals::at_level;

/// espeak-ng's sample rate.
const RATE: f64 = 22_050.0;

/// Two speakers at 8 kHz at these levels (dBm0 of the whole); why not, when espeak-ng is not there.
pub(crate) fn speakers(far: f64, near: f64) -> Result<[Vec<f64>; 2], String> {
    Ok([
        at_level(said("en-us", FAR)?, far),
        at_level(said("en-gb+f3", NEAR)?, near),
    ])
}

const FAR: &str = "Good morning, this is the workshop. The door at the loading ramp does not close any more since \
last night, and it is getting cold in here. Could you send somebody who knows the motor? We have looked at the fuse, \
and it is in order. The light of the control box blinks twice, then it pauses, then it blinks twice again.";
const NEAR: &str = "I see. Please switch the main off and on again while you hold the green button. I wait. Does the \
lamp go out? Otherwise I come by at eleven, and bring a new relay. Nobody should stand below the door until then.";

/// A text in a voice of espeak-ng, 8 kHz.
pub(crate) fn said(voice: &str, text: &str) -> Result<Vec<f64>, String> {
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "--stdout", text])
        .output()
        .map_err(|e| format!("espeak-ng does not start: {e}; install espeak-ng"))?;
    // A WAV header of 44 bytes, then 16-bit samples.
    let samples: Vec<f64> = output
        .stdout
        .get(44..)
        .filter(|data| !data.is_empty())
        .ok_or("espeak-ng gives no speech")?
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| f64::from(i16::from_le_bytes(*pair)))
        .collect();
    Ok(resampled(&samples))
}

/// To 8 kHz, by a windowed sinc that ends at 3.6 kHz.
fn resampled(x: &[f64]) -> Vec<f64> {
    const HALF: isize = 48;
    let cutoff = 2.0 * 3600.0 / RATE;
    let count = (x.len() as f64 * 8000.0 / RATE) as usize;
    (0..count)
        .map(|i| {
            let centre = i as f64 * RATE / 8000.0;
            let first = centre.floor() as isize;
            (first - HALF..=first + HALF)
                .map(|n| {
                    let sample = usize::try_from(n).ok().and_then(|n| x.get(n));
                    let t = n as f64 - centre;
                    let angle = std::f64::consts::PI * cutoff * t;
                    let sinc = if t.abs() < 1e-9 {
                        1.0
                    } else {
                        angle.sin() / angle
                    };
                    let window = 0.5 + 0.5 * (std::f64::consts::PI * t / HALF as f64).cos();
                    sample.copied().unwrap_or(0.0) * cutoff * sinc * window
                })
                .sum()
        })
        .collect()
}
