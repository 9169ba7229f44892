//! What the engine measures the time of, in virtual time.

use super::*;

#[test]
fn a_punctual_engine_adds_nothing_and_a_late_one_shows_by_how_much() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk(None);
    rig.run(20);
    let to_network = |rig: &Rig| {
        let timing = rig.handle.shard_timing().next().unwrap();
        (timing.to_network.filled(), timing.to_network.max_us())
    };
    assert_eq!(to_network(&rig), (vec![(1, 10)], 0));
    // Two blocks 3 ms late: one of them completes a packet. The estimate gives way by a microsecond a block.
    rig.ms += 3;
    rig.run(2);
    let (filled, max) = to_network(&rig);
    assert_eq!(filled.iter().map(|(_, n)| n).sum::<u64>(), 11);
    assert!((2990..=3000).contains(&max), "{max}");
}

#[test]
fn a_packet_is_timed_from_its_arrival_to_the_block_it_begins_in() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(None);
    rig.run(4);
    let mut sender = far_sender();
    for _ in 0..20 {
        sender.push(&[0x92; BLOCK], |p| {
            rig.far.send_to(p, local).unwrap();
        });
        rig.run(1);
    }
    let timing = rig.handle.shard_timing().next().unwrap();
    let filled = timing.to_line.filled();
    // By hand a packet comes when it is read; the jitter buffer keeps it for 20 ms.
    assert_eq!(timing.to_line.max_us(), 20_000, "{filled:?}");
    assert_eq!(filled.len(), 1, "{filled:?}");
    assert!(filled[0].1 >= 5, "{filled:?}");
}
