//! The state of one simulated port, for `tipring sim show`.

use std::path::PathBuf;
use std::time::Duration;

use super::config::HybridConfig;
use super::event::{CallerIdHeard, FaxPhase, FaxReport};
use super::request::Heard;
use crate::port::{LineFault, Polarity};

/// The state of one simulated port.
#[derive(Clone, Debug, PartialEq)]
pub struct SimSnapshot {
    /// Which one, from 0.
    pub port: usize,
    /// The card's clock.
    pub at: Duration,
    /// The phone.
    pub set: SetState,
    /// What the hand still has to do (digits, flashes), oldest first.
    pub dialing: String,
    /// The phone sends audio.
    pub talking: bool,
    /// What the phone hears (100 ms).
    pub heard: Heard,
    /// DTMF digits heard since the last lift, the newest 64.
    pub digits_heard: String,
    /// The last caller shown.
    pub caller_id: Option<CallerIdHeard>,
    /// Bursts of the last ringing as (on, off before it) in ms, the newest 16.
    pub ring_bursts_ms: Vec<(u32, u32)>,
    /// All bursts of the last ringing.
    pub bursts: u32,
    /// Message lamp.
    pub lamp: bool,
    /// Line polarity.
    pub polarity: Polarity,
    /// Polarity changes seen.
    pub polarity_changes: u64,
    /// Open loops seen.
    pub open_loops: u64,
    /// Number of bursts after which it lifts by itself.
    pub answer_after_bursts: Option<u32>,
    /// Where it records to, and how many samples so far.
    pub recording: Option<(Option<PathBuf>, u64)>,
    /// The fax machine on this line.
    pub fax: Option<FaxState>,
    /// How the last fax ended.
    pub last_fax: Option<FaxReport>,
    /// The card's side.
    pub card: CardState,
    /// The copper.
    pub hybrid: HybridConfig,
}

/// What the phone is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetState {
    /// On-hook.
    OnHook,
    /// On-hook and ringing (also in the silent interval).
    Ringing,
    /// Lifted.
    OffHook,
    /// Lifted, the loop is open for a moment: flash or pulse.
    LoopBreak,
}

/// A fax machine at work.
#[derive(Clone, Debug, PartialEq)]
pub struct FaxState {
    /// It sends (or receives).
    pub sending: bool,
    /// The file.
    pub tiff: PathBuf,
    /// How far it is.
    pub phase: FaxPhase,
    /// Pages over.
    pub pages: u32,
    /// Pages in the file (sending).
    pub pages_total: Option<u32>,
    /// bit/s.
    pub bit_rate: u32,
    /// Since it was begun.
    pub since: Duration,
}

/// The card's side of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardState {
    /// The gateway has begun to read or write.
    pub opened: bool,
    /// The ringing generator is at work (also in the silent interval).
    pub ringing: bool,
    /// Right now there is ringing voltage.
    pub ring_voltage: bool,
    /// On-hook transmission is on.
    pub on_hook_transmission: bool,
    /// The card feeds the loop.
    pub battery: bool,
    /// The port is broken.
    pub fault: Option<LineFault>,
    /// Blocks moved to the gateway.
    pub blocks_to_gateway: u64,
    /// Blocks moved from the gateway.
    pub blocks_from_gateway: u64,
    /// Blocks lost because the gateway did not read.
    pub read_overruns: u64,
    /// Blocks of silence played because the gateway did not write.
    pub write_underruns: u64,
    /// Events lost because the gateway did not read them.
    pub events_lost: u64,
    /// Blocks that the gateway has given and the card has not played yet.
    pub blocks_in_flight: usize,
}

/// The state of the thread behind the card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorldStats {
    /// Blocks done.
    pub steps: u64,
    /// Wake-ups that found more than one block to do.
    pub late_wakes: u64,
    /// Blocks done later than their time because of that.
    pub late_steps: u64,
    /// The most blocks that one wake-up had to do.
    pub worst_backlog: u64,
    /// Longest time that one block took, µs.
    pub worst_step_us: u64,
    /// Events that no subscriber had room for.
    pub events_dropped: u64,
}
