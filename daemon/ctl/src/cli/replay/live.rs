//! A capture is played over TCP to a daemon: as its CallManager, in real time, with the simulated phone of its port doing what
//! the captured phone did, and far ends that talk and listen where the captured server sent the media.
//!
//! Owns: the connection, the time of the play, and what the phone hears. `daemon.rs` starts the daemon, `far_ends.rs` has the
//! media.

mod daemon;
mod far_ends;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde::Serialize;
use tipring_ctl::report::{RegistrationReport, RegistrationState, SimSetState};
use tipring_ctl::request::{Request, Response, SimAction};
use tipring_ctl::words;
use tipring_proto::sccp::callmanager::{CallManager, CallManagerConfig, CmOutput, ConnId, Dialect};
use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, MediaFormat, ServerMessage};
use tipring_proto::sccp::wire::{Frame, FrameReader, decode_client, decode_server};
use tipring_proto::time::Time;
use tipring_types::Law;
use tipring_types::trace::Trace;

use super::acts::{self, Act};
use super::capture::{Capture, Captured};
use super::{Line, Who, deviations, stage};
use crate::cli::output::Failure;
use crate::cli::remote::{Remote, Session, unexpected};
use far_ends::{FarEnd, FarEnds};

/// The longest capture that is played in real time.
const LONGEST: Duration = Duration::from_secs(3600);
/// A daemon that starts connects and registers within this.
const REGISTERS: Duration = Duration::from_secs(30);
/// Between two looks at sockets and clock.
const TURN: Duration = Duration::from_millis(2);
/// Between two looks at the phone.
const LOOK: Duration = Duration::from_millis(100);
/// After the last message.
const AFTER: Duration = Duration::from_secs(3);
/// How long the capture waits for the port to say what its phone did.
const PATIENCE: Duration = Duration::from_secs(3);
const FLASH_MS: u16 = 500;
/// A port that is registered says how its phone is; then it is silent for this time.
const QUIET: Duration = Duration::from_millis(300);
/// What the phone says: none of the tones of the far ends.
const VOICE: f32 = 600.0;
const VOICE_DBM0: f32 = -13.0;
const CONN: ConnId = ConnId(1);

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct LiveReport {
    /// Whose connection.
    pub(super) phone: String,
    /// Version whose layouts were used.
    pub(super) version: u8,
    /// What both sides said, in order.
    pub(super) timeline: Vec<Line>,
    /// What the phone at the port heard.
    pub(super) heard: Vec<HeardSpan>,
    /// What came at each far end.
    pub(super) far_ends: Vec<FarEnd>,
    /// What the phone and the port did not both say.
    pub(super) deviations: Vec<deviations::Deviation>,
    /// Messages that could not be read.
    pub(super) unreadable: Vec<String>,
    /// Why part of the play compares nothing: a connection that ended, a registration that ended in the capture.
    pub(super) remarks: Vec<String>,
}

/// A time in which the phone heard the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct HeardSpan {
    /// Since the capture's first message.
    pub(super) from_ms: u64,
    /// Its end.
    pub(super) to_ms: u64,
    /// It rang; else it was lifted.
    pub(super) ringing: bool,
    /// The strongest frequency, the last value; none: silence.
    pub(super) hz: Option<f32>,
    /// The level, the last value; none: silence.
    pub(super) dbm0: Option<f32>,
}

/// The daemon of the play.
pub(super) enum Place<'a> {
    /// One is started.
    Own,
    /// This one, whose port has this address as its CallManager.
    Given(&'a Remote, u16, SocketAddrV4),
}

struct Live {
    session: Session,
    port: u16,
    listener: TcpListener,
    stream: Option<TcpStream>,
    reader: FrameReader,
    registrar: Option<CallManager>,
    version: u8,
    /// The daemon is not of the play.
    given: bool,
    start: Instant,
    /// The capture's first message, once it plays.
    begin: Option<Duration>,
    far_ends: FarEnds,
    sent: Vec<ClientMessage>,
    timeline: Vec<Line>,
    unreadable: Vec<String>,
    remarks: Vec<String>,
    heard: Vec<HeardSpan>,
    looked: Duration,
    /// When the port last said something.
    last_said: Duration,
    talks: bool,
}

