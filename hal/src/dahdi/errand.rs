//! Requests that wait for the chip, carried out beside the line thread.
//!
//! Owns: a thread a port on the drivers whose feed requests sleep (a millisecond and more, under load a tenth of a second).
//! Promises: handing over neither allocates nor waits. Leaves to others: whether the card can do it at all.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rtrb::{Consumer, Producer, RingBuffer};
use tipring_linux::EventFd;

use super::kernel::{Feed, Kernel};

/// Requests that may wait; more are refused.
const WAITING: usize = 16;
/// A poll and an ioctl; the memory is locked, so it is kept small.
const STACK: usize = 64 * 1024;

/// The line thread's end. Dropping it ends the thread, which then lets go of the channel.
#[derive(Debug)]
pub(super) struct Errands {
    /// None only while being dropped.
    ring: Option<Producer<Feed>>,
    wake: Arc<EventFd>,
    /// Requests to let audio through on-hook that the card has refused.
    audio_refused: Arc<AtomicU32>,
}

impl Errands {
    /// Starts the thread.
    pub(super) fn start<K>(channel: K, number: u16) -> io::Result<Errands>
    where
        K: Kernel + Send + 'static,
    {
        let (ring, orders) = RingBuffer::new(WAITING);
        let wake = Arc::new(EventFd::new()?);
        let woken = Arc::clone(&wake);
        let audio_refused = Arc::new(AtomicU32::new(0));
        let refused = Arc::clone(&audio_refused);
        std::thread::Builder::new()
            .name(format!("feed-{number}"))
            .stack_size(STACK)
            .spawn(move || run(&channel, orders, &woken, &refused))?;
        Ok(Errands {
            ring: Some(ring),
            wake,
            audio_refused,
        })
    }

    /// Hands a request over; false when too many wait.
    pub(super) fn send(&mut self, feed: Feed) -> bool {
        let taken = self
            .ring
            .as_mut()
            .is_some_and(|ring| ring.push(feed).is_ok());
        let _ = self.wake.add(1);
        taken
    }

    /// Requests to let audio through on-hook that the card has refused.
    pub(super) fn audio_refused(&self) -> u32 {
        self.audio_refused.load(Ordering::Relaxed)
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        // The ring first, so that the thread finds it abandoned when it wakes.
        drop(self.ring.take());
        let _ = self.wake.add(1);
    }
}

fn run(
    channel: &impl Kernel,
    mut orders: Consumer<Feed>,
    wake: &EventFd,
    audio_refused: &AtomicU32,
) {
    loop {
        let _ = wake.drain();
        while let Ok(feed) = orders.pop() {
            // What a card can do was asked at open. What it refuses now, it refuses for the state of the line, which is
            // over when anybody could hear of it. Only a line test has to know: without audio it would measure silence.
            if channel.feed(feed).is_err() && matches!(feed, Feed::OnHookAudio(_)) {
                audio_refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        if orders.is_abandoned() {
            return;
        }
        let mut fds = [PollFd::new(wake.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::NONE);
    }
}
