//! Trace events: what happens on a port, as values.
//!
//! Owns: every event that there is ([`Trace`]), its stable code and its kind. Promises: a code keeps its meaning for ever,
//! programs may compare it. Leaves to others: when an event happens (the daemon), who reads it, and its text (the table of
//! words in `tipring-ctl`).

mod fields;
mod parts;
mod sample;

use std::net::SocketAddrV4;

use serde::{Deserialize, Serialize};

pub use fields::{Field, Fields, Value};
pub use parts::{
    CallerIdPart, CardCommand, DigitSource, LegMode, LegRefusal, SccpDirection, SccpMessage,
    SwitchAnswer, TraceKind, VoiceCause, Word,
};

use crate::finding::Finding;
use crate::{
    AlarmTone, CallState, Codec, DataTone, Digit, EndCause, FaxAdvised, FaxRecord, HookState,
    LineFault, Polarity, Side, TenthDbm0, TestEnd,
};

/// Something that happened. In JSON: `code`, and `parameters` where there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum Trace {
    /// An SCCP message.
    SccpMessage(SccpMessage),
    /// Bytes of the CallManager that are no SCCP message that can be read.
    SccpUnreadable {
        /// What was wrong.
        reason: String,
    },

    /// The loop was closed.
    LoopClosed,
    /// The loop was opened.
    LoopOpened,
    /// A flash that the card decoded itself.
    Flash,
    /// A digit began, or (dial pulses) was complete.
    Digit {
        /// Which key.
        digit: Digit,
        /// Where it came from.
        source: DigitSource,
        /// Its level, where one was measured or sent.
        level_dbm0: Option<TenthDbm0>,
    },
    /// A digit ended.
    DigitEnded {
        /// Which key.
        digit: Digit,
        /// Where it came from.
        source: DigitSource,
        /// Its length, ms.
        length_ms: u32,
    },
    /// A burst of ringing began on the line.
    RingBurstBegan,
    /// A burst of ringing ended.
    RingBurstEnded,
    /// The last bit of a caller ID was sent.
    CallerIdSent,
    /// The line or its card has a fault.
    LineFault {
        /// Which.
        fault: LineFault,
    },
    /// The fault is over.
    LineFaultEnded,

    /// The line shall ring.
    Ring {
        /// As the CallManager asked.
        mode: Word,
    },
    /// The line shall ring no more.
    StopRing,
    /// The phone shall hear a tone.
    PlayTone {
        /// Which.
        tone: Word,
    },
    /// The tone shall end.
    StopTone,
    /// Audio shall pass while the phone is on-hook.
    OnHookTransmission {
        /// Length, ms.
        ms: u32,
    },
    /// A caller ID shall be sent.
    SendCallerId {
        /// Calling number.
        number: CallerIdPart,
        /// Calling name.
        name: CallerIdPart,
        /// A dual-tone alerting signal (DT-AS) is sent before it.
        dual_tone_alert: bool,
    },
    /// The caller ID shall be broken off.
    StopCallerId,
    /// The line shall be fed with this polarity.
    Polarity {
        /// Which.
        polarity: Polarity,
    },
    /// The loop shall be opened.
    OpenLoop {
        /// Length, ms.
        ms: u32,
    },
    /// The message lamp shall be lit or put out.
    MessageLamp {
        /// Lit.
        on: bool,
    },
    /// DTMF of the phone shall be listened for, or not.
    ListenForDtmf {
        /// Listen.
        on: bool,
    },
    /// The message lamp's state is being sent to the phone by FSK.
    MessageLampByFsk {
        /// Lit.
        on: bool,
    },
    /// Sending the message lamp's state was broken off: the line was needed.
    MessageLampBrokenOff,
    /// Neither the card nor the caller ID of the port can show the message lamp.
    MessageLampUnsupported,
    /// A line test begins: the noise of the idle line.
    LineTest {
        /// Length, seconds.
        seconds: u8,
    },
    /// A line test has a result.
    LineTestMeasured {
        /// What came from the line, without weighting.
        noise_dbm0: TenthDbm0,
        /// Of that, what comes from the mains.
        hum_dbm0: TenthDbm0,
        /// Frequency of the mains, Hz.
        hum_hz: u16,
    },
    /// A line test ended without a result.
    LineTestEnded {
        /// Why.
        why: TestEnd,
    },
    /// The card has refused a command.
    CardRefused {
        /// What it was to do.
        command: CardCommand,
        /// In its driver's words.
        reason: String,
    },

    /// A tone of a fax terminal or a modem.
    DataTone {
        /// Which.
        tone: DataTone,
        /// From which side.
        from: Side,
        /// It was recognised this long after its onset, ms.
        after_ms: u32,
        /// It has brought the port into pass-through, this long after its media were opened, ms; none: it has not.
        pass_through_after_ms: Option<u64>,
    },
    /// An answer tone ended.
    AnswerToneEnded {
        /// From which side.
        from: Side,
    },
    /// A request to switch a leg between voice, pass-through and fax relay, and what came of it.
    LegSwitch {
        /// Number of the named signalling event that asked; none: nobody asked.
        event: Option<u8>,
        /// Who asked: the line's side, or the far end.
        by: Side,
        /// What was answered.
        answer: SwitchAnswer,
        /// What the leg is now.
        mode: LegMode,
    },
    /// A fax relay has ended.
    RelayEnded {
        /// Pages that were confirmed.
        pages: u32,
        /// Rate of the last page, bit/s; 0: none was agreed on.
        rate: u32,
        /// With error correction.
        ecm: bool,
        /// T.38 packets that never came.
        lost: u64,
        /// Lost ones that came with later ones.
        recovered: u64,
    },
    /// A fax is over: both machines are done, or the leg or the call has ended. Once for each fax.
    FaxEnded {
        /// What became of it.
        record: Box<FaxRecord>,
    },
    /// Another number of earlier packets is repeated with each one, for the loss that is seen.
    RedundancyChanged {
        /// How many from now on.
        depth: u8,
        /// The loss, hundredths of a percent.
        loss_hundredths: u32,
    },
    /// Earlier faxes with the far end change something in this one.
    FaxMemory {
        /// What, and which far end.
        advised: Box<FaxAdvised>,
    },
    /// A tone of an alarm panel's receiver (Contact-ID).
    AlarmTone {
        /// Which.
        tone: AlarmTone,
        /// Where it comes from.
        from: Side,
    },
    /// A message of an alarm panel (Contact-ID), without its account. Numbers are as the panel's keys have them, a nibble each.
    AlarmMessage {
        /// 1: an event, or an opening; 3: a restoral, or a closing; 6: still so.
        qualifier: u8,
        /// What it is.
        event: u16,
        /// Partition or group.
        partition: u8,
        /// Zone or user.
        zone: u16,
    },
    /// Keys of an alarm panel that are no whole message.
    AlarmSpoilt {
        /// How many.
        keys: u8,
    },
    /// The port goes from pass-through back to voice.
    VoiceAgain {
        /// Why.
        cause: VoiceCause,
    },

    /// The CallManager has asked for a media leg; a socket is opened.
    OpenLeg {
        /// CallManager's number of the leg.
        party: u32,
        /// CallManager's reference of the call; 0: it named none.
        call_ref: u32,
        /// Codec to expect.
        codec: Codec,
        /// Packet time to expect, ms.
        ptime_ms: u32,
        /// RTP payload type of telephone-events.
        telephone_event_payload: Option<u8>,
        /// The multicast group that is joined, if it is to hear one.
        group: Option<SocketAddrV4>,
    },
    /// A leg receives.
    LegOpened {
        /// The leg.
        party: u32,
        /// Where.
        local: SocketAddrV4,
    },
    /// A leg could not be opened.
    LegNotOpened {
        /// The leg.
        party: u32,
        /// What the CallManager is answered.
        status: Word,
    },
    /// The line thread has not taken a leg.
    LegNotServed {
        /// The leg.
        party: u32,
        /// What the CallManager is answered.
        status: Word,
    },
    /// A leg begins to send, or sends to another far end.
    StartSending {
        /// The leg.
        party: u32,
        /// Where to.
        remote: SocketAddrV4,
        /// Codec.
        codec: Codec,
        /// Packet time, ms.
        ptime_ms: u32,
        /// RTP payload type of telephone-events.
        telephone_event_payload: Option<u8>,
    },
    /// A leg stops sending.
    StopSending {
        /// The leg.
        party: u32,
    },
    /// A leg is closed, and its socket.
    CloseLeg {
        /// The leg.
        party: u32,
    },
    /// The phone is connected to a leg, or to none.
    Bridge {
        /// The leg.
        party: Option<u32>,
    },
    /// A call has outlived its CallManager, which has given the call's reference to a new call.
    ReferenceReused {
        /// The reference.
        call_ref: u32,
    },
    /// The call logic asks how many packets a leg has received.
    AskReceived {
        /// The leg.
        party: u32,
    },
    /// The answer to that.
    Received {
        /// The leg.
        party: u32,
        /// Packets.
        packets: u64,
    },
    /// The counters of a leg are asked for.
    AskStatistics {
        /// The leg.
        party: u32,
        /// CallManager's reference of the call.
        call_ref: u32,
    },
    /// The counters of a leg, as the CallManager is answered.
    Statistics {
        /// CallManager's reference of the call.
        call_ref: u32,
        /// RTP packets sent.
        packets_sent: u32,
        /// Payload octets sent.
        octets_sent: u32,
        /// RTP packets received.
        packets_received: u32,
        /// Payload octets received.
        octets_received: u32,
        /// Packets lost.
        packets_lost: u32,
        /// Interarrival jitter, ms.
        jitter_ms: u32,
        /// Latency, ms; 0 when unknown.
        latency_ms: u32,
    },
    /// The line thread has refused a media session.
    SessionRefused {
        /// Why.
        reason: LegRefusal,
    },
    /// An order for a media session came when that was over.
    SessionGone {
        /// The line thread's number of the session.
        session: u64,
    },

    /// The line cannot be opened.
    LineNotOpened {
        /// Its DAHDI channel.
        channel: Option<u16>,
        /// Why.
        finding: Box<Finding>,
    },
    /// The card is in its place and works.
    CardInPlace {
        /// The channel's name.
        name: String,
        /// The card's driver.
        driver: String,
        /// The hook, as the card found it.
        hook: HookState,
    },
    /// The line's feed is dead.
    FeedLost {
        /// What is wrong.
        finding: Box<Finding>,
    },
    /// The line's feed was switched on again, for it had been switched off by the card.
    FeedSwitchedOn {
        /// How many times by now.
        times: u64,
    },
    /// The line has voltage again.
    FeedRestored,

    /// The device is registered.
    Registered {
        /// With which CallManager.
        server: String,
        /// Protocol version.
        version: u8,
        /// Keepalive interval, s.
        keepalive_s: u32,
    },
    /// The registration ended.
    RegistrationLost {
        /// With which CallManager.
        server: String,
        /// Why.
        finding: Box<Finding>,
    },
    /// An attempt to register failed.
    RegistrationFailed {
        /// With which CallManager.
        server: String,
        /// Why.
        finding: Box<Finding>,
    },
    /// The CallManager asks for a reset, a restart or new configuration.
    ResetRequested {
        /// Which.
        kind: Word,
        /// It waits until the port is idle.
        deferred: bool,
    },
    /// The CallManager does not answer keepalives.
    KeepalivesUnanswered,
    /// The device has unregistered and stopped.
    Stopped,
    /// The device has unregistered because its line is dead.
    OutOfService,

    /// A call has another state.
    CallState {
        /// CallManager's reference of the call; 0: none.
        call_ref: u32,
        /// The state.
        state: CallState,
        /// Number of the far end, as far as it is known.
        number: Option<String>,
        /// Name of the far end, as far as it is known.
        name: Option<String>,
    },
    /// A call is over.
    CallEnded {
        /// CallManager's reference of the call; 0: none.
        call_ref: u32,
        /// Why.
        cause: EndCause,
    },
    /// Events of a long call that are not kept.
    NotKept {
        /// How many.
        events: u64,
    },
}