/// Plays what the server said to this phone.
pub(super) fn play(
    place: &Place<'_>,
    capture: &Capture,
    phone: &str,
) -> Result<LiveReport, Failure> {
    let messages: Vec<&Captured> = capture.of(phone).collect();
    if messages.last().is_some_and(|last| last.at > LONGEST) {
        return Err(Failure::failed(
            "this capture is longer than the hour that is played in real time".to_owned(),
            "play it without --live, or cut it",
        ));
    }
    let version = stage::version_of(capture, phone);
    let registers = messages.iter().any(|m| {
        let said = decode_client(&m.frame, version);
        !m.from_server && matches!(said, Ok(ClientMessage::Register(_)))
    });
    let listen = match place {
        Place::Own => SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
        Place::Given(_, _, listen) => *listen,
    };
    let system = |e: io::Error| {
        Failure::failed(
            format!("cannot listen on {listen}: {e}"),
            "choose another address with --listen",
        )
    };
    let listener = TcpListener::bind(listen).map_err(system)?;
    listener.set_nonblocking(true).map_err(system)?;
    let server = listener.local_addr().map_err(system)?;
    let own;
    let (remote, port) = match place {
        Place::Own => {
            own = daemon::Daemon::start(server, version)?;
            (&own.remote(), 1)
        }
        Place::Given(remote, port, _) => (*remote, *port),
    };
    let registrar = (!registers).then(|| {
        CallManager::new(CallManagerConfig {
            // The dialect with every version.
            dialect: Dialect::ChanSccp,
            ..CallManagerConfig::default()
        })
    });
    let mut live = Live {
        session: remote.connect()?,
        port,
        listener,
        stream: None,
        reader: FrameReader::default(),
        registrar,
        version,
        given: matches!(place, Place::Given(..)),
        start: Instant::now(),
        begin: None,
        far_ends: FarEnds::new(server.ip()),
        sent: vec![],
        timeline: vec![],
        unreadable: vec![],
        remarks: remarks(&messages, version),
        heard: vec![],
        looked: Duration::ZERO,
        last_said: Duration::ZERO,
        talks: false,
    };
    live.register(registers)?;
    if live.given && !registers {
        same_version(version, port, live.registration()?.protocol_version)?;
    }
    let mut theirs = vec![];
    for message in messages {
        live.run_until(message.at)?;
        if message.from_server {
            live.server_says(&message.frame)?;
            continue;
        }
        match decode_client(&message.frame, version) {
            Ok(said) => {
                live.show(Who::Captured, catalog_of(&said));
                live.phone_does(&said)?;
                theirs.push(said);
            }
            Err(e) => live.unreadable.push(format!("of the phone: {e}")),
        }
    }
    let end = live.at();
    live.run_until(end + AFTER)?;
    Ok(LiveReport {
        phone: phone.to_owned(),
        version,
        deviations: deviations::compare(&theirs, &live.sent),
        timeline: live.timeline,
        heard: live.heard,
        far_ends: live.far_ends.shown(),
        unreadable: live.unreadable,
        remarks: live.remarks,
    })
}

/// What in the capture ends a registration: the port of the play keeps its own.
fn remarks(messages: &[&Captured], version: u8) -> Vec<String> {
    let mut registered = false;
    let mut remarks = vec![];
    for message in messages {
        let what = if message.from_server {
            match decode_server(&message.frame, version) {
                Ok(ServerMessage::Reset(_)) => "the captured server reset its phone",
                _ => continue,
            }
        } else {
            match decode_client(&message.frame, version) {
                Ok(ClientMessage::Unregister(_)) => "the captured phone unregistered",
                Ok(ClientMessage::Register(_)) if std::mem::replace(&mut registered, true) => {
                    "the captured phone registered again"
                }
                _ => continue,
            }
        };
        remarks.push(format!(
            "{what} at {:.3} s, and the port of the play does so by itself or not at all: what differs from then on says \
             nothing; cut the capture there, and play its parts one by one",
            message.at.as_secs_f64()
        ));
    }
    remarks
}

/// The capture's messages have the layouts of its version, and the port reads those of its own.
fn same_version(capture: u8, port: u16, registered: Option<u8>) -> Result<(), Failure> {
    match registered {
        Some(version) if version != capture => Err(Failure::failed(
            format!(
                "the capture is of protocol version {capture}, and port {port} has registered with version {version}"
            ),
            &format!(
                "set protocol-version = {capture} in [gateway] and reload, or play the capture without --listen"
            ),
        )),
        _ => Ok(()),
    }
}

