//! One phone: its line, hook, bell, transmitter (mouth) and receiver (ear), advanced by the exchange's thread.

use std::collections::VecDeque;
use std::time::Duration;

use tipring_linux::monotonic;

use super::bell::Bell;
use super::copper::{Copper, LineNews, Reading};
use super::ear::{CallerIdHeard, Ear};
use super::fax::{Fax, FaxOutcome};
use super::handle::PhoneNews;
use super::mouth::Mouth;

/// Blocks written ahead when a phone begins to talk.
const AHEAD: usize = 2;
/// Interval at which a phone without battery looks for it.
const BATTERY_POLL: Duration = Duration::from_millis(1);
/// After opening a far channel or hanging it up the kernel reports no ringing to it for this time.
const BELL_DEAF: Duration = Duration::from_millis(2010);
const SAMPLE: Duration = Duration::from_nanos(125_000);

/// What is counted of a phone's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Blocks read.
    pub heard: u64,
    /// Blocks written.
    pub said: u64,
    /// Blocks lost because the phone was late to read.
    pub overruns: u64,
    /// Gaps because the phone was late to write.
    pub underruns: u64,
    /// Blocks that the line did not take.
    pub refused: u64,
}

pub(super) struct Set {
    copper: Box<dyn Copper>,
    block: Vec<u8>,
    out: Vec<u8>,
    pub(super) mouth: Mouth,
    pub(super) ear: Ear,
    pub(super) bell: Bell,
    pub(super) fax: Option<Fax>,
    pub(super) fax_outcome: Option<FaxOutcome>,
    pub(super) caller_ids: Vec<CallerIdHeard>,
    pub(super) news: Vec<(Duration, PhoneNews)>,
    pub(super) counts: LineCounts,
    /// Edges of the loop still to come.
    pub(super) plan: VecDeque<(Duration, bool)>,
    pub(super) closed: bool,
    /// The queue to the line has been begun and is fed.
    speaking: bool,
    /// The line's clock: when its sample 0 was heard.
    epoch: Option<Duration>,
    /// Sample of the line at which the present talk began.
    pub(super) talk_from: Option<u64>,
    battery_lost: bool,
    battery_poll: Option<Duration>,
    dead: bool,
    /// From then on the kernel reports ringing.
    pub(super) bell_from: Duration,
}

impl Set {
    pub(super) fn new(copper: Box<dyn Copper>, block: usize) -> Set {
        Set {
            copper,
            block: vec![0; block],
            out: vec![0; block],
            mouth: Mouth::Closed,
            ear: Ear::default(),
            bell: Bell::default(),
            fax: None,
            fax_outcome: None,
            caller_ids: vec![],
            news: vec![],
            counts: LineCounts::default(),
            plan: VecDeque::new(),
            closed: false,
            speaking: false,
            epoch: None,
            talk_from: None,
            battery_lost: false,
            battery_poll: None,
            dead: false,
            bell_from: monotonic() + BELL_DEAF,
        }
    }

    /// Nothing can be read from it now.
    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    pub(super) fn has_battery(&self) -> bool {
        !self.battery_lost
    }

    /// When the line's sample `n` was heard, or will be.
    pub(super) fn sample_at(&self, n: u64) -> Option<Duration> {
        let n = u32::try_from(n).ok()?;
        Some(self.epoch? + SAMPLE * n)
    }

    /// Closes or opens the loop now.
    pub(super) fn hook(&mut self, closed: bool, now: Duration) -> Result<(), String> {
        self.copper
            .hook(closed)
            .map_err(|e| format!("the phone cannot move its hook: {e}"))?;
        self.closed = closed;
        if !closed {
            self.bell_from = now + BELL_DEAF;
        }
        self.news.push((now, PhoneNews::Loop { closed }));
        if !closed && self.plan.is_empty() {
            self.mouth = Mouth::Closed;
            self.fax = None;
        }
        Ok(())
    }

