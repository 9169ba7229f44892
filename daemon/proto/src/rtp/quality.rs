//! How good a leg sounds, second by second: counters that grow in, ratings by the E-model out.

use std::collections::VecDeque;
use std::time::Duration;

use super::emodel::{Connection, mos};
use crate::time::Time;

/// What is looked at again is one second at least.
const SECOND: Duration = Duration::from_millis(950);
/// Seconds that a rating is of.
const WINDOW: usize = 10;
/// Seconds of the interval concealment ratio.
const INTERVAL: usize = 3;
/// Seconds are severely concealed beyond this share.
const SEVERE: f64 = 0.05;

/// Counters of a leg until now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// RTP packets received.
    pub received: u64,
    /// Packets that did not come, less those whose sound came with later ones; may shrink.
    pub lost: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Sound that was concealed, ms.
    pub concealed_ms: u64,
    /// From mouth to ear, as far as it is known, ms.
    pub one_way_ms: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    missing: u64,
    due: u64,
    concealed_ms: u64,
    ms: u64,
    one_way_ms: f64,
}

/// Ratings of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratings {
    /// R of the last 10 s.
    pub r: f64,
    /// R of the worst 10 s in a row; of all of it when it is shorter.
    pub worst_r: f64,
    /// R of all of it.
    pub mean_r: f64,
    /// What it would be without any delay, as listeners judge it: now, worst, best and of all of it, as opinion scores.
    pub listening: Listening,
    /// Concealed share of all sound.
    pub concealed: f64,
    /// The same of the last 3 s of sound, and its highest value.
    pub concealed_now: f64,
    /// See there.
    pub concealed_most: f64,
    /// Seconds with any concealment.
    pub concealed_s: u32,
    /// Seconds with more than 5 %.
    pub severe_s: u32,
    /// One-way delay that R reckons with, ms.
    pub one_way_ms: f64,
}

/// Mean opinion scores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Listening {
    /// Of the last 10 s.
    pub now: f64,
    /// Of all of it.
    pub mean: f64,
    /// Lowest.
    pub least: f64,
    /// Highest.
    pub most: f64,
}

/// Rates one leg. It begins with the first packet that comes.
#[derive(Clone, Debug, Default)]
pub struct QualityMeter {
    before: Option<(Time, Heard)>,
    recent: VecDeque<Second>,
    all: Second,
    /// Sum of the delays, one for each second.
    seconds: u32,
    ratings: Option<Ratings>,
}

impl QualityMeter {
    /// Looks at the counters; more often than once a second is no harm.
    pub fn look(&mut self, now: Time, heard: Heard) {
        self.take(now, heard, SECOND);
    }

    /// The leg is over: what has come of the last second counts too.
    pub fn close(&mut self, now: Time, heard: Heard) {
        self.take(now, heard, Duration::from_millis(100));
    }

    /// Ratings until now; none before the first second of sound.
    pub fn ratings(&self) -> Option<Ratings> {
        self.ratings
    }

    fn take(&mut self, now: Time, heard: Heard, least: Duration) {
        let Some((at, before)) = self.before else {
            if heard.received > 0 {
                self.before = Some((now, heard));
            }
            return;
        };
        let passed = now.saturating_since(at);
        if passed < least {
            return;
        }
        self.before = Some((now, heard));
        let received = heard.received.saturating_sub(before.received);
        let lost = heard.lost.saturating_sub(before.lost);
        let late = heard.late.saturating_sub(before.late);
        let second = Second {
            missing: (lost + late).min(received + lost),
            due: received + lost,
            concealed_ms: heard.concealed_ms.saturating_sub(before.concealed_ms),
            ms: u64::try_from(passed.as_millis()).unwrap_or(u64::MAX),
            one_way_ms: heard.one_way_ms,
        };
        // Silence that is not sent, or hold: nothing to be judged.
        if second.due == 0 && second.concealed_ms == 0 {
            return;
        }
        self.rate(second);
    }

    fn rate(&mut self, second: Second) {
        self.recent.push_back(second);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        add(&mut self.all, &second);
        self.seconds += 1;
        let mut window = Second::default();
        self.recent.iter().for_each(|s| add(&mut window, s));
        let mut interval = Second::default();
        let last = self.recent.iter().rev().take(INTERVAL);
        last.for_each(|s| add(&mut interval, s));
        let count = self.recent.len() as f64;
        let now = connection(&window, window.one_way_ms / count);
        let mean = connection(&self.all, self.all.one_way_ms / f64::from(self.seconds));
        let score = listening(&now);
        let old = self.ratings;
        // Of shorter ones the first seconds would be the worst that they are not a part of any more.
        let whole = self.seconds as usize > WINDOW;
        let share = concealed(&interval);
        let severe = concealed(&second) > SEVERE;
        self.ratings = Some(Ratings {
            r: now.r(),
            worst_r: old
                .filter(|_| whole)
                .map_or(now.r(), |o| o.worst_r.min(now.r())),
            mean_r: mean.r(),
            listening: Listening {
                now: score,
                mean: listening(&mean),
                least: old.map_or(score, |o| o.listening.least.min(score)),
                most: old.map_or(score, |o| o.listening.most.max(score)),
            },
            concealed: concealed(&self.all),
            concealed_now: share,
            concealed_most: old.map_or(share, |o| o.concealed_most.max(share)),
            concealed_s: old.map_or(0, |o| o.concealed_s) + u32::from(second.concealed_ms > 0),
            severe_s: old.map_or(0, |o| o.severe_s) + u32::from(severe),
            one_way_ms: now.one_way_ms,
        });
    }
}

