//! The control task: owns every port's device, and does what the devices decide.
//!
//! Owns: links to the CallManagers, orders to the line thread, the call book, traces, answers to the control socket.
//! Promises: one task, no lock, no waiting for a peer; a full queue is counted. Leaves to others: deciding
//! (tipring-proto), samples (the line thread).

mod caller_text;
mod calls;
mod cards;
pub mod claim;
mod clock;
mod data;
mod history;
mod inputs;
mod lamp;
mod links;
mod log_rate;
mod media;
mod network;
mod news;
mod outputs;
mod port;
mod queries;
mod reload;
mod repeats;
mod report;
mod seats;
mod servers;
mod simdesk;
pub mod socket;
mod sound;
mod trace;
mod words;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tipring_config::{Config, Interface};
use tipring_proto::sccp::station::Lookout;
use tipring_proto::time::Time;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

pub use cards::Cards;
pub use clock::Clock;
pub use history::HistoryDesk;
pub use media::LegSettings;
pub use port::{PortUnit, PortUnitConfig};
pub use reload::Lanes;
pub use report::Facts;
pub use servers::ServerBook;
pub use simdesk::SimDesk;
pub use socket::Query;
pub use sound::{Plan, PlanError};

use crate::identity::Identity;
use crate::line::{LineHandle, RtpPorts};
use crate::link::{LinkConfig, LinkEvent, LinkEvents};
use crate::{notify, settings};
use calls::CallBook;
use clock::StepWatch;
use links::NameDesk;
use network::NetworkDesk;
use reload::{Asked, Left, Reader};
use trace::Tracers;

/// Link events that may wait; a server that sends faster waits in its socket.
const LINK_EVENTS: usize = 512;
/// How long the devices may take to unregister at the end.
const GOODBYE: Duration = Duration::from_secs(3);
/// A line thread that did not wake for so long is stuck: the watchdog is not stroked any more. (It wakes by itself
/// many times a second, also when every card is in alarm.)
const STUCK: Duration = Duration::from_secs(5);

/// The gateway, as the control task sees it.
pub struct Gateway {
    clock: Clock,
    /// What is in use: the configuration as it was last read, as far as it needs no restart.
    config: Arc<Config>,
    facts: Facts,
    /// In order of number.
    ports: Vec<PortUnit>,
    lanes: Lanes,
    reader: Reader,
    left: Left,
    /// A port has something new to take when it is at rest.
    reloading: bool,
    line: LineHandle,
    link_config: LinkConfig,
    link_events: LinkEvents,
    links: mpsc::Receiver<(u16, u64, LinkEvent)>,
    rtp: RtpPorts,
    cards: Cards,
    desk: Rc<SimDesk>,
    next_session: u64,
    next_epoch: u64,
    names: NameDesk,
    lookout: Lookout,
    network: NetworkDesk,
    calls: CallBook,
    history: HistoryDesk,
    tracers: Tracers,
    orders_lost: u64,
    stopping: bool,
    /// For each line thread: its count of wakes, and since when it is that.
    wakes_seen: Vec<(u64, Time)>,
    steps: StepWatch,
    /// The last turn ended before the reports did.
    more_reports: bool,
    /// The line thread makes no progress; said once.
    stuck: bool,
    servers: ServerBook,
    /// Where the MAC of the device names comes from, and the interfaces when they change.
    identity: Identity,
    interfaces: mpsc::Receiver<Vec<Interface>>,
}

/// The side of the lines: the threads that serve them, their cards, and the ports of their media.
pub struct LineSide {
    /// The line threads.
    pub line: LineHandle,
    /// The cards that are opened one by one.
    pub cards: Cards,
    /// Lanes that no port has.
    pub lanes: Lanes,
    /// UDP ports for RTP.
    pub rtp: RtpPorts,
}

