//! Keepalive: is the CallManager still there?

use std::time::Duration;

use super::at_least_1_ms;
use crate::deadlines::Deadlines;
use crate::time::Time;

/// Interval when the server gives 0.
const DEFAULT_S: u32 = 30;
/// Longest interval believed: asking more often is harmless, noticing later is not.
const MAX_S: u32 = 120;
/// Intervals without an answer after which the server is lost: chan_skinny's own patience.
const LOST: u32 = 3;

/// The keepalive of one connection. Nothing is asked before [`Keepalive::start`].
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    deadlines: Deadlines<Deadline>,
    last_answer: Time,
    unanswered_since: Option<Time>,
    misses: u32,
    suspect_reported: bool,
    /// The server answers keepalives; CallManager 2 never does (CUCM trace), and its silence means nothing.
    answers: bool,
}

/// What the keepalive waits for. Of two that are due at the same time the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deadline {
    /// Fires when nothing came after a probe.
    Probe,
    /// Fires three intervals after the last KeepAliveAck, before a KeepAlive that is due in the same moment.
    Lost,
    /// Fires when the next KeepAlive is due.
    Next,
    /// Fires when a KeepAlive was not answered.
    Answer,
}

/// Patience with the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// A KeepAlive unanswered for this time is missed.
    pub(super) answer: Duration,
    /// This number missed in a row is a lost server; 0: only three intervals without an answer are.
    pub(super) misses: u32,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The next KeepAlive.
    Send,
    /// One was missed, and another one is due.
    SendAgain {
        /// No answer since; only with the first one that is missed.
        suspect: Option<Time>,
    },
    /// The server is lost.
    Lost {
        /// Time without an answer.
        silent: Duration,
        /// Because KeepAlives were missed, and the last of them now.
        missed: bool,
    },
}

impl Keepalive {
    pub(super) fn new(now: Time) -> Keepalive {
        Keepalive {
            interval: Duration::from_secs(DEFAULT_S.into()),
            deadlines: Deadlines::default(),
            last_answer: now,
            unanswered_since: None,
            misses: 0,
            suspect_reported: false,
            answers: false,
        }
    }

