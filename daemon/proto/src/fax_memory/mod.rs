//! From the faxes with a far end to what is done in the next one.
//!
//! Owns: what is learned of a fax that is over ([`learn`]), and what follows for the next one ([`strategy`]). Promises: no I/O and
//! no clock; a setting that says something stays: only what the settings of the port leave open is chosen; one bad fax
//! changes nothing, unless it failed by loss. Leaves to others: which far end it is, keeping it, and doing it.
//!
//! | seen | done | until |
//! | --- | --- | --- |
//! | T.38 asked for in vain (refused, no answer, voice went on, nothing came through) [`IN_A_ROW`] times in a row | T.38 is not asked for | a day after the last time: it is asked for once again; agreed once, it is always again |
//! | T.38 failed [`IN_A_ROW`] times in a row in a way that it may have caused, and G.711 has worked | T.38 is not asked for | the same |
//! | the network spoiled [`SPOILED`] faxes in G.711 since the last good one, and T.38 has worked | with `nse = "negotiated"`, T.38 is asked for before the far gateway has shown its events | a good fax in G.711 |
//! | 1.5 % or more lost in [`LOSSY`] faxes in a row, or a fax failed by 0.7 % or more | with `redundancy = "auto"`, two earlier packets are repeated from the beginning | 0.7 % at most in [`LOSSY`] faxes in a row |
//!
//! What was pinned by hand comes before what was learned. A far end is a number, an address, or a pattern of these that somebody
//! has set ([`covers`]): then what it takes in is remembered together.

mod pattern;

pub use pattern::{check, covers, is_pattern, weight};

use crate::fax_verdict::{FaxCall, packets_of};
use crate::nse::Event;
use crate::types::trace::SwitchAnswer;
use crate::types::{
    FarMemory, FaxAdvice, FaxCause, FaxOutcome, FaxRecord, FaxSwitch, FaxTransport, FaxVerdict,
    Side, T38Choice, T38Doubt,
};

/// In vain, or failed, this often in a row: no more.
pub const IN_A_ROW: u32 = 3;
/// After this time it is tried once again: gateways get other settings now and then. ms.
pub const AGAIN_MS: u64 = 24 * 3600 * 1000;
/// Faxes in G.711 that the network spoiled, before T.38 is asked for first.
pub const SPOILED: u32 = 2;
/// Faxes in a row with much loss, or with little, before the begin of redundancy is another one.
pub const LOSSY: u32 = 2;
/// Much and little loss, hundredths of a percent; as in [`crate::rtp::Protection`].
const MUCH: u32 = 150;
const LITTLE: u32 = 70;
/// Fewer lost packets than these say nothing of a share.
const FEW: u64 = 3;
/// Loss that is taken for the cause of a failure, tenths of a percent.
const BY_LOSS: u32 = 7;
/// What is repeated then.
const DEEP: u8 = 2;

/// What the settings of a port leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// T.38 may be asked for: named events and T.38 are on.
    pub t38: bool,
    /// Only with a far gateway that is known to have named events (`nse = "negotiated"`).
    pub negotiated: bool,
    /// The loss decides on what is repeated (`redundancy = "auto"`).
    pub redundancy: bool,
}

impl Allowed {
    /// Everything.
    pub const ALL: Allowed = Allowed {
        t38: true,
        negotiated: true,
        redundancy: true,
    };
}

/// What is done in the next fax with a far end; none: the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// With T.38.
    pub t38: Option<FaxAdvice>,
    /// With earlier packets.
    pub redundancy: Option<FaxAdvice>,
}

impl Strategy {
    /// Is T.38 asked for? None: as usual.
    pub fn asks(&self) -> Option<bool> {
        match self.t38? {
            FaxAdvice::T38NotAsked { .. } | FaxAdvice::T38Never => Some(false),
            FaxAdvice::T38Always | FaxAdvice::T38First { .. } => Some(true),
            FaxAdvice::Redundancy { .. } => None,
        }
    }

    /// What is done otherwise than usual.
    pub fn advice(&self) -> Vec<FaxAdvice> {
        self.t38.into_iter().chain(self.redundancy).collect()
    }

    /// Earlier packets at the beginning; none: as usual.
    pub fn depth(&self) -> Option<u8> {
        match self.redundancy? {
            FaxAdvice::Redundancy { depth, .. } => Some(depth),
            _ => None,
        }
    }
}

