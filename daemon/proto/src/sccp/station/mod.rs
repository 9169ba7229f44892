//! The phone side of one SCCP device: connections, registration, keepalive.
//!
//! Owns: which CallManager to use and when to try again, Register and the request round, keepalive and its
//! loss, refusals, resets, the return to a better server. Promises: no server input panics or stalls it;
//! every wait has a deadline; nothing is passed up outside a registration; what is reported of a connection that was
//! dropped changes nothing. Leaves to others: sockets (the caller acts on [`StationOutput`]), everything about calls
//! ([`StationEvent::Message`]).
//!
//! It coordinates connections: each is a machine of its own (`connection.rs`) with an id and a purpose. What the news of
//! the device's own connection mean is in `registration.rs`, of one to a better server in `trial.rs`; which server is
//! next is in `retry.rs`.
//!
//! Use: call an input method, then take outputs until `None`, then wait until
//! [`poll_timeout`](Station::poll_timeout) and call [`handle_timeout`](Station::handle_timeout). Asking too
//! early is harmless.

mod backoff;
mod config;
mod connection;
mod event;
mod lockout;
mod lookout;
mod registration;
mod retry;
mod round;
mod seen;
mod sentinel;
mod snapshot;
mod standby;
#[cfg(test)]
mod tests;
mod trial;

pub use config::{RetryPolicy, StationConfig, Timing};
pub use event::{
    CloseReason, ConnectFailure, LostReason, RejectCause, StationEvent, StationOutput,
    TracedMessage,
};
pub use lockout::{Lead, Lockouts, Vain};
pub use lookout::{Lookout, LookoutOrder};
pub use sentinel::{SentinelOrder, Sentinels};
pub use snapshot::{
    ConnectionShown, HistoryEntry, HistoryKind, LastReject, LineReport, StationCounters,
    StationSnapshot, StationState,
};
pub use standby::Standbys;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::sccp::message::{ClientMessage, ResetKind};
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose, ConnectionState};

use connection::{Around, Connection, Connections, Then};
use registration::HeldName;
use retry::Retry;
use seen::{Seen, count};
use standby::Standby;
use trial::Failback;

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
/// assert!(matches!(station.poll_output(), Some(StationOutput::Connect { server: 0, .. })));
/// ```
#[derive(Debug)]
pub struct Station {
    config: StationConfig,
    new_config: Option<Box<StationConfig>>,
    /// Without one that is active the station waits for the next try, or is stopped.
    connections: Connections,
    wait: Option<Wait>,
    out: VecDeque<StationOutput>,
    retry: Retry,
    failback: Failback,
    standby: Standby,
    busy: bool,
    reset_pending: Option<ResetKind>,
    /// Half-open break: the server may hold our name until then.
    held: Option<HeldName>,
    /// What Alarm says about the last end.
    last_word: &'static str,
    /// Our address on the last connection to the device's own server.
    local: Ipv4Addr,
    seen: Seen,
}

/// The next try.
#[derive(Clone, Copy, Debug)]
struct Wait {
    server: usize,
    until: Time,
}

/// What can be due.
#[derive(Clone, Copy, Debug)]
enum Due {
    Retry,
    Connection(ConnectionId),
    Trial,
    Standby,
}

impl Station {
    /// A station that is stopped.
    pub fn new(config: StationConfig) -> Station {
        Station {
            retry: Retry::new(config.retry),
            config,
            new_config: None,
            connections: Connections::default(),
            wait: None,
            out: VecDeque::new(),
            failback: Failback::default(),
            standby: Standby::default(),
            busy: false,
            reset_pending: None,
            held: None,
            last_word: "Initialized",
            local: Ipv4Addr::UNSPECIFIED,
            seen: Seen::default(),
        }
    }

    /// Begins to register, after `start_delay`. Does nothing unless stopped.
    pub fn start(&mut self, now: Time) {
        if self.is_stopped() {
            self.retry.forget();
            self.wait_for(self.config.best(), now + self.config.start_delay);
        }
    }

