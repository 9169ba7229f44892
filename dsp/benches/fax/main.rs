//! Fax calls over a pair of relays: what arrives, by modem, loss and level.
#![forbid(unsafe_code)]

mod chance;
mod network;
mod page;
mod rig;

use network::Weather;
use rig::{Case, Folder, V17, V27TER, V29};

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let number = |n: usize, or: f64| args.get(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let modems = match args.first().map(String::as_str) {
        Some("v29") => V29,
        Some("v27") => V27TER,
        _ => V17,
    };
    let folder = Folder::new("bench");
    let mut case = Case::new(
        modems,
        number(1, 1.0) != 0.0,
        Weather::of(number(2, 0.0), number(3, 20.0) as u32),
    );
    let runs = number(4, 1.0) as u64;
    if let Some(level) = args.get(5).and_then(|a| a.parse().ok()) {
        case.level = Some(level);
    }
    for seed in 0..runs {
        let verbose = runs == 1;
        let begun = std::time::Instant::now();
        let outcome = rig::call_with(&case, seed, folder.path(), &mut |now, n, seen| {
            if verbose {
                match seen {
                    tipring_dsp::relay::Seen::Frame(f) => {
                        println!("{now:6} {n} {:?} {} {:02x?}", f.side, f.intact, f.octets())
                    }
                    other => println!("{now:6} {n} {other:?}"),
                }
            }
        });
        println!(
            "{seed} {} spoilt {} {:.1} s rate {} retries {} lost {} {} / {} ({:?})",
            outcome.perfect(),
            outcome.spoilt,
            outcome.seconds,
            outcome.rate,
            outcome.retries,
            outcome.lost,
            outcome.sent,
            outcome.got,
            begun.elapsed()
        );
        if verbose {
            println!("{:#?}", outcome.figures);
        }
    }
}
