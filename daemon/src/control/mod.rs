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
mod failover;
mod health;
mod history;
mod inputs;
mod lamp;
mod lines;
mod linetest;
mod links;
mod log_rate;
mod media;
mod network;
mod news;
mod operator;
mod outputs;
mod port;
mod queries;
mod reload;
mod repeats;
mod report;
mod rtcp;
pub(crate) mod seat;
mod seats;
mod servers;
mod signalling;
mod simdesk;
pub mod socket;
mod sound;
mod trace;
mod translate;
mod troubles;
mod words;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tipring_config::{Config, Interface};
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

pub use cards::Cards;
pub use clock::Clock;
pub use history::HistoryDesk;
pub use lines::Lines;
pub use media::{FaxSettings, LegSettings};
pub use port::{PortUnit, PortUnitConfig};
pub use reload::Lanes;
pub use report::Facts;
pub use servers::ServerBook;
pub use simdesk::SimDesk;
pub use socket::Query;
pub use sound::{Plan, PlanError};

use crate::identity::Identity;
use crate::{notify, settings};
use calls::CallBook;
use health::{Health, Progress};
use reload::{Asked, Reader, Reload};
use signalling::Signalling;
use trace::Tracers;

/// How long the devices may take to unregister at the end.
const GOODBYE: Duration = Duration::from_secs(3);

/// The gateway, as the control task sees it.
pub struct Gateway {
    clock: Clock,
    /// What is in use: the configuration as it was last read, as far as it needs no restart.
    config: Arc<Config>,
    facts: Facts,
    /// In order of number.
    ports: Vec<PortUnit>,
    lines: Lines,
    signalling: Signalling,
    machine: OwnMachine,
    desk: Rc<SimDesk>,
    calls: CallBook,
    history: HistoryDesk,
    tracers: Tracers,
    reload: Reload,
    health: Health,
    stopping: bool,
}

/// The machine that this runs on.
struct OwnMachine {
    /// Where the MAC of the device names comes from.
    identity: Identity,
    /// Its network interfaces, when they change.
    interfaces: mpsc::Receiver<Vec<Interface>>,
}

