//! The control socket's types, and the tipring command
#![forbid(unsafe_code)]
