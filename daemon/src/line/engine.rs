//! The work of one line thread, step by step: also without a thread, by hand, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::{Registry, Token};
use rtrb::Consumer;
use tipring_dsp::Chain;
use tipring_hal::port::{LinePort, Wake};
use tipring_linux::EventFd;
use tipring_proto::time::Time;

use super::config::EngineConfig;
use super::counters::{PortCounters, ShardCounters};
use super::histogram::Timing;
use super::lane::{Lane, Reports, SESSIONS, Tools, of_token};
use super::media::{Batches, MediaPoll};
use super::order::{CardBack, LineOrder, LineReport, PortIndex, Returned};

/// Orders carried out in one wake.
const ORDERS_AT_ONCE: usize = 256;

/// A port as it is given to the line thread.
pub struct LinePortSpec {
    /// The port of the card.
    pub port: Box<dyn LinePort>,
    /// Its chain, made for the port's law and block length.
    pub chain: Chain,
}

/// One line thread's ports and rings.
pub struct LineEngine {
    first: u16,
    lanes: Vec<Lane>,
    config: EngineConfig,
    orders: Consumer<(PortIndex, LineOrder)>,
    reports: Reports,
    report_wake: Arc<EventFd>,
    batches: Batches,
    /// Datagrams beyond their own that the ports may still take in this wake.
    shared: u32,
    registry: Option<Registry>,
    media: Option<MediaPoll>,
    media_registry: Option<Registry>,
    wall: Option<Duration>,
    edge: Option<Time>,
    /// Blocks served so far on the port that had most.
    round: u64,
    turn: u8,
    counters: Arc<ShardCounters>,
    timing: Arc<Timing>,
    stop: Arc<AtomicBool>,
    next_sweep: Time,
    sweep_every: Duration,
}

/// The rings and figures of one engine, as its maker provides them.
pub(super) struct EngineParts {
    pub(super) first: u16,
    pub(super) orders: Consumer<(PortIndex, LineOrder)>,
    pub(super) reports: rtrb::Producer<LineReport>,
    pub(super) report_wake: Arc<EventFd>,
    pub(super) ports: Vec<Arc<PortCounters>>,
    pub(super) counters: Arc<ShardCounters>,
    pub(super) timing: Arc<Timing>,
    pub(super) stop: Arc<AtomicBool>,
}

impl LineEngine {
    pub(super) fn new(
        specs: Vec<LinePortSpec>,
        config: EngineConfig,
        parts: EngineParts,
    ) -> LineEngine {
        let lanes: Vec<Lane> = specs
            .into_iter()
            .zip(parts.ports)
            .enumerate()
            .map(|(number, (spec, counters))| {
                let index = PortIndex(parts.first + number as u16);
                Lane::new(index, number, spec.port, spec.chain, counters, &config)
            })
            .collect();
        let shortest = lanes.iter().map(Lane::block_time).min();
        LineEngine {
            first: parts.first,
            lanes,
            config,
            orders: parts.orders,
            reports: Reports {
                ring: parts.reports,
                fresh: false,
            },
            report_wake: parts.report_wake,
            batches: Batches::new(),
            shared: 0,
            registry: None,
            media: None,
            media_registry: None,
            wall: None,
            edge: None,
            round: 0,
            turn: 0,
            counters: parts.counters,
            timing: parts.timing,
            stop: parts.stop,
            next_sweep: Time::ZERO,
            sweep_every: shortest.unwrap_or(Duration::from_millis(10)),
        }
    }

    /// One step by hand: orders, then every port and every socket, then what time brings. What the thread does on a
    /// wake, for all at once. Answers the number of blocks served.
    pub fn tick(&mut self, now: Time) -> usize {
        self.edge = None;
        self.shared = self.config.datagrams_shared;
        self.serve_orders(now);
        let (lanes, mut tools) = self.split(now);
        lanes
            .iter_mut()
            .for_each(|lane| lane.read_ahead(&mut tools));
        for number in 0..self.lanes.len() {
            for slot in 0..SESSIONS {
                self.serve_socket(now, number, slot);
            }
        }
        let (mut blocks, mut most) = (0, 0);
        let (lanes, mut tools) = self.split(now);
        for lane in lanes {
            let served = lane.serve_card(&mut tools);
            blocks += served;
            most = most.max(served);
        }
        self.served(most);
        self.sweep(now);
        self.flush();
        blocks
    }

