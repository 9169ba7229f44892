//! Loop edges into lift, hang-up, flash and pulse digits.
//!
//! Owns: debounce, flash window, pulse counting. Works on the stamps of the card, so late delivery changes
//! nothing. Windows as measured on a kernel that decodes by itself (openings of 20–199 ms are pulses,
//! 210–1245 ms a flash, more is a hang-up).
//!
//! In most countries the R key of a telephone opens the loop for 80 to 120 ms, and the pulses of a slow dial do so
//! for up to 105 ms. Such an opening is a pulse when another one is next to it; alone it is what the port says
//! that it would be (`Lone`), and a flash is then reported when no pulse can follow any more.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::config::HookConfig;
use crate::time::Time;
use crate::types::Digit;

/// What the phone did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookEvent {
    /// Lifted.
    OffHook,
    /// Hung up.
    OnHook,
    /// Flash.
    Flash,
    /// A pulse-dialled digit.
    Pulse(Digit),
}

/// What an opening that could be a pulse and a flash is when no pulse is next to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lone {
    /// The phone dials: a digit of one pulse.
    Pulse,
    /// The R key.
    Flash,
}

/// The longest closing between two pulses: 8 a second, half of that time open, and a dial that drags.
const LONGEST_MAKE_MS: u32 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loop {
    Open,
    /// Closed since; not yet long enough to be a lift.
    Closing(Time),
    Closed,
    /// Open since; pulse, flash or hang-up is not decided.
    Opened(Time),
}

/// Decodes the loop of one port.
#[derive(Debug)]
pub(super) struct Hook {
    cfg: HookConfig,
    state: Loop,
    pulses: u32,
    last_pulse_end: Time,
    /// What the opening under way is if it remains alone.
    lone: Lone,
    /// End of an opening that is a flash unless a pulse follows.
    undecided: Option<Time>,
    /// The last flash was as short as a pulse may be.
    short_flash: bool,
    /// Openings that begin before this are our own doing.
    masked_until: Time,
    events: VecDeque<HookEvent>,
    odd: u64,
}

impl Hook {
    pub(super) fn new(cfg: HookConfig) -> Hook {
        Hook {
            cfg,
            state: Loop::Open,
            pulses: 0,
            last_pulse_end: Time::ZERO,
            lone: Lone::Pulse,
            undecided: None,
            short_flash: false,
            masked_until: Time::ZERO,
            events: VecDeque::new(),
            odd: 0,
        }
    }

    /// New timing, from the next edge on.
    pub(super) fn reconfigure(&mut self, cfg: HookConfig) {
        self.cfg = cfg;
    }

    /// The loop is closed, or its opening is not a hang-up yet.
    pub(super) fn is_off_hook(&self) -> bool {
        matches!(self.state, Loop::Closed | Loop::Opened(_))
    }

    /// Pulses are being counted, or the loop is open: what sounds like DTMF now is not.
    pub(super) fn is_dialing(&self) -> bool {
        self.pulses > 0 || self.undecided.is_some() || matches!(self.state, Loop::Opened(_))
    }

    /// The R key of this set opens the loop for no longer than a slow dial does.
    pub(super) fn flashes_are_short(&self) -> bool {
        self.short_flash
    }

    /// Openings of no known length so far.
    pub(super) fn odd(&self) -> u64 {
        self.odd
    }

    /// The gateway opens the loop itself until `until`: an opening in that time is no flash and no pulse.
    pub(super) fn mask(&mut self, until: Time) {
        self.masked_until = until;
    }

    /// Forgets everything: the line was in trouble.
    pub(super) fn reset(&mut self) {
        self.state = Loop::Open;
        self.pulses = 0;
        self.undecided = None;
        self.events.clear();
    }

    /// If the loop is open and it is not decided what that means: takes it for a hang-up, without an event.
    pub(super) fn decide_for_hang_up(&mut self) -> bool {
        let undecided = matches!(self.state, Loop::Opened(since) if since >= self.masked_until);
        if undecided {
            self.reset();
        }
        undecided
    }

    pub(super) fn poll(&mut self) -> Option<HookEvent> {
        self.events.pop_front()
    }

    pub(super) fn closed(&mut self, at: Time) {
        self.advance(at);
        match self.state {
            Loop::Open => {
                self.state = Loop::Closing(at);
                self.advance(at);
            }
            Loop::Closing(_) | Loop::Closed => {}
            Loop::Opened(since) => {
                self.state = Loop::Closed;
                self.classify(since, at);
            }
        }
    }

