//! A station whose server is played by hand.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::super::*;
use crate::sccp::message::{
    ButtonTemplate, CallStateChange, KeptWhole, LineStat, ServerRes, SetLamp,
};
use crate::sccp::message::{
    CallStateKind, DefineTimeDate, LampMode, RegisterAck, ServerMessage, Stimulus,
};
use crate::sccp::wire;
use crate::types::{CallRef, DeviceName, DeviceType, LineInstance};

pub(in crate::sccp::station) const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

/// What the station did, decoded.
#[derive(Debug, PartialEq)]
pub(super) enum Did {
    Connect(usize),
    /// A trial was opened, written to, closed.
    Probe(usize),
    ProbeSent(ClientMessage),
    ProbeClose,
    /// A standby was opened, written to, closed.
    StandBy(usize),
    StandbySent(ClientMessage),
    StandbyClose,
    /// The active connection was closed, and the trial took its place.
    Adopt,
    Sent(ClientMessage),
    Close,
    Event(StationEvent),
}

pub(super) struct Bench {
    pub(super) station: Station,
    pub(super) now: Time,
    /// The last connections seen of each purpose.
    pub(super) active: ConnectionId,
    pub(super) trial: ConnectionId,
    pub(super) standby: ConnectionId,
}

impl Bench {
    pub(super) fn new(change: impl FnOnce(&mut StationConfig)) -> Bench {
        let name = DeviceName::new("VGC112233445501").unwrap();
        let mut config = StationConfig::new(
            name,
            DeviceType::VGC_PHONE,
            [0, 0x11, 0x22, 0x33, 0x44, 0x55],
        );
        config.trace = false;
        change(&mut config);
        Bench {
            station: Station::new(config),
            now: Time::from_millis(1_000),
            active: ConnectionId::default(),
            trial: ConnectionId::default(),
            standby: ConnectionId::default(),
        }
    }

    pub(super) fn did(&mut self) -> Vec<Did> {
        let mut all = vec![];
        while let Some(output) = self.station.poll_output() {
            all.push(match output {
                StationOutput::Connect {
                    id,
                    server,
                    purpose: ConnectionPurpose::Active,
                } => {
                    self.active = id;
                    Did::Connect(server)
                }
                StationOutput::Connect {
                    id,
                    server,
                    purpose: ConnectionPurpose::Standby,
                } => {
                    self.standby = id;
                    Did::StandBy(server)
                }
                StationOutput::Connect { id, server, .. } => {
                    self.trial = id;
                    Did::Probe(server)
                }
                StationOutput::Send { id, bytes } if id == self.trial => {
                    Did::ProbeSent(message(&bytes))
                }
                StationOutput::Send { id, bytes } if id == self.standby => {
                    if self.station.active().is_some_and(|a| a.id == id) {
                        self.active = std::mem::take(&mut self.standby);
                        Did::Sent(message(&bytes))
                    } else {
                        Did::StandbySent(message(&bytes))
                    }
                }
                StationOutput::Send { id, bytes } => {
                    assert_eq!(id, self.active);
                    Did::Sent(message(&bytes))
                }
                StationOutput::Close { id } if id == self.trial => Did::ProbeClose,
                StationOutput::Close { id } if id == self.standby => Did::StandbyClose,
                StationOutput::Close { id } => {
                    assert_eq!(id, self.active);
                    if self.station.active().is_some_and(|a| a.id == self.trial) {
                        self.active = std::mem::take(&mut self.trial);
                        Did::Adopt
                    } else {
                        Did::Close
                    }
                }
                StationOutput::Event(
                    StationEvent::AnswersKeepalives { .. }
                    | StationEvent::Trying { .. }
                    | StationEvent::TrialFailed { .. },
                ) => continue,
                StationOutput::Event(event) => Did::Event(event),
                StationOutput::Trace { .. } => panic!("tracing is off"),
            });
        }
        all
    }

    /// The id of the active connection, or of the last one.
    fn active_id(&self) -> ConnectionId {
        self.station
            .active()
            .map_or(self.active, |active| active.id)
    }

    /// The id of the trial, or of the last one.
    fn trial_id(&self) -> ConnectionId {
        self.station.trial().map_or(self.trial, |trial| trial.id)
    }

    pub(super) fn connected(&mut self) {
        self.station.connected(self.now, self.active_id(), LOCAL);
    }

    pub(super) fn connect_failed(&mut self, failure: ConnectFailure) {
        let id = self.active_id();
        self.station.connect_failed(self.now, id, failure);
    }

    pub(super) fn closed(&mut self, reason: CloseReason) {
        self.station.lost(self.now, self.active_id(), reason);
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.station.received(self.now, self.active_id(), bytes);
    }

    /// The id of the standby, or of the last one.
    pub(super) fn standby_id(&self) -> ConnectionId {
        self.station.standby().map_or(self.standby, |(id, ..)| id)
    }

    pub(super) fn standby_connected(&mut self) {
        self.station.connected(self.now, self.standby, LOCAL);
    }

    pub(super) fn standby_hear(&mut self, message: &ServerMessage) {
        self.standby_received(&wire::encode_server(message, 3));
    }

    pub(super) fn standby_received(&mut self, bytes: &[u8]) {
        self.station.received(self.now, self.standby, bytes);
    }

