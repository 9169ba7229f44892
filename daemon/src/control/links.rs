//! The connections of the ports: opened when the server's name has an address, written to, closed.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_config::Host;
use tipring_proto::device::Input;
use tipring_proto::names::{Answer, Names};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure};
use tipring_proto::time::Time;

use super::{Gateway, NO_ADDRESS, PortUnit};
use crate::link::{self, Link, LinkConfig, LinkEvent};
use crate::resolve::{LookedUp, Resolver};

/// Names, and who looks them up.
#[derive(Debug, Default)]
pub(super) struct NameDesk {
    names: Names,
    pub(super) resolver: Resolver,
}

impl NameDesk {
    fn ask(&mut self, now: Time, name: &str) -> Answer {
        let answer = self.names.ask(now, name);
        while let Some(name) = self.names.poll_lookup() {
            self.resolver.look_up(name);
        }
        answer
    }
}

/// A connection of a port: open, being opened, waiting for an address, or none.
#[derive(Debug)]
pub struct Connection {
    link: Option<Link>,
    /// Tells its events from those of former ones.
    epoch: u64,
    /// To be opened to this server when its name has been looked up, and given up then.
    pending: Option<(usize, Time)>,
    /// Our address on it.
    pub local: Ipv4Addr,
}

impl Default for Connection {
    fn default() -> Connection {
        Connection {
            link: None,
            epoch: 0,
            pending: None,
            local: NO_ADDRESS,
        }
    }
}

impl Connection {
    /// When it is given up if it still waits for an address.
    pub(super) fn due(&self) -> Option<Time> {
        self.pending.map(|(_, until)| until)
    }

    pub(super) fn is(&self, epoch: u64) -> bool {
        self.epoch == epoch
    }

    /// It ended by itself.
    pub(super) fn ended(&mut self) {
        self.link = None;
    }

    pub(super) fn link(&self) -> Option<&Link> {
        self.link.as_ref()
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
        for server in self.servers.list().to_vec() {
            self.locate(now, server);
        }
    }

    pub(super) fn connect(&mut self, now: Time, index: usize, server: usize) {
        self.next_epoch += 1;
        if let Some(unit) = self.ports.get_mut(index) {
            unit.connection = Connection {
                epoch: self.next_epoch,
                ..Connection::default()
            };
        }
        self.open(now, index, server);
    }

    /// Opens the connection, or waits for the address of its server.
    fn open(&mut self, now: Time, index: usize, server: usize) {
        let place = self.locate(now, server);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        unit.connection.pending = None;
        match place {
            Where::Here(mut addresses) => {
                // One whose SCCP does not work is not the first again.
                let turn = unit.turn % addresses.len().max(1);
                addresses.rotate_left(turn);
                let config = LinkConfig {
                    bind: unit.station_config().address,
                    ..self.link_config.clone()
                };
                let (port, epoch) = (unit.number, unit.connection.epoch);
                let events = self.link_events.clone();
                unit.connection.link = Some(Link::connect(addresses, config, port, epoch, events));
            }
            Where::Wait(until) => unit.connection.pending = Some((server, until)),
            Where::Nowhere(failure) => unit.handle(now, Input::TcpFailed { failure }),
        }
    }

    fn locate(&mut self, now: Time, server: usize) -> Where {
        let Some(server) = self.servers.server(server) else {
            let failure = format!("there is no server {}", server + 1);
            return Where::Nowhere(ConnectFailure::Other(failure));
        };
        match &server.host {
            Host::Address(address) => Where::Here(vec![SocketAddrV4::new(*address, server.port)]),
            Host::Name(name) => match self.names.ask(now, name) {
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
        self.names.names.looked_up(now, &name, outcome);
        self.open_pending(now, |_| true);
    }

    /// Gives up what has waited for an address for too long.
    pub(super) fn names_due(&mut self, now: Time) {
        self.open_pending(now, |until| until <= now);
    }

    fn open_pending(&mut self, now: Time, which: impl Fn(Time) -> bool) {
        for index in 0..self.ports.len() {
            let unit = self.ports.get(index);
            let pending = unit.and_then(|unit| unit.connection.pending);
            if let Some((server, _)) = pending.filter(|(_, until)| which(*until)) {
                self.open(now, index, server);
                self.drain(now, index);
            }
        }
    }

    pub(super) fn close(&mut self, index: usize) {
        if let Some(unit) = self.ports.get_mut(index) {
            // What the old link still says is not heard.
            self.next_epoch += 1;
            unit.connection.epoch = self.next_epoch;
            unit.connection.pending = None;
            unit.connection.link.take().map(Link::finish);
        }
    }

    pub(super) fn write(&mut self, now: Time, index: usize, bytes: Vec<u8>) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(link) = &unit.connection.link else {
            return;
        };
        if !link.write(bytes) {
            self.next_epoch += 1;
            unit.connection.link = None;
            unit.connection.epoch = self.next_epoch;
            let reason = CloseReason::Other("the server has stopped reading".to_owned());
            unit.handle(now, Input::TcpClosed { reason });
        }
    }

    pub(super) fn probe(&mut self, now: Time, index: usize, server: usize) {
        let place = self.locate(now, server);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Where::Here(addresses) = place else {
            let reachable = false;
            return unit.handle(now, Input::ProbeResult { server, reachable });
        };
        let config = LinkConfig {
            bind: unit.station_config().address,
            ..self.link_config.clone()
        };
        let (port, epoch) = (unit.number, unit.connection.epoch);
        let events = self.link_events.clone();
        tokio::task::spawn_local(async move {
            let reachable = link::probe(&addresses, &config).await;
            let event = LinkEvent::Probed { server, reachable };
            let _ = events.send((port, epoch, event)).await;
        });
    }
}

impl PortUnit {
    /// A server that is reached under several addresses is tried under another one first.
    pub(super) fn turn_to_next_address(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }
}