fn add(sum: &mut Second, second: &Second) {
    sum.missing += second.missing;
    sum.due += second.due;
    sum.concealed_ms += second.concealed_ms;
    sum.ms += second.ms;
    sum.one_way_ms += second.one_way_ms;
}

fn connection(of: &Second, one_way_ms: f64) -> Connection {
    // All that comes may have stopped: then what is concealed is the measure.
    let loss = if of.due == 0 {
        concealed(of)
    } else {
        of.missing as f64 / of.due as f64
    };
    Connection {
        one_way_ms,
        loss_percent: 100.0 * loss,
        ..Connection::default()
    }
}

fn listening(of: &Connection) -> f64 {
    mos(Connection {
        one_way_ms: 0.0,
        ..*of
    }
    .r())
}

fn concealed(of: &Second) -> f64 {
    if of.ms == 0 {
        return 0.0;
    }
    (of.concealed_ms as f64 / of.ms as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of 50 packets, some of them lost; each takes 20 ms of concealment.
    struct Bench {
        meter: QualityMeter,
        now: Time,
        heard: Heard,
    }

    impl Bench {
        fn new() -> Bench {
            let mut bench = Bench {
                meter: QualityMeter::default(),
                now: Time::from_millis(5000),
                heard: Heard {
                    one_way_ms: 60.0,
                    ..Heard::default()
                },
            };
            bench.meter.look(bench.now, bench.heard);
            assert_eq!(bench.meter.ratings(), None);
            bench.heard.received = 1;
            bench.meter.look(bench.now, bench.heard);
            bench
        }

        fn second(&mut self, lost: u64) -> Option<Ratings> {
            self.now = self.now + Duration::from_secs(1);
            self.heard.received += 50 - lost;
            self.heard.lost += lost;
            self.heard.concealed_ms += 20 * lost;
            self.meter.look(self.now, self.heard);
            self.meter.ratings()
        }
    }

    #[test]
    fn a_clean_leg_has_what_its_delay_leaves() {
        let mut bench = Bench::new();
        let mut ratings = None;
        for _ in 0..30 {
            ratings = bench.second(0);
        }
        let ratings = ratings.unwrap();
        let wanted = Connection {
            one_way_ms: 60.0,
            ..Connection::default()
        };
        assert!((ratings.r - wanted.r()).abs() < 0.01);
        assert_eq!((ratings.worst_r, ratings.mean_r), (ratings.r, ratings.r));
        assert!((ratings.listening.now - 4.41).abs() < 0.01);
        assert_eq!((ratings.concealed_s, ratings.severe_s), (0, 0));
    }

    #[test]
    fn the_worst_ten_seconds_stay_and_the_present_ones_recover() {
        let mut bench = Bench::new();
        for lost in [0; 12] {
            bench.second(lost);
        }
        for _ in 0..10 {
            bench.second(5);
        }
        let bad = bench.meter.ratings().unwrap();
        // 10 %: 95 · 10 / 35.1 less.
        assert!((93.2 - bad.r - 27.07 - 1.6).abs() < 0.5, "{}", bad.r);
        assert_eq!(bad.worst_r, bad.r);
        for _ in 0..20 {
            bench.second(0);
        }
        let after = bench.meter.ratings().unwrap();
        assert_eq!(after.worst_r, bad.worst_r);
        assert!(after.r > 91.0 && after.mean_r < after.r - 5.0);
        assert_eq!((after.concealed_s, after.severe_s), (10, 10));
        assert!((after.concealed - 10.0 * 0.1 / 42.0).abs() < 1e-6);
        assert_eq!((after.concealed_now, after.concealed_most), (0.0, 0.1));
        let listening = after.listening;
        assert!(listening.least < 3.6 && listening.most > 4.4);
        assert!(listening.least < listening.mean && listening.mean < listening.now);
    }

    #[test]
    fn a_second_with_a_packet_lost_is_concealed_and_not_severely() {
        let mut bench = Bench::new();
        bench.second(1);
        let ratings = bench.second(3).unwrap();
        assert_eq!((ratings.concealed_s, ratings.severe_s), (2, 1));
    }

    #[test]
    fn silence_that_is_not_sent_is_not_judged_and_an_outage_is() {
        let mut bench = Bench::new();
        bench.second(0);
        let before = bench.meter.ratings();
        bench.now = bench.now + Duration::from_secs(60);
        bench.meter.look(bench.now, bench.heard);
        assert_eq!(bench.meter.ratings(), before);
        let mut bench = Bench::new();
        bench.now = bench.now + Duration::from_secs(1);
        bench.heard.concealed_ms = 400;
        bench.meter.look(bench.now, bench.heard);
        assert!(bench.meter.ratings().unwrap().r < 40.0);
    }

    #[test]
    fn looks_in_between_change_nothing_and_the_last_part_counts() {
        let mut bench = Bench::new();
        bench.second(0);
        bench.now = bench.now + Duration::from_millis(400);
        bench.heard.received += 10;
        bench.heard.lost += 10;
        bench.heard.concealed_ms += 200;
        let before = bench.meter.ratings().unwrap();
        bench.meter.look(bench.now, bench.heard);
        assert_eq!(bench.meter.ratings(), Some(before));
        bench.meter.close(bench.now, bench.heard);
        let after = bench.meter.ratings().unwrap();
        assert!(after.r < before.r - 30.0 && after.severe_s == 1);
        // Fewer lost than before: what came late was counted.
        bench.heard.lost = 0;
        bench.heard.received += 50;
        bench.now = bench.now + Duration::from_secs(1);
        bench.meter.look(bench.now, bench.heard);
        assert!(bench.meter.ratings().unwrap().r > after.r);
    }
}
