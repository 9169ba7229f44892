//! Recognises tones, so that the filter does not unlearn a path for the sake of one frequency.

use super::fft::FRAME;

/// Order of the prediction: two sines are predicted exactly from four samples.
const ORDER: usize = 4;

/// What linear prediction of order four leaves of the newest frame, as a share of its power: about 0 for one or two
/// steady sines, 1 for silence.
#[inline(always)]
pub(super) fn unpredicted(x: &[f32]) -> f32 {
    let mut c = [[0f32; ORDER + 1]; ORDER + 1];
    for (j, value) in c[0].iter_mut().enumerate() {
        *value = dot(&x[ORDER..FRAME], &x[ORDER - j..FRAME - j]);
    }
    let energy = c[0][0];
    if energy <= 0.0 {
        return 1.0;
    }
    for i in 1..=ORDER {
        for j in i..=ORDER {
            let (first, last) = (ORDER - i, FRAME - i);
            c[i][j] = c[i - 1][j - 1] + x[first] * x[ORDER - j] - x[last] * x[FRAME - j];
        }
    }
    // Cholesky; the square of what is solved for is what prediction explains.
    let regular = 1e-5 * energy;
    let mut lower = [[0f32; ORDER]; ORDER];
    let mut explained = 0.0;
    let mut z = [0f32; ORDER];
    for i in 0..ORDER {
        for j in 0..=i {
            let mut sum = c[j + 1][i + 1];
            for (a, b) in lower[i][..j].iter().zip(&lower[j][..j]) {
                sum -= a * b;
            }
            if i == j {
                lower[i][i] = (sum + regular).max(regular).sqrt();
            } else {
                lower[i][j] = sum / lower[j][j];
            }
        }
        let mut sum = c[0][i + 1];
        for (a, b) in lower[i][..i].iter().zip(&z[..i]) {
            sum -= a * b;
        }
        z[i] = sum / lower[i][i];
        explained += z[i] * z[i];
    }
    ((energy - explained) / energy).clamp(0.0, 1.0)
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for l in 0..8 {
            lanes[l] += a[l] * b[l];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}
