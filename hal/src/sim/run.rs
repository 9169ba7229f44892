//! The card by the clock, in a thread of its own.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tipring_linux::{TimerFd, monotonic, set_fifo, set_thread_name};

use super::event::SimEvent;
use super::recorder::Answer;
use super::request::{SimError, SimReply, SimRequest};
use super::snapshot::WorldStats;
use super::world::{Applied, Prepared, World, prepare};

/// Gets every event; false: no more events.
type Listener = Box<dyn FnMut(&SimEvent) -> bool + Send>;

enum Message {
    Request(Prepared, Answer),
    Subscribe(Listener),
}

#[derive(Debug, Default)]
struct Stats {
    stop: AtomicBool,
    steps: AtomicU64,
    late_wakes: AtomicU64,
    late_steps: AtomicU64,
    worst_backlog: AtomicU64,
    worst_step_us: AtomicU64,
    events_dropped: AtomicU64,
}

/// A running card. Dropping it stops the card's thread; its ports then get no more blocks.
pub struct WorldHandle {
    messages: Sender<Message>,
    stats: Arc<Stats>,
    ports: usize,
    thread: Option<JoinHandle<()>>,
}

/// Events of a running card, oldest first.
#[derive(Debug)]
pub struct SimEvents(Receiver<SimEvent>);

impl SimEvents {
    /// The oldest event not yet read.
    pub fn try_next(&self) -> Option<SimEvent> {
        self.0.try_recv().ok()
    }

    /// Waits for the next event; `None` after `limit`, or when the card has stopped.
    pub fn next_within(&self, limit: Duration) -> Option<SimEvent> {
        self.0.recv_timeout(limit).ok()
    }
}

impl World {
    /// Runs the card by the clock from now on: a block each block time, never dropping any; when
    /// late, several at once (counted in [`WorldStats`]).
    ///
    /// # Errors
    /// [`SimError::Engine`] when the system has no timer or no thread left.
    pub fn spawn(self) -> Result<WorldHandle, SimError> {
        self.spawn_at(0)
    }

    /// As [`World::spawn`], with this SCHED_FIFO priority where the system allows it: a card's clock does not wait
    /// for the machine's other work. 0: scheduled normally.
    ///
    /// # Errors
    /// As [`World::spawn`].
    pub fn spawn_at(self, priority: u8) -> Result<WorldHandle, SimError> {
        let engine = |what| {
            move |error: std::io::Error| SimError::Engine {
                what,
                reason: error.to_string(),
            }
        };
        let block = self.block_time();
        let first = monotonic() + block;
        let timer = TimerFd::periodic(first, block).map_err(engine("its timer"))?;
        let (messages, inbox) = channel();
        let stats = Arc::new(Stats::default());
        let ports = self.port_count();
        let shared = Arc::clone(&stats);
        let thread = std::thread::Builder::new()
            .name(String::from("sim-card"))
            .spawn(move || {
                set_thread_name("sim-card");
                if priority > 0 {
                    // Refused: a simulated card that is sometimes late, as it says in its statistics.
                    let _ = set_fifo(priority);
                }
                run(self, &timer, first, &inbox, &shared);
            })
            .map_err(engine("its thread"))?;
        Ok(WorldHandle {
            messages,
            stats,
            ports,
            thread: Some(thread),
        })
    }
}

impl WorldHandle {
    /// Asks for something and waits for the answer (up to a block time; at the end of a recording, until its file is
    /// complete). Files are opened and read here, in the calling thread.
    ///
    /// # Errors
    /// [`SimError`]; nothing has changed then.
    pub fn request(&self, request: SimRequest) -> Result<SimReply, SimError> {
        let (answer, answered) = sync_channel(1);
        self.request_with(request, move |result| {
            // A caller that is gone wants no answer.
            let _ = answer.try_send(result);
        });
        answered.recv().unwrap_or(Err(SimError::Stopped))
    }

    /// Asks for something; `answer` is called in the card's thread (or here, when the request is
    /// refused at once; or in that of a recording, when its file is complete), and must not block.
    pub fn request_with(
        &self,
        request: SimRequest,
        answer: impl FnOnce(Result<SimReply, SimError>) + Send + 'static,
    ) {
        match prepare(request) {
            Err(error) => answer(Err(error)),
            Ok(prepared) => {
                let message = Message::Request(prepared, Box::new(answer));
                if let Err(back) = self.messages.send(message)
                    && let Message::Request(_, answer) = back.0
                {
                    answer(Err(SimError::Stopped));
                }
            }
        }
    }

    /// Events from now on; at most `capacity` wait (at least 1), more are dropped and counted.
    pub fn subscribe(&self, capacity: usize) -> SimEvents {
        let (out, events): (SyncSender<SimEvent>, _) = sync_channel(capacity.max(1));
        let stats = Arc::clone(&self.stats);
        self.subscribe_with(move |event| match out.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                stats.events_dropped.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        });
        SimEvents(events)
    }

    /// Calls `listener` in the card's thread with every event, until it answers false. It must not
    /// block.
    pub fn subscribe_with(&self, listener: impl FnMut(&SimEvent) -> bool + Send + 'static) {
        // A card that has stopped has no events.
        let _ = self.messages.send(Message::Subscribe(Box::new(listener)));
    }

    /// How many ports the card has.
    pub fn port_count(&self) -> usize {
        self.ports
    }

    /// How the card's thread keeps up.
    pub fn stats(&self) -> WorldStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WorldStats {
            steps: get(&self.stats.steps),
            late_wakes: get(&self.stats.late_wakes),
            late_steps: get(&self.stats.late_steps),
            worst_backlog: get(&self.stats.worst_backlog),
            worst_step_us: get(&self.stats.worst_step_us),
            events_dropped: get(&self.stats.events_dropped),
        }
    }
}

impl Drop for WorldHandle {
    fn drop(&mut self) {
        self.stats.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A card thread that panicked has already logged it; its ports just get no more blocks.
            let _ = thread.join();
        }
    }
}

fn run(
    mut world: World,
    timer: &TimerFd,
    first: Duration,
    inbox: &Receiver<Message>,
    stats: &Stats,
) {
    let block = world.block_time();
    let mut listeners: Vec<Listener> = Vec::new();
    let mut now = first;
    while !stats.stop.load(Ordering::Acquire) {
        let mut fds = [PollFd::new(timer.as_fd(), PollFlags::POLLIN)];
        // Bounded, so that a stop is seen even if the timer should fail. EINTR is just a wake-up.
        let _ = poll(&mut fds, PollTimeout::from(100u8));
        let due = timer.expirations().unwrap_or(0);
        for message in inbox.try_iter() {
            match message {
                Message::Request(request, answer) => {
                    Applied::answer(world.apply(request), answer);
                }
                Message::Subscribe(listener) => listeners.push(listener),
            }
        }
        if due > 1 {
            stats.late_wakes.fetch_add(1, Ordering::Relaxed);
            stats.late_steps.fetch_add(due - 1, Ordering::Relaxed);
        }
        stats.worst_backlog.fetch_max(due, Ordering::Relaxed);
        for _ in 0..due {
            let begun = monotonic();
            world.step_raised(now, monotonic);
            now += block;
            let took = monotonic().saturating_sub(begun).as_micros();
            let took = u64::try_from(took).unwrap_or(u64::MAX);
            stats.worst_step_us.fetch_max(took, Ordering::Relaxed);
            stats.steps.fetch_add(1, Ordering::Relaxed);
        }
        for event in world.take_events() {
            listeners.retain_mut(|listener| listener(&event));
        }
    }
}
