use super::evidence::relay_use;
use super::*;
use crate::types::trace::{LegMode, SwitchAnswer};
use crate::types::{FaxPath, FaxRelayUse, FaxSwitch, FaxTransport, TenthDb};
use std::collections::BTreeSet;

/// In G.711 that nothing changed, without trouble, and not good.
fn fax(outcome: FaxOutcome) -> FaxRecord {
    FaxRecord {
        length_ms: 60_000,
        identities: Sides::default(),
        transport: FaxTransport::G711,
        switches: vec![],
        rates: vec![14_400],
        rate: Some(14_400),
        ecm: Some(true),
        pages: 0,
        resent_frames: 0,
        failed_trainings: 0,
        bad_frames: Sides::default(),
        path: FaxPath {
            received: Some(3000),
            slips: Some(0),
            jitter_tenth_ms: Some(20),
            ..FaxPath::default()
        },
        level: Sides {
            line: Some(TenthDbm0(-180)),
            network: Some(TenthDbm0(-200)),
        },
        erl: Some(TenthDb(180)),
        outcome,
        ..FaxRecord::sample()
    }
}

fn call() -> FaxCall {
    FaxCall {
        end: Some(EndCause::NearHangUp),
        pass_through: true,
        length_ms: 65_000,
        ptime_ms: 20,
        calling: Sides {
            line: true,
            network: false,
        },
        ..FaxCall::default()
    }
}

fn asked(by: Side, answer: SwitchAnswer) -> Vec<FaxSwitch> {
    vec![FaxSwitch {
        after_ms: 3000,
        event: Some(200),
        by,
        answer,
        mode: LegMode::PassThrough,
    }]
}

/// The records: what is seen, what it is, and the code of its verdict.
struct Row {
    seen: &'static str,
    fax: FaxRecord,
    call: FaxCall,
    code: &'static str,
}

fn row(
    seen: &'static str,
    code: &'static str,
    outcome: FaxOutcome,
    with: impl FnOnce(&mut FaxRecord, &mut FaxCall),
) -> Row {
    let (mut fax, mut call) = (fax(outcome), call());
    with(&mut fax, &mut call);
    Row {
        seen,
        fax,
        call,
        code,
    }
}

fn rates() -> Vec<u32> {
    vec![14_400, 9600]
}

