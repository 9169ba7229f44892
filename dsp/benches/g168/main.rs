//! The line echo canceller by the tests of ITU-T G.168, with speexdsp's beside it in the same run.
//!
//! `cargo bench -p tipring-dsp --bench g168` prints the whole table (some minutes); `-- quality`,
//! `-- untrained`, `-- howl [RUNS]`, `-- cost` and `-- fax [CALLS]` a part of it. Everything but wall-clock time is the
//! same with every run. The tests are named after those of the Recommendation that they follow; floor and goal are this
//! project's own.
#![forbid(unsafe_code)]

mod cost;
mod fax;
mod figures;
mod howl;
mod models;
mod rig;
mod signals;
mod speech;
mod speex;
mod untrained;

use std::process::ExitCode;

use figures::{Figure, Wanted};
use tipring_dsp::{Bypass, CancellerConfig, EchoCanceller, LineEchoCanceller};

fn main() -> ExitCode {
    // `cargo bench` adds --bench.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let calls = args.get(1).and_then(|a| a.parse().ok()).unwrap_or(4);
    let speex = || {
        let built = speex::Program::build();
        if let Err(why) = &built {
            println!("speexdsp is NOT compared: {why}");
        }
        built.ok()
    };
    let result = match args.first().map(String::as_str) {
        Some("count") => {
            cost::count(&args[1..]);
            Ok(())
        }
        Some("quality") => quality(speex().as_ref()),
        Some("cost") => costs(speex().as_ref()),
        Some("untrained") => untrained(speex().as_ref()),
        Some("howl") => howl(args.get(1).and_then(|a| a.parse().ok()).unwrap_or(1000)),
        Some("fax") => faxes(calls, speex().as_ref()),
        Some(other) => Err(format!(
            "{other}: not quality, untrained, howl [RUNS], cost, or fax [CALLS]"
        )),
        None => {
            let speex = speex();
            costs(speex.as_ref())
                .and_then(|()| quality(speex.as_ref()))
                .and_then(|()| untrained(speex.as_ref()))
                .and_then(|()| howl(1000))
                .and_then(|()| faxes(calls, speex.as_ref()))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("g168: {why}");
            ExitCode::FAILURE
        }
    }
}

fn ours(tail_ms: u16, nlp: bool) -> Box<dyn EchoCanceller> {
    Box::new(LineEchoCanceller::new(CancellerConfig {
        tail_ms,
        nlp,
        ..CancellerConfig::default()
    }))
}

/// As on the line of a fax.
fn fax_line(nlp: bool) -> Box<dyn EchoCanceller> {
    Box::new(LineEchoCanceller::new(CancellerConfig {
        nlp,
        takes_turns: true,
        ..CancellerConfig::default()
    }))
}

fn heading(what: &str) {
    println!("\n{what}");
    println!(
        "  {:<50} {:>9} {:>9} {:>9} {:>9}",
        "", "Tipring", "speexdsp", "floor", "goal"
    );
}

