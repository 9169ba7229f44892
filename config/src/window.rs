//! How long an opening of the loop may be: a flash, or a dial pulse.

use crate::choice::FlashAction;
use crate::settings::Line;

/// An old dial that drags opens the loop for up to 105 ms at 8 pulses a second, as exchanges accept it; 5 ms are for what the
/// driver of a card adds.
const LONGEST_PULSE_MS: u16 = 110;
/// Where flashes begin late, or are not decoded.
const MOST_PULSE_MS: u16 = 199;

/// Shortest and longest, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowMs {
    /// Shortest.
    pub min_ms: u16,
    /// Longest.
    pub max_ms: u16,
}

impl Line {
    /// Which openings are flashes; none: not decoded.
    pub fn flash_window(&self) -> Option<WindowMs> {
        (self.flash != FlashAction::Ignore).then_some(WindowMs {
            min_ms: self.flash_min_ms,
            max_ms: self.flash_max_ms,
        })
    }

    /// Which openings are dial pulses; none: not decoded.
    pub fn pulse_window(&self) -> Option<WindowMs> {
        // Where flashes begin below the longest pulse, the call logic distinguishes them by what the phone is doing.
        let max_ms = match self.flash_window() {
            Some(flash) => {
                let below = flash.min_ms.saturating_sub(1);
                below.clamp(LONGEST_PULSE_MS, MOST_PULSE_MS)
            }
            None => MOST_PULSE_MS,
        };
        self.pulse_dialing
            .then_some(WindowMs { min_ms: 20, max_ms })
    }
}
