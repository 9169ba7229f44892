//! Media legs.

use super::*;
use crate::sccp::message::{
    MulticastMediaReceptionAck, MulticastStatus, StartMediaTransmissionAck,
    StartMulticastMediaReception, StopMulticastMediaReception,
};

#[test]
fn start_before_open_and_start_before_the_socket_both_work() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), start(1, 0), open(1, 0)]);
    b.outputs();
    b.opened(1);
    assert_eq!(
        b.seen(),
        [ack(MediaStatus::OK, 1, 0), start_send(1), bridge(1)]
    );
    let mut b = Bench::new();
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), open(1, 0), start(1, 0)]);
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0), open_receive(1, 1)]);
    b.opened(1);
    assert_eq!(
        b.seen(),
        [ack(MediaStatus::OK, 1, 0), start_send(1), bridge(1)]
    );
}

#[test]
fn the_party_is_sent_back_unsigned_with_the_servers_reference() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), open(4_294_967_294, 1)]);
    b.outputs();
    b.opened(4_294_967_294);
    assert_eq!(
        b.seen(),
        [
            ack(MediaStatus::OK, 4_294_967_294, 1),
            bridge(4_294_967_294)
        ]
    );
}

#[test]
fn from_version_17_on_the_start_is_acknowledged() {
    let mut b = Bench::new();
    b.input(Input::StationUp { version: 17 });
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), open(9, 1)]);
    b.opened(9);
    b.outputs();
    b.says(&[start(9, 1)]);
    let acked = |address, status| {
        Output::Send(ClientMessage::StartMediaTransmissionAck(
            StartMediaTransmissionAck {
                conference: Conference(9),
                party: Party(9),
                call: CallRef(1),
                address,
                status,
            },
        ))
    };
    assert_eq!(b.seen(), [start_send(9), acked(local(9), MediaStatus::OK)]);
    let mut odd = start_message(9, 1);
    odd.format = MediaFormat::G729A;
    b.says(&[ServerMessage::StartMediaTransmission(odd)]);
    let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    assert_eq!(b.seen(), [acked(nowhere, MediaStatus::INVALID_CODEC)]);
}

#[test]
fn what_cannot_be_done_is_refused_with_its_status() {
    let mut b = Bench::new();
    b.says(&[open(3, 0)]);
    assert_eq!(b.seen(), [ack(MediaStatus::DEVICE_ON_HOOK, 3, 0)]);
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1)]);
    b.outputs();
    let with = |change: fn(&mut OpenReceiveChannel)| {
        let ServerMessage::OpenReceiveChannel(mut message) = open(1, 0) else {
            unreachable!("open() makes nothing else");
        };
        change(&mut message);
        ServerMessage::OpenReceiveChannel(message)
    };
    b.says(&[
        with(|m| m.format = MediaFormat::G729),
        with(|m| m.ptime_ms = 60),
        with(|m| m.encryption.algorithm = 1),
    ]);
    assert_eq!(
        b.seen(),
        [
            ack(MediaStatus::INVALID_CODEC, 1, 0),
            ack(MediaStatus::INVALID_PACKET_SIZE, 1, 0),
            ack(MediaStatus::UNKNOWN, 1, 0)
        ]
    );
    b.says(&[open(1, 0)]);
    b.input(Input::Media(MediaInput::ReceiveOpened {
        party: Party(1),
        result: Err(MediaStatus::OUT_OF_SOCKETS),
    }));
    assert_eq!(
        b.seen(),
        [open_receive(1, 1), ack(MediaStatus::OUT_OF_SOCKETS, 1, 0)]
    );
    assert_eq!(b.port.snapshot().counters.media_refused, 5);
}

#[test]
fn a_stop_for_media_never_opened_is_nothing() {
    let mut b = Bench::new();
    b.says(&[close(8), stop(8)]);
    b.talking(1);
    b.says(&[close(8), stop(8), stop(0)]);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.media_ignored, 5);
}

#[test]
fn an_answer_to_a_socket_that_was_closed_meanwhile_is_for_nobody() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        open(1, 0),
        close(1),
        open(1, 0),
    ]);
    assert_eq!(
        b.seen(),
        [
            DTMF_ON,
            off_hook(0, 0),
            open_receive(1, 1),
            close_receive(1),
            open_receive(1, 1)
        ]
    );
    b.opened(1);
    assert_eq!(b.seen(), []);
    b.opened(1);
    assert_eq!(b.seen(), [ack(MediaStatus::OK, 1, 0), bridge(1)]);
}

