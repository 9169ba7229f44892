//! The port against a kernel of a few lines; the real one is in `tests/vm/hal`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::mpsc;
use std::time::Duration;
use tipring_types::TenthDb;

use tipring_linux::alloc_count::allocations_in_this_thread;
use tipring_linux::dahdi::{
    Alarms, Errno, Event, Flush, Hook, OpenStep, SigCapabilities, Signalling, Transfer,
};

use super::errand::Errands;
use super::error::OpenError;
use super::feed::FeedState;
use super::kernel::{Feed, Kernel};
use super::port::{Port, Setup};
use super::sysfs::Root;
use crate::port::{
    Capabilities, Law, LineCommand, LineEventKind, LineFault, LinePort, PortError, ReadBlock,
    RingCadence, WriteBlock,
};

mod linetest;

const BLOCK: usize = 80;

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    to_read: usize,
    written: usize,
    flushes: usize,
    hooks: Vec<Hook>,
    feeds: Vec<Feed>,
    /// The next hook requests are refused so.
    refuse: VecDeque<Errno>,
    off_hook: bool,
    alarms: u32,
    gone: bool,
    /// The next emptying of the buffers is noticed by the transmitter before anything can be written.
    notices_empty: bool,
}

/// Does what it is asked, and records it.
#[derive(Debug, Default)]
struct Script(RefCell<State>);

impl Kernel for Script {
    fn read(&self, buf: &mut [u8]) -> Transfer {
        let mut state = self.0.borrow_mut();
        if state.gone {
            return Transfer::Failed(19);
        }
        if !state.events.is_empty() {
            return Transfer::EventPending;
        }
        if state.to_read == 0 {
            return Transfer::WouldBlock;
        }
        state.to_read -= 1;
        Transfer::Done(buf.len())
    }

    fn write(&self, buf: &[u8]) -> Transfer {
        let mut state = self.0.borrow_mut();
        if state.gone {
            return Transfer::Failed(19);
        }
        if !state.events.is_empty() {
            return Transfer::EventPending;
        }
        state.written += 1;
        Transfer::Done(buf.len())
    }

    fn next_event(&self) -> Result<Option<Event>, Errno> {
        let mut state = self.0.borrow_mut();
        if state.gone {
            return Err(Errno::ENODEV);
        }
        Ok(state.events.pop_front())
    }

    fn hook(&self, hook: Hook) -> Result<(), Errno> {
        let mut state = self.0.borrow_mut();
        match state.refuse.pop_front() {
            Some(errno) => Err(errno),
            None => {
                state.hooks.push(hook);
                if hook == Hook::OnHook && state.notices_empty {
                    state.events.push_back(Event::WriteUnderrun);
                }
                Ok(())
            }
        }
    }

    fn set_cadence(&self, _: &[i32; 16]) -> Result<(), Errno> {
        Ok(())
    }

    fn rx_off_hook(&self) -> Result<bool, Errno> {
        Ok(self.0.borrow().off_hook)
    }

    fn alarms(&self) -> Result<Alarms, Errno> {
        Ok(Alarms(self.0.borrow().alarms))
    }

    fn flush(&self, _: Flush) -> Result<(), Errno> {
        self.0.borrow_mut().flushes += 1;
        Ok(())
    }

    fn buffer_events(&self, _: bool) -> Result<(), Errno> {
        Ok(())
    }

    fn feed(&self, feed: Feed) -> Result<(), Errno> {
        self.0.borrow_mut().feeds.push(feed);
        Ok(())
    }
}

const ABLE: Capabilities = Capabilities {
    decodes_flash_and_pulse: false,
    polarity_reversal: true,
    open_loop: true,
    fixed_open_loop_ms: Some(500),
    on_hook_transmission: true,
    neon_mwi: true,
    voltages: false,
    times_cadence: true,
};

const SETUP: Setup = Setup {
    wake: 0,
    law: Law::Mu,
    block_len: BLOCK,
    prefill_blocks: 2,
    capabilities: ABLE,
    audio_always: false,
    longest_flash: Duration::from_millis(1000),
};

fn port() -> Port<Script> {
    Port::new(Script::default(), SETUP, None, false, false, T0)
}

/// Later than the uptime of any machine: what is due then is not due by the real clock.
const T0: Duration = Duration::from_secs(1_000_000_000);

