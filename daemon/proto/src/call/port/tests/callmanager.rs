//! What CallManager sends, in its order: references and parties of their own, everything said twice, media in any order
//! (CUCM traces and captures).

use super::*;
use crate::sccp::message::{LampMode, SelectSoftKeys, SetLamp, Stimulus, Switch};
use crate::sccp::wire::{DEFAULT_MAX_BODY, FrameReader, decode_server, encode_server};

const A: u32 = 0x0200_001B;
const PARTY: u32 = 0x0200_0050;

fn off(line: u32, call: u32) -> ServerMessage {
    ServerMessage::SetRinger(SetRinger {
        mode: RingMode::OFF,
        duration: 1,
        line: LineInstance(line),
        call: CallRef(call),
    })
}

fn lamp(mode: LampMode) -> ServerMessage {
    ServerMessage::SetLamp(SetLamp {
        stimulus: Stimulus::LINE,
        instance: 1,
        mode,
    })
}

fn speaker(on: bool) -> ServerMessage {
    ServerMessage::SetSpeakerMode(Switch { on })
}

fn keys(call: u32, set: u32, mask: u32) -> ServerMessage {
    ServerMessage::SelectSoftKeys(SelectSoftKeys {
        line: LINE,
        call: CallRef(call),
        set,
        mask,
    })
}

fn who(call: u32, number: &str, name: &str) -> ServerMessage {
    ServerMessage::CallInfo(CallInfo {
        call: CallRef(call),
        kind: 1,
        calling_number: number.into(),
        calling_name: name.into(),
        called_number: "2001".into(),
        // Filled on every call, without any forward (CUCM capture).
        original_called_number: "2001".into(),
        last_redirecting_number: "2001".into(),
        ..CallInfo::default()
    })
}

fn rings(b: &mut Bench) {
    b.says(&[
        state(CallStateKind::RING_IN, A),
        keys(A, 3, u32::MAX),
        who(A, "5551234", "Ada"),
        lamp(LampMode::BLINK),
        ringer(RingMode::OUTSIDE, A),
    ]);
}

/// The answer, all in one segment: connected before any acknowledgement.
fn answers(b: &mut Bench) {
    b.says(&[
        off(0, 0),
        speaker(true),
        lamp(LampMode::ON),
        state(CallStateKind::OFF_HOOK, A),
        off(1, A),
        stop_tone(A),
        open(PARTY, A),
        stop_tone(A),
        state(CallStateKind::CONNECTED, A),
        keys(A, 1, 0xFFFF_FBFF),
        who(A, "5551234", "Ada"),
    ]);
}

fn talks() -> Bench {
    let mut b = Bench::new();
    rings(&mut b);
    b.lift();
    answers(&mut b);
    b.opened(PARTY);
    b.says(&[start(PARTY, A)]);
    b.outputs();
    b
}

#[test]
fn an_answered_call_is_up_before_its_media_and_nothing_repeated_harms() {
    let mut b = Bench::new();
    rings(&mut b);
    let outside = line(LineOutput::Ring(RingMode::OUTSIDE));
    assert_eq!(b.seen(), [outside]);
    b.lift();
    assert_eq!(b.seen(), [STOP_RING, DTMF_ON, off_hook(1, A)]);
    answers(&mut b);
    assert_eq!(b.seen(), [open_receive(PARTY, A)]);
    assert_eq!(b.port.snapshot().calls[0].state, CallState::Connected);
    b.wait(40);
    b.says(&[start(PARTY, A), who(A, "5551234", "Ada B")]);
    b.opened(PARTY);
    assert_eq!(
        b.seen(),
        [
            ack(MediaStatus::OK, PARTY, A),
            start_send(PARTY),
            bridge(PARTY)
        ]
    );
    b.wait(60_000);
    assert_eq!((b.word(), b.seen()), (PortState::InCall, vec![]));
    assert_eq!(b.port.snapshot().counters.unknown_calls, 0);
}

#[test]
fn the_start_may_come_a_tenth_of_a_second_after_the_acknowledgement() {
    let mut b = Bench::new();
    rings(&mut b);
    b.lift();
    answers(&mut b);
    b.opened(PARTY);
    b.outputs();
    b.wait(100);
    b.says(&[start(PARTY, A)]);
    assert_eq!(b.seen(), [start_send(PARTY)]);
}

