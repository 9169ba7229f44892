//! Silence that is not sent, and silence that the far end does not send, stepped by hand.

use super::*;

/// A loud tone as the card has it.
fn loud(ms: usize) -> Vec<u8> {
    let tone = |n: usize| (n as f64 * 700.0 * std::f64::consts::TAU / 8000.0).sin() * 8000.0;
    (0..ms * 8)
        .map(|n| Law::Mu.encode(tone(n) as i16))
        .collect()
}

fn signal() -> Vec<u8> {
    let mut signal = loud(1000);
    signal.extend(vec![0xFF; 2 * 8000]);
    signal.extend(loud(10_000));
    signal
}

#[test]
fn a_silent_phone_sends_comfort_noise_once_and_the_marker_when_it_talks_again() {
    let mut rig = rig(signal(), LineConfig::default());
    rig.talk_in(session_with(A, true), None);
    rig.run(400);
    let got = rig.got();
    let noise: Vec<usize> = (0..got.len()).filter(|n| got[*n].0 == 13).collect();
    assert_eq!(noise.len(), 1);
    let n = noise[0];
    // 1 s of talk and a hangover of 250 ms; -66 dBm0 is the quietest room.
    assert!((61..=65).contains(&n), "after {n} packets");
    assert_eq!(got[n].4.len(), 1);
    assert!(got[n].4[0] >= 70, "{} below overload", got[n].4[0]);
    assert!(!got[n].1 && got[n + 1].1 && !got[n + 2].1, "markers");
    // About 2 s later, on the grid of the card's blocks, and in sequence.
    let gap = got[n + 1].3.wrapping_sub(got[n].3);
    assert!(
        (13_200..=14_400).contains(&gap) && gap.is_multiple_of(80),
        "{gap}"
    );
    assert_eq!(got[n + 1].2, got[n].2.wrapping_add(1));
    assert_eq!(rig.counter("tx_comfort"), 1);
}

#[test]
fn a_port_without_vad_and_one_that_passes_data_send_all_of_their_silence() {
    for vad in [false, true] {
        let mut rig = rig(signal(), LineConfig::default());
        rig.talk_in(session_with(A, vad), None);
        if vad {
            rig.order(LineOrder::PassThrough {
                session: A,
                data: Some(0),
            });
        }
        rig.run(400);
        let got = rig.got();
        assert_eq!(got.len(), 200, "vad {vad}");
        assert!(got.iter().all(|p| p.0 == 0), "vad {vad}");
    }
}

#[test]
fn the_line_gets_noise_while_the_far_end_is_silent_and_nothing_is_counted_as_lost() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(None);
    rig.run(1);
    let mut sender = far_sender();
    let mut far = |rig: &mut Rig, blocks: std::ops::Range<usize>| {
        for block in blocks {
            let emit = |p: &mut Outgoing<'_>| {
                rig.far.send_to(p, local).unwrap();
            };
            match block {
                0..40 | 140.. => sender.push(&[0x90; BLOCK], emit),
                _ => sender.silence(BLOCK as u32, (block == 40).then_some(50), emit),
            }
            rig.run(1);
        }
    };
    let mean_square = |block: &[u8; BLOCK]| {
        let sum: f64 = block
            .iter()
            .map(|b| f64::from(Law::Mu.decode(*b)).powi(2))
            .sum();
        sum / BLOCK as f64
    };
    far(&mut rig, 0..135);
    let written = rig.written();
    let quiet = &written[written.len() - 50..];
    let level = quiet.iter().map(mean_square).sum::<f64>() / quiet.len() as f64;
    let announced = 32_124f64.powi(2) * 1e-5;
    assert!(
        (level / announced).log10().abs() < 0.1,
        "{level} for {announced}"
    );
    far(&mut rig, 135..200);
    let written = rig.written();
    assert!(written.last().unwrap().iter().all(|b| *b == 0x90));
    for counter in [
        "rx_lost",
        "rx_underruns",
        "rx_concealed",
        "rx_other_payload",
    ] {
        assert_eq!(rig.counter(counter), 0, "{counter}");
    }
    assert_eq!(rig.counter("rx_comfort"), 1);
}