    /// Has every card's descriptor watched from now on, and every media socket in a poll of its own; the number of the
    /// first lane that cannot be, and why.
    pub(super) fn watch_with(
        &mut self,
        registry: Registry,
        (media, media_registry): (MediaPoll, Registry),
    ) -> Result<(), (usize, std::io::Error)> {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            lane.watch_card(&registry).map_err(|e| (number, e))?;
        }
        self.registry = Some(registry);
        self.media = Some(media);
        self.media_registry = Some(media_registry);
        Ok(())
    }

    pub(super) fn wakes(&self) -> impl Iterator<Item = Wake> {
        self.lanes.iter().map(Lane::wake)
    }

    pub(super) fn counters(&self) -> &ShardCounters {
        &self.counters
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How long the thread may sleep at most.
    pub(super) fn sleep(&self) -> Duration {
        self.sweep_every
    }

    /// Carries out waiting orders, as many as can surely be answered.
    pub(super) fn serve_orders(&mut self, now: Time) {
        for _ in 0..ORDERS_AT_ONCE {
            if !self.reports.has_room() {
                self.counters
                    .orders_held
                    .add(u64::from(!self.orders.is_empty()));
                return;
            }
            let Ok((port, order)) = self.orders.pop() else {
                return;
            };
            self.counters.orders.add(1);
            let number = usize::from(port.0).checked_sub(usize::from(self.first));
            let (lanes, mut tools) = self.split(now);
            match number.and_then(|n| lanes.get_mut(n)) {
                Some(lane) => lane.order(order, &mut tools),
                None => {
                    // What was allocated goes back; room for it was seen.
                    let report = match order {
                        LineOrder::AddSession(session) => {
                            let why = Returned::NoPort;
                            LineReport::SessionReturned { port, session, why }
                        }
                        LineOrder::ReplaceChain(chain) => LineReport::ChainReturned { port, chain },
                        LineOrder::ReplaceCard(card) => {
                            let why = CardBack::NoPort;
                            LineReport::CardReturned { port, card, why }
                        }
                        LineOrder::Relay { session, relay } => LineReport::RelayReturned {
                            port,
                            session,
                            relay,
                        },
                        LineOrder::Listen { session, tap } => {
                            LineReport::TapReturned { port, session, tap }
                        }
                        _ => continue,
                    };
                    let _ = tools.reports.push(report);
                }
            }
        }
    }

    /// The thread is awake, and this is the wall clock's time.
    pub(super) fn woken(&mut self, wall: Duration) {
        self.wall = Some(wall);
        self.edge = None;
        self.shared = self.config.datagrams_shared;
    }

    /// When the first block served since [`LineEngine::woken`] was complete.
    pub(super) fn edge(&self) -> Option<Time> {
        self.edge
    }

    /// Takes the packets that have come.
    pub(super) fn serve_media(&mut self, now: Time) {
        let Some(mut media) = self.media.take() else {
            return;
        };
        // Each socket is reported once, so this ends; the bound is for a poll that goes wrong.
        for _ in 0..=self.lanes.len() {
            let more = media.look();
            if more.is_err() {
                self.counters.poll_errors.add(1);
            }
            for token in media.found() {
                if let (lane, Some(slot)) = of_token(token) {
                    self.serve_socket(now, lane, slot);
                }
            }
            if !more.unwrap_or(false) {
                break;
            }
        }
        self.media = Some(media);
    }

    /// A wake is over, with this number of blocks on the port that had most.
    pub(super) fn served(&mut self, most: usize) {
        self.round = self.round.wrapping_add(most as u64);
    }

    /// Reads a block of the card that a token names, if its port is to send with it. To be followed in the same wake by
    /// [`LineEngine::serve_token`].
    pub(super) fn read_token(&mut self, now: Time, token: Token) {
        let (number, _) = of_token(token);
        let (lanes, mut tools) = self.split(now);
        if let Some(lane) = lanes.get_mut(number) {
            lane.read_ahead(&mut tools);
        }
    }

    /// Serves the card that a token names; the blocks served.
    pub(super) fn serve_token(&mut self, now: Time, token: Token) -> usize {
        let (number, _) = of_token(token);
        let (lanes, mut tools) = self.split(now);
        lanes
            .get_mut(number)
            .map_or(0, |lane| lane.woken(&mut tools))
    }

    /// As [`LineEngine::read_token`], for every port that follows a card clock; before [`LineEngine::serve_clock`].
    pub(super) fn read_clock(&mut self, now: Time) {
        let (lanes, mut tools) = self.split(now);
        for lane in lanes.iter_mut().filter(|l| l.wake() == Wake::CardClock) {
            lane.read_ahead(&mut tools);
        }
    }

    /// Serves every port that follows a card clock; the blocks served on the port that had most.
    pub(super) fn serve_clock(&mut self, now: Time) -> usize {
        let mut most = 0;
        let (lanes, mut tools) = self.split(now);
        for lane in lanes.iter_mut().filter(|l| l.wake() == Wake::CardClock) {
            most = most.max(lane.serve_card(&mut tools));
        }
        most
    }

    /// Whether [`LineEngine::sweep`] has something to do.
    pub(super) fn sweep_due(&self, now: Time) -> bool {
        now >= self.next_sweep
    }

    pub(super) fn sweep(&mut self, now: Time) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + self.sweep_every;
        let (lanes, mut tools) = self.split(now);
        for lane in lanes {
            lane.sweep(&mut tools);
        }
    }

    /// Wakes control if there is something for it.
    pub(super) fn flush(&mut self) {
        if self.reports.fresh {
            self.reports.fresh = false;
            let _ = self.report_wake.add(1);
        }
    }

    fn serve_socket(&mut self, now: Time, number: usize, slot: usize) {
        let (lanes, mut tools) = self.split(now);
        if let Some(lane) = lanes.get_mut(number) {
            lane.serve_socket(slot, &mut tools);
        }
    }

    fn split(&mut self, now: Time) -> (&mut [Lane], Tools<'_>) {
        let tools = Tools {
            now,
            reports: &mut self.reports,
            batches: &mut self.batches,
            shared: &mut self.shared,
            registry: self.registry.as_ref(),
            media: self.media_registry.as_ref(),
            config: &self.config,
            wall: self.wall,
            timing: &self.timing,
            edge: &mut self.edge,
            round: self.round,
            turn: &mut self.turn,
        };
        (&mut self.lanes, tools)
    }
}
