//! One port and the telephone on it, served together in steps of a millisecond.

use std::time::Duration;

use tipring_hal::dahdi::{DahdiConfig, DahdiPort, DahdiProbe, Opened, open};
use tipring_hal::port::{LineEvent, LineEventKind, LinePort, ReadBlock, WriteBlock};
use tipring_linux::dahdi::{BufferPolicy, Buffers, Channel, Event, Hook, Transfer};
use tipring_linux::monotonic;

use crate::sequence::{Ear, Mouth};

const BLOCK: usize = 80;
const PREFILL: usize = 2;
const SILENCE: [u8; BLOCK] = [0xFF; BLOCK];

/// What happened, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    Port(LineEvent),
    Phone(Duration, Event),
}

/// The lane and the telephone.
pub(crate) struct Bench {
    pub(crate) gateway: u16,
    pub(crate) port: Option<DahdiPort>,
    pub(crate) probe: Option<DahdiProbe>,
    pub(crate) phone: Channel,
    pub(crate) seen: Vec<Seen>,
    /// To the telephone.
    pub(crate) down: (Mouth, Ear),
    /// From the telephone.
    pub(crate) up: (Mouth, Ear),
    pub(crate) port_down: bool,
    underruns: u64,
    prefill_due: bool,
    pub(crate) blocks: u64,
    pub(crate) write_full: u64,
}

impl Bench {
    pub(crate) fn new(gateway: u16, phone: u16) -> Result<Bench, String> {
        let phone = Channel::open(phone).map_err(|e| format!("the telephone's channel: {e}"))?;
        let buffers = Buffers {
            block_len: BLOCK,
            count: 32,
        };
        phone
            .set_buffers(buffers, BufferPolicy::Immediate)
            .map_err(|e| format!("the telephone's buffers: {e}"))?;
        Ok(Bench {
            gateway,
            port: None,
            probe: None,
            phone,
            seen: Vec::with_capacity(4096),
            down: <(Mouth, Ear)>::default(),
            up: <(Mouth, Ear)>::default(),
            port_down: false,
            underruns: 0,
            prefill_due: true,
            blocks: 0,
            write_full: 0,
        })
    }

    pub(crate) fn config(&self) -> DahdiConfig {
        DahdiConfig {
            prefill_blocks: PREFILL as u8,
            ..DahdiConfig::new(self.gateway)
        }
    }

    /// Opens the gateway's channel; tries again for 3 s, as a daemon does.
    pub(crate) fn open(&mut self) -> Result<tipring_hal::dahdi::ChannelFacts, String> {
        let give_up = monotonic() + Duration::from_secs(3);
        let Opened { port, probe, facts } = loop {
            match open(&self.config()) {
                Ok(opened) => break opened,
                Err(error) if monotonic() > give_up => return Err(error.to_string()),
                Err(_) => self.run(50),
            }
        };
        self.port = Some(port);
        self.probe = Some(probe);
        self.underruns = 0;
        self.prefill_due = true;
        self.port_down = false;
        Ok(facts)
    }

    pub(crate) fn close(&mut self) {
        self.port = None;
        self.probe = None;
    }

    pub(crate) fn port(&mut self) -> &mut DahdiPort {
        self.port.as_mut().expect("the port is open")
    }

    pub(crate) fn hook(&self, hook: Hook) {
        if let Err(errno) = self.phone.hook(hook) {
            println!("     the telephone's {hook:?}: {errno}");
        }
    }

    /// Both ears open. The telephone gets something to send first, so that only the port's own lateness is heard.
    pub(crate) fn listen(&mut self) {
        for _ in 0..2 {
            let _ = self.phone.write(&SILENCE);
        }
        self.run(100);
        self.up.1.listen();
        self.down.1.listen();
    }

