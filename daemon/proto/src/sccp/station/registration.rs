//! The connection to the device's own CallManager: what its news mean for the device, and what comes after it.

use std::time::Duration;

use super::connection::{Connection, News, Then};
use super::retry::Ended;
use super::{
    CloseReason, HistoryKind, LastReject, LostReason, RejectCause, Station, StationEvent, Wait,
    count,
};
use crate::sccp::message::ResetKind;
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose, ConnectionState};

/// Slack on top of the server's own patience with a broken connection.
const HELD_NAME_SLACK: Duration = Duration::from_secs(10);

/// A name that the server may still connect with our broken connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldName {
    server: usize,
    until: Time,
}

impl Station {
    /// What happened on the device's own connection.
    pub(super) fn active_news(&mut self, now: Time, id: ConnectionId, news: News) {
        match news {
            News::Accepted => {
                let here = self.active().map(|active| active.server);
                self.held = self.held.filter(|held| Some(held.server) != here);
                // Another server may give the line another number, or none. One that takes no device gives none.
                self.seen.line = None;
            }
            News::Registered => self.registered(now, id),
            News::Message(message) => {
                self.seen.note(now, self.config.line, &message);
                self.event(StationEvent::Message(message));
            }
            News::Reset(kind) => self.reset_asked(now, kind),
            News::AnswersKeepalives => {
                if let Some(server) = self.active().map(|active| active.server) {
                    self.event(StationEvent::AnswersKeepalives { server });
                }
            }
            News::Unregistered(then) => self.unregistered(now, then),
            News::Over(reason) => self.over(now, reason),
            News::TokenGranted | News::TokenUnknown => {}
        }
    }

    /// Calls work from now on.
    pub(super) fn registered(&mut self, now: Time, id: ConnectionId) {
        let Some(active) = self.connections.get_mut(id) else {
            return;
        };
        let (server, version) = (active.server, active.version());
        let keepalive = active.keepalive_interval();
        let kept = active.take_kept();
        let counters = &mut self.seen.counters;
        if counters.registrations > 0 {
            count(&mut counters.reconnects);
        }
        count(&mut counters.registrations);
        let registered = HistoryKind::Registered { version };
        self.seen.remember(now, server, registered);
        self.event(StationEvent::Registered {
            server,
            version,
            keepalive_s: u32::try_from(keepalive.as_secs()).unwrap_or(u32::MAX),
        });
        for (at, message) in kept {
            self.seen.note(at, self.config.line, &message);
            self.event(StationEvent::Message(message));
        }
        self.plan_trial(now);
        self.plan_standby(now);
    }

    /// Sends Unregister to the device's own server.
    pub(super) fn unregister(&mut self, now: Time, then: Then) {
        let Some(id) = self.active().map(|active| active.id) else {
            return;
        };
        if !matches!(then, Then::Return { .. }) {
            self.drop_trial();
        }
        self.forget_waits();
        self.with(id, |active, around| active.unregister(now, then, around));
    }

    fn unregistered(&mut self, now: Time, then: Then) {
        match then {
            Then::Stop => {
                let Some(server) = self.active().map(|active| active.server) else {
                    return;
                };
                self.seen.last_lost = Some((server, LostReason::Stopped));
                let lost = HistoryKind::Lost(LostReason::Stopped);
                self.seen.remember(now, server, lost);
                self.stopped();
            }
            Then::Retry(reason) => self.end(now, reason),
            Then::Return { .. } => {
                if !self.register_with_token(now) {
                    self.end(now, LostReason::ReturnToPreferred);
                }
            }
        }
    }

    fn reset_asked(&mut self, now: Time, kind: ResetKind) {
        count(&mut self.seen.counters.resets);
        let deferred = self.busy && self.is_registered();
        self.event(StationEvent::ResetRequested { kind, deferred });
        match self.active().map(Connection::state) {
            Some(ConnectionState::Registered) if deferred => self.reset_pending = Some(kind),
            Some(ConnectionState::Registered | ConnectionState::Asking) => {
                self.unregister(now, Then::Retry(LostReason::Reset(kind)));
            }
            Some(ConnectionState::Registering) => self.end(now, LostReason::Reset(kind)),
            _ => {}
        }
    }

    fn over(&mut self, now: Time, mut reason: LostReason) {
        let Some(server) = self.active().map(|active| active.server) else {
            return;
        };
        if matches!(reason, LostReason::Connect(_)) {
            count(&mut self.seen.counters.connect_failures);
        }
        self.see_held_name(now, server, &mut reason);
        self.note_reject(now, server, &reason);
        self.end(now, reason);
    }

    /// A rejection after a break is that of the name which the connection that broke still holds.
    pub(super) fn see_held_name(&self, now: Time, server: usize, reason: &mut LostReason) {
        // wazo gives no text at all, chan_skinny one text for both.
        if let LostReason::Rejected { cause, .. } = reason
            && self.holds_the_name(now, server)
            && let RejectCause::NoAuthority
            | RejectCause::AlreadyRegistered
            | RejectCause::NoText
            | RejectCause::Other = cause
        {
            *cause = RejectCause::NameHeldByOldConnection;
        }
    }

