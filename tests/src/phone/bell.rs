//! The bell of a phone: measures bursts and pauses of the ringing.

use std::time::Duration;

use super::copper::RING_TRAILER;

/// One burst of ringing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// When the voltage came.
    pub from: Duration,
    /// When it went; none while it is there.
    pub to: Option<Duration>,
}

impl Burst {
    /// How long it rang.
    pub fn on_ms(&self) -> Option<f64> {
        self.to.map(|to| millis(to.saturating_sub(self.from)))
    }
}

/// All bursts since the last `forget`.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    bursts: Vec<Burst>,
}

impl Bell {
    /// The bursts, oldest first.
    pub fn bursts(&self) -> &[Burst] {
        &self.bursts
    }

    /// Lengths in ms of bursts and of the pauses after them, in turn; only what has ended.
    pub fn cadence_ms(&self) -> Vec<f64> {
        let mut parts = vec![];
        for (i, burst) in self.bursts.iter().enumerate() {
            let Some(to) = burst.to else { break };
            parts.push(millis(to.saturating_sub(burst.from)));
            if let Some(next) = self.bursts.get(i + 1) {
                parts.push(millis(next.from.saturating_sub(to)));
            }
        }
        parts
    }

    /// Voltage came at `at`.
    pub(super) fn on(&mut self, at: Duration) {
        self.bursts.push(Burst { from: at, to: None });
    }

    /// It was reported at `at` that the voltage has gone; answers when it went.
    pub(super) fn over(&mut self, at: Duration) -> Duration {
        let to = at.saturating_sub(RING_TRAILER);
        if let Some(last) = self.bursts.last_mut()
            && last.to.is_none()
        {
            last.to = Some(to);
        }
        to
    }

    pub(super) fn forget(&mut self) {
        self.bursts.clear();
    }
}

fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_ring_is_measured_without_the_trailer() {
        let ms = Duration::from_millis;
        let mut bell = Bell::default();
        for (on, reported_over) in [(1000, 1450), (1600, 2050), (4000, 4450)] {
            bell.on(ms(on));
            bell.over(ms(reported_over));
        }
        assert_eq!(bell.cadence_ms(), [400.0, 200.0, 400.0, 2000.0, 400.0]);
    }
}
