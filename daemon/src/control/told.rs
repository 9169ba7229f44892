//! What the log was told of one port's registration, so that a trouble that comes back every second is one line.

use std::time::Duration;

use tipring_proto::time::Time;

/// The same trouble is told again after this long.
const AGAIN: Duration = Duration::from_secs(600);
/// Kinds of trouble remembered.
const KINDS: usize = 16;

/// One kind of trouble.
#[derive(Debug)]
struct Trouble {
    /// Its text without what counts and measures in it.
    kind: String,
    told: Time,
    /// How often it came since.
    since: u64,
}

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    troubles: Vec<Trouble>,
    /// The last good news.
    good: String,
    /// A trouble was told after it.
    in_trouble: bool,
}

impl Told {
    /// Is this trouble to be told? Then with the number of times that it came untold.
    pub(super) fn trouble(&mut self, now: Time, server: usize, text: &str) -> Option<u64> {
        let words: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let kind = format!("{server}{words}");
        let untold = match self.troubles.iter_mut().find(|t| t.kind == kind) {
            Some(known) if now.saturating_since(known.told) < AGAIN => {
                known.since += 1;
                return None;
            }
            Some(known) => {
                known.told = now;
                std::mem::take(&mut known.since)
            }
            None => {
                if self.troubles.len() >= KINDS {
                    self.troubles.remove(0);
                }
                let (told, since) = (now, 0);
                self.troubles.push(Trouble { kind, told, since });
                0
            }
        };
        self.in_trouble = true;
        Some(untold)
    }

    /// Is this good news to be told? Only after a trouble that was told, and when it differs.
    pub(super) fn good(&mut self, text: &str) -> bool {
        let news = self.in_trouble || self.good != text;
        self.in_trouble = false;
        text.clone_into(&mut self.good);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1000)
    }

    #[test]
    fn troubles_by_turns_are_told_once_each_and_again_after_ten_minutes() {
        let mut told = Told::default();
        let mut lines = vec![];
        for s in 0..1200 {
            let (server, text) = if s % 2 == 0 {
                (0, "refused")
            } else {
                (1, "no answer")
            };
            if let Some(untold) = told.trouble(at(s), server, text) {
                lines.push((s, text, untold));
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
        let mut told = Told::default();
        assert_eq!(told.trouble(at(0), 0, "length 17"), Some(0));
        assert_eq!(told.trouble(at(1), 0, "length 4711"), None);
        assert_eq!(told.trouble(at(2), 1, "length 17"), Some(0));
    }

    #[test]
    fn a_registration_that_flaps_is_told_as_long_as_its_trouble_is() {
        let mut told = Told::default();
        assert!(told.good("registered"));
        assert_eq!(told.trouble(at(0), 0, "lost"), Some(0));
        assert!(told.good("registered"));
        assert_eq!(told.trouble(at(1), 0, "lost"), None);
        assert!(!told.good("registered"));
        assert!(told.good("registered, another version"));
    }

    #[test]
    fn endless_kinds_of_trouble_are_not_kept_for_ever() {
        let mut told = Told::default();
        for n in 0..1000 {
            let text: String = "x".repeat(n);
            assert_eq!(told.trouble(at(0), 0, &text), Some(0));
        }
        assert_eq!(told.troubles.len(), KINDS);
    }
}
