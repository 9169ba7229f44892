//! Stations and a CallManager joined without a network, in virtual time.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::super::*;
use crate::sccp::message::*;
use crate::sccp::station::{
    CloseReason, ConnectFailure, Station, StationConfig, StationEvent, StationOutput,
};
use crate::types::{ConnectionId, DeviceName, DeviceType, LineInstance};

pub(super) struct Port {
    pub(super) station: Station,
    /// The connection as the station names it, and as the CallManager does.
    id: ConnectionId,
    pub(super) conn: Option<ConnId>,
    /// Call messages heard since the last look, in short.
    pub(super) heard: Vec<String>,
    pub(super) events: Vec<StationEvent>,
    /// Where it said that it listens, one port a call.
    pub(super) listens: Vec<u16>,
    /// Where it is to send.
    pub(super) sends_to: Option<SocketAddrV4>,
    /// Nothing passes any more, in either direction, and nobody notices.
    pub(super) cut: bool,
    pub(super) acks_media: bool,
}

impl Port {
    /// Its connection has ended.
    pub(super) fn closed(&mut self, now: Time, reason: CloseReason) {
        self.station.lost(now, self.id, reason);
    }
}

pub(super) struct Net {
    pub(super) cm: CallManager,
    pub(super) ports: Vec<Port>,
    pub(super) now: Time,
    pub(super) events: VecDeque<CmEvent>,
    next_conn: u64,
}

pub(super) fn ip(port: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(port + 1).unwrap())
}

pub(super) fn name(port: usize) -> DeviceName {
    DeviceName::new(&format!("VGC1122334455{:02}", port + 1)).unwrap()
}

/// Port 0 has 1001, port 1 has 1002, …
pub(super) fn number(port: usize) -> String {
    (1001 + port).to_string()
}

impl Net {
    pub(super) fn new(dialect: Dialect, ports: usize) -> Net {
        Net::with(dialect, ports, |_| {}, |_| {})
    }

    pub(super) fn with(
        dialect: Dialect,
        ports: usize,
        change: impl FnOnce(&mut CallManagerConfig),
        station: impl Fn(&mut StationConfig),
    ) -> Net {
        let mut config = CallManagerConfig {
            dialect,
            auto_register: false,
            devices: (0..ports)
                .map(|p| DeviceEntry::new(name(p), &number(p), &format!("Port {}", p + 1)))
                .collect(),
            ..CallManagerConfig::default()
        };
        // References from 1 on in every dialect.
        config.switches.node = 0;
        change(&mut config);
        let ports = (0..ports)
            .map(|p| {
                let mut config = StationConfig::new(name(p), DeviceType::VGC_PHONE, [0; 6]);
                config.trace = false;
                config.retry.jitter_seed = p as u64;
                station(&mut config);
                Port {
                    station: Station::new(config),
                    id: ConnectionId(0),
                    conn: None,
                    heard: vec![],
                    events: vec![],
                    listens: vec![],
                    sends_to: None,
                    cut: false,
                    acks_media: true,
                }
            })
            .collect();
        let mut net = Net {
            cm: CallManager::new(config),
            ports,
            now: Time::from_millis(5_000),
            events: VecDeque::new(),
            next_conn: 1,
        };
        for port in &mut net.ports {
            port.station.start(net.now);
        }
        net.pass(Duration::ZERO);
        for (p, port) in net.ports.iter_mut().enumerate() {
            assert!(port.station.is_registered(), "{dialect:?} port {p}");
            port.heard.clear();
        }
        net.events.clear();
        net
    }

