//! The thread that keeps the history, and the handle that nobody waits on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use crate::Place;
use crate::error::StoreError;
use crate::query::{History, Query};
use crate::record::Entry;
use crate::writer::{Limits, News, Writer};

/// Entries and questions that may wait for the thread.
const QUEUE: usize = 1024;
/// Stack of the thread. The daemon's memory is locked, so it is not the usual 2 MB.
const STACK: usize = 512 * 1024;
/// How long the end waits for the disk.
const LAST_WRITE: Duration = Duration::from_secs(3);

/// An answer, given on the thread of the history: it must not wait either.
type Reply = Box<dyn FnOnce(Result<History, StoreError>) + Send>;

enum Order {
    Keep(Entry),
    Limit(Limits),
    Ask(Query, Reply),
}

/// What the thread counts, for whoever looks.
#[derive(Debug, Default)]
struct Shared {
    kept: AtomicU64,
    lost: AtomicU64,
    turns: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls and findings written.
    pub kept: u64,
    /// Calls, faxes, findings and far ends that could not be kept.
    pub lost: u64,
    /// Orders and turns that the thread is done with; one that does not move while something waits is stalled.
    pub turns: u64,
    /// Orders that wait for the thread.
    pub queued: u64,
}

/// The history of a running daemon. When dropped it writes what waits, for three seconds at most.
#[derive(Debug)]
pub struct Keeper {
    orders: Option<SyncSender<Order>>,
    news: Receiver<News>,
    over: Receiver<()>,
    shared: Arc<Shared>,
    sent: AtomicU64,
    full: AtomicU64,
    run: u64,
    patience: Duration,
}

impl Keeper {
    /// Starts the thread, which opens the file. `wall_ms` reads the wall clock, in ms since 1970.
    pub fn start(
        place: Place,
        limits: Limits,
        wall_ms: fn() -> u64,
    ) -> Result<Keeper, std::io::Error> {
        let (orders, queue) = sync_channel(QUEUE);
        let (events, news) = channel();
        let (done, over) = channel();
        let shared = Arc::new(Shared::default());
        let run = wall_ms();
        let thread = Thread {
            writer: Writer::new(place, limits, run),
            wall_ms,
            began: Instant::now(),
            news: events,
            shared: Arc::clone(&shared),
        };
        std::thread::Builder::new()
            .name("history".into())
            .stack_size(STACK)
            .spawn(move || {
                thread.run(&queue);
                let _ = done.send(());
            })?;
        Ok(Keeper {
            orders: Some(orders),
            news,
            over,
            shared,
            sent: AtomicU64::new(0),
            full: AtomicU64::new(0),
            run,
            patience: LAST_WRITE,
        })
    }

    /// The run of the daemon, for [`crate::StoredCall::run`]: when it began.
    pub fn run(&self) -> u64 {
        self.run
    }

    /// Keeps an entry; one that finds the queue full is lost, and counted.
    pub fn keep(&self, entry: Entry) {
        if self.send(Order::Keep(entry)).is_err() {
            self.full.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Other limits from now on. False: the queue is full.
    pub fn limit(&self, limits: Limits) -> bool {
        self.send(Order::Limit(limits)).is_ok()
    }

    /// Asks; the answer is given to `reply`, on the thread of the history or at once.
    pub fn ask(
        &self,
        question: Query,
        reply: impl FnOnce(Result<History, StoreError>) + Send + 'static,
    ) {
        if let Err(Order::Ask(_, reply)) = self.send(Order::Ask(question, Box::new(reply))) {
            let cause = "it is still busy with what came before";
            reply(Err(StoreError::Busy { cause }));
        }
    }

    /// What happened to the file since the last look; never waits.
    pub fn news(&self) -> impl Iterator<Item = News> {
        self.news.try_iter()
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        let turns = self.shared.turns.load(Ordering::Relaxed);
        Counts {
            kept: self.shared.kept.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed) + self.full.load(Ordering::Relaxed),
            turns,
            queued: self.sent.load(Ordering::Relaxed).saturating_sub(turns),
        }
    }

    fn send(&self, order: Order) -> Result<(), Order> {
        let Some(orders) = &self.orders else {
            return Err(order);
        };
        use std::sync::mpsc::TrySendError::{Disconnected, Full};
        match orders.try_send(order) {
            Ok(()) => {
                self.sent.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(Full(order) | Disconnected(order)) => Err(order),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The thread takes what is queued and ends.
        self.orders = None;
        let _ = self.over.recv_timeout(self.patience);
    }
}

struct Thread {
    writer: Writer,
    wall_ms: fn() -> u64,
    began: Instant,
    news: Sender<News>,
    shared: Arc<Shared>,
}

impl Thread {
    fn run(mut self, orders: &Receiver<Order>) {
        self.turn();
        loop {
            let order = match self.writer.due() {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => orders.recv_timeout(due.saturating_sub(self.began.elapsed())),
            };
            match order {
                Ok(order) => {
                    self.take(order);
                    // What came together is written together.
                    for order in orders.try_iter().take(QUEUE) {
                        self.take(order);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.turn();
        }
        let (now, wall) = (self.began.elapsed(), (self.wall_ms)());
        let lost = self.writer.finish(now, wall);
        self.shared.lost.store(lost, Ordering::Relaxed);
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Keep(entry) => self.writer.keep(entry),
            Order::Limit(limits) => self.writer.limit(limits),
            Order::Ask(question, reply) => {
                let (now, wall) = (self.began.elapsed(), (self.wall_ms)());
                reply(self.writer.ask(&question, now, wall));
            }
        }
        self.shared.turns.fetch_add(1, Ordering::Relaxed);
    }

    fn turn(&mut self) {
        self.writer.turn(self.began.elapsed(), (self.wall_ms)());
        self.shared
            .kept
            .store(self.writer.kept(), Ordering::Relaxed);
        self.shared
            .lost
            .store(self.writer.lost(), Ordering::Relaxed);
        for news in self.writer.news() {
            // A daemon that is ending asks for no more news.
            let _ = self.news.send(news);
        }
    }
}

#[cfg(test)]
mod tests;
