//! How a media leg sounds, and what its far end reports of it.

use serde::{Deserialize, Serialize};

/// RTCP of one leg (RFC 3550 §6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RtcpReport {
    /// Why there is none, in words.
    pub failed: Option<String>,
    /// Reports sent.
    pub sent: u64,
    /// Reports of the far end taken.
    pub received: u64,
    /// Datagrams that were no report, came from another host, or were too many.
    pub refused: u64,
    /// Time of a packet to the far end and back, as of its last report that said it.
    pub round_trip_ms: Option<f32>,
    /// Interarrival jitter of our packets there.
    pub far_jitter_ms: Option<f32>,
    /// Share of our packets lost on the way there, between its last two reports.
    pub far_lost_percent: Option<f32>,
    /// Our packets lost since the beginning; below 0 when some came twice.
    pub far_lost_packets: Option<i64>,
    /// RTP packets that the far end says to have sent.
    pub far_sent_packets: Option<u64>,
    /// Its last word was a goodbye.
    pub far_left: bool,
}

/// Ratings by the E-model (ITU-T G.107): R from 0 to 93.2, MOS from 1 to 4.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct QualityReport {
    /// R at this phone, of the last 10 s.
    pub r: f32,
    /// The same as mean opinion score.
    pub mos: f32,
    /// R of the worst 10 s in a row.
    pub worst_r: f32,
    /// The same as mean opinion score.
    pub worst_mos: f32,
    /// R of the whole leg.
    pub mean_r: f32,
    /// The same as mean opinion score.
    pub mean_mos: f32,
    /// One-way delay that these reckon with: half the round trip (when it is known), packet and jitter buffer.
    pub one_way_ms: f32,
    /// Share of the sound that was concealed, percent.
    pub concealed_percent: f32,
    /// Seconds with concealment.
    pub concealed_s: u32,
    /// Seconds with more than 5 % of it.
    pub severely_concealed_s: u32,
    /// R at the far end, by the loss that it reports and the echo of this line; none without RTCP.
    pub far_r: Option<f32>,
    /// The same as mean opinion score.
    pub far_mos: Option<f32>,
}
