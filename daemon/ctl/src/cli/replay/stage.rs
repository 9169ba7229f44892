//! A port with its phone and its card, in a time that is moved by hand: it registers with the test CallManager in the
//! version of the capture (or with the capture's server, when its registration was captured), then hears what the captured
//! server said. The phone does what the captured one did: lift, press, flash, hang up.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tipring_ctl::words;
use tipring_proto::call::{
    DigitHeard, Heard, LegStatistics, LineInput, LineOutput, MediaInput, MediaOutput, PortConfig,
};
use tipring_proto::device::{Device, DeviceConfig, Input, Output, TraceEvent, of_device};
use tipring_proto::sccp::callmanager::{CallManager, CallManagerConfig, CmOutput, ConnId, Dialect};
use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, RegisterAck, ServerMessage};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure, StationConfig, TracedMessage};
use tipring_proto::sccp::wire::{Frame, FrameReader, decode_client, decode_server, encode_server};
use tipring_proto::time::Time;
use tipring_proto::types::{ConnectionId, DeviceName, DeviceType, Party, TenthDbm0};
use tipring_types::trace::Trace;

use super::acts::{self, Act};
use super::capture::{Capture, Captured};
use super::{Leg, Line, Report, Who, deviations};

/// Where the port's own address is; where its legs listen, from this port on.
const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const FIRST_PORT: u16 = 20_000;
/// Before the capture begins, for a registration of our own.
const BEFORE: Duration = Duration::from_secs(10);
/// After its last message: a hang-up is certain, a cadence has begun.
const AFTER: Duration = Duration::from_secs(3);
/// A flash.
const FLASH: Duration = Duration::from_millis(500);
/// How long sending a caller ID takes.
const CALLER_ID: Duration = Duration::from_millis(800);
/// How long a capture waits for the port to say what its phone did: a hang-up is certain by then.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it waits for the port to come back over another connection.
const COMES_BACK: Duration = Duration::from_secs(10);
/// Bursts of ringing.
const BURST: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(4);
/// The only server connection.
const CONN: ConnId = ConnId(1);

/// What the phone or the card does by itself later.
#[derive(Clone, Copy, Debug)]
enum Later {
    CloseLoop,
    RingOn,
    RingOff,
    CallerIdSent,
}

struct Stage {
    device: Device,
    /// Registers the port; none when the capture has a registration.
    registrar: Option<CallManager>,
    connection: Option<ConnectionId>,
    now: Time,
    /// The capture's first message.
    begin: Time,
    lifted: bool,
    later: Vec<(Time, Later)>,
    next_port: u16,
    legs: Vec<Leg>,
    bridged: Option<Party>,
    sent: Vec<ClientMessage>,
    timeline: Vec<Line>,
    unreadable: Vec<String>,
    /// What happens is of the capture.
    recording: bool,
}

/// Plays what the server said to this phone.
pub(super) fn play(name: DeviceName, capture: &Capture, phone: &str) -> Report {
    let messages: Vec<&Captured> = capture.of(phone).collect();
    let version = version(&messages, capture.versions.get(phone).copied());
    let registers = messages.iter().any(|m| {
        !m.from_server
            && matches!(
                decode_client(&m.frame, version),
                Ok(ClientMessage::Register(_))
            )
    });
    let mut stage = Stage::new(name, version, registers);
    let mut theirs = vec![];
    stage.run_until(stage.begin);
    let mut registered = stage.device.is_registered();
    stage.begin_recording();
    for message in messages {
        stage.run_until(stage.begin + message.at);
        if message.from_server {
            stage.server_says(&message.frame, version);
        } else {
            match decode_client(&message.frame, version) {
                Ok(said) => {
                    stage.show(
                        Who::Captured,
                        Trace::SccpMessage(catalog::client_message(&said)),
                    );
                    // Over its next connection.
                    let registers = matches!(said, ClientMessage::Register(_));
                    if registers
                        && theirs
                            .iter()
                            .any(|m| matches!(m, ClientMessage::Register(_)))
                    {
                        stage.reconnect();
                    }
                    stage.phone_does(&said);
                    theirs.push(said);
                }
                Err(e) => stage.unreadable.push(format!("of the phone: {e}")),
            }
        }
        registered |= stage.device.is_registered();
    }
    stage.run_until(stage.now + AFTER);
    Report {
        phone: phone.to_owned(),
        version,
        registered,
        deviations: deviations::compare(&theirs, &stage.sent),
        timeline: stage.timeline,
        legs: stage.legs,
        unreadable: stage.unreadable,
    }
}

