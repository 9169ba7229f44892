//! The connections of the ports: opened when the server's name has an address, written to, closed.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_config::Host;
use tipring_ctl::report::SccpBytes;
use tipring_proto::device::Input;
use tipring_proto::names::{Answer, Names};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure, SentinelOrder};
use tipring_proto::time::Time;
use tipring_proto::types::{ConnectionId, ConnectionPurpose};
use tracing::warn;

use super::{Gateway, NO_ADDRESS, PortUnit};
use crate::link::{Link, LinkConfig, LinkEvent, LinkId};
use crate::resolve::{LookedUp, Resolver};

/// Names, and who looks them up.
#[derive(Debug, Default)]
pub(super) struct NameDesk {
    names: Names,
    pub(super) resolver: Resolver,
}

impl NameDesk {
    /// The network has changed.
    pub(super) fn doubt(&mut self) {
        self.names.doubt();
    }

    fn ask(&mut self, now: Time, name: &str) -> Answer {
        let answer = self.names.ask(now, name);
        while let Some(name) = self.names.poll_lookup() {
            self.resolver.look_up(name);
        }
        answer
    }
}

/// A connection of a port: open, being opened, or waiting for an address.
#[derive(Debug)]
struct Connection {
    /// As the device names it.
    id: ConnectionId,
    stage: Stage,
    /// Our address on it; until it is known, the one on the connection before.
    local: Ipv4Addr,
}

#[derive(Debug)]
enum Stage {
    /// To be opened to this server when its name has been looked up, and given up then.
    Resolving { server: usize, until: Time },
    /// Under way. The link has a name of its own, for a port that takes another one's place numbers its connections from
    /// 1 again.
    Linked { name: LinkId, link: Link },
}

/// The connections of a port. One that the device has closed is not among them, so what its link still reports is not
/// heard.
#[derive(Debug, Default)]
pub(super) struct Connections {
    list: Vec<Connection>,
}

impl Connections {
    /// When the first one is given up if it still waits for an address.
    pub(super) fn due(&self) -> Option<Time> {
        let due = self.list.iter().filter_map(|one| match one.stage {
            Stage::Resolving { until, .. } => Some(until),
            Stage::Linked { .. } => None,
        });
        due.min()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.list.iter().filter_map(|one| match &one.stage {
            Stage::Linked { link, .. } => Some(link),
            Stage::Resolving { .. } => None,
        })
    }

    /// Those that are under way from one of these addresses of ours, the newest first.
    pub(super) fn bound_to(&self, addresses: &[Ipv4Addr]) -> Vec<(ConnectionId, Ipv4Addr)> {
        let linked = |one: &&Connection| matches!(one.stage, Stage::Linked { .. });
        let list = self.list.iter().rev().filter(linked);
        list.filter(|one| addresses.contains(&one.local))
            .map(|one| (one.id, one.local))
            .collect()
    }

    pub(super) fn waits_for(&self, ripe: impl Fn(Time) -> bool) -> Vec<(ConnectionId, usize)> {
        let list = self.list.iter().filter_map(|one| match one.stage {
            Stage::Resolving { server, until } if ripe(until) => Some((one.id, server)),
            _ => None,
        });
        list.collect()
    }

    fn of(&self, link: LinkId) -> Option<ConnectionId> {
        let of_link =
            |one: &&Connection| matches!(one.stage, Stage::Linked { name, .. } if name == link);
        self.list.iter().find(of_link).map(|one| one.id)
    }

    fn name(&self, id: ConnectionId) -> Option<LinkId> {
        let one = self.list.iter().find(|one| one.id == id)?;
        match one.stage {
            Stage::Linked { name, .. } => Some(name),
            Stage::Resolving { .. } => None,
        }
    }

    fn link(&self, id: ConnectionId) -> Option<&Link> {
        let one = self.list.iter().find(|one| one.id == id)?;
        match &one.stage {
            Stage::Linked { link, .. } => Some(link),
            Stage::Resolving { .. } => None,
        }
    }

    /// Puts it where it stands now.
    fn set(&mut self, id: ConnectionId, stage: Stage, local: Ipv4Addr) {
        self.remove(id);
        self.list.push(Connection { id, stage, local });
    }

