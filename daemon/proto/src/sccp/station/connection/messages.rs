//! The messages of the server: what each means in the state that the connection is in.

use std::time::Duration;

use super::super::event::{LostReason, RejectCause, StationEvent, TracedMessage};
use super::super::round::{self, ROUND};
use super::{Around, Connection, News, State, TOKEN_PASSED_OVER, at_least_1_ms, count, requests};
use crate::sccp::catalog;
use crate::sccp::message::{RegisterAck, ServerMessage};
use crate::sccp::message::{RegisterReject, RegisterTokenReject, Reset};
use crate::sccp::wire::{self, Frame};
use crate::time::Time;
use crate::types::ConnectionPurpose;

/// The longest wait asked for in RegisterTokenReject that is believed.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(3600);
/// Messages kept while the request round runs. More than that end the round early.
pub(super) const KEPT_MESSAGES: usize = 64;

impl Connection {
    pub(super) fn frame(&mut self, now: Time, frame: &Frame, around: &mut Around<'_>) {
        count(&mut around.counters.frames_received);
        self.keepalive.heard();
        match wire::decode_server_in(frame, self.version, around.config.code_page) {
            Ok(message) => {
                let routine = message == ServerMessage::KeepAliveAck && self.untraced > 0;
                if routine {
                    self.untraced -= 1;
                } else {
                    around.trace(false, || TracedMessage::Server(message.clone()));
                }
                self.message(now, message, around);
            }
            Err(error) => {
                count(&mut around.counters.unreadable);
                let text = error.to_string();
                around.trace(false, || TracedMessage::Unreadable(text.clone()));
                if !std::mem::replace(&mut self.unreadable_reported, true) {
                    around.event(StationEvent::UnreadableMessage { text });
                }
            }
        }
    }

    fn message(&mut self, now: Time, message: ServerMessage, around: &mut Around<'_>) {
        if let ServerMessage::Unknown { .. } = message {
            return count(&mut around.counters.unknown_ids);
        }
        match self.state {
            State::Connecting { .. } | State::StandingBy | State::TokenGranted => {}
            State::TokenAsked => self.token_answer(now, message, around),
            State::Registering | State::Asking { .. } | State::Registered { .. } => {
                self.registration_message(now, message, around);
            }
            State::Unregistering { .. } => {
                if let ServerMessage::UnregisterAck(_) = message {
                    self.left();
                }
            }
        }
    }

    fn token_answer(&mut self, now: Time, message: ServerMessage, around: &mut Around<'_>) {
        match message {
            ServerMessage::RegisterTokenAck => {
                self.enter(State::TokenGranted, None);
                self.news.push_back(News::TokenGranted);
            }
            ServerMessage::RegisterTokenReject(RegisterTokenReject { wait_s }) => {
                let wait = Duration::from_secs(wait_s.into()).min(WAIT_MAX);
                self.over(LostReason::TokenRefused { wait });
            }
            ServerMessage::RegisterReject(RegisterReject { text }) => self.rejected(text, around),
            ServerMessage::KeepAliveAck => {
                let soon = now + TOKEN_PASSED_OVER;
                self.late = self.late.map(|late| late.min(soon));
            }
            _ => {}
        }
    }

    fn registration_message(&mut self, now: Time, message: ServerMessage, around: &mut Around<'_>) {
        let answered = match self.state {
            State::Asking { step } => ROUND.get(step).is_some_and(|s| s.answered_by(&message)),
            _ => false,
        };
        match message {
            ServerMessage::RegisterAck(ack) => self.accepted(now, &ack, around),
            ServerMessage::RegisterReject(RegisterReject { text }) => self.rejected(text, around),
            ServerMessage::KeepAliveAck => {
                let first = self.keepalive.answered(now);
                self.news.extend(first.then_some(News::AnswersKeepalives));
            }
            ServerMessage::CapabilitiesReq => {
                self.capabilities_asked = true;
                self.send(requests::capabilities(around.config), around);
            }
            ServerMessage::Reset(Reset { kind }) => self.news.push_back(News::Reset(kind)),
            other if is_for_the_port(&other) => self.pass(now, other),
            _ => {}
        }
        self.round_answered |= answered;
        if let (true, State::Asking { step }) = (answered, &self.state) {
            let next = step + 1;
            self.ask(now, next, around);
        }
    }

    fn rejected(&mut self, text: String, around: &mut Around<'_>) {
        count(&mut around.counters.rejects);
        let text = catalog::quoted(&text);
        let cause = RejectCause::from_text(&text);
        self.over(LostReason::Rejected { text, cause });
    }

    fn accepted(&mut self, now: Time, ack: &RegisterAck, around: &mut Around<'_>) {
        let State::Registering = self.state else {
            return;
        };
        // chan_skinny answers 48, the character '0', and takes what was offered; mod_skinny answers
        // nothing, which is 0, and has the oldest layouts.
        self.version = around.config.offer_version.min(ack.version);
        self.keepalive.set_interval(ack.keepalive_s);
        if self.purpose == ConnectionPurpose::Active {
            self.keepalive.start(now);
        }
        self.news.push_back(News::Accepted);
        self.ask(now, 0, around);
    }

    /// Goes on with the request round from `step`.
    pub(super) fn ask(&mut self, now: Time, step: usize, around: &mut Around<'_>) {
        let (requests, waits) = round::from(step, self.capabilities_asked, around.config.line);
        for request in requests {
            self.send(request, around);
        }
        match waits {
            Some(step) => {
                let patience = at_least_1_ms(around.config.timing.round_step);
                self.enter(State::Asking { step }, Some(now + patience));
            }
            // RegisterAck, and not one answer since: it hangs. Better than none it is all the same.
            None if !self.round_answered && !self.is_last_choice(around) => {
                self.over(LostReason::RegisterTimeout);
            }
            None => self.registered(now),
        }
    }

    fn is_last_choice(&self, around: &Around<'_>) -> bool {
        around.last_choice && self.purpose == ConnectionPurpose::Active
    }

    fn registered(&mut self, now: Time) {
        self.enter(State::Registered { since: now }, None);
        self.news.push_back(News::Registered);
    }

    /// Hands a message up, or keeps it until the registration is complete: chan_skinny sends the message
    /// lamp before RegisterAck.
    fn pass(&mut self, now: Time, message: ServerMessage) {
        let full = self.kept.len() >= KEPT_MESSAGES;
        match self.state {
            State::Registered { .. } => self.news.push_back(News::Message(message)),
            _ if !full => self.kept.push((now, message)),
            State::Asking { .. } if self.purpose == ConnectionPurpose::Active => {
                self.registered(now);
                self.news.push_back(News::Message(message));
            }
            // A server that sends this much before RegisterAck, or to a device that has not come yet, sends nonsense;
            // Register and the round have their limits.
            _ => {}
        }
    }
}

/// Nothing follows from the others: an analog port has no buttons, keys or server list of theirs.
fn is_for_the_port(message: &ServerMessage) -> bool {
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
