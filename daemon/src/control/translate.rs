//! The words of the line thread in those of the call logic, and back. Plain values in, plain values out.

use std::time::Duration;

use tipring_dsp::{CallTime, ChainCommand};
use tipring_hal::port::{LineCommand, LineEvent, LineEventKind};
use tipring_proto::call::{LineInput, LineOutput};
use tipring_proto::time::Time;

use super::sound::Plan;
use crate::line::LineOrder;

/// An event of the line for the call logic, if it is for that. A stamp is never later than the moment it is handled.
pub(super) fn line_input(now: Time, event: LineEvent) -> Option<LineInput> {
    let at = Time::from_duration(event.at).min(now);
    Some(match event.kind {
        LineEventKind::LoopClosed => LineInput::LoopClosed { at },
        LineEventKind::LoopOpened => LineInput::LoopOpened { at },
        LineEventKind::Flash => LineInput::Flash { at },
        LineEventKind::PulseDigit(digit) => LineInput::PulseDigit { digit, at },
        LineEventKind::RingOn => LineInput::RingOn { at },
        LineEventKind::RingOff => LineInput::RingOff { at },
        LineEventKind::Fault(fault) => LineInput::Fault(fault),
        LineEventKind::FaultCleared => LineInput::FaultCleared,
        LineEventKind::Test(_) => return None,
    })
}

/// What becomes of an output of the call logic.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time, and never kept: a box would be an allocation for nothing"
)]
pub(super) enum Line {
    /// For the line thread.
    Order(LineOrder),
    /// There is no caller ID that this phone could be sent: it counts as sent.
    NoCallerId,
    /// The phone's lamp is lit by a message, when the line is free for one.
    LampByMessage(bool),
}

/// An output of the call logic for the line thread: sounds by the port's plan, a neon lamp only where the card has one.
pub(super) fn line_order(
    output: &LineOutput,
    plan: &Plan,
    neon_lamp: bool,
    when: Option<CallTime>,
) -> Line {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    let card = |command| Line::Order(LineOrder::Port(command));
    let chain = |command| Line::Order(LineOrder::Chain(command));
    match output {
        LineOutput::Ring(mode) => card(LineCommand::Ring(plan.ring(*mode))),
        LineOutput::StopRing => card(LineCommand::StopRing),
        LineOutput::PlayTone(tone) => chain(match plan.tone(*tone) {
            Some(program) => ChainCommand::PlayTone(program),
            None => ChainCommand::StopTone,
        }),
        LineOutput::StopTone => chain(ChainCommand::StopTone),
        LineOutput::OnHookTransmission { ms: time } => {
            card(LineCommand::OnHookTransmission(ms(*time)))
        }
        LineOutput::SendCallerId {
            id,
            dual_tone_alert,
        } => match plan.caller_id(id, *dual_tone_alert, when) {
            Some(message) => chain(ChainCommand::SendCallerId(message)),
            None => Line::NoCallerId,
        },
        LineOutput::StopCallerId => chain(ChainCommand::StopCallerId),
        LineOutput::Polarity(polarity) => card(LineCommand::Polarity(*polarity)),
        LineOutput::OpenLoop { ms: time } => card(LineCommand::OpenLoop(ms(*time))),
        LineOutput::MessageLamp(on) if neon_lamp => card(LineCommand::MessageLamp(*on)),
        LineOutput::MessageLamp(on) => Line::LampByMessage(*on),
        LineOutput::EnableDtmf(on) => chain(ChainCommand::EnableDtmf(*on)),
    }
}

#[cfg(test)]
mod tests;
