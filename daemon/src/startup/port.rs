//! One port as the configuration has it: its chain for the line thread, its unit for control.
//!
//! Owns: what a port is made of, at start and when the configuration is read again. Leaves to others: which lane of
//! the line thread serves it, and when what was read again may be used.

use std::sync::Arc;

use tipring_config::{Config, Port, Profile};
use tipring_dsp::{Chain, EchoSuppressor};
use tipring_hal::port::{Capabilities, LinePort};
use tipring_proto::rtp::FilterPolicy;

use super::StartupError;
use crate::control::{LegSettings, Plan, PlanError, PortUnitConfig};
use crate::line::{PortCounters, PortIndex};
use crate::settings;

/// Where a port's line is; the default is a port without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seat {
    /// Its lane at the line thread; none: disabled, or not on the card.
    pub(crate) line: Option<PortIndex>,
    /// What the line thread counts for it.
    pub(crate) counters: Arc<PortCounters>,
    /// What its card can do.
    pub(crate) capabilities: Option<Capabilities>,
}

/// The signal chain of a port, for its card.
pub(super) fn chain(
    config: &Config,
    port: &Port,
    card: &dyn LinePort,
) -> Result<Chain, StartupError> {
    let chain = settings::chain(config, port, card.law(), card.block_len());
    let made = match port.profile {
        // Fax machines take turns; until there is a canceller, their echo is cut off.
        Profile::Fax => Chain::with_echo_canceller(&chain, Box::<EchoSuppressor>::default()),
        _ => Chain::new(&chain),
    };
    made.map_err(|cause| StartupError::Chain {
        port: port.id.0,
        cause,
    })
}

/// What control's unit of a port is made of; `place` is its place among all ports, for the order of registration.
pub(crate) fn unit(
    config: &Config,
    port: &Port,
    place: usize,
    seat: Seat,
) -> Result<PortUnitConfig, PlanError> {
    Ok(PortUnitConfig {
        station: settings::station(config, port, place),
        call: settings::call_logic(config, port, seat.capabilities),
        plan: plan(port)?,
        legs: legs(config, port),
        line: seat.line,
        counters: seat.counters,
        capabilities: seat.capabilities,
        settings: port.clone(),
    })
}

/// What its media legs have in common.
fn legs(config: &Config, port: &Port) -> LegSettings {
    let (jitter_min_ms, jitter_max_ms) = settings::jitter(config, port);
    LegSettings {
        block: config.line_thread.block_ms * 8,
        jitter_min_ms,
        jitter_max_ms,
        filter: if config.media.accept_before_start {
            FilterPolicy::AcceptUntilKnown
        } else {
            FilterPolicy::DropUntilKnown
        },
        dscp: config.media.dscp_media,
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
