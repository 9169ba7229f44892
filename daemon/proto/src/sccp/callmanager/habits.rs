//! What Cisco's server does to messages on their way out: texts instead of phrase codes, bodies that end early, words that other
//! servers leave at zero, rubbish behind texts, versions in headers, several messages in a segment.

use crate::sccp::catalog::phrases;
use crate::sccp::message::{DisplayPriNotify, DisplayPromptStatus, DisplayText, ServerMessage};
use crate::sccp::wire::HEADER;

use super::dialect::phrase;
use super::switches::{Headers, Release, Switches};

const REGISTER_ACK: u32 = 0x81;
const START_TONE: u32 = 0x82;
const STOP_TONE: u32 = 0x83;
const SET_RINGER: u32 = 0x85;
const START_MEDIA: u32 = 0x8A;
const CALL_INFO: u32 = 0x8F;
const LINE_STAT: u32 = 0x92;
const VERSION: u32 = 0x98;
const DISPLAY_TEXT: u32 = 0x99;
const CAPABILITIES_REQ: u32 = 0x9B;
const REJECT: u32 = 0x9D;
const OPEN_RECEIVE: u32 = 0x105;
const CLOSE_RECEIVE: u32 = 0x106;
const STOP_MEDIA: u32 = 0x8B;
const CALL_STATE: u32 = 0x111;
const PROMPT: u32 = 0x112;
const DIALED: u32 = 0x11D;
const PRI_NOTIFY: u32 = 0x120;
const PRI_NOTIFY_V2: u32 = 0x144;
const PROMPT_V2: u32 = 0x145;

/// The precedence word of every CallState: "normal" (W).
const NORMAL: u32 = 4;
/// Way of sending digits named in media messages (W).
const DTMF_TYPE: u32 = 10;
/// The source port that OpenReceiveChannel names, whatever the true one is (W)(T).
const SOURCE_PORT: u32 = 4000;

/// The message as this release has it; `None`: this release has no such message.
pub(super) fn translated(switches: &Switches, message: &ServerMessage) -> Option<ServerMessage> {
    if switches.release >= Release::Four {
        return Some(message.clone());
    }
    Some(match message {
        // CallManager 2: no states, no soft keys; what is shown is a DisplayText (W).
        ServerMessage::CallState(_)
        | ServerMessage::SelectSoftKeys(_)
        | ServerMessage::DisplayPriNotify(_)
        | ServerMessage::DialedNumber(_)
        | ServerMessage::ActivateCallPlane(_)
        | ServerMessage::KeepAliveAck
            if switches.release == Release::Two =>
        {
            return None;
        }
        ServerMessage::DisplayPromptStatus(prompt) if switches.release == Release::Two => {
            ServerMessage::DisplayText(DisplayText {
                text: spelled(&prompt.text),
            })
        }
        ServerMessage::DisplayPromptStatus(prompt) => {
            ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
                text: spelled(&prompt.text),
                ..prompt.clone()
            })
        }
        ServerMessage::DisplayPriNotify(notify) => {
            ServerMessage::DisplayPriNotify(DisplayPriNotify {
                text: spelled(&notify.text),
                ..notify.clone()
            })
        }
        message => message.clone(),
    })
}

/// A text without phrase codes: "From" stands before a number.
fn spelled(text: &str) -> String {
    phrases(&text.replace(phrase::FROM, &format!("{} ", phrase::FROM)))
}

/// The bytes of one message as this release sends them. `count`: how many went before on this connection.
pub(super) fn finish(switches: &Switches, layouts: u8, count: u64, bytes: &mut Vec<u8>) {
    let Some(id) = word(bytes, 8) else { return };
    fill_words(id, layouts, bytes);
    if let Some(body) = shorter(switches.release, id) {
        bytes.truncate(HEADER + body);
        let length = u32::try_from(bytes.len().saturating_sub(8)).unwrap_or(0);
        put(bytes, 0, length);
    }
    // Known from a media device at version 18 (W).
    let early = matches!(id, REGISTER_ACK | CAPABILITIES_REQ | VERSION);
    if early || (switches.headers == Headers::Mixed && count.is_multiple_of(2)) {
        put(bytes, 4, 0);
    }
    if switches.garbage {
        soil(id, layouts, bytes);
    }
}

