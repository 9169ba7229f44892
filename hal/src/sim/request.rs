//! What a test, a technician or the demonstration may ask of the simulated phones, and the answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Dialing, HybridConfig};
use super::snapshot::SimSnapshot;
use crate::port::LineFault;

/// A request to the simulated card. Ports count from 0.
#[derive(Clone, Debug)]
pub enum SimRequest {
    /// Something for one port.
    Port {
        /// Which one.
        port: usize,
        /// What.
        action: SimAction,
    },
    /// The state of one port, or of all.
    Snapshot {
        /// Which one; `None`: all.
        port: Option<usize>,
    },
}

impl SimRequest {
    /// Shorthand for [`SimRequest::Port`].
    pub fn port(port: usize, action: SimAction) -> Self {
        Self::Port { port, action }
    }
}

/// Something for one port.
///
/// A phone has a hand (hook, flash, dialing: done one after the other) and a mouth (the audio that it
/// sends: the newest replaces the former). Hanging up empties both.
#[derive(Clone, Debug)]
pub enum SimAction {
    /// Lift the handset. Nothing happens if it is lifted.
    Lift,
    /// Hang up; whatever was being dialled or played ends.
    HangUp,
    /// Open the loop for a time, after what the hand is doing.
    Flash {
        /// Loop open, ms (1 to 5000).
        open_ms: u16,
    },
    /// Dial `0-9 * # A-D`, `,` = a pause of 1 s, `!` = a flash of 500 ms; `*`, `#` and letters cannot
    /// be pulsed. At most 128 characters. Goes on after what the hand is doing.
    Dial {
        /// The digits.
        digits: String,
        /// How; `None`: as the phone is configured.
        how: Option<Dialing>,
    },
    /// Play this.
    Play {
        /// What.
        audio: Audio,
        /// Repeated (the talk loop).
        repeat: bool,
    },
    /// Stop playing.
    StopPlaying,
    /// Record what the phone hears.
    StartRecording {
        /// Into a WAV file (8 kHz, 16 bit, mono); `None`: in memory, given back by `StopRecording`
        /// (at most 10 minutes are kept).
        wav: Option<PathBuf>,
    },
    /// End the recording; answered by [`SimReply::Recording`].
    StopRecording,
    /// Measure what the phone has heard in the last `window_ms` (10 to 1000); answered
    /// by [`SimReply::Heard`].
    Meter {
        /// Window, ms.
        window_ms: u16,
    },
    /// Lift after this number of bursts of ringing, from now on; `None`: never.
    AutoAnswer {
        /// Bursts.
        after_bursts: Option<u32>,
    },
    /// A fax machine on this line sends a file. Replaces the phone until it has hung up.
    SendFax(SendFax),
    /// A fax machine on this line answers the next call.
    ReceiveFax(ReceiveFax),
    /// The fax machine is switched off: it hangs up at once.
    CancelFax,
    /// Changes the copper.
    SetHybrid(HybridConfig),
    /// Breaks the port (`Some`) or mends it (`None`).
    Break(Option<LineFault>),
    /// Forgets heard digits, caller ID, measured ringing and polarity changes.
    ForgetHeard,
}

/// Audio of a phone.
#[derive(Clone, Debug)]
pub enum Audio {
    /// These 16-bit samples at 8 kHz.
    Samples(Arc<[i16]>),
    /// A WAV file: 8 kHz, or a multiple up to 48 kHz; read when the request is made.
    Wav(PathBuf),
    /// One or two sines, for a time.
    Tone {
        /// Hz; a zero second one is none.
        hz: [f32; 2],
        /// Level of each, dBm0.
        dbm0: f32,
        /// Length, ms; 0: until stopped.
        ms: u32,
    },
}

/// Orders for a sending fax machine.
#[derive(Clone, Debug, PartialEq)]
pub struct SendFax {
    /// Any multi-page G3/G4 TIFF with a fax resolution.
    pub tiff: PathBuf,
    /// What to dial.
    pub number: String,
    /// When to dial.
    pub wait: DialWait,
    /// Tone or pulse; `None`: as the phone is configured.
    pub how: Option<Dialing>,
    /// The terminal itself.
    pub machine: FaxMachine,
    /// Give up when the fax has not ended after this time.
    pub limit: Duration,
}

