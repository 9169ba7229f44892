//! Where the player stands, on networks of several kinds: virtual time, seeded.

use super::*;

/// xorshift: the same bad network every time.
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        Dice(0x1234_5678_9ABC_DEF1)
    }

    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Gamma with shape 2.
    fn gamma2(&mut self, scale: f64) -> f64 {
        -scale * (self.unit() * self.unit()).ln()
    }
}

const PACKET_MS: f64 = 20.0;
/// 1 s of talk, half a second of pause.
fn is_pause(packet: u32) -> bool {
    packet / 25 % 3 == 2
}

/// A byte that shows the packet it is of, modulo 50, and is quiet in pauses.
fn byte_of(packet: u32) -> u8 {
    let m = (packet % 50) as u8;
    if is_pause(packet) {
        !((m % 25) | ((m / 25) << 7))
    } else {
        !(0x1B + m)
    }
}

/// The packet that a byte is of, near `about`.
fn packet_of(byte: u8, about: i64) -> i64 {
    let code = !byte & 0x7F;
    let m = if code < 0x1B {
        code + 25 * (!byte >> 7)
    } else {
        code - 0x1B
    };
    let packet = about - about.rem_euclid(50) + i64::from(m);
    [packet - 50, packet, packet + 50]
        .into_iter()
        .min_by_key(|p| (p - about).abs())
        .unwrap()
}

/// What became of a stream.
#[derive(Debug, Default)]
struct Outcome {
    /// From a packet's arrival on a network without jitter to the block that begins it, ms: mean, of the last
    /// quarter, and most.
    mean: f64,
    last: f64,
    most: f64,
    /// Late packets, percent.
    late: f64,
    stats: JitterStats,
}

/// Plays 20 ms packets of this number of ms in transit each (infinite: lost), the first `phase_ms` after a block, the far
/// clock `ppm` fast.
fn run(b: &mut JitterBuffer, transits: &[f64], phase_ms: f64, ppm: f64) -> Outcome {
    let sent = |n: i64| n as f64 * PACKET_MS * (1.0 - ppm * 1e-6) + 40.0 + phase_ms;
    let mut arrivals: Vec<(u64, u32)> = transits
        .iter()
        .enumerate()
        .filter(|(_, t)| t.is_finite())
        .map(|(n, t)| (((sent(n as i64) + t) * 1000.0) as u64, n as u32))
        .collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut delays = Vec::new();
    let mut before = -1;
    for block in 0..transits.len() as u64 * 2 {
        let now = block * 10_000;
        while let Some((at, n)) = arrivals.next_if(|(at, _)| *at < now + 10_000) {
            let since = Duration::from_micros(at.saturating_sub(now));
            b.insert(since, n.wrapping_mul(160), MU, &[byte_of(n); 160], false);
        }
        let mut out = [0; BLOCK];
        if let Playout::Samples(_) = b.pop(&mut out) {
            let packet = packet_of(out[0], before.max(0));
            assert!(packet >= before, "went back from {before} to {packet}");
            if packet > before {
                delays.push((now + 10_000) as f64 / 1000.0 - sent(packet));
            }
            before = packet;
        }
    }
    let mean = |d: &[f64]| d.iter().sum::<f64>() / d.len().max(1) as f64;
    let stats = b.stats();
    Outcome {
        mean: mean(&delays),
        last: mean(&delays[delays.len() * 3 / 4..]),
        most: delays.iter().copied().fold(0.0, f64::max),
        late: stats.late as f64 * 100.0 / transits.len() as f64,
        stats,
    }
}

fn minutes(n: usize) -> usize {
    n * 3000
}

fn jitter(packets: usize, mut transit: impl FnMut(usize) -> f64) -> Vec<f64> {
    (0..packets).map(&mut transit).collect()
}

/// Packets do not overtake each other.
fn in_order(mut transits: Vec<f64>) -> Vec<f64> {
    for n in 1..transits.len() {
        transits[n] = transits[n].max(transits[n - 1] - PACKET_MS);
    }
    transits
}

fn adaptive() -> JitterBuffer {
    buffer(0, 200)
}

fn slips(outcome: &Outcome) -> u64 {
    outcome.stats.stretched + outcome.stats.shrunk
}

