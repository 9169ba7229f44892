//! The list of media legs of one port. What happens to them is decided in `media`.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use crate::call::early::EarlyStart;
use crate::sccp::message::StartMediaTransmission;
use crate::types::{CallRef, Codec, Party};

/// One media leg.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) party: Party,
    /// Our call; `None` when nothing fitted.
    pub(super) owner: Option<CallRef>,
    /// The server's word for it, told back as it came.
    pub(super) told_call: CallRef,
    pub(super) codec: Codec,
    pub(super) ptime_ms: u32,
    /// The own socket once it is open.
    pub(super) local: Option<SocketAddrV4>,
    /// By OpenReceiveChannel: the phone listens to it. Otherwise it only sends.
    pub(super) opened: bool,
    /// OpenReceiveChannel is not acknowledged yet.
    pub(super) ack_owed: bool,
    /// StartMediaTransmission came before the socket was open.
    pub(super) start: Option<StartMediaTransmission>,
    /// The one that it sends by.
    pub(super) started: Option<StartMediaTransmission>,
    pub(super) sending: bool,
    pub(super) sends_events: bool,
}

/// The legs of one port.
#[derive(Debug, Default)]
pub(super) struct Legs {
    pub(super) list: Vec<Leg>,
    /// Started, and not opened yet.
    pub(super) early: Vec<EarlyStart>,
    /// Closed before the answer to their opening came: that answer is for nobody.
    pub(super) stale: Vec<Party>,
    /// What the line thread was last told to bridge.
    pub(super) bridged: Option<Party>,
    pub(super) closed: VecDeque<(Option<CallRef>, Party)>,
    pub(super) statistics: Vec<(CallRef, String, u32)>,
}

impl Legs {
    pub(super) fn get(&mut self, party: Party) -> Option<&mut Leg> {
        self.list.iter_mut().find(|l| l.party == party)
    }

    /// The newest leg of a call that the server has opened; else one that only sends.
    pub(super) fn audible(&self, call: CallRef) -> Option<Party> {
        self.list
            .iter()
            .filter(|l| l.owner == Some(call) && l.local.is_some())
            .max_by_key(|l| l.opened)
            .map(|l| l.party)
    }

    /// The line sends the digits of this call as RFC 4733 events.
    pub(super) fn sends_events(&self, call: CallRef) -> bool {
        self.list
            .iter()
            .any(|l| l.owner == Some(call) && l.sending && l.sends_events)
    }

    /// The line sends the voice of this call.
    pub(super) fn sends(&self, call: CallRef) -> bool {
        self.list.iter().any(|l| l.owner == Some(call) && l.sending)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    #[cfg(test)]
    pub(super) fn of_party(&self, party: Party) -> Option<CallRef> {
        let leg = self.list.iter().find(|l| l.party == party)?;
        Some(leg.owner.unwrap_or(CallRef::NONE))
    }

    pub(super) fn was_closed(&self, party: Party) -> bool {
        self.closed.iter().any(|&(_, p)| p == party)
    }

    pub(super) fn of_call(&self, call: CallRef) -> Vec<Party> {
        self.list
            .iter()
            .filter(|l| l.owner == Some(call))
            .map(|l| l.party)
            .collect()
    }

    pub(super) fn rename_owner(&mut self, from: CallRef, to: CallRef) {
        for leg in self.list.iter_mut().filter(|l| l.owner == Some(from)) {
            leg.owner = Some(to);
        }
    }

    pub(super) fn party_of(&self, call: CallRef) -> Option<Party> {
        let open = self.list.iter().map(|l| (l.owner, l.party));
        self.closed
            .iter()
            .copied()
            .chain(open)
            .rfind(|&(owner, _)| owner == Some(call))
            .map(|(_, party)| party)
    }
}
