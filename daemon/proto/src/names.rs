//! Names of CallManagers and their addresses.
//!
//! Owns: which name is looked up when, for how long an answer is believed, how long anybody waits for one. Promises: a
//! name is looked up once for all ports; a name server that does not answer costs a port [`PATIENCE`] once, and nothing
//! where an address is known; one name does not wait for another. Leaves to others: the lookup itself, which may take
//! any time ([`Names::poll_lookup`], [`Names::looked_up`]).

use std::collections::VecDeque;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::time::Time;

/// Longest wait for a lookup. Name servers on the same site answer in milliseconds; the system's own patience with
/// silent ones is 10 s and more.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// An older answer is still used, and looked up again beside: the name may have moved.
const FRESH: Duration = Duration::from_secs(60);
/// After a lookup that failed, the next one is made no sooner.
const AGAIN: Duration = Duration::from_secs(10);

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFailure {
    /// The lookup did not end in time.
    Silent,
    /// The name has addresses, but none of IPv4.
    NoIpv4,
    /// In the system's words.
    Refused(String),
}

impl fmt::Display for NameFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameFailure::Silent => f.write_str("no answer from a name server"),
            NameFailure::NoIpv4 => f.write_str("it has no IPv4 address"),
            NameFailure::Refused(text) => f.write_str(text),
        }
    }
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its addresses, at least one.
    Known(Vec<Ipv4Addr>),
    /// It is being looked up. Ask again when that is done, or then.
    Wait {
        /// The end of patience.
        until: Time,
    },
    /// It has none.
    Failed(NameFailure),
}

/// All names.
#[derive(Debug, Default)]
pub struct Names {
    known: Vec<Name>,
    lookups: VecDeque<String>,
}

#[derive(Debug)]
struct Name {
    name: String,
    addresses: Vec<Ipv4Addr>,
    /// When they were found.
    found: Option<Time>,
    /// A lookup is under way since then.
    asked: Option<Time>,
    failed: Option<(Time, NameFailure)>,
}

impl Names {
    /// The addresses of a name, as far as they are known; begins a lookup when that is due.
    pub fn ask(&mut self, now: Time, name: &str) -> Answer {
        let place = self.known.iter().position(|n| n.name == name);
        let place = place.unwrap_or_else(|| {
            self.known.push(Name {
                name: name.to_owned(),
                addresses: vec![],
                found: None,
                asked: None,
                failed: None,
            });
            self.known.len() - 1
        });
        let Some(known) = self.known.get_mut(place) else {
            return Answer::Failed(NameFailure::Silent);
        };
        if known.asked.is_none() && known.is_due(now) {
            known.asked = Some(now);
            self.lookups.push_back(known.name.clone());
        }
        known.answer(now)
    }

    /// The next name to be looked up. Each is looked up beside the others, and its outcome reported.
    pub fn poll_lookup(&mut self) -> Option<String> {
        self.lookups.pop_front()
    }

    /// A lookup has ended. A failed one takes nothing away that was known.
    pub fn looked_up(
        &mut self,
        now: Time,
        name: &str,
        outcome: Result<Vec<Ipv4Addr>, NameFailure>,
    ) {
        let Some(known) = self.known.iter_mut().find(|n| n.name == name) else {
            return;
        };
        known.asked = None;
        match outcome {
            Ok(addresses) if !addresses.is_empty() => {
                known.addresses = addresses;
                known.found = Some(now);
                known.failed = None;
            }
            Ok(_) => known.failed = Some((now, NameFailure::NoIpv4)),
            Err(failure) => known.failed = Some((now, failure)),
        }
    }

    /// The network has changed: every name is looked up again when it is asked for next.
    pub fn doubt(&mut self) {
        for name in &mut self.known {
            name.found = None;
            name.failed = None;
        }
    }
}

impl Name {
    fn is_due(&self, now: Time) -> bool {
        let over = |at: Time, wait| now.saturating_since(at) >= wait;
        let failed_long_ago = self.failed.as_ref().is_none_or(|(at, _)| over(*at, AGAIN));
        failed_long_ago && self.found.is_none_or(|at| over(at, FRESH))
    }

