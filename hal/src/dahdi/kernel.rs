//! What the port asks of a channel: the real one, or one of the tests.

use tipring_linux::dahdi::{Alarms, Channel, Errno, Event, Flush, Hook, Transfer};

/// One open channel. Nothing here may allocate or wait.
pub(super) trait Kernel {
    /// At most one block.
    fn read(&self, buf: &mut [u8]) -> Transfer;
    /// At most one block.
    fn write(&self, buf: &[u8]) -> Transfer;
    /// The oldest event.
    fn next_event(&self) -> Result<Option<Event>, Errno>;
    /// Hook state.
    fn hook(&self, hook: Hook) -> Result<(), Errno>;
    /// Ring cadence.
    fn set_cadence(&self, cadence: &[i32; 16]) -> Result<(), Errno>;
    /// Loop closed?
    fn rx_off_hook(&self) -> Result<bool, Errno>;
    /// Alarms of the channel.
    fn alarms(&self) -> Result<Alarms, Errno>;
    /// Empties buffers.
    fn flush(&self, what: Flush) -> Result<(), Errno>;
    /// Overruns and underruns become events.
    fn buffer_events(&self, on: bool) -> Result<(), Errno>;
    /// Polarity, on-hook audio, lamp; see [`Feed`].
    fn feed(&self, feed: Feed) -> Result<(), Errno>;
}

/// A request to the line feed, which on some cards waits for the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// Reverse it?
    Polarity(bool),
    /// Audio on-hook for this number of ms.
    OnHookAudio(u16),
    /// Messages that wait.
    Lamp(u16),
}

impl Kernel for Channel {
    fn read(&self, buf: &mut [u8]) -> Transfer {
        Channel::read(self, buf)
    }

    fn write(&self, buf: &[u8]) -> Transfer {
        Channel::write(self, buf)
    }

    fn next_event(&self) -> Result<Option<Event>, Errno> {
        Channel::next_event(self)
    }

    fn hook(&self, hook: Hook) -> Result<(), Errno> {
        Channel::hook(self, hook)
    }

    fn set_cadence(&self, cadence: &[i32; 16]) -> Result<(), Errno> {
        Channel::set_cadence(self, Some(cadence))
    }

    fn rx_off_hook(&self) -> Result<bool, Errno> {
        Channel::rx_off_hook(self)
    }

    fn alarms(&self) -> Result<Alarms, Errno> {
        Channel::alarms(self)
    }

    fn flush(&self, what: Flush) -> Result<(), Errno> {
        Channel::flush(self, what)
    }

    fn buffer_events(&self, on: bool) -> Result<(), Errno> {
        Channel::buffer_events(self, on)
    }

    fn feed(&self, feed: Feed) -> Result<(), Errno> {
        match feed {
            Feed::Polarity(reversed) => self.polarity(reversed),
            Feed::OnHookAudio(ms) => self.on_hook_transfer(ms),
            Feed::Lamp(messages) => self.vmwi(messages),
        }
    }
}
