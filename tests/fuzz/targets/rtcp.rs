//! Reports of a far end, mixed with our own and with time: read without a panic, and what is shown of them stays a figure.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_proto::rtp::{Incoming, MAX_RTCP, OwnFigures, Reported, Rtcp, SourceFigures};
use tipring_proto::time::Time;

const US: u32 = 0x0102_0304;

fuzz_target!(|input: &[u8]| {
    let mut now = Time::from_millis(1_000);
    let mut rtcp = Rtcp::new(now, US, "20000@192.0.2.1", 7);
    let mut taken = 0_u64;
    let mut rest = input;
    // A step: what it is, two bytes of time or length, then its bytes.
    while let [kind, low, high, more @ ..] = rest {
        let number = u16::from_le_bytes([*low, *high]);
        rest = more;
        let figures = OwnFigures {
            packets: number.into(),
            octets: u32::from(number).wrapping_mul(160),
            timestamp: u32::from(number) << 16,
            source: (number % 3 > 0).then_some(SourceFigures {
                ssrc: number.into(),
                highest: u32::from(number).wrapping_mul(70_001),
                expected: number.into(),
                received: u32::from(number).wrapping_mul(2),
                jitter: u32::from(number) << 15,
            }),
        };
        let unix = Duration::from_millis(u64::from(number) << 30);
        match kind % 5 {
            0 => now = now + Duration::from_millis(number.into()),
            1 => own(&rtcp.report(now, unix, &figures)),
            2 => {
                if let Some(bye) = rtcp.bye(now, unix, &figures) {
                    own(&bye);
                }
            }
            3 => rtcp.restart(now),
            _ => {
                let length = usize::from(number).min(rest.len());
                let (datagram, behind) = rest.split_at(length);
                rest = behind;
                let read = Incoming::parse(datagram, US);
                let reported = rtcp.receive(now, datagram);
                let is_taken = reported == Reported::Taken;
                assert!(!is_taken || read.is_ok(), "taken and not readable");
                taken += u64::from(is_taken);
            }
        }
        assert!(rtcp.due() <= now + Duration::from_secs(60), "the next report is never due");
        let far = rtcp.far();
        assert!(far.reports <= taken, "more reports than came");
        if let Some(heard) = far.heard {
            assert!((0.0..=100.0).contains(&heard.lost_percent), "{heard:?}");
            assert!(heard.jitter_ms.is_finite() && heard.jitter_ms >= 0.0, "{heard:?}");
        }
    }
});

/// What we send can be read by who gets it.
fn own(datagram: &[u8]) {
    assert!(datagram.len() <= MAX_RTCP);
    let read = Incoming::parse(datagram, 1).expect("our own report");
    assert_eq!(read.ssrc, US);
}
