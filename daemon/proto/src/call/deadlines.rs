//! What a port can be waiting for, one of each kind at most. The hook has its own (`hook`).

/// A deadline of the port. Of two that are due at the same time the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    /// Fires when no OpenReceiveChannel has come for media that was started. Number from [`EARLY_START_MS`].
    EarlyStart,
    /// Fires when a line has been in trouble too long for its calls. Number from
    /// `PortConfig::fault_grace_ms`.
    FaultGrace,
}

/// Servers that start media before they open it do both in one go; CallManager opens a call's own leg before it starts
/// the copies for a recorder.
pub(super) const EARLY_START_MS: u32 = 500;
