//! Two CallManagers: a port goes back to the better one when that one works, in every dialect, and never before.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tipring_proto::call::{LineInput, LineOutput, PortConfig};
use tipring_proto::device::{Device, DeviceConfig, Input, Output};
use tipring_proto::sccp::callmanager::{
    CallManager, CallManagerConfig, CmOutput, ConnId, DeviceEntry, Dialect,
};
use tipring_proto::sccp::message::Tone;
use tipring_proto::sccp::station::{
    CloseReason, ConnectFailure, StationConfig, StationEvent, StationState,
};
use tipring_proto::time::Time;
use tipring_proto::types::{ConnectionId, ConnectionPurpose, DeviceType};

use crate::world::name;

const HERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

#[derive(Clone, Copy, PartialEq)]
enum Health {
    /// Connections are refused.
    Down,
    /// Connections are accepted, and nothing is ever sent.
    Hung,
    Works,
}

/// A connection as the device names it, and as one of the two servers does.
#[derive(Clone, Copy, PartialEq)]
struct Connection {
    id: ConnectionId,
    server: usize,
    conn: ConnId,
}

struct Pair {
    servers: [CallManager; 2],
    health: [Health; 2],
    device: Device,
    now: Time,
    connections: Vec<Connection>,
    events: Vec<StationEvent>,
    tone: Option<Tone>,
    next: u64,
}

impl Pair {
    /// A port that has registered with the lesser server, because the better one is down.
    fn new(dialect: Dialect) -> Pair {
        let config = CallManagerConfig {
            dialect,
            auto_register: false,
            devices: vec![DeviceEntry::new(name(0), "2001", "Desk")],
            ..CallManagerConfig::default()
        };
        let mut station = StationConfig::new(name(0), DeviceType::VGC_PHONE, [0; 6]);
        station.servers = vec![0, 1];
        let port = PortConfig::default();
        let mut pair = Pair {
            servers: [CallManager::new(config.clone()), CallManager::new(config)],
            health: [Health::Down, Health::Works],
            device: Device::new(DeviceConfig { station, port }, Time::ZERO),
            now: Time::from_millis(5_000),
            connections: vec![],
            events: vec![],
            tone: None,
            next: 1,
        };
        pair.device.start(pair.now);
        pair.run(5);
        assert_eq!(pair.server(), Some(1), "{dialect:?}");
        pair.events.clear();
        pair
    }

    /// Where it is registered.
    fn server(&self) -> Option<usize> {
        match self.device.station_snapshot().state {
            StationState::Registered { server, .. } => Some(server),
            _ => None,
        }
    }

    fn losses(&self) -> usize {
        let lost = |e: &&StationEvent| matches!(e, StationEvent::Lost { .. });
        self.events.iter().filter(lost).count()
    }

    fn input(&mut self, input: Input<'_>) {
        self.device.handle(self.now, input);
    }

