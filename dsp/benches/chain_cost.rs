//! What 10 ms of one port cost, by wall clock; under callgrind, by instructions.
//!
//! `cargo bench -p tipring-dsp` prints nanoseconds for each case. With the name of a case and a number of blocks it
//! plays only that one: the difference of two such runs under `valgrind --tool=callgrind`, divided by the blocks
//! between them, is the instructions of one block.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use tipring_dsp::{
    CancellerConfig, Chain, ChainCommand, ChainConfig, Law, LineEchoCanceller, TenthDb, Tone,
    ToneProgram,
};

const CASES: [&str; 7] = [
    "on-hook",
    "off-hook-quiet",
    "dial-tone",
    "talking",
    "talking-echo",
    "talking-no-fax",
    "listening",
];

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let blocks = args.get(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    for case in CASES {
        if args.first().is_none_or(|only| only == case) {
            let (mut chain, line, net) = prepared(case);
            // Warm up: hangovers run out.
            played(&mut chain, &line, &net, 100);
            let begun = Instant::now();
            played(&mut chain, &line, &net, blocks);
            let ns = begun.elapsed().as_nanos() / blocks.max(1) as u128;
            println!("{case:>16}: {ns} ns for each 10 ms block");
        }
    }
}

#[inline(never)]
fn played(chain: &mut Chain, line: &[u8], net: &[i16], blocks: usize) {
    let mut up = [0i16; 80];
    let mut down = [0u8; 80];
    for (from_line, from_net) in line
        .as_chunks::<80>()
        .0
        .iter()
        .cycle()
        .zip(net.as_chunks::<80>().0.iter().cycle())
        .take(blocks)
    {
        chain.uplink(black_box(from_line), &mut up);
        chain.downlink(black_box(from_net), &mut down);
        while let Some(event) = chain.next_event() {
            black_box(event);
        }
        black_box((&up, &down));
    }
}

fn prepared(case: &str) -> (Chain, Vec<u8>, Vec<i16>) {
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.detect_fax_tones = case != "talking-no-fax";
    config.rx_gain = TenthDb(-30);
    config.tx_gain = TenthDb(-60);
    let mut chain = if case == "talking-echo" {
        let canceller = LineEchoCanceller::new(CancellerConfig::default());
        Chain::with_echo_canceller(&config, Box::new(canceller))
    } else {
        Chain::new(&config)
    }
    .expect("memory for one chain");
    chain.command(ChainCommand::OffHook(case != "on-hook"));
    let voice = vowels(8000);
    let quiet = vec![0i16; 8000];
    if case == "dial-tone" {
        let tones = [Tone::new(350, -130), Tone::new(440, -130)];
        chain.command(ChainCommand::PlayTone(
            ToneProgram::continuous(&tones).expect("a valid tone"),
        ));
    }
    let (line, net) = match case {
        "talking" | "talking-echo" | "talking-no-fax" => (voice.clone(), voice),
        "listening" => (quiet, voice),
        _ => (quiet.clone(), quiet),
    };
    let bytes = line.iter().map(|s| Law::Mu.encode(*s)).collect();
    (chain, bytes, net)
}

/// Something like speech: a gliding pitch with harmonics that fall off.
fn vowels(n: usize) -> Vec<i16> {
    let mut phase = 0f64;
    (0..n)
        .map(|i| {
            let t = i as f64 / 8000.0;
            phase += (140.0 + 30.0 * (t * 3.0).sin()) / 8000.0;
            let sum: f64 = (1..20)
                .map(|h| (std::f64::consts::TAU * phase * f64::from(h)).sin() / f64::from(h))
                .sum();
            (sum * 3000.0) as i16
        })
        .collect()
}
