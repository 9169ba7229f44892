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
use crate::call::port::Port;
use crate::call::record::EndCause;
use crate::call::supervision::Set;
use crate::sccp::message::Tone;
use crate::time::Time;
use crate::types::{CallRef, CallState, Party};

/// Whoever suppresses silence is given this much longer.
const LISTENER: u32 = 5;
/// Sent all the time: this percentage of the time are filled with packets at least. Loss and the time until the far end
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
    /// Few packets have come for the time: its pauses say nothing.
    pub fn suppresses_silence(&self, ptime_ms: u32) -> bool {
        let Some(last) = self.last else {
            return true;
        };
        let span_ms = last.saturating_since(self.opened).as_millis();
        let filled_ms = u128::from(self.packets) * u128::from(ptime_ms);
        filled_ms * 100 < span_ms * u128::from(FILLED_PERCENT)
    }
}

/// The watch over a call that has lost its server.
#[derive(Debug, Default)]
pub(super) struct Preserved {
    /// When it lost it.
    since: Time,
    /// When to look again.
    due: Option<Time>,
    preserved: u64,
    silent: u64,
}

impl Preserved {
    /// A call has just lost its server. It is looked at after `limit_ms` without RTP; 0: never.
    fn watch(&mut self, now: Time, limit_ms: u32) {
        self.preserved += 1;
        self.since = now;
        if limit_ms > 0 {
            self.due = Some(now + ms(limit_ms));
        }
    }

    /// What the media side has heard. True: the call is over; otherwise it is looked at later.
    fn heard(&mut self, now: Time, heard: Heard, ptime_ms: u32, limit_ms: u32) -> bool {
        if limit_ms == 0 {
            return false;
        }
        let times = if heard.suppresses_silence(ptime_ms) {
            LISTENER
        } else {
            1
        };
        let since = heard.last.unwrap_or_default().max(self.since);
        let over_at = since + ms(limit_ms.saturating_mul(times));
        let over = over_at <= now;
        if over {
            self.silent += 1;
        } else {
            self.due = Some(over_at);
        }
        over
    }

    /// The media side is asked.
    fn looked_at(&mut self) {
        self.due = None;
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.due
    }

    /// Preserved calls so far, and those of them that fell silent.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.preserved, self.silent)
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

impl Port {
    /// The call has just lost its server.
    pub(super) fn watch_preserved(&mut self, now: Time) {
        let limit_ms = self.cfg.preserved_rtp_ms;
        self.calls.preserved().watch(now, limit_ms);
    }

    /// The preserved call that the phone is in, and its leg.
    fn preserved(&self) -> Option<(CallRef, Party)> {
        let id = self.calls.active()?;
        let preserved = self.state_of(id) == Some(CallState::Preserved);
        Some((id, self.legs.audible(id).filter(|_| preserved)?))
    }

    /// Time to look whether it still hears its far end.
    pub(super) fn look_at_preserved(&mut self) {
        self.calls.preserved().looked_at();
        if let Some((_, party)) = self.preserved() {
            self.tell_media(MediaOutput::NeedHeard { party });
        }
    }

    /// What the media side has heard.
    pub(super) fn heard_of_preserved(&mut self, now: Time, party: Party, heard: Heard) {
        let Some((id, leg)) = self.preserved() else {
            return;
        };
        if leg != party {
            return;
        }
        let ptime_ms = self.legs.ptime_ms(party).unwrap_or(20);
        let limit_ms = self.cfg.preserved_rtp_ms;
        if self.calls.preserved().heard(now, heard, ptime_ms, limit_ms) {
            self.preserved_over(now, id);
        }
    }

    fn preserved_over(&mut self, now: Time, id: CallRef) {
        self.no_longer_wanted(id);
        self.remove_call(now, id, EndCause::RtpEnded);
        if self.phone.state() != Set::Calls {
            return;
        }
        if self.calls.own() == 0 {
            self.far_hung_up(now);
        } else {
            self.supervise(now, Some(Tone::REORDER));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    /// RTP until then, with this number of packets of 20 ms.
    fn heard(last: u64, packets: u64) -> Heard {
        Heard {
            opened: at(0),
            last: Some(at(last)),
            packets,
        }
    }

    #[test]
    fn a_far_end_that_sends_all_the_time_is_gone_a_minute_after_its_last_packet() {
        let mut preserved = Preserved::default();
        preserved.watch(at(100), 60_000);
        assert_eq!(preserved.due(), Some(at(160)));
        preserved.looked_at();
        assert_eq!(preserved.due(), None);
        assert!(!preserved.heard(at(160), heard(150, 7_500), 20, 60_000));
        assert_eq!(preserved.due(), Some(at(210)));
        assert!(preserved.heard(at(210), heard(150, 7_500), 20, 60_000));
        assert_eq!(preserved.counted(), (1, 1));
    }

    #[test]
    fn whoever_suppresses_silence_or_has_sent_nothing_yet_is_given_five_times_that() {
        let nothing = Heard {
            opened: at(0),
            last: None,
            packets: 0,
        };
        for few in [heard(100, 1_000), nothing] {
            let mut preserved = Preserved::default();
            preserved.watch(at(100), 60_000);
            assert!(!preserved.heard(at(160), few, 20, 60_000));
            assert_eq!(preserved.due(), Some(at(400)));
            assert!(preserved.heard(at(400), few, 20, 60_000));
        }
    }

    #[test]
    fn a_port_that_does_not_ask_keeps_the_call() {
        let mut preserved = Preserved::default();
        preserved.watch(at(0), 0);
        assert_eq!(preserved.due(), None);
        assert!(!preserved.heard(at(9_999), heard(1, 1), 20, 0));
    }
}
