//! What the line thread guarantees: no allocation after start, bounded work under a flood, full rings are counted.
//!
//! Runs the real thread with a fake card and real sockets on the loopback. Waits for what it waits for with a deadline,
//! never by sleeping.

mod cards;
mod fax;
mod flood;
mod rig;
mod thread;

use tipring_linux::alloc_count::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
