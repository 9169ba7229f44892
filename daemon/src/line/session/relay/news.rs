//! What control is to hear of fax in a session, at a bounded rate whatever the far end sends.

use std::time::Duration;

use tipring_proto::t38::ifp::{Decoder, Version};
use tipring_proto::t38::udptl::Packet;
use tipring_proto::time::Time;

use crate::line::session::body::Taken;

/// From one report of T.38 to the next while there is no relay: two of them within a second are no accident.
const T38_EVERY: Duration = Duration::from_millis(200);
/// From one report of voice beside a relay to the next.
const VOICE_EVERY: Duration = Duration::from_secs(1);

/// Named events that control hears of in a second: a switch takes a dozen.
const NAMED: u32 = 40;
const NAMED_PER: Duration = Duration::from_secs(1);

/// What control is to hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::line) struct FaxNews {
    /// T.38 came.
    pub t38: bool,
    /// Voice came, though there is a relay.
    pub voice: bool,
}

/// What has come, and when control heard of it last.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::line::session) struct NewsDesk {
    fresh: FaxNews,
    /// The first packet of this relay has come.
    relayed: bool,
    t38: Option<Time>,
    voice: Option<Time>,
    named: Named,
}

/// Named events of the present second.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    since: Time,
    count: u32,
}

impl NewsDesk {
    /// A relay begins or ends.
    pub(super) fn forget(&mut self) {
        let named = self.named;
        *self = NewsDesk {
            named,
            ..NewsDesk::default()
        };
    }

    /// May control hear of one more named event?
    pub(super) fn named(&mut self, now: Time) -> bool {
        let named = &mut self.named;
        if now.saturating_since(named.since) >= NAMED_PER {
            *named = Named {
                since: now,
                count: 0,
            };
        }
        named.count = named.count.saturating_add(1);
        named.count <= NAMED
    }

    /// Voice beside a relay.
    pub(super) fn voice(&mut self) {
        self.fresh.voice = true;
    }

    /// T.38 for the relay: only the first is news.
    pub(super) fn t38_in_relay(&mut self) {
        self.fresh.t38 |= !std::mem::replace(&mut self.relayed, true);
    }

    /// What may be T.38, and no relay is there.
    pub(super) fn t38_unasked(&mut self, datagram: &[u8]) -> Taken {
        let readable = Packet::parse(datagram)
            .is_ok_and(|p| Decoder::new(Version::V0).decode(p.primary).is_ok());
        if !readable {
            return Taken::Malformed;
        }
        self.fresh.t38 = true;
        Taken::Ignored
    }

    /// What is due now.
    #[inline]
    pub(super) fn take(&mut self, now: Time) -> FaxNews {
        if self.fresh == FaxNews::default() {
            return self.fresh;
        }
        let due = |last: &mut Option<Time>, fresh: &mut bool, every| {
            let long_ago = last.is_none_or(|last| now.saturating_since(last) >= every);
            let due = std::mem::take(fresh) && long_ago;
            if due {
                *last = Some(now);
            }
            due
        };
        FaxNews {
            t38: due(&mut self.t38, &mut self.fresh.t38, T38_EVERY),
            voice: due(&mut self.voice, &mut self.fresh.voice, VOICE_EVERY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_reported_at_a_bounded_rate_and_a_relay_s_first_packet_once() {
        let mut desk = NewsDesk::default();
        let mut reports = 0;
        for ms in 0..1_000 {
            assert_eq!(desk.t38_unasked(&[0, 0, 1, 6, 0, 0]), Taken::Ignored);
            reports += u32::from(desk.take(Time::from_millis(ms)).t38);
        }
        assert_eq!(reports, 5);
        assert_eq!(desk.t38_unasked(&[0; 3]), Taken::Malformed);
        // A datagram whose packet says nothing.
        assert_eq!(desk.t38_unasked(&[0, 0, 1, 0xFF, 0, 0]), Taken::Malformed);
        let named = (0..1_000).filter(|ms| desk.named(Time::from_millis(*ms)));
        assert_eq!(named.count(), 40);
        assert!(desk.named(Time::from_millis(1_000)));
        desk.forget();
        let (mut t38, mut voice) = (0, 0);
        for ms in 0..3_000 {
            desk.t38_in_relay();
            desk.voice();
            let news = desk.take(Time::from_millis(ms));
            t38 += u32::from(news.t38);
            voice += u32::from(news.voice);
        }
        assert_eq!((t38, voice), (1, 3));
    }
}
