//! What was heard, for a technician.

use super::capabilities::{Capabilities, Command};
use super::frame::Kind;
use crate::types::{FaxPhase, FaxTimer, Side};

/// One training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Rate, bit/s; 0 when the DCS names none that is known.
    pub rate: u32,
    /// How often its DCS was sent.
    pub times: u32,
    /// Confirmed, failed; none: not answered.
    pub confirmed: Option<bool>,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageResult {
    /// Not answered.
    #[default]
    Open,
    /// MCF.
    Confirmed,
    /// RTP: it is there, and poor.
    Poor,
    /// RTN.
    Refused,
    /// ERR, or PIN.
    GivenUp,
}

/// One page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Rate, bit/s.
    pub rate: u32,
    /// With error correction.
    pub ecm: bool,
    /// Octets without error correction.
    pub octets: u64,
    /// Lines without error correction.
    pub lines: u32,
    /// Frames with error correction, those that came again counted.
    pub frames: u32,
    /// Frames that were asked for again.
    pub asked_again: u32,
    /// How often some were.
    pub corrections: u32,
    /// What ended it.
    pub command: Option<Kind>,
    /// How often that was sent.
    pub times: u32,
    /// What became of it.
    pub result: PageResult,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Who disconnected, when a machine did (DCN).
    pub by: Option<Side>,
    /// In which phase.
    pub phase: FaxPhase,
    /// The timer that ran out, as the silence before the end lets one think.
    pub timer: Option<FaxTimer>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Where it is.
    pub phase: FaxPhase,
    /// The side whose machine was called: it sent DIS.
    pub called: Option<Side>,
    /// The side that sends the document.
    pub sender: Option<Side>,
    /// Who the machines are, by side: line, network.
    pub identities: [Option<String>; 2],
    /// What the called machine can.
    pub capabilities: Option<Capabilities>,
    /// What the sender has chosen last.
    pub chosen: Option<Command>,
    /// The trainings; the first ones, when there are very many.
    pub trainings: Vec<Training>,
    /// The pages; the first ones, when there are very many.
    pub pages: Vec<Page>,
    /// Pages, all of them.
    pub page_count: u32,
    /// Pages that were confirmed, poor ones counted.
    pub confirmed: u32,
    /// Frames that were read, by side.
    pub frames: [u32; 2],
    /// Frames with a wrong check sequence at 300 bit/s, by side.
    pub bad_frames: [u32; 2],
    /// How it ended.
    pub end: Option<End>,
}
