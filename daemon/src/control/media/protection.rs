//! Earlier packets repeated in a leg: what is decided on the loss ([`Protection`]), given to the line thread while data passes.

use tipring_ctl::report as ctl;
use tipring_proto::fax_memory::Strategy;
use tipring_proto::rtp::{LossSeen, Protection};
use tipring_proto::time::Time;
use tipring_proto::types::RepeatedPackets;
use tipring_types::trace::Trace;
use tipring_types::{FaxAdvice, FaxAdvised};

use super::FaxDoing;
use crate::line::{LineOrder, SessionId};

/// An order that was lost is given again this often: a line thread that is so busy is not to be asked every second.
const AGAIN: u8 = 1;

/// Of one leg.
#[derive(Debug)]
pub(super) struct LegProtection {
    decides: Protection,
    /// What the line thread repeats, and what it repeated before.
    repeats: u8,
    before: u8,
    changes: u32,
    /// A number whose order the line thread had no room for, and how often.
    lost: Option<(u8, u8)>,
    /// What earlier faxes with the far end ask for at the beginning, until it is done.
    advised: Option<FaxAdvised>,
}

impl LegProtection {
    pub(super) fn new(wanted: RepeatedPackets) -> LegProtection {
        let decides = Protection::new(wanted);
        LegProtection {
            repeats: decides.depth(),
            before: decides.depth(),
            decides,
            changes: 0,
            lost: None,
            advised: None,
        }
    }

    /// What the line thread repeats.
    pub(super) fn depth(&self) -> u8 {
        self.repeats
    }

    /// What was lost in earlier faxes with the far end asks for this.
    pub(super) fn advise(&mut self, far: &str, strategy: &Strategy) {
        if let (Some(depth), Some(advice)) = (strategy.depth(), strategy.redundancy) {
            self.decides.begin_with(depth);
            let far = far.to_owned();
            self.advised = Some(FaxAdvised { far, advice });
        }
    }

    /// A look, once a second. What was lost before data passed counts; what changes then is done when it begins.
    pub(super) fn look(
        &mut self,
        now: Time,
        session: SessionId,
        seen: LossSeen,
        passes: bool,
        doing: &mut FaxDoing,
    ) {
        self.decides.look(now, seen);
        let depth = self.decides.depth();
        if !passes || depth == self.repeats {
            self.lost = None;
            return;
        }
        let lost = self.times_lost(depth);
        if lost > AGAIN {
            return;
        }
        self.before = std::mem::replace(&mut self.repeats, depth);
        doing.orders.push(LineOrder::Repeat { session, depth });
        if lost > 0 {
            // The change was said with the first order.
            return;
        }
        self.changes = self.changes.saturating_add(1);
        let asked_for = |advised: &FaxAdvised| match advised.advice {
            FaxAdvice::Redundancy { depth: begin, .. } => begin == depth,
            _ => false,
        };
        let event = match self.advised.take().filter(asked_for) {
            Some(advised) => Trace::FaxMemory {
                advised: Box::new(advised),
            },
            None => Trace::RedundancyChanged {
                depth,
                loss_hundredths: (self.decides.loss() * 100.0).round() as u32,
            },
        };
        doing.events.push(event);
    }

    /// The order of the last change was lost: the next look gives it again, once.
    pub(super) fn order_lost(&mut self) {
        let depth = std::mem::replace(&mut self.repeats, self.before);
        let times = self.times_lost(depth).saturating_add(1);
        self.lost = Some((depth, times));
        if times > AGAIN {
            self.changes = self.changes.saturating_sub(1);
        }
    }

    fn times_lost(&self, depth: u8) -> u8 {
        let its = self.lost.filter(|(lost, _)| *lost == depth);
        its.map_or(0, |(_, times)| times)
    }

    /// For the command line; none where nothing is ever repeated.
    pub(super) fn shown(&self) -> Option<ctl::RedundancyReport> {
        let automatic = self.decides.is_automatic();
        (automatic || self.repeats > 0).then(|| ctl::RedundancyReport {
            automatic,
            depth: self.repeats,
            loss_percent: automatic.then(|| self.decides.loss()),
            changes: self.changes,
        })
    }
}
