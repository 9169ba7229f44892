//! The words for what the control socket carries as values: findings. One table each, for the terminal, the log, JSON and
//! the documentation alike.

mod clean;
mod finding;

pub use clean::{clean, is_obeyed};
pub use finding::{Whose, Words, finding, reason};