#[test]
fn direct_media_moves_the_far_end_without_a_new_socket() {
    let mut b = Bench::new();
    b.talking(1);
    let mut moved = start_message(1, 0);
    moved.remote = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 7), 4000);
    b.says(&[
        stop(1),
        ServerMessage::StartMediaTransmission(moved.clone()),
    ]);
    assert_eq!(
        b.seen(),
        [
            media(MediaOutput::StopSend { party: Party(1) }),
            media(MediaOutput::StartSend {
                party: Party(1),
                remote: moved.remote,
                codec: Codec::G711Ulaw,
                ptime_ms: 20,
                rfc2833_payload: None,
                nse_payload: None,
                dscp: 46,
            })
        ]
    );
}

#[test]
fn the_counters_of_a_finished_call_are_sent_when_asked_for() {
    let mut b = Bench::new();
    b.talking(1);
    b.hang_up();
    b.outputs();
    let wanted = |call: u32| {
        ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
            number: "2001".into(),
            call: CallRef(call),
            mode: 0,
        })
    };
    b.says(&[wanted(1)]);
    assert_eq!(
        b.seen(),
        [media(MediaOutput::NeedStatistics {
            party: Party(1),
            call: CallRef(1)
        })]
    );
    let reported = |call: u32, packets_sent| {
        Output::Send(ClientMessage::ConnectionStatisticsRes(
            ConnectionStatistics {
                number: "2001".into(),
                call: CallRef(call),
                packets_sent,
                ..ConnectionStatistics::default()
            },
        ))
    };
    b.input(Input::Media(MediaInput::Statistics {
        call: CallRef(1),
        counters: crate::call::LegStatistics {
            packets_sent: 50,
            ..Default::default()
        },
    }));
    assert_eq!(b.seen(), [reported(1, 50)]);
    b.says(&[wanted(99)]);
    assert_eq!(b.seen(), [reported(99, 0)]);
}

/// A recorded call as CallManager 8 starts it at protocol version 20: the order, the counters and the gaps are those of
/// a capture of one (nDPI's `skinny.pcap`, and the trace in Cisco's document 200788); the numbers are our own. The
/// conference is the reference of the call; party and reference of each copy are new and never announced.
mod recorded {
    use super::*;

    pub(super) const CALL: u32 = 0x0100_001B;
    pub(super) const OWN: u32 = 0x0100_0050;
    /// To the recorder: party, reference.
    pub(super) const VOICE: (u32, u32) = (0x0100_0051, 0x0100_001C);
    pub(super) const HEARD: (u32, u32) = (0x0100_0053, 0x0100_001D);

    pub(super) fn copy((party, call): (u32, u32)) -> ServerMessage {
        let mut message = start_message(party, call);
        message.conference = Conference(CALL);
        message.remote =
            SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 5), 20_000 + (party % 100) as u16);
        ServerMessage::StartMediaTransmission(message)
    }

    pub(super) fn own() -> ServerMessage {
        let mut message = start_message(OWN, CALL);
        message.conference = Conference(CALL);
        ServerMessage::StartMediaTransmission(message)
    }

    /// Ringing, and lifted.
    pub(super) fn lifted() -> Bench {
        let mut b = Bench::new();
        b.input(Input::StationUp { version: 20 });
        b.says(&[
            state(CallStateKind::RING_IN, CALL),
            info(CALL, "5003", "Ann"),
            ringer(RingMode::INSIDE, CALL),
        ]);
        b.lift();
        b.says(&[
            ringer(RingMode::OFF, 0),
            state(CallStateKind::OFF_HOOK, CALL),
            ringer(RingMode::OFF, CALL),
            stop_tone(CALL),
        ]);
        b.outputs();
        b
    }

    pub(super) fn acked(party: u32, call: u32, status: MediaStatus) -> Output {
        Output::Send(ClientMessage::StartMediaTransmissionAck(
            StartMediaTransmissionAck {
                conference: Conference(CALL),
                party: Party(party),
                call: CallRef(call),
                address: if status == MediaStatus::OK {
                    local(party)
                } else {
                    SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)
                },
                status,
            },
        ))
    }
}