    fn run(&mut self, s: u64) {
        let end = self.now + Duration::from_secs(s);
        loop {
            while self.carry() {}
            let servers = self.servers.iter().filter_map(CallManager::poll_timeout);
            let due = servers.chain(self.device.poll_timeout()).min();
            let Some(at) = due.filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            for server in &mut self.servers {
                server.handle_timeout(self.now);
            }
            self.device.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn carry(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.device.poll_output() {
            moved = true;
            self.act(output);
        }
        for server in 0..2 {
            if let Some(output) = self.servers[server].poll_output() {
                self.hear(server, output);
                // What the device does about it is done before it hears more.
                return true;
            }
        }
        moved
    }

    fn open(&mut self, id: ConnectionId, server: usize) -> bool {
        if self.health[server] == Health::Down {
            return false;
        }
        let conn = ConnId(self.next);
        self.next += 1;
        self.connections.push(Connection { id, server, conn });
        if self.health[server] == Health::Works {
            self.servers[server].accept(self.now, conn, SocketAddrV4::new(HERE, 40_000));
        }
        true
    }

    fn write(&mut self, to: ConnectionId, bytes: &[u8]) {
        let to = self.connections.iter().find(|c| c.id == to).copied();
        let to = to.filter(|c| self.health[c.server] == Health::Works);
        if let Some(Connection { server, conn, .. }) = to {
            self.servers[server].handle_input(self.now, conn, bytes);
        }
    }

    fn close(&mut self, which: ConnectionId) {
        let place = self.connections.iter().position(|c| c.id == which);
        if let Some(place) = place {
            let Connection { server, conn, .. } = self.connections.remove(place);
            self.servers[server].closed(self.now, conn);
        }
    }

    /// The better server is being asked.
    fn is_asking(&self) -> bool {
        let snapshot = self.device.station_snapshot();
        let mut connections = snapshot.connections.iter();
        connections.any(|c| c.purpose == ConnectionPurpose::Trial)
    }

    fn act(&mut self, output: Output) {
        let failure = ConnectFailure::Refused;
        match output {
            Output::Connect { id, server, .. } => {
                if self.open(id, server) {
                    self.input(Input::Connected { id, local: HERE });
                } else {
                    self.input(Input::ConnectFailed { id, failure });
                }
            }
            Output::Send { id, bytes } => self.write(id, &bytes),
            Output::Close { id } => self.close(id),
            Output::Event(event) => self.events.push(event),
            Output::Line(LineOutput::PlayTone(tone)) => self.tone = Some(tone),
            Output::Line(LineOutput::StopTone) => self.tone = None,
            _ => {}
        }
    }

    fn hear(&mut self, server: usize, output: CmOutput) {
        let (conn, bytes) = match output {
            CmOutput::Send { conn, bytes } => (conn, Some(bytes)),
            CmOutput::Close { conn } => (conn, None),
            CmOutput::Event(_) => return,
        };
        let of = |c: &Connection| c.server == server && c.conn == conn;
        let Some(place) = self.connections.iter().position(of) else {
            return;
        };
        let id = self.connections[place].id;
        match &bytes {
            Some(bytes) => self.input(Input::Received { id, bytes }),
            None => {
                self.connections.remove(place);
                let reason = CloseReason::ByServer;
                self.input(Input::Lost { id, reason });
            }
        }
    }

    fn lift(&mut self) {
        let at = self.now;
        self.input(Input::Line(LineInput::LoopClosed { at }));
        self.run(1);
    }

    fn hang_up(&mut self) {
        let at = self.now;
        self.input(Input::Line(LineInput::LoopOpened { at }));
        self.run(2);
    }
}

#[test]
fn a_port_goes_back_to_the_better_server_that_works_again_and_can_call_there() {
    for dialect in Dialect::ALL {
        let mut pair = Pair::new(dialect);
        pair.health[0] = Health::Works;
        pair.run(60);
        assert_eq!(pair.server(), Some(0), "{dialect:?}");
        assert_eq!(
            pair.losses(),
            1,
            "{dialect:?}: it left the lesser one, once"
        );
        pair.lift();
        assert_eq!(pair.tone, Some(Tone::INSIDE_DIAL), "{dialect:?}");
        pair.hang_up();
        pair.run(300);
        assert_eq!((pair.server(), pair.losses()), (Some(0), 1), "{dialect:?}");
    }
}

#[test]
fn a_better_server_that_hangs_is_asked_and_not_gone_to() {
    for dialect in Dialect::ALL {
        let mut pair = Pair::new(dialect);
        pair.health[0] = Health::Hung;
        for _ in 0..240 {
            pair.run(1);
            assert_eq!(pair.server(), Some(1), "{dialect:?}");
        }
        assert_eq!(pair.losses(), 0, "{dialect:?}");
        pair.lift();
        assert_eq!(pair.tone, Some(Tone::INSIDE_DIAL), "{dialect:?}");
        pair.hang_up();
        pair.health[0] = Health::Works;
        pair.run(90);
        assert_eq!(pair.server(), Some(0), "{dialect:?}: then it works");
    }
}

#[test]
fn a_better_server_that_does_not_know_the_device_is_not_gone_to() {
    // chan-sccp gives a token to whoever asks, so its refusal comes when the port has left.
    for dialect in [Dialect::ChanSkinny, Dialect::ModSkinny, Dialect::Wazo] {
        let mut pair = Pair::new(dialect);
        pair.servers[0] = CallManager::new(CallManagerConfig {
            dialect,
            auto_register: false,
            ..CallManagerConfig::default()
        });
        pair.health[0] = Health::Works;
        for _ in 0..240 {
            pair.run(1);
            assert_eq!(pair.server(), Some(1), "{dialect:?}");
        }
        assert_eq!(pair.losses(), 0, "{dialect:?}");
    }
}

#[test]
fn a_port_with_its_phone_off_hook_stays_until_that_is_over() {
    for dialect in Dialect::ALL {
        let mut pair = Pair::new(dialect);
        pair.lift();
        pair.health[0] = Health::Works;
        pair.run(10);
        assert_eq!(pair.server(), Some(1), "{dialect:?}");
        // Lifted in the middle of the question, too.
        for ms in [0, 1, 3, 5] {
            let mut pair = Pair::new(dialect);
            pair.health[0] = Health::Hung;
            while !pair.is_asking() {
                pair.run(1);
            }
            pair.run(ms);
            pair.health[0] = Health::Works;
            pair.lift();
            pair.run(8);
            assert_eq!(pair.server(), Some(1), "{dialect:?} {ms}");
            assert_eq!(pair.losses(), 0, "{dialect:?} {ms}");
            pair.hang_up();
            pair.run(60);
            assert_eq!(pair.server(), Some(0), "{dialect:?} {ms}");
        }
    }
}
