//! The feed of an idle line: a card switches it off for good after power alarms, and says so to nobody.
//!
//! Works on readings that are asked for now and then while the phone is on-hook: tip and ring are then some 48 V apart.
//! A line without that is looked at more closely, and what the card has switched off is switched on again, less
//! and less often.

use std::time::Duration;

use crate::time::Time;

/// Between two looks at a sound line.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Before a suspicion is looked into again, and before the effect of a switching-on shows.
const SETTLE: Duration = Duration::from_secs(1);
/// Wait before the feed is switched on again, the first time; it doubles.
const FIRST_REARM: Duration = Duration::from_secs(5);
/// The longest such wait.
const LAST_REARM: Duration = Duration::from_secs(600);
/// Tip and ring of an idle line that is fed are further apart (the least that a card feeds on-hook is some 24 V).
const FED_MV: u32 = 12_000;
/// A battery of less is none.
const BATTERY_MV: u32 = 12_000;
/// Low readings in a row, with the feed on, before they are believed: the phone may just have gone off-hook.
const LOW_READINGS: u8 = 3;

/// What was measured, in thousandths of a volt against ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volts {
    /// Tip.
    pub tip_mv: i32,
    /// Ring.
    pub ring_mv: i32,
    /// The battery behind them.
    pub battery_mv: i32,
}

impl Volts {
    fn is_fed(self) -> bool {
        self.tip_mv.abs_diff(self.ring_mv) >= FED_MV
    }

    fn has_battery(self) -> bool {
        self.battery_mv.unsigned_abs() >= BATTERY_MV
    }
}

/// Why there is no voltage on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedTrouble {
    /// The card has switched the feed off.
    SwitchedOff,
    /// The card has none to give.
    NoBattery,
    /// The feed is on, and the line has no voltage: something draws it down.
    Shorted,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedStep {
    /// Read the voltages; answer with [`FeedWatch::measured`].
    Measure,
    /// Ask the card whether it has switched the feed off; answer with [`FeedWatch::confirmed`].
    Confirm,
    /// Switch the feed on; answer with [`FeedWatch::rearmed`].
    Rearm,
}

/// What there is to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedNews {
    /// The line has no voltage.
    Lost(FeedTrouble),
    /// It has it again.
    Restored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Measure,
    Confirm,
    Rearm,
}

/// Watches the feed of one line.
#[derive(Clone, Copy, Debug)]
pub struct FeedWatch {
    next: Next,
    /// `None`: an answer is due, or there is nothing to ask.
    at: Option<Time>,
    trouble: Option<FeedTrouble>,
    low: u8,
    wait: Duration,
    last: Option<Volts>,
    power_alarms: u64,
    rearms: u64,
}

impl FeedWatch {
    /// For a card without voltages: never has anything to do.
    pub fn blind() -> FeedWatch {
        FeedWatch {
            next: Next::Measure,
            at: None,
            trouble: None,
            low: 0,
            wait: FIRST_REARM,
            last: None,
            power_alarms: 0,
            rearms: 0,
        }
    }

    /// A card was opened: begins again, with the counts going on. Ports begin `stagger` apart.
    pub fn begin(&mut self, now: Time, stagger: Duration) {
        *self = FeedWatch {
            at: Some(now + SETTLE + stagger),
            power_alarms: self.power_alarms,
            rearms: self.rearms,
            ..FeedWatch::blind()
        };
    }

    /// The card is gone: nothing to watch.
    pub fn end(&mut self) {
        self.at = None;
        self.trouble = None;
        self.last = None;
    }

    /// What is wrong.
    pub fn trouble(&self) -> Option<FeedTrouble> {
        self.trouble
    }

    /// The last reading.
    pub fn last(&self) -> Option<Volts> {
        self.last
    }

    /// Times the card had switched the feed off.
    pub fn power_alarms(&self) -> u64 {
        self.power_alarms
    }

    /// Times the feed was switched on again.
    pub fn rearms(&self) -> u64 {
        self.rearms
    }

    /// When [`FeedWatch::step`] has something to say.
    pub fn due(&self) -> Option<Time> {
        self.at
    }

