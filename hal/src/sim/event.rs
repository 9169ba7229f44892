//! What the simulated phones notice.

use std::time::Duration;

use crate::port::Polarity;

/// Something that a simulated phone noticed or did.
#[derive(Clone, Debug, PartialEq)]
pub struct SimEvent {
    /// When, by the card's clock.
    pub at: Duration,
    /// Which port, from 0.
    pub port: usize,
    /// What.
    pub kind: SimEventKind,
}

/// What a phone noticed or did.
#[derive(Clone, Debug, PartialEq)]
pub enum SimEventKind {
    /// The handset was lifted (by request, by itself, or by a fax machine).
    Lifted,
    /// The handset was put down.
    HungUp,
    /// The first burst of ringing began.
    RingingStarted,
    /// A burst of ringing ended.
    RingBurst {
        /// Its length, ms.
        on_ms: u32,
        /// The silence before it, ms (0 for the first).
        off_ms: u32,
    },
    /// Ringing is over: tripped, stopped by the card, or silent for 6 s.
    RingingStopped {
        /// Bursts heard.
        bursts: u32,
    },
    /// The display shows a caller.
    CallerId(CallerIdHeard),
    /// The message lamp changed.
    Lamp(bool),
    /// The line was reversed or put right.
    Polarity(Polarity),
    /// The loop had no battery for this time (disconnect supervision).
    OpenLoop {
        /// Length, ms.
        ms: u32,
    },
    /// Everything asked of the hand is done (digits dialled).
    DialFinished,
    /// Audio that was to be played once has been played, or was stopped or replaced.
    PlayFinished,
    /// A DTMF digit was heard.
    Digit(char),
    /// A steady tone (at least 100 ms) begins, or another one.
    ToneHeard {
        /// Strongest frequency, Hz.
        hz: f32,
        /// Level of everything heard, dBm0.
        dbm0: f32,
    },
    /// The tone ended.
    ToneEnded,
    /// A recording could not go on and ended.
    RecordingFailed(String),
    /// The fax machine came to another phase of its call.
    FaxPhase(FaxPhase),
    /// A page has been sent or received.
    FaxPage {
        /// Which one, from 1.
        page: u32,
    },
    /// The fax is over and the terminal has hung up.
    FaxFinished(FaxReport),
}

/// The phase of a fax call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaxPhase {
    /// Called terminal: waits for ringing.
    WaitingForRing,
    /// Lifted, waits for dial tone (or for its delay).
    WaitingForDialTone,
    /// Dials.
    Dialing,
    /// Lifted and dialled, or answered: the modems connect.
    Connecting,
    /// The terminals have agreed (rate, compression) and train.
    Negotiated {
        /// bit/s agreed so far.
        bit_rate: u32,
        /// Error correction.
        ecm: bool,
    },
    /// Pages are being transferred.
    Page,
    /// All pages are over, the terminals disconnect.
    Ending,
}

/// How a fax ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FaxReport {
    /// Every page arrived and was confirmed.
    pub success: bool,
    /// The reason in words (`OK` when all is well).
    pub result: String,
    /// The library's code of it (0 = OK; −1: ended by the terminal itself, before or outside T.30).
    pub code: i32,
    /// Sent (`true`) or received.
    pub sent: bool,
    /// Pages sent or received.
    pub pages: u32,
    /// bit/s of the last page.
    pub bit_rate: u32,
    /// Error correction was used.
    pub ecm: bool,
    /// Rows received broken (without ECM).
    pub bad_rows: u32,
    /// Frames or pages that had to be repeated.
    pub retries: u32,
    /// The far end's number as it sent it.
    pub far_ident: String,
    /// From lift to hang-up.
    pub took: Duration,
}

/// A caller as a display would show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerIdHeard {
    /// Number, if sent.
    pub number: Option<String>,
    /// Name, if sent.
    pub name: Option<String>,
    /// `MMDDhhmm`, if sent.
    pub time: Option<String>,
    /// Why there is no number: `P` withheld, `O` not available.
    pub number_absent: Option<char>,
    /// Why there is no name.
    pub name_absent: Option<char>,
    /// How it was sent.
    pub coding: CallerIdCoding,
    /// The bursts of ringing heard before it (0: before the first ring).
    pub after_bursts: u32,
}

/// How a caller ID was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallerIdCoding {
    /// FSK 1200 bit/s (Bell 202 or V.23): CLASS, CLIP.
    #[default]
    Fsk,
    /// DTMF.
    Dtmf,
}
