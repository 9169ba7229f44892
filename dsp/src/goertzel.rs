//! Power at a few frequencies of a short block.

/// Power at `N` frequencies of a short block (Goertzel's algorithm, all at once so that they vectorise).
pub(crate) struct Goertzels<const N: usize> {
    coefficients: [f32; N],
}

impl<const N: usize> Goertzels<N> {
    pub(crate) fn new(hz: [f64; N]) -> Self {
        Goertzels {
            coefficients: hz.map(|hz| (2.0 * (std::f64::consts::TAU * hz / 8000.0).cos()) as f32),
        }
    }

    /// |X|² at each frequency.
    pub(crate) fn powers(&self, samples: &[i16]) -> [f32; N] {
        let (mut s1, mut s2) = ([0f32; N], [0f32; N]);
        for sample in samples {
            let x = f32::from(*sample);
            for i in 0..N {
                let s0 = x + self.coefficients[i] * s1[i] - s2[i];
                s2[i] = s1[i];
                s1[i] = s0;
            }
        }
        let mut power = [0f32; N];
        for i in 0..N {
            power[i] = s1[i] * s1[i] + s2[i] * s2[i] - self.coefficients[i] * s1[i] * s2[i];
        }
        power
    }
}
