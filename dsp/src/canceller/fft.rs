//! The real Fourier transform of 160 samples that the echo canceller needs, and nothing else.
//!
//! 160 = 20 × 8: eight interleaved real transforms of 20 (Good and Thomas: 4 × 5 without twiddles), turned by twiddle
//! factors, then eleven complex transforms of 8. All of it is straight-line code in loops over eight neighbours, which
//! the compiler makes vectors of. Only rows 0 to 10 of the twenty are computed (the input is real), so a spectrum has
//! 11 × 8 = 88 bins: bin `11 b + a` is frequency `a + 20 b` of 160. Frequencies above 80 stand for their mirrors, and
//! seven (multiples of 10) are there twice. Who works on each bin alone need not know.

/// Samples of a transform.
pub(super) const FRAME: usize = 160;
/// Bins of a spectrum.
pub(super) const BINS: usize = 88;

const ROWS: usize = 11;
const LANES: usize = 8;

/// One value for each bin.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub(super) struct Bins(pub(super) [f32; BINS]);

/// A spectrum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spectrum {
    pub(super) re: Bins,
    pub(super) im: Bins,
}

impl Bins {
    pub(super) const ZERO: Bins = Bins([0.0; BINS]);
}

impl Spectrum {
    pub(super) const ZERO: Spectrum = Spectrum {
        re: Bins::ZERO,
        im: Bins::ZERO,
    };
}

/// Samples in time: sample `8 n + l` is `[n][l]`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub(super) struct Frame(pub(super) [[f32; LANES]; FRAME / LANES]);

impl Frame {
    pub(super) const ZERO: Frame = Frame([[0.0; LANES]; FRAME / LANES]);

    pub(super) fn samples(&self) -> &[f32] {
        self.0.as_flattened()
    }

