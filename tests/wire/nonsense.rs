//! Frames that are wrong in every way: nothing panics, nothing hangs, and what is understood is said to be.

use tipring_proto::sccp::catalog::{client_message, server_message};
use tipring_proto::sccp::message::{ButtonTemplate, ClientMessage, ServerMessage};
use tipring_proto::sccp::wire::{
    DecodeError, Frame, FrameReader, decode_client, decode_server, encode_client, encode_server,
};

use crate::golden::{client_frames, in_words, server_frames};
use crate::round_trip::known_ids;

/// xorshift64*: the same nonsense on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Mostly small numbers, as real bodies have, sometimes anything.
    fn byte(&mut self) -> u8 {
        match self.next() % 4 {
            0 => self.next() as u8,
            1 => (self.next() % 8) as u8,
            _ => 0,
        }
    }
}

/// Decodes, describes and encodes again in both directions. What was understood once is understood again, and nothing
/// more gets lost on the way.
fn chew(frame: &Frame, version: u8) {
    if let Ok(message) = decode_client(frame, version) {
        is_one_line(&in_words(client_message(&message)));
        if !matches!(message, ClientMessage::Unknown { .. }) {
            let bytes = encode_client(&message, version);
            let again = decode_client(&reframe(&bytes), version).expect("our own frame");
            assert_eq!(encode_client(&again, version), bytes, "{message:?}");
        }
    }
    if let Ok(message) = decode_server(frame, version) {
        is_one_line(&in_words(server_message(&message)));
        if !matches!(message, ServerMessage::Unknown { .. }) {
            let bytes = encode_server(&message, version);
            let again = decode_server(&reframe(&bytes), version).expect("our own frame");
            assert_eq!(encode_server(&again, version), bytes, "{message:?}");
        }
    }
}

fn is_one_line(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

fn reframe(bytes: &[u8]) -> Frame {
    let mut reader = FrameReader::new(1 << 20);
    reader.push(bytes);
    reader.next_frame().unwrap().expect("a whole frame")
}

#[test]
fn random_bodies_of_every_length_at_every_version_never_panic() {
    let mut random = Random(1);
    let (clients, servers) = known_ids();
    let ids: Vec<u32> = clients.into_iter().chain(servers).chain([0x7000]).collect();
    let mut chewed = 0;
    for &id in &ids {
        for length in 0..=400 {
            let body: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            let frame = Frame {
                header_version: 0,
                id,
                body,
            };
            for version in (0..=22).chain([48, 255]) {
                chew(&frame, version);
                chewed += 1;
            }
        }
    }
    assert_eq!(chewed, ids.len() * 401 * 25);
}

#[test]
fn captured_frames_cut_anywhere_or_with_bits_flipped_never_panic() {
    let mut random = Random(2);
    for golden in server_frames().into_iter().chain(client_frames()) {
        let whole = golden.frame;
        let step = whole.body.len() / 64 + 1;
        for length in (0..whole.body.len()).step_by(step) {
            let mut cut = whole.clone();
            cut.body.truncate(length);
            chew(&cut, golden.version);
        }
        for _ in 0..16 {
            let mut flipped = whole.clone();
            if !flipped.body.is_empty() {
                for _ in 0..=random.below(4) {
                    let at = random.below(flipped.body.len());
                    flipped.body[at] ^= 1 << random.below(8);
                }
            }
            chew(&flipped, random.below(23) as u8);
        }
    }
}

#[test]
fn random_streams_end_in_frames_or_one_error_that_stays() {
    let mut random = Random(3);
    for _ in 0..2000 {
        let mut reader = FrameReader::default();
        let mut pushed = 0;
        let mut failed = None;
        for _ in 0..8 {
            let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.byte()).collect();
            reader.push(&bytes);
            pushed += bytes.len();
            loop {
                match reader.next_frame() {
                    Ok(Some(frame)) => {
                        assert!(failed.is_none());
                        assert!(frame.body.len() <= pushed);
                        chew(&frame, 17);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        assert!(failed.is_none_or(|f| f == error));
                        failed = Some(error);
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn a_start_media_too_short_for_its_address_names_field_and_sizes() {
    let frame = |length| Frame {
        header_version: 0,
        id: 0x8A,
        body: vec![0; length],
    };
    let error = decode_server(&frame(12), 3).unwrap_err();
    assert_eq!(
        error,
        DecodeError::Short {
            id: 0x8A,
            field: "remote address",
            needed: 16,
            actual: 12,
        }
    );
    assert_eq!(
        error.to_string(),
        "message 008A: remote address needs a body of 16 bytes, got 12; frame dropped"
    );
    // 31 bytes would do below 17; from there on the address is wide.
    assert!(decode_server(&frame(31), 16).is_ok());
    assert!(matches!(
        decode_server(&frame(31), 17),
        Err(DecodeError::Short {
            needed: 32,
            actual: 31,
            ..
        })
    ));
}

#[test]
fn an_ipv6_address_and_a_port_that_is_none_are_refused_by_name() {
    let mut frame = Frame {
        header_version: 0,
        id: 0x8A,
        body: vec![0; 132],
    };
    frame.body[8] = 1;
    assert_eq!(
        decode_server(&frame, 17).unwrap_err().to_string(),
        "message 008A: remote address is 1, understood is address type 0 (IPv4); frame dropped"
    );
    frame.body[8] = 0;
    frame.body[30] = 1;
    assert_eq!(
        decode_server(&frame, 17).unwrap_err().to_string(),
        "message 008A: remote address is 65536, understood is a port of 0 to 65535; frame dropped"
    );
}

#[test]
fn a_count_that_promises_more_than_there_is_gives_what_there_is() {
    let mut body = vec![0; 16];
    body[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    body[12..16].copy_from_slice(&[1, 9, 2, 9]);
    let frame = Frame {
        header_version: 0,
        id: 0x97,
        body,
    };
    assert_eq!(
        decode_server(&frame, 3),
        Ok(ServerMessage::ButtonTemplate(ButtonTemplate {
            offset: 0,
            total: 0,
            buttons: vec![(1, 9), (2, 9)],
        }))
    );
}
