//! What a port can be waiting for, one of each kind at most. The hook has its own (`hook`).

/// A deadline of the port. Of two that are due at the same time the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    /// Fires when a line has been in trouble too long for its calls. Number from
    /// `PortConfig::fault_grace_ms`.
    FaultGrace,
}