fn row(figure: &Figure, other: Option<f64>) {
    let number = |value: f64| match figure.unit {
        "s" => format!("{value:.2}"),
        "dB" => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    let (sign, floor, goal, met) = match figure.wanted {
        Wanted::Most(floor, goal) => ("<=", floor, goal, figure.value <= floor),
        Wanted::Least(floor, goal) => (">=", floor, goal, figure.value >= floor),
        Wanted::Shown => ("", f64::NAN, f64::NAN, true),
    };
    let bound = |value: f64| {
        if value.is_nan() {
            "-".to_owned()
        } else {
            format!("{sign} {}", number(value))
        }
    };
    println!(
        "  {:<50} {:>9} {:>9} {:>9} {:>9}  {:<4}{}",
        format!("{} ({})", figure.name, figure.unit),
        number(figure.value),
        other.map_or_else(|| "-".to_owned(), number),
        bound(floor),
        bound(goal),
        figure.model,
        if met { "" } else { "  MISSED" }
    );
}

fn quality(speex: Option<&speex::Program>) -> Result<(), String> {
    if let Err(why) = speech::speakers(-18.0, -18.0) {
        println!("the rows with speech are SKIPPED: {why}");
    }
    heading("Echo canceller, worst of the line models D.2 to D.9 of G.168");
    let figures = figures::all(&mut ours);
    let others = speex.map(|speex| {
        figures::all(&mut |tail, nlp| -> Box<dyn EchoCanceller> {
            Box::new(speex.start(tail, nlp))
        })
    });
    for (n, figure) in figures.iter().enumerate() {
        let other = others.as_ref().and_then(|o| o.get(n)).map(|o| o.value);
        row(figure, other);
    }
    Ok(())
}

/// An untrained port: tones, direct current and hum, and the first keys.
fn untrained(speex: Option<&speex::Program>) -> Result<(), String> {
    use Wanted::{Least, Shown};
    let show = |name: String, unit: &'static str, wanted: Wanted, each: Each<'_>| {
        let value = each(&mut || ours(64, true));
        let other = speex.map(|speex| each(&mut || Box::new(speex.start(64, true))));
        let figure = Figure {
            name,
            unit,
            wanted,
            value,
            model: "",
        };
        row(&figure, other);
    };
    heading("Untrained port with suppressor, ERL 6, room of -65 dBm0");
    for far in &untrained::FAR_ENDS {
        let name = format!("{}: loss, 3 to 20 s, median", far.name);
        let wanted = Least(far.least, far.speex);
        show(name, "dB", wanted, &|make| untrained::losses(far, make).0);
        let name = format!("{}: the same, worst model", far.name);
        show(name, "dB", Shown, &|make| untrained::losses(far, make).1);
    }
    for (name, under, direct) in untrained::HUMS {
        let name = format!("calls of 12 that learn with {name}");
        show(name, "", Least(12.0, 12.0), &|make| {
            untrained::calls_with_hum(under, direct, make) as f64
        });
    }
    for (name, dial) in untrained::DIAL_TONES {
        for dbm0 in [-24.0, -10.0] {
            let name = format!("keys of {dbm0} over dial tone {name}");
            show(name, "%", Least(98.0, 100.0), &|make| {
                untrained::keys_heard(dial, dbm0, 60, make)
            });
        }
    }
    Ok(())
}

/// A figure of cancellers that are made.
type Each<'a> = &'a dyn Fn(&mut dyn FnMut() -> Box<dyn EchoCanceller>) -> f64;

/// Gateways that face each other.
fn howl(runs: u64) -> Result<(), String> {
    heading("Two gateways face each other: loops that sing");
    for (name, make) in [
        (
            "ERL 3 to 12, 0 to +3 dB a leg, 20 to 400 ms",
            howl::Loop::by_chance as fn(u64) -> howl::Loop,
        ),
        ("ERL 3, +3 dB a leg", howl::Loop::worst),
    ] {
        for nlp in [true, false] {
            let sing = (0..runs)
                .filter(|seed| make(*seed).sings(8, [(); 2].map(|()| ours(64, nlp))))
                .count();
            let with = if nlp { "" } else { ", linear part" };
            let figure = Figure {
                name: format!("{name}{with}, of {runs}"),
                unit: "",
                wanted: Wanted::Most(0.0, 0.0),
                value: sing as f64,
                model: "",
            };
            row(&figure, None);
        }
    }
    Ok(())
}

fn costs(speex: Option<&speex::Program>) -> Result<(), String> {
    use Wanted::{Most, Shown};
    heading("Echo canceller, cost (instructions a sample, AVX2; linear part unless stated)");
    let cases = [
        (
            "64 ms, path known",
            "still",
            64,
            false,
            80,
            Most(900.0, 300.0),
        ),
        (
            "128 ms, path known",
            "still",
            128,
            false,
            80,
            Most(1400.0, 400.0),
        ),
        (
            "64 ms, double talk all the time",
            "talk",
            64,
            false,
            80,
            Most(900.0, 300.0),
        ),
        (
            "128 ms, double talk all the time",
            "talk",
            128,
            false,
            80,
            Most(1400.0, 400.0),
        ),
        (
            "64 ms, suppressor and comfort noise",
            "still",
            64,
            true,
            80,
            Shown,
        ),
        ("64 ms, blocks of 40 samples", "still", 64, false, 40, Shown),
        ("64 ms, blocks of 16 samples", "still", 64, false, 16, Shown),
        ("64 ms, blocks of 8 samples", "still", 64, false, 8, Shown),
    ];
    for (name, case, tail, nlp, chunk, wanted) in cases {
        let other = match speex {
            Some(speex) if case == "still" && chunk == 80 => {
                Some(cost::speex(&speex.0, tail, nlp)?)
            }
            _ => None,
        };
        let figure = Figure {
            name: name.to_owned(),
            unit: "instr",
            wanted,
            value: cost::ours(case, tail, nlp, chunk)?,
            model: "",
        };
        row(&figure, other);
    }
    Ok(())
}

fn faxes(calls: usize, speex: Option<&speex::Program>) -> Result<(), String> {
    println!(
        "\nFax through hybrids on both sides, {calls} calls of a page each (0.1 s of network each way)"
    );
    println!(
        "  {:<24} {:>9} {:>9} {:>9} {:>9}",
        "", "Tipring", "with NLP", "speexdsp", "none"
    );
    for erl in [6.0, 10.0, 20.0] {
        for ecm in [true, false] {
            let pages = |make: &mut dyn FnMut() -> Box<dyn EchoCanceller>| {
                fax::pages(calls, erl, ecm, make)
            };
            let linear = pages(&mut || fax_line(false));
            let nlp = pages(&mut || ours(64, true));
            let none = pages(&mut || Box::new(Bypass));
            let other = speex.map_or_else(
                || "-".to_owned(),
                |speex| pages(&mut || Box::new(speex.start(64, false))).to_string(),
            );
            let name = format!("ERL {erl} dB{}", if ecm { ", ECM" } else { "" });
            let missed = if linear < calls { "  MISSED" } else { "" };
            println!("  {name:<24} {linear:>9} {nlp:>9} {other:>9} {none:>9}{missed}");
        }
    }
    Ok(())
}