/// Words that other servers leave at zero.
fn fill_words(id: u32, layouts: u8, bytes: &mut [u8]) {
    let wide = layouts >= 17;
    match id {
        CALL_STATE => put(bytes, HEADER + 16, NORMAL),
        // Behind the RFC 2833 payload type: way of digits, mixing, direction, address and port of the source.
        OPEN_RECEIVE if wide => {
            put(bytes, HEADER + 88, DTMF_TYPE);
            put(bytes, HEADER + 120, SOURCE_PORT);
        }
        START_MEDIA if wide => put(bytes, HEADER + 120, DTMF_TYPE),
        _ => {}
    }
}

/// Marks a StartMediaTransmission as one of a recorder: mixing, and 1 what the phone says or 2 what it hears (W).
pub(super) fn mark_recorded(bytes: &mut [u8], direction: u32) {
    put(bytes, HEADER + 124, 1);
    put(bytes, HEADER + 128, direction);
}

/// Bytes of the body, where this release ends it early.
fn shorter(release: Release, id: u32) -> Option<usize> {
    let body = match (release, id) {
        (Release::Two, REGISTER_ACK) => 12,                     // (W)
        (Release::Two | Release::ThreeOne, START_TONE) => 4,    // (W)(R)
        (Release::Two | Release::ThreeOne, SET_RINGER) => 4,    // (W)(R)
        (Release::Two | Release::ThreeOne, STOP_TONE) => 0,     // (W)(R)
        (Release::Two | Release::ThreeOne, CLOSE_RECEIVE) => 8, // (R)
        (Release::Two | Release::ThreeOne, STOP_MEDIA) => 8,    // (inf)
        (Release::Two, OPEN_RECEIVE) => 24,                     // (W), there as 008C
        (Release::Two, START_MEDIA) => 36,                      // (W)
        (Release::ThreeOne, OPEN_RECEIVE) => 28,                // (inf) "shorter"
        (Release::ThreeOne, START_MEDIA) => 44,                 // (inf) "shorter"
        (Release::Four, STOP_TONE) => 8,                        // (W)
        (Release::Four, OPEN_RECEIVE) => 68,                    // (W)
        (Release::Four, START_MEDIA) => 84,                     // (W)
        _ => return None,
    };
    Some(body)
}

/// What the stack held before: a pointer, and pieces of the server's own trace lines (W).
const SOIL: &[u8] = b"\x40\xF7\x12\x00StationD: 00000F2 Callmanager.exe\x0C\x10\x84\x7C";

/// Rubbish behind the end of every text of a fixed width.
fn soil(id: u32, layouts: u8, bytes: &mut [u8]) {
    let texts: &[(usize, usize)] = match id {
        REGISTER_ACK => &[(4, 6)],
        CALL_INFO => &[
            (0, 40),
            (40, 24),
            (64, 40),
            (104, 24),
            (140, 40),
            (180, 24),
            (204, 40),
            (244, 24),
        ],
        LINE_STAT if layouts < 17 => &[(4, 24), (28, 40)],
        DISPLAY_TEXT => &[(0, 32)],
        REJECT => &[(0, 33)],
        PROMPT => &[(4, 32)],
        PRI_NOTIFY => &[(8, 32)],
        DIALED if layouts < 18 => &[(0, 24)],
        // What pads a text to four bytes.
        PRI_NOTIFY_V2 => &[(8, usize::MAX)],
        PROMPT_V2 => &[(12, usize::MAX)],
        _ => &[],
    };
    for &(at, len) in texts {
        let end = at
            .saturating_add(len)
            .saturating_add(HEADER)
            .min(bytes.len());
        let Some(field) = bytes.get_mut(HEADER + at..end) else {
            continue;
        };
        let text_end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
        for (byte, soil) in field.iter_mut().skip(text_end + 1).zip(SOIL.iter().cycle()) {
            *byte = *soil;
        }
    }
}

