//! The settings of a port: one row for each, and nothing else about them anywhere in this crate.
//!
//! A row says the field of [`Line`] and its type, the key of `[defaults]` and `[[port]]`, what it accepts, what holds
//! without it, when a reload uses a change of it, and its text. The checks, the layers with the origin of each value
//! (`layer.rs`), the shipped `tipring.toml`, the manual page and what a reload reports follow from it.
//! What a profile presets is in `profile.rs`, what a country does in `layer.rs`.

use crate::change::When::Idle;
use crate::choice::{
    AfterFarHangUp, CallerIdChoice, FlashAction, NamedEvents, Profile, PulseDigits,
};
use crate::layer::{Interval, settings};
use crate::schema::Accepts::{Bool, Integer, IntegerOr, Number, OneOf, Text};
use crate::schema::{default, of_country};
use tipring_types::{RepeatedPackets, TenthDb};

settings! {
    profile: Profile {
        key: "profile",
        accepts: OneOf(Profile::NAMES),
        absent: default("\"phone\""),
        used: Idle,
        help: "What is at the end of the line. Presets the settings below: fax and modem (no caller ID, no flash, no transfer by hanging up, no call-waiting or stutter dial tone, no VAD, digits in band; silence after the far end hung up; howler of 15 s; fax: v8-squelch), alarm (as modem; dial and reorder tone of 60 s, no howler), door (no caller ID, no flash, no transfer by hanging up, no call-waiting or stutter dial tone, no howler; busy tone after the far end hung up).",
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
        help: "How caller ID is sent to the phone.",
    }
    flash: FlashAction {
        key: "flash",
        accepts: OneOf(FlashAction::NAMES),
        absent: default("\"transfer\""),
        used: Idle,
        help: "What a hookflash does in a call: transfer (the first flash holds the call and gives dial tone for a second one; the next flash, or hanging up, connects the two far ends), conference (the same, but the next flash joins all three), hold, send (the CallManager decides), ignore.",
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
        help: "Keys pressed in a call stay in the voice as tones, and only there: they are not muted, and the CallManager is not sent them. For far ends that decode tones where out-of-band digits do not arrive. Dialing is not affected. The profiles fax, modem and alarm have it on.",
    }
    transfer_on_hang_up: bool {
        key: "transfer-on-hang-up",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Hanging up during a second call connects the two far ends; false: it ends the second call.",
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
        help: "Time that the loop is opened when the far end hangs up (disconnect supervision); 0: it is not opened.",
    }
    after_far_hang_up: AfterFarHangUp {
        key: "after-far-hang-up",
        accepts: OneOf(AfterFarHangUp::NAMES),
        absent: default("\"reorder\""),
        used: Idle,
        help: "What the phone hears after the far end hung up.",
    }
    first_digit_s: u16 {
        key: "first-digit-s",
        accepts: Integer(1, 65_535),
        absent: default("20"),
        used: Idle,
        help: "Time of dial tone without a digit, after which reorder tone follows, unless the CallManager ends it sooner.",
    }
    reorder_s: u16 {
        key: "reorder-s",
        accepts: Integer(1, 65_535),
        absent: default("15"),
        used: Idle,
        help: "Time of reorder tone, after which the howler follows.",
    }
    howler_s: u16 {
        key: "howler-s",
        accepts: Integer(0, 65_535),
        absent: default("60"),
        used: Idle,
        help: "Time of the howler (receiver off-hook tone), after which the line goes into lockout; 0: no howler.",
    }
    preserved_rtp_s: u16 {
        key: "preserved-rtp-s",
        accepts: Integer(0, 3_600),
        absent: default("60"),
        used: Idle,
        help: "A call that is talked on goes on when its CallManager is lost (calls on hold end), but nothing reports then that its far end has hung up: it ends when no RTP has come for this time (five times as long from a far end that suppresses silence); 0: only by hanging up.",
    }
    reminder_ring_s: u16 {
        key: "reminder-ring-s",
        accepts: Integer(0, 65_535),
        absent: default("60"),
        used: Idle,
        help: "Time of hold recall: ringing for a call that was left on hold.",
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
    redundancy: RepeatedPackets {
        key: "redundancy",
        accepts: IntegerOr(0, 2, RepeatedPackets::AUTO),
        absent: default("0"),
        used: Idle,
        help: "Number of earlier packets repeated in each one (RFC 2198) in fax and modem calls: a lost packet then costs nothing. \"auto\": 0 to 2, by the loss that is seen here and that the far end reports. Each one adds the bandwidth of one payload. The far end must support it, which nothing negotiates: one that does not hears nothing. Reception is always enabled.",
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
        help: "From the first tone of a fax or a modem on (of the calling tone CNG: from the second), from either side, the call is in pass-through: a fixed deep jitter buffer, nothing suppressed or muted. It ends after 10 s of silence, and at the first key pressed on a port with profile phone or door.",
    }
    v8_squelch: bool {
        key: "v8-squelch",
        accepts: Bool,
        absent: default("false"),
        used: Idle,
        help: "Take V.8 (ANSam and the menu of the caller) out of both directions, so that Super G3 fax machines fall back to G3, which tolerates a lost packet and goes over T.38. false: what V.8 agrees on (V.34 fax, modems up to V.90) passes through in G.711 and is never relayed. The profile fax has it on; not for modems.",
    }
    nse: NamedEvents {
        key: "nse",
        accepts: OneOf(NamedEvents::NAMES),
        absent: default("\"off\""),
        used: Idle,
        help: "Named signalling events (NSE), by which gateways switch a call from voice to pass-through and T.38 without the CallManager: off; negotiated: only with a far end that sends one first (or did in earlier calls, see fax-memory), so one of the two ends has to be set to force; force: with every far end.",
    }
    nse_payload_type: u8 {
        key: "nse-payload-type",
        accepts: Integer(96, 127),
        absent: default("100"),
        used: Idle,
        help: "RTP payload type of named signalling events; the far end's must be the same. A CallManager that names one (from protocol version 21 on) is followed. Neither redundancy-payload-type (table media) nor the type of telephone-events, mostly 101: a call in which they are the same has no named events.",
    }
    t38: bool {
        key: "t38",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Fax relay (T.38 over UDPTL), to which named signalling events switch a fax call; false: such a request is refused. Nothing without nse.",
    }
    t38_redundancy_low: u8 {
        key: "t38-redundancy-low",
        accepts: Integer(0, 7),
        absent: default("3"),
        used: Idle,
        help: "Number of earlier T.38 packets repeated in each datagram with indicators and frames of 300 bit/s.",
    }
    t38_redundancy_high: u8 {
        key: "t38-redundancy-high",
        accepts: Integer(0, 3),
        absent: default("3"),
        used: Idle,
        help: "Number of earlier T.38 packets repeated in each datagram with a page. Each one adds the bandwidth of the page.",
    }
    t38_max_datagram: u16 {
        key: "t38-max-datagram",
        accepts: Integer(72, 1_400),
        absent: default("320"),
        used: Idle,
        help: "Longest T.38 datagram that the far end takes, octets; earlier packets that find no room in it are not repeated.",
    }
    fax_memory: bool {
        key: "fax-memory",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Remember how faxes with each far end went (over restarts too, as long as keep-days of table history), and begin the next one accordingly: no request for T.38 that was in vain three times in a row (once a day it is tried again), T.38 with nse = \"negotiated\" where the network spoiled faxes in G.711 and T.38 has worked, two earlier packets at once with redundancy = \"auto\" where much was lost. Only what the settings leave open is chosen. `tipring fax memory` shows it; false: nothing is remembered of this port's faxes, and nothing is used.",
    }
    rtcp: bool {
        key: "rtcp",
        accepts: Bool,
        absent: default("true"),
        used: Idle,
        help: "Exchange reports with the far end of a call (RTCP, RFC 3550), on the port after that of the voice: round trip time, and how our packets arrive there. A far end that has none is no harm.",
    }
    vad: bool {
        key: "vad",
        accepts: Bool,
        absent: default("false"),
        used: Idle,
        help: "Send no packets while the phone is silent, but comfort noise (RFC 3389) when the silence begins or its level changes. Not in pass-through. Comfort noise of the far end is played in any case.",
    }
}
