//! Packets of the far end whose timestamps are out of this world, in a stream that is well otherwise.

use super::*;

/// A buffer that has played a good stream for two seconds, and the number of the next packet.
fn playing(held: bool) -> (JitterBuffer, u32) {
    let mut b = buffer(20, 200);
    b.hold(held);
    for n in 0..200 {
        put(&mut b, n, BLOCK);
        let _ = play(&mut b);
    }
    (b, 200)
}

/// Plays a block: did sound come? The player must not move further than the ring reaches.
fn step(b: &mut JitterBuffer) -> bool {
    let before = b.play;
    let got = b.pop(&mut [0; BLOCK]);
    let moved = b.play.wrapping_sub(before).cast_signed().unsigned_abs();
    assert!(moved as usize <= b.ring.room(), "moved {moved} samples");
    matches!(got, Playout::Samples(MU))
}

#[test]
fn one_timestamp_from_the_other_side_of_the_clock_costs_nothing() {
    for held in [false, true] {
        for k in [
            -8000, -480, -80, -1, 0, 1, 79, 80, 150, 240, 299, 300, 480, 8000, 20_000,
        ] {
            let (mut b, first) = playing(held);
            let wild = b.play.wrapping_add(1 << 31).wrapping_add_signed(k);
            let took = b.insert(Duration::ZERO, wild, MU, &[1; 160], false);
            assert!(matches!(took, Insert::Late | Insert::Early), "{took:?}");
            let mut got = Vec::new();
            for n in first..first + 300 {
                put(&mut b, n, BLOCK);
                got.push(step(&mut b));
            }
            let heard = got.iter().filter(|g| **g).count();
            assert!(heard >= 300 - 10, "held {held}, {k}: {heard} of 300");
            let late = got.iter().skip(100).filter(|g| !**g).count();
            assert_eq!(late, 0, "held {held}, {k}");
            let stats = b.stats();
            assert_eq!(stats.resyncs, 0, "held {held}, {k}");
            assert!(stats.delay_ms <= 200, "held {held}, {k}: {stats:?}");
            assert!(b.plan.gain.is_finite());
        }
    }
}

#[test]
fn one_timestamp_a_little_ahead_of_its_time_costs_nothing() {
    for held in [false, true] {
        for ahead_ms in [60, 100, 200, 300, 500, 550] {
            let (mut b, first) = playing(held);
            let wild = (first * BLOCK as u32).wrapping_add(ahead_ms * SAMPLES_PER_MS);
            b.insert(Duration::ZERO, wild, MU, &[1; BLOCK], false);
            let depth = b.stats().delay_ms;
            for n in first..first + 300 {
                put(&mut b, n, BLOCK);
                assert!(step(&mut b), "held {held}, {ahead_ms} ms ahead, block {n}");
            }
            let stats = b.stats();
            assert_eq!(
                (stats.resyncs, stats.shrunk, stats.concealed, stats.late),
                (0, 0, 0, 0),
                "held {held}, {ahead_ms} ms ahead"
            );
            assert!(stats.delay_ms.abs_diff(depth) <= 10, "{depth} {stats:?}");
        }
    }
}

#[test]
fn a_shorter_route_is_believed_when_it_lasts() {
    for (held, by_ms) in [(false, 100), (true, 100), (true, 400)] {
        let (mut b, first) = playing(held);
        // What comes from now on comes this much sooner; what is on its way comes too.
        let sooner = by_ms / 10;
        for n in first..first + sooner {
            put(&mut b, n, BLOCK);
        }
        for n in first..first + 12_000 {
            put(&mut b, n + sooner, BLOCK);
            step(&mut b);
        }
        let stats = b.stats();
        // The slow ones of before are forgotten in two minutes; where nobody pauses, it is followed slowly.
        let most = if held { 100 + HELD_EXCESS_MS } else { 70 };
        assert!(stats.delay_ms <= most, "held {held}, {by_ms} ms: {stats:?}");
    }
}

#[test]
fn many_timestamps_from_the_other_side_of_the_clock_cost_a_second_at_most() {
    for held in [false, true] {
        let (mut b, first) = playing(held);
        for k in 0..300 {
            let wild = b.play.wrapping_add(1 << 31).wrapping_add(k);
            b.insert(Duration::ZERO, wild, MU, &[1; 160], false);
            step(&mut b);
        }
        // Meanwhile 300 blocks went by.
        let got: Vec<_> = (first + 300..first + 600)
            .map(|n| {
                put(&mut b, n, BLOCK);
                step(&mut b)
            })
            .collect();
        assert!(got.iter().skip(100).all(|g| *g), "held {held}: {got:?}");
    }
}

#[test]
fn a_plan_beyond_the_ring_resets_the_player_to_where_the_stream_is() {
    for delay in [1 << 20, i32::MAX, i32::MIN, -(1 << 20)] {
        let (mut b, first) = playing(true);
        b.plan.delay = delay;
        b.grow = if delay < 0 { None } else { Some(0) };
        b.look = u32::MAX;
        let _ = (b.margins(), b.stats());
        // A plan that is far too short makes the player wait, for as long as the ring reaches.
        let room = b.ring.room() / BLOCK + 1;
        let got: Vec<_> = (first..first + 200 + room as u32)
            .map(|n| {
                put(&mut b, n, BLOCK);
                step(&mut b)
            })
            .collect();
        let last = &got[got.len() - 100..];
        assert!(last.iter().all(|g| *g), "{delay}: {last:?}");
    }
}

#[test]
fn a_player_anywhere_on_the_clock_gets_a_plan() {
    let bounds = Bounds {
        min: 160,
        max: 1600,
        block: 80,
    };
    for at in [0, 1, 300, i32::MAX as u32, 1 << 31, (1 << 31) + 1, u32::MAX] {
        for off in [0, 1, 79, 255, 256, 257, 8000] {
            let mut transits = Transits::new(1600);
            transits.note(5000, 160, 160);
            for stands in [at, at.wrapping_add(off), at.wrapping_sub(off)] {
                let plan = transits.plan(stands.wrapping_add(5000), bounds);
                assert!(plan.target >= 0, "{plan:?}");
            }
        }
    }
}
