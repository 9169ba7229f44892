//! `tipring port`: one analog port, its device, its line and its media.

use serde::{Deserialize, Serialize};
use tipring_types::trace::LegMode;
use tipring_types::{
    CallState, ConnectionPurpose, ConnectionState, EchoState, FaxOutcome, HookState, PortState,
    RegistrationState, Side,
};

use super::call::CallSummary;
use super::finding::FindingReport;
use super::quality::{QualityReport, RtcpReport};
use super::status::Counter;

/// One port in one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PortSummary {
    /// Port number, from 1.
    pub port: u16,
    /// Channel of the card.
    pub channel: u16,
    /// As in the configuration; may be empty.
    pub label: String,
    /// SCCP device name.
    pub device: String,
    /// SCCP device type number.
    pub device_type: u32,
    /// `phone`, `fax`, `modem`, `alarm`, `door`.
    pub profile: String,
    /// False when switched off in the configuration.
    pub enabled: bool,
    /// Where the device stands.
    pub registration: RegistrationState,
    /// When the next attempt to register is made, if one is.
    pub next_attempt_ms: Option<u64>,
    /// The server it is registered with, or is trying.
    pub server: Option<String>,
    /// The hook.
    pub hook: HookState,
    /// What the port is doing.
    pub state: PortState,
    /// What its active call is doing, if it has one.
    pub call: Option<CallState>,
    /// Number of the far end.
    pub peer: Option<String>,
    /// The port's own directory number, as the server reports it.
    pub number: Option<String>,
    /// Messages wait.
    pub message_waiting: bool,
    /// What is wrong with the port; what explains most comes first.
    pub findings: Vec<FindingReport>,
}

/// A past change of the registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RegistrationStep {
    /// When.
    pub at_unix_ms: u64,
    /// What it became.
    pub state: RegistrationState,
    /// With which server.
    pub server: Option<String>,
    /// Why, in words, with the server's own text.
    pub reason: String,
}

/// A connection to a CallManager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConnectionReport {
    /// To which server.
    pub server: Option<String>,
    /// What it is for.
    pub purpose: ConnectionPurpose,
    /// Where it stands.
    pub state: ConnectionState,
}

/// The registration in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RegistrationReport {
    /// Now.
    pub state: RegistrationState,
    /// The server now.
    pub server: Option<String>,
    /// Every connection that is open or being opened, the oldest first.
    pub connections: Vec<ConnectionReport>,
    /// Protocol version agreed.
    pub protocol_version: Option<u8>,
    /// Seconds between keepalives, as the server asked.
    pub keepalive_s: Option<u32>,
    /// Since when the state holds.
    pub since_unix_ms: Option<u64>,
    /// How long it has held, ms.
    pub state_ms: Option<u64>,
    /// Why it is so, in words.
    pub reason: Option<String>,
    /// When the next attempt is made, if one is.
    pub next_attempt_ms: Option<u64>,
    /// When a better CallManager is asked at the latest whether it takes the port back.
    pub better_asked_ms: Option<u64>,
    /// Last changes, oldest first; bounded.
    pub history: Vec<RegistrationStep>,
    /// What the connection counts (messages in and out, unknown ones, faults …).
    pub counters: Vec<Counter>,
}

/// RTP of one leg, both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RtpStats {
    /// Packets sent.
    pub sent_packets: u64,
    /// Payload octets sent.
    pub sent_octets: u64,
    /// Packets that the socket refused.
    pub send_errors: u64,
    /// Packets received.
    pub received_packets: u64,
    /// Payload octets received.
    pub received_octets: u64,
    /// Sequence numbers that never came.
    pub lost_packets: u64,
    /// Came after their playing time.
    pub late_packets: u64,
    /// Came twice.
    pub duplicate_packets: u64,
    /// Came out of order but in time.
    pub reordered_packets: u64,
    /// Came from an unexpected source.
    pub stray_packets: u64,
    /// Not RTP, or of an unknown payload type.
    pub invalid_packets: u64,
    /// Dropped because the jitter buffer was full.
    pub overflow_packets: u64,
    /// Dropped by the kernel: of others in a flood, or because the socket was full.
    pub kernel_dropped_packets: u64,
    /// Packets sent with earlier ones in them (RFC 2198).
    pub redundant_sent: u64,
    /// Packets received with earlier ones in them.
    pub redundant_received: u64,
    /// Lost packets whose sound came with a later one.
    pub recovered_packets: u64,
    /// Packets of comfort noise sent in place of silence (RFC 3389).
    pub comfort_sent: u64,
    /// Packets of comfort noise received.
    pub comfort_received: u64,
    /// Interarrival jitter (RFC 3550 6.4.1).
    pub jitter_ms: f32,
    /// Sound waiting in the jitter buffer now.
    pub buffer_ms: f32,
    /// Delay that the jitter buffer aims at, beyond the fastest packets.
    pub target_ms: f32,
    /// Delay that it has now, beyond the fastest packets.
    pub delay_ms: f32,
    /// The jitter buffer is held fixed, in fax and modem calls.
    pub held: bool,
    /// Share of the received packets that came late, percent.
    pub late_percent: f32,
    /// How fast the far end's clock runs against the card's, ppm; none until it is known (half a minute).
    pub drift_ppm: Option<f32>,
    /// Within how many ppm that is so.
    pub drift_error_ppm: Option<f32>,
    /// Minutes that a held buffer lasts at this drift, when that is less than a day.
    pub lasts_min: Option<f32>,
    /// Milliseconds of sound that were concealed.
    pub concealed_ms: u64,
    /// Times the buffer shortened or stretched the sound.
    pub buffer_adjustments: u64,
    /// Blocks that the buffer inserted to wait longer.
    pub stretched: u64,
    /// Of the blocks that were put in, those to reach the fixed delay of faxes and modems.
    pub grown: u64,
    /// Blocks that it skipped to wait shorter.
    pub shrunk: u64,
    /// Resyncs to where the stream is.
    pub resyncs: u64,
    /// Times it ran empty.
    pub underruns: u64,
    /// Telephone-events sent (RFC 4733).
    pub events_sent: u64,
    /// Telephone-events received.
    pub events_received: u64,
}

