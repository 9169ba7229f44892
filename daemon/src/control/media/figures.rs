//! The figures of a media leg: its own once the line thread has handed the session back, before that what the
//! port has counted since the leg began.

use tipring_ctl::report::{RefusedSource, RtpStats};
use tipring_proto::call::LegStatistics;

use crate::line::{PortCounters, SessionStats, SessionView};

/// Whose packets a leg does not take.
pub(super) fn refused(view: &SessionView) -> Vec<RefusedSource> {
    let shown = view.refused().into_iter().map(|r| RefusedSource {
        address: r.address.to_string(),
        packets: r.packets,
    });
    shown.collect()
}

/// What the port has counted so far. `block_ms` is the length of a block.
pub(super) fn totals(c: &PortCounters, block_ms: u64) -> RtpStats {
    let known = c.drift_error_ppm_tenths.get() >= 0;
    let lasts_s = c.jitter_lasts_s.get();
    RtpStats {
        sent_packets: c.tx_packets.get(),
        sent_octets: c.tx_octets.get(),
        send_errors: c.tx_errors.get(),
        received_packets: c.rx_packets.get(),
        received_octets: c.rx_octets.get(),
        lost_packets: c.rx_lost.get(),
        late_packets: c.rx_late.get(),
        duplicate_packets: c.rx_duplicates.get(),
        reordered_packets: c.rx_reordered.get(),
        stray_packets: c.strangers.get(),
        invalid_packets: c.rx_malformed.get() + c.rx_other_payload.get(),
        overflow_packets: c.flood_dropped.get(),
        kernel_dropped_packets: c.kernel_dropped.get(),
        redundant_sent: c.tx_redundant.get(),
        redundant_received: c.rx_redundant.get(),
        recovered_packets: c.rx_recovered.get(),
        comfort_sent: c.tx_comfort.get(),
        comfort_received: c.rx_comfort.get(),
        jitter_ms: c.jitter_us.get() as f32 / 1000.0,
        buffer_ms: c.jitter_depth_ms.get() as f32,
        target_ms: c.jitter_target_ms.get() as f32,
        delay_ms: c.jitter_delay_ms.get() as f32,
        held: c.jitter_held.get() != 0,
        late_percent: percent(c.rx_late.get(), c.rx_packets.get()),
        drift_ppm: known.then_some(c.drift_ppm_tenths.get() as f32 / 10.0),
        drift_error_ppm: known.then_some(c.drift_error_ppm_tenths.get() as f32 / 10.0),
        lasts_min: (lasts_s >= 0).then_some(lasts_s as f32 / 60.0),
        concealed_ms: c.rx_concealed.get().saturating_mul(block_ms),
        buffer_adjustments: c.rx_stretched.get() + c.rx_shrunk.get(),
        stretched: c.rx_stretched.get(),
        grown: c.rx_grown.get(),
        shrunk: c.rx_shrunk.get(),
        resyncs: c.rx_resyncs.get(),
        underruns: c.rx_underruns.get(),
        events_sent: c.tx_event_packets.get(),
        events_received: c.rx_event_packets.get(),
    }
}

