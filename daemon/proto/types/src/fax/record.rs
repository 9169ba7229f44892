//! One fax on one media leg, as a journal keeps it.
//!
//! Owns: [`FaxRecord`] and its parts. Promises: plain values; what is not known is `None` and never a zero that looks like a
//! figure. Leaves to others: filling it (the daemon's control), keeping it (the store), its words (`tipring-ctl`).

use serde::{Deserialize, Serialize};

use super::{FaxAdvice, FaxAdvised, FaxOutcome, FaxStep, FaxTimer};
use crate::trace::{LegMode, SwitchAnswer};
use crate::{Side, TenthDb, TenthDbm0};

/// Switchings of one fax that are kept: a far end can ask without end.
pub const SWITCHES: usize = 16;

/// One value for the line, one for the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sides<T> {
    /// Of the machine at our port.
    pub line: T,
    /// Of the far end's machine.
    pub network: T,
}

impl<T> Sides<T> {
    /// The one of a side.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Line => &self.line,
            Side::Network => &self.network,
        }
    }
}

/// How a fax travelled between the gateways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum FaxTransport {
    /// G.711, each packet once.
    #[default]
    G711,
    /// G.711, each packet with earlier ones (RFC 2198).
    G711Redundant {
        /// How many earlier ones.
        copies: u8,
    },
    /// T.38; it may have begun in G.711.
    T38,
}

crate::words! {
    /// The modem of the pages.
    pub enum FaxModem {
        /// Up to 4800 bit/s.
        V27ter = "V.27ter",
        /// 7200 and 9600 bit/s.
        V29 = "V.29",
        /// Up to 14,400 bit/s.
        V17 = "V.17",
    }
}

/// A request to switch the leg while the fax was on, or a switch without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaxSwitch {
    /// Since the fax began, ms; 0 for what came before it.
    pub after_ms: u32,
    /// Number of the named signalling event that asked; none: nobody asked.
    pub event: Option<u8>,
    /// Who asked: our gateway, or the far end.
    pub by: Side,
    /// What was answered.
    pub answer: SwitchAnswer,
    /// What the leg was then.
    pub mode: LegMode,
}

/// What the network did to a fax: figures of the leg from its begin to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxPath {
    /// RTP packets that came while it was on; none: not known.
    pub received: Option<u64>,
    /// T.38 datagrams that came; none: there was no relay.
    pub relay_received: Option<u64>,
    /// Packets that never came, or too late: RTP, or of T.38 those that redundancy did not bring back.
    pub lost: u64,
    /// Lost ones that came with later packets.
    pub recovered: u64,
    /// Packets from here that the far end reported lost (RTCP), whether redundancy repaired that or not; none: it reported nothing,
    /// or there was a relay.
    pub far_lost: Option<u64>,
    /// Stretches of sound that were made for want of packets, ms; none in T.38.
    pub concealed_ms: Option<u64>,
    /// Times that sound was left out or doubled for want of a common clock; none in T.38.
    pub slips: Option<u64>,
    /// Interarrival jitter at the end, tenths of a ms; none in T.38.
    pub jitter_tenth_ms: Option<u32>,
    /// The far clock against ours, ppm, positive: it is faster; none: not known.
    pub drift_ppm: Option<i32>,
}

/// One fax on one media leg. A call may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaxRecord {
    /// Its first signal, unix time in ms.
    pub begin_unix_ms: u64,
    /// From its first signal to its last, or to the end of the leg, ms.
    pub length_ms: u64,
    /// The side whose machine called; none: neither said.
    pub caller: Option<Side>,
    /// The side whose machine sent the document; none: it was not agreed.
    pub sender: Option<Side>,
    /// Who the machines are (TSI, CSI, CIG): printable ASCII, at most 20 characters.
    pub identities: Sides<Option<String>>,
    /// How it travelled.
    pub transport: FaxTransport,
    /// Its switchings, oldest first, at most [`SWITCHES`].
    pub switches: Vec<FaxSwitch>,
    /// Rates that were tried, bit/s, in their order, each once.
    pub rates: Vec<u32>,
    /// The rate that was chosen last, bit/s; none: none was.
    pub rate: Option<u32>,
    /// Its modem.
    pub modem: Option<FaxModem>,
    /// Error correction; none: not agreed.
    pub ecm: Option<bool>,
    /// Pages that were confirmed, poor ones counted.
    pub pages: u32,
    /// Frames of pages that were asked for again.
    pub resent_frames: u32,
    /// Pages that were refused (RTN).
    pub refused_pages: u32,
    /// Pages that were confirmed as poor (RTP).
    pub poor_pages: u32,
    /// Trainings that were refused (FTT) or not answered.
    pub failed_trainings: u32,
    /// Frames of 300 bit/s with a wrong check sequence.
    pub bad_frames: Sides<u32>,
    /// The timer of T.30 that ran out, as the silence before the end lets one think.
    pub timer: Option<FaxTimer>,
    /// What the network did to it.
    pub path: FaxPath,
    /// Level of its signals; none: none came.
    pub level: Sides<Option<TenthDbm0>>,
    /// Echo return loss of the line; none: not known.
    pub erl: Option<TenthDb>,
    /// Signals and frames that came faster than they could be listened to. More than 0: pages may be missing here.
    pub unheard: u64,
    /// What became of it.
    pub outcome: FaxOutcome,
    /// What the machines signalled, oldest first, at most [`super::FAX_STEPS`].
    #[serde(default)]
    pub steps: Vec<FaxStep>,
    /// What earlier faxes with this far end changed in it.
    #[serde(default)]
    pub advised: Vec<FaxAdvised>,
}

