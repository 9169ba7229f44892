//! Stalls of the network, and senders whose clock stands still while they are silent.

use super::*;

const BLOCK_MS: u64 = 10;

/// Plays a stream whose packets come when they come: (ms, number, length in samples). After each block, how far the
/// player is behind the sender, ms, where `sent` is what the sender has said by then; and whether sound was played.
fn run(
    b: &mut JitterBuffer,
    arrivals: &[(u64, u32, u32)],
    until: u64,
    sent: impl Fn(u64) -> u64,
) -> Vec<(i64, bool)> {
    let mut waiting = arrivals.iter().peekable();
    let mut out = Vec::new();
    for now in (0..until).step_by(BLOCK_MS as usize) {
        while let Some((at, n, len)) = waiting.next_if(|a| a.0 < now + BLOCK_MS) {
            let since = Duration::from_millis(at.saturating_sub(now));
            b.insert(since, n * len, MU, &vec![0x90; *len as usize], false);
        }
        let heard = matches!(b.pop(&mut [0; BLOCK]), Playout::Samples(_));
        let played = b.next_timestamp().unwrap_or(0).cast_signed();
        let behind = sent(now + BLOCK_MS) as i64 - i64::from(played) / 8;
        out.push((behind, heard));
    }
    out
}

/// A stream with one stall, which begins then and lasts this time; after it what was held back comes `speed` times as fast as it was sent.
fn stalled(
    b: &mut JitterBuffer,
    ptime: u64,
    (begin, stall): (u64, u64),
    speed: u64,
) -> Vec<(i64, bool)> {
    let until = begin + 8000;
    let len = (ptime * 8) as u32;
    let mut last = 0;
    let arrivals: Vec<_> = (0..until / ptime)
        .map(|n| {
            let sent = (n + 1) * ptime;
            let due = if (begin..begin + stall).contains(&sent) {
                begin + stall
            } else {
                sent
            };
            last = due.max(if due > sent || last > sent {
                last + ptime / speed
            } else {
                0
            });
            (last, n as u32, len)
        })
        .collect();
    run(b, &arrivals, until, |now| now)
}

/// A moving buffer and one that is held.
fn both() -> [JitterBuffer; 2] {
    let mut held = buffer(0, 200);
    held.hold(true);
    [buffer(0, 200), held]
}

fn most(delays: &[(i64, bool)]) -> i64 {
    delays.iter().map(|d| d.0).max().unwrap_or(0)
}

#[test]
fn a_stall_of_any_length_leaves_the_delay_as_it_was() {
    for stall in [100, 200, 300, 480, 500, 520, 700, 1000, 1500, 2000] {
        for ptime in [10, 20, 30, 60] {
            for mut b in both() {
                let what = format!("{stall} ms, packets of {ptime} ms, held {}", b.is_held());
                let delays = stalled(&mut b, ptime, (60_000, stall), 1000);
                let before = most(&delays[200..5990]);
                let after = &delays[(60_000 + stall as usize) / 10 + 1..];
                assert_eq!(most(after), before, "{what}");
                let silent = after.iter().filter(|d| !d.1).count() as u64;
                assert!(silent <= 2 + ptime / 10, "{what}: {silent} blocks");
                let stats = b.stats();
                let moved = (stats.resyncs, stats.shrunk);
                assert_eq!(moved, (0, 0), "{what}");
            }
        }
    }
}