    fn answer(&self, now: Time) -> Answer {
        if !self.addresses.is_empty() {
            return Answer::Known(self.addresses.clone());
        }
        match (self.asked, &self.failed) {
            // What the last lookup came to holds until the next one has ended.
            (_, Some((_, failure))) => Answer::Failed(failure.clone()),
            (Some(since), None) if now < since + PATIENCE => Answer::Wait {
                until: since + PATIENCE,
            },
            _ => Answer::Failed(NameFailure::Silent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CM: &str = "cm1.example";
    const ONE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const TWO: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    fn at(s: u64) -> Time {
        Time::from_millis(1_000_000 + s * 1_000)
    }

    fn lookups(names: &mut Names) -> Vec<String> {
        std::iter::from_fn(|| names.poll_lookup()).collect()
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_ports() {
        let mut names = Names::default();
        let until = at(0) + PATIENCE;
        for _ in 0..300 {
            assert_eq!(names.ask(at(0), CM), Answer::Wait { until });
        }
        assert_eq!(lookups(&mut names), [CM]);
        names.looked_up(at(1), CM, Ok(vec![ONE, TWO]));
        for _ in 0..300 {
            assert_eq!(names.ask(at(2), CM), Answer::Known(vec![ONE, TWO]));
        }
        assert_eq!(lookups(&mut names), [""; 0]);
    }

    #[test]
    fn a_silent_name_server_is_waited_for_once_and_not_by_each_port() {
        let mut names = Names::default();
        names.ask(at(0), CM);
        let silent = Answer::Failed(NameFailure::Silent);
        assert_eq!(names.ask(at(0) + PATIENCE, CM), silent);
        assert_eq!(names.ask(at(20), CM), silent, "the lookup still runs");
        names.looked_up(at(20), CM, Err(NameFailure::Refused("try again".into())));
        let refused = Answer::Failed(NameFailure::Refused("try again".into()));
        assert_eq!(names.ask(at(25), CM), refused);
        assert_eq!(lookups(&mut names), [CM], "one lookup in all this time");
        // Looked up again later, and nobody waits for that.
        assert_eq!(names.ask(at(31), CM), refused);
        assert_eq!(lookups(&mut names), [CM]);
        names.looked_up(at(32), CM, Ok(vec![ONE]));
        assert_eq!(names.ask(at(32), CM), Answer::Known(vec![ONE]));
    }

    #[test]
    fn a_silent_name_does_not_hold_up_another_one() {
        let mut names = Names::default();
        names.ask(at(0), CM);
        names.ask(at(0), "cm2.example");
        assert_eq!(lookups(&mut names), [CM, "cm2.example"]);
        names.looked_up(at(0), "cm2.example", Ok(vec![TWO]));
        assert_eq!(names.ask(at(0), "cm2.example"), Answer::Known(vec![TWO]));
    }

    #[test]
    fn an_old_answer_is_used_while_it_is_looked_up_again() {
        let mut names = Names::default();
        names.ask(at(0), CM);
        names.looked_up(at(0), CM, Ok(vec![ONE]));
        lookups(&mut names);
        assert_eq!(names.ask(at(59), CM), Answer::Known(vec![ONE]));
        assert_eq!(lookups(&mut names), [""; 0]);
        assert_eq!(names.ask(at(60), CM), Answer::Known(vec![ONE]));
        assert_eq!(lookups(&mut names), [CM]);
        // The name server has died meanwhile: what was known is known.
        names.looked_up(at(80), CM, Err(NameFailure::Silent));
        assert_eq!(names.ask(at(81), CM), Answer::Known(vec![ONE]));
        assert_eq!(lookups(&mut names), [""; 0], "not at once");
        names.ask(at(90), CM);
        assert_eq!(lookups(&mut names), [CM]);
        names.looked_up(at(91), CM, Ok(vec![TWO]));
        assert_eq!(names.ask(at(91), CM), Answer::Known(vec![TWO]));
    }

    #[test]
    fn a_change_of_the_network_makes_names_be_looked_up_at_the_next_occasion() {
        let mut names = Names::default();
        names.ask(at(0), CM);
        names.looked_up(at(0), CM, Ok(vec![ONE]));
        names.ask(at(0), "late.example");
        names.looked_up(at(0), "late.example", Err(NameFailure::Silent));
        lookups(&mut names);
        names.doubt();
        assert_eq!(names.ask(at(1), CM), Answer::Known(vec![ONE]));
        let until = at(1) + PATIENCE;
        assert_eq!(names.ask(at(1), "late.example"), Answer::Wait { until });
        assert_eq!(lookups(&mut names), [CM, "late.example"]);
    }

    #[test]
    fn a_name_without_ipv4_says_so() {
        let mut names = Names::default();
        names.ask(at(0), CM);
        names.looked_up(at(0), CM, Ok(vec![]));
        assert_eq!(names.ask(at(0), CM), Answer::Failed(NameFailure::NoIpv4));
    }
}
