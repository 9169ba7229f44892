//! What the phone is doing, apart from its calls, and how long it may: waiting for the server, for a digit or for a
//! sound, error tone, howler, lockout, and the loop that the gateway opens when the far end has hung up.
//!
//! A state carries what it waits for, so that leaving it disarms that.
//!
//! | state | waits for |
//! | --- | --- |
//! | lifted, in calls | the server, the first digit, the sound of a failure, the end of the error tone |
//! | loop opened | the loop to be fed again |
//! | error tone, howler | its end |
//! | on-hook, lockout | nothing |

use std::collections::VecDeque;
use std::time::Duration;

use crate::deadlines::Deadlines;
use crate::sccp::message::Tone;
use crate::time::Time;

/// The phone's own reaction to a loop opening settles in this time.
const LOOP_SETTLES_MS: u32 = 100;
/// A busy or congested call is given this long to sound before the gateway plays the tone itself.
const FAILURE_SOUNDS: Duration = Duration::from_millis(500);

/// What supervision has to know of the port's settings; see [`PortConfig`](crate::call::PortConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SupervisionConfig {
    pub(super) server_answer_ms: u32,
    pub(super) first_digit_ms: u32,
    pub(super) error_tone_ms: u32,
    pub(super) howler_ms: u32,
    pub(super) open_loop_ms: u32,
}

/// What the phone is doing, apart from its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Loop open.
    OnHook,
    /// Lifted for a new call; the server has named none yet.
    Lifted,
    /// Off-hook; the server leads.
    Calls,
    /// The gateway opens the loop because the far end hung up.
    LoopOpened,
    /// Off-hook; an error tone plays and the server has nothing for us.
    ErrorTone,
    /// Off-hook; the howler plays.
    Howling,
    /// Off-hook past the howler.
    Lockout,
}

/// What supervision asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SupervisionOutput {
    /// Play this error tone.
    Play(Tone),
    /// Stop the tone.
    Silence,
    /// Play the howler: nothing is expected of the server any more.
    Howl,
    /// Open the loop for this time.
    OpenLoop { ms: u32 },
    /// The loop is fed again.
    LoopRestored,
    /// The server has not reacted to a lift, an answer or a resume.
    ServerSilent,
    /// Dial tone has played for too long.
    NoDigit,
    /// A failed call has had its time to sound.
    FailureSilent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    Server,
    FirstDigit,
    FailureSounds,
    ErrorToneEnd,
}

/// One that has been reported is `None`.
type Until = Option<Time>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    OnHook,
    Lifted(Deadlines<Wait>),
    Calls(Deadlines<Wait>),
    LoopOpened(Until),
    ErrorTone(Until),
    Howling(Until),
    Lockout,
}

/// Supervision of one port.
#[derive(Debug)]
pub(super) struct Supervision {
    cfg: SupervisionConfig,
    state: State,
    error_tones: u64,
    howlers: u64,
    lockouts: u64,
    out: VecDeque<SupervisionOutput>,
}

impl Supervision {
    /// On-hook.
    pub(super) fn new(cfg: SupervisionConfig) -> Supervision {
        Supervision {
            cfg,
            state: State::OnHook,
            error_tones: 0,
            howlers: 0,
            lockouts: 0,
            out: VecDeque::new(),
        }
    }

    /// New times, for what begins from now on.
    pub(super) fn reconfigure(&mut self, cfg: SupervisionConfig) {
        self.cfg = cfg;
    }

    pub(super) fn poll(&mut self) -> Option<SupervisionOutput> {
        self.out.pop_front()
    }

    pub(super) fn state(&self) -> Set {
        match self.state {
            State::OnHook => Set::OnHook,
            State::Lifted(_) => Set::Lifted,
            State::Calls(_) => Set::Calls,
            State::LoopOpened(_) => Set::LoopOpened,
            State::ErrorTone(_) => Set::ErrorTone,
            State::Howling(_) => Set::Howling,
            State::Lockout => Set::Lockout,
        }
    }

    pub(super) fn is_on_hook(&self) -> bool {
        self.state == State::OnHook
    }

    /// The server leads, or is about to.
    pub(super) fn is_served(&self) -> bool {
        matches!(self.state, State::Lifted(_) | State::Calls(_))
    }

    /// Error tones, howlers and lockouts so far.
    pub(super) fn counted(&self) -> (u64, u64, u64) {
        (self.error_tones, self.howlers, self.lockouts)
    }

    pub(super) fn due(&self) -> Option<Time> {
        match &self.state {
            State::OnHook | State::Lockout => None,
            State::Lifted(waits) | State::Calls(waits) => waits.next(),
            State::LoopOpened(until) | State::ErrorTone(until) | State::Howling(until) => *until,
        }
    }

    /// Does what is due first.
    pub(super) fn handle_timeout(&mut self, now: Time) {
        match &mut self.state {
            State::OnHook | State::Lockout => {}
            State::Lifted(waits) | State::Calls(waits) => match waits.take_due(now) {
                Some(Wait::Server) => self.out.push_back(SupervisionOutput::ServerSilent),
                Some(Wait::FirstDigit) => self.out.push_back(SupervisionOutput::NoDigit),
                Some(Wait::FailureSounds) => self.out.push_back(SupervisionOutput::FailureSilent),
                Some(Wait::ErrorToneEnd) => self.howl(now),
                None => {}
            },
            State::LoopOpened(until) => {
                if take_due(until, now) {
                    self.out.push_back(SupervisionOutput::LoopRestored);
                }
            }
            State::ErrorTone(until) => {
                if take_due(until, now) {
                    self.howl(now);
                }
            }
            State::Howling(until) => {
                if take_due(until, now) {
                    self.lock_out();
                }
            }
        }
    }

