//! Wrappers over any [`crate::LinePort`]: see what passes, keep it, break it.
//!
//! Owns: [`Trace`] (events and commands), [`Record`] (blocks), [`Fault`] (trouble on demand). Each
//! comes with a handle for another thread. Promises: what the wrappers add to a port call neither
//! allocates, locks nor blocks; a slow reader loses items, which are counted, and never holds the
//! line thread. Leaves to others: writing files, and deciding when to break what.

mod fault;
mod record;
mod trace;

pub use fault::{Fault, FaultCounts, FaultHandle};
pub use record::{Direction, Record, RecordReader, RecordedBlock};
pub use trace::{Trace, TraceItem, TraceReader, Traced};

#[cfg(test)]
mod tests;
