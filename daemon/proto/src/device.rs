//! One port's device: the station and the call logic, glued. The daemon owns one of these per port, and so does
//! every scenario; there is no other glue.
//!
//! Owns: which station event reaches the call logic and which of its outputs reach the wire; the trace. Promises:
//! outputs in the order in which they were decided. Leaves to others: everything that acts.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use crate::call::{self, LineInput, LineOutput, MediaInput, MediaOutput, Port, PortConfig};
use crate::call::{CallRecord, DigitHeard, PortSnapshot};
use crate::sccp::catalog;
use crate::sccp::station::{
    CloseReason, ConnectFailure, Station, StationConfig, StationEvent, StationOutput,
    StationSnapshot, TracedMessage,
};
use crate::time::Time;

/// What a device is told.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// TCP is open; our own address on it.
    TcpConnected(Ipv4Addr),
    /// TCP could not be opened.
    TcpFailed(ConnectFailure),
    /// Bytes from the server, cut anywhere.
    TcpBytes(&'a [u8]),
    /// TCP ended without our asking.
    TcpClosed(CloseReason),
    /// Answer to [`Output::Probe`].
    Probed {
        /// Place in the server list.
        server: usize,
        /// TCP could be opened.
        reachable: bool,
    },
    /// From the card.
    Line(LineInput),
    /// From the DTMF detector.
    Digit(DigitHeard),
    /// From the media side.
    Media(MediaInput),
}

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open TCP to this server.
    Connect {
        /// Place in the server list, from 0.
        server: usize,
    },
    /// Find out whether TCP to this server can be opened; keep the present connection.
    Probe {
        /// Place in the server list, from 0.
        server: usize,
    },
    /// One write on the connection.
    Write(Vec<u8>),
    /// Close the connection.
    Close,
    /// To the line.
    Line(LineOutput),
    /// To the media side.
    Media(MediaOutput),
    /// A call is over.
    Record(CallRecord),
    /// The station's own news: registered, lost, refused … Call messages are not told here.
    News(StationEvent),
    /// One line for `tipring trace`.
    Trace(Trace),
}

/// One line for `tipring trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Kind.
    pub kind: TraceKind,
    /// In words.
    pub text: String,
}

/// What a trace line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceKind {
    /// A message from the CallManager.
    SccpIn,
    /// A message to the CallManager.
    SccpOut,
    /// Hook, flash, pulse.
    Hook,
    /// A DTMF digit.
    Digit,
    /// Ringing, tones, caller ID, polarity, lamp.
    Line,
    /// Media legs.
    Media,
    /// A call came to its end.
    Call,
    /// Connection and registration.
    Registration,
    /// Line or card trouble.
    Fault,
}

/// Station and call logic of one port.
#[derive(Debug)]
pub struct Device {
    station: Station,
    port: Port,
    out: VecDeque<Output>,
    trace: bool,
}

impl Device {
    /// A device at rest.
    pub fn new(station: StationConfig, port: PortConfig, now: Time) -> Device {
        let trace = station.trace;
        Device {
            station: Station::new(station),
            port: Port::new(port, now),
            out: VecDeque::new(),
            trace,
        }
    }

    /// Begins to register.
    pub fn start(&mut self, now: Time) {
        self.station.start(now);
        self.settle(now);
    }

