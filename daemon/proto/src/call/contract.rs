//! What goes into a port and what comes out of it.

use std::net::SocketAddrV4;

use crate::call::preserved::Heard;
use crate::call::record::CallRecord;
use crate::sccp::message::{
    ClientMessage, MediaStatus, RingMode, ServerMessage, Tone, VoiceQuality,
};
use crate::time::Time;
use crate::types::{CallRef, Codec, Digit, LineFault, Party, Polarity, TenthDbm0};

/// Anything that a port takes.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// From the card.
    Line(LineInput),
    /// From the DTMF detector: a digit began.
    Digit(DigitHeard),
    /// From the media side.
    Media(MediaInput),
    /// The device is registered; calls work.
    StationUp {
        /// Protocol version in use.
        version: u8,
    },
    /// The device is not registered any more.
    StationDown,
    /// The server said something.
    Message(&'a ServerMessage),
}

/// What the card saw. `at` is the card's own stamp on the same clock as `now`, and never later than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineInput {
    /// The loop is closed (raw edge). Also to be reported at start when the port is found off-hook.
    LoopClosed {
        /// When.
        at: Time,
    },
    /// The loop is open (raw edge).
    LoopOpened {
        /// When.
        at: Time,
    },
    /// A flash that the card decoded itself (then it reports no edges for it).
    Flash {
        /// When it ended.
        at: Time,
    },
    /// A pulse-dialled digit that the card decoded itself, 0–9.
    PulseDigit {
        /// 0–9; anything else is ignored.
        digit: u8,
        /// When it was complete.
        at: Time,
    },
    /// A burst of ringing began.
    RingOn {
        /// When.
        at: Time,
    },
    /// A burst of ringing ended.
    RingOff {
        /// When.
        at: Time,
    },
    /// The last bit of the caller ID asked for by [`LineOutput::SendCallerId`] left.
    CallerIdSent,
    /// The line or its card is in trouble: no audio, no events until cleared.
    Fault(LineFault),
    /// The trouble is over; the card then reports the loop state again with an edge.
    FaultCleared,
}

/// A DTMF digit, reported when it is certain (not when it ends).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigitHeard {
    /// Which key.
    pub digit: Digit,
    /// When it began.
    pub at: Time,
    /// Level of the stronger frequency in tenths of a dBm0; 0 when not measured.
    pub level: TenthDbm0,
}

/// What the media side reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaInput {
    /// The answer to [`MediaOutput::OpenReceive`]: exactly one for each, in order.
    ReceiveOpened {
        /// As asked.
        party: Party,
        /// The own address and port that the far end shall send to, or why there is none.
        result: Result<SocketAddrV4, MediaStatus>,
    },
    /// The line thread has not taken a leg that [`MediaInput::ReceiveOpened`] had a socket for.
    LegRefused {
        /// The leg.
        party: Party,
        /// For the server.
        status: MediaStatus,
    },
    /// The answer to [`MediaOutput::NeedHeard`].
    Heard {
        /// As asked.
        party: Party,
        /// What has come.
        heard: Heard,
    },
    /// The answer to [`MediaOutput::NeedStatistics`].
    Statistics {
        /// As asked.
        call: CallRef,
        /// The counters of the leg; zero when it is not known any more.
        counters: LegStatistics,
    },
}

/// Counters of one media leg, wrapped to 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegStatistics {
    /// RTP packets sent.
    pub packets_sent: u32,
    /// Payload octets sent.
    pub octets_sent: u32,
    /// RTP packets received.
    pub packets_received: u32,
    /// Payload octets received.
    pub octets_received: u32,
    /// Packets lost.
    pub packets_lost: u32,
    /// Interarrival jitter, ms.
    pub jitter_ms: u32,
    /// Latency, ms; 0 when unknown.
    pub latency_ms: u32,
    /// How it sounded; none when nothing was heard.
    pub quality: Option<VoiceQuality>,
}

/// Anything a port asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Say this to the server.
    Send(ClientMessage),
    /// To the line.
    Line(LineOutput),
    /// To the media side.
    Media(MediaOutput),
    /// A call is over.
    Record(CallRecord),
    /// A digit was counted from the openings of the loop. For the trace; the port has used it.
    Counted(Digit),
}

