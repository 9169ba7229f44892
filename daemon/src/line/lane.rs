//! One port in the line thread: its card, its chain, its sessions, its figures.

mod fax;
mod pass;
mod serve;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use mio::{Interest, Registry, Token, unix::SourceFd};
use rtrb::Producer;
use tipring_dsp::{Chain, ChainCommand};
use tipring_hal::port::{LineEvent, LinePort, ReadBlock, Wake};
use tipring_linux::monotonic;
use tipring_proto::rtp::NetworkDigit;
use tipring_proto::time::Time;

use super::card::Card;
use super::config::EngineConfig;
use super::counters::PortCounters;
use super::edge::Edge;
use super::histogram::Timing;
use super::media::{Allowance, Arrivals, Batches};
use super::order::{LineOrder, LineReport, PortIndex, Returned, SessionId};
use super::session::{Drained, MediaSession};

/// Sessions of a port: as many as the call logic may ask for.
pub(super) const SESSIONS: usize = tipring_proto::call::MOST_LEGS;
/// Events kept for control while its ring is full; further ones stay in the card.
const PENDING_EVENTS: usize = 16;
/// Turns that sessions take: a number that every number of blocks in a packet divides.
const TURNS: u8 = 60;
/// Blocks between two looks at the slow figures (levels).
const SLOW_BLOCKS: u32 = 10;

/// The reports to control.
pub(super) struct Reports {
    pub(super) ring: Producer<LineReport>,
    /// Something was pushed since control was last woken.
    pub(super) fresh: bool,
}

impl Reports {
    pub(super) fn push(&mut self, report: LineReport) -> Result<(), LineReport> {
        self.ring
            .push(report)
            .map_err(|rtrb::PushError::Full(report)| report)?;
        self.fresh = true;
        Ok(())
    }

    pub(super) fn has_room(&self) -> bool {
        !self.ring.is_full()
    }
}

/// What serving a lane may use of the thread around it.
pub(super) struct Tools<'a> {
    pub(super) now: Time,
    pub(super) reports: &'a mut Reports,
    pub(super) batches: &'a mut Batches,
    /// Datagrams beyond their own that the ports may still take in this wake.
    pub(super) shared: &'a mut u32,
    /// Of the cards' descriptors; none when stepped by hand.
    pub(super) registry: Option<&'a Registry>,
    /// Of the media sockets; none when stepped by hand.
    pub(super) media: Option<&'a Registry>,
    pub(super) config: &'a EngineConfig,
    /// The wall clock at `now`; none when stepped by hand.
    pub(super) wall: Option<Duration>,
    pub(super) timing: &'a Timing,
    /// When the first block served in this wake was complete.
    pub(super) edge: &'a mut Option<Time>,
    /// Number of the block being served, among those of this thread.
    pub(super) round: u64,
    /// For the next session that comes.
    pub(super) turn: &'a mut u8,
}

impl Tools<'_> {
    /// The time by now; stepped by hand it does not move during a tick.
    pub(super) fn clock(&self) -> Time {
        match self.wall {
            Some(_) => Time::from_duration(monotonic()),
            None => self.now,
        }
    }

    fn arrivals(&self) -> Arrivals {
        Arrivals {
            now: self.now,
            wall: self.wall,
        }
    }
}

pub(super) struct Lane {
    index: PortIndex,
    /// Number of this lane in its engine; gives the tokens.
    number: usize,
    card: Card,
    chain: Chain,
    /// Last sent to the chain; a new one gets it too.
    listens: Option<bool>,
    sessions: [Option<Box<MediaSession>>; SESSIONS],
    /// How many of them there are: an idle port does not go through the places.
    open: usize,
    bridged: Option<SessionId>,
    counters: Arc<PortCounters>,
    from_line: Vec<u8>,
    to_line: Vec<u8>,
    up: Vec<i16>,
    down: Vec<i16>,
    aside: Vec<i16>,
    packet: Vec<u8>,
    pending: VecDeque<LineEvent>,
    block_time: Duration,
    /// Two blocks and a half: a block that is later than that is missing.
    patience: Duration,
    /// When its card's blocks are complete.
    edges: Edge,
    /// When the block being served was; `None`: it is no block of the line.
    edge: Option<Time>,
    /// When the packet came whose sound begins in the block being served, if that packet is timed.
    arrived: Option<Time>,
    /// When the last block was served; `None` before the first.
    last_block: Option<Time>,
    /// What the card answered to [`Lane::read_ahead`]: a block has gone up, but nothing was written for it yet.
    read: Option<ReadBlock>,
    /// The line has just come, or come back, and no block yet.
    fresh: bool,
    /// The prefill has to be written before the next block.
    prefill_due: bool,
    /// Blocks that an event kept from being written: silence goes in their place, so that what is in flight stays.
    owed: usize,
    /// The first prefill was written.
    primed: bool,
    /// The present card's count of overruns and underruns.
    broken: u64,
    base: Base,
    budget: u16,
    packets: u16,
    blocks_to_slow: u32,
}