    /// What to do now, one thing at a time. `at_rest`: on-hook, no ringing, no call; or dead because of this.
    pub fn step(&mut self, now: Time, at_rest: bool) -> Option<FeedStep> {
        if self.at.is_none_or(|at| at > now) {
            return None;
        }
        if !at_rest {
            // A phone that is off-hook draws the voltage down, and is fed.
            self.low = 0;
            self.next = Next::Measure;
            self.at = Some(now + LOOK_EVERY);
            return None;
        }
        self.at = None;
        Some(match self.next {
            Next::Measure => FeedStep::Measure,
            Next::Confirm => FeedStep::Confirm,
            Next::Rearm => FeedStep::Rearm,
        })
    }

    /// The voltages.
    pub fn measured(&mut self, now: Time, volts: Volts) -> Option<FeedNews> {
        self.last = Some(volts);
        if volts.is_fed() {
            self.low = 0;
            self.wait = FIRST_REARM;
            self.plan(Next::Measure, now + LOOK_EVERY);
            return self.trouble.take().map(|_| FeedNews::Restored);
        }
        match self.trouble {
            Some(FeedTrouble::SwitchedOff) => {
                self.plan(Next::Rearm, now + self.wait);
                self.wait = (self.wait * 2).min(LAST_REARM);
            }
            // A card that is shorted may have switched it off meanwhile.
            None | Some(FeedTrouble::NoBattery | FeedTrouble::Shorted) => {
                self.plan(Next::Confirm, now);
            }
        }
        None
    }

    /// Whether the card has switched the feed off.
    pub fn confirmed(&mut self, now: Time, switched_off: bool) -> Option<FeedNews> {
        if switched_off {
            self.low = 0;
            self.power_alarms += 1;
            self.plan(Next::Rearm, now + self.wait);
            self.wait = (self.wait * 2).min(LAST_REARM);
            return self.report(FeedTrouble::SwitchedOff);
        }
        self.low = self.low.saturating_add(1);
        self.plan(Next::Measure, now + SETTLE);
        if self.low < LOW_READINGS {
            return None;
        }
        self.plan(Next::Measure, now + LOOK_EVERY);
        let battery = self.last.is_none_or(Volts::has_battery);
        self.report(if battery {
            FeedTrouble::Shorted
        } else {
            FeedTrouble::NoBattery
        })
    }

    /// The feed was switched on, or the card refused.
    pub fn rearmed(&mut self, now: Time) {
        self.rearms += 1;
        self.plan(Next::Measure, now + SETTLE);
    }

    /// The card did not answer what was asked last; it is asked again later.
    pub fn unanswered(&mut self, now: Time) {
        self.plan(self.next, now + LOOK_EVERY);
    }

    /// The card cannot answer: it is not asked again.
    pub fn give_up(&mut self) {
        self.at = None;
    }

    fn plan(&mut self, next: Next, at: Time) {
        self.next = next;
        self.at = Some(at);
    }

