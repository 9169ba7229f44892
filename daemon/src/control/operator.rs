//! What an operator asks of the registrations: `port restart`, `server list`, `server retry`, `server prefer`.

use std::time::Duration;

use tipring_ctl::report::{RestartReport, ServerReport, ServerState, ServerTrouble};
use tipring_ctl::request::{ErrorCode, ErrorReport, Response};
use tipring_proto::device::Input;
use tipring_proto::finding::{Finding, OtherServer, no_backup};
use tipring_proto::sccp::station::StationState;
use tipring_proto::time::Time;
use tracing::info;

use super::servers::Tally;
use super::{Gateway, PortUnit, words};

impl Gateway {
    /// `tipring port restart`.
    pub(super) fn restart_ports(&mut self, port: Option<u16>, force: bool) -> Response {
        let now = self.clock.now();
        if let Some(port) = port.filter(|p| !self.ports.iter().any(|u| u.number == *p)) {
            return self.no_port(port);
        }
        let mut report = RestartReport::default();
        for index in 0..self.ports.len() {
            let wanted = |unit: &&mut PortUnit| port.is_none_or(|p| p == unit.number);
            let Some(unit) = self.ports.get_mut(index).filter(wanted) else {
                continue;
            };
            let number = unit.number;
            if unit.has_stopped() {
                report.not_started.push(number);
                continue;
            }
            if unit.is_busy() {
                if !force {
                    report.left_alone.push(number);
                    continue;
                }
                report.in_call.push(number);
            }
            info!(port = number, "an operator has the port register again");
            report.restarted.push(number);
            unit.handle(now, Input::Restart);
            self.drain(now, index);
        }
        Response::Restart(report)
    }