    /// Unregisters; [`StationEvent::Stopped`] in [`Output::News`] tells the end.
    pub fn stop(&mut self, now: Time) {
        self.station.stop(now);
        self.settle(now);
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::TcpConnected(local) => self.station.connected(now, local),
            Input::TcpFailed(failure) => self.station.connect_failed(now, failure),
            Input::TcpBytes(bytes) => self.station.handle_input(now, bytes),
            Input::TcpClosed(reason) => self.station.closed(now, reason),
            Input::Probed { server, reachable } => {
                self.station.probe_result(now, server, reachable);
            }
            Input::Line(line) => {
                let kind = match line {
                    LineInput::Fault(_) | LineInput::FaultCleared => TraceKind::Fault,
                    LineInput::RingOn { .. }
                    | LineInput::RingOff { .. }
                    | LineInput::CallerIdSent => TraceKind::Line,
                    LineInput::LoopClosed { .. }
                    | LineInput::LoopOpened { .. }
                    | LineInput::Flash { .. }
                    | LineInput::PulseDigit { .. } => TraceKind::Hook,
                };
                self.trace(kind, || describe_line_input(line));
                self.port.handle(now, call::Input::Line(line));
            }
            Input::Digit(heard) => {
                self.trace(TraceKind::Digit, || {
                    let db = f32::from(heard.level_tenth_dbm0) / 10.0;
                    format!("DTMF {} at {db:.1} dBm0", heard.digit.as_char())
                });
                self.port.handle(now, call::Input::Digit(heard));
            }
            Input::Media(media) => {
                self.trace(TraceKind::Media, || format!("{media:?}"));
                self.port.handle(now, call::Input::Media(media));
            }
        }
        self.settle(now);
    }

    /// When [`Device::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        match (self.station.poll_timeout(), self.port.poll_timeout()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does what is due; too early is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        self.station.handle_timeout(now);
        self.port.handle_timeout(now);
        self.settle(now);
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The port for status.
    pub fn port(&self) -> PortSnapshot {
        self.port.snapshot()
    }

    /// The station for status.
    pub fn station(&self) -> StationSnapshot {
        self.station.snapshot()
    }

    /// A call is up or the set is lifted.
    pub fn is_busy(&self) -> bool {
        self.port.is_busy()
    }

    /// Tracing on or off.
    pub fn set_trace(&mut self, on: bool) {
        self.trace = on;
        self.station.set_trace(on);
    }

    /// Lets station and port talk until neither has anything more to say.
    fn settle(&mut self, now: Time) {
        loop {
            if let Some(output) = self.station.poll_output() {
                self.from_station(now, output);
                continue;
            }
            if let Some(output) = self.port.poll_output() {
                self.from_port(now, output);
                continue;
            }
            // A reset that was put off is done as soon as the port is idle.
            self.station.set_busy(now, self.port.is_busy());
            match self.station.poll_output() {
                Some(output) => self.from_station(now, output),
                None => return,
            }
        }
    }

    fn from_station(&mut self, now: Time, output: StationOutput) {
        match output {
            StationOutput::Connect { server } => self.out.push_back(Output::Connect { server }),
            StationOutput::Probe { server } => self.out.push_back(Output::Probe { server }),
            StationOutput::Send(bytes) => self.out.push_back(Output::Write(bytes)),
            StationOutput::Close => self.out.push_back(Output::Close),
            StationOutput::Trace { sent, message } => self.trace_message(sent, &message),
            StationOutput::Event(event) => {
                match &event {
                    StationEvent::Message(message) => {
                        self.port.handle(now, call::Input::Message(message));
                        return;
                    }
                    StationEvent::Registered { version, .. } => {
                        let version = *version;
                        self.port.handle(now, call::Input::StationUp { version });
                    }
                    StationEvent::Lost { .. } | StationEvent::Stopped => {
                        self.port.handle(now, call::Input::StationDown);
                    }
                    StationEvent::AttemptFailed { .. }
                    | StationEvent::ResetRequested { .. }
                    | StationEvent::UnreadableMessage { .. }
                    | StationEvent::LinkSuspect { .. } => {}
                }
                self.trace(TraceKind::Registration, || describe_news(&event));
                self.out.push_back(Output::News(event));
            }
        }
    }

    fn from_port(&mut self, now: Time, output: call::Output) {
        match output {
            call::Output::Send(message) => {
                // Dropped (and counted by the station) when the link is gone; the port is told of that.
                self.station.send(now, message);
            }
            call::Output::Line(line) => {
                self.trace(TraceKind::Line, || describe_line_output(&line));
                self.out.push_back(Output::Line(line));
            }
            call::Output::Media(media) => {
                self.trace(TraceKind::Media, || format!("{media:?}"));
                self.out.push_back(Output::Media(media));
            }
            call::Output::Record(record) => {
                self.trace(TraceKind::Call, || {
                    format!("call {} over: {:?}", record.call.0, record.cause)
                });
                self.out.push_back(Output::Record(record));
            }
        }
    }

    fn trace_message(&mut self, sent: bool, message: &TracedMessage) {
        let kind = if sent {
            TraceKind::SccpOut
        } else {
            TraceKind::SccpIn
        };
        let text = match message {
            TracedMessage::Client(m) => catalog::describe_client(m),
            TracedMessage::Server(m) => catalog::describe_server(m),
            TracedMessage::Unreadable(why) => format!("unreadable message: {why}"),
        };
        self.out.push_back(Output::Trace(Trace { kind, text }));
    }

    fn trace(&mut self, kind: TraceKind, text: impl FnOnce() -> String) {
        if self.trace {
            let text = text();
            self.out.push_back(Output::Trace(Trace { kind, text }));
        }
    }
}

fn describe_line_input(line: LineInput) -> String {
    match line {
        LineInput::LoopClosed { .. } => "loop closed".into(),
        LineInput::LoopOpened { .. } => "loop opened".into(),
        LineInput::Flash { .. } => "flash (decoded by the card)".into(),
        LineInput::PulseDigit { digit, .. } => format!("pulse digit {digit} (decoded by the card)"),
        LineInput::RingOn { .. } => "ring burst begins".into(),
        LineInput::RingOff { .. } => "ring burst ends".into(),
        LineInput::CallerIdSent => "caller ID sent".into(),
        LineInput::Fault(fault) => format!("fault: {fault:?}"),
        LineInput::FaultCleared => "fault over".into(),
    }
}

fn describe_line_output(line: &LineOutput) -> String {
    match line {
        LineOutput::Ring(mode) => format!("ring, {mode}"),
        LineOutput::StopRing => "stop ringing".into(),
        LineOutput::PlayTone(tone) => format!("play {tone} tone"),
        LineOutput::StopTone => "stop tone".into(),
        other => format!("{other:?}"),
    }
}

/// The station's news as one line for people.
pub fn describe_news(event: &StationEvent) -> String {
    match event {
        StationEvent::Registered {
            server,
            version,
            keepalive_s,
        } => {
            format!(
                "registered with server {}, version {version}, keepalive {keepalive_s} s",
                server + 1
            )
        }
        StationEvent::Lost { server, reason, .. } => {
            format!("server {} lost: {reason}", server + 1)
        }
        StationEvent::AttemptFailed { server, reason, .. } => {
            format!("server {}: {reason}", server + 1)
        }
        StationEvent::ResetRequested {
            kind,
            deferred: true,
        } => {
            format!("the CallManager asks for a {kind}; it waits until the port is idle")
        }
        StationEvent::ResetRequested {
            kind,
            deferred: false,
        } => {
            format!("the CallManager asks for a {kind}")
        }
        StationEvent::UnreadableMessage { text } => format!("unreadable message: {text}"),
        StationEvent::LinkSuspect { .. } => "keepalive is not being answered".into(),
        StationEvent::Stopped => "stopped".into(),
        StationEvent::Message(message) => catalog::describe_server(message),
    }
}
