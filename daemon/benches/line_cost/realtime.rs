//! Talking ports in real time against a card on a timer: processor share, missed blocks, packet spacing.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tipring_linux::{EventFd, RecvBatch, TimerFd, enable_timestamps, monotonic, set_fifo};
use tipring_proto::rtp::Packet;
use tipring_proto::types::Codec;
use tipringd::line::{
    LineConfig, LineHandle, LineOrder, PortIndex, Remote, RtpPorts, SessionId, spawn,
};

use crate::fake_card::{BLOCK, FakeLine};
use crate::scene::{LOCAL, sender, session, spec, talk};

const BLOCK_TIME: Duration = Duration::from_millis(10);
const PACKET_TIME: Duration = Duration::from_millis(20);
/// Not measured: jitter buffers fill, caches warm.
const SETTLE: Duration = Duration::from_secs(2);

type Failure = String;

/// Runs so many ports for so long and prints what was measured.
pub(crate) fn table(seconds: u64, count: usize) -> Result<(), Failure> {
    let count = count.clamp(1, 500);
    let lines: Vec<FakeLine> = (0..count).map(|n| FakeLine::new(talk(n), true)).collect();
    let specs = lines.iter().map(spec).collect::<Result<_, _>>()?;
    let clock = Arc::new(EventFd::new().map_err(text)?);
    let clocks = vec![clock.as_fd().try_clone_to_owned().map_err(text)?];
    let (mut handle, start) = spawn(specs, clocks, &LineConfig::default()).map_err(text)?;
    let far = UdpSocket::bind((LOCAL, 0)).map_err(text)?;
    enable_timestamps(&far).map_err(text)?;
    let places = open_sessions(&mut handle, &far, count)?;

    let stop = Arc::new(AtomicBool::new(false));
    let card = card_thread(lines.clone(), clock, Arc::clone(&stop))?;
    let mouth = far_end_thread(far.try_clone().map_err(text)?, places, Arc::clone(&stop))?;
    // Ends first: what happens when the card stops is not to be measured.
    let deaf = Arc::new(AtomicBool::new(false));
    let ear = receiver_thread(far, Arc::clone(&deaf));
    drain_for(&mut handle, SETTLE);
    let before = Snapshot::take(&handle, &lines);
    let cpu_before = thread_cpu(&handle);
    let from = monotonic();
    drain_for(&mut handle, Duration::from_secs(seconds));
    let took = monotonic().saturating_sub(from);
    let cpu = thread_cpu(&handle).saturating_sub(cpu_before);
    let after = Snapshot::take(&handle, &lines);
    deaf.store(true, Ordering::Relaxed);
    let spacing = ear.join().map_err(|_| "the receiver's thread died")?;
    stop.store(true, Ordering::Relaxed);
    let card_late = card.join().map_err(|_| "the card's thread died")?;
    mouth.join().map_err(|_| "the far end's thread died")?;

    let realtime = match start.shards.first().and_then(|s| s.realtime.as_ref()) {
        Some(Ok(priority)) => format!("SCHED_FIFO {priority}"),
        Some(Err(why)) => format!("not real-time: {why}"),
        None => "not real-time: not asked for".into(),
    };
    let d = |n: usize| after.0[n].saturating_sub(before.0[n]);
    println!(
        "{count} talking ports for {:.0} s, 20 ms packets both ways, {realtime}",
        took.as_secs_f64()
    );
    println!(
        "  processor share of the line thread   {:6.2} %",
        100.0 * cpu.as_secs_f64() / took.as_secs_f64()
    );
    println!("  blocks served                        {:6}", d(0));
    println!(
        "  blocks missed                        {:6}   overruns {}, underruns {}",
        d(1),
        d(2),
        d(3)
    );
    println!(
        "  ticks that found more than one block {:6}   the card's own longest delay {card_late} us",
        d(4)
    );
    println!(
        "  packets sent {} ({} events), received {}, lost {}, late {}, concealed {}",
        d(5),
        d(10),
        d(6),
        d(7),
        d(8),
        d(9)
    );
    let us = |share: f64| percentile(&spacing, share);
    println!(
        "  packet spacing off 20 ms, us         p50 {}, p99 {}, p99.9 {}, max {}  ({} gaps, kernel time stamps)",
        us(0.5),
        us(0.99),
        us(0.999),
        us(1.0),
        spacing.len()
    );
    for (shard, histogram) in handle.shard_counters() {
        let ticks: Vec<String> = histogram
            .buckets()
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(bound, n)| {
                if bound == u64::MAX {
                    format!("more: {n}")
                } else {
                    format!("<={bound}: {n}")
                }
            })
            .collect();
        println!(
            "  tick length, us  {}  (longest {})",
            ticks.join("  "),
            shard.max_tick_us.get()
        );
    }
    Ok(())
}

fn text(e: impl std::fmt::Display) -> Failure {
    e.to_string()
}

fn open_sessions(
    handle: &mut LineHandle,
    far: &UdpSocket,
    count: usize,
) -> Result<Vec<SocketAddrV4>, Failure> {
    let Ok(SocketAddr::V4(address)) = far.local_addr() else {
        return Err("the far end has no IPv4 address".into());
    };
    let remote = Remote {
        address,
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        event_payload_type: Some(101),
        dscp: 46,
    };
    let mut ports = RtpPorts::new(30_000, 50_000).ok_or("no RTP ports")?;
    let mut places = Vec::new();
    for n in 0..count {
        let (media, local) = session(n as u64, &mut ports)?;
        places.push(local);
        let port = PortIndex(n as u16);
        handle
            .send(port, LineOrder::AddSession(media))
            .map_err(text)?;
        let session = SessionId(n as u64);
        handle
            .send(port, LineOrder::SetRemote { session, remote })
            .map_err(text)?;
    }
    Ok(places)
}

