//! Raw bindings to libspandsp 0.0.6, made by bindgen at build time, and nothing else.
//!
//! Owns the list of what is bound (`build.rs`). Promises that names and layouts are those of the
//! installed header. Leaves every rule of use to `tipring-spandsp`.
#![allow(
    missing_docs,
    unreachable_pub,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    clippy::all,
    reason = "generated from C: names and documentation are those of spandsp.h"
)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
