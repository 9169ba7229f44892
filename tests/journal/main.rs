//! The fax journal's verdicts on failures that were made on purpose, on good faxes and on calls of people: real daemons on
//! simulated lines, the built-in CallManager, a network with seeded faults.
//!
//! `cargo build --workspace --bins --release && cargo bench -p tipring-tests --bench journal` prints a table of what was
//! made, the code that is right at each port and the one that the journal has; then `--good N` good faxes and `--voice N`
//! calls (20 each) with the false verdicts among them. `--only TEXT` tries the failures whose words have it, and nothing
//! else unless `--good` or `--voice` is said; `--jobs N` trials run at a time (6). Fails when a code is wrong, a
//! verdict false, when a failure did not come about or more than a tenth of the good faxes or calls, and when nothing was to be
//! made. Everything is real time: some six minutes.
#![forbid(unsafe_code)]

mod good;
mod house;
mod machine;
mod made;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use house::House;
use made::Trial;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).cloned()
    };
    let number = |name: &str| after(name).and_then(|n| n.parse::<usize>().ok());
    let only = after("--only");
    let rest = if only.is_some() { 0 } else { 20 };
    let jobs = number("--jobs").unwrap_or(6).max(1);
    let mut trials = made::trials();
    if let Some(only) = &only {
        trials.retain(|trial| trial.made.contains(only.as_str()));
    }
    let (good, voice) = (
        number("--good").unwrap_or(rest),
        number("--voice").unwrap_or(rest),
    );
    let failures = failures(&trials, jobs);
    let others = [goods(good, jobs), calls(voice, jobs)];
    let wanted = trials.len() + good + voice;
    if wanted == 0 {
        println!("nothing was to be made, so nothing was judged");
    }
    let good = wanted > 0 && failures.is_good(0) && others.iter().all(|t| t.is_good(t.wanted / 10));
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What came of a number of trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    wanted: usize,
    /// Those that came about, so that the journal had something to say.
    judged: usize,
    /// Verdicts that are not right.
    wrong: usize,
}

impl Tally {
    /// Every verdict is right, and at most this number of trials did not come about: they show nothing of the journal.
    fn is_good(self, most_not_made: usize) -> bool {
        self.wrong == 0 && self.judged + most_not_made >= self.wanted
    }
}

/// Runs this for each number below `count`, some at a time; the answers in order.
fn side_by_side<T: Send>(count: usize, jobs: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let answer = run(n);
                    answers.lock().expect("no panic").push((n, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().expect("no panic");
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The codes at both ports, and how the trial itself went.
fn one(trial: &Trial) -> ([String; 2], Result<(), String>) {
    let house = match House::open(&trial.plan) {
        Ok(house) => house,
        Err(e) => return (Default::default(), Err(e)),
    };
    let mut ran = (trial.run)(&house);
    if ran.is_err() {
        let _ = house.over();
    }
    let codes = [(1, trial.right[0]), (2, trial.right[1])].map(|(port, right)| {
        let found = house.verdict(port).map(|found| {
            if !right.contains(&found.code.as_str()) && std::env::var_os("JOURNAL_SHOW").is_some() {
                let number = found.fax.number.to_string();
                let shown = house.gateway.tipring(&["fax", "show", &number]);
                let now = house.gateway.tipring(&["port", "show", &port.to_string()]);
                let [shown, now] = [shown, now].map(Result::unwrap_or_default);
                eprintln!("{}: port {port}\n{shown}\n{now}", trial.made);
            }
            found.code
        });
        found.unwrap_or_else(|e| {
            ran = Err(e);
            "none".to_owned()
        })
    });
    (codes, ran)
}

/// The table of failures.
fn failures(trials: &[Trial], jobs: usize) -> Tally {
    if trials.is_empty() {
        return Tally::default();
    }
    let found = side_by_side(trials.len(), jobs, |n| one(&trials[n]));
    println!(
        "{:60} {:22} {:22} {:22} {:22}",
        "made", "right at port 1", "found", "right at port 2", "found"
    );
    let mut tally = Tally {
        wanted: trials.len(),
        ..Tally::default()
    };
    let mut known = 0;
    let mut codes = std::collections::BTreeSet::new();
    for (trial, (got, ran)) in trials.iter().zip(&found) {
        let right = trial.right.map(|codes| codes.join("/"));
        let is_right = |n: usize| trial.right[n].contains(&got[n].as_str());
        let all = is_right(0) && is_right(1);
        let missed = [0, 1].into_iter().filter(|n| !is_right(*n)).count();
        match trial.known.is_empty() {
            true => tally.wrong += missed,
            false => known += missed,
        }
        for n in [0, 1].into_iter().filter(|n| is_right(*n)) {
            codes.insert(got[n].clone());
        }
        // The right codes are there only when it came about.
        tally.judged += usize::from(all || ran.is_ok());
        let end = match (all, ran) {
            (true, _) => "right".to_owned(),
            (false, Ok(())) if !trial.known.is_empty() => format!("known: {}", trial.known),
            (false, Ok(())) => "WRONG".to_owned(),
            (false, Err(e)) => format!("WRONG ({})", e.lines().next().unwrap_or_default()),
        };
        println!(
            "{:60} {:22} {:22} {:22} {:22} {end}",
            trial.made, right[0], got[0], right[1], got[1]
        );
    }
    println!(
        "{} of {} failures made, {} verdicts, {} wrong and {known} known to be wrong; {} codes of verdicts seen",
        tally.judged,
        trials.len(),
        2 * trials.len(),
        tally.wrong,
        codes.len()
    );
    tally
}

/// Good faxes.
fn goods(count: usize, jobs: usize) -> Tally {
    let outcomes = side_by_side(count, jobs, |n| {
        let n = n as u64;
        let (words, plan, ecm) = good::fax(n);
        let outcome = House::open(&plan).and_then(|house| good::send(&house, n, ecm));
        (words, outcome)
    });
    tally("good faxes", &outcomes)
}

/// Calls of people.
fn calls(count: usize, jobs: usize) -> Tally {
    let outcomes = side_by_side(count, jobs, |n| {
        let n = n as u64;
        let (words, plan) = good::voice(n);
        let outcome = House::open(&plan).and_then(|house| good::talk(&house, n));
        (words, outcome)
    });
    tally("calls of people", &outcomes)
}

fn tally(what: &str, outcomes: &[(&str, Result<Option<String>, String>)]) -> Tally {
    if outcomes.is_empty() {
        return Tally::default();
    }
    let (mut false_ones, mut not_made) = (0, 0);
    for (words, outcome) in outcomes {
        match outcome {
            Ok(None) => {}
            Ok(Some(verdict)) => {
                false_ones += 1;
                println!("FALSE VERDICT: {words}: {verdict}");
            }
            Err(e) => {
                not_made += 1;
                let first = e.lines().next().unwrap_or_default();
                println!("not made: {words}: {first}");
            }
        }
    }
    println!(
        "{} {what}, {not_made} of them did not come about, false verdicts: {false_ones}",
        outcomes.len()
    );
    Tally {
        wanted: outcomes.len(),
        judged: outcomes.len() - not_made,
        wrong: false_ones,
    }
}
