//! The line port contract, the simulated card and the wrappers over any card.
//!
//! Owns: what a port of an FXS card can be asked and can say. Promises: [`LinePort::read`],
//! [`LinePort::write`], [`LinePort::next_event`] and [`LinePort::command`] never allocate, lock or block.
//! Leaves to others: what a hook change means (tipring-proto), what the samples mean (tipring-dsp).
#![forbid(unsafe_code)]

pub mod absent;
pub mod dahdi;
pub mod level;
pub mod linetest;
pub mod meter;
pub mod port;
pub mod sim;
pub mod wrap;

pub use port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, MAX_BLOCK_LEN,
    Polarity, PortError, PortStats, ReadBlock, RingCadence, Wake, WriteBlock,
};

#[cfg(test)]
#[global_allocator]
static COUNTING: tipring_linux::alloc_count::CountingAllocator =
    tipring_linux::alloc_count::CountingAllocator;
