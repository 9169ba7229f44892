//! The ringer of one port: the ring and the caller ID before or between its bursts, hold recall, the message lamp.
//!
//! Owns: what the line does while the phone is on-hook, and when. Leaves to others: which call rings, and who calls.
//!
//! | phase | what ends it |
//! | --- | --- |
//! | caller ID goes first, and CallInfo has not come | it comes, or 0.2 s |
//! | the line is reversed (if so) | the lead time of the country |
//! | the message is being sent | its end, or 4 s |
//! | it is sent | the country's time until the first ring |
//! | ringing, hold recall | [`Ringer::stop`]; hold recall also its time |

use std::collections::VecDeque;
use std::time::Duration;

use crate::sccp::message::RingMode;
use crate::time::Time;
use crate::types::{CallRef, CallerIdTiming, Polarity, PortState};

/// Servers say the ring and the caller in either order, but in one go.
const CALL_INFO: Duration = Duration::from_millis(200);
/// The longest caller ID (DT-AS, FSK at 1200 bit/s, full fields) takes about 1.5 s.
const CALLER_ID_GUARD: Duration = Duration::from_secs(4);
/// Servers that end a call and its ring say both within this time.
const ONE_GO: Duration = Duration::from_secs(1);
/// After the second burst a server that said nothing about the caller will not say any more.
const LAST_WORD: u32 = 2;

/// What a ringer has to know of the port's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RingerConfig {
    /// When and how the phone is shown who calls.
    pub(super) caller_id: CallerIdTiming,
    /// How long a call left on hold rings.
    pub(super) hold_recall_ms: u32,
}

/// What a ringer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RingerOutput {
    /// Ring like this until [`RingerOutput::StopRing`].
    Ring(RingMode),
    /// Stop ringing.
    StopRing,
    /// Feed the line like this.
    Polarity(Polarity),
    /// Send who calls.
    CallerId {
        /// A dual-tone alerting signal goes before the message.
        dual_tone_alert: bool,
    },
    /// Stop sending it at once.
    StopCallerId,
    /// Switch the message lamp.
    Lamp(bool),
    /// Nobody has come to this call, which is still on hold.
    HoldRecallOver(CallRef),
}

/// Caller ID between the bursts of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Between {
    #[default]
    NotSent,
    /// It begins at this time, unless the next burst does.
    Due(Time),
    /// It is being sent; over at this time at the latest.
    Sending(Time),
    Sent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Quiet,
    /// Caller ID goes first, and CallInfo has not come.
    AwaitInfo { until: Time },
    /// Line reversed (if so); the message follows.
    Lead { until: Time },
    /// The message is being sent; no ring yet.
    Sending { until: Time },
    /// The message is sent; the first ring follows.
    Gap { until: Time },
    Ringing {
        silent_since: Option<Time>,
        bursts: u32,
        caller_id: Between,
    },
    /// Ringing for a call on hold.
    HoldRecall { call: CallRef, until: Time },
}

/// Everything about the present ring.
#[derive(Clone, Copy, Debug, Default)]
struct Ring {
    phase: Phase,
    mode: RingMode,
    call: CallRef,
    local: bool,
    reversed: bool,
}

/// The ringer of one port.
#[derive(Debug)]
pub(super) struct Ringer {
    cfg: RingerConfig,
    ring: Ring,
    /// When the server last ended an offered call while others stayed.
    offer_ended: Option<Time>,
    /// When it last switched the ringer off without naming a call.
    switched_off: Option<Time>,
    lamp: bool,
    caller_ids: u64,
    out: VecDeque<RingerOutput>,
}

impl Ringer {
    pub(super) fn new(cfg: RingerConfig) -> Ringer {
        Ringer {
            cfg,
            ring: Ring::default(),
            offer_ended: None,
            switched_off: None,
            lamp: false,
            caller_ids: 0,
            out: VecDeque::new(),
        }
    }

    /// New settings, from the next step on.
    pub(super) fn reconfigure(&mut self, cfg: RingerConfig) {
        self.cfg = cfg;
    }

    pub(super) fn poll(&mut self) -> Option<RingerOutput> {
        self.out.pop_front()
    }

    pub(super) fn due(&self) -> Option<Time> {
        match self.ring.phase {
            Phase::Quiet => None,
            Phase::AwaitInfo { until }
            | Phase::Lead { until }
            | Phase::Sending { until }
            | Phase::Gap { until }
            | Phase::HoldRecall { until, .. } => Some(until),
            Phase::Ringing { caller_id, .. } => match caller_id {
                Between::NotSent | Between::Sent => None,
                Between::Due(at) | Between::Sending(at) => Some(at),
            },
        }
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Time) {
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        match self.ring.phase {
            Phase::Quiet => {}
            Phase::AwaitInfo { .. } => self.announce(now),
            Phase::Lead { .. } => self.send_first(now),
            // The line never said that the message is out.
            Phase::Sending { .. } => self.caller_id_sent(now),
            Phase::Gap { .. } => self.sound(),
            Phase::Ringing { caller_id, .. } => match caller_id {
                Between::Due(_) => self.send_between(now),
                Between::Sending(_) => self.caller_id_sent(now),
                Between::NotSent | Between::Sent => {}
            },
            Phase::HoldRecall { call, .. } => {
                self.stop();
                self.out.push_back(RingerOutput::HoldRecallOver(call));
            }
        }
    }

