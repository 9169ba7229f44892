//! What is written down of a switch: asked, answered, happened.

use super::event::Event;
use super::switch::Become;
use crate::types::Side;

/// One request and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was asked for; none when T.38 came without.
    pub asked: Option<Event>,
    /// By whom: the gateway of this line, or the far end.
    pub by: Side,
    /// The answer.
    pub answer: Answer,
    /// What the leg is after it.
    pub is: Become,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This event.
    Event(Event),
    /// None in time. For 192 and 193 none is needed.
    Nothing,
    /// Packets of T.38 in place of an event.
    T38,
    /// None, for it is not allowed here or means nothing to this gateway.
    Ignored,
    /// The far end sends voice on, whatever it said.
    VoiceOn,
}
