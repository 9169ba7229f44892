use super::*;
use crate::finding::{Finding, Severity};
use crate::types::EndCause;

fn good() -> PortFigures {
    PortFigures {
        enabled: true,
        registered: true,
        server: Some("10.0.0.1:2000".into()),
        blocks: [1000, 0, 0],
        voltages: Some([-1.0, -48.0, -52.0]),
        off_hooks: 3,
        last_call: Some(LastCall {
            answered: true,
            sent: 500,
            received: 500,
            mos: Some(4.4),
            ..LastCall::default()
        }),
        ..PortFigures::default()
    }
}

fn one_way() -> Finding {
    Finding::OneWayAudio {
        address: "10.0.0.9:4000".into(),
        refused: None,
        by_policy: false,
        silent_s: None,
    }
}

#[test]
fn the_worse_comes_first_and_of_equal_ones_what_explains_the_others() {
    let mut all = Finding::samples();
    all.sort_by_key(rank);
    let severities: Vec<Severity> = all.iter().map(Finding::severity).collect();
    assert!(severities.is_sorted_by_key(|s| std::cmp::Reverse(*s)));
    let place = |code: &str| all.iter().position(|f| f.code() == code).unwrap();
    for (first, then) in [
        ("line-thread-stalled", "card-removed"),
        ("own-address-missing", "connect-refused"),
        ("span-alarm", "no-battery"),
        ("no-battery", "registration-rejected"),
        ("registration-rejected", "server-unresponsive"),
        ("one-way-audio", "line-underrun"),
        ("line-underrun", "no-backup"),
        ("no-backup", "no-realtime-priority"),
        ("memory-not-locked", "history-disk-full"),
    ] {
        assert!(place(first) < place(then), "{first} before {then}");
    }
}

#[test]
fn a_finding_of_the_gateway_is_named_at_a_port_that_it_harms_alone() {
    let realtime = Finding::NoRealtimePriority {
        reason: String::new(),
    };
    let address = Finding::OwnAddressMissing {
        address: String::new(),
        present: vec![],
    };
    let backup = Finding::NoBackup {
        servers: vec![],
        reason: String::new(),
        untried: vec![],
    };
    let port = good();
    assert!(!concerns(&realtime, &port) && !concerns(&address, &port));
    assert!(concerns(&backup, &port) && concerns(&Finding::LineThreadStalled, &port));
    assert!(!concerns(&Finding::HistoryStalled, &port));
    let lossy = PortFigures {
        blocks: [1000, 1, 0],
        registered: false,
        ..good()
    };
    assert!(concerns(&realtime, &lossy) && concerns(&address, &lossy));
    assert!(!concerns(&backup, &lossy));
}

#[test]
fn nothing_is_ruled_out_that_was_not_measured() {
    let nothing = PortFigures {
        enabled: true,
        ..PortFigures::default()
    };
    assert_eq!(ruled_out(&nothing, &[]), []);
    let all = ruled_out(&good(), &[]);
    let has = |wanted: fn(&RuledOut) -> bool| all.iter().any(wanted);
    assert!(has(|m| matches!(m, RuledOut::Registered { .. })));
    assert!(has(|m| matches!(m, RuledOut::CardServed { blocks: 1000 })));
    assert!(has(|m| matches!(m, RuledOut::FeedPresent { .. })));
    assert!(has(|m| matches!(m, RuledOut::AudioBothWays { .. })));
    assert!(!has(|m| matches!(m, RuledOut::EchoTrained { .. })));
    assert!(!has(|m| matches!(m, RuledOut::DigitsHeard { .. })));
}

#[test]
fn what_a_finding_is_about_is_never_ruled_out() {
    let dead = Finding::NoBattery {
        unregistered: false,
    };
    type Wrong = fn(&RuledOut) -> bool;
    let cases: [(&Finding, Wrong); 4] = [
        (&dead, |m| matches!(m, RuledOut::FeedPresent { .. })),
        (&Finding::OffHookLockout, |m| {
            matches!(m, RuledOut::LoopCloses { .. })
        }),
        (&Finding::ServerUnresponsive, |m| {
            matches!(m, RuledOut::Registered { .. })
        }),
        (&one_way(), |m| matches!(m, RuledOut::AudioBothWays { .. })),
    ];
    for (finding, wrong) in cases {
        assert!(ruled_out(&good(), &[]).iter().any(wrong), "{finding:?}");
        assert!(
            !ruled_out(&good(), &[finding]).iter().any(wrong),
            "{finding:?}"
        );
    }
    // A block that came late was replaced by silence.
    let late = PortFigures {
        missed_blocks: 1,
        ..good()
    };
    let served = |m: &RuledOut| matches!(m, RuledOut::CardServed { .. });
    assert!(ruled_out(&good(), &[]).iter().any(served));
    assert!(!ruled_out(&late, &[]).iter().any(served));
    // A short draws the voltages down whatever the finding.
    let drawn = PortFigures {
        voltages: Some([-3.0, -5.0, -52.0]),
        ..good()
    };
    let fed = |m: &RuledOut| matches!(m, RuledOut::FeedPresent { .. });
    assert!(!ruled_out(&drawn, &[]).iter().any(fed));
    // Few packets of many came: audio both ways it was not.
    let mut thin = good();
    if let Some(call) = &mut thin.last_call {
        call.received = 249;
    }
    let both = |m: &RuledOut| {
        matches!(
            m,
            RuledOut::AudioBothWays { .. } | RuledOut::SoundGood { .. }
        )
    };
    assert!(!ruled_out(&thin, &[]).iter().any(both));
}

