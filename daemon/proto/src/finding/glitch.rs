//! Whether a port lost sound of late: what the card counts, looked at now and then.

use std::time::Duration;

use crate::time::Time;

/// A loss is reported for this time.
const REPORTED_FOR: Duration = Duration::from_secs(60);

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glitch {
    /// Sound from the line.
    Overrun,
    /// Sound to the line.
    Underrun,
}

/// What one port lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glitches {
    overruns: u64,
    underruns: u64,
    last: Option<(Glitch, Time)>,
}

impl Glitches {
    /// The card's counts as of now; they only grow.
    pub fn see(&mut self, now: Time, overruns: u64, underruns: u64) {
        if overruns > self.overruns {
            self.last = Some((Glitch::Overrun, now));
        } else if underruns > self.underruns {
            self.last = Some((Glitch::Underrun, now));
        }
        (self.overruns, self.underruns) = (overruns, underruns);
    }

    /// What was lost in the last minute.
    pub fn recent(&self, now: Time) -> Option<Glitch> {
        let (glitch, at) = self.last?;
        (now.saturating_since(at) < REPORTED_FOR).then_some(glitch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_reported_for_a_minute_and_what_was_heard_is_worse_than_what_was_not_said() {
        let at = |s| Time::from_duration(Duration::from_secs(s));
        let mut glitches = Glitches::default();
        glitches.see(at(0), 0, 0);
        assert_eq!(glitches.recent(at(0)), None);
        glitches.see(at(1), 0, 2);
        assert_eq!(glitches.recent(at(60)), Some(Glitch::Underrun));
        glitches.see(at(60), 1, 3);
        assert_eq!(glitches.recent(at(61)), Some(Glitch::Overrun));
        glitches.see(at(100), 1, 3);
        assert_eq!(glitches.recent(at(120)), None);
    }
}
