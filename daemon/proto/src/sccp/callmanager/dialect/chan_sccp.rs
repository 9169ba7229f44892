//! The external `chan-sccp` 4.3.5.

use std::time::Duration;

use crate::sccp::message::{CallStateKind, LampMode, RingMode, Stimulus, StopTone, Tone};
use crate::types::{CallRef, LineInstance, Party};

use super::phrase::{self, lamp, ringer, speaker, tone_of};
use super::{
    AfterFailure, AnswerWaiting, ConnectedBy, Cue, FlashRule, HashRule, Item, Rules, SameName, View,
};

pub(super) static RULES: Rules = Rules {
    answers_version: |offered| offered.clamp(3, 22),
    uses_layouts: |offered| offered.clamp(3, 22),
    version_in_header: true,
    lamp_before_ack: false,
    unknown_text: "Device Unknown",
    in_use_text: "Crossover session",
    reject_closes: true,
    same_name: SameName::CloseBoth,
    leaves_status_unanswered: false,
    leaves_config_unanswered: false,
    sets_flash_detect: true,
    lists_buttons: true,
    needs_button_template: true,
    stranger_is_closed: true,
    grants_tokens: true,
    unregister_ack: true,
    keepalive_patience_percent: 200,
    register_within: None,
    cut_ends_calls: true,
    rfc2833_bit: 0x400,
    letters_arrive: false,
    hash: HashRule::Ends,
    complete_delay: Duration::from_millis(100),
    one_digit_timeout: true,
    after_failure: AfterFailure::ToneUntilOnHook,
    busy_ends: false,
    refused_waiting_is_congestion: false,
    // Counts down from the top, so that nobody takes it for the call.
    party: |call| Party(u32::MAX - call.0),
    media_names_call: true,
    close_names_call: true,
    precedence: 184,
    flash: FlashRule::Transfer,
    answer_waiting: AnswerWaiting::HoldsActive,
    on_hook_ends_held: true,
    transfer_on_hook: true,
    enbloc_new_reference: false,
    off_hook_line_answers_from: None,
    connected_by: ConnectedBy::OffHook,
    asks_statistics: true,
    reject_open: None,
    keepalive_of_strangers: true,
    party_counter: false,
    starts_before_ack: false,
    reopens_media: false,
    script,
};

/// A tone that names no call, as this server likes to send.
fn stray_bonk() -> Item {
    tone_of(Tone::BEEP_BONK, LineInstance(0), CallRef::NONE)
}

fn stray_stop() -> Item {
    Item::Say(crate::sccp::message::ServerMessage::StopTone(StopTone {
        line: LineInstance(0),
        call: CallRef::NONE,
        tone: Tone::SILENCE,
    }))
}

fn script(cue: Cue, view: &View) -> Vec<Item> {
    use CallStateKind as State;
    match cue {
        Cue::DialTone => vec![
            speaker(true),
            view.lamp(LampMode::ON),
            view.state(State::OFF_HOOK),
            view.plane(),
            view.tone(Tone::INSIDE_DIAL),
        ],
        Cue::FirstDigit => vec![view.stop_tone(), message_lamp_off()],
        Cue::MoreDigit => vec![message_lamp_off()],
        Cue::Dialled => vec![
            view.stop_tone(),
            view.info(),
            view.dialled_number(),
            view.state(State::PROCEED),
        ],
        // No RingOut for analog types.
        Cue::RingingOut => vec![view.state(State::PROCEED), view.tone(Tone::ALERTING)],
        // Nothing of it can be heard: the tone is stopped in the same moment, and no state says busy.
        Cue::Busy => vec![view.tone(Tone::BUSY), view.stop_tone()],
        Cue::Congestion | Cue::DialFailed => vec![view.tone(Tone::REORDER)],
        Cue::RingIn => vec![
            view.state(State::RING_IN),
            view.info(),
            view.lamp(LampMode::BLINK),
            view.ringer(RingMode::OUTSIDE),
        ],
        Cue::WaitingIn => vec![
            Item::Say(crate::sccp::message::ServerMessage::StopTone(StopTone {
                line: LineInstance(0),
                call: view.active,
                tone: Tone::SILENCE,
            })),
            tone_of(Tone::CALL_WAITING, LineInstance(0), view.active),
            view.state(State::RING_IN),
            view.info(),
            view.lamp(LampMode::BLINK),
            ringer(RingMode::SILENT, 2, view.line, view.call),
        ],
        Cue::AnsweredHere | Cue::WaitingAnswered => vec![
            view.state(State::OFF_HOOK),
            view.plane(),
            view.state(State::CONNECTED),
            Item::Open,
        ],
        Cue::AnsweredThere => vec![
            view.ringer(RingMode::OFF),
            speaker(true),
            view.stop_tone(),
            view.lamp(LampMode::ON),
            view.state(State::CONNECTED),
            view.info(),
            view.plane(),
            Item::Open,
        ],
        Cue::Acked if view.outgoing => vec![view.stop_tone(), Item::Start],
        Cue::Acked => vec![
            Item::Start,
            view.ringer(RingMode::OFF),
            view.stop_tone(),
            view.state(State::CONNECTED),
            view.info(),
        ],
        Cue::Hold => hold(view),
        Cue::TransferHold => {
            let mut items = hold(view);
            items.push(view.state(State::TRANSFER));
            items
        }
        Cue::Resume => vec![
            view.lamp(LampMode::ON),
            view.state(State::CONNECTED),
            view.info(),
            view.plane(),
            Item::Open,
        ],
        Cue::FarResumed => vec![view.stop_tone(), view.state(State::CONNECTED), view.info()],
        Cue::TransferTooEarly => vec![view.tone(Tone::BEEP_BONK)],
        Cue::FlashDialTone => vec![stray_bonk()],
        Cue::FarChanged => vec![view.info()],
        Cue::FarHeld => vec![],
        Cue::EndedHere | Cue::EndedThere => vec![
            Item::Close,
            view.stop_tone(),
            view.lamp(LampMode::OFF),
            view.state(State::ON_HOOK),
            view.date(),
            speaker(false),
            view.ringer(RingMode::OFF),
        ],
        Cue::Abandoned => vec![
            view.stop_tone(),
            view.lamp(LampMode::OFF),
            view.state(State::ON_HOOK),
            view.date(),
            view.ringer(RingMode::OFF),
        ],
        Cue::EndedAside | Cue::WaitingRefused => {
            vec![view.stop_tone(), view.state(State::ON_HOOK)]
        }
        Cue::LateOnHook => vec![speaker(false), stray_stop()],
        Cue::NoLines => vec![view.prompt("No lines registered!"), stray_bonk()],
        Cue::Lamp => phrase::message_lamp(view.mwi, Some(view.line)),
        Cue::OnHookKept | Cue::OffHookIgnored => vec![],
    }
}

fn hold(view: &View) -> Vec<Item> {
    vec![
        Item::Close,
        view.lamp(LampMode::WINK),
        view.state(CallStateKind::HOLD),
    ]
}

/// Repeated with each digit while nothing waits in the mailbox.
fn message_lamp_off() -> Item {
    lamp(Stimulus::VOICEMAIL, 0, LampMode::OFF)
}
