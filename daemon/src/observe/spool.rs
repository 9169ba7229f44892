//! Log lines on their way out: queued at once, written by a thread of their own.
//!
//! Promises: logging never waits and never fails. Nobody reads the pipe, the disk is full, the journal is stalled:
//! that costs log lines, which are counted, and nothing else. Leaves to others: what a line looks like.

use std::io::{self, IsTerminal, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use super::harmless::{Keeps, harmless};

/// Lines that may wait; a burst at start-up with 500 ports is less.
const WAITING: usize = 4096;
/// How long the end of the process may wait for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where the journal listens.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Where lines go.
#[derive(Debug)]
pub(super) enum Sink {
    /// To standard error.
    Stderr,
    /// To the journal, one datagram each.
    Journal(UnixDatagram),
    /// To a test.
    #[cfg(test)]
    Test(SyncSender<Vec<u8>>),
}

impl Sink {
    /// The journal, if there is one.
    pub(super) fn journal() -> Option<Sink> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        // An empty datagram is nothing to the journal; the error shows that nothing listens.
        match socket.send_to(&[], JOURNAL) {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
        socket.set_nonblocking(false).ok()?;
        Some(Sink::Journal(socket))
    }

    fn write(&self, line: &[u8]) -> bool {
        let line = &*harmless(line, self.keeps());
        match self {
            Sink::Stderr => io::stderr().write_all(line).is_ok(),
            Sink::Journal(socket) => socket.send_to(line, JOURNAL).is_ok(),
            #[cfg(test)]
            Sink::Test(lines) => lines.send(line.to_vec()).is_ok(),
        }
    }

    fn keeps(&self) -> Keeps {
        match self {
            Sink::Stderr if io::stderr().is_terminal() => Keeps::Colours,
            Sink::Journal(_) => Keeps::Fields,
            _ => Keeps::LineEnd,
        }
    }
}

enum Order {
    Line(Vec<u8>),
    /// Answered when everything before it is out.
    Flush(SyncSender<()>),
}

/// The queue to the log thread.
#[derive(Clone, Debug)]
pub(super) struct Spool {
    orders: SyncSender<Order>,
    counts: Arc<Counts>,
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Counts {
    lost: AtomicU64,
    waiting: AtomicU64,
}

impl Spool {
    /// Starts the thread; without one (no memory, no threads left) every line is lost.
    pub(super) fn start(sink: Sink) -> Spool {
        Spool::with_room(sink, WAITING)
    }

    fn with_room(sink: Sink, room: usize) -> Spool {
        let (orders, queue) = sync_channel(room);
        let counts = Arc::new(Counts::default());
        let counter = Arc::clone(&counts);
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .stack_size(256 * 1024);
        let _ = thread.spawn(move || run(&queue, &sink, &counter));
        Spool { orders, counts }
    }

    /// Lines lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.counts.lost.load(Ordering::Relaxed)
    }

    /// Lines that were queued and are not out yet. None: whatever was logged before can be read.
    pub(super) fn waiting(&self) -> u64 {
        self.counts.waiting.load(Ordering::Acquire)
    }

    /// Waits until everything logged so far is out, but not for ever.
    pub(super) fn flush(&self) {
        let end = Instant::now() + PATIENCE;
        let (done, wait) = sync_channel(1);
        let mut order = Order::Flush(done);
        loop {
            match self.orders.try_send(order) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back)) if Instant::now() < end => order = back,
                Err(TrySendError::Full(_)) => return,
            }
            std::thread::sleep(Duration::from_millis(10)); // asks again, with the deadline above
        }
        match wait.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

fn run(queue: &Receiver<Order>, sink: &Sink, counts: &Counts) {
    while let Ok(order) = queue.recv() {
        match order {
            Order::Line(line) => {
                if !sink.write(&line) {
                    counts.lost.fetch_add(1, Ordering::Relaxed);
                }
                counts.waiting.fetch_sub(1, Ordering::Release);
            }
            Order::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// One line is one call of `write`.
impl Write for Spool {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        if self.orders.try_send(Order::Line(line.to_vec())).is_err() {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Spool {
    type Writer = Spool;

    fn make_writer(&'a self) -> Spool {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let (out, lines) = sync_channel(100);
        let mut spool = Spool::with_room(Sink::Test(out), 100);
        for n in 0..50 {
            spool.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        spool.flush();
        let all: Vec<Vec<u8>> = lines.try_iter().collect();
        assert_eq!(all.len(), 50);
        assert_eq!(all[49], b"line 49\n");
        assert_eq!((spool.lost(), spool.waiting()), (0, 0));
    }

    #[test]
    fn a_sink_that_takes_nothing_costs_lines_and_no_time() {
        let (out, lines) = sync_channel(0); // waits for its reader
        let mut spool = Spool::with_room(Sink::Test(out), 10);
        let begin = Instant::now();
        for n in 0..1000 {
            spool.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        assert!(begin.elapsed() < Duration::from_secs(5));
        // The thread may have one already.
        assert!((989..=990).contains(&spool.lost()), "{}", spool.lost());
        assert_eq!(spool.waiting(), 1000 - spool.lost());
        // It goes on where it was as soon as somebody reads.
        let first: Vec<Vec<u8>> = lines.iter().take(10).collect();
        assert_eq!(first[0], b"line 0\n");
        assert_eq!(first[9], b"line 9\n");
    }

    #[test]
    fn a_sink_that_fails_costs_its_lines_alone() {
        let (out, lines) = sync_channel(10);
        drop(lines);
        let mut spool = Spool::with_room(Sink::Test(out), 10);
        spool.write_all(b"gone\n").unwrap();
        spool.flush();
        assert_eq!(spool.lost(), 1);
    }
}