#[rustfmt::skip] // a table
fn rows() -> Vec<Row> {
    use FaxOutcome as O;
    use Side::{Line, Network};
    let unanswered = || O::TrainingUnanswered { rates: rates() };
    let failed = || O::TrainingFailed { rates: rates() };
    let t38 = |fax: &mut FaxRecord| {
        fax.transport = FaxTransport::T38;
        fax.path = FaxPath::default();
    };
    vec![
        // People.
        row("CNG from the line for 40 s, nobody answers with a tone", "person-answered",
            O::NoFaxAnswered { caller: Line, seconds: 40 }, |_, _| {}),
        row("CNG from the network for 40 s, port 7 is silent", "nobody-answered-here",
            O::NoFaxAnswered { caller: Network, seconds: 40 }, |_, call| call.direction = CallDirection::Incoming),
        row("the machine here answers a caller without CNG", "person-called",
            O::CallerSilent { times: 9 }, |_, call| {
                call.direction = CallDirection::Incoming;
                call.calling.line = false;
            }),
        row("the far machine answers, no CNG came from the line", "not-started-here",
            O::CallerSilent { times: 9 }, |_, call| call.calling.line = false),
        row("neither a tone nor a frame in 40 s", "no-fax-signal", O::NoFaxSignal { seconds: 40 }, |_, _| {}),
        row("the port hangs up after 12 s", "hung-up-here", O::EndedBeforeFax { seconds: 12 }, |_, _| {}),
        row("the far end hangs up after 12 s", "hung-up-there",
            O::EndedBeforeFax { seconds: 12 }, |_, call| call.end = Some(EndCause::FarHangUp)),
        row("somebody presses the talk button", "interrupted-by-operator",
            O::InterruptedByOperator { by: Network, page: 2 }, |_, _| {}),
        // What the machines say themselves, whatever else is wrong.
        row("CNG from both sides", "both-calling", O::BothCalling, |_, _| {}),
        row("a DIS that cannot receive, and loss", "cannot-receive",
            O::CannotReceive, |fax, _| fax.path.lost = 500),
        row("DCN after the DIS", "nothing-in-common", O::NothingInCommon, |_, _| {}),
        row("DTC, and DCN", "polling-refused", O::PollingRefused, |_, _| {}),
        row("DCN after a password", "password-refused", O::PasswordRefused, |_, _| {}),
        row("FNV", "field-not-valid", O::FieldNotValid, |_, _| {}),
        row("RNR for a minute", "receiver-not-ready", O::ReceiverNotReady { page: 2, seconds: 60 }, |_, _| {}),
        row("a signal of 90 s is cut", "signal-cut", O::SignalCut { page: 1, seconds: 90 }, |_, _| {}),
        row("an answer tone with reversals, no frame", "modem-answered", O::ModemAnswered { from: Network }, |_, _| {}),
        row("ANSam with reversals, no frame", "super-g3",
            O::ModemAnswered { from: Network }, |_, call| call.v8_answer = Some(Network)),
        // The call.
        row("the line's card fails in a page", "line-failed",
            O::CallEndedInPage { page: 1 }, |_, call| call.end = Some(EndCause::LineFault)),
        row("the CallManager is lost in the training", "call-manager-lost",
            O::CallEndedInNegotiation, |_, call| call.end = Some(EndCause::LinkLost)),
        row("the CallManager is lost, later the far end is silent", "far-end-gone",
            O::CallEndedInPage { page: 2 }, |_, call| call.end = Some(EndCause::RtpEnded)),
        row("the call is transferred in the negotiation", "transferred",
            O::CallEndedInNegotiation, |_, call| call.end = Some(EndCause::Transferred)),
        row("the port goes on-hook in page 2", "hung-up-here", O::CallEndedInPage { page: 2 }, |_, _| {}),
        row("the far end goes between two pages", "hung-up-there",
            O::CallEndedBetweenPages { pages: 1 }, |_, call| call.end = Some(EndCause::FarHangUp)),
        // The way between the gateways.
        row("no RTP came at all", "nothing-received",
            O::NoFaxAnswered { caller: Line, seconds: 40 }, |fax, _| fax.path.received = Some(0)),
        row("T.38 agreed on, no datagram came", "relay-silent",
            O::CallEndedInNegotiation, |fax, _| { t38(fax); fax.path.relay_received = Some(0); }),
        row("201 came, and voice went on", "voice-in-relay", O::DisconnectedInNegotiation { by: Network }, |fax, _| {
            fax.switches = asked(Line, SwitchAnswer::VoiceOn);
            fax.rates.clear();
            fax.rate = None;
        }),
        row("201 came, voice went on, and a training failed", "no-relay", unanswered(), |fax, _| {
            fax.switches = asked(Line, SwitchAnswer::VoiceOn);
        }),
        row("4 % lost in page 3, T.38 refused", "network-loss",
            O::DisconnectedInPage { by: Network, page: 3 }, |fax, _| {
                fax.path.lost = 120;
                fax.switches = asked(Line, SwitchAnswer::Refused);
            }),
        row("4 % of what went there lost, by the far end's reports", "network-loss",
            O::PageRefused { page: 1, times: 3 }, |fax, _| {
                fax.transport = FaxTransport::G711;
                fax.path.far_lost = Some(120);
            }),
        row("1 % lost beyond redundancy in T.38", "network-loss",
            O::PageUnanswered { page: 1, command: "EOP".into(), times: 3 }, |fax, _| {
                t38(fax);
                fax.path.lost = 10;
                fax.path.relay_received = Some(990);
            }),
        row("one packet lost in the training, nothing else known", "network-loss",
            failed(), |fax, _| fax.path.lost = 1),
        row("62 ms of jitter in pass-through", "network-jitter",
            failed(), |fax, _| fax.path.jitter_tenth_ms = Some(620)),
        row("82 ms of jitter, half of the packets too late", "network-jitter",
            failed(), |fax, _| (fax.path.jitter_tenth_ms, fax.path.lost) = (Some(820), 1500)),
        row("35 ms of jitter, 4 % lost", "network-loss",
            failed(), |fax, _| (fax.path.jitter_tenth_ms, fax.path.lost) = (Some(350), 120)),
        row("three slips in a long page", "clock-slips", O::CorrectionGaveUp { page: 1, frames: 40 }, |fax, _| {
            fax.path.slips = Some(3);
            fax.path.drift_ppm = Some(-85);
        }),
        row("voice all the time: no pass-through", "carried-as-voice",
            failed(), |_, call| call.pass_through = false),
        row("T.38 asked for, no answer, G.711 without a known fault", "no-relay",
            unanswered(), |fax, _| fax.switches = asked(Line, SwitchAnswer::Nothing)),
        // The line.
        row("-38 dBm0, usually -18", "level-low", unanswered(), |fax, call| {
            fax.level.line = Some(TenthDbm0(-380));
            call.usual_level = Some(TenthDbm0(-180));
        }),
        row("the far machine at -41 dBm0", "level-low", O::FramesUnreadable { from: Network, bad: 7 },
            |fax, _| fax.level.network = Some(TenthDbm0(-410))),
        row("-1 dBm0", "level-high", failed(), |fax, _| fax.level.line = Some(TenthDbm0(-10))),
        row("ERL 4 dB", "echo", failed(), |fax, _| fax.erl = Some(TenthDb(41))),
        row("seven damaged frames of the line", "damaged-signals",
            O::CommandsNotUnderstood { times: 3 }, |fax, _| fax.bad_frames.line = 7),
        // Nothing but what the machines show.
        row("an answer tone and nothing more", "answer-tone-only", O::AnswerToneOnly { from: Network }, |_, _| {}),
        row("300 bit/s that cannot be read, nothing known", "frames-unreadable",
            O::FramesUnreadable { from: Line, bad: 7 }, |fax, _| fax.bad_frames.line = 7),
        row("CNG from the line, which never answers the DIS", "caller-silent",
            O::CallerSilent { times: 9 }, |_, _| {}),
        row("no answer to any training", "training-unanswered", unanswered(), |_, _| {}),
        row("FTT at every rate", "training-failed", failed(), |_, _| {}),
        row("CFR, and no page", "no-page-after-training", O::NoPageAfterTraining { rate: 14_400 }, |_, _| {}),
        row("DCN before the training", "disconnected-in-negotiation",
            O::DisconnectedInNegotiation { by: Network }, |_, _| {}),
        row("the receiver's DCN in the training", "disconnected-in-training",
            O::DisconnectedInTraining { by: Network, rates: rates() }, |_, _| {}),
        row("DCN in a page: paper", "disconnected-in-page",
            O::DisconnectedInPage { by: Network, page: 2 }, |_, _| {}),
        row("a page, and no command after it", "page-not-ended", O::PageNotEnded { page: 1 }, |_, _| {}),
        row("EOP three times without an answer", "page-unanswered",
            O::PageUnanswered { page: 1, command: "EOP".into(), times: 3 }, |_, _| {}),
        row("RTN with error correction", "page-refused", O::PageRefused { page: 1, times: 1 }, |_, _| {}),
        row("RTN without error correction", "no-correction",
            O::PageRefused { page: 1, times: 1 }, |fax, _| fax.ecm = Some(false)),
        row("PPR until the sender gives up", "correction-gave-up",
            O::CorrectionGaveUp { page: 1, frames: 40 }, |_, _| {}),
        row("DCN in place of MCF", "disconnected-after-page",
            O::DisconnectedAfterPage { by: Network, page: 1 }, |_, _| {}),
        row("DCN after the first page of two", "disconnected-between-pages",
            O::DisconnectedBetweenPages { by: Line, pages: 1 }, |_, _| {}),
    ]
}

