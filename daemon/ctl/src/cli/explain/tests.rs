//! The first line of a story, for faults that cost too much to make on a running gateway.

use tipring_ctl::report::{
    CallDetail, CallState, CallSummary, FindingReport, Forwards, History, MediaLeg, PortDetail,
    PortSummary, RegistrationReport, RegistrationState, RtpStats, Standing, StatusReport,
    StoredCall, StoredFax,
};
use tipring_ctl::words;
use tipring_store::CallTotals;
use tipring_types::finding::{Finding, Place, RejectCause};
use tipring_types::{EndCause, FaxCause, FaxOutcome, Side, TenthDbm0};

use super::*;

fn summary(port: u16, findings: &[Finding]) -> PortSummary {
    let device = format!("VGC1122334455{port:02}");
    let place = Place {
        port: Some(port),
        channel: Some(port),
        device: Some(device.clone()),
        device_type: Some(10),
    };
    PortSummary {
        port,
        channel: port,
        device,
        device_type: 10,
        profile: "phone".into(),
        enabled: true,
        registration: RegistrationState::Registered,
        server: Some("10.1.2.3:2000".into()),
        findings: findings
            .iter()
            .map(|f| FindingReport::of(f.clone(), place.clone()))
            .collect(),
        ..PortSummary::default()
    }
}

fn known(findings: &[Finding]) -> Known {
    let mut summary = summary(17, findings);
    let is_dead = findings
        .first()
        .is_some_and(|f| f.severity() == tipring_types::finding::Severity::Error);
    if is_dead {
        summary.registration = RegistrationState::Waiting;
    }
    Known {
        detail: PortDetail {
            registration: RegistrationReport {
                state: summary.registration,
                server: summary.server.clone(),
                since_unix_ms: Some(1_000),
                ..RegistrationReport::default()
            },
            summary: summary.clone(),
            country: "us".into(),
            ..PortDetail::default()
        },
        status: StatusReport {
            ports: vec![summary],
            ..StatusReport::default()
        },
        ..Known::default()
    }
}

const NOW: u64 = 1_795_960_931_000;

/// What the first line says; the rest has to fit 80 columns.
fn first_line(known: &Known) -> String {
    let story = port::story(NOW, known);
    let text = render::port_story(super::super::output::Paint { colour: false }, &story);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    assert_eq!(first, story.verdict.text);
    for line in lines {
        assert!(line.chars().count() <= 80, "{line}\n{text}");
        assert!(!line.ends_with(' '), "{line:?}\n{text}");
    }
    first
}

#[test]
fn the_first_line_names_the_cause_of_each_fault() {
    let server = || "10.1.2.3:2000".to_owned();
    let cases = [
        (
            vec![Finding::RegistrationRejected {
                server: server(),
                text: "Error DB Config".into(),
                cause: RejectCause::DeviceUnknown,
            }],
            "Port 17 is dead: CallManager 10.1.2.3:2000 rejects the device name VGC112233445517 (\"Error DB Config\"): \
             the CallManager does not know the name.",
        ),
        (
            vec![Finding::ConnectRefused { server: server() }],
            "Port 17 is dead: not registered with 10.1.2.3:2000: connection refused.",
        ),
        (
            vec![Finding::FeedShorted {
                unregistered: false,
            }],
            "Port 17 is dead: no battery on the line: the card feeds it, but something draws it down.",
        ),
        (
            vec![Finding::ServerUnresponsive],
            "Port 17 is dead: no dial tone, no call possible: the CallManager did not respond to the last off-hook or flash.",
        ),
        (
            vec![Finding::ChannelInUse {
                holders: vec!["asterisk (pid 812)".into()],
            }],
            "Port 17 is dead: DAHDI channel 17 is in use: asterisk (pid 812) has it open.",
        ),
        (
            vec![Finding::LineUnderrun],
            "Port 17 works, but badly or at risk: sound to the phone had gaps in the last minute: sound was not given to the card in time.",
        ),
        (
            vec![Finding::FaxFailed {
                outcome: FaxOutcome::TrainingUnanswered {
                    rates: vec![14_400, 9600],
                },
                cause: Some(FaxCause::LevelLow {
                    side: Side::Line,
                    level: TenthDbm0(-380),
                    usual: Some(TenthDbm0(-180)),
                }),
            }],
            "Port 17 works, but badly or at risk: the last fax failed: the training at 14400 and 9600 bit/s was never answered: \
             line level is -38 dBm0, 20 dB below the usual.",
        ),
        (
            vec![Finding::ReturnToPreferred { server: server() }],
            "Port 17 is not ready yet: not registered with 10.1.2.3:2000: the device returns to a preferred CallManager.",
        ),
        (
            // The worse one first, whatever the order.
            vec![
                Finding::LineOverrun,
                Finding::CardRemoved { unregistered: true },
            ],
            "Port 17 is dead: the card is removed: its driver reports the channel as gone; unregistered until it works again.",
        ),
    ];
    for (findings, wanted) in cases {
        assert_eq!(first_line(&known(&findings)), wanted);
    }
}