    /// `lone`: what this opening is if it could be both and remains alone.
    pub(super) fn opened(&mut self, at: Time, lone: Lone) {
        self.advance(at);
        match self.state {
            Loop::Open | Loop::Opened(_) => {}
            Loop::Closing(_) => self.state = Loop::Open,
            Loop::Closed => {
                self.state = Loop::Opened(at);
                self.lone = lone;
                if self.cfg.hang_up_ms == 0 && self.cfg.flash.is_none() {
                    self.hang_up();
                }
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        let digit = (self.pulses > 0).then(|| self.digit_due());
        let edge = match self.state {
            Loop::Open => None,
            Loop::Closed => self.flash_due(),
            Loop::Closing(since) => Some(since + ms(self.cfg.debounce_ms)),
            Loop::Opened(since) => Some(self.hang_up_due(since)),
        };
        match (digit, edge) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does what is due at `now`.
    pub(super) fn advance(&mut self, now: Time) {
        if self.pulses > 0 && now >= self.digit_due() {
            self.take_digit();
        }
        match self.state {
            Loop::Open => {}
            Loop::Closed => {
                if self.flash_due().is_some_and(|due| now >= due) {
                    self.take_short_flash();
                }
            }
            Loop::Closing(since) => {
                if now >= since + ms(self.cfg.debounce_ms) {
                    self.state = Loop::Closed;
                    self.events.push_back(HookEvent::OffHook);
                }
            }
            Loop::Opened(since) => {
                if now >= self.hang_up_due(since) {
                    self.hang_up();
                }
            }
        }
    }

    fn hang_up(&mut self) {
        self.state = Loop::Open;
        // A cradle that bounces for this time: nobody presses the R key and hangs up within a tenth of a second.
        self.undecided = None;
        if self.pulses > 0 {
            self.take_digit();
        }
        self.events.push_back(HookEvent::OnHook);
    }

    /// An opening that ends at its longest is still a flash, so the hang-up is 1 ms later.
    fn hang_up_due(&self, since: Time) -> Time {
        let flash = self.cfg.flash.map_or(self.cfg.hang_up_ms, |f| f.max_ms);
        let pulse = self.cfg.pulse.map_or(0, |p| p.max_ms);
        let due = since + ms(flash.max(pulse)) + ms(1);
        if since < self.masked_until {
            due.max(self.masked_until)
        } else {
            due
        }
    }

    /// A digit ends a while after its last pulse, and not while the opening may be one more.
    fn digit_due(&self) -> Time {
        let Some(pulse) = self.cfg.pulse else {
            return self.last_pulse_end;
        };
        let due = self.last_pulse_end + ms(pulse.interdigit_ms);
        match self.state {
            Loop::Opened(since) => due.max(since + ms(pulse.max_ms) + ms(1)),
            Loop::Open | Loop::Closing(_) | Loop::Closed => due,
        }
    }

    fn classify(&mut self, since: Time, at: Time) {
        if since < self.masked_until {
            return;
        }
        let open = at - since;
        if open < ms(self.cfg.debounce_ms) {
            return;
        }
        let within = |min, max| open >= ms(min) && open <= ms(max);
        let pulse = self.cfg.pulse.is_some_and(|p| within(p.min_ms, p.max_ms));
        let flash = self.cfg.flash.is_some_and(|f| within(f.min_ms, f.max_ms));
        if pulse {
            let in_train = self.pulses > 0 || self.undecided.is_some();
            if flash && !in_train && self.lone == Lone::Flash {
                self.undecided = Some(at);
                return;
            }
            let first = u32::from(self.undecided.take().is_some());
            self.pulses = self.pulses.saturating_add(1 + first);
            self.last_pulse_end = at;
            return;
        }
        if self.pulses > 0 {
            self.take_digit();
        }
        if self.undecided.is_some() {
            self.take_short_flash();
        }
        if flash {
            self.short_flash = false;
            self.events.push_back(HookEvent::Flash);
        } else {
            self.odd = self.odd.saturating_add(1);
        }
    }

    /// When an undecided opening has remained alone.
    fn flash_due(&self) -> Option<Time> {
        self.undecided.map(|end| end + ms(LONGEST_MAKE_MS))
    }

    fn take_short_flash(&mut self) {
        self.undecided = None;
        self.short_flash = true;
        self.events.push_back(HookEvent::Flash);
    }

    fn take_digit(&mut self) {
        let pulses = std::mem::take(&mut self.pulses);
        match self.cfg.pulse_digits.digit(pulses) {
            Some(digit) => self.events.push_back(HookEvent::Pulse(digit)),
            None => self.odd = self.odd.saturating_add(1),
        }
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests;
