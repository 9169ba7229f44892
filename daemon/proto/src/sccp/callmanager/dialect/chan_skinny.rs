//! Asterisk's `chan_skinny`.

use std::time::Duration;

use crate::sccp::message::{
    CallStateKind, ClearPriNotify, DisplayPriNotify, LampMode, RingMode, ServerMessage, Tone,
};
use crate::types::{CallRef, LineInstance, Party};

use super::phrase::{self, ringer, speaker};
use super::{
    AfterFailure, AnswerWaiting, ConnectedBy, Cue, FlashRule, HashRule, Item, Rules, SameName, View,
};

pub(super) static RULES: Rules = Rules {
    // The character '0', whatever was offered.
    answers_version: |_| b'0',
    uses_layouts: |offered| if offered < 17 { 3 } else { offered.min(22) },
    version_in_header: false,
    lamp_before_ack: true,
    unknown_text: "No Authority: ",
    in_use_text: "No Authority: ",
    reject_closes: false,
    same_name: SameName::RefuseAfter(Duration::from_secs(2)),
    leaves_status_unanswered: true,
    leaves_config_unanswered: true,
    sets_flash_detect: false,
    lists_buttons: false,
    needs_button_template: false,
    stranger_is_closed: false,
    grants_tokens: false,
    unregister_ack: false,
    keepalive_patience_percent: 300,
    register_within: Some(Duration::from_secs(30)),
    cut_ends_calls: false,
    rfc2833_bit: 0,
    letters_arrive: true,
    hash: HashRule::Digit,
    complete_delay: Duration::ZERO,
    one_digit_timeout: false,
    after_failure: AfterFailure::Ends,
    busy_ends: true,
    refused_waiting_is_congestion: true,
    party: |call| Party(call.0),
    media_names_call: false,
    close_names_call: false,
    precedence: 0,
    flash: FlashRule::Ignored,
    answer_waiting: AnswerWaiting::DropsActive,
    on_hook_ends_held: false,
    transfer_on_hook: true,
    enbloc_new_reference: true,
    off_hook_line_answers_from: None,
    connected_by: ConnectedBy::OffHook,
    asks_statistics: false,
    reject_open: None,
    keepalive_of_strangers: true,
    party_counter: false,
    starts_before_ack: false,
    reopens_media: false,
    script,
};

/// The ringer never names line or call.
fn ring(mode: RingMode) -> Item {
    ringer(mode, 1, LineInstance(1), CallRef::NONE)
}

fn clear_notify() -> Item {
    Item::Say(ServerMessage::ClearPriNotify(ClearPriNotify {
        priority: 5,
    }))
}

fn clear_display() -> Item {
    Item::Say(ServerMessage::ClearDisplay)
}

/// The far side for the display: chan_skinny writes "Unknown" for a withheld number.
fn from(view: &View) -> String {
    let (number, _) = view.shown_far();
    let shown = if number.is_empty() { "Unknown" } else { number };
    format!("{}{shown}", phrase::FROM)
}