#[test]
fn the_ringer_is_switched_off_by_line_0_and_by_its_own_line() {
    for (on_line, call) in [(0, 0), (1, 0), (0, A), (1, A)] {
        let mut b = Bench::new();
        rings(&mut b);
        b.outputs();
        b.says(&[off(on_line, call)]);
        assert_eq!(b.seen(), [STOP_RING], "{on_line} {call}");
        b.says(&[off(0, 0), off(1, A)]);
        assert_eq!(b.seen(), [], "{on_line} {call}");
    }
}

#[test]
fn each_ring_mode_reaches_the_line_and_a_change_of_mode_too() {
    for mode in [RingMode::INSIDE, RingMode::OUTSIDE, RingMode::PRECEDENCE] {
        let mut b = Bench::new();
        b.says(&[state(CallStateKind::RING_IN, A), ringer(mode, A)]);
        assert_eq!(b.seen(), [line(LineOutput::Ring(mode))]);
        b.says(&[ringer(mode, A), ringer(RingMode::BELLCORE_1, A)]);
        assert_eq!(b.seen(), [line(LineOutput::Ring(RingMode::BELLCORE_1))]);
    }
}

#[test]
fn a_caller_corrected_late_is_shown_and_not_sent_again() {
    let mut b = Bench::new();
    rings(&mut b);
    b.input(Input::Line(LineInput::RingOn { at: b.now }));
    b.wait(2_000);
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
    b.wait(600);
    let sent = |b: &mut Bench| {
        let ids = b.seen().into_iter().filter_map(|o| match o {
            Output::Line(LineOutput::SendCallerId { id, .. }) => Some(id.name),
            _ => None,
        });
        ids.collect::<Vec<_>>()
    };
    assert_eq!(sent(&mut b), [Presented::Text("Ada".into())]);
    b.input(Input::Line(LineInput::CallerIdSent));
    for name in ["Ada", "Ada Byron", "Ada Byron"] {
        b.says(&[who(A, "5551234", name)]);
    }
    b.wait(2_000);
    b.input(Input::Line(LineInput::RingOn { at: b.now }));
    b.wait(2_000);
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
    b.wait(3_000);
    assert_eq!(sent(&mut b), []);
    assert_eq!(b.port.snapshot().calls[0].name, "Ada Byron");
    b.lift();
    answers(&mut b);
    b.says(&[who(A, "30", "Grace")]);
    let call = b.port.snapshot().calls[0].clone();
    assert_eq!((call.number.as_str(), call.name.as_str()), ("30", "Grace"));
}

#[test]
fn ring_back_is_made_here_without_any_media() {
    let mut b = Bench::new();
    b.dial_tone();
    b.dial("30");
    b.outputs();
    b.says(&[
        stop_tone(1),
        state(CallStateKind::PROCEED, 1),
        tone(Tone::ALERTING, 1),
        state(CallStateKind::RING_OUT, 1),
        keys(1, 8, u32::MAX),
    ]);
    assert_eq!(b.seen(), [play(Tone::ALERTING)]);
    b.wait(60_000);
    assert_eq!(b.seen(), [], "it goes on");
    b.says(&[
        stop_tone(1),
        open(PARTY, 1),
        state(CallStateKind::CONNECTED, 1),
        stop_tone(1),
    ]);
    assert_eq!(b.seen(), [SILENT, open_receive(PARTY, 1)]);
}

#[test]
fn busy_and_reorder_are_held_until_the_phone_is_hung_up() {
    for (kind, sound) in [
        (CallStateKind::BUSY, Tone::BUSY),
        (CallStateKind::CONGESTION, Tone::REORDER),
        (CallStateKind::PROCEED, Tone::REORDER),
    ] {
        let mut b = Bench::new();
        b.dial_tone();
        b.dial("99");
        b.outputs();
        b.says(&[stop_tone(1), state(kind, 1), tone(sound, 1)]);
        assert_eq!(b.seen(), [play(sound)]);
        b.wait(10_000);
        b.says(&[stop_tone(1), stop_tone(0)]);
        assert_eq!(b.seen(), [], "{sound:?}");
        b.hang_up();
        assert!(b.seen().contains(&on_hook(1)));
    }
}

