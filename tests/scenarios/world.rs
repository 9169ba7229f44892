//! Devices and a CallManager on one virtual clock, joined by pipes that cut the stream anywhere.
//!
//! Phones are lifted, dialled and hung up by hand; ringing bursts, caller ID and sockets behave as a card and a
//! media side would. Nothing sleeps: time is moved from deadline to deadline.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tipring_proto::call::{
    CallRecord, CallerId, DigitHeard, Heard, LegStatistics, LineInput, LineOutput, MediaInput,
    MediaOutput, PortConfig, PortState,
};
use tipring_proto::device::{Device, DeviceConfig, Input, Output, TraceEvent};
use tipring_proto::sccp::callmanager::{
    CallManager, CallManagerConfig, CmEvent, CmOutput, ConnId, DeviceEntry, Dialect,
};
use tipring_proto::sccp::message::{ClientMessage, RingMode, ServerMessage, Tone};
use tipring_proto::sccp::station::{
    CloseReason, ConnectFailure, StationConfig, StationEvent, TracedMessage,
};
use tipring_proto::sccp::wire::encode_server;
use tipring_proto::time::Time;
use tipring_proto::types::{
    ConnectionId, ConnectionPurpose, DeviceName, DeviceType, Digit, Party, TenthDbm0,
};

/// Where calls from outside come from.
pub(crate) const OUTSIDE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 30_000);

/// One port of the gateway with its phone.
pub(crate) struct Desk {
    pub(crate) device: Device,
    /// The tone that the phone hears now.
    pub(crate) tone: Option<Tone>,
    /// Every tone begun since the last look.
    pub(crate) tones: Vec<Tone>,
    pub(crate) ringing: Option<RingMode>,
    /// Rings begun.
    pub(crate) rings: u32,
    pub(crate) caller_ids: Vec<CallerId>,
    pub(crate) bridge: Option<Party>,
    pub(crate) listens: BTreeMap<Party, SocketAddrV4>,
    pub(crate) sends: BTreeMap<Party, SocketAddrV4>,
    pub(crate) lamp: bool,
    pub(crate) opened_loop: u32,
    pub(crate) records: Vec<CallRecord>,
    pub(crate) events: Vec<StationEvent>,
    /// Messages to the server since the last look; keepalives and registration left out.
    pub(crate) said: Vec<ClientMessage>,
    /// RTP comes all the time, until then.
    pub(crate) rtp_ended: Option<Time>,
    rtp_began: Time,
    next_port: u16,
    /// The connection as the device names it, and as the CallManager does.
    id: ConnectionId,
    conn: Option<ConnId>,
    next_burst: Option<(Time, bool)>,
    caller_id_end: Option<Time>,
}

/// Everything.
pub(crate) struct World {
    pub(crate) cm: CallManager,
    pub(crate) desks: Vec<Desk>,
    pub(crate) now: Time,
    pub(crate) events: Vec<CmEvent>,
    config: CallManagerConfig,
    up: bool,
    next_conn: u64,
    /// Bytes on their way to the desks, and when they may arrive.
    pipes: BTreeMap<ConnId, VecDeque<(Time, u8)>>,
    /// What the desks wrote, each with one call, on its way to the server.
    writes: VecDeque<(Time, ConnId, Vec<u8>)>,
    /// One way, in ms.
    pub(crate) latency_ms: u64,
    seed: u64,
}

pub(crate) fn name(desk: usize) -> DeviceName {
    DeviceName::new(&format!("VGC1122334455{:02}", desk + 1)).expect("15 characters")
}

/// Desk 0 has 2001, desk 1 has 2002, …
pub(crate) fn number(desk: usize) -> String {
    (2001 + desk).to_string()
}

fn address(desk: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(desk + 1).unwrap_or(255))
}

impl World {
    /// `desks` registered ports at a CallManager of this dialect.
    pub(crate) fn new(dialect: Dialect, desks: usize) -> World {
        World::with(dialect, desks, |_| {}, |_| {})
    }

    pub(crate) fn with(
        dialect: Dialect,
        desks: usize,
        server: impl FnOnce(&mut CallManagerConfig),
        port: impl Fn(&mut PortConfig),
    ) -> World {
        World::seeded(1, dialect, desks, server, |_| {}, port)
    }