/// A sender that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RefusedSource {
    /// Address and port.
    pub address: String,
    /// Its datagrams, except those that the kernel dropped in a flood.
    pub packets: u64,
}

/// One media leg.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct MediaLeg {
    /// Call reference of the CallManager.
    pub call_ref: u32,
    /// Pass-through party.
    pub party: u32,
    /// Where this port receives; none until the channel is open.
    pub local: Option<String>,
    /// That is a multicast group (music on hold): this port is one of many that hear it, and sends nothing.
    pub multicast: bool,
    /// Where it sends; none until StartMedia.
    pub remote: Option<String>,
    /// Codec, as people name it.
    pub codec: String,
    /// Milliseconds of sound in a packet.
    pub ptime_ms: u16,
    /// Payload type of telephone-events that come, when the server named one.
    pub event_payload_type: Option<u8>,
    /// Payload type of those that go; none: digits go in the voice.
    pub sent_event_payload_type: Option<u8>,
    /// Payload type of named signalling events (NSE); none: they are not used in it.
    pub nse_payload_type: Option<u8>,
    /// It passes data: a fax or a modem was detected.
    pub pass_through: bool,
    /// Fax on it; none while it has been voice only.
    pub fax: Option<FaxLeg>,
    /// Last tones of faxes and modems detected in it, oldest first; bounded.
    pub tones: Vec<DetectedTone>,
    /// From where the far end sends; none until it is accepted.
    pub source: Option<String>,
    /// Senders that were refused, most datagrams first; bounded.
    pub refused_sources: Vec<RefusedSource>,
    /// When the last valid RTP packet came; none before the first.
    pub last_packet_unix_ms: Option<u64>,
    /// How long nothing has come since then, ms, up to the end of the leg; none before the first packet, on hold, and where the far end
    /// need not send all the time (it suppresses silence, or data passes).
    pub silent_ms: Option<u64>,
    /// What an alarm panel said; none while nothing was heard of one.
    pub alarm: Option<AlarmLeg>,
    /// Earlier packets repeated with each one while data passes; none where none ever are.
    pub redundancy: Option<RedundancyReport>,
    /// Counters.
    pub rtp: RtpStats,
    /// Reports to and from the far end; none where RTCP is off, and for a multicast group.
    pub rtcp: Option<RtcpReport>,
    /// How it sounds; none before the first second of sound.
    pub quality: Option<QualityReport>,
}

/// Messages of an alarm panel (Contact-ID) in a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AlarmLeg {
    /// Whole ones.
    pub messages: u32,
    /// Those that were not.
    pub spoilt: u32,
    /// Acknowledged by the receiver.
    pub acknowledged: u32,
}

/// Earlier packets repeated with each one (RFC 2198).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RedundancyReport {
    /// The loss decides how many.
    pub automatic: bool,
    /// How many now.
    pub depth: u8,
    /// The loss that decides, percent: the worse one of what comes here and of what the far end reports; none where a number is set.
    pub loss_percent: Option<f32>,
    /// Times the number was changed.
    pub changes: u32,
}

