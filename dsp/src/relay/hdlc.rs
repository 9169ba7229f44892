//! HDLC as T.30 uses it: flags, stuffing and check sequence, bit by bit, in both directions.

/// What the check register holds after an intact frame with its check sequence.
const INTACT: u16 = 0xf0b8;
/// Frames of T.30 end below this (the longest are 260 octets of error correction).
const LONGEST: u32 = 512;

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let (mut register, mut bits) = (n as u16, 0);
        while bits < 8 {
            register = (register >> 1) ^ ((register & 1) * 0x8408);
            bits += 1;
        }
        table[n] = register;
        n += 1;
    }
    table
};

fn check(register: u16, octet: u8) -> u16 {
    (register >> 8) ^ TABLE[usize::from(register as u8 ^ octet)]
}

/// What a receiver made of the bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A flag that follows another, and how many have come in a row.
    Flag(u32),
    /// An octet of a frame. The two of the check sequence are kept back.
    Octet(u8),
    /// A frame of at least one octet ended; its check sequence was right.
    Intact,
    /// A frame of at least one octet ended otherwise.
    Spoilt,
    /// Seven ones or more: no flags and no frame.
    Abort,
}

/// Bits to frames.
#[derive(Default)]
pub(super) struct HdlcRx {
    ones: u32,
    octet: u8,
    bits: u32,
    inside: bool,
    octets: u32,
    held: [u8; 2],
    register: u16,
    flags: u32,
}

impl HdlcRx {
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes a bit.
    #[inline]
    pub(super) fn push(&mut self, bit: bool) -> Option<Unit> {
        if !bit {
            let ones = std::mem::take(&mut self.ones);
            match ones {
                5 => return None,
                6 => return self.flag(),
                7.. => return None,
                _ => {}
            }
            return self.shift(false);
        }
        self.ones = self.ones.saturating_add(1);
        match self.ones {
            7 => self.abort(),
            8.. => None,
            _ => self.shift(true),
        }
    }

    #[inline]
    fn shift(&mut self, bit: bool) -> Option<Unit> {
        if !self.inside {
            return None;
        }
        self.octet = self.octet >> 1 | u8::from(bit) << 7;
        self.bits += 1;
        if self.bits < 8 {
            return None;
        }
        self.whole_octet()
    }

    fn whole_octet(&mut self) -> Option<Unit> {
        self.bits = 0;
        self.flags = 0;
        self.register = check(self.register, self.octet);
        self.octets += 1;
        let oldest = self.held[0];
        self.held = [self.held[1], self.octet];
        if self.octets > LONGEST {
            return self.abort();
        }
        (self.octets > 2).then_some(Unit::Octet(oldest))
    }

    #[cold]
    fn flag(&mut self) -> Option<Unit> {
        let (inside, octets, bits) = (self.inside, self.octets, self.bits);
        let intact = self.register == INTACT && bits == 7;
        let flags = self.flags;
        self.begin();
        if !inside {
            self.flags = 1;
            return Some(Unit::Flag(1));
        }
        if octets == 0 {
            // The zero between two flags may belong to both.
            self.flags = if matches!(bits, 6 | 7) { flags + 1 } else { 1 };
            return Some(Unit::Flag(self.flags));
        }
        self.flags = 1;
        match octets {
            3.. if intact => Some(Unit::Intact),
            3.. => Some(Unit::Spoilt),
            _ => Some(Unit::Flag(1)),
        }
    }

    fn begin(&mut self) {
        self.inside = true;
        self.octets = 0;
        self.bits = 0;
        self.register = 0xffff;
    }

    #[cold]
    fn abort(&mut self) -> Option<Unit> {
        let spoilt = self.inside && self.octets > 2;
        self.inside = false;
        self.octets = 0;
        self.flags = 0;
        Some(if spoilt { Unit::Spoilt } else { Unit::Abort })
    }
}

/// Octets to bits.
#[derive(Default)]
pub(super) struct HdlcTx {
    pattern: u8,
    left: u8,
    stuffs: bool,
    ones: u8,
    register: u16,
}

