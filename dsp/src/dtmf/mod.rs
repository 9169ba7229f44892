//! Digits from the line: heard, told, and taken out of the uplink.
//!
//! Owns the receiver, that a digit which is the echo of what the line was sent is not told, and the muting of digits
//! ([`mute`]). Leaves to others when it runs, and what a digit means.

pub(crate) mod mute;

use tipring_spandsp::{DtmfEvent, DtmfRx, DtmfRxSettings, DtmfStatus, Error};

use crate::command::ChainEvent;
use crate::detect::Events;
use crate::goertzel::Goertzels;
use crate::level::{mean_square_to_dbm0, tenths};
use crate::tone::dtmf_frequencies;

/// The echo of a digit is at least so much quieter than the digit was sent.
const ECHO_LOSS_DB: f64 = 2.0;

struct Pressed {
    digit: u8,
    samples: u32,
    echoed: bool,
}

/// The keys of the set on the line.
pub(crate) struct Keys {
    dtmf: DtmfRx,
    listen: bool,
    pressed: Option<Pressed>,
    digits: u64,
    echoed_digits: u64,
}

impl Keys {
    pub(crate) fn new(settings: DtmfRxSettings) -> Result<Keys, Error> {
        Ok(Keys {
            dtmf: DtmfRx::new(settings)?,
            listen: true,
            pressed: None,
            digits: 0,
            echoed_digits: 0,
        })
    }

    pub(crate) fn listen(&mut self, on: bool, events: &mut Events) {
        if self.listen != on {
            self.listen = on;
            self.reset(events);
        }
    }

    /// Forgets everything heard; a digit that is on ends.
    pub(crate) fn reset(&mut self, events: &mut Events) {
        self.release(None, events);
        self.dtmf.reset();
    }

    /// Does a digit sound now?
    pub(crate) fn on(&self) -> bool {
        self.pressed.is_some()
    }

    /// Was the last block the receiver took like a digit?
    pub(crate) fn maybe(&self) -> bool {
        self.listen && self.dtmf.status() != DtmfStatus::Nothing
    }

    pub(crate) fn digits(&self) -> u64 {
        self.digits
    }

    pub(crate) fn echoed_digits(&self) -> u64 {
        self.echoed_digits
    }

    pub(crate) fn lost_events(&self) -> u64 {
        self.dtmf.lost_events()
    }

    /// Listens to a chunk. `sent` fills its argument with what the line was just sent.
    pub(crate) fn take(&mut self, chunk: &[i16], events: &mut Events, sent: impl Fn(&mut [i16])) {
        if !self.listen {
            return;
        }
        // Chunks have at most 80 samples.
        let n = chunk.len() as u32;
        self.dtmf.process(chunk);
        if let Some(pressed) = &mut self.pressed {
            pressed.samples = pressed.samples.saturating_add(n);
        }
        while let Some(event) = self.dtmf.poll() {
            match event {
                DtmfEvent::On { digit, level_dbm0 } => {
                    self.release(None, events);
                    // The receiver's digits are ASCII.
                    let digit = u8::try_from(digit).unwrap_or(b'?');
                    let echoed = is_echo(digit, level_dbm0, &sent);
                    self.pressed = Some(Pressed {
                        digit,
                        samples: 0,
                        echoed,
                    });
                    if echoed {
                        self.echoed_digits = self.echoed_digits.saturating_add(1);
                    } else {
                        self.digits = self.digits.saturating_add(1);
                        let level_dbm0_tenths = level_dbm0.saturating_mul(10);
                        events.push(ChainEvent::DigitOn {
                            digit,
                            level_dbm0_tenths,
                        });
                    }
                }
                DtmfEvent::Off {
                    duration_samples, ..
                } => self.release(Some(duration_samples), events),
            }
        }
    }

    fn release(&mut self, samples: Option<u32>, events: &mut Events) {
        let Some(pressed) = self.pressed.take() else {
            return;
        };
        if !pressed.echoed {
            let duration_ms = samples.unwrap_or(pressed.samples) / 8;
            events.push(ChainEvent::DigitOff {
                digit: pressed.digit,
                duration_ms,
            });
        }
    }
}

/// Did the line just get these two tones, louder than they came back?
fn is_echo(digit: u8, level_dbm0: i16, sent: &impl Fn(&mut [i16])) -> bool {
    let Some((low, high)) = dtmf_frequencies(digit) else {
        return false;
    };
    let mut window = [0i16; 160];
    sent(&mut window);
    let n = window.len() as f32;
    let power = Goertzels::new([f64::from(low), f64::from(high)]).powers(&window);
    // |X|² of a sine is (peak n / 2)², its mean square peak² / 2.
    let dbm0 = power.map(|p| mean_square_to_dbm0(f64::from(2.0 * p / (n * n))));
    let quieter = dbm0[0].min(dbm0[1]);
    let both = mean_square_to_dbm0(f64::from(2.0 * (power[0] + power[1]) / (n * n)));
    quieter > both - 15.0 && tenths(both - ECHO_LOSS_DB) >= level_dbm0.saturating_mul(10)
}
