//! A capture without the names, numbers and addresses of its people: each is replaced by one of equal length, the same by the
//! same everywhere, so that the capture can be given away and plays as before.
//!
//! Numbers that begin alike begin alike afterwards, and keys pressed one after another become the number that the server
//! repeats. The key is drawn by chance for each run and kept nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::net::Ipv4Addr;

use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, Register, ServerMessage};
use tipring_proto::sccp::wire::{decode_client, decode_server, windows_1252_bytes};
use tipring_types::trace::{Fields, Value};

use super::capture::{Capture, File, FileFrame};

/// Text that no field has: what lies behind the end of one. Shorter runs are numbers that look like text.
const RUBBISH: usize = 6;
const KEYPAD: u32 = 3;
/// Messages by which a server says a digit of the far end: a PIN, one message each.
const START_TONE: u32 = 0x82;
const NOTIFY_DTMF: u32 = 0x127;
const SEND_DTMF: u32 = 0x128;
/// Messages with a text that phrases of the phone's own table may stand in.
const DISPLAYS: [u32; 7] = [0x99, 0x112, 0x114, 0x120, 0x143, 0x144, 0x145];
/// It begins a phrase, of which the next byte is the number.
const PHRASE: u8 = 0x80;

/// What is replaced, by what.
#[derive(Default)]
struct Known {
    /// Texts and binary names, longest first when they are looked for.
    tokens: BTreeMap<Vec<u8>, Vec<u8>>,
    hosts: BTreeMap<Ipv4Addr, Ipv4Addr>,
}

/// The capture as JSON, veiled. `version`: whose layouts the messages of a phone have.
pub(super) fn veiled(capture: &Capture, version: impl Fn(&str) -> u8) -> File {
    let key = RandomState::new();
    let mut known = Known::default();
    // To find it reads all messages of a phone: once each.
    let versions = by_phone(capture, version);
    let version = |phone: &str| versions.get(phone).copied().unwrap_or_default();
    for message in &capture.messages {
        let version = version(&message.phone);
        let fields = if message.from_server {
            decode_server(&message.frame, version).map(|m| {
                for piece in display(&m).into_iter().flat_map(beside_phrases) {
                    known.learn_text(&key, piece, 0);
                }
                catalog::server_message(&m).fields
            })
        } else {
            if let Ok(ClientMessage::Register(Register { mac, .. })) =
                decode_client(&message.frame, version)
                && mac != [0; 6]
            {
                let hash = key.hash_one(mac).to_le_bytes();
                let new = vec![2, 0, 0, hash[0], hash[1], hash[2]];
                known.tokens.insert(mac.to_vec(), new);
            }
            decode_client(&message.frame, version).map(|m| catalog::client_message(&m).fields)
        };
        if let Ok(fields) = fields {
            known.learn(&key, &fields);
        }
    }
    let phones = capture.phones();
    let veiled_name = |phone: &str| {
        let number = phones.iter().position(|p| p == phone).unwrap_or(0) + 1;
        format!("phone-{number}")
    };
    let mut dialled: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut frames = vec![];
    for message in &capture.messages {
        let mut frame = message.frame.clone();
        let pressed = dialled.entry(&message.phone).or_default();
        if message.from_server {
            known.replace(&key, &mut frame.body, DISPLAYS.contains(&frame.id));
            if matches!(frame.id, START_TONE | NOTIFY_DTMF | SEND_DTMF) {
                hush(&mut frame.body);
            }
        } else if frame.id == KEYPAD {
            press(&key, pressed, &mut frame.body);
        } else {
            if let Ok(
                ClientMessage::OffHook(_)
                | ClientMessage::OnHook(_)
                | ClientMessage::SoftKeyEvent(_),
            ) = decode_client(&message.frame, 0)
            {
                pressed.clear();
            }
            known.replace(&key, &mut frame.body, false);
        }
        frames.push(FileFrame::new(
            message,
            &veiled_name(&message.phone),
            &frame,
        ));
    }
    File {
        about: "names, numbers and addresses replaced".to_owned(),
        versions: capture
            .versions
            .iter()
            .map(|(phone, version)| (veiled_name(phone), *version))
            .collect(),
        frames,
    }
}

/// Messages whose fields are not known, so that only texts in them are replaced.
pub(super) fn unread(capture: &Capture, version: impl Fn(&str) -> u8) -> usize {
    let versions = by_phone(capture, version);
    let unread = capture.messages.iter().filter(|message| {
        let version = versions.get(&message.phone).copied().unwrap_or_default();
        // Soft keys are kept whole too, and have texts of the server's own; these two have a user's name and a label.
        match message.from_server {
            true => match decode_server(&message.frame, version) {
                Ok(message) => matches!(
                    message,
                    ServerMessage::Unknown { .. }
                        | ServerMessage::ConfigStat(_)
                        | ServerMessage::FeatureStat(_)
                ),
                Err(_) => true,
            },
            false => match decode_client(&message.frame, version) {
                Ok(message) => matches!(message, ClientMessage::Unknown { .. }),
                Err(_) => true,
            },
        }
    });
    unread.count()
}