fn at(ms: u64) -> Duration {
    T0 + Duration::from_millis(ms)
}

/// Takes all events from the port, without their stamps.
fn events(port: &mut Port<Script>) -> Vec<LineEventKind> {
    std::iter::from_fn(|| port.events.pop())
        .map(|event| event.kind)
        .collect()
}

fn hooks(port: &Port<Script>) -> Vec<Hook> {
    std::mem::take(&mut port.kernel.0.borrow_mut().hooks)
}

const RING: LineCommand = LineCommand::Ring(RingCadence::new(2000, 4000));

#[test]
fn a_lift_stops_the_bell_before_it_is_reported() {
    let mut port = port();
    port.command(RING).unwrap();
    assert_eq!(events(&mut port), [LineEventKind::RingOn]);
    assert_eq!(hooks(&port), [Hook::Ring]);
    port.take(Event::RingerOff, at(2000));
    port.take(Event::RingOffHook, at(2500));
    assert_eq!(hooks(&port), [Hook::OffHook]);
    // What the kernel had still queued of the ringing is no news.
    port.take(Event::RingerOn, at(2501));
    assert_eq!(
        events(&mut port),
        [LineEventKind::RingOff, LineEventKind::LoopClosed]
    );
    assert_eq!(port.command(RING), Err(PortError::Busy));
}

#[test]
fn an_opening_is_stamped_when_it_began_and_the_line_is_fed_until_it_is_no_flash_any_more() {
    let mut port = port();
    port.take(Event::RingOffHook, at(0));
    events(&mut port);
    hooks(&port);
    port.take(Event::OnHook, at(503));
    let event = port.events.pop().unwrap();
    assert_eq!((event.kind, event.at), (LineEventKind::LoopOpened, at(500)));
    port.advance(at(1499));
    assert_eq!(hooks(&port), []);
    assert_eq!(port.line.due(), Some(at(1500)));
    port.advance(at(1500));
    // Neither ONHOOK, which would empty the buffers, nor nothing.
    assert_eq!(hooks(&port), [Hook::RingOff]);
    assert_eq!(port.line.due(), None);
}

#[test]
fn another_longest_flash_is_used_from_the_next_opening_on_and_taken_also_in_trouble() {
    let mut port = port();
    let longest = |ms| LineCommand::LongestFlash(Duration::from_millis(ms));
    assert_eq!(port.command(longest(300)), Ok(()));
    port.take(Event::RingOffHook, at(0));
    hooks(&port);
    port.take(Event::OnHook, at(503));
    assert_eq!(port.line.due(), Some(at(800)));
    port.advance(at(800));
    assert_eq!(hooks(&port), [Hook::RingOff]);
    port.take(Event::Alarm, at(900));
    assert_eq!(port.command(longest(1250)), Ok(()));
    assert_eq!(port.line.longest_flash, Duration::from_millis(1250));
}

#[test]
fn a_feed_that_the_kernel_refuses_is_tried_again() {
    let mut port = port();
    port.kernel.0.borrow_mut().refuse = [Errno::EBUSY, Errno::EBUSY].into();
    port.take(Event::RingOffHook, at(0));
    assert_eq!(events(&mut port), [LineEventKind::LoopClosed]);
    port.advance(at(20));
    assert_eq!(hooks(&port), []);
    port.advance(at(40));
    assert_eq!(hooks(&port), [Hook::OffHook]);
    assert_eq!(port.line.feed, FeedState::Fed);
}

#[test]
fn rung_in_an_open_loop_rings_when_the_kernel_allows_and_not_when_stopped_or_lifted_before() {
    for stop in [None, Some(true), Some(false)] {
        let mut port = port();
        port.take(Event::RingOffHook, at(0));
        port.command(LineCommand::OpenLoop(Duration::from_millis(500)))
            .unwrap();
        port.take(Event::HookComplete, at(500));
        port.take(Event::OnHook, at(800));
        port.command(RING).unwrap();
        events(&mut port);
        hooks(&port);
        match stop {
            Some(true) => port.command(LineCommand::StopRing).unwrap(),
            Some(false) => {
                port.kernel.0.borrow_mut().refuse = [Errno::EBUSY].into();
                port.take(Event::RingOffHook, at(801));
            }
            None => {}
        }
        port.advance(at(900));
        let expected: &[Hook] = match stop {
            None => &[Hook::Ring],
            Some(true) => &[],
            Some(false) => &[Hook::OffHook],
        };
        assert_eq!(hooks(&port), expected, "{stop:?}");
    }
}

