//! The way back, for all devices of a gateway: who asks a better server, and when the others follow.
//!
//! A server that was lost is asked every second by one of the idle devices, by turns, for as long as nobody answers there.
//! The first device that it takes is watched for the monitor time; then the others follow. A server that answers and does
//! not take devices is asked once an interval, by one device. Each time that a server is lost again soon, the next monitor
//! time is twice as long, so that a server that comes and goes does not drag the ports to and fro.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// A server that nobody answers for is asked this often by all devices together.
const SOON: Duration = Duration::from_secs(1);
/// Lost twice within this time: it comes and goes.
const STEADY: Duration = Duration::from_secs(600);
/// A question of which nothing was heard any more, for a call came up at the port that asked.
const UNHEARD: Duration = Duration::from_secs(10);
/// Longest monitor time that comes of doubling.
const MONITOR_MAX: Duration = Duration::from_secs(600);
/// Most that intervals are stretched.
const FACTOR_MAX: u32 = 64;

/// One for all devices of a gateway.
#[derive(Debug, Default)]
pub struct Lookout {
    looks: Vec<Look>,
    orders: VecDeque<LookoutOrder>,
    /// Devices are taken by turns.
    turn: usize,
}

/// What devices are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookoutOrder {
    /// This device asks a better server.
    Look {
        /// Which device.
        device: u16,
        /// Number of the server.
        server: usize,
    },
    /// The server has kept a device for the monitor time: whoever is at a lesser one may follow.
    Follow {
        /// Number of the server.
        server: usize,
    },
}

/// What is known of one server.
#[derive(Debug)]
struct Look {
    server: usize,
    /// Registered there.
    devices: Vec<u16>,
    /// The device that asked last, and when.
    asked: Option<(u16, Time)>,
    /// The device that was ordered to ask.
    led: Option<u16>,
    /// When it is asked next without waiting for a device's own interval.
    soon: Option<Time>,
    /// End of the monitor time of its first device.
    watched: Option<Time>,
    proven: bool,
    /// Doubles when it is lost again soon.
    factor: u32,
    lost: Option<Time>,
    /// Lost, and no device has been registered since: what the others lose now is the same loss.
    down: bool,
}

impl Lookout {
    fn look(&mut self, server: usize) -> &mut Look {
        let place = self.looks.iter().position(|l| l.server == server);
        let place = place.unwrap_or_else(|| {
            self.looks.push(Look {
                server,
                devices: vec![],
                asked: None,
                led: None,
                soon: None,
                watched: None,
                proven: false,
                factor: 1,
                lost: None,
                down: false,
            });
            self.looks.len() - 1
        });
        &mut self.looks[place]
    }

    /// May this device ask that server now? `interval` is the wish of each device; all together keep half of it.
    pub fn may_look(&mut self, now: Time, who: u16, server: usize, interval: Duration) -> bool {
        let look = self.look(server);
        let pause = interval / 2 * look.factor.min(10);
        let may = look.proven
            || look.led == Some(who)
            || look
                .asked
                .is_none_or(|(last, at)| last == who || now.saturating_since(at) >= pause);
        if may && !look.proven {
            look.asked = Some((who, now));
            look.led = None;
            look.soon = Some(now + UNHEARD);
        }
        may
    }

    /// A question has come to nothing. `again`: it is worth asking again after this time, and not only when a device's own
    /// interval has passed.
    pub fn came_to_nothing(&mut self, now: Time, server: usize, again: Option<Duration>) {
        let look = self.look(server);
        if !look.proven && look.watched.is_none() {
            look.soon = again.map(|wait| now + wait.max(SOON));
        }
    }

