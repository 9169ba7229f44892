//! Cards with descriptors of their own, on the real thread and the real kernel: served, lost, replaced.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use tipring_hal::absent::Absent;
use tipring_hal::port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, PortError,
    PortStats, ReadBlock, Wake, WriteBlock,
};
use tipring_linux::alloc_count::{allocations_in_this_thread, frees_in_this_thread};
use tipringd::line::{
    CardBack, CardSet, LineConfig, LineHandle, LineOrder, LineReport, PortIndex, spawn,
};

use super::rig::{BLOCK, spec, wait_for};

const P: PortIndex = PortIndex(0);

/// What a card notes of the thread that serves it.
#[derive(Debug, Default)]
struct Notes {
    reads: AtomicU64,
    writes: AtomicU64,
    allocations: AtomicU64,
    frees: AtomicU64,
    /// Does not look at what its descriptor has.
    deaf: AtomicBool,
    off_hook: AtomicBool,
}

impl Notes {
    fn heap(&self) -> (u64, u64) {
        (self.allocations.load(SeqCst), self.frees.load(SeqCst))
    }
}

/// A card that is one end of a socket: a block is 80 bytes, the other end's closing is the loss of the card.
struct SocketCard(UnixStream, Arc<Notes>);

impl SocketCard {
    fn new() -> (SocketCard, UnixStream, Arc<Notes>) {
        let (near, far) = UnixStream::pair().expect("a pair of sockets");
        near.set_nonblocking(true)
            .expect("a socket may be non-blocking");
        let notes = Arc::new(Notes::default());
        (SocketCard(near, Arc::clone(&notes)), far, notes)
    }
}

impl LinePort for SocketCard {
    fn wake(&self) -> Wake {
        Wake::Fd(self.0.as_raw_fd())
    }

    fn law(&self) -> Law {
        Law::Mu
    }

    fn block_len(&self) -> usize {
        BLOCK
    }

    fn capabilities(&self) -> Capabilities {
        Absent::new(Law::Mu, BLOCK).capabilities()
    }

    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        let notes = &self.1;
        notes
            .allocations
            .store(allocations_in_this_thread(), SeqCst);
        notes.frees.store(frees_in_this_thread(), SeqCst);
        notes.reads.fetch_add(1, SeqCst);
        if notes.deaf.load(SeqCst) {
            return ReadBlock::WouldBlock;
        }
        match self.0.read(buf) {
            Ok(0) => ReadBlock::Down(LineFault::Removed),
            Ok(_) => ReadBlock::Block,
            Err(e) if e.kind() == ErrorKind::WouldBlock => ReadBlock::WouldBlock,
            Err(_) => ReadBlock::Down(LineFault::Removed),
        }
    }

    fn write(&mut self, _: &[u8]) -> WriteBlock {
        self.1.writes.fetch_add(1, SeqCst);
        WriteBlock::Taken
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        None
    }

    fn command(&mut self, _: LineCommand) -> Result<(), PortError> {
        Ok(())
    }

    fn off_hook(&self) -> bool {
        self.1.off_hook.load(SeqCst)
    }

    fn stats(&self) -> PortStats {
        PortStats::default()
    }
}

fn start(port: Box<dyn LinePort>) -> LineHandle {
    let config = LineConfig {
        lock_memory: false,
        ..LineConfig::default()
    };
    let (handle, _) = spawn(vec![spec(port)], vec![], &config).expect("a thread");
    handle
}

fn count(handle: &LineHandle, name: &str) -> u64 {
    let counters = handle.port_counters(P).expect("the port").counters();
    let found = counters.iter().find(|(figure, _)| figure.name == name);
    found.expect("a counter of this name").1
}

/// This number of blocks, one after the other as a card gives them.
fn feed(handle: &LineHandle, far: &mut UnixStream, blocks: u64) {
    let mut due = Instant::now();
    for _ in 0..blocks {
        let before = count(handle, "blocks");
        far.write_all(&[0x7F; BLOCK]).expect("room in the socket");
        wait_for("a block", || count(handle, "blocks") > before);
        // The card's clock: an event with a deadline, not a sleep for something to happen.
        due += Duration::from_millis(10);
        wait_for("the next block's time", || Instant::now() >= due);
    }
}

fn replace(handle: &mut LineHandle, port: impl LinePort + 'static) -> (Box<CardSet>, CardBack) {
    let port = Box::new(port);
    let order = LineOrder::ReplaceCard(Box::new(CardSet { port, chain: None }));
    handle.send(P, order).expect("room in the ring");
    let mut back = None;
    wait_for("the card to come back", || {
        while let Some(report) = handle.try_recv() {
            if let LineReport::CardReturned { card, why, .. } = report {
                back = Some((card, why));
            }
        }
        back.is_some()
    });
    back.expect("it came back")
}