#[test]
fn each_way_to_fail_has_its_own_verdict() {
    let mut codes = BTreeSet::new();
    for row in rows() {
        let verdict = verdict(&row.fax, &row.call);
        assert_eq!(verdict.code(), row.code, "{}: {verdict:?}", row.seen);
        assert!(!verdict.is_success());
        codes.insert(verdict.code());
    }
    assert!(codes.len() >= 45, "{}", codes.len());
    // Each cause that there is has a row.
    for cause in FaxCause::samples() {
        assert!(codes.contains(cause.code()), "{cause:?}");
    }
    // And the page of the documentation lists each record with its verdict.
    let page = include_str!("../../../../docs/FAX.md");
    for row in rows() {
        let line = format!("| {} | `{}` |", row.seen, row.code);
        assert!(page.contains(&line), "{line}");
    }
}

#[test]
fn parameters_are_the_figures_of_the_record() {
    let find = |seen: &str| {
        let row = rows().into_iter().find(|row| row.seen.starts_with(seen));
        let row = row.expect("a row");
        verdict(&row.fax, &row.call).cause.expect("a cause")
    };
    assert_eq!(
        find("4 % lost"),
        FaxCause::NetworkLoss {
            tenth_percent: 40,
            packets: 120,
            page: Some(3),
            relay: FaxRelayUse::Refused,
        }
    );
    assert_eq!(
        find("1 % lost"),
        FaxCause::NetworkLoss {
            tenth_percent: 10,
            packets: 10,
            page: Some(1),
            relay: FaxRelayUse::Used,
        }
    );
    assert_eq!(
        find("-38 dBm0"),
        FaxCause::LevelLow {
            side: Side::Line,
            level: TenthDbm0(-380),
            usual: Some(TenthDbm0(-180)),
        }
    );
    assert_eq!(
        find("the far machine at"),
        FaxCause::LevelLow {
            side: Side::Network,
            level: TenthDbm0(-410),
            usual: None,
        }
    );
}