    pub(super) fn samples_mut(&mut self) -> &mut [f32] {
        self.0.as_flattened_mut()
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Rows([[f32; LANES]; ROWS]);

/// Eight columns of eleven, with room for whole vectors.
#[repr(C, align(32))]
struct Columns([[f32; 16]; LANES]);

/// The twiddle factors between the two steps.
#[derive(Clone, Debug)]
pub(super) struct Fft {
    cos: Rows,
    sin: Rows,
    /// The same over 160, for the inverse transform.
    cos_back: Rows,
    sin_back: Rows,
}

impl Fft {
    pub(super) fn new() -> Fft {
        let table = |scale: f64, f: fn(f64) -> f64| {
            let mut rows = Rows([[0.0; LANES]; ROWS]);
            for (a, row) in rows.0.iter_mut().enumerate() {
                for (l, value) in row.iter_mut().enumerate() {
                    let angle = std::f64::consts::TAU * (a * l) as f64 / FRAME as f64;
                    *value = (f(angle) * scale) as f32;
                }
            }
            rows
        };
        let back = 1.0 / FRAME as f64;
        Fft {
            cos: table(1.0, f64::cos),
            sin: table(1.0, f64::sin),
            cos_back: table(back, f64::cos),
            sin_back: table(back, f64::sin),
        }
    }

    /// Spectrum of a frame: `X(k) = Σ x(n) e^(-2πi k n / 160)`.
    #[inline(always)]
    pub(super) fn forward(&self, frame: &Frame, out: &mut Spectrum) {
        let mut re = Rows([[0.0; LANES]; ROWS]);
        let mut im = Rows([[0.0; LANES]; ROWS]);
        real_20(&frame.0, &mut re.0, &mut im.0);
        for a in 1..ROWS {
            for l in 0..LANES {
                let (x, y) = (re.0[a][l], im.0[a][l]);
                let (c, s) = (self.cos.0[a][l], self.sin.0[a][l]);
                re.0[a][l] = x * c + y * s;
                im.0[a][l] = y * c - x * s;
            }
        }
        let mut column_re = Columns([[0.0; 16]; LANES]);
        let mut column_im = Columns([[0.0; 16]; LANES]);
        to_columns(&re, &mut column_re);
        to_columns(&im, &mut column_im);
        for base in [0, ROWS - LANES] {
            let (x, y) = columns_8(&block(&column_re.0, base), &block(&column_im.0, base));
            for b in 0..LANES {
                let at = b * ROWS + base;
                out.re.0[at..at + LANES].copy_from_slice(&x[b]);
                out.im.0[at..at + LANES].copy_from_slice(&y[b]);
            }
        }
    }

    /// The frame of a spectrum; undoes [`Fft::forward`].
    #[inline(always)]
    pub(super) fn inverse(&self, spectrum: &Spectrum, out: &mut Frame) {
        let mut column_re = Columns([[0.0; 16]; LANES]);
        let mut column_im = Columns([[0.0; 16]; LANES]);
        for base in [0, ROWS - LANES] {
            let (mut x, mut y) = ([[0.0; LANES]; LANES], [[0.0; LANES]; LANES]);
            for b in 0..LANES {
                let at = b * ROWS + base;
                x[b].copy_from_slice(&spectrum.re.0[at..at + LANES]);
                y[b].copy_from_slice(&spectrum.im.0[at..at + LANES]);
            }
            // Real and imaginary part change places: the transform runs backwards.
            let (y, x) = columns_8(&y, &x);
            for l in 0..LANES {
                column_re.0[l][base..base + LANES].copy_from_slice(&x[l]);
                column_im.0[l][base..base + LANES].copy_from_slice(&y[l]);
            }
        }
        let mut re = Rows([[0.0; LANES]; ROWS]);
        let mut im = Rows([[0.0; LANES]; ROWS]);
        to_rows(&column_re, &mut re);
        to_rows(&column_im, &mut im);
        for a in 0..ROWS {
            for l in 0..LANES {
                let (x, y) = (re.0[a][l], im.0[a][l]);
                let (c, s) = (self.cos_back.0[a][l], self.sin_back.0[a][l]);
                re.0[a][l] = x * c - y * s;
                im.0[a][l] = y * c + x * s;
            }
        }
        real_20_back(&re.0, &im.0, &mut out.0);
    }
}

type Block = [[f32; LANES]; LANES];

#[inline(always)]
fn block(columns: &[[f32; 16]; LANES], base: usize) -> Block {
    let mut out = [[0.0; LANES]; LANES];
    for (out, column) in out.iter_mut().zip(columns) {
        out.copy_from_slice(&column[base..base + LANES]);
    }
    out
}

#[inline(always)]
fn column(x: &Block, c: usize) -> [f32; LANES] {
    // Not `from_fn`: that is no part of this function for the compiler.
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    [x0[c], x1[c], x2[c], x3[c], x4[c], x5[c], x6[c], x7[c]]
}

/// Eight complex transforms of eight, side by side.
#[inline(always)]
fn columns_8(re: &Block, im: &Block) -> (Block, Block) {
    let (mut out_re, mut out_im) = ([[0.0; LANES]; LANES], [[0.0; LANES]; LANES]);
    for c in 0..LANES {
        let (x, y) = complex_8(column(re, c), column(im, c));
        for b in 0..LANES {
            out_re[b][c] = x[b];
            out_im[b][c] = y[b];
        }
    }
    (out_re, out_im)
}

#[inline(always)]
fn to_columns(rows: &Rows, columns: &mut Columns) {
    for (a, row) in rows.0.iter().enumerate() {
        for (l, value) in row.iter().enumerate() {
            columns.0[l][a] = *value;
        }
    }
}

#[inline(always)]
fn to_rows(columns: &Columns, rows: &mut Rows) {
    for (a, row) in rows.0.iter_mut().enumerate() {
        for (l, value) in row.iter_mut().enumerate() {
            *value = columns.0[l][a];
        }
    }
}

/// Cosine and sine of 72° and 144°.
const C1: f32 = 0.309_017;
const C2: f32 = -0.809_017;
const S1: f32 = 0.951_056_5;
const S2: f32 = 0.587_785_25;

/// Real transform of five: X(0), X(1), X(2).
#[inline(always)]
fn real_5(x: [f32; 5]) -> (f32, [f32; 2], [f32; 2]) {
    let (a1, b1) = (x[1] + x[4], x[1] - x[4]);
    let (a2, b2) = (x[2] + x[3], x[2] - x[3]);
    (
        x[0] + a1 + a2,
        [x[0] + C1 * a1 + C2 * a2, -(S1 * b1 + S2 * b2)],
        [x[0] + C2 * a1 + C1 * a2, S1 * b2 - S2 * b1],
    )
}

/// Complex transform of four.
#[inline(always)]
fn complex_4(x: [[f32; 2]; 4]) -> [[f32; 2]; 4] {
    let add = |a: [f32; 2], b: [f32; 2]| [a[0] + b[0], a[1] + b[1]];
    let sub = |a: [f32; 2], b: [f32; 2]| [a[0] - b[0], a[1] - b[1]];
    let (u0, u1) = (add(x[0], x[2]), sub(x[0], x[2]));
    let (u2, u3) = (add(x[1], x[3]), sub(x[1], x[3]));
    [
        add(u0, u2),
        [u1[0] + u3[1], u1[1] - u3[0]],
        sub(u0, u2),
        [u1[0] - u3[1], u1[1] + u3[0]],
    ]
}

/// Eight real transforms of 20, side by side.
#[inline(always)]
fn real_20(x: &[[f32; LANES]; 20], re: &mut [[f32; LANES]; ROWS], im: &mut [[f32; LANES]; ROWS]) {
    for l in 0..LANES {
        // Good and Thomas: n = 5 n1 + 4 n2, k = 5 k1 + 16 k2 (mod 20).
        let at = |n: usize| x[n % 20][l];
        let five = |n: usize| real_5([at(n), at(n + 4), at(n + 8), at(n + 12), at(n + 16)]);
        let [(a0, a1, a2), (b0, b1, b2), (c0, c1, c2), (d0, d1, d2)] =
            [five(0), five(5), five(10), five(15)];
        let four = [a0, b0, c0, d0];
        let (even, odd) = (four[0] + four[2], four[1] + four[3]);
        re[0][l] = even + odd;
        im[0][l] = 0.0;
        re[10][l] = even - odd;
        im[10][l] = 0.0;
        re[5][l] = four[0] - four[2];
        im[5][l] = four[3] - four[1];
        let one = complex_4([a1, b1, c1, d1]);
        let two = complex_4([a2, b2, c2, d2]);
        // 16, 1, 6, 11 and 12, 17, 2, 7; those above ten are the mirrors of 20 - k.
        for (k, value, mirrored) in [
            (4, one[0], true),
            (1, one[1], false),
            (6, one[2], false),
            (9, one[3], true),
            (8, two[0], true),
            (3, two[1], true),
            (2, two[2], false),
            (7, two[3], false),
        ] {
            re[k][l] = value[0];
            im[k][l] = if mirrored { -value[1] } else { value[1] };
        }
    }
}

/// Undoes [`real_20`], but for the factor of 20.
#[inline(always)]
fn real_20_back(re: &[[f32; LANES]; ROWS], im: &[[f32; LANES]; ROWS], x: &mut [[f32; LANES]; 20]) {
    for l in 0..LANES {
        let at = |k: usize| [re[k][l], im[k][l]];
        let mirror = |k: usize| [re[k][l], -im[k][l]];
        // Backwards by exchanging real and imaginary part, before and after.
        let turn = |z: [f32; 2]| [z[1], z[0]];
        let turned = |[a, b, c, d]: [[f32; 2]; 4]| [turn(a), turn(b), turn(c), turn(d)];
        let back = |z: [[f32; 2]; 4]| turned(complex_4(turned(z)));
        let (u0, u1) = (re[0][l] + re[10][l], re[0][l] - re[10][l]);
        let (u2, u3) = (2.0 * re[5][l], 2.0 * im[5][l]);
        let zero = [u0 + u2, u1 - u3, u0 - u2, u1 + u3];
        let one = back([mirror(4), at(1), at(6), mirror(9)]);
        let two = back([mirror(8), mirror(3), at(2), at(7)]);
        for n1 in 0..4 {
            let (z, [r1, i1], [r2, i2]) = (zero[n1], one[n1], two[n1]);
            let (r1, i1, r2, i2) = (2.0 * r1, 2.0 * i1, 2.0 * r2, 2.0 * i2);
            let (near, far) = (z + C1 * r1 + C2 * r2, z + C2 * r1 + C1 * r2);
            let (turn_near, turn_far) = (S1 * i1 + S2 * i2, S2 * i1 - S1 * i2);
            let n = |n2: usize| (5 * n1 + 4 * n2) % 20;
            x[n(0)][l] = z + r1 + r2;
            x[n(1)][l] = near - turn_near;
            x[n(4)][l] = near + turn_near;
            x[n(2)][l] = far - turn_far;
            x[n(3)][l] = far + turn_far;
        }
    }
}

/// Complex transform of eight.
#[inline(always)]
fn complex_8(re: [f32; 8], im: [f32; 8]) -> ([f32; 8], [f32; 8]) {
    const H: f32 = std::f32::consts::FRAC_1_SQRT_2;
    let at = |l: usize| [re[l], im[l]];
    let even = complex_4([at(0), at(2), at(4), at(6)]);
    let odd = complex_4([at(1), at(3), at(5), at(7)]);
    let turned = [
        odd[0],
        [H * (odd[1][0] + odd[1][1]), H * (odd[1][1] - odd[1][0])],
        [odd[2][1], -odd[2][0]],
        [H * (odd[3][1] - odd[3][0]), -H * (odd[3][0] + odd[3][1])],
    ];
    let (mut x, mut y) = ([0.0; 8], [0.0; 8]);
    for k in 0..4 {
        x[k] = even[k][0] + turned[k][0];
        y[k] = even[k][1] + turned[k][1];
        x[k + 4] = even[k][0] - turned[k][0];
        y[k + 4] = even[k][1] - turned[k][1];
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frequency of a bin, in steps of 50 Hz: 0 to 80.
    fn frequency(bin: usize) -> usize {
        let k = bin % ROWS + 20 * (bin / ROWS);
        if k > FRAME / 2 { FRAME - k } else { k }
    }

    fn noise() -> Frame {
        let mut seed = 7u32;
        let mut frame = Frame::ZERO;
        for x in frame.samples_mut() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
        }
        frame
    }

    #[test]
    fn every_bin_is_what_the_definition_says() {
        let frame = noise();
        let mut spectrum = Spectrum::ZERO;
        Fft::new().forward(&frame, &mut spectrum);
        for bin in 0..BINS {
            let k = bin % ROWS + 20 * (bin / ROWS);
            let (mut re, mut im) = (0f64, 0f64);
            for (n, x) in frame.samples().iter().enumerate() {
                let angle = std::f64::consts::TAU * (k * n) as f64 / FRAME as f64;
                re += f64::from(*x) * angle.cos();
                im -= f64::from(*x) * angle.sin();
            }
            assert!((f64::from(spectrum.re.0[bin]) - re).abs() < 1e-4, "{bin}");
            assert!((f64::from(spectrum.im.0[bin]) - im).abs() < 1e-4, "{bin}");
        }
    }

    #[test]
    fn there_and_back_is_where_it_began() {
        let (fft, frame) = (Fft::new(), noise());
        let (mut spectrum, mut back) = (Spectrum::ZERO, Frame::ZERO);
        fft.forward(&frame, &mut spectrum);
        fft.inverse(&spectrum, &mut back);
        for (a, b) in frame.samples().iter().zip(back.samples()) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn every_frequency_has_a_bin() {
        let mut seen = [0; 81];
        for bin in 0..BINS {
            seen[frequency(bin)] += 1;
        }
        assert!(seen.iter().all(|n| *n == 1 || *n == 2), "{seen:?}");
    }
}
