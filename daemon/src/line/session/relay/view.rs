//! Figures of a relay: for the port's counters, and for control while the line thread has it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tipring_dsp::relay::RelayFigures;
use tipring_proto::t38::udptl::{Counters, Sent};

use crate::line::counters::PortCounters;

/// How many figures there are.
const FIGURES: usize = 12;

/// Figures since the relay was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayNumbers {
    /// T.38 packets sent.
    pub sent: u64,
    /// Datagrams sent: repeats counted.
    pub datagrams_sent: u64,
    /// Packets that could not be sent.
    pub refused: u64,
    /// Datagrams received.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that went on from copies or parity in later datagrams.
    pub recovered: u64,
    /// Datagrams that came too late.
    pub late: u64,
    /// Datagrams that could not be read.
    pub malformed: u64,
    /// Carriers to the line ended because nothing more came for them.
    pub given_up: u64,
    /// What passed and found no room on the way to control.
    pub unseen: u64,
    /// Rate that the machines chose last, bit/s; 0: none as yet.
    pub rate: u64,
    /// They chose error correction: 1.
    pub ecm: u64,
}

impl RelayNumbers {
    pub(super) fn of(relay: &RelayFigures, sent: &Sent, came: &Counters, unseen: u64) -> Self {
        RelayNumbers {
            sent: sent.packets,
            datagrams_sent: sent.datagrams,
            refused: sent.refused,
            received: came.received,
            lost: came.lost,
            recovered: came.recovered_by_copies + came.recovered_by_parity,
            late: came.late,
            malformed: came.malformed,
            given_up: relay.given_up,
            unseen,
            rate: u64::from(relay.rate),
            ecm: u64::from(relay.ecm),
        }
    }

    /// Adds what has come since `old` to the port's counters.
    pub(super) fn add_to(&self, port: &PortCounters, old: &RelayNumbers) {
        port.tx_t38_packets.add(self.sent - old.sent);
        port.tx_t38_datagrams
            .add(self.datagrams_sent - old.datagrams_sent);
        port.tx_t38_refused.add(self.refused - old.refused);
        port.rx_t38_datagrams.add(self.received - old.received);
        port.rx_t38_lost.add(self.lost - old.lost);
        port.rx_t38_recovered.add(self.recovered - old.recovered);
        port.rx_t38_late.add(self.late - old.late);
        port.rx_t38_malformed.add(self.malformed - old.malformed);
        port.t38_given_up.add(self.given_up - old.given_up);
        port.t38_unseen.add(self.unseen - old.unseen);
    }

    fn list(&self) -> [u64; FIGURES] {
        [
            self.sent,
            self.datagrams_sent,
            self.refused,
            self.received,
            self.lost,
            self.recovered,
            self.late,
            self.malformed,
            self.given_up,
            self.unseen,
            self.rate,
            self.ecm,
        ]
    }
}

/// The figures of a relay as control reads them at any time; one writer.
#[derive(Debug, Default)]
pub struct RelayView([AtomicU64; FIGURES]);

impl RelayView {
    pub(super) fn show(&self, numbers: &RelayNumbers) {
        for (place, number) in self.0.iter().zip(numbers.list()) {
            place.store(number, Relaxed);
        }
    }

    /// As of now.
    pub fn numbers(&self) -> RelayNumbers {
        let [
            sent,
            datagrams_sent,
            refused,
            received,
            lost,
            recovered,
            late,
            malformed,
            given_up,
            unseen,
            rate,
            ecm,
        ] = self.0.each_ref().map(|place| place.load(Relaxed));
        RelayNumbers {
            sent,
            datagrams_sent,
            refused,
            received,
            lost,
            recovered,
            late,
            malformed,
            given_up,
            unseen,
            rate,
            ecm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_reads_each_figure_in_its_place() {
        let relay = RelayFigures {
            given_up: 9,
            rate: 11,
            ecm: true,
            ..RelayFigures::default()
        };
        let sent = Sent {
            packets: 1,
            datagrams: 2,
            refused: 3,
            ..Sent::default()
        };
        let came = Counters {
            received: 4,
            lost: 5,
            recovered_by_copies: 6,
            late: 7,
            malformed: 8,
            ..Counters::default()
        };
        let numbers = RelayNumbers::of(&relay, &sent, &came, 10);
        assert_eq!(numbers.list(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1]);
        let view = RelayView::default();
        view.show(&numbers);
        assert_eq!(view.numbers(), numbers);
        let port = PortCounters::default();
        numbers.add_to(&port, &RelayNumbers::default());
        numbers.add_to(&port, &numbers);
        assert_eq!((port.tx_t38_packets.get(), port.rx_t38_late.get()), (1, 7));
    }
}
