//! A better server, asked over a connection of its own whether it takes the device, while the present one serves.
//!
//! First the way of Cisco's phones: RegisterTokenReq, and on RegisterTokenAck Unregister here and Register there; on
//! RegisterTokenReject the device stays where it is. A server that knows no tokens does not answer (chan_skinny) or
//! closes the connection; it is then asked by Register itself. The device stays registered here until it is registered
//! there and the whole request round has been gone through. So a working server is left only for one that has answered,
//! and a better one that hangs, refuses, or dies in between costs nothing.
//!
//! A CallManager cluster would take the device away from its other node at that Register; but it knows tokens.

use std::time::Duration;

use super::connection::{News, STABLE, Then, at_least_1_ms};
use super::{HistoryKind, LostReason, Station, StationEvent};
use crate::sccp::message::ClientMessage;
use crate::sccp::message::Unregister;
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose, ConnectionState};

/// Most that the interval of the questions is stretched.
const FACTOR_MAX: u32 = 10;

/// When a better server is asked.
#[derive(Debug)]
pub(super) struct Failback {
    /// When the next question is due.
    pub(super) due: Option<Time>,
    /// Of which server; none: the best one.
    of: Option<usize>,
    /// The better server we last went back to.
    to: Option<usize>,
    /// Factor on the interval of the questions.
    factor: u32,
}

impl Default for Failback {
    fn default() -> Failback {
        Failback {
            due: None,
            of: None,
            to: None,
            factor: 1,
        }
    }
}

impl Failback {
    /// The device goes back to this server.
    fn returned(&mut self, server: usize) {
        self.to = Some(server);
    }

    /// The device leaves a server that it came back to: a better server is asked less often when this one did not keep
    /// it.
    pub(super) fn lost(&mut self, server: usize, lived: Option<Duration>) {
        if self.to != Some(server) {
            return;
        }
        self.to = None;
        self.factor = if lived.is_some_and(|lived| lived >= STABLE) {
            1
        } else {
            (self.factor * 2).min(FACTOR_MAX)
        };
    }

    /// This server is asked then, if one is to be asked.
    pub(super) fn ask(&mut self, at: Time, server: usize) {
        if self.due.is_some() {
            self.bring_forward(at);
            self.of = Some(server);
        }
    }

    /// What better servers did is forgotten.
    pub(super) fn forget(&mut self) {
        self.factor = 1;
    }

    /// Not before this time.
    fn put_off(&mut self, until: Time) {
        self.due = self.due.map(|due| due.max(until));
    }

    /// Not after this time, if one is to be asked.
    pub(super) fn bring_forward(&mut self, until: Time) {
        self.due = self.due.map(|due| due.min(until));
    }
}

impl Station {
    /// Only from a lesser server a better one is asked.
    pub(super) fn plan_trial(&mut self, now: Time) {
        self.failback.due = None;
        self.failback.of = None;
        let here = self
            .registered_at()
            .and_then(|here| self.config.place(here));
        if here.is_none_or(|place| place == 0) {
            return;
        }
        let wait = self
            .config
            .timing
            .probe
            .saturating_mul(self.failback.factor);
        let wait = at_least_1_ms(self.retry.backoff.around(wait));
        self.failback.due = Some(now + wait);
    }

    /// A better server is to be asked.
    pub(super) fn trial_due(&mut self, now: Time) {
        self.failback.due = None;
        let Some(here) = self.registered_at() else {
            return;
        };
        if self.busy || self.config.place(here) == Some(0) {
            self.plan_trial(now);
        } else if self.trial().is_none() {
            let better = |s: &usize| self.config.place(*s) < self.config.place(here);
            let wanted = self.failback.of.filter(better);
            self.failback.of = None;
            let server = wanted.map_or(self.config.best(), |s| self.config.this_or_best(s));
            self.open(now, server, ConnectionPurpose::Trial, true);
        }
    }

