//! What a flow measured and cost, and how the whole run went.

use std::fmt::Display;
use std::fs;
use std::time::{Duration, Instant};

/// One flow's end.
pub(crate) struct Outcome {
    name: String,
    result: Result<String, String>,
    skipped: bool,
}

impl Outcome {
    /// Runs a flow, prints its line and keeps its end.
    pub(crate) fn of(name: &str, body: impl FnOnce() -> Result<String, String>) -> Outcome {
        let (start, before) = (Instant::now(), Machine::now());
        let result = body();
        let elapsed = start.elapsed().as_secs_f64();
        let busy = before
            .and_then(|b| Machine::since(&b))
            .map_or(0.0, |s| s.busy);
        // What the host pays for is the busy time, some five and a half times over.
        let cost = format!(
            "{elapsed:.0} s of guest time, {:.1} s of it busy",
            elapsed * busy / 100.0
        );
        match &result {
            Ok(figures) => println!("PASS {name:<14} {figures} ({cost})"),
            Err(e) => println!("FAIL {name:<14} {e} ({cost})"),
        }
        Outcome {
            name: name.to_owned(),
            result,
            skipped: false,
        }
    }

    /// A flow that cannot run, for the guest lacks these Debian packages.
    pub(crate) fn lacks(name: &str, packages: &str) -> Outcome {
        let why = format!("missing in the call manager's tree, Debian packages: {packages}");
        println!("SKIP {name:<14} {why}");
        Outcome {
            name: name.to_owned(),
            result: Ok(why),
            skipped: true,
        }
    }

    /// Why it did not run, if it did not.
    pub(crate) fn skipped(&self) -> Option<&str> {
        self.result.as_deref().ok().filter(|_| self.skipped)
    }

    /// Did it pass?
    pub(crate) fn passed(&self) -> bool {
        self.result.is_ok()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// CPU time of a process, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Cpu {
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

impl std::ops::Sub for Cpu {
    type Output = Cpu;
    fn sub(self, before: Cpu) -> Cpu {
        Cpu {
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }
}

/// Ticks of `/proc` in a second.
const HZ: f64 = 100.0;

/// CPU time of a process so far, or of one of its threads by name.
pub(crate) fn cpu_of(pid: u32, thread: Option<&str>) -> Result<Cpu, String> {
    let file = match thread {
        None => format!("/proc/{pid}"),
        Some(name) => thread_folder(pid, name)?,
    };
    let stat = fs::read_to_string(format!("{file}/stat")).map_err(|e| format!("{file}: {e}"))?;
    // utime and stime are fields 14 and 15; the name in field 2 may hold spaces. Nanoseconds are in schedstat.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse().ok())
        .collect();
    match fields[..] {
        [user, system] => Ok(Cpu {
            user: user / HZ,
            system: system / HZ,
        }),
        _ => Err(format!("{file}/stat: {stat}")),
    }
}

fn thread_folder(pid: u32, name: &str) -> Result<String, String> {
    let tasks = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&tasks).map_err(|e| format!("{tasks}: {e}"))?;
    for entry in entries.flatten() {
        let folder = entry.path();
        let comm = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        if comm.trim().starts_with(name) {
            return Ok(folder.display().to_string());
        }
    }
    Err(format!("process {pid} has no thread {name}"))
}

/// What the whole machine did, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) user: f64,
    pub(crate) system: f64,
    pub(crate) interrupts: f64,
    pub(crate) idle: f64,
    at: Option<Instant>,
}

impl Machine {
    /// So far.
    pub(crate) fn now() -> Result<Machine, String> {
        let text = fs::read_to_string("/proc/stat").map_err(|e| format!("/proc/stat: {e}"))?;
        let first = text.lines().next().unwrap_or_default();
        let f: Vec<f64> = first
            .split_whitespace()
            .skip(1)
            .filter_map(|f| f.parse::<f64>().ok())
            .map(|ticks| ticks / HZ)
            .collect();
        match f[..] {
            [user, nice, system, idle, iowait, irq, softirq, ..] => Ok(Machine {
                user: user + nice,
                system,
                interrupts: irq + softirq,
                idle: idle + iowait,
                at: Some(Instant::now()),
            }),
            _ => Err(format!("/proc/stat: {first}")),
        }
    }

    /// Shares since then, in per cent of one CPU.
    pub(crate) fn since(before: &Machine) -> Result<Share, String> {
        let now = Machine::now()?;
        let elapsed = before.at.map_or(Duration::ZERO, |at| at.elapsed());
        let per_cent = |x: f64| 100.0 * x / elapsed.as_secs_f64().max(0.001);
        Ok(Share {
            user: per_cent(now.user - before.user),
            system: per_cent(now.system - before.system),
            interrupts: per_cent(now.interrupts - before.interrupts),
            busy: 100.0 - per_cent(now.idle - before.idle),
        })
    }
}

/// Shares of one CPU, per cent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    pub(crate) user: f64,
    pub(crate) system: f64,
    pub(crate) interrupts: f64,
    pub(crate) busy: f64,
}

impl Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.1} % busy ({:.1} user, {:.1} system, {:.1} interrupts)",
            self.busy, self.user, self.system, self.interrupts
        )
    }
}