/// What the line (card and chain) shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineOutput {
    /// Ring with the country's cadence for this mode until [`LineOutput::StopRing`]. The card stops by
    /// itself at ring trip; `StopRing` is sent all the same.
    Ring(RingMode),
    /// Stop ringing.
    StopRing,
    /// Play a tone of the country's plan towards the phone, in place of the far voice (call-waiting
    /// tones: laid over it) until [`LineOutput::StopTone`] or another tone. A call-waiting tone is one burst: it
    /// is asked for again when it shall repeat.
    PlayTone(Tone),
    /// Stop the tone.
    StopTone,
    /// Let audio through while on-hook for this time.
    OnHookTransmission {
        /// How long, ms.
        ms: u32,
    },
    /// Send caller ID; answer with [`LineInput::CallerIdSent`] at its end.
    SendCallerId {
        /// What to send.
        id: CallerId,
        /// A dual-tone alerting signal (DT-AS) goes before the message.
        dual_tone_alert: bool,
    },
    /// Stop sending caller ID at once: the phone went off-hook, or the caller gave up.
    StopCallerId,
    /// Polarity of the feed.
    Polarity(Polarity),
    /// Open the loop for this time, then feed it again (disconnect supervision).
    OpenLoop {
        /// How long, ms.
        ms: u32,
    },
    /// Message-waiting lamp (FSK VMWI, neon, … as the port's profile has it).
    MessageLamp(bool),
    /// Listen for DTMF from the phone.
    EnableDtmf(bool),
}

/// Who calls, for the phone's display. Date and time are the sender's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerId {
    /// Calling number.
    pub number: Presented,
    /// Calling name.
    pub name: Presented,
}

/// Something that can be shown, withheld, or not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Shown; never empty.
    Text(String),
    /// The caller withheld it (reason for absence `P`).
    Withheld,
    /// Nobody knows it (reason for absence `O`).
    Unknown,
}

/// What the media side shall do. A leg is named by its [`Party`]; a party that was closed may be opened again
/// and is then a new leg: fresh socket, fresh SSRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaOutput {
    /// Open a socket and receive; answer with [`MediaInput::ReceiveOpened`], exactly once for each.
    OpenReceive {
        /// The leg.
        party: Party,
        /// The call it belongs to; [`CallRef::NONE`] when the server did not say and nothing fits.
        call: CallRef,
        /// Codec to expect.
        codec: Codec,
        /// Packet time to expect, ms.
        ptime_ms: u32,
        /// RFC 4733 payload type to expect, if any.
        rfc2833_payload: Option<u8>,
        /// Payload type of named signalling events to expect, when the server names one.
        nse_payload: Option<u8>,
        /// Join this multicast group and receive what is sent to it, whoever sends, and nothing else. Nothing is sent on
        /// such a leg; its own address is the group.
        group: Option<SocketAddrV4>,
    },
    /// Send to `remote`, and accept only what comes from there. May come again for the same leg (the far
    /// end moved). Comes only after the receive side is open.
    StartSend {
        /// The leg.
        party: Party,
        /// Where to.
        remote: SocketAddrV4,
        /// Codec.
        codec: Codec,
        /// Packet time, ms.
        ptime_ms: u32,
        /// Send the phone's digits as RFC 4733 events with this payload type.
        rfc2833_payload: Option<u8>,
        /// Send named signalling events with this payload type, when the server names one.
        nse_payload: Option<u8>,
        /// DSCP of the packets.
        dscp: u8,
    },
    /// Stop sending; the leg stays.
    StopSend {
        /// The leg.
        party: Party,
    },
    /// Close the leg (both ways) and its socket. Its counters may still be asked for.
    CloseReceive {
        /// The leg.
        party: Party,
    },
    /// Which leg the phone hears and talks to; `None` = silence both ways (tones are still heard).
    Bridge {
        /// The leg.
        party: Option<Party>,
    },
    /// The server begins a new call by the number of one that outlived it: the legs of that one, open or closed, belong to
    /// [`CallRef::NONE`] from now on.
    Disown {
        /// The number that is taken.
        call: CallRef,
    },
    /// Report what has come on an open leg, with [`MediaInput::Heard`].
    NeedHeard {
        /// The leg.
        party: Party,
    },
    /// Report the counters of a leg, open or closed, with [`MediaInput::Statistics`].
    NeedStatistics {
        /// The leg, as last opened.
        party: Party,
        /// To be sent back.
        call: CallRef,
    },
}
