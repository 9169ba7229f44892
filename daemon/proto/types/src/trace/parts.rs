//! The parts of trace events.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Fields;
use crate::Polarity;

words! {
    /// The kind of a trace event.
    #[derive(Default)]
    pub enum TraceKind {
        /// A message from the CallManager.
        SccpIn = "sccp-in",
        /// A message to the CallManager.
        SccpOut = "sccp-out",
        /// The hook, a flash.
        Hook = "hook",
        /// A digit of the phone or the far end.
        Digit = "digit",
        /// Ringing, tones, caller ID, polarity, lamp.
        #[default]
        Line = "line",
        /// Media legs and sessions.
        Media = "media",
        /// The call logic's state.
        Call = "call",
        /// Connection and registration.
        Registration = "registration",
        /// Card faults.
        Fault = "fault",
    }
}

words! {
    /// Who sent an SCCP message.
    pub enum SccpDirection {
        /// The gateway.
        Sent = "sent",
        /// The CallManager.
        Received = "received",
    }
}

words! {
    /// Where a digit came from.
    pub enum DigitSource {
        /// The phone, as a dual tone.
        Dtmf = "dtmf",
        /// The phone, as dial pulses that the card decoded.
        Pulse = "pulse",
        /// The far end, as an RTP telephone-event.
        TelephoneEvent = "telephone-event",
    }
}

words! {
    /// What a media leg is.
    #[derive(Default)]
    pub enum LegMode {
        /// Voice.
        #[default]
        Voice = "voice",
        /// G.711 that data pass through.
        PassThrough = "pass-through",
        /// T.38.
        FaxRelay = "t38",
    }
}

words! {
    /// What was answered to a request to switch a leg.
    pub enum SwitchAnswer {
        /// Yes.
        Agreed = "agreed",
        /// No.
        Refused = "refused",
        /// Nothing in time.
        Nothing = "nothing",
        /// T.38 in place of an answer, or of a request.
        T38 = "t38",
        /// It means nothing here.
        Ignored = "ignored",
        /// Voice goes on, whatever was agreed on.
        VoiceOn = "voice-on",
    }
}

words! {
    /// Why a port goes from pass-through back to voice.
    pub enum VoiceCause {
        /// Neither side was heard for a while.
        Silence = "silence",
        /// A key was pressed.
        Key = "key",
    }
}

/// An SCCP message with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SccpMessage {
    /// Who sent it.
    pub direction: SccpDirection,
    /// Its number.
    pub id: u32,
    /// Its name; none for a number without one.
    pub name: Option<Cow<'static, str>>,
    /// What it says, in the order of its layout.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
}

/// A number of SCCP with its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Word {
    /// The number.
    pub number: u32,
    /// The word; none for a number that this version has no word for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Cow<'static, str>>,
}

impl Word {
    /// A number and its word.
    pub fn new(number: u32, word: Option<&'static str>) -> Word {
        Word {
            number,
            word: word.map(Cow::Borrowed),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.word {
            Some(word) => f.write_str(word),
            None => write!(f, "number {}", self.number),
        }
    }
}

/// A number or a name in a caller ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CallerIdPart {
    /// As sent.
    Text(String),
    /// The caller withheld it.
    Withheld,
    /// The CallManager has not named it.
    Unknown,
}

/// What a card was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum CardCommand {
    /// Ring.
    Ring,
    /// Stop ringing.
    StopRing,
    /// Feed the line with this polarity.
    Polarity {
        /// Which.
        polarity: Polarity,
    },
    /// Open the loop.
    OpenLoop {
        /// Length, ms.
        ms: u32,
    },
    /// Let audio through while the phone is on-hook.
    OnHookTransmission,
    /// Light the message lamp, or put it out.
    MessageLamp {
        /// Lit.
        on: bool,
    },
    /// The longest opening of the loop that is taken for a flash.
    LongestFlash {
        /// Length, ms.
        ms: u32,
    },
    /// Set the gains.
    Gain,
    /// Test the line.
    LineTest,
    /// End a line test.
    EndLineTest,
}

/// Why the line thread has refused a media session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LegRefusal {
    /// The port has no room for one more, or has it already.
    NoRoom,
    /// The line thread does not have the port.
    NoPort,
    /// The kernel does not watch its socket.
    NotWatched {
        /// The kernel's error number.
        errno: i32,
    },
}