    /// What happened on the connection to a better server.
    pub(super) fn trial_news(&mut self, now: Time, id: ConnectionId, news: News) {
        let Some(server) = self.connections.get_mut(id).map(|trial| trial.server) else {
            return;
        };
        match news {
            News::TokenGranted => {
                self.failback.returned(server);
                self.unregister(now, Then::Return { server });
            }
            News::TokenUnknown => {
                self.drop_connection(id);
                self.open(now, server, ConnectionPurpose::Trial, false);
            }
            News::Registered => self.move_to(now, id),
            News::Reset(kind) => self.trial_over(now, id, LostReason::Reset(kind)),
            News::Over(reason) => self.trial_over(now, id, reason),
            News::Accepted | News::AnswersKeepalives | News::Message(_) | News::Unregistered(_) => {
            }
        }
    }

    /// The better server is not asked any more: a call has come up, or the present connection has gone.
    pub(super) fn drop_trial(&mut self) {
        let Some(trial) = self.trial() else { return };
        let (id, state) = (trial.id, trial.state());
        if matches!(state, ConnectionState::Asking | ConnectionState::Registered) {
            self.put(id, ClientMessage::Unregister(Unregister { reason: None }));
        }
        self.drop_connection(id);
    }

    /// Unregister at the present server is done, and the token still good: registers over the connection that has it.
    /// False: there is none.
    pub(super) fn register_with_token(&mut self, now: Time) -> bool {
        let granted = |state| state == ConnectionState::TokenGranted;
        let id = match self.trial() {
            Some(trial) if granted(trial.state()) && self.new_config.is_none() => trial.id,
            _ => return false,
        };
        self.hand_over(now, id);
        self.with(id, |trial, around| trial.register(now, around));
        true
    }

    /// Registered at both: the present one is left.
    fn move_to(&mut self, now: Time, id: ConnectionId) {
        let here = self.active().filter(|a| a.registered_since().is_some());
        let Some(here) = here.filter(|_| !self.busy).map(|active| active.id) else {
            return self.drop_trial();
        };
        self.put(here, ClientMessage::Unregister(Unregister { reason: None }));
        self.hand_over(now, id);
        self.seen.line = None;
        self.registered(now, id);
    }

    /// The connection to the better server becomes the device's own, and the present one is closed.
    fn hand_over(&mut self, now: Time, id: ConnectionId) {
        let here = self.active().map(|active| (active.id, active.server));
        let Some((former, here)) = here else { return };
        self.drop_connection(former);
        self.forget_waits();
        self.held = None;
        self.retry.restart();
        self.last_word = "Failback";
        if let Some(active) = self.connections.get_mut(id) {
            active.activate(now);
            self.local = active.local();
            self.failback.returned(active.server);
        }
        let reason = LostReason::ReturnToPreferred;
        self.seen.last_lost = Some((here, reason.clone()));
        let lost = HistoryKind::Lost(reason.clone());
        self.seen.remember(now, here, lost);
        self.event(StationEvent::Lost {
            server: here,
            reason,
            retry_at: now,
        });
    }

    /// This better server does not take the device now.
    fn trial_over(&mut self, now: Time, id: ConnectionId, mut reason: LostReason) {
        let Some(trial) = self.drop_connection(id) else {
            return;
        };
        self.see_held_name(now, trial.server, &mut reason);
        let wait = match &reason {
            LostReason::TokenRefused { wait } => Some(*wait),
            _ => None,
        };
        self.note_reject(now, trial.server, &reason);
        let again = match &reason {
            LostReason::Rejected { .. } if self.holds_the_name(now, trial.server) => {
                Some(self.config.timing.name_held)
            }
            LostReason::Connect(_) => Some(Duration::ZERO),
            _ => reason.is_silence().then_some(Duration::ZERO),
        };
        let failed = HistoryKind::AttemptFailed(reason.clone());
        self.seen.remember(now, trial.server, failed);
        self.event(StationEvent::TrialFailed {
            server: trial.server,
            reason,
            again,
        });
        let Some(here) = self.registered_at() else {
            return;
        };
        let next = self.config.after(trial.server);
        if self.config.place(next) < self.config.place(here) && !self.busy {
            self.open(now, next, ConnectionPurpose::Trial, true);
            return;
        }
        self.plan_trial(now);
        if let Some(wait) = wait {
            self.failback.put_off(now + wait);
        }
    }
}
