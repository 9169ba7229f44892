//! What a port can be waiting for, one of each kind at most. The hook has its own (`hook`).

/// A deadline of the port. Of two that are due at the same time the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    /// Fires when a call that has lost its server may have lost its far end, too. Number from
    /// `PortConfig::preserved_rtp_ms`.
    PreservedSilent,
    /// Fires when no OpenReceiveChannel has come for media that was started. Number from [`EARLY_START_MS`].
    EarlyStart,
    /// Fires when a call without CallState has had no media for a while. Number from [`MEDIA_GONE_MS`].
    MediaGone,
    /// Fires when nobody else has taken a call that came too late for a phone that was hung up.
    /// Number from [`ORPHAN_MS`].
    Orphan,
    /// Fires when a line has been in trouble too long for its calls. Number from
    /// `PortConfig::fault_grace_ms`.
    FaultGrace,
}

/// Servers that start media before they open it do both in one go; CallManager opens a call's own leg before it starts
/// the copies for a recorder.
pub(super) const EARLY_START_MS: u32 = 500;
/// Hold, resume and a change of codec close media and open it again within this time.
pub(super) const MEDIA_GONE_MS: u32 = 2_000;
/// Servers name a call and say in one go that it is at another phone of the line.
pub(super) const ORPHAN_MS: u32 = 200;
