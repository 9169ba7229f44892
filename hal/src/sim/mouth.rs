//! The audio of a phone: samples, once or repeated, or a tone.

use std::f32::consts::TAU;
use std::sync::Arc;

use crate::level::dbm0_to_peak;

#[derive(Debug)]
enum Source {
    Samples {
        samples: Arc<[i16]>,
        next: usize,
        repeat: bool,
    },
    Tone {
        /// Radians a sample, phase.
        sines: [(f32, f32); 2],
        peak: f32,
        /// `None`: until stopped.
        left: Option<u64>,
    },
}

/// Plays the audio of a phone; silent at first.
#[derive(Debug, Default)]
pub(super) struct Mouth {
    source: Option<Source>,
    finished: bool,
}

impl Mouth {
    pub(super) fn is_talking(&self) -> bool {
        self.source.is_some()
    }

    /// True once after something ended, was stopped or replaced.
    pub(super) fn take_finished(&mut self) -> bool {
        std::mem::take(&mut self.finished)
    }

    pub(super) fn stop(&mut self) {
        self.finished |= self.source.take().is_some();
    }

    pub(super) fn play(&mut self, samples: Arc<[i16]>, repeat: bool) {
        self.stop();
        self.source = Some(Source::Samples {
            samples,
            next: 0,
            repeat,
        });
    }

    pub(super) fn tone(&mut self, hz: [f32; 2], dbm0: f32, ms: u32) {
        self.stop();
        self.source = Some(Source::Tone {
            sines: hz.map(|hz| (TAU * hz / 8000.0, 0.0)),
            peak: dbm0_to_peak(dbm0),
            left: (ms != 0).then_some(u64::from(ms) * 8),
        });
    }

    /// The next samples, as by [`Mouth::sample`].
    pub(super) fn fill(&mut self, out: &mut [f32]) {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            if let Some(Source::Samples { samples, next, .. }) = &mut self.source
                && let Some(left) = samples.get(*next..).filter(|left| !left.is_empty())
            {
                let len = rest.len().min(left.len());
                for (to, from) in rest.iter_mut().zip(left) {
                    *to = f32::from(*from);
                }
                *next += len;
                done += len;
            } else if self.source.is_none() {
                rest.fill(0.0);
                return;
            } else if let Some(first) = rest.first_mut() {
                *first = self.sample();
                done += 1;
            }
        }
    }

    pub(super) fn sample(&mut self) -> f32 {
        let out = match &mut self.source {
            None => return 0.0,
            Some(Source::Samples {
                samples,
                next,
                repeat,
            }) => {
                if *repeat && *next >= samples.len() {
                    *next = 0;
                }
                let sample = samples.get(*next).copied();
                *next = next.saturating_add(1);
                sample.map(f32::from)
            }
            Some(Source::Tone { sines, peak, left }) => match left {
                Some(0) => None,
                _ => {
                    if let Some(left) = left {
                        *left -= 1;
                    }
                    let mut sum = 0.0;
                    for (step, phase) in sines {
                        sum += *peak * phase.sin();
                        *phase = (*phase + *step) % TAU;
                    }
                    Some(sum)
                }
            },
        };
        out.unwrap_or_else(|| {
            self.stop();
            0.0
        })
    }
}
