//! Calls that fail: busy, congestion, refused, never dialled.

use std::time::Duration;
use tipring_proto::call::{EndCause, PortState};
use tipring_proto::sccp::callmanager::{DialTiming, Dialect};
use tipring_proto::sccp::message::Tone;

use crate::world::World;

/// Dials, and waits until any server has decided.
fn failed(dialect: Dialect, number: &str, early_rtp: bool) -> World {
    let mut w = World::with(dialect, 1, |c| c.early_rtp = early_rtp, |_| {});
    w.lift(0);
    w.dial(0, number);
    w.run(6_000);
    w
}

/// Hangs up: the record says that the call had failed before.
fn hang_up_after(w: &mut World, causes: &[EndCause], what: &str) {
    w.hang_up(0);
    w.run(500);
    w.assert_idle();
    let record = w.desks[0].records.last().expect(what);
    assert!(causes.contains(&record.cause), "{what}: {record:?}");
}

#[test]
fn busy_is_heard_and_goes_on_until_the_howler() {
    for dialect in Dialect::ALL {
        let mut w = failed(dialect, "611", false);
        assert_eq!(w.desks[0].tone, Some(Tone::BUSY), "{dialect:?}");
        w.run(7_000);
        assert_eq!(w.desks[0].tone, Some(Tone::BUSY), "{dialect:?}");
        w.run(8_000);
        assert_eq!(w.desks[0].tone, Some(Tone::HOWLER), "{dialect:?}");
        hang_up_after(&mut w, &[EndCause::Busy], &format!("{dialect:?}"));
    }
}

#[test]
fn congestion_is_heard() {
    for dialect in Dialect::ALL {
        let mut w = failed(dialect, "612", false);
        // wazo says busy for both.
        let expected = match dialect {
            Dialect::Wazo => Tone::BUSY,
            Dialect::ChanSkinny | Dialect::ChanSccp | Dialect::ModSkinny | Dialect::Cisco => {
                Tone::REORDER
            }
        };
        assert_eq!(w.desks[0].tone, Some(expected), "{dialect:?}");
        hang_up_after(
            &mut w,
            &[EndCause::Congestion, EndCause::Busy],
            &format!("{dialect:?}"),
        );
    }
}

#[test]
fn busy_that_would_come_as_audio_ends_in_the_howler() {
    let mut w = failed(Dialect::ChanSkinny, "611", true);
    assert_eq!(w.desks[0].tone, None, "the tone is in the audio");
    assert!(w.desks[0].bridge.is_some());
    w.run(14_000);
    assert_eq!(w.desks[0].tone, Some(Tone::HOWLER));
    hang_up_after(&mut w, &[EndCause::Busy], "busy in the audio");
}

#[test]
fn a_refused_call_is_heard_as_reorder() {
    for dialect in Dialect::ALL {
        let mut w = failed(dialect, "615", false);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        hang_up_after(
            &mut w,
            &[EndCause::Refused, EndCause::Congestion],
            &format!("{dialect:?}"),
        );
    }
}

#[test]
fn a_number_that_leads_nowhere_is_heard_as_reorder() {
    for dialect in Dialect::ALL {
        let mut w = failed(dialect, "99", false);
        w.run(8_000);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        hang_up_after(
            &mut w,
            &[EndCause::Congestion, EndCause::Refused],
            &format!("{dialect:?}"),
        );
    }
}

#[test]
fn a_phone_lifted_and_not_dialled_hears_dial_tone_reorder_and_howler() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        w.lift(0);
        w.run(15_000);
        assert_eq!(w.tones(0), [Tone::INSIDE_DIAL], "{dialect:?}");
        w.run(2_000);
        assert_eq!(w.tones(0), [Tone::REORDER], "{dialect:?}");
        w.run(15_000);
        assert_eq!(w.tones(0), [Tone::HOWLER], "{dialect:?}");
        w.run(61_000);
        assert_eq!(w.word(0), PortState::Lockout, "{dialect:?}");
        assert_eq!(w.desks[0].tone, None);
        w.hang_up(0);
        w.run(500);
        assert_eq!(w.desks[0].records.len(), 1, "{dialect:?}");
        w.assert_idle();
    }
}

#[test]
fn a_call_without_digits_ends_though_the_server_waits_for_ever() {
    let patient = DialTiming {
        first_digit: Duration::from_secs(3600),
        ..DialTiming::default()
    };
    for dialect in Dialect::ALL {
        let mut w = World::with(dialect, 1, |c| c.timing = patient, |_| {});
        w.lift(0);
        w.run(21_000);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        assert_eq!(w.desks[0].records[0].cause, EndCause::NoDigits);
        assert_eq!(w.cm.snapshot().calls, []);
    }
}