#[test]
fn others_count_at_the_callmanager_that_a_finding_speaks_of() {
    let refused = |server: &str| Finding::ConnectRefused {
        server: server.to_owned(),
    };
    let mut port = known(&[refused("10.1.2.3:2000"), refused("10.9.9.9:2000")]);
    port.status.ports.push(summary(18, &[]));
    let causes = port::story(NOW, &port).causes;
    let registered = |n: usize| {
        let mut all = causes[n].evidence.iter().map(|e| e.text.clone());
        all.find(|text| text.contains("other port"))
    };
    assert_eq!(
        registered(0).as_deref(),
        Some(
            "1 other port is registered with 10.1.2.3:2000: that CallManager works, and takes this gateway"
        )
    );
    assert_eq!(registered(1), None);
}

#[test]
fn the_same_at_other_ports_is_the_same_cause_and_since_when_that_of_the_same_callmanager() {
    let refused = |server: &str| Finding::ConnectRefused {
        server: server.to_owned(),
    };
    let mut port = known(&[refused("10.1.2.3:2000")]);
    port.status
        .ports
        .push(summary(18, &[refused("10.9.9.9:2000")]));
    let kept = |server: &str, begun_unix_ms: u64| StoredFinding {
        port: Some(17),
        code: "connect-refused".into(),
        parameters: serde_json::json!({ "server": server }),
        begun_unix_ms,
        now: true,
        ..StoredFinding::default()
    };
    port.day.rows.findings = vec![
        kept("10.9.9.9:2000", NOW - 60_000),
        kept("10.1.2.3:2000", NOW - 90_000),
    ];
    let evidence = |port: &Known| {
        let first = port::story(NOW, port).causes.swap_remove(0);
        let texts = first.evidence.into_iter().map(|e| e.text);
        texts.collect::<Vec<_>>().join("; ")
    };
    let text = evidence(&port);
    assert!(text.contains("for 1 min 30 s"), "{text}");
    assert!(text.contains("not registered since 1970"), "{text}");
    port.detail.registration.since_unix_ms = Some(NOW - 90_500);
    assert!(!evidence(&port).contains("not registered since"));
    assert!(!text.contains("the same at"), "{text}");
    port.status.ports[1] = summary(18, &[refused("10.1.2.3:2000")]);
    let text = evidence(&port);
    assert!(text.contains("the same at all 2 ports"), "{text}");
}

#[test]
fn a_finding_of_the_gateway_explains_its_ports() {
    let mut known = known(&[]);
    known.status.findings = vec![
        FindingReport::gateway(Finding::HistoryStalled),
        FindingReport::gateway(Finding::LineThreadStalled),
    ];
    assert_eq!(
        first_line(&known),
        "Port 17 is dead: a line thread is stalled, and its ports have no audio: it has not run for several seconds."
    );
    let story = port::story(NOW, &known);
    assert_eq!(story.causes.len(), 1, "{:?}", story.causes);
    assert_eq!(story.verdict.code.as_deref(), Some("line-thread-stalled"));
}

