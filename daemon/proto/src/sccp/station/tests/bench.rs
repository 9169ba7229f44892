//! A station whose server is played by hand.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::super::*;
use crate::sccp::message::{
    ButtonTemplate, CallStateChange, CallStateKind, KeptWhole, LampMode, LineStat, RegisterAck,
    ServerRes, SetLamp, Stimulus,
};
use crate::types::{CallRef, DeviceName, DeviceType, LineInstance};

pub(super) const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

/// What the station did, decoded.
#[derive(Debug, PartialEq)]
pub(super) enum Did {
    Connect(usize),
    Probe(usize),
    ProbeSent(ClientMessage),
    ProbeClose,
    Adopt,
    Sent(ClientMessage),
    Close,
    Event(StationEvent),
}

pub(super) struct Bench {
    pub(super) station: Station,
    pub(super) now: Time,
    /// Servers that were told to have settled; counted here, because it concerns other devices alone.
    pub(super) settled: Vec<usize>,
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
            settled: vec![],
        }
    }

    pub(super) fn did(&mut self) -> Vec<Did> {
        let mut all = vec![];
        while let Some(output) = self.station.poll_output() {
            all.push(match output {
                StationOutput::Connect { server } => Did::Connect(server),
                StationOutput::Probe { server } => Did::Probe(server),
                StationOutput::ProbeSend(bytes) => Did::ProbeSent(message(&bytes)),
                StationOutput::ProbeClose => Did::ProbeClose,
                StationOutput::Adopt => Did::Adopt,
                StationOutput::Send(bytes) => Did::Sent(message(&bytes)),
                StationOutput::Close => Did::Close,
                StationOutput::Event(StationEvent::Settled { server }) => {
                    self.settled.push(server);
                    continue;
                }
                StationOutput::Event(event) => Did::Event(event),
                StationOutput::Trace { .. } => panic!("tracing is off"),
            });
        }
        all
    }

    /// Over the second connection.
    pub(super) fn probe_hear(&mut self, message: &ServerMessage) {
        let bytes = wire::encode_server(message, 3);
        self.station.probe_input(self.now, &bytes);
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
        let bytes = wire::encode_server(message, 3);
        self.station.handle_input(self.now, &bytes);
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
        self.station.connected(self.now, LOCAL);
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

pub(super) fn ack(keepalive_s: u32, version: u8) -> ServerMessage {
    ServerMessage::RegisterAck(RegisterAck {
        keepalive_s,
        secondary_keepalive_s: keepalive_s,
        version,
        features: [0; 3],
        date_template: *b"D.M.Y\0",
    })
}

/// What both open servers answer to the request round.
pub(super) fn round() -> Vec<ServerMessage> {
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

pub(super) fn line_stat() -> ServerMessage {
    ServerMessage::LineStat(LineStat {
        line: LineInstance(1),
        number: "1001".into(),
        name: "Port One".into(),
        label: "One".into(),
    })
}

pub(super) fn lamp() -> ServerMessage {
    ServerMessage::SetLamp(SetLamp {
        stimulus: Stimulus::VOICEMAIL,
        instance: 1,
        mode: LampMode::ON,
    })
}

pub(super) fn tone_call() -> ServerMessage {
    ServerMessage::CallState(CallStateChange {
        state: CallStateKind::RING_IN,
        line: LineInstance(1),
        call: CallRef(5),
    })
}

pub(super) fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}
