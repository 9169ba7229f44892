//! One TCP connection to a CallManager: opened, asked for a token, registered over, kept alive, left.
//!
//! Owns: its state, the frames that come, the protocol version, the request round, keepalive, and every wait in it.
//! Promises: no bytes of a server panic or stall it; what one state waits for is not waited for in the next one.
//! Leaves to the station: which server, what the connection is for, and what its [`News`] mean for the device.
//!
//! Use: call an input method, then take [`Connection::poll`] until `None`. Whoever drops one closes it
//! ([`Connection::is_ended`]).

mod keepalive;
mod list;
mod messages;
mod requests;
#[cfg(test)]
mod tests;

pub(super) use list::Connections;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::event::{
    CloseReason, ConnectFailure, LostReason, StationEvent, StationOutput, TracedMessage,
};
use super::{StationConfig, StationCounters, count};
use crate::sccp::message::{ClientMessage, ResetKind, ServerMessage};
use crate::sccp::wire::{self, FrameReader};
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose, ConnectionState};

use crate::sccp::message::Unregister;
use keepalive::{Due, Keepalive, Patience};

/// Nothing from a server that another device has found silent, for this time after a KeepAlive: it is frozen.
const PROBE: Duration = Duration::from_millis(1_500);
/// The same during a call. Leaving makes the server end the call for the far end if it comes back after all, so a glitch
/// gets as long as five seconds from death to registration allow.
const PROBE_IN_CALL: Duration = Duration::from_millis(2_500);
/// KeepAlives of a standby come this often, s [CUCM trace].
const STANDBY_KEEPALIVE_S: u32 = 60;
/// Patience with RegisterTokenReq: servers that know tokens answer in milliseconds.
const TOKEN: Duration = Duration::from_secs(4);
/// The same once the server has answered the KeepAlive behind it (chan_skinny, which knows none).
const TOKEN_PASSED_OVER: Duration = Duration::from_secs(1);
/// A registration that lived shorter than this counts as a failed try when the next one is planned.
pub(super) const STABLE: Duration = Duration::from_secs(20);

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// Place in the list of servers.
    pub(super) server: usize,
    pub(super) purpose: ConnectionPurpose,
    state: State,
    /// When what the state waits for is late.
    late: Option<Time>,
    keepalive: Keepalive,
    reader: FrameReader,
    version: u8,
    local: Ipv4Addr,
    capabilities_asked: bool,
    unreadable_reported: bool,
    /// An answer of the request round has come.
    round_answered: bool,
    /// KeepAlives sent for all devices, whose answers are not traced.
    untraced: u32,
    /// TCP has ended, or could not be opened.
    ended: bool,
    /// The last news is out: nothing more is read.
    done: bool,
    /// What came for the port before the registration was complete, and when.
    kept: Vec<(Time, ServerMessage)>,
    news: VecDeque<News>,
}

#[derive(Clone, Debug)]
enum State {
    /// With a token wanted RegisterTokenReq comes first, else Register.
    Connecting {
        token: bool,
    },
    /// Kept alive, and nothing else.
    StandingBy,
    TokenAsked,
    TokenGranted,
    Registering,
    Asking {
        step: usize,
    },
    Registered {
        since: Time,
    },
    Unregistering {
        /// Since when it had been registered; `None` when the request round still ran.
        since: Option<Time>,
        then: Then,
    },
}

/// What follows Unregister.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Stop,
    Retry(LostReason),
    /// To a better server, which may have granted a token.
    Return {
        server: usize,
    },
}

/// What a connection reports to its station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// RegisterTokenAck.
    TokenGranted,
    /// The server ended the connection at RegisterTokenReq: it knows no tokens.
    TokenUnknown,
    /// RegisterAck.
    Accepted,
    /// The request round is done. What came for the port before waits in [`Connection::take_kept`].
    Registered,
    /// For the port; after `Registered` only.
    Message(ServerMessage),
    /// Reset, Restart or ApplyConfig.
    Reset(ResetKind),
    /// The first KeepAliveAck.
    AnswersKeepalives,
    /// Unregister is done, or nobody will ever answer it (chan_skinny only closes). The connection is to be dropped.
    Unregistered(Then),
    /// The connection has ended, or is of no use any more. It is to be dropped.
    Over(LostReason),
}

