//! What the line says besides voice: digits.
//!
//! Owns the receiver, when it runs (a quiet line costs nothing), and that a digit which is the echo of what the line
//! was sent is not told. Leaves the muting of digits to [`crate::mute`], and the tones of faxes and modems to
//! [`crate::datatone`].

use tipring_spandsp::{DtmfEvent, DtmfRx, DtmfRxSettings, DtmfStatus, Error};

use crate::command::ChainEvent;
use crate::level::{mean_square_to_dbm0, tenths};
use crate::queue::Queue;
use crate::tone::dtmf_frequencies;

/// Events that can wait in a chain.
pub(crate) type Events = Queue<ChainEvent, 32>;

/// Mean square below which a chunk is quiet (-52 dBm0: 10 dB under the quietest tone listened for).
const QUIET: f32 = 1_644.0;
/// How long the receiver goes on into quiet, samples (200 ms): digits have ended by then.
const HANG: u32 = 1_600;
/// The echo of a digit is at least so much quieter than the digit was sent.
const ECHO_LOSS_DB: f64 = 2.0;

/// Power at `N` frequencies of a short block (Goertzel's algorithm, all at once so that they vectorise).
pub(crate) struct Goertzels<const N: usize> {
    coefficients: [f32; N],
}

impl<const N: usize> Goertzels<N> {
    pub(crate) fn new(hz: [f64; N]) -> Self {
        Goertzels {
            coefficients: hz.map(|hz| (2.0 * (std::f64::consts::TAU * hz / 8000.0).cos()) as f32),
        }
    }

    /// |X|² at each frequency.
    pub(crate) fn powers(&self, samples: &[i16]) -> [f32; N] {
        let (mut s1, mut s2) = ([0f32; N], [0f32; N]);
        for sample in samples {
            let x = f32::from(*sample);
            for i in 0..N {
                let s0 = x + self.coefficients[i] * s1[i] - s2[i];
                s2[i] = s1[i];
                s1[i] = s0;
            }
        }
        let mut power = [0f32; N];
        for i in 0..N {
            power[i] = s1[i] * s1[i] + s2[i] * s2[i] - self.coefficients[i] * s1[i] * s2[i];
        }
        power
    }
}

/// Share of a block's energy that tones of power |X|² have; 1 for pure tones.
pub(crate) fn tone_share(power: f32, energy: f32, n: usize) -> f32 {
    if energy <= 0.0 {
        0.0
    } else {
        2.0 * power / (n as f32 * energy)
    }
}

struct Pressed {
    digit: u8,
    samples: u32,
    echoed: bool,
}

/// The receiver of one line.
pub(crate) struct Detectors {
    dtmf: DtmfRx,
    listen_dtmf: bool,
    hang: u32,
    pressed: Option<Pressed>,
    digits: u64,
    echoed_digits: u64,
}

impl Detectors {
    pub(crate) fn new(settings: DtmfRxSettings) -> Result<Detectors, Error> {
        Ok(Detectors {
            dtmf: DtmfRx::new(settings)?,
            listen_dtmf: true,
            hang: 0,
            pressed: None,
            digits: 0,
            echoed_digits: 0,
        })
    }

    pub(crate) fn listen_dtmf(&mut self, on: bool, events: &mut Events) {
        if self.listen_dtmf != on {
            self.listen_dtmf = on;
            self.reset_dtmf(events);
        }
    }

    /// Forgets everything heard; a digit that is on ends.
    pub(crate) fn reset(&mut self, events: &mut Events) {
        self.hang = 0;
        self.reset_dtmf(events);
    }

    /// Does a digit sound now?
    pub(crate) fn digit_on(&self) -> bool {
        self.pressed.is_some()
    }

    /// Was the last block the receiver took like a digit?
    pub(crate) fn digit_maybe(&self) -> bool {
        self.listen_dtmf && self.dtmf.status() != DtmfStatus::Nothing
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

    /// Listens to a chunk. `sent` fills its argument with what the line was just sent. False: too quiet to
    /// listen.
    pub(crate) fn take(
        &mut self,
        chunk: &[i16],
        energy: f32,
        events: &mut Events,
        sent: impl Fn(&mut [i16]),
    ) -> bool {
        // Chunks have at most 80 samples.
        let n = chunk.len() as u32;
        if energy > QUIET * n as f32 {
            self.hang = HANG;
        } else if self.hang == 0 && self.pressed.is_none() {
            return false;
        }
        self.hang = self.hang.saturating_sub(n);
        if self.listen_dtmf {
            self.take_dtmf(chunk, n, events, sent);
        }
        true
    }

    fn take_dtmf(&mut self, chunk: &[i16], n: u32, events: &mut Events, sent: impl Fn(&mut [i16])) {
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

    fn reset_dtmf(&mut self, events: &mut Events) {
        self.release(None, events);
        self.dtmf.reset();
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