    /// `tipring server retry`.
    pub(super) fn retry_servers(&mut self, name: Option<&str>) -> Response {
        let now = self.clock.now();
        let server = match name.map(|name| (name, self.signalling.servers.find(name))) {
            None => None,
            Some((_, Some(server))) => Some(server),
            Some((name, None)) => return self.no_server(name),
        };
        info!(
            server = name,
            "an operator has waits forgotten, and which CallManagers are passed by"
        );
        for one in self.signalling.servers.list().to_vec() {
            if server.is_none_or(|server| server == one) {
                self.signalling.lockouts.forget(one);
                self.signalling.standbys.forget(one);
                self.signalling.lookout.forget(now, one);
            }
        }
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.handle(now, Input::RetryNow { server });
                self.drain(now, index);
            }
        }
        self.servers_turn(now);
        self.server_list()
    }

    /// `tipring server prefer`.
    pub(super) fn prefer_server(&mut self, name: Option<&str>) -> Response {
        let now = self.clock.now();
        let server = match name.map(|name| (name, self.signalling.servers.find(name))) {
            None => None,
            Some((_, Some(server))) => Some(server),
            Some((name, None)) => return self.no_server(name),
        };
        match name {
            Some(server) => info!(server, "an operator prefers a CallManager"),
            None => info!(
                "an operator has ended the preference: the CallManagers are in the order of the configuration"
            ),
        }
        self.signalling.servers.prefer(server);
        let list = self.signalling.servers.list().to_vec();
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.set_servers(now, &list);
                self.drain(now, index);
            }
        }
        for one in list {
            self.signalling.lookout.forget(now, one);
        }
        self.servers_turn(now);
        self.server_list()
    }

    /// `tipring server list`.
    pub(super) fn server_list(&self) -> Response {
        let now = self.clock.now();
        let used: Vec<usize> = self
            .ports
            .iter()
            .filter_map(PortUnit::registered_at)
            .collect();
        let shown = self.signalling.servers.shown(&used);
        let servers = shown.into_iter().map(|n| self.server_report(now, n));
        Response::Servers {
            servers: servers.collect(),
        }
    }

    fn server_report(&self, now: Time, n: usize) -> ServerReport {
        let desk = &self.signalling;
        let ports = |there: &dyn Fn(&PortUnit) -> bool| -> Vec<u16> {
            let list = self.ports.iter().filter(|unit| there(unit));
            list.map(|unit| unit.number).collect()
        };
        let tally = desk.servers.tally(n).cloned().unwrap_or_default();
        let registered_ports = ports(&|unit| unit.registered_at() == Some(n));
        // Of interest while a port is still at a lesser one.
        let place = desk.servers.place(n);
        let lesser = |unit: &PortUnit| {
            unit.registered_at()
                .is_some_and(|at| desk.servers.place(at) > place)
        };
        let watched = desk
            .lookout
            .watched_until(n)
            .filter(|_| self.ports.iter().any(lesser));
        let locked = desk.lockouts.locked_until(now, n);
        let tried = self.is_tried(n);
        let enabled = self.ports.iter().filter(|unit| unit.settings.enabled);
        let is_bad = tally.troubles.is_unusable(enabled.count());
        let is_unreachable = tally.troubles.unreachable().is_some();
        let state = match registered_ports.is_empty() {
            false if watched.is_some() => ServerState::Watched,
            false => ServerState::Serving,
            true if locked.is_some() => ServerState::PassedBy,
            true if desk.lockouts.is_in_doubt(n) => ServerState::InDoubt,
            // What was wrong with one that nobody tries any more may be over.
            true if !tried && (is_bad || is_unreachable) => ServerState::NotTried,
            true if is_bad => ServerState::Unusable,
            true if is_unreachable => ServerState::Unreachable,
            true if tally.registrations > 0 || tally.stood_by => ServerState::Unused,
            true => ServerState::NotTried,
        };
        ServerReport {
            place: desk.servers.place(n),
            server: desk.servers.name(n),
            preferred: desk.servers.preferred() == Some(n),
            state,
            standby_ports: ports(&|unit| unit.standby_at() == Some(n)),
            answers_keepalives: desk.sentinels.answers(n),
            passed_by_ms: locked.map(|until| millis(until - now)),
            watched_ms: watched.map(|until| millis(until.saturating_since(now))),
            next_attempt_ms: self
                .next_connection_at(n)
                .map(|at| millis(at.saturating_since(now))),
            found_silent: tally.silences,
            troubles: self.troubles(n, &tally),
            registered_ports,
        }
    }

    /// When a port tries this CallManager next, or asks whether it takes ports back.
    pub(super) fn next_attempt_at(&self, server: usize) -> Option<Time> {
        let best = self.signalling.servers.list().first() == Some(&server);
        let own = self
            .ports
            .iter()
            .filter_map(|unit| match unit.station().state {
                StationState::Waiting {
                    server: next,
                    until,
                } if next == server => Some(until),
                StationState::Registered { server: here, .. } if best && here != server => {
                    unit.asks_at()
                }
                _ => None,
            });
        own.chain(self.signalling.lookout.asked_at(server)).min()
    }

    /// When a port connects to it next for whatever purpose, or asks.
    pub(super) fn next_connection_at(&self, server: usize) -> Option<Time> {
        let attempt = self.next_attempt_at(server).into_iter();
        attempt.chain(self.next_standby_at(server)).min()
    }

    /// When a port opens a standby connection to it next.
    fn next_standby_at(&self, server: usize) -> Option<Time> {
        let not_before = self.signalling.standbys.not_before(server);
        let due = |unit: &PortUnit| {
            let (_, due) = unit.stands_by_next().filter(|(at, _)| *at == server)?;
            Some(not_before.map_or(due, |at| at.max(due)))
        };
        self.ports.iter().filter_map(due).min()
    }

    /// When a CallManager that is better than this port's is asked next, by this port or by another one for all.
    pub(super) fn better_asked_at(&self, unit: &PortUnit) -> Option<Time> {
        let own = unit.asks_at()?;
        let here = unit.registered_at();
        let better = self.signalling.servers.list().iter();
        let better = better.take_while(|server| Some(**server) != here);
        let asked = better.filter_map(|server| self.next_attempt_at(*server));
        asked.chain([own]).min()
    }

    /// What is or was wrong with a CallManager.
    pub(super) fn troubles(&self, n: usize, tally: &Tally) -> Vec<ServerTrouble> {
        let tried = self.is_tried(n);
        let enabled = || self.ports.iter().filter(|unit| unit.settings.enabled);
        let shown = tally.troubles.shown().into_iter();
        shown
            .filter(|trouble| tried || trouble.over.is_some())
            .map(|trouble| {
                let has = |unit: &&PortUnit| trouble.ports.contains(&unit.number);
                let one = trouble.ports.len() == 1;
                ServerTrouble {
                    kind: trouble.kind,
                    since_unix_ms: self.clock.unix_ms(trouble.since),
                    at_unix_ms: self.clock.unix_ms(trouble.at),
                    reason: words::why(&trouble.reason),
                    ports: trouble.ports.iter().copied().collect(),
                    device: { self.ports.iter().find(has) }
                        .filter(|_| one)
                        .map(PortUnit::device_name),
                    all_ports: !one && !trouble.ports.is_empty() && enabled().all(|u| has(&u)),
                    over: trouble.over.is_some(),
                    over_unix_ms: trouble.over.map(|at| self.clock.unix_ms(at)),
                }
            })
            .collect()
    }

    /// Would it be noticed when this CallManager is well again? Ports without one try it.
    fn is_tried(&self, n: usize) -> bool {
        let without = |unit: &PortUnit| unit.settings.enabled && unit.registered_at().is_none();
        let listed = self.signalling.servers.place(n).is_some();
        listed && (self.ports.iter().any(without) || self.is_watched(n))
    }

    /// Ports that are registered look at it: those at a lesser one ask it, and those at the one before it in the list stand by
    /// there.
    fn is_watched(&self, n: usize) -> bool {
        let desk = &self.signalling;
        let Some(place) = desk.servers.place(n) else {
            return false;
        };
        let standby = self.config.callmanager.standby;
        let mut ports = self.ports.iter().filter(|unit| unit.settings.enabled);
        ports.any(|unit| {
            let here = unit.registered_at().map(|at| desk.servers.place(at));
            here.is_some_and(|here| {
                here.is_none_or(|here| place < here || standby && place == here + 1)
            })
        })
    }

    /// No other CallManager could take the ports over if theirs were lost.
    pub(super) fn backup_finding(&self) -> Option<Finding> {
        let desk = &self.signalling.servers;
        let serving: Vec<usize> = self
            .ports
            .iter()
            .filter_map(PortUnit::registered_at)
            .collect();
        let first = *serving.first()?;
        // Ports with two of them: both work.
        if serving.iter().any(|server| *server != first) {
            return None;
        }
        let others = desk.list().iter().filter(|server| **server != first);
        no_backup(others.map(|server| {
            let tally = desk.tally(*server);
            let unreachable = tally.and_then(|tally| tally.troubles.unreachable());
            OtherServer {
                name: desk.name(*server),
                watched: self.is_watched(*server),
                reached: tally.is_some_and(|tally| tally.registrations > 0 || tally.stood_by),
                unreachable: unreachable.map(words::why),
            }
        }))
    }

    fn no_server(&self, name: &str) -> Response {
        let known = self.signalling.servers.list().iter();
        let known: Vec<String> = known.map(|n| self.signalling.servers.name(*n)).collect();
        Response::Error(ErrorReport {
            code: ErrorCode::UnknownServer,
            message: format!(
                "[callmanager] servers has no {name}; it has {}",
                known.join(", ")
            ),
            cure: Some("see `tipring server list`".to_owned()),
        })
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
