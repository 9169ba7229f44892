//! A DAHDI channel as a line port: blocks, events, and the commands.
//!
//! The kernel is set to report every opening of the loop after 3 ms (`rx_flash_ms`), so that flash, pulses and hang-up are
//! decided where all lines' are, on exact stamps. What the phone does to the feed is in [`super::feed`].

use std::os::fd::RawFd;
use std::time::Duration;
use tipring_types::TenthDb;

use tipring_linux::dahdi::{Errno, Event, Flush, Hook, Transfer};
use tipring_linux::monotonic;

use super::cadence;
use super::errand::Errands;
use super::feed::{FeedState, Line, OPENING_REPORTED_AFTER};
use super::kernel::{Feed, Kernel};
use super::queue::Queue;
use crate::linetest::{TestEnd, TestRequest, Tester, ends_test};
use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, MAX_BLOCK_LEN,
    Polarity, PortError, PortStats, ReadBlock, Wake, WriteBlock,
};

/// Tries of a read or write while events come that concern only the counters.
const TRIES: usize = 8;
/// Events of ours that one of the kernel's gives at most.
const EVENTS_OF_ONE: usize = 2;
/// Buffers were emptied by our own doing: an underrun within this time is no fault.
const EXCUSED: Duration = Duration::from_millis(20);

/// What a port is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) wake: RawFd,
    pub(super) law: Law,
    pub(super) block_len: usize,
    pub(super) prefill_blocks: u8,
    pub(super) capabilities: Capabilities,
    /// Audio reaches an on-hook phone without a request.
    pub(super) audio_always: bool,
    pub(super) longest_flash: Duration,
}

/// One channel in the line thread's hands.
#[derive(Debug)]
pub(super) struct Port<K> {
    pub(super) kernel: K,
    pub(super) setup: Setup,
    /// For cards whose feed requests wait.
    errands: Option<Errands>,
    /// Of them, refusals of audio before the test that runs.
    audio_refused: u32,
    pub(super) line: Line,
    pub(super) events: Queue,
    pub(super) fault: Option<LineFault>,
    /// Reading has begun; what had queued up before is dropped.
    reading: bool,
    writing: bool,
    /// The transmitter ran empty; blocks written since.
    dry: Option<u8>,
    excused_until: Duration,
    stats: PortStats,
    tester: Tester,
}

impl<K: Kernel> Port<K> {
    /// A port as found at `now`: off-hook, and in alarm, or not.
    pub(super) fn new(
        kernel: K,
        setup: Setup,
        errands: Option<Errands>,
        off_hook: bool,
        alarm: bool,
        now: Duration,
    ) -> Self {
        let mut port = Port {
            kernel,
            setup,
            errands,
            audio_refused: 0,
            line: Line::new(setup.longest_flash),
            events: Queue::new(),
            fault: None,
            reading: false,
            writing: false,
            dry: None,
            excused_until: Duration::ZERO,
            stats: PortStats::default(),
            tester: Tester::default(),
        };
        if off_hook {
            port.line.closed = true;
            port.feed_the_phone(now);
        }
        if alarm {
            port.alarm(now);
        }
        port
    }

    pub(super) fn report(&mut self, at: Duration, kind: LineEventKind) {
        if !self.events.push(LineEvent { at, kind }) {
            self.stats.events_lost += 1;
        }
    }

    /// Takes what the kernel has queued, and does what is due.
    fn pump(&mut self) {
        while self.fault != Some(LineFault::Removed) && self.events.has_room_for(EVENTS_OF_ONE) {
            match self.kernel.next_event() {
                Ok(Some(event)) => self.take(event, monotonic()),
                Ok(None) => break,
                Err(_) => self.removed(monotonic()),
            }
        }
    }

    pub(super) fn take(&mut self, event: Event, now: Duration) {
        match event {
            Event::RingOffHook => self.loop_closed(now),
            Event::OnHook => self.loop_opened(now.saturating_sub(OPENING_REPORTED_AFTER)),
            Event::RingerOn if self.line.is_ringing() => self.report(now, LineEventKind::RingOn),
            Event::RingerOff if self.line.is_ringing() => self.report(now, LineEventKind::RingOff),
            Event::Alarm => self.alarm(now),
            Event::NoAlarm => self.mended(now),
            Event::Removed => self.removed(now),
            Event::HookComplete => self.battery_returned(now),
            Event::ReadOverrun if self.fault.is_none() => self.stats.read_overruns += 1,
            Event::WriteUnderrun
                if self.fault.is_none() && self.writing && now > self.excused_until =>
            {
                self.stats.write_underruns += 1;
                self.dry = Some(0);
            }
            // Flash and pulses cannot come with our timing; the rest is the far side's or digital lines'.
            _ => {}
        }
    }

    fn removed(&mut self, now: Duration) {
        if self.fault != Some(LineFault::Removed) {
            self.fault = Some(LineFault::Removed);
            self.line.forget();
            self.report(now, LineEventKind::Fault(LineFault::Removed));
        }
    }

