//! What the kernel says about this machine and this process's threads.

use std::fs;
use std::time::Duration;

/// Processor time of the thread of this process with that name; zero when there is none, or the kernel does not say.
pub(crate) fn thread_cpu(name: &str) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let found = tasks
        .flatten()
        .map(|t| t.path())
        .find(|t| fs::read_to_string(t.join("comm")).is_ok_and(|comm| comm.trim_end() == name));
    // schedstat(5) of a task: the first number is the time on a processor in ns.
    found
        .and_then(|task| fs::read_to_string(task.join("schedstat")).ok())
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_nanos)
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
