use super::*;
use proptest::prelude::*;

const MU: Codec = Codec::G711Ulaw;
const BLOCK: usize = 80;

fn buffer(min_ms: u16, max_ms: u16) -> JitterBuffer {
    JitterBuffer::new(JitterConfig {
        block: BLOCK as u16,
        min_ms,
        max_ms,
    })
}

/// A payload whose bytes tell their place in the stream (loud ones: no quiet block to slip in).
fn payload(n: u32, len: usize) -> Vec<u8> {
    vec![(n % 100) as u8; len]
}

/// Plays a block: the place it tells, or what is made up.
fn play(b: &mut JitterBuffer) -> Result<u8, Playout> {
    let mut out = [0; BLOCK];
    match b.pop(&mut out) {
        Playout::Samples(MU) => {
            assert!(out.iter().all(|byte| *byte == out[0]), "{out:?}");
            Ok(out[0])
        }
        other => Err(other),
    }
}

fn put(b: &mut JitterBuffer, n: u32, len: usize) -> Insert {
    b.insert(
        Duration::ZERO,
        n.wrapping_mul(len as u32),
        MU,
        &payload(n, len),
        false,
    )
}

const SILENCE: Result<u8, Playout> = Err(Playout::Silence);
const CONCEAL: Result<u8, Playout> = Err(Playout::Conceal);

#[test]
fn a_stream_starts_after_its_delay_and_then_runs_through() {
    let mut b = buffer(20, 20);
    assert_eq!(play(&mut b), SILENCE);
    let mut got = Vec::new();
    for n in 0..6 {
        assert_eq!(put(&mut b, n, BLOCK), Insert::Taken);
        got.push(play(&mut b));
    }
    assert_eq!(got, [SILENCE, SILENCE, Ok(0), Ok(1), Ok(2), Ok(3)]);
}

#[test]
fn order_repetition_and_wrap_of_timestamps_do_not_matter() {
    let mut b = buffer(40, 40);
    // Timestamps 80·n around the wrap of 2^32.
    let first = u32::MAX / 80 - 1;
    let ts = |n: u32| first.wrapping_mul(80).wrapping_add(n * 80);
    for n in [0, 2, 1, 1, 3, 5, 4, 3] {
        assert_eq!(
            b.insert(Duration::ZERO, ts(n), MU, &payload(n, BLOCK), false),
            Insert::Taken
        );
    }
    let got: Vec<_> = (0..10).map(|_| play(&mut b)).collect();
    assert_eq!(got[..4], [SILENCE; 4]);
    assert_eq!(got[4..], [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]);
}

#[test]
fn packets_of_any_length_play_as_blocks() {
    for len in [40, 80, 160, 240, 480] {
        let mut b = buffer(0, 0);
        for at in (0..480).step_by(len) {
            let bytes: Vec<u8> = (at..at + len).map(|n| (n / BLOCK) as u8).collect();
            assert_eq!(
                b.insert(Duration::ZERO, at as u32, MU, &bytes, false),
                Insert::Taken
            );
        }
        let got: Vec<_> = (0..6).map(|_| play(&mut b)).collect();
        assert_eq!(
            got,
            [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)],
            "packets of {len}"
        );
    }
    let mut b = buffer(0, 0);
    assert_eq!(b.insert(Duration::ZERO, 0, MU, &[], false), Insert::Refused);
    assert_eq!(
        b.insert(Duration::ZERO, 0, MU, &[0; 481], false),
        Insert::Refused
    );
    assert_eq!(b.stats().refused, 2);
}

#[test]
fn a_lost_block_is_concealed_and_a_late_one_is_counted() {
    let mut b = buffer(10, 10);
    let mut got = Vec::new();
    for n in 0..6 {
        if n != 3 {
            put(&mut b, n, BLOCK);
        }
        got.push(play(&mut b));
    }
    assert_eq!(put(&mut b, 3, BLOCK), Insert::Late);
    got.push(play(&mut b));
    assert_eq!(got, [SILENCE, Ok(0), Ok(1), Ok(2), CONCEAL, Ok(4), Ok(5)]);
    let stats = b.stats();
    assert_eq!((stats.late, stats.concealed, stats.underruns), (1, 1, 0));
}

