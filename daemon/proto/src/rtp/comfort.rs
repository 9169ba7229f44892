//! Silence that is not sent (RFC 3389): who decides that the phone is silent, and the noise that is played instead.
//!
//! Owns: the decision ([`Vad`]) and when a comfort noise packet goes out; the level in such a packet ([`level_byte`],
//! [`level_of`]); the noise ([`ComfortNoise`]). Promises: nothing is allocated; the same samples decide the same.
//! Leaves to others: the packets (the sender and the receiver), and whether silence may be left out at all.

/// Payload type of comfort noise at 8 kHz (RFC 3551).
pub const COMFORT_NOISE: u8 = 13;

/// Mean square of 0 dBov: a square wave at full scale.
const OVERLOAD: f32 = 32_124.0 * 32_124.0;
/// Mean square above which nothing is silence, and the noise of no room is (-43 dBm0).
const LOUDEST_ROOM: f32 = 13_000.0;
/// No room is taken for quieter (-66 dBm0).
const QUIETEST_ROOM: f32 = 65.0;
/// No noise is sent as quieter (-71 dBm0).
const QUIETEST_NOISE: f32 = 20.0;
/// So far above the room is talk (7 dB).
const TALK: f32 = 5.0;
/// Talk goes on for this time into silence, samples: 250 ms.
const HANGOVER: u32 = 2000;
/// The room's noise grows by at most 6 dB a second, and falls at once.
const RISE_PER_SAMPLE: f32 = 1.000_173;
/// Smoothing of the level that is sent, for each block of 10 ms.
const SMOOTH: f32 = 0.1;
/// A change by 3 dB is sent, no sooner than 200 ms after the last packet, and the same level again after 4 s, for the one
/// before may be lost.
const CHANGE: f32 = 2.0;
const SOONEST: u32 = 1600;
const AGAIN: u32 = 32_000;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Talk: it is sent.
    Talk,
    /// Silence: it is not; with a level, a comfort noise packet is.
    Silence {
        /// As [`level_byte`] gives it.
        level: Option<u8>,
    },
}

/// Distinguishes the talk at a phone from the noise of its room.
#[derive(Clone, Debug)]
pub struct Vad {
    /// Mean square of the room.
    room: f32,
    /// Samples that the talk goes on.
    hangover: u32,
    /// Mean square of what is not talk, smoothed.
    level: f32,
    /// Sent last, and samples since.
    sent: Option<(f32, u32)>,
}

impl Default for Vad {
    fn default() -> Vad {
        Vad {
            room: LOUDEST_ROOM,
            hangover: HANGOVER,
            level: QUIETEST_ROOM,
            sent: None,
        }
    }
}

impl Vad {
    /// Takes a block. Silence begins only where it may: not in the middle of a packet.
    pub fn judge(&mut self, samples: &[i16], may_begin: bool) -> Verdict {
        let n = samples.len().max(1);
        let energy: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
        let mean_square = energy / n as f32;
        // A block has at most seconds.
        let n = n as u32;
        let risen = self.room * (1.0 + (RISE_PER_SAMPLE - 1.0) * n as f32);
        self.room = mean_square.min(risen).clamp(QUIETEST_ROOM, LOUDEST_ROOM);
        if mean_square > TALK * self.room {
            self.hangover = HANGOVER;
            self.sent = None;
            return Verdict::Talk;
        }
        let heard = mean_square.max(QUIETEST_NOISE);
        self.level = if self.hangover == HANGOVER {
            heard
        } else {
            self.level + SMOOTH * (heard - self.level)
        };
        if self.hangover > 0 || !may_begin {
            self.hangover = self.hangover.saturating_sub(n);
            return Verdict::Talk;
        }
        let send = match &mut self.sent {
            None => true,
            Some((sent, since)) => {
                *since = since.saturating_add(n);
                let ratio = self.level.max(1.0) / sent.max(1.0);
                let other = !(1.0 / CHANGE..=CHANGE).contains(&ratio);
                *since >= AGAIN || other && *since >= SOONEST
            }
        };
        if send {
            self.sent = Some((self.level, 0));
        }
        Verdict::Silence {
            level: send.then(|| level_byte(self.level)),
        }
    }
}

/// A mean square as RFC 3389 has it: -dBov, 127 at most.
pub fn level_byte(mean_square: f32) -> u8 {
    let below = 10.0 * (OVERLOAD / mean_square.max(1e-5)).log10();
    below.round().clamp(0.0, 127.0) as u8
}

/// The mean square of a level byte.
pub fn level_of(byte: u8) -> f32 {
    OVERLOAD * 10f32.powf(-f32::from(byte & 0x7F) / 10.0)
}

/// Noise of a given level: white, as the packet says nothing of its colour.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    state: u32,
    /// Peak of the rectangular distribution now; it follows the level within some blocks.
    peak: f32,
}

impl Default for ComfortNoise {
    fn default() -> ComfortNoise {
        ComfortNoise {
            state: 0x2545_F491,
            peak: 0.0,
        }
    }
}

impl ComfortNoise {
    /// Noise of this level from now on, without a step from the one before: [`level_byte`].
    pub fn fill(&mut self, level: u8, out: &mut [i16]) {
        // A rectangular distribution up to ±p has a mean square of p²/3.
        let wanted = (3.0 * level_of(level)).sqrt();
        for sample in out {
            self.peak += 0.01 * (wanted - self.peak);
            // xorshift32
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            let chance = self.state.cast_signed() as f32 / 2f32.powi(31);
            *sample = (self.peak * chance) as i16;
        }
    }
}

#[cfg(test)]
mod tests;
