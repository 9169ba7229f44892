//! What `tipring explain` says besides findings, as values.
//!
//! Owns: how a port or the gateway stands, what its figures show, what they rest on, and what was ruled out by measuring. Promises: a
//! code keeps its meaning, programs may compare it. Leaves to others: which figures are which value
//! (`tipring_proto::explain`), and the words (the table in `tipring-ctl`).

use serde::{Deserialize, Serialize};

crate::words! {
    /// How a port, a call or the gateway stands.
    #[derive(Default)]
    pub enum Standing {
        /// Nothing is wrong.
        #[default]
        InOrder = "in-order",
        /// It works, and something is worth knowing.
        Remark = "remark",
        /// It does not work yet, and will by itself.
        Passing = "passing",
        /// It works, but less well than it should, or at risk.
        Impaired = "impaired",
        /// It does not work.
        Dead = "dead",
        /// It is switched off in the configuration.
        Disabled = "disabled",
    }
}

/// What the figures of a port show that is no finding. In JSON: `code`, and `parameters` where there are any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum Remark {
    /// The port is switched off in the configuration.
    Disabled,
    /// The CallManager forwards all calls to this number.
    ForwardedAll {
        /// Where to; empty: it does not say.
        to: String,
    },
    /// The last calls failed: congestion, a refusal, a lost CallManager or a fault of the line.
    CallsFailed {
        /// How many in the last day.
        failed: u64,
        /// Of how many.
        calls: u64,
    },
    /// Nothing was heard from the far end in the last answered call.
    OneWay {
        /// Where RTP was expected from.
        address: String,
        /// A source whose packets were refused.
        refused: Option<String>,
    },
    /// A finding came and went several times in the last day.
    Recurring {
        /// Its code.
        finding: String,
        /// Its text, as it was last.
        what: String,
        /// It is about the registration.
        registration: bool,
        /// How often.
        times: u64,
    },
    /// The last call sounded bad.
    PoorSound {
        /// Mean opinion score of the whole call.
        mos: f64,
        /// Share of the packets that never came, or too late, percent.
        lost_percent: f64,
    },
    /// The echo of the line is strong.
    StrongEcho {
        /// Echo return loss.
        erl_db: f64,
    },
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum Evidence {
    /// It has been so since then.
    Since {
        /// Milliseconds since 1970.
        unix_ms: u64,
        /// Until now.
        seconds: u64,
    },
    /// The port has not been registered since before the finding.
    OutageSince {
        /// Milliseconds since 1970.
        unix_ms: u64,
    },
    /// Registrations that were rejected since the start.
    Rejected {
        /// How many.
        times: u64,
    },
    /// Connections that could not be opened since the start.
    ConnectionsFailed {
        /// How many.
        times: u64,
    },
    /// When the port tries again.
    NextAttempt {
        /// In this time.
        seconds: u64,
    },
    /// Other ports are registered with the same CallManager.
    OthersRegistered {
        /// Which CallManager.
        server: String,
        /// How many.
        ports: u64,
    },
    /// Other ports have the same finding.
    OthersSame {
        /// Which.
        ports: Vec<u16>,
    },
    /// Every port that is enabled has the same finding.
    AllSame {
        /// How many.
        ports: u64,
    },
    /// Voltages of the line.
    Voltages {
        /// Tip against ground.
        tip_v: f64,
        /// Ring against ground.
        ring_v: f64,
        /// The battery.
        battery_v: f64,
    },
    /// How often the card switched the feed off.
    PowerAlarms {
        /// Since the start.
        times: u64,
        /// How often it was switched on again.
        rearms: u64,
    },
    /// RTP of the call.
    Rtp {
        /// Packets sent.
        sent: u64,
        /// Packets received.
        received: u64,
    },
    /// The last packet of the far end.
    LastPacket {
        /// This long ago.
        seconds: u64,
    },
    /// Datagrams that were refused.
    Refused {
        /// From where.
        address: String,
        /// How many.
        packets: u64,
    },
    /// Sound that was lost between the card and the gateway.
    Blocks {
        /// Blocks read from the card.
        read: u64,
        /// Blocks lost because nobody read them.
        overruns: u64,
        /// Times that the card had nothing to play.
        underruns: u64,
    },
    /// Keepalives without an answer.
    KeepalivesMissed {
        /// Since the start.
        times: u64,
    },
    /// Off-hooks, answers and flashes that the CallManager did not respond to.
    NoResponse {
        /// Since the start.
        times: u64,
    },
    /// The fax.
    Fax {
        /// Its number, for `tipring fax show`.
        number: u64,
        /// When it began; milliseconds since 1970.
        begun_unix_ms: u64,
        /// Number of the far end.
        far_number: Option<String>,
        /// Pages that were confirmed.
        pages: u32,
    },
    /// The call that it is about.
    Call {
        /// Its number, for `tipring call show`; none: of an earlier run of the daemon.
        id: Option<u64>,
        /// When it began; milliseconds since 1970.
        begun_unix_ms: u64,
        /// Number of the far end.
        far_number: Option<String>,
    },
    /// Calls by the cause of their end.
    Ended {
        /// The cause, as the history has it.
        end: String,
        /// How many.
        calls: u64,
    },
}

