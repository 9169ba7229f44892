//! What a stretch of the realtime part measured, and the table of it with what is required beside each figure.

use std::collections::BTreeMap;
use std::time::Duration;

use tipring_hal::sim::WorldStats;
use tipringd::line::{Histogram, LineHandle, PortCounters, PortIndex, ShardCounters};

use crate::far_end::{Heard, PACKET_TIME};
use crate::machine::{Cpu, MachineTime, thread_cpu};

/// A block: what a tick has to be done in.
const BLOCK_US: u64 = 10_000;
/// One-way delay that may come to block and packet time, µs: at most, and wanted.
const ADDED_US: (u64, u64) = (2000, 500);
/// Thread names of the line threads, without their number, and of the simulated card.
const LINE_THREAD: &str = "line-";
const CARD_THREAD: &str = "sim-card";

/// A counter of a port.
type Figure = fn(&PortCounters) -> u64;

const FIGURES: [Figure; 13] = [
    |c| c.blocks.get(),
    |c| c.missed_blocks.get(),
    |c| c.read_overruns.get(),
    |c| c.write_underruns.get(),
    |c| c.catch_ups.get(),
    |c| c.tx_packets.get(),
    |c| c.tx_event_packets.get(),
    |c| c.tx_errors.get(),
    |c| c.rx_packets.get(),
    |c| c.rx_lost.get(),
    |c| c.rx_late.get(),
    |c| c.rx_concealed.get(),
    |c| c.write_full.get(),
];

/// Everything that counts, at one moment.
pub(crate) struct Snapshot {
    at: Duration,
    ports: [u64; FIGURES.len()],
    late_ticks: u64,
    wakes: u64,
    times: [Times; 5],
    line_cpu: Cpu,
    card_cpu: Cpu,
    card: WorldStats,
    machine: MachineTime,
}

impl Snapshot {
    pub(crate) fn take(handle: &LineHandle, card: WorldStats) -> Snapshot {
        let mut ports = [0; FIGURES.len()];
        for n in 0..handle.port_count() {
            if let Some(counters) = handle.port_counters(PortIndex(n as u16)) {
                for (sum, figure) in ports.iter_mut().zip(FIGURES) {
                    *sum += figure(counters);
                }
            }
        }
        let sum = |figure: fn(&ShardCounters) -> u64| -> u64 {
            handle.shard_counters().map(|(c, _)| figure(c)).sum()
        };
        let mut times: [Times; 5] = std::array::from_fn(|_| Times::default());
        for (_, timing) in handle.shard_counters() {
            for (all, (_, one)) in times.iter_mut().zip(timing.all()) {
                all.add(one);
            }
        }
        Snapshot {
            at: tipring_linux::monotonic(),
            ports,
            late_ticks: sum(|c| c.late_ticks.get()),
            wakes: sum(|c| c.wakes.get()),
            times,
            line_cpu: thread_cpu(LINE_THREAD),
            card_cpu: thread_cpu(CARD_THREAD),
            card,
            machine: MachineTime::now(),
        }
    }
}

/// Prints what happened between two moments: a line for each figure, what is required of it beside it. Answers the
/// number of blocks that were missed.
pub(crate) fn print(
    before: &Snapshot,
    after: &Snapshot,
    heard: &Heard,
    talker_late: Duration,
) -> u64 {
    let d: [u64; FIGURES.len()] =
        std::array::from_fn(|n| after.ports[n].saturating_sub(before.ports[n]));
    let [
        blocks,
        missed,
        overruns,
        underruns,
        catch_ups,
        sent,
        events,
        refused,
        received,
        lost,
        late,
        concealed,
        full,
    ] = d;
    row("blocks served", blocks, "");
    row("missed blocks", missed, &goal_0(missed));
    row("overruns", overruns, &goal_0(overruns));
    row("underruns", underruns, &goal_0(underruns));
    let late_ticks = after.late_ticks.saturating_sub(before.late_ticks);
    row(
        "late ticks",
        late_ticks,
        &format!("(reported; more than one block waited, {catch_ups} ports' blocks caught up)"),
    );
    times(before, after);
    processor(before, after, blocks);
    let spacing = |share| heard.spacing_us(share);
    row(
        "RTP jitter, p50/p99/max",
        format!("{}/{}/{} us", spacing(0.5), spacing(0.99), spacing(1.0)),
        &format!(
            "(reported; how far gaps are from 20 ms; p99.9 {} us, kernel time stamps)",
            spacing(0.999)
        ),
    );
    row(
        "packets sent",
        sent,
        &format!(
            "({:.0} due; {events} of keys, {refused} refused, {} heard by the far ends, {:.0} % with talk in them)",
            blocks as f64 / 2.0,
            heard.packets,
            100.0 * heard.loud as f64 / heard.packets.max(1) as f64
        ),
    );
    row("packets received", received, "");
    row("lost on the way", lost, &goal_0(lost));
    row("too late to be played", late, "(reported)");
    row("blocks concealed", concealed, "(reported)");
    row("blocks not taken by the card", full, &goal_0(full));
    let (was, is) = (&before.card, &after.card);
    row(
        "the card's own late wakes",
        is.late_wakes.saturating_sub(was.late_wakes),
        &format!(
            "(reported; {} blocks late; since the start at most {} at once, a block took at most {} us)",
            is.late_steps.saturating_sub(was.late_steps),
            is.worst_backlog,
            is.worst_step_us
        ),
    );
    row(
        "the far ends' longest delay",
        format!("{} us", talker_late.as_micros()),
        "(reported; the bench's own thread: when it is late too, look at the machine first)",
    );
    let (busy, stolen) = after.machine.busy_and_stolen_since(before.machine);
    row(
        "machine busy with everything",
        percent(busy),
        &format!("(reported; {stolen:.2} % more taken by the hypervisor)"),
    );
    missed + overruns + underruns
}

