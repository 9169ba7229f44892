//! Plays a tone program, sample by sample, without allocating.

use std::sync::LazyLock;

use super::{FOREVER, MAX_SEGMENTS, MAX_TONES, Over, ToneProgram, ToneSegment};
use crate::level::sine_peak;

/// Ramp at each begin and end of a tone, samples: 2 ms, so that bursts do not click.
const RAMP: f32 = 16.0;

const SINE_BITS: u32 = 10;
/// One period and one value more, to interpolate at the end.
type SineTable = [f32; (1 << SINE_BITS) + 1];

static SINE: LazyLock<Box<SineTable>> = LazyLock::new(|| {
    let mut table = Box::new([0f32; (1 << SINE_BITS) + 1]);
    for (i, value) in table.iter_mut().enumerate() {
        *value = (std::f64::consts::TAU * i as f64 / f64::from(1u32 << SINE_BITS)).sin() as f32;
    }
    table
});

#[derive(Clone, Copy, Default)]
struct Oscillator {
    /// A whole turn is 2^32.
    phase: u32,
    step: u32,
    amplitude: f32,
}

impl Oscillator {
    fn tune(&mut self, hz_tenths: u16, amplitude: f32) {
        // tenths of a Hz / 80000 of a turn for each sample, below half a turn by ToneSegment::new.
        self.step = ((u64::from(hz_tenths) << 32) / 80_000) as u32;
        self.amplitude = amplitude;
    }

    fn next(&mut self, sine: &SineTable) -> f32 {
        let at = (self.phase >> (32 - SINE_BITS)) as usize;
        let fraction = (self.phase << SINE_BITS) as f32 * (1.0 / 4_294_967_296.0);
        self.phase = self.phase.wrapping_add(self.step);
        let (a, b) = (sine[at], sine[at + 1]);
        self.amplitude * (a + fraction * (b - a))
    }
}

enum Place {
    Idle,
    /// Sounding, with the samples left (none: until stopped).
    On(Option<u32>),
    /// In the pause of the segment, with the samples left.
    Off(u32),
    /// Stopped: only the ramp down is left.
    Ending,
}

/// Plays one program.
pub(crate) struct ToneGenerator {
    sine: &'static SineTable,
    program: ToneProgram,
    segment: u8,
    place: Place,
    oscillators: [Oscillator; MAX_TONES],
    active: usize,
    modulator: Oscillator,
    envelope: f32,
    target: f32,
}

impl ToneGenerator {
    pub(crate) fn new() -> ToneGenerator {
        ToneGenerator {
            sine: &SINE,
            program: ToneProgram {
                segments: [ToneSegment::SILENCE; MAX_SEGMENTS],
                len: 0,
                repeat_from: None,
                over: Over::Replace,
            },
            segment: 0,
            place: Place::Idle,
            oscillators: [Oscillator::default(); MAX_TONES],
            active: 0,
            modulator: Oscillator::default(),
            envelope: 0.0,
            target: 0.0,
        }
    }

    /// Plays from its beginning; a program that played is replaced without a click.
    pub(crate) fn start(&mut self, program: &ToneProgram) {
        self.program = *program;
        self.enter(0);
    }

    /// Falls silent within 2 ms.
    pub(crate) fn stop(&mut self) {
        self.target = 0.0;
        self.place = if self.envelope > 0.0 {
            Place::Ending
        } else {
            Place::Idle
        };
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.place, Place::Idle)
    }

    pub(crate) fn is_mixed(&self) -> bool {
        self.program.is_mixed()
    }

    /// Adds the next samples to `out`. True when a program came to its end in these samples.
    pub(crate) fn add_to(&mut self, out: &mut [f32]) -> bool {
        let mut rest = out;
        let mut ended = false;
        while !rest.is_empty() {
            let left = match self.place {
                Place::Idle => return ended,
                Place::On(None) | Place::Ending => rest.len(),
                Place::On(Some(left)) | Place::Off(left) => rest.len().min(left as usize),
            };
            let (now, later) = rest.split_at_mut(left);
            self.sound(now);
            rest = later;
            // `left` is at most the u32 it was compared with.
            let played = left as u32;
            match &mut self.place {
                Place::Idle | Place::On(None) => {}
                Place::Ending => {
                    if self.envelope <= 0.0 {
                        self.place = Place::Idle;
                    }
                }
                Place::On(Some(left)) | Place::Off(left) => {
                    *left -= played.min(*left);
                    if *left == 0 {
                        ended |= self.advance();
                    }
                }
            }
        }
        ended
    }

    fn advance(&mut self) -> bool {
        if let Place::On(_) = self.place {
            let off_ms = self.program.segments[usize::from(self.segment)].off_ms;
            if off_ms > 0 {
                self.target = 0.0;
                self.place = Place::Off(u32::from(off_ms) * 8);
                return false;
            }
        }
        if self.segment + 1 < self.program.len {
            self.enter(self.segment + 1);
            return false;
        }
        match self.program.repeat_from {
            Some(from) => {
                self.enter(from);
                false
            }
            None => {
                self.stop();
                true
            }
        }
    }

    fn enter(&mut self, segment: u8) {
        self.segment = segment;
        // `segment` is below `len`: checked when the program was made.
        let entered = self.program.segments[usize::from(segment)];
        let count = entered.tones.iter().flatten().count();
        let sounds = count > 0 && entered.on_ms > 0;
        if sounds {
            self.active = count;
            for (oscillator, tone) in self
                .oscillators
                .iter_mut()
                .zip(entered.tones.iter().flatten())
            {
                let peak = sine_peak(f64::from(tone.level.dbm0())) as f32;
                oscillator.tune(tone.hz_tenths, peak);
            }
            match entered.modulation {
                Some(m) => self
                    .modulator
                    .tune(m.hz_tenths, f32::from(m.depth_percent) / 100.0),
                None => self.modulator.amplitude = 0.0,
            }
        }
        self.target = if sounds { 1.0 } else { 0.0 };
        self.place = match entered.on_ms {
            0 => Place::Off(u32::from(entered.off_ms) * 8),
            FOREVER => Place::On(None),
            ms => Place::On(Some(u32::from(ms) * 8)),
        };
    }

    fn sound(&mut self, out: &mut [f32]) {
        if self.envelope <= 0.0 && self.target <= 0.0 {
            return;
        }
        let oscillators = self.oscillators.iter_mut().take(self.active);
        if self.envelope == self.target && self.modulator.amplitude == 0.0 {
            for oscillator in oscillators {
                for sample in out.iter_mut() {
                    *sample += oscillator.next(self.sine);
                }
            }
            return;
        }
        let mut oscillators = self.oscillators;
        for sample in out {
            let sum: f32 = oscillators
                .iter_mut()
                .take(self.active)
                .map(|o| o.next(self.sine))
                .sum();
            // The mean power of the modulated tone is a little more than the carrier's, as on a real line.
            let modulated = if self.modulator.amplitude == 0.0 {
                sum
            } else {
                sum * (1.0 + self.modulator.next(self.sine))
            };
            *sample += modulated * self.envelope;
            self.envelope = if self.target > self.envelope {
                (self.envelope + 1.0 / RAMP).min(self.target)
            } else {
                (self.envelope - 1.0 / RAMP).max(self.target)
            };
            if self.envelope <= 0.0 && self.target <= 0.0 {
                // The phases rest in silence, whatever the block length.
                break;
            }
        }
        self.oscillators = oscillators;
    }
}

/// Samples of a tone at the scale of the chain, clamped and rounded.
pub(crate) fn to_pcm(value: f32) -> i16 {
    // `as` saturates.
    value.round_ties_even() as i16
}
