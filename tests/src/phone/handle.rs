//! A phone's handle: what a test does with it, and waits for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tipring_linux::{EventFd, monotonic};
use tipring_spandsp::CallerIdStandard;

use super::bell::Bell;
use super::ear::{CallerIdHeard, Heard};
use super::exchange::Desk;
use super::fax::{Fax, FaxJob, FaxOutcome};
use super::mouth::{DtmfStyle, Mouth, PulseStyle};
use super::sequence::{Continuity, Sequence, Tracker};
use super::set::{LineCounts, Set};

/// Interval at which a condition on sound is looked at again.
const LOOK: Duration = Duration::from_millis(40);
/// Sound judged at a time.
const WINDOW_MS: usize = 200;
/// Quieter than this is silence.
const SILENT_DBM0: f64 = -60.0;

/// What happened at a phone, with its stamp beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneNews {
    /// The phone closed or opened its loop.
    Loop {
        /// Closed?
        closed: bool,
    },
    /// Ringing voltage came.
    RingOn,
    /// Ringing voltage went.
    RingOff,
    /// The battery went or came back.
    Battery {
        /// Is it there?
        there: bool,
    },
    /// The battery was reversed, or reversed back.
    Polarity,
    /// The line's alarm came or went.
    Alarm {
        /// Came?
        on: bool,
    },
    /// The line's card was removed.
    Removed,
    /// The phone failed to do what it was ordered to.
    Trouble(String),
    /// Another DAHDI event.
    Other(String),
}

/// A phone on a line. Cheap to clone; one phone, many handles.
#[derive(Clone)]
pub struct Phone {
    number: u16,
    desk: Arc<Desk>,
    wake: Arc<EventFd>,
}

impl Phone {
    pub(super) fn new(number: u16, desk: Arc<Desk>, wake: Arc<EventFd>) -> Phone {
        Phone { number, desk, wake }
    }

    /// The number it was connected with.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Forgets everything, once the phone can ring (the kernel reports no ringing for two seconds after a hang-up).
    pub fn ready(&self) {
        let from = self.desk.set().bell_from;
        std::thread::sleep(from.saturating_sub(monotonic())); // the kernel's own time
        self.forget();
    }

    /// Lifts the handset; answers when.
    ///
    /// # Errors
    /// When the line refuses.
    pub fn lift(&self) -> Result<Duration, String> {
        let mut set = self.desk.set();
        set.ear.forget();
        let now = monotonic();
        set.hook(true, now).map_err(|e| self.says(e))?;
        Ok(now)
    }

    /// Hangs up; answers when.
    ///
    /// # Errors
    /// When the line refuses.
    pub fn hang_up(&self) -> Result<Duration, String> {
        let mut set = self.desk.set();
        set.plan.clear();
        let now = monotonic();
        set.hook(false, now).map_err(|e| self.says(e))?;
        Ok(now)
    }

    /// Opens the loop for `open`, then closes it again; answers how long it was open.
    ///
    /// # Errors
    /// When the line refuses.
    pub fn flash(&self, open: Duration) -> Result<Duration, String> {
        let from = self.plan(&[(Duration::ZERO, false), (open, true)])?;
        self.hand_is_done(open + Duration::from_secs(2))?;
        let set = self.desk.set();
        let closed = set.news.iter().rev();
        let closed = closed
            .filter(|(at, _)| *at >= from)
            .find(|(_, what)| *what == PhoneNews::Loop { closed: true });
        let (at, _) = closed.ok_or_else(|| self.says("the flash did not end"))?;
        Ok(at.saturating_sub(from))
    }

    /// Dials by pulses, and waits until it is done.
    ///
    /// # Errors
    /// When a digit cannot be pulsed or the line refuses.
    pub fn pulse(&self, digits: &str, style: PulseStyle) -> Result<(), String> {
        let ms = Duration::from_millis;
        let mut edges = vec![];
        let mut at = Duration::ZERO;
        for digit in digits.chars() {
            let digit = digit.to_digit(10);
            let pulses = digit.ok_or_else(|| self.says("only 0 to 9 can be pulsed"))?;
            let pulses = if pulses == 0 { 10 } else { pulses };
            for pulse in 1..=pulses {
                edges.push((at, false));
                at += ms(style.break_ms);
                edges.push((at, true));
                at += ms(if pulse == pulses {
                    style.between_ms
                } else {
                    style.make_ms
                });
            }
        }
        self.plan(&edges)?;
        self.hand_is_done(at + ms(2000))
    }

    /// Begins to dial by DTMF.
    ///
    /// # Errors
    /// When a digit is none.
    pub fn begin_dialing(&self, digits: &str, style: DtmfStyle) -> Result<(), String> {
        let mouth = Mouth::digits(digits, style).map_err(|e| self.says(e))?;
        self.desk.set().mouth = mouth;
        Ok(())
    }

