//! What 20 ms cost: instructions counted by callgrind, as the difference of a long run and a short one.

use std::process::Command;

use super::ears::{EARS, Ear};
use super::signals::{Chance, Style, dialled};
use tipring_dsp::{DtmfConfig, DtmfReceiver, Law};
use tipring_spandsp::{DtmfRx, DtmfRxSettings};

/// Blocks of 10 ms.
const SHORT: usize = 500;
const LONG: usize = 1500;

/// What is listened to.
pub(crate) const CASES: [&str; 3] = ["noise", "speech", "keys"];

fn signal(case: &str) -> Vec<i16> {
    let mut chance = Chance(3);
    let samples = LONG * 80;
    let mut signal = match case {
        "keys" => dialled(10, &Style::PLAIN, &mut chance).1,
        _ => super::signals::Signal::default(),
    };
    signal.0.resize(samples, 0.0);
    match case {
        "speech" => signal.0 = super::talk::vowels(samples),
        _ => signal.noise(if case == "keys" { -50.0 } else { -30.0 }, &mut chance),
    }
    signal.pcm(Law::Mu)
}

/// One run under callgrind: `EAR CASE BLOCKS`.
pub(crate) fn count(args: &[String]) {
    let arg = |n: usize| args.get(n).map_or("", String::as_str);
    let pcm = signal(arg(1));
    let blocks = arg(2).parse().unwrap_or(0);
    if arg(0) == Ear::Ours.name() {
        let mut receiver = DtmfReceiver::new(&DtmfConfig::default());
        for block in pcm.chunks(80).take(blocks) {
            receiver.process(block, |event| {
                std::hint::black_box(event);
            });
        }
    } else {
        let mut receiver = DtmfRx::new(DtmfRxSettings::default()).expect("memory for one receiver");
        for block in pcm.chunks(80).take(blocks) {
            receiver.process(block);
            while let Some(event) = receiver.poll() {
                std::hint::black_box(event);
            }
        }
    }
}

/// Instructions of 20 ms, by receiver.
pub(crate) fn of(case: &str) -> Result<[f64; 2], String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut figures = [0.0; 2];
    for (figure, ear) in figures.iter_mut().zip(EARS) {
        let run = |blocks: usize| collected(&me, &[ear.name(), case, &blocks.to_string()]);
        *figure = (run(LONG)? - run(SHORT)?) / (LONG - SHORT) as f64 * 2.0;
    }
    Ok(figures)
}

fn collected(program: &std::path::Path, args: &[&str]) -> Result<f64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(program)
        .arg("count")
        .args(args)
        .output()
        .map_err(|e| format!("valgrind does not start: {e}; install valgrind"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, number)| number.trim().parse().ok())
        .ok_or_else(|| format!("no figure from callgrind in:\n{report}"))
}
