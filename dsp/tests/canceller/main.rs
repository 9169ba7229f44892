//! The line echo canceller against the models of G.168: a floor for each figure that the bench prints.
//!
//! The models, signals and the line are the bench's own (`benches/g168`).
#![forbid(unsafe_code)]

#[path = "../../benches/g168/fax.rs"]
mod fax_rig;
#[path = "../../benches/g168/howl.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod howl;
#[path = "../../benches/g168/models.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod models;
#[path = "../../benches/g168/rig.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod rig;
#[path = "../../benches/g168/signals.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod signals;

#[path = "../../benches/g168/untrained.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod untrained;

mod alloc;
mod chunks;
mod data;
mod fax;
mod learning;
mod near_end;
mod squelch;
mod two_tones;
mod untrained_port;
