//! What lies around a fax and can have spoiled it.

use super::FaxCall;
use crate::nse::Event;
use crate::types::trace::LegMode;
use crate::types::{
    FaxCause, FaxOutcome, FaxRecord, FaxRelayUse, FaxSwitch, FaxTransport, Side, TenthDb, TenthDbm0,
};

/// A leg without a packet from the far end for this time has none because none comes, ms.
const SILENT_MS: u64 = 3000;
/// The same for a relay, whose gateway may send nothing while its machine is silent: longer than the pause of CNG and the
/// silence after an answer tone, ms.
const RELAY_SILENT_MS: u64 = 4000;
/// Loss in G.711 that spoils trainings and pages, tenths of a percent; and packets, at least.
const LOSS: u32 = 3;
const LOST: u64 = 3;
/// Loss with which nothing may get through, whatever carries it, tenths of a percent.
const HEAVY_LOSS: u32 = 50;
/// Loss in T.38 that redundancy did not repair. A packet of a page is a stretch of 30 ms or more, one of a command the command.
const RELAY_LOSS: u32 = 5;
const RELAY_LOST: u64 = 2;
/// Packets of a T.38 page, ms.
const RELAY_PTIME_MS: u64 = 30;
/// Jitter that pass-through bears with the usual fixed buffers of gateways, ms.
const JITTER_MS: u32 = 30;
/// Jitter at which the fixed buffers lose a large share as too late: what is missing then was not lost in the network, ms.
const WILD_JITTER_MS: u32 = 60;
/// Slips: each is a phase jump, and one alone costs a line or a frame.
const SLIPS: u64 = 2;
/// Below this a receiver of pages has too little, whoever's it is.
const WEAK: TenthDbm0 = TenthDbm0(-350);
/// So far below the usual something has happened to the line, if it is below `WEAKER` as well.
const BELOW_USUAL: i16 = 100;
const WEAKER: TenthDbm0 = TenthDbm0(-260);
/// Above this G.711 and line circuits cut off the peaks of V.17.
const STRONG: TenthDbm0 = TenthDbm0(-30);
/// Echo return loss of a line circuit that does not fit its line.
const ECHO: TenthDb = TenthDb(60);
/// Damaged frames at 300 bit/s: one or two are a machine's start.
const DAMAGED: u32 = 3;

/// The way between the gateways does not work at all.
pub(super) fn broken(fax: &FaxRecord, call: &FaxCall) -> Option<FaxCause> {
    let none_came = |packets| packets == Some(0);
    // A relay to which nothing came is in the record as sound. Where much of the sound before it was lost, the frames that the
    // other machine waits for may have been lost as well, and it has nothing to say.
    if relay_use(fax) == FaxRelayUse::Used
        && none_came(fax.path.relay_received)
        && relayed_ms(fax) >= RELAY_SILENT_MS
        && (fax.transport == FaxTransport::T38 || loss(fax, call).0 < HEAVY_LOSS)
    {
        return Some(FaxCause::RelaySilent);
    }
    if fax.transport == FaxTransport::T38 {
        return None;
    }
    // Machines that agreed on a rate have heard each other in the voice: what they failed by came later.
    if relay_use(fax) == FaxRelayUse::VoiceOn && !has_trained(fax) {
        return Some(FaxCause::VoiceInRelay);
    }
    (none_came(fax.path.received) && call.length_ms >= SILENT_MS)
        .then_some(FaxCause::NothingReceived)
}

/// A rate was chosen: the machines have met.
fn has_trained(fax: &FaxRecord) -> bool {
    fax.rate.is_some() || !fax.rates.is_empty() || fax.failed_trainings > 0
}

/// How long the fax went on after the last switch to T.38, ms.
fn relayed_ms(fax: &FaxRecord) -> u64 {
    let to_relay = |switch: &&FaxSwitch| switch.mode == LegMode::FaxRelay;
    let switched = fax.switches.iter().rev().find(to_relay);
    let switched_ms = switched.map_or(0, |switch| switch.after_ms);
    fax.length_ms.saturating_sub(switched_ms.into())
}

/// Something that spoils a fax by itself.
pub(super) fn strong(fax: &FaxRecord, call: &FaxCall) -> Option<FaxCause> {
    let sound = fax.transport != FaxTransport::T38;
    let loss = || {
        let (share, packets) = loss(fax, call);
        let (least, at_least) = match sound {
            true => (LOSS, LOST),
            false => (RELAY_LOSS, RELAY_LOST),
        };
        (share >= least && packets >= at_least).then(|| network_loss(fax, call))
    };
    let jitter_from = |least_ms: u32| {
        let jitter_ms = fax.path.jitter_tenth_ms? / 10;
        (sound && jitter_ms >= least_ms).then(|| FaxCause::NetworkJitter {
            jitter_ms,
            limit_ms: JITTER_MS,
            relay: relay_use(fax),
        })
    };
    let slips = || {
        let slips = fax.path.slips.filter(|slips| *slips >= SLIPS)?;
        sound.then_some(FaxCause::ClockSlips {
            slips,
            drift_ppm: fax.path.drift_ppm,
        })
    };
    let echo = || {
        let erl = fax.erl.filter(|erl| *erl < ECHO)?;
        sound.then_some(FaxCause::Echo { erl })
    };
    level(fax, call)
        .or_else(|| jitter_from(WILD_JITTER_MS))
        .or_else(loss)
        .or_else(|| jitter_from(JITTER_MS + 1))
        .or_else(slips)
        .or_else(echo)
}

