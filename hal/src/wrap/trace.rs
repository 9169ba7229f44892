//! Mirrors the events of a port and the commands to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LineFault, LinePort, PortError, PortStats,
    ReadBlock, Wake, WriteBlock,
};

/// An event of a port, or a command to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// When it passed (`CLOCK_MONOTONIC`); an event carries its own time as well.
    pub at: Duration,
    /// What passed.
    pub item: TraceItem,
}

/// What passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceItem {
    /// The port reported this.
    Event(LineEvent),
    /// The port got this command, and answered.
    Command(LineCommand, Result<(), PortError>),
    /// Reads began to fail.
    ReadsDown(LineFault),
    /// Reads work again.
    ReadsUp,
    /// A full card refused a block; reported once until it takes one.
    WritesFull,
}

/// A port whose events and commands can be watched from another thread.
#[derive(Debug)]
pub struct Trace<P> {
    port: P,
    out: Producer<Traced>,
    lost: Arc<AtomicU64>,
    down: Option<LineFault>,
    full: bool,
}

/// The other end of a [`Trace`].
#[derive(Debug)]
pub struct TraceReader {
    items: Consumer<Traced>,
    lost: Arc<AtomicU64>,
}

impl TraceReader {
    /// The oldest item not yet read.
    pub fn next_item(&mut self) -> Option<Traced> {
        self.items.pop().ok()
    }

    /// Items lost because they were not read in time.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl<P: LinePort> Trace<P> {
    /// Watches a port; at most `capacity` items wait (at least 1).
    pub fn new(port: P, capacity: usize) -> (Self, TraceReader) {
        let (out, items) = RingBuffer::new(capacity.max(1));
        let lost = Arc::new(AtomicU64::new(0));
        (
            Self {
                port,
                out,
                lost: Arc::clone(&lost),
                down: None,
                full: false,
            },
            TraceReader { items, lost },
        )
    }

    /// The port inside.
    pub fn inner(&self) -> &P {
        &self.port
    }

    fn note(&mut self, item: TraceItem) {
        let at = tipring_linux::monotonic();
        if self.out.push(Traced { at, item }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<P: LinePort> LinePort for Trace<P> {
    fn wake(&self) -> Wake {
        self.port.wake()
    }

    fn law(&self) -> Law {
        self.port.law()
    }

    fn block_len(&self) -> usize {
        self.port.block_len()
    }

    fn capabilities(&self) -> Capabilities {
        self.port.capabilities()
    }

    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        let answer = self.port.read(buf);
        match answer {
            ReadBlock::Down(fault) if self.down != Some(fault) => {
                self.down = Some(fault);
                self.note(TraceItem::ReadsDown(fault));
            }
            ReadBlock::Block if self.down.is_some() => {
                self.down = None;
                self.note(TraceItem::ReadsUp);
            }
            _ => {}
        }
        answer
    }

    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        let answer = self.port.write(buf);
        match answer {
            WriteBlock::Full if !self.full => {
                self.full = true;
                self.note(TraceItem::WritesFull);
            }
            WriteBlock::Taken => self.full = false,
            _ => {}
        }
        answer
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        let event = self.port.next_event();
        if let Some(event) = event {
            self.note(TraceItem::Event(event));
        }
        event
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        let answer = self.port.command(command);
        self.note(TraceItem::Command(command, answer));
        answer
    }

    fn off_hook(&self) -> bool {
        self.port.off_hook()
    }

    fn stats(&self) -> PortStats {
        self.port.stats()
    }

    fn block_complete_at(&self) -> Option<Duration> {
        self.port.block_complete_at()
    }
}