/// What is done in a fax that begins now.
pub fn strategy(memory: &FarMemory, allowed: Allowed, now_unix_ms: u64) -> Strategy {
    let t38 = || ask_t38(memory, allowed, now_unix_ms);
    let redundancy = FaxAdvice::Redundancy {
        depth: DEEP,
        loss_hundredths: memory.loss_hundredths,
    };
    Strategy {
        t38: allowed.t38.then(t38).flatten(),
        redundancy: (allowed.redundancy && memory.deep).then_some(redundancy),
    }
}

fn ask_t38(memory: &FarMemory, allowed: Allowed, now_unix_ms: u64) -> Option<FaxAdvice> {
    match memory.pinned {
        Some(T38Choice::Never) => return Some(FaxAdvice::T38Never),
        Some(T38Choice::Ask) => return Some(FaxAdvice::T38Always),
        None => {}
    }
    // A clock that was set back by more must not make a day a year.
    let fresh = |at_unix_ms: u64| now_unix_ms.abs_diff(at_unix_ms) < AGAIN_MS;
    let answers = &memory.answers;
    if answers.in_vain >= IN_A_ROW && fresh(answers.last_unix_ms) {
        return Some(FaxAdvice::T38NotAsked {
            why: answers.last.unwrap_or(T38Doubt::Silent),
            times: answers.in_vain,
            last_unix_ms: answers.last_unix_ms,
        });
    }
    if memory.t38_failed >= IN_A_ROW && memory.g711.good > 0 && fresh(memory.t38_failed_unix_ms) {
        return Some(FaxAdvice::T38NotAsked {
            why: T38Doubt::Failed,
            times: memory.t38_failed,
            last_unix_ms: memory.t38_failed_unix_ms,
        });
    }
    let first = allowed.negotiated && memory.t38.good > 0 && memory.g711_spoiled >= SPOILED;
    first.then_some(FaxAdvice::T38First {
        spoiled: memory.g711_spoiled,
    })
}

/// Takes note of a fax that is over. False: it says nothing of the far end, and nothing was noted.
pub fn learn(
    memory: &mut FarMemory,
    record: &FaxRecord,
    call: &FaxCall,
    verdict: &FaxVerdict,
    over_unix_ms: u64,
) -> bool {
    let good = verdict.is_success();
    // The gateways agreed, and nothing came through: the record has it as sound, for no T.38 came.
    let swallowed = verdict.cause == Some(FaxCause::RelaySilent);
    let failed_by_loss = !good && is_by_loss(verdict);
    let spoiled = failed_by_loss
        || matches!(
            verdict.cause,
            Some(FaxCause::NetworkJitter { .. } | FaxCause::ClockSlips { .. })
        );
    // Without a rate the machines have not met: nobody answered, or a person did.
    let met = good || spoiled || swallowed || record.rate.is_some();
    let answer = match swallowed {
        true => Some(Err(T38Doubt::Silent)),
        // A gateway whose machine does not answer may have nothing to say either.
        false => answer(record).filter(|answer| met || *answer != Err(T38Doubt::Silent)),
    };
    if !met && answer.is_none() {
        return false;
    }
    memory.last_unix_ms = over_unix_ms;
    if let Some(answer) = answer {
        answered(memory, answer, over_unix_ms);
    }
    if !met {
        return true;
    }
    memory.last_good = good;
    if swallowed {
        memory.last = Some(FaxTransport::T38);
        memory.t38.add(false);
        return true;
    }
    memory.last = Some(record.transport);
    if good {
        memory.rate = record.rate.or(memory.rate);
    }
    if record.transport == FaxTransport::T38 {
        memory.t38.add(good);
        if good {
            memory.t38_failed = 0;
        } else if may_be_t38(verdict) {
            memory.t38_failed = memory.t38_failed.saturating_add(1);
            memory.t38_failed_unix_ms = over_unix_ms;
        }
    } else {
        memory.g711.add(good);
        memory.g711_spoiled = match (good, spoiled) {
            (true, _) => 0,
            (false, true) => memory.g711_spoiled.saturating_add(1),
            (false, false) => memory.g711_spoiled,
        };
    }
    lost(memory, record, call, failed_by_loss);
    true
}

/// A lost packet or two are named as a cause where nothing else is known: too little to go by.
fn is_by_loss(verdict: &FaxVerdict) -> bool {
    matches!(
        verdict.cause,
        Some(FaxCause::NetworkLoss { tenth_percent, packets, .. })
            if packets >= FEW && tenth_percent >= BY_LOSS
    )
}

