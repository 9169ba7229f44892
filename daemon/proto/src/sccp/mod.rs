//! The Skinny protocol: typed messages, their wire form, the station that plays the phone, and a
//! CallManager to test against.

pub mod callmanager;
pub mod catalog;
pub mod message;
pub mod station;
pub mod wire;