/// Fax on a leg: what tones, named signalling events (NSE) and T.38 made of it. Figures of packets are sums of all its relays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxLeg {
    /// What it is now.
    pub mode: LegMode,
    /// Rate that the fax machines chose last, bit/s; 0: none as yet.
    pub rate: u32,
    /// They chose error correction.
    pub ecm: bool,
    /// Who the fax machine on the line is, as it said (TSI, CSI).
    pub line_identity: Option<String>,
    /// Who the far one is.
    pub far_identity: Option<String>,
    /// What became of the last fax that is over; none while one goes on.
    pub outcome: Option<FaxOutcome>,
    /// Pages that were confirmed.
    pub pages: u32,
    /// T.38 packets sent.
    pub sent_packets: u64,
    /// Datagrams with them, those that went again counted.
    pub sent_datagrams: u64,
    /// T.38 datagrams taken.
    pub received_datagrams: u64,
    /// T.38 packets that never came.
    pub lost_packets: u64,
    /// Lost ones that came with later ones.
    pub recovered_packets: u64,
    /// Datagrams that came too late.
    pub late_datagrams: u64,
    /// Datagrams that could not be read.
    pub unreadable_datagrams: u64,
}

/// What the line side counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LineStats {
    /// Blocks read from the card.
    pub blocks_read: u64,
    /// Blocks given to the card.
    pub blocks_written: u64,
    /// Blocks lost because nobody read.
    pub read_overruns: u64,
    /// Blocks of silence played because nobody wrote.
    pub write_underruns: u64,
    /// Times the prefill was renewed.
    pub prefills: u64,
    /// Commands that the card refused.
    pub refused_commands: u64,
    /// Off-hooks.
    pub off_hooks: u64,
    /// Flashes recognised as such.
    pub flashes: u64,
    /// Loop openings too short for a pulse, or between the windows.
    pub openings_odd: u64,
    /// Digits recognised from DTMF.
    pub dtmf_digits: u64,
    /// Digits recognised from pulses.
    pub pulse_digits: u64,
    /// Bursts of ringing given.
    pub ring_bursts: u64,
}

/// A tone of a fax or a modem that was detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DetectedTone {
    /// When it was reported.
    pub at_unix_ms: u64,
    /// `CNG`, `CED`, `ANSam` …
    pub tone: String,
    /// Where it came from.
    pub from: Side,
    /// How long it had sounded by then, ms.
    pub after_ms: u32,
}

/// The echo canceller of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct EchoReport {
    /// What it is doing.
    pub state: EchoState,
    /// Loss of the echo path, dB, once the far end has been heard.
    pub erl_db: Option<f32>,
    /// What the canceller takes away beyond that, dB.
    pub erle_db: Option<f32>,
}

/// Voltages on a line, against ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Voltages {
    /// Tip.
    pub tip_v: f32,
    /// Ring.
    pub ring_v: f32,
    /// The battery behind them.
    pub battery_v: f32,
}

/// The card of a port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PortCard {
    /// `sim`, or the kernel module; empty when no card was ever open.
    pub driver: String,
    /// Open?
    pub open: bool,
    /// Number of the span.
    pub span: Option<u16>,
    /// Name of the span.
    pub span_name: String,
    /// The card in words.
    pub description: String,
    /// Name of the channel.
    pub channel_name: String,
    /// Signalling.
    pub signalling: String,
    /// `µ-law` or `A-law`.
    pub law: String,
    /// Times it was opened.
    pub opened: u64,
    /// Times it could not be opened.
    pub open_failures: u64,
    /// Times the card had switched the line feed off.
    pub power_alarms: u64,
    /// Times the line feed was switched on again.
    pub rearms: u64,
    /// As last measured, while the phone was on-hook.
    pub voltages: Option<Voltages>,
    /// What the configuration asks for and the card does otherwise.
    pub remarks: Vec<String>,
}

/// Where the CallManager forwards the calls of a port; an empty number is one that it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Forwards {
    /// All calls.
    pub all: Option<String>,
    /// When the port is busy.
    pub busy: Option<String>,
    /// When nobody answers.
    pub no_answer: Option<String>,
}

/// One port in full.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PortDetail {
    /// The row of the list.
    pub summary: PortSummary,
    /// Country of tones, cadence and caller ID.
    pub country: String,
    /// How caller ID is sent, in words.
    pub caller_id: String,
    /// The registration in full.
    pub registration: RegistrationReport,
    /// Where its calls are forwarded.
    pub forwards: Forwards,
    /// Calls on the port now.
    pub calls: Vec<CallSummary>,
    /// Media legs open now.
    pub media: Vec<MediaLeg>,
    /// Level from the line, if a block was measured in the last second.
    pub rx_dbm0: Option<f32>,
    /// Level to the line.
    pub tx_dbm0: Option<f32>,
    /// The echo canceller.
    pub echo: EchoReport,
    /// The tone being played to the line, by name.
    pub playing: Option<String>,
    /// Line counters.
    pub line: LineStats,
    /// Last detected tones, oldest first; bounded.
    pub tones: Vec<DetectedTone>,
    /// Its card.
    pub card: PortCard,
    /// What the card can and cannot do, in words.
    pub capabilities: Vec<String>,
    /// Whatever else is counted for the port.
    pub counters: Vec<Counter>,
}