/// What former cards and chains of a port counted.
#[derive(Clone, Copy, Debug, Default)]
struct Base {
    read_overruns: u64,
    write_underruns: u64,
    digits: u64,
    echoed_digits: u64,
    echo_path_changes: u64,
    echo_restarts: u64,
    false_mutes: u64,
    chain_events_lost: u64,
}

impl Lane {
    pub(super) fn new(
        index: PortIndex,
        number: usize,
        port: Box<dyn LinePort>,
        mut chain: Chain,
        counters: Arc<PortCounters>,
        config: &EngineConfig,
    ) -> Lane {
        let block = port.block_len();
        let block_time = Duration::from_micros(block as u64 * 125);
        let silence = port.law().silence();
        let prefill = usize::from(config.prefill_blocks.max(1));
        chain.command(ChainCommand::EchoDelay {
            samples: u16::try_from(prefill * block).unwrap_or(u16::MAX),
        });
        chain.command(ChainCommand::Bridge(false));
        chain.command(ChainCommand::OffHook(port.off_hook()));
        counters.off_hook.set(i64::from(port.off_hook()));
        counters.down.set(i64::from(port.wake() == Wake::Never));
        Lane {
            index,
            number,
            chain,
            listens: None,
            sessions: [const { None }; SESSIONS],
            open: 0,
            bridged: None,
            counters,
            from_line: vec![silence; block],
            to_line: vec![silence; block],
            up: vec![0; block],
            down: vec![0; block],
            aside: vec![0; block],
            packet: vec![0; block],
            pending: VecDeque::with_capacity(PENDING_EVENTS + 1),
            block_time,
            patience: block_time * 5 / 2,
            edges: Edge::new(block_time),
            edge: None,
            arrived: None,
            last_block: None,
            read: None,
            fresh: true,
            prefill_due: true,
            owed: 0,
            primed: false,
            broken: serve::broken(&*port),
            base: Base::default(),
            budget: config.datagrams_per_block,
            packets: config.packets_per_block,
            // Not all ports look at their slow figures in the same tick.
            blocks_to_slow: 1 + (number as u32 % SLOW_BLOCKS),
            card: Card::new(port, card_token(number), prefill),
        }
    }

    pub(super) fn wake(&self) -> Wake {
        self.card.wake()
    }

    /// Puts the card's descriptor into the poll.
    pub(super) fn watch_card(&mut self, registry: &Registry) -> std::io::Result<()> {
        self.card.watch(registry)
    }

    pub(super) fn block_time(&self) -> Duration {
        self.block_time
    }

    /// Takes what waits on a session's socket.
    pub(super) fn serve_socket(&mut self, slot: usize, tools: &mut Tools<'_>) {
        let Some(Some(session)) = self.sessions.get_mut(slot) else {
            return;
        };
        if session.parked && self.budget == 0 {
            return;
        }
        let arrivals = tools.arrivals();
        let mut allowance = Allowance {
            datagrams: &mut self.budget,
            packets: &mut self.packets,
            shared: tools.shared,
        };
        let drained = session.drain(arrivals, tools.batches, &mut allowance);
        match drained {
            Drained::Empty if session.parked => {
                session.parked = false;
                // Watching again wakes at once if something came meanwhile.
                if let Some(registry) = tools.media {
                    let _ = watch(registry, session, token(self.number, slot));
                }
            }
            Drained::Empty => {}
            Drained::Bounded => {
                self.counters.flood_blocks.add(1);
                if !session.parked {
                    session.parked = true;
                    if let Some(registry) = tools.media {
                        let _ = unwatch(registry, session);
                    }
                }
            }
        }
    }

