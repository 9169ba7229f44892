//! Cisco's CallManager, as captures and traces show it. Marks: (W) in a capture, (T) in a printed trace, (R) in documents or
//! source code, (inf) our conclusion, (bg) remembered, (?) nothing found: what stands there is the plainest that works.

use std::time::Duration;

use crate::sccp::message::{
    CallInfo, CallStateKind, DisplayPriNotify, LampMode, RingMode, SelectSoftKeys, ServerMessage,
    Tone,
};
use crate::types::{CallRef, LineInstance, Party};

use super::phrase::{self, ringer, speaker};
use super::{
    AfterFailure, AnswerWaiting, ConnectedBy, Cue, FlashRule, HashRule, Item, Rules, SameName, View,
};
use crate::sccp::callmanager::leg::LegState;
use crate::sccp::callmanager::switches::Release;

/// One key of the set of a connected call is switched off (W).
const CONNECTED_MASK: u32 = 0xFFFF_FBFF;

const BASE: Rules = Rules {
    answers_version: |offered| offered.clamp(3, 20), // (W) 20
    uses_layouts: |offered| offered.clamp(3, 20),
    version_in_header: true, // (W)
    lamp_before_ack: false,
    unknown_text: "\u{80}\u{2F}", // (inf) "Error: DBConfig", a device that is not in the database (bg)
    in_use_text: "",
    reject_closes: false,
    same_name: SameName::Replace, // (bg)
    leaves_status_unanswered: false,
    leaves_config_unanswered: false,
    sets_flash_detect: false, // (?)
    lists_buttons: true,
    needs_button_template: false,
    stranger_is_closed: false,
    grants_tokens: true, // (R)
    unregister_ack: true,
    keepalive_patience_percent: 300, // (R) three missing
    register_within: None,
    cut_ends_calls: false, // (bg) from 3.x on calls are preserved
    rfc2833_bit: 0,        // (W) payload type 0 in every media message
    letters_arrive: true,
    hash: HashRule::Digit,
    complete_delay: Duration::ZERO, // (T) as soon as nothing longer can match
    one_digit_timeout: false,
    after_failure: AfterFailure::ToneUntilOnHook, // (T)
    busy_ends: false,                             // (inf)
    refused_waiting_is_congestion: false,
    party: |call| Party(call.0),
    media_names_call: true,
    close_names_call: true,
    precedence: 184,                            // (W) the TOS byte of EF
    flash: FlashRule::Ignored,                  // (?)
    answer_waiting: AnswerWaiting::HoldsActive, // (bg)
    on_hook_ends_held: false,                   // (bg)
    transfer_on_hook: false,                    // (bg) a service parameter, off
    enbloc_new_reference: false,
    off_hook_line_answers_from: None,
    connected_by: ConnectedBy::OffHook,         // (W)
    asks_statistics: true,                      // (bg)
    reject_open: Some(Duration::from_secs(62)), // (W) release 2
    keepalive_of_strangers: true,
    party_counter: true,     // (W)
    starts_before_ack: true, // (W)
    reopens_media: true,     // (R)
    script,
};

static EIGHT: Rules = BASE;

static FOUR: Rules = Rules {
    // Narrow layouts and header version 0 (W); the number itself (bg).
    answers_version: |offered| offered.clamp(3, 6),
    uses_layouts: |offered| offered.clamp(3, 6),
    ..BASE
};

static THREE_ONE: Rules = Rules {
    answers_version: |_| 3,
    uses_layouts: |_| 3,
    unknown_text: "Error: DBConfig", // (bg)
    ..BASE
};

static TWO: Rules = Rules {
    answers_version: |_| 0,
    uses_layouts: |_| 3,
    unknown_text: "Error: No License", // (W)
    leaves_status_unanswered: true,    // (W)
    grants_tokens: false,
    unregister_ack: false, // (W)
    // KeepAlives are never answered (W), so nobody's silence is counted.
    cut_ends_calls: true, // (W)
    asks_statistics: false,
    ..BASE
};

