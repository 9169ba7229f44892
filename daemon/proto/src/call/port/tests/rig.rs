//! What the tests of a whole port share: a bench with a hand-written server, its messages, and what is to come out.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::super::*;
use crate::call::contract::DigitHeard;
use crate::call::record::CallRecord;
use crate::sccp::message::{
    CallInfo, CallOnLine, CallStateChange, Encryption, KeypadButton, MediaFormat, MediaLeg,
    MediaStatus, OpenReceiveChannel, OpenReceiveChannelAck, RingMode, SetRinger, SoftKeyEvent,
    StartMediaTransmission, StartTone, StopTone, Tone,
};
use crate::types::{Codec, Conference, Digit, LineInstance, Party, TenthDbm0};

/// A port with a hand-written server.
pub(super) struct Bench {
    pub(super) port: Port,
    pub(super) now: Time,
}

impl Bench {
    pub(super) fn with(change: impl FnOnce(&mut PortConfig)) -> Bench {
        let mut cfg = PortConfig::default();
        change(&mut cfg);
        let mut bench = Bench {
            port: Port::new(cfg, Time::ZERO),
            now: Time::ZERO,
        };
        bench.input(Input::StationUp { version: 3 });
        let nothing = CallOnLine {
            line: LineInstance(1),
            call: CallRef::NONE,
        };
        let on_hook = Output::Send(ClientMessage::OnHook(nothing));
        assert_eq!(bench.outputs(), [on_hook], "the first registration");
        bench
    }

    pub(super) fn new() -> Bench {
        Bench::with(|_| {})
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        self.port.handle(self.now, input);
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        let mut steps = 0;
        while let Some(due) = self.port.poll_timeout().filter(|&due| due <= end) {
            steps += 1;
            assert!(steps < 10_000, "a deadline that never goes away");
            self.now = self.now.max(due);
            self.port.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(super) fn says(&mut self, messages: &[ServerMessage]) {
        for message in messages {
            self.input(Input::Message(message));
        }
    }

    pub(super) fn lift(&mut self) {
        self.input(Input::Line(LineInput::LoopClosed { at: self.now }));
        self.wait(10);
    }

    pub(super) fn hang_up(&mut self) {
        self.input(Input::Line(LineInput::LoopOpened { at: self.now }));
        self.wait(1300);
    }

    pub(super) fn flash(&mut self) {
        self.input(Input::Line(LineInput::LoopOpened { at: self.now }));
        self.wait(500);
        self.input(Input::Line(LineInput::LoopClosed { at: self.now }));
    }

    pub(super) fn dial(&mut self, digits: &str) {
        for digit in digits.chars().filter_map(Digit::from_char) {
            self.input(Input::Digit(DigitHeard {
                digit,
                at: self.now,
                level: TenthDbm0(-100),
            }));
            self.wait(100);
        }
    }

    pub(super) fn opened(&mut self, party: u32) {
        let result = Ok(local(party));
        let party = Party(party);
        self.input(Input::Media(MediaInput::ReceiveOpened { party, result }));
    }

    pub(super) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.port.poll_output()).collect()
    }

    /// What came out, records left out.
    pub(super) fn seen(&mut self) -> Vec<Output> {
        let mut all = self.outputs();
        all.retain(|o| !matches!(o, Output::Record(_) | Output::Counted(_)));
        all
    }

    pub(super) fn records(&mut self) -> Vec<CallRecord> {
        let records = self.outputs().into_iter().filter_map(|o| match o {
            Output::Record(record) => Some(record),
            Output::Send(_) | Output::Line(_) | Output::Media(_) | Output::Counted(_) => None,
        });
        records.collect()
    }

    pub(super) fn word(&self) -> PortState {
        self.port.snapshot().state
    }

    /// What the server heard.
    pub(super) fn sent(&mut self) -> Vec<Output> {
        let mut all = self.outputs();
        all.retain(|o| matches!(o, Output::Send(_)));
        all
    }

    /// Ringing for call `id`.
    pub(super) fn rung(&mut self, id: u32) {
        self.says(&[
            state(CallStateKind::RING_IN, id),
            info(id, "5551234", "Ada"),
            ringer(RingMode::INSIDE, id),
        ]);
        self.outputs();
    }

    /// Call 2 waits during call 1.
    pub(super) fn waiting(&mut self, kind: CallStateKind) {
        self.talking(1);
        self.says(&[
            state(CallStateKind::RING_IN, 2),
            state(kind, 2),
            info(2, "7", ""),
        ]);
    }

    /// Lifted, with dial tone of call 1.
    pub(super) fn dial_tone(&mut self) {
        self.lift();
        self.says(&[
            state(CallStateKind::OFF_HOOK, 1),
            tone(Tone::INSIDE_DIAL, 1),
        ]);
        self.outputs();
    }

    /// The server holds call 1 for a transfer, and call 2 has dial tone.
    pub(super) fn consults(&mut self) {
        self.says(&[
            close(1),
            stop(1),
            state(CallStateKind::HOLD, 1),
            state(CallStateKind::OFF_HOOK, 2),
            tone(Tone::INSIDE_DIAL, 2),
        ]);
    }

    /// An outgoing call of chan_skinny's kind (party = reference, reference 0 sent), connected.
    pub(super) fn talking(&mut self, id: u32) {
        if self.port.phone.is_on_hook() {
            self.lift();
        }
        self.says(&[
            state(CallStateKind::OFF_HOOK, id),
            tone(Tone::INSIDE_DIAL, id),
        ]);
        self.dial("2001");
        self.says(&[
            state(CallStateKind::OFF_HOOK, id),
            stop_tone(id),
            open(id, 0),
            state(CallStateKind::PROCEED, id),
        ]);
        self.opened(id);
        self.says(&[start(id, 0), state(CallStateKind::CONNECTED, id)]);
        self.outputs();
    }
}