#[test]
fn a_rejection_rests_on_its_count_and_on_the_ports_that_are_not_rejected() {
    let rejected = &Finding::samples()[..];
    let rejected = rejected
        .iter()
        .find(|f| f.code() == "registration-rejected");
    let port = PortFigures {
        registered: false,
        rejected: 14,
        registration_since_unix_ms: Some(10_000),
        next_attempt_ms: Some(2500),
        ..good()
    };
    let mut around = Around {
        now_unix_ms: 70_000,
        others_registered: Some(("10.0.0.1:2000".into(), 3)),
        enabled: 4,
        ..Around::default()
    };
    let all = evidence(rejected.unwrap(), &port, &around);
    assert_eq!(
        all,
        [
            Evidence::Since {
                unix_ms: 10_000,
                seconds: 60
            },
            Evidence::Rejected { times: 14 },
            Evidence::OthersRegistered {
                server: "10.0.0.1:2000".into(),
                ports: 3
            },
            Evidence::NextAttempt { seconds: 3 },
        ]
    );
    around.same = vec![2, 3];
    let all = evidence(rejected.unwrap(), &port, &around);
    assert!(all.contains(&Evidence::OthersSame { ports: vec![2, 3] }));
    around.same = vec![2, 3, 4];
    let all = evidence(rejected.unwrap(), &port, &around);
    assert!(all.contains(&Evidence::AllSame { ports: 4 }), "{all:?}");
}

#[test]
fn one_way_audio_rests_on_the_leg_that_it_is_about() {
    let leg = |remote: &str, sent, received| LegFigures {
        remote: Some(remote.into()),
        sent,
        received,
        ..LegFigures::default()
    };
    let mut port = good();
    port.legs = vec![leg("10.0.0.8:4000", 900, 890), leg("10.0.0.9:4000", 500, 0)];
    port.legs[1].refused = Some(("10.0.0.7:4000".into(), 40));
    assert_eq!(
        evidence(&one_way(), &port, &Around::default()),
        [
            Evidence::Rtp {
                sent: 500,
                received: 0
            },
            Evidence::Refused {
                address: "10.0.0.7:4000".into(),
                packets: 40
            },
        ]
    );
    port.legs.pop();
    assert_eq!(evidence(&one_way(), &port, &Around::default()), []);
}

#[test]
fn figures_that_are_no_finding_are_remarks_and_good_ones_are_none() {
    assert_eq!(remarks(&good()), []);
    let off = PortFigures {
        enabled: false,
        ..good()
    };
    assert_eq!(remarks(&off), [Remark::Disabled]);
    assert_eq!(standing(&off, None, &remarks(&off)), Standing::Disabled);
    let bad = PortFigures {
        forwarded_all: Some("2002".into()),
        calls: [9, 3],
        recurring: [("card-removed", 3), ("no-battery", 2)]
            .map(|(code, times)| Recurring {
                code: code.into(),
                what: "the card is removed".into(),
                registration: false,
                times,
            })
            .to_vec(),
        last_call: Some(LastCall {
            received: 90,
            lost: 10,
            mos: Some(2.5),
            ..LastCall::default()
        }),
        echo: Some([4.0, 20.0]),
        ..good()
    };
    assert_eq!(
        remarks(&bad),
        [
            Remark::ForwardedAll { to: "2002".into() },
            Remark::CallsFailed {
                failed: 3,
                calls: 9
            },
            Remark::Recurring {
                finding: "card-removed".into(),
                what: "the card is removed".into(),
                registration: false,
                times: 3
            },
            Remark::PoorSound {
                mos: 2.5,
                lost_percent: 10.0
            },
            Remark::StrongEcho { erl_db: 4.0 },
        ]
    );
    let few = PortFigures {
        calls: [10, 3],
        ..good()
    };
    assert_eq!(remarks(&few), []);
    assert_eq!(standing(&bad, None, &remarks(&bad)), Standing::Remark);
    let warned = Some(one_way().severity());
    assert_eq!(standing(&good(), warned, &[]), Standing::Impaired);
    // Without a registration nothing is in order, remarks or not.
    let away = PortFigures {
        registered: false,
        ..bad
    };
    assert_eq!(standing(&away, None, &[]), Standing::Passing);
    assert_eq!(standing(&away, None, &remarks(&away)), Standing::Passing);
    assert_eq!(standing(&away, Some(Severity::Error), &[]), Standing::Dead);
}

