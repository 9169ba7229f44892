use std::net::Ipv4Addr;

use super::*;
use crate::call::{LineInput, LineOutput, PortConfig};
use crate::sccp::message::{
    CallOnLine, CallStateChange, CallStateKind, ClientMessage, RegisterAck, RegisterTokenReject,
    Reset, ResetKind, ServerMessage, StartTone, Tone, Unregister,
};
use crate::sccp::station::{CloseReason, LostReason, StationConfig, TracedMessage};
use crate::sccp::wire;
use crate::types::{CallRef, ConnectionId, DeviceName, DeviceType, Digit, LineInstance};

const LINE: LineInstance = LineInstance(1);
/// The first connection of a device.
const FIRST: ConnectionId = ConnectionId(1);

/// A registered device at a server that answers nothing but Register.
fn registered(trace: bool) -> (Device, Time) {
    let name = DeviceName::new("VGC112233445501").unwrap();
    let mut station = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
    station.trace = trace;
    let cfg = DeviceConfig {
        station,
        port: PortConfig::default(),
    };
    let mut now = Time::from_millis(1000);
    let mut device = Device::new(cfg, now);
    device.start(now);
    device.handle_timeout(now);
    device.handle(
        now,
        Input::Connected {
            id: FIRST,
            local: Ipv4Addr::LOCALHOST,
        },
    );
    say(
        &mut device,
        now,
        &ServerMessage::RegisterAck(RegisterAck {
            keepalive_s: 3600,
            secondary_keepalive_s: 3600,
            version: 3,
            features: [0; 3],
            date_template: *b"D.M.Y\0",
        }),
    );
    while !device.is_registered() {
        now = device.poll_timeout().unwrap();
        device.handle_timeout(now);
    }
    while device.poll_output().is_some() {}
    (device, now)
}

fn say(device: &mut Device, now: Time, message: &ServerMessage) {
    let bytes = wire::encode_server(message, 3);
    let (id, bytes) = (FIRST, &bytes[..]);
    device.handle(now, Input::Received { id, bytes });
}

fn outputs(device: &mut Device) -> Vec<Output> {
    std::iter::from_fn(|| device.poll_output()).collect()
}

fn lift(device: &mut Device, now: Time) -> Time {
    device.handle(now, Input::Line(LineInput::LoopClosed { at: now }));
    let now = device.poll_timeout().unwrap();
    device.handle_timeout(now);
    now
}

fn dial_tone(device: &mut Device, now: Time) {
    let call = CallRef(1);
    for message in [
        ServerMessage::CallState(CallStateChange {
            state: CallStateKind::OFF_HOOK,
            line: LINE,
            call,
        }),
        ServerMessage::StartTone(StartTone {
            tone: Tone::INSIDE_DIAL,
            direction: 0,
            line: LINE,
            call,
        }),
    ] {
        say(device, now, &message);
    }
}

#[test]
fn a_trace_shows_what_happened_in_its_order() {
    let (mut device, now) = registered(true);
    let lifted = lift(&mut device, now);
    dial_tone(&mut device, lifted);
    let traced: Vec<TraceEvent> = outputs(&mut device)
        .into_iter()
        .filter_map(|o| match o {
            Output::Trace(event) => Some(event),
            _ => None,
        })
        .collect();
    let off_hook = TracedMessage::Client(ClientMessage::OffHook(CallOnLine::default()));
    assert_eq!(
        traced[..3],
        [
            TraceEvent::LineIn(LineInput::LoopClosed { at: now }),
            TraceEvent::LineOut(LineOutput::EnableDtmf(true)),
            TraceEvent::Message {
                sent: true,
                message: off_hook
            },
        ]
    );
    assert!(matches!(
        traced[3..],
        [
            TraceEvent::Message { sent: false, .. },
            TraceEvent::Message { sent: false, .. },
            TraceEvent::LineOut(LineOutput::PlayTone(Tone::INSIDE_DIAL)),
        ]
    ));
}

#[test]
fn without_tracing_only_work_comes_out() {
    let (mut device, now) = registered(true);
    device.set_trace(false);
    let now = lift(&mut device, now);
    let bytes = wire::encode_client(&ClientMessage::OffHook(CallOnLine::default()), 3);
    assert_eq!(
        outputs(&mut device),
        [
            Output::Line(LineOutput::EnableDtmf(true)),
            Output::Send { id: FIRST, bytes }
        ]
    );
    dial_tone(&mut device, now);
    assert_eq!(
        outputs(&mut device),
        [Output::Line(LineOutput::PlayTone(Tone::INSIDE_DIAL))]
    );
}