    pub(crate) fn seeded(
        seed: u64,
        dialect: Dialect,
        desks: usize,
        server: impl FnOnce(&mut CallManagerConfig),
        station: impl Fn(&mut StationConfig),
        port: impl Fn(&mut PortConfig),
    ) -> World {
        let mut config = CallManagerConfig {
            dialect,
            auto_register: false,
            devices: (0..desks)
                .map(|d| DeviceEntry::new(name(d), &number(d), &format!("Desk {}", d + 1)))
                .collect(),
            ..CallManagerConfig::default()
        };
        server(&mut config);
        let desks = (0..desks)
            .map(|d| {
                let mut cfg = DeviceConfig {
                    station: StationConfig::new(name(d), DeviceType::VGC_PHONE, [0; 6]),
                    port: PortConfig::default(),
                };
                cfg.station.retry.jitter_seed = d as u64 + seed;
                station(&mut cfg.station);
                port(&mut cfg.port);
                Desk::new(Device::new(cfg, Time::ZERO))
            })
            .collect();
        let mut world = World {
            cm: CallManager::new(config.clone()),
            desks,
            now: Time::from_millis(5_000),
            events: vec![],
            config,
            up: true,
            next_conn: 1,
            pipes: BTreeMap::new(),
            writes: VecDeque::new(),
            latency_ms: 0,
            seed,
        };
        for desk in &mut world.desks {
            desk.device.start(world.now);
        }
        world.run(5_000);
        for (d, desk) in world.desks.iter_mut().enumerate() {
            assert!(desk.device.is_registered(), "{dialect:?} desk {d}");
            desk.said.clear();
        }
        world
    }

    // What people do.

    pub(crate) fn lift(&mut self, d: usize) {
        self.line(d, LineInput::LoopClosed { at: self.now });
        self.run(50);
    }

    /// Opens the loop for good, and waits until that is certain.
    pub(crate) fn hang_up(&mut self, d: usize) {
        self.line(d, LineInput::LoopOpened { at: self.now });
        self.run(1_400);
    }

    pub(crate) fn flash(&mut self, d: usize) {
        self.open_loop(d, 500);
        self.run(100);
    }

    /// Opens the loop for this time.
    pub(crate) fn open_loop(&mut self, d: usize, ms: u64) {
        self.line(d, LineInput::LoopOpened { at: self.now });
        self.run(ms);
        self.line(d, LineInput::LoopClosed { at: self.now });
        self.run(0);
    }

    /// Ten keys a second.
    pub(crate) fn dial(&mut self, d: usize, digits: &str) {
        for digit in digits.chars() {
            let digit = Digit::from_char(digit).expect("a key");
            let heard = DigitHeard {
                digit,
                at: self.now,
                level: TenthDbm0(-80),
            };
            self.input(d, Input::Digit(heard));
            self.run(100);
        }
    }

    /// With a rotary dial: 60/40 ms, 700 ms between digits.
    pub(crate) fn dial_pulses(&mut self, d: usize, digits: &str) {
        self.dial_pulses_of(d, digits, 60, 40);
    }

    /// With a rotary dial that opens and closes the loop for these times, 700 ms between digits.
    pub(crate) fn dial_pulses_of(&mut self, d: usize, digits: &str, open: u64, closed: u64) {
        for digit in digits.chars() {
            let count = match digit.to_digit(10).expect("a digit") {
                0 => 10,
                n => n,
            };
            for _ in 0..count {
                self.open_loop(d, open);
                self.run(closed);
            }
            self.run(700);
        }
    }

    /// Desk `a` calls desk `b`, who answers.
    pub(crate) fn talk(&mut self, a: usize, b: usize) {
        self.lift(a);
        self.dial(a, &number(b));
        self.run(4_000);
        assert!(self.desks[b].ringing.is_some(), "desk {b} rings");
        self.lift(b);
        self.run(500);
        self.assert_talking(a, b);
        for d in [a, b] {
            self.desks[d].tones.clear();
            self.desks[d].said.clear();
        }
    }

    // What happens to the server.

    /// The server dies with all its connections, and is gone.
    pub(crate) fn server_down(&mut self) {
        self.up = false;
        self.pipes.clear();
        self.writes.clear();
        for d in 0..self.desks.len() {
            if self.desks[d].conn.take().is_some() {
                let reason = CloseReason::ByServer;
                self.lost(d, reason);
            }
        }
    }

    /// It comes back knowing nothing.
    pub(crate) fn server_up(&mut self) {
        self.cm = CallManager::new(self.config.clone());
        self.up = true;
    }

    /// The server says something of its own accord to one desk, all in one piece.
    pub(crate) fn server_says(&mut self, d: usize, messages: &[ServerMessage]) {
        let bytes: Vec<u8> = messages.iter().flat_map(|m| encode_server(m, 3)).collect();
        self.received(d, &bytes);
    }

