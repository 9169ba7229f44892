//! Which number leads where.

use super::{CallManager, HashRule, Service};

/// Longest number that is collected.
pub(super) const MAX_NUMBER: usize = 32;

/// Where a number leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Index of a device.
    Device(usize),
    Service(Service),
}

/// What the digits so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// A number, and nothing longer begins like it.
    Complete(Target),
    /// A number, and the beginning of another.
    CompleteOrLonger(Target),
    /// The beginning of a number.
    Beginning,
    /// Nothing begins like this.
    Impossible,
}

impl CallManager {
    pub(super) fn match_number(&self, digits: &str) -> Match {
        let devices = self
            .devices
            .iter()
            .enumerate()
            .map(|(index, d)| (d.entry.number.as_str(), Target::Device(index)));
        let services = self
            .config
            .services
            .iter()
            .map(|(number, service)| (number.as_str(), Target::Service(*service)));
        let mut exact = None;
        let mut longer = false;
        for (number, target) in devices.chain(services) {
            if number == digits {
                exact.get_or_insert(target);
            } else if number.starts_with(digits) {
                longer = true;
            }
        }
        match (exact, longer) {
            (Some(target), false) => Match::Complete(target),
            (Some(target), true) => Match::CompleteOrLonger(target),
            (None, true) => Match::Beginning,
            (None, false) => Match::Impossible,
        }
    }

    /// The character of a KeypadButton, as this dialect takes it while dialing.
    pub(super) fn key(button: u32) -> char {
        match button {
            // A to D, 10 to 13, arrive as the characters after '9'.
            0..=13 => char::from(b'0' + u8::try_from(button).unwrap_or(0)),
            14 => '*',
            15 => '#',
            16 => '+',
            _ => '?',
        }
    }

    pub(super) fn ends_dialing(&self, key: char) -> bool {
        key == '#' && self.rules.hash == HashRule::Ends
    }
}