#[test]
fn a_steady_stream_waits_for_the_next_block_and_half_a_millisecond_at_most() {
    for phase in 0..100 {
        let phase = f64::from(phase) / 10.0;
        let outcome = run(&mut adaptive(), &jitter(500, |_| 0.0), phase, 0.0);
        assert!(outcome.last <= 10.5, "{phase}: {outcome:?}");
        assert!(
            outcome.stats.stretched <= 1 && outcome.stats.shrunk == 0,
            "{outcome:?}"
        );
        assert_eq!(
            (outcome.stats.late, outcome.stats.underruns),
            (0, 0),
            "{outcome:?}"
        );
    }
}

#[test]
fn even_jitter_is_covered_and_no_more() {
    for (width, most) in [(0.5, 10.5), (20.0, 31.0), (60.0, 71.0)] {
        let mut dice = Dice::new();
        let transits = jitter(minutes(10), |_| dice.unit() * width);
        let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
        assert!(outcome.last <= most, "{width} ms: {outcome:?}");
        assert!(outcome.late <= 0.1, "{width} ms: {outcome:?}");
        assert!(slips(&outcome) <= 12, "{width} ms: {outcome:?}");
    }
}

#[test]
fn bursts_of_a_radio_network_are_covered_to_half_a_percent() {
    let mut dice = Dice::new();
    let mut stall = 0.0f64;
    let transits = in_order(jitter(minutes(10), |_| {
        stall -= PACKET_MS;
        if dice.unit() < 0.005 {
            stall = 20.0 + dice.gamma2(25.0);
        }
        stall.max(dice.gamma2(2.0))
    }));
    let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
    assert!(outcome.late <= 0.5, "{outcome:?}");
    assert!(
        outcome.mean <= 100.0 && outcome.stats.resyncs == 0,
        "{outcome:?}"
    );
}

#[test]
fn a_spike_a_minute_does_not_raise_the_delay() {
    let transits = jitter(minutes(10), |n| match n % 3000 {
        n @ 1500..1510 => 200.0 - (n - 1500) as f64 * PACKET_MS,
        _ => 0.3,
    });
    let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
    assert!(outcome.mean <= 10.5 && outcome.most <= 30.5, "{outcome:?}");
    // The spikes themselves: ten packets each, the last of which comes in time.
    assert!(outcome.late <= 0.34, "{outcome:?}");
    assert_eq!(
        (slips(&outcome), outcome.stats.resyncs),
        (0, 0),
        "{outcome:?}"
    );
}

#[test]
fn jitter_that_ends_is_forgotten_within_two_minutes() {
    let mut dice = Dice::new();
    let transits = jitter(minutes(4), |n| {
        dice.unit() * if n < minutes(1) { 60.0 } else { 1.0 }
    });
    let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
    assert!(outcome.last <= 10.5, "{outcome:?}");
}

#[test]
fn a_longer_route_is_followed_within_a_second() {
    let transits = jitter(minutes(2), |n| if n < minutes(1) { 1.0 } else { 41.0 });
    let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
    assert!(
        outcome.stats.late <= 10 && outcome.last <= 51.5,
        "{outcome:?}"
    );
    assert!(
        slips(&outcome) <= 5 && outcome.stats.resyncs == 0,
        "{outcome:?}"
    );
}

#[test]
fn loss_costs_what_was_lost_and_moves_nothing() {
    let mut dice = Dice::new();
    let transits = jitter(minutes(1), |_| {
        let lost = dice.unit() < 0.05;
        if lost { f64::INFINITY } else { 1.0 }
    });
    let lost = transits.iter().filter(|t| t.is_infinite()).count() as u64;
    let outcome = run(&mut adaptive(), &transits, 3.0, 0.0);
    assert_eq!(outcome.stats.late, 0, "{outcome:?}");
    assert_eq!(slips(&outcome), 0, "{outcome:?}");
    assert!(outcome.stats.concealed <= lost * 2, "{lost} {outcome:?}");
}

#[test]
fn a_clock_that_runs_away_is_followed_by_a_block_at_a_time() {
    for ppm in [200.0, -200.0] {
        let mut b = adaptive();
        b.expect_drift(ppm as f32);
        let outcome = run(&mut b, &jitter(minutes(10), |_| 0.2), 3.0, ppm);
        // 120 ms in ten minutes.
        assert!((11..=13).contains(&slips(&outcome)), "{ppm}: {outcome:?}");
        assert!(
            outcome.most <= 11.0 && outcome.late <= 0.1,
            "{ppm}: {outcome:?}"
        );
        assert_eq!(outcome.stats.resyncs, 0, "{ppm}: {outcome:?}");
    }
}

