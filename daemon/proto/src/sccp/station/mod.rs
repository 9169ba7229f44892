//! The phone side of one SCCP device: connection, registration, keepalive.
//!
//! Owns: which CallManager to use and when to try again, Register and the request round, keepalive and its
//! loss, refusals, resets, the return to a better server. Promises: no server input panics or stalls it;
//! every wait has a deadline; nothing is passed up outside a registration. Leaves to others: sockets (the
//! caller acts on [`StationOutput`]), everything about calls ([`StationEvent::Message`]).
//!
//! Use: call an input method, then take outputs until `None`, then wait until
//! [`poll_timeout`](Station::poll_timeout) and call [`handle_timeout`](Station::handle_timeout). Asking too
//! early is harmless.

mod backoff;
mod config;
mod deadline;
mod event;
mod link;
mod lookout;
mod round;
mod second;
mod snapshot;
#[cfg(test)]
mod tests;

pub use config::{RetryPolicy, StationConfig, Timing};
pub use event::{
    CloseReason, ConnectFailure, LostReason, RejectCause, StationEvent, StationOutput,
    TracedMessage,
};
pub use lookout::Lookout;
pub use snapshot::{
    HistoryEntry, HistoryKind, LastReject, LineTold, StationCounters, StationSnapshot, StationState,
};

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::deadlines::Deadlines;
use crate::sccp::message::{
    Alarm, AlarmSeverity, ClientMessage, DefineTimeDate, Register, ResetKind, ServerMessage,
};
use crate::sccp::wire;
use crate::time::Time;

use backoff::Backoff;
use deadline::Deadline;
use link::{Phase, Session, Then};
use second::Second;

/// Most capabilities a CapabilitiesRes can carry.
const MAX_CAPABILITIES: usize = 18;
/// Lines of history kept.
const HISTORY: usize = 16;
/// A registration that lived shorter than this counts as a failed try when the next one is planned.
const STABLE: Duration = Duration::from_secs(20);

/// The phone side of one SCCP device.
///
/// ```
/// use tipring_proto::sccp::station::{Station, StationConfig, StationOutput};
/// use tipring_proto::time::Time;
/// use tipring_proto::types::{DeviceName, DeviceType};
/// let name = DeviceName::new("VGC112233445501").unwrap();
/// let mut station = Station::new(StationConfig::new(name, DeviceType::VGC_PHONE, [0, 0x1b, 0x54, 0, 0, 1]));
/// station.start(Time::ZERO);
/// station.handle_timeout(station.poll_timeout().unwrap_or(Time::ZERO));
/// assert!(matches!(station.poll_output(), Some(StationOutput::Connect { server: 0 })));
/// ```
#[derive(Debug)]
pub struct Station {
    config: StationConfig,
    new_config: Option<Box<StationConfig>>,
    phase: Phase,
    session: Session,
    deadlines: Deadlines<Deadline>,
    out: VecDeque<StationOutput>,
    backoff: Backoff,
    /// Servers that failed since the last wait.
    tried: usize,
    busy: bool,
    reset_pending: Option<ResetKind>,
    /// Half-open break: the server may hold our name until then.
    held: Option<HeldName>,
    /// The wait for the next try is because servers did not answer, and not because one wished it.
    waits_for_an_answer: bool,
    /// A better server that is being asked.
    second: Option<Second>,
    /// The better server we last went back to.
    returned_to: Option<usize>,
    /// Factor on the probe interval.
    probe_factor: u32,
    /// What Alarm says about the last end.
    last_word: &'static str,
    seen: Seen,
}

/// A name that the server may still connect with our broken connection.
#[derive(Clone, Copy, Debug)]
struct HeldName {
    server: usize,
    until: Time,
}

/// Everything kept for the snapshot only.
#[derive(Debug, Default)]
struct Seen {
    counters: StationCounters,
    last_reject: Option<LastReject>,
    last_lost: Option<(Time, LostReason)>,
    line: Option<LineTold>,
    time_date: Option<(Time, DefineTimeDate)>,
    history: VecDeque<HistoryEntry>,
}

