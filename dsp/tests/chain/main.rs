//! The chain as the line thread uses it: bytes in, samples out, events in order.
#![forbid(unsafe_code)]

mod alarm_tones;
mod alloc;
mod caller_id;
mod digits;
mod echo;
mod fax_tones;
mod muting;
mod q24;
mod relayed;
mod rig;
mod robust;
mod talk_off;
mod tty;
mod voice;

#[global_allocator]
static ALLOCATOR: tipring_linux::alloc_count::CountingAllocator =
    tipring_linux::alloc_count::CountingAllocator;
