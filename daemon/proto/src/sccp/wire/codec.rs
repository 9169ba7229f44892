//! A message to a frame and back. Which message has which id and layout is said in its family's file.

use super::frame::Frame;
use super::layout::Writer;
use super::{DecodeError, header_version};
use crate::sccp::message::{ClientMessage, ServerMessage};
use crate::types::CodePage;

/// A client message as one buffer, header and body: it must leave in one write (chan_skinny drops a connection whose
/// header comes in pieces).
///
/// `version` is the negotiated one. Register, RegisterTokenReq and Alarm carry header version 0: they may come before there is one.
/// Text too long for its field is cut between characters, a list at its end.
pub fn encode_client(message: &ClientMessage, version: u8) -> Vec<u8> {
    let id = message.id_at(version);
    let mut writer = Writer::new(version, id != message.id_at(0));
    message.encode(&mut writer);
    writer.finish(id, header(message.versioned(), version))
}

/// A server message as one buffer, header and body.
///
/// `version` is the negotiated one; RegisterAck carries header version 0. Text too long for its field is cut between
/// characters, a list at its end.
pub fn encode_server(message: &ServerMessage, version: u8) -> Vec<u8> {
    let id = message.id_at(version);
    let mut writer = Writer::new(version, id != message.id_at(0));
    message.encode(&mut writer);
    writer.finish(id, header(message.versioned(), version))
}

fn header(versioned: bool, version: u8) -> u32 {
    if versioned {
        header_version(version)
    } else {
        0
    }
}

impl ClientMessage {
    /// The message's id on the wire.
    pub fn id(&self) -> u32 {
        self.id_at(0)
    }
}

impl ServerMessage {
    /// The message's id on the wire as [`encode_server`] sends it: some have a second form with an id of its own.
    pub fn id(&self, version: u8) -> u32 {
        self.id_at(version)
    }
}

/// What a station sent. `version` is the negotiated one.
pub fn decode_client(frame: &Frame, version: u8) -> Result<ClientMessage, DecodeError> {
    ClientMessage::decode(frame, version, CodePage::Windows1252)
}

/// What a CallManager sent. `version` is the negotiated one; both forms of a message are read at every version.
///
/// ```
/// use tipring_proto::sccp::message::ServerMessage;
/// use tipring_proto::sccp::wire::{DEFAULT_MAX_BODY, FrameReader, decode_server, encode_server};
/// let bytes = encode_server(&ServerMessage::KeepAliveAck, 17);
/// assert_eq!(bytes.len(), 12); // length, version, message id
/// let mut reader = FrameReader::new(DEFAULT_MAX_BODY);
/// reader.push(&bytes[..7]);
/// assert_eq!(reader.next_frame(), Ok(None)); // TCP keeps no messages together
/// reader.push(&bytes[7..]);
/// let frame = reader.next_frame().unwrap().unwrap();
/// assert_eq!(decode_server(&frame, 17), Ok(ServerMessage::KeepAliveAck));
/// ```
pub fn decode_server(frame: &Frame, version: u8) -> Result<ServerMessage, DecodeError> {
    decode_server_in(frame, version, CodePage::Windows1252)
}

/// The same from a CallManager that writes its names in a code page of its own, where it does not write UTF-8.
pub fn decode_server_in(
    frame: &Frame,
    version: u8,
    code_page: CodePage,
) -> Result<ServerMessage, DecodeError> {
    ServerMessage::decode(frame, version, code_page)
}
