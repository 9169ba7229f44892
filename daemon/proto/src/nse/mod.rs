//! Named signalling events: how Cisco's gateways switch a call from voice to fax and modem, with no word to the server.
//!
//! An event is an RTP packet of the running voice stream with a payload type of its own and four octets in the form of a
//! telephone-event (RFC 4733). The side that hears the answering machine asks, the other one answers.
//!
//! Owns: the events ([`Event`]), where a server names their payload type ([`latent_payload_type`]), and the decision what a
//! leg is ([`Switch`]). Promises: no I/O, no clock, no allocation; no state that waits for an answer for ever. Leaves to
//! others: RTP's sequence and timestamps, hearing tones, and what pass-through and fax relay are.

mod burst;
mod event;
mod journal;
mod switch;
#[cfg(test)]
mod tests;

pub use event::{Event, PAYLOAD_TYPE, latent_payload_type};
pub use journal::{Answer, Record};
pub use switch::{Become, Capabilities, Mode, Output, Switch};
