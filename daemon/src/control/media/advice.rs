//! What earlier faxes with the far end of a leg change in it: looked up once a leg, by control.

use tipring_proto::fax_memory::Strategy;
use tipring_proto::types::CallRef;

use super::MediaDesk;
use crate::line::SessionId;

impl MediaDesk {
    /// Legs for whose far ends nothing was looked up yet: their calls, and where their far ends are.
    pub(in crate::control) fn unadvised(&self) -> Vec<(SessionId, CallRef, Option<String>)> {
        let legs = self.open.iter().filter(|leg| !leg.advised && !leg.group);
        legs.map(|leg| (leg.id, leg.call, leg.remote.map(|at| at.to_string())))
            .collect()
    }

    /// What earlier faxes with the far end of a leg change in it.
    pub(in crate::control) fn advise(
        &mut self,
        session: SessionId,
        far: &str,
        strategy: &Strategy,
    ) {
        if let Some(leg) = self.open.iter_mut().find(|leg| leg.id == session) {
            leg.advised = true;
            leg.fax.advise(far, strategy);
            leg.protection.advise(far, strategy);
        }
    }
}