impl Gateway {
    /// A gateway at rest, over a line thread that runs; made on the runtime that will run it.
    pub fn new(
        config: Arc<Config>,
        facts: Facts,
        ports: Vec<PortUnit>,
        servers: ServerBook,
        side: LineSide,
        desk: Rc<SimDesk>,
        identity: Identity,
    ) -> Gateway {
        let LineSide {
            line,
            cards,
            lanes,
            rtp,
        } = side;
        let link_config = settings::links(&config);
        let (link_events, links) = mpsc::channel(LINK_EVENTS);
        Gateway {
            clock: Clock,
            reader: Reader::start(config.file.clone().map(PathBuf::from)),
            interfaces: identity.watch(),
            identity,
            config,
            facts,
            ports,
            lanes,
            left: Left::default(),
            reloading: false,
            line,
            link_config,
            link_events,
            links,
            rtp,
            cards,
            desk,
            next_session: 0,
            next_epoch: 0,
            names: NameDesk::default(),
            lookout: Lookout::default(),
            network: NetworkDesk::default(),
            calls: CallBook::default(),
            history: HistoryDesk::default(),
            tracers: Tracers::default(),
            orders_lost: 0,
            stopping: false,
            wakes_seen: vec![],
            steps: StepWatch::default(),
            more_reports: false,
            stuck: false,
            servers,
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
        self.network.start();
        self.look_for_address();
        self.look_names_up(now);
        for index in 0..self.ports.len() {
            if self.seat_card(now, index)
                && let Some(unit) = self.ports.get_mut(index)
            {
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
                Some((port, epoch, event)) = self.links.recv() => self.link_event(port, epoch, event),
                Some(found) = self.names.resolver.looked_up.recv() => self.name_looked_up(found),
                news = self.network.news() => self.network_news(news),
                Some(told) = self.cards.news.recv() => self.card_news(told),
                ready = wake.readable() => {
                    self.line.acknowledge();
                    ready?.clear_ready();
                    self.line_reports();
                }
                () = std::future::ready(()), if self.more_reports => self.line_reports(),
                Some(query) = queries.recv() => self.query(query),
                () = tokio::time::sleep(due) => self.timeouts(),
                _ = watchdog.tick() => self.stroke(),
                Some((asked, result)) = self.reader.loaded() => self.loaded(asked, result),
                _ = hangup.recv() => self.reader.ask(Asked::Signal, self.identity.machine()),
                Some(interfaces) = self.interfaces.recv() => self.see_interfaces(&interfaces),
                _ = terminate.recv() => goodbye = Some(self.stop()),
                _ = interrupt.recv() => goodbye = Some(self.stop()),
                () = until(goodbye) => {
                    warn!("not every CallManager said goodbye in time");
                    return Ok(());
                }
            }
            if self.reloading && !self.stopping {
                self.take_up_later();
            }
        }
    }

    /// The network interfaces are others than before.
    fn see_interfaces(&mut self, interfaces: &[Interface]) {
        let another_mac = self.identity.see(interfaces, &self.config.gateway);
        if another_mac && !self.config.gateway.mac_is_written {
            self.reader.ask(Asked::Machine, self.identity.machine());
        }
    }

    fn sleep_for(&self) -> Duration {
        let now = self.clock.now();
        let ports = self.ports.iter().filter_map(PortUnit::poll_timeout);
        // At the end no card is opened any more.
        let cards = self.cards.due().filter(|_| !self.stopping);
        let next = ports.chain(cards).chain(self.network.due()).min();
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
        self.names_due(now);
        self.network_turn(now);
        self.cards_turn();
    }

    fn stop(&mut self) -> tokio::time::Instant {
        info!("stopping: unregistering all ports");
        notify::stopping();
        let now = self.clock.now();
        if !self.stopping {
            self.end_history(now);
        }
        self.stopping = true;
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
        self.look_for_cards();
        self.history_turn(now);
        if self.cards.are_opened_one_by_one() {
            for unit in &mut self.ports {
                let c = &unit.counters;
                let (overruns, underruns) = (c.read_overruns.get(), c.write_underruns.get());
                unit.glitches.see(now, overruns, underruns);
            }
        }
        let wakes = self.line.shard_counters().map(|(c, _)| c.wakes.get());
        for (n, wakes) in wakes.enumerate() {
            match self.wakes_seen.get_mut(n) {
                Some(seen) if seen.0 == wakes => {}
                Some(seen) => *seen = (wakes, now),
                None => self.wakes_seen.push((wakes, now)),
            }
        }
        if let Some(seconds) = self.steps.look(now, self.clock.wall()) {
            info!(
                seconds,
                "the clock of the machine was set; shown times move, calls and timers do not"
            );
        }
        let still = self.wakes_seen.iter().any(|(_, at)| now - *at >= STUCK);
        let stuck = still || !self.line.is_running();
        if !stuck {
            notify::alive();
        } else if !self.stuck {
            error!(
                "a line thread stands still: its ports have no audio; the watchdog is not stroked any more"
            );
        }
        self.stuck = stuck;
        let registered = self.ports.iter().filter(|p| p.is_registered()).count();
        notify::status(&format!(
            "{registered} of {} ports registered",
            self.ports.len()
        ));
    }
}

async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The address that stands for "whatever the connection uses".
pub(crate) const NO_ADDRESS: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
