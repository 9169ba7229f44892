//! When a call that has lost its CallManager is over.
//!
//! Nobody can say any more that its far end has hung up, but its RTP ends. So the end of the RTP ends the call:
//!
//! | far end | over when no packet has come for |
//! | --- | --- |
//! | sends all the time | `PortConfig::preserved_rtp_ms` (60 s) |
//! | suppresses silence, or has not sent anything yet | five times that |
//!
//! A minute is longer than a spanning tree or a failing router takes, which may have cost the CallManager as well, and
//! it is much less than the 20 minutes of a Cisco gateway's `timer receive-rtp`, which is for calls that have a server. Whoever
//! suppresses silence may listen for long, and sends comfort noise only when that changes: this shows in how few
//! packets have come since the leg was opened. A far end that its own CallManager puts on hold without music is taken
//! for gone after the same time.

use std::time::Duration;

use crate::call::contract::MediaOutput;
use crate::call::deadlines::Deadline;
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::Tone;
use crate::time::Time;
use crate::types::{CallRef, CallState, Party};

/// Whoever suppresses silence is given so much longer.
const LISTENER: u32 = 5;
/// Sent all the time: so many percent of the time are filled with packets at least. Loss and the time until the far end
/// began are in the rest.
const FILLED_PERCENT: u64 = 70;

/// What has come on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When it was opened.
    pub opened: Time,
    /// When its last valid RTP packet came; `None`: none yet.
    pub last: Option<Time>,
    /// How many have come.
    pub packets: u64,
}

impl Heard {
    fn suppresses_silence(&self, ptime_ms: u32) -> bool {
        let Some(last) = self.last else {
            return true;
        };
        let span_ms = last.saturating_since(self.opened).as_millis();
        let filled_ms = u128::from(self.packets) * u128::from(ptime_ms);
        filled_ms * 100 < span_ms * u128::from(FILLED_PERCENT)
    }
}

impl Port {
    /// The call has just lost its server.
    pub(super) fn watch_preserved(&mut self, now: Time) {
        self.preserved_since = now;
        if self.cfg.preserved_rtp_ms > 0 {
            self.arm(now, Deadline::PreservedSilent, self.cfg.preserved_rtp_ms);
        }
    }

    /// The preserved call that the phone is in, and its leg.
    fn preserved(&self) -> Option<(CallRef, Party)> {
        let id = self.active?;
        let preserved = self.state_of(id) == Some(CallState::Preserved);
        Some((id, self.legs.audible(id).filter(|_| preserved)?))
    }

    /// Time to look whether it still hears its far end.
    pub(super) fn look_at_preserved(&mut self) {
        if let Some((_, party)) = self.preserved() {
            self.tell_media(MediaOutput::NeedHeard { party });
        }
    }

    /// What the media side has heard.
    pub(super) fn heard_of_preserved(&mut self, now: Time, party: Party, heard: Heard) {
        let Some((id, leg)) = self.preserved() else {
            return;
        };
        if leg != party || self.cfg.preserved_rtp_ms == 0 {
            return;
        }
        let ptime_ms = self.legs.get(party).map_or(20, |l| l.ptime_ms);
        let times = if heard.suppresses_silence(ptime_ms) {
            LISTENER
        } else {
            1
        };
        let limit_ms = self.cfg.preserved_rtp_ms.saturating_mul(times);
        let since = heard.last.unwrap_or_default().max(self.preserved_since);
        let over_at = since + Duration::from_millis(u64::from(limit_ms));
        if over_at > now {
            self.deadlines.arm(Deadline::PreservedSilent, over_at);
        } else {
            self.preserved_over(now, id);
        }
    }

    fn preserved_over(&mut self, now: Time, id: CallRef) {
        self.counters.preserved_silent += 1;
        self.no_longer_wanted(id);
        self.remove_call(now, id, EndCause::RtpEnded);
        if self.set.state() != Set::Calls {
            return;
        }
        if self.own_calls() == 0 {
            self.far_hung_up(now);
        } else {
            self.supervise(now, Some(Tone::REORDER));
        }
    }
}
