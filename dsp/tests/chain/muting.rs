//! Keys that go out of band: what the far end still hears of them.

use crate::rig::{Chance, KEYS, Line, Signal, key, line};
use tipring_dsp::{ChainCommand, ChainConfig, DtmfConfig, DtmfEvent, DtmfReceiver, Law};
use tipring_spandsp::{DtmfRx, DtmfRxSettings};

/// A key of 100 ms after `start` samples.
fn one_key(start: usize, chance: &mut Chance) -> (u8, Signal) {
    let digit = KEYS[chance.below(16)];
    let (low, high) = key(digit);
    let off = 1.0 + 0.03 * (chance.unit() - 0.5);
    let mut signal = Signal::default();
    signal.silence(start);
    signal.tones(&[(low * off, -10.0), (high / off, -9.0)], 800, chance);
    signal.silence(2400);
    (digit, signal)
}

fn recognised(heard: &[i16]) -> usize {
    let mut ours = 0;
    DtmfReceiver::new(&DtmfConfig::default()).process(heard, |event| {
        ours += usize::from(matches!(event, DtmfEvent::On { .. }));
    });
    let mut theirs = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    theirs.process(heard);
    ours + usize::from(theirs.poll().is_some())
}

/// Milliseconds of the key that can be heard.
fn let_through(heard: &[i16], start: usize) -> usize {
    let ms = heard[start..start + 800].chunks(8);
    ms.filter(|ms| ms.iter().any(|x| x.unsigned_abs() > 8))
        .count()
}

#[test]
fn at_most_14_ms_of_a_key_get_through_and_no_receiver_takes_them_for_one() {
    for block in [80, 160, 16] {
        for offset in 0..80 {
            let mut chance = Chance(29 + offset as u64);
            let start = 1600 + offset;
            let (digit, mut signal) = one_key(start, &mut chance);
            if offset % 2 == 0 {
                // The echo of dial tone is there too, too faint to count.
                signal.under(350.0, -36.0);
                signal.under(440.0, -36.0);
            }
            let law = [Law::Mu, Law::A][offset / 2 % 2];
            let mut line = Line::new(&ChainConfig::new(law, block));
            let heard = line.up(&signal.pcm());
            assert_eq!(line.keys(), [digit]);
            assert_eq!(recognised(&heard), 0, "recognised again");
            let loud: Vec<i16> = heard
                .iter()
                .map(|x| if x.unsigned_abs() > 1500 { *x } else { 0 })
                .collect();
            let ms = let_through(&loud, start);
            assert!(
                ms <= 14,
                "{ms} ms of a key at {offset} in blocks of {block}"
            );
            assert_eq!(line.chain.meters().false_mutes, 0);
        }
    }
}

#[test]
fn muting_begins_and_ends_without_a_click() {
    for offset in (0..80).step_by(7) {
        let mut chance = Chance(31 + offset as u64);
        let (_, mut signal) = one_key(1600 + offset, &mut chance);
        // Something goes on that is cut off and comes back.
        signal.under(300.0, -20.0);
        let pcm = signal.pcm();
        let heard = line().up(&pcm);
        let edge = |at: usize| (i32::from(heard[at]) - i32::from(heard[at - 1])).abs();
        let natural = |at: usize| (i32::from(pcm[at]) - i32::from(pcm[at - 1])).abs();
        for at in 1..heard.len() {
            // A fade takes at most a sixteenth of the amplitude from sample to sample.
            assert!(edge(at) <= natural(at) + 1200, "{} at {at}", edge(at));
        }
    }
}

#[test]
fn after_a_false_alarm_a_key_is_still_muted_in_time() {
    for offset in 0..40 {
        let mut chance = Chance(37 + offset as u64);
        let (low, high) = key(KEYS[chance.below(16)]);
        let mut signal = Signal::default();
        signal.silence(1600 + 2 * offset);
        // Too short for a key, and long enough to be suspected.
        signal.tones(&[(low, -10.0), (high, -10.0)], 20 * 8, &mut chance);
        signal.silence(60 * 8);
        let start = signal.0.len();
        let (low, high) = key(KEYS[chance.below(16)]);
        signal.tones(&[(low, -10.0), (high, -10.0)], 800, &mut chance);
        signal.silence(1600);
        let mut line = line();
        let heard = line.up(&signal.pcm());
        assert_eq!(line.keys().len(), 1);
        assert_eq!(line.chain.meters().false_mutes, 1);
        let ms = let_through(&heard, start);
        assert!(ms <= 14, "{ms} ms of a key at {offset}");
        assert_eq!(recognised(&heard), 0);
    }
}

#[test]
fn nothing_is_muted_while_keys_are_not_listened_for() {
    let mut chance = Chance(41);
    let (_, signal) = one_key(1600, &mut chance);
    let mut line = line();
    line.chain.command(ChainCommand::EnableDtmf(false));
    let heard = line.up(&signal.pcm());
    let said: Vec<i16> = signal
        .pcm()
        .iter()
        .map(|x| Law::Mu.decode(Law::Mu.encode(*x)))
        .collect();
    assert_eq!(heard, said);
}

#[test]
fn while_data_passes_a_key_is_reported_and_heard_by_the_far_end_as_it_is() {
    let mut chance = Chance(43);
    let (_, signal) = one_key(800, &mut chance);
    let mut line = line();
    line.chain.command(ChainCommand::PassThrough {
        on: true,
        silence_ms: 10_000,
    });
    let heard = line.up(&signal.pcm());
    let said: Vec<i16> = signal
        .pcm()
        .iter()
        .map(|x| Law::Mu.decode(Law::Mu.encode(*x)))
        .collect();
    assert_eq!(heard, said);
    assert_eq!(line.chain.meters().digits, 1);
}
