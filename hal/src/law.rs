//! G.711: the bytes of a card and the samples of everything that is not a card.
//!
//! Tables are computed at compile time for decoding; encoding finds its segment by counting zeros.

use crate::port::Law;

const MU_BIAS: i32 = 0x84;
const MU_CLIP: i32 = 32_635;

static MU_TABLE: [i16; 256] = table(Law::Mu);
static A_TABLE: [i16; 256] = table(Law::A);

impl Law {
    /// The 16-bit sample of a byte.
    pub fn decode(self, byte: u8) -> i16 {
        let table = match self {
            Law::Mu => &MU_TABLE,
            Law::A => &A_TABLE,
        };
        table[usize::from(byte)]
    }

    /// [`Law::encode`] of as many samples as both slices have.
    pub fn encode_block(self, samples: &[i16], bytes: &mut [u8]) {
        let pairs = bytes.iter_mut().zip(samples);
        match self {
            Law::Mu => pairs.for_each(|(byte, sample)| *byte = encode_mu(*sample)),
            Law::A => pairs.for_each(|(byte, sample)| *byte = encode_a(*sample)),
        }
    }

    /// The byte whose sample is nearest.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }
}

const fn table(law: Law) -> [i16; 256] {
    let mut out = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        out[byte] = match law {
            Law::Mu => decode_mu(byte as u8),
            Law::A => decode_a(byte as u8),
        };
        byte += 1;
    }
    out
}

const fn decode_mu(byte: u8) -> i16 {
    let code = !byte;
    let magnitude = ((((code & 0x0F) as i32) << 3) + MU_BIAS) << ((code & 0x70) >> 4);
    let magnitude = magnitude - MU_BIAS;
    (if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

const fn decode_a(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code & 0x70) >> 4;
    let step = ((code & 0x0F) as i32) << 4;
    let magnitude = if segment == 0 {
        step + 8
    } else {
        (step + 0x108) << (segment - 1)
    };
    (if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

fn encode_mu(sample: i16) -> u8 {
    // The bias puts the highest bit at 7 to 14.
    let magnitude = i32::from(sample).abs().min(MU_CLIP) + MU_BIAS;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(float_code(magnitude) | sign)
}

/// Segment and step of a magnitude of 128 to 32 767 as G.711 counts them: the exponent of a float, less that of 128,
/// and the first four bits of its mantissa. Exact, and a loop of it runs over whole vectors.
fn float_code(magnitude: i32) -> u8 {
    const BELOW: u32 = (127 + 7) << 4;
    ((magnitude as f32).to_bits() >> 19).wrapping_sub(BELOW) as u8
}

fn encode_a(sample: i16) -> u8 {
    // Negative values are mirrored by their complement, so that −1 is the least negative step.
    let (sign, magnitude) = if sample < 0 {
        (0, !i32::from(sample))
    } else {
        (0x80, i32::from(sample))
    };
    let code = if magnitude < 0x100 {
        (magnitude >> 4) as u8
    } else {
        float_code(magnitude)
    };
    (code | sign) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decode_and_encode() {
        for byte in 0..=255u8 {
            // Negative zero of µ-law is the one code that linear samples cannot keep.
            if byte != 0x7F {
                assert_eq!(Law::Mu.encode(Law::Mu.decode(byte)), byte, "µ {byte:02x}");
            }
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte, "A {byte:02x}");
        }
    }

    #[test]
    fn known_points_of_g711() {
        assert_eq!(Law::Mu.decode(0xFF), 0);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::A.decode(0xD5), 8);
        assert_eq!(Law::A.decode(0xAA), 32_256);
        assert_eq!(Law::A.decode(0x2A), -32_256);
        for law in [Law::Mu, Law::A] {
            assert!(law.decode(law.silence()).abs() <= 8);
            assert_eq!(
                law.encode(i16::MAX),
                law.encode(law.decode(law.encode(i16::MAX)))
            );
            assert!(law.decode(law.encode(i16::MIN)) < -30_000);
        }
    }

    #[test]
    fn encoding_takes_the_right_step_everywhere() {
        for law in [Law::Mu, Law::A] {
            for sample in (i16::MIN..=i16::MAX).step_by(7) {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                // Half a step: 1/32 of the magnitude, at least 8; the ends are clipped.
                let allowed = 16 + i32::from(sample).abs() / 30;
                assert!(error <= allowed, "{law:?} {sample}: {error}");
            }
        }
    }
}