    /// Begins to register again after a pause of its own: soon, but many ports may do so in the same moment. Does nothing
    /// unless stopped.
    pub fn resume(&mut self, now: Time) {
        if self.is_stopped() {
            self.retry.forget();
            let wait = self.retry.backoff.spread();
            self.wait_for(self.config.best(), now + wait);
        }
    }

    /// TCP is open; `local` is our address on it.
    pub fn connected(&mut self, now: Time, id: ConnectionId, local: Ipv4Addr) {
        if self.active().is_some_and(|active| active.id == id) {
            self.local = local;
        }
        self.with(id, |connection, around| {
            connection.connected(now, local, around);
        });
        if let Some((standby, server, ConnectionState::StandingBy)) = self.standby()
            && standby == id
        {
            self.event(StationEvent::StandbyOpened { server });
        }
    }

    /// TCP could not be opened.
    pub fn connect_failed(&mut self, now: Time, id: ConnectionId, failure: ConnectFailure) {
        self.with(id, |connection, _| connection.failed(failure));
        self.take_news(now, id);
    }

    /// TCP is not opened now: another device is asking that server.
    pub fn deferred(&mut self, now: Time, id: ConnectionId) {
        let trial = self.trial().filter(|trial| trial.id == id);
        if trial.is_some_and(|trial| trial.state() == ConnectionState::Connecting) {
            self.drop_connection(id);
            self.plan_trial(now);
        } else if self.standby().is_some_and(|(standby, ..)| standby == id) {
            self.drop_connection(id);
            self.standby_later(now);
        }
    }

    /// The connection ended without our asking.
    pub fn lost(&mut self, now: Time, id: ConnectionId, reason: CloseReason) {
        self.with(id, |connection, _| connection.closed(reason));
        self.take_news(now, id);
    }

    /// Bytes from the server, cut anywhere.
    pub fn received(&mut self, now: Time, id: ConnectionId, bytes: &[u8]) {
        self.with(id, |connection, _| connection.received(bytes));
        self.take_news(now, id);
    }

    /// Sends a message about a call. False (and counted) while not registered.
    pub fn send(&mut self, _now: Time, message: ClientMessage) -> bool {
        let Some(id) = self.registered_over() else {
            count(&mut self.seen.counters.sends_dropped);
            return false;
        };
        self.put(id, message);
        true
    }

    /// A call is up, or no longer: while one is, resets, new configuration and the return to a better
    /// server wait.
    pub fn set_busy(&mut self, now: Time, busy: bool) {
        self.busy = busy;
        if !self.is_registered() {
            return;
        }
        if busy {
            if self.trial().is_some() {
                self.drop_trial();
                self.plan_trial(now);
            }
            return;
        }
        // The better server may have been proven meanwhile.
        let soon = now + self.retry.backoff.spread();
        self.failback.bring_forward(soon);
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
        let Some(wait) = self.wait.filter(|_| self.retry.waits_for_an_answer()) else {
            return;
        };
        let soon = now + self.retry.backoff.spread_of(self.config.retry.spread);
        if soon < wait.until {
            self.retry.restart();
            self.wait_for(server, soon);
        }
    }

    /// It is this device's turn to ask this server, or another device has been kept there: where it is a better one, it is
    /// asked at once, or soon with many others.
    pub fn look_at(&mut self, now: Time, server: usize, at_once: bool) {
        let Some(here) = self.registered_at() else {
            return;
        };
        let (there, here) = (self.config.place(server), self.config.place(here));
        if there.is_some() && (here.is_none() || there < here) {
            let wait = match at_once {
                true => Duration::ZERO,
                false => self.retry.backoff.spread(),
            };
            self.failback.ask(now + wait, server);
        }
    }

