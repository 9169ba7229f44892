//! The line thread: card blocks ⇄ signal chain ⇄ RTP, and the rings to control.
//!
//! Owns: the ports, their chains and the media sessions while they run. Promises: after start no allocation, lock,
//! log or blocking call; work per port and tick is bounded, so a flood on one port starves nobody; every trouble is a
//! counter ([`PortCounters`], [`ShardCounters`]). Leaves to others: what events mean and which media to open
//! (control), and building and dropping of sessions (control, by [`MediaSession::open`] and
//! [`LineReport::SessionReturned`]).

mod counters;
mod engine;
mod handle;
mod order;
mod session;
mod thread;

pub use counters::{Counter, Gauge, PortCounters, ShardCounters};
pub use engine::{EngineConfig, LineEngine};
pub use handle::{LineHandle, StartReport, ShardStart, Allowed};
pub use order::{LineOrder, LineReport, PortIndex, Remote, Returned, RingFull, SessionId};
pub use session::{MediaOpenError, MediaSession, RtpPorts, SessionConfig, SessionStats};
pub use thread::{ LineConfig, LinePortSpec, StartError, spawn};
