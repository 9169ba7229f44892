//! What can be asked on the control socket, and the shapes of the answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tipring_store::{History, Query};
use tipring_types::T38Choice;

use crate::report::{
    CallDetail, CallList, ConfigReport, FaxMemoryReport, LineTestReport, PortDetail, PortSummary,
    ReloadReport, RestartReport, ServerReport, SimSnapshot, StatusReport, TraceEvent,
};

/// A request. Answered by the [`Response`] named at each variant, or by [`Response::Error`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// The state of the gateway. → [`Response::Status`]
    Status,
    /// Reads the configuration file again and uses what needs no restart. → [`Response::Reload`], or
    /// [`Response::BadConfiguration`] when the file has errors: the configuration in use stays then.
    Reload,
    /// All ports. → [`Response::Ports`]
    PortList,
    /// One port in full. → [`Response::Port`]
    PortShow {
        /// Port number, from 1.
        port: u16,
    },
    /// Measures the noise of an idle line. → [`Response::LineTest`] when that is done, or interrupted.
    PortTest {
        /// Port number, from 1.
        port: u16,
        /// How long, 1 to 60 seconds.
        seconds: u8,
    },
    /// Unregisters ports and registers them again. → [`Response::Restart`]
    PortRestart {
        /// Port number, from 1; none: all ports.
        port: Option<u16>,
        /// Those in a call as well.
        force: bool,
    },
    /// The CallManagers of the list. → [`Response::Servers`]
    ServerList,
    /// Forgets waits and which servers are passed by, and tries now. → [`Response::Servers`]
    ServerRetry {
        /// As in the list; none: all of them.
        server: Option<String>,
    },
    /// Makes a CallManager the first of the list until the daemon restarts. → [`Response::Servers`]
    ServerPrefer {
        /// As in the list; none: the order of the configuration.
        server: Option<String>,
    },
    /// Active and recent calls. → [`Response::Calls`]
    CallList,
    /// One call in full. → [`Response::Call`]
    CallShow {
        /// [`crate::report::CallSummary::id`].
        id: u64,
    },
    /// Finished calls and findings, also of earlier runs of the daemon. → [`Response::History`]
    History(Query),
    /// What is remembered of the far ends of faxes. → [`Response::FaxMemory`]
    FaxMemory(FaxMemoryAction),
    /// Live events. → [`Response::Done`], then [`crate::wire::Event`]s until the client closes.
    Trace {
        /// Ports to follow; empty means all.
        ports: Vec<u16>,
    },
    /// The SCCP messages of ports as bytes. → [`Response::Done`], then [`crate::wire::Event::Sccp`]s until the client closes.
    Capture {
        /// Ports to follow; empty means all.
        ports: Vec<u16>,
    },
    /// The last events of a port, kept whether anybody follows or not. → [`Response::Trace`]
    TraceLast {
        /// Port number, from 1.
        port: u16,
    },
    /// Acts on the simulated phone, line or fax machine of a port. → [`Response::Sim`] with the state after the action.
    Sim {
        /// Port number, from 1.
        port: u16,
        /// What to do.
        action: SimAction,
    },
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Response {
    /// Done; there is nothing more to say.
    Done,
    /// Answer to [`Request::Status`].
    Status(StatusReport),
    /// Answer to [`Request::PortList`].
    Ports {
        /// In order of port number.
        ports: Vec<PortSummary>,
    },
    /// Answer to [`Request::PortShow`].
    Port(Box<PortDetail>),
    /// Answer to [`Request::PortTest`].
    LineTest(LineTestReport),
    /// Answer to [`Request::PortRestart`].
    Restart(RestartReport),
    /// Answer to [`Request::ServerList`], [`Request::ServerRetry`] and [`Request::ServerPrefer`].
    Servers {
        /// In the order of the configuration.
        servers: Vec<ServerReport>,
    },
    /// Answer to [`Request::CallList`].
    Calls(CallList),
    /// Answer to [`Request::CallShow`].
    Call(CallDetail),
    /// Answer to [`Request::History`].
    History(Box<History>),
    /// Answer to [`Request::FaxMemory`].
    FaxMemory(FaxMemoryReport),
    /// Answer to [`Request::TraceLast`].
    Trace {
        /// Oldest first; bounded.
        events: Vec<TraceEvent>,
    },
    /// Answer to [`Request::Reload`].
    Reload(ReloadReport),
    /// Answer to [`Request::Reload`]: nothing has changed.
    BadConfiguration(ConfigReport),
    /// Answer to [`Request::Sim`].
    Sim(SimSnapshot),
    /// The request was refused or failed.
    Error(ErrorReport),
}

/// What to do with what is remembered of far ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum FaxMemoryAction {
    /// Show it.
    List,
    /// Forget it; the answer has what it was.
    Forget {
        /// Number or address of the far end; none: all of them.
        far: Option<String>,
    },
    /// Pin by hand whether T.38 is asked for; the answer has what is remembered then.
    Set {
        /// Number or address of the far end.
        far: String,
        /// None: what was learned decides.
        t38: Option<T38Choice>,
    },
}

