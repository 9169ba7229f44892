//! Dial tone, digits, the end of a number, and where it leads.

use std::time::Duration;

use crate::sccp::message::{KeypadButton, ServerMessage, StartTone, Tone};
use crate::time::Time;
use crate::types::CallRef;

use super::calls::Refusal;
use super::dialect::AfterFailure;
use super::leg::{Far, Leg, LegState, LegTimer};
use super::numbers::{MAX_NUMBER, Match, Target};
use super::{
    CallManager, CmEvent, ConnId, Cue, DIGIT_LOGS, DigitLog, EndCause, GoneReason, LINE, Service,
};

impl CallManager {
    /// A new call that waits for digits.
    pub(super) fn dial_tone(
        &mut self,
        now: Time,
        device: usize,
        consult_of: Option<CallRef>,
    ) -> CallRef {
        let mut leg = Leg::new(device, LegState::Dialing, true, Far::Nobody);
        leg.consult_of = consult_of;
        leg.timer = Some((now + self.config.timing.first_digit, LegTimer::FirstDigit));
        let call = self.new_leg(leg);
        self.play(now, call, Cue::DialTone);
        let number = self.number_of(device).to_owned();
        self.event(CmEvent::OffHook { number, call });
        call
    }

    pub(super) fn keypad(&mut self, now: Time, conn: ConnId, device: usize, key: KeypadButton) {
        if self.sessions.get(&conn).is_some_and(|s| s.without_lines) {
            self.drop_session(now, conn, GoneReason::Dropped);
            return;
        }
        let named = Some(key.call).filter(|call| {
            self.legs
                .get(call)
                .is_some_and(|leg| leg.device == device && leg.state.is_active())
        });
        let Some(call) = named.or_else(|| self.active_leg(device)) else {
            return;
        };
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let digit = CallManager::key(key.button);
        match leg.state {
            LegState::Dialing => {
                self.log_digit(call, digit, false);
                self.dial(now, call, digit);
            }
            LegState::Connected => {
                let letter = (10..=13).contains(&key.button);
                if self.uses_rfc2833(device) || (letter && !self.rules.letters_arrive) {
                    return;
                }
                self.log_digit(call, digit, true);
                let number = self.number_of(device).to_owned();
                self.event(CmEvent::Digit {
                    number,
                    call,
                    digit,
                });
            }
            LegState::Calling
            | LegState::Ringing
            | LegState::Answering
            | LegState::Held
            | LegState::Failed => {}
        }
    }

    fn dial(&mut self, now: Time, call: CallRef, digit: char) {
        if self.ends_dialing(digit) {
            self.finish_dialing(now, call);
            return;
        }
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        let first = leg.dialled.is_empty();
        if leg.dialled.len() < MAX_NUMBER {
            leg.dialled.push(digit);
        }
        let digits = leg.dialled.clone();
        self.play(
            now,
            call,
            if first {
                Cue::FirstDigit
            } else {
                Cue::MoreDigit
            },
        );
        let timing = &self.config.timing;
        let wait = match self.match_number(&digits) {
            Match::Complete(_) | Match::Impossible => self.rules.complete_delay,
            Match::CompleteOrLonger(_) => timing.complete,
            Match::Beginning if self.rules.one_digit_timeout => timing.complete,
            Match::Beginning => timing.incomplete,
        };
        if wait.is_zero() {
            self.finish_dialing(now, call);
        } else {
            self.arm(call, now + wait, LegTimer::Dial);
        }
    }