    /// Dials by DTMF, and waits until it is done.
    ///
    /// # Errors
    /// When a digit is none.
    pub fn dial(&self, digits: &str, style: DtmfStyle) -> Result<(), String> {
        self.begin_dialing(digits, style)?;
        let each = u64::from(style.on_ms + style.off_ms);
        let limit = Duration::from_millis(each * digits.len() as u64 + 2000);
        self.wait("ends dialing", limit, |set| {
            set.mouth.is_closed().then_some(())
        })
    }

    /// Sends a tone until another order.
    pub fn tone(&self, hz: f64, dbm0: f64) {
        self.desk.set().mouth = Mouth::tone(hz, dbm0);
    }

    /// Sends these codes once.
    pub fn say(&self, codes: Vec<u8>) {
        self.desk.set().mouth = Mouth::Codes(codes, 0);
    }

    /// Is silent.
    pub fn quiet(&self) {
        self.desk.set().mouth = Mouth::Closed;
    }

    /// Sends its own lane of the [`Sequence`] from its beginning.
    pub fn talk(&self) {
        let start = Sequence::lane(self.number);
        self.desk.set().mouth = Mouth::Sequence(start);
    }

    /// Follows from now on what the phone of this number sends.
    pub fn follow(&self, number: u16) {
        // Made before the phone is locked, which the thread that serves it would have to wait for.
        let tracker = Tracker::new(number);
        self.desk.set().ear.follow(tracker);
    }

    /// How the followed talk arrives.
    pub fn continuity(&self) -> Continuity {
        self.desk.set().ear.continuity().unwrap_or_default()
    }

    /// Delay in samples from where the line gets a sample of `talker` to where it reaches this phone, which follows it.
    /// None before anything was recognised. Exact to the tick of the card (8 samples).
    pub fn delay_from(&self, talker: &Phone) -> Option<f64> {
        let at = {
            let set = talker.desk.set();
            set.sample_at(set.talk_from?)?
        };
        let set = self.desk.set();
        let continuity = set.ear.continuity().filter(|c| c.samples > 0)?;
        let first = set.ear.followed_from() + continuity.silence_before;
        let came = set.sample_at(first)?;
        let samples = (came.as_secs_f64() - at.as_secs_f64()) * 8000.0;
        Some(samples - continuity.first_index as f64)
    }

    /// What it hears now.
    pub fn heard(&self) -> Heard {
        self.desk.set().ear.last()
    }

    /// Begins to record.
    pub fn record(&self) {
        self.desk.set().ear.record();
    }

    /// What was recorded since [`Phone::record`].
    pub fn recorded(&self) -> Vec<i16> {
        self.desk.set().ear.recorded()
    }

    /// Decodes caller ID of this standard from now on; none: stops.
    ///
    /// # Errors
    /// When the receiver cannot be made.
    pub fn decode_caller_id(&self, standard: Option<CallerIdStandard>) -> Result<(), String> {
        let mut set = self.desk.set();
        set.caller_ids.clear();
        set.ear.decode_caller_id(standard).map_err(|e| self.says(e))
    }

    /// Caller IDs decoded since [`Phone::decode_caller_id`].
    pub fn caller_ids(&self) -> Vec<CallerIdHeard> {
        self.desk.set().caller_ids.clone()
    }

    /// Becomes a fax machine, on the call that is up.
    ///
    /// # Errors
    /// When the terminal cannot be made (its file).
    pub fn fax(&self, job: &FaxJob) -> Result<(), String> {
        let terminal = Fax::new(job, monotonic()).map_err(|e| self.says(e))?;
        let mut set = self.desk.set();
        set.fax_outcome = None;
        set.fax = Some(terminal);
        Ok(())
    }

    /// Waits for the fax machine's result.
    ///
    /// # Errors
    /// When there is none in time.
    pub fn fax_outcome(&self, within: Duration) -> Result<FaxOutcome, String> {
        self.wait("ends its fax", within, |set| set.fax_outcome.clone())
    }

    /// Ringing since [`Phone::forget`].
    pub fn bell(&self) -> Bell {
        self.desk.set().bell.clone()
    }

    /// Everything that happened since [`Phone::forget`], in the order reported.
    pub fn news(&self) -> Vec<(Duration, PhoneNews)> {
        self.desk.set().news.clone()
    }

    /// Counters of the line since the beginning.
    pub fn counts(&self) -> LineCounts {
        self.desk.set().counts
    }

    /// Forgets ringing, news and sound.
    pub fn forget(&self) {
        let mut set = self.desk.set();
        set.bell.forget();
        set.news.clear();
        set.ear.forget();
        set.caller_ids.clear();
    }