impl Station {
    /// A station at rest.
    pub fn new(config: StationConfig) -> Station {
        Station {
            backoff: Backoff::new(config.retry),
            config,
            new_config: None,
            phase: Phase::Stopped,
            session: Session::new(0, Time::ZERO),
            deadlines: Deadlines::default(),
            out: VecDeque::new(),
            tried: 0,
            busy: false,
            reset_pending: None,
            held: None,
            waits_for_an_answer: false,
            second: None,
            returned_to: None,
            probe_factor: 1,
            last_word: "Initialized",
            seen: Seen::default(),
        }
    }

    /// Begins to register, after `start_delay`. Does nothing unless stopped.
    pub fn start(&mut self, now: Time) {
        if matches!(self.phase, Phase::Stopped) {
            self.tried = 0;
            self.waits_for_an_answer = false;
            self.wait_for(self.config.best(), now + self.config.start_delay);
        }
    }

    /// Begins to register again after a pause of its own: soon, but many ports may do so in the same moment. Does nothing
    /// unless stopped.
    pub fn resume(&mut self, now: Time) {
        if matches!(self.phase, Phase::Stopped) {
            self.tried = 0;
            self.waits_for_an_answer = false;
            let wait = self.backoff.spread();
            self.wait_for(self.config.best(), now + wait);
        }
    }

    /// TCP is open; `local` is our address on it.
    pub fn connected(&mut self, now: Time, local: Ipv4Addr) {
        let Phase::Connecting { server } = self.phase else {
            return;
        };
        self.deadlines.clear();
        self.session = Session::new(self.config.offer_version, now);
        self.begin_registration(now, server, local);
    }

    /// Alarm and Register, over a connection that is open.
    fn begin_registration(&mut self, now: Time, server: usize, local: Ipv4Addr) {
        self.phase = Phase::Registering { server };
        self.deadlines
            .arm(Deadline::Register, now + self.config.timing.register);
        for message in self.registration(local) {
            self.put(message);
        }
    }

    fn registration(&self, local: Ipv4Addr) -> [ClientMessage; 2] {
        let alarm = ClientMessage::Alarm(Alarm {
            severity: AlarmSeverity::INFORMATIONAL,
            text: format!(
                "Name={} Load={} Last={}",
                self.config.name, self.config.load, self.last_word
            ),
            p1: 0,
            p2: u32::from_le_bytes(local.octets()),
        });
        let register = ClientMessage::Register(Register {
            name: self.config.name.clone(),
            device_type: self.config.device_type,
            address: local,
            max_streams: 2,
            active_streams: 0,
            version: self.config.offer_version,
            features: self.config.features,
            mac: self.config.mac,
            max_lines: self.config.line.0.max(1),
            load: self.config.load.clone(),
        });
        [alarm, register]
    }

    /// TCP could not be opened.
    pub fn connect_failed(&mut self, now: Time, failure: ConnectFailure) {
        if matches!(self.phase, Phase::Connecting { .. }) {
            count(&mut self.seen.counters.connect_failures);
            self.end(now, LostReason::Connect(failure), false);
        }
    }

    /// The connection ended without our asking.
    pub fn closed(&mut self, now: Time, reason: CloseReason) {
        match self.phase {
            Phase::Stopped | Phase::Waiting { .. } => {}
            Phase::Connecting { .. } => {
                self.connect_failed(now, ConnectFailure::Other(reason.to_string()));
            }
            Phase::Unregistering { .. } => self.unregistered(now, false),
            Phase::Registering { .. } | Phase::Asking { .. } | Phase::Registered { .. } => {
                self.end(now, LostReason::Closed(reason), false);
            }
        }
    }

