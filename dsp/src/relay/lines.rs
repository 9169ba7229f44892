//! Scan lines without error correction: where fill may be put in.
//!
//! A coded line may be followed by zeros, up to the one that ends its end-of-line code; nowhere else. So a line is sent
//! when its end is here, and zeros bridge the time until the next one. Nothing is put between the six end-of-line codes
//! that end a page.

/// Zeros before the one of an end-of-line code.
const EOL_ZEROS: u64 = 11;
/// Codes that follow each other directly at the end of a page, after the first.
const RETURN_TO_CONTROL: u32 = 5;
/// A line of standard width has fewer bits, whatever is on it.
const LONGEST_LINE: u64 = 16_384;

/// Follows the bits as they come in. Places are bits since the beginning of the signal.
#[derive(Clone, Copy, Default)]
pub(super) struct Incoming {
    /// Bits seen.
    seen: u64,
    zeros: u64,
    /// After the one of the last end-of-line code.
    line: Option<u64>,
    first: Option<u64>,
    /// Bits up to here may be sent.
    released: u64,
    codes: u32,
    page_ended: bool,
}

impl Incoming {
    /// Takes an octet, lowest bit first.
    pub(super) fn octet(&mut self, octet: u8) {
        for n in 0..8 {
            if octet >> n & 1 == 1 {
                if self.zeros >= EOL_ZEROS {
                    self.end_of_line();
                }
                self.zeros = 0;
            } else {
                self.zeros += 1;
            }
            self.seen += 1;
        }
        if self.page_ended || self.seen - self.released > LONGEST_LINE {
            self.released = self.seen;
        }
    }

    /// Octets are missing: zeros on both sides of the gap do not belong together.
    pub(super) fn gap(&mut self) {
        self.zeros = 0;
    }

    fn end_of_line(&mut self) {
        let at = self.seen;
        match self.line {
            None => {
                self.first = Some(at - EOL_ZEROS);
                self.released = at;
            }
            // A bit beside zeros is the tag of a line in two dimensions.
            Some(line) if at - line - self.zeros <= 1 => {
                self.codes += 1;
                self.page_ended |= self.codes >= RETURN_TO_CONTROL;
            }
            Some(_) => {
                self.codes = 0;
                self.released = at;
            }
        }
        self.line = Some(at + 1);
    }

    /// Where the first end-of-line code begins.
    pub(super) fn first(&self) -> Option<u64> {
        self.first
    }

    /// Bits up to here may be sent.
    pub(super) fn released(&self) -> u64 {
        self.released
    }
}

/// Follows the bits as they go out.
#[derive(Clone, Copy, Default)]
pub(super) struct Outgoing {
    zeros: u32,
    /// Bits since the last end-of-line code.
    line: u32,
}

impl Outgoing {
    /// Whether the line needs zeros before this bit, so that it lasts `shortest` bits.
    pub(super) fn wants_fill(&self, bit: bool, shortest: u32) -> bool {
        let ends_line = bit && u64::from(self.zeros) >= EOL_ZEROS;
        let has_pixels = self.line.saturating_sub(self.zeros) > 1;
        ends_line && has_pixels && self.line < shortest
    }

    /// Takes a bit that is sent.
    pub(super) fn sent(&mut self, bit: bool) {
        if !bit {
            self.zeros = self.zeros.saturating_add(1);
            self.line = self.line.saturating_add(1);
            return;
        }
        let zeros = std::mem::take(&mut self.zeros);
        self.line = if u64::from(zeros) >= EOL_ZEROS {
            0
        } else {
            self.line.saturating_add(1)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets of bits written as text, padded with zeros.
    fn octets(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|b| *b != b' ')
            .map(|b| b - b'0')
            .collect();
        bits.chunks(8)
            .map(|c| c.iter().rev().fold(0, |o, b| o << 1 | b) << (8 - c.len()) >> (8 - c.len()))
            .collect()
    }

    fn released(bits: &str) -> (u64, Incoming) {
        let mut incoming = Incoming::default();
        octets(bits).iter().for_each(|o| incoming.octet(*o));
        (incoming.released(), incoming)
    }

    const EOL: &str = "000000000001";

    #[test]
    fn a_line_is_released_up_to_the_one_that_ends_it() {
        let begin = format!("1110{EOL}");
        assert_eq!(released(&begin).0, 15);
        assert_eq!(released(&begin).1.first(), Some(4));
        let line = format!("{begin}11010011");
        assert_eq!(released(&line).0, 15);
        let (upto, _) = released(&format!("{line}0000{EOL}"));
        assert_eq!(upto, 15 + 1 + 8 + 4 + 11);
    }

    #[test]
    fn the_six_codes_of_a_page_end_are_released_together() {
        for tag in ["", "1"] {
            let page = format!("{EOL}{tag}1101 1{EOL}{tag}");
            let before = released(&page).0;
            let four = format!("{page}{}", format!("{EOL}{tag}").repeat(4));
            assert_eq!(released(&four).0, before);
            let (upto, incoming) = released(&format!("{page}{}", format!("{EOL}{tag}").repeat(5)));
            assert_eq!(upto, incoming.seen);
        }
    }

    #[test]
    fn what_has_no_lines_passes_all_the_same() {
        let mut incoming = Incoming::default();
        for _ in 0..3000 {
            incoming.octet(0x55);
        }
        assert!(incoming.seen - incoming.released() <= LONGEST_LINE);
        assert!(incoming.released() > 0);
    }

    #[test]
    fn a_short_line_is_filled_and_the_end_of_a_page_is_not() {
        let mut outgoing = Outgoing::default();
        let send = |outgoing: &mut Outgoing, bits: &str| {
            let mut fill = 0;
            for bit in bits.bytes().map(|b| b == b'1') {
                while outgoing.wants_fill(bit, 100) {
                    outgoing.sent(false);
                    fill += 1;
                }
                outgoing.sent(bit);
            }
            fill
        };
        assert_eq!(send(&mut outgoing, EOL), 0);
        assert_eq!(send(&mut outgoing, &format!("1101{EOL}")), 100 - 15);
        assert_eq!(send(&mut outgoing, &EOL.repeat(5)), 0);
        assert_eq!(send(&mut outgoing, &format!("1{EOL}").repeat(5)), 0);
    }
}