#[test]
fn what_is_no_finding_is_a_remark_on_the_first_line() {
    let mut forwarded = known(&[]);
    forwarded.detail.forwards = Forwards {
        all: Some("2002".into()),
        ..Forwards::default()
    };
    assert_eq!(
        first_line(&forwarded),
        "Port 17 is in order, but the CallManager forwards all its calls to 2002, so the phone does not ring."
    );
    let mut off = known(&[]);
    off.detail.summary.enabled = false;
    assert_eq!(
        first_line(&off),
        "Port 17 is off: it is switched off in the configuration."
    );
    let mut failing = known(&[]);
    failing.day.totals.summary = vec![CallTotals {
        port: 17,
        calls: 5,
        failed: 4,
        ..CallTotals::default()
    }];
    failing.day.rows.calls = (0..4)
        .map(|_| StoredCall {
            port: 17,
            end: "congestion".into(),
            number: Some("1002".into()),
            ..StoredCall::default()
        })
        .collect();
    assert_eq!(
        first_line(&failing),
        "Port 17 is in order, but 4 of the 5 calls of the last day failed."
    );
    let story = port::story(NOW, &failing);
    let evidence = &story.causes[0].evidence[0].text;
    assert_eq!(evidence, "4 calls: congestion or a wrong number");
    assert!(story.causes[0].cure.contains("tipring trace 17"));
    // Three times in a day is a loose contact; once is not.
    let mut loose = known(&[]);
    let removed = |ended: u64| StoredFinding {
        port: Some(17),
        code: "card-removed".into(),
        severity: tipring_types::finding::Severity::Error,
        begun_unix_ms: ended - 1,
        ended_unix_ms: Some(ended),
        text: "the card is removed".into(),
        ..StoredFinding::default()
    };
    loose.day.rows.findings = vec![removed(2), removed(4)];
    assert!(first_line(&loose).starts_with("Port 17 is in order: "));
    loose.day.rows.findings.push(removed(6));
    assert_eq!(
        first_line(&loose),
        "Port 17 is in order, but \"the card is removed\" came and went 3 times in the last day."
    );
}

#[test]
fn a_port_in_order_says_so_with_its_last_call() {
    let mut port = known(&[]);
    let text = first_line(&port);
    assert_eq!(
        text,
        "Port 17 is in order: registered with 10.1.2.3:2000, unknown, no answered call in the last day."
    );
    port.day.rows.calls = vec![StoredCall {
        answered_unix_ms: Some(1),
        packets_received: 10,
        packets_sent: 10,
        mean_mos: Some(4.3),
        ..StoredCall::default()
    }];
    let text = first_line(&port);
    assert!(text.ends_with(", good (MOS 4.3)."), "{text}");
    // On its way after a start: no finding, and no service.
    port.detail.summary.registration = RegistrationState::Registering;
    assert_eq!(
        first_line(&port),
        "Port 17 is not ready yet: it is registering with its CallManager."
    );
}

#[test]
fn a_history_that_does_not_answer_costs_its_part_alone_and_is_not_a_day_without_calls() {
    let paint = super::super::output::Paint { colour: false };
    let mut port = known(&[Finding::LineOverrun]);
    port.day.unavailable = Some("its disk does not answer".into());
    let story = port::story(NOW, &port);
    assert_eq!(story.causes.len(), 1);
    let not_available = "the history was not available: its disk does not answer\n";
    let text = render::port_story(paint, &story);
    assert!(text.contains(not_available), "{text}");
    assert!(!text.contains("no finished call"), "{text}");
    port.detail.summary.findings.clear();
    let text = first_line(&port);
    assert!(text.ends_with(", the history was not available."), "{text}");
    let story = gateway::story(NOW, &StatusReport::default(), &port.day);
    let text = render::gateway_story(paint, &story);
    assert!(text.contains(not_available), "{text}");
    assert!(!text.contains("no finished call"), "{text}");
}