/// Whose layouts the messages of a phone have.
pub(super) fn version_of(capture: &Capture, phone: &str) -> u8 {
    let messages: Vec<_> = capture.of(phone).collect();
    version(&messages, capture.versions.get(phone).copied())
}

/// The version that was agreed, or that is known, or the one that headers name, or what the bodies of media messages look
/// like.
fn version(messages: &[&Captured], known: Option<u8>) -> u8 {
    let acked = messages
        .iter()
        .find_map(|m| match decode_server(&m.frame, 0) {
            Ok(ServerMessage::RegisterAck(RegisterAck { version, .. })) if m.from_server => {
                Some(version)
            }
            _ => None,
        });
    let named = messages
        .iter()
        .filter_map(|m| u8::try_from(m.frame.header_version).ok())
        .max()
        .filter(|version| *version > 0);
    let wide = messages
        .iter()
        .any(|m| m.from_server && matches!(m.frame.id, 0x105 | 0x8A) && m.frame.body.len() >= 128);
    match (acked.or(known), named) {
        (Some(version), _) if (1..=22).contains(&version) => version,
        (_, Some(version)) => version.min(22),
        _ if wide => 17,
        _ => 3,
    }
}

impl Stage {
    fn new(name: DeviceName, version: u8, registers: bool) -> Stage {
        let mut station = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
        station.offer_version = version;
        let registrar = (!registers).then(|| {
            CallManager::new(CallManagerConfig {
                // The dialect with every version.
                dialect: Dialect::ChanSccp,
                ..CallManagerConfig::default()
            })
        });
        let port = PortConfig::default();
        let now = Time::from_millis(1_000);
        let begin = if registers { now } else { now + BEFORE };
        let mut stage = Stage {
            device: Device::new(DeviceConfig { station, port }, now),
            registrar,
            connection: None,
            now,
            begin,
            lifted: false,
            later: vec![],
            next_port: FIRST_PORT,
            legs: vec![],
            bridged: None,
            sent: vec![],
            timeline: vec![],
            unreadable: vec![],
            recording: registers,
        };
        stage.device.start(now);
        stage.carry();
        stage
    }

    /// From now on everything is of the capture; the test CallManager has done its part.
    fn begin_recording(&mut self) {
        self.registrar = None;
        self.recording = true;
    }

    fn at_ms(&self) -> u64 {
        let at = self.now.saturating_since(self.begin).as_millis();
        u64::try_from(at).unwrap_or(u64::MAX)
    }

    fn show(&mut self, who: Who, event: Trace) {
        self.timeline.push(Line {
            at_ms: self.at_ms(),
            who,
            kind: event.kind(),
            text: words::trace(&event, None),
            event,
        });
    }

    fn run_until(&mut self, end: Time) {
        loop {
            self.carry();
            let mine = self.later.iter().map(|(at, _)| *at).min();
            let registrar = self.registrar.as_ref().and_then(CallManager::poll_timeout);
            let due = [self.device.poll_timeout(), mine, registrar];
            let Some(at) = due.into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            if let Some(registrar) = &mut self.registrar {
                registrar.handle_timeout(self.now);
            }
            self.device.handle_timeout(self.now);
            self.do_later();
        }
        self.now = self.now.max(end);
    }

