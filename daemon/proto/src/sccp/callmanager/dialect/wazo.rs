//! `wazo-libsccp`. Read only, never run here: orders follow its source.

use std::time::Duration;

use crate::sccp::message::{CallStateKind, LampMode, RingMode, ServerMessage, StopTone, Tone};
use crate::types::{CallRef, LineInstance, Party};

use super::phrase::{self, ringer, speaker, tone_of};
use super::{
    AfterFailure, AnswerWaiting, ConnectedBy, Cue, FlashRule, HashRule, Item, Rules, SameName, View,
};

pub(super) static RULES: Rules = Rules {
    answers_version: |offered| offered.clamp(3, 11),
    uses_layouts: |offered| offered.clamp(3, 11),
    version_in_header: false,
    lamp_before_ack: false,
    unknown_text: "",
    in_use_text: "",
    reject_closes: true,
    same_name: SameName::Replace,
    leaves_status_unanswered: true,
    leaves_config_unanswered: false,
    sets_flash_detect: false,
    lists_buttons: true,
    needs_button_template: false,
    stranger_is_closed: true,
    grants_tokens: false,
    unregister_ack: false,
    keepalive_patience_percent: 200,
    register_within: Some(Duration::from_secs(10)),
    cut_ends_calls: true,
    rfc2833_bit: 0,
    letters_arrive: true,
    hash: HashRule::Ends,
    complete_delay: Duration::from_secs(3),
    one_digit_timeout: true,
    after_failure: AfterFailure::Ends,
    busy_ends: false,
    refused_waiting_is_congestion: false,
    party: |call| Party(call.0),
    media_names_call: false,
    close_names_call: false,
    precedence: 184,
    flash: FlashRule::Ignored,
    answer_waiting: AnswerWaiting::HoldsActive,
    on_hook_ends_held: false,
    transfer_on_hook: false,
    enbloc_new_reference: false,
    off_hook_line_answers_from: Some(11),
    connected_by: ConnectedBy::MediaAck,
    asks_statistics: false,
    reject_open: None,
    keepalive_of_strangers: true,
    party_counter: false,
    starts_before_ack: false,
    reopens_media: false,
    script,
};

/// The ringer names neither line nor call.
fn ring(mode: RingMode) -> Item {
    ringer(mode, 1, LineInstance(0), CallRef::NONE)
}

fn script(cue: Cue, view: &View) -> Vec<Item> {
    use CallStateKind as State;
    match cue {
        Cue::DialTone => {
            let mut items = if view.consulting {
                vec![speaker(true)]
            } else {
                vec![view.lamp(LampMode::ON)]
            };
            items.extend([
                view.state(State::OFF_HOOK),
                view.keys(4),
                view.tone(Tone::INSIDE_DIAL),
            ]);
            items
        }
        // The dial tone of line 1 is stopped by a stop that names neither line nor call.
        Cue::FirstDigit => vec![
            tone_of(Tone::NONE, LineInstance(0), CallRef::NONE),
            Item::Say(ServerMessage::StopTone(StopTone {
                line: LineInstance(0),
                call: CallRef::NONE,
                tone: Tone::SILENCE,
            })),
        ],
        Cue::Dialled => vec![
            view.keys(if view.consulting { 5 } else { 8 }),
            view.dialled_number(),
            view.state(State::PROCEED),
            view.stop_tone(),
            view.tone(Tone::ALERTING),
            view.info(),
        ],
        Cue::RingingOut => vec![view.state(State::RING_OUT)],
        // Congestion sounds busy, too.
        Cue::Busy | Cue::Congestion => vec![ring(RingMode::OFF), view.tone(Tone::BUSY)],
        Cue::RingIn => {
            let mut items = vec![ring(RingMode::INSIDE)];
            items.extend(ring_in(view));
            items
        }
        // Neither a tone nor a ring announces a waiting call.
        Cue::WaitingIn => ring_in(view),
        Cue::AnsweredHere | Cue::WaitingAnswered => vec![
            ring(RingMode::OFF),
            view.state(State::OFF_HOOK),
            view.state(State::CONNECTED),
            view.stop_tone(),
            view.keys(1),
            Item::Open,
        ],
        Cue::AnsweredThere => vec![
            Item::Open,
            view.state(State::CONNECTED),
            view.stop_tone(),
            view.keys(1),
        ],
        Cue::Acked => vec![Item::Start],
        Cue::Hold | Cue::TransferHold => vec![
            view.state(State::HOLD),
            view.keys(2),
            speaker(false),
            Item::CloseAnyway,
        ],
        Cue::Resume => vec![
            view.state(State::CONNECTED),
            view.keys(1),
            speaker(true),
            Item::Open,
        ],
        Cue::FarChanged => vec![view.info()],
        Cue::FarHeld => vec![],
        Cue::EndedHere | Cue::EndedThere | Cue::Abandoned => vec![
            Item::Close,
            ring(RingMode::OFF),
            view.state(State::ON_HOOK),
            view.stop_tone(),
            speaker(false),
        ],
        Cue::EndedAside | Cue::WaitingRefused => vec![
            ring(RingMode::OFF),
            view.state(State::ON_HOOK),
            view.stop_tone(),
        ],
        Cue::Lamp => phrase::message_lamp(view.mwi, None),
        Cue::DialFailed
        | Cue::MoreDigit
        | Cue::FarResumed
        | Cue::TransferTooEarly
        | Cue::FlashDialTone
        | Cue::OnHookKept
        | Cue::LateOnHook
        | Cue::OffHookIgnored
        | Cue::NoLines => vec![],
    }
}

fn ring_in(view: &View) -> Vec<Item> {
    vec![
        view.state(CallStateKind::RING_IN),
        view.keys(3),
        view.info(),
        view.lamp(LampMode::BLINK),
    ]
}
