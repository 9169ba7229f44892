//! The `tipring` command as its users see it: exit codes, standard output, standard error.

mod callmanager;
mod configuration;
mod daemon;
mod mock;
mod reload;
mod run;
mod usage;