    fn set_local(&mut self, id: ConnectionId, local: Ipv4Addr) {
        for one in self.list.iter_mut().filter(|one| one.id == id) {
            one.local = local;
        }
    }

    /// One of them is given up.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.remove(id);
    }

    fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let place = self.list.iter().position(|one| one.id == id)?;
        Some(self.list.remove(place))
    }
}

/// An address to connect to, or what to do meanwhile.
enum Where {
    Here(Vec<SocketAddrV4>),
    Wait(Time),
    Nowhere(ConnectFailure),
}

impl Gateway {
    /// Begins to look up the name of every server of the list, before a port asks for it.
    pub(super) fn look_names_up(&mut self, now: Time) {
        for server in self.signalling.servers.list().to_vec() {
            self.locate(now, server);
        }
    }

    /// Opens a connection. A trial or a standby is not opened while another port is asking that server.
    pub(super) fn connect(
        &mut self,
        now: Time,
        index: usize,
        id: ConnectionId,
        server: usize,
        purpose: ConnectionPurpose,
    ) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let (port, interval) = (unit.number, unit.station_config().timing.probe);
        let may = match purpose {
            ConnectionPurpose::Active if self.attempt_begins(now, index, server) => true,
            // It goes elsewhere, by another connection.
            ConnectionPurpose::Active => return,
            ConnectionPurpose::Trial => {
                let lookout = &mut self.signalling.lookout;
                lookout.may_look(now, port, server, interval)
            }
            ConnectionPurpose::Standby => {
                let ports = &self.ports;
                let holds = |one: u16| {
                    let one = ports.iter().find(|unit| unit.number == one);
                    one.is_some_and(|unit| unit.standby_at() == Some(server))
                };
                let standbys = &mut self.signalling.standbys;
                standbys.may_open(now, port, server, holds)
            }
        };
        if !may {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.handle(now, Input::Deferred { id });
            }
            return;
        }
        self.open(now, index, id, server);
    }

    /// Begins with a connection, or waits for the address of its server.
    fn open(&mut self, now: Time, index: usize, id: ConnectionId, server: usize) {
        let place = self.locate(now, server);
        let name = self.signalling.next_link();
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (turn, bind) = (unit.turn, unit.station_config().address);
        let options = self.signalling.config.options_of(unit.in_call);
        let local = unit.local().unwrap_or(NO_ADDRESS);
        let stage = match place {
            Where::Here(mut addresses) => {
                // One whose SCCP does not work is not the first again.
                let turn = turn % addresses.len().max(1);
                addresses.rotate_left(turn);
                let config = LinkConfig {
                    bind,
                    options,
                    ..self.signalling.config.clone()
                };
                let events = self.signalling.events.clone();
                let link = Link::connect(addresses, config, name, events);
                Stage::Linked { name, link }
            }
            Where::Wait(until) => Stage::Resolving { server, until },
            Where::Nowhere(failure) => {
                unit.connections.remove(id);
                return unit.handle(now, Input::ConnectFailed { id, failure });
            }
        };
        unit.connections.set(id, stage, local);
    }

    fn locate(&mut self, now: Time, server: usize) -> Where {
        let Some(server) = self.signalling.servers.server(server) else {
            let failure = format!("there is no server {}", server + 1);
            return Where::Nowhere(ConnectFailure::Other(failure));
        };
        match &server.host {
            Host::Address(address) => Where::Here(vec![SocketAddrV4::new(*address, server.port)]),
            Host::Name(name) => match self.signalling.names.ask(now, name) {
                Answer::Known(addresses) => {
                    let all = addresses.into_iter();
                    Where::Here(all.map(|a| SocketAddrV4::new(a, server.port)).collect())
                }
                Answer::Wait { until } => Where::Wait(until),
                Answer::Failed(why) => Where::Nowhere(ConnectFailure::Name {
                    name: name.clone(),
                    why,
                }),
            },
        }
    }

    /// A name has been looked up.
    pub(super) fn name_looked_up(&mut self, (name, outcome): LookedUp) {
        let now = self.clock.now();
        self.signalling.names.names.looked_up(now, &name, outcome);
        self.open_pending(now, |_| true);
    }

    /// Gives up what has waited for an address for too long.
    pub(super) fn names_due(&mut self, now: Time) {
        self.open_pending(now, |until| until <= now);
    }

    fn open_pending(&mut self, now: Time, ripe: impl Fn(Time) -> bool) {
        for index in 0..self.ports.len() {
            let unit = self.ports.get(index);
            for (id, server) in unit.map_or(vec![], |unit| unit.connections.waits_for(&ripe)) {
                self.open(now, index, id, server);
                self.drain(now, index);
            }
        }
    }

    /// Closes a connection: what is queued is written, and what it still reports is not heard.
    pub(super) fn close(&mut self, index: usize, id: ConnectionId) {
        let unit = self.ports.get_mut(index);
        let closed = unit.and_then(|unit| unit.connections.remove(id));
        if let Some(Stage::Linked { link, .. }) = closed.map(|closed| closed.stage) {
            link.finish();
        }
    }

    pub(super) fn send(&mut self, now: Time, index: usize, id: ConnectionId, bytes: Vec<u8>) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let number = unit.number;
        let (Some(name), Some(link)) = (unit.connections.name(id), unit.connections.link(id))
        else {
            return;
        };
        let copy = self.tracers.wants_bytes(number).then(|| bytes.clone());
        if !link.write(bytes) {
            let reason = CloseReason::Other("the server has stopped reading".to_owned());
            return unit.give_up(now, id, reason);
        }
        // In a capture stands what was sent.
        if let Some(bytes) = copy {
            self.tracers
                .bytes(number, || sccp_bytes(now, number, name, true, &bytes));
        }
    }

    pub(super) fn link_event(&mut self, link: LinkId, event: LinkEvent) {
        let now = self.clock.now();
        let found = self.ports.iter().enumerate().find_map(|(index, unit)| {
            let id = unit.connections.of(link)?;
            Some((index, id))
        });
        // None: of a link that was given up.
        let Some((index, id)) = found else { return };
        if let Some(unit) = self.ports.get_mut(index) {
            if let (LinkEvent::Bytes(_), Some(server)) = (&event, unit.hears(id)) {
                self.signalling.sentinels.heard(server);
                self.signalling.lockouts.is_alive(server);
            }
            if let LinkEvent::Bytes(bytes) = &event {
                let number = unit.number;
                self.tracers
                    .bytes(number, || sccp_bytes(now, number, link, false, bytes));
            }
            let lockouts = &mut self.signalling.lockouts;
            match (&event, unit.tries(id)) {
                (LinkEvent::Bytes(_), Some(server)) => lockouts.heard(now, server),
                (LinkEvent::Connected(_), Some(server)) => lockouts.opened(now, server),
                _ => {}
            }
            unit.link_event(now, id, event);
        }
        self.drain(now, index);
    }

    /// Asks the servers whether they are there, as is due.
    pub(super) fn sentinels_turn(&mut self, now: Time) {
        self.signalling.sentinels.handle_timeout(now);
        while let Some(order) = self.signalling.sentinels.poll() {
            match order {
                SentinelOrder::Ask { device } => {
                    let found = self.ports.iter().position(|unit| unit.number == device);
                    match found.and_then(|index| Some((index, self.ports.get_mut(index)?))) {
                        Some((index, unit)) if unit.is_registered() => {
                            unit.handle(now, Input::Ask);
                            self.drain(now, index);
                        }
                        _ => self.signalling.sentinels.left(now, device),
                    }
                }
                SentinelOrder::ProbeAll { server } => self.probe_all(now, server),
            }
        }
    }

    /// A server has fallen silent: each of its ports finds out for itself.
    fn probe_all(&mut self, now: Time, server: usize) {
        let server_name = self.signalling.servers.name(server);
        if let Some(tally) = self.signalling.servers.tally_mut(server) {
            tally.silences += 1;
            tally.silent = Some(now);
        }
        warn!(
            server = server_name,
            "a CallManager has fallen silent; its ports ask whether it is there"
        );
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index)
                && unit.registered_at() == Some(server)
            {
                unit.handle(now, Input::Probe { server });
                self.drain(now, index);
            }
        }
    }
}

