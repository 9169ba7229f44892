//! A card that is stepped by hand or by a timer: what the line thread's own tests and benches run against.
//!
//! Deliberately simpler than the simulated card: no hybrid and no telephone, but every answer of the port contract can
//! be provoked, and reading and writing allocate nothing.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each including test or bench uses its part"
)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tipring_hal::port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, PortError,
    PortStats, ReadBlock, Wake, WriteBlock,
};

/// Samples in a block of every fake line.
pub const BLOCK: usize = 80;
/// Blocks the card holds towards the line.
const ROOM: usize = 8;

/// What the card side of a fake line sees.
pub struct Inner {
    /// Played to the network over and over.
    pub signal: Vec<u8>,
    position: usize,
    due: usize,
    in_flight: usize,
    /// The newest blocks written, oldest first.
    pub written: VecDeque<[u8; BLOCK]>,
    /// Blocks written in all.
    pub writes: u64,
    /// Raised by each block that a line of the same rack reads or writes, and its value at this line's last one of each.
    pub rack: Arc<AtomicU64>,
    pub last_read: u64,
    pub last_write: u64,
    /// Times it was asked for a block.
    pub asked: u64,
    pub events: VecDeque<LineEvent>,
    /// Reads and writes fail while an event waits, as DAHDI does.
    pub events_block_audio: bool,
    pub down: Option<LineFault>,
    pub refuse: Option<PortError>,
    pub commands: VecDeque<LineCommand>,
    pub stats: PortStats,
    pub off_hook: bool,
}

/// The port and, cloned, the hand that moves it.
#[derive(Clone)]
pub struct FakeLine(Arc<Mutex<Inner>>);

impl FakeLine {
    /// A line that plays `signal` (µ-law) for ever; silence when empty.
    pub fn new(signal: Vec<u8>, off_hook: bool) -> FakeLine {
        FakeLine(Arc::new(Mutex::new(Inner {
            signal: if signal.is_empty() {
                vec![0xFF; BLOCK]
            } else {
                signal
            },
            position: 0,
            due: 0,
            in_flight: 0,
            written: VecDeque::with_capacity(64),
            writes: 0,
            rack: Arc::default(),
            last_read: 0,
            last_write: 0,
            asked: 0,
            events: VecDeque::with_capacity(256),
            events_block_audio: false,
            down: None,
            refuse: None,
            commands: VecDeque::with_capacity(64),
            stats: PortStats::default(),
            off_hook,
        })))
    }

    /// The inside.
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0
            .lock()
            .expect("no test panics while it holds the lock")
    }

    /// The card's clock goes on by this number of blocks.
    pub fn step(&self, blocks: usize) {
        let mut i = self.inner();
        if i.down.is_some() {
            return;
        }
        for _ in 0..blocks {
            if i.due >= ROOM {
                i.stats.read_overruns += 1;
            } else {
                i.due += 1;
            }
            if i.in_flight > 0 {
                i.in_flight -= 1;
            } else if i.writes > 0 {
                i.stats.write_underruns += 1;
            }
        }
    }

    /// An event, stamped.
    pub fn event(&self, at: Duration, kind: LineEventKind) {
        self.inner().events.push_back(LineEvent { at, kind });
    }
}

impl LinePort for FakeLine {
    fn wake(&self) -> Wake {
        Wake::CardClock
    }

    fn law(&self) -> Law {
        Law::Mu
    }

    fn block_len(&self) -> usize {
        BLOCK
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            decodes_flash_and_pulse: false,
            polarity_reversal: true,
            open_loop: true,
            fixed_open_loop_ms: None,
            on_hook_transmission: true,
            neon_mwi: false,
            voltages: false,
            times_cadence: true,
        }
    }

    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        let mut i = self.inner();
        i.asked += 1;
        if i.events_block_audio && !i.events.is_empty() {
            return ReadBlock::EventPending;
        }
        if let Some(fault) = i.down {
            return ReadBlock::Down(fault);
        }
        if i.due == 0 {
            return ReadBlock::WouldBlock;
        }
        i.due -= 1;
        i.last_read = i.rack.fetch_add(1, Relaxed);
        let mut rest = buf;
        while !rest.is_empty() {
            let Inner {
                signal, position, ..
            } = &mut *i;
            let part = rest.len().min(signal.len() - *position);
            let (now, later) = rest.split_at_mut(part);
            now.copy_from_slice(&signal[*position..*position + part]);
            *position = (*position + part) % signal.len();
            rest = later;
        }
        ReadBlock::Block
    }

    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        let mut i = self.inner();
        if i.events_block_audio && !i.events.is_empty() {
            return WriteBlock::EventPending;
        }
        if let Some(fault) = i.down {
            return WriteBlock::Down(fault);
        }
        if i.in_flight >= ROOM {
            return WriteBlock::Full;
        }
        i.in_flight += 1;
        i.writes += 1;
        i.last_write = i.rack.fetch_add(1, Relaxed);
        if i.written.len() == 64 {
            i.written.pop_front();
        }
        let mut block = [0; BLOCK];
        block.copy_from_slice(buf);
        i.written.push_back(block);
        WriteBlock::Taken
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        self.inner().events.pop_front()
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        let mut i = self.inner();
        if let Some(error) = i.refuse {
            return Err(error);
        }
        if i.commands.len() < 64 {
            i.commands.push_back(command);
        }
        Ok(())
    }

    fn off_hook(&self) -> bool {
        self.inner().off_hook
    }

    fn stats(&self) -> PortStats {
        self.inner().stats
    }
}