/// Something that may have, where nothing stronger is known.
pub(super) fn weak(fax: &FaxRecord, call: &FaxCall) -> Option<FaxCause> {
    if let FaxOutcome::PageRefused { .. } = fax.outcome
        && fax.ecm != Some(true)
    {
        return Some(FaxCause::NoCorrection { rate: fax.rate });
    }
    if loss(fax, call).1 > 0 {
        return Some(network_loss(fax, call));
    }
    if !matches!(fax.outcome, FaxOutcome::FramesUnreadable { .. })
        && let Some(damaged) = damaged(fax)
    {
        return Some(damaged);
    }
    if fax.transport == FaxTransport::T38 {
        return None;
    }
    if !call.pass_through {
        return Some(FaxCause::CarriedAsVoice);
    }
    match relay_use(fax) {
        FaxRelayUse::Used | FaxRelayUse::NotAsked => None,
        relay => Some(FaxCause::NoRelay { relay }),
    }
}

fn level(fax: &FaxRecord, call: &FaxCall) -> Option<FaxCause> {
    for side in [Side::Line, Side::Network] {
        let Some(level) = *fax.level.of(side) else {
            continue;
        };
        let usual = call.usual_level.filter(|_| side == Side::Line);
        let sunk = usual.is_some_and(|usual| usual.0.saturating_sub(level.0) >= BELOW_USUAL);
        if level < WEAK || sunk && level < WEAKER {
            return Some(FaxCause::LevelLow {
                side,
                level,
                usual: usual.filter(|_| sunk),
            });
        }
        if level > STRONG {
            return Some(FaxCause::LevelHigh { side, level });
        }
    }
    None
}

fn damaged(fax: &FaxRecord) -> Option<FaxCause> {
    let of = |side| (*fax.bad_frames.of(side), side);
    let (frames, side) = [of(Side::Line), of(Side::Network)]
        .into_iter()
        .max_by_key(|(frames, _)| *frames)?;
    (frames >= DAMAGED).then_some(FaxCause::DamagedSignals { side, frames })
}

/// Packets that should come in a fax of this length.
pub(crate) fn packets_of(fax: &FaxRecord, call: &FaxCall) -> u64 {
    let ptime_ms = match fax.transport {
        FaxTransport::T38 => RELAY_PTIME_MS,
        FaxTransport::G711 | FaxTransport::G711Redundant { .. } => u64::from(call.ptime_ms.max(10)),
    };
    fax.length_ms / ptime_ms
}

/// Lost of all that should have come, here or at the far end, in tenths of a percent, and how many.
fn loss(fax: &FaxRecord, call: &FaxCall) -> (u32, u64) {
    let there = match fax.transport {
        FaxTransport::G711 => fax.path.far_lost.unwrap_or(0),
        // What redundancy repaired there is not known.
        FaxTransport::G711Redundant { .. } | FaxTransport::T38 => 0,
    };
    let lost = fax.path.lost.max(there);
    let (sound, relayed) = (fax.path.received, fax.path.relay_received);
    let came = match fax.transport {
        FaxTransport::T38 => relayed,
        // Sound until the relay, to which nothing came.
        _ if relay_use(fax) == FaxRelayUse::Used => Some(sound.unwrap_or(0)),
        _ => None,
    };
    let expected = came.map_or(packets_of(fax, call), |came| came.saturating_add(lost));
    let share = lost.saturating_mul(1000) / expected.max(lost).max(1);
    (u32::try_from(share).unwrap_or(1000), lost)
}

fn network_loss(fax: &FaxRecord, call: &FaxCall) -> FaxCause {
    let (tenth_percent, packets) = loss(fax, call);
    FaxCause::NetworkLoss {
        tenth_percent,
        packets,
        page: page(&fax.outcome),
        relay: relay_use(fax),
    }
}

/// The page at which it ended.
fn page(outcome: &FaxOutcome) -> Option<u32> {
    use FaxOutcome as O;
    match *outcome {
        O::DisconnectedInPage { page, .. }
        | O::PageNotEnded { page }
        | O::PageUnanswered { page, .. }
        | O::PageRefused { page, .. }
        | O::CorrectionGaveUp { page, .. }
        | O::DisconnectedAfterPage { page, .. }
        | O::CallEndedInPage { page }
        | O::CallEndedAfterPage { page } => Some(page),
        _ => None,
    }
}

pub(super) fn relay_use(fax: &FaxRecord) -> FaxRelayUse {
    if fax.transport == FaxTransport::T38 {
        return FaxRelayUse::Used;
    }
    let asks = |event: Option<u8>| event.is_some_and(|n| Event::from_number(n) == Event::FaxRelay);
    let asked = fax.switches.iter().rfind(|switch| asks(switch.event));
    asked.map_or(FaxRelayUse::NotAsked, |switch| {
        match (switch.by, FaxRelayUse::of(switch.answer)) {
            (Side::Network, FaxRelayUse::Refused) => FaxRelayUse::NotHere,
            (_, relay) => relay,
        }
    })
}
