//! Any block length, any bytes, any command, in any order.

use crate::rig::Chance;
use tipring_dsp::{
    Alert, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTransmission, Chain, ChainCommand,
    ChainConfig, ChainEvent, DtmfCallerIdFormat, DtmfConfig, FOREVER, Law, Over, Party, TenthDb,
    TenthDbm0, Tone, ToneProgram, ToneSegment,
};

fn some_program(chance: &mut Chance) -> ToneProgram {
    let mut segments = Vec::new();
    for _ in 0..=chance.below(12) {
        let tones: Vec<Tone> = (0..chance.below(5))
            .map(|_| Tone {
                hz_tenths: 10 + chance.below(39_990) as u16,
                level: TenthDbm0(chance.below(632) as i16 - 600),
            })
            .collect();
        let on = if chance.below(10) == 0 {
            FOREVER
        } else {
            chance.below(50) as u16
        };
        segments.push(ToneSegment::new(&tones, on, 1 + chance.below(50) as u16).unwrap());
    }
    let repeat = (chance.below(2) == 0).then(|| chance.below(segments.len()));
    let over = if chance.below(2) == 0 {
        Over::Mix
    } else {
        Over::Replace
    };
    ToneProgram::cadence(&segments, repeat).unwrap().over(over)
}

fn some_command(chance: &mut Chance) -> ChainCommand {
    let flag = chance.below(2) == 0;
    let number = chance.next();
    match chance.below(15) {
        0 => ChainCommand::PlayTone(some_program(chance)),
        1 => ChainCommand::StopTone,
        2 => {
            let caller = CallerId {
                number: Party::Known("12345".into()),
                ..CallerId::default()
            };
            let message = match chance.below(4) {
                0 => CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &caller.number),
                1 => CallerIdMessage::call_setup(CallerIdStandard::Class, &caller),
                2 => CallerIdMessage::call_setup(CallerIdStandard::Clip, &caller),
                _ => CallerIdMessage::call_setup(CallerIdStandard::Aclip, &caller),
            };
            let alert = [Alert::None, Alert::DtAs, Alert::Cas][chance.below(3)];
            ChainCommand::SendCallerId(CallerIdTransmission {
                message: message.unwrap(),
                alert,
                to_off_hook: flag,
            })
        }
        3 => ChainCommand::StopCallerId,
        4 => ChainCommand::PlayDigit {
            digit: number as u8,
            on: flag,
        },
        5 => ChainCommand::PlayDigit {
            digit: b"0123456789*#ABCD"[chance.below(16)],
            on: flag,
        },
        6 => ChainCommand::EnableDtmf(flag),
        7 => ChainCommand::EnableFaxTones(flag),
        8 => ChainCommand::MuteDetectedDigits(flag),
        9 => ChainCommand::Bridge(flag),
        10 => ChainCommand::OffHook(chance.below(8) != 0),
        11 => ChainCommand::MuteUplink(flag),
        12 => ChainCommand::Gains {
            rx_gain: TenthDb(number as i16),
            tx_gain: TenthDb((number >> 16) as i16),
        },
        13 => ChainCommand::PassThrough {
            on: flag,
            silence_ms: number as u32,
        },
        _ => ChainCommand::EchoDelay {
            samples: number as u16,
        },
    }
}

#[test]
fn no_input_makes_it_panic() {
    for seed in 1..=24u64 {
        let mut chance = Chance(seed);
        let mut config = ChainConfig::new(
            if seed % 2 == 0 { Law::Mu } else { Law::A },
            [0, 1, 8, 80, 160, 1000][chance.below(6)],
        );
        if seed % 3 == 0 {
            config.dtmf = DtmfConfig {
                filter_dialtone: false,
                twist_db: chance.next() as u8,
                reverse_twist_db: chance.next() as u8,
                threshold_dbm0: chance.next() as i8,
            };
        }
        let mut chain = Chain::new(&config).unwrap();
        chain.command(ChainCommand::OffHook(true));
        for _ in 0..300 {
            if chance.below(4) == 0 {
                chain.command(some_command(&mut chance));
            }
            let lengths = [0, 1, 8, 80, 160, 1000];
            let (a, b) = (lengths[chance.below(6)], lengths[chance.below(6)]);
            let wild = chance.below(3);
            let from_line: Vec<u8> = (0..a)
                .map(|i| {
                    if wild == 0 {
                        chance.next() as u8
                    } else {
                        (i * wild) as u8
                    }
                })
                .collect();
            let from_net: Vec<i16> = (0..b).map(|_| chance.next() as i16).collect();
            // Mismatched lengths too.
            let (c, d) = if chance.below(4) == 0 { (b, a) } else { (a, b) };
            chain.uplink(&from_line, &mut vec![0x55; c]);
            chain.downlink(&from_net, &mut vec![0x55; d]);
            if chance.below(3) == 0 {
                while chain.next_event().is_some() {}
            }
            let meters = chain.meters();
            for level in [meters.rx, meters.tx] {
                assert!((-900..=62).contains(&level.rms.0), "{level:?}");
                assert!((-900..=32).contains(&level.peak.0), "{level:?}");
            }
        }
    }
}

#[test]
fn blocks_that_do_not_match_leave_silence_behind_them() {
    let mut chain = Chain::new(&ChainConfig::new(Law::Mu, 80)).unwrap();
    chain.command(ChainCommand::OffHook(true));
    let mut out = [7i16; 4];
    chain.uplink(&[0x00, 0x80], &mut out);
    assert_eq!(out, [-32124, 32124, 0, 0]);
    let mut bytes = [7u8; 4];
    chain.downlink(&[-32124, 32124], &mut bytes);
    assert_eq!(bytes, [0x00, 0x80, 0xFF, 0xFF]);
    chain.downlink(&[1000; 10], &mut bytes[..1]);
    assert_eq!(bytes[1..], [0x80, 0xFF, 0xFF]);
}

#[test]
fn events_nobody_takes_are_counted() {
    let mut chain = Chain::new(&ChainConfig::new(Law::Mu, 80)).unwrap();
    let program = ToneProgram::cadence(&[ToneSegment::new(&[], 0, 1).unwrap()], None).unwrap();
    for _ in 0..40 {
        chain.command(ChainCommand::PlayTone(program));
        chain.downlink(&[], &mut [0; 80]);
    }
    assert_eq!(chain.meters().lost_events, 8);
    let waiting: Vec<ChainEvent> = std::iter::from_fn(|| chain.next_event()).collect();
    assert_eq!(waiting, [ChainEvent::ToneEnded; 32]);
}
