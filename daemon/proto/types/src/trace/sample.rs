//! One of each trace event, for the tests.

use std::net::SocketAddrV4;

use super::{
    CallerIdPart, CardCommand, DigitSource, Fields, LegMode, LegRefusal, SccpDirection,
    SccpMessage, SwitchAnswer, Trace, Value, VoiceCause, Word,
};
use crate::finding::Finding;
use crate::{
    AlarmTone, CallState, Codec, DataTone, Digit, EndCause, FaxAdvice, FaxAdvised, FaxRecord,
    HookState, LineFault, Polarity, Side, TenthDbm0, TestEnd,
};

impl Trace {
    /// One of each, and of those that have several forms one of each form.
    pub fn samples() -> Vec<Trace> {
        let mut samples = messages();
        samples.extend(from_the_line());
        samples.extend(to_the_line());
        samples.extend(media());
        samples.extend(card());
        samples.extend(registration());
        samples.extend(calls());
        samples
    }
}

fn message(direction: SccpDirection, id: u32, name: Option<&'static str>, fields: Fields) -> Trace {
    Trace::SccpMessage(SccpMessage {
        direction,
        id,
        name: name.map(Into::into),
        fields,
    })
}

fn messages() -> Vec<Trace> {
    use SccpDirection::{Received, Sent};
    let state = Fields::new()
        .with("state", Value::word(5, Some("connected")))
        .with("line", 1u32.into())
        .with(Fields::CALL_REF, 7u32.into());
    let prompt = Fields::new()
        .with("text", "From \u{1b}[31m1001".into())
        .with("line", 1u32.into())
        .with(Fields::CALL_REF, 0u32.into())
        .with("timeout_s", 10u32.into());
    let unknown = Fields::new().with("raw", Value::bytes(&[0xAB; 40]));
    vec![
        message(Received, 0x111, Some("CallState"), state),
        message(Received, 0x112, Some("DisplayPromptStatus"), prompt),
        message(Received, 0xFF00, None, unknown),
        message(Sent, 0, Some("KeepAlive"), Fields::new()),
        Trace::SccpUnreadable {
            reason: "too short".into(),
        },
    ]
}

fn from_the_line() -> Vec<Trace> {
    let five = Digit::from_event_code(5).unwrap_or(Digit::ZERO);
    let faults = LineFault::ALL
        .iter()
        .map(|&fault| Trace::LineFault { fault });
    let mut samples: Vec<Trace> = faults.collect();
    for &source in DigitSource::ALL {
        samples.push(Trace::Digit {
            digit: five,
            source,
            level_dbm0: (source != DigitSource::Pulse).then_some(TenthDbm0(-125)),
        });
        samples.push(Trace::DigitEnded {
            digit: five,
            source,
            length_ms: 80,
        });
    }
    samples.extend([
        Trace::LoopClosed,
        Trace::LoopOpened,
        Trace::Flash,
        Trace::RingBurstBegan,
        Trace::RingBurstEnded,
        Trace::CallerIdSent,
        Trace::LineFaultEnded,
        Trace::DataTone {
            tone: DataTone::Ced,
            from: Side::Network,
            after_ms: 500,
            pass_through_after_ms: Some(3200),
        },
        Trace::DataTone {
            tone: DataTone::Cng,
            from: Side::Line,
            after_ms: 350,
            pass_through_after_ms: None,
        },
        Trace::AnswerToneEnded {
            from: Side::Network,
        },
    ]);
    samples.extend(leg_switches());
    samples.push(Trace::RelayEnded {
        pages: 2,
        rate: 14_400,
        ecm: true,
        lost: 1,
        recovered: 7,
    });
    samples.push(Trace::FaxEnded {
        record: Box::new(FaxRecord::sample()),
    });
    let tones = AlarmTone::ALL.iter();
    samples.extend(tones.map(|&tone| Trace::AlarmTone {
        tone,
        from: Side::Network,
    }));
    samples.extend([1, 3, 6, 9].map(|qualifier| Trace::AlarmMessage {
        qualifier,
        event: 0x130,
        partition: 0x01,
        zone: 0x015,
    }));
    samples.push(Trace::AlarmSpoilt { keys: 15 });
    samples.extend(FaxAdvice::samples().into_iter().map(|advice| {
        let far = "2001".to_owned();
        let advised = Box::new(FaxAdvised { far, advice });
        Trace::FaxMemory { advised }
    }));
    samples.push(Trace::RedundancyChanged {
        depth: 2,
        loss_hundredths: 312,
    });
    let causes = VoiceCause::ALL.iter();
    samples.extend(causes.map(|&cause| Trace::VoiceAgain { cause }));
    samples
}

