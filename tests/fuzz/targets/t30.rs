//! Frames, carriers, tones and packets of two fax machines that do what they like.
//!
//! There is an outcome at any time after the end, an outcome that is clear stays what it is while nothing comes, and what
//! is kept has a bound.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_proto::t30::{Capabilities, Command, Feed, Frame, Listener, identity};
use tipring_proto::t38::ifp::{Decoder, Version};
use tipring_proto::time::Time;
use tipring_proto::types::t38::{Carrier, Fast, V17Rate};
use tipring_proto::types::{DataTone, Side};

/// Control fields of frames, so that most of them are ones.
const CONTROLS: &[u8] = &[
    0x80, 0x40, 0x20, 0x81, 0x41, 0x82, 0x42, 0xC2, 0x12, 0x84, 0x44, 0xC4, 0x8E, 0x4E, 0x2E, 0x9E,
    0x3E, 0xBE, 0xCE, 0x6E, 0x8C, 0xCC, 0x4C, 0xAC, 0x2C, 0xBC, 0xEC, 0x1C, 0xFA, 0x1A, 0xCA, 0x06,
    0x86,
];

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let mut now = Time::from_millis(1);
    let mut listener = Listener::new(now);
    let mut feeds = [Feed::new(Side::Line), Feed::new(Side::Network)];
    let mut decoder = Decoder::new(Version::V0);
    while let Some(step) = program.next_step() {
        let from = [Side::Line, Side::Network][usize::from(step >> 7)];
        match step % 8 {
            0..3 => {
                let mut frame = vec![0xFF, 0x13, program.choice(CONTROLS) | program.byte() & 1];
                frame.extend(program.bytes());
                listener.frame(now, from, &frame);
            }
            3 => {
                let octets = program.bytes();
                if let Some(frame) = Frame::parse(octets) {
                    let _ = (frame.partial_page(), frame.given_up());
                    assert!(frame.asked_again() <= 256);
                    let _ = (
                        Capabilities::parse(frame.field),
                        Command::parse(frame.field),
                    );
                    assert!(identity(frame.field).len() <= 20);
                }
                listener.frame(now, from, octets);
            }
            4 => match program.byte() % 4 {
                0 => listener.carrier(now, from, Carrier::V21),
                1 => listener.carrier(now, from, Carrier::Fast(Fast::V17Long(V17Rate::R14400))),
                2 => listener.carrier_ended(now, from),
                _ => listener.bad_frame(now, from),
            },
            5 => match program.byte() % 3 {
                0 => listener.tone(now, from, program.choice(DataTone::ALL)),
                1 => listener.page_octets(now, from, program.bytes()),
                _ => feeds[usize::from(step >> 7)].missing(),
            },
            6 => {
                if let Ok(ifp) = decoder.decode(program.bytes()) {
                    feeds[usize::from(step >> 7)].packet(now, &ifp, &mut listener);
                }
            }
            _ => now = now + Duration::from_millis(u64::from(program.byte()) * 100),
        }
        if let Some(outcome) = listener.outcome(now) {
            assert_eq!(listener.outcome(now), Some(outcome));
        }
        let report = listener.report();
        assert!(report.trainings.len() <= 32 && report.pages.len() <= 500);
    }
    let outcome = listener.end(now);
    assert_eq!(listener.outcome(now), Some(outcome.clone()));
    assert_eq!(listener.end(now), outcome);
});
