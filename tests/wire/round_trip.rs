//! What we write we read again, at every version; and the properties a peer relies on.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use tipring_proto::sccp::message::{Alarm, CapabilitiesRes, ClientMessage, ServerMessage};
use tipring_proto::sccp::wire::{
    Frame, FrameReader, decode_client, decode_server, encode_client, encode_server,
};

use crate::strategies::{Kind, client, server};

const VERSIONS: std::ops::RangeInclusive<u8> = 3..=22;

/// The one frame in `bytes`, nothing left over.
pub(crate) fn one_frame(bytes: &[u8]) -> Frame {
    let mut reader = FrameReader::default();
    reader.push(bytes);
    let frame = reader.next_frame().unwrap().expect("a whole frame");
    assert_eq!(reader.pending(), 0, "bytes after the frame");
    frame
}

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn a_client_message_comes_back_as_it_went_at_every_version() {
    for version in VERSIONS {
        for strategy in client(version, Kind::Any) {
            runner()
                .run(&strategy, |message| {
                    let frame = one_frame(&encode_client(&message, version));
                    prop_assert_eq!(decode_client(&frame, version), Ok(message));
                    Ok(())
                })
                .unwrap_or_else(|e| panic!("version {version}: {e}"));
        }
    }
}

#[test]
fn a_server_message_comes_back_as_it_went_at_every_version() {
    for version in VERSIONS {
        for strategy in server(version, Kind::Any) {
            runner()
                .run(&strategy, |message| {
                    let frame = one_frame(&encode_server(&message, version));
                    prop_assert_eq!(frame.id, message.id(version));
                    prop_assert_eq!(decode_server(&frame, version), Ok(message));
                    Ok(())
                })
                .unwrap_or_else(|e| panic!("version {version}: {e}"));
        }
    }
}

/// Ids that have a layout.
pub(crate) fn known_ids() -> (BTreeSet<u32>, BTreeSet<u32>) {
    let frame = |id| Frame {
        header_version: 0,
        id,
        body: vec![0; 400],
    };
    let unknown_client = |id| {
        matches!(
            decode_client(&frame(id), 3),
            Ok(ClientMessage::Unknown { .. })
        )
    };
    let unknown_server = |id| {
        matches!(
            decode_server(&frame(id), 3),
            Ok(ServerMessage::Unknown { .. })
        )
    };
    let ids = 0..0x1000;
    (
        ids.clone().filter(|id| !unknown_client(*id)).collect(),
        ids.filter(|id| !unknown_server(*id)).collect(),
    )
}

#[test]
fn the_strategies_leave_no_known_message_out() {
    let mut runner = TestRunner::deterministic();
    let mut sample = |strategies: Vec<BoxedStrategy<u32>>| -> BTreeSet<u32> {
        strategies
            .iter()
            .map(|s| s.new_tree(&mut runner).unwrap().current())
            .filter(|id| *id < 0x1000)
            .collect()
    };
    let mut clients = BTreeSet::new();
    let mut servers = BTreeSet::new();
    for version in VERSIONS {
        clients.extend(sample(
            client(version, Kind::Any)
                .into_iter()
                .map(|s| s.prop_map(|m| m.id()).boxed())
                .collect(),
        ));
        servers.extend(sample(
            server(version, Kind::Any)
                .into_iter()
                .map(|s| s.prop_map(move |m| m.id(version)).boxed())
                .collect(),
        ));
    }
    let (known_clients, mut known_servers) = known_ids();
    assert_eq!(clients, known_clients);
    // Kept whole and read only: the newer form of a message that we send in the old one.
    for read_only in [0x142, 0x146] {
        assert!(known_servers.remove(&read_only));
    }
    assert_eq!(servers, known_servers);
}

#[test]
fn the_header_carries_the_version_from_10_on_but_never_in_register_alarm_and_register_ack() {
    let header = |bytes: Vec<u8>| one_frame(&bytes).header_version;
    for version in VERSIONS {
        let expected = if version < 10 { 0 } else { version.into() };
        assert_eq!(
            header(encode_client(&ClientMessage::KeepAlive, version)),
            expected
        );
        assert_eq!(
            header(encode_server(&ServerMessage::KeepAliveAck, version)),
            expected
        );
        let mut runner = TestRunner::deterministic();
        for strategy in client(version, Kind::Any) {
            let message = strategy.new_tree(&mut runner).unwrap().current();
            let early = matches!(
                message,
                ClientMessage::Register(_)
                    | ClientMessage::RegisterTokenReq(_)
                    | ClientMessage::Alarm(_)
            );
            assert_eq!(
                header(encode_client(&message, version)),
                if early { 0 } else { expected }
            );
        }
        for strategy in server(version, Kind::Any) {
            let message = strategy.new_tree(&mut runner).unwrap().current();
            let early = matches!(message, ServerMessage::RegisterAck(_));
            assert_eq!(
                header(encode_server(&message, version)),
                if early { 0 } else { expected }
            );
        }
    }
}

#[test]
fn text_and_lists_too_long_are_cut_and_the_rest_of_the_message_stays() {
    use tipring_proto::sccp::message::{AlarmSeverity, MediaCapability, MediaFormat};
    let long = "ä".repeat(500);
    for version in VERSIONS {
        let alarm = ClientMessage::Alarm(Alarm {
            severity: AlarmSeverity::MAJOR,
            text: long.clone(),
            p1: 1,
            p2: 2,
        });
        let frame = one_frame(&encode_client(&alarm, version));
        assert_eq!(frame.body.len(), 92);
        let kept = if version < 17 { 79 } else { 39 };
        assert_eq!(
            decode_client(&frame, version),
            Ok(ClientMessage::Alarm(Alarm {
                severity: AlarmSeverity::MAJOR,
                text: "ä".repeat(kept),
                p1: 1,
                p2: 2,
            }))
        );
        let one = MediaCapability {
            format: MediaFormat::G711_ULAW,
            max_frames: 40,
        };
        let frame = one_frame(&encode_client(
            &ClientMessage::CapabilitiesRes(CapabilitiesRes {
                capabilities: vec![one; 30],
            }),
            version,
        ));
        assert_eq!(
            decode_client(&frame, version),
            Ok(ClientMessage::CapabilitiesRes(CapabilitiesRes {
                capabilities: vec![one; 18],
            }))
        );
    }
}

#[test]
fn chan_skinny_accepts_the_length_of_everything_we_send() {
    // Its limit is 2000 bytes a message.
    let mut runner = TestRunner::deterministic();
    for version in VERSIONS {
        for strategy in client(version, Kind::Any) {
            let message = strategy.new_tree(&mut runner).unwrap().current();
            assert!(encode_client(&message, version).len() <= 2000);
        }
    }
}