    fn do_later(&mut self) {
        let now = self.now;
        let (due, later) = self.later.iter().partition(|(at, _)| *at <= now);
        self.later = later;
        let due: Vec<(Time, Later)> = due;
        for (at, what) in due {
            let input = match what {
                Later::CloseLoop => LineInput::LoopClosed { at },
                Later::RingOn => {
                    self.later.push((at + BURST, Later::RingOff));
                    LineInput::RingOn { at }
                }
                Later::RingOff => {
                    self.later.push((at + PAUSE, Later::RingOn));
                    LineInput::RingOff { at }
                }
                Later::CallerIdSent => LineInput::CallerIdSent,
            };
            self.device.handle(now, Input::Line(input));
        }
    }

    /// A message of the captured server reaches the port.
    fn server_says(&mut self, frame: &Frame, version: u8) {
        match decode_server(frame, version) {
            Ok(message) => {
                self.show(
                    Who::Server,
                    Trace::SccpMessage(catalog::server_message(&message)),
                );
            }
            Err(e) => self.unreadable.push(e.to_string()),
        }
        self.receive(&frame.to_bytes());
    }

    fn receive(&mut self, bytes: &[u8]) {
        if let Some(id) = self.connection {
            self.device.handle(self.now, Input::Received { id, bytes });
            self.carry();
        }
    }

    /// What the captured phone did to say this, done at ours.
    fn phone_does(&mut self, said: &ClientMessage) {
        match acts::act(said) {
            Some(Act::Lift) => self.lift(true),
            Some(Act::HangUp) => self.lift(false),
            Some(Act::Flash) => self.flash(),
            Some(Act::Press(digit)) if self.lifted => {
                let heard = DigitHeard {
                    digit,
                    at: self.now,
                    level: TenthDbm0(-80),
                };
                self.device.handle(self.now, Input::Digit(heard));
            }
            Some(Act::Press(_)) | None => {}
        }
        self.carry();
        self.await_port(said);
    }

    /// A captured server answers what its phone said within milliseconds; ours says it once it is sure of the hook. So the
    /// capture waits for it.
    fn await_port(&mut self, said: &ClientMessage) {
        let acts = matches!(
            said,
            ClientMessage::OffHook(_)
                | ClientMessage::OnHook(_)
                | ClientMessage::EnblocCall(_)
                | ClientMessage::SoftKeyEvent(_)
                | ClientMessage::HookFlash(_)
                | ClientMessage::Stimulus(_)
        );
        let (before, asked) = (self.sent.len(), self.now);
        let end = asked + PATIENCE;
        while acts && self.sent.len() == before && self.now < end {
            let next = self.device.poll_timeout();
            let next = next
                .into_iter()
                .chain(self.later.iter().map(|(at, _)| *at))
                .min();
            let Some(at) = next.filter(|at| *at <= end) else {
                break;
            };
            self.run_until(at.max(self.now));
        }
        if self.sent.len() > before {
            self.begin = self.begin + self.now.saturating_since(asked);
        }
    }

    /// The captured connection was followed by another one: ours ends too, and the capture waits for the port to register
    /// again.
    fn reconnect(&mut self) {
        let (asked, before) = (self.now, self.sent.len());
        if let Some(id) = self.connection.take() {
            let reason = CloseReason::ByServer;
            self.device.handle(self.now, Input::Lost { id, reason });
        }
        self.carry();
        let end = asked + COMES_BACK;
        let registers = |m: &ClientMessage| matches!(m, ClientMessage::Register(_));
        while !self.sent.iter().skip(before).any(registers) && self.now < end {
            let due = self.device.poll_timeout().filter(|at| *at <= end);
            self.run_until(due.unwrap_or(end).max(self.now));
        }
        self.begin = self.begin + self.now.saturating_since(asked);
    }