/// What the line thread took the time of itself.
fn times(before: &Snapshot, after: &Snapshot) {
    let t: [Times; 5] = std::array::from_fn(|n| after.times[n].since(&before.times[n]));
    let [wake_late, tick, deadline, to_network, to_line] = t;
    row(
        "wake after the card's clock",
        wake_late,
        "p50/p99/max (reported)",
    );
    let longest = tick.max();
    let within = if longest < BLOCK_US { "" } else { ", not met" };
    row(
        "tick length",
        tick,
        &format!("p50/p99/max (below a block, {BLOCK_US} us{within})"),
    );
    row(
        "ticks past the next block",
        deadline.total(),
        &goal_0(deadline.total()),
    );
    let (floor, want) = ADDED_US;
    let met = |us| match us {
        us if us <= want => "",
        us if us <= floor => ", floor met",
        _ => ", not met",
    };
    row(
        "line to network",
        &to_network,
        &format!(
            "p50/p99/max, all of it added to block and packet time (p99: floor {floor} us, wanted {want} us{})",
            met(to_network.quantile(0.99))
        ),
    );
    let own = BLOCK_US + PACKET_TIME.as_micros() as u64;
    let added = to_line.quantile(0.99).saturating_sub(own);
    row(
        "network to line",
        &to_line,
        &format!(
            "p50/p99/max, with jitter buffer and wait for a block; p99 is {added} us beyond block and packet time (floor {floor} us, wanted {want} us{})",
            met(added)
        ),
    );
}

fn processor(before: &Snapshot, after: &Snapshot, blocks: u64) {
    let took = after.at.saturating_sub(before.at);
    let share = |part: Duration| 100.0 * part.as_secs_f64() / took.as_secs_f64();
    let line = after.line_cpu.since(before.line_cpu);
    // The kernel samples it, and hardly meets a thread that is rarely there.
    let kernel = if share(line.all) < 25.0 {
        String::new()
    } else {
        format!("; about {:.0} % of it in the kernel", 100.0 * line.kernel)
    };
    row(
        "processor, line thread",
        percent(share(line.all)),
        &format!(
            "(reported; of one processor; {:.1} us a port and block{kernel})",
            line.all.as_secs_f64() * 1e6 / blocks.max(1) as f64
        ),
    );
    let ms = took.as_secs_f64() * 100.0;
    let wakes = after.wakes.saturating_sub(before.wakes) as f64 / ms;
    row("wakes in 10 ms", format!("{wakes:.2}"), "(reported)");
    row(
        "processor, simulated card",
        percent(share(after.card_cpu.since(before.card_cpu).all)),
        "(reported; its thread, not part of a gateway with a real card)",
    );
}

fn percent(value: f64) -> String {
    format!("{value:.2} %")
}

/// Times of all line threads together: counts by upper bound, and the longest.
#[derive(Clone, Default)]
struct Times {
    counts: BTreeMap<u64, u64>,
    longest: u64,
}

impl Times {
    fn add(&mut self, histogram: &Histogram) {
        for (bound, count) in histogram.filled() {
            *self.counts.entry(bound).or_default() += count;
        }
        self.longest = self.longest.max(histogram.max_us());
    }

    fn since(&self, before: &Times) -> Times {
        let counts = self.counts.iter().filter_map(|(bound, now)| {
            let new = now - before.counts.get(bound).copied().unwrap_or(0);
            (new > 0).then_some((*bound, new))
        });
        Times {
            counts: counts.collect(),
            longest: self.longest,
        }
    }

    fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The longest: exact when it was in this stretch, otherwise by its bucket.
    fn max(&self) -> u64 {
        self.quantile(1.0)
    }

    /// A bound that this share of the times does not exceed, µs.
    fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.total() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bound, count) in &self.counts {
            seen += count;
            if seen >= wanted {
                return (*bound).min(self.longest);
            }
        }
        0
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| self.quantile(share));
        write!(f, "{p50}/{p99}/{max} us")
    }
}

fn row(what: &str, value: impl std::fmt::Display, required: &str) {
    let line = format!("  {what:<29}{:>21}   {required}", value.to_string());
    println!("{}", line.trim_end());
}

fn goal_0(value: u64) -> String {
    if value == 0 {
        "(goal 0)".into()
    } else {
        "(goal 0, not met)".into()
    }
}
