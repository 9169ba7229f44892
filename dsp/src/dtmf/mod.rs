//! Digits from the line: heard, reported, and taken out of the uplink.
//!
//! Owns the receiver, that a digit which is the echo of what the line was sent is not reported, and the muting of digits
//! (`mute`). Leaves to others when it runs, and what a digit means.

mod bands;
mod config;
mod evidence;
pub(crate) mod mute;
mod receiver;

pub use config::DtmfConfig;
pub use receiver::{DtmfEvent, DtmfReceiver};
use tipring_types::TenthDbm0;

use crate::command::ChainEvent;
use crate::command::Events;
use crate::goertzel::Goertzels;
use crate::level::mean_square_to_dbm0;
use crate::tone::dtmf_frequencies;

/// The echo of a digit is quieter than the digit was sent by this loss at least.
const ECHO_LOSS_DB: f64 = 2.0;

struct Pressed {
    digit: u8,
    /// How long it has sounded.
    samples: u32,
    echoed: bool,
}

/// The keys of the phone on the line.
pub(crate) struct Keys {
    receiver: DtmfReceiver,
    listen: bool,
    pressed: Option<Pressed>,
    digits: u64,
    echoed_digits: u64,
}

impl Keys {
    pub(crate) fn new(config: &DtmfConfig) -> Keys {
        Keys {
            receiver: DtmfReceiver::new(config),
            listen: true,
            pressed: None,
            digits: 0,
            echoed_digits: 0,
        }
    }

    pub(crate) fn listen(&mut self, on: bool, events: &mut Events) {
        if self.listen != on {
            self.listen = on;
            self.reset(events);
        }
    }

    /// Does a digit sound now?
    pub(crate) fn on(&self) -> bool {
        self.pressed.is_some()
    }

    /// May a digit have begun just now?
    pub(crate) fn suspected(&self) -> bool {
        self.receiver.suspects()
    }

    /// Is what was suspected still there?
    pub(crate) fn still_suspected(&self) -> bool {
        self.receiver.still_suspects()
    }

    pub(crate) fn digits(&self) -> u64 {
        self.digits
    }

    pub(crate) fn echoed_digits(&self) -> u64 {
        self.echoed_digits
    }

    /// Listens to a chunk. `sent` fills its argument with what the line was just sent.
    pub(crate) fn take(&mut self, chunk: &[i16], events: &mut Events, sent: impl Fn(&mut [i16])) {
        if !self.listen {
            return;
        }
        if let Some(pressed) = &mut self.pressed {
            // Chunks have at most 80 samples.
            pressed.samples = pressed.samples.saturating_add(chunk.len() as u32);
        }
        let Keys {
            receiver,
            pressed,
            digits,
            echoed_digits,
            ..
        } = self;
        receiver.process(chunk, |event| match event {
            DtmfEvent::On {
                digit,
                level,
                samples,
            } => {
                let echoed = is_echo(digit, level, &sent);
                *pressed = Some(Pressed {
                    digit,
                    samples,
                    echoed,
                });
                if echoed {
                    *echoed_digits = echoed_digits.saturating_add(1);
                } else {
                    *digits = digits.saturating_add(1);
                    events.push(ChainEvent::DigitOn { digit, level });
                }
            }
            DtmfEvent::Off { samples, .. } => {
                if let Some(pressed) = pressed.take() {
                    pressed.tell_off(samples, events);
                }
            }
        });
    }

    /// Forgets everything heard; a digit that is on ends.
    pub(crate) fn reset(&mut self, events: &mut Events) {
        if let Some(pressed) = self.pressed.take() {
            pressed.tell_off(pressed.samples, events);
        }
        self.receiver.reset();
    }
}

impl Pressed {
    fn tell_off(&self, samples: u32, events: &mut Events) {
        if !self.echoed {
            events.push(ChainEvent::DigitOff {
                digit: self.digit,
                duration_ms: samples / 8,
            });
        }
    }
}

/// Did the line just get these two tones, louder than they came back?
///
/// Of the last 40 ms, either half will do: a key is reported up to 60 ms after its onset, and may just be over.
fn is_echo(digit: u8, level: TenthDbm0, sent: &impl Fn(&mut [i16])) -> bool {
    let Some((low, high)) = dtmf_frequencies(digit) else {
        return false;
    };
    let tones = Goertzels::new([f64::from(low), f64::from(high)]);
    let mut window = [0i16; 320];
    sent(&mut window);
    window.chunks(160).any(|half| {
        let n = half.len() as f32;
        let power = tones.powers(half);
        // |X|² of a sine is (peak n / 2)², its mean square peak² / 2.
        let dbm0 = |power: f32| mean_square_to_dbm0(f64::from(2.0 * power / (n * n)));
        let quieter = dbm0(power[0].min(power[1]));
        let both = dbm0(power[0] + power[1]);
        quieter > both - 15.0 && TenthDbm0::of(both - ECHO_LOSS_DB) >= level
    })
}
