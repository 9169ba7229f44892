//! One SCCP device: a [`Station`] and a [`Port`], glued.
//!
//! Owns: who hears what of whom. Promises: outputs come in the order in which they were decided; a message of
//! the server is acted on before the next one is looked at; a device whose line is dead leaves its server, and comes
//! back when the line does. Leaves to others: TCP, the line, media, logs.
//!
//! Use: [`Device::start`] once; then for every input [`Device::handle`], take [`Device::poll_output`] until
//! `None`, wait until [`Device::poll_timeout`] and call [`Device::handle_timeout`].

mod contract;
mod trace;

pub use contract::{DeviceConfig, DeviceSnapshot, Input, Output, TraceEvent};
pub use trace::of_device;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use crate::call::{self, LineInput, Port, PortConfig, PortSnapshot};
use crate::card::Service;
use crate::sccp::station::{Station, StationConfig, StationEvent, StationOutput, StationSnapshot};
use crate::time::Time;
use crate::types::ConnectionId;

/// One port of the gateway as its CallManager and its phone see it.
#[derive(Debug)]
pub struct Device {
    station: Station,
    port: Port,
    service: Service,
    /// Its owner wants it registered.
    wanted: bool,
    trace: bool,
    busy: bool,
    out: VecDeque<Output>,
}

impl Device {
    /// A device on-hook, not started.
    pub fn new(cfg: DeviceConfig, now: Time) -> Device {
        Device {
            trace: cfg.station.trace,
            station: Station::new(cfg.station),
            port: Port::new(cfg.port, now),
            service: Service::default(),
            wanted: false,
            busy: false,
            out: VecDeque::new(),
        }
    }

    /// Begins to register. A device that is out of service does so when its line works again.
    pub fn start(&mut self, now: Time) {
        self.wanted = true;
        if !self.service.is_out() {
            self.station.start(now);
        }
        self.pump(now);
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::Connected { id, local } => self.station.connected(now, id, local),
            Input::ConnectFailed { id, failure } => self.station.connect_failed(now, id, failure),
            Input::Deferred { id } => self.station.deferred(now, id),
            Input::Received { id, bytes } => self.station.received(now, id, bytes),
            Input::Lost { id, reason } => self.station.lost(now, id, reason),
            Input::SiblingRegistered { server } => self.station.sibling_registered(now, server),
            Input::LookAt { server, at_once } => self.station.look_at(now, server, at_once),
            Input::LeadTo { server, turn } => self.station.lead_to(now, server, turn),
            Input::TurnTo { server } => self.station.turn_to(now, server),
            Input::RetryNow { server } => self.station.retry_now(now, server),
            Input::Restart => self.station.restart(now),
            Input::Ask => self.station.ask(now),
            Input::Probe { server } => self.station.probe(now, server),
            Input::NetworkChanged => self.station.network_changed(now),
            Input::Line(line) => {
                self.trace(|| TraceEvent::LineIn(line));
                self.port.handle(now, call::Input::Line(line));
                match line {
                    LineInput::Fault(fault) => self.service.fails(now, fault),
                    LineInput::FaultCleared => self.service.works(now),
                    _ => {}
                }
            }
            Input::Digit(digit) => {
                self.trace(|| TraceEvent::Digit(digit));
                self.port.handle(now, call::Input::Digit(digit));
            }
            Input::Media(media) => {
                self.trace(|| TraceEvent::MediaIn(media));
                self.port.handle(now, call::Input::Media(media));
            }
            Input::Stop => {
                self.wanted = false;
                // Calls have their records before the port unregisters.
                self.port.stop(now);
                self.pump(now);
                self.station.stop(now);
            }
        }
        self.pump(now);
        self.serve(now);
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Device::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        let (station, port) = (self.station.poll_timeout(), self.port.poll_timeout());
        [station, port, self.service.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due; too early is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        self.station.handle_timeout(now);
        self.pump(now);
        self.port.handle_timeout(now);
        self.pump(now);
        self.serve(now);
    }

    /// New settings for the port; meant for a port without a call ([`Device::is_busy`]).
    pub fn reconfigure_port(&mut self, now: Time, port: PortConfig) {
        self.port.reconfigure(port);
        self.pump(now);
    }

    /// New settings for the station, see [`Station::reconfigure`]: what the server must know makes it register
    /// again, at once when idle, else after the call.
    pub fn reconfigure_station(&mut self, now: Time, station: StationConfig) {
        self.station.reconfigure(now, station);
        self.pump(now);
    }

    /// Begins or ends [`Output::Trace`].
    pub fn set_trace(&mut self, on: bool) {
        self.trace = on;
        self.station.set_trace(on);
    }

    /// Calls work.
    pub fn is_registered(&self) -> bool {
        self.station.is_registered()
    }

    /// The server that it is registered with.
    pub fn registered_at(&self) -> Option<usize> {
        self.station.registered_at()
    }

    /// The server of which bytes on this connection are a sign of life.
    pub fn hears(&self, id: ConnectionId) -> Option<usize> {
        self.station.hears(id)
    }

    /// The server at which it opens a standby next, and when.
    pub fn stands_by_next(&self) -> Option<(usize, Time)> {
        self.station.stands_by_next()
    }

