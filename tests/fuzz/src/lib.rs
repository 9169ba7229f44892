//! What the fuzz targets share: reading an input as a program of steps.
#![forbid(unsafe_code)]

/// A fuzzer's input read as a list of steps with arguments. What is missing at the end is 0 or empty.
#[derive(Debug)]
pub struct Program<'a> {
    rest: &'a [u8],
}

impl<'a> Program<'a> {
    /// The program in these bytes.
    pub fn new(input: &'a [u8]) -> Program<'a> {
        Program { rest: input }
    }

    /// The next step; `None` at the end.
    pub fn next_step(&mut self) -> Option<u8> {
        let (step, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*step)
    }

    /// One byte as an argument.
    pub fn byte(&mut self) -> u8 {
        self.next_step().unwrap_or(0)
    }

    /// Two bytes as an argument.
    pub fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// One of these.
    pub fn choice<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// Mostly small numbers that meet again, sometimes the edges of 32 bits.
    pub fn number(&mut self) -> u32 {
        match self.byte() {
            0 => 0,
            255 => u32::MAX,
            254 => u32::MAX / 2 + 1,
            253 => u32::from(self.word()) << 16,
            small @ ..=15 => u32::from(small),
            other => u32::from(other % 5),
        }
    }

    /// Bytes behind their own length.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}