#[test]
fn a_stall_soon_after_the_beginning_leaves_the_delay_below_its_limit() {
    for stall in [100, 200, 300, 480, 500, 520, 700, 1000, 1500, 2000] {
        for ptime in [10, 20, 30, 60] {
            for begin in [100, 300, 1000, 4000] {
                for mut b in both() {
                    let what = format!(
                        "{stall} ms after {begin}, packets of {ptime} ms, held {}",
                        b.is_held()
                    );
                    let delays = stalled(&mut b, ptime, (begin, stall), 1000);
                    let after = &delays[(begin + stall) as usize / 10 + 1..];
                    // What a packet takes to be filled comes on top.
                    let most = most(after) - ptime as i64;
                    assert!(most <= 200, "{what}: {most}");
                    let stats = b.stats();
                    assert!(
                        stats.delay_ms <= 200 && stats.resyncs == 0,
                        "{what}: {stats:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_stall_that_is_made_up_for_slowly_leaves_the_delay_below_its_limit() {
    for stall in [100, 300, 520, 1000, 2000] {
        for speed in [2, 3, 10] {
            for mut b in both() {
                let what = format!("{stall} ms, {speed} times, held {}", b.is_held());
                let delays = stalled(&mut b, 20, (4000, stall), speed);
                // What comes meanwhile is late, whether it is played or not.
                let over = 4000 + stall * speed / (speed - 1);
                let after = &delays[over as usize / 10 + 10..];
                // What a packet takes to be filled comes on top.
                let most = most(after) - 20;
                assert!(most <= 210, "{what}: {most}");
                let silent = after.iter().filter(|d| !d.1).count() as u64;
                let stretched = b.stats().stretched;
                assert!(
                    silent <= 10 + stretched,
                    "{what}: {silent} blocks, {stretched}"
                );
            }
        }
    }
}

#[test]
fn a_new_source_that_begins_with_a_backlog_stays_below_the_limit() {
    for mut b in both() {
        for n in 0..400u32 {
            put(&mut b, n, BLOCK);
            let _ = play(&mut b);
        }
        for n in 0..52u32 {
            let timestamp = 7_000_000 + n * 80;
            b.insert(Duration::ZERO, timestamp, MU, &[1; BLOCK], n == 0);
        }
        for n in 52..400u32 {
            b.insert(Duration::ZERO, 7_000_000 + n * 80, MU, &[1; BLOCK], false);
            let behind = (7_000_000 + (n + 1) * 80).wrapping_sub(b.play);
            assert!(behind <= 220 * 8, "held {}: {behind} samples", b.is_held());
            let _ = play(&mut b);
        }
    }
}

#[test]
fn talkspurts_whose_timestamps_leave_out_the_pauses_are_heard_from_their_beginning() {
    for pause in [100, 200, 300, 400, 600, 1000] {
        for ptime in [10, 20, 30] {
            let mut b = buffer(0, 200);
            let len = (ptime * 8) as u32;
            let each = 500 / ptime;
            let spurt = each * ptime;
            let period = spurt + pause;
            let spurts = 6;
            let arrivals: Vec<_> = (0..each * spurts)
                .map(|n| (n / each * period + (n % each + 1) * ptime, n as u32, len))
                .collect();
            let played = run(&mut b, &arrivals, period * spurts, |now| {
                now / period * spurt + (now % period).min(spurt)
            });
            let what = format!("pauses of {pause} ms, packets of {ptime} ms");
            for spurt in played.chunks((period / BLOCK_MS) as usize) {
                let heard = spurt.iter().filter(|p| p.1).count() as u64 * BLOCK_MS;
                assert!(heard >= 460, "{what}: {heard} ms");
            }
            assert!(
                most(&played[period as usize / 10..]) <= 50,
                "{what}: {}",
                most(&played)
            );
        }
    }
}

#[test]
fn a_talkspurt_on_trial_that_was_a_stall_loses_nothing_of_what_comes_in_time() {
    // What was held back comes in two bursts, and between them a block is played.
    let mut b = buffer(20, 200);
    for n in 0..8000 {
        put(&mut b, n, BLOCK);
        let _ = play(&mut b);
    }
    for _ in 0..40 {
        let _ = play(&mut b);
    }
    for n in 8000..8020 {
        put(&mut b, n, BLOCK);
    }
    let _ = play(&mut b);
    for n in 8020..8041 {
        put(&mut b, n, BLOCK);
    }
    let got: Vec<_> = (8041..8100)
        .map(|n| {
            put(&mut b, n, BLOCK);
            play(&mut b)
        })
        .collect();
    let all: Vec<_> = (8040..8099).map(|n| Ok((n % 100) as u8)).collect();
    assert_eq!(got, all);
    assert_eq!(b.stats().resyncs, 0);
}
