//! From a checked configuration to a running gateway: card, line threads, control socket, control task.

mod card;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tipring_config::{Config, Realtime};
use tipring_ctl::report as ctl;
use tipring_ctl::words::{self, Whose};
use tipring_hal::port::LinePort;
use tipring_hal::sim::WorldHandle;
use tipring_proto::finding::Finding;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::control::claim::{self, Claim};
use crate::control::seat::{self, CardFacts, ChainPlan, Seat};
use crate::control::{
    Cards, Clock, Facts, Gateway, HistoryDesk, Lanes, Lines, PortUnit, ServerBook, SimDesk, socket,
};
use crate::identity::Identity;
use crate::line::{self, EngineConfig, LineConfig, LinePortSpec, PortIndex, StartReport};
use crate::settings;

/// Queries of control clients that may wait.
const QUERIES: usize = 64;

/// Threads that may wait for files and for the drivers of cards; ones that never answer must not use up all of them.
const BLOCKING: usize = 128;
/// Stack of such a thread. The memory is locked, so it is not the usual 2 MB.
const STACK: usize = 1024 * 1024;
/// How long the end waits for a driver.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Why the gateway does not start. Every text names the thing, the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The simulated card.
    #[error("the simulated card cannot start: {0}")]
    Sim(String),
    /// A port's chain.
    #[error("port {port}: {cause}")]
    Chain {
        /// Port number.
        port: u16,
        /// Why.
        cause: tipring_dsp::ChainError,
    },
    /// A country's tones.
    #[error(transparent)]
    Plan(#[from] crate::control::PlanError),
    /// The line threads.
    #[error(transparent)]
    Line(#[from] line::StartError),
    /// Realtime was required and is refused.
    #[error(
        "[line-thread] realtime = \"required\", but {0}; run under the systemd unit (CAP_SYS_NICE, LimitRTPRIO), or \
         set it to \"auto\""
    )]
    NotRealtime(String),
    /// The control socket.
    #[error(transparent)]
    Socket(#[from] socket::SocketError),
    /// The RTP port range.
    #[error("[media] rtp-ports holds no even port; widen it")]
    NoRtpPorts,
    /// Anything of the system.
    #[error(
        "the system refused what the daemon runs on: {0}; look at its limits (open files, threads, memory)"
    )]
    System(#[from] std::io::Error),
}

