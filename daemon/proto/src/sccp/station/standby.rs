//! A second connection, to the server that is next: open, kept alive, and not registered over.
//!
//! Cisco's stations keep one [CUCM trace]. When the present server is lost the device registers over it, and needs no
//! connection to be made; and a next server whose machine is gone is known before it is needed. A CallManager acknowledges
//! its bytes by TCP alone, so whatever it says or does not say on it means nothing, and only its end does.
//!
//! chan_skinny takes such a connection for one that has not logged in, closes it after 30 s, and takes no more than 50 of
//! them at once. So one device tries first, and the others follow when the server has kept its connection
//! ([`Standbys`]); a server that closes it is asked ever less often, at last once an hour.

use std::time::Duration;

use super::connection::News;
use super::seen::count;
use super::{LostReason, Station, StationEvent};
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose, ConnectionState};

/// After a registration the standby is opened within this time: all devices are in no hurry.
const SPREAD: Duration = Duration::from_secs(15);
/// First wait after a standby was closed; doubles.
const WAIT: Duration = Duration::from_secs(60);
/// Longest such wait.
const WAIT_MAX: Duration = Duration::from_secs(3600);
/// A server that has kept a standby for this long keeps it: above the patience of any server seen with devices that do
/// not register (CallManager 2: 62 s after a refusal; chan_skinny: 30 s).
const PROOF: Duration = Duration::from_secs(90);

/// The wait after this number of standbys that were closed.
fn wait(closed: u32) -> Duration {
    let doubled = 1u32
        .checked_shl(closed.saturating_sub(1))
        .unwrap_or(u32::MAX);
    WAIT.saturating_mul(doubled).min(WAIT_MAX)
}

/// When the standby of one device is opened.
#[derive(Debug, Default)]
pub(super) struct Standby {
    pub(super) due: Option<Time>,
    opened: Option<Time>,
    /// Closed soon after they were opened, in a row.
    closed: u32,
}

impl Station {
    /// The standby that is open or being opened.
    pub(super) fn standby(&self) -> Option<(ConnectionId, usize, ConnectionState)> {
        let one = self.connections.of(ConnectionPurpose::Standby)?;
        Some((one.id, one.server, one.state()))
    }

    /// The server at which it opens a standby next, and when.
    pub fn stands_by_next(&self) -> Option<(usize, Time)> {
        self.standby_server().zip(self.standby.due)
    }

    /// The server to stand by: the next one of the list. Better ones are asked whether they take the device instead.
    fn standby_server(&self) -> Option<usize> {
        let here = self.registered_at().filter(|_| self.config.standby)?;
        let next = self.config.after(here);
        (self.config.place(next) > self.config.place(here)).then_some(next)
    }

    /// Registered: the standby that there is stays if it is to the right server, else another one is opened soon.
    pub(super) fn plan_standby(&mut self, now: Time) {
        let wanted = self.standby_server();
        if let Some((_, server, _)) = self.standby() {
            if wanted == Some(server) {
                return;
            }
            self.drop_standby();
        }
        let soon = self.retry.backoff.spread_of(SPREAD);
        self.standby.due = wanted.map(|_| now + soon.max(Duration::from_millis(1)));
    }

    /// The standby is to be opened.
    pub(super) fn standby_due(&mut self, now: Time) {
        self.standby.due = None;
        if let (Some(server), None) = (self.standby_server(), self.standby()) {
            self.standby.opened = Some(now);
            self.open(now, server, ConnectionPurpose::Standby, false);
        }
    }

    /// What happened on the standby: it has ended, or nothing.
    pub(super) fn standby_news(&mut self, now: Time, id: ConnectionId, news: &News) {
        let News::Over(reason) = news else {
            return;
        };
        let Some(former) = self.drop_connection(id) else {
            return;
        };
        let kept = self.standby.opened.take();
        let kept = kept.is_some_and(|opened| now.saturating_since(opened) >= PROOF);
        self.standby.closed = if kept || reason.is_unreachable() {
            1
        } else {
            self.standby.closed.saturating_add(1)
        };
        self.standby_later(now);
        count(&mut self.seen.counters.standbys_lost);
        let (server, reason) = (former.server, reason.clone());
        self.event(StationEvent::StandbyLost { server, reason });
    }

    /// An operator wishes it: a standby that waits to be opened there, or anywhere, is opened at `soon`.
    pub(super) fn standby_now(&mut self, soon: Time, server: Option<usize>) {
        let wanted = self.standby_server();
        if self.standby().is_none() && wanted.is_some() && server.is_none_or(|s| wanted == Some(s))
        {
            self.standby.closed = 0;
            self.standby.due = Some(soon);
        }
    }

    /// Another device tries first.
    pub(super) fn standby_later(&mut self, now: Time) {
        let wait = self.retry.backoff.around(wait(self.standby.closed));
        self.standby.due = self.standby_server().map(|_| now + wait);
    }

    pub(super) fn drop_standby(&mut self) {
        self.standby.due = None;
        if let Some((id, ..)) = self.standby() {
            self.drop_connection(id);
        }
    }

    /// Registers over the standby, if it is one to this server. False: it is not.
    pub(super) fn register_over_standby(&mut self, now: Time, server: usize) -> bool {
        let Some((id, at, ConnectionState::StandingBy)) = self.standby() else {
            self.drop_standby();
            return false;
        };
        if at != server {
            return false;
        }
        self.standby.due = None;
        self.with(id, |standby, around| {
            standby.activate(now);
            standby.register(now, around);
        });
        if let Some(active) = self.active() {
            self.local = active.local();
        }
        self.event(StationEvent::Trying { server });
        true
    }
}

