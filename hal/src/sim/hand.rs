//! The hand at a phone: hook, flash and dialing, one thing after the other, sample by sample.

use std::collections::VecDeque;
use std::f32::consts::TAU;

use super::config::Dialing;
use super::request::SimError;
use crate::level::dbm0_to_peak;

const SAMPLES_PER_MS: u32 = 8;
const MAX_DIGITS: usize = 128;
const PAUSE_MS: u32 = 1000;
const FLASH_MS: u16 = 225;
/// The gap after a flash and between lifting and what follows, so that edges stay apart.
const SETTLE_MS: u32 = 100;

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Task {
    Digit(char, Dialing),
    Pause(u32),
    Flash(u16),
}

/// A stretch of the task being done.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    left: u32,
    closed: bool,
    /// Radians a sample and peaks of the two tones.
    tones: Option<[(f32, f32); 2]>,
}

/// What the hand does during one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HandSample {
    /// The phone's end of the loop.
    pub(super) closed: bool,
    /// A DTMF sample; the mouth is cut off while it lasts.
    pub(super) tone: Option<f32>,
}

/// The hand at a phone.
#[derive(Debug, Default)]
pub(super) struct Hand {
    lifted: bool,
    tasks: VecDeque<Task>,
    doing: VecDeque<Stretch>,
    current: Option<Task>,
    phase: [f32; 2],
    finished: bool,
}

impl Hand {
    pub(super) fn new(lifted: bool) -> Self {
        Self {
            lifted,
            ..Self::default()
        }
    }

    pub(super) fn is_lifted(&self) -> bool {
        self.lifted
    }

    /// A flash or pulse holds the loop open just now.
    pub(super) fn in_break(&self) -> bool {
        self.lifted && self.doing.front().is_some_and(|stretch| !stretch.closed)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.current.is_some() || !self.tasks.is_empty()
    }

    /// Does and begins nothing.
    pub(super) fn is_still(&self) -> bool {
        self.doing.is_empty() && !(self.lifted && self.is_busy())
    }

    /// True once after the last task was done.
    pub(super) fn take_finished(&mut self) -> bool {
        std::mem::take(&mut self.finished)
    }

    pub(super) fn lift(&mut self) {
        self.lifted = true;
    }

    pub(super) fn hang_up(&mut self) {
        *self = Self::default();
    }

    pub(super) fn flash(&mut self, open_ms: u16) {
        self.tasks.push_back(Task::Flash(open_ms));
    }

    pub(super) fn dial(&mut self, digits: &str, how: Dialing) -> Result<(), SimError> {
        let tasks = parse(digits, how)?;
        self.tasks.extend(tasks);
        Ok(())
    }

    /// What is still to be done, as digits.
    pub(super) fn to_do(&self) -> String {
        self.current
            .iter()
            .chain(self.tasks.iter())
            .map(|task| match task {
                Task::Digit(digit, _) => *digit,
                Task::Pause(_) => ',',
                Task::Flash(_) => '!',
            })
            .collect()
    }

    pub(super) fn sample(&mut self) -> HandSample {
        if self.lifted && self.doing.is_empty() && self.is_busy() {
            self.begin();
        }
        let Some(stretch) = self.doing.front_mut() else {
            return HandSample {
                closed: self.lifted,
                tone: None,
            };
        };
        let closed = stretch.closed;
        let tone = stretch.tones.map(|tones| {
            let mut sum = 0.0;
            for ((step, peak), phase) in tones.iter().zip(&mut self.phase) {
                sum += peak * phase.sin();
                *phase = (*phase + step) % TAU;
            }
            sum
        });
        stretch.left = stretch.left.saturating_sub(1);
        if stretch.left == 0 {
            self.doing.pop_front();
            self.phase = [0.0; 2];
            if self.doing.is_empty() {
                self.current = None;
                self.finished |= self.tasks.is_empty();
            }
        }
        HandSample { closed, tone }
    }

    fn begin(&mut self) {
        self.current = self.tasks.pop_front();
        let Some(task) = self.current else { return };
        let mut add = |ms: u32, closed, tones| {
            self.doing.push_back(Stretch {
                left: (ms * SAMPLES_PER_MS).max(1),
                closed,
                tones,
            });
        };
        match task {
            Task::Pause(ms) => add(ms, true, None),
            Task::Flash(ms) => {
                add(u32::from(ms), false, None);
                add(SETTLE_MS, true, None);
            }
            Task::Digit(
                digit,
                Dialing::Tone {
                    on_ms,
                    off_ms,
                    low_dbm0,
                    twist_db,
                },
            ) => {
                let tones = dtmf(digit).map(|[low, high]| {
                    [
                        (TAU * low / 8000.0, dbm0_to_peak(low_dbm0)),
                        (TAU * high / 8000.0, dbm0_to_peak(low_dbm0 + twist_db)),
                    ]
                });
                add(u32::from(on_ms), true, tones);
                add(u32::from(off_ms), true, None);
            }
            Task::Digit(
                digit,
                Dialing::Pulse {
                    break_ms,
                    make_ms,
                    interdigit_ms,
                },
            ) => {
                let pulses = match digit.to_digit(10) {
                    Some(0) => 10,
                    Some(count) => count,
                    None => 0,
                };
                for pulse in 1..=pulses {
                    add(u32::from(break_ms), false, None);
                    let closed_ms = if pulse == pulses {
                        interdigit_ms
                    } else {
                        make_ms
                    };
                    add(u32::from(closed_ms), true, None);
                }
            }
        }
    }
}

