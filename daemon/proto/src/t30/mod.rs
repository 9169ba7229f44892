//! Listens to two fax machines that talk with each other, and says what became of it.
//!
//! Nothing here takes part: frames, carriers, tones and pages of both directions go in ([`Listener`]), and out come who they
//! are, what they agreed on, how each training and page went ([`Report`]), and how it ended
//! ([`FaxOutcome`](crate::types::FaxOutcome)). What passes in packets of T.38 is fed by [`Feed`].
//!
//! Owns: the frames of T.30 ([`Frame`]) and the order in which they follow. Promises: no I/O, no clock, memory within
//! bounds whatever comes. Leaves to others: demodulating, and the words for an outcome.

mod capabilities;
mod feed;
mod frame;
mod judge;
mod listener;
mod page;
mod record;
mod report;
mod steps;
#[cfg(test)]
mod tests;

pub use capabilities::{Capabilities, Command, Modem, identity};
pub use feed::Feed;
pub use frame::{Frame, Kind, PartialPage};
pub use listener::Listener;
pub use page::Lines;
pub use report::{End, Page, PageResult, Report, Training};
