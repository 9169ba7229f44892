//! The card with all its lines, moved block by block.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::clock::CardClock;
use super::config::{HybridConfig, SimConfig};
use super::event::SimEvent;
use super::files;
use super::line::Line;
use super::paper::Paper;
use super::port::SimPort;
use super::recorder::{Answer, Recorder, Target};
use super::request::{Audio, SimAction, SimError, SimReply, SimRequest};

use super::wires::wire;
use crate::port::MAX_BLOCK_LEN;

/// Events kept until [`World::take_events`]; older ones are lost.
const EVENTS_KEPT: usize = 4096;

/// What [`build`] makes.
pub struct Sim {
    /// The card, copper and phones: step it or spawn it.
    pub world: World,
    /// What the line thread holds, in the order of the configuration.
    pub ports: Vec<SimPort>,
    /// What the line thread polls.
    pub clock: CardClock,
}

/// Kernel, card, copper and phones of a simulated card.
pub struct World {
    lines: Vec<Line>,
    clock: CardClock,
    block_len: usize,
    now: Duration,
    events: VecDeque<SimEvent>,
}

/// Builds a card; it does nothing until it is stepped or spawned.
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
            tester: crate::linetest::Tester::default(),
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

    /// What the phones have noticed since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<SimEvent> {
        self.events.drain(..).collect()
    }

    /// Does what is asked; takes effect with the next block.
    ///
    /// # Errors
    /// [`SimError`]; nothing has changed then.
    pub fn request(&mut self, request: SimRequest) -> Result<SimReply, SimError> {
        match self.apply(prepare(request)?)? {
            Applied::Reply(reply) => Ok(reply),
            Applied::Finish(recorder) => {
                let (answer, answered) = sync_channel(1);
                recorder.finish(Box::new(move |result| {
                    let _ = answer.try_send(result);
                }));
                answered.recv().unwrap_or(Err(SimError::Stopped))
            }
        }
    }

    /// Records a line from now on.
    #[cfg(test)]
    pub(super) fn record(&mut self, port: usize, recorder: Recorder) {
        if let Some(line) = self.lines.get_mut(port) {
            line.record(recorder);
        }
    }

    pub(super) fn apply(&mut self, prepared: Prepared) -> Result<Applied, SimError> {
        let ports = self.lines.len();
        let no_such = |port| SimError::NoSuchPort { port, ports };
        let now = self.now;
        match prepared.request {
            SimRequest::Snapshot { port: None } => Ok(Applied::Reply(SimReply::Snapshot(
                self.lines
                    .iter_mut()
                    .map(|line| line.snapshot(now))
                    .collect(),
            ))),
            SimRequest::Snapshot { port: Some(port) } => {
                let line = self.lines.get_mut(port).ok_or_else(|| no_such(port))?;
                Ok(Applied::Reply(SimReply::Snapshot(vec![line.snapshot(now)])))
            }
            SimRequest::Port { port, action } => {
                let line = self.lines.get_mut(port).ok_or_else(|| no_such(port))?;
                line.act(action, prepared.files, now, &mut self.events)
            }
        }
    }
}

/// What came of a request.
pub(super) enum Applied {
    Reply(SimReply),
    /// A recording has ended; its file is still to be completed, which may take a disk's time.
    Finish(Recorder),
}

impl Applied {
    /// Answers, at once or when the file is complete. Never waits.
    pub(super) fn answer(applied: Result<Applied, SimError>, answer: Answer) {
        match applied {
            Ok(Applied::Reply(reply)) => answer(Ok(reply)),
            Ok(Applied::Finish(recorder)) => recorder.finish(answer),
            Err(error) => answer(Err(error)),
        }
    }
}

/// A request whose files are open or have been read.
pub(super) struct Prepared {
    request: SimRequest,
    files: Files,
}

/// The files of a request.
#[derive(Default)]
pub(super) struct Files {
    /// To be recorded into.
    pub(super) wav: Option<Target>,
    /// To be sent, and its number of pages; or to be written on.
    pub(super) paper: Option<(Paper, u32)>,
}

/// Opens and reads files and checks values, in the thread of the caller.
pub(super) fn prepare(request: SimRequest) -> Result<Prepared, SimError> {
    let SimRequest::Port { port, action } = request else {
        return Ok(Prepared {
            request,
            files: Files::default(),
        });
    };
    let mut given = Files::default();
    let action = match action {
        SimAction::Play {
            audio: Audio::Wav(path),
            repeat,
        } => SimAction::Play {
            audio: Audio::Samples(Arc::from(files::load_wav(&path)?)),
            repeat,
        },
        SimAction::SendFax(order) => {
            given.paper = Some(Paper::copy(&order.tiff)?);
            SimAction::SendFax(order)
        }
        SimAction::ReceiveFax(order) => {
            files::writable(&order.tiff)?;
            given.paper = Some((Paper::blank()?, 0));
            SimAction::ReceiveFax(order)
        }
        SimAction::StartRecording { wav: Some(wav) } => {
            given.wav = Some(Target::open(wav.clone())?);
            SimAction::StartRecording { wav: Some(wav) }
        }
        SimAction::SetHybrid(hybrid) => {
            check_hybrid(&hybrid)?;
            SimAction::SetHybrid(hybrid)
        }
        other => other,
    };
    let request = SimRequest::Port { port, action };
    Ok(Prepared {
        request,
        files: given,
    })
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
