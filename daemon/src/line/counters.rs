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

    pub(super) fn add(&self, n: u64) {
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

macro_rules! figures {
    ($(#[$outer:meta])* $name:ident { counters { $($(#[$c:meta])* $counter:ident,)* } gauges { $($(#[$g:meta])* $gauge:ident,)* } }) => {
        $(#[$outer])*
        #[derive(Debug, Default)]
        pub struct $name {
            $($(#[$c])* pub $counter: Counter,)*
            $($(#[$g])* pub $gauge: Gauge,)*
        }

        impl $name {
            /// Every counter by its name, in a fixed order: nothing counted stays unshown.
            pub fn counters(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($counter), self.$counter.get()),)*]
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
            /// Blocks taken from the line.
            blocks,
            /// Blocks that a sound line did not deliver in time; the media went on with silence.
            missed_blocks,
            /// Blocks that passed while the line was in alarm or its card gone; the media went on with silence.
            alarm_blocks,
            /// Times more than one block was waiting: this thread came late.
            catch_ups,
            /// Blocks the card lost because nobody read (the card's count).
            read_overruns,
            /// Blocks of silence the card played because nobody wrote (the card's count).
            write_underruns,
            /// Times the prefill was written anew after an underrun.
            refills,
            /// Blocks of the network that were not played because the card had played silence in their place.
            late_writes,
            /// Blocks the card did not take because it had no room.
            write_full,
            /// Times the line went into alarm.
            alarms,
            /// Times the card was gone.
            removals,
            /// Times a card was put in the place of another, or of none.
            replacements,
            /// Times a descriptor that woke the thread for nothing was put aside, to be looked at by the timer.
            deaf_wakes,
            /// Events the card told.
            line_events,
            /// Events that had to wait because the ring to control was full.
            events_held,
            /// Reports lost because the ring to control was full (digits of the far end only).
            reports_lost,
            /// Commands the card refused.
            commands_refused,
            /// Keys of the set that were recognised.
            digits,
            /// Keys not told because they were the echo of what the line was sent.
            echoed_digits,
            /// Times the way to the network was muted for what turned out to be no key.
            false_mutes,
            /// Times the echo path was another all of a sudden.
            echo_path_changes,
            /// Times the echo canceller had gone wrong and began anew.
            echo_restarts,
            /// Events of the signal chain lost because nobody took them.
            chain_events_lost,
            /// Tones of faxes and modems that were heard, from either side.
            data_tones,
            /// Times a call went over to passing data.
            pass_throughs,
            /// RTP packets sent, events included.
            tx_packets,
            /// Payload octets sent.
            tx_octets,
            /// Of the packets sent, telephone-events.
            tx_event_packets,
            /// Of the packets sent, comfort noise.
            tx_comfort,
            /// Of the packets sent, those with earlier ones in them.
            tx_redundant,
            /// Packets the kernel did not take.
            tx_errors,
            /// RTP packets taken, events included.
            rx_packets,
            /// Payload octets taken.
            rx_octets,
            /// Of the packets taken, telephone-events.
            rx_event_packets,
            /// Telephone-events that found no room among those waiting to be played.
            rx_events_dropped,
            /// Of the packets taken, comfort noise.
            rx_comfort,
            /// Of the packets taken, those with earlier ones in them.
            rx_redundant,
            /// Lost or late packets whose sound came with a later one.
            rx_recovered,
            /// Packets that never came.
            rx_lost,
            /// Packets after their time.
            rx_late,
            /// Packets with a timestamp too far ahead.
            rx_early,
            /// Packets seen twice.
            rx_duplicates,
            /// Packets out of order.
            rx_reordered,
            /// Datagrams that are no RTP packet, or one that cannot be used.
            rx_malformed,
            /// Packets of a payload type that is not ours.
            rx_other_payload,
            /// The far end began anew (source or sequence).
            rx_restarts,
            /// The jitter buffer was set anew to where the stream is.
            rx_resyncs,
            /// The jitter buffer ran empty.
            rx_underruns,
            /// Blocks made up for missing ones.
            rx_concealed,
            /// Blocks inserted to wait longer.
            rx_stretched,
            /// Blocks skipped to wait shorter.
            rx_shrunk,
            /// Datagrams of sources that are not heard.
            strangers,
            /// Packets of the far end beyond what a block may take.
            flood_dropped,
            /// Blocks in which the bound on datagrams was reached.
            flood_blocks,
            /// Times the kernel was set to drop a flood's datagrams.
            floods,
            /// Datagrams that the kernel dropped: in a flood, or because the socket was full.
            kernel_dropped,
            /// Times the kernel refused to drop a flood's datagrams.
            filter_errors,
        }
        gauges {
            /// Interarrival jitter, µs (RFC 3550).
            jitter_us,
            /// Delay the jitter buffer aims at, ms.
            jitter_target_ms,
            /// Delay the jitter buffer has beyond the fastest packets, ms.
            jitter_delay_ms,
            /// 1 while the jitter buffer is held still for machines.
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
            /// Wakes in which at least one block was served.
            ticks,
            /// Of these, with more than one block waiting on a port.
            late_ticks,
            /// Wakes of all kinds.
            wakes,
            /// Longest tick, µs.
            max_tick_us,
            /// Orders taken.
            orders,
            /// Times orders had to wait because the ring to control was full.
            orders_held,
            /// Times the poll itself failed.
            poll_errors,
            /// Processor time of the thread, µs; updated once a second.
            cpu_us,
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
        assert!(c.counters().contains(&("rx_lost", 3)));
        assert!(c.gauges().contains(&("jitter_us", -1)));
    }
}
