//! A configuration file by anybody: every problem or a model that holds together, never a panic.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use tipring_config::{Machine, parse};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match parse(text, "fuzz.toml", &Machine::default()) {
        Ok(config) => {
            let enabled = || config.ports.iter().filter(|p| p.enabled);
            let names: HashSet<_> = enabled().map(|p| p.device.as_str()).collect();
            assert_eq!(names.len(), enabled().count(), "two ports with one name");
            assert!(!config.callmanager.servers.is_empty());
        }
        Err(report) => {
            assert!(report.errors() > 0, "refused without an error");
            assert!(!report.render(true).is_empty());
        }
    }
});
