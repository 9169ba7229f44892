//! What both directions of a relay know: the agreement of the machines, frames that passed, figures.

use tipring_types::Side;
use tipring_types::t38::Carrier;

use super::edit::Rules;
use super::t30::{Agreed, Next};
use crate::queue::Queue;

/// Octets of a frame that are kept: the longest answers of T.30 and what of an identification matters.
pub const SEEN_OCTETS: usize = 64;

/// Something that a fax machine or the far end sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A carrier began, or ended (none).
    Carrier(Side, Option<Carrier>),
    /// A signal that is none of 300 bit/s goes: of a fast modem, where the machines chose one. Its end is that of a
    /// carrier. A relay never says so, for it has the modem.
    Signal(Side),
    /// A frame at 300 bit/s ended.
    Frame(SeenFrame),
}

/// A frame at 300 bit/s, as it was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFrame {
    /// Who sent it.
    pub side: Side,
    /// Its check sequence was right and nothing of it was lost.
    pub intact: bool,
    octets: [u8; SEEN_OCTETS],
    len: u8,
}

impl SeenFrame {
    /// Address, control, facsimile control field and the begin of the information, the bit that was first on the line
    /// lowest.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    pub(super) const fn of(side: Side) -> Self {
        Self {
            side,
            intact: false,
            octets: [0; SEEN_OCTETS],
            len: 0,
        }
    }

    pub(super) fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(usize::from(self.len)) {
            *place = octet;
            self.len += 1;
        }
    }
}

/// Figures of a relay since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RelayFigures {
    /// Rate of pages that the machines chose last, bit/s; 0: none as yet.
    pub rate: u32,
    /// They chose error correction.
    pub ecm: bool,
    /// Level of the machine on the line, dBm0, once it was heard.
    pub level_dbm0: Option<f32>,
    /// Intact frames at 300 bit/s from the line and from the network.
    pub frames: [u64; 2],
    /// Spoilt ones.
    pub bad_frames: [u64; 2],
    /// Intact frames of pages with error correction, from the line and from the network.
    pub page_frames: [u64; 2],
    /// Spoilt ones.
    pub bad_page_frames: [u64; 2],
    /// Fast carriers received from the line.
    pub trained: u64,
    /// Fast carriers that the receiver could not train on.
    pub training_failed: u64,
    /// Short trainings of V.17 that the receiver needed more than one try for.
    pub retried: u64,
    /// Packets made.
    pub packets_out: u64,
    /// Packets taken.
    pub packets_in: u64,
    /// Packets that were lost.
    pub missing_packets: u64,
    /// Carriers sent to the line.
    pub carriers: u64,
    /// Carriers to the line that were ended because nothing more came for them.
    pub given_up: u64,
    /// Signals, frames and octets for which there was no place.
    pub overflows: u64,
    /// Zeros put into scan lines and training checks.
    pub fill_bits: u64,
}

/// What both directions share.
pub(super) struct Shared {
    pub(super) agreed: Agreed,
    pub(super) rules: Rules,
    pub(super) figures: RelayFigures,
    pub(super) seen: Queue<Seen, 32>,
    collected: [SeenFrame; 2],
    carriers: [Option<Carrier>; 2],
}

fn place(side: Side) -> usize {
    match side {
        Side::Line => 0,
        Side::Network => 1,
    }
}

impl Shared {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            agreed: Agreed::default(),
            rules,
            figures: RelayFigures::default(),
            seen: Queue::new(),
            collected: [SeenFrame::of(Side::Line), SeenFrame::of(Side::Network)],
            carriers: [None; 2],
        }
    }

    pub(super) fn carrier(&mut self, side: Side, carrier: Option<Carrier>) {
        let now = &mut self.carriers[place(side)];
        if *now == carrier {
            return;
        }
        if matches!(*now, Some(Carrier::Fast(_))) {
            self.agreed.carrier_ended();
        }
        *now = carrier;
        self.seen.push(Seen::Carrier(side, carrier));
    }

    pub(super) fn frame_begins(&mut self, side: Side) {
        self.collected[place(side)] = SeenFrame::of(side);
    }

    pub(super) fn frame_octet(&mut self, side: Side, octet: u8) {
        self.collected[place(side)].push(octet);
    }

    /// A frame at 300 bit/s ends.
    pub(super) fn frame_ends(&mut self, side: Side, intact: bool) -> Option<Next> {
        let at = place(side);
        self.collected[at].intact = intact;
        let frame = self.collected[at];
        self.seen.push(Seen::Frame(frame));
        let count = if intact {
            &mut self.figures.frames
        } else {
            &mut self.figures.bad_frames
        };
        count[at] += 1;
        self.frame_begins(side);
        if !intact {
            return None;
        }
        let next = self.agreed.frame(side, frame.octets());
        self.figures.rate = self.agreed.rate();
        self.figures.ecm = self.agreed.ecm;
        next
    }

    /// A frame of a page ended.
    pub(super) fn fast_frame(&mut self, side: Side, intact: bool) {
        let count = if intact {
            &mut self.figures.page_frames
        } else {
            &mut self.figures.bad_page_frames
        };
        count[place(side)] += 1;
    }
}