/// Runs the gateway until it is stopped, with its control socket at `socket` rather than where the
/// configuration has it. Blocks; call it outside any runtime.
pub fn run(
    config: Config,
    socket: Option<PathBuf>,
    identity: Identity,
) -> Result<(), StartupError> {
    let socket = socket.unwrap_or_else(|| config.control.socket.clone());
    // Before anything that another daemon may be using.
    let claim = claim::claim(&socket)?;
    let config = Arc::new(config);
    let built = card::build(&config)?;
    let mut specs = vec![];
    let mut places = vec![]; // for each configured port: place at the line thread
    let mut sim_places = vec![];
    let mut cards_known: Vec<Option<CardFacts>> = vec![];
    let mut cards: Vec<Option<Box<dyn LinePort>>> = built.ports.into_iter().map(Some).collect();
    for port in &config.ports {
        let channel = usize::from(port.channel).saturating_sub(1);
        let card = cards
            .get_mut(channel)
            .filter(|_| port.enabled)
            .and_then(Option::take);
        sim_places.push((port.id.0, card.as_ref().map(|_| channel)));
        let Some(card) = card else {
            places.push(None);
            cards_known.push(None);
            continue;
        };
        let facts = CardFacts::of(card.as_ref());
        let chain = ChainPlan::new(&config, port, &facts).build();
        let chain = chain.map_err(|cause| StartupError::Chain {
            port: port.id.0,
            cause,
        })?;
        cards_known.push(Some(facts));
        places.push(u16::try_from(specs.len()).ok().map(PortIndex));
        specs.push(LinePortSpec { port: card, chain });
    }
    let first_spare = specs.len();
    for _ in 0..card::SPARE_LANES {
        specs.push(card::spare_lane(&config)?);
    }
    let line = line_config(&config, specs.len());
    let (line_threads, report) = line::spawn(specs, built.clocks, &line)?;
    let (realtime, findings) = line_threads_started(&config, &report)?;
    let now = Clock.now();
    let servers = ServerBook::new(&config.callmanager.servers);
    let mut units = vec![];
    for (n, port) in config.ports.iter().enumerate() {
        let line = places.get(n).copied().flatten();
        let seat = Seat {
            line,
            counters: line
                .and_then(|p| line_threads.port_counters(p))
                .map(Arc::clone)
                .unwrap_or_default(),
            card: cards_known.get(n).copied().flatten(),
            fault: None,
        };
        let unit = seat::unit(&config, port, n, servers.list(), seat)?;
        units.push(PortUnit::new(unit, Arc::clone(&config), now));
    }
    let facts = Facts {
        started: now,
        card: built.report,
        realtime,
        shards: report
            .shards
            .iter()
            .map(|s| s.ports.start.0..s.ports.end.0)
            .collect(),
        findings,
    };
    let world = match built.world {
        Some(world) => Some(Arc::new(
            world
                .spawn_at(line_priority(&config).saturating_sub(1))
                .map_err(|e| StartupError::Sim(e.to_string()))?,
        )),
        None => None,
    };
    let fixed = built.source.is_none();
    let opened = match built.source {
        None => Cards::fixed(),
        Some(source) => {
            let lanes = config.ports.iter().zip(places).zip(cards_known);
            let wants = lanes.filter_map(|((port, line), facts)| {
                Some((line?, settings::want(&config, port), facts?))
            });
            Cards::opened_one_by_one(source, wants, now)
        }
    };
    let spares = (first_spare..first_spare + card::SPARE_LANES)
        .filter_map(|n| {
            let line = PortIndex(u16::try_from(n).ok()?);
            Some(Seat {
                line: Some(line),
                counters: line_threads.port_counters(line).map(Arc::clone)?,
                card: Some(CardFacts::of(&card::stand_in(&config))),
                fault: None,
            })
        })
        .collect();
    // Cards that are opened one by one have their ports elsewhere: these are stand-ins.
    let unused = (1..).zip(cards).filter(|_| fixed);
    let unused = unused.filter_map(|(n, card)| Some((n, card?)));
    let lanes = Lanes::new(spares, unused.collect());
    let rtp = settings::rtp_ports(&config).ok_or(StartupError::NoRtpPorts)?;
    let desk = Desk {
        socket,
        claim,
        world,
        places: sim_places,
        identity,
    };
    let lines = Lines::new(line_threads, opened, lanes, rtp);
    serve(config, facts, units, servers, lines, desk)
}

struct Desk {
    socket: PathBuf,
    claim: Claim,
    world: Option<Arc<WorldHandle>>,
    places: Vec<(u16, Option<usize>)>,
    identity: Identity,
}

fn serve(
    config: Arc<Config>,
    facts: Facts,
    units: Vec<PortUnit>,
    servers: ServerBook,
    lines: Lines,
    desk: Desk,
) -> Result<(), StartupError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .thread_stack_size(STACK)
        .build()?;
    let local = tokio::task::LocalSet::new();
    let result = local.block_on(&runtime, async move {
        let path = desk.socket;
        let listener = socket::bind(&path, config.control.group.as_deref(), &desk.claim)?;
        info!(socket = %path.display(), ports = units.len(), "tipringd is up");
        let (queries, asked) = mpsc::channel(QUERIES);
        let sim = SimDesk::new(desk.world, desk.places);
        let server = tokio::task::spawn_local(socket::serve(listener, queries, sim.clone()));
        let history = HistoryDesk::start(&config, &path);
        let gateway = Gateway::new(config, facts, units, servers, lines, sim, desk.identity);
        let gateway = gateway.with_history(history);
        let result = gateway.run(asked).await;
        server.abort();
        // A socket without a daemon only confuses.
        let _ = std::fs::remove_file(&path);
        info!("tipringd is down");
        result.map_err(StartupError::from)
    });
    drop(local);
    // A card's driver that never answers does not hold up the end.
    runtime.shutdown_timeout(LAST_ANSWER);
    result
}