    fn alarm(&mut self, now: Duration) {
        if self.fault.is_some() {
            return;
        }
        if self.line.is_ringing() {
            let _ = self.kernel.hook(Hook::RingOff);
            self.line.feed = FeedState::Idle;
        }
        self.line.ring_wanted = None;
        self.line.settled_at = None;
        self.fault = Some(LineFault::Alarm);
        self.report(now, LineEventKind::Fault(LineFault::Alarm));
    }

    fn mended(&mut self, now: Duration) {
        if self.fault != Some(LineFault::Alarm) || self.kernel.alarms().is_ok_and(|a| !a.is_clear())
        {
            return;
        }
        self.fault = None;
        self.empty_buffers(now);
        self.line.settle(now);
        self.report(now, LineEventKind::FaultCleared);
    }

    fn empty_buffers(&mut self, now: Duration) {
        let _ = self.kernel.flush(Flush {
            read: true,
            write: true,
            events: false,
        });
        self.dry = None;
        self.excused_until = now + EXCUSED;
    }

    /// Puts the prefill back after the kernel has emptied the buffers; what is to be sent then has its old delay.
    pub(super) fn refill(&mut self, now: Duration) {
        self.excused_until = now + EXCUSED;
        self.dry = None;
        if !self.writing {
            return;
        }
        let silence = [self.setup.law.silence(); MAX_BLOCK_LEN];
        let block = silence
            .get(..self.setup.block_len)
            .unwrap_or(silence.as_slice());
        for _ in 0..self.setup.prefill_blocks {
            let mut answer = self.kernel.write(block);
            if answer == Transfer::EventPending {
                // Most likely the kernel has just found the buffers empty.
                self.pump();
                answer = self.kernel.write(block);
            }
            if !matches!(answer, Transfer::Done(_)) {
                break;
            }
        }
    }

    /// No block waits any more. If the transmitter had run empty, more may be in flight now than the prefill: blocks that
    /// were read late were answered late. That delay would stay, so it is dropped.
    fn caught_up(&mut self) {
        let Some(written) = self.dry.take() else {
            return;
        };
        if written > self.setup.prefill_blocks.saturating_add(1) {
            let write = Flush {
                write: true,
                ..Flush::default()
            };
            if self.kernel.flush(write).is_ok() {
                self.refill(monotonic());
            }
        }
    }

    fn request(&mut self, feed: Feed) -> Result<(), PortError> {
        if let Some(errands) = &mut self.errands {
            return if errands.send(feed) {
                Ok(())
            } else {
                Err(PortError::Busy)
            };
        }
        self.kernel.feed(feed).map_err(error_of)
    }

    /// On an idle line only, with its audio path open as long as it lasts.
    fn test(&mut self, request: TestRequest) -> Result<(), PortError> {
        if !self.setup.capabilities.on_hook_transmission {
            return Err(PortError::Unsupported);
        }
        if self.line.closed || self.line.feed != FeedState::Idle {
            return Err(PortError::Busy);
        }
        self.tester.begin(monotonic(), request)?;
        self.audio_refused = self.audio_refusals();
        if self.setup.audio_always {
            return Ok(());
        }
        let open = self.request(Feed::OnHookAudio(milliseconds(Tester::audio(request.test))));
        if open.is_err() {
            self.tester = Tester::default();
        }
        open
    }

    fn audio_refusals(&self) -> u32 {
        self.errands.as_ref().map_or(0, Errands::audio_refused)
    }

    /// Does the line still bear the test that runs?
    fn watch_test(&mut self) {
        if self.fault.is_some() {
            self.tester.end(TestEnd::Fault);
        } else if self.line.closed {
            self.tester.end(TestEnd::OffHook);
        } else if self.audio_refusals() != self.audio_refused {
            self.tester.end(TestEnd::NoAudio);
        }
        self.tester.at(monotonic());
    }

    fn ring(&mut self, cadence: &crate::port::RingCadence) -> Result<(), PortError> {
        let times = cadence::to_kernel(cadence).ok_or(PortError::Os(Errno::EINVAL as i32))?;
        if self.line.closed {
            return Err(PortError::Busy);
        }
        let now = monotonic();
        if let FeedState::Opened { .. } = self.line.feed {
            self.line.ring_wanted = Some(times);
            return Ok(());
        }
        self.start_ringing(&times, now).map_err(error_of)
    }
}

pub(super) fn error_of(errno: Errno) -> PortError {
    match errno {
        Errno::ENOTTY | Errno::ENOSYS => PortError::Unsupported,
        Errno::EBUSY | Errno::EINVAL => PortError::Busy,
        Errno::ENODEV | Errno::ENXIO => PortError::Down(LineFault::Removed),
        other => PortError::Os(other as i32),
    }
}

fn milliseconds(time: Duration) -> u16 {
    u16::try_from(time.as_millis()).unwrap_or(u16::MAX)
}

impl<K: Kernel + Send> LinePort for Port<K> {
    fn wake(&self) -> Wake {
        Wake::Fd(self.setup.wake)
    }

    fn law(&self) -> Law {
        self.setup.law
    }

    fn block_len(&self) -> usize {
        self.setup.block_len
    }

