//! What a jitter buffer is set to, what it is asked, and what it answers.

use crate::types::Codec;

/// Settings of a jitter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// Samples in a block that is played.
    pub block: u16,
    /// Smallest delay, and the one it starts with.
    pub min_ms: u16,
    /// Largest delay. Equal to `min_ms`: fixed, no sample is ever slipped to follow the network.
    pub max_ms: u16,
    /// Delay while it is held; room for it is made from the beginning.
    pub held_ms: u16,
}

/// Figures of a jitter buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Packets that came after their time, wholly or in part.
    pub late: u64,
    /// Packets whose timestamp was too far ahead to believe or keep.
    pub early: u64,
    /// Packets too long or empty.
    pub refused: u64,
    /// Lost packets whose sound came with a later one.
    pub recovered: u64,
    /// Times the player was set to where the stream is.
    pub resyncs: u64,
    /// Times the buffer ran empty while playing.
    pub underruns: u64,
    /// Blocks concealed in place of missing ones.
    pub concealed: u64,
    /// Blocks inserted to wait longer.
    pub stretched: u64,
    /// Of these, blocks inserted once to reach the depth at which it is held.
    pub grown: u64,
    /// Blocks skipped to wait shorter.
    pub shrunk: u64,
    /// Delay aimed at, beyond the fastest packets, ms.
    pub target_ms: u32,
    /// Delay it has, beyond the fastest packets, ms.
    pub delay_ms: u32,
    /// Audio waiting, ms.
    pub depth_ms: u32,
    /// It is held: no sample is slipped.
    pub held: bool,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insert {
    /// It waits to be played.
    Taken,
    /// It came after its time.
    Late,
    /// Its time is not believable.
    Early,
    /// Empty or longer than [`MAX_PAYLOAD`](crate::rtp::MAX_PAYLOAD).
    Refused,
}

/// What to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playout {
    /// The block, in this codec.
    Samples(Codec),
    /// Nothing came in time: conceal.
    Conceal,
    /// There is nothing to play.
    Silence,
    /// The far end has said that it is silent: noise of this level (RFC 3389; 0 from the buffer, which knows none).
    Comfort {
        /// -dBov.
        level: u8,
    },
}
