//! The connections of the ports: opened when the server's name has an address, written to, closed.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_config::Host;
use tipring_proto::device::Input;
use tipring_proto::names::{Answer, Names};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure, StationEvent};
use tipring_proto::time::Time;

use super::{Gateway, NO_ADDRESS, PortUnit};
use crate::link::{Link, LinkConfig, LinkEvent};
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

    /// It ended by itself.
    fn ended(&mut self) {
        self.link = None;
    }

    /// It is not wanted any more: what is queued is written, and what it still says is not heard.
    fn finish(&mut self) {
        self.pending = None;
        self.epoch = 0;
        self.link.take().map(Link::finish);
    }

    pub(super) fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }
}

/// Which connection of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// To its CallManager.
    First,
    /// To a better one that is being asked.
    Second,
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

    pub(super) fn connect(&mut self, now: Time, index: usize, which: Which, server: usize) {
        let epoch = self.signalling.epoch();
        if let Some(unit) = self.ports.get_mut(index) {
            let connection = unit.connection(which);
            *connection = Connection {
                epoch,
                local: connection.local,
                ..Connection::default()
            };
        }
        self.open(now, index, which, server);
    }

    /// Opens the second connection, unless another port is asking that server.
    pub(super) fn probe(&mut self, now: Time, index: usize, server: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        unit.second.finish();
        let (port, interval) = (unit.number, unit.station_config().timing.probe);
        if self
            .signalling
            .lookout
            .may_look(now, port, server, interval)
        {
            self.connect(now, index, Which::Second, server);
        } else {
            unit.handle(now, Input::ProbeHeld);
        }
    }

    /// Opens the connection, or waits for the address of its server.
    fn open(&mut self, now: Time, index: usize, which: Which, server: usize) {
        let place = self.locate(now, server);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (port, turn, bind) = (unit.number, unit.turn, unit.station_config().address);
        let connection = unit.connection(which);
        connection.pending = None;
        match place {
            Where::Here(mut addresses) => {
                // One whose SCCP does not work is not the first again.
                let turn = turn % addresses.len().max(1);
                addresses.rotate_left(turn);
                let config = LinkConfig {
                    bind,
                    ..self.signalling.config.clone()
                };
                let (epoch, events) = (connection.epoch, self.signalling.events.clone());
                connection.link = Some(Link::connect(addresses, config, port, epoch, events));
            }
            Where::Wait(until) => connection.pending = Some((server, until)),
            Where::Nowhere(failure) => unit.handle(
                now,
                match which {
                    Which::First => Input::TcpFailed { failure },
                    Which::Second => Input::ProbeFailed { failure },
                },
            ),
        }
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
            for which in [Which::First, Which::Second] {
                let unit = self.ports.get_mut(index);
                let pending = unit.and_then(|unit| unit.connection(which).pending);
                if let Some((server, _)) = pending.filter(|(_, until)| ripe(*until)) {
                    self.open(now, index, which, server);
                    self.drain(now, index);
                }
            }
        }
    }

    pub(super) fn close(&mut self, index: usize, which: Which) {
        if let Some(unit) = self.ports.get_mut(index) {
            unit.connection(which).finish();
        }
    }

    /// The second connection takes the place of the first.
    pub(super) fn adopt(&mut self, index: usize) {
        if let Some(unit) = self.ports.get_mut(index) {
            unit.first.finish();
            unit.first = std::mem::take(&mut unit.second);
        }
    }

    pub(super) fn write(&mut self, now: Time, index: usize, which: Which, bytes: Vec<u8>) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let connection = unit.connection(which);
        let Some(link) = &connection.link else {
            return;
        };
        if !link.write(bytes) {
            let reason = CloseReason::Other("the server has stopped reading".to_owned());
            unit.link_gone(now, which, reason);
        }
    }

    pub(super) fn link_event(&mut self, port: u16, epoch: u64, event: LinkEvent) {
        let now = self.clock.now();
        // An epoch that is not the present one is of a link that was given up.
        let of_link = |unit: &PortUnit| unit.number == port && unit.which(epoch).is_some();
        let Some(index) = self.ports.iter().position(of_link) else {
            return;
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(which) = unit.which(epoch) else {
            return;
        };
        match (event, which) {
            (LinkEvent::Connected(local), which) => {
                unit.connection(which).local = local;
                let input = match which {
                    Which::First => Input::TcpConnected { local },
                    Which::Second => Input::ProbeConnected { local },
                };
                unit.handle(now, input);
            }
            (LinkEvent::Failed(failure), which) => {
                unit.connection(which).ended();
                let input = match which {
                    Which::First => Input::TcpFailed { failure },
                    Which::Second => Input::ProbeFailed { failure },
                };
                unit.handle(now, input);
            }
            (LinkEvent::Bytes(bytes), Which::First) => unit.handle(now, Input::TcpBytes(&bytes)),
            (LinkEvent::Bytes(bytes), Which::Second) => unit.handle(now, Input::ProbeBytes(&bytes)),
            (LinkEvent::Closed(reason), which) => {
                unit.connection(which).ended();
                unit.link_closed(now, which, reason);
            }
        }
        self.drain(now, index);
    }

    /// What a registration of one port means for the others.
    pub(super) fn tell_siblings(&mut self, now: Time, index: usize, event: &StationEvent) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let port = unit.number;
        let input = match *event {
            StationEvent::Registered { server, .. } => Input::SiblingRegistered { server },
            StationEvent::Settled { server } => {
                self.signalling.lookout.settled(now, server);
                Input::SiblingSettled { server }
            }
            StationEvent::Lost {
                server, ref reason, ..
            } => {
                if !reason.is_our_wish() {
                    self.signalling.lookout.lost(port, server);
                }
                return;
            }
            _ => return,
        };
        let waits = matches!(input, Input::SiblingRegistered { .. });
        let concerned = |unit: &&mut PortUnit| unit.number != port && unit.is_registered() != waits;
        for unit in self.ports.iter_mut().filter(concerned) {
            // It moves deadlines and nothing else, so there is nothing to be drained.
            unit.handle(now, input.clone());
        }
    }
}

impl PortUnit {
    pub(super) fn connection(&mut self, which: Which) -> &mut Connection {
        match which {
            Which::First => &mut self.first,
            Which::Second => &mut self.second,
        }
    }

    /// Which connection an event is of.
    fn which(&self, epoch: u64) -> Option<Which> {
        if self.first.epoch == epoch {
            Some(Which::First)
        } else if self.second.epoch == epoch {
            Some(Which::Second)
        } else {
            None
        }
    }

    /// Gives a connection up without a word to the server.
    pub(super) fn link_gone(&mut self, now: Time, which: Which, reason: CloseReason) {
        let connection = self.connection(which);
        connection.ended();
        connection.epoch = 0;
        self.link_closed(now, which, reason);
    }

    fn link_closed(&mut self, now: Time, which: Which, reason: CloseReason) {
        let input = match which {
            Which::First => Input::TcpClosed { reason },
            Which::Second => Input::ProbeClosed { reason },
        };
        self.handle(now, input);
    }

    /// A server that is reached under several addresses is tried under another one first.
    pub(super) fn turn_to_next_address(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }
}
