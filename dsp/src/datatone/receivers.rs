//! All receivers of one direction.
//!
//! Samples are collected in blocks of 10 ms; of a quiet one only the energy is computed.

use super::alarm::AlarmTones;
use super::answer::{AnswerNews, AnswerTone, LEAST, Present};
use super::calling::CallingTone;
use super::flags::Flags;
use super::menu::Menu;
use super::steady::{BLOCK, Mixer};
use super::v22::V22Tone;
use tipring_types::{AlarmTone, DataTone};

/// The tables of the receivers, for both directions.
#[derive(Debug)]
pub(crate) struct Mixers {
    answer: Mixer,
    calling: Mixer,
    v21: Mixer,
    menu: Mixer,
    v22: Mixer,
    alarm: [Mixer; 2],
}

impl Mixers {
    pub(crate) fn new() -> Mixers {
        Mixers {
            answer: Mixer::new(2100.0),
            calling: Mixer::new(1100.0),
            v21: Mixer::new(1750.0),
            menu: Mixer::new(1080.0),
            v22: Mixer::new(2250.0),
            alarm: [1400.0, 2300.0].map(Mixer::new),
        }
    }
}

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// This tone, and how many ms ago it began.
    Tone(DataTone, u32),
    /// The answer tone is over.
    AnswerOver,
    /// A tone of an alarm panel's receiver.
    Alarm(AlarmTone),
}

/// What a block can have at most: one of each receiver.
pub(crate) type News = [Option<Heard>; 5];

#[derive(Clone, Debug)]
pub(crate) struct Receivers {
    block: [f32; BLOCK],
    filled: usize,
    answer: AnswerTone,
    calling: CallingTone,
    flags: Flags,
    v22: V22Tone,
    /// Listened for where V.8 is to be squelched only.
    menu: Option<Menu>,
    /// At alarm panels and their receivers only.
    alarm: Option<AlarmTones>,
    /// The last block was quiet, and all receivers are idle.
    idle: bool,
}

impl Receivers {
    pub(crate) fn new(menu: bool, alarm: bool) -> Receivers {
        Receivers {
            block: [0.0; BLOCK],
            filled: 0,
            answer: AnswerTone::new(LEAST),
            calling: CallingTone::default(),
            flags: Flags::default(),
            v22: V22Tone::default(),
            menu: menu.then(Menu::default),
            alarm: alarm.then(AlarmTones::default),
            idle: true,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.filled = 0;
        self.answer.reset();
        self.calling.reset();
        self.flags.reset();
        self.v22.reset();
        if let Some(menu) = &mut self.menu {
            menu.reset();
        }
        if let Some(alarm) = &mut self.alarm {
            alarm.reset();
        }
        self.idle = true;
    }

    /// The tone at 2100 Hz as of the last whole block.
    pub(crate) fn answer(&self) -> Present {
        self.answer.present()
    }

    /// Is the call menu of V.8 there? Never, unless it is listened for.
    pub(crate) fn hears_menu(&self) -> bool {
        self.menu.as_ref().is_some_and(Menu::sounds)
    }

    /// Samples of the block that is being filled.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Listens to a chunk of at most 80 samples.
    pub(crate) fn take(&mut self, mixers: &Mixers, chunk: &[i16]) -> News {
        let mut news = [None; 5];
        let mut rest = chunk;
        while !rest.is_empty() {
            let n = rest.len().min(BLOCK - self.filled);
            let (now, later) = rest.split_at(n);
            rest = later;
            for (x, sample) in self.block[self.filled..].iter_mut().zip(now) {
                *x = f32::from(*sample);
            }
            self.filled += n;
            if self.filled == BLOCK {
                self.filled = 0;
                news = self.listen(mixers);
            }
        }
        news
    }

    /// This number of samples of silence.
    pub(crate) fn take_silence(&mut self, mixers: &Mixers, n: usize) -> News {
        if self.idle && self.filled == 0 {
            return [None; 5];
        }
        self.take(mixers, &[0; BLOCK][..n.min(BLOCK)])
    }

    fn listen(&mut self, mixers: &Mixers) -> News {
        let block = &self.block;
        let (parts, _) = block.as_chunks::<8>();
        let mut sums = [0f32; 8];
        for part in parts {
            for (sum, x) in sums.iter_mut().zip(part) {
                *sum += x * x;
            }
        }
        let energy: f32 = sums.iter().sum();
        let quiet = energy < LEAST * BLOCK as f32;
        if quiet && self.idle {
            return [None; 5];
        }
        let answer = self.answer.take(mixers.answer.of(block), energy);
        let answer = answer.map(|news| match news {
            AnswerNews::On(answer, blocks) => {
                let tone = match (answer.modulated, answer.reversals) {
                    (false, false) => DataTone::Ced,
                    (false, true) => DataTone::AnsPr,
                    (true, false) => DataTone::AnsAm,
                    (true, true) => DataTone::AnsAmPr,
                };
                Heard::Tone(tone, blocks * 10)
            }
            AnswerNews::Off => Heard::AnswerOver,
        });
        let v22 = match self.v22.is_idle() {
            true => None,
            false => self.v22.take(mixers.v22.of(block), energy),
        };
        let v22 = v22.map(|blocks| Heard::Tone(DataTone::V22, blocks * 10));
        if answer == Some(Heard::AnswerOver) {
            self.v22.answer_over();
        }
        let calling = self.calling.take(mixers.calling.of(block), energy);
        let calling = calling.map(|blocks| Heard::Tone(DataTone::Cng, blocks * 10));
        let flags = if quiet {
            self.flags.without();
            None
        } else {
            self.flags.take(&mixers.v21.of_eights(block), energy)
        };
        let flags = flags.map(|ms| Heard::Tone(DataTone::V21Preamble, ms));
        if let Some(menu) = &mut self.menu {
            if quiet {
                menu.without();
            } else {
                menu.take(&mixers.menu.of_eights(block), energy);
            }
        }
        let alarm = self.alarm.as_mut().and_then(|tones| {
            let [low, high] = mixers.alarm.each_ref().map(|mixer| mixer.of_eights(block));
            tones.take(&low, &high, energy).map(Heard::Alarm)
        });
        self.idle = quiet
            && self.alarm.as_ref().is_none_or(AlarmTones::is_idle)
            && self.menu.as_ref().is_none_or(Menu::is_idle)
            && self.answer.is_idle()
            && self.calling.is_idle()
            && self.flags.is_idle()
            && self.v22.is_idle();
        [answer, calling, flags, v22, alarm]
    }
}
