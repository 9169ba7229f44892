//! Whole call flows in virtual time: the gateway's devices against the test CallManager in its four dialects.
#![expect(
    clippy::unwrap_used,
    reason = "a scenario that finds nothing has failed"
)]

mod busy;
mod digits;
mod features;
mod incoming;
mod link;
mod outgoing;
mod transfer;
mod waiting;
mod world;
