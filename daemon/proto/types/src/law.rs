//! G.711: the bytes of the card and of the packet, and the linear samples between them.
//!
//! Promises the exact values of ITU-T G.711 tables 1 and 2, left-justified to 16 bits. The bytes of a card are moved as
//! they are where no sample is needed: a linear path loses codes around zero.
//!
//! A µ-law byte survives decode and encode but for one: the two zeros (`0xFF`, `0x7F`) both become `0xFF`.

words! {
    /// Companding law of a card or a packet.
    ///
    /// ```
    /// use tipring_types::Law;
    /// assert_eq!(Law::A.decode(0xAA), 32_256);
    /// assert_eq!(Law::Mu.encode(0), Law::Mu.silence());
    /// ```
    pub enum Law {
        /// G.711 µ-law.
        Mu = "mulaw",
        /// G.711 A-law.
        A = "alaw",
    }
}

impl Law {
    /// The byte of digital silence: what [`Law::encode`] makes of 0.
    pub const fn silence(self) -> u8 {
        match self {
            Law::Mu => 0xFF,
            Law::A => 0xD5,
        }
    }

    /// The sample of one byte, 16-bit full scale (µ-law ±32124, A-law ±32256).
    pub fn decode(self, byte: u8) -> i16 {
        self.decode_table()[usize::from(byte)]
    }

    /// The byte of one sample. Beyond the law's range the outermost byte is taken.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    /// Decodes as many bytes as both slices have and answers how many.
    pub fn decode_block(self, bytes: &[u8], samples: &mut [i16]) -> usize {
        let table = self.decode_table();
        for (sample, byte) in samples.iter_mut().zip(bytes) {
            *sample = table[usize::from(*byte)];
        }
        bytes.len().min(samples.len())
    }

    /// Encodes as many samples as both slices have and answers how many.
    pub fn encode_block(self, samples: &[i16], bytes: &mut [u8]) -> usize {
        match self {
            Law::Mu => {
                for (byte, sample) in bytes.iter_mut().zip(samples) {
                    *byte = encode_mu_by_float(*sample);
                }
            }
            Law::A => {
                for (byte, sample) in bytes.iter_mut().zip(samples) {
                    *byte = encode_a_by_float(*sample);
                }
            }
        }
        bytes.len().min(samples.len())
    }

    fn decode_table(self) -> &'static [i16; 256] {
        match self {
            Law::Mu => &MU_DECODE,
            Law::A => &A_DECODE,
        }
    }
}

static MU_DECODE: [i16; 256] = mu_decode_table();
static A_DECODE: [i16; 256] = a_decode_table();
/// Magnitude / 4 (G.711 counts µ-law in 14 bits) to the seven bits below the sign, inverted as sent.
static MU_ENCODE: [u8; 8192] = mu_encode_table();
/// Magnitude / 16 (the finest A-law step) to the seven bits below the sign, even bits inverted as sent.
static A_ENCODE: [u8; 2048] = a_encode_table();

/// Segment and step of a magnitude of 128 to 32 767, as G.711 counts them: the exponent of a float, less that of 128, and
/// the first four bits of its mantissa. Exact; unlike a table it runs over whole vectors.
fn float_code(magnitude: i32) -> u8 {
    const BELOW: u32 = (127 + 7) << 4;
    ((magnitude as f32).to_bits() >> 19).wrapping_sub(BELOW) as u8
}

/// [`encode_mu`] for loops.
fn encode_mu_by_float(sample: i16) -> u8 {
    // The bias of G.711 puts the highest bit where the segment is.
    let magnitude = i32::from(sample).abs().min(32_635) + 132;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(float_code(magnitude) | sign)
}

