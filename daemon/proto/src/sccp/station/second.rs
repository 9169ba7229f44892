//! A better server, asked over a second connection whether it takes the device, while the present one serves.
//!
//! First the way of Cisco's phones: RegisterTokenReq, and on RegisterTokenAck Unregister here and Register there; on
//! RegisterTokenReject the device stays where it is. A server that knows no tokens does not answer (chan_skinny) or
//! closes the connection; it is then asked by Register itself. The device stays registered here until it is registered
//! there and the whole request round has been gone through. So a working server is left only for one that has answered,
//! and a better one that hangs, refuses, or dies in between costs nothing.
//!
//! A CallManager cluster would take the device away from its other node at that Register; but it knows tokens.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::link::{HELD_MESSAGES, Phase, Session, Then, at_least_1_ms, is_for_the_port};
use super::round::{self, ROUND};
use super::{
    CloseReason, ConnectFailure, Deadline, HistoryKind, LastReject, LostReason, RejectCause,
    Station, StationEvent, StationOutput, TracedMessage, count,
};
use crate::sccp::message::{
    ClientMessage, RegisterReject, RegisterToken, RegisterTokenReject, Reset, ServerMessage,
    Unregister,
};
use crate::sccp::wire;
use crate::time::Time;

/// Patience with RegisterTokenReq: servers that know tokens answer in milliseconds.
const TOKEN: Duration = Duration::from_secs(4);
/// The longest wait asked for in RegisterTokenReject that is believed.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The second connection.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) server: usize,
    stage: Stage,
    /// The server has not shown yet that it knows no tokens.
    tokens: bool,
    local: Ipv4Addr,
    session: Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Token,
    Registering,
    Asking {
        step: usize,
    },
    /// The token is granted; Unregister is on its way to the present server.
    Granted,
}

impl Station {
    /// Asks a better server. Answered by [`Station::probe_connected`], [`Station::probe_failed`] or
    /// [`Station::probe_held`].
    pub(super) fn look(&mut self, now: Time, server: usize, tokens: bool) {
        self.second = Some(Second {
            server,
            stage: Stage::Connecting,
            tokens,
            local: Ipv4Addr::UNSPECIFIED,
            session: Session::new(self.config.offer_version, now),
        });
        let timing = self.config.timing;
        let patience = at_least_1_ms(timing.connect + timing.address);
        self.deadlines.arm(Deadline::Second, now + patience);
        self.out.push_back(StationOutput::Probe { server });
    }

    /// The second connection is open; `local` is our address on it.
    pub fn probe_connected(&mut self, now: Time, local: Ipv4Addr) {
        let Some(second) = &mut self.second else {
            return;
        };
        if second.stage != Stage::Connecting {
            return;
        }
        second.local = local;
        if !second.tokens {
            return self.register_second(now);
        }
        second.stage = Stage::Token;
        self.deadlines.arm(Deadline::Second, now + TOKEN);
        self.put_second(ClientMessage::RegisterTokenReq(RegisterToken {
            name: self.config.name.clone(),
            address: local,
            device_type: self.config.device_type,
        }));
    }

    /// The second connection could not be opened.
    pub fn probe_failed(&mut self, now: Time, failure: ConnectFailure) {
        if self.stage() == Some(Stage::Connecting) {
            self.second_over(now, LostReason::Connect(failure), false, None);
        }
    }

    /// Not now: another device is asking this server.
    pub fn probe_held(&mut self, now: Time) {
        if self.stage() == Some(Stage::Connecting) {
            self.drop_second();
            self.arm_probe(now);
        }
    }

    /// The second connection ended without our asking.
    pub fn probe_closed(&mut self, now: Time, reason: CloseReason) {
        let Some(second) = &self.second else { return };
        match second.stage {
            // mod_skinny's and wazo's way with what they do not know.
            Stage::Token => self.look(now, second.server, false),
            Stage::Granted => self.second = None,
            Stage::Connecting | Stage::Registering | Stage::Asking { .. } => {
                self.second_over(now, LostReason::Closed(reason), false, None);
            }
        }
    }