#[test]
fn an_end_of_the_stream_is_one_underrun_sixty_ms_of_concealment_then_silence() {
    let mut b = buffer(0, 0);
    put(&mut b, 0, BLOCK);
    let got: Vec<_> = (0..9).map(|_| play(&mut b)).collect();
    assert_eq!(got[0], Ok(0));
    assert_eq!(got[1..7], [CONCEAL; 6]);
    assert_eq!(got[7..], [SILENCE; 2]);
    assert_eq!((b.stats().underruns, b.stats().concealed), (1, 6));
}

#[test]
fn a_new_talkspurt_whose_clock_stood_still_starts_anew() {
    let mut b = buffer(10, 10);
    put(&mut b, 0, BLOCK);
    for _ in 0..200 {
        let _ = play(&mut b);
    }
    // Two seconds later the sender goes on with the very next timestamp.
    assert_eq!(put(&mut b, 1, BLOCK), Insert::Taken);
    assert_eq!([play(&mut b), play(&mut b)], [SILENCE, Ok(1)]);
    assert_eq!(b.stats().resyncs, 1);
}

#[test]
fn one_wild_timestamp_is_dropped_two_in_line_are_followed() {
    let mut b = buffer(0, 0);
    put(&mut b, 0, BLOCK);
    assert_eq!(put(&mut b, 900_000, BLOCK), Insert::Early);
    put(&mut b, 1, BLOCK);
    assert_eq!([play(&mut b), play(&mut b)], [Ok(0), Ok(1)]);
    assert_eq!(put(&mut b, 900_000, BLOCK), Insert::Early);
    assert_eq!(put(&mut b, 900_001, BLOCK), Insert::Taken);
    assert_eq!(play(&mut b), Ok(1)); // 900 001 mod 100
    assert_eq!((b.stats().early, b.stats().resyncs), (2, 1));
}

#[test]
fn a_new_source_is_followed_at_once() {
    let mut b = buffer(0, 0);
    put(&mut b, 5, BLOCK);
    assert_eq!(play(&mut b), Ok(5));
    assert_eq!(
        b.insert(Duration::ZERO, 3_000_000_000, MU, &payload(42, 80), true),
        Insert::Taken
    );
    assert_eq!(play(&mut b), Ok(42));
}

#[test]
fn a_stream_that_became_slower_for_good_is_followed_after_a_few_late_packets() {
    let mut b = buffer(20, 20);
    for n in 0..20 {
        put(&mut b, n, BLOCK);
        let _ = play(&mut b);
    }
    // 200 ms more delay: nothing for 20 blocks, then every block one packet.
    for _ in 0..20 {
        let _ = play(&mut b);
    }
    let mut got = Vec::new();
    for n in 20..30 {
        put(&mut b, n, BLOCK);
        got.push(play(&mut b));
    }
    assert_eq!(got[got.len() - 3..], [Ok(25), Ok(26), Ok(27)]);
}

#[test]
fn partial_blocks_are_filled_with_their_neighbour() {
    let mut b = buffer(0, 0);
    b.insert(Duration::ZERO, 0, MU, &[7; 40], false);
    let mut out = [0; BLOCK];
    assert_eq!(b.pop(&mut out), Playout::Samples(MU));
    assert_eq!(out, [7; BLOCK]);
    b.insert(Duration::ZERO, 120, Codec::G711Alaw, &[9; 40], false);
    assert_eq!(b.pop(&mut out), Playout::Samples(Codec::G711Alaw));
    assert_eq!(
        (out[..40].to_vec(), out[40..].to_vec()),
        (vec![0xD5; 40], vec![9; 40])
    );
}