#[test]
fn a_far_end_that_hangs_up_without_a_tone_is_heard_as_the_port_has_it() {
    for (after, heard) in [
        (AfterFarHangUp::Busy, Some(Tone::BUSY)),
        (AfterFarHangUp::Reorder, Some(Tone::REORDER)),
        (AfterFarHangUp::Silence, None),
    ] {
        let mut b = talks();
        let cfg = PortConfig {
            after_far_hang_up: after,
            open_loop_ms: 0,
            ..b.port.config().clone()
        };
        b.port.reconfigure(cfg);
        b.says(&[
            stop_tone(A),
            stop_tone(A),
            close(PARTY),
            stop(PARTY),
            lamp(LampMode::OFF),
            speaker(false),
            state(CallStateKind::ON_HOOK, A),
            off(0, 0),
        ]);
        assert_eq!(b.port.snapshot().tone, heard);
        b.wait(16_000);
        assert_eq!(b.port.snapshot().tone, Some(Tone::HOWLER), "{after:?}");
    }
}

#[test]
fn media_is_opened_again_with_another_party_codec_and_packet_time() {
    let mut b = talks();
    let alaw = |party: u32| {
        let ServerMessage::OpenReceiveChannel(mut message) = open(party, A) else {
            unreachable!("open() makes nothing else");
        };
        message.format = MediaFormat::G711_ALAW;
        message.ptime_ms = 30;
        ServerMessage::OpenReceiveChannel(message)
    };
    let opened = |out: &[Output]| {
        let media = out.iter().filter_map(|o| match o {
            Output::Media(MediaOutput::OpenReceive {
                party,
                codec,
                ptime_ms,
                ..
            }) => Some((party.0, *codec, *ptime_ms)),
            _ => None,
        });
        media.collect::<Vec<_>>()
    };
    // Hold with music: the old one is closed, the new one only opened. Everything may be said twice, or left out.
    for (n, before) in [
        vec![close(PARTY), stop(PARTY)],
        vec![stop(PARTY), close(PARTY), close(PARTY), stop(PARTY)],
        vec![close(PARTY)],
        vec![],
    ]
    .into_iter()
    .enumerate()
    {
        let mut b = talks();
        let party = PARTY + 10 + u32::try_from(n).unwrap();
        b.says(&before);
        b.says(&[alaw(party)]);
        b.opened(party);
        let out = b.seen();
        assert_eq!(opened(&out), [(party, Codec::G711Alaw, 30)], "{n}");
        assert!(out.contains(&bridge(party)), "{n} {out:?}");
        assert!(out.contains(&ack(MediaStatus::OK, party, A)), "{n}");
        assert_eq!(b.word(), PortState::InCall);
        // And back.
        b.says(&[close(party), open(PARTY + 99, A), start(PARTY + 99, A)]);
        b.opened(PARTY + 99);
        let out = b.seen();
        assert!(out.contains(&bridge(PARTY + 99)), "{n} {out:?}");
        assert!(out.contains(&start_send(PARTY + 99)), "{n} {out:?}");
    }
    // The same party again, with another codec.
    b.says(&[alaw(PARTY)]);
    b.opened(PARTY);
    let out = b.seen();
    assert_eq!(opened(&out), [(PARTY, Codec::G711Alaw, 30)]);
    assert!(out.contains(&close_receive(PARTY)), "{out:?}");
    assert_eq!(b.port.snapshot().counters.media_ignored, 0);
}

#[test]
fn a_codec_that_is_not_ours_is_refused_in_mid_call_and_the_call_goes_on() {
    for (format, ptime_ms, status) in [
        (MediaFormat::G729, 20, MediaStatus::INVALID_CODEC),
        (MediaFormat(107), 20, MediaStatus::INVALID_CODEC),
        (MediaFormat::G711_ULAW, 60, MediaStatus::INVALID_PACKET_SIZE),
    ] {
        let mut b = talks();
        let ServerMessage::OpenReceiveChannel(mut message) = open(PARTY + 1, A) else {
            unreachable!("open() makes nothing else");
        };
        message.format = format;
        message.ptime_ms = ptime_ms;
        b.says(&[ServerMessage::OpenReceiveChannel(message)]);
        assert_eq!(b.seen(), [ack(status, PARTY + 1, A)]);
        b.says(&[close(PARTY + 1), stop(PARTY + 1)]);
        assert_eq!((b.word(), b.seen()), (PortState::InCall, vec![]));
    }
}