    /// Where it tries to register nobody answers, and this server is the better choice. `turn`: its place among
    /// those that go there; none: it goes ahead.
    pub fn lead_to(&mut self, now: Time, server: usize, turn: Option<u16>) {
        if self.config.place(server).is_none() || self.is_registered() {
            return;
        }
        let wait = turn.map_or(Duration::ZERO, |turn| self.retry.backoff.in_turn(turn));
        match self.active().map(|active| (active.server, active.state())) {
            Some((at, _)) if at == server => {}
            Some((_, ConnectionState::Unregistering)) => {}
            Some((_, ConnectionState::Connecting)) => {
                self.end(now, LostReason::Connect(ConnectFailure::TimedOut));
                self.wait_for(server, now + wait);
            }
            Some(_) => {
                self.end(now, LostReason::RegisterTimeout);
                self.wait_for(server, now + wait);
            }
            None => return,
        }
        // Of one that goes ahead nobody knows whether it will be taken there: its attempts are counted on, or it would go
        // to and fro between two servers that do not take it, without a pause.
        if turn.is_some() {
            self.retry.restart();
        }
    }

    /// The attempt that has just begun goes to another server: this one is known to be silent.
    pub fn turn_to(&mut self, now: Time, server: usize) {
        let begun = self.active().filter(|active| active.is_fresh());
        let Some(id) = begun.map(|active| active.id) else {
            return;
        };
        if self.config.place(server).is_some() {
            self.drop_connection(id);
            self.wait_for(server, now);
        }
    }

    /// An operator wishes it: nothing is waited for any more.
    pub fn retry_now(&mut self, now: Time, server: Option<usize>) {
        if self.wait.is_some() {
            self.retry.forget();
            self.retry.backoff.reset();
            let soon = now + self.retry.backoff.spread_of(self.config.retry.spread);
            let server = server.unwrap_or(self.config.best());
            self.wait_for(self.config.this_or_best(server), soon);
        }
        self.failback.forget();
        let soon = now + self.retry.backoff.spread_of(self.config.retry.spread);
        self.failback.bring_forward(soon);
        self.standby_now(soon, server);
    }

    /// An operator wishes it: unregisters, and registers again. During a call as well: whether that may be is the caller's
    /// decision.
    pub fn restart(&mut self, now: Time) {
        match self.active().map(Connection::state) {
            Some(ConnectionState::Asking | ConnectionState::Registered) => {
                self.unregister(now, Then::Retry(LostReason::Restarted));
            }
            Some(ConnectionState::Unregistering) => {}
            Some(_) => self.end(now, LostReason::Restarted),
            None if self.wait.is_some() => {
                self.retry.forget();
                self.retry.backoff.reset();
                self.wait_for(self.config.best(), now + self.config.start_delay);
            }
            None => {}
        }
    }

    /// Asks the server whether it is there, for all devices; see [`Sentinels`]. Nothing of it is traced.
    pub fn ask(&mut self, _now: Time) {
        if let Some(id) = self.registered_over() {
            self.with(id, Connection::ask_whether_alive);
        }
    }

    /// Another device has found this server silent, which answers keepalives otherwise: asks at once, and leaves it soon
    /// when nothing comes and there is another one.
    pub fn probe(&mut self, now: Time, server: usize) {
        if self.registered_at() != Some(server) {
            return;
        }
        let busy = self.busy;
        if let Some(id) = self.registered_over() {
            self.with(id, |active, around| active.probe(now, busy, around));
        }
    }

    /// Unregisters and closes; [`StationEvent::Stopped`] reports the end.
    pub fn stop(&mut self, now: Time) {
        match self.active().map(|active| (active.id, active.state())) {
            None if self.is_stopped() => {}
            Some((_, ConnectionState::Asking | ConnectionState::Registered)) => {
                self.unregister(now, Then::Stop);
            }
            Some((id, ConnectionState::Unregistering)) => {
                self.with(id, |active, _| active.unregister_to(Then::Stop));
            }
            None | Some(_) => self.stopped(),
        }
    }