    /// Drops what waits on the line in both directions, events too.
    pub fn flush(&self) {
        self.desk.set().flush();
    }

    /// Is the loop closed by the phone?
    pub fn is_lifted(&self) -> bool {
        self.desk.set().closed
    }

    /// Does it still have its battery, as far as it knows?
    pub fn has_battery(&self) -> bool {
        self.desk.set().has_battery()
    }

    /// Waits for something to have happened since [`Phone::forget`]; answers when it did.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn awaits(&self, wanted: &PhoneNews, within: Duration) -> Result<Duration, String> {
        let name = format!("sees {wanted:?}");
        self.wait(&name, within, |set| {
            let found = set.news.iter().find(|(_, what)| what == wanted);
            found.map(|(at, _)| *at)
        })
    }

    /// As [`Phone::awaits`], but only what happened after `from` counts.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn awaits_after(
        &self,
        wanted: &PhoneNews,
        from: Duration,
        within: Duration,
    ) -> Result<Duration, String> {
        let name = format!("sees {wanted:?}");
        self.wait(&name, within, |set| {
            let mut later = set.news.iter().filter(|(at, _)| *at >= from);
            later.find(|(_, what)| what == wanted).map(|(at, _)| *at)
        })
    }

    /// Waits until this number of bursts of ringing has ended since [`Phone::forget`].
    ///
    /// # Errors
    /// When they do not come in time.
    pub fn rings(&self, bursts: usize, within: Duration) -> Result<Bell, String> {
        self.wait("rings", within, |set| {
            let ended = set.bell.bursts().iter().filter(|b| b.to.is_some());
            (ended.count() >= bursts).then(|| set.bell.clone())
        })
    }

    /// Waits until its strongest tone is within 3 % of one of these; answers frequency and level.
    ///
    /// # Errors
    /// When it is not heard in time.
    pub fn hears(&self, hz: &[f64], within: Duration) -> Result<(f64, f64), String> {
        let mut last = None;
        let found = self.listen(within, |heard| {
            last = heard.tone(WINDOW_MS);
            last.filter(|(f, _)| hz.iter().any(|want| (f - want).abs() < want * 0.03))
        });
        found.ok_or_else(|| {
            let level = self.heard().level_dbm0(WINDOW_MS);
            self.says(format!(
                "does not hear {hz:?} Hz within {} s, but {last:?} ({level:.1} dBm0 in all)",
                within.as_secs()
            ))
        })
    }

    /// Waits until nothing is heard for 200 ms.
    ///
    /// # Errors
    /// When it is never silent.
    pub fn hears_nothing(&self, within: Duration) -> Result<(), String> {
        let quiet = |heard: &Heard| (heard.level_dbm0(WINDOW_MS) < SILENT_DBM0).then_some(());
        self.listen(within, quiet).ok_or_else(|| {
            self.says(format!(
                "still hears something: {:?}",
                self.heard().tone(WINDOW_MS)
            ))
        })
    }

    fn listen<T>(&self, within: Duration, mut judge: impl FnMut(&Heard) -> Option<T>) -> Option<T> {
        let end = Instant::now() + within;
        loop {
            let heard = self.heard();
            if heard.samples().len() >= WINDOW_MS * 8
                && let Some(found) = judge(&heard)
            {
                return Some(found);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(LOOK); // sound goes on coming; the deadline is above
        }
    }

    fn plan(&self, edges: &[(Duration, bool)]) -> Result<Duration, String> {
        let mut set = self.desk.set();
        let now = monotonic();
        set.plan
            .extend(edges.iter().map(|(at, closed)| (now + *at, *closed)));
        set.tick(now);
        drop(set);
        self.wake.add(1).map_err(|e| self.says(e))?;
        Ok(now)
    }

    fn hand_is_done(&self, within: Duration) -> Result<(), String> {
        self.wait("is done with its hook", within, |set| {
            set.plan.is_empty().then_some(())
        })
    }

    fn wait<T>(
        &self,
        what: &str,
        within: Duration,
        mut done: impl FnMut(&mut Set) -> Option<T>,
    ) -> Result<T, String> {
        let end = Instant::now() + within;
        let mut set = self.desk.set();
        loop {
            if let Some(found) = done(&mut set) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let news: Vec<String> = set
                    .news
                    .iter()
                    .rev()
                    .take(8)
                    .map(|(at, what)| format!("{:.3} {what:?}", at.as_secs_f64()))
                    .collect();
                let s = within.as_secs_f64();
                return Err(self.says(format!(
                    "never {what} within {s:.1} s; last news first: {news:?}; {:?}",
                    set.counts
                )));
            }
            let waited = self.desk.changed.wait_timeout(set, left.min(LOOK));
            set = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    fn says(&self, what: impl std::fmt::Display) -> String {
        format!("telephone {}: {what}", self.number)
    }
}