/// What a capture has of bytes of a connection.
fn sccp_bytes(now: Time, port: u16, link: LinkId, sent: bool, bytes: &[u8]) -> SccpBytes {
    SccpBytes {
        at_us: u64::try_from(now.since_epoch().as_micros()).unwrap_or(u64::MAX),
        port,
        connection: link.0,
        sent,
        hex: bytes.iter().map(|b| format!("{b:02x}")).collect(),
    }
}

impl PortUnit {
    fn link_event(&mut self, now: Time, id: ConnectionId, event: LinkEvent) {
        match event {
            LinkEvent::Connected(local) => {
                self.connections.set_local(id, local);
                self.handle(now, Input::Connected { id, local });
            }
            LinkEvent::Failed(failure) => {
                self.connections.remove(id);
                self.handle(now, Input::ConnectFailed { id, failure });
            }
            LinkEvent::Bytes(bytes) => {
                let bytes = &bytes[..];
                self.handle(now, Input::Received { id, bytes });
            }
            LinkEvent::Closed(reason) => self.give_up(now, id, reason),
        }
    }

    /// A connection is over, or is given up without a word to the server.
    pub(super) fn give_up(&mut self, now: Time, id: ConnectionId, reason: CloseReason) {
        self.connections.remove(id);
        self.handle(now, Input::Lost { id, reason });
    }