fn to_the_line() -> Vec<Trace> {
    let mut samples = vec![
        Trace::Ring {
            mode: Word::new(2, Some("inside")),
        },
        Trace::StopRing,
        Trace::PlayTone {
            tone: Word::new(33, Some("inside dial")),
        },
        Trace::PlayTone {
            tone: Word::new(99, None),
        },
        Trace::StopTone,
        Trace::OnHookTransmission { ms: 2000 },
        Trace::SendCallerId {
            number: CallerIdPart::Text("1001".into()),
            name: CallerIdPart::Withheld,
            dual_tone_alert: true,
        },
        Trace::SendCallerId {
            number: CallerIdPart::Unknown,
            name: CallerIdPart::Text("Ada".into()),
            dual_tone_alert: false,
        },
        Trace::StopCallerId,
        Trace::OpenLoop { ms: 600 },
        Trace::MessageLampBrokenOff,
        Trace::MessageLampUnsupported,
        Trace::LineTest { seconds: 10 },
        Trace::LineTestMeasured {
            noise_dbm0: TenthDbm0(-652),
            hum_dbm0: TenthDbm0(-701),
            hum_hz: 50,
        },
    ];
    let ends = TestEnd::ALL.iter();
    samples.extend(ends.map(|&why| Trace::LineTestEnded { why }));
    let polarities = Polarity::ALL.iter();
    samples.extend(polarities.map(|&polarity| Trace::Polarity { polarity }));
    for on in [true, false] {
        samples.extend([
            Trace::MessageLamp { on },
            Trace::ListenForDtmf { on },
            Trace::MessageLampByFsk { on },
        ]);
    }
    let commands = [
        CardCommand::Ring,
        CardCommand::StopRing,
        CardCommand::Polarity {
            polarity: Polarity::Reversed,
        },
        CardCommand::Polarity {
            polarity: Polarity::Forward,
        },
        CardCommand::OpenLoop { ms: 600 },
        CardCommand::OnHookTransmission,
        CardCommand::MessageLamp { on: true },
        CardCommand::MessageLamp { on: false },
        CardCommand::LongestFlash { ms: 500 },
        CardCommand::Gain,
        CardCommand::LineTest,
        CardCommand::EndLineTest,
    ];
    samples.extend(commands.map(|command| Trace::CardRefused {
        command,
        reason: "this card cannot do that".into(),
    }));
    samples
}

fn media() -> Vec<Trace> {
    let (party, call_ref) = (4, 7);
    let status = Word::new(2, Some("not enough channels"));
    let mut samples = vec![
        Trace::OpenLeg {
            party,
            call_ref,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            telephone_event_payload: Some(101),
            group: None,
        },
        Trace::OpenLeg {
            party,
            call_ref: 0,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            telephone_event_payload: None,
            group: Some(SocketAddrV4::new([239, 192, 41, 7].into(), 20_480)),
        },
        Trace::LegOpened {
            party,
            local: SocketAddrV4::new([192, 0, 2, 1].into(), 16384),
        },
        Trace::LegNotOpened {
            party,
            status: status.clone(),
        },
        Trace::LegNotServed { party, status },
        Trace::StartSending {
            party,
            remote: SocketAddrV4::new([192, 0, 2, 7].into(), 4000),
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            telephone_event_payload: Some(101),
        },
        Trace::StopSending { party },
        Trace::CloseLeg { party },
        Trace::Bridge { party: Some(party) },
        Trace::Bridge { party: None },
        Trace::ReferenceReused { call_ref },
        Trace::AskReceived { party },
        Trace::Received { party, packets: 12 },
        Trace::AskStatistics { party, call_ref },
        Trace::Statistics {
            call_ref,
            packets_sent: 100,
            octets_sent: 16000,
            packets_received: 98,
            octets_received: 15680,
            packets_lost: 2,
            jitter_ms: 1,
            latency_ms: 0,
        },
        Trace::SessionGone { session: 12 },
    ];
    let refusals = [
        LegRefusal::NoRoom,
        LegRefusal::NoPort,
        LegRefusal::NotWatched { errno: 24 },
    ];
    samples.extend(refusals.map(|reason| Trace::SessionRefused { reason }));
    samples
}

