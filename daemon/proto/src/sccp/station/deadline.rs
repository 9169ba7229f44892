//! What a station can be waiting for.

/// A deadline of the station. Of two that are due at the same time the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