    /// Takes a new configuration. What the server need not know is used at once. For what it must know (and
    /// when its server has left the list) the station registers again: at once when idle, after the call when busy.
    pub fn reconfigure(&mut self, now: Time, mut config: StationConfig) {
        config.trace = self.config.trace;
        if config == self.config {
            self.new_config = None;
            return;
        }
        if self.is_registered() {
            self.drop_trial();
        }
        let listed = |server| config.place(server).is_some();
        let stays = self.state().server().is_none_or(listed);
        let alike = stays && self.config.registers_alike(&config);
        self.new_config = Some(Box::new(config));
        match self.active().map(Connection::state) {
            None => {
                self.apply_config();
                if self.wait.is_some() {
                    self.retry.forget();
                    self.wait_for(self.config.best(), now + self.config.start_delay);
                }
            }
            // Taken when the connection has ended.
            Some(ConnectionState::Unregistering) => {}
            Some(_) if alike => {
                self.apply_config();
                self.retry.restart();
                self.plan_trial(now);
                self.plan_standby(now);
            }
            // Taken at the end of the call.
            Some(ConnectionState::Registered) if self.busy => {}
            Some(ConnectionState::Registered | ConnectionState::Asking) => {
                self.unregister(now, Then::Retry(LostReason::Reconfigured));
            }
            Some(_) => self.end(now, LostReason::Reconfigured),
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
        self.due().map(|(at, _)| at)
    }

    /// Acts on everything that is due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some((_, due)) = self.due().filter(|(at, _)| *at <= now) {
            match due {
                Due::Retry => self.retry_due(now),
                Due::Connection(id) => {
                    self.with(id, |connection, around| {
                        connection.handle_timeout(now, around);
                    });
                    self.take_news(now, id);
                }
                Due::Trial => self.trial_due(now),
                Due::Standby => self.standby_due(now),
            }
        }
    }

    /// The first thing that is waited for.
    fn due(&self) -> Option<(Time, Due)> {
        let retry = self.wait.map(|wait| (wait.until, Due::Retry));
        let connections = self.connections.iter();
        let connections =
            connections.filter_map(|one| Some((one.poll_timeout()?, Due::Connection(one.id))));
        let trial = self.failback.due.map(|due| (due, Due::Trial));
        let standby = self.standby.due.map(|due| (due, Due::Standby));
        let all = retry.into_iter().chain(connections).chain(trial);
        let all = all.chain(standby);
        all.min_by_key(|(at, _)| *at)
    }

    /// The configuration in use.
    pub fn config(&self) -> &StationConfig {
        &self.config
    }

    /// Whether calls work.
    pub fn is_registered(&self) -> bool {
        self.registered_at().is_some()
    }

    /// Our address on the connection to the CallManager, or on the last one.
    pub fn local(&self) -> Option<Ipv4Addr> {
        Some(self.local).filter(|local| !local.is_unspecified())
    }

    /// A copy of everything there is to show.
    pub fn snapshot(&self) -> StationSnapshot {
        let open = self.active().filter(|active| active.is_open());
        let keepalive = open.map(|open| open.keepalive_interval().as_secs());
        let connections = self.connections.iter().map(|one| ConnectionShown {
            server: one.server,
            purpose: one.purpose,
            state: one.state(),
        });
        StationSnapshot {
            state: self.state(),
            connections: connections.collect(),
            version: open.map_or(self.config.offer_version, Connection::version),
            keepalive_s: keepalive.map_or(0, |s| u32::try_from(s).unwrap_or(u32::MAX)),
            suspect_since: open.and_then(Connection::suspect_since),
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

    fn state(&self) -> StationState {
        let Some(active) = self.active() else {
            return self.wait.map_or(StationState::Stopped, |wait| {
                let Wait { server, until } = wait;
                StationState::Waiting { server, until }
            });
        };
        let server = active.server;
        match (active.state(), active.registered_since()) {
            (_, Some(since)) => StationState::Registered { server, since },
            (ConnectionState::Connecting, _) => StationState::Connecting { server },
            (ConnectionState::Asking, _) => StationState::Asking { server },
            (ConnectionState::Unregistering, _) => StationState::Unregistering { server },
            _ => StationState::Registering { server },
        }
    }

    /// The connection to the device's own CallManager.
    fn active(&self) -> Option<&Connection> {
        self.connections.of(ConnectionPurpose::Active)
    }

    /// The connection to a better CallManager that is being asked.
    fn trial(&self) -> Option<&Connection> {
        self.connections.of(ConnectionPurpose::Trial)
    }

    fn is_stopped(&self) -> bool {
        self.active().is_none() && self.wait.is_none()
    }

    /// The server that it is registered with.
    pub fn registered_at(&self) -> Option<usize> {
        let active = self.active()?;
        active.registered_since().map(|_| active.server)
    }

    /// The server of which bytes on this connection are a sign of life: the one that the device is registered with, over its
    /// own connection. What a standby or a trial hears is another server's.
    pub fn hears(&self, id: ConnectionId) -> Option<usize> {
        let over = self.registered_over() == Some(id);
        self.registered_at().filter(|_| over)
    }

    /// The server at which it tries to register over this connection.
    pub fn tries(&self, id: ConnectionId) -> Option<usize> {
        let active = self.active().filter(|active| active.id == id)?;
        let registered = active.registered_since().is_some();
        (!registered).then_some(active.server)
    }

    /// When a better server is asked next by this device's own interval.
    pub fn asks_at(&self) -> Option<Time> {
        self.failback.due
    }

    /// The server at which it keeps a standby, or is opening one.
    pub fn standby_at(&self) -> Option<usize> {
        self.standby().map(|(_, server, _)| server)
    }

    /// The connection over which it is registered.
    fn registered_over(&self) -> Option<ConnectionId> {
        let active = self.active()?;
        active.registered_since().map(|_| active.id)
    }

    /// Opens a connection.
    fn open(&mut self, now: Time, server: usize, purpose: ConnectionPurpose, token: bool) {
        let id = self
            .connections
            .add(now, server, purpose, token, &self.config);
        self.out.push_back(StationOutput::Connect {
            id,
            server,
            purpose,
        });
    }

    /// Closes a connection, unless it has ended by itself.
    fn drop_connection(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.remove(id)?;
        if !connection.is_ended() {
            self.out.push_back(StationOutput::Close { id });
        }
        Some(connection)
    }

    /// Lets a connection do something, if there is one of this id.
    fn with<T>(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Connection, &mut Around<'_>) -> T,
    ) -> Option<T> {
        let connection = self.connections.get_mut(id)?;
        let mut around = Around {
            last_choice: self.retry.is_last_choice(&self.config),
            config: &self.config,
            last_word: self.last_word,
            counters: &mut self.seen.counters,
            out: &mut self.out,
        };
        Some(act(connection, &mut around))
    }

    fn put(&mut self, id: ConnectionId, message: ClientMessage) {
        self.with(id, |connection, around| connection.send(message, around));
    }

    /// Acts on everything that happened on a connection, for as long as there is one of this id.
    fn take_news(&mut self, now: Time, id: ConnectionId) {
        while let Some(Some((purpose, news))) = self.with(id, |connection, around| {
            let news = connection.poll(now, around)?;
            Some((connection.purpose, news))
        }) {
            match purpose {
                ConnectionPurpose::Active => self.active_news(now, id, news),
                ConnectionPurpose::Trial => self.trial_news(now, id, news),
                ConnectionPurpose::Standby => self.standby_news(now, id, &news),
            }
        }
    }

    fn event(&mut self, event: StationEvent) {
        self.out.push_back(StationOutput::Event(event));
    }
}