impl FaxRecord {
    /// One, for tests and documentation.
    pub fn sample() -> FaxRecord {
        FaxRecord {
            begin_unix_ms: 1_780_000_000_000,
            length_ms: 83_400,
            caller: Some(Side::Line),
            sender: Some(Side::Line),
            identities: Sides {
                line: Some("+49 30 1234".into()),
                network: Some("+1 555 0100".into()),
            },
            transport: FaxTransport::G711Redundant { copies: 1 },
            switches: vec![FaxSwitch {
                after_ms: 2_900,
                event: Some(192),
                by: Side::Network,
                answer: SwitchAnswer::Agreed,
                mode: LegMode::PassThrough,
            }],
            rates: vec![14_400, 9600],
            rate: Some(9600),
            modem: Some(FaxModem::V17),
            ecm: Some(true),
            pages: 2,
            resent_frames: 3,
            refused_pages: 0,
            poor_pages: 0,
            failed_trainings: 1,
            bad_frames: Sides {
                line: 0,
                network: 1,
            },
            timer: None,
            path: FaxPath {
                received: Some(4_150),
                relay_received: None,
                lost: 2,
                recovered: 9,
                far_lost: None,
                concealed_ms: Some(20),
                slips: Some(0),
                jitter_tenth_ms: Some(14),
                drift_ppm: Some(-3),
            },
            level: Sides {
                line: Some(TenthDbm0(-128)),
                network: Some(TenthDbm0(-187)),
            },
            erl: Some(TenthDb(142)),
            unheard: 0,
            outcome: FaxOutcome::Complete { pages: 2 },
            steps: steps(),
            advised: vec![FaxAdvised {
                far: "2001".into(),
                advice: FaxAdvice::Redundancy {
                    depth: 1,
                    loss_hundredths: 80,
                },
            }],
        }
    }
}

/// Those of a sample.
fn steps() -> Vec<FaxStep> {
    use Side::{Line, Network};
    let all = [
        (0, Line, "CNG", None, None),
        (2_600, Network, "CED", None, None),
        (6_100, Network, "CSI", None, None),
        (6_400, Network, "DIS", None, None),
        (8_200, Line, "TSI", None, None),
        (8_500, Line, "DCS", Some(14_400), None),
        (8_700, Line, "training", Some(14_400), Some(1_500)),
        (11_500, Network, "FTT", None, None),
        (13_000, Line, "TSI", None, None),
        (13_300, Line, "DCS", Some(9_600), None),
        (13_500, Line, "training", Some(9_600), Some(1_500)),
        (16_300, Network, "CFR", None, None),
        (16_600, Line, "page", Some(9_600), Some(28_000)),
        (46_000, Line, "PPS-MPS", None, None),
        (47_500, Network, "PPR", None, None),
        (47_800, Line, "page", Some(9_600), Some(900)),
        (50_000, Line, "PPS-MPS", None, None),
        (51_500, Network, "MCF", None, None),
        (51_800, Line, "page", Some(9_600), Some(27_000)),
        (80_200, Line, "PPS-EOP", None, None),
        (81_700, Network, "MCF", None, None),
        (83_300, Line, "DCN", None, None),
    ];
    all.into_iter()
        .map(|(after_ms, from, sign, rate, length_ms)| FaxStep {
            after_ms,
            from,
            sign: sign.to_owned(),
            rate,
            length_ms,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_from_json() {
        for outcome in FaxOutcome::samples() {
            let record = FaxRecord {
                outcome,
                ..FaxRecord::sample()
            };
            let json = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<FaxRecord>(&json).unwrap(), record);
        }
        for transport in [
            FaxTransport::G711,
            FaxTransport::G711Redundant { copies: 2 },
            FaxTransport::T38,
        ] {
            let json = serde_json::to_string(&transport).unwrap();
            assert_eq!(
                serde_json::from_str::<FaxTransport>(&json).unwrap(),
                transport,
                "{json}"
            );
        }
    }
}