fn card() -> Vec<Trace> {
    vec![
        Trace::LineNotOpened {
            channel: Some(7),
            finding: Box::new(Finding::ChannelMissing { known: vec![] }),
        },
        Trace::CardInPlace {
            name: "WCTDM/4/0".into(),
            driver: "wctdm24xxp".into(),
            hook: HookState::OnHook,
        },
        Trace::FeedLost {
            finding: Box::new(Finding::FeedSwitchedOff {
                unregistered: false,
            }),
        },
        Trace::FeedSwitchedOn { times: 3 },
        Trace::FeedRestored,
    ]
}

fn registration() -> Vec<Trace> {
    let server = || "10.0.0.1:2000".to_owned();
    let kind = || Word::new(2, Some("restart"));
    vec![
        Trace::Registered {
            server: server(),
            version: 17,
            keepalive_s: 30,
        },
        Trace::RegistrationLost {
            server: server(),
            finding: Box::new(Finding::KeepaliveLost {
                server: server(),
                seconds: 90,
            }),
        },
        Trace::RegistrationFailed {
            server: server(),
            finding: Box::new(Finding::ConnectRefused { server: server() }),
        },
        Trace::ResetRequested {
            kind: kind(),
            deferred: false,
        },
        Trace::ResetRequested {
            kind: kind(),
            deferred: true,
        },
        Trace::KeepalivesUnanswered,
        Trace::Stopped,
        Trace::OutOfService,
    ]
}

fn calls() -> Vec<Trace> {
    let call_ref = 7;
    let states = CallState::ALL.iter().map(|&state| Trace::CallState {
        call_ref,
        state,
        number: Some("1002".into()),
        name: Some("Ada".into()),
    });
    let causes = EndCause::ALL.iter();
    let ends = causes.map(|&cause| Trace::CallEnded { call_ref, cause });
    let mut samples: Vec<Trace> = states.chain(ends).collect();
    samples.push(Trace::CallState {
        call_ref: 0,
        state: CallState::Dialing,
        number: None,
        name: None,
    });
    samples.push(Trace::NotKept { events: 600 });
    samples
}

/// Requests to switch a leg, and every answer.
fn leg_switches() -> impl Iterator<Item = Trace> {
    use LegMode::{FaxRelay, PassThrough, Voice};
    use SwitchAnswer as A;
    let of = |by, requests: Vec<(Option<u8>, SwitchAnswer, LegMode)>| {
        requests
            .into_iter()
            .map(move |(event, answer, mode)| Trace::LegSwitch {
                event,
                by,
                answer,
                mode,
            })
    };
    let ours = vec![
        (Some(192), A::Agreed, PassThrough),
        (Some(192), A::Nothing, PassThrough),
        (Some(193), A::Agreed, PassThrough),
        (Some(194), A::Nothing, Voice),
        (Some(200), A::Agreed, FaxRelay),
        (Some(200), A::Refused, PassThrough),
        (Some(200), A::Nothing, PassThrough),
        (Some(200), A::T38, FaxRelay),
    ];
    let theirs = vec![
        (None, A::T38, FaxRelay),
        (Some(192), A::Agreed, PassThrough),
        (Some(192), A::Ignored, Voice),
        (Some(194), A::Nothing, Voice),
        (Some(200), A::Agreed, FaxRelay),
        (Some(200), A::Refused, Voice),
        (Some(200), A::VoiceOn, Voice),
        (Some(203), A::Ignored, Voice),
    ];
    of(Side::Line, ours).chain(of(Side::Network, theirs))
}