#[test]
fn a_recorded_call_is_heard_whatever_the_order_of_its_starts() {
    use recorded::*;
    let (a, b, c) = (copy(VOICE), own(), copy(HEARD));
    let open = || open(OWN, CALL);
    let orders = [
        // The answering phone of the capture, the calling one, the opposite, and copies before the opening.
        vec![open(), a.clone(), b.clone(), c.clone()],
        vec![open(), a.clone(), c.clone(), b.clone()],
        vec![open(), b.clone(), a.clone(), c.clone()],
        vec![a.clone(), open(), c.clone(), b.clone()],
        vec![a.clone(), c.clone(), b.clone(), open()],
        vec![b, a, c, open()],
    ];
    for order in orders {
        for socket_last in [true, false] {
            let mut p = lifted();
            for message in &order {
                p.says(std::slice::from_ref(message));
                if !socket_last && *message == open() {
                    p.opened(OWN);
                }
            }
            p.says(&[state(CallStateKind::CONNECTED, CALL)]);
            if socket_last {
                p.opened(OWN);
            }
            p.wait(10_000);
            let out = p.outputs();
            let media: Vec<_> = out
                .iter()
                .filter(|o| matches!(o, Output::Media(_)))
                .collect();
            let mut expected = [open_receive(OWN, CALL), start_send(OWN), bridge(OWN)];
            if !socket_last && order.last() != Some(&open()) {
                expected.swap(1, 2);
            }
            assert_eq!(media, expected.iter().collect::<Vec<_>>(), "{order:?}");
            for ((party, call), status) in [
                ((OWN, CALL), MediaStatus::OK),
                (VOICE, MediaStatus::NOT_ENOUGH_CHANNELS),
                (HEARD, MediaStatus::NOT_ENOUGH_CHANNELS),
            ] {
                let answers = out.iter().filter(|o| **o == acked(party, call, status));
                assert_eq!(answers.count(), 1, "{party:x} in {order:?}: {out:?}");
            }
            assert_eq!(p.port.snapshot().counters.media_refused, 2);
            // The recorder is stopped, the call goes on, and ends as any other.
            p.says(&[stop(VOICE.0), stop(HEARD.0)]);
            assert_eq!(p.seen(), []);
            // A stop of what was refused is no mistake of the server; one of what never was is.
            assert_eq!(p.port.snapshot().counters.media_ignored, 0);
            p.says(&[stop(HEARD.0 + 77)]);
            assert_eq!(p.port.snapshot().counters.media_ignored, 1);
            p.says(&[close(OWN), stop(OWN), state(CallStateKind::ON_HOOK, CALL)]);
            assert!(p.seen().contains(&close_receive(OWN)));
        }
    }
}

#[test]
fn below_version_17_copies_for_a_recorder_are_refused_in_silence() {
    use recorded::*;
    let mut p = lifted();
    p.input(Input::StationUp { version: 3 });
    p.says(&[copy(VOICE), copy(HEARD), open(OWN, CALL)]);
    p.opened(OWN);
    p.says(&[own(), state(CallStateKind::CONNECTED, CALL)]);
    p.wait(1_000);
    assert_eq!(
        p.seen(),
        [
            open_receive(OWN, CALL),
            ack(MediaStatus::OK, OWN, CALL),
            bridge(OWN),
            start_send(OWN)
        ]
    );
    assert_eq!(p.port.snapshot().counters.media_refused, 2);
}

#[test]
fn a_call_that_the_server_only_starts_is_talked_on() {
    for call in [1, 0] {
        let mut b = Bench::new();
        b.lift();
        b.says(&[state(CallStateKind::OFF_HOOK, 1), start(9, call)]);
        b.outputs();
        b.wait(499);
        assert_eq!(b.seen(), []);
        b.wait(1);
        assert_eq!(b.seen(), [open_receive(9, 1)]);
        b.opened(9);
        assert_eq!(b.seen(), [start_send(9), bridge(9)]);
        // A second one is a copy.
        b.says(&[start(10, call)]);
        b.wait(1_000);
        assert_eq!(b.seen(), []);
        // When the server opens the same leg after all, it is the same; another takes its place.
        b.says(&[open(9, call)]);
        assert_eq!(b.seen(), [ack(MediaStatus::OK, 9, call)]);
        b.says(&[open(11, call)]);
        b.opened(11);
        b.says(&[start(11, call), close(9), stop(9)]);
        assert_eq!(
            b.seen(),
            [
                open_receive(11, 1),
                ack(MediaStatus::OK, 11, call),
                bridge(11),
                start_send(11),
                close_receive(9)
            ]
        );
    }
}

