//! What a line and its card can be in.

words! {
    /// Direction of the feed of the loop.
    #[derive(Default)]
    pub enum Polarity {
        /// Tip positive of ring.
        #[default]
        Forward = "forward",
        /// Reversed.
        Reversed = "reversed",
    }
}

words! {
    /// Fault of a line or its card: no audio and no events until it is cleared.
    pub enum LineFault {
        /// The span is in alarm: reads stop.
        Alarm = "alarm",
        /// The card has been removed.
        Removed = "removed",
        /// No battery on the line.
        PowerAlarm = "power-alarm",
    }
}

words! {
    /// The hook, as the line reports it.
    #[derive(Default)]
    pub enum HookState {
        /// The card has not reported it (its span is in alarm, or it is gone).
        #[default]
        Unknown = "unknown",
        /// Loop open.
        OnHook = "on-hook",
        /// Loop closed.
        OffHook = "off-hook",
    }
}
