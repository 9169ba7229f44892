//! The line thread: card blocks ⇄ signal chain ⇄ RTP, and the rings to control.
//!
//! Owns: the ports, their chains and the media sessions while they run. Promises: after start no allocation, lock,
//! log or blocking call; work per port and tick is bounded, so a flood on one port starves nobody; every trouble is a
//! counter ([`PortCounters`], [`ShardCounters`]), and every delay of its own is timed ([`Timing`]). Leaves to others: what events mean and which media to open
//! (control), and building and dropping of sessions (control, by [`MediaSession::open`] and
//! [`LineReport::SessionReturned`]).

mod card;
mod config;
mod counters;
mod edge;
mod engine;
mod handle;
mod histogram;
mod lane;
mod media;
mod order;
mod pace;
mod session;
mod thread;

pub use config::{EngineConfig, LineConfig};
pub use counters::{Counter, Figure, Gauge, PortCounters, ShardCounters};
pub use engine::{LineEngine, LinePortSpec};
pub use handle::LineHandle;
pub use histogram::{Histogram, Timing};
pub use order::{
    CardBack, CardSet, LineOrder, LineReport, MadeChain, PortIndex, Remote, Returned, RingFull,
    SessionId,
};
pub use session::{
    Block, Body, DSCP_EF, DatagramShape, FaxRelay, FaxRelayConfig, FaxTap, MediaOpenError,
    MediaSession, NamedEvent, RelayNumbers, RelayView, RelayWatch, RtpPorts, SessionConfig,
    SessionStats, SessionView, SocketStats, Taken, TapView, TapWatch, Voice, VoiceStats,
};
pub use thread::{ShardStart, StartError, StartReport, spawn};

#[cfg(test)]
mod tests;
