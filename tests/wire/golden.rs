//! Captured frames (golden/, see golden/MANIFEST) against our decoder, with tshark's reading beside.

use std::collections::BTreeSet;

use tipring_ctl::report::{SccpMessage, Trace};
use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, DialedNumber, ServerMessage};
use tipring_proto::sccp::wire::{Frame, FrameReader, decode_client, decode_server};

use crate::fields;

/// One distinct captured frame.
pub(crate) struct Golden {
    pub(crate) version: u8,
    captures: String,
    pub(crate) frame: Frame,
    /// tshark's fields, name and value.
    fields: Vec<(String, String)>,
}

impl Golden {
    fn malformed(&self) -> bool {
        self.fields.iter().any(|(name, _)| name == "malformed")
    }

    fn place(&self) -> String {
        format!(
            "message {:04X}, version {}, captures {}",
            self.frame.id, self.version, self.captures
        )
    }
}

pub(crate) fn server_frames() -> Vec<Golden> {
    parse(include_str!("golden/frames-server.tsv"))
}

pub(crate) fn client_frames() -> Vec<Golden> {
    parse(include_str!("golden/frames-client.tsv"))
}

fn parse(text: &str) -> Vec<Golden> {
    text.lines()
        .map(|line| {
            let [version, captures, frame, fields] =
                line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let mut reader = FrameReader::default();
            reader.push(&bytes(frame));
            let frame = reader.next_frame().unwrap().expect("a whole frame");
            assert_eq!(reader.pending(), 0);
            Golden {
                version: version.parse().unwrap(),
                captures: captures.to_owned(),
                frame,
                fields: fields
                    .split(';')
                    .map(|field| field.split_once('=').unwrap())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            }
        })
        .collect()
}

/// Hex in which `z12.` stands for twelve zero bytes.
fn bytes(mut hex: &str) -> Vec<u8> {
    let mut out = Vec::new();
    while !hex.is_empty() {
        if let Some(rest) = hex.strip_prefix('z') {
            let (count, rest) = rest.split_once('.').unwrap();
            out.resize(out.len() + count.parse::<usize>().unwrap(), 0);
            hex = rest;
        } else {
            out.push(u8::from_str_radix(&hex[..2], 16).unwrap());
            hex = &hex[2..];
        }
    }
    out
}

/// chan_skinny asks only "below 17 or not", so two of its messages are not what tshark expects of 18 and above.
fn tshark_reads_another_layout(golden: &Golden) -> bool {
    const START_MEDIA_TRANSMISSION: u32 = 0x8A;
    const DIALED_NUMBER: u32 = 0x11D;
    match golden.frame.id {
        // All compared fields stand before the block that tshark misses.
        START_MEDIA_TRANSMISSION => false,
        DIALED_NUMBER => golden.version >= 18,
        _ => false,
    }
}

#[test]
fn every_server_frame_decodes_to_what_tshark_reads() {
    let (mut frames, mut compared, mut apart, mut malformed) = (0, 0, Vec::new(), 0);
    let mut ids = BTreeSet::new();
    for golden in server_frames() {
        let message = decode_server(&golden.frame, golden.version)
            .unwrap_or_else(|e| panic!("{}: {e}", golden.place()));
        assert!(
            !matches!(message, ServerMessage::Unknown { .. }),
            "{}: unknown",
            golden.place()
        );
        ids.insert(golden.frame.id);
        frames += 1;
        malformed += usize::from(golden.malformed());
        if tshark_reads_another_layout(&golden) {
            apart.push(message);
            continue;
        }
        let expected = fields::server(&message, golden.frame.id, golden.version);
        let mut differences = expected.differences(&golden.fields);
        // chan_skinny sends a mask of active forwards; we keep whether there is one, each has its own word besides.
        differences.retain(|d| d != "activeForward: ours [\"1\"], tshark [\"7\"]");
        assert!(
            differences.is_empty(),
            "{}: {differences:#?}",
            golden.place()
        );
        compared += expected.count();
    }
    println!(
        "{frames} server frames, {} ids, {compared} fields compared with tshark",
        ids.len()
    );
    assert_eq!((frames, ids.len()), (FRAMES_SERVER, IDS_SERVER));
    // Two frames end in layouts that tshark takes as cut short, the two others are distinguished by their size below.
    assert_eq!(malformed, 4);
    let dialed = |call| {
        ServerMessage::DialedNumber(DialedNumber {
            number: "1002".to_owned(),
            line: tipring_proto::types::LineInstance(1),
            call: tipring_proto::types::CallRef(call),
        })
    };
    assert_eq!(apart, [dialed(5), dialed(7)]);
}

#[test]
fn every_client_frame_decodes_to_what_tshark_reads() {
    let (mut frames, mut compared) = (0, 0);
    let (mut unknown, mut refused) = (BTreeSet::new(), Vec::new());
    for golden in client_frames() {
        frames += 1;
        let message = match decode_client(&golden.frame, golden.version) {
            Ok(ClientMessage::Unknown { id, .. }) => {
                unknown.insert(id);
                continue;
            }
            Ok(message) => message,
            Err(error) => {
                refused.push(error.to_string());
                continue;
            }
        };
        let expected = fields::client(&message);
        let differences = expected.differences(&golden.fields);
        let differences: Vec<_> = differences
            .into_iter()
            // A body that ends early: what is not there is 0 for us and no field for tshark.
            .filter(|d| {
                !d.ends_with("ours [\"0\"], tshark []")
                    && !d.ends_with("[\"000000000000\"], tshark []")
            })
            .collect();
        assert!(
            differences.is_empty(),
            "{}: {differences:#?}",
            golden.place()
        );
        compared += expected.count();
    }
    println!(
        "{frames} client frames, {compared} fields compared with tshark, unknown ids {unknown:x?}"
    );
    assert_eq!(frames, FRAMES_CLIENT);
    assert_eq!(unknown, BTreeSet::from(UNKNOWN_CLIENT));
    // Three registrations with names of 16 characters, which no server takes either.
    let error =
        "message 0001: length of the device name is 16, understood is 1 to 15; frame dropped";
    assert_eq!(refused, [error; 3]);
}

#[test]
fn every_captured_message_is_described_by_its_name_in_one_line() {
    for golden in server_frames() {
        let message = decode_server(&golden.frame, golden.version).unwrap();
        let line = in_words(catalog::server_message(&message));
        let name = catalog::server_name(golden.frame.id).unwrap();
        assert!(line.starts_with(name.trim_end_matches("V2")), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    for golden in client_frames() {
        let Ok(message) = decode_client(&golden.frame, golden.version) else {
            continue; // refused: see above
        };
        let line = in_words(catalog::client_message(&message));
        if let Some(name) = catalog::client_name(golden.frame.id) {
            assert!(line.starts_with(name), "{line}");
        }
    }
}

/// The line of a trace.
pub(crate) fn in_words(message: SccpMessage) -> String {
    tipring_ctl::words::trace(&Trace::SccpMessage(message), None)
}

/// Figures of golden/MANIFEST: a frame that goes missing is noticed.
const FRAMES_SERVER: usize = 1373;
const IDS_SERVER: usize = 36;
const FRAMES_CLIENT: usize = 377;
const UNKNOWN_CLIENT: [u32; 0] = [];
