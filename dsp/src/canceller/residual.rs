//! What the linear part leaves: taken away when it is nothing but echo, and comfort noise put in its place.
//!
//! Owns the decision (what is left is no stronger than the filter's own model of its error, for a while), the
//! estimate of the room's noise, and noise like it. Never touches a block with near-end speech.

use super::fft::{BINS, Bins, FRAME, Fft, Frame, Spectrum};
use super::kalman::sum;

const BLOCK: usize = FRAME / 2;
/// What is left may be stronger than the model of it by this factor, and is still only echo.
const MARGIN: f32 = 4.0;
/// A short chunk may be stronger than that by this factor.
const CHUNK_MARGIN: f32 = 4.0;
/// The near end is silent for this number of samples (40 ms) before the suppressor closes: the ends of words are not cut.
const HANGOVER: usize = 320;
/// Loudest part of the echo that the laws' rounding and the hybrid's bends leave, as a power.
const LAW: f32 = 0.001;
/// The model is not believed beyond this share of the reference: before anything is known, it may be near-end speech.
const MOST: f32 = 0.03;
/// What is left of a steady tone is followed upwards by this with each block: 3 dB in 0.7 s.
const LEFT_RISES: f32 = 1.01;
/// Steps of the gain to closed and to open, for each sample: 5 ms and 1 ms.
const CLOSES: f32 = 1.0 / 40.0;
const OPENS: f32 = 1.0 / 8.0;
/// Mean square of the loudest room (-38 dBm0): what is louder and steady is a fax's or modem's signal.
const LOUDEST_ROOM: f32 = 41_300.0;
/// Blocks of the shortest stretch of which the quietest is kept (250 ms).
const STRETCH: u32 = 25;

pub(super) struct Suppressor {
    /// Expected residual as a share of the reference's power.
    share: f32,
    /// The least that was left of a steady tone, likewise.
    left_of_tone: f32,
    /// Strongest reference lately, mean square.
    loudest: f32,
    /// Mean square of what is left, over 10 ms.
    left: f32,
    /// Samples without near-end speech.
    unspoken: usize,
    /// 1 open, 0 closed.
    gain: f32,
    noise: Room,
    comfort: [f32; BLOCK],
    /// The half of the last frame that overlaps the next.
    overlap: [f32; BLOCK],
    seeds: [u32; BINS],
    window: [f32; BLOCK],
}

/// The noise of the room, from the blocks that have nothing else.
struct Room {
    power: Bins,
    /// The same as a mean square.
    level: f32,
    /// Energy of a block, smoothed.
    smooth: f32,
    /// Quietest of the stretches: the current one and those before.
    quietest: [f32; 5],
    age: u32,
    /// How well it is known: blocks taken.
    taken: u32,
}

impl Suppressor {
    pub(super) fn new() -> Suppressor {
        let half = std::f32::consts::FRAC_PI_2 / BLOCK as f32;
        Suppressor {
            share: MOST,
            left_of_tone: 0.0,
            loudest: 0.0,
            left: 0.0,
            unspoken: 0,
            gain: 1.0,
            noise: Room {
                power: Bins::ZERO,
                level: 0.0,
                smooth: 0.0,
                quietest: [f32::MAX; 5],
                age: 0,
                taken: 0,
            },
            comfort: [0.0; BLOCK],
            overlap: [0.0; BLOCK],
            seeds: std::array::from_fn(|i| (i as u32 + 1).wrapping_mul(0x9E37_79B9)),
            window: std::array::from_fn(|i| ((i as f32 + 0.5) * half).sin()),
        }
    }

    /// Another call: opens; the noise of the room is learned again.
    pub(super) fn reset(&mut self) {
        self.loudest = 0.0;
        self.unspoken = 0;
        self.gain = 1.0;
        self.noise.quietest = [f32::MAX; 5];
        self.noise.taken = 0;
        self.noise.age = 0;
    }

    /// Opens, for a while without suppression.
    pub(super) fn open(&mut self) {
        self.unspoken = 0;
        self.gain = 1.0;
    }

    /// Is there, or may there soon be, something to put in the place of echo?
    pub(super) fn wants_comfort(&self) -> bool {
        self.noise.taken > 0 && (self.gain < 1.0 || self.unspoken > 0)
    }