impl Gateway {
    /// An idle gateway over line threads that run; made on the runtime that will run it.
    pub fn new(
        config: Arc<Config>,
        facts: Facts,
        ports: Vec<PortUnit>,
        servers: ServerBook,
        lines: Lines,
        desk: Rc<SimDesk>,
        identity: Identity,
    ) -> Gateway {
        Gateway {
            clock: Clock,
            reload: Reload::new(Reader::start(config.file.clone().map(PathBuf::from))),
            signalling: Signalling::new(
                settings::links(&config),
                servers,
                settings::monitor(&config),
            ),
            machine: OwnMachine {
                interfaces: identity.watch(),
                identity,
            },
            config,
            facts,
            ports,
            lines,
            desk,
            calls: CallBook::default(),
            history: HistoryDesk::default(),
            tracers: Tracers::default(),
            health: Health::default(),
            stopping: false,
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
        let wake = AsyncFd::new(self.lines.threads.wake_fd().try_clone_to_owned()?)?;
        let period = notify::watchdog_period().unwrap_or(Duration::from_secs(1));
        let mut watchdog = tokio::time::interval(period.min(Duration::from_secs(1)));
        let now = self.clock.now();
        self.signalling.network.start();
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
                Some((link, event)) = self.signalling.links.recv() => self.link_event(link, event),
                Some(found) = self.signalling.names.resolver.looked_up.recv() => self.name_looked_up(found),
                news = self.signalling.network.news() => self.network_news(news),
                Some(returned) = self.lines.cards.news.recv() => self.card_news(returned),
                ready = wake.readable() => {
                    self.lines.threads.acknowledge();
                    ready?.clear_ready();
                    self.line_reports();
                }
                () = std::future::ready(()), if self.lines.more_reports => self.line_reports(),
                Some(query) = queries.recv() => self.query(query),
                () = tokio::time::sleep(due) => self.timeouts(),
                _ = watchdog.tick() => self.stroke(),
                Some((asked, result)) = self.reload.reader.loaded() => self.loaded(asked, result),
                _ = hangup.recv() => self.reload.reader.ask(Asked::Signal, self.machine.identity.machine()),
                Some(interfaces) = self.machine.interfaces.recv() => self.see_interfaces(&interfaces),
                _ = terminate.recv() => goodbye = Some(self.stop()),
                _ = interrupt.recv() => goodbye = Some(self.stop()),
                () = until(goodbye) => {
                    warn!("not every CallManager said goodbye in time");
                    return Ok(());
                }
            }
            if self.reload.waiting && !self.stopping {
                self.take_up_later();
            }
        }
    }

    /// The network interfaces are others than before.
    fn see_interfaces(&mut self, interfaces: &[Interface]) {
        let another_mac = self.machine.identity.see(interfaces, &self.config.gateway);
        if another_mac && !self.config.gateway.mac_is_written {
            self.reload
                .reader
                .ask(Asked::Machine, self.machine.identity.machine());
        }
    }

    fn sleep_for(&self) -> Duration {
        let now = self.clock.now();
        let ports = self.ports.iter().filter_map(PortUnit::poll_timeout);
        // At the end no card is opened any more.
        let cards = self.lines.cards.due().filter(|_| !self.stopping);
        let next = ports
            .chain(cards)
            .chain(self.ports.iter().filter_map(PortUnit::test_due))
            .chain(self.signalling.network.due())
            .chain(self.fax_due())
            .chain(self.signalling.sentinels.poll_timeout())
            .chain(self.signalling.lookout.poll_timeout())
            .chain(self.signalling.lockouts.poll_timeout())
            .min();
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
        self.fax_turn(now);
        self.tests_due(now);
        self.names_due(now);
        self.sentinels_turn(now);
        self.servers_turn(now);
        self.network_turn(now);
        self.cards_turn();
    }

    fn stop(&mut self) -> tokio::time::Instant {
        info!("stopping: unregistering all ports");
        notify::stopping();
        let now = self.clock.now();
        if !self.stopping {
            self.end_faxes(now);
            self.end_history(now);
        }
        self.stopping = true;
        for index in 0..self.ports.len() {
            if let Some(unit) = self.ports.get_mut(index) {
                unit.stop(now);
            }
            self.drain(now, index);
        }
        self.end_far_ends();
        tokio::time::Instant::now() + GOODBYE
    }

    /// Feeds the watchdog while the line thread makes progress.
    fn stroke(&mut self) {
        let now = self.clock.now();
        self.look_for_cards();
        self.history_turn(now);
        for index in 0..self.ports.len() {
            let looked = self.ports.get_mut(index).map(|unit| unit.desk.look(now));
            self.fax_doing(now, index, looked.unwrap_or_default());
        }
        if self.lines.cards.are_opened_one_by_one() {
            for unit in &mut self.ports {
                let c = &unit.counters;
                let (overruns, underruns) = (c.read_overruns.get(), c.write_underruns.get());
                unit.glitches.see(now, overruns, underruns);
            }
        }
        let wakes = self
            .lines
            .threads
            .shard_counters()
            .map(|(c, _)| c.wakes.get());
        let progress = self
            .health
            .look(now, wakes, self.lines.threads.is_running());
        match progress {
            Progress::Good => notify::alive(),
            Progress::JustStalled => error!(
                "a line thread is stalled: its ports have no audio; the watchdog is no longer served"
            ),
            Progress::Stalled => {}
        }
        if let Some(seconds) = self.health.steps.look(now, self.clock.wall()) {
            info!(
                seconds,
                "the clock of the machine was set; shown times move, calls and timers do not"
            );
        }
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
