//! The side of the lines: the threads that serve them, their cards, lanes, and the ports of their media.

use super::cards::Cards;
use super::reload::Lanes;
use crate::line::{LineHandle, RtpPorts};

/// Everything between the devices and their lines that is not one device's own.
pub struct Lines {
    /// The line threads.
    pub threads: LineHandle,
    /// The cards that are opened one by one.
    pub cards: Cards,
    /// Lanes that no port has.
    pub lanes: Lanes,
    /// UDP ports for RTP.
    pub rtp: RtpPorts,
    /// Number of the last media session; each gets one of its own.
    pub(super) sessions: u64,
    /// Number of the last line test.
    pub(super) tests: u32,
    /// Orders that found a line thread's ring full.
    pub(super) orders_lost: u64,
    /// The last turn ended before the line threads' reports did.
    pub(super) more_reports: bool,
}

impl Lines {
    /// Line threads that run, and what belongs to them.
    pub fn new(threads: LineHandle, cards: Cards, lanes: Lanes, rtp: RtpPorts) -> Lines {
        Lines {
            threads,
            cards,
            lanes,
            rtp,
            sessions: 0,
            tests: 0,
            orders_lost: 0,
            more_reports: false,
        }
    }
}
