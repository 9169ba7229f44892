//! The `tipring` command as its users see it: exit codes, standard output, standard error.

mod callmanager;
mod complete;
mod configuration;
mod daemon;
mod fax;
mod hardware;
mod mock;
mod newcomer;
mod reload;
mod run;
#[path = "../../hal/src/dahdi/tree.rs"]
mod tree;
mod unwritten;
mod usage;
