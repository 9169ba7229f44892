mod policy;
mod silences;
mod stalls;
mod wild;

use super::*;
use proptest::prelude::*;

const MU: Codec = Codec::G711Ulaw;
const BLOCK: usize = 80;

fn buffer(min_ms: u16, max_ms: u16) -> JitterBuffer {
    JitterBuffer::new(JitterConfig {
        block: BLOCK as u16,
        min_ms,
        max_ms,
        held_ms: 100,
    })
}

/// A payload whose bytes show their place in the stream (loud ones: no quiet block to slip in).
fn payload(n: u32, len: usize) -> Vec<u8> {
    vec![(n % 100) as u8; len]
}

/// Plays a block: the place it shows, or what is concealed.
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
    let mut b = buffer(0, 100);
    put(&mut b, 0, BLOCK);
    let got: Vec<_> = (0..9).map(|_| play(&mut b)).collect();
    assert_eq!(got[0], Ok(0));
    assert_eq!(got[1..7], [CONCEAL; 6]);
    assert_eq!(got[7..], [SILENCE; 2]);
    assert_eq!((b.stats().underruns, b.stats().concealed), (1, 6));
}

#[test]
fn a_new_talkspurt_whose_clock_stood_still_starts_again() {
    let mut b = buffer(10, 10);
    put(&mut b, 0, BLOCK);
    for _ in 0..200 {
        let _ = play(&mut b);
    }
    // Two seconds later the sender goes on with the very next timestamp.
    assert_eq!(put(&mut b, 1, BLOCK), Insert::Taken);
    assert_eq!([play(&mut b), play(&mut b)], [SILENCE, Ok(1)]);
    // It goes on at its pace, so it is no stall.
    for n in 2..40 {
        assert_eq!(put(&mut b, n, BLOCK), Insert::Taken);
        assert!(play(&mut b).is_ok());
    }
    assert_eq!(b.stats().resyncs, 1);
}

#[test]
fn a_talkspurt_that_begins_a_little_late_is_on_the_same_time() {
    let mut b = buffer(0, 100);
    put(&mut b, 0, BLOCK);
    for _ in 0..200 {
        let _ = play(&mut b);
    }
    // Three blocks late after a pause of two seconds.
    assert_eq!(put(&mut b, 197, BLOCK), Insert::Late);
    assert_eq!(put(&mut b, 200, BLOCK), Insert::Taken);
    assert_eq!((b.stats().resyncs, b.stats().late), (0, 1));
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
fn a_fax_stream_that_stops_keeps_its_carrier_for_half_a_second() {
    let mut b = buffer(0, 0);
    put(&mut b, 0, BLOCK);
    let got: Vec<_> = (0..52).map(|_| play(&mut b)).collect();
    assert_eq!(got[0], Ok(0));
    assert_eq!(got[1..51], [CONCEAL; 50]);
    assert_eq!(got[51], SILENCE);
}

/// Blocks come in time for `calm`, then `stall` blocks nothing, then what was held back at once and the rest in time.
fn after_a_stall(
    mut b: JitterBuffer,
    calm: u32,
    stall: u32,
) -> (Vec<Result<u8, Playout>>, JitterBuffer) {
    for n in 0..calm {
        put(&mut b, n, BLOCK);
        let _ = play(&mut b);
    }
    for _ in 0..stall {
        let _ = play(&mut b);
    }
    let got = (calm..calm + 40 + stall)
        .map(|n| {
            put(&mut b, n, BLOCK);
            if n < calm + stall {
                return SILENCE;
            }
            play(&mut b)
        })
        .skip(stall as usize)
        .collect();
    (got, b)
}

#[test]
fn a_stall_costs_what_it_held_back_and_nothing_after() {
    for (min, max, calm) in [(20, 20, 20), (0, 200, 2020)] {
        let (got, b) = after_a_stall(buffer(min, max), calm, 20);
        if max > min {
            // It waits for nothing: each plays at once.
            assert_eq!(
                got[..4],
                [Ok(40), Ok(41), Ok(42), Ok(43)],
                "{:?}",
                b.stats()
            );
            assert_eq!((b.stats().resyncs, b.stats().late), (0, 20));
            continue;
        }
        // 20 blocks late, two blocks of delay: what comes now is in its place.
        assert_eq!(
            got[..4],
            [Ok(38), Ok(39), Ok(40), Ok(41)],
            "{:?}",
            b.stats()
        );
        assert_eq!((b.stats().resyncs, b.stats().late), (0, 18));
    }
}

#[test]
fn a_stream_that_became_slower_for_good_is_followed() {
    for (min, max, within) in [(20, 20, 51), (20, 200, 21)] {
        let mut b = buffer(min, max);
        for n in 0..20 {
            put(&mut b, n, BLOCK);
            let _ = play(&mut b);
        }
        // 400 ms more delay.
        for _ in 0..40 {
            let _ = play(&mut b);
        }
        let mut got = Vec::new();
        for n in 20..90 {
            put(&mut b, n, BLOCK);
            got.push(play(&mut b));
        }
        let first = got.iter().position(Result::is_ok).unwrap();
        assert!(first <= within, "{first}");
        assert_eq!(got[69], Ok(87));
    }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_every_pop_is_in_bounds(
        min in 0u16..2000, max in 0u16..2000, block in 0u16..600,
        steps in proptest::collection::vec(
            (any::<u32>(), 0usize..600, 0u64..1_000_000, any::<bool>(), any::<bool>()), 0..200)
    ) {
        let mut b = JitterBuffer::new(JitterConfig { block, min_ms: min, max_ms: max, held_ms: max });
        let len = usize::from(block).clamp(8, MAX_PAYLOAD);
        let mut near = 0u32;
        for (timestamp, size, us, restart, wild) in steps {
            near = if wild { timestamp } else { near.wrapping_add(timestamp % 400) };
            b.insert(Duration::from_micros(us), near, MU, &vec![1; size], restart);
            b.pop(&mut vec![0; len]);
            if size % 7 == 0 { b.hold(restart); }
            b.recover(near.wrapping_sub(timestamp % 900), MU, &vec![2; size]);
            b.pop(&mut []);
            let _ = b.stats();
        }
    }
}
