//! The control task: owns every port's device, and does what the devices decide.
//!
//! Owns: links to the CallManagers, orders to the line thread, the call book, traces, answers to the control socket.
//! Promises: one task, no lock, no waiting for a peer; a full queue is counted. Leaves to others: deciding
//! (tipring-proto), samples (the line thread).

mod calls;
mod clock;
mod media;
mod port;
mod report;
mod simdesk;
pub mod socket;
mod sound;
mod trace;
mod words;

use std::net::Ipv4Addr;
use std::time::Duration;

use tipring_config::Config;
use tipring_ctl::report::TraceKind;
use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response};
use tipring_dsp::ChainEvent;
use tipring_hal::port::LineEventKind;
use tipring_proto::call::{DigitHeard, LineInput, LineOutput, MediaOutput, Polarity};
use tipring_proto::device::{Input, Output};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure, LostReason, StationEvent};
use tipring_proto::time::Time;
use tipring_proto::types::Digit;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

pub use clock::Clock;
pub use media::LegSettings;
pub use port::{PortUnit, PortUnitConfig};
pub use report::Facts;
pub use simdesk::SimDesk;
pub use socket::Query;
pub use sound::{Plan, PlanError};

use crate::line::{LineHandle, LineOrder, LineReport, RtpPorts};
use crate::link::{self, Link, LinkConfig, LinkEvent};
use crate::notify;
use calls::CallBook;
use trace::Tracers;

/// Link events that may wait; a server that sends faster waits in its socket.
const LINK_EVENTS: usize = 512;
/// Reports of the line thread handled before other work gets its turn.
const REPORTS_A_TURN: usize = 1024;
/// How long the devices may take to unregister at the end.
const GOODBYE: Duration = Duration::from_secs(3);
/// A line thread that served no tick for so long is stuck: the watchdog is not stroked any more.
const STUCK: Duration = Duration::from_secs(5);

/// The gateway, as the control task sees it.
pub struct Gateway {
    clock: Clock,
    config: Config,
    facts: Facts,
    ports: Vec<PortUnit>,
    line: LineHandle,
    link_config: LinkConfig,
    link_events: mpsc::Sender<(usize, u64, LinkEvent)>,
    links: mpsc::Receiver<(usize, u64, LinkEvent)>,
    rtp: RtpPorts,
    next_session: u64,
    next_epoch: u64,
    calls: CallBook,
    tracers: Tracers,
    orders_lost: u64,
    stopping: bool,
    ticks_seen: (u64, Time),
    /// The last turn ended before the reports did.
    more_reports: bool,
    /// The line thread makes no progress; said once.
    stuck: bool,
    tallies: Vec<Tally>,
}

/// What a CallManager did to all ports since start.
#[derive(Clone, Debug, Default)]
struct Tally {
    registrations: u64,
    rejections: u64,
    losses: u64,
    last_trouble: Option<String>,
}

impl Gateway {
    /// A gateway at rest, over a line thread that runs.
    pub fn new(
        config: Config,
        facts: Facts,
        ports: Vec<PortUnit>,
        line: LineHandle,
        link_config: LinkConfig,
        rtp: RtpPorts,
    ) -> Gateway {
        let (link_events, links) = mpsc::channel(LINK_EVENTS);
        let tallies = vec![Tally::default(); config.callmanager.servers.len()];
        Gateway {
            clock: Clock,
            config,
            facts,
            ports,
            line,
            link_config,
            link_events,
            links,
            rtp,
            next_session: 0,
            next_epoch: 0,
            calls: CallBook::default(),
            tracers: Tracers::default(),
            orders_lost: 0,
            stopping: false,
            ticks_seen: (0, Time::ZERO),
            more_reports: false,
            stuck: false,
            tallies,
        }
    }