#[test]
fn a_call_may_have_fifty_parties_one_after_the_other_and_at_once() {
    let mut b = talks();
    b.input(Input::StationUp { version: 20 });
    for party in PARTY + 1..PARTY + 51 {
        b.says(&[close(party - 1), open(party, A), start(party, A)]);
        b.opened(party);
        let out = b.seen();
        assert!(out.contains(&bridge(party)), "{party} {out:?}");
        assert!(out.contains(&start_send(party)), "{party} {out:?}");
    }
    let last = PARTY + 50;
    // Fifty more that are only started, each with a reference of its own: copies, which are refused, each of them.
    for party in last + 1..last + 51 {
        b.says(&[start(party, A + party)]);
    }
    b.wait(1_000);
    let refused = b.sent();
    let no = |o: &&Output| matches!(o, Output::Send(ClientMessage::StartMediaTransmissionAck(a)) if a.status != MediaStatus::OK);
    assert_eq!(refused.iter().filter(no).count(), 50);
    assert_eq!(b.word(), PortState::InCall);
    b.says(&[start(last, A)]);
    assert!(b.seen().contains(&start_send(last)));
    b.hang_up();
    assert!(b.seen().contains(&close_receive(last)));
}

#[test]
fn keys_are_pressed_by_the_servers_own_template() {
    let slot = |label: &[u8], event: u32| {
        let mut slot = [0xA5; 20];
        slot[..label.len()].copy_from_slice(label);
        slot[16..].copy_from_slice(&event.to_le_bytes());
        slot
    };
    let mut body = vec![0; 12];
    body[4] = 3;
    for (label, event) in [
        (b"\x80\x03\0".as_slice(), 3),
        (b"\x80\x0B\0", 11),
        (b"\x80\x04\0", 29),
    ] {
        body.extend_from_slice(&slot(label, event));
    }
    let mut b = talks();
    b.says(&[ServerMessage::SoftKeyTemplateRes(
        crate::sccp::message::KeptWhole { body },
    )]);
    b.flash();
    assert_eq!(b.sent(), [soft(SoftKey(29), A)]);
    // Another server may have other keys.
    b.input(Input::StationDown);
    b.input(Input::StationUp { version: 3 });
    b.hang_up();
    b.wait(2_000);
    b.talking(1);
    b.flash();
    assert_eq!(b.sent(), [soft(SoftKey::TRANSFER, 1)]);
}

#[test]
fn a_message_cut_at_any_byte_harms_no_call_after_it() {
    let mut messages = vec![
        state(CallStateKind::RING_IN, A + 1),
        state(CallStateKind::CONNECTED, A),
        keys(A, 1, 0xFFFF_FBFF),
        who(A, "5551234", "Ada"),
        ringer(RingMode::OUTSIDE, A + 1),
        tone(Tone::BUSY, A),
        stop_tone(A),
        open(PARTY + 1, A),
        start(PARTY, A),
        stop(PARTY),
        close(PARTY),
    ];
    messages.push(ServerMessage::DialedNumber(
        crate::sccp::message::DialedNumber {
            number: "30".into(),
            line: LINE,
            call: CallRef(A),
        },
    ));
    let mut cut_messages = 0;
    for version in [3, 20] {
        for message in &messages {
            let mut reader = FrameReader::new(DEFAULT_MAX_BODY);
            reader.push(&encode_server(message, version));
            let frame = reader.next_frame().unwrap().unwrap();
            let mut b = talks();
            for len in 0..frame.body.len() {
                let mut cut = frame.clone();
                cut.body.truncate(len);
                if let Ok(read) = decode_server(&cut, version) {
                    b.says(&[read]);
                    cut_messages += 1;
                }
            }
            // The phone is hung up, and whatever the server was understood to say is over.
            b.wait(1_000);
            b.hang_up();
            let left: Vec<u32> = b.port.snapshot().calls.iter().map(|c| c.call.0).collect();
            for id in left {
                b.says(&[state(CallStateKind::ON_HOOK, id)]);
            }
            b.says(&[off(0, 0)]);
            b.wait(120_000);
            b.outputs();
            // A reference cut short is another call, which may be at another phone.
            assert!(b.port.snapshot().is_idle(), "{version} {message:?}");
            assert!(!b.port.is_busy(), "{version} {message:?}");
            rings(&mut b);
            b.lift();
            answers(&mut b);
            b.opened(PARTY);
            b.says(&[start(PARTY, A)]);
            let out = b.seen();
            assert!(out.contains(&bridge(PARTY)), "{version} {message:?}");
            assert!(out.contains(&start_send(PARTY)), "{version} {message:?}");
        }
    }
    assert!(cut_messages > 500, "{cut_messages}");
}

