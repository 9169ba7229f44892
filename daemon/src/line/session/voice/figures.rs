//! The figures of voice, and the port's counters that have them.

use tipring_proto::rtp::{ReceiverStats, SenderStats};

use crate::line::counters::PortCounters;

/// Final or current figures of voice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoiceStats {
    /// Sent.
    pub sender: SenderStats,
    /// Received.
    pub receiver: ReceiverStats,
}

impl VoiceStats {
    /// Adds what has come since `old`, all but the lost packets, of which there may be fewer again.
    #[inline]
    pub(in crate::line::session) fn add_to(&self, port: &PortCounters, old: &VoiceStats) {
        let now = self;
        let (rx, rx_old) = (&now.receiver, &old.receiver);
        let (seq, seq_old) = (&rx.sequence, &rx_old.sequence);
        let (jit, jit_old) = (&rx.jitter, &rx_old.jitter);
        port.tx_packets.add(now.sender.packets - old.sender.packets);
        port.tx_octets.add(now.sender.octets - old.sender.octets);
        port.tx_event_packets
            .add(now.sender.event_packets - old.sender.event_packets);
        port.tx_named_events
            .add(now.sender.named_packets - old.sender.named_packets);
        port.rx_named_events
            .add(rx.named_events - rx_old.named_events);
        port.rx_packets.add(seq.received - seq_old.received);
        port.rx_octets.add(rx.octets - rx_old.octets);
        port.tx_redundant
            .add(now.sender.redundant_packets - old.sender.redundant_packets);
        port.rx_event_packets
            .add(rx.event_packets - rx_old.event_packets);
        port.rx_events_dropped
            .add(rx.events_dropped - rx_old.events_dropped);
        port.rx_redundant
            .add(rx.redundant_packets - rx_old.redundant_packets);
        port.tx_comfort
            .add(now.sender.comfort_packets - old.sender.comfort_packets);
        port.rx_comfort
            .add(rx.comfort_packets - rx_old.comfort_packets);
        port.rx_recovered.add(jit.recovered - jit_old.recovered);
        port.rx_late.add(jit.late - jit_old.late);
        port.rx_early.add(jit.early - jit_old.early);
        port.rx_gaps.add(seq.gaps - seq_old.gaps);
        port.rx_duplicates.add(seq.duplicates - seq_old.duplicates);
        port.rx_reordered.add(seq.reordered - seq_old.reordered);
        port.rx_malformed
            .add(rx.malformed + jit.refused - rx_old.malformed - jit_old.refused);
        port.rx_other_payload
            .add(rx.other_payload - rx_old.other_payload);
        port.rx_restarts.add(seq.restarts - seq_old.restarts);
        port.rx_resyncs.add(jit.resyncs - jit_old.resyncs);
        port.rx_underruns.add(jit.underruns - jit_old.underruns);
        port.rx_concealed.add(jit.concealed - jit_old.concealed);
        port.rx_stretched.add(jit.stretched - jit_old.stretched);
        port.rx_grown.add(jit.grown - jit_old.grown);
        port.rx_shrunk.add(jit.shrunk - jit_old.shrunk);
    }

    /// Shows the receive side as the port's.
    pub(in crate::line::session) fn show(&self, port: &PortCounters) {
        let rx = &self.receiver;
        port.jitter_us.set(i64::from(rx.sequence.jitter_us));
        port.jitter_target_ms.set(i64::from(rx.jitter.target_ms));
        port.jitter_delay_ms.set(i64::from(rx.jitter.delay_ms));
        port.jitter_depth_ms.set(i64::from(rx.jitter.depth_ms));
        port.jitter_held.set(i64::from(rx.jitter.held));
        port.jitter_lasts_s.set(rx.lasts_s.map_or(-1, i64::from));
        let tenths = |ppm: f32| (ppm * 10.0).round() as i64;
        port.drift_ppm_tenths
            .set(rx.drift.map_or(0, |drift| tenths(drift.ppm)));
        port.drift_error_ppm_tenths
            .set(rx.drift.map_or(-1, |drift| tenths(drift.error_ppm)));
    }
}
