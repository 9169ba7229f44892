//! When a media leg passes data instead of voice.
//!
//! Owns: what a leg passes ([`PassThrough`]), which tones change that, and what ends it ([`Signals`]: a fax that is carried as voice). Promises: no I/O and no clock; the same
//! tones always decide the same. Leaves to others: hearing the tones, and what passing data is (the jitter buffer is held
//! still, nothing is suppressed, muted or left out).
//!
//! The rule: the first tone of a fax or a modem, from whichever side, makes a leg pass data; only CNG has to come twice
//! at its distance, for a note of music is like one of it, and whatever answers a fax says more before the second. A key
//! that is heard at the port of a phone for people makes it voice again: music took in the receivers, and somebody dials.
//! The echo canceller has a rule of its own beside it (G.168: off on an answer tone with phase reversals, on again after silence or for V.21).
//! Voice returns when both sides were silent for [`SILENCE_MS`]: longer than the longest pause of a fax that still
//! works (T.30: T2 is 6 s, and a fax that waits longer sends CNG or flags meanwhile), shorter than anybody waits who
//! has taken the handset of a fax. A new leg begins with voice.

mod signals;

use std::time::Duration;

pub use signals::Signals;

use crate::time::Time;
use crate::types::DataTone;

/// A silence of both sides of this length ends a call's data, ms.
pub const SILENCE_MS: u32 = 10_000;
/// From one CNG to the next (T.30: 0.5 s ± 15 % on, 3 s ± 15 % off), with room for a lost one's detection.
const CNG_EVERY: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(2_500)..=Duration::from_millis(4_500);

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Data from now on; report when both sides have been silent for this time, ms.
    Data {
        /// How long.
        silence_ms: u32,
    },
    /// Voice again.
    Voice,
    /// A fax or a modem begins in a leg that is not to pass data: it is listened to, and carried as voice.
    AsVoice,
}

/// What a leg passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassThrough {
    /// Voice.
    #[default]
    Voice,
    /// A fax or a modem, which is carried as voice: it is listened to, and nothing is changed for it.
    AsVoice,
    /// Data: no canceller, a fixed delay.
    Data,
}

impl PassThrough {
    /// Does it pass data without change?
    pub fn is_data(self) -> bool {
        self == PassThrough::Data
    }

    /// Is there data, however it is carried?
    pub fn has_data(self) -> bool {
        self != PassThrough::Voice
    }

    /// A fax or a modem has begun; `unchanged`: it is not to be carried as voice. True: that is new. What passes without change
    /// is not made voice by it.
    pub fn begin(&mut self, unchanged: bool) -> bool {
        let before = *self;
        *self = match (before, unchanged) {
            (PassThrough::Data, _) | (_, true) => PassThrough::Data,
            (PassThrough::Voice | PassThrough::AsVoice, false) => PassThrough::AsVoice,
        };
        *self != before
    }

    /// It is over. What it was.
    pub fn end(&mut self) -> PassThrough {
        std::mem::take(self)
    }
}

/// What tones and keys make of one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegTones {
    wanted: bool,
    unattended: bool,
    is: PassThrough,
    /// When CNG was last heard.
    called: Option<Time>,
}

impl LegTones {
    /// A leg with voice. `wanted`: tones make it pass data (`fax-pass-through`). `unattended`: no person dials at its phone.
    pub fn new(wanted: bool, unattended: bool) -> LegTones {
        LegTones {
            wanted,
            unattended,
            is: PassThrough::Voice,
            called: None,
        }
    }

    /// Does it pass data now?
    pub fn is_data(&self) -> bool {
        self.is.is_data()
    }

    /// A tone was heard in it.
    pub fn heard(&mut self, now: Time, tone: DataTone) -> Option<Change> {
        if tone == DataTone::Cng {
            let before = self.called.replace(now);
            let again =
                before.is_some_and(|before| CNG_EVERY.contains(&now.saturating_since(before)));
            if !again {
                return None;
            }
        }
        self.is.begin(self.wanted).then_some(match self.wanted {
            true => Change::Data {
                silence_ms: SILENCE_MS,
            },
            false => Change::AsVoice,
        })
    }