fn parse(digits: &str, how: Dialing) -> Result<Vec<Task>, SimError> {
    if digits.chars().count() > MAX_DIGITS {
        return Err(bad(
            "the number of digits",
            digits.chars().count(),
            "1 to 128",
        ));
    }
    check(how)?;
    let pulse = matches!(how, Dialing::Pulse { .. });
    digits
        .chars()
        .map(|c| match c.to_ascii_uppercase() {
            ',' => Ok(Task::Pause(PAUSE_MS)),
            '!' => Ok(Task::Flash(FLASH_MS)),
            c if c.is_ascii_digit() => Ok(Task::Digit(c, how)),
            c if dtmf(c).is_some() && pulse => Err(bad(
                "a digit to be pulsed",
                c,
                "0-9, `,` for a pause, `!` for a flash",
            )),
            c if dtmf(c).is_some() => Ok(Task::Digit(c, how)),
            other => Err(bad(
                "a digit",
                other.escape_default(),
                "0-9 * # A-D, `,` for a pause, `!` for a flash",
            )),
        })
        .collect()
}

fn check(how: Dialing) -> Result<(), SimError> {
    match how {
        Dialing::Tone {
            on_ms,
            low_dbm0,
            twist_db,
            ..
        } => {
            if on_ms == 0 || on_ms > 10_000 {
                return Err(bad("the length of a digit in ms", on_ms, "1 to 10000"));
            }
            if !(-60.0..=3.0).contains(&low_dbm0) || !(-20.0..=20.0).contains(&twist_db) {
                let value = format!("{low_dbm0} dBm0 with {twist_db} dB twist");
                return Err(bad(
                    "the level of a digit",
                    value,
                    "-60 to 3 dBm0, twist -20 to 20 dB",
                ));
            }
        }
        Dialing::Pulse {
            break_ms, make_ms, ..
        } => {
            for ms in [break_ms, make_ms] {
                if ms == 0 || ms > 1000 {
                    return Err(bad("a part of a pulse in ms", ms, "1 to 1000"));
                }
            }
        }
    }
    Ok(())
}

fn bad(what: &'static str, value: impl ToString, accepted: &'static str) -> SimError {
    SimError::BadValue {
        what,
        value: value.to_string(),
        accepted,
    }
}

fn dtmf(digit: char) -> Option<[f32; 2]> {
    const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
    const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let place = "123A456B789C*0#D".find(digit)?;
    Some([*LOW.get(place / 4)?, *HIGH.get(place % 4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of (closed, length) runs in ms.
    fn runs(hand: &mut Hand) -> Vec<(bool, u32)> {
        let mut out: Vec<(bool, u32)> = Vec::new();
        for _ in 0..100_000 {
            let now = hand.sample();
            match out.last_mut() {
                Some((closed, len)) if *closed == now.closed => *len += 1,
                _ => out.push((now.closed, 1)),
            }
            if hand.take_finished() {
                break;
            }
        }
        out.iter().map(|&(closed, len)| (closed, len / 8)).collect()
    }

    #[test]
    fn a_pulsed_three_is_three_breaks() {
        let mut hand = Hand::new(true);
        hand.dial("3", Dialing::PULSE).unwrap();
        assert_eq!(
            runs(&mut hand),
            [
                (false, 60),
                (true, 40),
                (false, 60),
                (true, 40),
                (false, 60),
                (true, 800)
            ]
        );
    }

    #[test]
    fn flash_waits_for_the_digits_before_it() {
        let mut hand = Hand::new(true);
        hand.dial("12", Dialing::TONE).unwrap();
        hand.flash(300);
        assert_eq!(hand.to_do(), "12!");
        assert_eq!(runs(&mut hand), [(true, 320), (false, 300), (true, 100)]);
    }

    #[test]
    fn hanging_up_forgets_the_rest() {
        let mut hand = Hand::new(true);
        hand.dial("12", Dialing::TONE).unwrap();
        hand.sample();
        hand.hang_up();
        assert!(!hand.is_busy());
        assert_eq!(
            hand.sample(),
            HandSample {
                closed: false,
                tone: None
            }
        );
    }

    #[test]
    fn bad_digits_are_refused_and_nothing_is_dialled() {
        let mut hand = Hand::new(true);
        for (digits, how) in [
            ("12x", Dialing::TONE),
            ("1#", Dialing::PULSE),
            ("1\n", Dialing::TONE),
            (&"1".repeat(129) as &str, Dialing::TONE),
        ] {
            assert!(
                matches!(hand.dial(digits, how), Err(SimError::BadValue { .. })),
                "{digits}"
            );
        }
        let zero = Dialing::Pulse {
            break_ms: 0,
            make_ms: 40,
            interdigit_ms: 800,
        };
        assert!(hand.dial("1", zero).is_err());
        assert!(!hand.is_busy());
    }
}
