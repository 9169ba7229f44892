//! The collector of digits: where a digit that was dialled goes, and what is kept for a call that has no name yet.
//!
//! | the phone is | a digit |
//! | --- | --- |
//! | lifted, the server has not named the call | is kept until it does |
//! | dialing | goes to the server |
//! | in a call | stays in the voice, or is an RFC 4733 event, when the line sends it so; else goes to the server |
//! | anything else | is dropped |

use crate::types::Digit;

/// Digits kept for a server that has not named the call yet.
const MOST_EARLY: usize = 32;

/// How a digit was dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Tone,
    Pulse,
}

/// What takes digits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taker {
    /// Nothing.
    Nobody,
    /// A call that the server will name.
    NewCall,
    /// A call whose number is being dialled.
    Dialing,
    /// A call that is set up or talked on.
    Call {
        /// The line itself sends what it hears, in the voice or as RFC 4733 events; pulses it does not hear.
        line_sends: bool,
        registered: bool,
    },
}

/// What becomes of a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigitOutput {
    /// It is kept.
    Kept,
    /// To the server, as part of a number; with this button.
    Dial(u32),
    /// To the server; with this button.
    Key(u32),
    /// The line sends it.
    InMedia,
    /// Nothing.
    Dropped,
}

/// The digits of one port.
#[derive(Debug, Default)]
pub(super) struct Digits {
    /// Dialled before the server named the call.
    early: Vec<Digit>,
    /// The last digit came as a tone.
    by_tone: bool,
    dtmf: u64,
    pulse: u64,
    dropped: u64,
}

impl Digits {
    /// A digit was dialled. `abcd`: A to D are sent, too.
    pub(super) fn dialled(
        &mut self,
        digit: Digit,
        by: By,
        taker: Taker,
        abcd: bool,
    ) -> DigitOutput {
        let output = match taker {
            _ if is_abcd(digit) && !abcd => DigitOutput::Dropped,
            Taker::NewCall if self.early.len() < MOST_EARLY => {
                self.early.push(digit);
                DigitOutput::Kept
            }
            Taker::NewCall => DigitOutput::Dropped,
            taker => deliver(digit, by, taker),
        };
        if output == DigitOutput::Dropped {
            self.drop_one();
        } else {
            self.by_tone = by == By::Tone;
            match by {
                By::Tone => self.dtmf += 1,
                By::Pulse => self.pulse += 1,
            }
        }
        output
    }

    /// What was kept, for the call that now has a name.
    pub(super) fn take_early(&mut self) -> Vec<Digit> {
        std::mem::take(&mut self.early)
    }

    /// Nobody wants what was kept.
    pub(super) fn forget_early(&mut self) {
        self.early.clear();
    }

    /// One that is no digit, or was heard where none can be.
    pub(super) fn drop_one(&mut self) {
        self.dropped += 1;
    }

    /// The phone dials by tones.
    pub(super) fn by_tone(&self) -> bool {
        self.by_tone
    }

    /// Digits are kept, and they were dialled by tones.
    pub(super) fn keeps_tones(&self) -> bool {
        !self.early.is_empty() && self.by_tone
    }

    /// Digits taken as tones, as pulses, and dropped.
    pub(super) fn counted(&self) -> (u64, u64, u64) {
        (self.dtmf, self.pulse, self.dropped)
    }
}

/// Where a digit goes that is not kept.
pub(super) fn deliver(digit: Digit, by: By, taker: Taker) -> DigitOutput {
    match taker {
        Taker::Nobody | Taker::NewCall => DigitOutput::Dropped,
        Taker::Dialing => DigitOutput::Dial(button(digit)),
        Taker::Call {
            line_sends: true, ..
        } if by == By::Tone => DigitOutput::InMedia,
        Taker::Call {
            registered: true, ..
        } => DigitOutput::Key(button(digit)),
        Taker::Call { .. } => DigitOutput::Dropped,
    }
}

fn is_abcd(digit: Digit) -> bool {
    (10..=13).contains(&button(digit))
}

/// KeypadButton numbers: 0–9, 10–13 A–D, 14 `*`, 15 `#`.
fn button(digit: Digit) -> u32 {
    match digit.event_code() {
        10 => 14,
        11 => 15,
        code @ 12..=15 => u32::from(code) - 2,
        code => u32::from(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(c: char) -> Digit {
        Digit::from_char(c).unwrap()
    }

    const TALKING: Taker = Taker::Call {
        line_sends: false,
        registered: true,
    };
    const SENT_BY_LINE: Taker = Taker::Call {
        line_sends: true,
        registered: true,
    };
    const PRESERVED: Taker = Taker::Call {
        line_sends: false,
        registered: false,
    };

    #[test]
    fn where_a_digit_goes() {
        for (taker, by, output) in [
            (Taker::Nobody, By::Tone, DigitOutput::Dropped),
            (Taker::NewCall, By::Pulse, DigitOutput::Kept),
            (Taker::Dialing, By::Tone, DigitOutput::Dial(5)),
            (Taker::Dialing, By::Pulse, DigitOutput::Dial(5)),
            (TALKING, By::Tone, DigitOutput::Key(5)),
            (SENT_BY_LINE, By::Tone, DigitOutput::InMedia),
            (SENT_BY_LINE, By::Pulse, DigitOutput::Key(5)),
            (PRESERVED, By::Tone, DigitOutput::Dropped),
        ] {
            let mut digits = Digits::default();
            assert_eq!(
                digits.dialled(digit('5'), by, taker, false),
                output,
                "{taker:?} {by:?}"
            );
            let taken = u64::from(output != DigitOutput::Dropped);
            let (dtmf, pulse, dropped) = digits.counted();
            assert_eq!((dtmf + pulse, dropped), (taken, 1 - taken));
            assert_eq!(digits.by_tone(), taken == 1 && by == By::Tone);
        }
    }

    #[test]
    fn the_keys_of_the_fourth_column_go_only_where_they_are_wanted() {
        let mut digits = Digits::default();
        for (key, button) in [('A', 10), ('D', 13), ('*', 14), ('#', 15), ('0', 0)] {
            let sent = digits.dialled(digit(key), By::Tone, Taker::Dialing, true);
            assert_eq!(sent, DigitOutput::Dial(button), "{key}");
        }
        let dropped = digits.dialled(digit('A'), By::Tone, Taker::NewCall, false);
        assert_eq!(dropped, DigitOutput::Dropped);
        assert_eq!(digits.take_early(), []);
    }

    #[test]
    fn early_digits_are_kept_in_order_and_not_without_end() {
        let mut digits = Digits::default();
        assert!(!digits.keeps_tones());
        for _ in 0..MOST_EARLY {
            let kept = digits.dialled(digit('1'), By::Tone, Taker::NewCall, false);
            assert_eq!(kept, DigitOutput::Kept);
        }
        assert!(digits.keeps_tones());
        let full = digits.dialled(digit('2'), By::Pulse, Taker::NewCall, false);
        assert_eq!((full, digits.by_tone()), (DigitOutput::Dropped, true));
        assert_eq!(digits.take_early(), vec![digit('1'); MOST_EARLY]);
        assert_eq!(digits.take_early(), []);
        digits.dialled(digit('3'), By::Tone, Taker::NewCall, false);
        digits.forget_early();
        assert!(!digits.keeps_tones());
    }
}