/// Appends to the last segment of a connection, if there is room in it: `batch` messages.
pub(super) fn joins(segment: &[u8], batch: u8) -> bool {
    let mut messages = 0;
    let mut at = 0;
    while let Some(length) = word(segment, at) {
        messages += 1;
        at += 8 + usize::try_from(length).unwrap_or(usize::MAX / 2);
    }
    messages < usize::from(batch)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(field) = bytes.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{RegisterAck, SetRinger, StopTone};
    use crate::sccp::wire::{FrameReader, decode_server, encode_server};

    fn sent(switches: Switches, layouts: u8, message: &ServerMessage) -> Vec<u8> {
        let message = translated(&switches, message).unwrap();
        let mut bytes = encode_server(&message, layouts);
        finish(&switches, layouts, 1, &mut bytes);
        bytes
    }

    fn read(bytes: &[u8], layouts: u8) -> ServerMessage {
        let mut reader = FrameReader::default();
        reader.push(bytes);
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!(reader.pending(), 0);
        decode_server(&frame, layouts).unwrap()
    }

    fn release(release: Release) -> Switches {
        Switches {
            release,
            garbage: release < Release::Four,
            ..Switches::default()
        }
    }

    /// Lengths of the table of versions (bodies and four bytes) (W).
    #[test]
    fn bodies_are_as_long_as_captures_have_them() {
        let ack = ServerMessage::RegisterAck(RegisterAck {
            keepalive_s: 30,
            secondary_keepalive_s: 60,
            version: 20,
            features: [0; 3],
            date_template: *b"M/D/Y\0",
        });
        let stop = ServerMessage::StopTone(StopTone {
            line: Default::default(),
            call: Default::default(),
            tone: Default::default(),
        });
        for (of, layouts, message, length) in [
            (Release::Two, 3, &ack, 16),
            (Release::Eight, 20, &ack, 24),
            (Release::Two, 3, &stop, 4),
            (Release::Four, 6, &stop, 12),
            (Release::Eight, 20, &stop, 16),
        ] {
            let bytes = sent(release(of), layouts, message);
            assert_eq!(
                (word(&bytes, 0), bytes.len()),
                (Some(length), length as usize + 8),
                "{of:?}"
            );
        }
    }

    #[test]
    fn rubbish_behind_a_text_changes_no_text_and_old_releases_spell_phrases() {
        let prompt = ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
            timeout_s: 0,
            text: "\u{80}\u{17}2001".to_owned(),
            line: Default::default(),
            call: Default::default(),
        });
        let bytes = sent(release(Release::ThreeOne), 3, &prompt);
        assert!(bytes.windows(8).any(|w| w == b"StationD"));
        let ServerMessage::DisplayPromptStatus(read) = read(&bytes, 3) else {
            panic!("another message");
        };
        assert_eq!(read.text, "From 2001");
        let bytes = sent(release(Release::Two), 3, &prompt);
        assert_eq!(word(&bytes, 8), Some(DISPLAY_TEXT));
    }

    #[test]
    fn a_ringer_of_3_1_ends_behind_its_mode() {
        let ringer = ServerMessage::SetRinger(SetRinger {
            mode: crate::sccp::message::RingMode::OUTSIDE,
            duration: 1,
            line: crate::types::LineInstance(1),
            call: crate::types::CallRef(7),
        });
        let ServerMessage::SetRinger(read) = read(&sent(release(Release::ThreeOne), 3, &ringer), 3)
        else {
            panic!("another message");
        };
        assert_eq!((read.mode.0, read.call.0), (3, 0));
    }

    #[test]
    fn a_segment_takes_as_many_messages_as_the_switch_says() {
        let one = encode_server(&ServerMessage::KeepAliveAck, 3);
        let mut segment = vec![];
        for count in 0..10 {
            assert!(joins(&segment, 10), "{count}");
            segment.extend(&one);
        }
        assert!(!joins(&segment, 10));
        assert!(!joins(&one, 1));
    }
}
