//! `tipring sim`: the simulated phone, line and fax machine as they are.

use serde::{Deserialize, Serialize};

/// What the simulated phone is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SimSetState {
    /// On-hook.
    #[default]
    OnHook,
    /// On-hook and ringing (also in the silent interval).
    Ringing,
    /// Off-hook.
    OffHook,
    /// Off-hook, the loop is open for a moment: flash or pulse.
    LoopBreak,
}

/// Which way the simulated loop is fed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SimPolarity {
    /// Forward.
    #[default]
    Forward,
    /// Reversed.
    Reversed,
    /// No feed at all.
    Open,
}

/// How caller ID was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CallerIdCoding {
    /// FSK 1200 bit/s (Bell 202 or V.23).
    #[default]
    Fsk,
    /// DTMF.
    Dtmf,
}

/// Caller ID as the phone decoded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallerIdHeard {
    /// Number.
    pub number: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Date and time as sent, `MMDDhhmm`.
    pub time: Option<String>,
    /// Why there is no number: `P` withheld, `O` not available.
    pub number_absent: Option<char>,
    /// Why there is no name.
    pub name_absent: Option<char>,
    /// How it was sent.
    pub coding: CallerIdCoding,
    /// Bursts of ringing before it; 0: it came before the first ring.
    pub after_bursts: u32,
}

/// Which end of the fax this terminal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FaxRole {
    /// Sending.
    #[default]
    Send,
    /// Receiving.
    Receive,
}

/// How a fax ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxResult {
    /// Which end this was.
    pub role: FaxRole,
    /// All pages were confirmed.
    pub ok: bool,
    /// Result number of the fax library; 0 is good, −1 is the terminal's own end.
    pub code: i32,
    /// The same in words.
    pub text: String,
    /// Pages over.
    pub pages: u32,
    /// bit/s of the last page.
    pub bit_rate: u32,
    /// Error correction was used.
    pub ecm: bool,
    /// Rows that came broken (without error correction).
    pub bad_rows: u32,
    /// Frames or pages that were repeated.
    pub retries: u32,
    /// The far terminal's identification.
    pub far_ident: String,
    /// From off-hook to hang-up.
    pub took_ms: u64,
}

/// A fax machine at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxSnapshot {
    /// Which end.
    pub role: FaxRole,
    /// The file.
    pub tiff: String,
    /// How far it is, in words: `waiting for ring`, `dialing`, `connecting`, `negotiated`, `page`, `ending` …
    pub phase: String,
    /// Pages over.
    pub pages: u32,
    /// Pages of the file, when sending.
    pub pages_total: Option<u32>,
    /// bit/s agreed so far; 0 before.
    pub bit_rate: u32,
    /// Milliseconds since it was begun.
    pub since_ms: u64,
}

/// The line between card and phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SimHybrid {
    /// Trans-hybrid loss.
    pub loss_db: f64,
    /// Delay of the echo.
    pub delay_ms: f64,
    /// Noise.
    pub noise_dbm0: f64,
}

/// What the phone hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SimHeard {
    /// Level; none in silence.
    pub dbm0: Option<f32>,
    /// The strongest frequency; none in silence.
    pub hz: Option<f32>,
    /// Level of that frequency alone.
    pub hz_dbm0: Option<f32>,
}

/// The card's side of a simulated port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SimCard {
    /// There is ringing voltage right now.
    pub ring_voltage: bool,
    /// On-hook transmission is on.
    pub on_hook_transmission: bool,
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
}

/// The simulated phone, line and fax machine as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SimSnapshot {
    /// Port number, from 1.
    pub port: u16,
    /// The phone.
    pub set: SimSetState,
    /// What the hand still has to do (digits, flashes).
    pub dialing: String,
    /// The phone is sending something.
    pub talking: bool,
    /// What it hears.
    pub heard: SimHeard,
    /// DTMF digits heard since the last off-hook; bounded.
    pub digits_heard: String,
    /// The last caller ID.
    pub caller_id: Option<CallerIdHeard>,
    /// Bursts of the last ringing: length and the silence before it, in ms; the newest ones.
    pub ring_bursts_ms: Vec<(u32, u32)>,
    /// All bursts of the last ringing.
    pub bursts: u32,
    /// Message lamp.
    pub lamp: bool,
    /// Feed of the loop.
    pub polarity: SimPolarity,
    /// Polarity changes seen.
    pub polarity_changes: u64,
    /// Times the gateway opened the loop.
    pub open_loops: u64,
    /// Goes off-hook by itself after this number of bursts.
    pub answer_after_bursts: Option<u32>,
    /// Where it records to.
    pub recording: Option<String>,
    /// The fax machine at work.
    pub fax: Option<FaxSnapshot>,
    /// How the last fax ended.
    pub last_fax: Option<FaxResult>,
    /// The card's side.
    pub card: SimCard,
    /// The line.
    pub hybrid: SimHybrid,
    /// Present fault of line or card, in words.
    pub fault: Option<String>,
}
