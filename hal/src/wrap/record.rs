//! Keeps the blocks of a port, in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LinePort, MAX_BLOCK_LEN, PortError, PortStats,
    ReadBlock, Wake, WriteBlock,
};

/// The direction of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Read: from the line.
    FromLine,
    /// Written: to the line.
    ToLine,
}

/// A block as it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedBlock {
    /// Its direction.
    pub direction: Direction,
    /// Number of the block in its direction since the port was made, so that a gap shows.
    pub sequence: u64,
    bytes: [u8; MAX_BLOCK_LEN],
    len: usize,
}

impl RecordedBlock {
    /// The law-coded bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

#[derive(Debug, Default)]
struct Control {
    on: AtomicBool,
    lost: AtomicU64,
}

/// A port whose blocks can be kept by another thread.
#[derive(Debug)]
pub struct Record<P> {
    port: P,
    out: Producer<RecordedBlock>,
    control: Arc<Control>,
    from_line: u64,
    to_line: u64,
}

/// The other end of a [`Record`].
#[derive(Debug)]
pub struct RecordReader {
    blocks: Consumer<RecordedBlock>,
    control: Arc<Control>,
    law: Law,
}

impl RecordReader {
    /// Begins or ends recording; it is off at first.
    pub fn set_on(&self, on: bool) {
        self.control.on.store(on, Ordering::Release);
    }

    /// Recording just now?
    pub fn is_on(&self) -> bool {
        self.control.on.load(Ordering::Acquire)
    }

    /// The oldest block not yet read.
    pub fn next_block(&mut self) -> Option<RecordedBlock> {
        self.blocks.pop().ok()
    }

    /// Blocks lost because they were not read in time.
    pub fn lost(&self) -> u64 {
        self.control.lost.load(Ordering::Relaxed)
    }

    /// Law of the bytes.
    pub fn law(&self) -> Law {
        self.law
    }
}

impl<P: LinePort> Record<P> {
    /// Wraps a port; at most `capacity` blocks wait (at least 2).
    pub fn new(port: P, capacity: usize) -> (Self, RecordReader) {
        let (out, blocks) = RingBuffer::new(capacity.max(2));
        let control = Arc::new(Control::default());
        let law = port.law();
        (
            Self {
                port,
                out,
                control: Arc::clone(&control),
                from_line: 0,
                to_line: 0,
            },
            RecordReader {
                blocks,
                control,
                law,
            },
        )
    }

    /// The port inside.
    pub fn inner(&self) -> &P {
        &self.port
    }

    fn keep(&mut self, direction: Direction, sequence: u64, block: &[u8]) {
        if !self.control.on.load(Ordering::Acquire) {
            return;
        }
        let mut bytes = [0; MAX_BLOCK_LEN];
        let len = block.len().min(self.port.block_len()).min(MAX_BLOCK_LEN);
        for (to, from) in bytes.iter_mut().take(len).zip(block) {
            *to = *from;
        }
        let kept = RecordedBlock {
            direction,
            sequence,
            bytes,
            len,
        };
        if self.out.push(kept).is_err() {
            self.control.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<P: LinePort> LinePort for Record<P> {
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
        if answer == ReadBlock::Block {
            self.keep(Direction::FromLine, self.from_line, buf);
            self.from_line = self.from_line.wrapping_add(1);
        }
        answer
    }

    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        let answer = self.port.write(buf);
        if answer == WriteBlock::Taken {
            self.keep(Direction::ToLine, self.to_line, buf);
            self.to_line = self.to_line.wrapping_add(1);
        }
        answer
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        self.port.next_event()
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.port.command(command)
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