/// A message as a release says it whose form ends after this many bytes.
fn ends_after(message: &ServerMessage, version: u8, len: usize) -> ServerMessage {
    let mut reader = FrameReader::new(DEFAULT_MAX_BODY);
    reader.push(&encode_server(message, version));
    let mut frame = reader.next_frame().unwrap().unwrap();
    frame.body.truncate(len);
    decode_server(&frame, version).unwrap()
}

#[test]
fn media_is_opened_and_started_by_the_form_of_every_release() {
    // Below 4 both forms end before the reference of the call.
    for (release, version, open_len, start_len) in [
        ("2", 3, 24, 36),
        ("3.1", 3, 28, 44),
        ("4", 3, 68, 84),
        ("8", 20, 128, 132),
    ] {
        let mut b = Bench::new();
        b.input(Input::StationUp { version });
        rings(&mut b);
        b.lift();
        b.says(&[
            state(CallStateKind::OFF_HOOK, A),
            ends_after(&open(PARTY, A), version, open_len),
            state(CallStateKind::CONNECTED, A),
        ]);
        b.opened(PARTY);
        assert!(b.seen().contains(&bridge(PARTY)), "{release}");
        b.says(&[ends_after(&start(PARTY, A), version, start_len)]);
        assert!(b.seen().contains(&start_send(PARTY)), "{release}");
        b.says(&[
            ends_after(&close(PARTY), version, 8),
            ends_after(&stop(PARTY), version, 8),
        ]);
        let out = b.seen();
        assert!(out.contains(&close_receive(PARTY)), "{release}: {out:?}");
        assert_eq!(b.port.snapshot().counters.media_ignored, 0, "{release}");
    }
}

#[test]
fn a_party_may_come_again_in_a_later_call_and_in_mid_call() {
    let mut b = talks();
    for _ in 0..3 {
        // Without a close: what the phone heard is let go, and heard again on the leg of the same name.
        b.says(&[open(PARTY, A)]);
        b.opened(PARTY);
        b.says(&[start(PARTY, A)]);
        let out = b.seen();
        assert_eq!(b.word(), PortState::InCall, "{out:?}");
        let opened = |o: &&Output| **o == open_receive(PARTY, A);
        assert!(out.iter().filter(opened).count() <= 1, "{out:?}");
        // And with one.
        b.says(&[close(PARTY), stop(PARTY), open(PARTY, A)]);
        b.opened(PARTY);
        b.says(&[start(PARTY, A)]);
        let out = b.seen();
        assert!(
            out.contains(&bridge(PARTY)) && out.contains(&start_send(PARTY)),
            "{out:?}"
        );
    }
    b.says(&[close(PARTY), stop(PARTY), state(CallStateKind::ON_HOOK, A)]);
    b.hang_up();
    b.wait(3_000);
    b.outputs();
    assert!(b.port.snapshot().is_idle());
    let next = A + 9;
    b.says(&[
        state(CallStateKind::RING_IN, next),
        ringer(RingMode::INSIDE, next),
    ]);
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, next),
        open(PARTY, next),
        state(CallStateKind::CONNECTED, next),
    ]);
    b.opened(PARTY);
    b.says(&[start(PARTY, next)]);
    let out = b.seen();
    assert!(out.contains(&open_receive(PARTY, next)), "{out:?}");
    assert!(
        out.contains(&bridge(PARTY)) && out.contains(&start_send(PARTY)),
        "{out:?}"
    );
}

