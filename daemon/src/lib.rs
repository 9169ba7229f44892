//! The gateway daemon: composition root, control task and line thread.
#![forbid(unsafe_code)]

pub mod cards;
pub mod control;
pub mod identity;
pub mod line;
pub mod link;
pub mod notify;
pub mod observe;
pub mod resolve;
pub mod settings;
pub mod startup;