    /// Serves until SIGTERM or SIGINT, then unregisters.
    pub async fn run(mut self, mut queries: mpsc::Receiver<Query>) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        #[allow(
            deprecated,
            reason = "sound here: the AsyncFd owns the descriptor, so nobody closes it under the reactor; the \
                      replacement is unsafe, which compiles only under sys/"
        )]
        let wake = AsyncFd::new(self.line.wake_fd().try_clone_to_owned()?)?;
        let period = notify::watchdog_period().unwrap_or(Duration::from_secs(1));
        let mut watchdog = tokio::time::interval(period.min(Duration::from_secs(1)));
        let now = self.clock.now();
        self.ticks_seen.1 = now;
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.start(now);
            }
            self.drain(now, index);
        }
        notify::ready();
        let mut goodbye: Option<tokio::time::Instant> = None;
        loop {
            if self.stopping && self.ports.iter().all(PortUnit::has_stopped) {
                return Ok(());
            }
            let due = self.sleep_for();
            tokio::select! {
                Some((index, epoch, event)) = self.links.recv() => self.link_event(index, epoch, event),
                ready = wake.readable() => {
                    self.line.acknowledge();
                    ready?.clear_ready();
                    self.line_reports();
                }
                () = std::future::ready(()), if self.more_reports => self.line_reports(),
                Some(query) = queries.recv() => self.query(query),
                () = tokio::time::sleep(due) => self.timeouts(),
                _ = watchdog.tick() => self.stroke(),
                _ = hangup.recv() => {
                    warn!("SIGHUP: this version applies a changed configuration only at a restart");
                }
                _ = terminate.recv() => goodbye = Some(self.stop()),
                _ = interrupt.recv() => goodbye = Some(self.stop()),
                () = until(goodbye) => {
                    warn!("not every CallManager said goodbye in time");
                    return Ok(());
                }
            }
        }
    }

    fn sleep_for(&self) -> Duration {
        let now = self.clock.now();
        let next = self.ports.iter().filter_map(PortUnit::poll_timeout).min();
        next.map_or(Duration::from_secs(3600), |at| at - now)
    }

    fn timeouts(&mut self) {
        let now = self.clock.now();
        for index in 0..self.ports.len() {
            let Some(unit) = self.ports.get_mut(index) else {
                continue;
            };
            if unit.poll_timeout().is_some_and(|at| at <= now) {
                unit.handle_timeout(now);
                self.drain(now, index);
            }
        }
    }

    fn stop(&mut self) -> tokio::time::Instant {
        info!("stopping: unregistering all ports");
        notify::stopping();
        self.stopping = true;
        let now = self.clock.now();
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.stop(now);
            }
            self.drain(now, index);
        }
        tokio::time::Instant::now() + GOODBYE
    }

    /// Strokes the watchdog while the line thread makes progress.
    fn stroke(&mut self) {
        let now = self.clock.now();
        let ticks = self.line.shard_counters().map(|(c, _)| c.ticks.get()).sum();
        if ticks != self.ticks_seen.0 {
            self.ticks_seen = (ticks, now);
        }
        let stuck = now - self.ticks_seen.1 >= STUCK;
        if !stuck {
            notify::alive();
        } else if !self.stuck {
            warn!("the line thread has served no block for 5 s; the watchdog is not stroked");
        }
        self.stuck = stuck;
        let registered = self.ports.iter().filter(|p| p.is_registered()).count();
        notify::status(&format!(
            "{registered} of {} ports registered",
            self.ports.len()
        ));
    }

    fn link_event(&mut self, index: usize, epoch: u64, event: LinkEvent) {
        let now = self.clock.now();
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        if unit.epoch != epoch {
            return; // of a link that was given up
        }
        match event {
            LinkEvent::Connected(local) => {
                unit.local = local;
                unit.handle(now, Input::TcpConnected { local });
            }
            LinkEvent::Failed(failure) => {
                unit.link = None;
                unit.handle(now, Input::TcpFailed { failure });
            }
            LinkEvent::Bytes(bytes) => unit.handle(now, Input::TcpBytes(&bytes)),
            LinkEvent::Closed(reason) => {
                unit.link = None;
                unit.handle(now, Input::TcpClosed { reason });
            }
            LinkEvent::Probed { server, reachable } => {
                unit.handle(now, Input::ProbeResult { server, reachable });
            }
        }
        self.drain(now, index);
    }

    fn line_reports(&mut self) {
        self.more_reports = true;
        for _ in 0..REPORTS_A_TURN {
            match self.line.try_recv() {
                Some(report) => self.line_report(report),
                None => {
                    self.more_reports = false;
                    return;
                }
            }
        }
    }

    fn line_report(&mut self, report: LineReport) {
        let now = self.clock.now();
        let index = match &report {
            LineReport::Line { port, .. }
            | LineReport::Chain { port, .. }
            | LineReport::NetworkDigit { port, .. }
            | LineReport::SessionReturned { port, .. }
            | LineReport::Refused { port, .. }
            | LineReport::NoSuchSession { port, .. } => *port,
        };
        let Some(index) = self.ports.iter().position(|p| p.line == Some(index)) else {
            return;
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        match report {
            LineReport::Line { event, .. } => {
                // A stamp is never later than the moment it is handled.
                let at = Time::from_duration(event.at).min(now);
                let input = match event.kind {
                    LineEventKind::LoopClosed => LineInput::LoopClosed { at },
                    LineEventKind::LoopOpened => LineInput::LoopOpened { at },
                    LineEventKind::Flash => LineInput::Flash { at },
                    LineEventKind::PulseDigit(digit) => LineInput::PulseDigit { digit, at },
                    LineEventKind::RingOn => LineInput::RingOn { at },
                    LineEventKind::RingOff => LineInput::RingOff { at },
                    LineEventKind::Fault(fault) => {
                        unit.fault = Some(fault);
                        warn!(
                            port = unit.number,
                            fault = words::fault(fault),
                            cure = words::fault_cure(fault),
                            "line fault"
                        );
                        LineInput::Fault(words::line_fault(fault))
                    }
                    LineEventKind::FaultCleared => {
                        unit.fault = None;
                        info!(port = unit.number, "line fault over");
                        LineInput::FaultCleared
                    }
                };
                unit.saw(event.kind);
                unit.handle(now, Input::Line(input));
            }
            LineReport::Chain { at, event, .. } => {
                let at = Time::from_duration(at).min(now);
                self.chain_event(now, index, at, event);
            }
            LineReport::NetworkDigit { digit, .. } => {
                let text = format!("telephone-event from the far end: {digit:?}");
                self.trace(now, index, TraceKind::Digit, text);
            }
            LineReport::SessionReturned { session, why, .. } => {
                unit.desk.returned(&session);
                if !matches!(why, crate::line::Returned::Removed) {
                    warn!(
                        port = unit.number,
                        ?why,
                        "the line thread refused a media session"
                    );
                }
            }
            LineReport::Refused { command, error, .. } => {
                unit.refused += 1;
                let text = format!("the card refused {command:?}: {error}");
                self.trace(now, index, TraceKind::Line, text);
            }
            LineReport::NoSuchSession { session, .. } => {
                let text = format!("media session {} is gone already", session.0);
                self.trace(now, index, TraceKind::Media, text);
            }
        }
        self.drain(now, index);
    }

    fn chain_event(&mut self, now: Time, index: usize, at: Time, event: ChainEvent) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let tone = match event {
            ChainEvent::DigitOn {
                digit,
                level_dbm0_tenths,
            } => {
                if let Some(digit) = Digit::from_char(char::from(digit)) {
                    let heard = DigitHeard {
                        digit,
                        at,
                        level_tenth_dbm0: level_dbm0_tenths,
                    };
                    unit.handle(now, Input::Digit(heard));
                }
                return;
            }
            ChainEvent::CallerIdSent | ChainEvent::CallerIdRefused => {
                unit.handle(now, Input::Line(LineInput::CallerIdSent));
                return;
            }
            ChainEvent::DigitOff { .. } | ChainEvent::ToneEnded => return,
            ChainEvent::Cng => "CNG",
            ChainEvent::Ced => "CED",
            ChainEvent::AnsPr => "ANS with phase reversals",
            ChainEvent::AnsAm => "ANSam",
            ChainEvent::AnsAmPr => "ANSam with phase reversals",
            ChainEvent::AnswerToneOff => "answer tone over",
            ChainEvent::V21Preamble => "V.21 preamble",
        };
        unit.heard_tone(self.clock.unix_ms(at), tone);
        self.trace(now, index, TraceKind::Line, format!("{tone} from the set"));
    }

    /// Does everything a device asks for.
    fn drain(&mut self, now: Time, index: usize) {
        while let Some(output) = self.ports.get_mut(index).and_then(PortUnit::poll_output) {
            match output {
                Output::Connect { server } => self.connect(now, index, server),
                Output::Probe { server } => self.probe(index, server),
                Output::Write(bytes) => self.write(now, index, bytes),
                Output::Close => {
                    if let Some(unit) = self.ports.get_mut(index) {
                        self.next_epoch += 1;
                        unit.epoch = self.next_epoch; // what the old link still says is not heard
                        unit.link.take().map(Link::finish);
                    }
                }
                Output::Line(output) => self.line_output(now, index, output),
                Output::Media(output) => self.media_output(now, index, output),
                Output::Record(record) => {
                    let Some(unit) = self.ports.get(index) else {
                        continue;
                    };
                    let media = unit.desk.of_call(record.call);
                    self.calls.close(&self.clock, unit.number, &record, media);
                }
                Output::Event(event) => self.news(now, index, &event),
                Output::Trace(event) => {
                    let (kind, text) = trace::in_words(&event);
                    self.trace(now, index, kind, text);
                }
            }
        }
        if let Some(unit) = self.ports.get(index) {
            self.calls.see(unit.number, &unit.calls());
        }
    }

    fn connect(&mut self, now: Time, index: usize, server: usize) {
        let address = self
            .config
            .callmanager
            .servers
            .get(server)
            .map(ToString::to_string);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(address) = address else {
            let failure = ConnectFailure::Other(format!("there is no server {}", server + 1));
            return unit.handle(now, Input::TcpFailed { failure });
        };
        self.next_epoch += 1;
        unit.epoch = self.next_epoch;
        let (config, events) = (self.link_config.clone(), self.link_events.clone());
        unit.link = Some(Link::connect(address, config, index, unit.epoch, events));
    }

    fn probe(&mut self, index: usize, server: usize) {
        let address = self
            .config
            .callmanager
            .servers
            .get(server)
            .map(ToString::to_string);
        let (Some(unit), Some(address)) = (self.ports.get(index), address) else {
            return;
        };
        let (epoch, config, events) = (
            unit.epoch,
            self.link_config.clone(),
            self.link_events.clone(),
        );
        tokio::task::spawn_local(async move {
            let reachable = link::probe(address, config).await;
            let event = LinkEvent::Probed { server, reachable };
            let _ = events.send((index, epoch, event)).await;
        });
    }

    fn write(&mut self, now: Time, index: usize, bytes: Vec<u8>) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(link) = &unit.link else { return };
        if !link.write(bytes) {
            unit.link = None;
            self.next_epoch += 1;
            unit.epoch = self.next_epoch;
            let reason = CloseReason::Other("the server has stopped reading".to_owned());
            unit.handle(now, Input::TcpClosed { reason });
        }
    }

    fn line_output(&mut self, now: Time, index: usize, output: LineOutput) {
        use tipring_dsp::ChainCommand as Chain;
        use tipring_hal::port::{LineCommand as Card, Polarity as Feed};
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let order = match output {
            LineOutput::Ring(mode) => LineOrder::Port(Card::Ring(unit.plan.ring(mode))),
            LineOutput::StopRing => LineOrder::Port(Card::StopRing),
            LineOutput::PlayTone(tone) => LineOrder::Chain(match unit.plan.tone(tone) {
                Some(program) => Chain::PlayTone(program),
                None => Chain::StopTone,
            }),
            LineOutput::StopTone => LineOrder::Chain(Chain::StopTone),
            LineOutput::OnHookTransmission { ms } => {
                LineOrder::Port(Card::OnHookTransmission(Duration::from_millis(ms.into())))
            }
            LineOutput::SendCallerId {
                id,
                dual_tone_alert,
            } => {
                let when = unit.call_time(&self.clock);
                match unit.plan.caller_id(&id, dual_tone_alert, when) {
                    Some(message) => LineOrder::Chain(Chain::SendCallerId(message)),
                    None => return unit.handle(now, Input::Line(LineInput::CallerIdSent)),
                }
            }
            LineOutput::StopCallerId => LineOrder::Chain(Chain::StopCallerId),
            LineOutput::Polarity(Polarity::Forward) => {
                LineOrder::Port(Card::Polarity(Feed::Forward))
            }
            LineOutput::Polarity(Polarity::Reversed) => {
                LineOrder::Port(Card::Polarity(Feed::Reversed))
            }
            LineOutput::OpenLoop { ms } => {
                LineOrder::Port(Card::OpenLoop(Duration::from_millis(ms.into())))
            }
            LineOutput::MessageLamp(on) => LineOrder::Port(Card::MessageLamp(on)),
            LineOutput::EnableDtmf(on) => LineOrder::Chain(Chain::EnableDtmf(on)),
        };
        self.order(index, order);
    }

    fn media_output(&mut self, now: Time, index: usize, output: MediaOutput) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let bind = self.link_config.bind.unwrap_or(unit.local);
        let doing = unit
            .desk
            .act(output, bind, &mut self.rtp, &mut self.next_session);
        for order in doing.orders {
            self.order(index, order);
        }
        if let (Some(answer), Some(unit)) = (doing.answer, self.ports.get_mut(index)) {
            unit.handle(now, Input::Media(answer));
        }
    }

    fn order(&mut self, index: usize, order: LineOrder) {
        let Some(line) = self.ports.get(index).and_then(|p| p.line) else {
            return;
        };
        if let Err(full) = self.line.send(line, order) {
            self.orders_lost += 1;
            warn!(port = index + 1, lost = self.orders_lost, error = %full, "an order to the line thread was lost");
        }
    }

    fn news(&mut self, now: Time, index: usize, event: &StationEvent) {
        self.tally(event);
        let text = words::news(event);
        self.trace(now, index, TraceKind::Registration, text.clone());
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (port, device) = (unit.number, unit.device_name());
        // The same trouble again and again is one line in the log; the counters tell how often.
        if !unit.is_new(&text) {
            return;
        }
        match event {
            StationEvent::Registered { .. } => info!(port, device, news = text, "registered"),
            StationEvent::Stopped | StationEvent::ResetRequested { .. } => {
                info!(port, device, news = text, "registration");
            }
            StationEvent::Lost { .. }
            | StationEvent::AttemptFailed { .. }
            | StationEvent::UnreadableMessage { .. }
            | StationEvent::LinkSuspect { .. } => {
                warn!(port, device, news = text, "registration trouble");
            }
            StationEvent::Message(_) => {}
        }
    }

    fn tally(&mut self, event: &StationEvent) {
        let (server, trouble) = match event {
            StationEvent::Registered { server, .. } => (*server, None),
            StationEvent::Lost { server, reason, .. }
            | StationEvent::AttemptFailed { server, reason, .. } => (*server, Some(reason)),
            _ => return,
        };
        let Some(tally) = self.tallies.get_mut(server) else {
            return;
        };
        match trouble {
            None => tally.registrations += 1,
            Some(reason) => {
                let rejected = matches!(reason, LostReason::Rejected { .. });
                tally.rejections += u64::from(rejected);
                tally.losses += u64::from(!rejected);
                tally.last_trouble = Some(reason.to_string());
            }
        }
    }

    fn trace(&mut self, now: Time, index: usize, kind: TraceKind, text: String) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let event = trace::event(&self.clock, now, unit.number, kind, text);
        self.calls.trace(&event);
        self.tracers.tell(&event);
    }

    fn query(&mut self, query: Query) {
        match query {
            Query::Ask(request, reply) => drop(reply.send(self.answer(request))),
            Query::Subscribe(ports, events, reply) => {
                let unknown = ports
                    .iter()
                    .find(|p| !self.ports.iter().any(|u| u.number == **p));
                let response = match unknown {
                    Some(port) => self.no_port(*port),
                    None => {
                        self.tracers.add(ports, events);
                        Response::Done
                    }
                };
                answer_to(reply, response);
            }
        }
    }

    fn answer(&self, request: Request) -> Response {
        let now = self.clock.now();
        match request {
            Request::Status => Response::Status(self.status(now)),
            Request::PortList => Response::Ports {
                ports: self.port_list(now),
            },
            Request::PortShow { port } => match self.ports.iter().find(|u| u.number == port) {
                Some(unit) => Response::Port(self.port_detail(now, unit)),
                None => self.no_port(port),
            },
            Request::CallList => Response::Calls(self.call_list(now)),
            Request::CallShow { id } => self.call_detail(now, id).map_or_else(
                || {
                    Response::Error(ErrorReport {
                        code: ErrorCode::UnknownCall,
                        message: format!("no call {id} is up or remembered"),
                        cure: Some("see `tipring call list`".to_owned()),
                    })
                },
                Response::Call,
            ),
            Request::Trace { .. } | Request::Sim { .. } => Response::Error(ErrorReport {
                code: ErrorCode::Internal,
                message: "this request went to the wrong desk".to_owned(),
                cure: Some("report this as a bug".to_owned()),
            }),
        }
    }

    fn no_port(&self, port: u16) -> Response {
        Response::Error(ErrorReport {
            code: ErrorCode::UnknownPort,
            message: format!(
                "the gateway has no port {port}; it has {}",
                self.ports.len()
            ),
            cure: Some("see `tipring port list`".to_owned()),
        })
    }
}

fn answer_to(reply: oneshot::Sender<Response>, response: Response) {
    // A client that went away meanwhile needs no answer.
    let _ = reply.send(response);
}

async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The address that stands for "whatever the connection uses".
pub(crate) const NO_ADDRESS: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
