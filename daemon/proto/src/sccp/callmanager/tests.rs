//! The CallManager with real stations on it.

mod features;
mod net;
mod registration;
mod talk;
