//! What a port costs: instructions per 10 ms block (under callgrind), and talking ports in real time on the simulated
//! card.
//!
//! `cargo bench -p tipringd --bench line_cost -- instructions` prints the first, `realtime [SECONDS] [PORTS] [SHARDS]`
//! the second; `loaded` does the same while other processes keep every processor busy, and `most [SECONDS] [SHARDS]
//! [STEP]` looks for the largest number of ports without a missed block.

mod card;
#[path = "../fake_card/mod.rs"]
mod fake_card;
mod far_end;
mod figures;
mod instructions;
mod machine;
mod realtime;
mod scene;

use std::process::ExitCode;

use realtime::Run;

fn main() -> ExitCode {
    // `cargo bench` adds --bench.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let number = |n: usize, otherwise: u64| {
        args.get(n)
            .and_then(|a| a.parse().ok())
            .unwrap_or(otherwise)
    };
    let result = match args.first().map(String::as_str) {
        Some("count") => instructions::count(
            args.get(1).map_or("", String::as_str),
            number(2, 8) as usize,
            number(3, 200),
            number(4, 600),
        ),
        Some("instructions") => instructions::table(),
        Some(kind @ ("realtime" | "loaded")) => realtime::table(Run {
            seconds: number(1, 60),
            ports: number(2, 48) as usize,
            shards: number(3, 1) as usize,
            loaded: kind == "loaded",
        })
        .map(drop),
        Some("most") => realtime::most(
            number(1, 10),
            number(2, 1) as usize,
            number(3, 100) as usize,
        ),
        Some("spin") => {
            realtime::spin();
            Ok(())
        }
        Some(other) => Err(format!(
            "{other}: not instructions, realtime or loaded [SECONDS] [PORTS] [SHARDS], most [SECONDS] [SHARDS] [STEP]"
        )),
        None => instructions::table(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("line_cost: {why}");
            ExitCode::FAILURE
        }
    }
}
