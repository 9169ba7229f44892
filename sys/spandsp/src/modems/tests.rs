//! Each transmitter into its receiver.

use super::*;

const RATES: [FastModem; 12] = {
    [
        FastModem::V27ter2400,
        FastModem::V27ter4800,
        FastModem::V29At7200,
        FastModem::V29At9600,
        FastModem::V17 {
            rate: V17Rate::R7200,
            short: false,
        },
        FastModem::V17 {
            rate: V17Rate::R7200,
            short: true,
        },
        FastModem::V17 {
            rate: V17Rate::R9600,
            short: false,
        },
        FastModem::V17 {
            rate: V17Rate::R9600,
            short: true,
        },
        FastModem::V17 {
            rate: V17Rate::R12000,
            short: false,
        },
        FastModem::V17 {
            rate: V17Rate::R12000,
            short: true,
        },
        FastModem::V17 {
            rate: V17Rate::R14400,
            short: false,
        },
        FastModem::V17 {
            rate: V17Rate::R14400,
            short: true,
        },
    ]
};

/// 2000 bits by chance.
fn bits() -> Vec<bool> {
    let mut state = 1_u32;
    (0..2000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 31 == 1
        })
        .collect()
}

fn contains(heard: &[bool], sent: &[bool]) -> bool {
    heard.windows(sent.len()).any(|window| window == sent)
}

#[test]
fn every_fast_modem_trains_and_passes_bits() {
    let mut tx = FastTx::new(-14.0).unwrap();
    let mut rx = FastRx::new(RATES[0]).unwrap();
    rx.set_cutoff(-35.5);
    let sent = bits();
    for modem in RATES {
        for tep in [false, true] {
            rx.restart(modem);
            tx.restart(modem, tep);
            let (mut heard, mut said, mut next) = (Vec::new(), Vec::new(), sent.iter().copied());
            let mut block = [0; 80];
            let mut over = false;
            for _ in 0..500 {
                over |= tx.process(&mut block, || next.next()) < block.len();
                rx.process(&block, |item| match item {
                    Heard::Bit(bit) => heard.push(bit),
                    other => said.push(other),
                });
            }
            assert!(over, "{modem:?} ends");
            assert!(contains(&heard, &sent), "{modem:?} {said:?}");
            let at = |what| said.iter().rposition(|s| *s == what);
            assert!(
                at(Heard::TrainingInProgress) < at(Heard::TrainingSucceeded),
                "{said:?}"
            );
            assert_eq!(said.last(), Some(&Heard::CarrierDown), "{modem:?}");
            assert_eq!(rx.lost(), 0);
        }
    }
}

#[test]
fn v21_passes_bits_and_keeps_its_cutoff_over_a_restart() {
    let sent = bits();
    for (dbm0, cutoff, passes) in [
        (-14.0, -42.0, true),
        (-38.0, -42.0, true),
        (-38.0, -30.0, false),
    ] {
        let mut tx = V21Tx::new(dbm0).unwrap();
        let mut rx = V21Rx::new(cutoff).unwrap();
        rx.restart();
        tx.restart();
        let (mut heard, mut next) = (Vec::new(), sent.iter().copied());
        let mut block = [0; 80];
        while tx.process(&mut block, || next.next()) == block.len() {
            rx.process(&block, |item| {
                if let Heard::Bit(bit) = item {
                    heard.push(bit);
                }
            });
        }
        // The first bits find the clock of the receiver, the last are in its filter.
        assert_eq!(contains(&heard, &sent[20..1990]), passes, "{dbm0} {cutoff}");
    }
}
