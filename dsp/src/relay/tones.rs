//! The tones of fax machines, played when the network says that the far machine sends them.

use tipring_types::t38::Indicator;

use crate::tone::{Tone, ToneGenerator, ToneProgram, ToneSegment, to_pcm};

/// Level of each, tenths of a dBm0.
const LEVEL: i16 = -120;

pub(super) struct Tones {
    generator: ToneGenerator,
    calling: Option<ToneProgram>,
    answering: Option<ToneProgram>,
    playing: Option<Indicator>,
}

impl Tones {
    pub(super) fn new() -> Self {
        let program = |hz, on, off, repeat| {
            let segment = ToneSegment::new(&[Tone::new(hz, LEVEL)], on, off).ok()?;
            ToneProgram::cadence(&[segment], repeat).ok()
        };
        Self {
            generator: ToneGenerator::new(),
            calling: program(1100, 500, 3000, Some(0)),
            // T.30 has 2.6 to 4 s.
            answering: program(2100, 3000, 75, None),
            playing: None,
        }
    }

    /// Begins a tone; one that plays goes on.
    pub(super) fn start(&mut self, tone: Indicator) {
        if self.playing == Some(tone) && !self.generator.is_idle() {
            return;
        }
        let program = match tone {
            Indicator::Cng => &self.calling,
            _ => &self.answering,
        };
        if let Some(program) = program {
            self.generator.start(program);
            self.playing = Some(tone);
        }
    }

    pub(super) fn stop(&mut self) {
        if self.playing.take().is_some() {
            self.generator.stop();
        }
    }

    /// Adds to silence.
    pub(super) fn add_to(&mut self, out: &mut [i16]) {
        if self.generator.is_idle() {
            return;
        }
        let mut made = [0.0; super::STEP];
        let made = &mut made[..out.len().min(super::STEP)];
        self.generator.add_to(made);
        for (to, from) in out.iter_mut().zip(made) {
            *to = to_pcm(*from);
        }
    }
}
