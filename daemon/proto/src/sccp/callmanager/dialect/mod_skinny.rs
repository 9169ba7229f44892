//! FreeSWITCH's `mod_skinny`. Read only, never run here: orders follow its source, what it
//! does not say follows `chan_skinny`.

use std::time::Duration;

use crate::sccp::message::{
    CallStateKind, DisplayPriNotify, LampMode, RingMode, ServerMessage, Tone,
};
use crate::types::{LineInstance, Party};

use super::phrase::{self, ringer, speaker};
use super::{
    AfterFailure, AnswerWaiting, ConnectedBy, Cue, FlashRule, HashRule, Item, Rules, SameName, View,
};

pub(super) static RULES: Rules = Rules {
    // The word is padding there.
    answers_version: |_| 0,
    uses_layouts: |_| 3,
    version_in_header: false,
    lamp_before_ack: false,
    unknown_text: "Device not found",
    in_use_text: "Device is already registered on another listener",
    reject_closes: false,
    same_name: SameName::Replace,
    leaves_status_unanswered: false,
    leaves_config_unanswered: false,
    sets_flash_detect: false,
    lists_buttons: true,
    needs_button_template: false,
    stranger_is_closed: false,
    grants_tokens: false,
    unregister_ack: true,
    keepalive_patience_percent: 110,
    register_within: None,
    cut_ends_calls: true,
    rfc2833_bit: 0,
    letters_arrive: false,
    hash: HashRule::Digit,
    complete_delay: Duration::ZERO,
    one_digit_timeout: false,
    after_failure: AfterFailure::ToneUntilOnHook,
    busy_ends: false,
    refused_waiting_is_congestion: false,
    party: |call| Party(call.0),
    media_names_call: false,
    close_names_call: true,
    precedence: 184,
    flash: FlashRule::Ignored,
    answer_waiting: AnswerWaiting::HoldsActive,
    on_hook_ends_held: true,
    transfer_on_hook: false,
    enbloc_new_reference: false,
    off_hook_line_answers_from: None,
    connected_by: ConnectedBy::MediaAck,
    asks_statistics: false,
    reject_open: None,
    keepalive_of_strangers: true,
    party_counter: false,
    starts_before_ack: false,
    reopens_media: false,
    script,
};

/// The ringer names the call but not the line.
fn ring(mode: RingMode, view: &View) -> Item {
    ringer(mode, 1, LineInstance(0), view.call)
}

fn script(cue: Cue, view: &View) -> Vec<Item> {
    use CallStateKind as State;
    match cue {
        Cue::DialTone => vec![
            view.date(),
            view.lamp(LampMode::ON),
            speaker(true),
            view.state(State::OFF_HOOK),
            view.keys(4),
            view.prompt(phrase::ENTER_NUMBER),
            view.plane(),
            view.tone(Tone::INSIDE_DIAL),
        ],
        Cue::FirstDigit => vec![view.stop_tone(), view.keys(6)],
        Cue::Dialled => vec![
            view.stop_tone(),
            view.state(State::PROCEED),
            view.info(),
            view.dialled_number(),
        ],
        Cue::RingingOut => vec![
            view.tone(Tone::ALERTING),
            view.state(State::RING_OUT),
            view.keys(8),
            view.prompt(phrase::RING_OUT),
            view.info(),
        ],
        Cue::Busy => vec![
            view.state(State::BUSY),
            view.tone(Tone::BUSY),
            view.prompt(phrase::BUSY),
        ],
        Cue::Congestion => vec![view.state(State::CONGESTION), view.tone(Tone::REORDER)],
        Cue::DialFailed => vec![view.state(State::INVALID_NUMBER), view.tone(Tone::REORDER)],
        Cue::RingIn => {
            let (number, _) = view.shown_far();
            let text = format!("{}{number}", phrase::FROM);
            vec![
                view.state(State::RING_IN),
                view.keys(3),
                view.prompt(&text),
                Item::Say(ServerMessage::DisplayPriNotify(DisplayPriNotify {
                    timeout_s: 10,
                    priority: 5,
                    text,
                })),
                view.info(),
                view.lamp(LampMode::BLINK),
                ring(RingMode::INSIDE, view),
            ]
        }
        Cue::WaitingIn => vec![
            view.state(State::RING_IN),
            view.keys(3),
            view.prompt(phrase::CALL_WAITING),
            view.info(),
            view.lamp(LampMode::BLINK),
            view.tone(Tone::CALL_WAITING),
        ],
        Cue::AnsweredHere | Cue::WaitingAnswered => {
            let mut items = vec![
                ring(RingMode::OFF, view),
                speaker(true),
                view.lamp(LampMode::ON),
                view.state(State::OFF_HOOK),
                view.plane(),
            ];
            items.extend(media(view));
            items
        }
        Cue::AnsweredThere => media(view),
        Cue::Acked => vec![Item::Start],
        Cue::Hold | Cue::TransferHold => vec![
            Item::CloseAnyway,
            view.date(),
            view.lamp(LampMode::WINK),
            view.state(State::HOLD),
            view.keys(2),
            view.info(),
            speaker(false),
            ring(RingMode::OFF, view),
        ],
        Cue::Resume => {
            let mut items = vec![ring(RingMode::OFF, view), speaker(true), view.keys(8)];
            items.extend(media(view));
            items.push(view.lamp(LampMode::ON));
            items
        }
        Cue::EndedHere | Cue::EndedThere | Cue::Abandoned => vec![
            Item::Close,
            view.stop_tone(),
            view.lamp(LampMode::OFF),
            view.clear_prompt(),
            view.state(State::ON_HOOK),
            view.keys(0),
            view.date(),
            speaker(false),
            ring(RingMode::OFF, view),
        ],
        Cue::EndedAside | Cue::WaitingRefused => {
            vec![view.stop_tone(), view.state(State::ON_HOOK)]
        }
        Cue::FarChanged => vec![view.info()],
        Cue::FarHeld => vec![],
        Cue::Lamp => phrase::message_lamp(view.mwi, None),
        Cue::MoreDigit
        | Cue::FarResumed
        | Cue::TransferTooEarly
        | Cue::FlashDialTone
        | Cue::OnHookKept
        | Cue::LateOnHook
        | Cue::OffHookIgnored
        | Cue::NoLines => vec![],
    }
}

fn media(view: &View) -> Vec<Item> {
    vec![
        view.stop_tone(),
        Item::Open,
        view.state(CallStateKind::CONNECTED),
        view.keys(1),
        view.prompt(phrase::CONNECTED),
        view.info(),
    ]
}