/// SCHED_FIFO priority of the line thread, 0 for none; the simulated card has the next lower one, being hardware to it.
fn line_priority(config: &Config) -> u8 {
    match config.line_thread.realtime {
        Realtime::Off => 0,
        Realtime::Auto | Realtime::Required => config.line_thread.priority,
    }
}

fn line_config(config: &Config, ports: usize) -> LineConfig {
    let l = &config.line_thread;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    LineConfig {
        shards: match l.shards {
            0 => shards_for(ports, processors),
            wanted => usize::from(wanted),
        },
        priority: line_priority(config),
        lock_memory: l.lock_memory,
        engine: EngineConfig {
            prefill_blocks: u8::try_from(l.prefill_blocks).unwrap_or(u8::MAX),
            ..EngineConfig::default()
        },
        ..LineConfig::default()
    }
}

/// Ports of one line thread: talking all at once they keep a third of a processor busy.
const PORTS_OF_A_SHARD: usize = 250;

/// As many line threads as the ports need. Under SCHED_FIFO a thread that falls behind would leave its processor to nobody
/// else, so control, interrupts and the rest of the machine keep one.
fn shards_for(ports: usize, processors: usize) -> usize {
    let most = processors.saturating_sub(1).max(1);
    ports.div_ceil(PORTS_OF_A_SHARD).clamp(1, most)
}

/// Reports once how the line threads started.
fn line_threads_started(
    config: &Config,
    report: &StartReport,
) -> Result<(Vec<ctl::RealtimeReport>, Vec<Finding>), StartupError> {
    let mut findings = vec![];
    let locked = match &report.memory_locked {
        Some(Err(error)) => {
            note(
                &mut findings,
                Finding::MemoryNotLocked {
                    reason: error.to_string(),
                },
            );
            Some(error.to_string())
        }
        _ => None,
    };
    let mut threads = vec![];
    for shard in &report.shards {
        let mut thread = ctl::RealtimeReport {
            memory_locked: matches!(report.memory_locked, Some(Ok(()))),
            refused: locked.clone(),
            ..ctl::RealtimeReport::default()
        };
        match &shard.realtime {
            Some(Ok(priority)) => {
                thread.scheduling = ctl::Scheduling::Fifo;
                thread.priority = *priority;
            }
            Some(Err(error)) => {
                if config.line_thread.realtime == Realtime::Required {
                    return Err(StartupError::NotRealtime(error.to_string()));
                }
                thread.refused = Some(error.to_string());
                note(
                    &mut findings,
                    Finding::NoRealtimePriority {
                        reason: error.to_string(),
                    },
                );
            }
            None => {}
        }
        threads.push(thread);
    }
    Ok((threads, findings))
}

/// Notes and logs a finding, once.
fn note(findings: &mut Vec<Finding>, finding: Finding) {
    if findings.contains(&finding) {
        return;
    }
    let words = words::finding(&finding, Whose(&[]));
    warn!(code = finding.code(), cure = words.cure, "{}", words.what());
    findings.push(finding);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_threads_grow_with_the_ports_and_leave_a_processor_to_the_rest() {
        let shards = [
            (0, 4),
            (48, 4),
            (250, 4),
            (251, 4),
            (1000, 4),
            (1000, 2),
            (1000, 1),
        ];
        let shards = shards.map(|(ports, processors)| shards_for(ports, processors));
        assert_eq!(shards, [1, 1, 1, 2, 3, 1, 1]);
    }
}
