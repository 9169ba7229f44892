//! Whether RTP that came in a leg has stopped.

use std::time::Duration;

use tipring_proto::call::Heard;
use tipring_proto::time::Time;
use tipring_proto::types::Party;

use super::MediaDesk;

impl MediaDesk {
    /// How long nothing has come in a leg in which something came before. None: nothing has come at all, or the far end need
    /// not send all the time: it suppresses silence, or fax and modem data pass.
    pub(in crate::control) fn silence(&self, now: Time, party: Party) -> Option<Duration> {
        let leg = self.open.iter().find(|leg| leg.party == party)?;
        let last = leg.view.last_packet()?;
        let figures = self.figures(leg);
        let heard = Heard {
            opened: leg.opened,
            last: Some(last),
            packets: figures.received_packets,
        };
        let data = leg.data.is_data() || leg.fax.is_relay();
        let may_be_silent =
            data || figures.comfort_received > 0 || heard.suppresses_silence(leg.ptime_ms);
        (!may_be_silent).then(|| now.saturating_since(last))
    }
}
