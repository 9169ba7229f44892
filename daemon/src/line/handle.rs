//! Control's end of the line threads: orders in, reports out, figures.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rtrb::{Consumer, Producer, RingBuffer};
use tipring_linux::EventFd;

use super::config::LineConfig;
use super::counters::{PortCounters, ShardCounters};
use super::engine::{EngineParts, LineEngine, LinePortSpec};
use super::histogram::Timing;
use super::order::{LineOrder, LineReport, PortIndex, RingFull};

/// One line thread as control sees it.
pub(super) struct Shard {
    first: u16,
    count: u16,
    orders: Producer<(PortIndex, LineOrder)>,
    reports: Consumer<LineReport>,
    pub(super) wake: Arc<EventFd>,
    counters: Arc<ShardCounters>,
    timing: Arc<Timing>,
    stop: Arc<AtomicBool>,
    pub(super) thread: Option<JoinHandle<LineEngine>>,
}

/// Control's end of all line threads.
///
/// Dropping it stops the threads and waits for them; cards and sessions are then dropped here.
pub struct LineHandle {
    shards: Vec<Shard>,
    report_wake: Arc<EventFd>,
    ports: Vec<Arc<PortCounters>>,
    orders_full: u64,
    next: usize,
}

impl LineHandle {
    /// Orders something of a port; the thread carries orders out in the order given.
    ///
    /// # Errors
    /// [`RingFull`] gives the order back: the thread is far behind, or control does not take its reports. Counted in
    /// [`LineHandle::orders_full`].
    #[allow(
        clippy::result_large_err,
        reason = "the order comes back by value, as the ring has it"
    )]
    pub fn send(&mut self, port: PortIndex, order: LineOrder) -> Result<(), RingFull> {
        let shard = self
            .shards
            .iter_mut()
            .find(|s| (s.first..s.first + s.count).contains(&port.0));
        // A port that does not exist: the first thread answers for it.
        let Some(shard) = (match shard {
            Some(shard) => Some(shard),
            None => self.shards.first_mut(),
        }) else {
            return Err(RingFull(order));
        };
        match shard.orders.push((port, order)) {
            Ok(()) => {
                let _ = shard.wake.add(1);
                Ok(())
            }
            Err(rtrb::PushError::Full((_, order))) => {
                self.orders_full += 1;
                Err(RingFull(order))
            }
        }
    }

    /// The next report; `None` when there is none. Reports of one port come in their order.
    pub fn try_recv(&mut self) -> Option<LineReport> {
        let count = self.shards.len();
        for _ in 0..count {
            let shard = self.shards.get_mut(self.next % count)?;
            match shard.reports.pop() {
                Ok(report) => return Some(report),
                Err(_) => self.next = (self.next + 1) % count,
            }
        }
        None
    }

    /// Becomes readable when there are reports. Take note with [`LineHandle::acknowledge`], then take all of them
    /// with [`LineHandle::try_recv`], in this order.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.report_wake.as_fd()
    }

    /// Makes [`LineHandle::wake_fd`] unreadable until the next report.
    pub fn acknowledge(&self) {
        let _ = self.report_wake.drain();
    }

    /// Number of ports.
    pub fn port_count(&self) -> usize {
        self.ports.len()
    }

    /// Figures of a port.
    pub fn port_counters(&self, port: PortIndex) -> Option<&Arc<PortCounters>> {
        self.ports.get(usize::from(port.0))
    }

    /// Figures of each line thread.
    pub fn shard_counters(&self) -> impl Iterator<Item = (&Arc<ShardCounters>, &Arc<Timing>)> {
        self.shards.iter().map(|s| (&s.counters, &s.timing))
    }

    /// What each line thread took the time of.
    pub fn shard_timing(&self) -> impl Iterator<Item = &Timing> {
        self.shards.iter().map(|s| &*s.timing)
    }

    /// Times an order found its ring full.
    pub fn orders_full(&self) -> u64 {
        self.orders_full
    }

    /// Do all line threads run? False after a panic in one, and for engines stepped by hand.
    pub fn is_running(&self) -> bool {
        self.shards
            .iter()
            .all(|s| s.thread.as_ref().is_some_and(|t| !t.is_finished()))
    }

    /// Stops the threads and waits for them.
    pub fn stop(mut self) {
        self.end();
    }

    pub(super) fn shard_mut(&mut self, n: usize) -> Option<&mut Shard> {
        self.shards.get_mut(n)
    }

    fn end(&mut self) {
        for shard in &self.shards {
            shard.stop.store(true, Ordering::Relaxed);
            let _ = shard.wake.add(1);
        }
        for thread in self.shards.iter_mut().filter_map(|s| s.thread.take()) {
            // The engine comes back and is dropped here, not in the thread. A panic was already reported by `is_running`.
            drop(thread.join());
        }
    }
}

impl Drop for LineHandle {
    fn drop(&mut self) {
        self.end();
    }
}

impl LineEngine {
    /// An engine without a thread, and its handle: step it with [`LineEngine::tick`]. One shard whatever the
    /// configuration says.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn by_hand(
        ports: Vec<LinePortSpec>,
        config: &LineConfig,
    ) -> std::io::Result<(LineEngine, LineHandle)> {
        let one = LineConfig {
            shards: 1,
            ..*config
        };
        let (mut engines, handle) = connect(ports, &one)?;
        engines
            .pop()
            .map(|engine| (engine, handle))
            .ok_or_else(|| std::io::Error::other("no engine was made"))
    }
}

/// Engines for the shards, each with its part of the ports, and the handle to all of them.
pub(super) fn connect(
    mut specs: Vec<LinePortSpec>,
    config: &LineConfig,
) -> std::io::Result<(Vec<LineEngine>, LineHandle)> {
    let total = specs.len();
    let shards = config.shards.clamp(1, total.max(1));
    let report_wake = Arc::new(EventFd::new()?);
    let counters: Vec<Arc<PortCounters>> = (0..total).map(|_| Arc::default()).collect();
    let mut engines = Vec::new();
    let mut ends = Vec::new();
    let mut first = 0;
    for n in 0..shards {
        let count = (total - first).div_ceil(shards - n);
        let rest = specs.split_off(count.min(specs.len()));
        let mine = std::mem::replace(&mut specs, rest);
        let (order_tx, order_rx) = RingBuffer::new(config.order_ring.max(1));
        let (report_tx, report_rx) = RingBuffer::new(config.report_ring.max(1));
        let shard = Shard {
            first: first as u16,
            count: count as u16,
            orders: order_tx,
            reports: report_rx,
            wake: Arc::new(EventFd::new()?),
            counters: Arc::default(),
            timing: Arc::default(),
            stop: Arc::default(),
            thread: None,
        };
        let parts = EngineParts {
            first: first as u16,
            orders: order_rx,
            reports: report_tx,
            report_wake: Arc::clone(&report_wake),
            ports: counters.iter().skip(first).take(count).cloned().collect(),
            counters: Arc::clone(&shard.counters),
            timing: Arc::clone(&shard.timing),
            stop: Arc::clone(&shard.stop),
        };
        engines.push(LineEngine::new(mine, config.engine, parts));
        ends.push(shard);
        first += count;
    }
    let handle = LineHandle {
        shards: ends,
        report_wake,
        ports: counters,
        orders_full: 0,
        next: 0,
    };
    Ok((engines, handle))
}
