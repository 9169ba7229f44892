//! The far ends of all calls: one thread that talks, one that listens and takes the time.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tipring_dsp::Law;
use tipring_linux::{RecvBatch, SendBatch, TimerFd, monotonic, set_fifo};
use tipring_proto::rtp::{HEADER_LEN, Packet};

use crate::fake_card::BLOCK;
use crate::scene::{coded_talk, sender};

pub(crate) const PACKET_TIME: Duration = Duration::from_millis(20);
/// Packets that leave within this time leave together.
const TALKER_STEP: Duration = Duration::from_micros(500);
/// How often the listening thread looks.
const LISTENER_STEP: Duration = Duration::from_micros(700);
/// Packets given to the kernel at once.
const BATCH: usize = 64;
/// SCHED_FIFO priority of both threads: below line thread and card, above the machine's other work.
const PRIORITY: u8 = 60;
/// A packet with a sample beyond this holds talk, not the noise of the line.
const LOUD: u16 = 500;

/// How far the measurement is; shared by all threads of the bench.
#[derive(Clone, Default)]
pub(crate) struct Phase(Arc<AtomicU8>);

impl Phase {
    pub(crate) fn measure(&self) {
        self.0.store(1, Relaxed);
    }

    pub(crate) fn measured(&self) {
        self.0.store(2, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.store(3, Relaxed);
    }

    fn measuring(&self) -> bool {
        self.0.load(Relaxed) == 1
    }

    fn over(&self) -> bool {
        self.0.load(Relaxed) == 3
    }
}

/// What the listening thread saw while it was measured.
pub(crate) struct Heard {
    /// How far each gap between two packets of a stream was from 20 ms; µs, sorted.
    pub(crate) spacing_us: Vec<u64>,
    /// Packets in all.
    pub(crate) packets: u64,
    /// Of these, packets with talk in them.
    pub(crate) loud: u64,
    /// Streams.
    pub(crate) streams: usize,
}

impl Heard {
    /// The deviation that this share of all gaps stays within, µs.
    pub(crate) fn spacing_us(&self, share: f64) -> u64 {
        let last = self.spacing_us.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.spacing_us.get(at).copied().unwrap_or(0)
    }
}

/// Sends talk to every port every 20 ms, the ports spread evenly over that time. Answers how late it was at worst while
/// it was measured: what is late for reasons of the machine is late here too.
pub(crate) fn talker(
    socket: UdpSocket,
    places: Vec<SocketAddrV4>,
    phase: Phase,
) -> io::Result<JoinHandle<Duration>> {
    let each = PACKET_TIME / places.len().max(1) as u32;
    // With many ports several packets leave at once, so that the far ends do not need a processor of their own.
    let at_once = (TALKER_STEP.as_nanos() / each.as_nanos().max(1)).max(1) as u32;
    let step = each * at_once;
    let timer = TimerFd::periodic(monotonic() + step, step)?;
    Builder::new().name("far-talker".into()).spawn(move || {
        // Refused: then packets leave less evenly, which is what jitter buffers are for.
        let _ = set_fifo(PRIORITY);
        let voice = coded_talk(99);
        let mut ends: Vec<_> = (0..places.len())
            .map(|n| sender(n as u32))
            .zip(places)
            .collect();
        let mut batch = SendBatch::new(BATCH, 2 * BLOCK + HEADER_LEN);
        let mut turn = 0usize;
        let mut worst = Duration::ZERO;
        while !phase.over() {
            readable(&timer, 100);
            let due = timer.expirations().unwrap_or(0);
            if phase.measuring() {
                let late = due.saturating_sub(1);
                worst = worst.max(step.saturating_mul(u32::try_from(late).unwrap_or(u32::MAX)));
            }
            for _ in 0..due * u64::from(at_once) {
                let (n, round) = (turn % ends.len(), turn / ends.len());
                // Not all pause together.
                let at = ((round + 7 * n) * 2 * BLOCK) % voice.len();
                let (sender, place) = &mut ends[n];
                sender.push(&voice[at..at + 2 * BLOCK], |packet| {
                    // There is room: it is sent when it is full.
                    let _ = batch.push(*place, packet);
                });
                turn += 1;
                if batch.len() == BATCH {
                    batch.send(&socket);
                }
            }
            batch.send(&socket);
        }
        worst
    })
}

/// Takes the packets of every stream by the kernel's time stamps. It looks by a timer: a thread that waits for the socket
/// would be woken by each packet in the line thread's time, as no far end on another machine is.
pub(crate) fn listener(
    socket: UdpSocket,
    expected: usize,
    phase: Phase,
) -> io::Result<JoinHandle<Heard>> {
    let timer = TimerFd::periodic(monotonic() + LISTENER_STEP, LISTENER_STEP)?;
    Builder::new().name("far-listener".into()).spawn(move || {
        // Refused: the time stamps are the kernel's anyway.
        let _ = set_fifo(PRIORITY);
        let mut batch = RecvBatch::new(64, 640);
        let mut last: HashMap<u32, Duration> = HashMap::new();
        let mut heard = Heard {
            spacing_us: Vec::with_capacity(expected),
            packets: 0,
            loud: 0,
            streams: 0,
        };
        while !phase.over() {
            readable(&timer, 100);
            let _ = timer.expirations();
            while batch.receive(&socket).unwrap_or(0) > 0 {
                for datagram in batch.iter() {
                    let (Ok(packet), Some(at)) =
                        (Packet::parse(datagram.bytes), datagram.received_at)
                    else {
                        continue;
                    };
                    let before = last.insert(packet.header.ssrc, at);
                    if let (Some(before), true) = (before, phase.measuring()) {
                        let gap = at.saturating_sub(before);
                        let off = gap.abs_diff(PACKET_TIME).as_micros();
                        heard
                            .spacing_us
                            .push(u64::try_from(off).unwrap_or(u64::MAX));
                        heard.packets += 1;
                        let mut samples = packet.payload.iter().map(|b| Law::Mu.decode(*b));
                        heard.loud += u64::from(samples.any(|s| s.unsigned_abs() > LOUD));
                    }
                }
            }
        }
        heard.spacing_us.sort_unstable();
        heard.streams = last.len();
        heard
    })
}

pub(crate) fn readable(fd: &impl AsFd, ms: u16) {
    use nix::poll::{PollFd, PollFlags, poll};
    let _ = poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], ms);
}