    /// Its links are as patient as its state asks for.
    pub(super) fn set_patience(&mut self, links: &LinkConfig) {
        let in_call = self.is_busy();
        if std::mem::replace(&mut self.in_call, in_call) != in_call {
            self.set_link_options(links);
        }
    }

    /// Other options for its links.
    pub(super) fn set_link_options(&self, links: &LinkConfig) {
        for link in self.connections.links() {
            link.set_options(links.options_of(self.in_call));
        }
    }

    /// A server that is reached under several addresses is tried under another one first.
    pub(super) fn turn_to_next_address(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::link::LinkOptions;

    fn linked(name: LinkId) -> Stage {
        let config = LinkConfig {
            bind: None,
            connect_timeout: Duration::from_secs(1),
            options: LinkOptions {
                silence: Duration::from_secs(1),
                dscp: 0,
            },
            silence_in_call: Duration::from_secs(1),
        };
        let (events, _) = tokio::sync::mpsc::channel(1);
        let link = Link::connect(vec![], config, name, events);
        Stage::Linked { name, link }
    }

    #[test]
    fn the_link_of_a_connection_that_was_closed_belongs_to_nobody() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let local = tokio::task::LocalSet::new();
        let _entered = local.enter();
        let runtime = runtime.expect("a runtime");
        let _runtime = runtime.enter();
        let (active, trial) = (ConnectionId(1), ConnectionId(2));
        let mut connections = Connections::default();
        let until = Time::from_millis(3_000);
        connections.set(active, Stage::Resolving { server: 4, until }, NO_ADDRESS);
        assert_eq!(connections.waits_for(|_| true), [(active, 4)]);
        assert_eq!(connections.due(), Some(until));
        connections.set(active, linked(LinkId(7)), Ipv4Addr::LOCALHOST);
        connections.set(trial, linked(LinkId(8)), Ipv4Addr::LOCALHOST);
        assert_eq!((connections.due(), connections.links().count()), (None, 2));
        assert_eq!(connections.of(LinkId(7)), Some(active));
        assert_eq!(connections.of(LinkId(8)), Some(trial));
        let here = Ipv4Addr::LOCALHOST;
        let bound = [(trial, here), (active, here)];
        assert_eq!(connections.bound_to(&[here]), bound);
        assert!(connections.remove(active).is_some());
        assert_eq!(connections.of(LinkId(7)), None);
        assert!(connections.link(active).is_none());
        // A port that takes the place of another one begins with the same ids, and with other links.
        connections.set(active, linked(LinkId(9)), NO_ADDRESS);
        assert_eq!(connections.of(LinkId(7)), None);
        assert_eq!(connections.of(LinkId(9)), Some(active));
    }
}
