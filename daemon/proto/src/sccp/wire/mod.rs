//! The wire form of SCCP, both directions, protocol versions 3 to 22.
//!
//! Owns: framing, layouts, strings and which layout belongs to which version.
//! Promises: no input panics, hangs or allocates more than the frame is long; missing trailing words are 0 and extra bytes
//! are ignored; an id without a layout is a value (`Unknown`). Leaves to others: what a message means to a call.

mod frame;

pub use frame::{DEFAULT_MAX_BODY, Frame, FrameError, FrameReader, HEADER};

use std::fmt;

use super::message::{ClientMessage, ServerMessage};

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

/// A client message as one buffer, header and body: it must leave in one write.
///
/// `version` is the negotiated one (the offered one before RegisterAck). Text too long for its field is cut.
pub fn encode_client(message: &ClientMessage, version: u8) -> Vec<u8> {
    let _ = (message, version);
    Vec::new()
}

/// A server message as one buffer, header and body.
pub fn encode_server(message: &ServerMessage, version: u8) -> Vec<u8> {
    let _ = (message, version);
    Vec::new()
}

/// What a CallManager sent.
pub fn decode_server(frame: &Frame, version: u8) -> Result<ServerMessage, DecodeError> {
    let _ = version;
    Ok(ServerMessage::Unknown {
        id: frame.id,
        body: frame.body.clone(),
    })
}

/// What a station sent.
pub fn decode_client(frame: &Frame, version: u8) -> Result<ClientMessage, DecodeError> {
    let _ = version;
    Ok(ClientMessage::Unknown {
        id: frame.id,
        body: frame.body.clone(),
    })
}
