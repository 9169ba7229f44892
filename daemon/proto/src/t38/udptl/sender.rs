//! What goes out.
//!
//! An indicator and a packet with which data end go three times under one number, for nothing follows that would show
//! their loss; the second and third are spaced by the caller's blocks ([`Sender::repeat`]), or go before the next packet.
//! A packet with data goes once. Each takes along copies of those before it: of packets at 300 bit/s and of the page
//! apart, for the first are short and their loss costs a retry of seconds. Where the far end's longest datagram leaves
//! no room, copies stay behind, the oldest first.

use super::packet::{Writer, open_length};
use crate::t38::ifp::{MAX_IFP, Unsayable, Version, encode};
use crate::types::t38::{Carrier, FieldKind, Ifp};

/// The most copies that a datagram takes along.
pub const MAX_COPIES: usize = 7;
/// The longest datagram, whatever the far end allows: what an Ethernet frame holds.
pub const MAX_DATAGRAM: usize = 1400;
/// The sequence number, what kind of recovery follows, and how many copies.
const FIXED: usize = 4;
/// How often an indicator and an end go.
const TIMES: u8 = 3;

/// Copies of earlier packets in each datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundancy {
    /// With indicators and the frames at 300 bit/s.
    pub low: u8,
    /// With a page or its training check.
    pub high: u8,
}

/// How to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderConfig {
    /// The syntax that the far end reads.
    pub version: Version,
    /// Copies, up to [`MAX_COPIES`].
    pub redundancy: Redundancy,
    /// The longest datagram that the far end takes (`T38FaxMaxDatagram`), octets.
    pub max_datagram: u16,
}

impl Default for SenderConfig {
    /// What is safe where nothing was agreed on.
    fn default() -> Self {
        Self {
            version: Version::V0,
            redundancy: Redundancy { low: 3, high: 3 },
            max_datagram: 320,
        }
    }
}

/// Why a packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It cannot be said in the far end's version.
    #[error(transparent)]
    Unsayable(#[from] Unsayable),
    /// Even without copies it is longer than the far end takes.
    #[error("the T.38 packet needs a datagram of {needed} octets, the far end takes {limit}")]
    TooLong {
        /// Octets with no copy.
        needed: usize,
        /// The far end's limit.
        limit: usize,
    },
}

/// Figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Packets.
    pub packets: u64,
    /// Datagrams, repeats counted.
    pub datagrams: u64,
    /// Copies that stayed behind for the limit.
    pub copies_left_out: u64,
    /// Packets that could not be sent.
    pub refused: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    length: u8,
    octets: [u8; MAX_IFP],
}

impl Kept {
    fn as_slice(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// The sending side of one relay.
#[derive(Clone, Debug)]
pub struct Sender {
    config: SenderConfig,
    /// Of the next packet.
    sequence: u16,
    /// The packets before, the newest first.
    kept: [Kept; MAX_COPIES],
    count: usize,
    datagram: [u8; MAX_DATAGRAM],
    length: usize,
    /// How often the last datagram is still to go.
    repeats: u8,
    sent: Sent,
}

impl Sender {
    /// Begins with sequence number 0, as the field expects.
    pub fn new(config: SenderConfig) -> Sender {
        let none = Kept {
            length: 0,
            octets: [0; MAX_IFP],
        };
        Sender {
            config,
            sequence: 0,
            kept: [none; MAX_COPIES],
            count: 0,
            datagram: [0; MAX_DATAGRAM],
            length: 0,
            repeats: 0,
            sent: Sent::default(),
        }
    }

    /// Sends a packet. Repeats of the last one that have not gone yet go first.
    ///
    /// # Errors
    /// [`SendError`]; nothing of it was sent, and no number was used.
    pub fn send(&mut self, ifp: &Ifp, mut emit: impl FnMut(&[u8])) -> Result<(), SendError> {
        while self.repeat(&mut emit) {}
        let result = self.build(ifp);
        if result.is_err() {
            self.sent.refused += 1;
            return result;
        }
        self.sent.packets += 1;
        self.repeats = if goes_often(ifp) { TIMES } else { 1 };
        self.repeat(emit);
        Ok(())
    }

    /// Sends the last datagram again, when it is to go again: once each 10 to 20 ms. Says whether it did.
    pub fn repeat(&mut self, mut emit: impl FnMut(&[u8])) -> bool {
        if self.repeats == 0 {
            return false;
        }
        self.repeats -= 1;
        self.sent.datagrams += 1;
        emit(&self.datagram[..self.length]);
        true
    }

    /// Figures since the start.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    fn build(&mut self, ifp: &Ifp) -> Result<(), SendError> {
        let mut primary = [0; MAX_IFP];
        let length = encode(ifp, self.config.version, &mut primary)?;
        let limit = usize::from(self.config.max_datagram).min(MAX_DATAGRAM);
        let mut needed = FIXED + open_length(length);
        if needed > limit {
            return Err(SendError::TooLong { needed, limit });
        }
        let wanted = match ifp.carrier() {
            Some(Carrier::Fast(_) | Carrier::Other(_)) => self.config.redundancy.high,
            Some(Carrier::V21) | None => self.config.redundancy.low,
        };
        let wanted = usize::from(wanted).min(self.count);
        let fitting = self.kept[..wanted].iter().take_while(|kept| {
            needed += open_length(kept.as_slice().len());
            needed <= limit
        });
        let copies = fitting.count();
        self.sent.copies_left_out += (wanted - copies) as u64;

        let mut writer = Writer::new(&mut self.datagram);
        writer.raw(&self.sequence.to_be_bytes());
        writer.open(&primary[..length]);
        writer.raw(&[0, copies as u8]);
        for kept in &self.kept[..copies] {
            writer.open(kept.as_slice());
        }
        self.length = writer.len();

        self.kept.rotate_right(1);
        self.kept[0] = Kept {
            length: length as u8,
            octets: primary,
        };
        self.count = (self.count + 1).min(MAX_COPIES);
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }
}

/// Does nothing follow that would show its loss?
fn goes_often(ifp: &Ifp) -> bool {
    ifp.as_indicator().is_some()
        || ifp.fields().any(|field| {
            matches!(
                field.kind,
                FieldKind::HdlcSigEnd
                    | FieldKind::HdlcFcsOkSigEnd
                    | FieldKind::HdlcFcsBadSigEnd
                    | FieldKind::T4SigEnd
            )
        })
}
