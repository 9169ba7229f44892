//! The few Linux calls the gateway needs, as safe functions.
//!
//! Owns: real-time scheduling and memory locking, clocks, eventfd and timerfd, batched datagrams,
//! group and process numbers, DAHDI's requests, and the allocation counter of tests and benches. Promises that what is meant for the line
//! thread (everything but constructors) neither allocates nor blocks. Leaves polling to mio and the
//! sockets themselves to std and mio.

mod accounts;
pub mod alloc_count;
pub mod dahdi;
mod datagram;
mod events;
mod realtime;

pub use accounts::{group_id, peer_pid};
pub use datagram::{
    Datagram, MAX_DATAGRAM, QueueFull, RecvBatch, SendBatch, SendReport, enable_timestamps,
    set_dscp, set_socket_priority,
};
pub use events::{EventFd, TimerFd};
pub use realtime::{
    LockError, SchedError, Scheduling, lock_memory, memory_lock_limit, monotonic, prefault_stack,
    realtime, scheduling, set_fifo, set_thread_name, thread_cpu_time, unlock_memory, unset_fifo,
};
