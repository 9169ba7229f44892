//! What the numbers of the kernel mean: signalling, law, events, alarms.

use std::fmt;

/// How a channel is signalled. DAHDI names it after the far end: a port for a telephone (FXS) is signalled `fxo…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signalling {
    /// Not configured.
    None,
    /// `fxsls`: for an exchange line, loop start.
    FxsLs,
    /// `fxsgs`: for an exchange line, ground start.
    FxsGs,
    /// `fxsks`: for an exchange line, loop start with disconnect supervision.
    FxsKs,
    /// `fxols`: for a telephone, loop start.
    FxoLs,
    /// `fxogs`: for a telephone, ground start.
    FxoGs,
    /// `fxoks`: for a telephone, loop start with disconnect supervision ("kewl start").
    FxoKs,
    /// A clear channel, or one of its variants.
    Clear,
    /// E&M, CAS, DACS, … as the kernel's number.
    Other(i32),
}

const FXS: i32 = 1 << 13;
const FXO: i32 = 1 << 12;
const CLEAR: i32 = 1 << 7;

impl Signalling {
    /// From `sigtype` of `struct dahdi_params`.
    #[must_use]
    pub const fn from_kernel(number: i32) -> Signalling {
        match number {
            0 => Signalling::None,
            n if n == FXS | 1 => Signalling::FxsLs,
            n if n == FXS | 2 => Signalling::FxsGs,
            n if n == FXS | 4 => Signalling::FxsKs,
            n if n == FXO | 8 => Signalling::FxoLs,
            n if n == FXO | 16 => Signalling::FxoGs,
            n if n == FXO | 32 => Signalling::FxoKs,
            n if n & CLEAR != 0 => Signalling::Clear,
            n => Signalling::Other(n),
        }
    }

    /// The key of `/etc/dahdi/system.conf`; none for what has no single one.
    #[must_use]
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Signalling::FxsLs => Some("fxsls"),
            Signalling::FxsGs => Some("fxsgs"),
            Signalling::FxsKs => Some("fxsks"),
            Signalling::FxoLs => Some("fxols"),
            Signalling::FxoGs => Some("fxogs"),
            Signalling::FxoKs => Some("fxoks"),
            Signalling::Clear => Some("clear"),
            Signalling::None | Signalling::Other(_) => None,
        }
    }

    /// A telephone is connected to this channel.
    #[must_use]
    pub const fn is_for_telephone(self) -> bool {
        matches!(
            self,
            Signalling::FxoLs | Signalling::FxoGs | Signalling::FxoKs
        )
    }

    /// An exchange line is connected to this channel.
    #[must_use]
    pub const fn is_for_exchange_line(self) -> bool {
        matches!(
            self,
            Signalling::FxsLs | Signalling::FxsGs | Signalling::FxsKs
        )
    }
}

impl fmt::Display for Signalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signalling::None => f.write_str("none"),
            Signalling::FxsLs => f.write_str("fxs_ls"),
            Signalling::FxsGs => f.write_str("fxs_gs"),
            Signalling::FxsKs => f.write_str("fxs_ks"),
            Signalling::FxoLs => f.write_str("fxo_ls"),
            Signalling::FxoGs => f.write_str("fxo_gs"),
            Signalling::FxoKs => f.write_str("fxo_ks"),
            Signalling::Clear => f.write_str("clear"),
            Signalling::Other(number) => write!(f, "type {number:#x}"),
        }
    }
}

/// What a channel may be signalled as (`sigcap`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigCapabilities(pub i32);

impl SigCapabilities {
    /// May be signalled so.
    #[must_use]
    pub const fn allows(self, signalling: Signalling) -> bool {
        let bits = match signalling {
            Signalling::FxsLs => FXS | 1,
            Signalling::FxsGs => FXS | 2,
            Signalling::FxsKs => FXS | 4,
            Signalling::FxoLs => FXO | 8,
            Signalling::FxoGs => FXO | 16,
            Signalling::FxoKs => FXO | 32,
            Signalling::Clear => CLEAR,
            Signalling::None => return true,
            Signalling::Other(_) => return false,
        };
        self.0 & bits == bits
    }

    /// The driver gave the port up at its start (`DAHDI_SIG_BROKEN`).
    #[must_use]
    pub const fn broken(self) -> bool {
        self.0 < 0
    }
}

/// Companding law of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelLaw {
    /// G.711 µ-law.
    Mu,
    /// G.711 A-law.
    A,
}

/// Alarm bits of a channel or span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms(pub u32);

const ALARMS: [(u32, &str); 9] = [
    (1 << 3, "red"),
    (1 << 4, "blue"),
    (1 << 2, "yellow"),
    (1 << 0, "recovering"),
    (1 << 1, "loopback"),
    (1 << 5, "not open"),
    (1 << 8, "loss of signal"),
    (1 << 9, "loss of frame"),
    (1 << 10, "loss of multiframe"),
];

