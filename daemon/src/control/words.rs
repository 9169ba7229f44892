//! Enumerations of the call logic, the station and the card in the words of the control socket.

use tipring_config::Port as PortSettings;
use tipring_config::country::{CallerId, Modulation};
use tipring_ctl::words::{Whose, Words, reason};
use tipring_hal::port::{Capabilities, LineCommand, LineFault, Polarity};
use tipring_proto::call::EndCause;
use tipring_proto::card::FeedTrouble;
use tipring_proto::finding::{self, Finding, Place};
use tipring_proto::sccp::message::MediaStatus;
use tipring_proto::sccp::station::{LostReason, StationEvent};
use tipring_proto::types::CallerIdTiming;
use tipring_proto::types::Codec;

use super::servers::ServerBook;
use crate::line::Returned;

/// Why a port is not registered whose line has been dead for a while.
pub(super) const OUT_OF_SERVICE: &str = "the line is out of service: unregistered until it works reliably, so that callers are sent elsewhere";

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

/// Why a call ended, for people.
pub(super) fn end_cause(cause: EndCause) -> &'static str {
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
    }
}

/// The station's news as one line.
pub(super) fn news(event: &StationEvent, servers: &ServerBook) -> String {
    let name = |n: usize| servers.name(n);
    match event {
        StationEvent::Registered {
            server,
            version,
            keepalive_s,
        } => {
            format!(
                "registered with {}, version {version}, keepalive {keepalive_s} s",
                name(*server)
            )
        }
        StationEvent::Lost { server, reason, .. } => {
            format!("{} lost: {}", name(*server), why(reason))
        }
        StationEvent::AttemptFailed { server, reason, .. } => {
            format!("{}: {}", name(*server), why(reason))
        }
        StationEvent::ResetRequested {
            kind,
            deferred: true,
        } => {
            format!("the CallManager asks for a {kind}; it waits until the port is idle")
        }
        StationEvent::ResetRequested {
            kind,
            deferred: false,
        } => format!("the CallManager asks for a {kind}"),
        StationEvent::UnreadableMessage { text } => {
            format!("unreadable message: {}", tipring_ctl::words::clean(text))
        }
        StationEvent::Settled { .. } => "the registration lasts".into(),
        StationEvent::LinkSuspect { .. } => "the CallManager does not answer keepalives".into(),
        StationEvent::Stopped => "stopped".into(),
        StationEvent::Message(_) => String::new(),
    }
}

/// A codec, as people name it.
pub(super) fn codec(codec: Codec) -> &'static str {
    match codec {
        Codec::G711Ulaw => "G.711 µ-law",
        Codec::G711Alaw => "G.711 A-law",
    }
}

/// What the card is told to do.
pub(super) fn command(command: &LineCommand) -> String {
    match command {
        LineCommand::Ring(_) => "ring".into(),
        LineCommand::StopRing => "stop ringing".into(),
        LineCommand::Polarity(Polarity::Forward) => "feed the line forward".into(),
        LineCommand::Polarity(Polarity::Reversed) => "reverse the line".into(),
        LineCommand::OpenLoop(time) => format!("open the loop for {} ms", time.as_millis()),
        LineCommand::OnHookTransmission(_) => "let audio through on-hook".into(),
        LineCommand::MessageLamp(true) => "light the message lamp".into(),
        LineCommand::MessageLamp(false) => "put the message lamp out".into(),
        LineCommand::LongestFlash(time) => {
            format!("take openings of up to {} ms for a flash", time.as_millis())
        }
        LineCommand::Gain { .. } => "set its gain".into(),
    }
}

/// How callers are told to the set.
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

/// What a card can and cannot do.
pub(super) fn capabilities(c: Capabilities) -> Vec<String> {
    let all = [
        (c.decodes_flash_and_pulse, "flash and pulse decoding"),
        (c.polarity_reversal, "polarity reversal"),
        (c.open_loop, "loop opening"),
        (c.on_hook_transmission, "on-hook audio"),
        (c.neon_mwi, "message lamp voltage"),
        (c.voltages, "voltage readings"),
        (c.times_cadence, "ring cadence of its own"),
    ];
    let named = |can: bool| {
        all.iter()
            .filter(move |(c, _)| *c == can)
            .map(|(_, what)| *what)
    };
    let with = named(true).map(|what| match (what, c.fixed_open_loop_ms) {
        ("loop opening", Some(ms)) => format!("loop opening (always {ms} ms)"),
        _ => what.to_owned(),
    });
    with.chain(named(false).map(|what| format!("no {what}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_config::Countries;
    use tipring_config::Server;
    use tipring_proto::sccp::station::ConnectFailure;
    use tipring_proto::time::Time;

    #[test]
    fn news_names_the_server_by_its_address() {
        let servers = ServerBook::new(&[Server::parse("pbx.example").unwrap()]);
        let failed = |server| StationEvent::AttemptFailed {
            server,
            reason: LostReason::Connect(ConnectFailure::Unreachable),
            retry_at: Time::ZERO,
        };
        assert_eq!(
            news(&failed(0), &servers),
            "pbx.example:2000: no route to the server"
        );
        assert_eq!(
            news(&failed(3), &servers),
            "server 4: no route to the server"
        );
    }

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
                "loop opening (always 500 ms)",
                "on-hook audio",
                "ring cadence of its own",
                "no flash and pulse decoding",
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
