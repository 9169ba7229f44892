//! What is heard of a fax that passes as sound, on a line that gives back what is sent to it.

use std::collections::VecDeque;

use tipring_dsp::Side;
use tipring_dsp::relay::{Seen, Tap};
use tipring_spandsp::{FaxSettings, FaxTerminal};
use tipring_types::t38::Carrier;

use crate::page;
use crate::rig::Folder;

const BLOCK: usize = 80;

/// Two machines and the tap between them. The hybrid of the line gives back what is sent to it, `near` dB down; the far
/// line does the same, 150 ms later, 20 dB down.
fn overhear(near: f64, ecm: bool, pages: usize) -> (Vec<Seen>, Tap) {
    let folder = Folder::new(&format!("tap-{near}-{ecm}"));
    let (sent, got) = (
        folder.path().join("sent.tif"),
        folder.path().join("got.tif"),
    );
    page::write(&sent, &vec![page::stripes(60); pages]);
    let make = |settings: FaxSettings, ident: &str| {
        let settings = FaxSettings {
            ecm,
            local_ident: ident.to_owned(),
            ..settings
        };
        FaxTerminal::new(&settings).expect("a fax machine")
    };
    let mut line = make(FaxSettings::sender(&sent), "+49 30 1");
    let mut far = make(FaxSettings::receiver(&got), "+1 555 2");
    let mut tap = Tap::new().expect("a tap");
    let mut seen = Vec::new();
    let back = |x: i16, db: f64| f64::from(x) * 10f64.powf(-db / 20.0);
    let mut near_echo: VecDeque<i16> = vec![0; 40].into();
    let mut far_echo: VecDeque<i16> = vec![0; 1200].into();
    for _ in 0..30_000 {
        let (mut up, mut down) = ([0i16; BLOCK], [0i16; BLOCK]);
        line.tx(&mut up);
        far.tx(&mut down);
        for n in 0..BLOCK {
            near_echo.push_back(down[n]);
            far_echo.push_back(up[n]);
            let near_back = near_echo.pop_front().map_or(0.0, |x| back(x, near));
            let far_back = far_echo.pop_front().map_or(0.0, |x| back(x, 20.0));
            up[n] = (f64::from(up[n]) + near_back) as i16;
            down[n] = (f64::from(down[n]) + far_back) as i16;
        }
        tap.hear(Side::Network, &down);
        tap.hear(Side::Line, &up);
        far.rx(&up);
        line.rx(&down);
        seen.extend(std::iter::from_fn(|| tap.seen()));
        if line.result().is_some() && far.result().is_some() {
            let results = [line.result(), far.result()];
            assert!(results.iter().flatten().all(|r| r.is_ok()), "{results:?}");
            return (seen, tap);
        }
    }
    panic!("no end: {seen:?}");
}

/// The control fields of a side's frames, without the bit that says who called.
fn fields(seen: &[Seen], side: Side) -> Vec<u8> {
    let frames = seen.iter().filter_map(|seen| match seen {
        Seen::Frame(frame) if frame.side == side && frame.intact => frame.octets().get(2),
        _ => None,
    });
    frames.map(|octet| octet & 0xFE).collect()
}

#[test]
fn every_frame_is_heard_of_the_side_that_sent_it_and_pages_by_their_energy() {
    for (near, ecm) in [(40.0, false), (6.0, false), (10.0, true)] {
        let (seen, tap) = overhear(near, ecm, 2);
        let (line, far) = (fields(&seen, Side::Line), fields(&seen, Side::Network));
        // CSI, DIS, CFR, two answers to the pages, each bit turned as it stands in a frame.
        assert_eq!(far[..2], [0x40, 0x80], "{near} dB: {far:02x?}");
        assert!(far.contains(&0x84), "{near} dB, CFR: {far:02x?}");
        assert_eq!(
            far.iter().filter(|f| **f == 0x8C).count(),
            2,
            "{near} dB, two pages: {far:02x?}"
        );
        assert!(
            !far.contains(&0x82),
            "{near} dB, a DCS that came back: {far:02x?}"
        );
        assert_eq!(
            line[..2],
            [0x42, 0x82],
            "{near} dB, TSI and DCS: {line:02x?}"
        );
        assert_eq!(line.last(), Some(&0xFA), "{near} dB, DCN: {line:02x?}");
        assert!(
            !line.contains(&0x80) && !line.contains(&0x8C),
            "{near} dB, frames that came back: {line:02x?}"
        );
        let spoilt = seen
            .iter()
            .filter(|s| matches!(s, Seen::Frame(f) if !f.intact));
        assert_eq!(spoilt.count(), 0, "{near} dB: {seen:?}");
        // After the tones: the training check, and two pages.
        let frame = seen.iter().position(|s| matches!(s, Seen::Frame(_)));
        let after = &seen[frame.expect("frames")..];
        let signals = after.iter().filter(|s| **s == Seen::Signal(Side::Line));
        assert_eq!(signals.count(), 3, "{near} dB: {seen:?}");
        assert!(!after.contains(&Seen::Signal(Side::Network)), "{near} dB");
        assert_eq!(tap.seen_lost(), 0);
        for side in [Side::Line, Side::Network] {
            let level = tap.level_dbm0(side).expect("both have spoken");
            assert!((-16.0..-8.0).contains(&level), "{side:?}: {level}");
            let on = |seen: &Seen, on: bool| match seen {
                Seen::Carrier(from, carrier) => *from == side && carrier.is_some() == on,
                Seen::Signal(from) => *from == side && on,
                Seen::Frame(_) => false,
            };
            let [begun, ended] = [true, false].map(|is| seen.iter().filter(|s| on(s, is)).count());
            assert!(
                begun.abs_diff(ended) <= 1,
                "{side:?}: {begun} begun, {ended} ended"
            );
        }
        assert!(seen.contains(&Seen::Carrier(Side::Network, Some(Carrier::V21))));
    }
}

#[test]
fn speech_and_noise_are_no_frames() {
    let mut tap = Tap::new().expect("a tap");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut samples = [0i16; BLOCK];
    let mut frames = 0;
    for block in 0..60_000u32 {
        for sample in &mut samples {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Noise that swells and falls as syllables do.
            let loud = 1 + i32::from(block / 20 % 3 != 0) * 6000;
            *sample = ((state >> 48) as i32 % loud - loud / 2) as i16;
        }
        tap.hear(
            if block % 2 == 0 {
                Side::Line
            } else {
                Side::Network
            },
            &samples,
        );
        while let Some(seen) = tap.seen() {
            frames += u32::from(matches!(seen, Seen::Frame(_)));
        }
    }
    assert_eq!(frames, 0);
}