    /// What has to be done at a time.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let hand = self.plan.front().map(|(at, _)| *at);
        [hand, self.battery_poll].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Duration) {
        while let Some((at, closed)) = self.plan.front().copied()
            && at <= now
        {
            self.plan.pop_front();
            if let Err(e) = self.hook(closed, now) {
                self.news.push((now, PhoneNews::Trouble(e)));
            }
        }
        if self.battery_poll.is_some_and(|at| at <= now) {
            if self.copper.battery() {
                self.battery_poll = None;
                self.battery_lost = false;
                self.news.push((now, PhoneNews::Battery { there: true }));
            } else {
                self.battery_poll = Some(now + BATTERY_POLL);
            }
        }
    }

    /// Serves the line after it woke us.
    pub(super) fn serve(&mut self, now: Duration) {
        loop {
            while let Some(news) = self.copper.news() {
                self.line_news(news, now);
            }
            let mut block = std::mem::take(&mut self.block);
            let reading = self.copper.read(&mut block);
            if let Reading::Codes(n) = reading {
                self.hear(&block[..n], now);
                self.say();
            }
            self.block = block;
            self.dead = reading == Reading::Dead;
            match reading {
                Reading::Codes(_) | Reading::EventFirst => {}
                Reading::Nothing | Reading::Dead => return,
            }
        }
    }

    fn hear(&mut self, codes: &[u8], now: Duration) {
        self.counts.heard += 1;
        if let Some(heard) = self.ear.hear(codes, now) {
            self.caller_ids.push(heard);
        }
        if let Some(fax) = &mut self.fax {
            fax.hear(codes);
        }
        // A block is readable as soon as its last sample is there: the least lag shows the line's clock.
        let span = u32::try_from(self.ear.heard()).map_or(Duration::ZERO, |n| SAMPLE * n);
        let epoch = now.saturating_sub(span);
        self.epoch = Some(self.epoch.map_or(epoch, |e| e.min(epoch)));
        if let Some(outcome) = self.fax.as_mut().and_then(|fax| fax.advance(now)) {
            self.fax = None;
            self.fax_outcome = Some(outcome);
        }
    }

    fn say(&mut self) {
        if self.mouth.is_closed() && self.fax.is_none() {
            self.speaking = false;
            return;
        }
        let blocks = if self.speaking { 1 } else { 1 + AHEAD };
        if !self.speaking {
            self.speaking = true;
            self.talk_from = Some(self.ear.heard());
        }
        for _ in 0..blocks {
            match &mut self.fax {
                Some(fax) => fax.say(&mut self.out),
                None => self.mouth.say(&mut self.out),
            }
            self.counts.said += 1;
            if !self.copper.write(&self.out) {
                self.counts.refused += 1;
            }
        }
    }

    fn line_news(&mut self, news: LineNews, now: Duration) {
        let event = match news {
            LineNews::RingOn => {
                self.bell.on(now);
                PhoneNews::RingOn
            }
            LineNews::RingOver => {
                let at = self.bell.over(now);
                self.news.push((at, PhoneNews::RingOff));
                return;
            }
            LineNews::BatteryGone => {
                self.battery_lost = true;
                self.battery_poll = Some(now + BATTERY_POLL);
                if let Some(fax) = &mut self.fax {
                    fax.cut_off();
                }
                PhoneNews::Battery { there: false }
            }
            LineNews::Polarity => PhoneNews::Polarity,
            LineNews::Alarm => PhoneNews::Alarm { on: true },
            LineNews::AlarmOver => PhoneNews::Alarm { on: false },
            LineNews::Removed => PhoneNews::Removed,
            LineNews::Overrun => {
                self.counts.overruns += 1;
                return;
            }
            LineNews::Underrun => {
                // Falling silent is no fault.
                self.counts.underruns += u64::from(self.speaking);
                return;
            }
            LineNews::Other(name) => PhoneNews::Other(name),
        };
        self.news.push((now, event));
    }

    pub(super) fn flush(&mut self) {
        self.copper.flush();
        self.epoch = None;
    }
}