    fn report(&mut self, trouble: FeedTrouble) -> Option<FeedNews> {
        let news = self.trouble != Some(trouble);
        self.trouble = Some(trouble);
        news.then_some(FeedNews::Lost(trouble))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FED: Volts = volts(-2_000, -50_000, -54_000);
    const DEAD: Volts = volts(-300, -400, -54_000);
    const NO_BATTERY: Volts = volts(0, -300, -700);

    const fn volts(tip_mv: i32, ring_mv: i32, battery_mv: i32) -> Volts {
        Volts {
            tip_mv,
            ring_mv,
            battery_mv,
        }
    }

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    /// Lets the watch run from second to second against a line; what it did and reported, and when.
    fn run(
        watch: &mut FeedWatch,
        seconds: std::ops::Range<u64>,
        mut line: impl FnMut(u64, FeedStep) -> Volts,
        switched_off: impl Fn(u64) -> bool,
    ) -> Vec<(u64, String)> {
        let mut log = vec![];
        for s in seconds {
            while let Some(step) = watch.step(at(s), true) {
                let volts = line(s, step);
                let news = match step {
                    FeedStep::Measure => watch.measured(at(s), volts),
                    FeedStep::Confirm => watch.confirmed(at(s), switched_off(s)),
                    FeedStep::Rearm => {
                        log.push((s, "rearm".to_owned()));
                        watch.rearmed(at(s));
                        None
                    }
                };
                log.extend(news.map(|n| (s, format!("{n:?}"))));
            }
        }
        log
    }

    fn watch() -> FeedWatch {
        let mut watch = FeedWatch::blind();
        assert_eq!(watch.due(), None);
        watch.begin(at(0), Duration::ZERO);
        watch
    }

    #[test]
    fn a_sound_line_is_looked_at_now_and_then_and_nothing_is_reported() {
        let mut looks = 0;
        let line = |_, _| {
            looks += 1;
            FED
        };
        assert_eq!(run(&mut watch(), 0..61, line, |_| false), []);
        assert_eq!(looks, 4);
    }

    #[test]
    fn a_feed_that_was_switched_off_is_reported_once_and_switched_on_less_and_less_often() {
        let mut watch = watch();
        let log = run(&mut watch, 0..5000, |_, _| DEAD, |_| true);
        let lost = (1, "Lost(SwitchedOff)".to_owned());
        assert_eq!(log[0], lost);
        let rearms: Vec<u64> = log[1..].iter().map(|(s, _)| *s).collect();
        assert_eq!(
            rearms[..9],
            [6, 17, 38, 79, 160, 321, 642, 1243, 1844],
            "5, 10, 20 … 600 s after the look that follows"
        );
        assert!(log[1..].iter().all(|(_, what)| what == "rearm"));
        assert_eq!(watch.power_alarms(), 1);
        assert_eq!(watch.rearms(), rearms.len() as u64);
    }

    #[test]
    fn a_line_that_is_fed_again_heals_and_the_next_alarm_begins_from_the_start() {
        let mut watch = watch();
        let line = |s: u64, _: FeedStep| if (1..20).contains(&s) { DEAD } else { FED };
        let log = run(&mut watch, 0..100, line, |_| true);
        let reported: Vec<(u64, &str)> = log.iter().map(|(s, w)| (*s, w.as_str())).collect();
        assert_eq!(
            reported,
            [
                (1, "Lost(SwitchedOff)"),
                (6, "rearm"),
                (17, "rearm"),
                (38, "rearm"),
                (39, "Restored")
            ]
        );
        let again = run(&mut watch, 100..120, |_, _| DEAD, |_| true);
        let first = again[0].0;
        assert_eq!(again[1], (first + 5, "rearm".to_owned()));
        assert_eq!(watch.power_alarms(), 2);
    }

    #[test]
    fn a_low_reading_with_the_feed_on_is_believed_after_the_third() {
        let mut watch = watch();
        let log = run(&mut watch, 0..20, |_, _| DEAD, |_| false);
        assert_eq!(log, [(3, "Lost(Shorted)".to_owned())]);
        assert_eq!((watch.power_alarms(), watch.rearms()), (0, 0));
        let log = run(&mut watch, 20..40, |_, _| FED, |_| false);
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].1, "Restored");
    }

    #[test]
    fn a_card_without_battery_is_distinguished_from_a_shorted_line() {
        let log = run(&mut watch(), 0..10, |_, _| NO_BATTERY, |_| false);
        assert_eq!(log, [(3, "Lost(NoBattery)".to_owned())]);
    }

    #[test]
    fn a_short_that_makes_the_card_switch_off_later_is_noticed() {
        let mut watch = watch();
        let log = run(&mut watch, 0..60, |_, _| DEAD, |s| s > 10);
        let reported: Vec<&str> = log.iter().map(|(_, what)| what.as_str()).collect();
        assert_eq!(
            reported[..3],
            ["Lost(Shorted)", "Lost(SwitchedOff)", "rearm"]
        );
    }

    #[test]
    fn a_phone_that_is_off_hook_is_not_measured() {
        let mut watch = watch();
        assert_eq!(watch.step(at(1), false), None);
        assert_eq!(watch.due(), Some(at(16)));
        assert_eq!(watch.step(at(16), true), Some(FeedStep::Measure));
        assert_eq!(watch.step(at(17), true), None, "an answer is due");
        watch.unanswered(at(17));
        assert_eq!(watch.due(), Some(at(32)));
        watch.give_up();
        assert_eq!(watch.due(), None);
    }

    #[test]
    fn another_card_begins_without_the_trouble_of_the_one_before() {
        let mut watch = watch();
        run(&mut watch, 0..10, |_, _| DEAD, |_| true);
        watch.end();
        assert_eq!((watch.due(), watch.trouble()), (None, None));
        watch.begin(at(20), Duration::from_secs(3));
        assert_eq!(watch.due(), Some(at(24)));
        assert_eq!((watch.power_alarms(), watch.rearms()), (1, 1));
    }
}
