//! Repeats in the log of one port's registration: a trouble that comes back every second is one line in ten minutes, and
//! good news are logged once after it.
//!
//! Looks at what a line says. How many lines of any kind a port may have is [`super::log_rate`]'s: it is asked for each
//! line that is no repeat, and what it holds back was not logged, and is no repeat when it comes again.

use std::time::Duration;

use tipring_proto::time::Time;

/// The same trouble is logged again after this time.
const AGAIN: Duration = Duration::from_secs(600);
/// The end of a registration is logged again after this time, which doubles while they follow each other.
const SOON: Duration = Duration::from_secs(10);
/// Kinds of trouble remembered.
const KINDS: usize = 16;

/// One kind of trouble.
#[derive(Debug)]
struct Trouble {
    /// Its text without what counts and measures in it.
    kind: String,
    logged: Time,
    /// How often it came since.
    since: u64,
}

/// What was logged.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    troubles: Vec<Trouble>,
    /// The last good news.
    good: String,
    /// A trouble was logged after it.
    in_trouble: bool,
    /// The last end of a registration that was logged, and how soon after it the next one is.
    outage: Option<(Time, Duration)>,
}

impl Repeats {
    /// Is this trouble to be logged, if `pass` lets a line through? Then with the number of lines that were held back before
    /// it, and of times that it came without a line.
    pub(super) fn trouble(
        &mut self,
        now: Time,
        server: usize,
        text: &str,
        pass: impl FnOnce() -> Option<u64>,
    ) -> Option<u64> {
        let words: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let kind = format!("{server}{words}");
        let known = self.troubles.iter_mut().find(|t| t.kind == kind);
        let not_logged = match known {
            Some(known) if now.saturating_since(known.logged) < AGAIN => {
                known.since += 1;
                return None;
            }
            Some(known) => {
                let held_back = pass()?;
                known.logged = now;
                held_back + std::mem::take(&mut known.since)
            }
            None => {
                let held_back = pass()?;
                if self.troubles.len() >= KINDS {
                    self.troubles.remove(0);
                }
                let (logged, since) = (now, 0);
                self.troubles.push(Trouble {
                    kind,
                    logged,
                    since,
                });
                held_back
            }
        };
        self.in_trouble = true;
        Some(not_logged)
    }

    /// A registration has ended that stood: its end and the next registration are logged, so that each outage has its two
    /// lines. Those that follow each other all the time are logged ever less often, and are a trouble that repeats otherwise.
    pub(super) fn is_outage(&mut self, now: Time) -> bool {
        let wait = match self.outage {
            Some((before, wait)) if now.saturating_since(before) < wait => return false,
            Some((before, wait)) if now.saturating_since(before) < AGAIN * 2 => {
                wait.saturating_mul(2)
            }
            _ => SOON,
        };
        self.outage = Some((now, wait.min(AGAIN)));
        true
    }

    /// The line of such an end, if `pass` lets it through: with the number of lines that were held back before it.
    pub(super) fn outage(&mut self, pass: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let held_back = pass()?;
        self.in_trouble = true;
        Some(held_back)
    }

    /// Is this good news to be logged, if `pass` lets a line through? Only after a trouble that was logged, and when it
    /// differs. Then with the number of lines that were held back before it.
    pub(super) fn good(&mut self, text: &str, pass: impl FnOnce() -> Option<u64>) -> Option<u64> {
        if !self.in_trouble && self.good == text {
            return None;
        }
        let held_back = pass()?;
        self.in_trouble = false;
        text.clone_into(&mut self.good);
        Some(held_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line passes.
    const FREE: fn() -> Option<u64> = || Some(0);

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1000)
    }

    #[test]
    fn troubles_by_turns_are_logged_once_each_and_again_after_ten_minutes() {
        let mut repeats = Repeats::default();
        let mut lines = vec![];
        for s in 0..1200 {
            let (server, text) = if s % 2 == 0 {
                (0, "refused")
            } else {
                (1, "no answer")
            };
            if let Some(not_logged) = repeats.trouble(at(s), server, text, FREE) {
                lines.push((s, text, not_logged));
            }
        }
        assert_eq!(
            lines,
            [
                (0, "refused", 0),
                (1, "no answer", 0),
                (600, "refused", 299),
                (601, "no answer", 299)
            ]
        );
    }

    #[test]
    fn numbers_in_a_trouble_make_it_no_other_trouble_but_another_server_does() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.trouble(at(0), 0, "length 17", FREE), Some(0));
        assert_eq!(repeats.trouble(at(1), 0, "length 4711", FREE), None);
        assert_eq!(repeats.trouble(at(2), 1, "length 17", FREE), Some(0));
    }

    #[test]
    fn a_registration_that_flaps_is_logged_as_long_as_its_trouble_is() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.good("registered", FREE), Some(0));
        assert_eq!(repeats.trouble(at(0), 0, "lost", FREE), Some(0));
        assert_eq!(repeats.good("registered", FREE), Some(0));
        assert_eq!(repeats.trouble(at(1), 0, "lost", FREE), None);
        assert_eq!(repeats.good("registered", FREE), None);
        assert_eq!(repeats.good("registered, another version", FREE), Some(0));
    }

    #[test]
    fn each_outage_has_its_end_and_its_begin() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.good("registered", FREE), Some(0));
        for s in [0, 30, 60] {
            assert!(repeats.is_outage(at(s)), "{s}");
            assert_eq!(repeats.outage(FREE), Some(0));
            let first = repeats.trouble(at(s + 1), 0, "refused", FREE);
            assert_eq!(first.is_some(), s == 0, "{s}");
            assert_eq!(repeats.good("registered", FREE), Some(0));
            assert_eq!(repeats.good("registered", FREE), None);
        }
        // One that flaps for a day is no flood.
        let ends = (100..86_500).step_by(15);
        let lines = ends.filter(|s| repeats.is_outage(at(*s))).count();
        assert!((140..160).contains(&lines), "{lines}");
        // No line, no end of it.
        assert_eq!(repeats.outage(|| None), None);
        assert_eq!(repeats.good("registered", FREE), None);
    }

    #[test]
    fn what_was_held_back_was_not_logged_and_is_no_repeat() {
        let mut repeats = Repeats::default();
        let held_back = || None;
        assert_eq!(repeats.trouble(at(0), 0, "refused", held_back), None);
        assert_eq!(repeats.trouble(at(60), 0, "refused", || Some(1)), Some(1));
        assert_eq!(repeats.trouble(at(61), 0, "refused", FREE), None);
        // Ten minutes later there is no room for it; a minute later there is.
        assert_eq!(repeats.trouble(at(660), 0, "refused", held_back), None);
        assert_eq!(repeats.trouble(at(720), 0, "refused", || Some(1)), Some(2));
        assert_eq!(repeats.good("registered", held_back), None);
        assert_eq!(repeats.good("registered", || Some(1)), Some(1));
        assert_eq!(repeats.good("registered", FREE), None);
    }

    #[test]
    fn endless_kinds_of_trouble_are_not_kept_for_ever() {
        let mut repeats = Repeats::default();
        for n in 0..1000 {
            let text: String = "x".repeat(n);
            assert_eq!(repeats.trouble(at(0), 0, &text, FREE), Some(0));
        }
        assert_eq!(repeats.troubles.len(), KINDS);
    }
}
