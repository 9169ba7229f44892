//! The card of a lane: its descriptor in the poll, and what is kept for it while it has run dry.
//!
//! Promises: a card that is gone is not touched again (each call into a removed DAHDI channel sleeps in the kernel) and
//! its descriptor leaves the poll at once; a descriptor that wakes for nothing is put aside and looked at by the
//! timer. Leaves to others: what is read and written, and when.

use std::io;
use std::os::fd::RawFd;

use mio::{Interest, Registry, Token, unix::SourceFd};
use tipring_hal::port::{LinePort, Wake, WriteBlock};

use super::pace::Pace;

/// Wakes in a row without a block or an event: the descriptor is put aside.
const BARREN: u16 = 200;

/// How a lane comes to serve its card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// By its descriptor, which is in the poll.
    Poll(RawFd),
    /// Its descriptor cannot be, or must not be, in the poll: by the timer.
    Timer,
    /// By the card's clock, or by hand.
    Clock,
    /// Not at all.
    Never,
}

pub(super) struct Card {
    pub(super) port: Box<dyn LinePort>,
    wake: Wake,
    watch: Watch,
    token: Token,
    barren: u16,
    pub(super) pace: Pace,
    /// The newest blocks for a card that has run dry, by turns, and how many there were.
    held: Vec<u8>,
    held_count: usize,
    silence: Vec<u8>,
}

impl Card {
    /// `prefill`: blocks that are kept, and written ahead.
    pub(super) fn new(port: Box<dyn LinePort>, token: Token, prefill: usize) -> Card {
        let block = port.block_len();
        let mut card = Card {
            wake: port.wake(),
            silence: vec![port.law().silence(); block],
            held: vec![0; block * prefill.max(1)],
            port,
            watch: Watch::Never,
            token,
            barren: 0,
            pace: Pace::default(),
            held_count: 0,
        };
        card.adopt();
        card
    }

    pub(super) fn wake(&self) -> Wake {
        self.wake
    }

    /// There is a card, and it has not been lost.
    pub(super) fn is_there(&self) -> bool {
        self.watch != Watch::Never
    }

    /// Has a descriptor of its own.
    pub(super) fn has_descriptor(&self) -> bool {
        matches!(self.watch, Watch::Poll(_) | Watch::Timer)
    }

    pub(super) fn silence(&self) -> &[u8] {
        &self.silence
    }

    /// Puts its descriptor into the poll.
    pub(super) fn watch(&mut self, registry: &Registry) -> io::Result<()> {
        if let (Watch::Timer, Wake::Fd(fd)) = (self.watch, self.wake) {
            // Output is not watched: a block is written when one was read.
            let interest = Interest::READABLE | Interest::PRIORITY;
            registry.register(&mut SourceFd(&fd), self.token, interest)?;
            self.watch = Watch::Poll(fd);
            self.barren = 0;
        }
        Ok(())
    }

    /// Takes its descriptor out of the poll.
    fn unwatch(&mut self, registry: Option<&Registry>) {
        if let Watch::Poll(fd) = self.watch {
            if let Some(registry) = registry {
                let _ = registry.deregister(&mut SourceFd(&fd));
            }
            self.watch = Watch::Timer;
        }
    }

    /// The card is lost. One on its card's clock may come back by itself and is still asked.
    pub(super) fn lost(&mut self, registry: Option<&Registry>) {
        self.unwatch(registry);
        if self.watch == Watch::Timer {
            self.watch = Watch::Never;
        }
    }

    /// A wake of its descriptor brought something, or not; true when the descriptor was put aside for it.
    pub(super) fn woken(&mut self, fruitful: bool, registry: Option<&Registry>) -> bool {
        self.barren = if fruitful { 0 } else { self.barren + 1 };
        let deaf = self.barren >= BARREN;
        if deaf {
            self.unwatch(registry);
            self.barren = 0;
        }
        deaf
    }

    /// Exchanges the port. The other's descriptor is not watched yet.
    pub(super) fn exchange(&mut self, port: &mut Box<dyn LinePort>, registry: Option<&Registry>) {
        self.unwatch(registry);
        std::mem::swap(&mut self.port, port);
        self.adopt();
    }

    fn adopt(&mut self) {
        self.wake = self.port.wake();
        self.watch = match self.wake {
            Wake::Fd(_) => Watch::Timer,
            Wake::CardClock => Watch::Clock,
            Wake::Never => Watch::Never,
        };
        self.barren = 0;
        self.pace.forget();
        self.held_count = 0;
        self.silence.fill(self.port.law().silence());
    }

    /// Keeps a block until the card is found empty.
    pub(super) fn hold(&mut self, block: &[u8]) {
        let slots = self.slots();
        let slot = self.held.chunks_exact_mut(self.silence.len());
        if let Some(slot) = slot.skip(self.held_count % slots).take(1).next() {
            slot.copy_from_slice(block);
        }
        self.held_count += 1;
    }

    /// Blocks kept, and dropped for newer ones, since the card ran dry.
    pub(super) fn held(&self) -> usize {
        self.held_count
    }

    /// How many blocks a prefill has.
    pub(super) fn slots(&self) -> usize {
        (self.held.len() / self.silence.len().max(1)).max(1)
    }

    /// Writes the `place`th block of the prefill, counted from the oldest: silence where less were kept.
    pub(super) fn write_held(&mut self, place: usize) -> WriteBlock {
        let slots = self.slots();
        let missing = slots.saturating_sub(self.held_count);
        let block = if place < missing {
            None
        } else {
            // The kept blocks end at `held_count`, and there are `slots - missing` of them.
            let nth = self.held_count + place - slots;
            let mut held = self.held.chunks_exact(self.silence.len());
            held.nth(nth % slots)
        };
        self.port.write(block.unwrap_or(&self.silence))
    }

    /// Writes a block of silence.
    pub(super) fn write_silence(&mut self) -> WriteBlock {
        self.port.write(&self.silence)
    }

    /// Forgets what was kept.
    pub(super) fn let_go(&mut self) {
        self.held_count = 0;
    }
}