pub(super) fn rules(release: Release) -> &'static Rules {
    match release {
        Release::Two => &TWO,
        Release::ThreeOne => &THREE_ONE,
        Release::Four => &FOUR,
        Release::Eight => &EIGHT,
    }
}

/// The ringer off for line 1 and no call, which comes before the one that names both (W).
fn silent() -> Item {
    ringer(RingMode::OFF, 1, LineInstance(0), CallRef::NONE)
}

/// CallInfo: original called and last redirecting are filled on every call, without any redirect (W).
fn info(view: &View, security: u32) -> Item {
    match view.info() {
        Item::Say(ServerMessage::CallInfo(info)) => Item::Say(ServerMessage::CallInfo(CallInfo {
            last_redirecting_number: info.called_number.clone(),
            last_redirecting_name: info.called_name.clone(),
            security,
            ..info
        })),
        other => other,
    }
}

/// "From" and the number; "Private" for one that is withheld (R).
fn from(view: &View) -> String {
    let (number, _) = view.shown_far();
    let shown = if view.withheld {
        "\u{80}\u{36}"
    } else {
        number
    };
    format!("{}{shown}", phrase::FROM)
}

fn keys(view: &View, set: u32, mask: u32) -> Item {
    Item::Say(ServerMessage::SelectSoftKeys(SelectSoftKeys {
        line: view.line,
        call: view.call,
        set,
        mask,
    }))
}

