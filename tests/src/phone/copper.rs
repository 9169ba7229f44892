//! What a telephone is connected to: one far channel, as a trait so that phones are tested without a kernel.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// What came of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// This number of codes.
    Codes(usize),
    /// Nothing yet.
    Nothing,
    /// An event must be read first.
    EventFirst,
    /// The line is dead.
    Dead,
}

/// What the line reports to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineNews {
    /// Ringing voltage came on.
    RingOn,
    /// Ringing voltage has been off for 50 ms.
    RingOver,
    /// The battery is gone (reported only off-hook).
    BatteryGone,
    /// The battery was reversed, or reversed back.
    Polarity,
    /// The line is in alarm.
    Alarm,
    /// The alarm is over.
    AlarmOver,
    /// The line's card was removed.
    Removed,
    /// Heard samples were lost: the phone was late.
    Overrun,
    /// The phone had nothing to say in time.
    Underrun,
    /// Another event, by its name.
    Other(String),
}

/// DAHDI says that a burst of ringing is over when the voltage has been off for this time.
pub(super) const RING_TRAILER: Duration = Duration::from_millis(50);

/// A far channel.
pub trait Copper: Send {
    /// Readable: codes. Priority: events.
    fn fd(&self) -> BorrowedFd<'_>;
    /// Reads codes from the line.
    fn read(&mut self, codes: &mut [u8]) -> Reading;
    /// Writes codes to the line; false when it was not accepted.
    fn write(&mut self, codes: &[u8]) -> bool;
    /// The oldest event.
    fn news(&mut self) -> Option<LineNews>;
    /// Closes or opens the loop.
    fn hook(&mut self, closed: bool) -> io::Result<()>;
    /// Is there battery on the line?
    fn battery(&self) -> bool;
    /// Drops what waits in both directions.
    fn flush(&mut self);
}
