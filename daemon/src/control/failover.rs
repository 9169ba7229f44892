//! What one port finds out about a CallManager, for the others: which one is silent, which one may be gone back to.
//!
//! Decided in proto (`Lookout`, `Lockouts`, `Sentinels`, `Standbys`); here it is carried between them and the ports.

use tipring_config::Host;
use tipring_proto::device::Input;
use tipring_proto::names::NameFailure;
use tipring_proto::sccp::station::{ConnectFailure, LookoutOrder, StationEvent};
use tipring_proto::time::Time;

use super::{Gateway, PortUnit};

impl Gateway {
    /// What a registration of one port means for the others.
    pub(super) fn inform_siblings(&mut self, now: Time, index: usize, event: &StationEvent) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let port = unit.number;
        let monitor = self.signalling.monitor;
        let desk = &mut self.signalling;
        match *event {
            StationEvent::Registered { server, .. } => {
                desk.sentinels.registered(now, port, server);
                desk.lookout.registered(now, port, server, monitor);
                desk.lockouts.registered(now, port, server);
                let waits = |unit: &&mut PortUnit| unit.number != port && !unit.is_registered();
                for unit in self.ports.iter_mut().filter(waits) {
                    // It moves deadlines and nothing else, so there is nothing to be drained.
                    unit.handle(now, Input::SiblingRegistered { server });
                }
                self.servers_turn(now);
            }
            StationEvent::Trying { server } => {
                self.attempt_begins(now, index, server);
            }
            StationEvent::AnswersKeepalives { server } => desk.sentinels.answered(server),
            StationEvent::StandbyLost { server, ref reason } => {
                desk.standbys.lost(now, port, server, reason);
            }
            StationEvent::TrialFailed { server, again, .. } => {
                desk.lookout.came_to_nothing(now, server, again);
            }
            StationEvent::AttemptFailed {
                server, ref reason, ..
            } => match reason.in_vain() {
                Some(vain) => desk.lockouts.failed(now, port, server, vain),
                None => desk.lockouts.gives_up(port),
            },
            StationEvent::Lost {
                server, ref reason, ..
            } => {
                desk.sentinels.left(now, port);
                desk.lookout.left(now, port, reason.is_the_servers_end());
                desk.lockouts.left(port);
                if reason.is_silence() {
                    desk.lockouts.fell_silent(now, server);
                }
            }
            StationEvent::Stopped => {
                desk.sentinels.left(now, port);
                desk.lookout.left(now, port, false);
                desk.lockouts.stopped(port);
            }
            _ => {}
        }
    }

    /// A port is about to try this server. False: it has been sent to another one, for this one is known to be silent.
    pub(super) fn attempt_begins(&mut self, now: Time, index: usize, server: usize) -> bool {
        let Some(unit) = self.ports.get_mut(index) else {
            return false;
        };
        let port = unit.number;
        let desk = &mut self.signalling;
        let list = desk.servers.list();
        let better = desk.lockouts.place_for(now, port, server, list);
        if better != server {
            unit.handle(now, Input::TurnTo { server: better });
            return false;
        }
        desk.lockouts.tries(now, port, server);
        true
    }

    /// Sends ports where it is time to send them.
    pub(super) fn servers_turn(&mut self, now: Time) {
        let list = self.signalling.servers.list().to_vec();
        self.signalling.lookout.handle_timeout(now, &list);
        self.signalling.lockouts.handle_timeout(now, &list);
        while let Some(lead) = self.signalling.lockouts.poll() {
            let (server, turn) = (lead.server, lead.turn);
            if self.gives_name_up(now, lead.device) {
                // It has its turn by itself; where others are served it need not wait for it.
                self.hand(now, lead.device, Input::SiblingRegistered { server });
            } else {
                self.hand(now, lead.device, Input::LeadTo { server, turn });
            }
        }
        while let Some(order) = self.signalling.lookout.poll() {
            match order {
                LookoutOrder::Look { device, server } => {
                    let at_once = true;
                    self.hand(now, device, Input::LookAt { server, at_once });
                }
                LookoutOrder::Follow { server } => {
                    let at_once = false;
                    for unit in self.ports.iter_mut().filter(|unit| unit.is_registered()) {
                        unit.handle(now, Input::LookAt { server, at_once });
                    }
                }
            }
        }
    }

    /// A port that is led away while its server's name is still looked up has had no answer from a name server, and not from
    /// the server: it says so, and goes on by itself.
    fn gives_name_up(&mut self, now: Time, port: u16) -> bool {
        let Some(index) = self.ports.iter().position(|unit| unit.number == port) else {
            return false;
        };
        let unit = &mut self.ports[index];
        let waiting = unit.connections.waits_for(|_| true).into_iter();
        let attempt = { waiting }.find(|(id, _)| unit.tries(*id).is_some());
        let Some((id, server)) = attempt else {
            return false;
        };
        let Some(Host::Name(name)) = self.signalling.servers.server(server).map(|s| &s.host) else {
            return false;
        };
        let failure = ConnectFailure::Name {
            name: name.clone(),
            why: NameFailure::Silent,
        };
        unit.connections.forget(id);
        unit.handle(now, Input::ConnectFailed { id, failure });
        self.drain(now, index);
        true
    }

    fn hand(&mut self, now: Time, port: u16, input: Input<'_>) {
        let found = self.ports.iter().position(|unit| unit.number == port);
        let Some((index, unit)) = found.and_then(|at| Some((at, self.ports.get_mut(at)?))) else {
            return;
        };
        unit.handle(now, input);
        self.drain(now, index);
    }
}
