//! The CallManager with real stations on it.

mod cisco;
mod features;
mod net;
mod registration;
mod talk;