fn script(cue: Cue, view: &View) -> Vec<Item> {
    use CallStateKind as State;
    match cue {
        Cue::DialTone => {
            let mut items = if view.consulting {
                vec![]
            } else {
                vec![ring(RingMode::OFF), view.lamp(LampMode::ON), view.date()]
            };
            items.extend([
                view.state(State::OFF_HOOK),
                view.plane(),
                clear_display(),
                view.tone(Tone::INSIDE_DIAL),
                view.keys(4),
                view.prompt(phrase::ENTER_NUMBER),
            ]);
            items
        }
        Cue::FirstDigit => vec![view.stop_tone(), view.keys(6)],
        Cue::Dialled => vec![
            view.state(State::OFF_HOOK),
            view.stop_tone(),
            clear_display(),
            view.keys(8),
            view.prompt("Dialing"),
            Item::Open,
        ],
        Cue::RingingOut => {
            let mut items = vec![view.info(), view.state(State::PROCEED)];
            if !view.early_rtp {
                items.push(view.tone(Tone::ALERTING));
            }
            items.extend([
                view.state(State::RING_OUT),
                view.keys(if view.consulting { 13 } else { 8 }),
                view.dialled_number(),
                view.prompt(phrase::RING_OUT),
                view.info(),
            ]);
            items
        }
        Cue::Busy | Cue::Congestion => {
            let (tone, state) = if cue == Cue::Busy {
                (Tone::BUSY, State::BUSY)
            } else {
                (Tone::REORDER, State::CONGESTION)
            };
            let mut items = vec![];
            if !view.early_rtp {
                items.push(view.tone(tone));
            }
            items.extend([view.info(), view.state(state), view.prompt(phrase::BUSY)]);
            items
        }
        Cue::DialFailed => vec![view.tone(Tone::REORDER)],
        Cue::RingIn => vec![
            view.state(State::RING_IN),
            view.keys(3),
            view.prompt(&from(view)),
            Item::Say(ServerMessage::DisplayPriNotify(DisplayPriNotify {
                timeout_s: 10,
                priority: 5,
                text: from(view),
            })),
            view.info(),
            view.lamp(LampMode::BLINK),
            ring(RingMode::INSIDE),
            view.plane(),
        ],
        Cue::WaitingIn => vec![
            view.state(State::RING_IN),
            view.state(State::CALL_WAITING),
            view.keys(3),
            view.prompt(phrase::CALL_WAITING),
            view.info(),
            view.lamp(LampMode::BLINK),
            view.tone(Tone::CALL_WAITING),
        ],
        Cue::AnsweredHere => {
            let mut items = vec![
                ring(RingMode::OFF),
                view.lamp(LampMode::ON),
                clear_notify(),
                view.state(State::OFF_HOOK),
            ];
            items.extend(connected(view));
            items.push(Item::Open);
            items
        }
        Cue::WaitingAnswered => {
            let mut items = vec![ring(RingMode::OFF), view.lamp(LampMode::ON)];
            items.extend(connected(view));
            items.push(Item::Open);
            items
        }
        Cue::AnsweredThere => {
            let mut items = connected(view);
            items.extend([view.dialled_number(), view.stop_tone()]);
            items
        }
        Cue::Acked => vec![Item::Start],
        Cue::Hold | Cue::TransferHold => vec![
            view.plane(),
            Item::CloseAnyway,
            view.state(State::HOLD),
            view.lamp(LampMode::WINK),
            view.keys(2),
        ],
        Cue::Resume => {
            let mut items = vec![Item::Open];
            items.extend(connected(view));
            items
        }
        Cue::EndedHere => {
            let mut items = vec![speaker(false)];
            items.extend(ended(view));
            items.push(view.date());
            items
        }
        Cue::EndedThere => {
            let mut items = vec![speaker(false)];
            items.extend(ended(view));
            items
        }
        Cue::Abandoned => {
            let mut items = vec![speaker(false), clear_notify()];
            items.extend(ended(view));
            items
        }
        Cue::EndedAside => vec![
            view.stop_tone(),
            view.state(State::ON_HOOK),
            view.clear_prompt(),
        ],
        Cue::WaitingRefused => vec![view.stop_tone(), view.state(State::ON_HOOK)],
        Cue::FarChanged => vec![view.info()],
        Cue::FarHeld => vec![],
        Cue::OnHookKept => vec![view.date()],
        Cue::OffHookIgnored => vec![ring(RingMode::OFF)],
        Cue::Lamp => phrase::message_lamp(view.mwi, Some(view.line)),
        Cue::MoreDigit
        | Cue::FarResumed
        | Cue::TransferTooEarly
        | Cue::FlashDialTone
        | Cue::LateOnHook
        | Cue::NoLines => vec![],
    }
}

fn connected(view: &View) -> Vec<Item> {
    vec![
        ring(RingMode::OFF),
        view.plane(),
        view.stop_tone(),
        view.info(),
        view.state(CallStateKind::CONNECTED),
        view.prompt(phrase::CONNECTED),
        view.keys(1),
    ]
}

fn ended(view: &View) -> Vec<Item> {
    vec![
        Item::CloseAnyway,
        view.stop_tone(),
        view.state(CallStateKind::ON_HOOK),
        view.clear_prompt(),
        ring(RingMode::OFF),
        view.date(),
        view.lamp(LampMode::OFF),
    ]
}