#[test]
fn an_opened_leg_takes_the_place_of_one_that_only_sends() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), start(9, 1)]);
    b.wait(500);
    b.opened(9);
    b.outputs();
    b.says(&[open(10, 1)]);
    b.opened(10);
    assert_eq!(
        b.seen(),
        [
            no_bridge(),
            close_receive(9),
            open_receive(10, 1),
            ack(MediaStatus::OK, 10, 1),
            bridge(10)
        ]
    );
}

#[test]
fn in_mid_call_another_party_may_be_opened_started_stopped_and_closed_in_any_order() {
    let (old, new) = (1, 12);
    let [c, s, o, t] = [close(old), stop(old), open(new, 0), start(new, 0)];
    let orders = [
        [&c, &s, &o, &t],
        [&s, &c, &o, &t],
        [&o, &t, &c, &s],
        [&o, &c, &t, &s],
        [&t, &o, &s, &c],
        [&c, &t, &o, &s],
        [&t, &c, &s, &o],
    ];
    for order in orders {
        let mut b = Bench::new();
        b.talking(old);
        for message in order {
            b.says(std::slice::from_ref(message));
            if *message == o {
                b.opened(new);
            }
        }
        b.wait(5_000);
        let mut open = vec![];
        let (mut sends, mut bridged) = (false, None);
        for output in b.outputs() {
            let Output::Media(output) = output else {
                continue;
            };
            match output {
                MediaOutput::OpenReceive { party, .. } => open.push(party),
                MediaOutput::StartSend { party, .. } => sends = party == Party(new),
                MediaOutput::Bridge { party } => bridged = party,
                _ => {}
            }
        }
        let expected = (vec![Party(new)], true, Some(Party(new)));
        assert_eq!((open, sends, bridged), expected, "{order:?}");
        assert_eq!(b.port.legs.len(), 1, "{order:?}");
    }
}

#[test]
fn closing_one_of_two_opened_legs_leaves_the_other() {
    for (gone, left) in [(1, 12), (12, 1)] {
        let mut b = Bench::new();
        b.talking(1);
        b.says(&[open(12, 0), start(12, 0)]);
        b.opened(12);
        b.says(&[close(gone), stop(gone)]);
        let out = b.outputs();
        let mut bridged = out.iter().filter_map(|o| match o {
            Output::Media(MediaOutput::Bridge { party }) => Some(*party),
            _ => None,
        });
        assert_eq!(bridged.next_back(), Some(Some(Party(left))), "{out:?}");
    }
}

#[test]
fn a_leg_that_the_line_thread_refuses_is_closed_and_reported_to_the_server() {
    let mut b = Bench::new();
    b.input(Input::StationUp { version: 17 });
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1), open(9, 1)]);
    b.opened(9);
    b.says(&[start(9, 1)]);
    b.outputs();
    let status = MediaStatus::NOT_ENOUGH_CHANNELS;
    let refused = MediaInput::LegRefused {
        party: Party(9),
        status,
    };
    b.input(Input::Media(refused));
    let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let start_refused = Output::Send(ClientMessage::StartMediaTransmissionAck(
        StartMediaTransmissionAck {
            conference: Conference(9),
            party: Party(9),
            call: CallRef(1),
            address: nowhere,
            status,
        },
    ));
    assert_eq!(
        b.seen(),
        [
            no_bridge(),
            close_receive(9),
            ack(status, 9, 1),
            start_refused
        ]
    );
    assert_eq!(b.port.snapshot().counters.media_refused, 1);
    b.input(Input::Media(refused));
    assert_eq!(b.seen(), []);
}

#[test]
fn more_starts_than_can_be_kept_are_refused() {
    let mut b = Bench::new();
    b.talking(1);
    for party in 100..1_000 {
        b.says(&[start(party, 0)]);
    }
    b.wait(1_000);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.media_refused, 900);
    b.says(&[start(5_000, 0)]);
    b.hang_up();
    b.wait(5_000);
    assert_eq!(b.port.legs.len(), 0);
}

const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 16_384);

fn music(party: u32) -> StartMulticastMediaReception {
    StartMulticastMediaReception {
        conference: Conference(1),
        party: Party(party),
        group: GROUP,
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: false,
        call: CallRef(1),
    }
}