    /// The phone pressed a key.
    pub fn key(&mut self) -> Option<Change> {
        let any = !self.unattended && self.is.has_data();
        any.then(|| self.over()).map(|_| Change::Voice)
    }

    /// What it passed is over: both sides have been silent for the time that was asked for, or nothing of a fax was heard for
    /// that time. What was carried as voice changes nothing by its end.
    pub fn over(&mut self) -> Option<Change> {
        self.called = None;
        self.is.end().is_data().then_some(Change::Voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_duration(Duration::from_millis(ms))
    }

    const DATA: Option<Change> = Some(Change::Data {
        silence_ms: SILENCE_MS,
    });

    #[test]
    fn the_first_tone_makes_data_and_silence_makes_voice_again() {
        let mut leg = LegTones::new(true, false);
        assert_eq!(leg.over(), None);
        for first in [
            DataTone::Ced,
            DataTone::AnsPr,
            DataTone::AnsAm,
            DataTone::AnsAmPr,
            DataTone::V21Preamble,
            DataTone::V22,
        ] {
            assert_eq!(leg.heard(at(0), first), DATA, "{first}");
            assert!(leg.is_data());
            assert_eq!(leg.heard(at(500), DataTone::V21Preamble), None);
            assert_eq!(leg.over(), Some(Change::Voice));
            assert_eq!(leg.over(), None);
        }
    }

    #[test]
    fn a_leg_passes_one_of_three_things_and_data_is_not_made_voice_by_a_tone() {
        use PassThrough::{AsVoice, Data, Voice};
        for (before, unchanged, after) in [
            (Voice, false, AsVoice),
            (Voice, true, Data),
            (AsVoice, false, AsVoice),
            (AsVoice, true, Data),
            (Data, false, Data),
            (Data, true, Data),
        ] {
            let mut is = before;
            assert_eq!(is.begin(unchanged), before != after, "{before:?}");
            assert_eq!(is, after, "{before:?} {unchanged}");
            assert_eq!((is.is_data(), is.has_data()), (after == Data, true));
            assert_eq!((is.end(), is), (after, Voice));
            assert!(!is.has_data());
        }
    }

    #[test]
    fn cng_has_to_come_twice_at_its_distance() {
        let mut leg = LegTones::new(true, false);
        // Notes of music.
        for ms in [0, 700, 1_500, 9_000] {
            assert_eq!(leg.heard(at(ms), DataTone::Cng), None, "{ms} ms");
        }
        assert_eq!(leg.heard(at(12_500), DataTone::Cng), DATA);
        assert_eq!(leg.heard(at(16_000), DataTone::Cng), None);
        assert!(leg.is_data());
    }

    #[test]
    fn a_key_makes_voice_again_where_people_dial_only() {
        for (unattended, voice) in [(false, Some(Change::Voice)), (true, None)] {
            let mut leg = LegTones::new(true, unattended);
            assert_eq!(leg.key(), None);
            assert_eq!(leg.heard(at(0), DataTone::Ced), DATA);
            assert_eq!(leg.key(), voice);
            assert_eq!(leg.is_data(), unattended);
        }
    }

    #[test]
    fn a_leg_that_is_not_to_pass_data_does_not() {
        let mut leg = LegTones::new(false, false);
        assert_eq!(leg.heard(at(0), DataTone::Ced), Some(Change::AsVoice));
        assert_eq!(leg.heard(at(500), DataTone::V21Preamble), None);
        assert!(!leg.is_data());
        // A person: what comes after it is another fax, for which one CNG is as little as for the first.
        assert_eq!(leg.key(), Some(Change::Voice));
        assert_eq!(leg.key(), None);
        assert_eq!(leg.heard(at(9_000), DataTone::Ced), Some(Change::AsVoice));
        assert_eq!(leg.heard(at(12_000), DataTone::Cng), None);
        assert_eq!(leg.over(), None, "nothing changes");
        assert_eq!(leg.heard(at(15_500), DataTone::Cng), None);
        assert_eq!(leg.heard(at(19_000), DataTone::Cng), Some(Change::AsVoice));
    }
}
