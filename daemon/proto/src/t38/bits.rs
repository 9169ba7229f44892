//! Bits of aligned PER (ITU-T X.691), written and read, as far as T.38 needs it.

/// Writes bits, the highest first, into a place that is long enough.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    bits: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out, bits: 0 }
    }

    /// The lowest `count` bits of `value`.
    pub(super) fn put(&mut self, value: u16, count: u32) {
        for n in (0..count).rev() {
            let place = self.bits / 8;
            if self.bits.is_multiple_of(8) {
                self.out[place] = 0;
            }
            let bit = u8::from(value >> n & 1 != 0);
            self.out[place] |= bit << (7 - self.bits % 8);
            self.bits += 1;
        }
    }

    /// Zeros up to the next octet.
    pub(super) fn align(&mut self) {
        self.bits = self.bits.next_multiple_of(8);
    }

    /// Octets whose lowest bit was first on the line: on the wire the first is the highest.
    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.align();
        let begin = self.bits / 8;
        let place = &mut self.out[begin..begin + octets.len()];
        place
            .iter_mut()
            .zip(octets)
            .for_each(|(to, from)| *to = from.reverse_bits());
        self.bits += octets.len() * 8;
    }

    /// Octets written.
    pub(super) fn len(&self) -> usize {
        self.bits.div_ceil(8)
    }
}

/// Reads bits, the highest first; `None` where they end.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    octets: &'a [u8],
    bits: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, bits: 0 }
    }

    pub(super) fn take(&mut self, count: u32) -> Option<u16> {
        let mut value = 0;
        for _ in 0..count {
            let octet = self.octets.get(self.bits / 8)?;
            value = value << 1 | u16::from(octet >> (7 - self.bits % 8) & 1);
            self.bits += 1;
        }
        Some(value)
    }

    /// On to the next octet; were the bits between all zero, as they have to be?
    pub(super) fn align(&mut self) -> bool {
        let left = (8 - self.bits % 8) % 8;
        self.take(left as u32) == Some(0)
    }

    /// Octets as they stand on the wire.
    pub(super) fn octets(&mut self, count: usize) -> Option<&'a [u8]> {
        let begin = self.bits.div_ceil(8);
        let octets = self.octets.get(begin..begin.checked_add(count)?)?;
        self.bits = (begin + count) * 8;
        Some(octets)
    }

    /// Octets that were not touched.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.bits.div_ceil(8)..).unwrap_or(&[])
    }
}
