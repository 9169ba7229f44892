//! Ringing, answering, ending; what time does to a call.

use crate::sccp::message::{ConnectionStatisticsReq, ServerMessage};
use crate::time::Time;
use crate::types::CallRef;

use super::dialect::{AnswerWaiting, ConnectedBy};
use super::leg::{Far, Leg, LegState, LegTimer};
use super::{CallManager, CmEvent, Cue, EndCause};

/// Why a port cannot be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotRegistered,
    Busy,
    /// It is busy and wants no second call.
    NoCallWaiting,
}

impl CallManager {
    /// Rings a port, or announces a waiting call.
    pub(super) fn ring(&mut self, now: Time, device: usize, far: Far) -> Result<CallRef, Refusal> {
        let entry = self.devices.get(device).ok_or(Refusal::NotRegistered)?;
        if entry.conn.is_none() {
            return Err(Refusal::NotRegistered);
        }
        let call_waiting = entry.entry.call_waiting;
        if self.leg_in(device, LegState::Ringing).is_some() {
            return Err(Refusal::Busy);
        }
        let waiting = self.active_leg(device).is_some();
        let mut leg = Leg::new(device, LegState::Ringing, false, far);
        leg.waiting = waiting;
        let call = self.new_leg(leg);
        if waiting && !call_waiting {
            self.play(now, call, Cue::WaitingRefused);
            self.legs.remove(&call);
            return Err(Refusal::NoCallWaiting);
        }
        self.play(
            now,
            call,
            if waiting { Cue::WaitingIn } else { Cue::RingIn },
        );
        let number = self.number_of(device).to_owned();
        self.event(CmEvent::Ringing {
            number,
            call,
            waiting,
        });
        Ok(call)
    }

    /// The port takes a ringing or waiting call.
    pub(super) fn answer(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        if leg.state != LegState::Ringing {
            return;
        }
        let (device, waiting) = (leg.device, leg.waiting);
        if let Some(active) = self.active_leg(device) {
            let talking = self
                .legs
                .get(&active)
                .is_some_and(|leg| leg.state == LegState::Connected);
            match self.rules.answer_waiting {
                AnswerWaiting::HoldsActive if talking => self.hold(now, active, Cue::Hold),
                AnswerWaiting::HoldsActive | AnswerWaiting::DropsActive => {
                    self.end_here(now, active);
                }
            }
        }
        self.set_state(call, LegState::Answering);
        self.play(
            now,
            call,
            if waiting {
                Cue::WaitingAnswered
            } else {
                Cue::AnsweredHere
            },
        );
        if self.rules.connected_by == ConnectedBy::OffHook {
            self.connect(now, call);
        }
    }

    /// The called side is there: both talk.
    pub(super) fn connect(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.state = LegState::Connected;
        leg.timer = None;
        let (device, far) = (leg.device, leg.far.clone());
        let to = self.number_of(device).to_owned();
        match far {
            Far::Leg(caller) => {
                let calling = self.legs.get_mut(&caller).is_some_and(|leg| {
                    let calling = leg.state == LegState::Calling;
                    if calling {
                        leg.state = LegState::Connected;
                        leg.timer = None;
                    }
                    calling
                });
                // After a transfer while ringing the other side talks already and is sent nothing.
                if calling {
                    self.play(now, caller, Cue::AnsweredThere);
                } else if self.rules.reopens_media {
                    self.play(now, caller, Cue::FarResumed);
                }
                let from = self
                    .legs
                    .get(&caller)
                    .map(|leg| self.number_of(leg.device).to_owned())
                    .unwrap_or_default();
                self.event(CmEvent::Answered {
                    call: caller,
                    from,
                    to,
                });
            }
            Far::Outside { number, .. } => {
                self.event(CmEvent::Answered {
                    call,
                    from: number,
                    to,
                });
            }
            Far::Nobody | Far::Service(_) => {}
        }
        self.join_media(call);
    }

