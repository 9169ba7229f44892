//! A port's side of a call.

use std::net::SocketAddrV4;

use crate::time::Time;
use crate::types::{CallRef, Party};

use super::Service;

/// Where a port's side of a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegState {
    /// Digits are awaited.
    Dialing,
    /// The number is complete.
    Calling,
    /// This port is called.
    Ringing,
    /// This port lifted, its media is awaited.
    Answering,
    /// Talking.
    Connected,
    /// On hold by this port.
    Held,
    /// Busy, congestion or a wrong number; a tone until the port hangs up.
    Failed,
}

impl LegState {
    pub(super) fn word(self) -> &'static str {
        match self {
            LegState::Dialing => "dialing",
            LegState::Calling => "calling",
            LegState::Ringing => "ringing",
            LegState::Answering | LegState::Connected => "connected",
            LegState::Held => "held",
            LegState::Failed => "failed",
        }
    }

    /// The port's handset is busy with this one.
    pub(super) fn is_active(self) -> bool {
        match self {
            LegState::Dialing
            | LegState::Calling
            | LegState::Answering
            | LegState::Connected
            | LegState::Failed => true,
            LegState::Ringing | LegState::Held => false,
        }
    }
}

/// Who is on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Far {
    Nobody,
    Leg(CallRef),
    Service(Service),
    Outside {
        number: String,
        name: String,
        withheld: bool,
        remote: SocketAddrV4,
    },
}

/// What a leg waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegTimer {
    /// Fires when no digit came. Number from `DialTiming::first_digit`.
    FirstDigit,
    /// Fires when no further digit came. Number from `DialTiming` or the dialect's `complete_delay`.
    Dial,
    /// Fires when nobody answered. Number from `DialTiming::no_answer`.
    NoAnswer,
    /// Fires when busy or congestion has lasted. Number from `DialTiming::tone`.
    ToneEnd,
    /// Fires when a test number answers. Number from [`Service`].
    ServiceAnswers,
    /// Fires when a test number hangs up. Number from [`Service`].
    ServiceEnds,
}

/// Media of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Media {
    /// OpenReceiveChannel is sent.
    pub(super) open: bool,
    /// Where the port listens.
    pub(super) receives_at: Option<SocketAddrV4>,
    /// The script wants StartMediaTransmission.
    pub(super) wanted: bool,
    /// Where the port is to send.
    pub(super) sends_to: Option<SocketAddrV4>,
    /// There was media once.
    pub(super) ever: bool,
    /// Under which party it was opened.
    pub(super) party: Option<Party>,
    /// What is open is music on hold.
    pub(super) music: Option<Playing>,
    /// Parties of the recorder's two streams.
    pub(super) recorded: Option<[Party; 2]>,
}

/// Music on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Playing {
    /// A receive channel without a transmission.
    Unicast,
    /// A multicast group.
    Multicast,
    /// A tone of the port's own.
    Tone,
}

/// One port's side of a call.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// Index of the device.
    pub(super) device: usize,
    pub(super) state: LegState,
    /// This port made the call.
    pub(super) outgoing: bool,
    /// It was announced as a waiting call.
    pub(super) waiting: bool,
    pub(super) far: Far,
    pub(super) dialled: String,
    /// The held call that this one is to be joined with.
    pub(super) consult_of: Option<CallRef>,
    pub(super) media: Media,
    pub(super) timer: Option<(Time, LegTimer)>,
}

impl Leg {
    pub(super) fn new(device: usize, state: LegState, outgoing: bool, far: Far) -> Leg {
        Leg {
            device,
            state,
            outgoing,
            waiting: false,
            far,
            dialled: String::new(),
            consult_of: None,
            media: Media::default(),
            timer: None,
        }
    }
}
