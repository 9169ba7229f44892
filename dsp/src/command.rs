//! Commands to a chain and events from it: small `Copy` values that cross threads without an allocation.

use tipring_spandsp::CallerIdMessage;
use tipring_types::{AlarmTone, DataTone, Side, TenthDb, TenthDbm0};

use crate::echo::EchoMeters;
use crate::level::Reading;
use crate::queue::Queue;
use crate::tone::ToneProgram;

/// A command to a chain. Takes effect with the next block.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it crosses threads by value: a box would be freed in the line thread"
)]
pub enum ChainCommand {
    /// Play a tone towards the line, instead of the one that plays. [`ChainEvent::ToneEnded`] when it came to
    /// its own end.
    PlayTone(ToneProgram),
    /// Stop the tone, without an event.
    StopTone,
    /// Send caller ID towards the line, alone. [`ChainEvent::CallerIdSent`] at its end;
    /// [`ChainEvent::CallerIdRefused`] when one is being sent.
    SendCallerId(CallerIdTransmission),
    /// Break caller ID off (the phone answered), without an event.
    StopCallerId,
    /// A key that came out of band (RFC 4733, SCCP): sound its tone towards the line, instead of the voice, until
    /// the next command. `on: false` stops whatever key sounds. What is not a key is ignored.
    PlayDigit {
        /// `0`–`9`, `*`, `#`, `A`–`D` in ASCII.
        digit: u8,
        /// Sound or stop.
        on: bool,
    },
    /// Listen for DTMF from the line.
    EnableDtmf(bool),
    /// Listen for the tones of faxes and modems, in both directions.
    EnableFaxTones(bool),
    /// A fax or a modem has the line, or not any more: while it has, nothing is suppressed, muted or put in the place of
    /// what either side says; digits are reported all the same. Goes on until the next command.
    PassThrough {
        /// It has.
        on: bool,
        /// [`ChainEvent::BothSilent`] after a silence of both sides of this length; 0: never.
        silence_ms: u32,
    },
    /// T.38 has the line, or not any more. While it has, the uplink is the line as the card gave it; no echo is cancelled, for what
    /// is sent is not heard, and nothing is listened for, for the relay's own receivers do that. Silence of both sides is
    /// reported all the same.
    Relay(bool),
    /// Take recognised digits out of the uplink (they go out of band).
    MuteDetectedDigits(bool),
    /// Let voice through, in both directions. Without it the uplink is silent and the line hears only tones; digits are
    /// heard all the same.
    Bridge(bool),
    /// The loop is closed (true) or open. On hook nothing is heard from the line, the far end is not passed on,
    /// and the detectors cost nothing; tones and caller ID still sound.
    OffHook(bool),
    /// The far end hears silence.
    MuteUplink(bool),
    /// Gain, within ±[`MAX_GAIN`](crate::level::MAX_GAIN).
    Gains {
        /// Line to network.
        rx_gain: TenthDb,
        /// Network to line.
        tx_gain: TenthDb,
    },
    /// Samples in flight between the last sample written and the first of the block read next, that is the
    /// prefill, when each block read is followed by one written (at most
    /// [`MAX_ECHO_DELAY`](crate::echo::MAX_ECHO_DELAY)).
    EchoDelay {
        /// Samples.
        samples: u16,
    },
}

/// Dual tone before caller ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// None: after the first ring, or a line reversal alone.
    None,
    /// DT-AS of 100 ms, then 60 ms of silence (ETS 300 659-1, BT SIN 227).
    DtAs,
    /// CAS of 80 ms, then 60 ms of silence (GR-30). To wait for the phone's acknowledgement, play
    /// [`ToneProgram::caller_id_alert`] instead and send the message when its digit came.
    Cas,
}

/// A caller ID message and how to send it.
#[derive(Clone, Copy, Debug)]
pub struct CallerIdTransmission {
    /// What to send; it knows its standard.
    pub message: CallerIdMessage,
    /// Dual tone before it.
    pub alert: Alert,
    /// For a phone off hook (call waiting): no channel seizure.
    pub to_off_hook: bool,
}

/// What happened in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainEvent {
    /// A key was pressed, 32 to 60 ms ago: the noisier the line, the longer.
    DigitOn {
        /// `0`–`9`, `*`, `#`, `A`–`D` in ASCII.
        digit: u8,
        /// Level of both tones together, tenths of a dBm0.
        level: TenthDbm0,
    },
    /// The key was let go, about 25 ms ago. One follows each [`ChainEvent::DigitOn`], also when the loop opens.
    DigitOff {
        /// The key.
        digit: u8,
        /// How long it sounded.
        duration_ms: u32,
    },
    /// A tone of a fax or a modem, from either side. One that is the echo of the other side's is not reported.
    DataTone {
        /// Which.
        tone: DataTone,
        /// Where it comes from.
        from: Side,
        /// How long ago it began.
        after_ms: u32,
    },
    /// A tone of an alarm panel's receiver, from either side, echoes left out; only where they are listened for
    /// ([`ChainConfig::detect_alarm_tones`](crate::ChainConfig)).
    AlarmTone {
        /// Which.
        tone: AlarmTone,
        /// Where it comes from.
        from: Side,
    },
    /// The answer tone of this side is over.
    AnswerToneOff {
        /// Which side.
        from: Side,
    },
    /// Both sides have been silent for the time that [`ChainCommand::PassThrough`] gave; once each time.
    BothSilent,
    /// Caller ID went out whole.
    CallerIdSent,
    /// Caller ID was not sent: another was on its way.
    CallerIdRefused,
    /// A tone program came to its end.
    ToneEnded,
}

/// Levels and counters of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meters {
    /// From the line, after gain and echo canceller, before muting.
    pub rx: Reading,
    /// Towards the line, as written.
    pub tx: Reading,
    /// Digits recognised.
    pub digits: u64,
    /// Digits not reported because they were the echo of what the line was sent.
    pub echoed_digits: u64,
    /// Times the uplink was muted for what turned out to be no digit.
    pub false_mutes: u64,
    /// Events lost because nobody read them.
    pub lost_events: u64,
    /// The echo canceller.
    pub echo: EchoMeters,
}

/// Events that can wait in a chain.
pub(crate) type Events = Queue<ChainEvent, 32>;
