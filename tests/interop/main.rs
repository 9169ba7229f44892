//! `tipring-interop`: the gateway with 48 simulated ports against Asterisk's chan_skinny, judged by tshark.
//!
//! `tipring-interop [--types 10,30027] [--versions 3,17,22] [--only FLOW,…] [--keep FOLDER] [--repeat N]
//!  [--hybrid-loss DB]`
//!
//! Every flow runs against a real call manager over real TCP and RTP on loopback; the phones are the simulated
//! card's. Exit 0 only when every flow passed and tshark found no malformed frame in what we sent.
#![forbid(unsafe_code)]

mod figures;
mod flows;
mod mgcp;
mod stage;
mod t38;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use figures::{Failure, Figures, Outcome, Round};
use flows::Flow;
use stage::{Stage, StageConfig};

struct Options {
    types: Vec<u32>,
    versions: Vec<u8>,
    only: Vec<String>,
    keep: Option<PathBuf>,
    repeat: u32,
    hybrid_loss: Option<u8>,
}

/// Trans-hybrid loss, dB: half of the rounds have lines that send much of what they hear back.
const HYBRID_LOSSES: [u8; 2] = [20, 6];

fn options() -> Result<Options, String> {
    let mut o = Options {
        types: vec![10, 30027],
        versions: vec![3, 17, 22],
        only: vec![],
        keep: None,
        repeat: 1,
        hybrid_loss: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} wants a value"))?;
        let numbers = || {
            value
                .split(',')
                .map(|n| n.parse::<u32>().map_err(|e| format!("{arg} {n}: {e}")))
        };
        match arg.as_str() {
            "--types" => o.types = numbers().collect::<Result<_, _>>()?,
            "--versions" => {
                o.versions = numbers()
                    .map(|n| n.and_then(|n| u8::try_from(n).map_err(|e| e.to_string())))
                    .collect::<Result<_, _>>()?;
            }
            "--only" => o.only = value.split(',').map(str::to_owned).collect(),
            "--keep" => o.keep = Some(PathBuf::from(value)),
            "--repeat" => o.repeat = value.parse().map_err(|e| format!("{arg} {value}: {e}"))?,
            "--hybrid-loss" => {
                o.hybrid_loss = Some(value.parse().map_err(|e| format!("{arg} {value}: {e}"))?);
            }
            _ => {
                return Err(format!(
                    "{arg}: one of --types, --versions, --only, --keep, --repeat, --hybrid-loss"
                ));
            }
        }
    }
    Ok(o)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(o) => o,
        Err(e) => {
            eprintln!("tipring-interop: {e}");
            return ExitCode::from(2);
        }
    };
    // Two runs at a time would stop each other's call managers.
    let lock = std::env::temp_dir().join("tipring-interop.lock");
    let lock = std::fs::File::create(&lock).expect("a writable temporary folder");
    if lock.try_lock().is_err() {
        eprintln!("another interop run is under way; waiting for its end");
        lock.lock().expect("a lock on a file just opened");
    }
    let start = Instant::now();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let folder = options
        .keep
        .clone()
        .unwrap_or_else(|| scratch.path().to_owned());
    let mut rounds: Vec<Round> = vec![];
    for &version in &options.versions {
        // Both device types at once, each with a call manager of its own.
        let running: Vec<_> = options
            .types
            .iter()
            .enumerate()
            .map(|(i, &device_type)| {
                let name = format!("type {device_type} v{version}");
                let folder = folder.join(format!("type{device_type}-v{version}"));
                let (only, repeat) = (options.only.clone(), options.repeat);
                let config = StageConfig {
                    index: i,
                    device_type,
                    version,
                    hybrid_loss_db: options
                        .hybrid_loss
                        .unwrap_or(HYBRID_LOSSES[i % HYBRID_LOSSES.len()]),
                    has_all: i == 0 && version == options.versions[0],
                };
                let round = name.clone();
                let thread =
                    std::thread::spawn(move || run(&round, &config, folder, &only, repeat));
                (name, thread)
            })
            .collect();
        for (name, thread) in running {
            let outcomes = thread.join().unwrap_or_else(|_| {
                vec![Outcome::failed("round", "the test itself panicked".into())]
            });
            rounds.push(Round { name, outcomes });
        }
    }
    let failed = figures::summary(&rounds);
    println!("interop took {} s", start.elapsed().as_secs());
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One device type at one version: all flows.
fn run(
    name: &str,
    config: &StageConfig,
    folder: PathBuf,
    only: &[String],
    repeat: u32,
) -> Vec<Outcome> {
    let stage = match Stage::set(config, folder) {
        Ok(stage) => stage,
        Err(e) => {
            let outcome = Outcome::failed("stage", e);
            outcome.print(name);
            return vec![outcome];
        }
    };
    let wanted = |flow: &str| only.is_empty() || only.iter().any(|o| o == flow);
    let mut outcomes = vec![];
    // Flows on ports of their own run side by side; what disturbs everybody comes after them, one by one, and so does
    // what heard the wrong thing while this machine was too slow for sound, or failed at ports whose calls the call manager keeps.
    let mut again: Vec<Flow> = vec![];
    let mut failed: Vec<(Flow, Outcome, BTreeSet<u16>)> = vec![];
    std::thread::scope(|scope| {
        let also = if config.has_all {
            flows::IN_ONE_ROUND
        } else {
            &[]
        };
        // Those in one round only are repeated as often as there is to be repetition, one after another.
        let running = flows::SIDE_BY_SIDE.iter().map(|flow| (flow, 1));
        let running: Vec<_> = running
            .chain(also.iter().map(|flow| (flow, repeat)))
            .filter(|((flow, _), _)| wanted(flow))
            .map(|(&(flow, body), times)| {
                let stage = &stage;
                let thread = scope.spawn(move || beside_others(name, stage, flow, body, times));
                ((flow, body), thread)
            })
            .collect();
        for (flow, thread) in running {
            let runs = thread.join().unwrap_or_else(|_| {
                let outcome = Outcome::failed(flow.0, "panicked".into());
                outcome.print(name);
                vec![(outcome, Excuse::None)]
            });
            for (outcome, excuse) in runs {
                match excuse {
                    Excuse::Stalls => again.push(flow),
                    Excuse::CallManager(ports) => failed.push((flow, outcome, ports)),
                    Excuse::None => outcomes.push(outcome),
                }
            }
        }
    });
    if !again.is_empty() || !failed.is_empty() {
        // What a failed flow left lifted would fail it again.
        let _ = stage.hang_all();
        match stage.revive_hung() {
            Ok(Some(wrong)) => {
                for (flow, _, _) in failed.extract_if(.., |(_, _, used)| wrong.concerns(used)) {
                    let what = wrong.what;
                    say_again(name, flow.0, &format!("the call manager itself {what}"));
                    again.push(flow);
                }
            }
            Ok(None) => {}
            Err(e) => println!("     {name:<15} no new call manager: {e}"),
        }
    }
    outcomes.extend(failed.into_iter().map(|(_, outcome, _)| outcome));
    let one_by_one = (0..repeat).flat_map(|_| flows::ONE_BY_ONE).copied();
    let one_by_one = one_by_one.filter(|(flow, _)| wanted(flow));
    for (flow, body) in again {
        outcomes.push(alone(name, &stage, flow, body, 1));
    }
    for (flow, body) in one_by_one {
        outcomes.push(alone(name, &stage, flow, body, 0));
    }
    for outcome in stage.strike() {
        outcome.print(name);
        outcomes.push(outcome);
    }
    outcomes
}