    /// Serves both for this number of ms.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = monotonic() + Duration::from_millis(ms);
        while monotonic() < end {
            self.step();
        }
    }

    /// Serves both until something is seen that fits, at most for this time.
    pub(crate) fn wait(&mut self, ms: u64, fits: impl Fn(&Seen) -> bool) -> Option<Seen> {
        let first = self.seen.len();
        let end = monotonic() + Duration::from_millis(ms);
        loop {
            if let Some(found) = self
                .seen
                .get(first..)
                .and_then(|new| new.iter().find(|s| fits(s)))
            {
                return Some(*found);
            }
            if monotonic() >= end {
                return None;
            }
            self.step();
        }
    }

    pub(crate) fn step(&mut self) {
        self.serve_port();
        self.serve_phone();
        let _ = self.phone.wait(false, false, Duration::from_millis(1));
    }

    /// As the line thread does it: events, then blocks until there are no more.
    pub(crate) fn serve_port(&mut self) {
        let Some(port) = &mut self.port else {
            return;
        };
        while let Some(event) = port.next_event() {
            note(&mut self.seen, Seen::Port(event));
            self.port_down = matches!(event.kind, LineEventKind::Fault(_))
                || self.port_down && event.kind != LineEventKind::FaultCleared;
        }
        let mut block = [0; BLOCK];
        loop {
            match port.read(&mut block) {
                ReadBlock::Block => {}
                ReadBlock::EventPending => {
                    while let Some(event) = port.next_event() {
                        note(&mut self.seen, Seen::Port(event));
                    }
                    continue;
                }
                ReadBlock::WouldBlock | ReadBlock::Down(_) => return,
            }
            self.blocks += 1;
            self.up.1.hear(&block, self.up.0.said);
            let underruns = port.stats().write_underruns;
            if underruns != self.underruns || self.prefill_due {
                self.underruns = underruns;
                self.prefill_due = false;
                for _ in 1..PREFILL {
                    let _ = port.write(&SILENCE);
                }
            }
            self.down.0.fill(&mut block);
            match port.write(&block) {
                WriteBlock::Taken => self.down.0.accepted(BLOCK),
                WriteBlock::Full => self.write_full += 1,
                WriteBlock::EventPending | WriteBlock::Down(_) => self.prefill_due = true,
            }
        }
    }

    pub(crate) fn serve_phone(&mut self) {
        let mut block = [0; BLOCK];
        loop {
            match self.phone.read(&mut block) {
                Transfer::Done(len) => {
                    self.down.1.hear(&block[..len], self.down.0.said);
                    self.up.0.fill(&mut block);
                    if let Transfer::Done(len) = self.phone.write(&block) {
                        self.up.0.accepted(len);
                    }
                }
                Transfer::EventPending => {
                    while let Ok(Some(event)) = self.phone.next_event() {
                        note(&mut self.seen, Seen::Phone(monotonic(), event));
                    }
                }
                Transfer::WouldBlock | Transfer::Failed(_) => return,
            }
        }
    }

    /// Serves the port only, the telephone not at all: it is busy dialing in the kernel, which a write would stop.
    pub(crate) fn run_port(&mut self, ms: u64) {
        let end = monotonic() + Duration::from_millis(ms);
        while monotonic() < end {
            self.serve_port();
            while let Ok(Some(event)) = self.phone.next_event() {
                note(&mut self.seen, Seen::Phone(monotonic(), event));
            }
            let _ = self.phone.wait(false, false, Duration::from_millis(1));
        }
    }

    /// Events of the port since the `first`th of all.
    pub(crate) fn port_events(&self, first: usize) -> Vec<LineEvent> {
        let new = self.seen.get(first..).unwrap_or_default();
        new.iter()
            .filter_map(|seen| match seen {
                Seen::Port(event) => Some(*event),
                Seen::Phone(..) => None,
            })
            .collect()
    }

    /// When the telephone saw this event, since the `first`th of all.
    pub(crate) fn phone_times(&self, first: usize, wanted: Event) -> Vec<Duration> {
        let new = self.seen.get(first..).unwrap_or_default();
        new.iter()
            .filter_map(|seen| match seen {
                Seen::Phone(at, event) if *event == wanted => Some(*at),
                _ => None,
            })
            .collect()
    }
}

/// Without growing: the steady state is measured for allocations.
fn note(seen: &mut Vec<Seen>, what: Seen) {
    if seen.len() < seen.capacity() {
        seen.push(what);
    }
}

pub(crate) fn is_port(kind: LineEventKind) -> impl Fn(&Seen) -> bool {
    move |seen| matches!(seen, Seen::Port(event) if event.kind == kind)
}

pub(crate) fn is_phone(wanted: Event) -> impl Fn(&Seen) -> bool {
    move |seen| matches!(seen, Seen::Phone(_, event) if *event == wanted)
}

pub(crate) fn at(seen: Option<Seen>) -> Option<Duration> {
    seen.map(|seen| match seen {
        Seen::Port(event) => event.at,
        Seen::Phone(at, _) => at,
    })
}
