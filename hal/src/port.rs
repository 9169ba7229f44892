//! The contract every card keeps: blocks in, blocks out, events, commands, honest capabilities.

use std::os::fd::RawFd;
use std::time::Duration;

use crate::linetest::{TestId, TestReport, TestRequest};
pub use tipring_types::{Law, LineFault, Polarity, TenthDb};

/// The longest block that any card has: 30 ms.
pub const MAX_BLOCK_LEN: usize = 240;

/// What wakes the thread that serves this port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The port has its own descriptor: readable = audio, priority = event.
    Fd(RawFd),
    /// The port follows its card's clock descriptor (an eventfd that the card raises once a block).
    CardClock,
    /// Nothing: there is no card (see [`crate::absent`]).
    Never,
}

/// What this card can really do; the rest is refused with [`PortError::Unsupported`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The card turns loop openings into flash and pulse digits itself ([`LineEventKind::Flash`],
    /// [`LineEventKind::PulseDigit`]); without it only loop open/closed is reported.
    pub decodes_flash_and_pulse: bool,
    /// The line can be reversed.
    pub polarity_reversal: bool,
    /// The loop can be opened (disconnect supervision).
    pub open_loop: bool,
    /// The card opens the loop for this long, whatever [`LineCommand::OpenLoop`] says, and only at a lifted phone (one
    /// that is on-hook would not notice). `None`: for the time of the command.
    pub fixed_open_loop_ms: Option<u16>,
    /// Audio passes with the phone on-hook (caller ID).
    pub on_hook_transmission: bool,
    /// Message lamp by high voltage.
    pub neon_mwi: bool,
    /// Tip, ring and battery voltages can be read.
    pub voltages: bool,
    /// Milliseconds of ringing timing resolution; cadences are timed by the card when true.
    pub times_cadence: bool,
}

/// Ring on and off times in ms, repeated. A zero-length part ends the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingCadence {
    /// on, off, on, off, …; unused places are 0.
    pub parts_ms: [u16; 8],
}

impl RingCadence {
    /// One burst and one silence, repeated: `RingCadence::new(2000, 4000)` is what the US rings.
    pub const fn new(on_ms: u16, off_ms: u16) -> Self {
        Self {
            parts_ms: [on_ms, off_ms, 0, 0, 0, 0, 0, 0],
        }
    }

    /// The parts in use: even places ring, odd places are silent. Empty when the first is 0.
    pub fn parts(&self) -> &[u16] {
        let used = self.parts_ms.iter().take_while(|&&ms| ms != 0).count();
        self.parts_ms.get(..used).unwrap_or(&[])
    }
}

/// A command to a port. `Copy`, so it crosses threads without an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineCommand {
    /// Ring with this cadence until the next command; ring trip stops it at once, in the card or its driver's port. A card
    /// that is still opening the loop takes it and begins after that: [`LineEventKind::RingOn`] shows when.
    Ring(RingCadence),
    /// Stop ringing.
    StopRing,
    /// Line polarity.
    Polarity(Polarity),
    /// Open the loop for this time, then feed it again.
    OpenLoop(Duration),
    /// Let audio through while on-hook for this time (caller ID). May take a few ms to act.
    OnHookTransmission(Duration),
    /// Message lamp (only what the card can do).
    MessageLamp(bool),
    /// The longest opening of the loop that may still be a flash: until then the phone is not taken for hung up. Taken in
    /// any state, for the openings to come; nothing to do for a card that leaves that to others.
    LongestFlash(Duration),
    /// Analog gain towards the network and towards the line, tenths of a dB.
    Gain {
        /// Line to network.
        rx: TenthDb,
        /// Network to line.
        tx: TenthDb,
    },
    /// Begin a test, which takes its time and reports by [`LineEventKind::Test`]. Taken only on an idle line; what needs
    /// the line meanwhile ends it.
    Test(TestRequest),
    /// End this test, if it runs; its end is reported.
    CancelTest(TestId),
}

/// What happened on the line, and when (`CLOCK_MONOTONIC`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEvent {
    /// When, as exactly as the card knows.
    pub at: Duration,
    /// What.
    pub kind: LineEventKind,
}