/// [`encode_a`] for loops.
fn encode_a_by_float(sample: i16) -> u8 {
    let magnitude = i32::from(if sample < 0 { !sample } else { sample });
    let code = if magnitude < 256 {
        (magnitude >> 4) as u8
    } else {
        float_code(magnitude)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (code | sign) ^ 0x55
}

fn encode_mu(sample: i16) -> u8 {
    // unsigned_abs of i16::MIN is 32768, one past the table: it clips like 32767.
    let magnitude = sample.unsigned_abs().min(0x7FFF);
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    MU_ENCODE[usize::from(magnitude >> 2)] | sign
}

fn encode_a(sample: i16) -> u8 {
    // A-law has no zero: -1 is the first negative step, so the magnitude of x < 0 is -x - 1.
    let magnitude = if sample < 0 { !sample } else { sample }.unsigned_abs();
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    A_ENCODE[usize::from(magnitude >> 4) & 0x7FF] | sign
}

const fn mu_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0usize;
    while code < 256 {
        let bits = !(code as u8);
        let mantissa = (bits & 0x0F) as i32;
        let exponent = ((bits >> 4) & 0x07) as i32;
        // G.711 table 2: y = ((2m + 33) << e) - 33, in 14 bits.
        let magnitude = ((((2 * mantissa) + 33) << exponent) - 33) * 4;
        table[code] = if bits & 0x80 != 0 {
            -magnitude as i16
        } else {
            magnitude as i16
        };
        code += 1;
    }
    table
}

const fn a_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0usize;
    while code < 256 {
        let bits = (code as u8) ^ 0x55;
        let mantissa = (bits & 0x0F) as i32;
        let exponent = ((bits >> 4) & 0x07) as i32;
        // G.711 table 1: the middle of the step, in 13 bits times 8.
        let magnitude = if exponent == 0 {
            (2 * mantissa + 1) * 8
        } else {
            ((2 * mantissa + 33) << (exponent - 1)) * 8
        };
        table[code] = if bits & 0x80 != 0 {
            magnitude as i16
        } else {
            -magnitude as i16
        };
        code += 1;
    }
    table
}

const fn mu_encode_table() -> [u8; 8192] {
    let mut table = [0; 8192];
    let mut quarter = 0usize;
    while quarter < 8192 {
        let biased = quarter as u32 + 33;
        let bits = if biased >= 8192 {
            0x7F
        } else {
            let exponent = biased.ilog2() - 5;
            let mantissa = (biased >> (exponent + 1)) & 0x0F;
            (exponent << 4) | mantissa
        };
        table[quarter] = !(bits as u8) & 0x7F;
        quarter += 1;
    }
    table
}

