//! The text of every trace event.

use tipring_types::trace::{
    CallerIdPart, CardCommand, DigitSource, LegMode, LegRefusal, SwitchAnswer, Trace, VoiceCause,
    Word,
};
use tipring_types::{
    AlarmTone, Codec, DataTone, Digit, EndCause, HookState, LineFault, Polarity, Side, TenthDbm0,
};

use super::finding::{Whose, finding, reason};
use super::linetest::test_end;
use super::sccp::{message, printable, reference};
use tipring_types::finding::{Finding, Place, Severity};

/// The text of a trace event. `call` is the gateway's number of the call that it is about.
pub fn trace(event: &Trace, call: Option<u64>) -> String {
    // Servers and far ends have written parts of it.
    printable(&row(event, call))
}

#[rustfmt::skip] // one event after the other, whatever their length
fn row(event: &Trace, call: Option<u64>) -> String {
    match event {
        Trace::SccpMessage(sccp) => message(sccp, call),
        Trace::SccpUnreadable { reason } => format!("unreadable message: {reason}"),

        Trace::LoopClosed => "loop closed".into(),
        Trace::LoopOpened => "loop opened".into(),
        Trace::Flash => "flash, decoded by the card".into(),
        Trace::Digit { digit, source, level_dbm0 } => format!("{}{}", key(*digit, *source), level(*source, *level_dbm0)),
        Trace::DigitEnded { digit, source, length_ms } => format!("{} ended, {length_ms} ms long", key(*digit, *source)),
        Trace::RingBurstBegan => "ring burst begins".into(),
        Trace::RingBurstEnded => "ring burst ends".into(),
        Trace::CallerIdSent => "caller ID sent".into(),
        Trace::LineFault { fault: LineFault::Alarm } => "the span is in alarm".into(),
        Trace::LineFault { fault: LineFault::Removed } => "the card is removed".into(),
        Trace::LineFault { fault: LineFault::PowerAlarm } => "no battery on the line".into(),
        Trace::LineFaultEnded => "line fault over".into(),

        Trace::Ring { mode } => format!("ring, {mode}"),
        Trace::StopRing => "stop ringing".into(),
        Trace::PlayTone { tone: Word { word: Some(tone), .. } } => format!("play {tone} tone"),
        Trace::PlayTone { tone: Word { number, word: None } } => format!("play tone {number}"),
        Trace::StopTone => "stop tone".into(),
        Trace::OnHookTransmission { ms } => format!("on-hook transmission for {ms} ms"),
        Trace::SendCallerId { number, name, dual_tone_alert } => format!(
            "send caller ID: number {}, name {}{}",
            presented(number), presented(name), if *dual_tone_alert { ", after DT-AS" } else { "" },
        ),
        Trace::StopCallerId => "break caller ID off".into(),
        Trace::Polarity { polarity } => format!("polarity {polarity}"),
        Trace::OpenLoop { ms } => format!("open the loop for {ms} ms"),
        Trace::MessageLamp { on } => format!("message lamp {}", on_off(*on)),
        Trace::ListenForDtmf { on: true } => "listen for DTMF".into(),
        Trace::ListenForDtmf { on: false } => "do not listen for DTMF".into(),
        Trace::MessageLampByFsk { on } => format!("message lamp {}, by FSK", on_off(*on)),
        Trace::MessageLampBrokenOff => "message lamp: FSK broken off, the line is needed".into(),
        Trace::MessageLampUnsupported => "message lamp: neither the card nor the port's caller ID can switch it".into(),
        Trace::LineTest { seconds } => format!("line test: noise, {seconds} s"),
        Trace::LineTestMeasured { noise_dbm0, hum_dbm0, hum_hz } => format!("line test: noise {noise_dbm0}, hum {hum_dbm0} ({hum_hz} Hz)"),
        Trace::LineTestEnded { why } => format!("line test: no result: {}", test_end(*why)),
        Trace::CardRefused { command, reason } => format!("the card refused to {}: {reason}", card_command(*command)),

        Trace::DataTone { tone, from, after_ms, pass_through_after_ms } => {
            let then = pass_through_after_ms.map_or_else(String::new, |ms| {
                format!("; {:.1} s into the media: the port goes to pass-through", ms as f64 / 1000.0)
            });
            let whose = match tone {
                DataTone::V22 => " (a modem of 1200 or 2400 bit/s answers: a franking machine, a card terminal)",
                _ => "",
            };
            format!("{tone} from the {from}{whose}, {:.2} s after its onset{then}", f64::from(*after_ms) / 1000.0)
        }
        Trace::AnswerToneEnded { from } => format!("answer tone from the {from} over"),
        Trace::LegSwitch { event, by, answer, mode } => switched(*event, *by, *answer, *mode),
        Trace::RelayEnded { pages, rate, ecm, lost, recovered } => format!(
            "fax relay over: pages confirmed: {pages}{}; T.38 packets: {lost} lost, {recovered} recovered",
            match (rate, ecm) {
                (0, _) => String::new(),
                (rate, true) => format!(", {rate} bit/s with error correction"),
                (rate, false) => format!(", {rate} bit/s"),
            }
        ),
        Trace::FaxEnded { record } => format!("fax over: {}", super::fax(&record.outcome).text),
        Trace::AlarmTone { tone: AlarmTone::Handshake, from } => {
            format!("handshake of an alarm receiver (Contact-ID) from the {from}")
        }
        Trace::AlarmTone { tone: AlarmTone::Acknowledgement, from } => {
            format!("the alarm receiver acknowledges (Contact-ID), from the {from}")
        }
        Trace::AlarmMessage { qualifier, event, partition, zone } => format!(
            "alarm message (Contact-ID, account not shown): {} {event:03X}, partition {partition:02X}, zone or user {zone:03X}",
            match qualifier {
                1 => "event or opening".to_owned(),
                3 => "restoral or closing".to_owned(),
                6 => "status".to_owned(),
                n => format!("qualifier {n}"),
            }
        ),
        Trace::AlarmSpoilt { keys } => {
            format!("{keys} keys of an alarm panel that are no whole message (Contact-ID)")
        }
        Trace::RedundancyChanged { depth, loss_hundredths } => format!(
            "{:.2} % of the packets are lost: {} repeated with each one from now on",
            f64::from(*loss_hundredths) / 100.0,
            match depth {
                0 => "no earlier packet is".to_owned(),
                1 => "one earlier packet is".to_owned(),
                n => format!("{n} earlier packets are"),
            }
        ),
        Trace::FaxMemory { advised } => super::fax_advice(advised),
        Trace::VoiceAgain { cause: VoiceCause::Silence } => "silence both ways: the port goes back to voice".into(),
        Trace::VoiceAgain { cause: VoiceCause::Key } => "a key was pressed: the port goes back to voice".into(),

        Trace::OpenLeg { party, call_ref, codec, ptime_ms, telephone_event_payload, group } => format!(
            "open leg {party}{}: {}{}",
            match call_ref { 0 => String::new(), n => format!(" for {}", reference(call, (*n).into())) },
            stream(*codec, *ptime_ms, *telephone_event_payload),
            group.map_or_else(String::new, |group| format!(", multicast group {group}")),
        ),
        Trace::LegOpened { party, local } => format!("leg {party} receives on {local}"),
        Trace::LegNotOpened { party, status } => format!("leg {party} cannot be opened: {status}"),
        Trace::LegNotServed { party, status } => format!("leg {party} is not served: {status}"),
        Trace::StartSending { party, remote, codec, ptime_ms, telephone_event_payload } => format!(
            "leg {party} sends to {remote}: {}", stream(*codec, *ptime_ms, *telephone_event_payload),
        ),
        Trace::StopSending { party } => format!("leg {party} stops sending"),
        Trace::CloseLeg { party } => format!("close leg {party}"),
        Trace::Bridge { party: Some(party) } => format!("the phone hears leg {party}"),
        Trace::Bridge { party: None } => "the phone hears no leg".into(),
        Trace::ReferenceReused { call_ref } => format!(
            "{} has outlived its CallManager, which uses the reference for a new call",
            match call {
                Some(_) => reference(call, (*call_ref).into()),
                None => format!("the call with {}", reference(None, (*call_ref).into())),
            },
        ),
        Trace::AskReceived { party } => format!("read what leg {party} has received"),
        Trace::Received { party, packets } => format!("leg {party}: {packets} packets received"),
        Trace::AskStatistics { party, .. } => format!("read the counters of leg {party}"),
        Trace::Statistics { call_ref, packets_sent, packets_received, packets_lost, .. } => format!(
            "{}: {packets_sent} packets sent, {packets_received} received, {packets_lost} lost", reference(call, (*call_ref).into()),
        ),
        Trace::SessionRefused { reason } => format!("the line thread has refused a media session: {}", refusal(*reason)),
        Trace::SessionGone { session } => format!("media session {session} is gone already"),

        Trace::LineNotOpened { channel, finding } => format!("the line cannot be opened: {}", what(finding, *channel)),
        Trace::CardInPlace { name, driver, hook } => format!("card in place: {name} ({driver}), {}", hook_word(*hook)),
        Trace::FeedLost { finding } => what(finding, None),
        Trace::FeedSwitchedOn { times } => format!("line feed switched on again ({times})"),
        Trace::FeedRestored => "the line has voltage again".into(),

        Trace::Registered { server, version, keepalive_s } => format!(
            "registered with {server}, version {version}, keepalive {keepalive_s} s",
        ),
        Trace::RegistrationLost { server, finding } => {
            let orderly = finding.severity() == Severity::Info;
            format!("{server} {}: {}", if orderly { "left" } else { "lost" }, reason(finding))
        }
        Trace::RegistrationFailed { server, finding } => format!("{server}: {}", reason(finding)),
        Trace::ResetRequested { kind, deferred } => format!(
            "the CallManager asks for a {kind}{}", if *deferred { "; it waits until the port is idle" } else { "" },
        ),
        Trace::KeepalivesUnanswered => "the CallManager does not answer keepalives".into(),
        Trace::Stopped => "stopped".into(),
        Trace::OutOfService => "the line is out of service: unregistered until it works reliably, so that callers are sent elsewhere".into(),

        Trace::CallState { state, number, name, .. } => format!(
            "{}{state}{}", numbered(call), far_end(number.as_deref(), name.as_deref()),
        ),
        Trace::CallEnded { cause, .. } => format!("{}over: {}", numbered(call), end_cause(*cause)),
        Trace::NotKept { events } => format!("… {events} lines are not kept …"),
    }
}