#[test]
fn a_fixed_delay_never_slips() {
    let mut dice = Dice::new();
    let transits = jitter(minutes(5), |_| dice.unit() * 30.0);
    let outcome = run(&mut buffer(100, 100), &transits, 3.0, 50.0);
    assert_eq!(
        (slips(&outcome), outcome.stats.resyncs, outcome.stats.late),
        (0, 0, 0),
        "{outcome:?}"
    );
}

#[test]
fn a_fixed_buffer_that_became_far_too_deep_is_set_back() {
    let mut b = buffer(100, 100);
    let mut delay = Vec::new();
    let mut sent = 0;
    for n in 0..1500 {
        // A far clock that runs 2 % fast.
        for _ in 0..=u32::from(n % 50 == 0) {
            put(&mut b, sent, 160);
            sent += 1;
        }
        for _ in 0..2 {
            b.pop(&mut [0; BLOCK]);
        }
        delay.push(b.stats().delay_ms);
    }
    assert!(delay.iter().any(|d| *d > 180), "{delay:?}");
    assert!(delay.iter().all(|d| *d <= 230), "{delay:?}");
    assert!((4..=7).contains(&b.stats().resyncs), "{:?}", b.stats());
}

/// The packets that were played, in order, when the buffer is held from `at` on.
fn held_from(at: u32, talk: impl Fn(u32) -> u8) -> (Vec<u8>, JitterBuffer) {
    let mut b = adaptive();
    let mut heard = Vec::new();
    for n in 0..400 {
        b.insert(Duration::ZERO, n * 160, MU, &[talk(n); 160], false);
        if n == at {
            b.hold(true);
        }
        for _ in 0..2 {
            let mut out = [0; BLOCK];
            if let Playout::Samples(_) = b.pop(&mut out) {
                heard.push(out[0]);
            }
        }
    }
    (heard, b)
}

#[test]
fn a_buffer_that_comes_to_be_held_grows_once_and_loses_no_sample() {
    let loud = |n: u32| !(0x1B + (n % 100) as u8);
    let paused = |n: u32| if n == 110 { 0xFF } else { loud(n) };
    for talk in [&loud as &dyn Fn(u32) -> u8, &paused] {
        let (heard, b) = held_from(100, talk);
        let stats = b.stats();
        assert!(
            stats.held && stats.delay_ms >= 100 && stats.delay_ms <= 110,
            "{stats:?}"
        );
        assert!(stats.stretched <= 10 && stats.shrunk == 0, "{stats:?}");
        // Each packet is two blocks, and what is still waiting is the end.
        let all: Vec<u8> = (0..400).flat_map(|n| [talk(n); 2]).collect();
        assert_eq!(heard, all[..heard.len()]);
        assert!(heard.len() >= 788, "{}", heard.len());
    }
}

#[test]
fn growing_waits_for_a_pause_but_not_for_long() {
    let grown_at = |pause: Option<u32>| {
        let mut b = adaptive();
        let mut grown = None;
        for n in 0..200 {
            let byte = if pause == Some(n) { 0xFF } else { 0x80 };
            b.insert(Duration::ZERO, n * 160, MU, &[byte; 160], false);
            b.hold(n >= 100);
            for _ in 0..2 {
                b.pop(&mut [0; BLOCK]);
            }
            grown = grown.or((b.stats().stretched > 0).then_some(n));
        }
        grown.unwrap()
    };
    assert_eq!(grown_at(Some(112)), 112);
    assert_eq!(grown_at(None), 125);
}

#[test]
fn let_go_a_held_buffer_follows_the_network_again() {
    let mut b = adaptive();
    b.hold(true);
    let outcome = run(&mut b, &jitter(minutes(1), |_| 0.2), 3.0, 0.0);
    assert!((100.0..=110.5).contains(&outcome.last), "{outcome:?}");
    b.hold(false);
    b.reset();
    let outcome = run(&mut b, &jitter(minutes(1), |_| 0.2), 3.0, 0.0);
    assert!(outcome.last <= 10.5, "{outcome:?}");
}
