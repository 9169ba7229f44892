//! Settings of one port. Everything is checked when it is read; nothing here is checked again.

use crate::sccp::message::Tone;
use crate::types::{AfterFarHangUp, CallerIdTiming, Codec, FlashAction, LineInstance, PulseDigits};

/// The configuration of the call logic of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortConfig {
    /// The SCCP line of this port.
    pub line: LineInstance,
    /// Codecs that may be used; others are refused with a status.
    pub codecs: Vec<Codec>,
    /// Packet times that may be used, ms; the first one where the server names none.
    pub ptimes_ms: Vec<u32>,
    /// Loop timing.
    pub hook: HookConfig,
    /// What a flash means when no other call is involved.
    pub flash: FlashAction,
    /// Hanging up with a transfer under way completes it.
    pub transfer_on_hang_up: bool,
    /// When and how caller ID is sent to the phone.
    pub caller_id: CallerIdTiming,
    /// Stutter dial tone in place of plain dial tone while a message waits.
    pub stutter_dial_tone: bool,
    /// Heard when the phone goes off-hook without a server: reorder or busy.
    pub unregistered_tone: Tone,
    /// Nothing heard from the server this time after off-hook: error tone, ms.
    pub server_answer_ms: u32,
    /// Dial tone for this time without a digit: error tone, ms. The servers seen act themselves after 16 s.
    pub first_digit_ms: u32,
    /// How long the error tone plays before the howler, ms.
    pub error_tone_ms: u32,
    /// How long the howler plays before the port goes quiet, ms; 0 = no howler.
    pub howler_ms: u32,
    /// Length of the loop opening when the far end hangs up, ms; 0 = none.
    pub open_loop_ms: u32,
    /// What the phone hears after the far end hung up.
    pub after_far_hang_up: AfterFarHangUp,
    /// Call-waiting tone is repeated this often, ms; 0 = once.
    pub call_waiting_repeat_ms: u32,
    /// Hold recall: how long the port rings for a call left on hold, ms; then that call is ended, where
    /// the server lets a held call be ended.
    pub hold_recall_ms: u32,
    /// Send the keys A–D as KeypadButton too. chan_skinny makes other characters of them and chan-sccp
    /// drops them, so they are dropped here by default.
    pub send_abcd: bool,
    /// Digits heard in a call that has media stay in its voice: no KeypadButton and no RFC 4733 events beside them,
    /// or the far end would have them twice.
    pub digits_in_band: bool,
    /// A call that has lost its CallManager is over when no RTP has come for this time, ms; 0 = never. See `preserved`.
    pub preserved_rtp_ms: u32,
    /// A line in trouble for this time loses its calls, ms.
    pub fault_grace_ms: u32,
    /// DSCP of RTP when the server does not send a sensible one.
    pub rtp_dscp: u8,
}

impl Default for PortConfig {
    fn default() -> Self {
        PortConfig {
            line: LineInstance(1),
            codecs: vec![Codec::G711Ulaw, Codec::G711Alaw],
            ptimes_ms: vec![20, 10, 30],
            hook: HookConfig::default(),
            flash: FlashAction::Transfer,
            transfer_on_hang_up: true,
            caller_id: CallerIdTiming::AfterFirstRing { delay_ms: 500 },
            stutter_dial_tone: true,
            unregistered_tone: Tone::REORDER,
            server_answer_ms: 3_000,
            first_digit_ms: 20_000,
            error_tone_ms: 15_000,
            howler_ms: 60_000,
            open_loop_ms: 500,
            after_far_hang_up: AfterFarHangUp::Reorder,
            call_waiting_repeat_ms: 10_000,
            hold_recall_ms: 60_000,
            send_abcd: false,
            digits_in_band: false,
            preserved_rtp_ms: 60_000,
            fault_grace_ms: 2_000,
            rtp_dscp: 46,
        }
    }
}

/// Loop timing. Openings are measured on the card's stamps. One that is in both windows is a pulse in a train of
/// pulses and while a number is dialled, else a flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookConfig {
    /// Edges closer together than this are contact bounce, ms.
    pub debounce_ms: u32,
    /// Pulse dialing; `None` = not decoded.
    pub pulse: Option<PulseWindow>,
    /// How many pulses each digit has.
    pub pulse_digits: PulseDigits,
    /// Hookflash; `None` = not decoded.
    pub flash: Option<FlashWindow>,
    /// An opening this long is a hang-up when flash is not decoded, ms. With flash, its end counts.
    pub hang_up_ms: u32,
}

impl HookConfig {
    /// For a card that decodes flash and pulse itself: each edge it reports is a lift or a hang-up.
    pub const fn decoded_by_card() -> HookConfig {
        HookConfig {
            debounce_ms: 0,
            pulse: None,
            pulse_digits: PulseDigits::Standard,
            flash: None,
            hang_up_ms: 0,
        }
    }
}

impl Default for HookConfig {
    fn default() -> Self {
        HookConfig {
            debounce_ms: 10,
            pulse: Some(PulseWindow::default()),
            pulse_digits: PulseDigits::Standard,
            flash: Some(FlashWindow::default()),
            hang_up_ms: 300,
        }
    }
}

/// Which openings are dial pulses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseWindow {
    /// Shortest, ms.
    pub min_ms: u32,
    /// Longest, ms.
    pub max_ms: u32,
    /// The digit is complete this time after its last pulse, ms.
    pub interdigit_ms: u32,
}

impl Default for PulseWindow {
    fn default() -> Self {
        PulseWindow {
            min_ms: 20,
            max_ms: 199,
            interdigit_ms: 250,
        }
    }
}

/// Which openings are flashes. What is longer is a hang-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashWindow {
    /// Shortest, ms.
    pub min_ms: u32,
    /// Longest, ms.
    pub max_ms: u32,
}

impl Default for FlashWindow {
    fn default() -> Self {
        FlashWindow {
            min_ms: 200,
            max_ms: 1_250,
        }
    }
}
