//! Fax calls over a pair of relays: what arrives, by modem, loss, jitter and level, and what a relay costs.
//!
//! `cargo bench -p tipring-dsp --bench fax` prints all tables, with 20 calls a cell; `-- loss`, `-- modems`, `-- levels`,
//! `-- others`, `-- super-g3` and `-- cost` one of them; `-- --quick` runs a few cells with short pages and fails when one is below its
//! floor; `-- call v17|v29|v27ter ECM LOSS JITTER SEED` shows the frames of one call (`v29-slower`: after a spoilt check). All is the same with every run.
//!
//! The fax machines are libspandsp's, each on a line with noise, a hybrid and a delay by a part of a sample, all by
//! chance; the network is a model of UDPTL.
#![forbid(unsafe_code)]

mod chance;
mod cost;
mod network;
mod page;
mod rig;
mod super_g3;
mod tables;

use std::process::ExitCode;

use network::Weather;
use rig::{Case, Folder, V17, V27TER, V29};
use tables::{Size, Tables};
use tipring_dsp::relay::Seen;

/// Instructions of 20 ms that a relay may need.
const COST: f64 = 150_000.0;

fn main() -> ExitCode {
    // `cargo bench` adds --bench.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let what = args.first().map_or("", String::as_str);
    match what {
        "count" => {
            cost::count(&args[1..]);
            return ExitCode::SUCCESS;
        }
        "call" => {
            show(&args[1..]);
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let quick = what == "--quick";
    // 20 calls unless FAX_RUNS says otherwise.
    let runs = std::env::var("FAX_RUNS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
    let mut tables = Tables::new(Size {
        runs: if quick { 2 } else { runs },
        rows: if quick { 150 } else { 600 },
    });
    let all = what.is_empty();
    if quick {
        tables.quick();
    }
    if all || what == "loss" {
        tables.loss(&[0.0, 1.0, 3.0, 5.0, 10.0], &[20, 150, 300]);
    }
    if all || what == "modems" {
        tables.modems(&[0.0, 3.0]);
    }
    if all || what == "levels" {
        tables.levels(&[-14.0, -20.0, -26.0, -32.0, -35.0, -38.0]);
    }
    if all || what == "others" {
        tables.others();
    }
    if all || what == "super-g3" {
        tables.super_g3();
    }
    let mut below = tables.below();
    if all || what == "cost" {
        println!("\ninstructions of 20 ms");
        for case in cost::CASES {
            match cost::of(case) {
                Ok(figure) => {
                    println!("{case:32} {figure:8.0}");
                    if figure > COST {
                        below.push(format!("{case}: {figure:.0} instructions"));
                    }
                }
                Err(error) => below.push(format!("{case}: {error}")),
            }
        }
    }
    for cell in &below {
        println!("below the floor: {cell}");
    }
    if below.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The frames of one call.
fn show(args: &[String]) {
    let number = |n: usize, or: f64| args.get(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let name = args.first().map_or("v17", String::as_str);
    let spoil_check = name.ends_with("-slower");
    let modems = match name.trim_end_matches("-slower") {
        "v29" => V29,
        "v27ter" => V27TER,
        _ => V17,
    };
    let weather = Weather::of(number(2, 0.0), number(3, 20.0) as u32);
    let case = Case {
        spoil_check,
        level: args.get(5).and_then(|a| a.parse().ok()),
        ..Case::new(modems, number(1, 1.0) != 0.0, weather)
    };
    let folder = Folder::new("call");
    let outcome = rig::call_with(
        &case,
        number(4, 0.0) as u64,
        folder.path(),
        &mut |now, n, seen| match seen {
            Seen::Frame(frame) => println!(
                "{now:6} relay {n}: {:?} {} {:02x?}",
                frame.side,
                if frame.intact { "frame" } else { "spoilt" },
                frame.octets()
            ),
            Seen::Signal(side) => println!("{now:6} relay {n}: {side:?} signal"),
            Seen::Carrier(side, carrier) => println!("{now:6} relay {n}: {side:?} {carrier:?}"),
        },
    );
    println!("{outcome:#?}");
}
