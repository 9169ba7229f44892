//! Enumerations of the call logic, the station and the card in the words of the control socket.

use tipring_ctl::report as ctl;
use tipring_hal::port::PortFault;
use tipring_proto::call::{CallWord, Direction, EndCause, LineFault, PortWord};
use tipring_proto::sccp::station::{StationEvent, StationState};

/// A fault for people.
pub(super) fn fault(fault: PortFault) -> &'static str {
    match fault {
        PortFault::Alarm => "the span is in alarm",
        PortFault::Removed => "the card is gone",
        PortFault::PowerAlarm => "no battery on the line",
    }
}

/// What to do about a fault.
pub(super) fn fault_cure(fault: PortFault) -> &'static str {
    match fault {
        PortFault::Alarm => {
            "check the span's cable and the card's clock; calls work again when the alarm ends"
        }
        PortFault::Removed => "put the card back or load its driver; the port comes back by itself",
        PortFault::PowerAlarm => {
            "check the card's power connector and the line for a short to ground"
        }
    }
}

/// A fault for the call logic.
pub(super) fn line_fault(fault: PortFault) -> LineFault {
    match fault {
        PortFault::Alarm => LineFault::Alarm,
        PortFault::Removed => LineFault::Removed,
        PortFault::PowerAlarm => LineFault::PowerAlarm,
    }
}

/// State of a port.
pub(super) fn port_state(word: PortWord) -> ctl::PortState {
    match word {
        PortWord::Idle => ctl::PortState::Idle,
        PortWord::Announcing => ctl::PortState::Announcing,
        PortWord::Ringing => ctl::PortState::Ringing,
        PortWord::Reminding => ctl::PortState::Reminding,
        PortWord::Lifted => ctl::PortState::Lifted,
        PortWord::InCall => ctl::PortState::InCall,
        PortWord::AllHeld => ctl::PortState::AllHeld,
        PortWord::ErrorTone => ctl::PortState::ErrorTone,
        PortWord::Howling => ctl::PortState::Howling,
        PortWord::Parked => ctl::PortState::Parked,
        PortWord::Fault => ctl::PortState::Fault,
    }
}

/// State of a call.
pub(super) fn call_state(word: CallWord) -> ctl::CallState {
    match word {
        CallWord::Offered => ctl::CallState::Ringing,
        CallWord::Waiting => ctl::CallState::Waiting,
        CallWord::Answering => ctl::CallState::Answering,
        CallWord::Dialing => ctl::CallState::Dialing,
        CallWord::Proceeding => ctl::CallState::Proceeding,
        CallWord::RingOut => ctl::CallState::RingingOut,
        CallWord::Connected => ctl::CallState::Connected,
        CallWord::Held => ctl::CallState::Held,
        CallWord::Busy => ctl::CallState::Busy,
        CallWord::Failed => ctl::CallState::Failed,
        CallWord::Preserved => ctl::CallState::Preserved,
    }
}

/// Who called.
pub(super) fn direction(direction: Direction) -> ctl::CallDirection {
    match direction {
        Direction::Incoming => ctl::CallDirection::Incoming,
        Direction::Outgoing => ctl::CallDirection::Outgoing,
    }
}

/// Why a call ended, for people.
pub(super) fn end_cause(cause: EndCause) -> &'static str {
    match cause {
        EndCause::NearHangUp => "hung up here",
        EndCause::FarHangUp => "hung up by the far end",
        EndCause::NotAnswered => "the caller gave up",
        EndCause::Busy => "the far end was busy",
        EndCause::Congestion => "congestion or a wrong number",
        EndCause::Refused => "ended by the CallManager before it was connected",
        EndCause::NoDigits => "no digit was dialled",
        EndCause::Transferred => "transferred",
        EndCause::LinkLost => "the CallManager was lost",
        EndCause::LineFault => "the line or its card failed",
    }
}

/// Where the device stands.
pub(super) fn registration(state: &StationState) -> ctl::RegistrationState {
    match state {
        StationState::Stopped => ctl::RegistrationState::Stopped,
        StationState::Waiting { .. } => ctl::RegistrationState::Waiting,
        StationState::Connecting { .. } => ctl::RegistrationState::Connecting,
        StationState::Registering { .. } => ctl::RegistrationState::Registering,
        StationState::Asking { .. } => ctl::RegistrationState::Asking,
        StationState::Registered { .. } => ctl::RegistrationState::Registered,
        StationState::Unregistering { .. } => ctl::RegistrationState::Unregistering,
    }
}

/// The station's news as one line.
pub(super) fn news(event: &StationEvent) -> String {
    match event {
        StationEvent::Registered {
            server,
            version,
            keepalive_s,
        } => {
            format!(
                "registered with server {}, version {version}, keepalive {keepalive_s} s",
                server + 1
            )
        }
        StationEvent::Lost { server, reason, .. } => {
            format!("server {} lost: {reason}", server + 1)
        }
        StationEvent::AttemptFailed { server, reason, .. } => {
            format!("server {}: {reason}", server + 1)
        }
        StationEvent::ResetRequested {
            kind,
            deferred: true,
        } => {
            format!("the CallManager asks for a {kind}; it waits until the port is idle")
        }
        StationEvent::ResetRequested {
            kind,
            deferred: false,
        } => format!("the CallManager asks for a {kind}"),
        StationEvent::UnreadableMessage { text } => format!("unreadable message: {text}"),
        StationEvent::LinkSuspect { .. } => "keepalive is not being answered".into(),
        StationEvent::Stopped => "stopped".into(),
        StationEvent::Message(_) => String::new(),
    }
}
