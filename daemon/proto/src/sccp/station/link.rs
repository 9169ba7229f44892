//! The life of one connection and what comes after it: phases, deadlines, registration, keepalive, the
//! choice of the next server.

use std::time::Duration;

use crate::sccp::message::{
    CapabilitiesRes, ClientMessage, LineStat, RegisterAck, RegisterReject, Reset, ResetKind,
    ServerMessage, Unregister,
};
use crate::sccp::wire::FrameReader;
use crate::time::Time;

use super::round::{self, ROUND};
use super::{
    CloseReason, Deadline, HeldName, HistoryKind, LastReject, LineTold, LostReason,
    MAX_CAPABILITIES, RejectCause, STABLE, Station, StationEvent, StationOutput, StationState,
    count,
};

/// Interval when the server tells 0.
const KEEPALIVE_DEFAULT_S: u32 = 30;
/// Longest interval believed: asking more often is harmless, noticing later is not.
const KEEPALIVE_MAX_S: u32 = 120;
/// Messages kept while the request round runs. More than that end the round early.
pub(super) const HELD_MESSAGES: usize = 64;
/// Slack on top of the server's own patience with a broken connection.
const HELD_NAME_SLACK: Duration = Duration::from_secs(10);
/// Most that the probe interval is stretched.
const PROBE_FACTOR_MAX: u32 = 10;

/// What the station is doing, with what it needs for it.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    Stopped,
    Waiting {
        server: usize,
        until: Time,
    },
    Connecting {
        server: usize,
    },
    Registering {
        server: usize,
    },
    Asking {
        server: usize,
        step: usize,
    },
    Registered {
        server: usize,
        since: Time,
    },
    Unregistering {
        server: usize,
        /// Since when it had been registered; `None` when the request round still ran.
        since: Option<Time>,
        then: Then,
    },
}

/// What follows Unregister.
#[derive(Clone, Debug)]
pub(super) enum Then {
    Stop,
    Retry(LostReason),
    Return { server: usize },
}

impl Phase {
    /// Whether there is a connection to read from.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Phase::Stopped | Phase::Waiting { .. } | Phase::Connecting { .. } => false,
            Phase::Registering { .. }
            | Phase::Asking { .. }
            | Phase::Registered { .. }
            | Phase::Unregistering { .. } => true,
        }
    }

    pub(super) fn shown(&self) -> StationState {
        match *self {
            Phase::Stopped => StationState::Stopped,
            Phase::Waiting { server, until } => StationState::Waiting { server, until },
            Phase::Connecting { server } => StationState::Connecting { server },
            Phase::Registering { server } => StationState::Registering { server },
            Phase::Asking { server, .. } => StationState::Asking { server },
            Phase::Registered { server, since } => StationState::Registered { server, since },
            Phase::Unregistering { server, .. } => StationState::Unregistering { server },
        }
    }
}

/// What belongs to one connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) reader: FrameReader,
    pub(super) version: u8,
    pub(super) keepalive: Duration,
    pub(super) unreadable_told: bool,
    last_ack: Time,
    unanswered_since: Option<Time>,
    misses: u32,
    suspect_told: bool,
    pub(super) capabilities_asked: bool,
    pub(super) held: Vec<ServerMessage>,
}

impl Session {
    pub(super) fn new(version: u8, now: Time) -> Session {
        Session {
            reader: FrameReader::default(),
            version,
            keepalive: Duration::from_secs(KEEPALIVE_DEFAULT_S.into()),
            unreadable_told: false,
            last_ack: now,
            unanswered_since: None,
            misses: 0,
            suspect_told: false,
            capabilities_asked: false,
            held: Vec::new(),
        }
    }

    /// RegisterAck: what is used from now on.
    pub(super) fn acked(&mut self, now: Time, offered: u8, ack: &RegisterAck) {
        // chan_skinny answers 48, the character '0', and takes what was offered; mod_skinny answers
        // nothing, which is 0, and has the oldest layouts.
        self.version = offered.min(ack.version);
        let seconds = match ack.keepalive_s {
            0 => KEEPALIVE_DEFAULT_S,
            s => s.min(KEEPALIVE_MAX_S),
        };
        self.keepalive = Duration::from_secs(seconds.into());
        self.last_ack = now;
    }