/// What was measured and is in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum RuledOut {
    /// The port is registered.
    Registered {
        /// With which CallManager.
        server: String,
        /// Since when; milliseconds since 1970.
        since_unix_ms: Option<u64>,
    },
    /// The card's channel delivers sound, and none was lost.
    CardServed {
        /// Blocks read since the start.
        blocks: u64,
    },
    /// The line has its feed, as the card measures it.
    FeedPresent {
        /// Tip against ground.
        tip_v: f64,
        /// Ring against ground.
        ring_v: f64,
        /// The battery.
        battery_v: f64,
    },
    /// The loop closed when the phone was lifted.
    LoopCloses {
        /// Off-hooks since the start.
        off_hooks: u64,
    },
    /// Keys were recognised.
    DigitsHeard {
        /// By tone.
        tone: u64,
        /// By pulse.
        pulse: u64,
    },
    /// The last answered call had audio both ways.
    AudioBothWays {
        /// Packets sent.
        sent: u64,
        /// Packets received.
        received: u64,
        /// Share that never came, or too late, percent.
        lost_percent: f64,
    },
    /// The last call sounded well.
    SoundGood {
        /// Mean opinion score.
        mos: f64,
    },
    /// The echo canceller has learned the line.
    EchoTrained {
        /// Echo return loss.
        erl_db: f64,
        /// What the canceller takes away beyond that.
        erle_db: f64,
    },
    /// The phone can be heard: level from the line now.
    LevelFromLine {
        /// dBm0.
        dbm0: f64,
    },
    /// A standby connection to another CallManager is open.
    StandbyOpen {
        /// Which.
        server: String,
    },
    /// Every port that is enabled is registered.
    AllRegistered {
        /// How many.
        ports: u64,
    },
    /// The line threads lost nothing.
    LineThreadsInTime {
        /// Ticks served.
        ticks: u64,
        /// The longest tick.
        longest_us: u64,
    },
}

/// What is noteworthy in a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum CallNote {
    /// Nothing came from the far end.
    NothingHeard {
        /// Where it was expected from.
        address: String,
        /// A source whose packets were refused.
        refused: Option<String>,
    },
    /// Packets came, and then no more.
    FellSilent {
        /// Where they came from.
        address: String,
        /// Packets until then.
        received: u64,
        /// Without any more.
        seconds: u64,
    },
    /// The call failed before it was answered.
    Failed {
        /// The cause, as the history has it.
        end: String,
    },
    /// It ended by a fault.
    BrokenOff {
        /// The cause, as the history has it.
        end: String,
    },
    /// It goes on without its CallManager, which is lost.
    WithoutCallManager,
    /// Packets were lost on the way here.
    Loss {
        /// Share that never came, or too late, percent.
        percent: f64,
        /// Sound that was concealed.
        concealed_ms: u64,
    },
    /// Packets were lost on the way to the far end, by its reports.
    FarLoss {
        /// Percent.
        percent: f64,
    },
    /// The delay is long.
    LongDelay {
        /// One way.
        ms: u64,
    },
    /// Packets came unevenly.
    Jitter {
        /// Interarrival jitter.
        ms: f64,
    },
    /// The echo of the line is strong.
    StrongEcho {
        /// Echo return loss.
        erl_db: f64,
    },
    /// Packets from an unexpected source were refused.
    Refused {
        /// From where.
        address: String,
        /// How many.
        packets: u64,
    },
}
