//! Enumerations of the call logic, the station and the card in the words of the control socket.

use std::time::Duration;

use tipring_config::Port as PortSettings;
use tipring_config::country::{CallerId, Modulation};
use tipring_ctl::words::{Whose, Words, reason};
use tipring_hal::port::{Capabilities, LineCommand, LineFault};
use tipring_proto::card::FeedTrouble;
use tipring_proto::finding::{self, Finding, Place};
use tipring_proto::sccp::message::MediaStatus;
use tipring_proto::sccp::station::LostReason;
use tipring_proto::types::CallerIdTiming;
use tipring_types::trace::{CardCommand, LegRefusal};

use crate::line::Returned;

/// A finding about a port, in words.
pub(super) fn finding(finding: &Finding, place: &Place) -> Words {
    tipring_ctl::words::finding(finding, Whose(&[place]))
}

/// Why a registration ended or was not reached.
pub(super) fn why(lost: &LostReason) -> String {
    reason(&finding::lost("", lost))
}

/// A fault that the card has just reported.
pub(super) fn fault(fault: LineFault) -> Finding {
    let unregistered = false;
    match fault {
        LineFault::Alarm => Finding::SpanAlarm { unregistered },
        LineFault::Removed => Finding::CardRemoved { unregistered },
        LineFault::PowerAlarm => Finding::NoBattery { unregistered },
    }
}

/// A fault in a few words.
pub(super) fn fault_text(fault: LineFault) -> String {
    finding(&self::fault(fault), &Place::default()).text
}

/// A feed that has just been found dead.
pub(super) fn feed(trouble: FeedTrouble) -> Finding {
    let unregistered = false;
    match trouble {
        FeedTrouble::SwitchedOff => Finding::FeedSwitchedOff { unregistered },
        FeedTrouble::NoBattery => Finding::CardWithoutBattery { unregistered },
        FeedTrouble::Shorted => Finding::FeedShorted { unregistered },
    }
}

/// What the server hears when the line thread did not take a session.
pub(super) fn refused_session(why: Returned) -> Option<MediaStatus> {
    match why {
        Returned::Removed => None,
        Returned::NoRoom | Returned::NoPort => Some(MediaStatus::NOT_ENOUGH_CHANNELS),
        Returned::NotWatched(_) => Some(MediaStatus::OUT_OF_SOCKETS),
    }
}

/// What a card was to do.
pub(super) fn command(command: &LineCommand) -> CardCommand {
    let ms = |time: &Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    match command {
        LineCommand::Ring(_) => CardCommand::Ring,
        LineCommand::StopRing => CardCommand::StopRing,
        LineCommand::Polarity(polarity) => CardCommand::Polarity {
            polarity: *polarity,
        },
        LineCommand::OpenLoop(time) => CardCommand::OpenLoop { ms: ms(time) },
        LineCommand::OnHookTransmission(_) => CardCommand::OnHookTransmission,
        LineCommand::MessageLamp(on) => CardCommand::MessageLamp { on: *on },
        LineCommand::LongestFlash(time) => CardCommand::LongestFlash { ms: ms(time) },
        LineCommand::Gain { .. } => CardCommand::Gain,
        LineCommand::Test(_) => CardCommand::LineTest,
        LineCommand::CancelTest(_) => CardCommand::EndLineTest,
    }
}

/// Why the line thread has refused a session; none: it was removed as ordered.
pub(super) fn refusal(why: Returned) -> Option<LegRefusal> {
    match why {
        Returned::Removed => None,
        Returned::NoRoom => Some(LegRefusal::NoRoom),
        Returned::NoPort => Some(LegRefusal::NoPort),
        Returned::NotWatched(errno) => Some(LegRefusal::NotWatched { errno }),
    }
}