    pub(super) fn standby_closed(&mut self, reason: CloseReason) {
        self.station.lost(self.now, self.standby, reason);
    }

    pub(super) fn probe_connected(&mut self) {
        self.station.connected(self.now, self.trial_id(), LOCAL);
    }

    pub(super) fn probe_failed(&mut self, failure: ConnectFailure) {
        let id = self.trial_id();
        self.station.connect_failed(self.now, id, failure);
    }

    pub(super) fn probe_held(&mut self) {
        self.station.deferred(self.now, self.trial_id());
    }

    pub(super) fn probe_closed(&mut self, reason: CloseReason) {
        self.station.lost(self.now, self.trial_id(), reason);
    }

    pub(super) fn probe_received(&mut self, bytes: &[u8]) {
        self.station.received(self.now, self.trial_id(), bytes);
    }

    /// Over the trial.
    pub(super) fn probe_hear(&mut self, message: &ServerMessage) {
        self.probe_received(&wire::encode_server(message, 3));
    }

    /// Waits until a better server is asked; the present one answers keepalives meanwhile.
    pub(super) fn until_probe(&mut self, server: usize) -> Duration {
        let from = self.now;
        loop {
            for did in self.did() {
                match did {
                    Did::Probe(probed) => {
                        assert_eq!(probed, server);
                        return self.now - from;
                    }
                    Did::Sent(ClientMessage::KeepAlive) => self.hear(&ServerMessage::KeepAliveAck),
                    _ => {}
                }
            }
            let at = self.station.poll_timeout().expect("something to wait for");
            self.now = self.now.max(at);
            self.station.handle_timeout(self.now);
        }
    }

    pub(super) fn hear(&mut self, message: &ServerMessage) {
        self.received(&wire::encode_server(message, 3));
    }

    /// Lets time pass, waking the station at each of its deadlines.
    pub(super) fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(at) = self.station.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.station.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(super) fn start(&mut self) {
        self.station.start(self.now);
        self.pass(Duration::ZERO);
        assert_eq!(self.did(), [Did::Connect(0)]);
    }

    /// Registers at the server that was just asked to be connected, with this keepalive interval.
    pub(super) fn register(&mut self, keepalive_s: u32) {
        self.connected();
        self.hear(&ack(keepalive_s, 3));
        for answer in round() {
            self.hear(&answer);
        }
        assert!(self.station.is_registered());
        self.did();
    }

    pub(super) fn registered(change: impl FnOnce(&mut StationConfig)) -> Bench {
        let mut bench = Bench::new(change);
        bench.start();
        bench.register(30);
        bench
    }

    /// Waits for the next connection asked for and answers how long that took.
    pub(super) fn until_connect(&mut self, server: usize) -> Duration {
        let from = self.now;
        loop {
            if let Some(did) = self.did().into_iter().find_map(|did| match did {
                Did::Connect(server) => Some(server),
                _ => None,
            }) {
                assert_eq!(did, server);
                return self.now - from;
            }
            let at = self.station.poll_timeout().expect("something to wait for");
            self.now = self.now.max(at);
            self.station.handle_timeout(self.now);
        }
    }
}

fn message(bytes: &[u8]) -> ClientMessage {
    let mut reader = wire::FrameReader::default();
    reader.push(bytes);
    let frame = reader.next_frame().unwrap().unwrap();
    assert_eq!(reader.pending(), 0, "one message a write");
    wire::decode_client(&frame, 3).unwrap()
}

pub(in crate::sccp::station) fn ack(keepalive_s: u32, version: u8) -> ServerMessage {
    ServerMessage::RegisterAck(RegisterAck {
        keepalive_s,
        secondary_keepalive_s: keepalive_s,
        version,
        features: [0; 3],
        date_template: *b"D.M.Y\0",
    })
}

/// What both open servers answer to the request round.
pub(in crate::sccp::station) fn round() -> Vec<ServerMessage> {
    vec![
        ServerMessage::CapabilitiesReq,
        ServerMessage::ButtonTemplate(ButtonTemplate {
            offset: 0,
            total: 0,
            buttons: vec![],
        }),
        ServerMessage::SoftKeyTemplateRes(KeptWhole { body: vec![0; 12] }),
        ServerMessage::SoftKeySetRes(KeptWhole { body: vec![0; 12] }),
        line_stat(),
        ServerMessage::ServerRes(ServerRes { servers: vec![] }),
        ServerMessage::DefineTimeDate(DefineTimeDate::default()),
    ]
}

pub(in crate::sccp::station) fn line_stat() -> ServerMessage {
    ServerMessage::LineStat(LineStat {
        line: LineInstance(1),
        number: "1001".into(),
        name: "Port One".into(),
        label: "One".into(),
    })
}

pub(in crate::sccp::station) fn lamp() -> ServerMessage {
    ServerMessage::SetLamp(SetLamp {
        stimulus: Stimulus::VOICEMAIL,
        instance: 1,
        mode: LampMode::ON,
    })
}

pub(in crate::sccp::station) fn tone_call() -> ServerMessage {
    ServerMessage::CallState(CallStateChange {
        state: CallStateKind::RING_IN,
        line: LineInstance(1),
        call: CallRef(5),
    })
}

pub(in crate::sccp::station) fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}