#[test]
fn a_last_call_in_which_nothing_was_heard_is_a_remark() {
    let heard_nothing = |change: fn(&mut LastCall)| {
        let mut last = LastCall {
            answered: true,
            talked_ms: 60_000,
            legs: vec![LegFigures {
                remote: Some("10.0.0.9:4000".into()),
                sent: 3000,
                refused: Some(("10.0.0.8:4000".into(), 2990)),
                ..LegFigures::default()
            }],
            sent: 3000,
            ..LastCall::default()
        };
        change(&mut last);
        let port = PortFigures {
            last_call: Some(last),
            ..good()
        };
        (standing(&port, None, &remarks(&port)), remarks(&port))
    };
    let remark = Remark::OneWay {
        address: "10.0.0.9:4000".into(),
        refused: Some("10.0.0.8:4000".into()),
    };
    assert_eq!(heard_nothing(|_| ()), (Standing::Remark, vec![remark]));
    let nothing = (Standing::InOrder, vec![]);
    assert_eq!(heard_nothing(|c| c.legs[0].received = 3), nothing);
    assert_eq!(heard_nothing(|c| c.legs[0].data = true), nothing);
    assert_eq!(heard_nothing(|c| c.talked_ms = 2999), nothing);
    assert_eq!(heard_nothing(|c| c.answered = false), nothing);
}

fn call() -> CallFigures {
    CallFigures {
        preserved: false,
        answered: true,
        talked_ms: 60_000,
        end: Some(EndCause::FarHangUp),
        legs: vec![LegFigures {
            remote: Some("10.0.0.9:4000".into()),
            sent: 3000,
            received: 3000,
            silent_ms: Some(20),
            ..LegFigures::default()
        }],
        erl_db: Some(20.0),
    }
}

#[test]
fn a_call_in_order_has_nothing_noteworthy() {
    assert_eq!(call_notes(&call()), []);
    assert_eq!(call_standing(&[]), Standing::InOrder);
    // Nobody answered, so nobody had to be heard.
    let unanswered = CallFigures {
        answered: false,
        end: Some(EndCause::NotAnswered),
        ..call()
    };
    assert_eq!(call_notes(&unanswered), []);
}

#[test]
fn of_two_legs_the_worse_is_named_first_and_decides_how_the_call_stands() {
    let mut two = call();
    two.legs.push(two.legs[0].clone());
    two.legs[0].lost = 100;
    two.legs[1].lost = 1000;
    let percents: Vec<f64> = call_notes(&two)
        .iter()
        .filter_map(|note| match note {
            CallNote::Loss { percent, .. } => Some(*percent),
            _ => None,
        })
        .collect();
    assert_eq!(percents, [25.0, 3.2]);
    let echo = CallFigures {
        erl_db: Some(3.0),
        ..call()
    };
    let mut uneven = echo.clone();
    uneven.legs[0].jitter_ms = 50.0;
    for call in [echo, uneven] {
        assert_eq!(call_standing(&call_notes(&call)), Standing::Impaired);
    }
}

#[test]
fn what_one_side_did_not_hear_comes_before_how_the_rest_sounded() {
    let codes = |change: fn(&mut CallFigures)| {
        let mut call = call();
        change(&mut call);
        let notes = call_notes(&call);
        let json = |note: &CallNote| format!("{note:?}");
        let names = notes.iter().map(json);
        names
            .map(|n| n.split([' ', '{']).next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(|c| c.legs[0].received = 0), ["NothingHeard"]);
    assert_eq!(
        codes(|c| {
            c.legs[0].received = 0;
            c.legs[0].sent = 149;
        }),
        [""; 0]
    );
    assert_eq!(
        codes(|c| {
            c.legs[0].received = 0;
            c.legs[0].data = true;
        }),
        [""; 0]
    );
    assert_eq!(codes(|c| c.legs[0].silent_ms = Some(8000)), ["FellSilent"]);
    assert_eq!(
        codes(|c| {
            c.legs[0].silent_ms = Some(8000);
            c.legs[0].data = true;
        }),
        [""; 0]
    );
    assert_eq!(
        codes(|c| {
            c.legs[0].lost = 100;
            c.legs[0].far_lost_percent = Some(5.0);
            c.legs[0].delay_ms = Some(300.0);
            c.erl_db = Some(3.0);
        }),
        ["Loss", "FarLoss", "LongDelay", "StrongEcho"]
    );
    assert_eq!(
        codes(|c| {
            // The first leg came unevenly, the second one was not heard, and the line has an echo.
            c.legs.push(c.legs[0].clone());
            c.legs[0].jitter_ms = 50.0;
            c.legs[0].lost = 100;
            c.legs[1].received = 0;
            c.erl_db = Some(3.0);
        }),
        ["NothingHeard", "Loss", "StrongEcho", "Jitter"]
    );
    assert_eq!(codes(|c| c.end = Some(EndCause::LinkLost)), ["BrokenOff"]);
    assert_eq!(
        codes(|c| {
            c.end = Some(EndCause::Congestion);
            c.answered = false;
        }),
        ["Failed"]
    );
}