impl HdlcTx {
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The next bit of what was given last; none when it is all sent.
    pub(super) fn bit(&mut self) -> Option<bool> {
        if self.stuffs && self.ones == 5 {
            self.ones = 0;
            return Some(false);
        }
        if self.left == 0 {
            return None;
        }
        let bit = self.pattern & 1 == 1;
        self.pattern >>= 1;
        self.left -= 1;
        self.ones = if bit { self.ones + 1 } else { 0 };
        Some(bit)
    }

    /// A flag; the next octet begins a frame.
    pub(super) fn flag(&mut self) {
        self.give(0x7e, false);
        self.register = 0xffff;
        self.ones = 0;
    }

    /// An octet of a frame.
    pub(super) fn octet(&mut self, octet: u8) {
        if !self.stuffs {
            self.ones = 0;
        }
        self.register = check(self.register, octet);
        self.give(octet, true);
    }

    /// The check sequence of the octets since the flag, first octet first; a wrong one spoils the frame.
    pub(super) fn check_sequence(&self, right: bool) -> [u8; 2] {
        let sequence = if right { !self.register } else { self.register };
        sequence.to_le_bytes()
    }

    fn give(&mut self, pattern: u8, stuffs: bool) {
        (self.pattern, self.left, self.stuffs) = (pattern, 8, stuffs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of flags and frames, each with its check sequence right or wrong.
    pub(crate) fn bits(frames: &[(&[u8], bool)]) -> Vec<bool> {
        let mut tx = HdlcTx::default();
        let mut bits = Vec::new();
        let mut drain = |tx: &mut HdlcTx| bits.extend(std::iter::from_fn(|| tx.bit()));
        for _ in 0..5 {
            tx.flag();
            drain(&mut tx);
        }
        for (frame, right) in frames {
            for octet in *frame {
                tx.octet(*octet);
                drain(&mut tx);
            }
            for octet in tx.check_sequence(*right) {
                tx.octet(octet);
                drain(&mut tx);
            }
            tx.flag();
            drain(&mut tx);
        }
        bits
    }

    fn units(bits: &[bool]) -> Vec<Unit> {
        let mut rx = HdlcRx::default();
        bits.iter().filter_map(|b| rx.push(*b)).collect()
    }

    #[test]
    fn frames_of_any_octets_pass_and_a_wrong_check_sequence_shows() {
        let all: Vec<u8> = (0..=255).collect();
        for frame in [&all[..], &[0xff; 40], &[0x7e; 3], &[0x1f, 0xf8]] {
            for right in [true, false] {
                let units = units(&bits(&[(frame, right)]));
                let octets: Vec<u8> = units
                    .iter()
                    .filter_map(|u| match u {
                        Unit::Octet(o) => Some(*o),
                        _ => None,
                    })
                    .collect();
                assert_eq!(octets, frame);
                let end = if right { Unit::Intact } else { Unit::Spoilt };
                assert_eq!(units.last(), Some(&end));
                assert_eq!(units[..5], [1, 2, 3, 4, 5].map(Unit::Flag));
            }
        }
    }

    #[test]
    fn two_frames_share_a_flag_and_ones_end_a_frame() {
        let two = units(&bits(&[(&[0xff, 3, 0x80], true), (&[0xff, 0x13], true)]));
        assert_eq!(two.iter().filter(|u| **u == Unit::Intact).count(), 2);
        let mut broken = bits(&[(&[1, 2, 3, 4, 5], true)]);
        broken.truncate(5 * 8 + 35);
        broken.extend([true; 20]);
        let units = units(&broken);
        assert_eq!(units.last(), Some(&Unit::Spoilt));
    }

    #[test]
    fn a_frame_without_end_is_given_up() {
        let long = vec![0; 600];
        let units = units(&bits(&[(&long, true)]));
        assert!(units.contains(&Unit::Spoilt));
        assert!(!units.contains(&Unit::Intact));
    }
}