fn music_ack(status: MulticastStatus, party: u32) -> Output {
    Output::Send(ClientMessage::MulticastMediaReceptionAck(
        MulticastMediaReceptionAck {
            status,
            party: Party(party),
            call: CallRef(1),
        },
    ))
}

fn joined(b: &mut Bench, party: u32, result: Result<SocketAddrV4, MediaStatus>) {
    let party = Party(party);
    b.input(Input::Media(MediaInput::ReceiveOpened { party, result }));
}

/// A port whose call has media, held by the far end: CallManager closes the media and says where the music is.
fn held() -> Bench {
    let mut b = Bench::new();
    b.lift();
    b.says(&[state(CallStateKind::OFF_HOOK, 1)]);
    b.says(&[state(CallStateKind::CONNECTED, 1), open(3, 1)]);
    b.opened(3);
    b.says(&[start(3, 1)]);
    b.says(&[close(3), stop(3)]);
    b.outputs();
    b.says(&[ServerMessage::StartMulticastMediaReception(music(4))]);
    b
}

#[test]
fn music_of_a_multicast_group_is_heard_until_it_is_stopped() {
    let mut b = held();
    let join = media(MediaOutput::OpenReceive {
        party: Party(4),
        call: CallRef(1),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        rfc2833_payload: None,
        nse_payload: None,
        group: Some(GROUP),
    });
    assert_eq!(b.seen(), [join]);
    joined(&mut b, 4, Ok(GROUP));
    assert_eq!(b.outputs(), [music_ack(MulticastStatus::OK, 4), bridge(4)]);
    assert_eq!(b.port.snapshot().counters.multicast_groups, 1);
    let stop = StopMulticastMediaReception {
        conference: Conference(1),
        party: Party(4),
        call: CallRef(1),
    };
    b.says(&[ServerMessage::StopMulticastMediaReception(stop)]);
    assert!(b.outputs().contains(&close_receive(4)));
    // A second stop is nothing.
    b.says(&[ServerMessage::StopMulticastMediaReception(stop)]);
    assert_eq!(b.outputs(), []);
    // The call goes on.
    b.says(&[open(5, 1)]);
    b.opened(5);
    assert!(b.outputs().contains(&ack(MediaStatus::OK, 5, 1)));
}

#[test]
fn a_phone_that_hangs_up_leaves_the_group_and_so_does_one_whose_server_is_lost() {
    let mut b = held();
    joined(&mut b, 4, Ok(GROUP));
    b.outputs();
    b.hang_up();
    assert!(b.outputs().contains(&close_receive(4)));
    let mut b = held();
    // The group is joined after the phone has gone: nobody hears of it.
    b.hang_up();
    b.outputs();
    joined(&mut b, 4, Ok(GROUP));
    assert_eq!(b.outputs(), []);
}

#[test]
fn a_group_that_cannot_be_heard_is_refused() {
    let mut b = held();
    joined(&mut b, 4, Err(MediaStatus::OUT_OF_SOCKETS));
    assert!(b.outputs().contains(&music_ack(MulticastStatus::ERROR, 4)));
    let with = |change: fn(&mut StartMulticastMediaReception)| {
        let mut message = music(5);
        change(&mut message);
        ServerMessage::StartMulticastMediaReception(message)
    };
    b.says(&[
        with(|m| m.format = MediaFormat::G729),
        with(|m| m.ptime_ms = 60),
        with(|m| m.group = SocketAddrV4::new(Ipv4Addr::new(10, 1, 1, 1), 16_384)),
        with(|m| m.group.set_port(0)),
        // Beside the groups on either side, and the addresses of nobody and of all.
        with(|m| m.group.set_ip(Ipv4Addr::new(223, 255, 255, 255))),
        with(|m| m.group.set_ip(Ipv4Addr::new(240, 0, 0, 0))),
        with(|m| m.group.set_ip(Ipv4Addr::UNSPECIFIED)),
        with(|m| m.group.set_ip(Ipv4Addr::BROADCAST)),
    ]);
    let refused = || music_ack(MulticastStatus::ERROR, 5);
    assert_eq!(b.outputs(), [(); 8].map(|()| refused()));
    b.hang_up();
    b.outputs();
    b.says(&[ServerMessage::StartMulticastMediaReception(music(5))]);
    assert!(b.outputs().contains(&refused()));
    assert_eq!(b.port.snapshot().counters.media_refused, 10);
    assert_eq!(b.port.snapshot().counters.multicast_groups, 0);
}
