//! The settings of a port: one row for each, and nothing else about them anywhere in this crate.
//!
//! A row says the field of [`Line`] and its type, the key of `[defaults]` and `[[port]]`, what it accepts, what holds
//! without it, when a reload uses a change of it, and its text. The checks, the layers with the origin of each value
//! (`layer.rs`), the shipped `tipring.toml`, the manual page and what a reload reports follow from it.
//! What a profile presets is in `profile.rs`, what a country does in `layer.rs`.

use crate::change::When::Idle;
use crate::choice::{AfterFarHangUp, CallerIdChoice, FlashAction, Profile, PulseDigits};
use crate::layer::{Interval, settings};
use crate::schema::Accepts::{Bool, Integer, Number, OneOf, Text};
use crate::schema::{default, of_country};
use tipring_types::TenthDb;

settings! {
    profile: Profile {
        key: "profile",
        accepts: OneOf(Profile::NAMES),
        absent: default("\"phone\""),
        used: Idle,
        help: "What is at the end of the line. Presets the settings below: fax and modem (no caller ID, flash, call-waiting or stutter tone, silence after the far end hung up; fax: v8-squelch), alarm (the same, more patient), door (no caller ID or flash, busy tone after the far end hung up).",
    }
    country: String {
        key: "country",
        accepts: Text(16, "the code of a country file"),
        absent: default("\"us\""),
        used: Idle,
        help: "Tones, ring cadence, caller ID and flash times of this country.",
    }
    caller_id: CallerIdChoice {
        key: "caller-id",
        accepts: OneOf(CallerIdChoice::NAMES),
        absent: default("\"country\""),
        used: Idle,
        help: "How the set is told who calls.",
    }
    flash: FlashAction {
        key: "flash",
        accepts: OneOf(FlashAction::NAMES),
        absent: default("\"transfer\""),
        used: Idle,
        help: "What a hookflash does in a call: transfer (second call, flash or hang up joins), hold, send (the CallManager decides), ignore.",
    }
    flash_min_ms: u16 {
        key: "flash-min-ms",
        accepts: Integer(30, 2_000),
        absent: of_country("200"),
        used: Idle,
        help: "Shortest loop opening that is a flash.",
    }
    flash_max_ms: u16 {
        key: "flash-max-ms",
        accepts: Integer(50, 5_000),
        absent: of_country("1250"),
        used: Idle,
        help: "Longest loop opening that is a flash; a longer one is a hang-up.",
    }
    pulse_dialing: bool {
        key: "pulse-dialing",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Understand dial pulses.",
    }
    pulse_digits: PulseDigits {
        key: "pulse-digits",
        accepts: OneOf(PulseDigits::NAMES),
        absent: of_country("\"standard\""),
        used: Idle,
        help: "Pulses of each digit: standard (1 for 1, 10 for 0), nz (New Zealand: 9 for 1, 10 for 0), sweden (1 for 0, 2 for 1).",
    }
    digits_in_band: bool {
        key: "digits-in-band",
        accepts: Bool,
        absent: default("false"),
        used: Idle,
        help: "Keys pressed in a call stay in the voice as tones, and only there: they are not muted, and the CallManager is not sent them. For far ends that decode tones where out-of-band digits do not arrive. Dialling is not affected. The profiles fax, modem and alarm have it on.",
    }
    transfer_on_hang_up: bool {
        key: "transfer-on-hang-up",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Hanging up during a second call joins the two.",
    }
    call_waiting_tone: bool {
        key: "call-waiting-tone",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Play the call-waiting tone into a call.",
    }
    call_waiting_repeat: Interval {
        key: "call-waiting-repeat-s",
        accepts: Integer(0, 600),
        absent: of_country("10"),
        used: Idle,
        help: "Seconds from one call-waiting tone to the next; 0: once.",
    }
    stutter_dial_tone: bool {
        key: "stutter-dial-tone",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Stutter dial tone while a message waits.",
    }
    disconnect_ms: u16 {
        key: "disconnect-ms",
        accepts: Integer(0, 5_000),
        absent: default("500"),
        used: Idle,
        help: "Open the loop for so long when the far end hangs up (disconnect supervision); 0: do not.",
    }
    after_far_hang_up: AfterFarHangUp {
        key: "after-far-hang-up",
        accepts: OneOf(AfterFarHangUp::NAMES),
        absent: default("\"reorder\""),
        used: Idle,
        help: "What the set hears after the far end hung up.",
    }
    first_digit_s: u16 {
        key: "first-digit-s",
        accepts: Integer(1, 65_535),
        absent: default("20"),
        used: Idle,
        help: "Dial tone for so long without a digit becomes reorder tone.",
    }
    reorder_s: u16 {
        key: "reorder-s",
        accepts: Integer(1, 65_535),
        absent: default("15"),
        used: Idle,
        help: "Reorder tone for so long becomes the howler.",
    }
    howler_s: u16 {
        key: "howler-s",
        accepts: Integer(0, 65_535),
        absent: default("60"),
        used: Idle,
        help: "The howler (receiver off-hook tone) lasts so long; 0: no howler.",
    }
    preserved_rtp_s: u16 {
        key: "preserved-rtp-s",
        accepts: Integer(0, 3_600),
        absent: default("60"),
        used: Idle,
        help: "A call whose CallManager is lost goes on; nobody can say then that its far end has hung up, so it ends when no RTP has come for so long (five times as long from a far end that suppresses silence); 0: only by hanging up.",
    }
    reminder_ring_s: u16 {
        key: "reminder-ring-s",
        accepts: Integer(0, 65_535),
        absent: default("60"),
        used: Idle,
        help: "Ring for so long to remind of a call left on hold.",
    }
    rx_gain: TenthDb {
        key: "rx-gain-db",
        accepts: Number(-14.0, 14.0),
        absent: default("0.0"),
        used: Idle,
        help: "Gain from the line to the network.",
    }
    tx_gain: TenthDb {
        key: "tx-gain-db",
        accepts: Number(-14.0, 14.0),
        absent: default("0.0"),
        used: Idle,
        help: "Gain from the network to the line.",
    }
    echo_canceller: bool {
        key: "echo-canceller",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Take the echo of the line's hybrid out of what comes from the line. With the profiles phone and door, what is left of it is suppressed too.",
    }
    redundancy: u8 {
        key: "redundancy",
        accepts: Integer(0, 2),
        absent: default("0"),
        used: Idle,
        help: "Send so many earlier packets again with each one (RFC 2198) while machines talk: a lost packet then costs nothing. Costs as many times the bandwidth; the far end must take it. Taken it is always.",
    }
    echo_tail_ms: u16 {
        key: "echo-tail-ms",
        accepts: Integer(16, 128),
        absent: default("64"),
        used: Idle,
        help: "Longest echo path that is cancelled. Longer costs more and learns more slowly.",
    }
    fax_pass_through: bool {
        key: "fax-pass-through",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "From the first tone of a fax or a modem on, from either side, the call passes data: a fixed deep jitter buffer, nothing suppressed, muted or left out. Voice returns after 10 s of silence, and at a set for people with the first key.",
    }
    v8_squelch: bool {
        key: "v8-squelch",
        accepts: Bool,
        absent: default("false"),
        used: Idle,
        help: "Take V.8 (ANSam and the menu of the caller) out of both directions, so that Super G3 machines go on as G3, which bears a lost packet. The profile fax has it on; not for modems.",
    }
    vad: bool {
        key: "vad",
        accepts: Bool,
        absent: default("false"),
        used: Idle,
        help: "Send no packets while the set is silent, but comfort noise (RFC 3389) when the silence begins or its level changes. Not while data passes. Comfort noise of the far end is played in any case.",
    }
}