/// What a connection needs of its station.
#[derive(Debug)]
pub(super) struct Around<'a> {
    pub(super) config: &'a StationConfig,
    /// No other server is left to be tried.
    pub(super) last_choice: bool,
    /// What Alarm says about the last end.
    pub(super) last_word: &'static str,
    pub(super) counters: &'a mut StationCounters,
    pub(super) out: &'a mut VecDeque<StationOutput>,
}

impl Around<'_> {
    fn event(&mut self, event: StationEvent) {
        self.out.push_back(StationOutput::Event(event));
    }

    fn trace(&mut self, sent: bool, message: impl FnOnce() -> TracedMessage) {
        if self.config.trace {
            self.out.push_back(StationOutput::Trace {
                sent,
                message: message(),
            });
        }
    }
}

impl Connection {
    /// A connection that is being opened. With `token` the server is asked for one before Register.
    fn new(
        now: Time,
        id: ConnectionId,
        server: usize,
        purpose: ConnectionPurpose,
        token: bool,
        config: &StationConfig,
    ) -> Connection {
        let patience = at_least_1_ms(config.timing.connect + config.timing.address);
        Connection {
            id,
            server,
            purpose,
            state: State::Connecting { token },
            late: Some(now + patience),
            keepalive: Keepalive::new(now),
            reader: FrameReader::default(),
            version: config.offer_version,
            local: Ipv4Addr::UNSPECIFIED,
            capabilities_asked: false,
            unreadable_reported: false,
            round_answered: false,
            untraced: 0,
            ended: false,
            done: false,
            kept: Vec::new(),
            news: VecDeque::new(),
        }
    }

    /// TCP is open; `local` is our address on it.
    pub(super) fn connected(&mut self, now: Time, local: Ipv4Addr, around: &mut Around<'_>) {
        let State::Connecting { token } = self.state else {
            return;
        };
        self.local = local;
        if self.purpose == ConnectionPurpose::Standby {
            self.enter(State::StandingBy, None);
            self.keepalive.set_interval(STANDBY_KEEPALIVE_S);
            self.keepalive.start(now);
        } else if token {
            self.enter(State::TokenAsked, Some(now + TOKEN));
            self.send(requests::token(around.config, local), around);
            // Who answers this and not that knows no tokens.
            self.send_keepalive(around);
        } else {
            self.register(now, around);
        }
    }

    /// TCP could not be opened.
    pub(super) fn failed(&mut self, failure: ConnectFailure) {
        if let State::Connecting { .. } = self.state {
            self.ended = true;
            self.over(LostReason::Connect(failure));
        }
    }