/// Why a call ended.
pub fn end_cause(cause: EndCause) -> &'static str {
    match cause {
        EndCause::NearHangUp => "hung up here",
        EndCause::FarHangUp => "hung up by the far end",
        EndCause::NotAnswered => "the caller gave up",
        EndCause::AnsweredElsewhere => "answered at another phone of the line",
        EndCause::Busy => "the far end was busy",
        EndCause::Congestion => "congestion or a wrong number",
        EndCause::Refused => "ended by the CallManager before it was connected",
        EndCause::NoDigits => "no digit was dialled",
        EndCause::Transferred => "transferred",
        EndCause::LinkLost => "the CallManager was lost",
        EndCause::RtpEnded => {
            "the CallManager was lost, and then nothing more came from the far end"
        }
        EndCause::LineFault => "the line or its card failed",
        EndCause::Stopped => "the gateway was stopped or restarted",
    }
}

/// What came of a request to switch a leg.
fn switched(event: Option<u8>, by: Side, answer: SwitchAnswer, mode: LegMode) -> String {
    use SwitchAnswer as A;
    let wanted = match event {
        Some(192) => "pass-through (NSE 192)".to_owned(),
        Some(193) => "modem pass-through (NSE 193)".to_owned(),
        Some(200) => "T.38 (NSE 200)".to_owned(),
        Some(number) => format!("NSE {number}"),
        None => "nothing".to_owned(),
    };
    let goes_on = match mode {
        LegMode::Voice | LegMode::PassThrough => "the fax goes on as G.711",
        LegMode::FaxRelay => "the call is fax relay (T.38)",
    };
    match (event, by, answer) {
        (Some(194), Side::Line, _) => "data over: voice again (NSE 194 sent)".into(),
        (Some(194), Side::Network, _) => "the far end goes back to voice (NSE 194)".into(),
        (None, ..) => format!("T.38 came from the far end without a request: {goes_on}"),
        (Some(200), Side::Line, A::Nothing) => {
            format!("asked for {wanted}: the far end did not answer in 1 s, {goes_on}")
        }
        (_, Side::Line, A::Nothing) => {
            format!(
                "asked for {wanted}: the far end did not answer in 1 s; pass-through in any case"
            )
        }
        (_, Side::Line, A::Agreed) => {
            format!("asked for {wanted}: the far end agreed{}", now_is(mode))
        }
        (_, Side::Line, A::Refused) => {
            format!("asked for {wanted}: the far end refused, {goes_on}")
        }
        (_, Side::Line, A::T38) => {
            format!("asked for {wanted}: T.38 came in place of an answer, {goes_on}")
        }
        (_, Side::Network, A::Agreed | A::Nothing | A::T38) => {
            format!("the far end asked for {wanted}: agreed{}", now_is(mode))
        }
        (_, Side::Network, A::Refused) => {
            format!("the far end asked for {wanted}: refused, this port has t38 = false; {goes_on}")
        }
        (_, _, A::VoiceOn) => {
            format!("agreed on {wanted}, but the far end sends voice on: {goes_on}")
        }
        (_, _, A::Ignored) => format!("the far end sent {wanted}: ignored, not supported here"),
    }
}

