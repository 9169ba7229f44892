//! One port as the configuration has it: its chain for the line thread, its unit for control.
//!
//! Owns: what a port is made of, at start and when the configuration is read again. Leaves to others: which lane of
//! the line thread serves it, and when what was read again may be used.

use std::sync::Arc;

use tipring_config::{Config, FaxIdentities, Port};
use tipring_dsp::{CancellerConfig, Chain, ChainConfig, ChainError, LineEchoCanceller};
use tipring_hal::port::{Capabilities, Law, LineFault, LinePort};

use super::media::LegSettings;
use super::port::PortUnitConfig;
use super::sound::{Plan, PlanError};
use crate::line::{PortCounters, PortIndex};
use crate::settings;

/// Where a port's line is; the default is a port without one.
#[derive(Clone, Debug, Default)]
pub struct Seat {
    /// Its lane at the line thread; none: disabled, or not on the card.
    pub line: Option<PortIndex>,
    /// What the line thread counts for it.
    pub counters: Arc<PortCounters>,
    /// Its card.
    pub card: Option<CardFacts>,
    /// What is wrong with its line, as last reported.
    pub fault: Option<LineFault>,
}

/// What is known of a port of a card, once the line thread has it.
#[derive(Clone, Copy, Debug)]
pub struct CardFacts {
    /// What it can do.
    pub capabilities: Capabilities,
    /// Law of its bytes.
    pub law: Law,
    /// Samples of its blocks.
    pub block_len: usize,
}

impl CardFacts {
    /// Of this port.
    pub(crate) fn of(card: &dyn LinePort) -> CardFacts {
        CardFacts {
            capabilities: card.capabilities(),
            law: card.law(),
            block_len: card.block_len(),
        }
    }
}

/// A signal chain as the configuration wants it: two equal plans make chains that do the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainPlan {
    chain: ChainConfig,
    echo: Option<CancellerConfig>,
}

impl ChainPlan {
    /// The chain of a port on this card.
    pub(crate) fn new(config: &Config, port: &Port, card: &CardFacts) -> ChainPlan {
        ChainPlan {
            chain: settings::chain(config, port, card.law, card.block_len),
            echo: settings::canceller(port),
        }
    }

    /// Makes the chain; it allocates, so not in the line thread.
    pub(crate) fn build(&self) -> Result<Chain, ChainError> {
        match self.echo {
            None => Chain::new(&self.chain),
            Some(canceller) => {
                Chain::with_echo_canceller(&self.chain, Box::new(LineEchoCanceller::new(canceller)))
            }
        }
    }
}

impl Seat {
    /// What control's units know of it.
    pub(crate) fn capabilities(&self) -> Option<Capabilities> {
        self.card.map(|card| card.capabilities)
    }
}

/// What control's unit of a port is made of; `place` is its place among all ports, for the order of
/// registration, `servers` are the numbers of its CallManagers.
pub(crate) fn unit(
    config: &Config,
    port: &Port,
    place: usize,
    servers: &[usize],
    seat: Seat,
) -> Result<PortUnitConfig, PlanError> {
    Ok(PortUnitConfig {
        station: settings::station(config, port, place, servers),
        call: settings::call_logic(config, port, seat.capabilities()),
        chain: seat.card.map(|card| ChainPlan::new(config, port, &card)),
        plan: plan(port)?,
        legs: legs(config, port),
        seat,
        settings: port.clone(),
    })
}

/// What its media legs have in common.
fn legs(config: &Config, port: &Port) -> LegSettings {
    LegSettings {
        hide_identities: config.history.fax_identities == FaxIdentities::Hide,
        block: config.line_thread.block_ms * 8,
        jitter_min_ms: config.media.jitter_min_ms,
        jitter_max_ms: config.media.jitter_max_ms,
        jitter_fixed_ms: config.media.jitter_fixed_ms,
        data_port: settings::is_data_port(port),
        redundancy: port.line.redundancy,
        redundancy_payload_type: config.media.redundancy_payload_type,
        sources: config.media.rtp_source,
        dscp: config.media.dscp_media,
        vad: port.line.vad,
        rtcp: port.line.rtcp,
        pass_data: port.line.fax_pass_through,
        fax: settings::fax(config, port),
    }
}

fn plan(port: &Port) -> Result<Plan, PlanError> {
    let plan = Plan::new(&port.country, port.caller_id)?;
    Ok(if port.line.call_waiting_tone {
        plan
    } else {
        plan.without_call_waiting()
    })
}