    /// Carries everything to its end, then lets time pass.
    pub(super) fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        loop {
            self.carry();
            let due = self
                .ports
                .iter()
                .filter_map(|p| p.station.poll_timeout())
                .chain(self.cm.poll_timeout())
                .min()
                .filter(|at| *at <= end);
            let Some(at) = due else { break };
            self.now = self.now.max(at);
            self.cm.handle_timeout(self.now);
            for port in &mut self.ports {
                port.station.handle_timeout(self.now);
            }
        }
        self.now = end;
    }

    fn carry(&mut self) {
        loop {
            let mut moved = false;
            for p in 0..self.ports.len() {
                while let Some(output) = self.ports[p].station.poll_output() {
                    moved = true;
                    self.station_does(p, output);
                }
            }
            while let Some(output) = self.cm.poll_output() {
                moved = true;
                self.cm_does(output);
            }
            if !moved {
                return;
            }
        }
    }

    fn station_does(&mut self, p: usize, output: StationOutput) {
        let now = self.now;
        let port = &mut self.ports[p];
        match output {
            StationOutput::Connect { id, .. } if port.cut => {
                port.station
                    .connect_failed(now, id, ConnectFailure::Unreachable);
            }
            StationOutput::Connect { id, .. } => {
                port.id = id;
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                port.conn = Some(conn);
                self.cm.accept(now, conn, SocketAddrV4::new(ip(p), 40_000));
                port.station.connected(now, id, ip(p));
            }
            StationOutput::Send { bytes, .. } => {
                if let Some(conn) = port.conn.filter(|_| !port.cut) {
                    self.cm.handle_input(now, conn, &bytes);
                }
            }
            StationOutput::Close { .. } => {
                if let Some(conn) = port.conn.take().filter(|_| !port.cut) {
                    self.cm.closed(now, conn);
                }
            }
            StationOutput::Event(StationEvent::Message(message)) => {
                port.heard.push(show(&message));
                match message {
                    ServerMessage::OpenReceiveChannel(open) if port.acks_media => {
                        let at = 20_000 + 2 * port.listens.len() as u16;
                        port.listens.push(at);
                        let ack = ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
                            status: MediaStatus::OK,
                            address: SocketAddrV4::new(ip(p), at),
                            party: open.party,
                            call: open.call,
                        });
                        port.station.send(now, ack);
                    }
                    ServerMessage::StartMediaTransmission(start) => {
                        port.sends_to = Some(start.remote);
                    }
                    ServerMessage::StopMediaTransmission(_) => port.sends_to = None,
                    _ => {}
                }
            }
            StationOutput::Event(event) => port.events.push(event),
            StationOutput::Trace { .. } => {}
        }
    }

    fn cm_does(&mut self, output: CmOutput) {
        let now = self.now;
        let find = |ports: &mut Vec<Port>, conn| ports.iter().position(|p| p.conn == Some(conn));
        match output {
            CmOutput::Send { conn, bytes } => {
                if let Some(p) = find(&mut self.ports, conn).filter(|p| !self.ports[*p].cut) {
                    let port = &mut self.ports[p];
                    port.station.received(now, port.id, &bytes);
                }
            }
            CmOutput::Close { conn } => {
                if let Some(p) = find(&mut self.ports, conn).filter(|p| !self.ports[*p].cut) {
                    self.ports[p].conn = None;
                    self.ports[p].closed(now, CloseReason::ByServer);
                }
            }
            CmOutput::Event(event) => self.events.push_back(event),
        }
    }

    pub(super) fn send(&mut self, p: usize, message: ClientMessage) {
        assert!(self.ports[p].station.send(self.now, message));
        self.carry();
    }

    pub(super) fn heard(&mut self, p: usize) -> Vec<String> {
        std::mem::take(&mut self.ports[p].heard)
    }

    pub(super) fn lift(&mut self, p: usize) {
        self.send(p, ClientMessage::OffHook(CallOnLine::default()));
    }

    pub(super) fn answer(&mut self, p: usize, call: u32) {
        self.send(p, ClientMessage::OffHook(on(call)));
    }

    pub(super) fn hang_up(&mut self, p: usize, call: u32) {
        self.send(p, ClientMessage::OnHook(on(call)));
    }

    pub(super) fn key(&mut self, p: usize, call: u32, key: SoftKey) {
        let line = LineInstance(1);
        let call = CallRef(call);
        self.send(
            p,
            ClientMessage::SoftKeyEvent(SoftKeyEvent {
                event: key,
                line,
                call,
            }),
        );
    }

    /// Presses keys 100 ms apart.
    pub(super) fn dial(&mut self, p: usize, digits: &str) {
        for digit in digits.chars() {
            let button = match digit {
                '*' => 14,
                '#' => 15,
                letter @ 'A'..='D' => letter as u32 - 'A' as u32 + 10,
                digit => digit.to_digit(10).unwrap(),
            };
            self.send(
                p,
                ClientMessage::KeypadButton(KeypadButton {
                    button,
                    line: LineInstance(1),
                    call: CallRef::NONE,
                }),
            );
            self.pass(Duration::from_millis(100));
        }
    }

    /// Lifts and dials; any dialect is done with the number when this returns.
    pub(super) fn call(&mut self, p: usize, number: &str) {
        self.lift(p);
        self.dial(p, number);
        self.pass(Duration::from_secs(3));
    }

    pub(super) fn state(&self, call: u32) -> &'static str {
        self.cm
            .snapshot()
            .calls
            .iter()
            .find(|c| c.call == CallRef(call))
            .map_or("none", |c| c.state)
    }

    /// The two ports send to where the other listens now.
    pub(super) fn assert_talking(&self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            let listens = self.ports[other].listens.last().copied().expect("opened");
            assert_eq!(
                self.ports[one].sends_to,
                Some(SocketAddrV4::new(ip(other), listens)),
                "port {one} to port {other}"
            );
        }
    }

    pub(super) fn idle(&self) -> bool {
        self.cm.snapshot().calls.is_empty()
    }
}