    /// A device has been registered with a server. `monitor`: for how long it has to keep the first one.
    pub fn registered(&mut self, now: Time, device: u16, server: usize, monitor: Duration) {
        self.leave(now, device, false);
        // Whoever is at a lesser server has a lost one to ask for.
        for look in self
            .looks
            .iter_mut()
            .filter(|l| l.down && l.server != server)
        {
            look.soon.get_or_insert(now + SOON);
        }
        let look = self.look(server);
        look.devices.push(device);
        look.down = false;
        look.soon = None;
        look.led = None;
        if !look.proven && look.watched.is_none() {
            look.asked = Some((device, now));
            let stretched = monitor.saturating_mul(look.factor).min(MONITOR_MAX);
            look.watched = Some(now + stretched.max(monitor));
        }
    }

    /// A device is registered no more. `by_server`: the server ended it, or fell silent.
    pub fn left(&mut self, now: Time, device: u16, by_server: bool) {
        self.leave(now, device, by_server);
    }

    fn leave(&mut self, now: Time, device: u16, by_server: bool) {
        let Some(look) = self.looks.iter_mut().find(|l| l.devices.contains(&device)) else {
            return;
        };
        look.devices.retain(|d| *d != device);
        let empty = look.devices.is_empty();
        if empty && !by_server {
            look.proven = false;
            look.watched = None;
        }
        // One session that ends among many proves nothing against a server that has proved itself.
        if !by_server || (look.proven && !empty) {
            return;
        }
        if !std::mem::replace(&mut look.down, true) {
            let soon = look
                .lost
                .is_some_and(|lost| now.saturating_since(lost) < STEADY);
            look.factor = match soon {
                true => (look.factor * 2).min(FACTOR_MAX),
                false => 1,
            };
            look.lost = Some(now);
        }
        look.proven = false;
        look.watched = None;
        look.soon = Some(now + SOON);
    }

    /// The operator wishes it: what was learned against servers is forgotten, and they are asked now.
    pub fn forget(&mut self, now: Time, server: usize) {
        let look = self.look(server);
        look.factor = 1;
        look.lost = None;
        look.asked = None;
        look.watched = look.watched.map(|until| until.min(now));
        if look.proven {
            self.orders.push_back(LookoutOrder::Follow { server });
        } else if look.watched.is_none() {
            look.soon = Some(now);
        }
    }

    /// Has it kept a device for the monitor time?
    pub fn is_proven(&self, server: usize) -> bool {
        self.looks.iter().any(|l| l.server == server && l.proven)
    }

    /// The end of the monitor time that runs.
    pub fn watched_until(&self, server: usize) -> Option<Time> {
        let look = self.looks.iter().find(|l| l.server == server)?;
        look.watched
    }

    /// When some device is to ask it next.
    pub fn asked_at(&self, server: usize) -> Option<Time> {
        let look = self.looks.iter().find(|l| l.server == server)?;
        look.soon
    }

