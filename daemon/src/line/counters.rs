//! What the line thread counts, readable by control at any time without a lock.
//!
//! Each value has one writer (the line thread), so an addition is a load and a store, not a locked operation.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// A number that only grows. One writer.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The value now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn add(&self, n: u64) {
        if n > 0 {
            self.0.store(self.get().wrapping_add(n), Relaxed);
        }
    }

    pub(super) fn raise_to(&self, n: u64) {
        if n > self.get() {
            self.0.store(n, Relaxed);
        }
    }
}

/// A value that goes up and down. One writer.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// The value now.
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }

    pub(super) fn set(&self, n: i64) {
        self.0.store(n, Relaxed);
    }
}

/// What a counter is called, in which unit it counts, and what it counts, for JSON, metrics and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// As here, with underscores.
    pub name: &'static str,
    /// What one is.
    pub unit: &'static str,
    /// In words.
    pub help: &'static str,
}

macro_rules! figures {
    ($(#[$outer:meta])* $name:ident {
        counters { $($counter:ident: $unit:literal, $help:literal,)* }
        gauges { $($(#[$g:meta])* $gauge:ident,)* }
    }) => {
        $(#[$outer])*
        #[derive(Debug, Default)]
        pub struct $name {
            $(#[doc = $help] pub $counter: Counter,)*
            $($(#[$g])* pub $gauge: Gauge,)*
        }

        impl $name {
            /// Every counter with its name, unit and help, in a fixed order: nothing counted stays unshown.
            pub fn counters(&self) -> Vec<(Figure, u64)> {
                vec![$((
                    Figure { name: stringify!($counter), unit: $unit, help: $help },
                    self.$counter.get(),
                ),)*]
            }

            /// Every gauge by its name, in a fixed order.
            pub fn gauges(&self) -> Vec<(&'static str, i64)> {
                vec![$((stringify!($gauge), self.$gauge.get()),)*]
            }
        }
    };
}

figures! {
    /// Figures of one port. RTP figures are summed over its sessions.
    PortCounters {
        counters {
            blocks: "blocks", "blocks taken from the line",
            missed_blocks: "blocks", "blocks a working line did not deliver in time; media went on with silence",
            alarm_blocks: "blocks", "blocks that passed while the line had a fault or its card was gone",
            catch_ups: "times", "times more than one block was waiting: the thread came late",
            read_overruns: "blocks", "blocks the card lost because nobody read",
            write_underruns: "blocks", "blocks of silence the card played because nobody wrote",
            refills: "times", "times the prefill was written again, after an underrun or a fault",
            late_writes: "blocks", "blocks not played because the card had played silence in their place",
            write_full: "blocks", "blocks the card had no room for",
            alarms: "times", "times the line went into alarm",
            removals: "times", "times the card was gone",
            replacements: "times", "times a card took the place of another or of none",
            deaf_wakes: "times", "times a descriptor that woke the thread for nothing was set aside",
            line_events: "events", "events that the card reported",
            events_held: "events", "events that waited because the control task was busy",
            reports_lost: "digits", "digits of the far end lost because the control task was busy",
            commands_refused: "commands", "commands the card refused",
            digits: "digits", "tones recognised as keys of the phone; not all are accepted as digits",
            echoed_digits: "digits", "keys not reported: the echo of what the line was sent",
            false_mutes: "times", "times the way to the network was muted for what was no key",
            echo_path_changes: "times", "sudden changes of the echo path",
            echo_restarts: "times", "times the echo canceller diverged and was reset",
            chain_events_lost: "events", "events of the signal chain that nobody took",
            data_tones: "tones", "fax and modem tones detected, from either side",
            pass_throughs: "times", "times a call was switched to pass-through for fax and modem data",
            redundancy_changes: "times", "times the number of earlier packets sent again was changed for the loss seen",
            redundancy_orders_lost: "orders", "orders to change the number of earlier packets sent again that a busy line thread had no room for; each is given once again",
            relays: "times", "times a call was switched to fax relay (T.38)",
            tx_t38_packets: "packets", "T.38 packets sent",
            tx_t38_datagrams: "datagrams", "T.38 datagrams sent, those that go again counted",
            tx_t38_refused: "packets", "T.38 packets not sent: longer than the far end takes (t38-max-datagram), or not in the words of its version",
            rx_t38_datagrams: "datagrams", "T.38 datagrams taken",
            rx_t38_lost: "packets", "T.38 packets that never came",
            rx_t38_recovered: "packets", "lost T.38 packets that were in later datagrams",
            rx_t38_late: "datagrams", "T.38 datagrams after their time",
            rx_t38_malformed: "datagrams", "T.38 datagrams that cannot be read",
            t38_given_up: "carriers", "fax carriers to the line ended early because no more packets came for them",
            t38_unseen: "signals", "fax signals not shown because the control task was busy",
            tx_packets: "packets", "RTP packets sent",
            tx_octets: "octets", "payload octets sent",
            tx_event_packets: "packets", "of the packets sent, telephone-events",
            tx_named_events: "packets", "of the packets sent, named signalling events (NSE)",
            tx_comfort: "packets", "of the packets sent, comfort noise",
            tx_redundant: "packets", "of the packets sent, those with earlier ones in them",
            tx_errors: "packets", "packets the kernel did not take",
            rx_packets: "packets", "RTP packets taken",
            rx_octets: "octets", "payload octets taken",
            rx_event_packets: "packets", "of the packets taken, telephone-events",
            rx_events_dropped: "events", "telephone-events dropped because the queue of those to be played was full",
            rx_named_events: "packets", "of the packets taken, named signalling events (NSE)",
            nse_conflicts: "times", "times a call had no named signalling events, for their payload type was another one's in it",
            named_events_dropped: "events", "named signalling events not heeded: more than 40 came in a second",
            rx_comfort: "packets", "of the packets taken, comfort noise",
            rx_redundant: "packets", "of the packets taken, those with earlier ones in them",
            rx_recovered: "packets", "lost packets whose sound came with a later one",
            rx_lost: "packets", "packets that never came",
            rx_gaps: "times", "times one or more packets in a row were missing when a later one came",
            rx_late: "packets", "packets after their time",
            rx_early: "packets", "packets with a timestamp too far ahead",
            rx_duplicates: "packets", "duplicate packets",
            rx_reordered: "packets", "packets out of order",
            rx_malformed: "datagrams", "datagrams that are no usable RTP",
            rx_other_payload: "packets", "packets of another payload type than agreed",
            rx_restarts: "times", "times the far end began a new stream",
            rx_resyncs: "times", "times the jitter buffer was resynchronised to the stream",
            rx_underruns: "times", "underruns of the jitter buffer",
            rx_concealed: "blocks", "blocks concealed: played in place of missing ones",
            rx_stretched: "blocks", "blocks inserted to make the playout delay longer",
            rx_grown: "blocks", "of the blocks inserted, those to reach the fixed delay of faxes and modems",
            rx_shrunk: "blocks", "blocks skipped to make the playout delay shorter",
            strangers: "datagrams", "datagrams from unexpected sources",
            flood_dropped: "packets", "packets beyond what a block may take",
            flood_blocks: "blocks", "blocks in which the bound on datagrams was reached",
            floods: "times", "times the kernel was set to drop a flood's datagrams",
            kernel_dropped: "datagrams", "datagrams that the kernel dropped: in a flood, or because the socket was full",
            filter_errors: "times", "times the kernel refused to drop a flood's datagrams",
        }
        gauges {
            /// Interarrival jitter, µs (RFC 3550).
            jitter_us,
            /// Delay the jitter buffer aims at, ms.
            jitter_target_ms,
            /// Delay the jitter buffer has beyond the fastest packets, ms.
            jitter_delay_ms,
            /// 1 while the jitter buffer is held fixed for fax and modem calls.
            jitter_held,
            /// Seconds that a held jitter buffer lasts at this drift; -1 for long, or unknown.
            jitter_lasts_s,
            /// How fast the far clock runs against the card's, tenths of a ppm.
            drift_ppm_tenths,
            /// Within what, tenths of a ppm; -1 unknown.
            drift_error_ppm_tenths,
            /// Audio waiting in the jitter buffer, ms.
            jitter_depth_ms,
            /// Level from the line, tenths of a dBm0.
            rx_dbm0_tenths,
            /// Peak from the line, tenths of a dBm0.
            rx_peak_dbm0_tenths,
            /// Level towards the line, tenths of a dBm0.
            tx_dbm0_tenths,
            /// Peak towards the line, tenths of a dBm0.
            tx_peak_dbm0_tenths,
            /// The echo canceller: 0 none, 1 learning, 2 knows the path, 3 stands aside for a modem.
            echo_state,
            /// Loss of the echo path, tenths of a dB; -1 unknown.
            erl_db_tenths,
            /// What the canceller takes away beyond that, tenths of a dB; -1 unknown.
            erle_db_tenths,
            /// 1 while the call passes data.
            pass_through,
            /// Media sessions of the port.
            sessions,
            /// 1 while the loop is closed.
            off_hook,
            /// 1 while the card says that the port is down.
            down,
        }
    }
}

figures! {
    /// Figures of one line thread.
    ShardCounters {
        counters {
            ticks: "wakes", "wakes in which at least one block was served",
            late_ticks: "wakes", "of these, with more than one block waiting",
            wakes: "wakes", "wakes of all kinds",
            max_tick_us: "microseconds", "longest tick",
            orders: "orders", "orders of the control task carried out",
            orders_held: "times", "times orders waited because the control task was busy",
            poll_errors: "times", "times waiting for work itself failed",
            cpu_us: "microseconds", "processor time",
        }
        gauges {
            /// 1 when the thread runs under SCHED_FIFO.
            realtime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_listed_by_name() {
        let c = PortCounters::default();
        c.rx_lost.add(3);
        c.jitter_us.set(-1);
        let counters = c.counters();
        let lost = counters.iter().find(|(figure, _)| figure.name == "rx_lost");
        assert_eq!(lost.map(|(_, value)| *value), Some(3));
        assert!(c.gauges().contains(&("jitter_us", -1)));
    }

    #[test]
    fn every_counter_has_a_unit_and_says_what_it_counts() {
        let (port, shard) = (PortCounters::default(), ShardCounters::default());
        for (figure, value) in [port.counters(), shard.counters()].concat() {
            assert_eq!(value, 0);
            assert!(figure.help.len() > 5, "{figure:?}");
            assert!(
                figure.unit.chars().all(|c| c.is_ascii_lowercase()),
                "{figure:?}"
            );
        }
    }
}
