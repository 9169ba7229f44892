//! What the line thread's counters count, in words: a counter without a line here is a failing test.

use tipring_ctl::report::Counter;

const PORT: &[(&str, &str)] = &[
    ("blocks", "blocks taken from the line"),
    (
        "missed_blocks",
        "blocks a sound line did not deliver in time; media went on with silence",
    ),
    (
        "alarm_blocks",
        "blocks that passed while the line was in alarm or its card gone",
    ),
    (
        "catch_ups",
        "times more than one block was waiting: the thread came late",
    ),
    ("read_overruns", "blocks the card lost because nobody read"),
    (
        "write_underruns",
        "blocks of silence the card played because nobody wrote",
    ),
    (
        "refills",
        "times the prefill was written anew after an underrun",
    ),
    (
        "late_writes",
        "blocks not played because the card had played silence in their place",
    ),
    ("write_full", "blocks the card had no room for"),
    ("alarms", "times the line went into alarm"),
    ("removals", "times the card was gone"),
    (
        "replacements",
        "times a card took the place of another or of none",
    ),
    (
        "deaf_wakes",
        "times a descriptor that woke the thread for nothing was put aside",
    ),
    ("line_events", "events the card told"),
    ("events_held", "events that waited because control was busy"),
    (
        "reports_lost",
        "digits of the far end that were lost because control was busy",
    ),
    ("commands_refused", "commands the card refused"),
    ("digits", "keys of the set that were recognised"),
    (
        "echoed_digits",
        "keys not told: the echo of what the line was sent",
    ),
    (
        "false_mutes",
        "times the way to the network was muted for what was no key",
    ),
    (
        "echo_path_changes",
        "times the echo path was another all of a sudden",
    ),
    (
        "echo_restarts",
        "times the echo canceller had gone wrong and began anew",
    ),
    (
        "chain_events_lost",
        "events of the signal chain that nobody took",
    ),
    (
        "data_tones",
        "tones of faxes and modems heard, from either side",
    ),
    ("pass_throughs", "times a call went over to passing data"),
    ("tx_packets", "RTP packets sent"),
    ("tx_octets", "payload octets sent"),
    ("tx_event_packets", "of the packets sent, telephone-events"),
    ("tx_comfort", "of these, comfort noise"),
    (
        "tx_redundant",
        "of the packets sent, those with earlier ones in them",
    ),
    ("tx_errors", "packets the kernel did not take"),
    ("rx_packets", "RTP packets taken"),
    ("rx_octets", "payload octets taken"),
    ("rx_event_packets", "of the packets taken, telephone-events"),
    (
        "rx_events_dropped",
        "telephone-events that found no room among those waiting to be played",
    ),
    ("rx_comfort", "of these, comfort noise"),
    (
        "rx_redundant",
        "of the packets taken, those with earlier ones in them",
    ),
    (
        "rx_recovered",
        "lost packets whose sound came with a later one",
    ),
    ("rx_lost", "packets that never came"),
    ("rx_late", "packets after their time"),
    ("rx_early", "packets with a timestamp too far ahead"),
    ("rx_duplicates", "packets seen twice"),
    ("rx_reordered", "packets out of order"),
    ("rx_malformed", "datagrams that are no usable RTP"),
    (
        "rx_other_payload",
        "packets of another payload type than agreed",
    ),
    ("rx_restarts", "times the far end began a new stream"),
    (
        "rx_resyncs",
        "times the jitter buffer was set to where the stream is",
    ),
    ("rx_underruns", "times the jitter buffer ran empty"),
    ("rx_concealed", "blocks made up for missing ones"),
    ("rx_stretched", "blocks inserted to wait longer"),
    ("rx_shrunk", "blocks skipped to wait shorter"),
    ("strangers", "datagrams from sources that are not heard"),
    ("flood_dropped", "packets beyond what a block may take"),
    (
        "flood_blocks",
        "blocks in which the bound on datagrams was reached",
    ),
    (
        "floods",
        "times the kernel was set to drop a flood's datagrams",
    ),
    (
        "kernel_dropped",
        "datagrams that the kernel dropped: in a flood, or because the socket was full",
    ),
    (
        "filter_errors",
        "times the kernel refused to drop a flood's datagrams",
    ),
];

const SHARD: &[(&str, &str)] = &[
    ("ticks", "wakes in which at least one block was served"),
    ("late_ticks", "of these, with more than one block waiting"),
    ("wakes", "wakes of all kinds"),
    ("max_tick_us", "longest tick, µs"),
    ("orders", "orders of control carried out"),
    (
        "orders_held",
        "times orders waited because control was busy",
    ),
    ("poll_errors", "times waiting for work itself failed"),
    ("cpu_us", "processor time, µs"),
];

/// A counter of a port.
pub(super) fn port(counter: (&'static str, u64)) -> Counter {
    named(PORT, counter)
}

/// A counter of a line thread.
pub(super) fn shard(counter: (&'static str, u64)) -> Counter {
    named(SHARD, counter)
}

fn named(table: &[(&str, &str)], (name, value): (&str, u64)) -> Counter {
    let help = table.iter().find(|(n, _)| *n == name);
    Counter::new(
        &name.replace('_', "-"),
        value,
        help.map_or("", |(_, help)| help),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{PortCounters, ShardCounters};

    #[test]
    fn every_counter_of_the_line_side_says_what_it_counts() {
        let ports = PortCounters::default().counters();
        let shards = ShardCounters::default().counters();
        for (table, counters) in [(PORT, ports), (SHARD, shards)] {
            let shown: Vec<&str> = counters.iter().map(|(name, _)| *name).collect();
            let told: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
            assert_eq!(shown, told);
        }
    }
}
