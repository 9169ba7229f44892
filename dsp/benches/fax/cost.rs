//! What 20 ms of a relay cost: instructions counted by callgrind, as the difference of a long run and a short one.

use std::process::Command;

use tipring_dsp::Side;
use tipring_dsp::relay::{Network, Relay, RelayConfig, Tap};

use super::network::Weather;
use super::rig::{self, Case, Folder, Given, V17, V29};

/// What is counted: the relay that hears the page, the one that sends it, one that hears silence; and what only listens to
/// a page that passes as sound, the echo of its line in the other direction.
pub(crate) const CASES: [&str; 8] = [
    "page from the line, 14,400 ECM",
    "page to the line, 14,400 ECM",
    "page from the line, 9600",
    "page to the line, 9600",
    "silence",
    "page listened to, 14,400 ECM",
    "page listened to, 9600",
    "silence listened to",
];
/// Blocks of 10 ms: within the page.
const SHORT: usize = 2000;
const LONG: usize = 3500;

fn given(case: &str) -> Vec<Given> {
    let call = if case.contains("9600") {
        Case::new(V29, false, Weather::fair())
    } else {
        Case::new(V17, true, Weather::fair())
    };
    if case.starts_with("silence") {
        return vec![([0; 80], Vec::new()); LONG];
    }
    let which = usize::from(case.contains("to the line"));
    let folder = Folder::new(&format!("cost-{which}"));
    rig::record(&call, 1, folder.path(), which, LONG)
}

/// One run under callgrind: case and blocks.
pub(crate) fn count(args: &[String]) {
    let case = args.first().map_or("", String::as_str);
    let blocks = args.get(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let given = given(case);
    if case.contains("listened") {
        return listen(&given[..blocks.min(given.len())]);
    }
    let mut relay = Relay::new(&RelayConfig::default()).expect("a relay");
    let mut out = [0; 80];
    for (samples, packets) in given.iter().take(blocks) {
        for packet in packets {
            relay.network_in(Network::Packet(packet));
        }
        relay.line_out(&mut out);
        relay.line_in(samples, |packet| {
            std::hint::black_box(packet);
        });
        while let Some(seen) = relay.seen() {
            std::hint::black_box(seen);
        }
    }
    std::hint::black_box(relay.figures());
}

fn listen(given: &[Given]) {
    let mut tap = Tap::new().expect("a tap");
    for (samples, _) in given {
        let back = samples.map(|sample| sample / 4);
        tap.hear(Side::Network, &back);
        tap.hear(Side::Line, samples);
        while let Some(seen) = tap.seen() {
            std::hint::black_box(seen);
        }
    }
    std::hint::black_box(tap.seen_lost());
}

/// Instructions of 20 ms.
pub(crate) fn of(case: &str) -> Result<f64, String> {
    let run = |blocks: usize| collected(&[case, &blocks.to_string()]);
    Ok((run(LONG)? - run(SHORT)?) / (LONG - SHORT) as f64 * 2.0)
}

fn collected(args: &[&str]) -> Result<f64, String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(me)
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