    /// Carries out an order. It makes at most one report, for which the caller has seen room.
    pub(super) fn order(&mut self, order: LineOrder, tools: &mut Tools<'_>) {
        let port = self.index;
        match order {
            LineOrder::Port(command) => {
                if let Err(error) = self.card.port.command(command) {
                    self.counters.commands_refused.add(1);
                    let _ = tools.reports.push(LineReport::Refused {
                        port,
                        command,
                        error,
                    });
                }
            }
            LineOrder::Chain(command) => {
                if let ChainCommand::EnableDtmf(on) = command {
                    self.listens = Some(on);
                }
                self.chain.command(command);
            }
            LineOrder::ReplaceChain(chain) => self.replace_chain(chain, tools),
            LineOrder::ReplaceCard(card) => self.replace_card(card, tools),
            LineOrder::AddSession(session) => self.add_session(session, tools),
            LineOrder::SetRemote { session, remote } => match self.session(session) {
                Some(found) => {
                    found.set_remote(tools.now, remote);
                    self.bridge(self.bridged);
                }
                None => no_such_session(port, session, tools),
            },
            LineOrder::StopSend { session } => match self.session(session) {
                Some(found) => found.stop_sending(),
                None => no_such_session(port, session, tools),
            },
            LineOrder::RemoveSession { session } => self.remove_session(session, tools),
            LineOrder::PassThrough { session, data } => match self.session(session) {
                Some(found) => {
                    found.pass_data(data);
                    self.counters.pass_throughs.add(u64::from(data.is_some()));
                    self.bridge(self.bridged);
                }
                None => no_such_session(port, session, tools),
            },
            LineOrder::Repeat { session, depth } => match self.session(session) {
                Some(found) => {
                    found.repeat(depth);
                    self.counters.redundancy_changes.add(1);
                }
                None => no_such_session(port, session, tools),
            },
            LineOrder::SendEvent {
                session,
                payload_type,
                event,
                first,
            } => match self.session(session) {
                // Where nothing is sent there is no far end to hear it.
                Some(found) => {
                    found.send_named(payload_type, event, first);
                }
                None => no_such_session(port, session, tools),
            },
            LineOrder::Relay { session, relay } => self.begin_relay(session, relay, tools),
            LineOrder::EndRelay { session } => self.end_relay(session, tools),
            LineOrder::Listen { session, tap } => self.listen(session, tap, tools),
            LineOrder::Bridge(None) => self.bridge(None),
            LineOrder::Bridge(Some(session)) => {
                if self.session(session).is_some() {
                    self.bridge(Some(session));
                } else {
                    no_such_session(port, session, tools);
                }
            }
        }
    }

    fn session(&mut self, id: SessionId) -> Option<&mut MediaSession> {
        self.sessions
            .iter_mut()
            .flatten()
            .find(|s| s.id() == id)
            .map(|s| &mut **s)
    }

    fn bridge(&mut self, session: Option<SessionId>) {
        if self.bridged != session {
            // A key of the far end must not sound on into another call.
            self.chain.command(ChainCommand::PlayDigit {
                digit: b'0',
                on: false,
            });
        }
        self.bridged = session;
        self.chain.command(ChainCommand::Bridge(session.is_some()));
        let linked = session.and_then(|id| self.session(id));
        let events = linked.as_ref().is_some_and(|s| s.sends_events());
        let relayed = linked.as_ref().is_some_and(|s| s.is_relay());
        let data = linked.and_then(|s| s.data());
        if events {
            self.chain.command(ChainCommand::MuteDetectedDigits(true));
        }
        self.chain.command(ChainCommand::PassThrough {
            on: data.is_some(),
            silence_ms: data.unwrap_or(0),
        });
        // Fax relay gets the line as it is: what it sends itself it does not hear, and no canceller is to learn from modems.
        self.chain.command(ChainCommand::Relay(relayed));
        self.counters.pass_through.set(i64::from(data.is_some()));
    }

