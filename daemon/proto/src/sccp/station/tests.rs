//! The station against a server played by hand, in virtual time.

pub(super) mod bench;
mod connections;
mod crowd;
mod failback;
mod frozen;
mod keeping;
mod registering;
mod standing_by;
mod waking;