    /// When it asks a better server by its own interval.
    pub fn asks_at(&self) -> Option<Time> {
        self.station.asks_at()
    }

    /// The server at which it tries to register over this connection.
    pub fn tries(&self, id: ConnectionId) -> Option<usize> {
        self.station.tries(id)
    }

    /// The server at which it keeps a standby, or is opening one.
    pub fn standby_at(&self) -> Option<usize> {
        self.station.standby_at()
    }

    /// There is a call, or the phone is off-hook (and not in lockout).
    pub fn is_busy(&self) -> bool {
        self.port.is_busy()
    }

    /// What its line means for its registration.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Our address on the connection to the CallManager, or on the last one.
    pub fn local(&self) -> Option<Ipv4Addr> {
        self.station.local()
    }

    /// The settings of the station.
    pub fn station_config(&self) -> &StationConfig {
        self.station.config()
    }

    /// The settings of the port.
    pub fn port_config(&self) -> &PortConfig {
        self.port.config()
    }

    /// For status.
    pub fn snapshot(&self) -> DeviceSnapshot {
        DeviceSnapshot {
            station: self.station.snapshot(),
            port: self.port.snapshot(),
        }
    }

    /// The half of [`Device::snapshot`] that is about phone and calls.
    pub fn port_snapshot(&self) -> PortSnapshot {
        self.port.snapshot()
    }

    /// The half of [`Device::snapshot`] that is about the registration.
    pub fn station_snapshot(&self) -> StationSnapshot {
        self.station.snapshot()
    }

    /// Carries words between the two until both are silent. Each side only answers what comes, and the
    /// station passes the port nothing that the port's own words cause, so this ends.
    fn pump(&mut self, now: Time) {
        loop {
            self.drain_port(now);
            let Some(output) = self.station.poll_output() else {
                let busy = self.port.is_busy();
                if busy == self.busy {
                    return;
                }
                self.busy = busy;
                self.station.set_busy(now, busy);
                continue;
            };
            match output {
                StationOutput::Connect {
                    id,
                    server,
                    purpose,
                } => self.out.push_back(Output::Connect {
                    id,
                    server,
                    purpose,
                }),
                StationOutput::Send { id, bytes } => {
                    self.out.push_back(Output::Send { id, bytes });
                }
                StationOutput::Close { id } => self.out.push_back(Output::Close { id }),
                StationOutput::Trace { sent, message } => {
                    self.trace(|| TraceEvent::Message { sent, message });
                }
                StationOutput::Event(StationEvent::Message(message)) => {
                    self.port.handle(now, call::Input::Message(&message));
                }
                StationOutput::Event(event) => self.event(now, event),
            }
        }
    }

    /// Registers again, if it is to be and is not.
    fn resume(&mut self, now: Time) {
        if self.wanted && !self.service.is_out() {
            self.station.resume(now);
        }
    }

    /// Leaves the CallManager when the line has been dead for too long, and comes back when it works.
    fn serve(&mut self, now: Time) {
        if self.service.leaves(now, self.port.has_call_to_keep()) {
            self.port.leave();
            self.pump(now);
            self.station.stop(now);
            self.pump(now);
        } else if self.service.returns(now) {
            self.resume(now);
        }
    }

    fn event(&mut self, now: Time, event: StationEvent) {
        match &event {
            StationEvent::Registered { version, .. } => {
                let version = *version;
                self.port.handle(now, call::Input::StationUp { version });
            }
            StationEvent::Lost { .. } | StationEvent::Stopped => {
                self.port.handle(now, call::Input::StationDown);
            }
            StationEvent::AttemptFailed { .. }
            | StationEvent::Message(_)
            | StationEvent::ResetRequested { .. }
            | StationEvent::UnreadableMessage { .. }
            | StationEvent::AnswersKeepalives { .. }
            | StationEvent::StandbyLost { .. }
            | StationEvent::StandbyOpened { .. }
            | StationEvent::Trying { .. }
            | StationEvent::TrialFailed { .. }
            | StationEvent::LinkSuspect { .. } => {}
        }
        let stopped = event == StationEvent::Stopped;
        self.out.push_back(Output::Event(event));
        if stopped {
            // What it left for may be over by now.
            self.resume(now);
        }
    }

    fn drain_port(&mut self, now: Time) {
        while let Some(output) = self.port.poll_output() {
            match output {
                call::Output::Send(message) => {
                    self.station.send(now, message);
                }
                call::Output::Line(line) => {
                    self.trace(|| TraceEvent::LineOut(line.clone()));
                    self.out.push_back(Output::Line(line));
                }
                call::Output::Media(media) => {
                    self.trace(|| TraceEvent::MediaOut(media));
                    self.out.push_back(Output::Media(media));
                }
                call::Output::Record(record) => self.out.push_back(Output::Record(record)),
                call::Output::Counted(digit) => self.trace(|| TraceEvent::Counted(digit)),
            }
        }
    }

    fn trace(&mut self, event: impl FnOnce() -> TraceEvent) {
        if self.trace {
            self.out.push_back(Output::Trace(event()));
        }
    }
}

#[cfg(test)]
mod tests;