/// Why a request was refused: the thing, the cause, the cure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// For programs.
    pub code: ErrorCode,
    /// For people: names the thing and the cause.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The line was not a request of this version.
    BadRequest,
    /// The gateway has no port of this number.
    UnknownPort,
    /// No active or remembered call has this id.
    UnknownCall,
    /// No CallManager of the list has this name.
    UnknownServer,
    /// Nothing is remembered of a far end of this name.
    UnknownFarEnd,
    /// A sim action on a port whose card is not simulated.
    NotSimulated,
    /// Not possible in the present state (dial while on-hook, send a fax during a fax …).
    Refused,
    /// A file could not be read or written by the daemon.
    File,
    /// What was waited for did not happen in time.
    TimedOut,
    /// The daemon is stopping, or something inside it failed.
    Internal,
}

/// What a technician's hands would do at the end of the line. Paths are as the daemon sees them: the command makes
/// them absolute before it sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum SimAction {
    /// Change nothing, show the state.
    Show,
    /// Lift the handset.
    Lift,
    /// Hang up.
    Hang,
    /// Open the loop for a moment.
    Flash {
        /// For how long.
        ms: u16,
    },
    /// Dial, after whatever the hand is still doing. The answer comes at once; see [`SimCondition::DialDone`].
    Dial {
        /// `0`–`9`, `*`, `#`, `A`–`D`; `,` is a pause of one second, `!` a flash.
        digits: String,
        /// By loop pulses instead of DTMF.
        pulse: bool,
        /// DTMF: tone length. Pulse: break (loop open) length. None: as the phone is made.
        #[serde(default)]
        on_ms: Option<u16>,
        /// DTMF: gap between tones. Pulse: make (loop closed) length. None: as the phone is made.
        #[serde(default)]
        off_ms: Option<u16>,
    },
    /// Lift by itself from now on.
    AutoAnswer {
        /// After this number of bursts of ringing; none: never.
        after_bursts: Option<u32>,
    },
    /// Talk a WAV file (8 kHz mono 16 bit).
    Play {
        /// The file.
        wav: PathBuf,
        /// From the beginning again at its end.
        #[serde(rename = "loop")]
        looped: bool,
    },
    /// Talk one sine, or two together.
    Tone {
        /// Frequencies, one or two.
        hz: Vec<f32>,
        /// Level of each.
        dbm0: f32,
        /// Length; 0: until stopped.
        ms: u32,
    },
    /// Stop playing a WAV or tone.
    Stop,
    /// Record what the phone hears into a WAV file.
    Record {
        /// The file; it is overwritten.
        wav: PathBuf,
    },
    /// Stop recording and close the file.
    RecordStop,
    /// Send a fax: lift, wait for dial tone, dial and act as the calling terminal. The answer comes at once;
    /// follow it with [`SimAction::Show`] or wait for [`SimCondition::FaxDone`].
    FaxSend {
        /// The pages, a fax TIFF.
        tiff: PathBuf,
        /// Number to dial.
        number: String,
        /// Offer error correction.
        ecm: bool,
    },
    /// Answer the next call as a receiving fax machine.
    FaxReceive {
        /// Where the pages go; it is overwritten.
        tiff: PathBuf,
        /// Accept error correction.
        ecm: bool,
    },
    /// Switch the fax machine off: it hangs up at once.
    FaxCancel,
    /// Forget heard digits, caller ID, measured ringing and polarity changes.
    Forget,
    /// Answer when the condition holds (at once if it holds already), or with [`ErrorCode::TimedOut`].
    Wait {
        /// What to wait for.
        until: SimCondition,
        /// At most this time, and never longer than an hour.
        timeout_ms: u64,
    },
    /// Change the two-wire hybrid and the line; what is not named stays.
    Hybrid {
        /// Trans-hybrid loss: how much weaker the port's own signal comes back.
        loss_db: Option<f64>,
        /// Delay of that echo.
        delay_ms: Option<f64>,
        /// Noise of the line.
        noise_dbm0: Option<f64>,
    },
    /// Break the line or its card, or heal it.
    Fault {
        /// How.
        fault: SimFault,
    },
}

/// Trouble a simulated card can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SimFault {
    /// End every lasting fault of the port.
    Clear,
    /// The span goes into alarm: blocks stop.
    Alarm,
    /// The card is gone.
    Removed,
    /// The line has lost its battery.
    PowerAlarm,
}

/// What [`SimAction::Wait`] can wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum SimCondition {
    /// The phone rings (a burst of ringing has begun).
    Ringing,
    /// The phone has stopped ringing.
    NotRinging,
    /// On-hook, not ringing, no call on the port.
    Idle,
    /// A call of the port is connected and sends its packets.
    Connected,
    /// The phone hears something of at least −40 dBm0 whose strongest frequency is within 5 % of one of these (a call
    /// progress tone is two sines of one level, and either may be the stronger one by a hair).
    Tone {
        /// Frequencies of which one is to be heard; none: any sound.
        #[serde(default)]
        hz: Vec<f32>,
    },
    /// The phone hears nothing above −60 dBm0 for half a second.
    Silence,
    /// Caller ID was decoded.
    CallerId,
    /// DTMF digits were heard: at least these, in this order.
    Digits {
        /// The digits.
        digits: String,
    },
    /// The message lamp is lit (or dark).
    Lamp {
        /// Lit?
        on: bool,
    },
    /// The gateway has opened the loop (disconnect supervision) since the wait began, or holds it open now. Wait
    /// before the event, or compare [`SimSnapshot::open_loops`].
    LoopOpened,
    /// Everything asked of the hand is done (digits dialled, flashes made).
    DialDone,
    /// The WAV being played is at its end.
    PlayDone,
    /// No fax is under way, and one was: at the beginning of the wait or before it. It went well or badly.
    FaxDone,
    /// The port is registered with a CallManager.
    Registered,
}
