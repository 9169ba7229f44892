//! What a device reports of itself, as trace events.

use tipring_types::trace::{CallerIdPart, DigitSource, Trace, Word};

use super::TraceEvent as Traced;
use crate::call::{LineInput, LineOutput, MediaInput, MediaOutput, Presented};
use crate::sccp::catalog;
use crate::sccp::message::MediaStatus;
use crate::sccp::station::TracedMessage;
use crate::types::{Digit, TenthDbm0};

/// The event of what a device traced; none for a pulse digit that is no digit.
pub fn of_device(traced: &Traced) -> Option<Trace> {
    Some(match traced {
        Traced::Message { message, .. } => match message {
            TracedMessage::Client(m) => Trace::SccpMessage(catalog::client_message(m)),
            TracedMessage::Server(m) => Trace::SccpMessage(catalog::server_message(m)),
            TracedMessage::Unreadable(why) => Trace::SccpUnreadable {
                reason: why.clone(),
            },
        },
        Traced::LineIn(line) => return line_in(*line),
        Traced::LineOut(line) => line_out(line),
        Traced::Digit(heard) => Trace::Digit {
            digit: heard.digit,
            source: DigitSource::Dtmf,
            level_dbm0: (heard.level != TenthDbm0(0)).then_some(heard.level),
        },
        Traced::Counted(digit) => Trace::Digit {
            digit: *digit,
            source: DigitSource::Pulse,
            level_dbm0: None,
        },
        Traced::MediaIn(media) => media_in(media),
        Traced::MediaOut(media) => media_out(media),
    })
}

fn line_in(line: LineInput) -> Option<Trace> {
    Some(match line {
        LineInput::LoopClosed { .. } => Trace::LoopClosed,
        LineInput::LoopOpened { .. } => Trace::LoopOpened,
        LineInput::Flash { .. } => Trace::Flash,
        LineInput::PulseDigit { digit, .. } => Trace::Digit {
            digit: Digit::from_event_code(digit).filter(|_| digit <= 9)?,
            source: DigitSource::Pulse,
            level_dbm0: None,
        },
        LineInput::RingOn { .. } => Trace::RingBurstBegan,
        LineInput::RingOff { .. } => Trace::RingBurstEnded,
        LineInput::CallerIdSent => Trace::CallerIdSent,
        LineInput::Fault(fault) => Trace::LineFault { fault },
        LineInput::FaultCleared => Trace::LineFaultEnded,
    })
}

fn line_out(line: &LineOutput) -> Trace {
    match line {
        LineOutput::Ring(mode) => Trace::Ring {
            mode: Word::new(mode.0, mode.word()),
        },
        LineOutput::StopRing => Trace::StopRing,
        LineOutput::PlayTone(tone) => Trace::PlayTone {
            tone: Word::new(tone.0, tone.word()),
        },
        LineOutput::StopTone => Trace::StopTone,
        LineOutput::OnHookTransmission { ms } => Trace::OnHookTransmission { ms: *ms },
        LineOutput::SendCallerId {
            id,
            dual_tone_alert,
        } => Trace::SendCallerId {
            number: presented(&id.number),
            name: presented(&id.name),
            dual_tone_alert: *dual_tone_alert,
        },
        LineOutput::StopCallerId => Trace::StopCallerId,
        LineOutput::Polarity(polarity) => Trace::Polarity {
            polarity: *polarity,
        },
        LineOutput::OpenLoop { ms } => Trace::OpenLoop { ms: *ms },
        LineOutput::MessageLamp(on) => Trace::MessageLamp { on: *on },
        LineOutput::EnableDtmf(on) => Trace::ListenForDtmf { on: *on },
    }
}

fn presented(part: &Presented) -> CallerIdPart {
    match part {
        Presented::Text(text) => CallerIdPart::Text(text.clone()),
        Presented::Withheld => CallerIdPart::Withheld,
        Presented::Unknown => CallerIdPart::Unknown,
    }
}

fn media_in(media: &MediaInput) -> Trace {
    match media {
        MediaInput::ReceiveOpened {
            party,
            result: Ok(local),
        } => Trace::LegOpened {
            party: party.0,
            local: *local,
        },
        MediaInput::ReceiveOpened {
            party,
            result: Err(answer),
        } => Trace::LegNotOpened {
            party: party.0,
            status: status(*answer),
        },
        MediaInput::LegRefused {
            party,
            status: answer,
        } => Trace::LegNotServed {
            party: party.0,
            status: status(*answer),
        },
        MediaInput::Heard { party, heard } => Trace::Received {
            party: party.0,
            packets: heard.packets,
        },
        MediaInput::Statistics { call, counters: c } => Trace::Statistics {
            call_ref: call.0,
            packets_sent: c.packets_sent,
            octets_sent: c.octets_sent,
            packets_received: c.packets_received,
            octets_received: c.octets_received,
            packets_lost: c.packets_lost,
            jitter_ms: c.jitter_ms,
            latency_ms: c.latency_ms,
        },
    }
}

fn status(answer: MediaStatus) -> Word {
    Word::new(answer.0, answer.word())
}

fn media_out(media: &MediaOutput) -> Trace {
    match media {
        MediaOutput::OpenReceive {
            party,
            call,
            codec,
            ptime_ms,
            rfc2833_payload,
            group,
            ..
        } => Trace::OpenLeg {
            party: party.0,
            call_ref: call.0,
            codec: *codec,
            ptime_ms: *ptime_ms,
            telephone_event_payload: *rfc2833_payload,
            group: *group,
        },
        MediaOutput::StartSend {
            party,
            remote,
            codec,
            ptime_ms,
            rfc2833_payload,
            ..
        } => Trace::StartSending {
            party: party.0,
            remote: *remote,
            codec: *codec,
            ptime_ms: *ptime_ms,
            telephone_event_payload: *rfc2833_payload,
        },
        MediaOutput::StopSend { party } => Trace::StopSending { party: party.0 },
        MediaOutput::CloseReceive { party } => Trace::CloseLeg { party: party.0 },
        MediaOutput::Bridge { party } => Trace::Bridge {
            party: party.map(|p| p.0),
        },
        MediaOutput::Disown { call } => Trace::ReferenceReused { call_ref: call.0 },
        MediaOutput::NeedHeard { party } => Trace::AskReceived { party: party.0 },
        MediaOutput::NeedStatistics { party, call } => Trace::AskStatistics {
            party: party.0,
            call_ref: call.0,
        },
    }
}
