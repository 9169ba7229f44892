//! Faxes over a network that loses packets, with and without redundancy: calls of one page, 20 ms packets, 20 ms of
//! jitter. `cargo bench -p tipring-tests --bench lossy -- [CALLS of each kind, 10]`
#![forbid(unsafe_code)]

mod call;

use call::{Network, Outcome, call};

fn main() {
    let calls: u64 = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder for the pages");
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
                redundancy,
                held,
            };
            let run = |ecm| -> Vec<Outcome> {
                (0..calls)
                    .map(|n| call(n, ecm, network, folder.path()))
                    .collect()
            };
            let (ecm, plain) = (run(true), run(false));
            let count = |of: &[Outcome], what: fn(&Outcome) -> bool| {
                of.iter().filter(|outcome| what(outcome)).count()
            };
            let missing = |of: &[Outcome]| {
                of.iter().map(|outcome| outcome.missing).sum::<f64>() / of.len() as f64
            };
            let mut times: Vec<f64> = ecm.iter().filter(|o| o.passed).map(|o| o.seconds).collect();
            times.sort_by(f64::total_cmp);
            let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
            println!(
                "{loss:3.0} %   {:6}   {redundancy:10}   {:11}   {median:8.1}   {:5.2} %   {:14}   {:7}   {:5.2} %{}",
                if held { "fixed" } else { "adapts" },
                count(&ecm, |o| o.passed),
                missing(&ecm),
                count(&plain, |o| o.passed),
                count(&plain, |o| o.perfect),
                missing(&plain),
                if loss == 3.0 && redundancy == 1 {
                    "   (goal: ECM 95 %, perfect without 40 %)"
                } else {
                    ""
                },
            );
        }
    }
}
