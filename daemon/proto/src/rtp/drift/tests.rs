use super::*;
use std::time::Duration;

/// xorshift: the same bad network every time.
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}

/// What a stream is like.
#[derive(Clone, Copy)]
struct Stream {
    /// The far clock against true time, and the card's, ppm.
    far: f64,
    card: f64,
    seconds: u32,
    /// Mean transit beyond the fastest, exponential, ms; and mean lateness of wakes.
    jitter_ms: f64,
    wake_ms: f64,
    /// Another route from then on, that takes this number of ms longer.
    route: (u32, f64),
}

const CALM: Stream = Stream {
    far: 0.0,
    card: 0.0,
    seconds: 600,
    jitter_ms: 0.5,
    wake_ms: 0.05,
    route: (u32::MAX, 0.0),
};

fn at(us: f64) -> Time {
    Time::from_duration(Duration::from_micros(us as u64))
}

fn measure(s: Stream) -> (DriftMeter, Option<Drift>) {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut meter = DriftMeter::default();
    for packet in 0..s.seconds * 50 {
        let sent = f64::from(packet) * 20_000.0 * (1.0 - s.far * 1e-6) + 1e6;
        let longer = if packet / 50 >= s.route.0 {
            s.route.1
        } else {
            0.0
        };
        let transit = -s.jitter_ms * dice.unit().ln() + longer;
        meter.packet(
            at(sent + transit * 1000.0),
            0xFFFF_0000u32.wrapping_add(packet * 160),
        );
        for block in 0..2 {
            let due = f64::from(packet * 2 + block) * 10_000.0 * (1.0 - s.card * 1e-6) + 1e6;
            meter.block(at(due - s.wake_ms * 1000.0 * dice.unit().ln()), 80);
        }
    }
    let drift = meter.drift();
    (meter, drift)
}

#[test]
fn drift_is_the_far_clock_against_the_cards_not_ours() {
    for (far, card) in [
        (200.0, 0.0),
        (-200.0, 0.0),
        (0.0, 200.0),
        (30.0, -25.0),
        (0.0, 0.0),
    ] {
        let drift = measure(Stream { far, card, ..CALM }).1.unwrap();
        let wanted = far - card;
        let off = (f64::from(drift.ppm) - wanted).abs();
        assert!(off <= (wanted.abs() * 0.02).max(1.0), "{wanted}: {drift:?}");
        assert!(off <= f64::from(drift.error_ppm), "{wanted}: {drift:?}");
    }
}

#[test]
fn it_is_unknown_for_half_a_minute_and_then_known_to_ten_percent() {
    let after = |seconds| {
        measure(Stream {
            far: 200.0,
            seconds,
            ..CALM
        })
        .1
    };
    assert_eq!(after(25), None);
    let drift = after(35).unwrap();
    assert!((drift.ppm - 200.0).abs() <= 20.0, "{drift:?}");
}

#[test]
fn a_bad_network_makes_it_less_sure_not_wrong() {
    let bad = Stream {
        far: -200.0,
        jitter_ms: 20.0,
        wake_ms: 2.0,
        ..CALM
    };
    let drift = measure(bad).1.unwrap();
    assert!((drift.ppm + 200.0).abs() <= 20.0, "{drift:?}");
    assert!(
        (drift.ppm + 200.0).abs() <= drift.error_ppm * 1.5,
        "{drift:?}"
    );
}

#[test]
fn another_route_is_no_drift() {
    for longer in [40.0, -40.0] {
        let route = (300, longer);
        let drift = measure(Stream {
            far: 20.0,
            route,
            ..CALM
        })
        .1
        .unwrap();
        assert!((drift.ppm - 20.0).abs() <= 2.0, "{drift:?}");
    }
}

#[test]
fn a_source_that_restarts_does_not_restart_the_measure() {
    let (mut meter, before) = measure(Stream {
        far: 50.0,
        seconds: 60,
        ..CALM
    });
    meter.restart();
    meter.packet(at(62e6), 12);
    for n in 0..400 {
        meter.block(at(61e6 + f64::from(n) * 10_000.0), 80);
    }
    assert_eq!(
        meter.drift().unwrap().ppm.round(),
        before.unwrap().ppm.round()
    );
}

#[test]
fn jumps_that_add_up_beyond_the_clock_panic_nothing() {
    let mut meter = DriftMeter::default();
    for place in [i64::MAX - 5, i64::MAX / SAMPLE_US - 5, i64::MIN + 5] {
        meter.before = Some((0, place));
        for n in 0..1000u32 {
            let now = Time::from_millis(u64::from(n) * 20);
            meter.packet(now, (n % 2) * 0x7FFF_FFFF);
            meter.block(now, 160);
        }
        let _ = meter.drift();
    }
}