    /// Takes a chunk: what the line heard, the echo in it as the filter has it, and what was left. `at` is where in
    /// the block it begins.
    #[inline(always)]
    pub(super) fn take(&mut self, reference: &[f32], error: &mut [f32], at: usize) {
        let n = error.len();
        let heard = energy(reference) / n as f32;
        let left = energy(error) / n as f32;
        // Falls by 3 dB in 10 ms: an echo ends as late as its path is long.
        let share = n as f32 / BLOCK as f32;
        self.loudest = heard.max(self.loudest * (1.0 - 0.5 * share));
        self.left += share * (left - self.left);
        let echo = MARGIN * self.share * self.loudest;
        let only_echo = self.left <= echo && left <= CHUNK_MARGIN * echo;
        // The noise of the room is not near-end speech.
        let most = echo.max(MARGIN * self.noise.level);
        if only_echo || (self.left <= most && left <= CHUNK_MARGIN * most) {
            self.unspoken = self.unspoken.saturating_add(n);
        } else {
            self.unspoken = 0;
        }
        let closed = only_echo && self.unspoken >= HANGOVER;
        if !closed && self.gain >= 1.0 {
            return;
        }
        let comfort = self.comfort[at..]
            .iter()
            .copied()
            .chain(std::iter::repeat(0.0));
        for (x, noise) in error.iter_mut().zip(comfort) {
            self.gain = if closed {
                (self.gain - CLOSES).max(0.0)
            } else {
                (self.gain + OPENS).min(1.0)
            };
            *x = self.gain * *x + (1.0 - self.gain * self.gain).sqrt() * noise;
        }
    }

    /// A block is over: energies of the reference (both halves of the frame), of the echo and of what was left, and
    /// the residual that the filter expects. While the reference is a steady tone, so is what is left of it, whatever the
    /// filter expects.
    #[inline(always)]
    pub(super) fn learn(&mut self, heard: f32, echo: f32, left: f32, residual: f32, tone: bool) {
        if heard > 0.0 {
            let mut share = 2.0 * (residual + LAW * echo) / heard;
            if tone {
                let left = 2.0 * left / heard;
                self.left_of_tone = left.min(LEFT_RISES * self.left_of_tone);
                share = 2.0 * self.left_of_tone;
            } else {
                self.left_of_tone = MOST;
            }
            let share = share.min(MOST);
            // Up at once (a path has changed), down slowly.
            self.share = share.max(self.share + 0.1 * (share - self.share));
        }
    }

    /// Learns the noise of the room from a block with so little of anything else that `quiet` holds.
    #[inline(always)]
    pub(super) fn learn_noise(&mut self, error: &Spectrum, left: f32, quiet: bool) {
        let room = &mut self.noise;
        if !quiet || left > LOUDEST_ROOM * BLOCK as f32 {
            return;
        }
        room.smooth = if room.taken == 0 {
            left
        } else {
            room.smooth + 0.2 * (left - room.smooth)
        };
        room.age += 1;
        if room.age >= STRETCH {
            room.age = 0;
            room.quietest.rotate_right(1);
            room.quietest[0] = f32::MAX;
        }
        room.quietest[0] = room.quietest[0].min(room.smooth);
        let quietest = room.quietest.iter().copied().fold(f32::MAX, f32::min);
        if left > 2.5 * quietest {
            return;
        }
        // The first blocks are averaged, the later ones followed.
        room.taken = room.taken.saturating_add(1);
        let follow = (1.0 / room.taken as f32).max(0.03);
        for i in 0..BINS {
            let (x, y) = (error.re.0[i], error.im.0[i]);
            room.power.0[i] += follow * (x * x + y * y - room.power.0[i]);
        }
        room.level = sum(&room.power) / (BINS * BLOCK) as f32;
    }

    /// Makes the comfort noise of the next block: the room's spectrum with phases by chance, overlapping halves.
    #[inline(always)]
    pub(super) fn make_comfort(&mut self, fft: &Fft) {
        let mut spectrum = Spectrum::ZERO;
        for i in 0..BINS {
            let a = self.seeds[i]
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            let b = a.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.seeds[i] = b;
            // Two even chances of variance 1/3; a frame has twice the samples of an error.
            let scale = (2.0 * 1.5 * self.noise.power.0[i]).sqrt() / 2_147_483_648.0;
            spectrum.re.0[i] = a as i32 as f32 * scale;
            spectrum.im.0[i] = b as i32 as f32 * scale;
        }
        let mut frame = Frame::ZERO;
        fft.inverse(&spectrum, &mut frame);
        let (first, second) = frame.samples().split_at(BLOCK);
        for i in 0..BLOCK {
            let (rise, fall) = (self.window[i], self.window[BLOCK - 1 - i]);
            self.comfort[i] = first[i] * rise + self.overlap[i];
            self.overlap[i] = second[i] * fall;
        }
    }
}

/// Sum of squares.
#[inline(always)]
pub(super) fn energy(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut lanes = [0f32; 8];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x * x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}