/// What was counted between two looks; jitter and buffer are those of `now`.
pub(super) fn between(then: &RtpStats, now: &RtpStats) -> RtpStats {
    let more = |f: fn(&RtpStats) -> u64| f(now).saturating_sub(f(then));
    let (late, received) = (more(|r| r.late_packets), more(|r| r.received_packets));
    RtpStats {
        sent_packets: more(|r| r.sent_packets),
        sent_octets: more(|r| r.sent_octets),
        send_errors: more(|r| r.send_errors),
        received_packets: more(|r| r.received_packets),
        received_octets: more(|r| r.received_octets),
        lost_packets: more(|r| r.lost_packets),
        late_packets: more(|r| r.late_packets),
        duplicate_packets: more(|r| r.duplicate_packets),
        reordered_packets: more(|r| r.reordered_packets),
        stray_packets: more(|r| r.stray_packets),
        invalid_packets: more(|r| r.invalid_packets),
        overflow_packets: more(|r| r.overflow_packets),
        kernel_dropped_packets: more(|r| r.kernel_dropped_packets),
        redundant_sent: more(|r| r.redundant_sent),
        redundant_received: more(|r| r.redundant_received),
        recovered_packets: more(|r| r.recovered_packets),
        comfort_sent: more(|r| r.comfort_sent),
        comfort_received: more(|r| r.comfort_received),
        late_percent: percent(late, received),
        concealed_ms: more(|r| r.concealed_ms),
        buffer_adjustments: more(|r| r.buffer_adjustments),
        events_sent: more(|r| r.events_sent),
        stretched: more(|r| r.stretched),
        grown: more(|r| r.grown),
        shrunk: more(|r| r.shrunk),
        resyncs: more(|r| r.resyncs),
        underruns: more(|r| r.underruns),
        events_received: more(|r| r.events_received),
        ..*now
    }
}

/// The final figures of a session: nothing is queued any more.
pub(super) fn last(s: &SessionStats, block_ms: u64) -> RtpStats {
    RtpStats {
        buffer_ms: 0.0,
        lasts_min: None,
        ..totals(&s.counters(), block_ms)
    }
}

/// The same for ConnectionStatisticsRes.
pub(super) fn for_server(r: &RtpStats) -> LegStatistics {
    LegStatistics {
        packets_sent: low(r.sent_packets),
        octets_sent: low(r.sent_octets),
        packets_received: low(r.received_packets),
        octets_received: low(r.received_octets),
        packets_lost: low(r.lost_packets),
        jitter_ms: r.jitter_ms as u32, // saturates
        ..LegStatistics::default()
    }
}

fn percent(part: u64, all: u64) -> f32 {
    if all == 0 {
        return 0.0;
    }
    100.0 * part as f32 / all as f32
}

/// SCCP counts in 32 bits, which wrap.
fn low(n: u64) -> u32 {
    (n & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_has_only_what_was_counted_since_it_began() {
        let then = RtpStats {
            sent_packets: 100,
            stray_packets: 5,
            jitter_ms: 9.0,
            ..RtpStats::default()
        };
        let now = RtpStats {
            sent_packets: 150,
            received_packets: 7,
            stray_packets: 5,
            jitter_ms: 1.5,
            ..RtpStats::default()
        };
        let leg = RtpStats {
            sent_packets: 50,
            received_packets: 7,
            jitter_ms: 1.5,
            ..RtpStats::default()
        };
        assert_eq!(between(&then, &now), leg);
    }

    #[test]
    fn figures_for_the_server_wrap_at_32_bits() {
        let sent = for_server(&RtpStats {
            sent_octets: (1 << 32) + 3,
            jitter_ms: 2.9,
            ..RtpStats::default()
        });
        assert_eq!((sent.octets_sent, sent.jitter_ms), (3, 2));
    }

    #[test]
    fn a_leg_that_is_over_has_the_figures_of_its_session_alone() {
        let mut stats: SessionStats = SessionStats::default();
        stats.body.sender.packets = 7;
        stats.body.receiver.sequence.received = 40;
        stats.body.receiver.sequence.expected = 50;
        stats.body.receiver.jitter.late = 4;
        stats.body.receiver.jitter.depth_ms = 60;
        stats.body.receiver.jitter.concealed = 3;
        let leg = last(&stats, 10);
        assert_eq!((leg.sent_packets, leg.received_packets), (7, 40));
        assert_eq!((leg.lost_packets, leg.late_percent), (10, 10.0));
        assert_eq!((leg.concealed_ms, leg.buffer_ms), (30, 0.0));
        assert_eq!((leg.drift_ppm, leg.lasts_min), (None, None));
    }
}
