//! The differences between CallManagers: one file each, with a table of rules and a script of what is said
//! when. A further dialect is one more file and one more line in [`rules`].

mod chan_sccp;
mod chan_skinny;
mod cisco;
mod mod_skinny;
pub(super) mod phrase;
mod wazo;

use std::time::Duration;

use crate::sccp::message::{DefineTimeDate, ServerMessage};
use crate::types::{CallRef, LineInstance, Party};

use super::Dialect;
use super::leg::LegState;
use super::switches::{Release, Switches};

/// The rules of a dialect.
pub(super) fn rules(dialect: Dialect, release: Release) -> &'static Rules {
    match dialect {
        Dialect::ChanSkinny => &chan_skinny::RULES,
        Dialect::ChanSccp => &chan_sccp::RULES,
        Dialect::ModSkinny => &mod_skinny::RULES,
        Dialect::Wazo => &wazo::RULES,
        Dialect::Cisco => cisco::rules(release),
    }
}

/// What happens when a name registers a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SameName {
    /// The second is refused after this long; the first stays.
    RefuseAfter(Duration),
    /// The second is refused and both connections are closed.
    CloseBoth,
    /// The second takes over; the first connection is closed.
    Replace,
}

/// Whether `#` is a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashRule {
    /// An ordinary digit.
    Digit,
    /// Ends dialing and is not part of the number.
    Ends,
}

/// What HookFlash does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlashRule {
    /// Nothing.
    Ignored,
    /// The same as the transfer key.
    Transfer,
}

/// What answering a waiting call does to the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerWaiting {
    /// Ends it.
    DropsActive,
    /// Holds it.
    HoldsActive,
}

/// What follows a number that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// The server ends the call at once; the port hears nothing.
    Ends,
    /// A tone until the port hangs up.
    ToneUntilOnHook,
}

/// What connects a call on the called side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectedBy {
    /// OffHook.
    OffHook,
    /// OpenReceiveChannelAck.
    MediaAck,
}

/// One CallManager's ways.
pub(super) struct Rules {
    /// Version answered in RegisterAck to an offer.
    pub(super) answers_version: fn(u8) -> u8,
    /// Layouts used from then on.
    pub(super) uses_layouts: fn(u8) -> u8,
    /// The version stands in the header of everything after RegisterAck.
    pub(super) version_in_header: bool,
    /// Message lamp before RegisterAck.
    pub(super) lamp_before_ack: bool,
    /// Text of the refusal of an unknown name.
    pub(super) unknown_text: &'static str,
    /// Text of the refusal of a name in use.
    pub(super) in_use_text: &'static str,
    /// An unknown name's connection is closed after the refusal.
    pub(super) reject_closes: bool,
    /// What happens when a name registers a second time.
    pub(super) same_name: SameName,
    /// No answer to ForwardStatReq and SpeedDialStatReq.
    pub(super) leaves_status_unanswered: bool,
    /// No answer to ConfigStatReq.
    pub(super) leaves_config_unanswered: bool,
    /// SetHookFlashDetect with the answer to TimeDateReq.
    pub(super) sets_flash_detect: bool,
    /// ButtonTemplate names the line; chan_skinny lists no button for the analog types.
    pub(super) lists_buttons: bool,
    /// Calls need a ButtonTemplateReq first.
    pub(super) needs_button_template: bool,
    /// A call message before Register ends the connection.
    pub(super) stranger_is_closed: bool,
    /// RegisterTokenReq is answered, with an Ack.
    pub(super) grants_tokens: bool,
    /// Unregister is answered before the connection is closed.
    pub(super) unregister_ack: bool,
    /// Silence allowed, in percent of the interval.
    pub(super) keepalive_patience_percent: u32,
    /// The connection that does not register is closed after this.
    pub(super) register_within: Option<Duration>,
    /// The port's call ends with its connection.
    pub(super) cut_ends_calls: bool,
    /// Feature bit in Register that asks for RFC 2833; KeypadButton counts no more in a connected call then.
    pub(super) rfc2833_bit: u16,
    /// A to D in a connected call arrive, as the characters after `9`; else not at all.
    pub(super) letters_arrive: bool,
    /// Whether `#` is a digit.
    pub(super) hash: HashRule,
    /// Wait after the last digit of a number that can match nothing longer.
    pub(super) complete_delay: Duration,
    /// An incomplete number waits as long as a complete one that could be longer.
    pub(super) one_digit_timeout: bool,
    /// What follows a number that fails.
    pub(super) after_failure: AfterFailure,
    /// A busy or congested call is ended by the server after a while.
    pub(super) busy_ends: bool,
    /// A port that refuses call waiting makes the caller congested, not busy.
    pub(super) refused_waiting_is_congestion: bool,
    /// Pass-through party of a call.
    pub(super) party: fn(CallRef) -> Party,
    /// Open and Start carry the call reference.
    pub(super) media_names_call: bool,
    /// Close and Stop carry conference and call reference.
    pub(super) close_names_call: bool,
    /// Precedence word in StartMedia.
    pub(super) precedence: u32,
    /// What HookFlash does.
    pub(super) flash: FlashRule,
    /// What answering a waiting call does to the active one.
    pub(super) answer_waiting: AnswerWaiting,
    /// OnHook ends a held call.
    pub(super) on_hook_ends_held: bool,
    /// OnHook completes a transfer whose second call rings or talks.
    pub(super) transfer_on_hook: bool,
    /// EnblocCall after OffHook goes on under a new reference.
    pub(super) enbloc_new_reference: bool,
    /// From this version on OffHook with a line means "answer", only OffHook(0,0) a new call.
    pub(super) off_hook_line_answers_from: Option<u8>,
    /// What connects a call on the called side.
    pub(super) connected_by: ConnectedBy,
    /// ConnectionStatisticsReq after a call with media.
    pub(super) asks_statistics: bool,
    /// A refused connection stays open for this long, then the server closes it.
    pub(super) reject_open: Option<Duration>,
    /// KeepAlive of a connection that has not registered is answered.
    pub(super) keepalive_of_strangers: bool,
    /// Parties are counted by themselves, one for each time that media is opened; `party` is not used.
    pub(super) party_counter: bool,
    /// StartMediaTransmission does not wait for the port's own OpenReceiveChannelAck.
    pub(super) starts_before_ack: bool,
    /// Hold and transfer close the other side's media, too, and open it again under another party.
    pub(super) reopens_media: bool,
    /// What is said when.
    pub(super) script: fn(Cue, &View) -> Vec<Item>,
}