    fn add_session(&mut self, mut session: Box<MediaSession>, tools: &mut Tools<'_>) {
        session.take_turn(*tools.turn);
        *tools.turn = (*tools.turn + 1) % TURNS;
        let port = self.index;
        let id = session.id();
        let known = self.session(id).is_some();
        let free = self
            .sessions
            .iter()
            .position(Option::is_none)
            .filter(|_| !known);
        let watched = free.map(|slot| match tools.media {
            Some(registry) => watch(registry, &session, token(self.number, slot)),
            None => Ok(()),
        });
        let why = match (watched, free.and_then(|slot| self.sessions.get_mut(slot))) {
            (Some(Ok(())), Some(place)) => {
                let alone = self.bridged.is_none();
                *place = Some(session);
                self.open += 1;
                self.counters.sessions.set(self.open as i64);
                if alone && self.open == 1 {
                    self.bridge(Some(id));
                }
                return;
            }
            (Some(Err(errno)), _) => Returned::NotWatched(errno),
            _ => Returned::NoRoom,
        };
        let _ = tools
            .reports
            .push(LineReport::SessionReturned { port, session, why });
    }

    fn remove_session(&mut self, id: SessionId, tools: &mut Tools<'_>) {
        let port = self.index;
        let place = self
            .sessions
            .iter_mut()
            .find(|s| s.as_ref().is_some_and(|s| s.id() == id));
        let Some(mut session) = place.and_then(Option::take) else {
            return no_such_session(port, id, tools);
        };
        if !session.parked
            && let Some(registry) = tools.media
        {
            let _ = unwatch(registry, &session);
        }
        session.publish(&self.counters);
        self.open -= 1;
        self.counters.sessions.set(self.open as i64);
        if self.bridged == Some(id) {
            self.bridge(None);
        }
        let why = Returned::Removed;
        if let Err(report) = tools
            .reports
            .push(LineReport::SessionReturned { port, session, why })
        {
            // Room was seen before the order was accepted, so this cannot be; a leak is still better than a free here.
            std::mem::forget(report);
        }
    }

    fn report_pending(&mut self, tools: &mut Tools<'_>) {
        while let Some(event) = self.pending.front().copied() {
            let port = self.index;
            if tools
                .reports
                .push(LineReport::Line { port, event })
                .is_err()
            {
                self.counters.events_held.add(1);
                return;
            }
            self.pending.pop_front();
        }
    }
}

/// Time from one moment to a later one, µs.
pub(super) fn us(later: Time, earlier: Time) -> u64 {
    u64::try_from(later.saturating_since(earlier).as_micros()).unwrap_or(u64::MAX)
}

/// Token of a lane's socket; [`card_token`] is the card's.
fn token(number: usize, slot: usize) -> Token {
    Token(number * (SESSIONS + 1) + 1 + slot)
}

fn card_token(number: usize) -> Token {
    Token(number * (SESSIONS + 1))
}

/// The lane of a token, and its session slot, or none for the card.
pub(super) fn of_token(token: Token) -> (usize, Option<usize>) {
    let slot = token.0 % (SESSIONS + 1);
    (token.0 / (SESSIONS + 1), slot.checked_sub(1))
}

fn watch(registry: &Registry, session: &MediaSession, token: Token) -> Result<(), i32> {
    let fd = session.descriptor();
    let registered = registry.register(&mut SourceFd(&fd), token, Interest::READABLE);
    registered.map_err(|e| e.raw_os_error().unwrap_or(0))
}

fn unwatch(registry: &Registry, session: &MediaSession) -> Result<(), i32> {
    let fd = session.descriptor();
    let deregistered = registry.deregister(&mut SourceFd(&fd));
    deregistered.map_err(|e| e.raw_os_error().unwrap_or(0))
}

fn no_such_session(port: PortIndex, session: SessionId, tools: &mut Tools<'_>) {
    let _ = tools
        .reports
        .push(LineReport::NoSuchSession { port, session });
}

#[allow(
    clippy::too_many_arguments,
    reason = "the parts of a lane that are borrowed apart"
)]
fn network_digit(
    chain: &mut Chain,
    reports: &mut Reports,
    counters: &PortCounters,
    port: PortIndex,
    session: SessionId,
    bridged: bool,
    now: Time,
    digit: NetworkDigit,
) {
    if bridged {
        let (key, on) = match digit {
            NetworkDigit::On { digit, .. } => (digit, true),
            NetworkDigit::Off { digit, .. } => (digit, false),
        };
        let key = u8::try_from(key.as_char()).unwrap_or(b'0');
        chain.command(ChainCommand::PlayDigit { digit: key, on });
    }
    let at = now.since_epoch();
    let report = LineReport::NetworkDigit {
        port,
        session,
        at,
        digit,
    };
    if reports.push(report).is_err() {
        counters.reports_lost.add(1);
    }
}
