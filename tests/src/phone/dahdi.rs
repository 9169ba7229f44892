//! A line that ends in a DAHDI channel signalled `fxsks`, the far end of a port.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use tipring_linux::dahdi::{
    BufferPolicy, Buffers, Channel, ChannelLaw, Event, Flush, Hook, Signalling, Transfer,
};

use super::copper::{Copper, LineNews, Reading};

/// Deep enough that a phone late by a third of a second loses nothing. The phone bounds what is written ahead.
const BUFFERS: usize = 16;

/// A far channel.
pub struct FarChannel {
    channel: Channel,
    block: usize,
}

impl FarChannel {
    /// Opens a channel by number, to be served in blocks of `block` samples.
    ///
    /// # Errors
    /// When it cannot be opened, or is no far end.
    pub fn open(number: u16, block: usize) -> Result<FarChannel, String> {
        let says = |what: &dyn std::fmt::Display| format!("DAHDI channel {number}: {what}");
        let channel = Channel::open(number).map_err(|e| says(&e))?;
        let params = channel.params().map_err(|e| says(&e))?;
        if params.signalling != Signalling::FxsKs {
            let found = params.signalling;
            return Err(says(&format!(
                "is signalled {found}; a telephone needs fxsks in system.conf"
            )));
        }
        let buffers = Buffers {
            block_len: block,
            count: BUFFERS,
        };
        let all = Flush {
            read: true,
            write: true,
            events: true,
        };
        channel
            .set_law(ChannelLaw::Mu)
            .and_then(|()| channel.set_buffers(buffers, BufferPolicy::Immediate))
            .and_then(|()| channel.echo_canceller(0))
            .and_then(|()| channel.buffer_events(true))
            .and_then(|()| channel.flush(all))
            .map_err(|e| says(&e))?;
        Ok(FarChannel { channel, block })
    }
}

impl Copper for FarChannel {
    fn fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }

    fn read(&mut self, codes: &mut [u8]) -> Reading {
        match self.channel.read(codes) {
            Transfer::Done(0) | Transfer::WouldBlock => Reading::Nothing,
            Transfer::Done(n) => Reading::Codes(n),
            Transfer::EventPending => Reading::EventFirst,
            Transfer::Failed(_) => Reading::Dead,
        }
    }

    fn write(&mut self, codes: &[u8]) -> bool {
        debug_assert_eq!(codes.len(), self.block);
        match self.channel.write(codes) {
            Transfer::Done(n) => n == codes.len(),
            _ => false,
        }
    }

    fn news(&mut self) -> Option<LineNews> {
        let event = self.channel.next_event().ok().flatten()?;
        Some(match event {
            Event::RingBegin => LineNews::RingOn,
            Event::RingOffHook => LineNews::RingOver,
            Event::OnHook => LineNews::BatteryGone,
            Event::Polarity => LineNews::Polarity,
            Event::Alarm => LineNews::Alarm,
            Event::NoAlarm => LineNews::AlarmOver,
            Event::Removed => LineNews::Removed,
            Event::ReadOverrun => LineNews::Overrun,
            Event::WriteUnderrun => LineNews::Underrun,
            other => LineNews::Other(format!("{other:?}")),
        })
    }

    fn hook(&mut self, closed: bool) -> io::Result<()> {
        let hook = if closed { Hook::OffHook } else { Hook::OnHook };
        self.channel.hook(hook).map_err(io::Error::from)
    }

    fn battery(&self) -> bool {
        self.channel.rx_off_hook().unwrap_or(false)
    }

    fn flush(&mut self) {
        let all = Flush {
            read: true,
            write: true,
            events: true,
        };
        // When it fails, what is left over is heard.
        let _ = self.channel.flush(all);
    }
}
