//! `tipring sim`: the simulated set, line and fax machine as they are.

use serde::{Deserialize, Serialize};

/// Which way the simulated loop is fed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Caller ID as the set decoded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallerIdHeard {
    /// Number.
    pub number: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Date and time as sent, `MMDDhhmm`.
    pub date_time: Option<String>,
    /// Why there is no number: `private` or `unavailable`.
    pub number_absent: Option<String>,
    /// How it came: `bell-202`, `v23`, `dtmf`.
    pub modulation: String,
    /// It came before the first ring.
    pub before_ring: bool,
}

/// Which end of the fax this machine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[serde(default)]
pub struct FaxResult {
    /// All pages were confirmed.
    pub ok: bool,
    /// spandsp's T.30 result number; 0 is good.
    pub code: i32,
    /// The same in words.
    pub text: String,
}

/// A fax machine at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaxSnapshot {
    /// Which end.
    pub role: FaxRole,
    /// T.30 phase or what it is doing, in words.
    pub phase: String,
    /// Pages confirmed.
    pub pages: u32,
    /// Pages of the file, when sending.
    pub pages_in_file: Option<u32>,
    /// Share of the present page, 0 to 1, as far as it can be told.
    pub page_done: Option<f32>,
    /// Bit rate now.
    pub bit_rate: u32,
    /// Error correction in use.
    pub ecm: bool,
    /// Lines found bad, or frames repeated with error correction.
    pub bad_rows: u32,
    /// The far machine's identification.
    pub far_ident: Option<String>,
    /// How it ended; none while it runs.
    pub result: Option<FaxResult>,
}

/// The line between card and set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimHybrid {
    /// Trans-hybrid loss.
    pub loss_db: f64,
    /// Delay of the echo.
    pub delay_ms: f64,
    /// Noise.
    pub noise_dbm0: f64,
}

/// The simulated set, line and fax machine as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimSnapshot {
    /// Port number, from 1.
    pub port: u16,
    /// The handset is lifted.
    pub off_hook: bool,
    /// Ringing voltage is on the line, or was within this cadence.
    pub ringing: bool,
    /// Bursts of this ringing.
    pub ring_bursts: u32,
    /// On, off, on, off … of this ringing, as measured, last ones.
    pub ring_cadence_ms: Vec<u32>,
    /// The last caller ID.
    pub caller_id: Option<CallerIdHeard>,
    /// Level heard, if above −70 dBm0.
    pub heard_dbm0: Option<f64>,
    /// Frequencies heard, strongest first.
    pub heard_hz: Vec<f64>,
    /// DTMF digits heard since the set was lifted; bounded.
    pub heard_digits: String,
    /// Digits still to dial.
    pub digits_to_dial: u32,
    /// Message lamp.
    pub lamp: bool,
    /// Feed of the loop.
    pub polarity: SimPolarity,
    /// Times the gateway opened the loop.
    pub loop_openings: u32,
    /// What is being talked: a file or a tone.
    pub playing: Option<String>,
    /// Where it is being recorded.
    pub recording: Option<String>,
    /// The fax machine, from its start until the next lift.
    pub fax: Option<FaxSnapshot>,
    /// The line.
    pub hybrid: SimHybrid,
    /// Present faults, in words.
    pub faults: Vec<String>,
    /// What went wrong at the set itself (a file that cannot be read …).
    pub last_error: Option<String>,
}