    /// Rings for a call, or shows first who calls. No effect when it rings like that already. `known`: CallInfo has come.
    pub(super) fn start(&mut self, now: Time, mode: RingMode, call: CallRef, known: bool) {
        if self.recalled().is_some() {
            self.stop();
        }
        let sounding = self.sounding();
        self.ring.mode = mode;
        match self.ring.phase {
            Phase::Ringing { .. } => {
                if sounding != Some(mode) {
                    self.out.push_back(RingerOutput::Ring(mode));
                }
            }
            Phase::AwaitInfo { .. }
            | Phase::Lead { .. }
            | Phase::Sending { .. }
            | Phase::Gap { .. } => {}
            Phase::Quiet | Phase::HoldRecall { .. } => {
                self.ring.call = call;
                self.ring.local = true;
                match self.cfg.caller_id {
                    CallerIdTiming::None | CallerIdTiming::AfterFirstRing { .. } => self.sound(),
                    CallerIdTiming::BeforeRing { .. } => {
                        let until = now + CALL_INFO;
                        self.ring.phase = Phase::AwaitInfo { until };
                        if known {
                            self.announce(now);
                        }
                    }
                }
            }
        }
    }

    /// Rings for a call left on hold: the servers do not.
    pub(super) fn recall(&mut self, now: Time, call: CallRef) {
        self.stop();
        let until = now + ms(self.cfg.hold_recall_ms);
        self.ring.phase = Phase::HoldRecall { call, until };
        self.out.push_back(RingerOutput::Ring(RingMode::FEATURE));
    }

    /// Ends ringing and all that goes before it.
    pub(super) fn stop(&mut self) {
        if self.sounding().is_some() {
            self.out.push_back(RingerOutput::StopRing);
        }
        let sending = match self.ring.phase {
            Phase::Sending { .. } => true,
            Phase::Ringing { caller_id, .. } => matches!(caller_id, Between::Sending(_)),
            _ => false,
        };
        if sending {
            self.out.push_back(RingerOutput::StopCallerId);
        }
        if self.ring.reversed {
            let forward = RingerOutput::Polarity(Polarity::Forward);
            self.out.push_back(forward);
        }
        self.ring = Ring::default();
    }

    /// The line is back, perhaps on another card, and has heard nothing of what it was asked for meanwhile.
    pub(super) fn renew(&mut self) {
        if let CallerIdTiming::BeforeRing {
            polarity_reversal: true,
            ..
        } = self.cfg.caller_id
        {
            self.out
                .push_back(RingerOutput::Polarity(match self.ring.reversed {
                    true => Polarity::Reversed,
                    false => Polarity::Forward,
                }));
        }
        self.out.push_back(match self.sounding() {
            Some(mode) => RingerOutput::Ring(mode),
            None => RingerOutput::StopRing,
        });
        self.out.push_back(RingerOutput::Lamp(self.lamp));
    }

    /// CallInfo for a call.
    pub(super) fn caller_known(&mut self, now: Time, call: CallRef) {
        if self.ring.call != call {
            return;
        }
        match self.ring.phase {
            Phase::AwaitInfo { .. } => self.announce(now),
            Phase::Ringing {
                silent_since: Some(since),
                ..
            } => self.plan(now, since),
            _ => {}
        }
    }

    /// A burst of ringing began.
    pub(super) fn burst_began(&mut self) {
        if let Phase::Ringing {
            silent_since,
            caller_id,
            ..
        } = &mut self.ring.phase
        {
            *silent_since = None;
            if matches!(caller_id, Between::Due(_)) {
                *caller_id = Between::NotSent;
            }
        }
    }

    /// A burst of ringing ended. `known`: who calls.
    pub(super) fn burst_ended(&mut self, now: Time, at: Time, known: bool) {
        if let Phase::Ringing {
            silent_since,
            bursts,
            ..
        } = &mut self.ring.phase
        {
            *bursts = bursts.saturating_add(1);
            *silent_since = Some(at);
            if known || *bursts >= LAST_WORD {
                self.plan(now, at);
            }
        }
    }

    /// The message is out.
    pub(super) fn caller_id_sent(&mut self, now: Time) {
        match (&mut self.ring.phase, self.cfg.caller_id) {
            (Phase::Sending { .. }, CallerIdTiming::BeforeRing { ring_delay_ms, .. }) => {
                let until = now + ms(ring_delay_ms);
                self.ring.phase = Phase::Gap { until };
            }
            // No message goes before the ring any more.
            (Phase::Sending { .. }, _) => self.sound(),
            (Phase::Ringing { caller_id, .. }, _) if matches!(caller_id, Between::Sending(_)) => {
                *caller_id = Between::Sent;
            }
            _ => {}
        }
    }