    /// After a break it may still have our name for the connection that broke.
    pub(super) fn holds_the_name(&self, now: Time, server: usize) -> bool {
        self.held
            .is_some_and(|held| held.server == server && now < held.until)
    }

    /// Keeps a refusal for the snapshot.
    pub(super) fn note_reject(&mut self, now: Time, server: usize, reason: &LostReason) {
        if let LostReason::Rejected { text, cause } = reason {
            self.seen.last_reject = Some(LastReject {
                at: now,
                server,
                text: text.clone(),
                cause: *cause,
            });
        }
    }

    /// Ends the connection or the try, and plans the next one.
    pub(super) fn end(&mut self, now: Time, reason: LostReason) {
        let Some(id) = self.active().map(|active| active.id) else {
            return;
        };
        let Some(former) = self.drop_connection(id) else {
            return;
        };
        self.drop_trial();
        self.forget_waits();
        let ended = Ended {
            server: former.server,
            reason: &reason,
            lived: former.lived(now),
            returning_to: former.returning_to(),
        };
        let (server, lived) = (ended.server, ended.lived);
        let ours = matches!(
            reason,
            LostReason::Reset(_)
                | LostReason::ReturnToPreferred
                | LostReason::Reconfigured
                | LostReason::Restarted
        );
        if lived.is_some() && !ours {
            count(&mut self.seen.counters.lost);
            self.note_held_name(now, &former, &reason);
        }
        self.last_word = last_word(&reason);
        if ended.returning_to.is_none() {
            self.failback.lost(server, lived);
        }
        if ours {
            self.drop_standby();
        }
        self.standby.due = None;
        self.apply_config();
        let (next, wait) = self.retry.next(&self.config, &ended);
        let retry_at = now + wait;
        self.wait_for(next, retry_at);
        self.seen.last_lost = Some((server, reason.clone()));
        if lived.is_some() {
            let lost = HistoryKind::Lost(reason.clone());
            self.seen.remember(now, server, lost);
            self.event(StationEvent::Lost {
                server,
                reason,
                retry_at,
            });
        } else {
            let failed = HistoryKind::AttemptFailed(reason.clone());
            self.seen.remember(now, server, failed);
            self.event(StationEvent::AttemptFailed {
                server,
                reason,
                retry_at,
            });
        }
    }

    /// Nothing is left of the registration, and nothing is waited for.
    pub(super) fn stopped(&mut self) {
        if let Some(id) = self.active().map(|active| active.id) {
            self.drop_connection(id);
        }
        self.drop_trial();
        self.drop_standby();
        self.forget_waits();
        self.wait = None;
        self.held = None;
        self.retry.backoff.reset();
        self.apply_config();
        self.event(StationEvent::Stopped);
    }

    /// After a break that the server may not have noticed, it holds our name until its own patience ends.
    fn note_held_name(&mut self, now: Time, former: &Connection, reason: &LostReason) {
        let unnoticed = match reason {
            LostReason::KeepaliveLost { .. } => true,
            LostReason::Closed(reason) => !matches!(reason, CloseReason::ByServer),
            _ => false,
        };
        if unnoticed {
            // Some servers wait longer while a call is up.
            let intervals = if self.busy { 6 } else { 3 };
            self.held = Some(HeldName {
                server: former.server,
                until: now + former.keepalive_interval() * intervals + HELD_NAME_SLACK,
            });
        }
    }

    /// Tries this server then.
    pub(super) fn wait_for(&mut self, server: usize, until: Time) {
        self.wait = Some(Wait { server, until });
    }

    /// The wait is over.
    pub(super) fn retry_due(&mut self, now: Time) {
        if let Some(Wait { server, .. }) = self.wait.take() {
            if self.register_over_standby(now, server) {
                return;
            }
            count(&mut self.seen.counters.connects);
            self.open(now, server, ConnectionPurpose::Active, false);
        }
    }

    /// What waits only while a registration lasts.
    pub(super) fn forget_waits(&mut self) {
        self.failback.due = None;
        self.reset_pending = None;
    }

    /// Takes the new configuration, if there is one.
    pub(super) fn apply_config(&mut self) {
        if let Some(config) = self.new_config.take() {
            if config.retry != self.config.retry {
                self.retry.set_policy(config.retry);
            }
            self.config = *config;
        }
    }
}

/// The word after `Last=` in Alarm.
fn last_word(reason: &LostReason) -> &'static str {
    match reason {
        LostReason::Connect(_) => "TCP-connect-failed",
        LostReason::Closed(CloseReason::ByServer) => "CM-closed-TCP",
        LostReason::Closed(_) => "TCP-broken",
        LostReason::KeepaliveLost { .. } => "KeepaliveTO",
        LostReason::RegisterTimeout => "Register-timeout",
        LostReason::Rejected { .. } => "Register-rejected",
        LostReason::TokenRefused { .. } => "Token-rejected",
        LostReason::BadFrame { .. } => "Bad-frame",
        LostReason::Reset(kind) if *kind == ResetKind::RESTART => "Reset-Restart",
        LostReason::Reset(_) => "Reset-Reset",
        LostReason::ReturnToPreferred => "Failback",
        LostReason::Reconfigured => "Reconfigured",
        LostReason::Restarted => "Restarted",
        LostReason::Stopped => "Stopped",
    }
}
