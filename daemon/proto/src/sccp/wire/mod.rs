//! The wire form of SCCP, both directions, protocol versions 3 to 22.
//!
//! Owns: framing, strings, words and addresses in a body. The layouts are with the messages (`sccp/message/`).
//! Promises: no input panics, hangs or allocates more than the frame is long; missing trailing words are 0 and extra bytes
//! are ignored; an id without a layout is a value (`Unknown`). Leaves to others: what a message means to a call.

mod codec;
mod frame;
pub(super) mod layout;
pub(super) mod text;

pub use codec::{decode_client, decode_server, decode_server_in, encode_client, encode_server};
pub use frame::{DEFAULT_MAX_BODY, Frame, FrameError, FrameReader, HEADER};
pub use text::windows_1252_bytes;

use std::fmt;

/// Why a whole frame could not be understood. The frame is to be dropped and counted; the connection may live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The body ends before a field nothing can be done without.
    Short {
        /// Message id.
        id: u32,
        /// The field's name.
        field: &'static str,
        /// Bytes the body must have at least.
        needed: usize,
        /// Bytes it has.
        actual: usize,
    },
    /// A field holds what this side cannot act on.
    Value {
        /// Message id.
        id: u32,
        /// The field's name.
        field: &'static str,
        /// What would be understood.
        needed: &'static str,
        /// What came.
        actual: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Short {
                id,
                field,
                needed,
                actual,
            } => write!(
                f,
                "message {id:04X}: {field} needs a body of {needed} bytes, got {actual}; frame dropped"
            ),
            DecodeError::Value {
                id,
                field,
                needed,
                actual,
            } => write!(
                f,
                "message {id:04X}: {field} is {actual}, understood is {needed}; frame dropped"
            ),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The header's second word: 0 below version 10, the version from there on (chan-sccp does so, chan_skinny ignores it).
fn header_version(version: u8) -> u32 {
    const IN_HEADER_FROM: u8 = 10;
    if version < IN_HEADER_FROM {
        0
    } else {
        version.into()
    }
}