    /// This port hangs up this call.
    pub(super) fn end_here(&mut self, now: Time, call: CallRef) {
        self.end_quietly(now, call, Cue::EndedHere, EndCause::NearHangUp);
    }

    /// Ends a call with the given words to its own port, and its other side as a far hang-up.
    pub(super) fn end_quietly(&mut self, now: Time, call: CallRef, cue: Cue, cause: EndCause) {
        let Some(far) = self.finish(now, call, cue, cause) else {
            return;
        };
        if let Far::Leg(far) = far {
            self.end_by_far(now, far, EndCause::FarHangUp);
        }
    }

    /// The other side, or the server, ends this call.
    pub(super) fn end_by_far(&mut self, now: Time, call: CallRef, cause: EndCause) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let cue = match leg.state {
            LegState::Ringing if leg.waiting => Cue::EndedAside,
            LegState::Ringing => Cue::Abandoned,
            LegState::Held => Cue::EndedAside,
            LegState::Dialing
            | LegState::Calling
            | LegState::Answering
            | LegState::Connected
            | LegState::Failed => Cue::EndedThere,
        };
        self.end_quietly(now, call, cue, cause);
    }

    /// Ends all calls of a device that is gone; nothing is sent to it.
    pub(super) fn end_all(&mut self, now: Time, device: usize) {
        let calls: Vec<CallRef> = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.device == device)
            .map(|(call, _)| *call)
            .collect();
        for call in calls {
            self.end_quietly(now, call, Cue::EndedThere, EndCause::DeviceGone);
        }
    }

    /// Says the last words to this port and forgets its side; answers who was on the other.
    pub(super) fn finish(
        &mut self,
        now: Time,
        call: CallRef,
        cue: Cue,
        cause: EndCause,
    ) -> Option<Far> {
        let had_media = self.legs.get(&call)?.media.ever;
        self.play(now, call, cue);
        let leg = self.legs.remove(&call)?;
        for other in self.legs.values_mut() {
            if other.consult_of == Some(call) {
                other.consult_of = None;
            }
        }
        let number = self.number_of(leg.device).to_owned();
        if had_media && self.rules.asks_statistics {
            self.notify(
                leg.device,
                &ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
                    number: number.clone(),
                    call,
                    mode: 0,
                }),
            );
        }
        self.event(CmEvent::Ended {
            number,
            call,
            cause,
        });
        if let Far::Leg(far) = leg.far
            && let Some(far) = self.legs.get_mut(&far)
        {
            far.far = Far::Nobody;
        }
        Some(leg.far)
    }

    pub(super) fn leg_timeout(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        let Some((_, timer)) = leg.timer.filter(|(at, _)| *at <= now) else {
            return;
        };
        leg.timer = None;
        match timer {
            LegTimer::FirstDigit => self.dialing_failed(now, call),
            LegTimer::Dial => self.finish_dialing(now, call),
            LegTimer::NoAnswer => self.no_answer(now, call),
            LegTimer::ToneEnd => {
                self.end_quietly(now, call, Cue::EndedThere, EndCause::Refused);
            }
            LegTimer::ServiceAnswers => self.service_answers(now, call),
            LegTimer::ServiceEnds => self.end_by_far(now, call, EndCause::FarHangUp),
        }
    }

    fn no_answer(&mut self, now: Time, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        match (leg.state, leg.far.clone()) {
            (LegState::Calling, Far::Leg(callee)) => {
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.far = Far::Nobody;
                }
                if let Some(callee) = self.legs.get_mut(&callee) {
                    callee.far = Far::Nobody;
                }
                self.end_by_far(now, callee, EndCause::NoAnswer);
                self.fail(now, call, Cue::Busy);
            }
            (LegState::Ringing, _) => self.end_by_far(now, call, EndCause::NoAnswer),
            _ => {}
        }
    }

    pub(super) fn arm(&mut self, call: CallRef, at: Time, timer: LegTimer) {
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.timer = Some((at, timer));
        }
    }

    pub(super) fn set_state(&mut self, call: CallRef, state: LegState) {
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.state = state;
        }
    }
}
