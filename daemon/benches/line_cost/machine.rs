//! What the kernel says about this machine and this process's threads.

use std::fs;
use std::time::Duration;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Processor time of threads.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// In all.
    pub(crate) all: Duration,
    /// The part of it spent in the kernel, 0 to 1, as far as the kernel samples it.
    pub(crate) kernel: f64,
    ticks: [u64; 2],
}

impl Cpu {
    /// Of the time between two moments.
    pub(crate) fn since(self, before: Cpu) -> Cpu {
        let [user, kernel] =
            std::array::from_fn(|n| self.ticks[n].saturating_sub(before.ticks[n]) as f64);
        Cpu {
            all: self.all.saturating_sub(before.all),
            kernel: kernel / (user + kernel).max(1.0),
            ticks: self.ticks,
        }
    }
}

/// Processor time of the threads of this process whose name begins so; nothing when there are none, or the kernel does
/// not say.
pub(crate) fn thread_cpu(name: &str) -> Cpu {
    let mut sum = Cpu::default();
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let read = |what| fs::read_to_string(task.path().join(what)).unwrap_or_default();
        if !read("comm").starts_with(name) {
            continue;
        }
        // schedstat of a task: the first number is the time on a processor in ns.
        let ns = read("schedstat");
        let ns = ns.split_whitespace().next().and_then(|n| n.parse().ok());
        sum.all += Duration::from_nanos(ns.unwrap_or(0));
        // proc_pid_stat(5): behind the name in brackets, user and system time are the 12th and 13th field.
        let stat = read("stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let times = fields.split_whitespace().skip(11).take(2);
        for (sum, ticks) in sum.ticks.iter_mut().zip(times) {
            *sum += ticks.parse::<u64>().unwrap_or(0);
        }
    }
    sum
}

/// Gives the first line thread a processor of its own among the threads of this bench, so that what it cannot do there is
/// its own doing. Refused, or with one processor, they run where the kernel puts them.
pub(crate) fn part_processors() {
    let all = processors();
    if all < 2 {
        return;
    }
    let (mut first, mut others) = (CpuSet::new(), CpuSet::new());
    let _ = first.set(0);
    for cpu in 1..all {
        let _ = others.set(cpu);
    }
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let id = task.file_name().to_str().and_then(|id| id.parse().ok());
        let set = if name.trim_end() == "line-0" {
            first
        } else {
            others
        };
        if let Some(id) = id {
            let _ = sched_setaffinity(Pid::from_raw(id), &set);
        }
    }
}

/// Load averages over 1, 5 and 15 minutes, as the kernel writes them.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let three: Vec<&str> = text.split_whitespace().take(3).collect();
    three.join(" ")
}

/// Processors this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Ticks of all processors since boot, from proc_stat(5).
#[derive(Clone, Copy, Default)]
pub(crate) struct MachineTime {
    all: u64,
    idle: u64,
    stolen: u64,
}

impl MachineTime {
    pub(crate) fn now() -> MachineTime {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields: Vec<u64> = text
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .map_while(|f| f.parse().ok())
            .take(8)
            .collect();
        let field = |n: usize| fields.get(n).copied().unwrap_or(0);
        MachineTime {
            all: fields.iter().sum(),
            idle: field(3) + field(4),
            stolen: field(7),
        }
    }

    /// Share of the processors that was busy, and that the hypervisor took, since `before`; percent.
    pub(crate) fn busy_and_stolen_since(self, before: MachineTime) -> (f64, f64) {
        let all = self.all.saturating_sub(before.all).max(1) as f64;
        let part = |now: u64, then: u64| 100.0 * now.saturating_sub(then) as f64 / all;
        let idle = part(self.idle, before.idle);
        let stolen = part(self.stolen, before.stolen);
        (100.0 - idle - stolen, stolen)
    }
}
