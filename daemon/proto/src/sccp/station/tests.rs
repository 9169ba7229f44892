//! The station against a server played by hand, in virtual time.

mod bench;
mod keeping;
mod registering;