    /// Bytes come over the connection of one desk.
    pub(crate) fn received(&mut self, d: usize, bytes: &[u8]) {
        let id = self.desks[d].id;
        self.input(d, Input::Received { id, bytes });
    }

    fn lost(&mut self, d: usize, reason: CloseReason) {
        let id = self.desks[d].id;
        self.input(d, Input::Lost { id, reason });
    }

    /// The connection of one desk breaks; the server hears of it, too.
    pub(crate) fn cut(&mut self, d: usize) {
        if let Some(conn) = self.desks[d].conn.take() {
            self.pipes.remove(&conn);
            self.cm.closed(self.now, conn);
            let reason = CloseReason::Reset;
            self.lost(d, reason);
        }
    }

    // Time.

    /// Lets this time pass.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        let mut idle = 0;
        loop {
            self.carry();
            let due = self
                .desks
                .iter()
                .filter_map(Desk::due)
                .chain(self.cm.poll_timeout())
                .chain(self.arrival())
                .min()
                .filter(|&at| at <= end);
            let Some(at) = due else { break };
            idle = if at > self.now { 0 } else { idle + 1 };
            assert!(idle < 1000, "somebody's deadline never goes away");
            self.now = self.now.max(at);
            self.cm.handle_timeout(self.now);
            for d in 0..self.desks.len() {
                self.desks[d].device.handle_timeout(self.now);
                self.tick(d);
            }
        }
        self.now = end;
    }

    /// Lets time pass until something holds; panics after `limit_ms`.
    pub(crate) fn until(&mut self, limit_ms: u64, what: &str, holds: impl Fn(&World) -> bool) {
        for _ in 0..limit_ms / 10 {
            if holds(self) {
                return;
            }
            self.run(10);
        }
        panic!("{what}: not within {limit_ms} ms");
    }

    // What can be seen.

    pub(crate) fn word(&self, d: usize) -> PortState {
        self.desks[d].device.snapshot().port.state
    }

    /// What desk `d` hears goes where: each sends to where the other listens, and both are bridged to it.
    pub(crate) fn assert_talking(&self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            let target = self.desks[one].audible_target();
            let listens = self.desks[other].audible_source();
            assert!(
                target.is_some() && target == listens,
                "desk {one} sends to {target:?}, desk {other} listens at {listens:?}"
            );
        }
    }

    /// Nobody has a call, a ring, a tone or a socket.
    pub(crate) fn assert_idle(&self) {
        for (d, desk) in self.desks.iter().enumerate() {
            let port = desk.device.snapshot().port;
            assert_eq!(
                (port.state, port.calls.len()),
                (PortState::Idle, 0),
                "desk {d}"
            );
            assert_eq!(
                (desk.ringing, desk.tone, desk.bridge),
                (None, None, None),
                "desk {d}"
            );
            assert!(
                desk.listens.is_empty(),
                "desk {d} still listens at {:?}",
                desk.listens
            );
            assert!(!desk.device.is_busy(), "desk {d}");
        }
        assert_eq!(self.cm.snapshot().calls, []);
    }

    pub(crate) fn said(&mut self, d: usize) -> Vec<ClientMessage> {
        std::mem::take(&mut self.desks[d].said)
    }

    pub(crate) fn tones(&mut self, d: usize) -> Vec<Tone> {
        std::mem::take(&mut self.desks[d].tones)
    }

    // How it works.

    pub(crate) fn line(&mut self, d: usize, line: LineInput) {
        self.input(d, Input::Line(line));
    }

    pub(crate) fn input(&mut self, d: usize, input: Input<'_>) {
        self.desks[d].device.handle(self.now, input);
        self.carry();
    }

    fn carry(&mut self) {
        loop {
            let mut moved = false;
            for d in 0..self.desks.len() {
                while let Some(output) = self.desks[d].device.poll_output() {
                    moved = true;
                    self.device_does(d, output);
                }
            }
            while let Some(output) = self.cm.poll_output() {
                moved = true;
                self.server_does(output);
            }
            moved |= self.deliver();
            if !moved {
                return;
            }
        }
    }

    /// When something that is under way arrives next.
    fn arrival(&self) -> Option<Time> {
        let pipes = self.pipes.values().filter_map(|p| p.front());
        let writes = self.writes.front().map(|&(at, ..)| at);
        pipes.map(|&(at, _)| at).chain(writes).min()
    }

    /// Hands each desk one piece of what is on its way, of any length, and the server what is due.
    fn deliver(&mut self) -> bool {
        let mut moved = false;
        while self.writes.front().is_some_and(|&(at, ..)| at <= self.now) {
            if let Some((_, conn, bytes)) = self.writes.pop_front() {
                self.cm.handle_input(self.now, conn, &bytes);
                moved = true;
            }
        }
        for d in 0..self.desks.len() {
            let Some(conn) = self.desks[d].conn else {
                continue;
            };
            let arrived = |&&(at, _): &&(Time, u8)| at <= self.now;
            let waiting = self
                .pipes
                .get(&conn)
                .map_or(0, |p| p.iter().take_while(arrived).count());
            if waiting == 0 {
                continue;
            }
            let piece = match self.random() % 4 {
                0 => 1 + (self.random() % 11) as usize,
                1 => waiting,
                _ => 1 + (self.random() % waiting as u64) as usize,
            };
            let Some(pipe) = self.pipes.get_mut(&conn) else {
                continue;
            };
            let bytes: Vec<u8> = pipe.drain(..piece.min(waiting)).map(|(_, b)| b).collect();
            moved = true;
            let desk = &mut self.desks[d];
            let (id, bytes) = (desk.id, &bytes[..]);
            desk.device.handle(self.now, Input::Received { id, bytes });
        }
        moved
    }

    fn random(&mut self) -> u64 {
        // splitmix64
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn server_does(&mut self, output: CmOutput) {
        match output {
            CmOutput::Send { conn, bytes } => {
                if self.up {
                    let at = self.now + Duration::from_millis(self.latency_ms);
                    let pipe = self.pipes.entry(conn).or_default();
                    pipe.extend(bytes.into_iter().map(|b| (at, b)));
                }
            }
            CmOutput::Close { conn } => {
                // What was sent before the close still arrives.
                while self.pipes.get(&conn).is_some_and(|p| !p.is_empty()) && self.deliver() {}
                self.pipes.remove(&conn);
                if let Some(d) = self.desks.iter().position(|x| x.conn == Some(conn)) {
                    let desk = &mut self.desks[d];
                    desk.conn = None;
                    let (id, reason) = (desk.id, CloseReason::ByServer);
                    desk.device.handle(self.now, Input::Lost { id, reason });
                }
            }
            CmOutput::Event(event) => self.events.push(event),
        }
    }

    fn device_does(&mut self, d: usize, output: Output) {
        let now = self.now;
        match output {
            // There is one server here.
            Output::Connect {
                id,
                purpose: ConnectionPurpose::Active,
                ..
            } if self.up => {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                self.desks[d].conn = Some(conn);
                self.desks[d].id = id;
                self.cm
                    .accept(now, conn, SocketAddrV4::new(address(d), 40_000));
                let local = address(d);
                self.desks[d]
                    .device
                    .handle(now, Input::Connected { id, local });
            }
            Output::Connect { id, .. } => {
                let failure = ConnectFailure::Refused;
                self.desks[d]
                    .device
                    .handle(now, Input::ConnectFailed { id, failure });
            }
            Output::Send { bytes, .. } => {
                if let Some(conn) = self.desks[d].conn {
                    let at = now + Duration::from_millis(self.latency_ms);
                    self.writes.push_back((at, conn, bytes));
                }
            }
            Output::Close { .. } => {
                if let Some(conn) = self.desks[d].conn.take() {
                    self.pipes.remove(&conn);
                    self.cm.closed(now, conn);
                }
            }
            Output::Line(line) => self.desks[d].line(now, line),
            Output::Media(media) => self.media(d, media),
            Output::Record(record) => self.desks[d].records.push(record),
            Output::Event(event) => self.desks[d].events.push(event),
            Output::Trace(trace) => self.desks[d].trace(trace),
        }
    }

    fn media(&mut self, d: usize, media: MediaOutput) {
        let desk = &mut self.desks[d];
        match media {
            MediaOutput::OpenReceive { party, .. } => {
                let local = SocketAddrV4::new(address(d), desk.next_port);
                desk.next_port += 2;
                desk.rtp_began = self.now;
                assert!(desk.listens.insert(party, local).is_none(), "opened twice");
                let opened = MediaInput::ReceiveOpened {
                    party,
                    result: Ok(local),
                };
                desk.device.handle(self.now, Input::Media(opened));
            }
            MediaOutput::StartSend { party, remote, .. } => {
                assert!(desk.listens.contains_key(&party), "sends without a socket");
                desk.sends.insert(party, remote);
            }
            MediaOutput::StopSend { party } => {
                assert!(
                    desk.sends.remove(&party).is_some(),
                    "stopped what was not sent"
                );
            }
            MediaOutput::CloseReceive { party } => {
                assert!(desk.listens.remove(&party).is_some(), "closed twice");
                desk.sends.remove(&party);
            }
            MediaOutput::Bridge { party } => {
                if let Some(party) = party {
                    assert!(desk.listens.contains_key(&party), "bridged to nothing");
                }
                desk.bridge = party;
            }
            MediaOutput::Disown { .. } => {}
            MediaOutput::NeedHeard { party } => {
                let last = desk.rtp_ended.unwrap_or(self.now);
                let opened = desk.rtp_began;
                let packets = (last.saturating_since(opened).as_millis() / 20) as u64;
                let heard = Heard {
                    opened,
                    last: Some(last),
                    packets,
                };
                let input = MediaInput::Heard { party, heard };
                desk.device.handle(self.now, Input::Media(input));
            }
            MediaOutput::NeedStatistics { call, .. } => {
                let counters = LegStatistics {
                    packets_sent: 50,
                    packets_received: 49,
                    ..LegStatistics::default()
                };
                let input = MediaInput::Statistics { call, counters };
                desk.device.handle(self.now, Input::Media(input));
            }
        }
    }

    /// The card's own time: ring bursts and the end of a caller ID.
    fn tick(&mut self, d: usize) {
        let now = self.now;
        if let Some((at, on)) = self.desks[d].next_burst.filter(|&(at, _)| at <= now) {
            let (event, next) = if on {
                (
                    LineInput::RingOn { at },
                    (at + Duration::from_secs(2), false),
                )
            } else {
                (
                    LineInput::RingOff { at },
                    (at + Duration::from_secs(4), true),
                )
            };
            self.desks[d].next_burst = Some(next);
            self.desks[d].device.handle(now, Input::Line(event));
        }
        if self.desks[d].caller_id_end.is_some_and(|at| at <= now) {
            self.desks[d].caller_id_end = None;
            let sent = Input::Line(LineInput::CallerIdSent);
            self.desks[d].device.handle(now, sent);
        }
    }
}

