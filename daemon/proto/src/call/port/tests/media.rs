//! Media legs.

use super::*;

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
fn the_party_is_told_back_unsigned_with_the_servers_reference() {
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
        Output::Send(ClientMessage::StartMediaTransmissionAck {
            conference: Conference(9),
            party: Party(9),
            call: CallRef(1),
            address,
            status,
        })
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
                dscp: 46,
            })
        ]
    );
}

#[test]
fn the_counters_of_a_finished_call_are_told_when_asked_for() {
    let mut b = Bench::new();
    b.talking(1);
    b.hang_up();
    b.outputs();
    let wanted = |call: u32| ServerMessage::ConnectionStatisticsReq {
        number: "2001".into(),
        call: CallRef(call),
        mode: 0,
    };
    b.says(&[wanted(1)]);
    assert_eq!(
        b.seen(),
        [media(MediaOutput::NeedStatistics {
            party: Party(1),
            call: CallRef(1)
        })]
    );
    let told = |call: u32, packets_sent| {
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
    assert_eq!(b.seen(), [told(1, 50)]);
    b.says(&[wanted(99)]);
    assert_eq!(b.seen(), [told(99, 0)]);
}
