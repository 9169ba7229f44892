//! What is asked after RegisterAck, in order.
//!
//! chan-sccp lets no call through before ButtonTemplateReq and is ready with TimeDateReq; chan_skinny never
//! answers ForwardStatReq, ConfigStatReq and RegisterAvailableLines.

use crate::sccp::message::{ClientMessage, OneLine, RegisterAvailableLines, ServerMessage};
use crate::types::LineInstance;

/// One request of the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Not a request of ours: the server asks for our capabilities first.
    Capabilities,
    ButtonTemplate,
    SoftKeyTemplate,
    SoftKeySet,
    LineStat,
    ForwardStat,
    Server,
    ConfigStat,
    AvailableLines,
    TimeDate,
}

/// The round.
pub(super) const ROUND: [Step; 10] = [
    Step::Capabilities,
    Step::ButtonTemplate,
    Step::SoftKeyTemplate,
    Step::SoftKeySet,
    Step::LineStat,
    Step::ForwardStat,
    Step::Server,
    Step::ConfigStat,
    Step::AvailableLines,
    Step::TimeDate,
];

/// The requests from this step on up to the first one that is to be waited for, and which that is; none: the round ends.
pub(super) fn from(
    step: usize,
    capabilities_asked: bool,
    line: LineInstance,
) -> (Vec<ClientMessage>, Option<usize>) {
    let mut requests = vec![];
    for (index, step) in ROUND.iter().enumerate().skip(step) {
        if *step == Step::Capabilities && capabilities_asked {
            continue;
        }
        requests.extend(step.request(line));
        if step.is_answered() {
            return (requests, Some(index));
        }
    }
    (requests, None)
}

impl Step {
    /// What to send.
    pub(super) fn request(self, line: LineInstance) -> Option<ClientMessage> {
        Some(match self {
            Step::Capabilities => return None,
            Step::ButtonTemplate => ClientMessage::ButtonTemplateReq,
            Step::SoftKeyTemplate => ClientMessage::SoftKeyTemplateReq,
            Step::SoftKeySet => ClientMessage::SoftKeySetReq,
            Step::LineStat => ClientMessage::LineStatReq(OneLine { line }),
            Step::ForwardStat => ClientMessage::ForwardStatReq(OneLine { line }),
            Step::Server => ClientMessage::ServerReq,
            Step::ConfigStat => ClientMessage::ConfigStatReq,
            Step::AvailableLines => ClientMessage::RegisterAvailableLines(RegisterAvailableLines {
                lines: line.0.max(1),
            }),
            Step::TimeDate => ClientMessage::TimeDateReq,
        })
    }

    /// Whether every server answers it.
    pub(super) fn is_answered(self) -> bool {
        !matches!(
            self,
            Step::ForwardStat | Step::ConfigStat | Step::AvailableLines
        )
    }

    /// Whether this is the answer.
    pub(super) fn answered_by(self, message: &ServerMessage) -> bool {
        matches!(
            (self, message),
            (Step::Capabilities, ServerMessage::CapabilitiesReq)
                | (Step::ButtonTemplate, ServerMessage::ButtonTemplate(_))
                | (Step::SoftKeyTemplate, ServerMessage::SoftKeyTemplateRes(_))
                | (Step::SoftKeySet, ServerMessage::SoftKeySetRes(_))
                | (Step::LineStat, ServerMessage::LineStat(_))
                | (Step::Server, ServerMessage::ServerRes(_))
                | (Step::TimeDate, ServerMessage::DefineTimeDate(_))
        )
    }
}