#[test]
fn a_level_is_low_below_what_is_heard_or_far_below_the_usual() {
    let code = |level: i16, usual: Option<i16>| {
        let mut fax = fax(FaxOutcome::TrainingFailed { rates: rates() });
        fax.level.line = Some(TenthDbm0(level));
        let usual_level = usual.map(TenthDbm0);
        let call = FaxCall {
            usual_level,
            ..call()
        };
        verdict(&fax, &call).code()
    };
    assert_eq!(code(-350, None), "training-failed");
    assert_eq!(code(-351, None), "level-low");
    // Louder faxes do not make a good level a low one.
    assert_eq!(code(-250, Some(-120)), "training-failed");
    assert_eq!(code(-270, Some(-180)), "training-failed");
    assert_eq!(code(-280, Some(-180)), "level-low");
    assert_eq!(code(-30, None), "training-failed");
    assert_eq!(code(-29, None), "level-high");
}

#[test]
fn voice_in_a_relay_is_no_cause_once_the_machines_had_chosen_a_rate() {
    let code = |change: fn(&mut FaxRecord)| {
        let mut fax = fax(FaxOutcome::CallEndedInNegotiation);
        fax.switches = asked(Side::Line, SwitchAnswer::VoiceOn);
        (fax.rates, fax.rate) = (vec![], None);
        change(&mut fax);
        verdict(&fax, &call()).code()
    };
    assert_eq!(code(|_| ()), "voice-in-relay");
    assert_eq!(code(|fax| fax.rate = Some(9600)), "hung-up-here");
    assert_eq!(code(|fax| fax.rates = rates()), "hung-up-here");
    assert_eq!(code(|fax| fax.failed_trainings = 1), "hung-up-here");
    // What spoiled it then is what spoils any fax.
    let lossy = |fax: &mut FaxRecord| (fax.rate, fax.path.lost) = (Some(9600), 150);
    assert_eq!(code(lossy), "network-loss");
}

#[test]
fn what_the_far_end_reports_lost_counts_where_redundancy_cannot_have_repaired_it() {
    let code = |transport| {
        let mut fax = fax(FaxOutcome::TrainingFailed {
            rates: vec![14_400],
        });
        (fax.transport, fax.path.far_lost) = (transport, Some(120));
        verdict(&fax, &call()).code()
    };
    assert_eq!(code(FaxTransport::G711), "network-loss");
    for repaired in [FaxTransport::G711Redundant { copies: 1 }, FaxTransport::T38] {
        assert_ne!(code(repaired), "network-loss");
    }
}

#[test]
fn a_request_of_the_far_gateway_that_was_refused_here_is_not_its_refusal() {
    for (by, answer, relay) in [
        (Side::Line, SwitchAnswer::Refused, FaxRelayUse::Refused),
        (Side::Network, SwitchAnswer::Refused, FaxRelayUse::NotHere),
        (Side::Network, SwitchAnswer::Ignored, FaxRelayUse::NotHere),
        (Side::Line, SwitchAnswer::Nothing, FaxRelayUse::Unanswered),
    ] {
        let mut fax = fax(FaxOutcome::CannotReceive);
        fax.switches = asked(by, answer);
        assert_eq!(relay_use(&fax), relay);
        // Pass-through was asked for later, and says nothing of T.38.
        fax.switches.push(FaxSwitch {
            event: Some(192),
            answer: SwitchAnswer::Agreed,
            ..fax.switches[0]
        });
        assert_eq!(relay_use(&fax), relay);
        fax.transport = FaxTransport::T38;
        assert_eq!(relay_use(&fax), FaxRelayUse::Used);
    }
}

