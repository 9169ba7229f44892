//! A byte stream from an unknown peer: reassembled, decoded as both sides, described, encoded, decoded again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipring_ctl::report::{SccpMessage, Trace};
use tipring_ctl::words;
use tipring_proto::sccp::catalog::{client_message, server_message};
use tipring_proto::sccp::message::{ClientMessage, ServerMessage};
use tipring_proto::sccp::wire::{
    Frame, FrameReader, decode_client, decode_server, encode_client, encode_server,
};

fuzz_target!(|input: &[u8]| {
    let [version, piece, stream @ ..] = input else {
        return;
    };
    let mut reader = FrameReader::default();
    for bytes in stream.chunks(usize::from(*piece).max(1)) {
        reader.push(bytes);
        while let Ok(Some(frame)) = reader.next_frame() {
            both_ways(&frame, *version);
        }
    }
});

fn both_ways(frame: &Frame, version: u8) {
    if let Ok(message) = decode_client(frame, version) {
        one_line(client_message(&message));
        let bytes = encode_client(&message, version);
        // An unknown message keeps its header's version to itself, so only the known ones come back the same.
        if !matches!(message, ClientMessage::Unknown { .. }) {
            let again = decode_client(&reframe(&bytes), version).expect("our own frame");
            assert_eq!(encode_client(&again, version), bytes, "{message:?}");
        }
    }
    if let Ok(message) = decode_server(frame, version) {
        one_line(server_message(&message));
        let bytes = encode_server(&message, version);
        if !matches!(message, ServerMessage::Unknown { .. }) {
            let again = decode_server(&reframe(&bytes), version).expect("our own frame");
            assert_eq!(encode_server(&again, version), bytes, "{message:?}");
        }
    }
}

fn reframe(bytes: &[u8]) -> Frame {
    let mut reader = FrameReader::new(1 << 16);
    reader.push(bytes);
    reader
        .next_frame()
        .expect("our own length")
        .expect("a whole frame")
}

fn one_line(message: SccpMessage) {
    let text = words::trace(&Trace::SccpMessage(message), None);
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}
