//! What a stretch of the realtime part measured, and the table of it with what is required beside each figure.

use std::time::Duration;

use tipring_hal::sim::WorldStats;
use tipringd::line::{LineHandle, PortCounters, PortIndex, TICK_BUCKETS};

use crate::far_end::Heard;
use crate::machine::{MachineTime, thread_cpu};

/// A block: what a tick has to be done in.
const BLOCK_US: u64 = 10_000;
/// Thread names of the first (and only) line thread and of the simulated card.
const LINE_THREAD: &str = "line-0";
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
    longest_tick_us: u64,
    ticks: [(u64, u64); TICK_BUCKETS],
    line_cpu: Duration,
    card_cpu: Duration,
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
        let shard = handle.shard_counters().next();
        Snapshot {
            at: tipring_linux::monotonic(),
            ports,
            late_ticks: shard.map_or(0, |(c, _)| c.late_ticks.get()),
            longest_tick_us: shard.map_or(0, |(c, _)| c.max_tick_us.get()),
            ticks: shard.map_or([(0, 0); TICK_BUCKETS], |(_, h)| h.buckets()),
            line_cpu: thread_cpu(LINE_THREAD),
            card_cpu: thread_cpu(CARD_THREAD),
            card,
            machine: MachineTime::now(),
        }
    }
}

/// Prints what happened between two moments: a line for each figure, what is required of it beside it.
pub(crate) fn print(before: &Snapshot, after: &Snapshot, heard: &Heard, talker_late: Duration) {
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
    let took = after.at.saturating_sub(before.at).as_secs_f64();
    let share = |after: Duration, before: Duration| {
        100.0 * after.saturating_sub(before).as_secs_f64() / took
    };
    let percent = |value: f64| format!("{value:.2} %");
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
    let longest = after.longest_tick_us;
    let within = if longest < BLOCK_US { "" } else { ", not met" };
    row(
        "longest tick",
        format!("{longest} us"),
        &format!("(below a block, {BLOCK_US} us{within}; since the start)"),
    );
    row("tick length", tick_lengths(before, after), "");
    row(
        "processor, line thread",
        percent(share(after.line_cpu, before.line_cpu)),
        "(reported; of one processor)",
    );
    row(
        "processor, simulated card",
        percent(share(after.card_cpu, before.card_cpu)),
        "(reported; its thread, not part of a gateway with a real card)",
    );
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
    row("blocks made up", concealed, "(reported)");
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
}

fn row(what: &str, value: impl std::fmt::Display, required: &str) {
    let line = format!("  {what:<30}{:>16}   {required}", value.to_string());
    println!("{}", line.trim_end());
}

fn goal_0(value: u64) -> String {
    if value == 0 {
        "(goal 0)".into()
    } else {
        "(goal 0, not met)".into()
    }
}

/// Ticks by length, empty lengths left out.
fn tick_lengths(before: &Snapshot, after: &Snapshot) -> String {
    let lengths: Vec<String> = after
        .ticks
        .iter()
        .zip(&before.ticks)
        .map(|((bound, now), (_, then))| (*bound, now.saturating_sub(*then)))
        .filter(|(_, count)| *count > 0)
        .map(|(bound, count)| match bound {
            u64::MAX => format!("more: {count}"),
            _ => format!("<={bound} us: {count}"),
        })
        .collect();
    lengths.join("  ")
}