#[test]
fn a_relay_to_which_nothing_came_is_recorded_as_sound_and_still_the_cause() {
    let mut fax = fax(FaxOutcome::CallerSilent { times: 3 });
    fax.switches = asked(Side::Network, SwitchAnswer::Agreed);
    let call = FaxCall {
        direction: CallDirection::Incoming,
        ..FaxCall::default()
    };
    fax.path.received = None;
    fax.path.relay_received = Some(0);
    assert_eq!(verdict(&fax, &call).cause, Some(FaxCause::RelaySilent));
    fax.path.relay_received = Some(7);
    assert_eq!(verdict(&fax, &call).cause, Some(FaxCause::PersonCalled));
    fax.path.relay_received = Some(0);
    // Half of the sound before it was lost: frames in the relay as well.
    (fax.path.lost, fax.path.received) = (100, Some(100));
    let lossy = FaxCall {
        calling: Sides {
            line: false,
            network: true,
        },
        ..call
    };
    let found = verdict(&fax, &lossy).cause;
    let half = |cause| {
        matches!(
            cause,
            FaxCause::NetworkLoss {
                tenth_percent: 500,
                ..
            }
        )
    };
    assert!(found.is_some_and(half), "{found:?}");
    fax.path.lost = 1;
    assert_eq!(verdict(&fax, &lossy).cause, Some(FaxCause::RelaySilent));
    // Over before anything could have come.
    fax.switches[0].mode = LegMode::FaxRelay;
    fax.length_ms = u64::from(fax.switches[0].after_ms) + 3900;
    assert_eq!(verdict(&fax, &call).cause, Some(FaxCause::PersonCalled));
}

#[test]
fn a_good_fax_is_no_failure_whatever_was_measured_beside_it() {
    let ends = [None]
        .into_iter()
        .chain(EndCause::ALL.iter().map(|end| Some(*end)));
    let mut judged = 0;
    for end in ends {
        for transport in [
            FaxTransport::G711,
            FaxTransport::G711Redundant { copies: 2 },
            FaxTransport::T38,
        ] {
            for lost in [0, 1, 200, u64::MAX] {
                for level in [None, Some(-600), Some(-180), Some(20)] {
                    for (jitter, slips, erl) in
                        [(0, 0, 300), (900, 9, 10), (u32::MAX, u64::MAX, -50)]
                    {
                        for pages in [0, 1, 100] {
                            for poor in [0, 1] {
                                let outcome = match poor {
                                    0 => FaxOutcome::Complete { pages },
                                    poor => FaxOutcome::CompleteWithPoorPages { pages, poor },
                                };
                                let mut fax = fax(outcome);
                                fax.transport = transport;
                                fax.path.lost = lost;
                                fax.path.received = Some(lost);
                                fax.path.relay_received = Some(0);
                                fax.path.jitter_tenth_ms = Some(jitter);
                                fax.path.slips = Some(slips);
                                fax.erl = Some(TenthDb(erl));
                                fax.level.line = level.map(TenthDbm0);
                                let call = FaxCall {
                                    end,
                                    pass_through: lost == 0,
                                    usual_level: Some(TenthDbm0(-100)),
                                    ..call()
                                };
                                let verdict = verdict(&fax, &call);
                                assert!(
                                    verdict.is_success() && verdict.cause.is_none(),
                                    "{verdict:?}"
                                );
                                judged += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(judged > 10_000, "{judged}");
}

#[test]
fn whatever_the_figures_are_a_verdict_comes_of_them() {
    for outcome in FaxOutcome::samples() {
        for figure in [0, 1, u64::MAX] {
            let mut fax = fax(outcome.clone());
            fax.length_ms = figure;
            fax.path.lost = figure;
            fax.path.slips = Some(figure);
            fax.path.received = Some(figure);
            fax.path.relay_received = Some(figure);
            fax.level.line = Some(TenthDbm0(i16::MIN));
            let call = FaxCall {
                length_ms: figure,
                ptime_ms: 0,
                usual_level: Some(TenthDbm0(i16::MAX)),
                ..call()
            };
            let verdict = verdict(&fax, &call);
            assert_eq!(verdict.outcome, outcome);
        }
    }
}