/// Why a flow that failed beside others may be run again.
enum Excuse {
    /// It may not.
    None,
    /// This machine was too slow for the sound that it was about.
    Stalls,
    /// It had to do with the call manager, should that hang with these ports.
    CallManager(BTreeSet<u16>),
}

/// A flow beside others, as often as asked for: how each run went, and what may excuse it.
fn beside_others(
    name: &str,
    stage: &Stage,
    flow: &'static str,
    body: fn(&Stage) -> Result<Figures, Failure>,
    times: u32,
) -> Vec<(Outcome, Excuse)> {
    let run = |_| {
        stage.begin();
        let outcome = Outcome::of(flow, || body(stage));
        outcome.print(name);
        if outcome.passed() {
            return (outcome, Excuse::None);
        }
        // What it left lifted would fail its next run.
        let _ = stage.hang_used();
        let excuse = if let Some(stalls) = outcome.stalls() {
            say_again(name, flow, &format!("beside other flows: {stalls}"));
            Excuse::Stalls
        } else {
            Excuse::CallManager(stage.used_ports())
        };
        (outcome, excuse)
    };
    (0..times).map(run).collect()
}

/// A flow by itself: again when the call manager was the reason that it failed, or this machine that it heard the wrong thing,
/// three times in all.
fn alone(
    name: &str,
    stage: &Stage,
    flow: &'static str,
    body: fn(&Stage) -> Result<Figures, Failure>,
    failed_before: u32,
) -> Outcome {
    for n in 0..2 {
        let assertions = stage.assertions();
        stage.begin();
        let outcome = Outcome::of(flow, || body(stage)).after(failed_before + n);
        outcome.print(name);
        if outcome.passed() {
            return outcome;
        }
        // A failure of the call manager itself is printed, and the flow gets another call manager.
        match stage.revive(assertions) {
            Ok(Some(wrong)) if wrong.concerns(&stage.used_ports()) => {
                let what = wrong.what;
                say_again(name, flow, &format!("the call manager itself {what}"));
            }
            Ok(_) => {
                let _ = stage.hang_all();
                let Some(stalls) = outcome.stalls() else {
                    return outcome;
                };
                say_again(name, flow, stalls);
            }
            Err(e) => {
                let outcome = Outcome::failed(flow, format!("no new call manager: {e}"));
                outcome.print(name);
                return outcome;
            }
        }
    }
    let outcome = Outcome::of(flow, || body(stage)).after(failed_before + 2);
    outcome.print(name);
    outcome
}

fn say_again(name: &str, flow: &str, why: &str) {
    println!("     {name:<15} {flow:<14} {why}; once more");
}
