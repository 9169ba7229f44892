use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::*;
use crate::call::contract::{CallerId, DigitHeard, Presented};
use crate::call::record::CallRecord;
use crate::sccp::message::{
    CallInfo, CallOnLine, ConnectionStatistics, Encryption, KeypadButton, MediaFormat, MediaLeg,
    MediaStatus, OpenReceiveChannel, RingMode, StartMediaTransmission, Tone,
};
use crate::types::{
    AfterFarHangUp, CallDirection, CallerIdTiming, Codec, Conference, Digit, FlashAction,
    LineFault, LineInstance, Party, Polarity, TenthDbm0,
};

mod answer;
mod fault;
mod flash;
mod implied;
mod media;
mod nonsense;
mod outgoing;
mod preserved;
mod shared;
mod silence;
mod slow_dial;

/// A port with a hand-written server.
struct Bench {
    port: Port,
    now: Time,
}

impl Bench {
    fn with(change: impl FnOnce(&mut PortConfig)) -> Bench {
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

    fn new() -> Bench {
        Bench::with(|_| {})
    }

    fn input(&mut self, input: Input<'_>) {
        self.port.handle(self.now, input);
    }

    /// Lets time pass, deadline by deadline.
    fn wait(&mut self, ms: u64) {
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

    fn says(&mut self, messages: &[ServerMessage]) {
        for message in messages {
            self.input(Input::Message(message));
        }
    }

    fn lift(&mut self) {
        self.input(Input::Line(LineInput::LoopClosed { at: self.now }));
        self.wait(10);
    }

    fn hang_up(&mut self) {
        self.input(Input::Line(LineInput::LoopOpened { at: self.now }));
        self.wait(1300);
    }

    fn flash(&mut self) {
        self.input(Input::Line(LineInput::LoopOpened { at: self.now }));
        self.wait(500);
        self.input(Input::Line(LineInput::LoopClosed { at: self.now }));
    }

    fn dial(&mut self, digits: &str) {
        for digit in digits.chars().filter_map(Digit::from_char) {
            self.input(Input::Digit(DigitHeard {
                digit,
                at: self.now,
                level: TenthDbm0(-100),
            }));
            self.wait(100);
        }
    }

    fn opened(&mut self, party: u32) {
        let result = Ok(local(party));
        let party = Party(party);
        self.input(Input::Media(MediaInput::ReceiveOpened { party, result }));
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.port.poll_output()).collect()
    }

    /// What came out, records left out.
    fn seen(&mut self) -> Vec<Output> {
        let mut all = self.outputs();
        all.retain(|o| !matches!(o, Output::Record(_)));
        all
    }

    fn records(&mut self) -> Vec<CallRecord> {
        let records = self.outputs().into_iter().filter_map(|o| match o {
            Output::Record(record) => Some(record),
            Output::Send(_) | Output::Line(_) | Output::Media(_) => None,
        });
        records.collect()
    }

    fn word(&self) -> PortState {
        self.port.snapshot().state
    }

    /// An outgoing call of chan_skinny's kind (party = reference, told reference 0), connected.
    fn talking(&mut self, id: u32) {
        if self.port.set.is_on_hook() {
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

fn local(party: u32) -> SocketAddrV4 {
    SocketAddrV4::new(
        Ipv4Addr::new(10, 0, 0, 9),
        20_000 + u16::try_from(party % 1000).unwrap() * 2,
    )
}

fn remote() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 17_000)
}

const LINE: LineInstance = LineInstance(1);

fn state(state: CallStateKind, call: u32) -> ServerMessage {
    let call = CallRef(call);
    let line = LINE;
    ServerMessage::CallState { state, line, call }
}

fn tone(tone: Tone, call: u32) -> ServerMessage {
    ServerMessage::StartTone {
        tone,
        direction: 0,
        line: LineInstance(u32::from(call != 0)),
        call: CallRef(call),
    }
}

fn stop_tone(call: u32) -> ServerMessage {
    ServerMessage::StopTone {
        line: LINE,
        call: CallRef(call),
        tone: Tone::SILENCE,
    }
}

fn ringer(mode: RingMode, call: u32) -> ServerMessage {
    ServerMessage::SetRinger {
        mode,
        duration: 1,
        line: LINE,
        call: CallRef(call),
    }
}

fn info(call: u32, number: &str, name: &str) -> ServerMessage {
    ServerMessage::CallInfo(CallInfo {
        call: CallRef(call),
        kind: 1,
        calling_number: number.into(),
        calling_name: name.into(),
        ..CallInfo::default()
    })
}

fn open(party: u32, call: u32) -> ServerMessage {
    ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
        conference: Conference(party),
        party: Party(party),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: true,
        call: CallRef(call),
        encryption: Encryption::default(),
        rfc2833_payload: 0,
    })
}

