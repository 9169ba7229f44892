//! RTP arithmetic without sockets: packets, sequence bookkeeping, jitter buffer, concealment, telephone-events,
//! redundancy, clock drift, reports (RTCP), and how good it all sounds (the E-model).
//!
//! Owns: what RFC 3550, RFC 3551 (G.711), RFC 4733 and RFC 2198 ask of one audio session. Promises: no input panics, nothing
//! allocates after construction, work per packet is bounded. Leaves to others: the sockets, the clock, and the
//! companding tables (payload bytes stay bytes here).

mod comfort;
mod conceal;
mod drift;
mod emodel;
mod event;
mod flood;
mod jitter;
mod outgoing;
mod packet;
mod protection;
mod quality;
mod receiver;
mod redundancy;
mod rtcp;
mod sender;
mod sequence;
mod source;

pub use crate::types::RtpSource;
pub use comfort::{COMFORT_NOISE, ComfortNoise, Vad, Verdict, level_byte, level_of};
pub use conceal::Concealer;
pub use drift::Drift;
pub use emodel::{Connection, WITH_CONCEALMENT, WITHOUT_CONCEALMENT, mos};
pub use event::{EventPayload, EventReceiver, NetworkDigit};
pub use flood::{FloodGuard, Gate, GateChange, Others, SHUT_OUT};
pub use jitter::{Insert, JitterBuffer, JitterConfig, JitterStats, Playout};
pub use outgoing::{Outgoing, TRAILER};
pub use packet::{HEADER_LEN, Header, MAX_PAYLOAD, Packet, ParseError};
pub use protection::{DepthChange, LossSeen, Protection};
pub use quality::{Heard, Listening, QualityMeter, Ratings};
pub use receiver::{Received, Receiver, ReceiverConfig, ReceiverStats};
pub use redundancy::{MAX_REDUNDANT, MAX_SENT, Redundant, RedundantBlock, RedundantError};
pub use rtcp::{
    FarHears, FarReport, Incoming, MAX_RTCP, OwnFigures, ReportBlock, Reported, Rtcp, RtcpError,
    RtcpPacket, SenderInfo, SourceFigures, ntp,
};
pub use sender::{Redundancy, Sender, SenderConfig, SenderSeed, SenderStats};
pub use sequence::{Order, Sequence, SequenceStats};
pub use source::{REFUSED, RefusedSource, SourceLatch, StreamMark};

/// Clock of every codec here, samples a second.
pub const CLOCK_HZ: u32 = 8000;

/// Samples in a millisecond.
pub const SAMPLES_PER_MS: u32 = CLOCK_HZ / 1000;