fn by_phone(capture: &Capture, version: impl Fn(&str) -> u8) -> BTreeMap<String, u8> {
    let phones = capture.phones();
    let versions = phones
        .iter()
        .map(|phone| (phone.to_string(), version(phone)));
    versions.collect()
}

impl Known {
    fn learn(&mut self, key: &RandomState, fields: &Fields) {
        for field in fields.iter() {
            self.learn_value(key, &field.name, &field.value);
        }
    }

    fn learn_value(&mut self, key: &RandomState, name: &str, value: &Value) {
        match value {
            Value::Text(text) => {
                let kept = if name == "device" { 3 } else { 0 };
                self.learn_text(key, text, kept);
            }
            Value::Address { address } => self.host(*address.ip()),
            Value::Host { address } => self.host(*address),
            Value::List(all) => all.iter().for_each(|v| self.learn_value(key, name, v)),
            Value::Group(fields) => self.learn(key, fields),
            Value::Number(_) | Value::Flag(_) | Value::Word { .. } | Value::Bytes { .. } => {}
        }
    }

    /// A text in UTF-8, and as a server with a code page writes it.
    fn learn_text(&mut self, key: &RandomState, text: &str, kept: usize) {
        let narrow = windows_1252_bytes(text);
        let both = [Some(text.as_bytes().to_vec()), narrow];
        for bytes in both.into_iter().flatten().filter(|b| b.len() >= 2) {
            let new = veil(key, &bytes, kept);
            self.tokens.insert(bytes, new);
        }
    }

    /// Addresses for documentation, in the order in which they appear.
    fn host(&mut self, host: Ipv4Addr) {
        if host.is_unspecified() || self.hosts.contains_key(&host) {
            return;
        }
        let used: BTreeSet<Ipv4Addr> = self.hosts.values().copied().collect();
        let nets = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
        let free = nets
            .into_iter()
            .flat_map(|[a, b, c]| (1..255).map(move |d| Ipv4Addr::new(a, b, c, d)))
            .find(|new| !used.contains(new))
            .unwrap_or(Ipv4Addr::new(192, 0, 2, 255));
        self.hosts.insert(host, free);
    }

    /// `phrases`: a text with phrases of the phone's own table stands in it, and they stay.
    fn replace(&self, key: &RandomState, body: &mut [u8], phrases: bool) {
        let mut at = 0;
        while let Some(rest) = body.get(at..) {
            if rest.is_empty() {
                return;
            }
            let word = rest.get(..4).and_then(|w| <[u8; 4]>::try_from(w).ok());
            let host = word
                .filter(|_| at % 4 == 0)
                .and_then(|word| self.hosts.get(&Ipv4Addr::from(word)));
            let before = at.checked_sub(1).and_then(|before| body.get(before));
            let in_number = before.is_some_and(u8::is_ascii_digit);
            let token = self
                .tokens
                .iter()
                .filter(|(old, _)| rest.starts_with(old))
                .filter(|(old, _)| !(in_number && old.first().is_some_and(u8::is_ascii_digit)))
                .max_by_key(|(old, _)| old.len());
            let text = text_len(rest);
            let new = match (host, token) {
                _ if phrases && rest.len() > 1 && rest[0] == PHRASE => rest[..2].to_vec(),
                (Some(host), _) => host.octets().to_vec(),
                (None, Some((_, new))) => new.clone(),
                (None, None) if text >= RUBBISH => veil(key, &rest[..text], 0),
                (None, None) => vec![rest[0]],
            };
            if let Some(place) = body.get_mut(at..at + new.len()) {
                place.copy_from_slice(&new);
            }
            at += new.len().max(1);
        }
    }
}

/// How far a text goes: letters of a code page count only beside others, for numbers are full of such bytes.
fn text_len(bytes: &[u8]) -> usize {
    let plain = |at: usize| bytes.get(at).is_some_and(|b| (0x20..0x7F).contains(b));
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let beside = |at: usize| letter(at + 1) || at.checked_sub(1).is_some_and(letter);
    let of_code_page = |at: usize| bytes.get(at).is_some_and(|b| *b > PHRASE) && beside(at);
    (0..bytes.len())
        .take_while(|at| plain(*at) || of_code_page(*at))
        .count()
}

/// The text of a message that phrases may stand in.
fn display(message: &ServerMessage) -> Option<&str> {
    match message {
        ServerMessage::DisplayText(m) => Some(&m.text),
        ServerMessage::DisplayPromptStatus(m) => Some(&m.text),
        ServerMessage::DisplayNotify(m) => Some(&m.text),
        ServerMessage::DisplayPriNotify(m) => Some(&m.text),
        _ => None,
    }
}

