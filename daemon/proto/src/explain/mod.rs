//! Why a port, a call or the gateway is as it is: what costs most comes first, what it rests on, and what was ruled out.
//!
//! Owns: the decisions ([`rank`], [`concerns`], [`remarks`], [`evidence()`], [`ruled_out`], [`call_notes`], [`gateway_standing`]). Promises: the same figures
//! give the same story, and nothing is ruled out that was not measured. Leaves to others: gathering the figures and the words
//! (`tipring-ctl`), and which facts are a finding ([`crate::finding`]).

mod call;
mod evidence;
mod gateway;
mod order;
mod past;

pub use tipring_types::explain::{CallNote, Evidence, Remark, RuledOut, Standing};

pub use call::{CallFigures, LegFigures, call_notes, call_standing};
pub use evidence::{evidence, ruled_out};
pub use gateway::{Found, GatewayFigures, gateway_ruled_out, gateway_standing};
pub use order::{concerns, rank, standing};
pub use past::{Past, Recurring, recurring};

/// A call of a port that is over, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastCall {
    /// Its number in this run of the daemon.
    pub id: Option<u64>,
    /// When it began; milliseconds since 1970.
    pub begun_unix_ms: u64,
    /// Number of the far end.
    pub far_number: Option<String>,
    /// It was answered.
    pub answered: bool,
    /// Talked on, ms.
    pub talked_ms: u64,
    /// Its legs; the history has one, with the figures of all.
    pub legs: Vec<LegFigures>,
    /// RTP packets sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
    /// That never came.
    pub lost: u64,
    /// That came after their playing time.
    pub late: u64,
    /// Mean opinion score; none: no media, or a fax or modem call.
    pub mos: Option<f64>,
}

impl LastCall {
    /// Nothing was heard in it, by the rule for a note of a call.
    fn unheard(&self) -> Option<Remark> {
        let figures = CallFigures {
            answered: self.answered,
            talked_ms: self.talked_ms,
            legs: self.legs.clone(),
            ..CallFigures::default()
        };
        let mut notes = call_notes(&figures).into_iter();
        notes.find_map(|note| match note {
            CallNote::NothingHeard { address, refused } => {
                Some(Remark::OneWay { address, refused })
            }
            _ => None,
        })
    }

    /// Share of the packets that never came, or too late, percent.
    pub fn lost_percent(&self) -> f64 {
        lost_percent(self.received, self.lost, self.late)
    }

    /// Audio went both ways: at least half as many packets came as were sent.
    pub fn heard_well(&self) -> bool {
        self.sent > 0 && self.received > 0 && self.received.saturating_mul(2) >= self.sent
    }
}

/// Share of the packets that never came, or too late, percent.
pub fn lost_percent(received: u64, lost: u64, late: u64) -> f64 {
    let wanted = received.saturating_add(lost);
    if wanted == 0 {
        return 0.0;
    }
    let missing = lost.saturating_add(late).min(wanted);
    (1000.0 * missing as f64 / wanted as f64).round() / 10.0
}

/// The figures of a port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortFigures {
    /// Not switched off in the configuration.
    pub enabled: bool,
    /// Registered.
    pub registered: bool,
    /// With which CallManager, or which it tries.
    pub server: Option<String>,
    /// Since when the registration is as it is.
    pub registration_since_unix_ms: Option<u64>,
    /// Until the next attempt, ms.
    pub next_attempt_ms: Option<u64>,
    /// A standby connection to this CallManager is open.
    pub standby: Option<String>,
    /// Registrations rejected.
    pub rejected: u64,
    /// Connections that could not be opened.
    pub connect_failures: u64,
    /// Keepalives without an answer.
    pub keepalives_missed: u64,
    /// Off-hooks, answers and flashes without a response.
    pub no_response: u64,
    /// Blocks read, lost in reading, missing in writing.
    pub blocks: [u64; 3],
    /// Blocks that a working line did not deliver in time.
    pub missed_blocks: u64,
    /// Tip, ring and battery, V, as last measured.
    pub voltages: Option<[f64; 3]>,
    /// Times that the card switched the feed off, and that it was switched on again.
    pub power_alarms: [u64; 2],
    /// Off-hooks.
    pub off_hooks: u64,
    /// Keys by tone and by pulse.
    pub digits: [u64; 2],
    /// Level from the line, while a call is talked on.
    pub from_line_dbm0: Option<f64>,
    /// The canceller has learned the line: ERL and ERLE, dB.
    pub echo: Option<[f64; 2]>,
    /// The legs that are open.
    pub legs: Vec<LegFigures>,
    /// All calls are forwarded to this number.
    pub forwarded_all: Option<String>,
    /// The last answered call that is over.
    pub last_call: Option<LastCall>,
    /// Finished calls of the last day, and those of them that failed.
    pub calls: [u64; 2],
    /// Findings of the last day that are over by now.
    pub recurring: Vec<Recurring>,
    /// The call that is up.
    pub up: Option<UpCall>,
    /// The last fax: number, begin, far number, pages.
    pub fax: Option<(u64, u64, Option<String>, u32)>,
}

/// A call that is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpCall {
    /// Number of the far end.
    pub far_number: Option<String>,
    /// It was answered.
    pub answered: bool,
    /// Its CallManager is lost, and it goes on.
    pub preserved: bool,
}

/// What else is so in the gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Around {
    /// The time; milliseconds since 1970.
    pub now_unix_ms: u64,
    /// Other ports that are registered with the CallManager that the finding names, and its name.
    pub others_registered: Option<(String, u64)>,
    /// Ports with the same finding, this one not counted.
    pub same: Vec<u16>,
    /// Ports that are enabled.
    pub enabled: u64,
    /// Since when the finding is there.
    pub since_unix_ms: Option<u64>,
}

/// Failed calls of a day that are worth a remark: this many, and at least every third one.
const FAILED: u64 = 3;
/// Times in a day that a finding came and went which are worth a remark.
const RECURRING: u64 = 3;
/// Below this MOS many users are dissatisfied (G.107 annex B: R of 70).
const POOR_MOS: f64 = 3.6;
/// Below this echo return loss the line or phone is badly matched.
const STRONG_ECHO_DB: f64 = 6.0;

/// What the figures of a port show that is no finding; what costs most comes first.
pub fn remarks(port: &PortFigures) -> Vec<Remark> {
    if !port.enabled {
        return vec![Remark::Disabled];
    }
    let mut out = vec![];
    if let Some(to) = &port.forwarded_all {
        out.push(Remark::ForwardedAll { to: to.clone() });
    }
    let [calls, failed] = port.calls;
    if failed >= FAILED && failed * 3 >= calls {
        out.push(Remark::CallsFailed { failed, calls });
    }
    out.extend(port.last_call.as_ref().and_then(LastCall::unheard));
    let often = port.recurring.iter().filter(|r| r.times >= RECURRING);
    out.extend(often.map(|recurring| Remark::Recurring {
        finding: recurring.code.clone(),
        what: recurring.what.clone(),
        registration: recurring.registration,
        times: recurring.times,
    }));
    if let Some(call) = &port.last_call
        && let Some(mos) = call.mos.filter(|mos| *mos < POOR_MOS)
    {
        let lost_percent = call.lost_percent();
        out.push(Remark::PoorSound { mos, lost_percent });
    }
    if let Some([erl_db, _]) = port.echo.filter(|[erl, _]| *erl < STRONG_ECHO_DB) {
        out.push(Remark::StrongEcho { erl_db });
    }
    out
}

#[cfg(test)]
mod tests;