/// Which device may stand by at a server that may not like it. One for all devices of a gateway.
#[derive(Debug, Default)]
pub struct Standbys {
    servers: Vec<Look>,
}

#[derive(Debug)]
struct Look {
    server: usize,
    /// The device that tries, and since when; none: its standby was closed.
    who: Option<u16>,
    since: Time,
    /// It has kept a standby.
    keeps: bool,
    /// Nobody tries before.
    not_before: Time,
    closed: u32,
}

impl Standbys {
    /// May this device stand by at that server now? `holds`: does a device have its standby there? One that has given it up
    /// for reasons of its own, because it registers over it or elsewhere, has proved nothing.
    pub fn may_open(
        &mut self,
        now: Time,
        who: u16,
        server: usize,
        holds: impl Fn(u16) -> bool,
    ) -> bool {
        let Some(look) = self.servers.iter_mut().find(|l| l.server == server) else {
            self.servers.push(Look {
                server,
                who: Some(who),
                since: now,
                keeps: false,
                not_before: now,
                closed: 0,
            });
            return true;
        };
        if now < look.not_before {
            return false;
        }
        if !look.who.is_some_and(|one| one != who && holds(one)) {
            look.who = Some(who);
            look.since = now;
            return true;
        }
        look.keeps |= now.saturating_since(look.since) >= PROOF;
        look.keeps
    }

    /// Before this no device tries.
    pub fn not_before(&self, server: usize) -> Option<Time> {
        let look = self.servers.iter().find(|look| look.server == server)?;
        Some(look.not_before)
    }

    /// An operator has waits forgotten: a device may try this server now.
    pub fn forget(&mut self, server: usize) {
        self.servers
            .retain(|l| l.server != server || l.who.is_some());
    }

    /// The standby of a device at this server has ended, or could not be opened. Whether one that cannot be reached is there
    /// again is found out within a minute: a gateway without a backup is to be known for one no longer than it is.
    pub fn lost(&mut self, now: Time, who: u16, server: usize, reason: &LostReason) {
        if let Some(look) = self.servers.iter_mut().find(|l| l.server == server) {
            if look.who != Some(who) && !look.keeps {
                return;
            }
            let kept = look.keeps || now.saturating_since(look.since) >= PROOF;
            look.closed = if kept || reason.is_unreachable() {
                1
            } else {
                look.closed.saturating_add(1)
            };
            look.keeps = false;
            look.who = None;
            look.not_before = now + wait(look.closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CloseReason, ConnectFailure};
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    const CLOSED: LostReason = LostReason::Closed(CloseReason::ByServer);

    #[test]
    fn a_server_that_cannot_be_reached_is_tried_every_minute_however_long_that_lasts() {
        let refused = LostReason::Connect(ConnectFailure::Refused);
        let mut standbys = Standbys::default();
        let opened = (0..86_400).filter(|&s| {
            let may = standbys.may_open(at(s), 1, 0, |_| false);
            if may {
                standbys.lost(at(s), 1, 0, &refused);
            }
            may
        });
        assert_eq!(opened.count(), 1440);
    }

    /// Whoever opened its standby has it.
    fn held(_: u16) -> bool {
        true
    }

    #[test]
    fn one_device_tries_and_the_others_follow_when_it_was_kept() {
        let mut standbys = Standbys::default();
        assert!(standbys.may_open(at(0), 1, 7, held));
        for who in 2..=480 {
            assert!(!standbys.may_open(at(89), who, 7, held), "{who}");
        }
        for who in 2..=480 {
            assert!(standbys.may_open(at(91), who, 7, held), "{who}");
        }
        assert!(standbys.may_open(at(0), 2, 8, held), "another server");
    }

    #[test]
    fn a_standby_that_its_device_gave_up_proves_nothing_and_another_device_tries() {
        let mut standbys = Standbys::default();
        assert!(standbys.may_open(at(0), 1, 7, held));
        // It has registered elsewhere meanwhile: nobody knows whether the server would have kept it.
        assert!(standbys.may_open(at(100), 2, 7, |one| one != 1));
        for who in 3..=480 {
            assert!(!standbys.may_open(at(101), who, 7, held), "{who}");
        }
        assert!(standbys.may_open(at(191), 3, 7, held));
    }

    /// chan_skinny, for a day.
    #[test]
    fn a_server_that_closes_it_is_asked_once_an_hour_in_the_end_by_one_of_480() {
        let mut standbys = Standbys::default();
        let mut opened = vec![];
        let mut s = 0;
        while s < 86_400 {
            let who = (1..=480).find(|who| standbys.may_open(at(s), *who, 0, held));
            if let Some(who) = who {
                opened.push(s);
                s += 30;
                standbys.lost(at(s), who, 0, &CLOSED);
            }
            s += 1;
        }
        assert!((24..35).contains(&opened.len()), "{opened:?}");
        let last: Vec<_> = opened.windows(2).rev().take(3).collect();
        assert!(last.iter().all(|w| w[1] - w[0] >= 3600), "{opened:?}");
    }

    #[test]
    fn a_server_that_kept_them_for_long_and_ended_is_tried_again_in_a_minute() {
        let mut standbys = Standbys::default();
        standbys.may_open(at(0), 1, 0, held);
        assert!(standbys.may_open(at(100), 2, 0, held));
        for who in [2, 1] {
            standbys.lost(at(5_000), who, 0, &CLOSED);
        }
        assert!(!standbys.may_open(at(5_050), 3, 0, held));
        assert!(standbys.may_open(at(5_061), 3, 0, held));
        assert!(
            !standbys.may_open(at(5_061), 4, 0, held),
            "and by one device first"
        );
    }
}