    /// The loop is open.
    pub(super) fn hang_up(&mut self) {
        self.state = State::OnHook;
    }

    /// Lifted for a new call: the server names it.
    pub(super) fn lift(&mut self, now: Time) {
        self.state = State::Lifted(self.server_is_asked(now));
    }

    /// The server was asked for a call that there is: an answer, a resume.
    pub(super) fn ask(&mut self, now: Time) {
        self.state = State::Calls(self.server_is_asked(now));
    }

    /// The server has put the phone into a call.
    pub(super) fn enter_calls(&mut self) {
        let mut waits = match &mut self.state {
            State::Lifted(waits) | State::Calls(waits) => std::mem::take(waits),
            _ => Deadlines::default(),
        };
        waits.disarm(Wait::Server);
        waits.disarm(Wait::ErrorToneEnd);
        self.state = State::Calls(waits);
    }

    /// The server has nothing for a lifted phone.
    pub(super) fn error_tone(&mut self, now: Time, tone: Option<Tone>) {
        let playing = match &self.state {
            State::Lifted(waits) | State::Calls(waits) => waits.at(Wait::ErrorToneEnd),
            State::ErrorTone(until) => *until,
            _ => None,
        };
        let until = playing.unwrap_or(now + ms(self.cfg.error_tone_ms));
        self.state = State::ErrorTone(Some(until));
        self.out.push_back(match tone {
            Some(tone) => {
                self.error_tones += 1;
                SupervisionOutput::Play(tone)
            }
            None => SupervisionOutput::Silence,
        });
    }

    /// The far end has hung up: the loop is opened so that fax, modem and alarm ports notice. Answers until when that goes on, or `None`
    /// where the loop is not opened.
    pub(super) fn open_loop(&mut self, now: Time) -> Option<Time> {
        let open_ms = self.cfg.open_loop_ms;
        if open_ms == 0 {
            return None;
        }
        let until = Some(now + ms(open_ms.saturating_add(LOOP_SETTLES_MS)));
        self.state = State::LoopOpened(until);
        self.out
            .push_back(SupervisionOutput::OpenLoop { ms: open_ms });
        until
    }

    /// The server has reacted.
    pub(super) fn server_spoke(&mut self) {
        self.disarm(Wait::Server);
    }

    /// Dial tone plays.
    pub(super) fn await_digit(&mut self, now: Time) {
        self.arm(Wait::FirstDigit, now + ms(self.cfg.first_digit_ms));
    }

    /// A digit came, or none is needed any more.
    pub(super) fn digit_came(&mut self) {
        self.disarm(Wait::FirstDigit);
    }

    /// A call has failed: the server's tone or audio is given its time.
    pub(super) fn await_failure_sound(&mut self, now: Time) {
        self.arm(Wait::FailureSounds, now + FAILURE_SOUNDS);
    }

    /// It came, or the call has not failed after all.
    pub(super) fn failure_sounds(&mut self) {
        self.disarm(Wait::FailureSounds);
    }

    /// The server plays an error tone, or has failed a call: from the first one on its end is waited for.
    pub(super) fn await_error_tone_end(&mut self, now: Time) {
        let until = now + ms(self.cfg.error_tone_ms);
        if let State::Lifted(waits) | State::Calls(waits) = &mut self.state
            && waits.at(Wait::ErrorToneEnd).is_none()
        {
            waits.arm(Wait::ErrorToneEnd, until);
        }
    }

    /// The gateway has played an error tone in place of the server.
    pub(super) fn count_error_tone(&mut self) {
        self.error_tones += 1;
    }

    fn server_is_asked(&self, now: Time) -> Deadlines<Wait> {
        let mut waits = Deadlines::default();
        waits.arm(Wait::Server, now + ms(self.cfg.server_answer_ms));
        waits
    }

    fn arm(&mut self, wait: Wait, at: Time) {
        if let State::Lifted(waits) | State::Calls(waits) = &mut self.state {
            waits.arm(wait, at);
        }
    }

    fn disarm(&mut self, wait: Wait) {
        if let State::Lifted(waits) | State::Calls(waits) = &mut self.state {
            waits.disarm(wait);
        }
    }

    /// The error tone has not made anybody hang up.
    fn howl(&mut self, now: Time) {
        if self.cfg.howler_ms == 0 {
            return self.lock_out();
        }
        self.state = State::Howling(Some(now + ms(self.cfg.howler_ms)));
        self.howlers += 1;
        self.out.push_back(SupervisionOutput::Howl);
    }

    /// Nor has the howler.
    fn lock_out(&mut self) {
        self.state = State::Lockout;
        self.lockouts += 1;
        self.out.push_back(SupervisionOutput::Silence);
    }
}

fn take_due(until: &mut Until, now: Time) -> bool {
    until.take_if(|at| *at <= now).is_some()
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests;