#[test]
fn a_history_that_is_not_kept_at_present_still_shows_what_it_has() {
    let paint = super::super::output::Paint { colour: false };
    let mut port = known(&[]);
    port.day.trouble = Some("the disk is full".into());
    port.day.totals.summary = vec![CallTotals {
        port: 17,
        calls: 3,
        ..CallTotals::default()
    }];
    let text = render::port_story(paint, &port::story(NOW, &port));
    let wanted = "3 calls, 0 of them answered; 0 failed or broken off; 0 s talked\nthe last of it is missing, the history is not kept: the disk is full\n";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn a_call_is_not_denied_by_a_history_that_did_not_answer() {
    let refused = || Failure::failed("unknown call".to_owned(), "");
    let text = no_call(9, None, refused()).message;
    assert_eq!(text, "no call 9 is up, remembered or in the history");
    let stalled = Failure::failed("its disk does not answer".to_owned(), "look at the disk");
    let failure = no_call(9, Some(stalled), refused());
    assert_eq!(
        failure.message,
        "no call 9 is up or remembered, and the history was not available: its disk does not answer"
    );
    assert_eq!(failure.cure.as_deref(), Some("look at the disk"));
}

#[test]
fn the_gateway_names_its_worst_cause_and_fits_a_screen() {
    let dead = Finding::ConnectRefused {
        server: "10.1.2.3:2000".into(),
    };
    let mut status = StatusReport {
        ports: (1..=48)
            .map(|n| summary(n, std::slice::from_ref(&dead)))
            .collect(),
        findings: vec![
            FindingReport::gateway(Finding::HistoryStalled),
            FindingReport::gateway(Finding::NoRealtimePriority {
                reason: "not permitted".into(),
            }),
        ],
        ..StatusReport::default()
    };
    status.port_counts.total = 48;
    let story = gateway::story(NOW, &status, &Day::default());
    assert_eq!(
        story.verdict.text,
        "The gateway serves no port: all ports: not registered with 10.1.2.3:2000: connection refused (and 2 more causes)."
    );
    assert_eq!(story.causes[0].ports.len(), 48);
    let text = render::gateway_story(super::super::output::Paint { colour: false }, &story);
    assert!(text.lines().count() <= 24, "{text}");
    // Many causes: the worst are shown, and the rest is counted.
    for (n, port) in (1..).zip(&mut status.ports) {
        let finding = Finding::ChannelOpenFailed {
            reason: format!("errno {n}"),
        };
        *port = summary(n, &[finding]);
    }
    let story = gateway::story(NOW, &status, &Day::default());
    let text = render::gateway_story(super::super::output::Paint { colour: false }, &story);
    assert!(text.contains("46 more causes: `tipring status`"), "{text}");
    assert!(text.lines().count() <= 24, "{text}");
    let well = StatusReport {
        port_counts: tipring_ctl::report::PortCounts {
            total: 2,
            registered: 2,
            ..Default::default()
        },
        ..StatusReport::default()
    };
    let story = gateway::story(NOW, &well, &Day::default());
    assert_eq!(
        story.verdict.text,
        "The gateway is in order: 2 of 2 ports registered, none in trouble, 0 talking."
    );
}

#[test]
fn a_call_of_the_history_is_explained_without_its_legs() {
    let stored = StoredCall {
        id: 12,
        port: 3,
        number: Some("1002".into()),
        answered_unix_ms: Some(2000),
        begun_unix_ms: 1000,
        ended_unix_ms: 62_000,
        duration_ms: 61_000,
        talked_ms: 60_000,
        end: "far-hang-up".into(),
        codec: Some("G.711 µ-law".into()),
        packets_sent: 3000,
        packets_received: 2700,
        packets_lost: 300,
        ..StoredCall::default()
    };
    let story = call::from_history(&stored);
    assert_eq!(
        story.verdict.text,
        "Call 12 (port 3 to 1002): 10.0 % of the far end's packets were lost or late, 0 ms concealed."
    );
    assert_eq!(story.verdict.code.as_deref(), Some("loss"));
    let good = StoredCall {
        packets_lost: 0,
        ..stored
    };
    assert_eq!(
        call::from_history(&good).verdict.text,
        "Call 12 (port 3 to 1002) was in order: talked for 1 min 0 s, hung up by the far end."
    );
    // Whether the canceller had learned the line is not known.
    let echo = StoredCall {
        erl_db: Some(1.0),
        ..good.clone()
    };
    assert_eq!(
        call::from_history(&echo).verdict.standing,
        Standing::InOrder
    );
    let dead = StoredCall {
        packets_received: 0,
        ..good
    };
    let story = call::from_history(&dead);
    assert_eq!(story.verdict.standing, Standing::Impaired);
    assert_eq!(
        story.verdict.text,
        "Call 12 (port 3 to 1002): nothing was heard from the far end: no RTP from the far end."
    );
}

#[test]
fn silence_of_a_leg_is_as_the_daemon_reports_it() {
    let notes = |state: CallState, silent_ms: Option<u64>| {
        let detail = CallDetail {
            summary: CallSummary {
                id: 1,
                state,
                answered_after_ms: Some(1000),
                duration_ms: 120_000,
                ..CallSummary::default()
            },
            media: vec![MediaLeg {
                remote: Some("10.0.0.9:4000".into()),
                last_packet_unix_ms: Some(NOW - 20_000),
                silent_ms,
                rtp: RtpStats {
                    sent_packets: 3000,
                    received_packets: 2000,
                    ..RtpStats::default()
                },
                ..MediaLeg::default()
            }],
            ..CallDetail::default()
        };
        let notes = call::story(&detail, None).notes;
        notes.into_iter().map(|n| n.text).collect::<Vec<_>>()
    };
    let silent =
        "the far end was heard no more: 2000 packets from 10.0.0.9:4000, then none for 20 s";
    for state in [CallState::Connected, CallState::Ended] {
        assert_eq!(notes(state, Some(20_000)), [silent]);
        // On hold, or a far end that suppresses silence.
        assert_eq!(notes(state, None), [""; 0]);
    }
}

#[test]
fn a_port_that_is_not_registered_is_never_in_order() {
    let mut port = known(&[]);
    port.detail.summary.registration = RegistrationState::Connecting;
    port.detail.forwards.all = Some("2002".into());
    assert_eq!(
        first_line(&port),
        "Port 17 is not ready yet: it is connecting to its CallManager."
    );
    let verdict = port::story(NOW, &port).verdict;
    assert_eq!((verdict.standing, verdict.code), (Standing::Passing, None));
    // A finding that only another version knows.
    let mut port = known(&[Finding::LineOverrun]);
    port.detail.summary.findings.push(FindingReport {
        severity: tipring_types::finding::Severity::Error,
        finding: None,
        text: "no ring".into(),
        cause: "the ringer is gone".into(),
        ..FindingReport::gateway(Finding::LineOverrun)
    });
    assert_eq!(
        first_line(&port),
        "Port 17 is dead: no ring: the ringer is gone."
    );
}

#[test]
fn the_last_call_is_not_called_good_when_little_came() {
    let mut port = known(&[]);
    let stored = StoredCall {
        answered_unix_ms: Some(1),
        packets_received: 200,
        packets_sent: 3000,
        mean_mos: Some(4.3),
        ..StoredCall::default()
    };
    for (sent, received, mos, wanted) in [
        (
            3000,
            200,
            Some(4.3),
            ", 200 packets received for 3000 sent.",
        ),
        (3000, 0, None, ", without audio from the far end."),
        (3000, 2900, None, ", with audio both ways."),
        (0, 0, None, ", without audio."),
    ] {
        port.day.rows.calls = vec![StoredCall {
            packets_sent: sent,
            packets_received: received,
            mean_mos: mos,
            ..stored.clone()
        }];
        let text = first_line(&port);
        assert!(text.ends_with(wanted), "{text}");
    }
}

#[test]
fn a_last_call_in_which_nothing_was_heard_is_on_the_first_line() {
    let mut port = known(&[]);
    port.last_call = Some(CallDetail {
        summary: CallSummary {
            id: 7,
            state: CallState::Ended,
            started_unix_ms: NOW - 120_000,
            answered_after_ms: Some(1000),
            duration_ms: 61_000,
            ..CallSummary::default()
        },
        media: vec![MediaLeg {
            remote: Some("10.0.0.9:4000".into()),
            rtp: RtpStats {
                sent_packets: 3000,
                ..RtpStats::default()
            },
            ..MediaLeg::default()
        }],
        ..CallDetail::default()
    });
    assert_eq!(
        first_line(&port),
        "Port 17 is in order, but in the last call nothing was heard from the far end: no RTP from 10.0.0.9:4000."
    );
    let evidence = &port::story(NOW, &port).causes[0].evidence[0].text;
    assert!(
        evidence.ends_with(": see `tipring explain call 7`"),
        "{evidence}"
    );
}

#[test]
fn a_port_that_talks_without_its_callmanager_is_not_dead() {
    let refused = Finding::ConnectRefused {
        server: "10.1.2.3:2000".into(),
    };
    let mut port = known(&[refused]);
    let call = |state| CallSummary {
        id: 3,
        port: 17,
        state,
        peer: Some("1002".into()),
        answered_after_ms: Some(1000),
        duration_ms: 9000,
        ..CallSummary::default()
    };
    port.detail.calls = vec![call(CallState::Preserved)];
    assert_eq!(
        first_line(&port),
        "Port 17 talks with 1002 without its CallManager, and no other call is possible: not registered with 10.1.2.3:2000: \
         connection refused."
    );
    assert_eq!(port::story(NOW, &port).verdict.standing, Standing::Impaired);
    let of_call = |state| {
        let detail = CallDetail {
            summary: call(state),
            ..CallDetail::default()
        };
        call::story(&detail, None).verdict
    };
    let lost = of_call(CallState::Preserved);
    assert!(lost.text.contains("its CallManager is lost"), "{lost:?}");
    assert_eq!(of_call(CallState::Connected).standing, Standing::InOrder);
    // In a call that is in order the last one is of no interest.
    let mut port = known(&[]);
    port.detail.calls = vec![call(CallState::Connected)];
    let first = first_line(&port);
    assert!(first.ends_with("in a call with 1002."), "{first}");
}

#[test]
fn reasons_of_one_outage_are_one_and_what_overlaps_is_counted_once() {
    let row = |code: &str, server: &str, begun, ended| StoredFinding {
        port: Some(17),
        code: code.into(),
        severity: tipring_types::finding::Severity::Error,
        parameters: serde_json::json!({ "server": server }),
        text: format!("{code} {server}"),
        begun_unix_ms: begun,
        ended_unix_ms: Some(ended),
        ..StoredFinding::default()
    };
    let mut day = Day::default();
    day.rows.findings = vec![
        row("connect-refused", "b", 900, 950),
        row("connect-refused", "b", 140, 190),
        row("connect-refused", "a", 110, 200),
        row("connection-closed", "a", 100, 110),
        row("card-removed", "-", 500, 510),
        row("card-removed", "-", 520, 530),
    ];
    let all: Vec<_> = day::recurring(&day)
        .into_iter()
        .map(|r| (r.what, r.registration, r.times))
        .collect();
    assert_eq!(
        all,
        [
            ("connect-refused b".to_owned(), true, 2),
            ("card-removed -".to_owned(), false, 2)
        ]
    );
}

#[test]
fn findings_that_a_crash_left_open_are_not_of_today() {
    let finding = |begun: u64, ended: Option<u64>, now: bool| StoredFinding {
        port: Some(17),
        code: "card-removed".into(),
        begun_unix_ms: begun,
        ended_unix_ms: ended,
        now,
        ..StoredFinding::default()
    };
    let mut all = vec![
        finding(1, None, false),
        finding(1, Some(99), false),
        finding(1, None, true),
        finding(1, Some(100), false),
        finding(100, None, false),
    ];
    day::within(&mut all, 100);
    assert_eq!(all.len(), 3, "{all:?}");
    // What has no end came and did not go.
    let day = Day {
        rows: History {
            findings: vec![finding(100, None, false)],
            ..History::default()
        },
        ..Day::default()
    };
    assert_eq!(day::recurring(&day), []);
}

#[test]
fn a_day_with_more_than_is_shown_is_counted_whole_or_said_to_be_cut() {
    let mut failing = known(&[]);
    failing.day.totals.summary = vec![CallTotals {
        port: 17,
        calls: 30,
        failed: 25,
        ..CallTotals::default()
    }];
    failing.day.rows.calls = vec![
        StoredCall {
            port: 17,
            end: "congestion".into(),
            ..StoredCall::default()
        };
        25
    ];
    let story = port::story(NOW, &failing);
    let evidence = &story.causes[0].evidence[0].text;
    assert_eq!(evidence, "25 calls: congestion or a wrong number");
    let day = Day {
        rows: History {
            faxes: vec![render::stored_fax(); 12],
            ..History::default()
        },
        ..Day::default()
    };
    let story = gateway::story(NOW, &StatusReport::default(), &day);
    let text = render::gateway_story(super::super::output::Paint { colour: false }, &story);
    assert!(
        text.contains("at least 10 faxes; of the last 10, "),
        "{text}"
    );
}

#[test]
fn the_gateway_is_ready_or_not_by_its_registered_ports() {
    let passing = Finding::ReturnToPreferred {
        server: "10.1.2.3:2000".into(),
    };
    for (finding, registered, standing, begin) in [
        (&passing, 2, Standing::Remark, "The gateway works: port 1: "),
        (
            &passing,
            1,
            Standing::Passing,
            "The gateway is not ready yet, 1 of 2 registered: port 1: ",
        ),
        (
            &Finding::LineOverrun,
            0,
            Standing::Passing,
            "The gateway is not ready yet, 0 of 2 registered: port 1: ",
        ),
        (
            &Finding::LineOverrun,
            1,
            Standing::Impaired,
            "The gateway works, with trouble: port 1: ",
        ),
    ] {
        let status = StatusReport {
            ports: vec![summary(1, std::slice::from_ref(finding)), summary(2, &[])],
            port_counts: tipring_ctl::report::PortCounts {
                total: 2,
                registered,
                ..Default::default()
            },
            ..StatusReport::default()
        };
        let verdict = gateway::story(NOW, &status, &Day::default()).verdict;
        assert_eq!(verdict.standing, standing, "{}", verdict.text);
        assert!(verdict.text.starts_with(begin), "{}", verdict.text);
    }
}

#[test]
fn a_stalled_line_thread_serves_no_port_though_all_are_registered() {
    let status = StatusReport {
        findings: vec![FindingReport::gateway(Finding::LineThreadStalled)],
        port_counts: tipring_ctl::report::PortCounts {
            total: 2,
            registered: 2,
            ..Default::default()
        },
        ..StatusReport::default()
    };
    let story = gateway::story(NOW, &status, &Day::default());
    assert_eq!(
        story.verdict.text,
        "The gateway serves no port: a line thread is stalled, and its ports have no audio: it has not run for several seconds."
    );
    assert_eq!(story.verdict.standing, Standing::Dead);
}

#[test]
fn why_a_call_is_over_is_in_words_and_known_without_them() {
    let up = CallSummary {
        state: CallState::Connected,
        ..CallSummary::default()
    };
    assert_eq!(words::ended(&up), None);
    let over = |end| CallSummary {
        state: CallState::Ended,
        end,
        ..CallSummary::default()
    };
    let lost = over(Some(EndCause::LinkLost));
    assert_eq!(words::ended(&lost), Some("the CallManager was lost"));
    // The word of another version in the history.
    assert_eq!(words::ended(&over(None)), Some("over"));
    let detail = CallDetail {
        summary: lost,
        ..CallDetail::default()
    };
    let verdict = call::story(&detail, None).verdict;
    assert_eq!(verdict.code.as_deref(), Some("failed"));
}

#[test]
fn what_is_counted_since_the_start_says_so() {
    use tipring_types::explain::RuledOut;
    for measured in [
        RuledOut::CardServed { blocks: 1 },
        RuledOut::LoopCloses { off_hooks: 1 },
        RuledOut::DigitsHeard { tone: 1, pulse: 0 },
        RuledOut::LineThreadsInTime {
            ticks: 1,
            longest_us: 1,
        },
    ] {
        let text = tipring_ctl::words::ruled_out(&measured, render::moment);
        assert!(text.contains("since the start"), "{text}");
    }
    let served = |late: u64| {
        let mut port = known(&[]);
        port.detail.line.blocks_read = 1000;
        port.detail.counters = vec![tipring_ctl::report::Counter {
            name: "missed-blocks".into(),
            value: late,
            ..Default::default()
        }];
        let out = port::story(NOW, &port).ruled_out;
        out.iter().any(|m| m.text.starts_with("card: "))
    };
    assert!(served(0) && !served(1));
}

#[test]
fn faxes_of_the_day_are_named_with_their_verdict() {
    let mut port = known(&[]);
    let fax: StoredFax = render::stored_fax();
    port.day.rows = History {
        faxes: vec![fax],
        ..History::default()
    };
    let story = port::story(NOW, &port);
    let text = render::port_story(super::super::output::Paint { colour: false }, &story);
    let says = story.day.faxes[0]
        .text
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    assert!(text.contains(": ") && text.contains(&says), "{text}");
    assert!(text.contains("fax "), "{text}");
}
