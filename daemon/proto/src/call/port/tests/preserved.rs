//! Calls that have lost their CallManager, and their ends.

use super::*;
use crate::call::Heard;

/// A talking call whose server is lost at this moment.
fn preserved(change: impl FnOnce(&mut PortConfig)) -> Bench {
    let mut b = Bench::with(change);
    b.talking(1);
    b.wait(10_000);
    b.input(Input::StationDown);
    assert_eq!(b.seen(), []);
    b
}

/// Lets time pass; whenever the media side is asked, RTP came until `until` (ms), in this percentage of the time.
fn wait_with_rtp(b: &mut Bench, ms: u64, until: u64, percent: u64) -> Vec<Output> {
    let end = b.now + Duration::from_millis(ms);
    let mut seen = vec![];
    while b.now < end {
        b.wait(100);
        for output in b.outputs() {
            if output == media(MediaOutput::NeedHeard { party: Party(1) }) {
                let last = b.now.min(Time::from_millis(until));
                let packets = last.since_epoch().as_millis() as u64 * percent / 100 / 20;
                let heard = Heard {
                    opened: Time::ZERO,
                    last: Some(last),
                    packets,
                };
                let party = Party(1);
                b.input(Input::Media(MediaInput::Heard { party, heard }));
            } else {
                seen.push(output);
            }
        }
    }
    seen.extend(b.outputs());
    seen
}

fn ended_at(b: &mut Bench, until: u64, percent: u64) -> u64 {
    let preserved = |b: &Bench| b.port.in_state(CallState::Preserved).is_some();
    while preserved(b) {
        wait_with_rtp(b, 100, until, percent);
        assert!(b.now < Time::from_millis(3_600_000), "it never ends");
    }
    b.now.since_epoch().as_millis() as u64
}

#[test]
fn a_call_whose_rtp_ends_after_its_server_ends_a_minute_later_like_any_other() {
    let mut b = preserved(|_| {});
    let out = wait_with_rtp(&mut b, 600_000, 500_000, 100);
    let begin = out.iter().position(|o| matches!(o, Output::Record(_)));
    let out = &out[begin.expect("it ends")..];
    assert_eq!(out[1..3], [no_bridge(), close_receive(1)]);
    let Output::Record(record) = &out[0] else {
        panic!("{out:?}");
    };
    assert_eq!(record.cause, EndCause::RtpEnded);
    let ended = record.ended.since_epoch().as_millis();
    assert!((560_000..560_300).contains(&ended), "{ended}");
    assert_eq!(
        out[3..],
        [
            line(LineOutput::OpenLoop { ms: 500 }),
            play(Tone::REORDER),
            play(Tone::HOWLER)
        ]
    );
    assert_eq!(b.port.snapshot().counters.preserved_silent, 1);
    // chan_skinny may still believe in it, and hears that it is over when it is back.
    b.input(Input::StationUp { version: 3 });
    assert_eq!(b.seen(), [on_hook(1)]);
}

#[test]
fn a_call_whose_rtp_goes_on_goes_on() {
    let mut b = preserved(|_| {});
    assert_eq!(wait_with_rtp(&mut b, 7_200_000, u64::MAX, 100), []);
    assert_eq!(b.word(), PortState::InCall);
}

#[test]
fn a_far_end_that_suppresses_silence_may_listen_for_five_minutes() {
    let mut b = preserved(|_| {});
    let ended = ended_at(&mut b, 100_000, 40);
    assert!((400_000..400_500).contains(&ended), "{ended}");
    // Some loss is no silence suppression.
    let mut b = preserved(|_| {});
    let ended = ended_at(&mut b, 100_000, 80);
    assert!((160_000..160_500).contains(&ended), "{ended}");
}

#[test]
fn the_time_is_a_setting_and_nought_is_for_ever() {
    let mut b = preserved(|c| c.preserved_rtp_ms = 10_000);
    let ended = ended_at(&mut b, 30_000, 100);
    assert!((40_000..40_500).contains(&ended), "{ended}");
    let mut b = preserved(|c| c.preserved_rtp_ms = 0);
    assert_eq!(wait_with_rtp(&mut b, 7_200_000, 30_000, 100), []);
}

#[test]
fn a_call_that_hears_nothing_yet_is_not_over_after_a_minute() {
    let mut b = preserved(|_| {});
    let since = b.now;
    while !b.port.snapshot().calls.is_empty() {
        b.wait(1_000);
        if b.seen()
            .contains(&media(MediaOutput::NeedHeard { party: Party(1) }))
        {
            let (party, opened) = (Party(1), Time::ZERO);
            let heard = Heard {
                opened,
                last: None,
                packets: 0,
            };
            b.input(Input::Media(MediaInput::Heard { party, heard }));
        }
        assert!(b.now < Time::from_millis(3_600_000), "it never ends");
    }
    assert!(b.now - since >= Duration::from_secs(300));
}

#[test]
fn a_call_that_ends_while_another_waits_leaves_that_one_to_the_flash() {
    let mut b = preserved(|_| {});
    b.input(Input::StationUp { version: 3 });
    b.says(&[state(CallStateKind::RING_IN, 2)]);
    b.outputs();
    ended_at(&mut b, 20_000, 100);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::ANSWER, 2), SILENT]);
}

#[test]
fn a_flash_to_a_waiting_call_does_not_drop_the_preserved_one() {
    for flash in [FlashAction::Transfer, FlashAction::Hold, FlashAction::Send] {
        let mut b = preserved(|c| c.flash = flash);
        b.input(Input::StationUp { version: 3 });
        b.says(&[
            state(CallStateKind::RING_IN, 2),
            tone(Tone::CALL_WAITING, 2),
        ]);
        b.outputs();
        b.flash();
        assert_eq!(b.seen(), [], "{flash:?}");
        assert_eq!(b.port.snapshot().active, Some(CallRef(1)));
        assert_eq!(b.port.snapshot().counters.flashes_unused, 1);
        // Hanging up is the way to the other.
        b.hang_up();
        assert!(b.seen().contains(&line(LineOutput::Ring(RingMode::INSIDE))));
    }
}

#[test]
fn a_call_that_a_server_takes_up_again_is_the_servers_to_end() {
    let mut b = preserved(|_| {});
    b.input(Input::StationUp { version: 3 });
    b.says(&[state(CallStateKind::CONNECTED, 1)]);
    assert_eq!(wait_with_rtp(&mut b, 3_600_000, 20_000, 100), []);
    assert_eq!(b.port.snapshot().calls[0].state, CallState::Connected);
}
