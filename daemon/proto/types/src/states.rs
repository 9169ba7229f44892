//! States of ports, calls and registrations, as the call logic decides them and as every reader sees them.

words! {
    /// What a port is doing.
    #[derive(Default)]
    pub enum PortState {
        /// On-hook, nothing to do.
        #[default]
        Idle = "idle",
        /// On-hook, nothing to do here; the line is in use at another phone that shares it.
        InUseElsewhere = "in-use-elsewhere",
        /// On-hook; caller ID goes out before the first ring.
        Announcing = "announcing",
        /// Ringing.
        Ringing = "ringing",
        /// Ringing for a call that was left on hold (hold recall).
        HoldRecall = "hold-recall",
        /// Off-hook; waiting for the CallManager.
        Lifted = "lifted",
        /// A call is set up or talked on.
        InCall = "in-call",
        /// Off-hook, all calls on hold.
        AllHeld = "all-held",
        /// Off-hook; an error tone plays.
        ErrorTone = "error-tone",
        /// Off-hook; the howler plays: nobody hung up.
        Howling = "howling",
        /// Off-hook past the howler; silent until the loop opens.
        Lockout = "lockout",
        /// The line or its card has a fault.
        Fault = "fault",
        /// Switched off in the configuration.
        Disabled = "disabled",
    }
}

words! {
    /// What a call is doing.
    #[derive(Default)]
    pub enum CallState {
        /// Offered while on-hook: ringing.
        Ringing = "ringing",
        /// Offered while another call, or nothing but a closed loop, occupies the phone.
        Waiting = "waiting",
        /// Answered here; the CallManager has not connected it yet.
        Answering = "answering",
        /// Digits are collected.
        #[default]
        Dialing = "dialing",
        /// The number is complete.
        Proceeding = "proceeding",
        /// The far phone rings.
        RingingOut = "ringing-out",
        /// Talking.
        Connected = "connected",
        /// On hold.
        Held = "held",
        /// The far end is busy.
        Busy = "busy",
        /// Congestion or a wrong number.
        Failed = "failed",
        /// Talking, but the CallManager that set it up is lost.
        Preserved = "preserved",
        /// At another phone of the line.
        InUseElsewhere = "in-use-elsewhere",
        /// Over.
        Ended = "ended",
    }
}

impl CallState {
    /// The two ends talk, whatever became of the CallManager.
    pub fn is_talk(self) -> bool {
        matches!(self, CallState::Connected | CallState::Preserved)
    }
}

words! {
    /// Who called, seen from the port.
    #[derive(Default)]
    pub enum CallDirection {
        /// From the port.
        #[default]
        Outgoing = "outgoing",
        /// To the port.
        Incoming = "incoming",
    }
}

words! {
    /// Why a call ended.
    pub enum EndCause {
        /// The phone was hung up.
        NearHangUp = "near-hang-up",
        /// The far end (or the CallManager) ended a connected call.
        FarHangUp = "far-hang-up",
        /// The caller gave up before the phone was lifted.
        NotAnswered = "not-answered",
        /// Answered, or taken off hold, at another phone of the line.
        AnsweredElsewhere = "answered-elsewhere",
        /// The far end was busy.
        Busy = "busy",
        /// Congestion, wrong number or another failure the CallManager named by a tone or state.
        Congestion = "congestion",
        /// The CallManager ended the call before it was connected and did not say why.
        Refused = "refused",
        /// No digit was dialled.
        NoDigits = "no-digits",
        /// Joined with another call.
        Transferred = "transferred",
        /// The CallManager was lost.
        LinkLost = "link-lost",
        /// The CallManager was lost during the call, and then the far end sent nothing more.
        RtpEnded = "rtp-ended",
        /// The line or its card failed.
        LineFault = "line-fault",
        /// The gateway was stopped, or restarted.
        Stopped = "stopped",
    }
}

impl EndCause {
    /// The call failed: neither side wanted this end.
    pub const fn is_failure(self) -> bool {
        match self {
            EndCause::Congestion
            | EndCause::Refused
            | EndCause::LinkLost
            | EndCause::RtpEnded
            | EndCause::LineFault
            | EndCause::Stopped => true,
            EndCause::NearHangUp
            | EndCause::FarHangUp
            | EndCause::NotAnswered
            | EndCause::AnsweredElsewhere
            | EndCause::Busy
            | EndCause::NoDigits
            | EndCause::Transferred => false,
        }
    }
}

words! {
    /// Where a device stands with its CallManager.
    #[derive(Default)]
    pub enum RegistrationState {
        /// Not started: the port is switched off, or the daemon is starting or stopping.
        #[default]
        Stopped = "stopped",
        /// Nothing reachable, connection lost, or rejected: waits for the next attempt.
        Waiting = "waiting",
        /// TCP connection being made.
        Connecting = "connecting",
        /// Register sent.
        Registering = "registering",
        /// Accepted; the request round runs.
        Asking = "asking",
        /// Calls work.
        Registered = "registered",
        /// Unregister sent.
        Unregistering = "unregistering",
    }
}

words! {
    /// What a connection to a CallManager is for.
    pub enum ConnectionPurpose {
        /// To the CallManager that serves the device, or is to serve it.
        Active = "active",
        /// To a better CallManager that is asked whether it takes the device, while another one serves it.
        Trial = "trial",
        /// To the CallManager that is next in the list: open, and not registered over.
        Standby = "standby",
    }
}

words! {
    /// Where a connection to a CallManager stands.
    pub enum ConnectionState {
        /// TCP connection being made.
        Connecting = "connecting",
        /// Open and kept alive; the device registers over it when its CallManager is lost.
        StandingBy = "standing-by",
        /// A token asked for.
        TokenAsked = "token-asked",
        /// The token granted; the device leaves its present CallManager first.
        TokenGranted = "token-granted",
        /// Register sent.
        Registering = "registering",
        /// Accepted; the request round runs.
        Asking = "asking",
        /// Calls work.
        Registered = "registered",
        /// Unregister sent.
        Unregistering = "unregistering",
    }
}

words! {
    /// What an echo canceller is doing.
    #[derive(Default)]
    pub enum EchoState {
        /// There is none.
        #[default]
        Off = "off",
        /// It has not yet learned the path.
        Learning = "learning",
        /// It knows the path.
        Converged = "converged",
        /// It stands aside for a modem.
        Disabled = "disabled",
    }
}
