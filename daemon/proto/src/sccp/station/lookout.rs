//! Who asks a better server, of many devices that would rather be there.
//!
//! One at a time, by turns: the others follow when one has been registered there for a while. So a server that hangs,
//! refuses or falls again is asked once an interval, by one device, and not by each.

use std::time::Duration;

use crate::time::Time;

/// After a device has settled at the better server the others may follow for this time.
const OPEN: Duration = Duration::from_secs(120);
/// Most that the interval is stretched.
const FACTOR_MAX: u32 = 10;

/// One for all devices of a gateway.
#[derive(Debug, Default)]
pub struct Lookout {
    servers: Vec<Look>,
}

#[derive(Debug)]
struct Look {
    server: usize,
    /// The device that asked last, and when.
    who: u16,
    since: Time,
    open_until: Option<Time>,
    /// Doubles when the server did not keep the device that moved there.
    factor: u32,
}

impl Lookout {
    /// May this device ask that server now? `interval` is the wish of each device; all together keep half of it.
    pub fn may_look(&mut self, now: Time, who: u16, server: usize, interval: Duration) -> bool {
        let Some(look) = self.servers.iter_mut().find(|l| l.server == server) else {
            self.servers.push(Look {
                server,
                who,
                since: now,
                open_until: None,
                factor: 1,
            });
            return true;
        };
        let open = look.open_until.is_some_and(|until| now < until);
        let rested = now.saturating_since(look.since) >= interval / 2 * look.factor;
        let may = open || rested || look.who == who;
        if may && !open {
            look.who = who;
            look.since = now;
        }
        may
    }

    /// A device has been registered with this server for a while: the others may follow.
    pub fn settled(&mut self, now: Time, server: usize) {
        if let Some(look) = self.servers.iter_mut().find(|l| l.server == server) {
            look.open_until = Some(now + OPEN);
            look.factor = 1;
        }
    }

    /// A device has lost this server. Of the one that asked last it means that the server is not sound yet.
    pub fn lost(&mut self, who: u16, server: usize) {
        if let Some(look) = self.servers.iter_mut().find(|l| l.server == server) {
            look.open_until = None;
            if look.who == who {
                look.factor = (look.factor * 2).min(FACTOR_MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    #[test]
    fn one_device_asks_at_a_time_and_another_one_the_next_time() {
        let mut lookout = Lookout::default();
        assert!(lookout.may_look(at(0), 1, 0, INTERVAL));
        for who in 2..=48 {
            assert!(!lookout.may_look(at(5), who, 0, INTERVAL), "{who}");
        }
        assert!(
            lookout.may_look(at(5), 1, 0, INTERVAL),
            "a second connection of the same question"
        );
        assert!(
            lookout.may_look(at(5), 2, 1, INTERVAL),
            "another server is another matter"
        );
        assert!(lookout.may_look(at(21), 7, 0, INTERVAL));
        assert!(!lookout.may_look(at(21), 8, 0, INTERVAL));
    }

    #[test]
    fn all_follow_when_one_has_settled_and_nobody_when_it_has_fallen() {
        let mut lookout = Lookout::default();
        assert!(lookout.may_look(at(0), 1, 0, INTERVAL));
        lookout.settled(at(20), 0);
        for who in 2..=48 {
            assert!(lookout.may_look(at(21), who, 0, INTERVAL), "{who}");
        }
        lookout.lost(30, 0);
        assert!(lookout.may_look(at(22), 2, 0, INTERVAL));
        assert!(!lookout.may_look(at(23), 3, 0, INTERVAL));
    }

    #[test]
    fn a_server_that_does_not_keep_who_comes_is_asked_ever_less_often() {
        let mut lookout = Lookout::default();
        let mut now = 0;
        let mut gaps = vec![];
        for who in 1..=5 {
            let start = now;
            while !lookout.may_look(at(now), who, 0, INTERVAL) {
                now += 1;
            }
            gaps.push(now - start);
            lookout.lost(who, 0);
        }
        assert_eq!(gaps, [0, 30, 60, 120, 150]);
    }
}
