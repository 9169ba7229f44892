//! The station against a server played by hand, in virtual time.

mod bench;
mod failback;
mod keeping;
mod registering;
mod waking;
