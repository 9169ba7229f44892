//! Voltages and registers of a line chip (Si3210 family), on the drivers that give them.
//!
//! `wctdm24xxp`, `wcaxx`, `wctdm` and `opvxa1200` answer; others return ENOTTY. The drivers wait for the chip: never ask
//! from the line thread.

/// Voltages on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voltages {
    /// Tip to ground.
    pub tip_mv: i32,
    /// Ring to ground.
    pub ring_mv: i32,
    /// The battery behind the feed.
    pub battery_mv: i32,
}

/// What a direct register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Register {
    /// Loopback modes.
    Loopback = 8,
    /// Audio gain.
    AudioGain = 9,
    /// Two-wire impedance.
    Impedance = 10,
    /// Line feed: see [`LineFeed`].
    LineFeed = 64,
    /// Loop closure and ring trip.
    LoopStatus = 68,
    /// Loop closure debounce.
    LoopDebounce = 69,
    /// Ring trip debounce.
    RingTripDebounce = 70,
    /// Loop current limit: 20 mA and 3 mA a step.
    LoopCurrentLimit = 71,
    /// On-hook voltage: 1.5 V a step.
    OnHookVoltage = 72,
    /// Power of the monitored transistor.
    PowerMonitor = 76,
    /// Sensed loop voltage.
    LoopVoltage = 78,
    /// Sensed loop current.
    LoopCurrent = 79,
    /// Tip voltage, -376 mV a step.
    TipVoltage = 80,
    /// Ring voltage, -376 mV a step.
    RingVoltage = 81,
    /// First battery voltage, -376 mV a step.
    Battery1 = 82,
    /// Second battery voltage, -376 mV a step.
    Battery2 = 83,
}

/// State of the feed (register 64, lower half while it acts, upper half as set).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LineFeed {
    /// No feed. Unexpectedly found, it is a power alarm.
    Open = 0,
    /// Forward, active.
    ForwardActive = 1,
    /// Forward, with audio on-hook.
    ForwardOnHookTransmission = 2,
    /// Tip open.
    TipOpen = 3,
    /// Ringing.
    Ringing = 4,
    /// Reverse, active.
    ReverseActive = 5,
    /// Reverse, with audio on-hook.
    ReverseOnHookTransmission = 6,
    /// Ring open.
    RingOpen = 7,
}

impl LineFeed {
    /// From the lower three bits of register 64.
    #[must_use]
    pub const fn from_register(value: u8) -> LineFeed {
        match value & 7 {
            0 => LineFeed::Open,
            1 => LineFeed::ForwardActive,
            2 => LineFeed::ForwardOnHookTransmission,
            3 => LineFeed::TipOpen,
            4 => LineFeed::Ringing,
            5 => LineFeed::ReverseActive,
            6 => LineFeed::ReverseOnHookTransmission,
            _ => LineFeed::RingOpen,
        }
    }
}

/// All registers, read at once (the drivers give no single one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    pub(super) direct: [u8; 109],
    pub(super) indirect: [u16; 105],
}

impl Registers {
    /// A direct register.
    #[must_use]
    pub fn get(&self, register: Register) -> u8 {
        self.direct.get(register as usize).copied().unwrap_or(0)
    }

    /// A direct register by number, 0–108.
    #[must_use]
    pub fn direct(&self, number: u8) -> Option<u8> {
        self.direct.get(usize::from(number)).copied()
    }

    /// An indirect register by number, 0–104.
    #[must_use]
    pub fn indirect(&self, number: u8) -> Option<u16> {
        self.indirect.get(usize::from(number)).copied()
    }

    /// How the line is fed now.
    #[must_use]
    pub fn line_feed(&self) -> LineFeed {
        LineFeed::from_register(self.get(Register::LineFeed))
    }

    /// The chip sees a closed loop (LCR).
    #[must_use]
    pub fn loop_closed(&self) -> bool {
        self.get(Register::LoopStatus) & 1 != 0
    }

    /// Voltages as the driver computes them for [`Voltages`].
    #[must_use]
    pub fn voltages(&self) -> Voltages {
        let volt = |register| i32::from(self.get(register)) * -376;
        Voltages {
            tip_mv: volt(Register::TipVoltage),
            ring_mv: volt(Register::RingVoltage),
            battery_mv: volt(Register::Battery1),
        }
    }
}
