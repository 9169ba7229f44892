//! TCP bytes to whole frames.
//!
//! Owns: reassembly and the one length check that everything after it relies on.
//! Promises: never holds more than one frame beyond what was pushed, never trusts a length, copies each byte a
//! constant number of times. Leaves to others: what a frame means.

use std::fmt;

/// Bytes before the body: length, header version, message id (each u32, little-endian).
pub const HEADER: usize = 12;

/// The length word counts the message id and the body.
const ID: usize = 4;

/// Longest body a station accepts; the longest message seen or described is below 3000 bytes.
pub const DEFAULT_MAX_BODY: usize = 4096;

/// One frame as it came, before any sense is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Second header word: 0, or the protocol version from 10 on.
    pub header_version: u32,
    /// Message id.
    pub id: u32,
    /// What follows the id.
    pub body: Vec<u8>,
}

impl Frame {
    /// The frame as bytes, header included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.body.len());
        let length = u32::try_from(ID + self.body.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.header_version.to_le_bytes());
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.body);
        out
    }
}

/// Why a byte stream is no SCCP any more. The connection is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The length word is smaller than the message id alone.
    TooShort {
        /// Length word as it came.
        length: u32,
    },
    /// The length word says more than this reader accepts.
    TooLong {
        /// Message id, when it had arrived already.
        id: Option<u32>,
        /// Length word as it came.
        length: u32,
        /// Largest length word accepted.
        limit: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooShort { length } => {
                write!(
                    f,
                    "frame length {length} is below 4, the size of a message id"
                )
            }
            FrameError::TooLong {
                id: Some(id),
                length,
                limit,
            } => write!(
                f,
                "message {id:04X}: frame length {length} is above the limit {limit}"
            ),
            FrameError::TooLong {
                id: None,
                length,
                limit,
            } => write!(f, "frame length {length} is above the limit {limit}"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Collects bytes of one connection and hands out whole frames.
///
/// After an error it stays in error and swallows whatever is pushed.
#[derive(Clone, Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already handed out.
    used: usize,
    max_length: u32,
    error: Option<FrameError>,
}

impl Default for FrameReader {
    fn default() -> Self {
        FrameReader::new(DEFAULT_MAX_BODY)
    }
}

impl FrameReader {
    /// A reader that accepts bodies of up to `max_body` bytes.
    pub fn new(max_body: usize) -> FrameReader {
        FrameReader {
            buffer: Vec::new(),
            used: 0,
            max_length: u32::try_from(max_body.saturating_add(ID)).unwrap_or(u32::MAX),
            error: None,
        }
    }

    /// Takes bytes as the socket gave them. Call [`FrameReader::next_frame`] until it gives `None` before the next push,
    /// so that no more than one unfinished frame is kept.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.error.is_some() {
            return;
        }
        // Move the unfinished rest to the front only when at least as much is dropped: each byte moves O(1) times.
        if self.used >= self.buffer.len() - self.used {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, `None` when more bytes are needed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let rest = &self.buffer[self.used..];
        let Some(length) = word(rest, 0) else {
            return Ok(None);
        };
        let id = word(rest, 8);
        // Refused as soon as the length is there: a wrong one must not make us wait for bytes.
        let error = if length < ID as u32 {
            Some(FrameError::TooShort { length })
        } else if length > self.max_length {
            Some(FrameError::TooLong {
                id,
                length,
                limit: self.max_length,
            })
        } else {
            None
        };
        if let Some(error) = error {
            self.error = Some(error);
            self.buffer = Vec::new();
            self.used = 0;
            return Err(error);
        }
        let (Some(header_version), Some(id)) = (word(rest, 4), id) else {
            return Ok(None);
        };
        let end = HEADER + (length as usize - ID);
        let Some(body) = rest.get(HEADER..end) else {
            return Ok(None);
        };
        let frame = Frame {
            header_version,
            id,
            body: body.to_vec(),
        };
        self.used += end;
        Ok(Some(frame))
    }

    /// Bytes held that are not handed out yet.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.used
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(id: u32, body: &[u8]) -> Frame {
        Frame {
            header_version: 0,
            id,
            body: body.to_vec(),
        }
    }

    fn drain(reader: &mut FrameReader) -> Vec<Frame> {
        std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_are_cut() {
        let frames = [
            frame(0x100, b""),
            frame(0x82, &[1; 16]),
            frame(0xFFFF_FFFF, &[2; 4096]),
        ];
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::to_bytes).collect();
        for size in 1..=bytes.len() {
            let mut reader = FrameReader::default();
            let mut out = Vec::new();
            for piece in bytes.chunks(size) {
                reader.push(piece);
                out.extend(drain(&mut reader));
            }
            assert_eq!(out, frames, "pieces of {size} bytes");
            assert_eq!(reader.pending(), 0);
        }
    }

    #[test]
    fn a_length_below_four_or_above_the_limit_ends_the_connection_at_once() {
        let mut reader = FrameReader::new(100);
        reader.push(&3u32.to_le_bytes());
        assert_eq!(reader.next_frame(), Err(FrameError::TooShort { length: 3 }));

        let mut reader = FrameReader::new(100);
        reader.push(&105u32.to_le_bytes());
        let error = FrameError::TooLong {
            id: None,
            length: 105,
            limit: 104,
        };
        assert_eq!(reader.next_frame(), Err(error));
        // The error stays, and what follows is not collected.
        reader.push(&[0; 1000]);
        assert_eq!(reader.next_frame(), Err(error));
        assert_eq!(reader.pending(), 0);

        let mut reader = FrameReader::new(100);
        reader.push(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0x82, 0, 0, 0]);
        assert_eq!(
            reader.next_frame(),
            Err(FrameError::TooLong {
                id: Some(0x82),
                length: u32::MAX,
                limit: 104,
            })
        );
    }

    #[test]
    fn frames_before_a_wrong_length_are_still_handed_out() {
        let good = frame(0x100, b"");
        let mut reader = FrameReader::new(100);
        reader.push(&good.to_bytes());
        reader.push(&[0; 4]);
        assert_eq!(reader.next_frame(), Ok(Some(good)));
        assert_eq!(reader.next_frame(), Err(FrameError::TooShort { length: 0 }));
    }

    #[test]
    fn handed_out_bytes_do_not_pile_up() {
        let bytes = frame(0x82, &[1; 16]).to_bytes();
        let mut reader = FrameReader::default();
        for _ in 0..10_000 {
            // One byte always stays behind, so the buffer never empties.
            reader.push(&bytes[reader.pending()..]);
            reader.push(&bytes[..1]);
            assert_eq!(drain(&mut reader).len(), 1);
        }
        assert!(reader.buffer.capacity() < 1024);
    }
}
