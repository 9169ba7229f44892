//! Whether RTP that came in a leg has stopped.

use std::time::Duration;

use tipring_proto::call::Heard;
use tipring_proto::time::Time;
use tipring_proto::types::Party;
use tipring_types::trace::LegMode;

use super::{Doing, Leg, MediaDesk, one};
use crate::line::LineOrder;

/// A far end that is not known to send all the time is silent for longer before it counts.
const DOUBTED: Duration = Duration::from_secs(10);
/// Packets after which a far end that left no gap is known to send all the time.
const KNOWN_AFTER: u64 = 500;
/// They fill this percentage of the time.
const KNOWN_PERCENT: u128 = 95;

impl MediaDesk {
    /// How long nothing has come in a leg in which something came before. None: nothing has come at all, nothing is sent
    /// either (hold), or the far end need not send all the time: it suppresses silence, or fax and modem data pass.
    pub(in crate::control) fn silence(&self, now: Time, party: Party) -> Option<Duration> {
        let leg = self.open.iter().find(|leg| leg.party == party)?;
        self.silence_of(now, leg)
    }

    fn silence_of(&self, now: Time, leg: &Leg) -> Option<Duration> {
        let last = leg.view.last_packet()?;
        let begun = leg.sending?;
        let figures = self.figures(leg);
        let heard = Heard {
            opened: leg.opened,
            last: Some(last),
            packets: figures.received_packets,
        };
        let data = leg.data.is_data() || leg.fax.mode() != LegMode::Voice;
        let may_be_silent =
            data || figures.comfort_received > 0 || heard.suppresses_silence(leg.ptime_ms);
        let silent = now.saturating_since(last.max(begun));
        let reported = silent >= DOUBTED || sends_all_the_time(&heard, leg.ptime_ms);
        (!may_be_silent && reported).then_some(silent)
    }

    /// Since when a leg sends; none: it does not.
    pub(in crate::control) fn sending(&self, now: Time, party: Party) -> Option<Duration> {
        let leg = self.open.iter().find(|leg| leg.party == party)?;
        leg.sending.map(|since| now.saturating_since(since))
    }

    /// The silence that a report shows of a leg: of one that sends, until now, else until it was closed or put on hold.
    pub(super) fn silent_ms(&self, now: Time, leg: &Leg) -> Option<u64> {
        let silent = match leg.sending {
            Some(_) => self.silence_of(now, leg),
            None => leg.silent,
        };
        silent.map(|silent| u64::try_from(silent.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn stop_send(&mut self, now: Time, party: Party) -> Doing {
        let silent = self.silence(now, party);
        let leg = self.open.iter_mut().find(|leg| leg.party == party);
        leg.map(|leg| {
            if leg.sending.is_some() {
                leg.silent = silent;
            }
            leg.sending = None;
            one(LineOrder::StopSend { session: leg.id })
        })
        .unwrap_or_default()
    }
}

fn sends_all_the_time(heard: &Heard, ptime_ms: u32) -> bool {
    let Some(last) = heard.last else {
        return false;
    };
    let span_ms = last.saturating_since(heard.opened).as_millis();
    let filled_ms = u128::from(heard.packets) * u128::from(ptime_ms);
    heard.packets >= KNOWN_AFTER && filled_ms * 100 >= span_ms * KNOWN_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_end_is_known_to_send_all_the_time_by_many_packets_without_a_gap() {
        let known = |packets: u64, span_ms: u64| {
            let heard = Heard {
                opened: Time::from_millis(1000),
                last: Some(Time::from_millis(1000 + span_ms)),
                packets,
            };
            sends_all_the_time(&heard, 20)
        };
        assert!(known(500, 10_000));
        assert!(!known(499, 9980), "too few");
        assert!(!known(500, 12_000), "gaps");
    }
}