    pub(super) fn suspect_since(&self) -> Option<Time> {
        self.unanswered_since.filter(|_| self.misses > 0)
    }
}

impl Station {
    pub(super) fn fire(&mut self, now: Time, deadline: Deadline) {
        match deadline {
            Deadline::Retry => {
                if let Phase::Waiting { server, .. } = self.phase {
                    self.connect(now, server);
                }
            }
            Deadline::Connect => {
                if let Phase::Connecting { .. } = self.phase {
                    count(&mut self.seen.counters.connect_failures);
                    self.end(
                        now,
                        LostReason::Connect(super::ConnectFailure::TimedOut),
                        true,
                    );
                }
            }
            Deadline::Register => {
                if let Phase::Registering { .. } = self.phase {
                    self.end(now, LostReason::RegisterTimeout, true);
                }
            }
            Deadline::RoundStep => {
                if let Phase::Asking { server, step } = self.phase {
                    count(&mut self.seen.counters.answers_missing);
                    self.ask(now, server, step + 1);
                }
            }
            Deadline::KeepAlive => self.send_keepalive(now),
            Deadline::KeepAliveAnswer => self.keepalive_missed(now),
            Deadline::LinkLost => self.link_lost(now),
            Deadline::Unregister => self.unregistered(now, true),
            Deadline::Probe => {
                if let Phase::Registered { server, .. } = self.phase {
                    if self.busy || self.config.place(server) == Some(0) {
                        self.arm_probe(now);
                    } else if self.second.is_none() {
                        self.look(now, self.config.best(), true);
                    }
                }
            }
            Deadline::Second => self.second_due(now),
            Deadline::Settled => {
                if let Phase::Registered { server, .. } = self.phase {
                    self.event(StationEvent::Settled { server });
                }
            }
        }
    }

    /// A message while registering or registered.
    pub(super) fn link_message(&mut self, now: Time, message: ServerMessage) {
        let answered = match self.phase {
            Phase::Asking { step, .. } => ROUND.get(step).is_some_and(|s| s.answered_by(&message)),
            _ => false,
        };
        match message {
            ServerMessage::RegisterAck(ack) => self.register_ack(now, ack),
            ServerMessage::RegisterReject(RegisterReject { text }) => self.rejected(now, text),
            ServerMessage::KeepAliveAck => self.keepalive_ack(now),
            ServerMessage::CapabilitiesReq => {
                self.session.capabilities_asked = true;
                let capabilities = self.capabilities();
                self.put(capabilities);
            }
            ServerMessage::Reset(Reset { kind }) => self.reset_asked(now, kind),
            other => {
                self.note(now, &other);
                if is_for_the_port(&other) {
                    self.pass(now, other);
                }
            }
        }
        if let (true, Phase::Asking { server, step }) = (answered, &self.phase) {
            let (server, step) = (*server, *step);
            self.ask(now, server, step + 1);
        }
    }

    /// Our answer to CapabilitiesReq.
    pub(super) fn capabilities(&self) -> ClientMessage {
        let all = self.config.capabilities.iter();
        ClientMessage::CapabilitiesRes(CapabilitiesRes {
            capabilities: all.take(MAX_CAPABILITIES).copied().collect(),
        })
    }

    /// Remembers what is shown.
    pub(super) fn note(&mut self, now: Time, message: &ServerMessage) {
        match message {
            ServerMessage::LineStat(LineStat {
                line,
                number,
                name,
                label,
            }) if *line == self.config.line => {
                self.seen.line = Some(LineTold {
                    number: number.clone(),
                    name: name.clone(),
                    label: label.clone(),
                });
            }
            ServerMessage::DefineTimeDate(time_date) => {
                self.seen.time_date = Some((now, *time_date));
            }
            _ => {}
        }
    }