    pub(super) fn set_lamp(&mut self, on: bool) {
        if self.lamp != on {
            self.lamp = on;
            self.out.push_back(RingerOutput::Lamp(on));
        }
    }

    /// The server has named a call that had no reference.
    pub(super) fn rename(&mut self, from: CallRef, to: CallRef) {
        if self.ring.call == from {
            self.ring.call = to;
        }
    }

    /// The call that it rings for, or will.
    pub(super) fn set_call(&mut self, call: CallRef) {
        self.ring.call = call;
    }

    /// Is the ring our own decision? Then the server does not know of it and cannot stop it by SetRinger.
    pub(super) fn set_local(&mut self, local: bool) {
        self.ring.local = local;
    }

    /// The server has ended an offered call. True: a SetRinger off just before, without a reference, concerned that call
    /// and not the others.
    pub(super) fn offer_ended(&mut self, now: Time) -> bool {
        let explained = self
            .switched_off
            .take()
            .is_some_and(|at| now - at <= ONE_GO);
        if !explained {
            self.offer_ended = Some(now);
        }
        explained
    }

    /// SetRinger off without a reference. True: it belongs to the offered call that was ended just before.
    pub(super) fn off_for_ended(&mut self, now: Time) -> bool {
        let ended = self.offer_ended.take();
        ended.is_some_and(|at| now - at <= ONE_GO)
    }

    /// SetRinger off for every call.
    pub(super) fn switch_off(&mut self, now: Time) {
        self.switched_off = Some(now);
        self.stop();
    }

    pub(super) fn call(&self) -> CallRef {
        self.ring.call
    }

    pub(super) fn is_local(&self) -> bool {
        self.ring.local
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.ring.phase == Phase::Quiet
    }

    /// The call on hold that it rings for.
    pub(super) fn recalled(&self) -> Option<CallRef> {
        match self.ring.phase {
            Phase::HoldRecall { call, .. } => Some(call),
            _ => None,
        }
    }

    /// The ring that sounds now.
    pub(super) fn sounding(&self) -> Option<RingMode> {
        match self.ring.phase {
            Phase::Ringing { .. } => Some(self.ring.mode),
            Phase::HoldRecall { .. } => Some(RingMode::FEATURE),
            _ => None,
        }
    }

    pub(super) fn lamp(&self) -> bool {
        self.lamp
    }

    /// Caller IDs sent.
    pub(super) fn caller_ids(&self) -> u64 {
        self.caller_ids
    }

    /// What the port is shown to do, if it does something.
    pub(super) fn word(&self) -> Option<PortState> {
        match self.ring.phase {
            Phase::Quiet => None,
            Phase::AwaitInfo { .. }
            | Phase::Lead { .. }
            | Phase::Sending { .. }
            | Phase::Gap { .. } => Some(PortState::Announcing),
            Phase::Ringing { .. } => Some(PortState::Ringing),
            Phase::HoldRecall { .. } => Some(PortState::HoldRecall),
        }
    }

    fn sound(&mut self) {
        // A message that went before the ring does not come again.
        let caller_id = match self.ring.phase {
            Phase::Gap { .. } | Phase::Sending { .. } => Between::Sent,
            _ => Between::NotSent,
        };
        self.ring.phase = Phase::Ringing {
            silent_since: None,
            bursts: 0,
            caller_id,
        };
        self.out.push_back(RingerOutput::Ring(self.ring.mode));
    }

    /// A caller ID that precedes the ring begins, with what is known by now.
    fn announce(&mut self, now: Time) {
        let CallerIdTiming::BeforeRing {
            polarity_reversal,
            lead_ms,
            ..
        } = self.cfg.caller_id
        else {
            return self.sound();
        };
        if polarity_reversal {
            self.ring.reversed = true;
            let reversed = RingerOutput::Polarity(Polarity::Reversed);
            self.out.push_back(reversed);
        }
        let until = now + ms(lead_ms);
        self.ring.phase = Phase::Lead { until };
    }

    fn send_first(&mut self, now: Time) {
        let CallerIdTiming::BeforeRing {
            dual_tone_alert, ..
        } = self.cfg.caller_id
        else {
            return self.sound();
        };
        let until = now + CALLER_ID_GUARD;
        self.ring.phase = Phase::Sending { until };
        self.send(dual_tone_alert);
    }

    fn send_between(&mut self, now: Time) {
        if let Phase::Ringing { caller_id, .. } = &mut self.ring.phase {
            *caller_id = Between::Sending(now + CALLER_ID_GUARD);
            self.send(false);
        }
    }

    fn send(&mut self, dual_tone_alert: bool) {
        self.caller_ids += 1;
        self.out
            .push_back(RingerOutput::CallerId { dual_tone_alert });
    }

    /// Caller ID goes into the silence after a burst.
    fn plan(&mut self, now: Time, silent_since: Time) {
        if let CallerIdTiming::AfterFirstRing { delay_ms } = self.cfg.caller_id
            && let Phase::Ringing { caller_id, .. } = &mut self.ring.phase
            && *caller_id == Between::NotSent
        {
            *caller_id = Between::Due(now.max(silent_since + ms(delay_ms)));
        }
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests;