    fn lift(&mut self, lift: bool) {
        if self.lifted == lift {
            return;
        }
        self.lifted = lift;
        let at = self.now;
        let edge = if lift {
            LineInput::LoopClosed { at }
        } else {
            LineInput::LoopOpened { at }
        };
        self.device.handle(self.now, Input::Line(edge));
        self.carry();
    }

    fn flash(&mut self) {
        if self.lifted {
            let at = self.now;
            self.device
                .handle(at, Input::Line(LineInput::LoopOpened { at }));
            self.later.push((at + FLASH, Later::CloseLoop));
        }
    }

    /// Does what the port and the test CallManager ask for, until neither does.
    fn carry(&mut self) {
        let mut answers = VecDeque::new();
        loop {
            while let Some(output) = self.device.poll_output() {
                self.act(output, &mut answers);
            }
            while let Some(output) = self.registrar.as_mut().and_then(CallManager::poll_output) {
                if let CmOutput::Send { bytes, .. } = output {
                    answers.push_back(bytes);
                }
            }
            let Some(bytes) = answers.pop_front() else {
                return;
            };
            if let Some(id) = self.connection {
                let input = Input::Received { id, bytes: &bytes };
                self.device.handle(self.now, input);
            }
        }
    }

    fn act(&mut self, output: Output, answers: &mut VecDeque<Vec<u8>>) {
        let now = self.now;
        match output {
            Output::Connect { id, .. } if self.connection.is_none() => {
                self.connection = Some(id);
                if let Some(registrar) = &mut self.registrar {
                    registrar.accept(now, CONN, SocketAddrV4::new(OWN, 40_000));
                }
                self.device.handle(now, Input::Connected { id, local: OWN });
            }
            // The capture is of one connection.
            Output::Connect { id, .. } => {
                let failure = ConnectFailure::Refused;
                self.device
                    .handle(now, Input::ConnectFailed { id, failure });
            }
            Output::Send { bytes, .. } => match &mut self.registrar {
                Some(registrar) => registrar.handle_input(now, CONN, &bytes),
                None => answers.extend(keepalives(&bytes)),
            },
            Output::Close { id } => {
                if self.connection == Some(id) {
                    self.connection = None;
                }
            }
            Output::Line(line) => self.line(&line),
            Output::Media(media) => self.media(media),
            Output::Trace(traced) => self.traced(&traced),
            Output::Record(_) | Output::Event(_) => {}
        }
    }

    /// Shows what the port did, and keeps what it said.
    fn traced(&mut self, traced: &TraceEvent) {
        if !self.recording {
            return;
        }
        match traced {
            // Shown when the capture said it.
            TraceEvent::Message {
                sent: false,
                message,
            } => {
                if let TracedMessage::Unreadable(why) = message
                    && !self.unreadable.contains(why)
                {
                    self.unreadable.push(why.clone());
                }
                return;
            }
            TraceEvent::Message {
                sent: true,
                message: TracedMessage::Client(message),
            } => self.sent.push(message.clone()),
            _ => {}
        }
        if let Some(event) = of_device(traced) {
            self.show(Who::Port, event);
        }
    }

    /// The card.
    fn line(&mut self, line: &LineOutput) {
        let now = self.now;
        match line {
            LineOutput::Ring(_) => self.later.push((now, Later::RingOn)),
            LineOutput::StopRing => self
                .later
                .retain(|(_, what)| !matches!(what, Later::RingOn | Later::RingOff)),
            LineOutput::SendCallerId { .. } => {
                self.later.push((now + CALLER_ID, Later::CallerIdSent));
            }
            LineOutput::StopCallerId => self
                .later
                .retain(|(_, what)| !matches!(what, Later::CallerIdSent)),
            _ => {}
        }
    }