    /// Hands a message up, or keeps it until the registration is complete: chan_skinny tells the message
    /// lamp before RegisterAck.
    fn pass(&mut self, now: Time, message: ServerMessage) {
        if let Phase::Registered { .. } = self.phase {
            self.event(StationEvent::Message(message));
        } else if self.session.held.len() < HELD_MESSAGES {
            self.session.held.push(message);
        } else if let Phase::Asking { server, .. } = self.phase {
            self.registered(now, server);
            self.event(StationEvent::Message(message));
        }
        // A server that talks this much before RegisterAck talks nonsense; Register has its deadline.
    }

    fn register_ack(&mut self, now: Time, ack: RegisterAck) {
        let Phase::Registering { server } = self.phase else {
            return;
        };
        self.session.acked(now, self.config.offer_version, &ack);
        self.held = None;
        // Another server may give the line another number, or not tell any. One that takes no device tells nothing.
        self.seen.line = None;
        self.deadlines.disarm(Deadline::Register);
        self.supervise(now);
        self.ask(now, server, 0);
    }

    /// Begins to ask whether the server is there.
    pub(super) fn supervise(&mut self, now: Time) {
        self.session.last_ack = now;
        self.deadlines
            .arm(Deadline::KeepAlive, now + self.session.keepalive);
        self.deadlines
            .arm(Deadline::LinkLost, now + self.session.keepalive * 3);
    }

    /// Goes on with the request round from `step`.
    fn ask(&mut self, now: Time, server: usize, step: usize) {
        self.deadlines.disarm(Deadline::RoundStep);
        let asked = self.session.capabilities_asked;
        let (requests, waits) = round::from(step, asked, self.config.line);
        for request in requests {
            self.put(request);
        }
        let Some(step) = waits else {
            return self.registered(now, server);
        };
        self.phase = Phase::Asking { server, step };
        self.deadlines.arm(
            Deadline::RoundStep,
            now + at_least_1_ms(self.config.timing.round_step),
        );
    }

    pub(super) fn registered(&mut self, now: Time, server: usize) {
        self.deadlines.disarm(Deadline::RoundStep);
        self.phase = Phase::Registered { server, since: now };
        let counters = &mut self.seen.counters;
        if counters.registrations > 0 {
            count(&mut counters.reconnects);
        }
        count(&mut counters.registrations);
        let version = self.session.version;
        self.remember(now, server, HistoryKind::Registered { version });
        self.event(StationEvent::Registered {
            server,
            version,
            keepalive_s: u32::try_from(self.session.keepalive.as_secs()).unwrap_or(u32::MAX),
        });
        for message in std::mem::take(&mut self.session.held) {
            self.event(StationEvent::Message(message));
        }
        self.deadlines.arm(Deadline::Settled, now + STABLE);
        self.arm_probe(now);
    }

    fn rejected(&mut self, now: Time, text: String) {
        let Some(server) = self.phase.shown().server() else {
            return;
        };
        count(&mut self.seen.counters.rejects);
        let told = RejectCause::from_text(&text);
        let held = self
            .held
            .is_some_and(|held| held.server == server && now < held.until);
        let cause = match told {
            // wazo gives no text at all, chan_skinny one text for both.
            RejectCause::NoAuthority | RejectCause::AlreadyRegistered | RejectCause::Other
                if held =>
            {
                RejectCause::NameHeldByOldConnection
            }
            other => other,
        };
        self.seen.last_reject = Some(LastReject {
            at: now,
            server,
            text: text.clone(),
            cause,
        });
        // chan_skinny leaves the connection open after a refusal.
        self.end(now, LostReason::Rejected { text, cause }, true);
    }

    fn send_keepalive(&mut self, now: Time) {
        if !self.phase.is_open() {
            return;
        }
        count(&mut self.seen.counters.keepalives_sent);
        self.put(ClientMessage::KeepAlive);
        self.session.unanswered_since.get_or_insert(now);
        self.deadlines
            .arm(Deadline::KeepAlive, now + self.session.keepalive);
        let answer = at_least_1_ms(self.config.timing.keepalive_answer);
        self.deadlines.arm(
            Deadline::KeepAliveAnswer,
            now + answer.min(self.session.keepalive),
        );
    }