impl SendFax {
    /// Waits for dial tone for 5 s, dials DTMF, ECM, gives up after 10 minutes.
    pub fn new(tiff: impl Into<PathBuf>, number: impl Into<String>) -> Self {
        Self {
            tiff: tiff.into(),
            number: number.into(),
            wait: DialWait::DialTone(Duration::from_secs(5)),
            how: None,
            machine: FaxMachine::default(),
            limit: Duration::from_secs(600),
        }
    }
}

/// When a fax machine begins to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialWait {
    /// When a steady tone of 300–500 Hz is heard; gives up (hangs up) after this time without.
    DialTone(Duration),
    /// This time after lifting, whatever is heard.
    Delay(Duration),
}

/// Orders for a receiving fax machine.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiveFax {
    /// Where the pages go (created or overwritten).
    pub tiff: PathBuf,
    /// Answer after this number of bursts.
    pub after_bursts: u32,
    /// The terminal itself.
    pub machine: FaxMachine,
    /// Give up when the fax has not ended within this time after the answer.
    pub limit: Duration,
}

impl ReceiveFax {
    /// Answers after one burst, ECM, gives up after 10 minutes.
    pub fn new(tiff: impl Into<PathBuf>) -> Self {
        Self {
            tiff: tiff.into(),
            after_bursts: 1,
            machine: FaxMachine::default(),
            limit: Duration::from_secs(600),
        }
    }
}

/// The abilities of a fax machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaxMachine {
    /// Error correction.
    pub ecm: bool,
    /// Its number as it sends it (at most 20 characters).
    pub ident: String,
    /// Fastest modem it has.
    pub max_bit_rate: u32,
}

impl Default for FaxMachine {
    fn default() -> Self {
        Self {
            ecm: true,
            ident: String::from("Tipring"),
            max_bit_rate: 14_400,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum SimReply {
    /// Done, or begun: events report the rest.
    Done,
    /// What [`SimRequest::Snapshot`] asked for.
    Snapshot(Vec<SimSnapshot>),
    /// A recording has ended.
    Recording {
        /// The file, if there is one.
        wav: Option<PathBuf>,
        /// How many samples it holds.
        samples: u64,
        /// The samples, if there is no file.
        memory: Vec<i16>,
    },
    /// What the phone hears.
    Heard(Heard),
}

/// What was heard in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Level, dBm0; [`crate::level::SILENCE_DBM0`] for nothing.
    pub dbm0: f32,
    /// Strongest frequency, Hz (±2 Hz for a steady tone in 100 ms or more); `None` in silence.
    pub hz: Option<f32>,
    /// Level of that frequency alone, dBm0.
    pub hz_dbm0: f32,
    /// The window really measured, ms (shorter just after the start).
    pub window_ms: u16,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SimError {
    /// No such port.
    #[error("the simulated card has {ports} ports, there is no port index {port}; choose 0 to {}", ports.saturating_sub(1))]
    NoSuchPort {
        /// Asked for.
        port: usize,
        /// How many there are.
        ports: usize,
    },
    /// The phone would have to be lifted, or to be on-hook.
    #[error("simulated port index {port}: the set is {state}, so it cannot {action}; {cure}")]
    WrongState {
        /// Port.
        port: usize,
        /// The state of the phone.
        state: &'static str,
        /// What was asked.
        action: &'static str,
        /// What helps.
        cure: &'static str,
    },
    /// A value out of its range.
    #[error("{what} is {value}; accepted: {accepted}")]
    BadValue {
        /// Which value.
        what: &'static str,
        /// As given.
        value: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {reason}; {cure}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
        /// What helps.
        cure: &'static str,
    },
    /// The DSP library or the system refused.
    #[error("the simulated card cannot start {what}: {reason}")]
    Engine {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The card's thread has ended.
    #[error("the simulated card has stopped; start it again")]
    Stopped,
}