impl Trace {
    /// The code in JSON.
    pub fn code(&self) -> &'static str {
        self.row().0
    }

    /// The kind, by which readers sort and colour.
    pub fn kind(&self) -> TraceKind {
        self.row().1
    }

    /// CallManager's reference of the call that it is about, if it names one.
    pub fn call_ref(&self) -> Option<u32> {
        let call_ref = match self {
            Trace::SccpMessage(message) => {
                let number = message.fields.number(Fields::CALL_REF)?;
                u32::try_from(number).ok()?
            }
            Trace::OpenLeg { call_ref, .. }
            | Trace::ReferenceReused { call_ref }
            | Trace::AskStatistics { call_ref, .. }
            | Trace::Statistics { call_ref, .. }
            | Trace::CallState { call_ref, .. }
            | Trace::CallEnded { call_ref, .. } => *call_ref,
            _ => 0,
        };
        (call_ref != 0).then_some(call_ref)
    }

    fn row(&self) -> (&'static str, TraceKind) {
        use TraceKind as K;
        match self {
            Trace::SccpMessage(message) => match message.direction {
                SccpDirection::Received => ("sccp-message", K::SccpIn),
                SccpDirection::Sent => ("sccp-message", K::SccpOut),
            },
            Trace::SccpUnreadable { .. } => ("sccp-unreadable", K::SccpIn),
            Trace::LoopClosed => ("loop-closed", K::Hook),
            Trace::LoopOpened => ("loop-opened", K::Hook),
            Trace::Flash => ("flash", K::Hook),
            Trace::Digit { .. } => ("digit", K::Digit),
            Trace::DigitEnded { .. } => ("digit-ended", K::Digit),
            Trace::RingBurstBegan => ("ring-burst-began", K::Line),
            Trace::RingBurstEnded => ("ring-burst-ended", K::Line),
            Trace::CallerIdSent => ("caller-id-sent", K::Line),
            Trace::LineFault { .. } => ("line-fault", K::Fault),
            Trace::LineFaultEnded => ("line-fault-ended", K::Fault),
            Trace::Ring { .. } => ("ring", K::Line),
            Trace::StopRing => ("stop-ring", K::Line),
            Trace::PlayTone { .. } => ("play-tone", K::Line),
            Trace::StopTone => ("stop-tone", K::Line),
            Trace::OnHookTransmission { .. } => ("on-hook-transmission", K::Line),
            Trace::SendCallerId { .. } => ("send-caller-id", K::Line),
            Trace::StopCallerId => ("stop-caller-id", K::Line),
            Trace::Polarity { .. } => ("polarity", K::Line),
            Trace::OpenLoop { .. } => ("open-loop", K::Line),
            Trace::MessageLamp { .. } => ("message-lamp", K::Line),
            Trace::ListenForDtmf { .. } => ("listen-for-dtmf", K::Line),
            Trace::MessageLampByFsk { .. } => ("message-lamp-by-fsk", K::Line),
            Trace::MessageLampBrokenOff => ("message-lamp-broken-off", K::Line),
            Trace::MessageLampUnsupported => ("message-lamp-unsupported", K::Line),
            Trace::LineTest { .. } => ("line-test", K::Line),
            Trace::LineTestMeasured { .. } => ("line-test-measured", K::Line),
            Trace::LineTestEnded { .. } => ("line-test-ended", K::Line),
            Trace::CardRefused { .. } => ("card-refused", K::Line),
            Trace::DataTone { .. } => ("data-tone", K::Line),
            Trace::AnswerToneEnded { .. } => ("answer-tone-ended", K::Line),
            Trace::LegSwitch { .. } => ("leg-switch", K::Media),
            Trace::RelayEnded { .. } => ("relay-ended", K::Media),
            Trace::FaxEnded { .. } => ("fax-ended", K::Media),
            Trace::AlarmTone { .. } => ("alarm-tone", K::Media),
            Trace::AlarmMessage { .. } => ("alarm-message", K::Media),
            Trace::AlarmSpoilt { .. } => ("alarm-spoilt", K::Media),
            Trace::RedundancyChanged { .. } => ("redundancy-changed", K::Media),
            Trace::FaxMemory { .. } => ("fax-memory", K::Media),
            Trace::VoiceAgain { .. } => ("voice-again", K::Line),
            Trace::OpenLeg { .. } => ("open-leg", K::Media),
            Trace::LegOpened { .. } => ("leg-opened", K::Media),
            Trace::LegNotOpened { .. } => ("leg-not-opened", K::Media),
            Trace::LegNotServed { .. } => ("leg-not-served", K::Media),
            Trace::StartSending { .. } => ("start-sending", K::Media),
            Trace::StopSending { .. } => ("stop-sending", K::Media),
            Trace::CloseLeg { .. } => ("close-leg", K::Media),
            Trace::Bridge { .. } => ("bridge", K::Media),
            Trace::ReferenceReused { .. } => ("reference-reused", K::Media),
            Trace::AskReceived { .. } => ("ask-received", K::Media),
            Trace::Received { .. } => ("received", K::Media),
            Trace::AskStatistics { .. } => ("ask-statistics", K::Media),
            Trace::Statistics { .. } => ("statistics", K::Media),
            Trace::SessionRefused { .. } => ("session-refused", K::Media),
            Trace::SessionGone { .. } => ("session-gone", K::Media),
            Trace::LineNotOpened { .. } => ("line-not-opened", K::Line),
            Trace::CardInPlace { .. } => ("card-in-place", K::Line),
            Trace::FeedLost { .. } => ("feed-lost", K::Line),
            Trace::FeedSwitchedOn { .. } => ("feed-switched-on", K::Line),
            Trace::FeedRestored => ("feed-restored", K::Line),
            Trace::Registered { .. } => ("registered", K::Registration),
            Trace::RegistrationLost { .. } => ("registration-lost", K::Registration),
            Trace::RegistrationFailed { .. } => ("registration-failed", K::Registration),
            Trace::ResetRequested { .. } => ("reset-requested", K::Registration),
            Trace::KeepalivesUnanswered => ("keepalives-unanswered", K::Registration),
            Trace::Stopped => ("stopped", K::Registration),
            Trace::OutOfService => ("out-of-service", K::Registration),
            Trace::CallState { .. } => ("call-state", K::Call),
            Trace::CallEnded { .. } => ("call-ended", K::Call),
            Trace::NotKept { .. } => ("not-kept", K::Call),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_event_has_a_sample_and_a_code_of_its_own() {
        let codes: HashSet<&str> = Trace::samples().iter().map(Trace::code).collect();
        let source = include_str!("mod.rs");
        let rows: HashSet<&str> = source
            .split("=> (\"")
            .skip(1)
            .filter_map(|row| row.split('"').next())
            .collect();
        assert_eq!(codes, rows, "a row without a sample");
        let arms = source
            .lines()
            .filter(|l| l.trim_start().starts_with("Trace::") && l.contains("=> (\""))
            .count();
        assert_eq!(codes.len(), arms + 1, "a code is used twice");
        for code in codes {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.chars().all(kebab), "{code}");
        }
    }

    #[test]
    fn the_code_in_json_is_the_code_and_what_was_written_is_read_again() {
        for sample in Trace::samples() {
            let json = serde_json::to_string(&sample).unwrap();
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(value["code"], sample.code());
            let back: Trace = serde_json::from_str(&json).unwrap();
            assert_eq!(back, sample);
        }
    }

    #[test]
    fn a_message_without_a_call_names_none() {
        let refs: Vec<Option<u32>> = Trace::samples()
            .iter()
            .filter(|t| matches!(t, Trace::SccpMessage(_)))
            .map(Trace::call_ref)
            .collect();
        assert_eq!(refs, [Some(7), None, None, None]);
    }

    #[test]
    fn an_event_is_small_for_thousands_are_kept() {
        assert!(size_of::<Trace>() <= 72, "{}", size_of::<Trace>());
    }
}