    /// When [`Lookout::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        let due = self.looks.iter().flat_map(|l| [l.watched, l.soon]);
        due.flatten().min()
    }

    /// Does what is due. `list`: the servers in order of preference.
    pub fn handle_timeout(&mut self, now: Time, list: &[usize]) {
        for at in 0..self.looks.len() {
            let look = &mut self.looks[at];
            let server = look.server;
            if look.watched.is_some_and(|until| until <= now) {
                look.watched = None;
                look.proven = true;
                self.orders.push_back(LookoutOrder::Follow { server });
            }
            if look.soon.is_none_or(|soon| soon > now) {
                continue;
            }
            let device = self.lesser(list, server);
            let look = &mut self.looks[at];
            look.led = device;
            // Nobody is at a lesser server: whoever comes to one begins the questions again.
            look.soon = device.map(|_| now + SOON);
            if let Some(device) = device {
                self.orders.push_back(LookoutOrder::Look { device, server });
            }
        }
    }

    /// The next one of those that are registered with a lesser server.
    fn lesser(&mut self, list: &[usize], server: usize) -> Option<u16> {
        let place = |s: usize| list.iter().position(|one| *one == s);
        let here = place(server)?;
        let lesser = |l: &&Look| place(l.server).is_none_or(|there| there > here);
        let devices: Vec<u16> = self
            .looks
            .iter()
            .filter(lesser)
            .flat_map(|l| l.devices.iter().copied())
            .collect();
        self.turn = self.turn.wrapping_add(1);
        devices.get(self.turn.checked_rem(devices.len())?).copied()
    }

    /// The next thing that devices are to do.
    pub fn poll(&mut self) -> Option<LookoutOrder> {
        self.orders.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);
    const MONITOR: Duration = Duration::from_secs(2);
    const LIST: [usize; 2] = [0, 1];

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    fn orders(lookout: &mut Lookout, s: u64) -> Vec<(u64, LookoutOrder)> {
        let mut all = vec![];
        while let Some(due) = lookout.poll_timeout().filter(|due| *due <= at(s)) {
            lookout.handle_timeout(due, &LIST);
            while let Some(order) = lookout.poll() {
                all.push((due.since_epoch().as_secs(), order));
            }
        }
        all
    }

    /// Ports 1 to 48 have lost server 0 and are at server 1.
    fn lost(lookout: &mut Lookout, s: u64) {
        for device in 1..=48 {
            lookout.left(at(s), device, true);
            lookout.registered(at(s), device, 1, MONITOR);
        }
    }

    fn served() -> Lookout {
        let mut lookout = Lookout::default();
        for device in 1..=48 {
            lookout.registered(at(0), device, 0, MONITOR);
        }
        orders(&mut lookout, 10);
        lookout
    }

    #[test]
    fn a_server_that_was_lost_is_asked_every_second_by_one_device_after_another() {
        let mut lookout = served();
        lost(&mut lookout, 20);
        let mut asked = vec![];
        for s in 21..=30 {
            for (when, order) in orders(&mut lookout, s) {
                let LookoutOrder::Look { device, server: 0 } = order else {
                    continue;
                };
                assert!(lookout.may_look(at(when), device, 0, INTERVAL));
                lookout.came_to_nothing(at(when), 0, Some(Duration::ZERO));
                asked.push(device);
            }
        }
        assert_eq!(asked.len(), 10, "{asked:?}");
        let mut different = asked.clone();
        different.dedup();
        assert_eq!(different, asked);
        // It is there, and refuses: once an interval is enough.
        lookout.came_to_nothing(at(31), 0, None);
        assert_eq!(orders(&mut lookout, 100), []);
        assert!(lookout.may_look(at(100), 7, 0, INTERVAL));
        assert!(!lookout.may_look(at(101), 8, 0, INTERVAL));
    }

    #[test]
    fn nobody_is_asked_for_while_nobody_is_at_a_lesser_server() {
        let mut lookout = served();
        lookout.forget(at(20), 1);
        assert_eq!(orders(&mut lookout, 30), []);
        assert_eq!((lookout.asked_at(1), lookout.poll_timeout()), (None, None));
        // Lost, and all are on the way: the first that comes to the lesser one begins the questions again.
        for device in 1..=48 {
            lookout.left(at(40), device, true);
        }
        assert_eq!(orders(&mut lookout, 50), []);
        lookout.registered(at(50), 7, 1, MONITOR);
        assert!(lookout.asked_at(0).is_some());
    }

    #[test]
    fn an_operator_ends_a_monitor_time_and_a_question_that_came_to_nothing_unheard_is_asked_again()
    {
        let mut lookout = served();
        lost(&mut lookout, 20);
        assert!(lookout.may_look(at(21), 5, 0, INTERVAL));
        // A call came up at that port: nothing more is heard of its question.
        let asked = orders(&mut lookout, 40);
        assert!(
            asked
                .iter()
                .any(|(_, o)| matches!(o, LookoutOrder::Look { server: 0, .. })),
            "{asked:?}"
        );
        lookout.registered(at(41), 7, 0, MONITOR * 100);
        lookout.forget(at(42), 0);
        assert!(
            lookout
                .watched_until(0)
                .is_some_and(|until| until <= at(42))
        );
    }

    #[test]
    fn the_loss_of_all_devices_is_one_loss() {
        let mut lookout = served();
        lost(&mut lookout, 20);
        lookout.registered(at(21), 1, 0, MONITOR);
        // The second outage, within the monitor time, and all at once.
        lost(&mut lookout, 22);
        orders(&mut lookout, 25);
        lookout.registered(at(26), 1, 0, MONITOR);
        assert_eq!(lookout.watched_until(0), Some(at(26) + MONITOR * 2));

        let mut young = Lookout::default();
        for device in 1..=8 {
            young.registered(at(0), device, 0, MONITOR);
        }
        for device in 1..=8 {
            young.left(at(1), device, true);
        }
        young.registered(at(3), 1, 0, MONITOR);
        assert_eq!(young.watched_until(0), Some(at(3) + MONITOR));
    }

    #[test]
    fn the_others_follow_when_the_first_one_has_been_kept_for_the_monitor_time() {
        let mut lookout = served();
        lost(&mut lookout, 20);
        orders(&mut lookout, 25);
        lookout.registered(at(25), 7, 0, MONITOR);
        for who in [1, 8, 48] {
            assert!(!lookout.may_look(at(26), who, 0, INTERVAL), "{who}");
        }
        let follow = LookoutOrder::Follow { server: 0 };
        assert_eq!(orders(&mut lookout, 40), [(27, follow)]);
        for who in [1, 8, 48] {
            assert!(lookout.may_look(at(41), who, 0, INTERVAL), "{who}");
        }
        // And the one whose call ends in the evening.
        assert!(lookout.may_look(at(40_000), 9, 0, INTERVAL));
    }

    #[test]
    fn a_server_that_comes_and_goes_is_watched_for_twice_as_long_each_time() {
        let mut lookout = served();
        let mut times = vec![];
        let mut s = 20;
        for _ in 0..10 {
            lost(&mut lookout, s);
            lookout.registered(at(s + 5), 7, 0, MONITOR);
            let until = lookout.watched_until(0).unwrap();
            times.push((until - at(s + 5)).as_secs());
            s = until.since_epoch().as_secs() + 1;
            orders(&mut lookout, s);
        }
        assert_eq!(times, [2, 4, 8, 16, 32, 64, 128, 128, 128, 128]);
        // It stays for a quarter of an hour: that is over.
        lost(&mut lookout, s + 900);
        lookout.registered(at(s + 905), 7, 0, MONITOR);
        let until = lookout.watched_until(0).unwrap();
        assert_eq!(until, at(s + 907));
    }

    #[test]
    fn one_session_that_ends_among_many_proves_nothing() {
        let mut lookout = served();
        lookout.left(at(20), 5, true);
        assert!(lookout.is_proven(0));
        lookout.registered(at(21), 5, 1, MONITOR);
        assert!(lookout.may_look(at(22), 5, 0, INTERVAL), "it may go back");
    }

    #[test]
    fn the_first_device_lost_within_the_monitor_time_leaves_the_others_where_they_are() {
        let mut lookout = served();
        lost(&mut lookout, 20);
        lookout.registered(at(25), 7, 0, MONITOR);
        lookout.left(at(26), 7, true);
        let follow = LookoutOrder::Follow { server: 0 };
        let all = orders(&mut lookout, 60);
        assert!(all.iter().all(|(_, order)| *order != follow), "{all:?}");
    }

    #[test]
    fn with_one_server_nobody_is_sent_anywhere() {
        let mut lookout = Lookout::default();
        lookout.registered(at(0), 1, 0, MONITOR);
        lookout.left(at(10), 1, true);
        lookout.handle_timeout(at(11), &[0]);
        assert_eq!((lookout.poll(), lookout.poll_timeout()), (None, None));
    }
}
