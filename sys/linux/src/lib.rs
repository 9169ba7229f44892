//! The few Linux calls the gateway needs, as safe functions.
//!
//! Owns: real-time scheduling and memory locking, clocks, eventfd and timerfd, batched datagrams,
//! group and process numbers, standard output, changes of the network, DAHDI's requests, and the
//! allocation counter of tests and benches. Promises that what is meant for the line thread
//! (everything but constructors) neither allocates nor blocks. Leaves polling to mio and the sockets
//! themselves to std and mio.

mod accounts;
pub mod alloc_count;
pub mod dahdi;
mod datagram;
mod events;
mod network;
mod output;
mod realtime;

pub use accounts::{group_id, peer_pid, user_id};
pub use datagram::{
    Datagram, DatagramMut, FilterOthers, MAX_DATAGRAM, QueueFull, RecvBatch, SendBatch, SendReport,
    SourceFilter, dropped_datagrams, enable_timestamps, filter_sources, set_dscp,
    set_receive_buffer, set_socket_priority, unfilter,
};
pub use events::{EventFd, TimerFd};
pub use network::{NetworkNews, NetworkWatch, OwnAddress, has_address, own_addresses};
pub use output::{terminal_size, write_stdout};

/// Flags of an open file: a symbolic link is an error, and a pipe or a device is not waited for.
pub const OPEN_NO_LINK: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;
/// Flags of an open file: the name itself, whatever it is, without any access to its content.
pub const OPEN_AS_A_NAME: i32 = libc::O_PATH | libc::O_NOFOLLOW;
pub use realtime::{
    LockError, SchedError, Scheduling, lock_memory, memory_lock_limit, monotonic, prefault_stack,
    realtime, scheduling, set_fifo, set_thread_name, thread_cpu_time, unlock_memory, unset_fifo,
};
