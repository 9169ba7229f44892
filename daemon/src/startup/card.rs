//! The card that the configuration names.

use std::os::fd::AsFd;

use std::sync::Arc;

use tipring_config::{Card, Config, SimCard};
use tipring_ctl::report as ctl;
use tipring_dsp::{Chain, ChainConfig};
use tipring_hal::absent::Absent;
use tipring_hal::port::{Law, LinePort};
use tipring_hal::sim::{self, SimConfig, SimPortConfig};

use super::StartupError;
use crate::cards::{CardSource, Dahdi};
use crate::line::LinePortSpec;

/// Ports of the card, and what drives them.
pub(super) struct Built {
    /// In order of channel; stand-ins where they come from `source`.
    pub(super) ports: Vec<Box<dyn LinePort>>,
    /// What its clock raises once a block.
    pub(super) clocks: Vec<std::os::fd::OwnedFd>,
    /// What runs it, if it is simulated.
    pub(super) world: Option<sim::World>,
    /// Opens the ports one by one, if that is the card's way.
    pub(super) source: Option<Arc<dyn CardSource>>,
    /// For status.
    pub(super) report: ctl::CardReport,
}

/// Builds the configured card.
pub(super) fn build(config: &Config) -> Result<Built, StartupError> {
    match &config.card {
        Card::Dahdi(card) => {
            let last = config.ports.iter().map(|p| p.channel).max().unwrap_or(0);
            let absent = || Box::new(stand_in(config)) as Box<dyn LinePort>;
            Ok(Built {
                ports: (0..last).map(|_| absent()).collect(),
                clocks: vec![],
                world: None,
                source: Some(Arc::new(Dahdi {
                    buffers: card.buffers,
                })),
                report: ctl::CardReport {
                    driver: "dahdi".into(),
                    description: "channels of DAHDI cards".into(),
                    block_ms: config.line_thread.block_ms,
                    ..ctl::CardReport::default()
                },
            })
        }
        Card::Sim(card) => {
            let block_len = usize::from(config.line_thread.block_ms) * 8;
            let built = sim::build(&sim_config(card, block_len))
                .map_err(|e| StartupError::Sim(e.to_string()))?;
            let clock = built.clock.as_fd().try_clone_to_owned()?;
            Ok(Built {
                ports: built
                    .ports
                    .into_iter()
                    .map(|p| Box::new(p) as Box<dyn LinePort>)
                    .collect(),
                clocks: vec![clock],
                world: Some(built.world),
                source: None,
                report: ctl::CardReport {
                    driver: "sim".into(),
                    description: "simulated card with analog phones and fax machines".into(),
                    ports: card.ports,
                    block_ms: config.line_thread.block_ms,
                    ..ctl::CardReport::default()
                },
            })
        }
    }
}

/// Lanes for ports that a reload adds, made at start because the line thread makes none later.
pub(super) const SPARE_LANES: usize = 16;

/// What has the place of a card that is not there.
pub(super) fn stand_in(config: &Config) -> Absent {
    Absent::new(Law::Mu, usize::from(config.line_thread.block_ms) * 8)
}

/// A lane without a card, a port or an echo canceller: the port that takes it brings the chain of its own plan
/// (`control/reload`), and until then it is silent.
pub(super) fn spare_lane(config: &Config) -> Result<LinePortSpec, StartupError> {
    let port = stand_in(config);
    let chain = Chain::new(&ChainConfig::new(tipring_dsp::Law::Mu, port.block_len()));
    let chain = chain.map_err(|cause| StartupError::Chain { port: 0, cause })?;
    let port = Box::new(port);
    Ok(LinePortSpec { port, chain })
}

fn sim_config(card: &SimCard, block_len: usize) -> SimConfig {
    let mut port = SimPortConfig::default();
    port.hybrid.trans_hybrid_loss_db = card.hybrid_loss_db as f32;
    port.hybrid.echo_delay_us = (card.echo_delay_ms * 1000.0) as u32;
    port.hybrid.noise_dbm0 = card.noise_dbm0.map(|db| db as f32);
    SimConfig {
        ports: vec![port; usize::from(card.ports)],
        law: Law::Mu,
        block_len,
        ..SimConfig::new(0)
    }
}