#[test]
fn a_lost_connection_reaches_the_phone_before_the_next_try() {
    let (mut device, now) = registered(false);
    let now = lift(&mut device, now);
    outputs(&mut device);
    let reason = CloseReason::ByServer;
    device.handle(now, Input::Lost { id: FIRST, reason });
    let out = outputs(&mut device);
    assert!(
        matches!(
            &out[..],
            [
                Output::Event(StationEvent::Lost {
                    reason: LostReason::Closed(CloseReason::ByServer),
                    ..
                }),
                Output::Line(LineOutput::PlayTone(Tone::REORDER)),
            ]
        ),
        "{out:?}"
    );
}

#[test]
fn a_reset_waits_until_the_phone_is_hung_up() {
    let (mut device, now) = registered(false);
    let now = lift(&mut device, now);
    dial_tone(&mut device, now);
    outputs(&mut device);
    let kind = ResetKind::RESTART;
    say(&mut device, now, &ServerMessage::Reset(Reset { kind }));
    assert_eq!(
        outputs(&mut device),
        [Output::Event(StationEvent::ResetRequested {
            kind,
            deferred: true
        })]
    );
    device.handle(now, Input::Line(LineInput::LoopOpened { at: now }));
    while device.is_busy() {
        let now = device.poll_timeout().unwrap();
        device.handle_timeout(now);
    }
    let unregister =
        wire::encode_client(&ClientMessage::Unregister(Unregister { reason: None }), 3);
    let out = outputs(&mut device);
    assert!(
        out.iter()
            .any(|o| matches!(o, Output::Send { bytes, .. } if bytes[8..12] == unregister[8..12])),
        "{out:?}"
    );
}

#[test]
fn the_snapshot_shows_both_sides() {
    let (mut device, now) = registered(false);
    let now = lift(&mut device, now);
    dial_tone(&mut device, now);
    let shown = device.snapshot();
    assert_eq!(shown.station.state.registration().name(), "registered");
    assert_eq!(shown.port.state.name(), "in-call");
    assert_eq!(shown.port.calls[0].state.name(), "dialing");
    assert_eq!(shown.port.tone, Some(Tone::INSIDE_DIAL));
}

#[test]
fn a_digit_that_is_counted_from_the_openings_of_the_loop_is_in_the_trace() {
    let (mut device, now) = registered(true);
    let mut now = lift(&mut device, now);
    dial_tone(&mut device, now);
    let step = std::time::Duration::from_millis(50);
    for _ in 0..3 {
        now = now + step;
        device.handle(now, Input::Line(LineInput::LoopOpened { at: now }));
        now = now + step;
        device.handle(now, Input::Line(LineInput::LoopClosed { at: now }));
    }
    now = now + 40 * step;
    device.handle_timeout(now);
    let digits: Vec<_> = outputs(&mut device)
        .into_iter()
        .filter_map(|o| match o {
            Output::Trace(traced) => of_device(&traced),
            _ => None,
        })
        .filter(|event| event.code() == "digit")
        .collect();
    let three = tipring_types::trace::Trace::Digit {
        digit: Digit::from_char('3').unwrap(),
        source: tipring_types::trace::DigitSource::Pulse,
        level_dbm0: None,
    };
    assert_eq!(digits, [three]);
}

#[test]
fn tokens_that_nobody_asked_for_change_nothing_however_many_come() {
    let (mut device, now) = registered(false);
    for n in 0..10_000_u32 {
        say(&mut device, now, &ServerMessage::RegisterTokenAck);
        let wait_s = if n % 2 == 0 { 0 } else { u32::MAX };
        let reject = RegisterTokenReject { wait_s };
        say(
            &mut device,
            now,
            &ServerMessage::RegisterTokenReject(reject),
        );
        assert_eq!(outputs(&mut device), [], "after {n}");
    }
    assert!(device.is_registered());
    assert_eq!(device.station_snapshot().connections.len(), 1);
    let now = lift(&mut device, now);
    dial_tone(&mut device, now);
    let tone = Output::Line(LineOutput::PlayTone(Tone::INSIDE_DIAL));
    assert!(outputs(&mut device).contains(&tone));
}