/// How callers are shown to the phone.
pub(super) fn caller_id(style: Option<CallerId>) -> String {
    let Some(style) = style else {
        return "not sent".to_owned();
    };
    let how = match style.modulation {
        Modulation::Bell202 => "FSK (Bell 202)".to_owned(),
        Modulation::V23 => "FSK (V.23)".to_owned(),
        Modulation::Dtmf { start, end } => format!("DTMF, {start} to {end}"),
    };
    let when = match style.timing {
        CallerIdTiming::None => return "not sent".to_owned(),
        CallerIdTiming::AfterFirstRing { delay_ms } => {
            format!("{delay_ms} ms after the first ring")
        }
        CallerIdTiming::BeforeRing {
            polarity_reversal,
            dual_tone_alert,
            ..
        } => {
            let mut when = "before the first ring".to_owned();
            if polarity_reversal {
                when += ", after a reversal";
            }
            if dual_tone_alert {
                when += ", after DT-AS";
            }
            when
        }
    };
    format!("{how}, {when}")
}

/// What the configuration asks of a card that it does otherwise, or not at all.
pub(super) fn remarks(settings: &PortSettings, can: Capabilities) -> Vec<String> {
    let mut remarks = vec![];
    let ms = settings.line.disconnect_ms;
    match can.fixed_open_loop_ms {
        _ if ms == 0 => {}
        _ if !can.open_loop => remarks.push(format!(
            "disconnect-ms = {ms}, but this card cannot open the loop: a machine on the line does not notice that the far \
             end hung up"
        )),
        Some(fixed) if fixed != ms => remarks.push(format!(
            "disconnect-ms = {ms}, but this card opens the loop for {fixed} ms, whatever is asked"
        )),
        _ => {}
    }
    if settings.caller_id.is_some() && !can.on_hook_transmission {
        remarks.push("no caller ID: this card has no on-hook transmission".to_owned());
    }
    remarks
}

const DECODING: &str = "flash and pulse decoding";
const DISCONNECT: &str = "disconnect supervision by opening the loop";

/// What a card can and cannot do.
pub(super) fn capabilities(c: Capabilities) -> Vec<String> {
    let all = [
        (c.decodes_flash_and_pulse, "flash and pulse decoding"),
        (c.polarity_reversal, "polarity reversal"),
        (c.open_loop, DISCONNECT),
        (c.on_hook_transmission, "on-hook transmission"),
        (c.neon_mwi, "message lamp voltage"),
        (c.voltages, "voltage readings"),
        (c.times_cadence, "ring cadence timed by the card"),
    ];
    let named = |can: bool| {
        all.iter()
            .filter(move |(c, _)| *c == can)
            .map(|(_, what)| *what)
    };
    let with = named(true).map(|what| match (what, c.fixed_open_loop_ms) {
        (DISCONNECT, Some(ms)) => format!("{DISCONNECT} for {ms} ms, always"),
        _ => what.to_owned(),
    });
    let without = named(false).map(|what| match what {
        DECODING => format!("no {DECODING} (the gateway does it)"),
        _ => format!("no {what}"),
    });
    with.chain(without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_config::Countries;

    #[test]
    fn what_a_card_can_do_comes_before_what_it_cannot() {
        let card = Capabilities {
            decodes_flash_and_pulse: false,
            polarity_reversal: false,
            open_loop: true,
            fixed_open_loop_ms: Some(500),
            on_hook_transmission: true,
            neon_mwi: false,
            voltages: false,
            times_cadence: true,
        };
        assert_eq!(
            capabilities(card),
            [
                "disconnect supervision by opening the loop for 500 ms, always",
                "on-hook transmission",
                "ring cadence timed by the card",
                "no flash and pulse decoding (the gateway does it)",
                "no polarity reversal",
                "no message lamp voltage",
                "no voltage readings",
            ]
        );
    }

    #[test]
    fn caller_id_is_told_with_its_place_in_the_ringing() {
        let countries = Countries::built_in();
        let style = |code: &str| caller_id(countries.get(code).and_then(|c| c.caller_id));
        assert_eq!(style("us"), "FSK (Bell 202), 500 ms after the first ring");
        assert!(style("uk").starts_with("FSK (V.23), before the first ring"));
        assert_eq!(caller_id(None), "not sent");
    }
}