fn script(cue: Cue, view: &View) -> Vec<Item> {
    use CallStateKind as State;
    match cue {
        // (W) 4.x; the set of a second call (R).
        Cue::DialTone => vec![
            silent(),
            speaker(true),
            view.lamp(LampMode::ON),
            view.state(State::OFF_HOOK),
            view.keys(if view.consulting { 9 } else { 4 }),
            view.prompt(phrase::ENTER_NUMBER),
            view.plane(),
            view.tone(Tone::INSIDE_DIAL),
        ],
        Cue::FirstDigit => vec![view.stop_tone(), view.keys(6)], // (T)
        // No receive channel until the answer (W), unless the call leaves by a gateway (R)(T).
        Cue::Dialled => {
            let mut items = vec![
                view.dialled_number(),
                view.state(State::PROCEED),
                info(view, 0),
            ];
            if view.switches.trunk {
                items.extend([view.stop_tone(), Item::Open, Item::Start]);
            }
            items
        }
        Cue::RingingOut => {
            let mut items = vec![];
            if !view.switches.trunk {
                items.push(view.tone(Tone::ALERTING)); // (W)
            }
            items.extend([
                view.state(State::RING_OUT),
                view.keys(8),
                view.prompt(phrase::RING_OUT),
                info(view, 0),
            ]);
            items
        }
        // Held open until OnHook (inf).
        Cue::Busy => vec![
            view.state(State::BUSY),
            info(view, 0),
            view.prompt(phrase::BUSY),
            view.tone(Tone::BUSY),
        ],
        // (T) a state, CallInfo, the tone, and nothing until OnHook; which state (inf).
        Cue::Congestion | Cue::DialFailed => vec![
            view.state(State::CONGESTION),
            info(view, 0),
            view.tone(Tone::REORDER),
        ],
        // (W)
        Cue::RingIn => vec![
            view.state(State::RING_IN),
            view.keys(3),
            view.prompt(&from(view)),
            Item::Say(ServerMessage::DisplayPriNotify(DisplayPriNotify {
                timeout_s: 10,
                priority: 5,
                text: from(view),
            })),
            info(view, 0),
            view.lamp(LampMode::BLINK),
            view.ringer(view.switches.ring),
        ],
        // (?); one beep, which the port repeats (R).
        Cue::WaitingIn => vec![
            view.state(State::RING_IN),
            view.keys(3),
            view.prompt(phrase::CALL_WAITING),
            info(view, 0),
            view.lamp(LampMode::BLINK),
            view.tone(Tone::CALL_WAITING),
        ],
        // (W) Connected is said before any acknowledgement, OpenReceiveChannel between two StopTones.
        Cue::AnsweredHere | Cue::WaitingAnswered => vec![
            silent(),
            speaker(true),
            view.lamp(LampMode::ON),
            view.state(State::OFF_HOOK),
            view.plane(),
            view.ringer(RingMode::OFF),
            view.stop_tone(),
            Item::Open,
            Item::Start,
            view.stop_tone(),
            view.state(State::CONNECTED),
            keys(view, 1, CONNECTED_MASK),
            view.prompt(phrase::CONNECTED),
            info(view, 1),
        ],
        // (W)
        Cue::AnsweredThere => vec![
            view.stop_tone(),
            Item::Open,
            Item::Start,
            view.state(State::CONNECTED),
            keys(view, if view.consulting { 5 } else { 1 }, CONNECTED_MASK),
            view.prompt(phrase::CONNECTED),
            info(view, 1),
            view.stop_tone(),
        ],
        // The third CallInfo comes after media (W).
        Cue::Acked => vec![info(view, 1)],
        // Both stopped; state, keys and prompt expected from 4.x on (inf), on 3.1 a prompt and the lamp alone (R).
        Cue::Hold | Cue::TransferHold => {
            let mut items = vec![Item::Close];
            if view.switches.release >= Release::Four {
                items.extend([view.state(State::HOLD), view.keys(2)]);
            }
            items.extend([view.prompt(phrase::HOLD), view.lamp(held_lamp(view))]);
            items
        }
        // Media under a new party (R).
        Cue::Resume => vec![
            view.lamp(LampMode::ON),
            Item::Open,
            Item::Start,
            view.state(State::CONNECTED),
            keys(view, 1, CONNECTED_MASK),
            view.prompt(phrase::CONNECTED),
            info(view, 1),
        ],
        // The held party's state stays connected (bg).
        Cue::FarHeld => vec![Item::Close, Item::Music],
        Cue::FarResumed => vec![view.stop_tone(), Item::Close, Item::Open, Item::Start],
        Cue::FarChanged => far_changed(view),
        // Media first (T), then tones and states (W) release 2. No tone of any kind for a far hang-up (W)(T).
        Cue::EndedHere | Cue::EndedThere | Cue::Abandoned => vec![
            Item::Close,
            view.stop_tone(),
            view.stop_tone(),
            view.lamp(LampMode::OFF),
            speaker(false),
            view.state(State::ON_HOOK),
            Item::Say(ServerMessage::SelectSoftKeys(SelectSoftKeys {
                line: LineInstance(0),
                call: CallRef::NONE,
                set: 0,
                mask: u32::MAX,
            })), // (W)
            silent(),
            view.ringer(RingMode::OFF),
        ],
        Cue::EndedAside | Cue::WaitingRefused => {
            vec![Item::Close, view.stop_tone(), view.state(State::ON_HOOK)]
        }
        Cue::Lamp => phrase::message_lamp(view.mwi, Some(view.line)), // (bg)
        Cue::MoreDigit
        | Cue::TransferTooEarly
        | Cue::FlashDialTone
        | Cue::OnHookKept
        | Cue::LateOnHook
        | Cue::OffHookIgnored
        | Cue::NoLines => vec![],
    }
}

/// The lamp of a held call: 4 from release 2 (W), later unknown.
fn held_lamp(view: &View) -> LampMode {
    match view.switches.release {
        Release::Two => LampMode::FLASH,
        _ => LampMode::WINK,
    }
}

/// After a transfer the others get a corrected CallInfo under their unchanged references (R); media is moved by opening it
/// again (R). Who waits for a port that still rings hears ring-back (inf).
fn far_changed(view: &View) -> Vec<Item> {
    match view.state {
        Some(LegState::Connected) if view.far_rings => {
            vec![Item::Close, view.tone(Tone::ALERTING), info(view, 1)]
        }
        Some(LegState::Connected) => vec![
            view.stop_tone(),
            Item::Close,
            Item::Open,
            Item::Start,
            info(view, 1),
        ],
        _ => vec![info(view, 1)],
    }
}
