//! The words for line tests.

use tipring_types::{NoiseVerdict, TestEnd};

/// What a measurement says of a line, and what to look for.
pub fn verdict(verdict: NoiseVerdict) -> (&'static str, Option<&'static str>) {
    match verdict {
        NoiseVerdict::Quiet => ("quiet", None),
        NoiseVerdict::Noisy => (
            "noisy",
            Some(
                "look for bad joints, water in the cable, and a phone whose contacts do not open; unplug the phone from the line and \
                 test again",
            ),
        ),
        NoiseVerdict::Hum => (
            "mains hum",
            Some(
                "look for a leak from a wire to earth, a pair beside a power cable, and a phone or fax machine with a bad \
                 power supply; unplug the phone from the line and test again",
            ),
        ),
    }
}

/// Why a test has no result.
pub fn test_end(end: TestEnd) -> &'static str {
    match end {
        TestEnd::OffHook => "the phone was lifted",
        TestEnd::Call => "interrupted by a call",
        TestEnd::LineNeeded => "the line was needed for caller ID or a message lamp",
        TestEnd::Fault => "the line or its card failed; see `tipring port show` with its number",
        TestEnd::NoAudio => {
            "the card refused to let audio through on-hook, so nothing was measured; measure at the distribution frame"
        }
        TestEnd::Deadline => "the card did not deliver in time; see `tipring status`",
        TestEnd::Cancelled => "cancelled",
    }
}
