//! One device of each server keeps asking whether the server is there, for all of them.
//!
//! TCP notices a dead host, a cut cable and dropped packets. A process that is frozen still has its kernel acknowledge
//! every byte, and SCCP's own keepalives are half a minute apart. So one device of those registered with a server, its
//! sentinel, sends a KeepAlive every second. When nothing at all comes from that server, to any device, all of them
//! ask at once, and each leaves by its own finding: a single stuck session costs nobody else anything.
//!
//! Silence means something only of a server that has answered a KeepAlive before: CallManager 2 never answers one (CUCM
//! trace), and is not to be asked every second for nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// How often a sentinel asks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Nothing from the server for this long after a question: all are to ask.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions to a server that has never answered one, before it is asked less often.
const TRIES: u32 = 5;
/// How often such a server is asked.
const MUTE_INTERVAL: Duration = Duration::from_secs(30);

/// One for all devices of a gateway.
#[derive(Debug, Default)]
pub struct Sentinels {
    watches: Vec<Watch>,
    orders: VecDeque<SentinelOrder>,
}

/// What devices are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentinelOrder {
    /// This device sends a KeepAlive to its server.
    Ask {
        /// Which.
        device: u16,
    },
    /// Every device that is registered with this server finds out whether it is there.
    ProbeAll {
        /// Number of the server.
        server: usize,
    },
}

/// The devices of one server.
#[derive(Debug)]
struct Watch {
    server: usize,
    /// Registered there; the first one is the sentinel.
    devices: Vec<u16>,
    /// It has answered a KeepAlive since the first of them came.
    answers: bool,
    next: Time,
    /// The first question since which nothing came.
    asked: Option<Time>,
    /// Questions since which nothing came.
    unanswered: u32,
    alarmed: bool,
}

impl Watch {
    fn begin(&mut self, now: Time) {
        self.next = now;
        self.asked = None;
        self.unanswered = 0;
        self.alarmed = false;
    }

    fn alarm_at(&self) -> Option<Time> {
        let counts = self.answers && !self.alarmed;
        self.asked.filter(|_| counts).map(|asked| asked + PATIENCE)
    }

    fn due(&self) -> Time {
        self.alarm_at().map_or(self.next, |at| at.min(self.next))
    }
}

impl Sentinels {
    /// A device has been registered with a server.
    pub fn registered(&mut self, now: Time, device: u16, server: usize) {
        self.left(now, device);
        if let Some(watch) = self.watches.iter_mut().find(|w| w.server == server) {
            watch.devices.push(device);
            return;
        }
        self.watches.push(Watch {
            server,
            devices: vec![device],
            answers: false,
            next: now,
            asked: None,
            unanswered: 0,
            alarmed: false,
        });
    }

    /// A device is registered no more. Another sentinel begins at once: the former one may have left because of its own
    /// connection.
    pub fn left(&mut self, now: Time, device: u16) {
        for watch in &mut self.watches {
            if watch.devices.first() == Some(&device) {
                watch.begin(now);
            }
            watch.devices.retain(|d| *d != device);
        }
        self.watches.retain(|watch| !watch.devices.is_empty());
    }

    /// Something came from this server, for whichever device.
    pub fn heard(&mut self, server: usize) {
        if let Some(watch) = self.watches.iter_mut().find(|w| w.server == server) {
            watch.asked = None;
            watch.unanswered = 0;
            watch.alarmed = false;
        }
    }

    /// It answered a KeepAlive.
    pub fn answered(&mut self, server: usize) {
        if let Some(watch) = self.watches.iter_mut().find(|w| w.server == server) {
            watch.answers = true;
        }
        self.heard(server);
    }

    /// Has it answered a KeepAlive? None: no device is there.
    pub fn answers(&self, server: usize) -> Option<bool> {
        let watch = self.watches.iter().find(|w| w.server == server)?;
        Some(watch.answers)
    }

