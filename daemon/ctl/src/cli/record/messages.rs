//! Messages out of the bytes of connections.

use std::collections::BTreeMap;
use std::time::Duration;

use tipring_ctl::report::SccpBytes;
use tipring_proto::sccp::wire::{DEFAULT_MAX_BODY, FrameReader};

use crate::cli::output::Failure;
use crate::cli::replay::capture::{Capture, Captured, MISSING, from_hex};

/// Most messages of a recording, and most bytes.
const MOST_MESSAGES: usize = 100_000;
const MOST_BYTES: usize = 32 << 20;
/// Messages of a connection that does nothing else: a standby.
const KEEPALIVES: [u32; 2] = [0x0000, 0x0100];

/// What has been recorded.
#[derive(Debug, Default)]
pub(super) struct Messages {
    capture: Capture,
    /// By port: the version that it speaks.
    speaks: BTreeMap<u16, u8>,
    /// By connection: the name of its phone.
    phones: BTreeMap<u64, String>,
    /// By connection and direction.
    readers: BTreeMap<(u64, bool), FrameReader>,
    begin_us: Option<u64>,
    bytes: usize,
    lost: u64,
    /// Bytes that belong to no message, for the recording began within one, or lost its begin.
    pieces: u64,
}

impl Messages {
    /// A port is registered in this version.
    pub(super) fn speaks(&mut self, port: u16, version: u8) {
        self.speaks.insert(port, version);
    }

    /// Too much for one recording.
    pub(super) fn is_full(&self) -> bool {
        self.capture.messages.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES
    }

    /// The daemon could not hand over this number of pieces.
    pub(super) fn lost(&mut self, count: u64) {
        self.lost += count;
        self.readers.clear();
    }

    pub(super) fn take(&mut self, piece: &SccpBytes) {
        let Some(bytes) = from_hex(&piece.hex) else {
            self.pieces += 1;
            return;
        };
        self.bytes += bytes.len();
        let begin = *self.begin_us.get_or_insert(piece.at_us);
        let at = Duration::from_micros(piece.at_us.saturating_sub(begin));
        let phone = self.phone(piece.port, piece.connection);
        let key = (piece.connection, piece.sent);
        if !self.readers.contains_key(&key) && !begins_a_message(&bytes) {
            self.pieces += 1;
            return;
        }
        let reader = self.readers.entry(key).or_default();
        reader.push(&bytes);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => self.capture.messages.push(Captured {
                    at,
                    phone: phone.clone(),
                    from_server: !piece.sent,
                    frame,
                }),
                Ok(None) => return,
                Err(_) => {
                    self.pieces += 1;
                    self.readers.remove(&key);
                    return;
                }
            }
        }
    }

    /// A name for each connection: the first one of a port has its number alone.
    fn phone(&mut self, port: u16, connection: u64) -> String {
        if let Some(name) = self.phones.get(&connection) {
            return name.clone();
        }
        let first = format!("port-{port}");
        let further = format!("{first}-");
        let is_of_port = |name: &&String| **name == first || name.starts_with(&further);
        let before = self.phones.values().filter(is_of_port).count();
        let name = match before {
            0 => first,
            before => format!("{further}{}", before + 1),
        };
        if let Some(version) = self.speaks.get(&port) {
            self.capture.versions.insert(name.clone(), *version);
        }
        self.phones.insert(connection, name.clone());
        name
    }

    /// What is not as it should be.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![];
        if self.is_full() {
            remarks.push(format!(
                "the recording ended by itself: {MOST_MESSAGES} messages or {} MiB are the most that one has",
                MOST_BYTES >> 20
            ));
        }
        if self.lost > 0 || self.pieces > 0 {
            remarks.push(format!(
                "messages are missing in it: {} pieces could not be handed over in time, {} had no begin",
                self.lost, self.pieces
            ));
        }
        remarks
    }

    /// What was recorded, without connections that carried keepalives only.
    pub(super) fn finish(self) -> Result<Capture, Failure> {
        let mut capture = self.capture;
        let says_more = |phone: &String| {
            let mut all = capture.messages.iter().filter(|m| m.phone == *phone);
            all.any(|m| !KEEPALIVES.contains(&m.frame.id))
        };
        let phones: Vec<String> = capture.phones().into_iter().filter(says_more).collect();
        capture.messages.retain(|m| phones.contains(&m.phone));
        capture.versions.retain(|phone, _| phones.contains(phone));
        if capture.messages.is_empty() {
            return Err(Failure::failed(
                "no SCCP message came while it was recorded, except keepalives, so there is no file".to_owned(),
                "make the call while the recording runs",
            ));
        }
        capture.about = format!("recorded by tipring {}", tipring_ctl::VERSION);
        if self.lost > 0 || self.pieces > 0 {
            capture.about += MISSING;
        }
        Ok(capture)
    }
}