    fn keepalive_ack(&mut self, now: Time) {
        self.session.last_ack = now;
        self.session.unanswered_since = None;
        self.session.misses = 0;
        self.session.suspect_told = false;
        self.deadlines.disarm(Deadline::KeepAliveAnswer);
        if !matches!(self.phase, Phase::Registering { .. }) {
            self.deadlines
                .arm(Deadline::LinkLost, now + self.session.keepalive * 3);
        }
    }

    fn keepalive_missed(&mut self, now: Time) {
        count(&mut self.seen.counters.keepalives_missed);
        self.session.misses = self.session.misses.saturating_add(1);
        let quick = self.config.timing.keepalive_misses;
        if self.servers() > 1 && quick > 0 && self.session.misses >= quick {
            self.link_lost(now);
            return;
        }
        if !self.session.suspect_told {
            self.session.suspect_told = true;
            let since = self.session.last_ack;
            self.event(StationEvent::LinkSuspect { since });
        }
        self.send_keepalive(now);
    }

    fn link_lost(&mut self, now: Time) {
        if self.phase.is_open() {
            let silent = now.saturating_since(self.session.last_ack);
            self.end(now, LostReason::KeepaliveLost { silent }, true);
        }
    }

    fn reset_asked(&mut self, now: Time, kind: ResetKind) {
        count(&mut self.seen.counters.resets);
        let deferred = self.busy && self.is_registered();
        self.event(StationEvent::ResetRequested { kind, deferred });
        match self.phase {
            Phase::Registered { .. } if deferred => self.reset_pending = Some(kind),
            Phase::Registered { .. } | Phase::Asking { .. } => {
                self.unregister(now, Then::Retry(LostReason::Reset(kind)));
            }
            Phase::Registering { .. } => self.end(now, LostReason::Reset(kind), true),
            Phase::Stopped
            | Phase::Waiting { .. }
            | Phase::Connecting { .. }
            | Phase::Unregistering { .. } => {}
        }
    }

    pub(super) fn unregister(&mut self, now: Time, then: Then) {
        let Some(server) = self.phase.shown().server() else {
            return;
        };
        let since = match self.phase {
            Phase::Registered { since, .. } => Some(since),
            _ => None,
        };
        if !matches!(then, Then::Return { .. }) {
            self.drop_second();
        }
        self.reset_pending = None;
        self.deadlines.clear();
        self.phase = Phase::Unregistering {
            server,
            since,
            then,
        };
        self.put(ClientMessage::Unregister(Unregister { reason: None }));
        self.deadlines
            .arm(Deadline::Unregister, now + self.config.timing.unregister);
    }

    /// Unregister is done, or nobody will ever say so (chan_skinny only closes).
    pub(super) fn unregistered(&mut self, now: Time, close: bool) {
        let Phase::Unregistering {
            server, ref then, ..
        } = self.phase
        else {
            return;
        };
        match then.clone() {
            Then::Stop => {
                if close {
                    self.out.push_back(StationOutput::Close);
                }
                self.seen.last_lost = Some((now, LostReason::Stopped));
                self.remember(now, server, HistoryKind::Lost(LostReason::Stopped));
                self.stopped();
            }
            Then::Retry(reason) => self.end(now, reason, close),
            Then::Return { .. } if self.register_with_token(now, server) => {}
            Then::Return { .. } => self.end(now, LostReason::ReturnToPreferred, close),
        }
    }

    pub(super) fn stopped(&mut self) {
        self.drop_second();
        self.deadlines.clear();
        self.phase = Phase::Stopped;
        self.reset_pending = None;
        self.held = None;
        self.backoff.reset();
        self.apply_config();
        self.event(StationEvent::Stopped);
    }

