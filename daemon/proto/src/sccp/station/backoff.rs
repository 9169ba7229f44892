//! Waiting longer each time, and never all ports at once.

use std::time::Duration;

use super::RetryPolicy;

/// Exponential back-off with seeded jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    policy: RetryPolicy,
    rounds: u32,
    state: u64,
}

impl Backoff {
    pub(super) fn new(policy: RetryPolicy) -> Backoff {
        Backoff {
            policy,
            rounds: 0,
            state: policy.jitter_seed,
        }
    }

    /// The next wait: `first` doubled for every earlier one, `max` at most, spread over 75 % to 125 %.
    pub(super) fn next(&mut self) -> Duration {
        self.next_up_to(self.policy.max)
    }

    /// The same with another longest wait.
    pub(super) fn next_up_to(&mut self, most: Duration) -> Duration {
        let doubled = self
            .policy
            .first
            .checked_mul(1u32.checked_shl(self.rounds.min(31)).unwrap_or(u32::MAX))
            .unwrap_or(most);
        self.rounds = self.rounds.saturating_add(1);
        self.around(doubled.min(most))
    }

    /// Starts over at `first`.
    pub(super) fn reset(&mut self) {
        self.rounds = 0;
    }

    /// 75 % to 125 % of `wait`.
    pub(super) fn around(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.75 + 0.5 * self.unit())
    }

    /// Somewhere between nothing and the policy's `crowd`, for things that hit all ports in the same moment.
    pub(super) fn spread(&mut self) -> Duration {
        self.spread_of(self.policy.crowd)
    }

    /// The wait of one that has this place among some of the crowd, who come as densely as the crowd would.
    pub(super) fn in_turn(&mut self, place: u16) -> Duration {
        let step = self.policy.crowd / self.policy.share.1.max(1);
        step.mul_f64(f64::from(place) + self.unit())
    }

    /// Somewhere between nothing and this, in the device's own share of it.
    pub(super) fn spread_of(&mut self, most: Duration) -> Duration {
        let (place, of) = self.policy.share;
        let of = of.max(1);
        most.mul_f64((f64::from(place % of) + self.unit()) / f64::from(of))
    }

    /// splitmix64 (Steele, Lea, Flood 2014), as a number in 0..1.
    fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_within_a_quarter() {
        let mut b = Backoff::new(RetryPolicy {
            first: Duration::from_secs(1),
            max: Duration::from_secs(8),
            jitter_seed: 7,
            ..RetryPolicy::default()
        });
        for nominal in [1.0, 2.0, 4.0, 8.0, 8.0, 8.0] {
            let wait = b.next().as_secs_f64();
            assert!(
                (nominal * 0.75..=nominal * 1.25).contains(&wait),
                "{wait} for {nominal}"
            );
        }
        b.reset();
        assert!(b.next() <= Duration::from_millis(1250));
    }

    #[test]
    fn a_crowd_comes_evenly() {
        let at = |place| {
            Backoff::new(RetryPolicy {
                share: (place, 480),
                jitter_seed: u64::from(place),
                ..RetryPolicy::default()
            })
            .spread_of(Duration::from_millis(480 * 40))
        };
        for place in 0..480 {
            let first = Duration::from_millis(u64::from(place) * 40);
            let wait = at(place);
            assert!(
                (first..first + Duration::from_millis(40)).contains(&wait),
                "{wait:?}"
            );
        }
    }

    #[test]
    fn absurd_policies_do_not_overflow() {
        let mut b = Backoff::new(RetryPolicy {
            first: Duration::from_secs(u32::MAX.into()),
            max: Duration::from_secs(1_000_000_000),
            jitter_seed: 0,
            ..RetryPolicy::default()
        });
        for _ in 0..100 {
            assert!(b.next() <= Duration::from_secs(1_250_000_000));
        }
    }
}
