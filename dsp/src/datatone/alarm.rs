//! The tones of an alarm panel's receiver (Contact-ID, SIA DC-05): 1400 Hz, a pause and 2300 Hz, each 0.1 s, for the
//! handshake; 1400 Hz of 0.4 s and more for the acknowledgement. Both may be 3 % off.

use super::answer::LEAST;
use super::steady::{BLOCK, Phasor};
use tipring_types::AlarmTone;

/// Least share of a tone in its block.
const SHARE: f32 = 0.55;
/// Blocks of each part of the handshake: 0.1 s ± 5 %, its edges within a block, and a lost packet.
const PART: std::ops::RangeInclusive<u32> = 7..=13;
/// Blocks of 2300 Hz that are enough.
const SECOND: u32 = 7;
/// Blocks of 1400 Hz that acknowledge.
const LONG: u32 = 38;
/// Blocks without the tone, or with it, that interrupt nothing.
const GAP: u32 = 2;

/// What a block has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Has {
    #[default]
    Neither,
    Low,
    High,
}

/// Hears both in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlarmTones {
    /// What there is now, and for how many blocks.
    now: (Has, u32),
    /// Blocks in a row that have something else.
    other: (Has, u32),
    /// The runs before it, the last one first.
    before: [(Has, u32); 2],
    reported: bool,
}

impl AlarmTones {
    pub(crate) fn reset(&mut self) {
        *self = AlarmTones::default();
    }

    /// Nothing is remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.now.0 == Has::Neither && self.now.1 > *PART.end()
    }

    /// Takes a block of this energy, in which the tones in each eighth are `low` and `high`.
    pub(crate) fn take(
        &mut self,
        low: &[Phasor; BLOCK / 8],
        high: &[Phasor; BLOCK / 8],
        energy: f32,
    ) -> Option<AlarmTone> {
        let loud = energy >= LEAST * BLOCK as f32;
        let has = match () {
            () if loud && share(low, energy) > SHARE => Has::Low,
            () if loud && share(high, energy) > SHARE => Has::High,
            () => Has::Neither,
        };
        self.follow(has);
        let (now, blocks) = self.now;
        let heard = match now {
            Has::Low if blocks >= LONG => Some(AlarmTone::Acknowledgement),
            Has::High if blocks >= SECOND => {
                let [(pause, paused), (first, sounded)] = self.before;
                let parts = PART.contains(&paused) && PART.contains(&sounded);
                (parts && (pause, first) == (Has::Neither, Has::Low))
                    .then_some(AlarmTone::Handshake)
            }
            _ => None,
        };
        let first = heard.filter(|_| !self.reported);
        self.reported |= heard.is_some();
        first
    }

    /// One block more of the run, or of what may follow it.
    fn follow(&mut self, has: Has) {
        if has == self.now.0 {
            // What interrupted it was nothing.
            self.now.1 = self.now.1.saturating_add(1 + self.other.1);
            self.other = (Has::Neither, 0);
            return;
        }
        let blocks = if has == self.other.0 { self.other.1 } else { 0 };
        self.other = (has, blocks + 1);
        if self.other.1 > GAP {
            self.before = [self.now, self.before[0]];
            self.now = std::mem::take(&mut self.other);
            self.reported = false;
        }
    }
}

/// Share of a tone in a block, by its two halves: a tone 70 Hz off keeps two thirds.
fn share(eighths: &[Phasor; BLOCK / 8], energy: f32) -> f32 {
    let power: f32 = eighths
        .chunks(BLOCK / 16)
        .map(|half| {
            let sum = half.iter().fold(Phasor::default(), |sum, x| Phasor {
                re: sum.re + x.re,
                im: sum.im + x.im,
            });
            sum.power()
        })
        .sum();
    // Of a sine in half a block, |X|² is 20 times its energy.
    power / (BLOCK as f32 / 4.0 * energy).max(1.0)
}