    /// Ends the connection or the try, and plans the next one.
    pub(super) fn end(&mut self, now: Time, reason: LostReason, close: bool) {
        let Some(server) = self.phase.shown().server() else {
            return;
        };
        if close {
            self.out.push_back(StationOutput::Close);
        }
        self.drop_second();
        self.deadlines.clear();
        self.session.held.clear();
        self.reset_pending = None;
        let phase = std::mem::replace(&mut self.phase, Phase::Stopped);
        let lived = match phase {
            Phase::Registered { since, .. } => Some(now.saturating_since(since)),
            Phase::Unregistering { since, .. } => since.map(|since| now.saturating_since(since)),
            _ => None,
        };
        let returning = match phase {
            Phase::Unregistering {
                then: Then::Return { server },
                ..
            } => Some(server),
            _ => None,
        };
        let ours = matches!(
            reason,
            LostReason::Reset(_) | LostReason::ReturnToPreferred | LostReason::Reconfigured
        );
        if lived.is_some() && !ours {
            count(&mut self.seen.counters.lost);
            self.note_held_name(now, server, &reason);
        }
        self.last_word = last_word(&reason);
        self.note_return(server, returning, lived);
        self.apply_config();
        self.waits_for_an_answer = is_no_answer(&reason, lived);
        let (next, wait) = self.plan(server, returning, lived, &reason);
        self.seen.last_lost = Some((now, reason.clone()));
        let retry_at = now + wait;
        self.wait_for(next, retry_at);
        if lived.is_some() {
            self.remember(now, server, HistoryKind::Lost(reason.clone()));
            self.event(StationEvent::Lost {
                server,
                reason,
                retry_at,
            });
        } else {
            self.remember(now, server, HistoryKind::AttemptFailed(reason.clone()));
            self.event(StationEvent::AttemptFailed {
                server,
                reason,
                retry_at,
            });
        }
    }

    /// Which server next, and after how long.
    fn plan(
        &mut self,
        server: usize,
        returning: Option<usize>,
        lived: Option<Duration>,
        reason: &LostReason,
    ) -> (usize, Duration) {
        let (servers, best) = (self.servers(), self.config.best());
        if let Some(better) = returning {
            self.tried = 0;
            return (self.config.this_or_best(better), Duration::ZERO);
        }
        let stable = lived.is_some_and(|lived| lived >= STABLE);
        if stable {
            self.tried = 0;
            self.backoff.reset();
        }
        match reason {
            LostReason::Reset(kind) => {
                let to = if *kind == ResetKind::RESTART || *kind == ResetKind::APPLY_CONFIG {
                    self.config.this_or_best(server)
                } else {
                    best
                };
                // All ports are reset in the same moment; and a server that resets us again and again is
                // given the growing wait.
                let wait = if stable {
                    self.backoff.spread()
                } else {
                    self.backoff.next()
                };
                (to, wait)
            }
            // All ports are told in the same moment.
            LostReason::Reconfigured => (best, self.config.start_delay),
            LostReason::Rejected {
                cause: RejectCause::NameHeldByOldConnection,
                ..
            } if servers == 1 => {
                let patience = self.config.timing.name_held;
                (best, self.backoff.around(patience))
            }
            // Not its doing; with another address all is well.
            LostReason::Closed(CloseReason::AddressGone(_)) => (best, self.backoff.spread()),
            // The server behaved for long enough: begin with the best again, but not all ports at once.
            LostReason::Closed(
                CloseReason::ByServer | CloseReason::Reset | CloseReason::Other(_),
            ) if stable => (best, self.backoff.spread()),
            // A silent server is not worth a connect timeout: the next one first.
            _ if stable && servers > 1 => {
                self.tried = 1;
                (self.config.after(server), self.backoff.spread())
            }
            _ if stable => (best, self.backoff.spread()),
            _ => {
                self.tried += 1;
                if self.tried < servers {
                    (self.config.after(server), Duration::ZERO)
                } else {
                    self.tried = 0;
                    let most = match lived {
                        None if self.waits_for_an_answer => self.config.retry.max_unanswered,
                        _ => self.config.retry.max,
                    };
                    (best, self.backoff.next_up_to(most))
                }
            }
        }
    }

    /// After a break that the server may not have noticed, it holds our name until its own patience ends.
    fn note_held_name(&mut self, now: Time, server: usize, reason: &LostReason) {
        let unnoticed = match reason {
            LostReason::KeepaliveLost { .. } => true,
            LostReason::Closed(reason) => !matches!(reason, CloseReason::ByServer),
            _ => false,
        };
        if unnoticed {
            // Some servers wait longer while a call is up.
            let intervals = if self.busy { 6 } else { 3 };
            self.held = Some(HeldName {
                server,
                until: now + self.session.keepalive * intervals + HELD_NAME_SLACK,
            });
        }
    }

