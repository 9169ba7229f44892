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

/// Of one leg.
#[derive(Debug)]
pub(super) struct LegProtection {
    decides: Protection,
    /// What the line thread repeats, and what it repeated before.
    repeats: u8,
    before: u8,
    changes: u32,
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
            return;
        }
        self.before = std::mem::replace(&mut self.repeats, depth);
        self.changes = self.changes.saturating_add(1);
        doing.orders.push(LineOrder::Repeat { session, depth });
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

    /// The order of the last change was lost: the next look gives it again.
    pub(super) fn order_lost(&mut self) {
        self.repeats = self.before;
        self.changes = self.changes.saturating_sub(1);
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
