//! The card with all its lines, moved block by block.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::clock::CardClock;
use super::config::{HybridConfig, SimConfig};
use super::event::SimEvent;
use super::files;
use super::line::Line;
use super::port::SimPort;
use super::request::{Audio, SimAction, SimError, SimReply, SimRequest};

use super::wires::wire;
use crate::port::MAX_BLOCK_LEN;

/// Events kept until [`World::take_events`]; older ones are lost.
const EVENTS_KEPT: usize = 4096;

/// What [`build`] makes.
pub struct Sim {
    /// The card, copper and sets: step it or spawn it.
    pub world: World,
    /// What the line thread holds, in the order of the configuration.
    pub ports: Vec<SimPort>,
    /// What the line thread polls.
    pub clock: CardClock,
}

/// Kernel, card, copper and sets of a simulated card.
pub struct World {
    lines: Vec<Line>,
    clock: CardClock,
    block_len: usize,
    now: Duration,
    events: VecDeque<SimEvent>,
}

/// Builds a card; it stands still until it is stepped or spawned.
///
/// # Errors
/// [`SimError::BadValue`] for a configuration that cannot be, [`SimError::Engine`] when the system
/// refuses.
pub fn build(config: &SimConfig) -> Result<Sim, SimError> {
    range("block-len", config.block_len, 8, MAX_BLOCK_LEN, "8 to 240")?;
    range(
        "blocks-buffered",
        config.blocks_buffered,
        2,
        1024,
        "2 to 1024",
    )?;
    range(
        "events-buffered",
        config.events_buffered,
        4,
        4096,
        "4 to 4096",
    )?;
    let clock = CardClock::new().map_err(|error| SimError::Engine {
        what: "its clock",
        reason: error.to_string(),
    })?;
    let mut lines = Vec::with_capacity(config.ports.len());
    let mut ports = Vec::with_capacity(config.ports.len());
    for (index, port) in config.ports.iter().enumerate() {
        check_hybrid(&port.hybrid)?;
        let (ends, card_ends) = wire(config.blocks_buffered, config.events_buffered);
        let mut capabilities = port.capabilities;
        capabilities.decodes_flash_and_pulse = port.decode.is_some();
        ports.push(SimPort {
            law: config.law,
            block_len: config.block_len,
            capabilities,
            events_block_audio: config.events_block_audio,
            ends,
            clock: clock.clone(),
        });
        let seed = config
            .seed
            .wrapping_mul(0x1000_0001)
            .wrapping_add(index as u64);
        lines.push(Line::new(index, config, port, seed, card_ends)?);
    }
    let world = World {
        lines,
        clock: clock.clone(),
        block_len: config.block_len,
        now: Duration::ZERO,
        events: VecDeque::new(),
    };
    Ok(Sim {
        world,
        ports,
        clock,
    })
}

impl World {
    /// Moves everything by exactly one block that ends at `now`, and raises the clock.
    ///
    /// Events within the block are stamped `now` minus what of the block is left after them. `now`
    /// should grow by [`World::block_time`] from call to call; nothing else is read from it.
    pub fn step(&mut self, now: Duration) {
        self.step_raised(now, || now);
    }

    /// As [`World::step`]; the clock says that the block was complete when `raised` is asked, after everything moved.
    pub(super) fn step_raised(&mut self, now: Duration, raised: impl FnOnce() -> Duration) {
        self.now = now;
        let start = now.saturating_sub(self.block_time());
        for line in &mut self.lines {
            line.step(start, now, &mut self.events);
        }
        let excess = self.events.len().saturating_sub(EVENTS_KEPT);
        self.events.drain(..excess);
        self.clock.raise(raised());
    }

    /// Length of a block.
    pub fn block_time(&self) -> Duration {
        Duration::from_micros(125 * self.block_len as u64)
    }

    /// How many ports there are.
    pub fn port_count(&self) -> usize {
        self.lines.len()
    }

