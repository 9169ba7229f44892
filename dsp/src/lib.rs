//! The per-port signal chain: allocates in `new()`, never in `process()`.
//!
//! Owns: the way of a sample between card and packet in both directions. Leaves to others: sockets, jitter
//! buffer, the card.
#![forbid(unsafe_code)]
