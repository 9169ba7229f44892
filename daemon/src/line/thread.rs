//! The threads: scheduling, polling, and what a wake leads to.

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use tipring_hal::port::Wake;
use tipring_linux::{
    EventFd, LockError, SchedError, lock_memory, monotonic, prefault_stack, realtime, set_fifo,
    set_thread_name,
};
use tipring_proto::time::Time;

use super::config::LineConfig;
use super::engine::{LineEngine, LinePortSpec};
use super::handle::{LineHandle, connect};
use super::lane::us;
use super::media::MediaPoll;
use super::order::PortIndex;

const WAKE: Token = Token(usize::MAX);
const CLOCK: Token = Token(usize::MAX - 1);
/// Stack touched beforehand.
const STACK: usize = 128 * 1024;

/// What became of the start, to be logged once by control.
#[derive(Debug)]
pub struct StartReport {
    /// Memory locked? `None` when not asked for.
    pub memory_locked: Option<Result<(), LockError>>,
    /// Each thread.
    pub shards: Vec<ShardStart>,
}

/// How one thread started.
#[derive(Debug)]
pub struct ShardStart {
    /// Its ports: from the first to before the last.
    pub ports: Range<PortIndex>,
    /// SCHED_FIFO granted, with this priority? `None` when not asked for.
    pub realtime: Option<Result<u8, SchedError>>,
}

/// Why the line threads do not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Rings, descriptors or a thread could not be made.
    #[error("the line thread cannot start: {0}; check the limits of open files and threads")]
    System(#[from] io::Error),
    /// The kernel does not let a card be watched.
    #[error("port {port} cannot be watched: {source}; the card driver does not support poll")]
    Watch {
        /// Which port, as [`PortIndex`].
        port: u16,
        /// What it answered.
        source: io::Error,
    },
    /// A port follows the card clock, but there is none.
    #[error(
        "port {port} follows its card's clock, but no clock was given; this is a fault of the card's driver"
    )]
    NoClock {
        /// Which port, as [`PortIndex`].
        port: u16,
    },
}

/// Starts the line threads. `clocks` are the eventfds that cards raise once a block; they are never read, so that
/// several threads can follow one.
///
/// # Errors
/// [`StartError`]; no thread runs then. Refused scheduling and memory locking are no errors but in the report.
pub fn spawn(
    ports: Vec<LinePortSpec>,
    clocks: Vec<OwnedFd>,
    config: &LineConfig,
) -> Result<(LineHandle, StartReport), StartError> {
    let memory_locked = config.lock_memory.then(lock_memory);
    let (engines, mut handle) = connect(ports, config)?;
    let clocks = Arc::new(clocks);
    let mut shards = Vec::new();
    let mut first = 0u16;
    for (n, mut engine) in engines.into_iter().enumerate() {
        let Some(shard) = handle.shard_mut(n) else {
            break;
        };
        let poll = watch_all(&mut engine, first, &clocks, &shard.wake)?;
        let count = engine.wakes().count() as u16;
        let (started, start) = mpsc::channel();
        let priority = config.priority;
        let clocks = Arc::clone(&clocks);
        let thread = std::thread::Builder::new()
            .name(format!("line-{n}"))
            .spawn(move || {
                set_thread_name(&format!("line-{n}"));
                let realtime = (priority > 0).then(|| set_fifo(priority).map(|()| priority));
                engine
                    .counters()
                    .realtime
                    .set(i64::from(matches!(realtime, Some(Ok(_)))));
                prefault_stack(STACK);
                let events = Events::with_capacity(1024);
                let _ = started.send(realtime);
                drop(started);
                run(&mut engine, poll, events);
                drop(clocks);
                engine
            })?;
        shard.thread = Some(thread);
        let realtime = start.recv().unwrap_or(None);
        let ports = PortIndex(first)..PortIndex(first + count);
        shards.push(ShardStart { ports, realtime });
        first += count;
    }
    Ok((
        handle,
        StartReport {
            memory_locked,
            shards,
        },
    ))
}

fn watch_all(
    engine: &mut LineEngine,
    first: u16,
    clocks: &[OwnedFd],
    wake: &Arc<EventFd>,
) -> Result<Poll, StartError> {
    let poll = Poll::new()?;
    let registry = poll.registry();
    registry.register(&mut SourceFd(&wake.as_raw_fd()), WAKE, Interest::READABLE)?;
    for clock in clocks {
        registry.register(&mut SourceFd(&clock.as_raw_fd()), CLOCK, Interest::READABLE)?;
    }
    let clocked = engine.wakes().position(|w| w == Wake::CardClock);
    if let Some(number) = clocked.filter(|_| clocks.is_empty()) {
        let port = first + number as u16;
        return Err(StartError::NoClock { port });
    }
    let media = MediaPoll::new()?;
    let entry = media.registry()?;
    let watched = engine.watch_with(registry.try_clone()?, (media, entry));
    watched.map_err(|(number, source)| StartError::Watch {
        port: first + number as u16,
        source,
    })?;
    Ok(poll)
}

fn run(engine: &mut LineEngine, mut poll: Poll, mut events: Events) {
    let mut cpu_due = Duration::ZERO;
    while !engine.stopping() {
        if let Err(error) = poll.poll(&mut events, Some(engine.sleep())) {
            if error.kind() != io::ErrorKind::Interrupted {
                engine.counters().poll_errors.add(1);
            }
            continue;
        }
        let woken = monotonic();
        let now = Time::from_duration(woken);
        engine.woken(realtime());
        engine.counters().wakes.add(1);
        let clock = events.iter().any(|e| e.token() == CLOCK);
        let cards = || {
            events
                .iter()
                .map(Event::token)
                .filter(|t| ![WAKE, CLOCK].contains(t))
        };
        engine.serve_orders(now);
        // Our packets first: what the lines are to play is not due until the card needs it.
        for token in cards() {
            engine.read_token(now, token);
        }
        if clock {
            engine.read_clock(now);
        }
        // Before the lines get anything, so that they get the newest.
        if clock || engine.sweep_due(now) || cards().next().is_some() {
            engine.serve_media(now);
        }
        let mut most = 0;
        for token in cards() {
            most = most.max(engine.serve_token(now, token));
        }
        if clock {
            most = most.max(engine.serve_clock(now));
        }
        engine.sweep(now);
        engine.flush();
        engine.served(most);
        if most > 0 {
            note_tick(engine, now, most);
        }
        if woken >= cpu_due {
            cpu_due = woken + Duration::from_secs(1);
            let cpu = tipring_linux::thread_cpu_time();
            let us = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
            engine.counters().cpu_us.raise_to(us);
        }
    }
}

/// A wake that served blocks is over; `most` is the number of blocks of the port that had most.
fn note_tick(engine: &LineEngine, woken: Time, most: usize) {
    let ended = Time::from_duration(monotonic());
    let took = us(ended, woken);
    let counters = engine.counters();
    counters.ticks.add(1);
    counters.late_ticks.add(u64::from(most > 1));
    counters.max_tick_us.raise_to(took);
    let timing = engine.timing();
    timing.tick.note(took);
    if let Some(edge) = engine.edge() {
        timing.wake_late.note(us(woken, edge));
        let deadline = edge + engine.sleep();
        if ended > deadline {
            timing.deadline_missed.note(us(ended, deadline));
        }
    }
}