/// The card: every 10 ms one block on every line. Answers how late it itself was at worst, in µs.
fn card_thread(
    lines: Vec<FakeLine>,
    clock: Arc<EventFd>,
    stop: Arc<AtomicBool>,
) -> Result<JoinHandle<u128>, Failure> {
    let first = monotonic() + BLOCK_TIME;
    let timer = TimerFd::periodic(first, BLOCK_TIME).map_err(text)?;
    Ok(std::thread::spawn(move || {
        // A card is hardware: it comes before the line thread.
        let _ = set_fifo(80);
        let mut due = first;
        let mut worst = 0;
        while !stop.load(Ordering::Relaxed) {
            let ticks = wait(&timer);
            due += BLOCK_TIME * u32::try_from(ticks.max(1)).unwrap_or(1);
            worst = worst.max((monotonic() + BLOCK_TIME).saturating_sub(due).as_micros());
            for line in &lines {
                line.step(ticks as usize);
            }
            let _ = clock.add(1);
        }
        worst
    }))
}

/// All far ends: each sends every 20 ms, spread evenly over them.
fn far_end_thread(
    socket: UdpSocket,
    places: Vec<SocketAddrV4>,
    stop: Arc<AtomicBool>,
) -> Result<JoinHandle<()>, Failure> {
    let each = PACKET_TIME / places.len() as u32;
    let timer = TimerFd::periodic(monotonic(), each).map_err(text)?;
    Ok(std::thread::spawn(move || {
        let _ = set_fifo(60);
        let voice = talk(99);
        let mut senders: Vec<_> = (0..places.len()).map(|n| sender(n as u32)).collect();
        let mut turn = 0usize;
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..wait(&timer) {
                let n = turn % places.len();
                let at = (turn / places.len() * 2 * BLOCK) % voice.len();
                let (sender, place) = (&mut senders[n], places[n]);
                sender.push(&voice[at..at + 2 * BLOCK], |p| {
                    drop(socket.send_to(p, place));
                });
                turn += 1;
            }
        }
    }))
}

/// Takes every stream's packets; answers how far each gap was from 20 ms, in µs, after the settling time.
fn receiver_thread(socket: UdpSocket, stop: Arc<AtomicBool>) -> JoinHandle<Vec<u64>> {
    std::thread::spawn(move || {
        let _ = set_fifo(60);
        let mut batch = RecvBatch::new(64, 640);
        let mut last = std::collections::HashMap::new();
        let mut off = Vec::new();
        let from = monotonic();
        while !stop.load(Ordering::Relaxed) {
            readable(&socket, 100);
            while batch.receive(&socket).unwrap_or(0) > 0 {
                for datagram in batch.iter() {
                    let (Ok(packet), Some(at)) =
                        (Packet::parse(datagram.bytes), datagram.received_at)
                    else {
                        continue;
                    };
                    let Some(before) = last.insert(packet.header.ssrc, at) else {
                        continue;
                    };
                    if monotonic().saturating_sub(from) > SETTLE {
                        let gap: Duration = at.saturating_sub(before);
                        off.push(gap.abs_diff(PACKET_TIME).as_micros() as u64);
                    }
                }
            }
        }
        off.sort_unstable();
        off
    })
}

/// Takes reports for so long, as control does.
fn drain_for(handle: &mut LineHandle, time: Duration) {
    let until = monotonic() + time;
    while let Some(left) = until.checked_sub(monotonic()).filter(|l| !l.is_zero()) {
        readable(
            &handle.wake_fd(),
            u16::try_from(left.as_millis().clamp(1, 500)).unwrap_or(500),
        );
        handle.acknowledge();
        while handle.try_recv().is_some() {}
    }
}

fn wait(timer: &TimerFd) -> u64 {
    readable(timer, 1000);
    timer.expirations().unwrap_or(0)
}

fn readable(fd: &impl AsFd, ms: u16) {
    use nix::poll::{PollFd, PollFlags, poll};
    let _ = poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], ms);
}

/// The line thread tells its processor time once a second; waits for the next telling.
fn thread_cpu(handle: &LineHandle) -> Duration {
    let us = || {
        handle
            .shard_counters()
            .map(|(s, _)| s.cpu_us.get())
            .sum::<u64>()
    };
    Duration::from_micros(us())
}

/// Sums over all ports, in the order the table uses them.
struct Snapshot([u64; 11]);

impl Snapshot {
    fn take(handle: &LineHandle, lines: &[FakeLine]) -> Snapshot {
        let mut s = [0; 11];
        for n in 0..handle.port_count() {
            let Some(c) = handle.port_counters(PortIndex(n as u16)) else {
                continue;
            };
            let parts = [
                c.blocks.get(),
                c.missed_blocks.get(),
                0,
                0,
                0,
                c.tx_packets.get(),
                c.rx_packets.get(),
                c.rx_lost.get(),
                c.rx_late.get(),
                c.rx_concealed.get(),
                c.tx_event_packets.get(),
            ];
            s.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
        for line in lines {
            let stats = line.inner().stats;
            s[2] += stats.read_overruns;
            s[3] += stats.write_underruns;
        }
        s[4] = handle
            .shard_counters()
            .map(|(c, _)| c.late_ticks.get())
            .sum();
        Snapshot(s)
    }
}

fn percentile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(0)
}