    /// Looks for a better server less often when it did not keep us the last time.
    fn note_return(&mut self, server: usize, returning: Option<usize>, lived: Option<Duration>) {
        if returning.is_some() || self.returned_to != Some(server) {
            return;
        }
        self.returned_to = None;
        self.probe_factor = if lived.is_some_and(|lived| lived >= STABLE) {
            1
        } else {
            (self.probe_factor * 2).min(PROBE_FACTOR_MAX)
        };
    }

    pub(super) fn wait_for(&mut self, server: usize, until: Time) {
        self.phase = Phase::Waiting { server, until };
        self.deadlines.arm(Deadline::Retry, until);
    }

    fn connect(&mut self, now: Time, server: usize) {
        count(&mut self.seen.counters.connects);
        self.phase = Phase::Connecting { server };
        self.deadlines.arm(
            Deadline::Connect,
            now + at_least_1_ms(self.config.timing.connect + self.config.timing.address),
        );
        self.out.push_back(StationOutput::Connect { server });
    }

    /// Only a lesser server is worth probing from.
    pub(super) fn arm_probe(&mut self, now: Time) {
        let here = match self.phase {
            Phase::Registered { server, .. } => self.config.place(server),
            _ => None,
        };
        if here.is_none_or(|place| place == 0) {
            return self.deadlines.disarm(Deadline::Probe);
        }
        let wait = self.config.timing.probe.saturating_mul(self.probe_factor);
        let wait = at_least_1_ms(self.backoff.around(wait));
        self.deadlines.arm(Deadline::Probe, now + wait);
    }

    pub(super) fn apply_config(&mut self) {
        if let Some(config) = self.new_config.take() {
            if config.retry != self.config.retry {
                self.backoff = super::Backoff::new(config.retry);
            }
            self.config = *config;
        }
    }

    fn servers(&self) -> usize {
        self.config.count()
    }
}

/// The server did not answer, or not any more. Not one that answers and drops the device soon: it gets the growing wait.
fn is_no_answer(reason: &LostReason, lived: Option<Duration>) -> bool {
    let silent = match reason {
        // Whatever it did before, this is not its doing.
        LostReason::Closed(CloseReason::TimedOut | CloseReason::AddressGone(_))
        | LostReason::KeepaliveLost { .. } => return true,
        LostReason::Connect(_)
        | LostReason::Closed(_)
        | LostReason::RegisterTimeout
        | LostReason::Rejected {
            cause: RejectCause::ReloadInProgress,
            ..
        } => true,
        LostReason::Rejected { .. }
        | LostReason::TokenRefused { .. }
        | LostReason::BadFrame { .. }
        | LostReason::Reset(_)
        | LostReason::ReturnToPreferred
        | LostReason::Reconfigured
        | LostReason::Stopped => false,
    };
    silent && lived.is_none_or(|lived| lived >= STABLE)
}

/// Nothing follows from the others: an analog port has no buttons, keys or server list of theirs.
pub(super) fn is_for_the_port(message: &ServerMessage) -> bool {
    !matches!(
        message,
        ServerMessage::RegisterAck(_)
            | ServerMessage::RegisterReject(_)
            | ServerMessage::KeepAliveAck
            | ServerMessage::CapabilitiesReq
            | ServerMessage::Reset(_)
            | ServerMessage::ButtonTemplate(_)
            | ServerMessage::SoftKeyTemplateRes(_)
            | ServerMessage::SoftKeySetRes(_)
            | ServerMessage::ConfigStat(_)
            | ServerMessage::ServerRes(_)
            | ServerMessage::Version(_)
            | ServerMessage::UnregisterAck(_)
            | ServerMessage::RegisterTokenAck
            | ServerMessage::RegisterTokenReject(_)
            | ServerMessage::Unknown { .. }
    )
}

/// A wait of nothing, armed again when it fires, would never let go.
pub(super) fn at_least_1_ms(wait: Duration) -> Duration {
    wait.max(Duration::from_millis(1))
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
        LostReason::Stopped => "Stopped",
    }
}