/// The same with these words written over its body.
fn with_words(message: &ServerMessage, version: u8, words: &[(usize, u32)]) -> ServerMessage {
    let mut reader = FrameReader::new(DEFAULT_MAX_BODY);
    reader.push(&encode_server(message, version));
    let mut frame = reader.next_frame().unwrap().unwrap();
    for (at, word) in words {
        if frame.body.len() < at + 4 {
            frame.body.resize(at + 4, 0);
        }
        frame.body[*at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    decode_server(&frame, version).unwrap()
}

#[test]
fn the_source_port_named_when_media_is_opened_is_a_placeholder_that_nobody_is_heard_by() {
    // Address type, address and port of the far end behind the standard words of version 20; the true port was 17 000.
    for port in [4_000, 0, 65_535, u32::MAX] {
        let mut b = Bench::new();
        b.input(Input::StationUp { version: 20 });
        rings(&mut b);
        b.lift();
        b.outputs();
        let source = [
            (104, 0),
            (108, u32::from_le_bytes([10, 0, 0, 1])),
            (124, port),
        ];
        b.says(&[
            state(CallStateKind::OFF_HOOK, A),
            with_words(&open(PARTY, A), 20, &source),
            state(CallStateKind::CONNECTED, A),
        ]);
        assert_eq!(b.seen(), [open_receive(PARTY, A)], "{port}");
        b.opened(PARTY);
        b.says(&[start(PARTY, A)]);
        let out = b.seen();
        let wanted = [
            ack(MediaStatus::OK, PARTY, A),
            bridge(PARTY),
            start_send(PARTY),
        ];
        assert!(wanted.iter().all(|o| out.contains(o)), "{port}: {out:?}");
    }
}

#[test]
fn the_level_of_a_call_state_is_neither_privacy_nor_urgency() {
    let mut all = vec![];
    // Privacy, level, domain: 0 as chan_skinny has them, 4 as CallManager has them on every call, and nonsense.
    for [privacy, level, domain] in [[0, 0, 0], [0, 4, 0], [1, 0, 7], [u32::MAX; 3]] {
        let mut b = Bench::new();
        let said = |kind| {
            let words = [(12, privacy), (16, level), (20, domain)];
            with_words(&state(kind, A), 20, &words)
        };
        b.says(&[
            said(CallStateKind::RING_IN),
            who(A, "5551234", "Ada"),
            ringer(RingMode::INSIDE, A),
        ]);
        let rung = b.seen();
        b.lift();
        b.says(&[
            said(CallStateKind::OFF_HOOK),
            open(PARTY, A),
            said(CallStateKind::CONNECTED),
        ]);
        b.opened(PARTY);
        let snapshot = b.port.snapshot();
        assert_eq!(snapshot.calls[0].state, CallState::Connected);
        all.push((rung, b.seen()));
    }
    assert!(all[0].0.contains(&INSIDE), "{:?}", all[0]);
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
}

#[test]
fn a_call_whose_redirecting_parties_are_filled_is_not_taken_for_a_forwarded_one() {
    let shown = |called: &str, redirecting: &str| {
        let mut b = Bench::new();
        b.says(&[
            state(CallStateKind::RING_IN, A),
            ServerMessage::CallInfo(CallInfo {
                call: CallRef(A),
                kind: 1,
                calling_number: "5551234".into(),
                calling_name: "Ada".into(),
                called_number: called.into(),
                original_called_number: redirecting.into(),
                original_called_name: redirecting.into(),
                last_redirecting_number: redirecting.into(),
                last_redirecting_name: redirecting.into(),
                ..CallInfo::default()
            }),
            ringer(RingMode::INSIDE, A),
        ]);
        let rung = b.seen();
        let call = b.port.snapshot().calls.remove(0);
        assert_eq!((&*call.number, &*call.name), ("5551234", "Ada"));
        rung
    };
    // Empty, as chan_skinny has them; the called party's own, as CallManager has them on every call.
    let plain = shown("2001", "");
    assert!(plain.contains(&INSIDE), "{plain:?}");
    for redirecting in ["2001", "2002"] {
        assert_eq!(shown("2001", redirecting), plain, "{redirecting}");
    }
}

#[test]
fn the_precedence_of_media_is_a_tos_byte_and_no_three_bits() {
    // What is no TOS byte of a DSCP leaves the choice to the configuration.
    for (word, dscp) in [
        (0xB8, 46),
        (0x88, 34),
        (0x68, 26),
        (0, 10),
        (5, 10),
        (0xB9, 10),
        (0x1B8, 10),
        (u32::MAX, 10),
    ] {
        let mut b = Bench::with(|c| c.rtp_dscp = 10);
        rings(&mut b);
        b.lift();
        answers(&mut b);
        b.opened(PARTY);
        b.outputs();
        let mut start = start_message(PARTY, A);
        start.precedence = word;
        b.says(&[ServerMessage::StartMediaTransmission(start)]);
        let sent: Vec<u8> = b
            .seen()
            .into_iter()
            .filter_map(|o| match o {
                Output::Media(MediaOutput::StartSend { dscp, .. }) => Some(dscp),
                _ => None,
            })
            .collect();
        assert_eq!(sent, [dscp], "{word:#x}");
    }
}
