//! A transform of 256 samples: the spectrum in which a simulated phone looks for tones ten times a second.

use std::f32::consts::TAU;
use std::sync::OnceLock;

/// Samples of the transform.
pub(super) const SIZE: usize = 256;

struct Tables {
    /// cos and sin of `TAU * n / SIZE`, the first half.
    turn: Vec<(f32, f32)>,
    hann: Vec<f32>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables {
        turn: (0..SIZE / 2)
            .map(|n| {
                let (sin, cos) = (TAU * n as f32 / SIZE as f32).sin_cos();
                (cos, sin)
            })
            .collect(),
        hann: (0..SIZE).map(|n| hann(n, SIZE)).collect(),
    })
}

fn hann(n: usize, of: usize) -> f32 {
    0.5 - 0.5 * (TAU * (n as f32 + 0.5) / of as f32).cos()
}

/// Powers of the Hann-windowed samples (at most [`SIZE`]; fewer are followed by silence) at each multiple of 1/256 of
/// the sample rate below half of it.
pub(super) fn powers(samples: &[i16]) -> [f32; SIZE / 2] {
    let tables = tables();
    let (mut re, mut im) = ([0f32; SIZE], [0f32; SIZE]);
    for (n, sample) in samples.iter().take(SIZE).enumerate() {
        let window = match tables.hann.get(n) {
            Some(window) if samples.len() == SIZE => *window,
            _ => hann(n, samples.len()),
        };
        // In the order that the halving below leaves them: 256 samples have places of eight bits.
        if let Some(place) = re.get_mut(usize::from((n as u8).reverse_bits())) {
            *place = f32::from(*sample) * window;
        }
    }
    let mut half = 1;
    while half < SIZE {
        let step = SIZE / 2 / half;
        let pairs = re
            .chunks_exact_mut(2 * half)
            .zip(im.chunks_exact_mut(2 * half));
        for (re, im) in pairs {
            let (re_a, re_b) = re.split_at_mut(half);
            let (im_a, im_b) = im.split_at_mut(half);
            let turns = tables.turn.iter().step_by(step);
            let all = re_a.iter_mut().zip(re_b).zip(im_a).zip(im_b).zip(turns);
            for ((((ra, rb), ia), ib), (cos, sin)) in all {
                // Times e^(-i turn).
                let (r, i) = (*rb * cos + *ib * sin, *ib * cos - *rb * sin);
                (*rb, *ib) = (*ra - r, *ia - i);
                (*ra, *ia) = (*ra + r, *ia + i);
            }
        }
        half *= 2;
    }
    let mut out = [0f32; SIZE / 2];
    for (out, (re, im)) in out.iter_mut().zip(re.iter().zip(&im)) {
        *out = re * re + im * im;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::dtft;

    #[test]
    fn it_is_the_transform_that_a_filter_for_each_frequency_gives() {
        let mut x = 7u32;
        let samples: Vec<i16> = (0..SIZE)
            .map(|n| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let tone = (TAU * 440.0 * n as f32 / 8000.0).sin() * 8000.0;
                tone as i16 + ((x >> 16) as i16) / 16
            })
            .collect();
        for len in [SIZE, 100] {
            let samples = &samples[..len];
            let found = powers(samples);
            for (bin, found) in found.iter().enumerate().take(125).skip(2) {
                let wanted = dtft(samples, bin as f32 * 31.25).0;
                let off = (found - wanted).abs();
                assert!(off < 1e-3 * wanted + 1e4, "{bin}: {found} {wanted}");
            }
        }
    }
}