    /// The media side: every socket opens, and packets come all the time.
    fn media(&mut self, media: MediaOutput) {
        match media {
            MediaOutput::OpenReceive { party, group, .. } => {
                let own = SocketAddrV4::new(OWN, self.next_port);
                self.next_port = self.next_port.wrapping_add(2);
                let local = group.unwrap_or(own);
                self.leg(party, "receive", local);
                let opened = MediaInput::ReceiveOpened {
                    party,
                    result: Ok(local),
                };
                self.device.handle(self.now, Input::Media(opened));
            }
            MediaOutput::StartSend { party, remote, .. } => self.leg(party, "send", remote),
            MediaOutput::Bridge { party } => {
                self.bridged = party;
                for leg in &mut self.legs {
                    leg.heard |= party.is_some_and(|party| leg.party == party.0);
                }
            }
            MediaOutput::NeedHeard { party } => {
                let heard = Heard {
                    opened: self.now,
                    last: Some(self.now),
                    packets: 1,
                };
                let input = MediaInput::Heard { party, heard };
                self.device.handle(self.now, Input::Media(input));
            }
            MediaOutput::NeedStatistics { call, .. } => {
                let counters = LegStatistics::default();
                let input = MediaInput::Statistics { call, counters };
                self.device.handle(self.now, Input::Media(input));
            }
            _ => {}
        }
    }

    fn leg(&mut self, party: Party, direction: &'static str, address: SocketAddrV4) {
        self.legs.push(Leg {
            at_ms: self.at_ms(),
            party: party.0,
            direction,
            address: address.to_string(),
            heard: self.bridged == Some(party),
        });
    }
}

