//! From the record of a fax, and what is known of its call, to a verdict: what became of it, and why.
//!
//! The outcome is what the machines themselves showed. Here it is put beside the evidence of everything around them (the
//! line, the network, the other gateway, people), and the one cause is named that explains it and that somebody can mend.
//! Where the machines have said why, nothing else is looked for; where there is no evidence, no cause is named.

mod evidence;

pub(crate) use evidence::packets_of;

use crate::types::{
    CallDirection, EndCause, FaxCause, FaxOutcome, FaxRecord, FaxVerdict, Side, Sides, TenthDbm0,
};

/// What is known of the call of a fax, and of its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaxCall {
    /// Who called.
    pub direction: CallDirection,
    /// Why the call ended; none: it goes on.
    pub end: Option<EndCause>,
    /// The leg passed data without change: no canceller, a fixed delay.
    pub pass_through: bool,
    /// From the begin of the fax to when it was known to be over, ms.
    pub length_ms: u64,
    /// Sound in a packet, ms; 0: not known.
    pub ptime_ms: u16,
    /// Which sides called with CNG.
    pub calling: Sides<bool>,
    /// The side whose answer tone was that of V.8.
    pub v8_answer: Option<Side>,
    /// Level of the machine at this port in earlier faxes that went well.
    pub usual_level: Option<TenthDbm0>,
}

/// What kind of outcome it is: what may explain it.
enum Kind {
    /// All is well, or the machines said why not.
    Said,
    /// The machines did not find each other.
    NotFound,
    /// The call ended without a word.
    Cut,
    /// Signals did not get through, or so it looks.
    Signals,
    /// A machine went away, for its own reasons or for signals that did not get through.
    Left,
}

fn kind(outcome: &FaxOutcome) -> Kind {
    use FaxOutcome as O;
    match outcome {
        O::Complete { .. }
        | O::CompleteWithPoorPages { .. }
        | O::BothCalling
        | O::CannotReceive
        | O::NothingInCommon
        | O::PollingRefused
        | O::PasswordRefused
        | O::FieldNotValid
        | O::SignalCut { .. }
        | O::ReceiverNotReady { .. }
        | O::InterruptedByOperator { .. } => Kind::Said,
        O::NoFaxSignal { .. }
        | O::EndedBeforeFax { .. }
        | O::NoFaxAnswered { .. }
        | O::AnswerToneOnly { .. }
        | O::ModemAnswered { .. }
        | O::CallerSilent { .. } => Kind::NotFound,
        O::CallEndedInNegotiation
        | O::CallEndedInPage { .. }
        | O::CallEndedAfterPage { .. }
        | O::CallEndedBetweenPages { .. } => Kind::Cut,
        O::FramesUnreadable { .. }
        | O::CommandsNotUnderstood { .. }
        | O::TrainingUnanswered { .. }
        | O::TrainingFailed { .. }
        | O::NoPageAfterTraining { .. }
        | O::PageNotEnded { .. }
        | O::PageUnanswered { .. }
        | O::PageRefused { .. }
        | O::CorrectionGaveUp { .. } => Kind::Signals,
        O::DisconnectedInNegotiation { .. }
        | O::DisconnectedInTraining { .. }
        | O::DisconnectedInPage { .. }
        | O::DisconnectedAfterPage { .. }
        | O::DisconnectedBetweenPages { .. } => Kind::Left,
    }
}

/// The verdict on a fax.
pub fn verdict(fax: &FaxRecord, call: &FaxCall) -> FaxVerdict {
    let cause = match kind(&fax.outcome) {
        Kind::Said => None,
        Kind::NotFound => not_found(fax, call),
        Kind::Cut => ended(call)
            .or_else(|| evidence::broken(fax, call))
            .or_else(|| evidence::strong(fax, call))
            .or_else(|| hung_up(call)),
        Kind::Signals => ended(call)
            .or_else(|| evidence::broken(fax, call))
            .or_else(|| evidence::strong(fax, call))
            .or_else(|| evidence::weak(fax, call)),
        Kind::Left => ended(call)
            .or_else(|| evidence::broken(fax, call))
            .or_else(|| evidence::strong(fax, call)),
    };
    FaxVerdict {
        outcome: fax.outcome.clone(),
        cause,
    }
}

/// The call ended for a reason that has nothing to do with fax.
fn ended(call: &FaxCall) -> Option<FaxCause> {
    match call.end? {
        EndCause::LineFault => Some(FaxCause::LineFailed),
        EndCause::LinkLost => Some(FaxCause::CallManagerLost),
        EndCause::RtpEnded => Some(FaxCause::FarEndGone),
        EndCause::Transferred => Some(FaxCause::Transferred),
        _ => None,
    }
}

fn hung_up(call: &FaxCall) -> Option<FaxCause> {
    match call.end? {
        EndCause::NearHangUp => Some(FaxCause::HungUpHere),
        EndCause::FarHangUp => Some(FaxCause::HungUpThere),
        _ => None,
    }
}

/// Between two machines, or one machine and a person.
fn not_found(fax: &FaxRecord, call: &FaxCall) -> Option<FaxCause> {
    if let Some(cause) = ended(call).or_else(|| evidence::broken(fax, call)) {
        return Some(cause);
    }
    match fax.outcome {
        FaxOutcome::EndedBeforeFax { .. } => hung_up(call),
        FaxOutcome::NoFaxAnswered { caller, seconds } => Some(match caller {
            Side::Line => FaxCause::PersonAnswered { seconds },
            Side::Network => FaxCause::NobodyAnsweredHere { seconds },
        }),
        FaxOutcome::AnswerToneOnly { from } | FaxOutcome::ModemAnswered { from } => {
            let v8 = call.v8_answer == Some(from);
            match v8.then_some(FaxCause::SuperG3 { side: from }) {
                // An answer tone without V.8 and without a command after it: the command did not get through.
                None if matches!(fax.outcome, FaxOutcome::AnswerToneOnly { .. }) => {
                    evidence::strong(fax, call).or_else(|| evidence::weak(fax, call))
                }
                cause => cause,
            }
        }
        FaxOutcome::CallerSilent { .. } => {
            // The side that called is the one whose machine is silent.
            let caller = match call.direction {
                CallDirection::Outgoing => Side::Line,
                CallDirection::Incoming => Side::Network,
            };
            match (call.calling.of(caller), caller) {
                // It called, so it is a machine: it does not hear the other one.
                (true, _) => evidence::strong(fax, call).or_else(|| evidence::weak(fax, call)),
                (false, Side::Network) => Some(FaxCause::PersonCalled),
                (false, Side::Line) => Some(FaxCause::NotStartedHere),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
