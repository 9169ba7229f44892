//! Breaks a port on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, MAX_BLOCK_LEN,
    PortError, PortStats, ReadBlock, Wake, WriteBlock,
};

#[derive(Debug, Default)]
struct Control {
    down: AtomicU8,
    stall_reads: AtomicBool,
    silence_reads: AtomicBool,
    full_writes: AtomicBool,
    drop_reads: AtomicU64,
    lose_writes: AtomicU64,
    lose_events: AtomicU64,
    reads_dropped: AtomicU64,
    writes_lost: AtomicU64,
    events_lost: AtomicU64,
    downs: AtomicU64,
}

/// What has been broken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Blocks read from the card and dropped.
    pub reads_dropped: u64,
    /// Blocks reported as taken that never reached the card.
    pub writes_lost: u64,
    /// Events dropped.
    pub events_lost: u64,
    /// Times the port went down.
    pub downs: u64,
}

/// Breaks and mends the port from another thread. Cloning gives another handle to the same port.
#[derive(Clone, Debug)]
pub struct FaultHandle(Arc<Control>);

impl FaultHandle {
    /// Takes the port down (`Some`) or up again (`None`). The port reports it as an event,
    /// refuses everything while down, and reports `FaultCleared` afterwards.
    pub fn set_down(&self, fault: Option<LineFault>) {
        let code = match fault {
            None => 0,
            Some(LineFault::Alarm) => 1,
            Some(LineFault::Removed) => 2,
            Some(LineFault::PowerAlarm) => 3,
        };
        self.0.down.store(code, Ordering::Release);
    }

    /// Reads answer `WouldBlock`, as if the card's clock had stopped; its blocks queue up.
    pub fn stall_reads(&self, on: bool) {
        self.0.stall_reads.store(on, Ordering::Release);
    }

    /// Reads give silence instead of what came.
    pub fn silence_reads(&self, on: bool) {
        self.0.silence_reads.store(on, Ordering::Release);
    }

    /// Writes answer `Full`.
    pub fn full_writes(&self, on: bool) {
        self.0.full_writes.store(on, Ordering::Release);
    }

    /// The next `blocks` blocks from the line are dropped.
    pub fn drop_reads(&self, blocks: u64) {
        self.0.drop_reads.fetch_add(blocks, Ordering::AcqRel);
    }

    /// The next `blocks` written blocks never reach the card, which then has an underrun.
    pub fn lose_writes(&self, blocks: u64) {
        self.0.lose_writes.fetch_add(blocks, Ordering::AcqRel);
    }

    /// The next `events` events are dropped.
    pub fn lose_events(&self, events: u64) {
        self.0.lose_events.fetch_add(events, Ordering::AcqRel);
    }

    /// Everything works again.
    pub fn mend(&self) {
        self.set_down(None);
        self.stall_reads(false);
        self.silence_reads(false);
        self.full_writes(false);
        for left in [&self.0.drop_reads, &self.0.lose_writes, &self.0.lose_events] {
            left.store(0, Ordering::Release);
        }
    }

    /// What has been broken so far.
    pub fn counts(&self) -> FaultCounts {
        FaultCounts {
            reads_dropped: self.0.reads_dropped.load(Ordering::Relaxed),
            writes_lost: self.0.writes_lost.load(Ordering::Relaxed),
            events_lost: self.0.events_lost.load(Ordering::Relaxed),
            downs: self.0.downs.load(Ordering::Relaxed),
        }
    }
}

/// A port that can be broken from another thread.
#[derive(Debug)]
pub struct Fault<P> {
    port: P,
    control: Arc<Control>,
    /// The trouble that has been reported to the caller.
    reported: Option<LineFault>,
}

impl<P: LinePort> Fault<P> {
    /// Wraps a port, unbroken.
    pub fn new(port: P) -> (Self, FaultHandle) {
        let control = Arc::new(Control::default());
        let handle = FaultHandle(Arc::clone(&control));
        let reported = None;
        (
            Self {
                port,
                control,
                reported,
            },
            handle,
        )
    }

    /// The port inside.
    pub fn inner(&self) -> &P {
        &self.port
    }

    fn down(&self) -> Option<LineFault> {
        match self.control.down.load(Ordering::Acquire) {
            1 => Some(LineFault::Alarm),
            2 => Some(LineFault::Removed),
            3 => Some(LineFault::PowerAlarm),
            _ => None,
        }
    }
}

/// Takes one from a budget; false when it is spent.
fn take_one(left: &AtomicU64) -> bool {
    // Only this thread takes, so a failed exchange means that more was granted meanwhile.
    let mut now = left.load(Ordering::Acquire);
    while now > 0 {
        match left.compare_exchange_weak(now, now - 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return true,
            Err(other) => now = other,
        }
    }
    false
}

impl<P: LinePort> LinePort for Fault<P> {
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
        let down = self.down();
        if down != self.reported {
            return ReadBlock::EventPending;
        }
        if let Some(fault) = down {
            return ReadBlock::Down(fault);
        }
        if self.control.stall_reads.load(Ordering::Acquire) {
            return ReadBlock::WouldBlock;
        }
        loop {
            let answer = self.port.read(buf);
            if answer != ReadBlock::Block {
                return answer;
            }
            // Bounded by the card's own ring: each turn takes a block out of it.
            if take_one(&self.control.drop_reads) {
                self.control.reads_dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            if self.control.silence_reads.load(Ordering::Acquire) {
                buf.fill(self.port.law().silence());
            }
            return answer;
        }
    }

    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        let down = self.down();
        if down != self.reported {
            return WriteBlock::EventPending;
        }
        if let Some(fault) = down {
            return WriteBlock::Down(fault);
        }
        if self.control.full_writes.load(Ordering::Acquire) {
            return WriteBlock::Full;
        }
        if take_one(&self.control.lose_writes) {
            self.control.writes_lost.fetch_add(1, Ordering::Relaxed);
            return WriteBlock::Taken;
        }
        self.port.write(buf)
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        let down = self.down();
        if down != self.reported {
            self.reported = down;
            let kind = match down {
                Some(fault) => {
                    self.control.downs.fetch_add(1, Ordering::Relaxed);
                    LineEventKind::Fault(fault)
                }
                None => {
                    // What queued up meanwhile is old: a card that comes back starts with empty buffers.
                    let mut old = [0; MAX_BLOCK_LEN];
                    while self.port.read(&mut old) == ReadBlock::Block {}
                    LineEventKind::FaultCleared
                }
            };
            let at = tipring_linux::monotonic();
            return Some(LineEvent { at, kind });
        }
        if down.is_some() {
            return None;
        }
        loop {
            let event = self.port.next_event()?;
            if !take_one(&self.control.lose_events) {
                return Some(event);
            }
            self.control.events_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        match self.down() {
            Some(fault) => Err(PortError::Down(fault)),
            None => self.port.command(command),
        }
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