#[test]
fn a_loop_opened_by_us_puts_the_prefill_back() {
    let mut port = port();
    port.take(Event::RingOffHook, at(0));
    events(&mut port);
    assert_eq!(port.write(&[0; BLOCK]), WriteBlock::Taken);
    port.command(LineCommand::OpenLoop(Duration::from_millis(500)))
        .unwrap();
    assert_eq!(port.kernel.0.borrow().written, 3);
    // The kernel found the buffers empty in between: that is our doing.
    let now = tipring_linux::monotonic();
    port.take(Event::WriteUnderrun, now);
    assert_eq!(port.stats().write_underruns, 0);
    port.take(Event::WriteUnderrun, now + Duration::from_secs(1));
    assert_eq!(port.stats().write_underruns, 1);
}

#[test]
fn the_prefill_is_put_back_though_the_transmitter_noticed_that_it_ran_empty() {
    let mut port = port();
    port.take(Event::RingOffHook, at(0));
    events(&mut port);
    assert_eq!(port.write(&[0; BLOCK]), WriteBlock::Taken);
    port.kernel.0.borrow_mut().notices_empty = true;
    let open = LineCommand::OpenLoop(Duration::from_millis(500));
    port.command(open).unwrap();
    assert_eq!(port.kernel.0.borrow().written, 3);
    assert_eq!(port.stats().write_underruns, 0);
}

#[test]
fn in_an_alarm_no_edge_is_believed_and_afterwards_the_kernel_is_asked() {
    let mut port = port();
    port.command(RING).unwrap();
    port.take(Event::Alarm, at(100));
    assert_eq!(hooks(&port), [Hook::Ring, Hook::RingOff]);
    let fault = LineEventKind::Fault(LineFault::Alarm);
    assert_eq!(events(&mut port), [LineEventKind::RingOn, fault]);
    assert_eq!(port.command(RING), Err(PortError::Down(LineFault::Alarm)));
    assert_eq!(port.command(LineCommand::StopRing), Ok(()));
    let mut block = [0; BLOCK];
    assert_eq!(port.read(&mut block), ReadBlock::Down(LineFault::Alarm));
    // A peer that comes back shows this, though nobody lifted.
    port.take(Event::RingOffHook, at(200));
    port.take(Event::NoAlarm, at(210));
    port.take(Event::OnHook, at(230));
    assert_eq!(events(&mut port), [LineEventKind::FaultCleared]);
    port.advance(at(500));
    assert_eq!(events(&mut port), []);
    // The next time it really is lifted.
    port.take(Event::Alarm, at(1000));
    port.take(Event::NoAlarm, at(1100));
    port.kernel.0.borrow_mut().off_hook = true;
    port.advance(at(1400));
    assert_eq!(
        events(&mut port),
        [
            fault,
            LineEventKind::FaultCleared,
            LineEventKind::LoopClosed
        ]
    );
}

#[test]
fn a_phone_that_is_lifted_before_an_alarm_and_after_it_is_reported_again() {
    let mut port = port();
    port.take(Event::RingOffHook, at(0));
    port.take(Event::Alarm, at(1000));
    port.take(Event::NoAlarm, at(1100));
    port.kernel.0.borrow_mut().off_hook = true;
    port.advance(at(1400));
    assert_eq!(
        events(&mut port),
        [
            LineEventKind::LoopClosed,
            LineEventKind::Fault(LineFault::Alarm),
            LineEventKind::FaultCleared,
            LineEventKind::LoopClosed
        ]
    );
    // Hung up meanwhile.
    port.take(Event::Alarm, at(2000));
    port.take(Event::NoAlarm, at(2100));
    port.kernel.0.borrow_mut().off_hook = false;
    port.advance(at(2400));
    assert_eq!(events(&mut port).last(), Some(&LineEventKind::LoopOpened));
}

#[test]
fn of_two_alarms_both_must_end() {
    let mut port = port();
    port.take(Event::Alarm, at(0));
    port.kernel.0.borrow_mut().alarms = 8;
    port.take(Event::NoAlarm, at(10));
    assert_eq!(port.fault, Some(LineFault::Alarm));
    port.kernel.0.borrow_mut().alarms = 0;
    port.take(Event::NoAlarm, at(20));
    assert_eq!(port.fault, None);
}