/// A header of a message, as far as it is there: length, version, id.
fn begins_a_message(bytes: &[u8]) -> bool {
    let word = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        word.try_into().ok().map(u32::from_le_bytes)
    };
    let most = u32::try_from(DEFAULT_MAX_BODY).unwrap_or(u32::MAX);
    word(0).is_none_or(|length| (4..=most).contains(&length))
        && word(4).is_none_or(|version| version <= 22)
        && word(8).is_none_or(|id| id <= 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::message::{CallOnLine, ClientMessage, ServerMessage};
    use tipring_proto::sccp::wire::{encode_client, encode_server};

    fn piece(connection: u64, sent: bool, at_us: u64, bytes: &[u8]) -> SccpBytes {
        SccpBytes {
            at_us,
            port: 7,
            connection,
            sent,
            hex: bytes.iter().map(|b| format!("{b:02x}")).collect(),
        }
    }

    fn lift() -> Vec<u8> {
        encode_client(&ClientMessage::OffHook(CallOnLine::default()), 20)
    }

    #[test]
    fn messages_are_whole_however_their_bytes_came_and_keepalives_alone_are_no_recording() {
        let mut messages = Messages::default();
        messages.speaks(7, 20);
        let ack = encode_server(&ServerMessage::KeepAliveAck, 20);
        messages.take(&piece(3, false, 1_000, &[&ack[..], &ack[..5]].concat()));
        messages.take(&piece(3, false, 2_000, &ack[5..]));
        messages.take(&piece(3, true, 2_500, &lift()));
        // A standby.
        messages.take(&piece(4, false, 3_000, &ack));
        let remarks = messages.remarks();
        let capture = messages.finish().unwrap();
        let all: Vec<_> = capture
            .of("port-7")
            .map(|m| (m.at.as_micros(), m.from_server, m.frame.id))
            .collect();
        assert_eq!(
            all,
            [(0, true, 0x100), (1_000, true, 0x100), (1_500, false, 6)]
        );
        assert_eq!(capture.phones(), ["port-7"]);
        assert_eq!(capture.versions.get("port-7"), Some(&20));
        assert!(remarks.is_empty(), "{remarks:?}");

        let mut idle = Messages::default();
        idle.take(&piece(1, false, 0, &ack));
        assert!(
            idle.finish()
                .unwrap_err()
                .message
                .contains("no SCCP message")
        );
    }

    #[test]
    fn what_was_lost_is_said_and_what_follows_is_read_again() {
        let mut messages = Messages::default();
        let ack = encode_server(&ServerMessage::KeepAliveAck, 20);
        // It begins within a message, and loses the end of another one.
        messages.take(&piece(1, true, 0, &lift()[9..]));
        messages.take(&piece(1, false, 1, &ack[..6]));
        messages.lost(3);
        messages.take(&piece(1, false, 2, &ack));
        messages.take(&piece(1, true, 3, &lift()));
        let remarks = messages.remarks();
        assert!(
            remarks[0].contains("3 pieces") && remarks[0].contains("1 had no begin"),
            "{remarks:?}"
        );
        let capture = messages.finish().unwrap();
        assert_eq!(capture.messages.len(), 2);
        assert!(capture.about.contains("missing"));
    }

    #[test]
    fn a_recording_that_nobody_ends_is_bounded() {
        let mut messages = Messages::default();
        let ten: Vec<u8> = std::iter::repeat_n(lift(), 10).flatten().collect();
        let mut n = 0;
        while !messages.is_full() {
            n += 1;
            messages.take(&piece(1, true, n, &ten));
        }
        assert_eq!(messages.capture.messages.len(), MOST_MESSAGES);
        assert!(messages.remarks()[0].contains("ended by itself"));
    }
}
