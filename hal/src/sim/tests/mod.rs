//! The simulated card stepped by hand, with a gateway that reads and writes a block a step.

use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::port::{
    LineCommand, LineEvent, LineEventKind, LinePort, ReadBlock, RingCadence, WriteBlock,
};
use crate::{Law, LineFault, Polarity, PortError};

mod audio;
mod faults;
mod fax;
mod files;
mod line;
mod linetest;
mod running;
mod tiff;

const BLOCK: usize = 80;
/// Where time begins in these tests: not at 0, so that a forgotten offset shows.
const BEGIN: Duration = Duration::from_secs(1000);

/// A card and a gateway.
struct Rig {
    world: World,
    ports: Vec<SimPort>,
    clock: CardClock,
    now: Duration,
    /// What each port reported, in order.
    line: Vec<Vec<LineEvent>>,
    /// Everything read from each port, as samples.
    read: Vec<Vec<i16>>,
    /// What the gateway will send to each port; silence when empty.
    send: Vec<VecDeque<i16>>,
    /// Ports whose blocks go to each other.
    crossed: Vec<(usize, usize)>,
    keep_read: bool,
    set: Vec<SimEvent>,
}

impl Rig {
    fn new(config: &SimConfig) -> Self {
        let Sim {
            world,
            ports,
            clock,
        } = build(config).unwrap();
        let count = ports.len();
        let mut rig = Self {
            world,
            ports,
            clock,
            now: BEGIN,
            line: vec![Vec::new(); count],
            read: vec![Vec::new(); count],
            send: vec![VecDeque::new(); count],
            crossed: Vec::new(),
            keep_read: true,
            set: Vec::new(),
        };
        rig.serve();
        rig
    }

    fn one(config: SimPortConfig) -> Self {
        let mut card = SimConfig::new(1);
        card.ports = vec![config];
        Self::new(&card)
    }

    fn perfect() -> SimPortConfig {
        SimPortConfig {
            hybrid: HybridConfig::perfect(),
            ..SimPortConfig::default()
        }
    }

    /// One block of everything.
    fn step(&mut self) {
        self.now += self.world.block_time();
        self.world.step(self.now);
        assert_eq!(self.clock.drain(), 1);
        self.serve();
        self.set.extend(self.world.take_events());
    }

    /// What a line thread does on a wake.
    fn serve(&mut self) {
        let mut blocks = vec![[0u8; BLOCK]; self.ports.len()];
        for (i, port) in self.ports.iter_mut().enumerate() {
            while let Some(event) = port.next_event() {
                self.line[i].push(event);
            }
            let silence = port.law().silence();
            blocks[i].fill(silence);
            let mut buf = [0; BLOCK];
            while port.read(&mut buf) == ReadBlock::Block {
                blocks[i] = buf;
                if self.keep_read {
                    self.read[i].extend(buf.iter().map(|&byte| port.law().decode(byte)));
                }
            }
        }
        for (i, port) in self.ports.iter_mut().enumerate() {
            let mut buf = [port.law().silence(); BLOCK];
            for byte in &mut buf {
                let Some(sample) = self.send[i].pop_front() else {
                    break;
                };
                *byte = port.law().encode(sample);
            }
            for &(a, b) in &self.crossed {
                if i == a || i == b {
                    buf = blocks[if i == a { b } else { a }];
                }
            }
            assert_ne!(port.write(&buf), WriteBlock::Full);
        }
    }

    fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms.div_ceil(10) {
            self.step();
        }
    }

    fn act(&mut self, port: usize, action: SimAction) {
        self.try_act(port, action).unwrap();
    }

    fn try_act(&mut self, port: usize, action: SimAction) -> Result<SimReply, SimError> {
        let answer = self.world.request(SimRequest::port(port, action));
        self.set.extend(self.world.take_events());
        answer
    }

    fn snapshot(&mut self, port: usize) -> SimSnapshot {
        match self
            .world
            .request(SimRequest::Snapshot { port: Some(port) })
        {
            Ok(SimReply::Snapshot(mut all)) => all.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn heard(&mut self, port: usize, window_ms: u16) -> Heard {
        match self.try_act(port, SimAction::Meter { window_ms }) {
            Ok(SimReply::Heard(heard)) => heard,
            other => panic!("{other:?}"),
        }
    }

    /// Takes the kinds of what the phone noticed.
    fn noticed(&mut self) -> Vec<SimEventKind> {
        self.set.drain(..).map(|event| event.kind).collect()
    }

    /// Takes what port 0 reported, in 125 µs from `BEGIN`.
    fn reported(&mut self) -> Vec<(u64, LineEventKind)> {
        self.line[0]
            .drain(..)
            .map(|event| {
                let since = event.at.checked_sub(BEGIN).unwrap();
                assert_eq!(since.as_nanos() % 125_000, 0);
                ((since.as_micros() / 125) as u64, event.kind)
            })
            .collect()
    }
}

/// A sine of this number of ms.
fn sine(hz: f32, dbm0: f32, ms: usize) -> Vec<i16> {
    let peak = crate::level::dbm0_to_peak(dbm0);
    (0..ms * 8)
        .map(|n| {
            let phase = std::f32::consts::TAU * hz * n as f32 / 8000.0;
            crate::level::to_i16(peak * phase.sin())
        })
        .collect()
}
