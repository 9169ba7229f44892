//! After it is made, a chain neither allocates nor frees.

use crate::rig::{Chance, Signal};
use tipring_dsp::{
    Alert, CallTime, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTransmission, Chain,
    ChainCommand, ChainConfig, Law, Party, TenthDb, Tone, ToneProgram,
};
use tipring_linux::alloc_count::{allocations_in_this_thread, frees_in_this_thread};

#[test]
fn blocks_commands_events_and_meters_neither_allocate_nor_free() {
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.v8_squelch = true;
    let mut chain = Chain::new(&config).unwrap();
    let caller = CallerId {
        when: Some(CallTime {
            month: 1,
            day: 2,
            hour: 3,
            minute: 4,
        }),
        number: Party::Known("5550123".into()),
        name: Party::Known("NAME".into()),
    };
    let message = CallerIdMessage::call_setup(CallerIdStandard::Clip, &caller).unwrap();
    let transmission = CallerIdTransmission {
        message,
        alert: Alert::DtAs,
        to_off_hook: false,
    };
    let program = ToneProgram::continuous(&[Tone::new(350, -130), Tone::new(440, -130)]).unwrap();
    let mut chance = Chance(5);
    let mut signal = Signal::default();
    signal.tones(&[(770.0, -10.0), (1336.0, -10.0)], 800, &mut chance);
    signal.silence(800);
    signal.tones(&[(2100.0, -10.0)], 8000, &mut chance);
    signal.tones(&[(1100.0, -10.0)], 4000, &mut chance);
    signal.tones(&[(1650.0, -10.0)], 4000, &mut chance);
    let net = signal.pcm();
    let line: Vec<u8> = net.iter().map(|s| Law::Mu.encode(*s)).collect();
    let commands = [
        ChainCommand::SendCallerId(transmission),
        ChainCommand::OffHook(true),
        ChainCommand::StopCallerId,
        ChainCommand::PlayTone(program),
        ChainCommand::StopTone,
        ChainCommand::PlayDigit {
            digit: b'1',
            on: true,
        },
        ChainCommand::PlayDigit {
            digit: b'1',
            on: false,
        },
        ChainCommand::EnableDtmf(false),
        ChainCommand::EnableDtmf(true),
        ChainCommand::EnableFaxTones(false),
        ChainCommand::EnableFaxTones(true),
        ChainCommand::PassThrough {
            on: true,
            silence_ms: 200,
        },
        ChainCommand::PassThrough {
            on: false,
            silence_ms: 0,
        },
        ChainCommand::MuteDetectedDigits(false),
        ChainCommand::MuteDetectedDigits(true),
        ChainCommand::Bridge(false),
        ChainCommand::Bridge(true),
        ChainCommand::MuteUplink(false),
        ChainCommand::Gains {
            rx_gain: TenthDb(10),
            tx_gain: TenthDb(-10),
        },
        ChainCommand::EchoDelay { samples: 160 },
        ChainCommand::OffHook(false),
        ChainCommand::SendCallerId(transmission),
    ];
    let (mut up, mut down) = ([0i16; 80], [0u8; 80]);
    let mut events = 0;

    let before = (allocations_in_this_thread(), frees_in_this_thread());
    for command in commands {
        chain.command(command);
        for (from_line, from_net) in line.chunks(80).zip(net.chunks(80)) {
            chain.uplink(from_line, &mut up);
            chain.downlink(from_net, &mut down);
            while chain.next_event().is_some() {
                events += 1;
            }
        }
        std::hint::black_box(chain.meters());
    }
    let after = (allocations_in_this_thread(), frees_in_this_thread());

    assert_eq!(after, before);
    assert!(
        events > 20,
        "{events} events: the run must have reached the detectors"
    );
}
