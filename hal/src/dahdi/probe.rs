//! The second handle to an open channel: what is slow or rare, from any thread but the line thread.

use tipring_linux::dahdi::{
    Alarms, Channel, Errno, LineFeed, Params, Register, Registers, SpanInfo, Voltages,
};

use super::driver::Driver;

/// Below this between tip and ring the feed is thought open: a short loop under load has some 5 V.
const NO_FEED_MV: i32 = 2_000;

/// Why a probe gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The driver has no such thing.
    #[error("the driver {0} does not report it; only wctdm, wctdm24xxp, wcaxx and opvxa1200 do")]
    Unsupported(Driver),
    /// The chip would be left in a state that the driver undoes (wctdm).
    #[error("the driver {0} takes an open feed for a power alarm; use another state")]
    WouldAlarm(Driver),
    /// The channel is gone.
    #[error("the channel is gone; is the card still there?")]
    Gone,
    /// The kernel refused.
    #[error("the kernel refused with {0}")]
    Os(Errno),
}

/// What the feed looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedHealth {
    /// Voltage is on the line.
    Fed(Voltages),
    /// No voltage between tip and ring, but the chip feeds: a short or a heavy load.
    Loaded(Voltages),
    /// The chip does not feed. Unless the loop is being opened on purpose, the driver gave up after power alarms.
    Open(Voltages),
}

/// A second handle to an open channel. **While it lives the channel stays open**, even when the port is gone: drop it before
/// the channel is opened again.
#[derive(Debug)]
pub struct DahdiProbe {
    pub(super) channel: Channel,
    pub(super) driver: Driver,
    pub(super) registers: bool,
}

impl DahdiProbe {
    /// Number of the channel.
    pub fn number(&self) -> u16 {
        self.channel.number()
    }

    /// State and timing.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn params(&self) -> Result<Params, ProbeError> {
        self.channel.params().map_err(|e| self.refused(e))
    }

    /// The span, with its alarms.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn span(&self) -> Result<SpanInfo, ProbeError> {
        self.channel.span().map_err(|e| self.refused(e))
    }

    /// Alarms of the channel and of its span.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn alarms(&self) -> Result<Alarms, ProbeError> {
        let channel = self.channel.alarms().map_err(|e| self.refused(e))?;
        Ok(Alarms(channel.0 | self.span()?.alarms.0))
    }

    /// Voltages and registers can be read.
    pub fn has_registers(&self) -> bool {
        self.registers
    }

    /// Voltages: three reads of the chip.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn voltages(&self) -> Result<Voltages, ProbeError> {
        self.must_have_registers()?;
        self.channel.voltages().map_err(|e| self.refused(e))
    }

    /// All registers: over 200 reads of the chip.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn registers(&self) -> Result<Registers, ProbeError> {
        self.must_have_registers()?;
        self.channel.registers().map_err(|e| self.refused(e))
    }

    /// Is the line fed? Reads the voltages, and the registers only when these look wrong.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn feed_health(&self) -> Result<FeedHealth, ProbeError> {
        let volts = self.voltages()?;
        if (volts.tip_mv - volts.ring_mv).abs() >= NO_FEED_MV {
            return Ok(FeedHealth::Fed(volts));
        }
        Ok(match self.registers()?.line_feed() {
            LineFeed::Open => FeedHealth::Open(volts),
            _ => FeedHealth::Loaded(volts),
        })
    }

    /// Feeds a line again whose driver gave it up (forward, active).
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn re_arm(&self) -> Result<(), ProbeError> {
        self.set_line_feed(LineFeed::ForwardActive)
    }

    /// Sets the feed by register 64, for line tests. `wctdm` undoes [`LineFeed::Open`] and counts it as a power alarm, so
    /// there it is refused.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn set_line_feed(&self, state: LineFeed) -> Result<(), ProbeError> {
        if state == LineFeed::Open && self.driver == Driver::Wctdm {
            return Err(ProbeError::WouldAlarm(self.driver));
        }
        self.set_register(Register::LineFeed, state as u8)
    }

    /// Sets a register. The driver checks nothing: know the chip.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn set_register(&self, register: Register, value: u8) -> Result<(), ProbeError> {
        self.must_have_registers()?;
        let number = register as u8;
        self.channel
            .set_register(number, value)
            .map_err(|e| self.refused(e))
    }

    fn must_have_registers(&self) -> Result<(), ProbeError> {
        if self.registers {
            Ok(())
        } else {
            Err(ProbeError::Unsupported(self.driver))
        }
    }

    fn refused(&self, errno: Errno) -> ProbeError {
        match errno {
            Errno::ENOTTY | Errno::ENOSYS => ProbeError::Unsupported(self.driver),
            Errno::ENODEV | Errno::ENXIO => ProbeError::Gone,
            other => ProbeError::Os(other),
        }
    }
}