fn start_message(party: u32, call: u32) -> StartMediaTransmission {
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
    }
}

fn start(party: u32, call: u32) -> ServerMessage {
    ServerMessage::StartMediaTransmission(start_message(party, call))
}

fn leg(party: u32) -> MediaLeg {
    MediaLeg {
        party: Party(party),
        ..MediaLeg::default()
    }
}

fn close(party: u32) -> ServerMessage {
    ServerMessage::CloseReceiveChannel(leg(party))
}

fn stop(party: u32) -> ServerMessage {
    ServerMessage::StopMediaTransmission(leg(party))
}

fn line(output: LineOutput) -> Output {
    Output::Line(output)
}

fn play(tone: Tone) -> Output {
    line(LineOutput::PlayTone(tone))
}

fn media(output: MediaOutput) -> Output {
    Output::Media(output)
}

fn bridge(party: u32) -> Output {
    media(MediaOutput::Bridge {
        party: Some(Party(party)),
    })
}

fn no_bridge() -> Output {
    media(MediaOutput::Bridge { party: None })
}

fn off_hook(on_line: u32, call: u32) -> Output {
    Output::Send(ClientMessage::OffHook(CallOnLine {
        line: LineInstance(on_line),
        call: CallRef(call),
    }))
}

fn on_hook(call: u32) -> Output {
    Output::Send(ClientMessage::OnHook(CallOnLine {
        line: LINE,
        call: CallRef(call),
    }))
}

fn key(button: u32, call: u32) -> Output {
    Output::Send(ClientMessage::KeypadButton(KeypadButton {
        button,
        line: LINE,
        call: CallRef(call),
    }))
}

fn soft(event: SoftKey, call: u32) -> Output {
    Output::Send(ClientMessage::SoftKeyEvent {
        event,
        line: LINE,
        call: CallRef(call),
    })
}

fn open_receive(party: u32, call: u32) -> Output {
    media(MediaOutput::OpenReceive {
        party: Party(party),
        call: CallRef(call),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        rfc2833_payload: None,
    })
}

fn ack(status: MediaStatus, party: u32, call: u32) -> Output {
    let address = if status == MediaStatus::OK {
        local(party)
    } else {
        SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)
    };
    Output::Send(ClientMessage::OpenReceiveChannelAck {
        status,
        address,
        party: Party(party),
        call: CallRef(call),
    })
}

fn start_send(party: u32) -> Output {
    media(MediaOutput::StartSend {
        party: Party(party),
        remote: remote(),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        rfc2833_payload: None,
        dscp: 46,
    })
}

fn close_receive(party: u32) -> Output {
    media(MediaOutput::CloseReceive {
        party: Party(party),
    })
}

const DTMF_ON: Output = Output::Line(LineOutput::EnableDtmf(true));
const DTMF_OFF: Output = Output::Line(LineOutput::EnableDtmf(false));
const SILENT: Output = Output::Line(LineOutput::StopTone);
const STOP_RING: Output = Output::Line(LineOutput::StopRing);