fn catalog_of(said: &ClientMessage) -> Trace {
    Trace::SccpMessage(catalog::client_message(said))
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

impl Live {
    /// The play's own time.
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Since the capture's first message.
    fn at(&self) -> Duration {
        let begin = self.begin.unwrap_or(Duration::MAX);
        self.now().saturating_sub(begin)
    }

    fn show(&mut self, who: Who, event: Trace) {
        self.timeline.push(Line {
            at_ms: millis(self.at()),
            who,
            kind: event.kind(),
            text: words::trace(&event, None),
            event,
        });
    }

    /// Until the port is registered; with the capture's own registration, until it has connected.
    fn register(&mut self, by_capture: bool) -> Result<(), Failure> {
        let end = self.now() + REGISTERS;
        while self.now() < end {
            self.turn()?;
            if self.stream.is_none() {
                continue;
            }
            let ready =
                by_capture || (self.now() > self.last_said + QUIET && self.is_registered()?);
            if ready {
                self.registrar = None;
                self.begin = Some(self.now());
                return Ok(());
            }
        }
        Err(Failure::failed(
            format!("port {} does not register with the player", self.port),
            "check that the port has the address of --listen as its only CallManager",
        ))
    }

    fn is_registered(&mut self) -> Result<bool, Failure> {
        Ok(self.registration()?.state == RegistrationState::Registered)
    }

    fn registration(&mut self) -> Result<RegistrationReport, Failure> {
        match self.session.ask(Request::PortShow { port: self.port })? {
            Response::Port(detail) => Ok(detail.registration),
            other => Err(unexpected(&other)),
        }
    }

    fn run_until(&mut self, at: Duration) -> Result<(), Failure> {
        while self.at() < at {
            self.turn()?;
        }
        Ok(())
    }

    /// Everything that is due, once.
    fn turn(&mut self) -> Result<(), Failure> {
        std::thread::sleep(TURN);
        if let Ok((stream, peer)) = self.listener.accept() {
            let _ = stream.set_nodelay(true);
            let _ = stream.set_nonblocking(true);
            self.stream = Some(stream);
            self.reader = FrameReader::default();
            let now = Time::from_duration(self.now());
            if let (Some(registrar), SocketAddr::V4(peer)) = (&mut self.registrar, peer) {
                registrar.accept(now, CONN, peer);
            }
        }
        self.read()?;
        self.ask_registrar()?;
        let (now, at) = (self.now(), millis(self.at()));
        self.far_ends.turn(now, at);
        if self.begin.is_some() && now >= self.looked + LOOK {
            self.looked = now;
            self.look()?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 4096];
        while let Some(stream) = &mut self.stream {
            match stream.read(&mut buffer) {
                Ok(0) => self.closed(),
                Ok(n) => {
                    let bytes = &buffer[..n];
                    self.last_said = self.start.elapsed();
                    if let Some(registrar) = &mut self.registrar {
                        let now = Time::from_duration(self.start.elapsed());
                        registrar.handle_input(now, CONN, bytes);
                    } else {
                        self.reader.push(bytes);
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.closed(),
            }
        }
        loop {
            match self.reader.next_frame() {
                Ok(Some(frame)) => self.port_says(&frame)?,
                Ok(None) => return Ok(()),
                Err(e) => {
                    self.unreadable.push(format!("of the port: {e}"));
                    self.reader = FrameReader::default();
                }
            }
        }
    }

    /// The port has left the connection.
    fn closed(&mut self) {
        self.stream = None;
        if self.begin.is_some() {
            let at = self.at().as_secs_f64();
            self.remarks.push(format!(
                "the port closed its connection at {at:.3} s, and nothing of the capture reached it from then on; see why in \
                 `tipring trace` or the daemon's log"
            ));
        }
    }

    fn ask_registrar(&mut self) -> Result<(), Failure> {
        let now = Time::from_duration(self.start.elapsed());
        let Some(registrar) = &mut self.registrar else {
            return Ok(());
        };
        registrar.handle_timeout(now);
        let mut answers = vec![];
        while let Some(output) = registrar.poll_output() {
            if let CmOutput::Send { bytes, .. } = output {
                answers.extend(bytes);
            }
        }
        self.write(&answers)
    }

    /// The port has said something, after its registration.
    fn port_says(&mut self, frame: &Frame) -> Result<(), Failure> {
        let said = match decode_client(frame, self.version) {
            Ok(said) => said,
            Err(e) => {
                self.unreadable.push(format!("of the port: {e}"));
                return Ok(());
            }
        };
        match &said {
            // A capture seldom has the answers to these.
            ClientMessage::KeepAlive => {
                return self.write(&stage::keepalives(&frame.to_bytes()).concat());
            }
            // With the capture's own registration: its server acknowledges the version of its own phone.
            ClientMessage::Register(register) if self.given => {
                let agreed = register.version.min(self.version);
                same_version(self.version, self.port, Some(agreed))?;
            }
            ClientMessage::OpenReceiveChannelAck(ack) if ack.status.0 == 0 => {
                let (now, party, at) = (self.now(), ack.party.0, ack.address);
                self.far_ends.opened(now, party, at).map_err(no_socket)?;
            }
            _ => {}
        }
        self.show(Who::Port, catalog_of(&said));
        self.sent.push(said);
        Ok(())
    }

    /// A message of the captured server, with far ends of this machine in it.
    fn server_says(&mut self, frame: &Frame) -> Result<(), Failure> {
        let mut frame = frame.clone();
        match decode_server(&frame, self.version) {
            Ok(message) => {
                self.show(
                    Who::Server,
                    Trace::SccpMessage(catalog::server_message(&message)),
                );
                match &message {
                    ServerMessage::OpenReceiveChannel(open) => {
                        self.far_ends.opens(open.party.0, law(open.format));
                    }
                    ServerMessage::StartMediaTransmission(start) => {
                        let (now, party) = (self.now(), start.party.0);
                        let sent = self.far_ends.sends(now, party, start.remote);
                        redirect(&mut frame.body, start.remote, sent.map_err(no_socket)?);
                        self.talk(true);
                    }
                    ServerMessage::CloseReceiveChannel(leg) => self.far_ends.closes(leg.party.0),
                    _ => {}
                }
            }
            Err(e) => self.unreadable.push(e.to_string()),
        }
        self.write(&frame.to_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(stream) = self.stream.as_mut().filter(|_| !bytes.is_empty()) else {
            return Ok(());
        };
        // A few messages never fill the socket of a daemon that reads.
        stream.write_all(bytes).map_err(|e| {
            Failure::failed(
                format!("the daemon has left the connection: {e}"),
                "see its log, or `tipring trace`",
            )
        })
    }

    /// What the captured phone did, done at the port's.
    fn phone_does(&mut self, said: &ClientMessage) -> Result<(), Failure> {
        let action = match acts::act(said) {
            Some(Act::Lift) => SimAction::Lift,
            Some(Act::HangUp) => SimAction::Hang,
            Some(Act::Flash) => SimAction::Flash { ms: FLASH_MS },
            Some(Act::Press(digit)) => SimAction::Dial {
                digits: digit.as_char().to_string(),
                pulse: false,
                on_ms: None,
                off_ms: None,
            },
            None => return Ok(()),
        };
        // A voice would be in the keys' tones.
        self.talk(false);
        // A phone that is lifted already, or hung up, says so by a refusal.
        let refused = self.session.sim(self.port, action).is_err();
        let (asked, before) = (self.now(), self.sent.len());
        while !refused && self.sent.len() == before && self.now() < asked + PATIENCE {
            self.turn()?;
        }
        if self.sent.len() > before {
            let waited = self.now() - asked;
            self.begin = self.begin.map(|begin| begin + waited);
        }
        Ok(())
    }

    /// The phone begins to talk, or stops; one that is not lifted refuses.
    fn talk(&mut self, on: bool) {
        if self.talks == on {
            return;
        }
        let action = if on {
            SimAction::Tone {
                hz: vec![VOICE],
                dbm0: VOICE_DBM0,
                ms: 0,
            }
        } else {
            SimAction::Stop
        };
        self.talks = self.session.sim(self.port, action).is_ok() && on;
    }

    fn look(&mut self) -> Result<(), Failure> {
        let phone = self.session.sim(self.port, SimAction::Show)?;
        let at = millis(self.at());
        let ringing = phone.set == SimSetState::Ringing;
        let lifted = matches!(phone.set, SimSetState::OffHook | SimSetState::LoopBreak);
        if !ringing && !lifted {
            return Ok(());
        }
        let heard = if lifted {
            phone.heard
        } else {
            Default::default()
        };
        let same = |last: &HeardSpan| {
            let near = match (last.hz, heard.hz) {
                (Some(a), Some(b)) => (a - b).abs() < a / 50.0,
                (a, b) => a.is_none() && b.is_none(),
            };
            near && last.ringing == ringing && at <= last.to_ms + 3 * millis(LOOK)
        };
        match self.heard.last_mut().filter(|last| same(last)) {
            Some(last) => (last.to_ms, last.hz, last.dbm0) = (at, heard.hz, heard.dbm0),
            None => self.heard.push(HeardSpan {
                from_ms: at,
                to_ms: at,
                ringing,
                hz: heard.hz,
                dbm0: heard.dbm0,
            }),
        }
        Ok(())
    }
}

fn no_socket(e: io::Error) -> Failure {
    Failure::failed(
        format!("a far end of the play cannot have a socket: {e}"),
        "raise the limit of open files",
    )
}

/// G.711 only: the far ends talk no other codec.
fn law(format: MediaFormat) -> Option<Law> {
    match format.0 {
        2 | 3 => Some(Law::A),
        4 | 5 => Some(Law::Mu),
        _ => None,
    }
}

/// Another address in a message, in either layout: the port follows an IPv4 address at once, or a field of 16 bytes.
fn redirect(body: &mut [u8], old: SocketAddrV4, new: SocketAddrV4) {
    let port = u32::from(old.port()).to_le_bytes();
    let host = old.ip().octets();
    let is_at = |at: usize, what: &[u8; 4]| body.get(at..at + 4) == Some(&what[..]);
    let places = (0..body.len()).step_by(4).filter(|at| is_at(*at, &host));
    let found = places
        .flat_map(|at| [(at, at + 4), (at, at + 16)])
        .find(|(_, behind)| is_at(*behind, &port));
    if let Some((host_at, port_at)) = found {
        body[host_at..host_at + 4].copy_from_slice(&new.ip().octets());
        body[port_at..port_at + 4].copy_from_slice(&u32::from(new.port()).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::message::{Encryption, StartMediaTransmission};
    use tipring_proto::sccp::wire::{encode_client, encode_server};
    use tipring_proto::types::{CallRef, Conference, Party};

    #[test]
    fn what_ends_a_registration_in_the_capture_is_remarked_with_its_time() {
        use tipring_proto::sccp::message::{Reset, ResetKind, Unregister};
        let captured = |ms, from_server, bytes: &[u8]| {
            let mut reader = FrameReader::default();
            reader.push(bytes);
            Captured {
                at: Duration::from_millis(ms),
                phone: "a".to_owned(),
                from_server,
                frame: reader.next_frame().unwrap().unwrap(),
            }
        };
        let mut register = vec![104, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        register.extend(b"VGC1");
        register.resize(8 + 104, 0);
        let phone = |message| encode_client(&message, 3);
        let reset = ServerMessage::Reset(Reset {
            kind: ResetKind::RESTART,
        });
        let messages = [
            captured(0, false, &register),
            captured(5, false, &phone(ClientMessage::KeepAlive)),
            captured(1_500, true, &encode_server(&reset, 3)),
            captured(
                1_520,
                false,
                &phone(ClientMessage::Unregister(Unregister { reason: None })),
            ),
            captured(1_600, false, &register),
        ];
        let all: Vec<&Captured> = messages.iter().collect();
        let remarks = remarks(&all, 3);
        let wanted = [
            "the captured server reset its phone at 1.500 s",
            "the captured phone unregistered at 1.520 s",
            "the captured phone registered again at 1.600 s",
        ];
        assert_eq!(remarks.len(), wanted.len(), "{remarks:?}");
        for (remark, wanted) in remarks.iter().zip(wanted) {
            assert!(remark.starts_with(wanted), "{remark}");
        }
        assert!(super::remarks(&all[..2], 3).is_empty());
    }

    #[test]
    fn a_port_of_another_version_than_the_capture_is_refused_with_the_cure() {
        assert!(same_version(20, 1, Some(20)).is_ok() && same_version(20, 1, None).is_ok());
        let refused = same_version(20, 7, Some(3)).unwrap_err();
        let text = format!("{refused:?}");
        for part in ["version 20", "port 7", "version 3", "protocol-version = 20"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_far_end_of_the_capture_becomes_one_of_this_machine_in_every_layout() {
        let (old, new) = ("10.9.8.7:4000", "127.0.0.1:32100");
        for version in [3, 17, 20] {
            let start = ServerMessage::StartMediaTransmission(StartMediaTransmission {
                conference: Conference(1),
                party: Party(2),
                remote: old.parse().unwrap(),
                ptime_ms: 20,
                format: MediaFormat::G711_ULAW,
                precedence: 184,
                vad: false,
                max_frames: 0,
                call: CallRef(3),
                encryption: Encryption::default(),
                rfc2833_payload: 0,
                nse_payload: None,
            });
            let mut reader = FrameReader::default();
            reader.push(&encode_server(&start, version));
            let mut frame = reader.next_frame().unwrap().unwrap();
            redirect(&mut frame.body, old.parse().unwrap(), new.parse().unwrap());
            let Ok(ServerMessage::StartMediaTransmission(start)) = decode_server(&frame, version)
            else {
                panic!("another message");
            };
            assert_eq!(start.remote, new.parse().unwrap(), "version {version}");
            assert_eq!((start.party, start.call), (Party(2), CallRef(3)));
        }
    }
}