/// May T.38 have caused the failure of a fax that it carried? It may lose trainings, signals, pages and frames. What a machine said of itself, and what
/// people, the line and the CallManager did, it has no part in.
fn may_be_t38(verdict: &FaxVerdict) -> bool {
    let was_lost = matches!(
        verdict.outcome,
        FaxOutcome::FramesUnreadable { .. }
            | FaxOutcome::CallerSilent { .. }
            | FaxOutcome::CommandsNotUnderstood { .. }
            | FaxOutcome::TrainingUnanswered { .. }
            | FaxOutcome::TrainingFailed { .. }
            | FaxOutcome::DisconnectedInTraining { .. }
            | FaxOutcome::NoPageAfterTraining { .. }
            | FaxOutcome::DisconnectedInPage { .. }
            | FaxOutcome::SignalCut { .. }
            | FaxOutcome::PageNotEnded { .. }
            | FaxOutcome::PageUnanswered { .. }
            | FaxOutcome::PageRefused { .. }
            | FaxOutcome::CorrectionGaveUp { .. }
            | FaxOutcome::DisconnectedAfterPage { .. }
    );
    match verdict.cause {
        None | Some(FaxCause::DamagedSignals { .. } | FaxCause::NoCorrection { .. }) => was_lost,
        Some(FaxCause::NetworkLoss { .. }) => true,
        Some(_) => false,
    }
}

/// What the far gateway answered when this side asked for T.38; none: it did not ask. An error is why not.
fn answer(record: &FaxRecord) -> Option<Result<(), T38Doubt>> {
    let is_relay = |switch: &&FaxSwitch| {
        let event = switch.event.map(Event::from_number);
        event == Some(Event::FaxRelay) || switch.answer == SwitchAnswer::T38
    };
    // A late 201 comes after "no answer", "voice goes on" after "agreed": the last word counts. Voice goes on by the far end
    // alone, whoever asked.
    let (mut asked, mut last) = (false, None);
    for switch in record.switches.iter().filter(is_relay) {
        let is_ours = match switch.answer {
            SwitchAnswer::VoiceOn => asked || switch.by == Side::Line,
            SwitchAnswer::Ignored => continue,
            _ => switch.by == Side::Line,
        };
        asked = is_ours;
        if !is_ours {
            continue;
        }
        last = Some(match switch.answer {
            SwitchAnswer::Agreed | SwitchAnswer::T38 => Ok(()),
            SwitchAnswer::VoiceOn => Err(T38Doubt::VoiceOn),
            SwitchAnswer::Refused => Err(T38Doubt::Refused),
            SwitchAnswer::Nothing | SwitchAnswer::Ignored => Err(T38Doubt::Silent),
        });
    }
    last
}

fn answered(memory: &mut FarMemory, answer: Result<(), T38Doubt>, at_unix_ms: u64) {
    let answers = &mut memory.answers;
    match answer {
        Ok(()) => {
            answers.agreed = answers.agreed.saturating_add(1);
            answers.in_vain = 0;
            answers.last = None;
        }
        Err(why) => {
            let of = match why {
                T38Doubt::Refused => &mut answers.refused,
                _ => &mut answers.silent,
            };
            *of = of.saturating_add(1);
            answers.in_vain = answers.in_vain.saturating_add(1);
            answers.last = Some(why);
        }
    }
    answers.last_unix_ms = at_unix_ms;
}

/// The loss on the way, whether redundancy repaired it or not: here, or at the far end by its reports.
fn lost(memory: &mut FarMemory, record: &FaxRecord, call: &FaxCall, failed: bool) {
    let here = record.path.lost.saturating_add(record.path.recovered);
    let packets = here.max(record.path.far_lost.unwrap_or(0));
    if record.rate.is_none() && packets == 0 {
        return;
    }
    let expected = packets_of(record, call).max(packets).max(1);
    let share = packets.saturating_mul(10_000) / expected;
    memory.loss_hundredths = u32::try_from(share).unwrap_or(u32::MAX);
    let is_much = share >= u64::from(MUCH) && packets >= FEW;
    let is_little = share <= u64::from(LITTLE) && !failed;
    let next = |row: u32, is_one: bool| match is_one {
        true => row.saturating_add(1),
        false => 0,
    };
    memory.lossy = next(memory.lossy, is_much);
    memory.clear = next(memory.clear, is_little);
    if failed || memory.lossy >= LOSSY {
        memory.deep = true;
    } else if memory.clear >= LOSSY {
        memory.deep = false;
    }
}

#[cfg(test)]
mod tests;