/// What stands between the phrases of a text.
fn beside_phrases(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(char::from(PHRASE)).enumerate();
    // The first character of all but the first is the number of the phrase.
    pieces.filter_map(|(n, piece)| {
        let number = piece.chars().next().filter(|_| n > 0);
        piece.get(number.map_or(0, char::len_utf8)..)
    })
}

/// A text of equal length: digits become digits, letters letters, the rest stays. `kept`: bytes at its begin that stay.
fn veil(key: &RandomState, text: &[u8], kept: usize) -> Vec<u8> {
    let mut number: Vec<u8> = vec![];
    text.iter()
        .enumerate()
        .map(|(at, &byte)| {
            if at < kept {
                return byte;
            }
            if byte.is_ascii_digit() {
                let new = digit(key, &number, byte);
                number.push(byte);
                return new;
            }
            number.clear();
            let letter = u8::try_from(key.hash_one((text, at)) % 26).unwrap_or(0);
            match byte {
                b'A'..=b'Z' => b'A' + letter,
                b'a'..=b'z' | 0x81.. => b'a' + letter,
                other => other,
            }
        })
        .collect()
}

/// The digit that stands for this one behind these: another for each, so that no two numbers become one.
fn digit(key: &RandomState, before: &[u8], digit: u8) -> u8 {
    let mut order: Vec<u8> = (b'0'..=b'9').collect();
    order.sort_by_key(|d| key.hash_one((before, d)));
    order
        .get(usize::from(digit.wrapping_sub(b'0')))
        .copied()
        .unwrap_or(digit)
}

/// A digit as a tone number becomes always the same one.
fn hush(body: &mut [u8]) {
    if let Some(word) = body.first_chunk_mut::<4>()
        && (1..=16).contains(&u32::from_le_bytes(*word))
    {
        *word = 1_u32.to_le_bytes();
    }
}