    /// Bytes of the second connection, cut anywhere.
    pub fn probe_input(&mut self, now: Time, bytes: &[u8]) {
        match &mut self.second {
            Some(second) if second.stage != Stage::Connecting => second.session.reader.push(bytes),
            _ => return,
        }
        while let Some(second) = &mut self.second {
            match second.session.reader.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    count(&mut self.seen.counters.frames_received);
                    match wire::decode_server(&frame, second.session.version) {
                        Ok(message) => {
                            self.trace(false, || TracedMessage::Server(message.clone()));
                            self.second_message(now, message);
                        }
                        Err(error) => self.unreadable(error.to_string()),
                    }
                }
                Err(error) => {
                    count(&mut self.seen.counters.bad_frames);
                    let text = error.to_string();
                    self.trace(false, || TracedMessage::Unreadable(text.clone()));
                    self.second_over(now, LostReason::BadFrame { text }, true, None);
                }
            }
        }
    }

    /// What was waited for on the second connection has not come.
    pub(super) fn second_due(&mut self, now: Time) {
        match self.stage() {
            None | Some(Stage::Granted) => {}
            Some(Stage::Connecting) => {
                let reason = LostReason::Connect(ConnectFailure::TimedOut);
                self.second_over(now, reason, true, None);
            }
            Some(Stage::Token) => self.register_second(now),
            Some(Stage::Registering) => {
                self.second_over(now, LostReason::RegisterTimeout, true, None);
            }
            Some(Stage::Asking { step }) => {
                count(&mut self.seen.counters.answers_missing);
                self.ask_second(now, step + 1);
            }
        }
    }

    /// The better server is not asked any more: a call has come up, or the present connection has gone.
    pub(super) fn drop_second(&mut self) {
        if let Some(Stage::Asking { .. }) = self.stage() {
            self.put_second(ClientMessage::Unregister(Unregister { reason: None }));
        }
        if self.second.take().is_some() {
            self.deadlines.disarm(Deadline::Second);
            self.out.push_back(StationOutput::ProbeClose);
        }
    }

    /// Unregister at the present server is done, and the token still good: registers over the second connection.
    /// False: there is none.
    pub(super) fn register_with_token(&mut self, now: Time, here: usize) -> bool {
        if self.stage() != Some(Stage::Granted) || self.new_config.is_some() {
            return false;
        }
        let Some(second) = self.second.take() else {
            return false;
        };
        let (server, local) = (second.server, second.local);
        self.hand_over(now, here, second);
        self.begin_registration(now, server, local);
        true
    }

    fn stage(&self) -> Option<Stage> {
        self.second.as_ref().map(|second| second.stage)
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Some(second) = &mut self.second {
            second.stage = stage;
        }
    }

    fn put_second(&mut self, message: ClientMessage) {
        let Some(second) = &self.second else { return };
        count(&mut self.seen.counters.frames_sent);
        let bytes = wire::encode_client(&message, second.session.version);
        self.out.push_back(StationOutput::ProbeSend(bytes));
        self.trace(true, || TracedMessage::Client(message));
    }

    fn second_message(&mut self, now: Time, message: ServerMessage) {
        let Some(second) = &mut self.second else {
            return;
        };
        let (stage, server) = (second.stage, second.server);
        let answered = match stage {
            Stage::Asking { step } => ROUND.get(step).is_some_and(|s| s.answered_by(&message)),
            _ => false,
        };
        match (stage, message) {
            (Stage::Token, ServerMessage::RegisterTokenAck) => {
                self.deadlines.disarm(Deadline::Second);
                self.set_stage(Stage::Granted);
                self.returned_to = Some(server);
                self.unregister(now, Then::Return { server });
            }
            (Stage::Token, ServerMessage::RegisterTokenReject(RegisterTokenReject { wait_s })) => {
                let wait = Duration::from_secs(wait_s.into()).min(WAIT_MAX);
                self.second_over(now, LostReason::TokenRefused { wait }, true, Some(wait));
            }
            (
                Stage::Token | Stage::Registering,
                ServerMessage::RegisterReject(RegisterReject { text }),
            ) => {
                count(&mut self.seen.counters.rejects);
                let cause = RejectCause::from_text(&text);
                self.seen.last_reject = Some(LastReject {
                    at: now,
                    server,
                    text: text.clone(),
                    cause,
                });
                self.second_over(now, LostReason::Rejected { text, cause }, true, None);
            }
            (Stage::Registering, ServerMessage::RegisterAck(ack)) => {
                second.session.acked(now, self.config.offer_version, &ack);
                self.ask_second(now, 0);
            }
            (Stage::Registering | Stage::Asking { .. }, ServerMessage::CapabilitiesReq) => {
                second.session.capabilities_asked = true;
                let capabilities = self.capabilities();
                self.put_second(capabilities);
            }
            (Stage::Registering | Stage::Asking { .. }, ServerMessage::Reset(Reset { kind })) => {
                self.second_over(now, LostReason::Reset(kind), true, None);
            }
            (Stage::Registering | Stage::Asking { .. }, message)
                if is_for_the_port(&message) && second.session.held.len() < HELD_MESSAGES =>
            {
                second.session.held.push(message);
            }
            _ => {}
        }
        if let (true, Some(Stage::Asking { step })) = (answered, self.stage()) {
            self.ask_second(now, step + 1);
        }
    }

    fn register_second(&mut self, now: Time) {
        let Some(second) = &mut self.second else {
            return;
        };
        second.stage = Stage::Registering;
        let local = second.local;
        let patience = self.config.timing.register;
        self.deadlines.arm(Deadline::Second, now + patience);
        for message in self.registration(local) {
            self.put_second(message);
        }
    }

    /// Goes on with the request round from `step`.
    fn ask_second(&mut self, now: Time, step: usize) {
        let Some(second) = &mut self.second else {
            return;
        };
        let asked = second.session.capabilities_asked;
        let (requests, waits) = round::from(step, asked, self.config.line);
        match waits {
            Some(step) => {
                second.stage = Stage::Asking { step };
                let patience = at_least_1_ms(self.config.timing.round_step);
                self.deadlines.arm(Deadline::Second, now + patience);
                for request in requests {
                    self.put_second(request);
                }
            }
            None => {
                for request in requests {
                    self.put_second(request);
                }
                self.move_to_second(now);
            }
        }
    }

    /// Registered at both: the present one is left.
    fn move_to_second(&mut self, now: Time) {
        let (Phase::Registered { server: here, .. }, false) = (&self.phase, self.busy) else {
            return self.drop_second();
        };
        let here = *here;
        let Some(second) = self.second.take() else {
            return;
        };
        let server = second.server;
        self.put(ClientMessage::Unregister(Unregister { reason: None }));
        self.hand_over(now, here, second);
        self.seen.line = None;
        for message in std::mem::take(&mut self.session.held) {
            self.note(now, &message);
            self.session.held.push(message);
        }
        self.supervise(now);
        self.registered(now, server);
    }

    /// The second connection becomes the first one.
    fn hand_over(&mut self, now: Time, here: usize, second: Second) {
        self.deadlines.clear();
        self.reset_pending = None;
        self.held = None;
        self.tried = 0;
        self.returned_to = Some(second.server);
        self.last_word = "Failback";
        self.session = second.session;
        self.out.push_back(StationOutput::Adopt);
        let reason = LostReason::ReturnToPreferred;
        self.seen.last_lost = Some((now, reason.clone()));
        self.remember(now, here, HistoryKind::Lost(reason.clone()));
        self.event(StationEvent::Lost {
            server: here,
            reason,
            retry_at: now,
        });
    }

    /// This better server does not take the device now.
    fn second_over(&mut self, now: Time, reason: LostReason, close: bool, wait: Option<Duration>) {
        let Some(second) = self.second.take() else {
            return;
        };
        self.deadlines.disarm(Deadline::Second);
        if close {
            self.out.push_back(StationOutput::ProbeClose);
        }
        self.remember(now, second.server, HistoryKind::AttemptFailed(reason));
        let Phase::Registered { server: here, .. } = self.phase else {
            return;
        };
        let next = self.config.after(second.server);
        if self.config.place(next) < self.config.place(here) && !self.busy {
            return self.look(now, next, true);
        }
        self.arm_probe(now);
        if let Some(wait) = wait {
            self.deadlines.put_off(Deadline::Probe, now + wait);
        }
    }
}
