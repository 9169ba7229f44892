//! The few Linux calls that need unsafe: scheduling, memory locking, eventfd, timers, batched datagrams