/// A key of the phone: a digit behind those that were pressed before.
fn press(key: &RandomState, pressed: &mut Vec<u8>, body: &mut [u8]) {
    if let Some(button) = body.first_mut().filter(|button| **button < 10) {
        let old = b'0' + *button;
        *button = digit(key, pressed, old).wrapping_sub(b'0');
        pressed.push(old);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::capture::Captured;
    use super::*;
    use tipring_proto::sccp::message::{
        CallInfo, DisplayPromptStatus, KeypadButton, StartMediaTransmission,
    };
    use tipring_proto::sccp::wire::{Frame, FrameReader, HEADER, encode_client, encode_server};

    fn frame(bytes: &[u8]) -> Frame {
        let mut reader = FrameReader::default();
        reader.push(bytes);
        reader.next_frame().unwrap().unwrap()
    }

    fn capture(messages: &[(bool, Vec<u8>)]) -> Capture {
        let messages = messages
            .iter()
            .map(|(from_server, bytes)| Captured {
                at: Duration::ZERO,
                phone: "10.1.2.3".to_owned(),
                from_server: *from_server,
                frame: frame(bytes),
            })
            .collect();
        Capture {
            about: "Acme".to_owned(),
            messages,
            ..Capture::default()
        }
    }

    fn all(file: &File) -> Vec<Frame> {
        file.frames
            .iter()
            .map(|f| {
                let bytes: Vec<u8> = (0..f.hex.len() / 2)
                    .map(|i| u8::from_str_radix(&f.hex[2 * i..2 * i + 2], 16).unwrap())
                    .collect();
                frame(&bytes)
            })
            .collect()
    }

    #[test]
    fn names_numbers_and_addresses_are_replaced_by_the_same_everywhere() {
        for version in [3, 20] {
            let info = ServerMessage::CallInfo(CallInfo {
                calling_number: "5551234".to_owned(),
                calling_name: "Müller".to_owned(),
                called_number: "555".to_owned(),
                ..CallInfo::default()
            });
            let prompt = ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
                timeout_s: 0,
                text: "\u{80}\u{17}5551234".to_owned(),
                line: Default::default(),
                call: Default::default(),
            });
            let mut messages: Vec<_> = [&info, &prompt]
                .map(|m| (true, encode_server(m, version)))
                .to_vec();
            for key in [5, 5, 5] {
                let key = ClientMessage::KeypadButton(KeypadButton {
                    button: key,
                    line: Default::default(),
                    call: Default::default(),
                });
                messages.push((false, encode_client(&key, version)));
            }
            let before = capture(&messages);
            let file = veiled(&before, |_| version);
            let frames = all(&file);
            let Ok(ServerMessage::CallInfo(info)) = decode_server(&frames[0], version) else {
                panic!("another message");
            };
            let Ok(ServerMessage::DisplayPromptStatus(prompt)) = decode_server(&frames[1], version)
            else {
                panic!("another message");
            };
            assert_eq!(info.calling_number.len(), 7);
            assert!(
                info.calling_number.starts_with(&info.called_number),
                "{info:?}"
            );
            assert_eq!(prompt.text, format!("\u{80}\u{17}{}", info.calling_number));
            assert!(!info.calling_name.contains('M') || info.calling_name != "Müller");
            let keys: String = frames[2..]
                .iter()
                .map(|f| char::from(b'0' + f.body[0]))
                .collect();
            assert_eq!(keys, info.called_number);
            let text = serde_json::to_string(&file).unwrap();
            assert!(
                !text.contains("10.1.2.3") && !text.contains("Acme"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_address_becomes_one_for_documentation_and_what_lies_behind_a_text_no_longer_says_anything()
     {
        let start = ServerMessage::StartMediaTransmission(StartMediaTransmission {
            conference: Default::default(),
            party: Default::default(),
            remote: "10.9.8.7:4000".parse().unwrap(),
            ptime_ms: 20,
            format: tipring_proto::sccp::message::MediaFormat::G711_ULAW,
            precedence: 0,
            vad: false,
            max_frames: 0,
            call: Default::default(),
            encryption: Default::default(),
            rfc2833_payload: 0,
            nse_payload: None,
        });
        let prompt = ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
            timeout_s: 0,
            text: "ok".to_owned(),
            line: Default::default(),
            call: Default::default(),
        });
        let mut soiled = encode_server(&prompt, 3);
        soiled[HEADER + 10..HEADER + 22].copy_from_slice(b"Secret Agent");
        let file = veiled(
            &capture(&[(true, encode_server(&start, 3)), (true, soiled)]),
            |_| 3,
        );
        let frames = all(&file);
        let Ok(ServerMessage::StartMediaTransmission(start)) = decode_server(&frames[0], 3) else {
            panic!("another message");
        };
        assert_eq!(start.remote, "192.0.2.1:4000".parse().unwrap());
        assert!(!frames[1].body.windows(6).any(|w| w == b"Secret"));
    }

    #[test]
    fn short_names_beside_phrases_and_names_in_a_code_page_leave_nothing_of_themselves() {
        let prompt = |text: &str| {
            ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
                timeout_s: 0,
                text: text.to_owned(),
                line: Default::default(),
                call: Default::default(),
            })
        };
        for version in [3, 20] {
            for (text, name) in [
                ("\u{80}\u{17}Bo", "Bo"),
                // A phrase whose number is a letter, before and behind a name.
                ("\u{80}BEve\u{80}BIda", "Eve"),
                ("\u{80}\u{17}Žižek", "ek"),
                ("\u{80}\u{17}Łuk", "uk"),
                ("Œuf", "uf"),
            ] {
                let bytes = encode_server(&prompt(text), version);
                let phrases = |text: &str| -> Vec<char> {
                    let split = text.split(char::from(PHRASE)).skip(1);
                    split.filter_map(|piece| piece.chars().next()).collect()
                };
                // Two letters become themselves by chance; not every time.
                let hidden = (0..8).any(|_| {
                    let file = veiled(&capture(&[(true, bytes.clone())]), |_| version);
                    let after = all(&file).remove(0);
                    assert_eq!(after.body.len(), frame(&bytes).body.len());
                    let Ok(ServerMessage::DisplayPromptStatus(m)) = decode_server(&after, version)
                    else {
                        panic!("another message");
                    };
                    assert_eq!(phrases(&m.text), phrases(text), "{version}");
                    !m.text.contains(name)
                });
                assert!(hidden, "{version} {text}");
            }
        }
        // Of a message that nobody knows: letters of a code page do not make two short texts of a name.
        let mut unknown = encode_server(&prompt(""), 3);
        unknown[8..12].copy_from_slice(&0x7777_u32.to_le_bytes());
        unknown[HEADER + 8..HEADER + 16].copy_from_slice(b"M\xFCllerin");
        let after = all(&veiled(&capture(&[(true, unknown)]), |_| 3)).remove(0);
        assert!(!after.body.windows(5).any(|w| w == b"lleri"), "{after:?}");
    }

    #[test]
    fn digits_that_the_server_says_are_all_the_same_and_other_tones_stay() {
        for (tone, after) in [
            (1, 1),
            (5, 1),
            (10, 1),
            (16, 1),
            (0, 0),
            (33, 33),
            (0x24, 0x24),
        ] {
            let mut body = u32::to_le_bytes(tone).to_vec();
            body.extend([0; 8]);
            hush(&mut body);
            assert_eq!(body[..4], u32::to_le_bytes(after), "{tone}");
        }
        hush(&mut [5, 0, 0]);
    }
}