/// A capture seldom has the answers to our own keepalives, so each is answered here.
pub(super) fn keepalives(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = FrameReader::default();
    reader.push(bytes);
    let mut answers = vec![];
    while let Ok(Some(frame)) = reader.next_frame() {
        if matches!(decode_client(&frame, 0), Ok(ClientMessage::KeepAlive)) {
            answers.push(encode_server(&ServerMessage::KeepAliveAck, 0));
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::message::{
        CallOnLine, CallStateChange, CallStateKind, Encryption, MediaFormat, OpenReceiveChannel,
        RingMode, SetRinger, StartMediaTransmission,
    };
    use tipring_proto::sccp::wire::encode_client;
    use tipring_proto::types::{CallRef, Conference, LineInstance};

    const CALL: CallRef = CallRef(0x012E_0002);

    fn captured(ms: u64, from_server: bool, bytes: &[u8]) -> Captured {
        let mut reader = FrameReader::default();
        reader.push(bytes);
        Captured {
            at: Duration::from_millis(ms),
            phone: "b".to_owned(),
            from_server,
            frame: reader.next_frame().unwrap().unwrap(),
        }
    }

    fn start(party: u32, call: CallRef, port: u16) -> ServerMessage {
        ServerMessage::StartMediaTransmission(StartMediaTransmission {
            conference: Conference(CALL.0),
            party: Party(party),
            remote: SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 20), port),
            ptime_ms: 20,
            format: MediaFormat::G711_ULAW,
            precedence: 184,
            vad: false,
            max_frames: 0,
            call,
            encryption: Encryption::default(),
            rfc2833_payload: 0,
            nse_payload: None,
        })
    }

    #[test]
    fn what_the_phone_said_and_nobody_can_read_is_named_and_a_port_that_never_registers_too() {
        let mut cut = encode_client(&ClientMessage::KeepAlive, 20);
        // OpenReceiveChannelAck without a body.
        cut[8..12].copy_from_slice(&0x22_u32.to_le_bytes());
        // Register, of which only its coming counts.
        let mut registers = vec![104, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0];
        registers.extend(b"VGC1");
        registers.resize(8 + 104, 0);
        let capture = Capture {
            messages: vec![captured(0, false, &registers), captured(10, false, &cut)],
            ..Capture::default()
        };
        let name = DeviceName::new("VGC000000000001").unwrap();
        let report = play(name, &capture, "b");
        assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
        assert!(report.unreadable[0].starts_with("of the phone: "));
        assert!(!report.registered, "no server answers its Register");
    }

    #[test]
    fn a_registration_over_the_next_connection_of_a_capture_is_one_of_the_port_too() {
        // As the phones of captures send it: only its name and its coming count.
        let mut register = vec![104, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        register.extend(b"VGC1");
        register.resize(8 + 104, 0);
        let ack = encode_server(
            &ServerMessage::RegisterAck(RegisterAck {
                keepalive_s: 30,
                secondary_keepalive_s: 60,
                version: 3,
                features: [0; 3],
                date_template: *b"D.M.Y\0",
            }),
            3,
        );
        let alive = encode_server(&ServerMessage::KeepAliveAck, 3);
        let capture = Capture {
            messages: vec![
                captured(0, false, &register),
                captured(20, true, &ack),
                captured(40_000, false, &register),
                captured(40_020, true, &ack),
                captured(41_000, true, &alive),
            ],
            ..Capture::default()
        };
        let name = DeviceName::new("VGC000000000001").unwrap();
        let report = play(name, &capture, "b");
        let of_register = |d: &&deviations::Deviation| d.message == "Register";
        assert_eq!(report.deviations.iter().find(of_register), None);
        let last = report.timeline.iter().rfind(|l| l.who == Who::Server);
        assert_eq!(
            last.map(|l| l.at_ms),
            Some(41_000),
            "its time is the capture's"
        );
    }

    /// The called phone of a recorded call: the recorder's transmissions, under references that were never announced, come
    /// before and after the call's own (order and times as a CallManager's capture of version 20 has them).
    #[test]
    fn a_recorded_call_rings_is_answered_and_is_the_one_that_the_phone_hears() {
        let (line, call) = (LineInstance(1), CALL);
        let state = |state| ServerMessage::CallState(CallStateChange { state, line, call });
        let server = [
            (5, state(CallStateKind::RING_IN)),
            (
                6,
                ServerMessage::SetRinger(SetRinger {
                    mode: RingMode::INSIDE,
                    duration: 1,
                    line,
                    call,
                }),
            ),
            (3_646, state(CallStateKind::OFF_HOOK)),
            (
                3_646,
                ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
                    conference: Conference(call.0),
                    party: Party(0x0100_0050),
                    ptime_ms: 20,
                    format: MediaFormat::G711_ULAW,
                    echo_cancel: false,
                    call,
                    encryption: Encryption::default(),
                    rfc2833_payload: 0,
                    nse_payload: None,
                }),
            ),
            (3_646, state(CallStateKind::CONNECTED)),
            (3_682, start(0x0100_0051, CallRef(0x012E_0006), 9_399)),
            (3_684, start(0x0100_0050, call, 32_144)),
            (3_715, start(0x0100_0053, CallRef(0x012E_000C), 9_400)),
        ];
        let mut messages: Vec<_> = server
            .iter()
            .map(|(at, message)| captured(*at, true, &encode_server(message, 20)))
            .collect();
        let lifts = ClientMessage::OffHook(CallOnLine { line, call });
        messages.push(captured(3_628, false, &encode_client(&lifts, 20)));
        messages.sort_by_key(|m| m.at);
        let capture = Capture {
            messages,
            ..Capture::default()
        };
        let name = DeviceName::new("VGC000000000001").unwrap();
        let report = play(name, &capture, "b");
        assert_eq!((report.version, report.unreadable.len()), (20, 0));
        assert!(report.registered);
        let port: Vec<&str> = report
            .timeline
            .iter()
            .filter(|line| line.who == Who::Port)
            .map(|line| line.text.as_str())
            .collect();
        assert!(port.contains(&"ring, inside"), "{port:?}");
        let heard: Vec<_> = report.legs.iter().filter(|leg| leg.heard).collect();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(
            heard.iter().all(|leg| leg.party == 0x0100_0050),
            "{heard:?}"
        );
        assert_eq!(heard[1].address, "192.0.2.20:32144");
        assert!(
            !report
                .deviations
                .iter()
                .any(|d| d.message.starts_with("OffHook"))
        );
    }
}
