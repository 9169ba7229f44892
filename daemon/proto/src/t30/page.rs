//! Lines of a page without error correction.

/// Zeros before the one that ends a line (T.4 §4.1.2).
const ZEROS: u32 = 11;

/// Counts the ends of lines in a stream of bits. The six in a row that end a page count as no lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    zeros: u32,
    /// Bits since the last end of a line.
    since: u32,
    lines: u32,
    /// Ends in a row.
    row: u32,
}

impl Lines {
    /// Octets as they came, the bit that was first on the line lowest.
    pub fn push(&mut self, octets: &[u8]) {
        for octet in octets {
            for n in 0..8 {
                self.bit(octet >> n & 1 != 0);
            }
        }
    }

    /// Lines that have come.
    pub fn count(&self) -> u32 {
        self.lines
    }

    fn bit(&mut self, one: bool) {
        self.since = self.since.saturating_add(1);
        if !one {
            self.zeros = self.zeros.saturating_add(1);
            return;
        }
        let ends = self.zeros >= ZEROS;
        // With two-dimensional coding a tag bit follows.
        let empty = self.since <= self.zeros + 2;
        self.zeros = 0;
        if !ends {
            return;
        }
        self.since = 0;
        if empty {
            self.row += 1;
        } else {
            self.row = 0;
            self.lines = self.lines.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits as octets, the first lowest.
    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().map(|b| b - b'0').collect();
        bits.chunks(8)
            .map(|c| c.iter().enumerate().fold(0, |o, (n, b)| o | b << n))
            .collect()
    }

    #[test]
    fn lines_are_counted_and_the_end_of_the_page_is_none() {
        let end = "000000000001";
        for tag in ["", "1"] {
            // Some fill, a line, its end, ten times; then six ends.
            let line = format!("00110101{}1{end}{tag}", "0".repeat(7));
            let page = format!(
                "{end}{tag}{}{}",
                line.repeat(10),
                format!("{end}{tag}").repeat(5)
            );
            let mut lines = Lines::default();
            lines.push(&packed(&page));
            assert_eq!(lines.count(), 10, "tag {tag:?}");
        }
    }

    #[test]
    fn a_pause_of_zeros_is_no_line() {
        let mut lines = Lines::default();
        lines.push(&[0; 4000]);
        assert_eq!(lines.count(), 0);
    }
}
