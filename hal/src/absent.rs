//! The stand-in for a port whose card is not there.
//!
//! Promises: always down, never wakes anybody, asks the system nothing. Leaves to others: looking for the card and
//! putting it in this one's place.

use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LineFault, LinePort, PortError, PortStats,
    ReadBlock, Wake, WriteBlock,
};

/// A port without a card.
#[derive(Clone, Copy, Debug)]
pub struct Absent {
    law: Law,
    block_len: usize,
}

impl Absent {
    /// A stand-in with the block of the card that is missed.
    pub const fn new(law: Law, block_len: usize) -> Absent {
        Absent { law, block_len }
    }
}

impl LinePort for Absent {
    fn wake(&self) -> Wake {
        Wake::Never
    }

    fn law(&self) -> Law {
        self.law
    }

    fn block_len(&self) -> usize {
        self.block_len
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            decodes_flash_and_pulse: false,
            polarity_reversal: false,
            open_loop: false,
            fixed_open_loop_ms: None,
            on_hook_transmission: false,
            neon_mwi: false,
            voltages: false,
            times_cadence: false,
        }
    }

    fn read(&mut self, _: &mut [u8]) -> ReadBlock {
        ReadBlock::Down(LineFault::Removed)
    }

    fn write(&mut self, _: &[u8]) -> WriteBlock {
        WriteBlock::Down(LineFault::Removed)
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        None
    }

    fn command(&mut self, _: LineCommand) -> Result<(), PortError> {
        Err(PortError::Down(LineFault::Removed))
    }

    fn off_hook(&self) -> bool {
        false
    }

    fn stats(&self) -> PortStats {
        PortStats::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_without_a_card_is_down_whatever_it_is_asked() {
        let mut port = Absent::new(Law::A, 80);
        let gone = LineFault::Removed;
        assert_eq!(port.read(&mut [0; 80]), ReadBlock::Down(gone));
        assert_eq!(port.write(&[0; 80]), WriteBlock::Down(gone));
        assert_eq!(port.next_event(), None);
        assert_eq!(
            port.command(LineCommand::StopRing),
            Err(PortError::Down(gone))
        );
        assert_eq!((port.wake(), port.off_hook()), (Wake::Never, false));
    }
}
