//! The line thread's end of a simulated port: ring operations and atomics, nothing else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::CardClock;
use super::wires::{Block, PortEnds};
use crate::linetest::{TestEnd, TestRequest, Tester, ends_test};
use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LinePort, MAX_BLOCK_LEN, PortError, PortStats,
    ReadBlock, Wake, WriteBlock,
};

/// `EINVAL`: what DAHDI answers to a cadence without a burst.
const EINVAL: i32 = 22;

/// One port of the simulated card.
#[derive(Debug)]
pub struct SimPort {
    pub(super) law: Law,
    pub(super) block_len: usize,
    pub(super) capabilities: Capabilities,
    pub(super) events_block_audio: bool,
    pub(super) ends: PortEnds,
    pub(super) clock: CardClock,
    pub(super) tester: Tester,
}

impl SimPort {
    fn event_waits(&self) -> bool {
        self.events_block_audio && !self.ends.events.is_empty()
    }

    fn open(&self) {
        if !self.ends.shared.opened.load(Ordering::Relaxed) {
            self.ends.shared.opened.store(true, Ordering::Release);
        }
    }
}

impl SimPort {
    /// On an idle line only; the card lets audio through as long as it lasts.
    fn test(&mut self, request: TestRequest) -> Result<(), PortError> {
        let (shared, now) = (&self.ends.shared, self.clock.raised());
        let ringing = shared.ringing.load(Ordering::Acquire);
        if !self.capabilities.on_hook_transmission {
            return Err(PortError::Unsupported);
        }
        // Before the first block the card has no time to measure by.
        let begun = !now.is_zero();
        if !begun
            || ringing
            || shared.off_hook.load(Ordering::Acquire)
            || self.ends.commands.is_full()
        {
            return Err(PortError::Busy);
        }
        self.tester.begin(now, request)?;
        let audio = LineCommand::OnHookTransmission(Tester::audio(request.test));
        self.ends.commands.push(audio).map_err(|_| PortError::Busy)
    }

    /// Does the line still bear the test that runs?
    fn watch_test(&mut self) {
        let shared = &self.ends.shared;
        if shared.fault().is_some() {
            self.tester.end(TestEnd::Fault);
        } else if shared.off_hook.load(Ordering::Acquire) {
            self.tester.end(TestEnd::OffHook);
        }
        self.tester.at(self.clock.raised());
    }
}

impl LinePort for SimPort {
    fn wake(&self) -> Wake {
        Wake::CardClock
    }

    fn law(&self) -> Law {
        self.law
    }

    fn block_len(&self) -> usize {
        self.block_len
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// A buffer shorter than a block loses the rest of the block, as with DAHDI.
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        self.open();
        if self.event_waits() {
            return ReadBlock::EventPending;
        }
        if let Some(fault) = self.ends.shared.fault() {
            return ReadBlock::Down(fault);
        }
        match self.ends.from_line.pop() {
            Ok(block) => {
                for (to, from) in buf.iter_mut().zip(block.iter().take(self.block_len)) {
                    *to = *from;
                }
                if self.tester.is_at_work() {
                    self.tester.block(self.law, buf);
                }
                ReadBlock::Block
            }
            Err(_) => ReadBlock::WouldBlock,
        }
    }

    /// A buffer shorter than a block is filled up with silence, a longer one is cut.
    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        self.open();
        if self.event_waits() {
            return WriteBlock::EventPending;
        }
        if let Some(fault) = self.ends.shared.fault() {
            return WriteBlock::Down(fault);
        }
        let mut block: Block = [self.law.silence(); MAX_BLOCK_LEN];
        for (to, from) in block.iter_mut().take(self.block_len).zip(buf) {
            *to = *from;
        }
        match self.ends.to_line.push(block) {
            Ok(()) => WriteBlock::Taken,
            Err(_) => WriteBlock::Full,
        }
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        let event = self.ends.events.pop().ok();
        if event.is_some() || !self.tester.is_at_work() {
            return event;
        }
        self.watch_test();
        self.tester.take_report(self.clock.raised())
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        // Others decide what is a flash and what a hang-up.
        if let LineCommand::LongestFlash(_) = command {
            return Ok(());
        }
        if let LineCommand::CancelTest(id) = command {
            self.tester.cancel(id);
            return Ok(());
        }
        if let Some(fault) = self.ends.shared.fault() {
            return Err(PortError::Down(fault));
        }
        if let LineCommand::Test(request) = command {
            return self.test(request);
        }
        let shared = &self.ends.shared;
        let ringing = shared.ringing.load(Ordering::Acquire);
        let can = &self.capabilities;
        let (possible, busy) = match command {
            LineCommand::Ring(cadence) => {
                if cadence.parts().is_empty() {
                    return Err(PortError::Os(EINVAL));
                }
                (true, shared.off_hook.load(Ordering::Acquire))
            }
            LineCommand::StopRing | LineCommand::Gain { .. } => (true, false),
            LineCommand::Polarity(_) => (can.polarity_reversal, ringing),
            LineCommand::OpenLoop(_) => (can.open_loop, ringing),
            LineCommand::OnHookTransmission(_) => (can.on_hook_transmission, false),
            LineCommand::MessageLamp(_) => (can.neon_mwi, false),
            // Handled above.
            LineCommand::LongestFlash(_) | LineCommand::Test(_) | LineCommand::CancelTest(_) => {
                (true, false)
            }
        };
        if !possible {
            return Err(PortError::Unsupported);
        }
        if busy || self.ends.commands.is_full() {
            return Err(PortError::Busy);
        }
        if let Some(why) = ends_test(&command) {
            self.tester.end(why);
        }
        // Before the card can see the command, so that a trip that follows it is not overwritten.
        match command {
            LineCommand::Ring(_) => shared.ringing.store(true, Ordering::Release),
            LineCommand::StopRing => shared.ringing.store(false, Ordering::Release),
            _ => {}
        }
        self.ends
            .commands
            .push(command)
            .map_err(|_| PortError::Busy)
    }

    fn off_hook(&self) -> bool {
        self.ends.shared.off_hook.load(Ordering::Acquire)
    }

    fn stats(&self) -> PortStats {
        let shared = &self.ends.shared;
        PortStats {
            read_overruns: shared.read_overruns.load(Ordering::Relaxed),
            write_underruns: shared.write_underruns.load(Ordering::Relaxed),
            events_lost: shared.events_lost.load(Ordering::Relaxed),
        }
    }

    fn block_complete_at(&self) -> Option<Duration> {
        Some(self.clock.raised())
    }
}
