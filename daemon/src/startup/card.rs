//! The card that the configuration names.

use std::os::fd::AsFd;

use tipring_config::{Card, Config, SimCard};
use tipring_ctl::report as ctl;
use tipring_hal::port::{Law, LinePort};
use tipring_hal::sim::{self, SimConfig, SimPortConfig};

use super::StartupError;

/// Ports of the card, and what drives them.
pub(super) struct Built {
    /// In order of channel.
    pub(super) ports: Vec<Box<dyn LinePort>>,
    /// What its clock raises once a block.
    pub(super) clocks: Vec<std::os::fd::OwnedFd>,
    /// What runs it, if it is simulated.
    pub(super) world: Option<sim::World>,
    /// For status.
    pub(super) report: ctl::CardReport,
}

/// Builds the configured card.
pub(super) fn build(config: &Config) -> Result<Built, StartupError> {
    match &config.card {
        Card::Dahdi => Err(StartupError::NoDriver),
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
                report: ctl::CardReport {
                    driver: "sim".into(),
                    description: "simulated card with analog sets and fax machines".into(),
                    ports: card.ports,
                    block_ms: config.line_thread.block_ms,
                },
            })
        }
    }
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
