//! Every digit once, in order, whatever it was dialled with.

use tipring_proto::call::{FlashWindow, PulseWindow};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::Tone;

use crate::world::{World, number};

#[test]
fn twelve_keys_in_twenty_calls_arrive_each_once() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        for _ in 0..20 {
            w.lift(0);
            w.dial(0, "603");
            w.run(4_000);
            w.dial(0, "0123456789*#");
            w.run(200);
            w.hang_up(0);
            w.run(200);
        }
        let logs = w.cm.digits();
        assert_eq!(logs.len(), 20, "{dialect:?}");
        for log in logs {
            assert_eq!(log.dialled, "603", "{dialect:?}");
            assert_eq!(log.in_call, "0123456789*#", "{dialect:?}");
        }
    }
}

#[test]
fn a_rotary_dial_calls_too() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.dial_pulses(0, &number(1));
        w.run(4_000);
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        w.lift(1);
        w.run(500);
        w.assert_talking(0, 1);
        let counters = w.desks[0].device.snapshot().port.counters;
        assert_eq!((counters.digits_pulse, counters.digits_dtmf), (4, 0));
    }
}

#[test]
fn a_rotary_dial_in_a_call_sends_digits_and_does_not_hang_up() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        w.lift(0);
        w.dial(0, "603");
        w.run(4_000);
        w.dial_pulses(0, "1905");
        assert_eq!(w.cm.digits()[0].in_call, "1905", "{dialect:?}");
    }
}

#[test]
fn a_slow_dial_calls_and_sends_digits_where_flashes_begin_at_75_ms() {
    for dialect in Dialect::ALL {
        let mut w = World::with(
            dialect,
            2,
            |_| {},
            |p| {
                p.hook.pulse = Some(PulseWindow {
                    max_ms: 110,
                    ..PulseWindow::default()
                });
                p.hook.flash = Some(FlashWindow {
                    min_ms: 75,
                    max_ms: 250,
                });
            },
        );
        w.lift(0);
        w.run(500);
        w.dial_pulses_of(0, &number(1), 83, 42);
        w.run(4_000);
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        w.lift(1);
        w.run(500);
        w.assert_talking(0, 1);
        w.dial_pulses_of(0, "905", 87, 38);
        assert_eq!(w.cm.digits()[0].in_call, "905", "{dialect:?}");
        let counters = w.desks[0].device.snapshot().port.counters;
        assert_eq!((counters.digits_pulse, counters.flashes), (7, 0));
        w.assert_talking(0, 1);
    }
}

#[test]
fn digits_dialled_before_the_dial_tone_are_not_lost() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.latency_ms = 150;
        w.lift(0);
        assert_eq!(w.tones(0), []);
        w.dial(0, &number(1));
        w.run(5_000);
        assert_eq!(w.cm.digits()[0].dialled, number(1), "{dialect:?}");
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        assert_eq!(
            w.tones(0),
            [Tone::ALERTING],
            "{dialect:?}: no dial tone over the digits"
        );
    }
}

#[test]
fn with_an_event_payload_the_server_gets_no_keys() {
    let mut w = World::with(Dialect::ChanSccp, 1, |c| c.rfc2833_payload = 101, |_| {});
    w.lift(0);
    w.dial(0, "600");
    w.run(4_000);
    w.said(0);
    w.dial(0, "42");
    assert_eq!(w.said(0), []);
}