    /// Bytes from the server, cut anywhere.
    pub fn handle_input(&mut self, now: Time, bytes: &[u8]) {
        if !self.phase.is_open() {
            return;
        }
        self.session.reader.push(bytes);
        while self.phase.is_open() {
            match self.session.reader.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    count(&mut self.seen.counters.frames_received);
                    match wire::decode_server(&frame, self.session.version) {
                        Ok(message) => {
                            self.trace(false, || TracedMessage::Server(message.clone()));
                            self.handle_message(now, message);
                        }
                        Err(error) => self.unreadable(error.to_string()),
                    }
                }
                Err(error) => {
                    count(&mut self.seen.counters.bad_frames);
                    let text = error.to_string();
                    self.trace(false, || TracedMessage::Unreadable(text.clone()));
                    if let Phase::Unregistering { .. } = self.phase {
                        self.unregistered(now, true);
                    } else {
                        self.end(now, LostReason::BadFrame { text }, true);
                    }
                }
            }
        }
    }

    /// Sends a message about a call. False (and counted) while not registered.
    pub fn send(&mut self, _now: Time, message: ClientMessage) -> bool {
        let registered = matches!(self.phase, Phase::Registered { .. });
        if registered {
            self.put(message);
        } else {
            count(&mut self.seen.counters.sends_dropped);
        }
        registered
    }

    /// A call is up, or no longer: while one is, resets, new configuration and the return to a better
    /// server wait.
    pub fn set_busy(&mut self, now: Time, busy: bool) {
        self.busy = busy;
        if busy && matches!(self.phase, Phase::Registered { .. }) && self.second.is_some() {
            self.drop_second();
            self.arm_probe(now);
        }
        if busy || !matches!(self.phase, Phase::Registered { .. }) {
            return;
        }
        if let Some(kind) = self.reset_pending {
            self.unregister(now, Then::Retry(LostReason::Reset(kind)));
        } else if self.new_config.is_some() {
            self.unregister(now, Then::Retry(LostReason::Reconfigured));
        }
    }

    /// Another device has been accepted by this server: whoever waits because servers did not answer tries it soon.
    pub fn sibling_registered(&mut self, now: Time, server: usize) {
        if self.config.place(server).is_some() {
            self.wake(now, server);
        }
    }

    /// A link has come up, or an address: whoever waits because servers did not answer tries again soon.
    pub fn network_changed(&mut self, now: Time) {
        self.wake(now, self.config.best());
    }

    fn wake(&mut self, now: Time, server: usize) {
        if let (Phase::Waiting { until, .. }, true) = (&self.phase, self.waits_for_an_answer) {
            let until = *until;
            let soon = now + self.backoff.spread_of(self.config.retry.spread);
            if soon < until {
                self.tried = 0;
                self.wait_for(server, soon);
            }
        }
    }

    /// Another device has settled at this server: where it is a better one, it is asked soon.
    pub fn sibling_settled(&mut self, now: Time, server: usize) {
        let Phase::Registered { server: here, .. } = self.phase else {
            return;
        };
        let better = self.config.place(server) < self.config.place(here);
        if self.config.place(server).is_some() && better {
            let soon = now + self.backoff.spread_of(self.config.retry.spread);
            self.deadlines.bring_forward(Deadline::Probe, soon);
        }
    }

    /// Unregisters and closes; [`StationEvent::Stopped`] tells the end.
    pub fn stop(&mut self, now: Time) {
        match self.phase {
            Phase::Stopped => {}
            Phase::Waiting { .. } => self.stopped(),
            Phase::Connecting { .. } | Phase::Registering { .. } => {
                self.out.push_back(StationOutput::Close);
                self.stopped();
            }
            Phase::Asking { .. } | Phase::Registered { .. } => self.unregister(now, Then::Stop),
            Phase::Unregistering { ref mut then, .. } => *then = Then::Stop,
        }
    }

    /// Takes a new configuration. What the server need not be told is used at once. For what it must be told (and
    /// when its server has left the list) the station registers again: at once when idle, after the call when busy.
    pub fn reconfigure(&mut self, now: Time, mut config: StationConfig) {
        config.trace = self.config.trace;
        if config == self.config {
            self.new_config = None;
            return;
        }
        if matches!(self.phase, Phase::Registered { .. }) {
            self.drop_second();
        }
        let listed = |server| config.place(server).is_some();
        let stays = self.phase.shown().server().is_none_or(listed);
        let alike = stays && self.config.registers_alike(&config);
        self.new_config = Some(Box::new(config));
        match self.phase {
            Phase::Stopped => self.apply_config(),
            Phase::Waiting { .. } => {
                self.apply_config();
                self.tried = 0;
                self.waits_for_an_answer = false;
                self.wait_for(self.config.best(), now + self.config.start_delay);
            }
            Phase::Connecting { .. } | Phase::Registering { .. } if !alike => {
                self.end(now, LostReason::Reconfigured, true);
            }
            Phase::Asking { .. } if !alike => {
                self.unregister(now, Then::Retry(LostReason::Reconfigured));
            }
            Phase::Registered { .. } if !alike && !self.busy => {
                self.unregister(now, Then::Retry(LostReason::Reconfigured));
            }
            Phase::Connecting { .. }
            | Phase::Registering { .. }
            | Phase::Asking { .. }
            | Phase::Registered { .. }
                if alike =>
            {
                self.apply_config();
                self.tried = 0;
                self.arm_probe(now);
            }
            // Taken at the end of the call, or of the link.
            Phase::Connecting { .. }
            | Phase::Registering { .. }
            | Phase::Asking { .. }
            | Phase::Registered { .. }
            | Phase::Unregistering { .. } => {}
        }
    }

    /// Tracing on or off.
    pub fn set_trace(&mut self, on: bool) {
        self.config.trace = on;
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<StationOutput> {
        self.out.pop_front()
    }

    /// When to call [`handle_timeout`](Station::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.deadlines.next()
    }

    /// Acts on everything that is due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(deadline) = self.deadlines.take_due(now) {
            self.fire(now, deadline);
        }
    }

    /// The configuration in use.
    pub fn config(&self) -> &StationConfig {
        &self.config
    }

    /// Whether calls work.
    pub fn is_registered(&self) -> bool {
        matches!(self.phase, Phase::Registered { .. })
    }

    /// A copy of everything there is to show.
    pub fn snapshot(&self) -> StationSnapshot {
        let open = self.phase.is_open();
        StationSnapshot {
            state: self.phase.shown(),
            version: if open {
                self.session.version
            } else {
                self.config.offer_version
            },
            keepalive_s: if open {
                u32::try_from(self.session.keepalive.as_secs()).unwrap_or(u32::MAX)
            } else {
                0
            },
            suspect_since: if open {
                self.session.suspect_since()
            } else {
                None
            },
            busy: self.busy,
            reset_pending: self.reset_pending.is_some(),
            counters: self.seen.counters,
            last_reject: self.seen.last_reject.clone(),
            last_lost: self.seen.last_lost.clone(),
            line: self.seen.line.clone(),
            time_date: self.seen.time_date,
            history: self.seen.history.clone(),
        }
    }

    fn handle_message(&mut self, now: Time, message: ServerMessage) {
        if let ServerMessage::Unknown { .. } = message {
            count(&mut self.seen.counters.unknown_ids);
            return;
        }
        match self.phase {
            Phase::Stopped | Phase::Waiting { .. } | Phase::Connecting { .. } => {}
            Phase::Unregistering { .. } => {
                if let ServerMessage::UnregisterAck(_) = message {
                    self.unregistered(now, true);
                }
            }
            Phase::Registering { .. } | Phase::Asking { .. } | Phase::Registered { .. } => {
                self.link_message(now, message);
            }
        }
    }

    fn unreadable(&mut self, text: String) {
        count(&mut self.seen.counters.unreadable);
        self.trace(false, || TracedMessage::Unreadable(text.clone()));
        if !self.session.unreadable_told {
            self.session.unreadable_told = true;
            self.event(StationEvent::UnreadableMessage { text });
        }
    }

    fn put(&mut self, message: ClientMessage) {
        count(&mut self.seen.counters.frames_sent);
        self.out.push_back(StationOutput::Send(wire::encode_client(
            &message,
            self.session.version,
        )));
        self.trace(true, || TracedMessage::Client(message));
    }

    fn trace(&mut self, sent: bool, message: impl FnOnce() -> TracedMessage) {
        if self.config.trace {
            self.out.push_back(StationOutput::Trace {
                sent,
                message: message(),
            });
        }
    }

    fn event(&mut self, event: StationEvent) {
        self.out.push_back(StationOutput::Event(event));
    }

    fn remember(&mut self, at: Time, server: usize, what: HistoryKind) {
        let history = &mut self.seen.history;
        // Servers that fail by turns shall not push out of the history how it began: of equal entries since the
        // last registration only the newest stays.
        let since = history
            .iter()
            .rposition(|e| matches!(e.what, HistoryKind::Registered { .. }))
            .map_or(0, |at| at + 1);
        let again = history
            .iter()
            .skip(since)
            .position(|e| e.server == server && e.what == what);
        if let Some(at) = again {
            history.remove(since + at);
        }
        while history.len() >= HISTORY {
            history.pop_front();
        }
        history.push_back(HistoryEntry { at, server, what });
    }
}

/// Counters stop at their end instead of starting over.
fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
