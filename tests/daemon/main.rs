//! The gateway as a process, ill-treated: bad servers, strangers' packets, mistaken configurations, rude control clients,
//! faults, crashes, and systemd's side of it.
//!
//! Real `tipringd` and `tipring` on loopback, simulated sets, the built-in CallManager. Each test has a loopback address
//! of its own, so nothing collides. Waits for what it waits for with a deadline, never by sleeping.

mod config;
mod control;
mod crash;
mod fault;
mod front;
mod place;
mod ports;
mod rtp;
mod server;
mod service;
mod talk;
