//! What connects a port in the line thread with the card in its own thread: rings and atomics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::port::{LineCommand, LineEvent, LineFault, MAX_BLOCK_LEN};

/// Commands that the card has not read yet; a full ring is `Busy`.
const COMMANDS: usize = 64;

/// A block in a ring; only the first `block_len` bytes count.
pub(super) type Block = [u8; MAX_BLOCK_LEN];

/// State that both sides look at.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// As the card reports it (after decoding, if it decodes).
    pub(super) off_hook: AtomicBool,
    /// Set by an accepted `Ring`, cleared by `StopRing` or by the card.
    pub(super) ringing: AtomicBool,
    /// Set by the first read or write: as with a real card, audio flows from then on.
    pub(super) opened: AtomicBool,
    pub(super) fault: AtomicU8,
    pub(super) read_overruns: AtomicU64,
    pub(super) write_underruns: AtomicU64,
    pub(super) events_lost: AtomicU64,
}

impl Shared {
    pub(super) fn fault(&self) -> Option<LineFault> {
        match self.fault.load(Ordering::Acquire) {
            1 => Some(LineFault::Alarm),
            2 => Some(LineFault::Removed),
            3 => Some(LineFault::PowerAlarm),
            _ => None,
        }
    }

    pub(super) fn set_fault(&self, fault: Option<LineFault>) {
        let code = match fault {
            None => 0,
            Some(LineFault::Alarm) => 1,
            Some(LineFault::Removed) => 2,
            Some(LineFault::PowerAlarm) => 3,
        };
        self.fault.store(code, Ordering::Release);
    }
}

/// The line thread's ends.
#[derive(Debug)]
pub(super) struct PortEnds {
    pub(super) from_line: Consumer<Block>,
    pub(super) to_line: Producer<Block>,
    pub(super) events: Consumer<LineEvent>,
    pub(super) commands: Producer<LineCommand>,
    pub(super) shared: Arc<Shared>,
}

/// The card's ends.
#[derive(Debug)]
pub(super) struct CardEnds {
    pub(super) to_gateway: Producer<Block>,
    pub(super) from_gateway: Consumer<Block>,
    pub(super) events: Producer<LineEvent>,
    pub(super) commands: Consumer<LineCommand>,
    pub(super) shared: Arc<Shared>,
}

impl CardEnds {
    /// Sends the event to the gateway, or counts it as lost.
    pub(super) fn send(&mut self, event: LineEvent) {
        if self.events.push(event).is_err() {
            self.shared.events_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(super) fn wire(blocks: usize, events: usize) -> (PortEnds, CardEnds) {
    let (to_gateway, from_line) = RingBuffer::new(blocks);
    let (to_line, from_gateway) = RingBuffer::new(blocks);
    let (events_in, events_out) = RingBuffer::new(events);
    let (commands_in, commands_out) = RingBuffer::new(COMMANDS);
    let shared = Arc::new(Shared::default());
    (
        PortEnds {
            from_line,
            to_line,
            events: events_out,
            commands: commands_in,
            shared: Arc::clone(&shared),
        },
        CardEnds {
            to_gateway,
            from_gateway,
            events: events_in,
            commands: commands_out,
            shared,
        },
    )
}