pub(super) fn on(call: u32) -> CallOnLine {
    CallOnLine {
        line: LineInstance(1),
        call: CallRef(call),
    }
}

/// A message in a few words: what it is, then `line/call`, or `conference/party/call` for media.
pub(super) fn show(message: &ServerMessage) -> String {
    let at = |line: &LineInstance, call: &CallRef| format!("{}/{}", line.0, call.0);
    let leg = |leg: &MediaLeg| format!("{}/{}/{}", leg.conference.0, leg.party.0, leg.call.0);
    match message {
        ServerMessage::StartTone(StartTone {
            tone, line, call, ..
        }) => format!("tone {tone} {}", at(line, call)),
        ServerMessage::StopTone(StopTone { line, call, .. }) => {
            format!("stop-tone {}", at(line, call))
        }
        ServerMessage::SetRinger(SetRinger {
            mode,
            duration,
            line,
            call,
        }) => format!("ringer {mode} x{duration} {}", at(line, call)),
        ServerMessage::SetLamp(SetLamp {
            stimulus,
            instance,
            mode,
        }) => format!("lamp {stimulus} {instance} {mode}"),
        ServerMessage::SetSpeakerMode(Switch { on }) => format!("speaker {on}"),
        ServerMessage::StartMediaTransmission(m) => format!(
            "start {}/{}/{} {}",
            m.conference.0, m.party.0, m.call.0, m.remote
        ),
        ServerMessage::StopMediaTransmission(m) => format!("stop {}", leg(m)),
        ServerMessage::OpenReceiveChannel(m) => {
            format!("open {}/{}/{}", m.conference.0, m.party.0, m.call.0)
        }
        ServerMessage::CloseReceiveChannel(m) => format!("close {}", leg(m)),
        ServerMessage::CallInfo(i) => format!(
            "info {} {}<{}> {}<{}> {}",
            i.kind,
            i.calling_name,
            i.calling_number,
            i.called_name,
            i.called_number,
            at(&i.line, &i.call)
        ),
        ServerMessage::CallState(CallStateChange { state, line, call }) => {
            format!("state {state} {}", at(line, call))
        }
        ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
            text, line, call, ..
        }) => format!("prompt {text:?} {}", at(line, call)),
        ServerMessage::DisplayPriNotify(DisplayPriNotify { text, .. }) => {
            format!("notify {text:?}")
        }
        ServerMessage::SelectSoftKeys(SelectSoftKeys {
            line, call, set, ..
        }) => format!("keys {set} {}", at(line, call)),
        ServerMessage::DialedNumber(DialedNumber { number, line, call }) => {
            format!("dialled {number} {}", at(line, call))
        }
        ServerMessage::ClearPromptStatus(CallOnLine { line, call }) => {
            format!("clear-prompt {}", at(line, call))
        }
        ServerMessage::ActivateCallPlane(OneLine { line }) => format!("plane {}", line.0),
        ServerMessage::ClearDisplay => "clear-display".into(),
        ServerMessage::ClearPriNotify(_) => "clear-notify".into(),
        ServerMessage::DefineTimeDate(_) => "date".into(),
        ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
            number, call, ..
        }) => {
            format!("statistics? {number} {}", call.0)
        }
        other => format!("{other:?}"),
    }
}