impl Alarms {
    /// No alarm at all.
    #[must_use]
    pub const fn is_clear(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clear() {
            return f.write_str("none");
        }
        let mut first = true;
        let mut rest = self.0;
        for (bit, name) in ALARMS {
            if self.0 & bit != 0 {
                rest &= !bit;
                let comma = if first { "" } else { ", " };
                write!(f, "{comma}{name}")?;
                first = false;
            }
        }
        if rest != 0 {
            write!(f, "{}{rest:#x}", if first { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// The commands of `DAHDI_HOOK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Hook {
    /// Hang up. On `fxoks` with the phone lifted: 500 ms without battery, then 300 ms until [`Event::HookComplete`]'s
    /// state is over; buffers are emptied. On `fxs…`: open the loop.
    OnHook = 0,
    /// Feed the phone, or (`fxs…`) close the loop.
    OffHook = 1,
    /// Close the loop for a moment.
    Wink = 2,
    /// Open the loop for `flash_ms`.
    Flash = 3,
    /// Seize the line.
    Start = 4,
    /// Ring with the cadence of [`set_cadence`](super::Channel::set_cadence), or the zone's.
    Ring = 5,
    /// Stop ringing. In whatever state: on-hook at once, without a battery drop and with the buffers as they are.
    RingOff = 6,
}

/// What `DAHDI_GETEVENT` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// `fxo…`: the loop is open for longer than `rx_flash_ms`. `fxs…`: the battery is gone.
    OnHook,
    /// `fxo…`: the loop is closed. `fxs…`: ringing ended.
    RingOffHook,
    /// The loop was open for 200 ms to `rx_flash_ms`.
    WinkFlash,
    /// The channel or its span is in alarm.
    Alarm,
    /// It is out of it.
    NoAlarm,
    /// A dial string is out.
    DialComplete,
    /// A further ring burst begins (the first has no event).
    RingerOn,
    /// A ring burst ended.
    RingerOff,
    /// A flash, wink, start or battery drop is over (non-blocking descriptors only).
    HookComplete,
    /// Signalling bits changed (CAS).
    BitsChanged,
    /// The first pulse of a pulse-dialled digit.
    PulseStart,
    /// Polarity changed.
    Polarity,
    /// Ringing voltage came.
    RingBegin,
    /// The kernel's echo canceller switched itself off.
    EchoCancellerDisabled,
    /// The channel is gone: close it.
    Removed,
    /// Neon lamp voltage came.
    NeonLampOn,
    /// Neon lamp voltage is gone.
    NeonLampOff,
    /// Received audio was lost (only after [`buffer_events`](super::Channel::buffer_events)).
    ReadOverrun,
    /// There was nothing to send (only after [`buffer_events`](super::Channel::buffer_events)).
    WriteUnderrun,
    /// A pulse-dialled digit, in ASCII.
    PulseDigit(u8),
    /// A DTMF key goes down, in ASCII.
    DtmfDown(u8),
    /// A DTMF key comes up, in ASCII.
    DtmfUp(u8),
    /// What this table does not know.
    Other(i32),
}

impl Event {
    /// From the kernel's number; none is no event.
    #[must_use]
    pub const fn from_kernel(number: i32) -> Option<Event> {
        let digit = (number & 0xFF) as u8;
        Some(match number {
            0 => return None,
            1 => Event::OnHook,
            2 => Event::RingOffHook,
            3 => Event::WinkFlash,
            4 => Event::Alarm,
            5 => Event::NoAlarm,
            9 => Event::DialComplete,
            10 => Event::RingerOn,
            11 => Event::RingerOff,
            12 => Event::HookComplete,
            13 => Event::BitsChanged,
            14 => Event::PulseStart,
            17 => Event::Polarity,
            18 => Event::RingBegin,
            19 => Event::EchoCancellerDisabled,
            20 => Event::Removed,
            21 => Event::NeonLampOn,
            22 => Event::NeonLampOff,
            29 => Event::ReadOverrun,
            30 => Event::WriteUnderrun,
            n if n & (1 << 16) != 0 => Event::PulseDigit(digit),
            n if n & (1 << 17) != 0 => Event::DtmfDown(digit),
            n if n & (1 << 18) != 0 => Event::DtmfUp(digit),
            n => Event::Other(n),
        })
    }
}

/// Tones the kernel can send by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum KernelTone {
    /// Silence again.
    Stop = -1,
    /// Dial tone.
    Dial = 0,
    /// Busy tone.
    Busy = 1,
    /// Ring-back tone.
    Ringback = 2,
    /// Congestion tone.
    Congestion = 3,
}

/// What [`dial`](super::Channel::dial) does with what is still being dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum DialMode {
    /// After it.
    Append = 1,
    /// Instead of it.
    Replace = 2,
}

/// When the transmitter begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum BufferPolicy {
    /// With the first block.
    Immediate = 0,
    /// When all buffers are full.
    WhenFull = 1,
    /// When half of them are.
    HalfFull = 2,
}

/// How a message lamp is lit ([`vmwi_config`](super::Channel::vmwi_config)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LampKinds {
    /// By reversing the line.
    pub reversal: bool,
    /// By 90 V direct voltage.
    pub high_dc: bool,
    /// By 90 V pulses (neon).
    pub neon: bool,
}

impl LampKinds {
    pub(super) fn bits(self) -> u32 {
        u32::from(self.reversal) | u32::from(self.high_dc) << 1 | u32::from(self.neon) << 2
    }
}
