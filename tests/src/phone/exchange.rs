//! The thread that serves all phones, in the realtime class where that is allowed.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use tipring_linux::{EventFd, monotonic, set_fifo, set_thread_name};

use super::copper::Copper;
use super::handle::Phone;
use super::set::Set;

/// Below the gateway's own line thread: a phone must not make the gateway late.
const PRIORITY: u8 = 40;
/// Interval at which a dead line is looked at again: it reports nothing by itself.
const DEAD_POLL: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// A phone, and those who wait for it.
pub(super) struct Desk {
    set: Mutex<Set>,
    pub(super) changed: Condvar,
}

impl Desk {
    pub(super) fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Phones with the thread that serves them; stopped when dropped.
pub struct Exchange {
    desks: BTreeMap<u16, Arc<Desk>>,
    wake: Arc<EventFd>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Exchange {
    /// Connects a phone to each of these lines (number, in rising order, and copper); `block`: samples served at once.
    ///
    /// # Errors
    /// When the system gives no thread or descriptor.
    pub fn new(lines: Vec<(u16, Box<dyn Copper>)>, block: usize) -> Result<Exchange, String> {
        let mut desks = BTreeMap::new();
        let mut fds = vec![];
        for (number, copper) in lines {
            // Polled without the phone's lock; the same open file.
            let fd = copper.fd().try_clone_to_owned();
            fds.push(fd.map_err(|e| format!("line {number}: {e}"))?);
            let set = Mutex::new(Set::new(copper, block));
            let changed = Condvar::new();
            desks.insert(number, Arc::new(Desk { set, changed }));
        }
        let wake = Arc::new(EventFd::new().map_err(|e| format!("eventfd: {e}"))?);
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let desks: Vec<Arc<Desk>> = desks.values().cloned().collect();
            let (wake, stop) = (Arc::clone(&wake), Arc::clone(&stop));
            std::thread::Builder::new()
                .name("telephones".into())
                .spawn(move || serve(&desks, &fds, &wake, &stop))
                .map_err(|e| format!("the telephones' thread: {e}"))?
        };
        Ok(Exchange {
            desks,
            wake,
            stop,
            thread: Some(thread),
        })
    }

    /// The phone of this number.
    ///
    /// # Errors
    /// When there is none.
    pub fn phone(&self, number: u16) -> Result<Phone, String> {
        let desk = self.desks.get(&number);
        let desk = desk.ok_or_else(|| format!("there is no telephone {number}"))?;
        Ok(Phone::new(number, Arc::clone(desk), Arc::clone(&self.wake)))
    }

    /// All numbers.
    pub fn numbers(&self) -> Vec<u16> {
        self.desks.keys().copied().collect()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.wake.add(1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(desks: &[Arc<Desk>], fds: &[OwnedFd], wake: &EventFd, stop: &AtomicBool) {
    set_thread_name("telephones");
    if let Err(e) = set_fifo(PRIORITY) {
        eprintln!("telephones: {e}; hook timing will be less exact");
    }
    // A line that wakes the poll only because it is dead is left out of the poll.
    let on = PollFlags::POLLIN | PollFlags::POLLPRI;
    let mut wanted: Vec<PollFlags> = vec![on; fds.len()];
    let mut due = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let mut polled: Vec<PollFd<'_>> = fds
            .iter()
            .zip(&wanted)
            .map(|(fd, wanted)| PollFd::new(fd.as_fd(), *wanted))
            .collect();
        polled.push(PollFd::new(wake.as_fd(), PollFlags::POLLIN));
        let wait = due.saturating_sub(monotonic()).min(LONGEST);
        let _ = ppoll(&mut polled, Some(TimeSpec::from_duration(wait)), None);
        let _ = wake.drain();
        let now = monotonic();
        due = now + LONGEST;
        for ((desk, polled), wanted) in desks.iter().zip(&polled).zip(&mut wanted) {
            let ready = polled.any().unwrap_or(true);
            let mut set = desk.set();
            set.tick(now);
            if ready || set.is_dead() {
                set.serve(now);
            }
            *wanted = if set.is_dead() {
                PollFlags::empty()
            } else {
                on
            };
            let dead = set.is_dead().then_some(now + DEAD_POLL);
            due = [set.deadline(), dead]
                .into_iter()
                .flatten()
                .fold(due, Duration::min);
            drop(set);
            if ready {
                desk.changed.notify_all();
            }
        }
    }
}