impl Desk {
    fn new(device: Device) -> Desk {
        Desk {
            device,
            tone: None,
            tones: vec![],
            ringing: None,
            rings: 0,
            caller_ids: vec![],
            bridge: None,
            listens: BTreeMap::new(),
            sends: BTreeMap::new(),
            lamp: false,
            opened_loop: 0,
            records: vec![],
            events: vec![],
            said: vec![],
            rtp_ended: None,
            rtp_began: Time::ZERO,
            next_port: 20_000,
            id: ConnectionId(0),
            conn: None,
            next_burst: None,
            caller_id_end: None,
        }
    }

    /// Where the phone's voice goes.
    pub(crate) fn audible_target(&self) -> Option<SocketAddrV4> {
        self.bridge.and_then(|p| self.sends.get(&p).copied())
    }

    /// Where the phone listens.
    pub(crate) fn audible_source(&self) -> Option<SocketAddrV4> {
        self.bridge.and_then(|p| self.listens.get(&p).copied())
    }

    fn due(&self) -> Option<Time> {
        let burst = self.next_burst.map(|(at, _)| at);
        self.device
            .poll_timeout()
            .into_iter()
            .chain(burst)
            .chain(self.caller_id_end)
            .min()
    }

    fn line(&mut self, now: Time, output: LineOutput) {
        match output {
            LineOutput::Ring(mode) => {
                self.ringing = Some(mode);
                self.rings += 1;
                self.next_burst = Some((now, true));
            }
            LineOutput::StopRing => {
                self.ringing = None;
                self.next_burst = None;
            }
            LineOutput::PlayTone(tone) => {
                self.tone = Some(tone);
                self.tones.push(tone);
            }
            LineOutput::StopTone => self.tone = None,
            LineOutput::SendCallerId { id, .. } => {
                self.caller_ids.push(id);
                self.caller_id_end = Some(now + Duration::from_millis(800));
            }
            LineOutput::StopCallerId => self.caller_id_end = None,
            LineOutput::OpenLoop { .. } => self.opened_loop += 1,
            LineOutput::MessageLamp(on) => self.lamp = on,
            LineOutput::OnHookTransmission { .. }
            | LineOutput::Polarity(_)
            | LineOutput::EnableDtmf(_) => {}
        }
    }

    fn trace(&mut self, trace: TraceEvent) {
        if let TraceEvent::Message {
            sent: true,
            message: TracedMessage::Client(message),
        } = trace
        {
            match message {
                ClientMessage::KeepAlive
                | ClientMessage::OpenReceiveChannelAck(_)
                | ClientMessage::ConnectionStatisticsRes(_) => {}
                other => self.said.push(other),
            }
        }
    }
}