/// xorshift: the same bad network every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Runs `seconds` of 20 ms packets through a network with so much jitter and loss (%), the far clock `ppm` fast.
/// Answers the blocks that were played in order, and the buffer.
fn network(
    mut b: JitterBuffer,
    seconds: u64,
    jitter_ms: u64,
    loss: u64,
    ppm: i64,
) -> (usize, JitterBuffer) {
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let packets = seconds * 50;
    let mut arrivals: Vec<(u64, u32)> = (0..packets)
        .filter(|_| dice.below(100) >= loss)
        .map(|n| n as i64)
        .map(|n| {
            let sent_us = n * 20_000 - n * 20_000 * ppm / 1_000_000;
            (sent_us as u64 + 5_000, n as u32)
        })
        .collect();
    for a in &mut arrivals {
        a.0 += dice.below(jitter_ms * 1000 + 1);
    }
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut good = 0;
    let mut before: Option<u8> = None;
    for block in 0..seconds * 100 {
        let now = block * 10_000;
        while let Some((at, n)) = arrivals.next_if(|(at, _)| *at <= now + 9_999) {
            let since = Duration::from_micros(at.saturating_sub(now));
            b.insert(since, n.wrapping_mul(160), MU, &payload(n, 160), false);
        }
        let mut out = [0; BLOCK];
        if let Playout::Samples(_) = b.pop(&mut out) {
            let place = out[0];
            if let Some(before) = before {
                let step = (u32::from(place) + 100 - u32::from(before)) % 100;
                assert!(step < 50, "went back from {before} to {place}");
            }
            before = Some(place);
            good += 1;
        }
    }
    (good, b)
}

#[test]
fn a_steady_stream_is_never_touched() {
    let (good, b) = network(buffer(20, 200), 60, 0, 0, 0);
    let stats = b.stats();
    assert!(good >= 5995, "{good}");
    assert_eq!(
        (stats.late, stats.stretched, stats.shrunk, stats.concealed),
        (0, 0, 0, 0),
        "{stats:?}"
    );
    assert_eq!(stats.target_ms, 20);
}

#[test]
fn jitter_is_waited_for_and_forgotten_when_it_ends() {
    let (good, b) = network(buffer(20, 200), 60, 60, 0, 0);
    let stats = b.stats();
    assert!(stats.late < 12 && stats.concealed < 40, "{stats:?}");
    assert!(good > 5940, "{good} {stats:?}");
    assert!((60..=90).contains(&stats.target_ms), "{stats:?}");
    // Now the same buffer on a calm network (times start again, as after a resync).
    let (_, b) = network(b, 60, 0, 0, 0);
    assert_eq!(b.stats().target_ms, 20, "{:?}", b.stats());
    assert!(b.stats().depth_ms <= 50, "{:?}", b.stats());
}

#[test]
fn loss_costs_what_was_lost_and_no_more() {
    let (good, b) = network(buffer(20, 200), 60, 10, 5, 0);
    let stats = b.stats();
    assert!((5600..=5800).contains(&good), "{good} {stats:?}");
    assert_eq!(stats.resyncs, 0, "{stats:?}");
}

#[test]
fn a_clock_that_runs_away_is_followed_without_a_resync() {
    for ppm in [300, -300] {
        let (good, b) = network(buffer(20, 200), 300, 0, 0, ppm);
        let stats = b.stats();
        assert!(good > 29_900, "{good} {stats:?}");
        assert_eq!(stats.resyncs, 0, "{ppm}: {stats:?}");
        assert!(stats.depth_ms <= 60, "{ppm}: {stats:?}");
    }
}

#[test]
fn a_fixed_delay_never_slips() {
    let (_, b) = network(buffer(100, 100), 300, 30, 1, 50);
    let stats = b.stats();
    assert_eq!(
        (stats.stretched, stats.shrunk, stats.resyncs, stats.late),
        (0, 0, 0, 0),
        "{stats:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_every_pop_is_in_bounds(
        min in 0u16..2000, max in 0u16..2000, block in 0u16..600,
        steps in proptest::collection::vec(
            (any::<u32>(), 0usize..600, 0u64..1_000_000, any::<bool>(), any::<bool>()), 0..200)
    ) {
        let mut b = JitterBuffer::new(JitterConfig { block, min_ms: min, max_ms: max });
        let len = usize::from(block).clamp(8, MAX_PAYLOAD);
        let mut near = 0u32;
        for (timestamp, size, us, restart, wild) in steps {
            near = if wild { timestamp } else { near.wrapping_add(timestamp % 400) };
            b.insert(Duration::from_micros(us), near, MU, &vec![1; size], restart);
            b.pop(&mut vec![0; len]);
            b.pop(&mut []);
            let _ = b.stats();
        }
    }
}