    /// TCP ended without our asking.
    pub(super) fn closed(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Connecting { .. }) {
            return self.failed(ConnectFailure::Other(reason.to_string()));
        }
        self.ended = true;
        match self.state {
            // mod_skinny's and wazo's way with what they do not know.
            State::TokenAsked => self.last(News::TokenUnknown),
            State::Unregistering { .. } => self.left(),
            _ => self.over(LostReason::Closed(reason)),
        }
    }

    /// Bytes came, cut anywhere. They are read by [`Connection::poll`].
    pub(super) fn received(&mut self, bytes: &[u8]) {
        if self.is_open() {
            self.reader.push(bytes);
        }
    }

    /// The next news, of what came or of what is waiting to be read.
    pub(super) fn poll(&mut self, now: Time, around: &mut Around<'_>) -> Option<News> {
        loop {
            if let Some(news) = self.news.pop_front() {
                return Some(news);
            }
            if self.done || !self.is_open() {
                return None;
            }
            match self.reader.next_frame() {
                Ok(None) => return None,
                Ok(Some(frame)) => self.frame(now, &frame, around),
                Err(error) => {
                    count(&mut around.counters.bad_frames);
                    let text = error.to_string();
                    around.trace(false, || TracedMessage::Unreadable(text.clone()));
                    match self.state {
                        State::Unregistering { .. } => self.left(),
                        _ => self.over(LostReason::BadFrame { text }),
                    }
                }
            }
        }
    }

    /// When [`Connection::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Time> {
        [self.late, self.keepalive.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does the first thing that is due. Of those due in the same moment the state's own wait comes first.
    pub(super) fn handle_timeout(&mut self, now: Time, around: &mut Around<'_>) {
        let Some(due) = self.poll_timeout().filter(|due| *due <= now) else {
            return;
        };
        if self.late == Some(due) {
            self.late = None;
            self.answer_missing(now, around);
        } else {
            self.keepalive_due(now, around);
        }
    }

    /// Sends one message.
    pub(super) fn send(&mut self, message: ClientMessage, around: &mut Around<'_>) {
        count(&mut around.counters.frames_sent);
        let bytes = wire::encode_client(&message, self.version);
        let id = self.id;
        around.out.push_back(StationOutput::Send { id, bytes });
        around.trace(true, || TracedMessage::Client(message));
    }

    /// Sends Register. Over a connection with a token this is the station's decision, for the device has to leave its
    /// present server first.
    pub(super) fn register(&mut self, now: Time, around: &mut Around<'_>) {
        let patience = around.config.timing.register;
        self.keepalive.stop();
        self.enter(State::Registering, Some(now + patience));
        for message in requests::register(around.config, around.last_word, self.local) {
            self.send(message, around);
        }
    }

    /// Sends Unregister.
    pub(super) fn unregister(&mut self, now: Time, then: Then, around: &mut Around<'_>) {
        let since = match self.state {
            State::Registered { since } => Some(since),
            _ => None,
        };
        let patience = around.config.timing.unregister;
        self.enter(State::Unregistering { since, then }, Some(now + patience));
        self.keepalive.stop();
        self.send(
            ClientMessage::Unregister(Unregister { reason: None }),
            around,
        );
    }

    /// Another end of an Unregister that is on its way.
    pub(super) fn unregister_to(&mut self, next: Then) {
        if let State::Unregistering { then, .. } = &mut self.state {
            *then = next;
        }
    }

    /// Asks whether the server is there, for all devices. Every second: a trace would show nothing else.
    pub(super) fn ask_whether_alive(&mut self, around: &mut Around<'_>) {
        count(&mut around.counters.keepalives_sent);
        count(&mut around.counters.frames_sent);
        self.untraced = self.untraced.saturating_add(1);
        let bytes = wire::encode_client(&ClientMessage::KeepAlive, self.version);
        let id = self.id;
        around.out.push_back(StationOutput::Send { id, bytes });
    }

    /// The server, which answers keepalives otherwise, was found silent: asks at once.
    pub(super) fn probe(&mut self, now: Time, busy: bool, around: &mut Around<'_>) {
        self.keepalive.answers();
        // With one server alone there is nowhere to go.
        let limit = match (around.config.count(), busy) {
            (..2, _) => None,
            (_, true) => Some(PROBE_IN_CALL),
            (_, false) => Some(PROBE),
        };
        self.keepalive.probe(now, patience(around.config), limit);
        self.send_keepalive(around);
    }

    /// It is the device's connection from now on, and whoever is registered over it is asked whether it is there.
    pub(super) fn activate(&mut self, now: Time) {
        self.purpose = ConnectionPurpose::Active;
        if let State::Registered { .. } = self.state {
            self.keepalive.start(now);
        }
    }

    /// What came for the port before the registration was complete, and when.
    pub(super) fn take_kept(&mut self) -> Vec<(Time, ServerMessage)> {
        std::mem::take(&mut self.kept)
    }

    pub(super) fn state(&self) -> ConnectionState {
        match self.state {
            State::Connecting { .. } => ConnectionState::Connecting,
            State::StandingBy => ConnectionState::StandingBy,
            State::TokenAsked => ConnectionState::TokenAsked,
            State::TokenGranted => ConnectionState::TokenGranted,
            State::Registering => ConnectionState::Registering,
            State::Asking { .. } => ConnectionState::Asking,
            State::Registered { .. } => ConnectionState::Registered,
            State::Unregistering { .. } => ConnectionState::Unregistering,
        }
    }

    /// There is something to read from.
    pub(super) fn is_open(&self) -> bool {
        !self.ended && !matches!(self.state, State::Connecting { .. })
    }

    /// TCP has ended, or could not be opened: there is nothing to be closed.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Nothing has come of it yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::Registering)
    }

    /// Since when it is registered, if it is.
    pub(super) fn registered_since(&self) -> Option<Time> {
        match self.state {
            State::Registered { since } => Some(since),
            _ => None,
        }
    }

    /// How long it was registered, up to now or until Unregister was sent.
    pub(super) fn lived(&self, now: Time) -> Option<Duration> {
        let since = match self.state {
            State::Registered { since } => Some(since),
            State::Unregistering { since, .. } => since,
            _ => None,
        };
        since.map(|since| now.saturating_since(since))
    }

    /// The better server for which it is left.
    pub(super) fn returning_to(&self) -> Option<usize> {
        match self.state {
            State::Unregistering {
                then: Then::Return { server },
                ..
            } => Some(server),
            _ => None,
        }
    }

    pub(super) fn local(&self) -> Ipv4Addr {
        self.local
    }

    pub(super) fn version(&self) -> u8 {
        self.version
    }

    pub(super) fn keepalive_interval(&self) -> Duration {
        self.keepalive.interval()
    }

    /// KeepAlive unanswered since.
    pub(super) fn suspect_since(&self) -> Option<Time> {
        self.keepalive.suspect_since()
    }

    /// Leaves one state for another; what was waited for is waited for no more.
    fn enter(&mut self, state: State, late: Option<Time>) {
        self.state = state;
        self.late = late;
    }

    fn over(&mut self, reason: LostReason) {
        self.last(News::Over(reason));
    }

    fn left(&mut self) {
        if let State::Unregistering { then, .. } = &self.state {
            self.last(News::Unregistered(then.clone()));
        }
    }

    /// After these news the connection is of no use any more.
    fn last(&mut self, news: News) {
        if !std::mem::replace(&mut self.done, true) {
            self.news.push_back(news);
        }
    }

    /// What the state waits for has not come.
    fn answer_missing(&mut self, now: Time, around: &mut Around<'_>) {
        match self.state {
            State::Connecting { .. } => self.over(LostReason::Connect(ConnectFailure::TimedOut)),
            // It knows no tokens.
            State::TokenAsked => self.register(now, around),
            State::Registering => self.over(LostReason::RegisterTimeout),
            State::Asking { step } => {
                count(&mut around.counters.answers_missing);
                self.ask(now, step + 1, around);
            }
            State::Unregistering { .. } => self.left(),
            State::StandingBy | State::TokenGranted | State::Registered { .. } => {}
        }
    }

    fn keepalive_due(&mut self, now: Time, around: &mut Around<'_>) {
        match self.keepalive.due(now, patience(around.config)) {
            None => {}
            Some(Due::Send) => self.send_keepalive(around),
            Some(Due::SendAgain { suspect }) => {
                count(&mut around.counters.keepalives_missed);
                if let Some(since) = suspect {
                    around.event(StationEvent::LinkSuspect { since });
                }
                self.send_keepalive(around);
            }
            Some(Due::Lost { silent, missed }) => {
                if missed {
                    count(&mut around.counters.keepalives_missed);
                }
                self.over(LostReason::KeepaliveLost { silent });
            }
        }
    }

    fn send_keepalive(&mut self, around: &mut Around<'_>) {
        count(&mut around.counters.keepalives_sent);
        self.send(ClientMessage::KeepAlive, around);
    }
}

/// Patience with unanswered keepalives. With one server alone there is nowhere to go.
fn patience(config: &StationConfig) -> Patience {
    let alone = config.count() < 2;
    Patience {
        answer: config.timing.keepalive_answer,
        misses: if alone {
            0
        } else {
            config.timing.keepalive_misses
        },
    }
}

/// A wait of nothing, armed again when it fires, would never let go.
pub(super) fn at_least_1_ms(wait: Duration) -> Duration {
    wait.max(Duration::from_millis(1))
}