/// What happened on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEventKind {
    /// Loop closed: lifted, or ring trip, or the end of a flash or pulse.
    LoopClosed,
    /// Loop opened: hung up, or the beginning of a flash or pulse. A card may need some ms to be sure; the stamp is of the
    /// opening itself.
    LoopOpened,
    /// A flash as the card decoded it (only with `decodes_flash_and_pulse`).
    Flash,
    /// A pulse-dialled digit 0–9 as the card decoded it (only with `decodes_flash_and_pulse`).
    PulseDigit(u8),
    /// A burst of ringing began (the first one too).
    RingOn,
    /// A burst of ringing ended: the silent interval begins. Not reported when ringing was
    /// tripped or stopped: no silent interval begins then.
    RingOff,
    /// The line or its card is in trouble.
    Fault(LineFault),
    /// The trouble is over. During trouble no loop edge is reported; a loop that is found closed is reported after it in any
    /// case, an open one if it was closed when last reported.
    FaultCleared,
    /// A test goes on, or is over.
    Test(TestReport),
}

/// Answer to a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBlock {
    /// The buffer holds a whole block.
    Block,
    /// Nothing yet.
    WouldBlock,
    /// An event must be taken first ([`LinePort::next_event`]).
    EventPending,
    /// The port is gone or in alarm; no reads until [`LineEventKind::FaultCleared`].
    Down(LineFault),
}

/// Answer to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteBlock {
    /// The card has the whole block.
    Taken,
    /// No room: the block was not taken.
    Full,
    /// An event must be taken first.
    EventPending,
    /// The port is gone or in alarm.
    Down(LineFault),
}

/// Counters a card keeps. What they count is the card's: blocks (simulated), or the times that it began (DAHDI).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortStats {
    /// Audio lost because nobody read.
    pub read_overruns: u64,
    /// Silence played because nobody wrote (counted from the first write on).
    pub write_underruns: u64,
    /// Events lost because nobody read them.
    pub events_lost: u64,
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The card cannot do this.
    #[error("this card cannot do that")]
    Unsupported,
    /// Not now (polarity while ringing, ring while off-hook).
    #[error("the line is busy with something that excludes it")]
    Busy,
    /// The port is gone or in alarm.
    #[error("the port is down")]
    Down(LineFault),
    /// The system refused; `errno` as it came.
    #[error("the system refused with errno {0}")]
    Os(i32),
}

/// One FXS port of a card.
///
/// Everything here is called by the line thread: non-blocking, without allocation.
pub trait LinePort: Send {
    /// What wakes the caller.
    fn wake(&self) -> Wake;
    /// Law of the bytes.
    fn law(&self) -> Law;
    /// Samples in a block.
    fn block_len(&self) -> usize;
    /// What the card can do.
    fn capabilities(&self) -> Capabilities;
    /// Takes one block from the line; `buf` has [`LinePort::block_len`] bytes.
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock;
    /// Gives one block to the line.
    fn write(&mut self, buf: &[u8]) -> WriteBlock;
    /// The next event, oldest first.
    fn next_event(&mut self) -> Option<LineEvent>;
    /// Gives the port a command.
    fn command(&mut self, command: LineCommand) -> Result<(), PortError>;
    /// Loop closed right now? (A port may be found off-hook at start without an event.)
    fn off_hook(&self) -> bool;
    /// Counters.
    fn stats(&self) -> PortStats;
    /// When the newest block was complete, on CLOCK_MONOTONIC, if the card knows. For measurements.
    fn block_complete_at(&self) -> Option<Duration> {
        None
    }
}

impl<P: LinePort + ?Sized> LinePort for Box<P> {
    fn wake(&self) -> Wake {
        (**self).wake()
    }
    fn law(&self) -> Law {
        (**self).law()
    }
    fn block_len(&self) -> usize {
        (**self).block_len()
    }
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        (**self).read(buf)
    }
    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        (**self).write(buf)
    }
    fn next_event(&mut self) -> Option<LineEvent> {
        (**self).next_event()
    }
    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        (**self).command(command)
    }
    fn off_hook(&self) -> bool {
        (**self).off_hook()
    }
    fn stats(&self) -> PortStats {
        (**self).stats()
    }
    fn block_complete_at(&self) -> Option<Duration> {
        (**self).block_complete_at()
    }
}