/// A moment at which something is said to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// A new call waits for digits.
    DialTone,
    /// The first digit came.
    FirstDigit,
    /// Another digit came.
    MoreDigit,
    /// The number is complete.
    Dialled,
    /// The called side rings.
    RingingOut,
    /// The called side is busy.
    Busy,
    /// There is no way to the called side.
    Congestion,
    /// Too few digits, too late; or a number that leads nowhere.
    DialFailed,
    /// Somebody calls.
    RingIn,
    /// Somebody calls while the port talks.
    WaitingIn,
    /// The port answers a ringing call.
    AnsweredHere,
    /// The port answers a waiting call.
    WaitingAnswered,
    /// The call that this port made is answered.
    AnsweredThere,
    /// The port opened its receive side.
    Acked,
    /// This port holds its call.
    Hold,
    /// This port holds its call to transfer it.
    TransferHold,
    /// This port's held call goes on.
    Resume,
    /// The other side holds the call.
    FarHeld,
    /// The other side goes on after a hold.
    FarResumed,
    /// Transfer asked for when there is nothing to transfer to yet.
    TransferTooEarly,
    /// After the dial tone that a HookFlash brought.
    FlashDialTone,
    /// The other side was changed by a transfer.
    FarChanged,
    /// This port hung up.
    EndedHere,
    /// The server or the other side ended the call.
    EndedThere,
    /// The caller gave up while this port rang.
    Abandoned,
    /// A waiting or held call ended.
    EndedAside,
    /// A second call was refused for this port.
    WaitingRefused,
    /// OnHook with a held call that stays.
    OnHookKept,
    /// OnHook, but the server has no call of the port.
    LateOnHook,
    /// OffHook that starts nothing.
    OffHookIgnored,
    /// The port may not call yet.
    NoLines,
    /// The message lamp changes.
    Lamp,
}

/// What a script may use.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) line: LineInstance,
    pub(super) call: CallRef,
    /// The call that is active while this one waits.
    pub(super) active: CallRef,
    pub(super) own_number: String,
    pub(super) own_name: String,
    pub(super) far_number: String,
    pub(super) far_name: String,
    /// The far side does not want its number and name shown.
    pub(super) withheld: bool,
    pub(super) dialled: String,
    /// This port made the call.
    pub(super) outgoing: bool,
    /// The call is the second one of a transfer.
    pub(super) consulting: bool,
    /// Ring back, busy and congestion come as audio.
    pub(super) early_rtp: bool,
    pub(super) mwi: bool,
    pub(super) date: DefineTimeDate,
    /// Where the call stands; `None` for what is said without a call.
    pub(super) state: Option<LegState>,
    /// The other side is a port that still rings.
    pub(super) far_rings: bool,
    /// The switches of Cisco's CallManager.
    pub(super) switches: Switches,
}

/// One thing said, or one media step whose addresses the script does not know.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of them are messages, and a script's list lives for a moment"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A message.
    Say(ServerMessage),
    /// OpenReceiveChannel.
    Open,
    /// StartMediaTransmission, now or as soon as the far address is known.
    Start,
    /// CloseReceiveChannel and StopMediaTransmission, when media was opened.
    Close,
    /// The same, also for media never opened.
    CloseAnyway,
    /// Music on hold, in the way of the switches.
    Music,
}