    /// When [`Sentinels::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.watches.iter().map(Watch::due).min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        for watch in self.watches.iter_mut().filter(|w| w.due() <= now) {
            if watch.alarm_at().is_some_and(|at| at <= now) {
                watch.alarmed = true;
                let server = watch.server;
                self.orders.push_back(SentinelOrder::ProbeAll { server });
            }
            if watch.next > now {
                continue;
            }
            let mute = !watch.answers && watch.unanswered >= TRIES;
            watch.next = now + if mute { MUTE_INTERVAL } else { INTERVAL };
            watch.asked.get_or_insert(now);
            watch.unanswered = watch.unanswered.saturating_add(1);
            if let Some(&device) = watch.devices.first() {
                self.orders.push_back(SentinelOrder::Ask { device });
            }
        }
    }

    /// The next thing that a device is to do.
    pub fn poll(&mut self) -> Option<SentinelOrder> {
        self.orders.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    /// Everything ordered up to `ms`, and when.
    fn until(
        sentinels: &mut Sentinels,
        ms: u64,
        mut heard: impl FnMut(&mut Sentinels, u64),
    ) -> Vec<(u64, SentinelOrder)> {
        let mut all = vec![];
        while let Some(due) = sentinels.poll_timeout().filter(|due| *due <= at(ms)) {
            sentinels.handle_timeout(due);
            let now = u64::try_from(due.since_epoch().as_millis()).unwrap();
            while let Some(order) = sentinels.poll() {
                all.push((now, order));
            }
            heard(sentinels, now);
        }
        all
    }

    const ASK: SentinelOrder = SentinelOrder::Ask { device: 1 };
    const ALARM: SentinelOrder = SentinelOrder::ProbeAll { server: 0 };

    fn three() -> Sentinels {
        let mut sentinels = Sentinels::default();
        for device in 1..=3 {
            sentinels.registered(at(0), device, 0);
        }
        sentinels
    }

    #[test]
    fn one_device_asks_every_second_for_all() {
        let mut sentinels = three();
        let all = until(&mut sentinels, 3_500, |s, _| s.answered(0));
        assert_eq!(all, [(0, ASK), (1000, ASK), (2000, ASK), (3000, ASK)]);
        assert_eq!(Sentinels::default().poll_timeout(), None);
    }

    #[test]
    fn when_the_server_falls_silent_all_ask_within_two_seconds_and_once() {
        let mut sentinels = three();
        // It freezes right after an answer, the worst moment.
        let all = until(&mut sentinels, 9_000, |s, now| {
            if now <= 2_000 {
                s.answered(0);
            }
        });
        let alarms: Vec<_> = all.iter().filter(|(_, order)| *order == ALARM).collect();
        assert_eq!(alarms, [&(4_000, ALARM)]);
        // Back for a moment, and away again: that is another silence.
        sentinels.heard(0);
        let all = until(&mut sentinels, 12_000, |_, _| {});
        assert!(all.contains(&(11_000, ALARM)), "{all:?}");
    }

    #[test]
    fn anything_that_comes_from_the_server_is_a_sign_of_life() {
        let mut sentinels = three();
        sentinels.answered(0);
        // Its answers to KeepAlive stay away, but it talks to some device all the time.
        let all = until(&mut sentinels, 60_000, |s, _| s.heard(0));
        assert!(all.iter().all(|(_, order)| *order == ASK));
        assert!(all.len() >= 60, "{all:?}");
    }

    #[test]
    fn a_server_that_never_answers_keepalives_raises_no_alarm_and_is_asked_seldom() {
        let mut sentinels = three();
        let all = until(&mut sentinels, 300_000, |_, _| {});
        assert!(all.iter().all(|(_, order)| *order == ASK), "{all:?}");
        assert!((10..20).contains(&all.len()), "{}", all.len());
        sentinels.answered(0);
        let all = until(&mut sentinels, 340_000, |s, _| s.answered(0));
        assert!(
            all.len() >= 9,
            "from its first answer on it is watched: {all:?}"
        );
    }

    #[test]
    fn another_device_takes_over_when_the_sentinel_has_left() {
        let mut sentinels = three();
        until(&mut sentinels, 1_000, |s, _| s.answered(0));
        sentinels.left(at(1_100), 1);
        let second = SentinelOrder::Ask { device: 2 };
        let all = until(&mut sentinels, 1_200, |_, _| {});
        assert_eq!(all, [(1_100, second)]);
        sentinels.registered(at(1_300), 2, 1);
        let all = until(&mut sentinels, 1_300, |_, _| {});
        let third = SentinelOrder::Ask { device: 3 };
        assert_eq!(
            all,
            [(1_300, third), (1_300, second)],
            "one for each server"
        );
        for device in 1..=3 {
            sentinels.left(at(1_400), device);
        }
        assert_eq!(sentinels.poll_timeout(), None);
    }

    #[test]
    fn what_a_server_did_is_forgotten_when_nobody_is_there_any_more() {
        let mut sentinels = three();
        sentinels.answered(0);
        for device in 1..=3 {
            sentinels.left(at(100), device);
        }
        // It comes back as a version that answers none.
        sentinels.registered(at(200), 1, 0);
        let all = until(&mut sentinels, 60_000, |_, _| {});
        assert!(!all.contains(&(1_200, ALARM)));
        assert!(all.iter().all(|(_, order)| *order == ASK), "{all:?}");
    }
}