    /// RegisterAck names the interval.
    pub(super) fn set_interval(&mut self, seconds: u32) {
        let seconds = match seconds {
            0 => DEFAULT_S,
            s => s.min(MAX_S),
        };
        self.interval = Duration::from_secs(seconds.into());
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Begins to ask.
    pub(super) fn start(&mut self, now: Time) {
        self.last_answer = now;
        self.deadlines.arm(Deadline::Next, now + self.interval);
        self.deadlines
            .arm(Deadline::Lost, now + self.interval * LOST);
    }

    /// Asks no more.
    pub(super) fn stop(&mut self) {
        self.deadlines.clear();
    }

    /// The server is known to answer.
    pub(super) fn answers(&mut self) {
        self.answers = true;
    }

    /// A KeepAlive that goes out at once, because the server was found silent; nothing from it within `limit` is a lost
    /// server.
    pub(super) fn probe(&mut self, now: Time, patience: Patience, limit: Option<Duration>) {
        if self.deadlines.next().is_none() {
            return;
        }
        self.sent(now, patience);
        if let Some(limit) = limit {
            self.deadlines.arm(Deadline::Probe, now + limit);
        }
    }

    /// Something came from the server.
    pub(super) fn heard(&mut self) {
        self.deadlines.disarm(Deadline::Probe);
    }

    /// KeepAliveAck. Whether it shows for the first time that this server answers.
    pub(super) fn answered(&mut self, now: Time) -> bool {
        let first = !std::mem::replace(&mut self.answers, true);
        if self.deadlines.next().is_none() {
            return first;
        }
        self.last_answer = now;
        self.unanswered_since = None;
        self.misses = 0;
        self.suspect_reported = false;
        self.deadlines.disarm(Deadline::Answer);
        self.deadlines
            .arm(Deadline::Lost, now + self.interval * LOST);
        first
    }

    /// Unanswered since, once a KeepAlive has been missed.
    pub(super) fn suspect_since(&self) -> Option<Time> {
        self.unanswered_since.filter(|_| self.misses > 0)
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.deadlines.next()
    }

    /// The first thing that is due.
    pub(super) fn due(&mut self, now: Time, patience: Patience) -> Option<Due> {
        // Before the first unanswered question its silence was none.
        let silent = now.saturating_since(self.unanswered_since.unwrap_or(self.last_answer));
        match self.deadlines.take_due(now)? {
            Deadline::Probe => Some(Due::Lost {
                silent,
                missed: true,
            }),
            Deadline::Lost if !self.answers => {
                self.deadlines
                    .arm(Deadline::Lost, now + self.interval * LOST);
                None
            }
            Deadline::Answer if !self.answers => None,
            Deadline::Lost => Some(Due::Lost {
                silent,
                missed: false,
            }),
            Deadline::Next => {
                self.sent(now, patience);
                Some(Due::Send)
            }
            Deadline::Answer => {
                self.misses = self.misses.saturating_add(1);
                if patience.misses > 0 && self.misses >= patience.misses {
                    return Some(Due::Lost {
                        silent,
                        missed: true,
                    });
                }
                let reported = std::mem::replace(&mut self.suspect_reported, true);
                self.sent(now, patience);
                Some(Due::SendAgain {
                    suspect: (!reported).then_some(self.last_answer),
                })
            }
        }
    }

    fn sent(&mut self, now: Time, patience: Patience) {
        self.unanswered_since.get_or_insert(now);
        self.deadlines.arm(Deadline::Next, now + self.interval);
        let answer = at_least_1_ms(patience.answer).min(self.interval);
        self.deadlines.arm(Deadline::Answer, now + answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        answer: Duration::from_secs(5),
        misses: 0,
    };

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    /// Everything that comes due up to `s`, and when.
    fn until(keepalive: &mut Keepalive, patience: Patience, s: u64) -> Vec<(u64, Due)> {
        let mut all = vec![];
        while let Some(time) = keepalive.next().filter(|time| *time <= at(s)) {
            let due = keepalive.due(time, patience).unwrap();
            all.push((time.since_epoch().as_secs(), due));
            if let Due::Lost { .. } = due {
                break;
            }
        }
        all
    }

    #[test]
    fn nothing_is_asked_before_the_start_and_after_the_end() {
        let mut keepalive = Keepalive::new(at(0));
        keepalive.answered(at(1));
        assert_eq!(keepalive.next(), None, "an answer that was not asked for");
        keepalive.start(at(2));
        assert_eq!(keepalive.next(), Some(at(32)));
        keepalive.stop();
        assert_eq!(keepalive.next(), None);
    }

    #[test]
    fn an_answered_keepalive_comes_at_its_interval() {
        let mut keepalive = Keepalive::new(at(0));
        keepalive.set_interval(20);
        keepalive.start(at(0));
        for s in [20, 40, 60, 80, 100] {
            assert_eq!(until(&mut keepalive, PATIENCE, s), [(s, Due::Send)]);
            keepalive.answered(at(s));
            assert_eq!(keepalive.suspect_since(), None);
        }
    }

    #[test]
    fn a_silent_server_is_suspect_once_and_lost_after_three_intervals() {
        let mut keepalive = Keepalive::new(at(0));
        keepalive.answers();
        keepalive.start(at(0));
        let all = until(&mut keepalive, PATIENCE, 200);
        assert_eq!(all[0], (30, Due::Send));
        let suspect = Some(at(0));
        assert_eq!(all[1], (35, Due::SendAgain { suspect }));
        assert_eq!(all[2], (40, Due::SendAgain { suspect: None }));
        let silent = Duration::from_secs(60);
        let missed = false;
        assert_eq!(all.last(), Some(&(90, Due::Lost { silent, missed })));
        assert_eq!(keepalive.suspect_since(), Some(at(30)));
    }

    #[test]
    fn with_a_limit_of_misses_it_is_lost_sooner() {
        let patience = Patience {
            misses: 4,
            ..PATIENCE
        };
        let mut keepalive = Keepalive::new(at(0));
        keepalive.answers();
        keepalive.start(at(0));
        let silent = Duration::from_secs(20);
        let missed = true;
        let all = until(&mut keepalive, patience, 200);
        assert_eq!(all.last(), Some(&(50, Due::Lost { silent, missed })));
    }

    #[test]
    fn an_interval_that_no_server_means_becomes_a_useful_one() {
        for (named, used) in [(0, 30), (1, 1), (u32::MAX, 120)] {
            let mut keepalive = Keepalive::new(at(0));
            keepalive.set_interval(named);
            assert_eq!(keepalive.interval(), Duration::from_secs(used), "{named}");
        }
    }

    #[test]
    fn an_answer_time_of_nothing_is_waited_for_all_the_same() {
        let patience = Patience {
            answer: Duration::ZERO,
            ..PATIENCE
        };
        let mut keepalive = Keepalive::new(at(0));
        keepalive.start(at(0));
        keepalive.due(at(30), patience);
        assert!(keepalive.next() > Some(at(30)));
    }
}