#[test]
fn a_channel_that_is_gone_is_reported_once_and_stays_gone() {
    let mut port = port();
    let mut block = [0; BLOCK];
    assert_eq!(port.read(&mut block), ReadBlock::WouldBlock);
    port.kernel.0.borrow_mut().gone = true;
    assert_eq!(port.read(&mut block), ReadBlock::EventPending);
    let removed = LineEventKind::Fault(LineFault::Removed);
    assert_eq!(port.next_event().map(|e| e.kind), Some(removed));
    assert_eq!(port.next_event(), None);
    assert_eq!(port.read(&mut block), ReadBlock::Down(LineFault::Removed));
    assert_eq!(port.write(&block), WriteBlock::Down(LineFault::Removed));
    assert_eq!(port.command(RING), Err(PortError::Down(LineFault::Removed)));
}

#[test]
fn events_that_only_count_do_not_stop_the_audio() {
    let mut port = port();
    let mut block = [0; BLOCK];
    assert_eq!(port.write(&block), WriteBlock::Taken);
    {
        let mut state = port.kernel.0.borrow_mut();
        state.events = [Event::ReadOverrun, Event::WriteUnderrun].into();
        state.to_read = 1;
    }
    assert_eq!(port.read(&mut block), ReadBlock::Block);
    assert_eq!(port.stats().read_overruns, 1);
    assert_eq!(port.read(&mut block), ReadBlock::WouldBlock);
    port.kernel.0.borrow_mut().events = [Event::RingOffHook].into();
    assert_eq!(port.read(&mut block), ReadBlock::EventPending);
    assert_eq!(port.write(&block), WriteBlock::EventPending);
}

#[test]
fn a_transmitter_that_ran_empty_does_not_leave_a_longer_delay_behind() {
    let mut port = port();
    let mut block = [0; BLOCK];
    port.read(&mut block);
    port.write(&block);
    let later = tipring_linux::monotonic() + Duration::from_secs(1);
    port.take(Event::WriteUnderrun, later);
    let flushes = port.kernel.0.borrow().flushes;
    port.kernel.0.borrow_mut().to_read = 10;
    while port.read(&mut block) == ReadBlock::Block {
        port.write(&block);
    }
    assert_eq!(port.kernel.0.borrow().flushes, flushes + 1);
    // 1 at first, 10 dropped, and the prefill.
    assert_eq!(port.kernel.0.borrow().written, 13);
}

#[test]
fn requests_of_the_feed_reach_the_kernel_and_none_that_excludes_ringing() {
    let mut port = port();
    let reverse = LineCommand::Polarity(crate::port::Polarity::Reversed);
    port.command(reverse).unwrap();
    port.command(LineCommand::OnHookTransmission(Duration::from_secs(3)))
        .unwrap();
    port.command(LineCommand::MessageLamp(true)).unwrap();
    let feeds = std::mem::take(&mut port.kernel.0.borrow_mut().feeds);
    let expected = [Feed::Polarity(true), Feed::OnHookAudio(3000), Feed::Lamp(1)];
    assert_eq!(feeds, expected);
    port.command(RING).unwrap();
    assert_eq!(port.command(reverse), Err(PortError::Busy));
    let gain = |rx| LineCommand::Gain { rx, tx: TenthDb(0) };
    assert_eq!(port.command(gain(TenthDb(0))), Ok(()));
    assert_eq!(
        port.command(gain(TenthDb(-30))),
        Err(PortError::Unsupported)
    );
}

/// A channel whose feed requests go to whoever listens, and are refused when nobody does; it is gone when nobody holds it
/// any more.
struct Slow(mpsc::Sender<Feed>);

impl Kernel for Slow {
    fn read(&self, _: &mut [u8]) -> Transfer {
        Transfer::WouldBlock
    }
    fn write(&self, _: &[u8]) -> Transfer {
        Transfer::WouldBlock
    }
    fn next_event(&self) -> Result<Option<Event>, Errno> {
        Ok(None)
    }
    fn hook(&self, _: Hook) -> Result<(), Errno> {
        Ok(())
    }
    fn set_cadence(&self, _: &[i32; 16]) -> Result<(), Errno> {
        Ok(())
    }
    fn rx_off_hook(&self) -> Result<bool, Errno> {
        Ok(false)
    }
    fn alarms(&self) -> Result<Alarms, Errno> {
        Ok(Alarms(0))
    }
    fn flush(&self, _: Flush) -> Result<(), Errno> {
        Ok(())
    }
    fn buffer_events(&self, _: bool) -> Result<(), Errno> {
        Ok(())
    }
    fn feed(&self, feed: Feed) -> Result<(), Errno> {
        self.0.send(feed).map_err(|_| Errno::EIO)
    }
}

