//! The station's deadlines, one of each kind at most.

use crate::time::Time;

/// What a station can be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// Fires when the next server is to be tried. Number from [`RetryPolicy`](super::RetryPolicy),
    /// `start_delay` or `Timing::name_held`.
    Retry,
    /// Fires when TCP has not opened. Number from `Timing::connect` and
    /// `Timing::address`.
    Connect,
    /// Fires when Register was not answered. Number from `Timing::register`.
    Register,
    /// Fires when a request of the round was not answered. Number from `Timing::round_step`.
    RoundStep,
    /// Fires three intervals after the last KeepAliveAck, before a KeepAlive that is due in the same moment.
    /// Number from RegisterAck; three intervals are chan_skinny's own patience.
    LinkLost,
    /// Fires when the next KeepAlive is due. Number from RegisterAck.
    KeepAlive,
    /// Fires when a KeepAlive was not answered. Number from `Timing::keepalive_answer`.
    KeepAliveAnswer,
    /// Fires when Unregister was not answered. Number from `Timing::unregister`.
    Unregister,
    /// Fires when a better server is to be looked for. Number from `Timing::probe`.
    Probe,
    /// Fires when a better server, asked over a second connection, has not answered.
    Second,
    /// Fires when the registration has proved lasting.
    Settled,
}

const KINDS: [Deadline; 11] = [
    Deadline::Retry,
    Deadline::Connect,
    Deadline::Register,
    Deadline::RoundStep,
    Deadline::LinkLost,
    Deadline::KeepAlive,
    Deadline::KeepAliveAnswer,
    Deadline::Unregister,
    Deadline::Probe,
    Deadline::Second,
    Deadline::Settled,
];

/// The armed ones.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    at: [Option<Time>; KINDS.len()],
}

impl Deadlines {
    pub(super) fn arm(&mut self, deadline: Deadline, at: Time) {
        self.at[deadline as usize] = Some(at);
    }

    /// Not before this time, if it is armed.
    pub(super) fn put_off(&mut self, deadline: Deadline, until: Time) {
        let at = &mut self.at[deadline as usize];
        *at = at.map(|at| at.max(until));
    }

    /// Not after this time, if it is armed.
    pub(super) fn bring_forward(&mut self, deadline: Deadline, until: Time) {
        let at = &mut self.at[deadline as usize];
        *at = at.map(|at| at.min(until));
    }

    pub(super) fn disarm(&mut self, deadline: Deadline) {
        self.at[deadline as usize] = None;
    }

    pub(super) fn clear(&mut self) {
        self.at = [None; KINDS.len()];
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.at.iter().flatten().min().copied()
    }

    /// Takes the earliest one that is due; of equal ones the first named above.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Deadline> {
        let (deadline, _) = KINDS
            .into_iter()
            .filter_map(|d| Some((d, self.at[d as usize]?)))
            .filter(|&(_, at)| at <= now)
            .min_by_key(|&(_, at)| at)?;
        self.disarm(deadline);
        Some(deadline)
    }
}