    fn capabilities(&self) -> Capabilities {
        self.setup.capabilities
    }

    /// A buffer shorter than a block loses the rest of the block.
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        if !self.reading {
            self.reading = true;
            self.empty_buffers(monotonic());
        }
        self.do_what_is_due();
        if self.tester.is_at_work() {
            self.watch_test();
        }
        let len = buf.len().min(self.setup.block_len);
        let buf = buf.get_mut(..len).unwrap_or_default();
        for _ in 0..TRIES {
            if self.fault.is_some() {
                self.pump();
            }
            if !self.events.is_empty() || self.tester.has_report() {
                return ReadBlock::EventPending;
            }
            if let Some(fault) = self.fault {
                return ReadBlock::Down(fault);
            }
            match self.kernel.read(buf) {
                Transfer::Done(read) => {
                    if let Some(rest) = buf.get_mut(read..) {
                        rest.fill(self.setup.law.silence());
                    }
                    if self.tester.is_at_work() {
                        self.tester.block(self.setup.law, buf);
                    }
                    return ReadBlock::Block;
                }
                Transfer::WouldBlock => {
                    self.caught_up();
                    return ReadBlock::WouldBlock;
                }
                Transfer::EventPending => self.pump(),
                // Whatever the errno: nothing passes here any more.
                Transfer::Failed(_) => self.removed(monotonic()),
            }
        }
        ReadBlock::WouldBlock
    }

    /// A longer buffer is cut, a shorter one refused as full.
    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        let Some(buf) = buf.get(..self.setup.block_len) else {
            return WriteBlock::Full;
        };
        for _ in 0..TRIES {
            if !self.events.is_empty() {
                return WriteBlock::EventPending;
            }
            if let Some(fault) = self.fault {
                return WriteBlock::Down(fault);
            }
            match self.kernel.write(buf) {
                Transfer::Done(_) => {
                    if !self.writing {
                        self.writing = true;
                        let _ = self.kernel.buffer_events(true);
                    }
                    if let Some(written) = &mut self.dry {
                        *written = written.saturating_add(1);
                    }
                    return WriteBlock::Taken;
                }
                Transfer::WouldBlock => return WriteBlock::Full,
                Transfer::EventPending => self.pump(),
                // Whatever the errno: nothing passes here any more.
                Transfer::Failed(_) => self.removed(monotonic()),
            }
        }
        WriteBlock::EventPending
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        self.do_what_is_due();
        if self.events.is_empty() {
            self.pump();
        }
        let event = self.events.pop();
        if event.is_some() || !self.tester.is_at_work() {
            return event;
        }
        self.watch_test();
        self.tester.take_report(monotonic())
    }

    /// [`LineCommand::Gain`] other than 0 is refused: no driver sets the gain of a port for a telephone, whatever it
    /// answers; the chain does it.
    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.do_what_is_due();
        if let LineCommand::LongestFlash(time) = command {
            self.line.longest_flash = time;
            return Ok(());
        }
        if let LineCommand::CancelTest(id) = command {
            self.tester.cancel(id);
            return Ok(());
        }
        if let Some(fault) = self.fault {
            return match command {
                LineCommand::StopRing => Ok(()),
                _ => Err(PortError::Down(fault)),
            };
        }
        if let Some(why) = ends_test(&command) {
            self.tester.end(why);
        }
        let can = self.setup.capabilities;
        match command {
            LineCommand::Test(request) => self.test(request),
            LineCommand::Ring(cadence) => self.ring(&cadence),
            LineCommand::StopRing => self.stop_ringing().map_err(error_of),
            LineCommand::Polarity(_) if !can.polarity_reversal => Err(PortError::Unsupported),
            LineCommand::Polarity(_) if !self.line.is_fed() => Err(PortError::Busy),
            LineCommand::Polarity(polarity) => {
                self.request(Feed::Polarity(polarity == Polarity::Reversed))
            }
            LineCommand::OpenLoop(_) if !can.open_loop => Err(PortError::Unsupported),
            LineCommand::OpenLoop(_) => self.open_loop().map_err(error_of),
            LineCommand::OnHookTransmission(_) if !can.on_hook_transmission => {
                Err(PortError::Unsupported)
            }
            LineCommand::OnHookTransmission(_) if self.setup.audio_always => Ok(()),
            LineCommand::OnHookTransmission(time) => {
                self.request(Feed::OnHookAudio(milliseconds(time)))
            }
            LineCommand::MessageLamp(_) if !can.neon_mwi => Err(PortError::Unsupported),
            LineCommand::MessageLamp(on) => self.request(Feed::Lamp(on.into())),
            LineCommand::Gain {
                rx: TenthDb(0),
                tx: TenthDb(0),
            } => Ok(()),
            LineCommand::Gain { .. } => Err(PortError::Unsupported),
            // Handled above.
            LineCommand::LongestFlash(_) | LineCommand::CancelTest(_) => Ok(()),
        }
    }

    fn off_hook(&self) -> bool {
        self.line.closed
    }

    fn stats(&self) -> PortStats {
        self.stats
    }
}