#[test]
fn on_a_card_that_waits_the_feed_is_asked_beside_the_line_thread_which_neither_waits_nor_allocates()
{
    const SOON: Duration = Duration::from_secs(20);
    let (sender, heard) = mpsc::channel();
    let errands = Errands::start(Slow(sender), 7).unwrap();
    let mut port = Port::new(Script::default(), SETUP, Some(errands), false, false, T0);
    let before = allocations_in_this_thread();
    let reverse = LineCommand::Polarity(crate::port::Polarity::Reversed);
    port.command(reverse).unwrap();
    let audio = LineCommand::OnHookTransmission(Duration::from_millis(700));
    port.command(audio).unwrap();
    assert_eq!(allocations_in_this_thread() - before, 0);
    assert_eq!(heard.recv_timeout(SOON), Ok(Feed::Polarity(true)));
    assert_eq!(heard.recv_timeout(SOON), Ok(Feed::OnHookAudio(700)));
    assert_eq!(port.kernel.0.borrow().feeds, []);
    drop(port);
    // The thread has let go of the channel, or it could never be opened again.
    let gone = heard.recv_timeout(SOON);
    assert_eq!(gone, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn serving_a_port_allocates_nothing() {
    let mut port = port();
    let mut block = [0; BLOCK];
    {
        let mut state = port.kernel.0.borrow_mut();
        state.hooks.reserve(64);
        state.events.reserve(64);
    }
    let before = allocations_in_this_thread();
    for _ in 0..10 {
        port.command(RING).unwrap();
        port.kernel
            .0
            .borrow_mut()
            .events
            .push_back(Event::RingOffHook);
        port.kernel.0.borrow_mut().events.push_back(Event::OnHook);
        port.kernel.0.borrow_mut().to_read = 1;
        while port.read(&mut block) == ReadBlock::EventPending {
            while port.next_event().is_some() {}
        }
        port.write(&block);
    }
    assert_eq!(allocations_in_this_thread() - before, 0);
}

#[test]
fn each_refusal_names_the_channel_the_cause_and_the_cure() {
    let root = Root(std::env::temp_dir().join("tipring-no-such-tree"));
    let opening = |step, errno| {
        OpenError::of_opening(7, tipring_linux::dahdi::OpenError { step, errno }, &root).to_string()
    };
    assert!(opening(OpenStep::Device, Errno::ENOENT).contains("modprobe"));
    assert!(opening(OpenStep::Device, Errno::EACCES).contains("group dahdi"));
    assert!(opening(OpenStep::Specify, Errno::EBUSY).contains("channel 7 is in use"));
    assert!(opening(OpenStep::Specify, Errno::ENXIO).contains("channel 7 does not exist"));
    let fxo = SigCapabilities(0x1028);
    let signalling =
        |found, can| OpenError::of_signalling(9, found, can).map_err(|error| error.to_string());
    assert_eq!(signalling(Signalling::FxoKs, fxo), Ok(()));
    assert_eq!(signalling(Signalling::FxoLs, fxo), Ok(()));
    assert_eq!(
        signalling(Signalling::FxsKs, SigCapabilities(0)).unwrap_err(),
        "DAHDI channel 9 is signalled fxs_ks (for a telephone exchange line): this gateway needs fxo_ks; write \
         \"fxoks=9\" in /etc/dahdi/system.conf and run dahdi_cfg"
    );
    assert!(
        signalling(Signalling::None, fxo)
            .unwrap_err()
            .contains("not configured")
    );
    let exchange = SigCapabilities(0x2005);
    assert!(
        signalling(Signalling::None, exchange)
            .unwrap_err()
            .contains("(FXO)")
    );
    let broken = SigCapabilities(i32::MIN | 0x1000);
    assert!(
        signalling(Signalling::None, broken)
            .unwrap_err()
            .contains("no working line module")
    );
}
