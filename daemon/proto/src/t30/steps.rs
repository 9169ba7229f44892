//! The steps of a fax, as they are heard.

use crate::time::Time;
use crate::types::{FAX_STEPS, FaxStep, Side};

/// Signs of fast carriers.
const TRAINING: &str = "training";
const PAGE: &str = "page";

/// The first steps; of a long fax the others are left out.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    began: Time,
    steps: Vec<FaxStep>,
}

impl Steps {
    pub(super) fn new(began: Time) -> Steps {
        Steps {
            began,
            steps: vec![],
        }
    }

    pub(super) fn all(&self) -> &[FaxStep] {
        &self.steps
    }

    fn after(&self, now: Time) -> u32 {
        u32::try_from(now.saturating_since(self.began).as_millis()).unwrap_or(u32::MAX)
    }

    /// A tone or a frame.
    pub(super) fn sign(&mut self, now: Time, from: Side, sign: &str, rate: Option<u32>) {
        if self.steps.len() < FAX_STEPS {
            self.steps.push(FaxStep {
                after_ms: self.after(now),
                from,
                sign: sign.to_owned(),
                rate,
                length_ms: None,
            });
        }
    }

    /// A fast carrier.
    pub(super) fn carrier(&mut self, now: Time, from: Side, is_page: bool, rate: u32) {
        let sign = if is_page { PAGE } else { TRAINING };
        self.sign(now, from, sign, Some(rate));
    }

    /// It ends.
    pub(super) fn carrier_ended(&mut self, now: Time, from: Side) {
        let after = self.after(now);
        let open = |step: &&mut FaxStep| {
            step.from == from && step.length_ms.is_none() && matches!(&*step.sign, TRAINING | PAGE)
        };
        if let Some(step) = self.steps.iter_mut().rev().find(open) {
            step.length_ms = Some(after.saturating_sub(step.after_ms));
        }
    }
}