pub(super) fn local(party: u32) -> SocketAddrV4 {
    SocketAddrV4::new(
        Ipv4Addr::new(10, 0, 0, 9),
        20_000 + u16::try_from(party % 1000).unwrap() * 2,
    )
}

pub(super) fn remote() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 17_000)
}

pub(super) const LINE: LineInstance = LineInstance(1);

pub(super) fn state(state: CallStateKind, call: u32) -> ServerMessage {
    let call = CallRef(call);
    let line = LINE;
    ServerMessage::CallState(CallStateChange { state, line, call })
}

pub(super) fn tone(tone: Tone, call: u32) -> ServerMessage {
    ServerMessage::StartTone(StartTone {
        tone,
        direction: 0,
        line: LineInstance(u32::from(call != 0)),
        call: CallRef(call),
    })
}

pub(super) fn stop_tone(call: u32) -> ServerMessage {
    ServerMessage::StopTone(StopTone {
        line: LINE,
        call: CallRef(call),
        tone: Tone::SILENCE,
    })
}

pub(super) fn ringer(mode: RingMode, call: u32) -> ServerMessage {
    ServerMessage::SetRinger(SetRinger {
        mode,
        duration: 1,
        line: LINE,
        call: CallRef(call),
    })
}

pub(super) fn info(call: u32, number: &str, name: &str) -> ServerMessage {
    ServerMessage::CallInfo(CallInfo {
        call: CallRef(call),
        kind: 1,
        calling_number: number.into(),
        calling_name: name.into(),
        ..CallInfo::default()
    })
}

pub(super) fn open(party: u32, call: u32) -> ServerMessage {
    ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
        conference: Conference(party),
        party: Party(party),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: true,
        call: CallRef(call),
        encryption: Encryption::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    })
}

pub(super) fn start_message(party: u32, call: u32) -> StartMediaTransmission {
    StartMediaTransmission {
        conference: Conference(party),
        party: Party(party),
        remote: remote(),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        precedence: 184,
        vad: false,
        max_frames: 0,
        call: CallRef(call),
        encryption: Encryption::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    }
}

pub(super) fn start(party: u32, call: u32) -> ServerMessage {
    ServerMessage::StartMediaTransmission(start_message(party, call))
}

pub(super) fn leg(party: u32) -> MediaLeg {
    MediaLeg {
        party: Party(party),
        ..MediaLeg::default()
    }
}

pub(super) fn close(party: u32) -> ServerMessage {
    ServerMessage::CloseReceiveChannel(leg(party))
}

pub(super) fn stop(party: u32) -> ServerMessage {
    ServerMessage::StopMediaTransmission(leg(party))
}

pub(super) fn line(output: LineOutput) -> Output {
    Output::Line(output)
}

pub(super) fn play(tone: Tone) -> Output {
    line(LineOutput::PlayTone(tone))
}

pub(super) fn media(output: MediaOutput) -> Output {
    Output::Media(output)
}

pub(super) fn bridge(party: u32) -> Output {
    media(MediaOutput::Bridge {
        party: Some(Party(party)),
    })
}

pub(super) fn no_bridge() -> Output {
    media(MediaOutput::Bridge { party: None })
}

pub(super) fn off_hook(on_line: u32, call: u32) -> Output {
    Output::Send(ClientMessage::OffHook(CallOnLine {
        line: LineInstance(on_line),
        call: CallRef(call),
    }))
}

pub(super) fn on_hook(call: u32) -> Output {
    Output::Send(ClientMessage::OnHook(CallOnLine {
        line: LINE,
        call: CallRef(call),
    }))
}

pub(super) fn key(button: u32, call: u32) -> Output {
    Output::Send(ClientMessage::KeypadButton(KeypadButton {
        button,
        line: LINE,
        call: CallRef(call),
    }))
}

pub(super) fn soft(event: SoftKey, call: u32) -> Output {
    Output::Send(ClientMessage::SoftKeyEvent(SoftKeyEvent {
        event,
        line: LINE,
        call: CallRef(call),
    }))
}

pub(super) fn open_receive(party: u32, call: u32) -> Output {
    media(MediaOutput::OpenReceive {
        party: Party(party),
        call: CallRef(call),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        rfc2833_payload: None,
        nse_payload: None,
        group: None,
    })
}

pub(super) fn ack(status: MediaStatus, party: u32, call: u32) -> Output {
    let address = if status == MediaStatus::OK {
        local(party)
    } else {
        SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)
    };
    Output::Send(ClientMessage::OpenReceiveChannelAck(
        OpenReceiveChannelAck {
            status,
            address,
            party: Party(party),
            call: CallRef(call),
        },
    ))
}

pub(super) fn start_send(party: u32) -> Output {
    media(MediaOutput::StartSend {
        party: Party(party),
        remote: remote(),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        rfc2833_payload: None,
        nse_payload: None,
        dscp: 46,
    })
}

pub(super) fn close_receive(party: u32) -> Output {
    media(MediaOutput::CloseReceive {
        party: Party(party),
    })
}

pub(super) const DTMF_ON: Output = Output::Line(LineOutput::EnableDtmf(true));
pub(super) const DTMF_OFF: Output = Output::Line(LineOutput::EnableDtmf(false));
pub(super) const SILENT: Output = Output::Line(LineOutput::StopTone);
pub(super) const STOP_RING: Output = Output::Line(LineOutput::StopRing);
pub(super) const INSIDE: Output = Output::Line(LineOutput::Ring(RingMode::INSIDE));
