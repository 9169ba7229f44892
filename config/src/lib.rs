//! The configuration file: TOML to a validated model, all problems in one report
#![forbid(unsafe_code)]
