//! What a port costs: instructions per 10 ms block (under callgrind), and 48 talking ports in real time on
//! the simulated card.
//!
//! `cargo bench -p tipringd --bench line_cost` prints both; `-- instructions`, `-- realtime [SECONDS] [PORTS]` one of
//! them.

#[path = "../fake_card/mod.rs"]
mod fake_card;
mod far_end;
mod figures;
mod instructions;
mod machine;
mod realtime;
mod scene;

use std::process::ExitCode;

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
        Some("count") => instructions::count(args.get(1).map_or("", String::as_str)),
        Some("instructions") => instructions::table(),
        Some("realtime") => realtime::table(number(1, 60), number(2, 48) as usize),
        Some(other) => Err(format!(
            "{other}: not instructions, and not realtime [SECONDS] [PORTS]"
        )),
        None => instructions::table().and_then(|()| realtime::table(60, 48)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("line_cost: {why}");
            ExitCode::FAILURE
        }
    }
}
