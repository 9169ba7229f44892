//! How long this machine keeps a program waiting that wants to run every 10 ms.
//!
//! A fax over G.711 is lost by a hole of a tenth of a second in its sound, and a call manager or a simulated card that
//! the machine does not let run makes such holes. A test that failed can ask here whether that was so, in place of
//! guessing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Interval at which the watch wants to run.
const TICK: Duration = Duration::from_millis(10);

/// A delay beyond the tick from which sound may have a hole: a jitter buffer holds 100 ms.
const STALL: Duration = Duration::from_millis(60);

#[derive(Debug, Default)]
struct Seen {
    stop: AtomicBool,
    /// End and length of each stall, in order.
    log: Mutex<Vec<(Instant, Duration)>>,
}

/// A thread that notes when it was kept waiting; ended when dropped.
#[derive(Debug)]
pub struct StallWatch {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

impl StallWatch {
    /// Begins to watch for delays that a jitter buffer does not cover.
    pub fn start() -> StallWatch {
        StallWatch::of(STALL)
    }

    /// Begins to watch for delays of `least` and more.
    pub fn of(least: Duration) -> StallWatch {
        let seen = Arc::new(Seen::default());
        let mine = Arc::clone(&seen);
        let thread = std::thread::spawn(move || watch(&mine, least));
        StallWatch {
            seen,
            thread: Some(thread),
        }
    }

    /// Number and longest of the stalls that ended after `since`; `None`: there was none.
    pub fn since(&self, since: Instant) -> Option<(usize, Duration)> {
        let log = self.seen.log.lock().unwrap_or_else(PoisonError::into_inner);
        longest(&log, since)
    }
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(seen: &Seen, least: Duration) {
    let mut last = Instant::now();
    while !seen.stop.load(Ordering::Relaxed) {
        std::thread::sleep(TICK); // the interval itself is what is measured
        let now = Instant::now();
        if let Some(late) = stall(now - last, least) {
            let mut log = seen.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push((now, late));
        }
        last = now;
    }
}

/// How much later than due the watch ran, when that is a stall.
fn stall(interval: Duration, least: Duration) -> Option<Duration> {
    let late = interval.saturating_sub(TICK);
    (late >= least).then_some(late)
}

fn longest(log: &[(Instant, Duration)], since: Instant) -> Option<(usize, Duration)> {
    let of_interest = log.iter().filter(|(end, _)| *end >= since);
    let count = of_interest.clone().count();
    let longest = of_interest.map(|(_, late)| *late).max()?;
    Some((count, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_is_a_stall_from_60_ms_on() {
        assert_eq!(stall(Duration::from_millis(69), STALL), None);
        let late = stall(Duration::from_millis(70), STALL);
        assert_eq!(late, Some(Duration::from_millis(60)));
    }

    #[test]
    fn stalls_before_the_question_do_not_count() {
        let t = Instant::now();
        let s = |n: u64| t + Duration::from_secs(n);
        let ms = Duration::from_millis;
        let log = [(s(1), ms(900)), (s(3), ms(80)), (s(4), ms(70))];
        assert_eq!(longest(&log, s(2)), Some((2, ms(80))));
        assert_eq!(longest(&log, s(5)), None);
    }
}