    /// What the sets have noticed since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<SimEvent> {
        self.events.drain(..).collect()
    }

    /// Does what is asked; takes effect with the next block.
    ///
    /// # Errors
    /// [`SimError`]; nothing has changed then.
    pub fn request(&mut self, request: SimRequest) -> Result<SimReply, SimError> {
        self.apply(prepare(request)?)
    }

    pub(super) fn apply(&mut self, prepared: Prepared) -> Result<SimReply, SimError> {
        let ports = self.lines.len();
        let no_such = |port| SimError::NoSuchPort { port, ports };
        let now = self.now;
        match prepared.request {
            SimRequest::Snapshot { port: None } => Ok(SimReply::Snapshot(
                self.lines
                    .iter_mut()
                    .map(|line| line.snapshot(now))
                    .collect(),
            )),
            SimRequest::Snapshot { port: Some(port) } => {
                let line = self.lines.get_mut(port).ok_or_else(|| no_such(port))?;
                Ok(SimReply::Snapshot(vec![line.snapshot(now)]))
            }
            SimRequest::Port { port, action } => {
                let line = self.lines.get_mut(port).ok_or_else(|| no_such(port))?;
                let pages = prepared.pages;
                line.act(action, pages, now, &mut self.events)
            }
        }
    }
}

/// A request whose files have been read.
pub(super) struct Prepared {
    request: SimRequest,
    /// Pages of the file to send.
    pages: u32,
}

/// Reads files and checks values, in the thread of the caller.
pub(super) fn prepare(request: SimRequest) -> Result<Prepared, SimError> {
    let SimRequest::Port { port, action } = request else {
        return Ok(Prepared { request, pages: 0 });
    };
    let mut pages = 0;
    let action = match action {
        SimAction::Play {
            audio: Audio::Wav(path),
            repeat,
        } => SimAction::Play {
            audio: Audio::Samples(Arc::from(files::load_wav(&path)?)),
            repeat,
        },
        SimAction::SendFax(order) => {
            pages = files::tiff_pages(&order.tiff)?;
            SimAction::SendFax(order)
        }
        SimAction::ReceiveFax(order) => {
            let folder = order
                .tiff
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder
                && !folder.is_dir()
            {
                let cure = "make its folder, or choose another file";
                return Err(files::fail(&order.tiff, &"its folder does not exist", cure));
            }
            SimAction::ReceiveFax(order)
        }
        SimAction::SetHybrid(hybrid) => {
            check_hybrid(&hybrid)?;
            SimAction::SetHybrid(hybrid)
        }
        other => other,
    };
    let request = SimRequest::Port { port, action };
    Ok(Prepared { request, pages })
}

fn check_hybrid(hybrid: &HybridConfig) -> Result<(), SimError> {
    let bad = |what, value: String, accepted| {
        Err(SimError::BadValue {
            what,
            value,
            accepted,
        })
    };
    let loss = hybrid.trans_hybrid_loss_db;
    if !(0.0..=100.0).contains(&loss) {
        return bad("the trans-hybrid loss in dB", loss.to_string(), "0 to 100");
    }
    if hybrid.echo_delay_us > 100_000 {
        let value = hybrid.echo_delay_us.to_string();
        return bad("the echo delay in µs", value, "0 to 100000");
    }
    let finite = hybrid.echo_shape.iter().all(|tap| tap.is_finite());
    if hybrid.echo_shape.len() > 512 || !finite {
        let value = format!("{} values", hybrid.echo_shape.len());
        return bad("the echo shape", value, "at most 512 finite values");
    }
    for loss in [hybrid.loss_to_set_db, hybrid.loss_from_set_db] {
        if !(-20.0..=100.0).contains(&loss) {
            return bad("the line loss in dB", loss.to_string(), "-20 to 100");
        }
    }
    match hybrid.noise_dbm0 {
        Some(noise) if !(-120.0..=0.0).contains(&noise) => {
            bad("the line noise in dBm0", noise.to_string(), "-120 to 0")
        }
        _ => Ok(()),
    }
}

fn range(
    what: &'static str,
    value: usize,
    low: usize,
    high: usize,
    accepted: &'static str,
) -> Result<(), SimError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SimError::BadValue {
        what,
        value: value.to_string(),
        accepted,
    })
}