#[test]
fn a_card_is_asked_once_for_each_block_and_answered_once() {
    let (card, mut far, notes) = SocketCard::new();
    let handle = start(Box::new(card));
    feed(&handle, &mut far, 100);
    let (reads, writes) = (notes.reads.load(SeqCst), notes.writes.load(SeqCst));
    assert_eq!(writes, 101, "a prefill of two and one for each");
    // Looks that find nothing: before the first block, now and then to be sure, and after a late wake.
    let spare = reads - 100;
    assert!(spare < 60, "{spare} reads too many");
    drop(handle);
}

#[test]
fn what_piled_up_while_the_thread_slept_is_taken_at_once() {
    let (card, mut far, _notes) = SocketCard::new();
    let handle = start(Box::new(card));
    feed(&handle, &mut far, 5);
    let before = count(&handle, "blocks");
    let pile = [0x7F; 6 * BLOCK];
    // A card cannot give six blocks within one; a thread that was away for that time sees it so.
    let due = Instant::now() + Duration::from_millis(60);
    wait_for("60 ms", || Instant::now() >= due);
    far.write_all(&pile).expect("room in the socket");
    wait_for("all six", || count(&handle, "blocks") == before + 6);
}

#[test]
fn replacing_cards_neither_allocates_nor_frees_in_the_thread() {
    let mut handle = start(Box::new(Absent::new(Law::Mu, BLOCK)));
    let (first, mut first_far, first_notes) = SocketCard::new();
    let (back, why) = replace(&mut handle, first);
    assert_eq!(why, CardBack::Replaced { off_hook: false });
    assert_eq!(back.port.wake(), Wake::Never, "the stand-in");
    feed(&handle, &mut first_far, 5);
    let heap = first_notes.heap();
    let mut old = first_notes;
    for n in 0..10 {
        let (next, mut far, notes) = SocketCard::new();
        notes.off_hook.store(n % 2 == 0, SeqCst);
        let (back, why) = replace(&mut handle, next);
        let off_hook = n % 2 == 0;
        assert_eq!(why, CardBack::Replaced { off_hook });
        let reads = old.reads.load(SeqCst);
        feed(&handle, &mut far, 5);
        assert_eq!(notes.heap(), heap, "after {n} replacements");
        assert_eq!(old.reads.load(SeqCst), reads, "the old card is let alone");
        drop(back);
        old = notes;
    }
    let (_, why) = replace(&mut handle, Absent::new(Law::Mu, BLOCK));
    assert_eq!(why, CardBack::Replaced { off_hook: false });
    assert_eq!(count(&handle, "replacements"), 11);
    assert_eq!(count(&handle, "blocks"), 55, "counters go on");
    assert_eq!(count(&handle, "deaf_wakes"), 0);
}

#[test]
fn a_card_that_is_lost_is_reported_once_and_costs_the_thread_nothing() {
    let (card, mut far, notes) = SocketCard::new();
    let mut handle = start(Box::new(card));
    feed(&handle, &mut far, 5);
    drop(far);
    let mut reported = vec![];
    wait_for("the loss to be reported", || {
        while let Some(report) = handle.try_recv() {
            if let LineReport::Line { event, .. } = report {
                reported.push(event.kind);
            }
        }
        !reported.is_empty()
    });
    let reads = notes.reads.load(SeqCst);
    let wakes = |handle: &LineHandle| handle.shard_counters().next().unwrap().0.wakes.get();
    let (first, began) = (wakes(&handle), Instant::now());
    wait_for("twenty turns of the timer", || wakes(&handle) >= first + 20);
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(100),
        "twenty wakes in {took:?}: the thread spins"
    );
    assert_eq!(
        notes.reads.load(SeqCst),
        reads,
        "a lost card is not touched"
    );
    assert_eq!(reported, [LineEventKind::Fault(LineFault::Removed)]);
    assert_eq!(count(&handle, "removals"), 1);
    // And another card heals the port.
    let (next, mut far, _) = SocketCard::new();
    replace(&mut handle, next);
    feed(&handle, &mut far, 3);
    assert_eq!(count(&handle, "blocks"), 8);
}

#[test]
fn a_descriptor_that_wakes_for_nothing_is_put_aside_and_its_card_still_served() {
    let (card, mut far, notes) = SocketCard::new();
    let handle = start(Box::new(card));
    feed(&handle, &mut far, 5);
    notes.deaf.store(true, SeqCst);
    // One byte a wake: several would be one wake together, and fill the socket before the thread puts it aside.
    let wakes = |handle: &LineHandle| handle.shard_counters().next().unwrap().0.wakes.get();
    let mut seen = None;
    far.set_nonblocking(true).expect("a socket need not block");
    wait_for("the descriptor to be put aside", || {
        let now = Some(wakes(&handle));
        if now != seen {
            seen = now;
            let _ = far.write(&[0x7F; 1]);
        }
        count(&handle, "deaf_wakes") == 1
    });
    notes.deaf.store(false, SeqCst);
    let before = count(&handle, "blocks");
    wait_for("the timer to look at it", || {
        count(&handle, "blocks") > before
    });
    // It is watched again.
    far.set_nonblocking(false)
        .expect("a socket may be blocking");
    feed(&handle, &mut far, 5);
    assert_eq!(count(&handle, "deaf_wakes"), 1);
}
