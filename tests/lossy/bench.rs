//! Faxes over a network that loses packets, with and without redundancy: 20 ms packets, 20 ms of jitter. `cargo bench -p
//! tipring-tests --bench lossy -- [CALLS of each kind, 10]` prints calls of a page for each number of earlier packets, then
//! twice as many of two pages with the number that the loss decides, and fails when fewer of those pass than must;
//! `-- auto CALLS` the second table alone.
#![forbid(unsafe_code)]

mod call;
mod duplex;
mod modems;

use std::path::Path;
use std::process::ExitCode;

use call::{Network, Outcome, call};
use tipring_dsp::Law;
use tipring_proto::types::RepeatedPackets;
use tipring_spandsp::ConnectTone;

/// Loss, percent, and the calls of 20 with error correction that must pass.
const FLOORS: [(f64, f64); 3] = [(1.0, 20.0), (3.0, 19.0), (5.0, 15.0)];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let calls: u64 = args.iter().find_map(|a| a.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder for the pages");
    if args.iter().any(|a| a == "auto") {
        return automatic(calls, folder.path());
    }
    numbers(calls, folder.path());
    println!(
        "\ndata modems over pass-through, 10 s each way of coding, nothing lost: bits, wrong ones"
    );
    for (name, modem, rate) in modems::MODEMS {
        let [mu, a] = [Law::Mu, Law::A].map(|law| modems::carry(modem, rate, law));
        println!(
            "{name:20} µ-law {} {}   A-law {} {}",
            mu.sent, mu.wrong, a.sent, a.wrong
        );
    }
    for rate in [1200, 2400] {
        for law in [Law::Mu, Law::A] {
            let call = duplex::call(rate, ConnectTone::Ans, law);
            let [there, back] = call.bits;
            println!(
                "V.22bis, both ways, {rate} bit/s, {law:?}: {} {} there, {} {} back; agreed on {:?}, tones {:?}",
                there.sent, there.wrong, back.sent, back.wrong, call.rates, call.tones
            );
        }
    }
    automatic(2 * calls, folder.path())
}

fn count(of: &[Outcome], what: fn(&Outcome) -> bool) -> usize {
    of.iter().filter(|outcome| what(outcome)).count()
}

fn mean(of: &[Outcome], what: fn(&Outcome) -> f64) -> f64 {
    of.iter().map(what).sum::<f64>() / of.len() as f64
}

fn median(of: &[Outcome]) -> f64 {
    let passed = of.iter().filter(|o| o.passed);
    let mut times: Vec<f64> = passed.map(|o| o.seconds).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn run(calls: u64, ecm: bool, pages: usize, network: Network, folder: &Path) -> Vec<Outcome> {
    (0..calls)
        .map(|n| call(n, ecm, pages, network, folder))
        .collect()
}

/// Each number of earlier packets.
fn numbers(calls: u64, folder: &Path) {
    println!(
        "{calls} fax calls of a page each; packets of 20 ms, 50 ms through the network and up to 20 ms of jitter"
    );
    println!(
        "loss   buffer   redundancy   ECM: passed   median s   missing   no ECM: passed   perfect   missing"
    );
    for loss in [0.0, 1.0, 3.0] {
        for (held, redundancy) in [(false, 0), (true, 0), (true, 1), (true, 2)] {
            let network = Network {
                loss,
                redundancy: RepeatedPackets::Fixed(redundancy),
                held,
                ppm: 0.0,
            };
            let ecm = run(calls, true, 1, network, folder);
            let plain = run(calls, false, 1, network, folder);
            println!(
                "{loss:3.0} %   {:6}   {redundancy:10}   {:11}   {:8.1}   {:5.2} %   {:14}   {:7}   {:5.2} %{}",
                if held { "fixed" } else { "adapts" },
                count(&ecm, |o| o.passed),
                median(&ecm),
                mean(&ecm, |o| o.missing),
                count(&plain, |o| o.passed),
                count(&plain, |o| o.perfect),
                mean(&plain, |o| o.missing),
                if loss == 3.0 && redundancy == 1 {
                    "   (goal: ECM 95 %, perfect without 40 %)"
                } else {
                    ""
                },
            );
        }
    }
}

/// What the loss decides: two pages, with error correction, the far clock 30 ppm fast.
fn automatic(calls: u64, folder: &Path) -> ExitCode {
    println!(
        "\n{calls} fax calls of two pages each, redundancy = \"auto\", error correction, clocks 30 ppm apart"
    );
    println!(
        "loss   passed   floor   median s   missing   earlier packets at the end   slips   drift ppm"
    );
    let mut code = ExitCode::SUCCESS;
    for (loss, floor) in FLOORS {
        let network = Network {
            loss,
            redundancy: RepeatedPackets::Auto,
            held: true,
            ppm: 30.0,
        };
        let calls_made = run(calls, true, 2, network, folder);
        let passed = count(&calls_made, |o| o.passed);
        let slips: u64 = calls_made.iter().map(|o| o.slips).sum();
        let floor = (floor * calls as f64 / 20.0).floor();
        println!(
            "{loss:3.0} %   {passed:6}   {floor:5}   {:8.1}   {:5.3} %   {:26.1}   {slips:5}   {:9.1}",
            median(&calls_made),
            mean(&calls_made, |o| o.missing),
            mean(&calls_made, |o| f64::from(o.depth[0])),
            mean(&calls_made, |o| o.drift_ppm.map_or(f64::NAN, f64::from)),
        );
        if (passed as f64) < floor || slips > 0 {
            code = ExitCode::FAILURE;
        }
    }
    code
}