const fn a_encode_table() -> [u8; 2048] {
    let mut table = [0; 2048];
    let mut step = 0usize;
    while step < 2048 {
        let bits = if step < 32 {
            step as u32
        } else {
            let exponent = (step as u32).ilog2() - 3;
            let mantissa = ((step as u32) >> (exponent - 1)) & 0x0F;
            (exponent << 4) | mantissa
        };
        table[step] = (bits as u8) ^ 0x55;
        step += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decision values and steps as G.711 tables 1a and 2a print them, searched one by one: an oracle that
    /// shares no arithmetic with the tables above.
    struct Oracle {
        /// Lower edge of each interval, ascending from 0.
        edges: Vec<i32>,
        /// Value decoded for it.
        values: Vec<i32>,
    }

    fn mu_oracle() -> Oracle {
        // 14-bit units. The first interval is 0..1, then 15 steps of 2, then segments of 16.
        let mut edges = vec![0];
        let mut at = 1;
        for (count, step) in [
            (15, 2),
            (16, 4),
            (16, 8),
            (16, 16),
            (16, 32),
            (16, 64),
            (16, 128),
            (16, 256),
        ] {
            for _ in 0..count {
                edges.push(at);
                at += step;
            }
        }
        assert_eq!(at, 8159);
        edges.push(at);
        let mut values = vec![0];
        values.extend(edges.windows(2).skip(1).map(|w| (w[0] + w[1]) / 2));
        edges.pop();
        Oracle { edges, values }
    }

    fn a_oracle() -> Oracle {
        // 13-bit units doubled, so that the middles are whole.
        let mut edges = Vec::new();
        let mut at = 0;
        for (count, step) in [
            (32, 4),
            (16, 8),
            (16, 16),
            (16, 32),
            (16, 64),
            (16, 128),
            (16, 256),
        ] {
            for _ in 0..count {
                edges.push(at);
                at += step;
            }
        }
        assert_eq!(at, 8192);
        edges.push(at);
        let values = edges.windows(2).map(|w| (w[0] + w[1]) / 2).collect();
        edges.pop();
        Oracle { edges, values }
    }

    fn interval(oracle: &Oracle, magnitude_times: i32, scale: i32) -> u8 {
        let found = oracle
            .edges
            .iter()
            .rposition(|edge| edge * scale <= magnitude_times)
            .unwrap();
        u8::try_from(found).unwrap()
    }

    #[test]
    fn mu_law_is_the_table_of_the_recommendation() {
        let oracle = mu_oracle();
        assert_eq!(oracle.values.len(), 128);
        for x in i16::MIN..=i16::MAX {
            let n = interval(&oracle, i32::from(x).abs(), 4);
            let expected = if x < 0 { !(n | 0x80) } else { !n };
            let sign = if x < 0 { 0x00 } else { 0x80 };
            assert_eq!(Law::Mu.encode(x), (expected & 0x7F) | sign, "{x}");
        }
        for n in 0..128u8 {
            let value = i16::try_from(oracle.values[usize::from(n)] * 4).unwrap();
            assert_eq!(Law::Mu.decode(!n), value);
            assert_eq!(Law::Mu.decode(!(n | 0x80)), -value);
        }
    }

    #[test]
    fn a_law_is_the_table_of_the_recommendation() {
        let oracle = a_oracle();
        assert_eq!(oracle.values.len(), 128);
        for x in i16::MIN..=i16::MAX {
            let magnitude = if x < 0 {
                -i32::from(x) - 1
            } else {
                i32::from(x)
            };
            let n = interval(&oracle, magnitude, 4);
            let expected = if x < 0 { n ^ 0x55 } else { (n | 0x80) ^ 0x55 };
            assert_eq!(Law::A.encode(x), expected, "{x}");
        }
        for n in 0..128u8 {
            let value = i16::try_from(oracle.values[usize::from(n)] * 4).unwrap();
            assert_eq!(Law::A.decode((n | 0x80) ^ 0x55), value);
            assert_eq!(Law::A.decode(n ^ 0x55), -value);
        }
    }

    #[test]
    fn every_byte_survives_but_the_negative_zero_of_mu_law() {
        for byte in 0..=255u8 {
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte);
            let expected = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(Law::Mu.encode(Law::Mu.decode(byte)), expected);
        }
        assert_eq!(Law::Mu.encode(0), Law::Mu.silence());
        assert_eq!(Law::A.encode(0), Law::A.silence());
    }

    #[test]
    fn blocks_stop_at_the_shorter_slice() {
        let mut samples = [7i16; 4];
        assert_eq!(Law::Mu.decode_block(&[0x00, 0xFF], &mut samples), 2);
        assert_eq!(samples, [-32124, 0, 7, 7]);
        let mut bytes = [1u8; 2];
        assert_eq!(Law::A.encode_block(&[0, -1, 5], &mut bytes), 2);
        assert_eq!(bytes, [0xD5, 0x55]);
        assert_eq!(Law::A.encode_block(&[], &mut bytes), 0);
    }

    #[test]
    fn a_block_is_encoded_as_each_of_its_samples() {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut bytes = vec![0; samples.len()];
        for law in [Law::Mu, Law::A] {
            assert_eq!(law.encode_block(&samples, &mut bytes), samples.len());
            for (sample, byte) in samples.iter().zip(&bytes) {
                assert_eq!(*byte, law.encode(*sample), "{law:?} {sample}");
            }
        }
    }
}