    /// EnblocCall: a whole number at once, with or without dial tone before.
    pub(super) fn enbloc(&mut self, now: Time, device: usize, number: &str) {
        let number = number.trim_end_matches('#');
        if number.is_empty() {
            return;
        }
        let dialing = self.leg_in(device, LegState::Dialing);
        let call = match dialing {
            Some(call) if self.rules.enbloc_new_reference => {
                self.end_quietly(now, call, Cue::EndedAside, EndCause::Dialing);
                self.dial_tone(now, device, None)
            }
            Some(call) => call,
            None if self.active_leg(device).is_none() => self.dial_tone(now, device, None),
            None => return,
        };
        for digit in number.chars().take(MAX_NUMBER) {
            self.log_digit(call, digit, false);
        }
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.dialled = number.chars().take(MAX_NUMBER).collect();
        }
        self.finish_dialing(now, call);
    }

    /// No more digits are awaited.
    pub(super) fn finish_dialing(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.timer = None;
        let digits = leg.dialled.clone();
        match self.match_number(&digits) {
            Match::Complete(target) | Match::CompleteOrLonger(target) => {
                self.place(now, call, target);
            }
            Match::Beginning | Match::Impossible => self.dialing_failed(now, call),
        }
    }

    pub(super) fn dialing_failed(&mut self, now: Time, call: CallRef) {
        self.play(now, call, Cue::DialFailed);
        match self.rules.after_failure {
            AfterFailure::Ends => self.end_quietly(now, call, Cue::EndedThere, EndCause::Dialing),
            AfterFailure::ToneUntilOnHook => self.set_state(call, LegState::Failed),
        }
    }

    fn place(&mut self, now: Time, call: CallRef, target: Target) {
        self.set_state(call, LegState::Calling);
        self.play(now, call, Cue::Dialled);
        match target {
            Target::Device(callee) => self.place_to_device(now, call, callee),
            Target::Service(service) => self.place_to_service(now, call, service),
        }
    }

    fn place_to_device(&mut self, now: Time, call: CallRef, callee: usize) {
        if self.legs.get(&call).is_some_and(|leg| leg.device == callee) {
            self.fail(now, call, Cue::Busy);
            return;
        }
        match self.ring(now, callee, Far::Leg(call)) {
            Ok(far) => {
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.far = Far::Leg(far);
                }
                self.arm(call, now + self.config.timing.no_answer, LegTimer::NoAnswer);
                self.play(now, call, Cue::RingingOut);
            }
            Err(Refusal::NotRegistered) => self.fail(now, call, Cue::Congestion),
            Err(Refusal::NoCallWaiting) if self.rules.refused_waiting_is_congestion => {
                self.fail(now, call, Cue::Congestion);
            }
            Err(Refusal::Busy | Refusal::NoCallWaiting) => self.fail(now, call, Cue::Busy),
        }
    }

    fn place_to_service(&mut self, now: Time, call: CallRef, service: Service) {
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.far = Far::Service(service);
        }
        match service {
            Service::Echo
            | Service::Digits
            | Service::Milliwatt
            | Service::MessagesOn
            | Service::MessagesOff => self.service_answers(now, call),
            Service::Ring => self.play(now, call, Cue::RingingOut),
            Service::Busy => self.fail(now, call, Cue::Busy),
            Service::Congestion => self.fail(now, call, Cue::Congestion),
            Service::AnswerAndHangUp => {
                self.play(now, call, Cue::RingingOut);
                self.arm(call, now + Duration::from_secs(3), LegTimer::ServiceAnswers);
            }
            Service::Reject => self.end_quietly(now, call, Cue::EndedThere, EndCause::Refused),
            Service::LateAnswer => {
                self.arm(call, now + Duration::from_secs(5), LegTimer::ServiceAnswers);
            }
        }
    }

    /// A test number answers.
    pub(super) fn service_answers(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        let Far::Service(service) = leg.far else {
            return;
        };
        let device = leg.device;
        let to = leg.dialled.clone();
        leg.state = LegState::Connected;
        self.play(now, call, Cue::AnsweredThere);
        let from = self.number_of(device).to_owned();
        self.event(CmEvent::Answered { call, from, to });
        match service {
            Service::Milliwatt => self.notify(
                device,
                &ServerMessage::StartTone(StartTone {
                    tone: Tone::MILLIWATT,
                    direction: 0,
                    line: LINE,
                    call,
                }),
            ),
            Service::MessagesOn | Service::MessagesOff => {
                self.lamp(now, device, service == Service::MessagesOn);
                self.arm(call, now + Duration::from_secs(1), LegTimer::ServiceEnds);
            }
            Service::AnswerAndHangUp => {
                self.arm(call, now + Duration::from_secs(3), LegTimer::ServiceEnds);
            }
            Service::Echo
            | Service::Digits
            | Service::Ring
            | Service::Busy
            | Service::Congestion
            | Service::Reject
            | Service::LateAnswer => {}
        }
    }

    /// Busy or congestion.
    pub(super) fn fail(&mut self, now: Time, call: CallRef, cue: Cue) {
        self.set_state(call, LegState::Failed);
        self.play(now, call, cue);
        if self.rules.busy_ends {
            self.arm(call, now + self.config.timing.tone, LegTimer::ToneEnd);
        }
    }

    fn log_digit(&mut self, call: CallRef, digit: char, in_call: bool) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let number = self.number_of(leg.device).to_owned();
        if !self.digits.iter().rev().any(|log| log.call == call) {
            while self.digits.len() >= DIGIT_LOGS {
                self.digits.pop_front();
            }
            self.digits.push_back(DigitLog {
                number,
                call,
                dialled: String::new(),
                in_call: String::new(),
            });
        }
        if let Some(log) = self.digits.iter_mut().rev().find(|log| log.call == call) {
            if in_call {
                log.in_call.push(digit);
            } else {
                log.dialled.push(digit);
            }
        }
    }
}