fn now_is(mode: LegMode) -> &'static str {
    match mode {
        LegMode::Voice => "",
        LegMode::PassThrough => ", the call is in pass-through",
        LegMode::FaxRelay => ", the call is fax relay (T.38)",
    }
}

fn key(digit: Digit, source: DigitSource) -> String {
    let key = digit.as_char();
    match source {
        DigitSource::Dtmf => format!("DTMF {key}"),
        DigitSource::Pulse => format!("pulse digit {key}"),
        DigitSource::TelephoneEvent => format!("telephone-event {key} from the far end"),
    }
}

fn level(source: DigitSource, level: Option<TenthDbm0>) -> String {
    match (source, level) {
        (DigitSource::Pulse, _) => String::new(),
        (DigitSource::Dtmf, Some(level)) => format!(" at {level}"),
        (DigitSource::TelephoneEvent, Some(level)) => format!(", {level}"),
        (_, None) => String::new(),
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn presented(part: &CallerIdPart) -> String {
    match part {
        CallerIdPart::Text(text) => format!("\"{text}\""),
        CallerIdPart::Withheld => "withheld".into(),
        CallerIdPart::Unknown => "unknown".into(),
    }
}

fn card_command(command: CardCommand) -> String {
    match command {
        CardCommand::Ring => "ring".into(),
        CardCommand::StopRing => "stop ringing".into(),
        CardCommand::Polarity {
            polarity: Polarity::Forward,
        } => "feed the line forward".into(),
        CardCommand::Polarity {
            polarity: Polarity::Reversed,
        } => "reverse the line".into(),
        CardCommand::OpenLoop { ms } => format!("open the loop for {ms} ms"),
        CardCommand::OnHookTransmission => "let audio through on-hook".into(),
        CardCommand::MessageLamp { on: true } => "light the message lamp".into(),
        CardCommand::MessageLamp { on: false } => "put the message lamp out".into(),
        CardCommand::LongestFlash { ms } => format!("take openings of up to {ms} ms for a flash"),
        CardCommand::Gain => "set its gain".into(),
        CardCommand::LineTest => "test the line".into(),
        CardCommand::EndLineTest => "end a line test".into(),
    }
}

fn stream(codec: Codec, ptime_ms: u32, telephone_event_payload: Option<u8>) -> String {
    let events = telephone_event_payload.map_or_else(String::new, |payload| {
        format!(", telephone-events {payload}")
    });
    format!("{codec}, {ptime_ms} ms{events}")
}

fn refusal(reason: LegRefusal) -> String {
    match reason {
        LegRefusal::NoRoom => "the port has no room for one more".into(),
        LegRefusal::NoPort => "it does not have the port".into(),
        LegRefusal::NotWatched { errno } => {
            format!("the kernel does not watch its socket (errno {errno})")
        }
    }
}

fn what(found: &Finding, channel: Option<u16>) -> String {
    let place = Place {
        channel,
        ..Place::default()
    };
    finding(found, Whose(&[&place])).what()
}

fn hook_word(hook: HookState) -> &'static str {
    match hook {
        HookState::OnHook => "on-hook",
        HookState::OffHook => "off-hook",
        HookState::Unknown => "hook unknown",
    }
}

fn numbered(call: Option<u64>) -> String {
    call.map_or_else(String::new, |call| format!("call {call}: "))
}

fn far_end(number: Option<&str>, name: Option<&str>) -> String {
    match (number, name) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!(", far end {one}"),
        (Some(number), Some(name)) => format!(", far end {number} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::is_obeyed;

    /// Words that are no words of the field, or name something else there.
    const FORBIDDEN: &[&str] = &[
        "parked",
        "stranger",
        "strangers",
        "twice",
        "machine",
        "machines",
        "the set",
        "reminder",
        "stands still",
        "foreign",
    ];

    #[test]
    fn every_event_has_a_text_of_one_harmless_line_and_no_dialect() {
        for sample in Trace::samples() {
            for call in [None, Some(12)] {
                let text = trace(&sample, call);
                assert!(!text.trim().is_empty(), "{sample:?}");
                assert!(!text.contains(is_obeyed), "{text:?}");
                assert!(!text.contains("  ") && !text.ends_with('.'), "{text:?}");
                // Debug output of a value is no text.
                let unescaped = text.replace("\\u{1b}", "");
                assert!(!unescaped.contains("Some("), "{text}");
                assert!(!unescaped.contains(['{', '}']), "{text}");
                let words = format!(
                    " {} ",
                    text.to_lowercase().replace([',', ':', ';', '.'], " ")
                );
                for forbidden in FORBIDDEN {
                    assert!(!words.contains(&format!(" {forbidden} ")), "{text}");
                }
            }
        }
    }

    #[test]
    fn different_events_have_different_texts() {
        let mut texts: Vec<String> = Trace::samples().iter().map(|s| trace(s, None)).collect();
        let all = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), all);
    }

    #[test]
    fn a_call_has_the_number_of_the_gateway_and_the_reference_is_named_as_what_it_is() {
        for sample in Trace::samples() {
            let (Some(_), known, unknown) = (
                sample.call_ref(),
                trace(&sample, Some(12)),
                trace(&sample, None),
            ) else {
                continue;
            };
            // Its leg says which call it is of.
            if matches!(sample, Trace::AskStatistics { .. }) {
                continue;
            }
            assert!(known.contains("call 12"), "{known}");
            assert!(
                !unknown.contains("call 7") && !unknown.contains(" ref 7,"),
                "{unknown}"
            );
            assert_eq!(
                known.contains("ref 7"),
                known.contains("CallManager ref 7"),
                "{known}"
            );
        }
    }

    #[test]
    fn texts_are_those_that_engineers_know() {
        let texts: Vec<String> = Trace::samples()
            .iter()
            .map(|s| trace(s, Some(12)))
            .collect();
        for expected in [
            "CallState connected, line 1, call 12 (CallManager ref 7)",
            "DisplayPromptStatus text \"From \\u{1b}[31m1001\", line 1, for 10 s",
            "KeepAlive",
            &format!("message FF00 40 bytes, {}…", "ab".repeat(32)),
            "unreadable message: too short",
            "DTMF 5 at -12.5 dBm0",
            "DTMF 5 ended, 80 ms long",
            "pulse digit 5",
            "telephone-event 5 from the far end, -12.5 dBm0",
            "send caller ID: number \"1001\", name withheld, after DT-AS",
            "the card refused to reverse the line: this card cannot do that",
            "CED from the network, 0.50 s after its onset; 3.2 s into the media: the port goes to pass-through",
            "open leg 4 for call 12 (CallManager ref 7): G.711 µ-law, 20 ms, telephone-events 101",
            "open leg 4: G.711 µ-law, 20 ms, multicast group 239.192.41.7:20480",
            "leg 4 sends to 192.0.2.7:4000: G.711 A-law, 20 ms, telephone-events 101",
            "call 12 (CallManager ref 7): 100 packets sent, 98 received, 2 lost",
            "the line cannot be opened: DAHDI channel 7 does not exist: DAHDI has no channels",
            "card in place: WCTDM/4/0 (wctdm24xxp), on-hook",
            "registered with 10.0.0.1:2000, version 17, keepalive 30 s",
            "10.0.0.1:2000 lost: keepalives unanswered for 90 s",
            "the CallManager asks for a restart; it waits until the port is idle",
            "call 12: connected, far end 1002 Ada",
            "call 12: over: hung up by the far end",
            "… 600 lines are not kept …",
        ] {
            assert!(
                texts.iter().any(|t| t == expected),
                "{expected}\nin {texts:#?}"
            );
        }
    }
}
