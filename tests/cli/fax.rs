//! `tipring fax` against a daemon, against a file, and where there is no such fax.

use tipring_ctl::report::{CallDirection, FarEndReport, FaxMemoryReport, History, StoredFax};
use tipring_ctl::request::{ErrorCode, ErrorReport, FaxMemoryAction, Request, Response};
use tipring_proto::types::{
    FarMemory, FaxAdvice, FaxCause, FaxOutcome, FaxRecord, FaxTally, FaxTransport, FaxVerdict,
    Side, T38Answers, T38Choice, T38Doubt, TenthDbm0,
};
use tipring_store::{Entry, Keeper, Limits, Place, Query, What};

use crate::mock::Mock;
use crate::run::tipring;

fn stored(id: u64, verdict: FaxVerdict) -> StoredFax {
    StoredFax {
        number: 0,
        run: 1,
        id,
        call: Some(id),
        port: 7,
        direction: CallDirection::Outgoing,
        far_number: Some("2001".into()),
        far_name: None,
        far_address: None,
        verdict,
        record: FaxRecord::sample(),
    }
}

fn good(id: u64) -> StoredFax {
    let outcome = FaxOutcome::Complete { pages: 2 };
    stored(
        id,
        FaxVerdict {
            outcome,
            cause: None,
        },
    )
}

fn failed(id: u64) -> StoredFax {
    let rates = vec![14_400, 9600];
    stored(
        id,
        FaxVerdict {
            outcome: FaxOutcome::TrainingUnanswered { rates },
            cause: Some(FaxCause::LevelLow {
                side: Side::Line,
                level: TenthDbm0(-380),
                usual: Some(TenthDbm0(-180)),
            }),
        },
    )
}

#[test]
fn what_is_asked_of_the_daemon_is_what_the_line_says_and_no_such_fax_is_exit_1() {
    let ask = |args: &[&str]| {
        let mock = Mock::answering(|_| Response::History(Box::default()));
        let ended = tipring(&[&mock.socket(), args].concat());
        let Some(Request::History(query)) = mock.asked().into_iter().next() else {
            panic!("{args:?} asked nothing");
        };
        (ended, query)
    };
    let (ended, query) = ask(&["fax", "list", "7", "--failed", "-n", "5"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), "none\n"));
    let wanted = Query {
        port: Some(7),
        what: What::Faxes,
        failed: true,
        limit: 5,
        ..Query::default()
    };
    assert_eq!(query, wanted);
    let (ended, query) = ask(&["fax", "show", "12"]);
    assert_eq!((ended.code, query.fax), (Some(1), Some(12)));
    assert!(ended.stderr.contains("there is no fax 12"), "{ended:?}");
    assert!(ended.stderr.contains("tipring fax list"), "{ended:?}");
    let (ended, query) = ask(&["fax", "stats"]);
    assert_eq!((ended.code, query.what), (Some(0), What::FaxTotals));
    assert_eq!(ended.stdout, "no faxes\n");
    let ended = tipring(&["fax", "show", "twelve"]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn numbers_of_faxes_are_completed_with_port_and_verdict() {
    let mock = Mock::answering(|_| {
        let fax = StoredFax {
            number: 41,
            ..failed(1)
        };
        Response::History(Box::new(History {
            faxes: vec![fax],
            ..History::default()
        }))
    });
    let [_, socket] = mock.socket();
    assert_eq!(
        crate::complete::offered(socket, &["fax", "show", ""]),
        ["41"]
    );
}

fn far_end() -> FarEndReport {
    let memory = FarMemory {
        g711: FaxTally { good: 3, failed: 1 },
        last: Some(FaxTransport::G711),
        last_good: true,
        last_unix_ms: 1_780_000_000_000,
        rate: Some(9600),
        answers: T38Answers {
            refused: 3,
            in_vain: 3,
            last: Some(T38Doubt::Refused),
            last_unix_ms: 1_780_000_000_000,
            ..T38Answers::default()
        },
        ..FarMemory::default()
    };
    let next = FaxAdvice::T38NotAsked {
        why: T38Doubt::Refused,
        times: 3,
        last_unix_ms: 1_780_000_000_000,
    };
    FarEndReport::of("4711", &memory, &[next])
}

#[test]
fn what_is_remembered_of_far_ends_is_listed_forgotten_and_pinned() {
    let ask = |args: &[&str], far_ends: Vec<FarEndReport>| {
        let mock = Mock::answering(move |_| {
            let far_ends = far_ends.clone();
            Response::FaxMemory(FaxMemoryReport {
                far_ends,
                more: false,
            })
        });
        let ended = tipring(&[&mock.socket(), args].concat());
        (ended, mock.asked().into_iter().next())
    };
    let (ended, asked) = ask(&["fax", "memory", "list"], vec![far_end()]);
    assert_eq!(asked, Some(Request::FaxMemory(FaxMemoryAction::List)));
    let rows: Vec<&str> = ended.stdout.lines().collect();
    assert!(rows[0].starts_with("FAR END  LAST"), "{ended:?}");
    for part in ["4711", "G.711", "good", "3/4", "0/3/0", "9600"] {
        assert!(rows[1].contains(part), "{part}: {ended:?}");
    }
    let next = "4711: T.38 not asked for: the far gateway refused it 3 times, last on 2026-05-28 20:26 UTC";
    assert!(ended.stdout.contains(next), "{ended:?}");
    let (ended, _) = ask(&["fax", "memory", "list", "--json"], vec![far_end()]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["far_ends"][0]["far"], "4711");
    assert_eq!(json["far_ends"][0]["answers"]["refused"], 3);
    assert_eq!(json["far_ends"][0]["next"][0]["code"], "t38-not-asked");
    let (ended, _) = ask(&["fax", "memory", "list"], vec![]);
    assert_eq!(ended.stdout, "nothing is remembered of any far end\n");
    let forget = |far: Option<&str>| {
        let far = far.map(str::to_owned);
        Some(Request::FaxMemory(FaxMemoryAction::Forget { far }))
    };
    let (ended, asked) = ask(&["fax", "memory", "forget", "4711"], vec![far_end()]);
    assert_eq!(
        (asked, &*ended.stdout),
        (forget(Some("4711")), "4711 is forgotten\n")
    );
    let (ended, asked) = ask(&["fax", "memory", "forget", "all"], vec![]);
    assert_eq!(
        (asked, &*ended.stdout),
        (forget(None), "0 far ends forgotten\n")
    );
    for (word, t38) in [
        ("never", Some(T38Choice::Never)),
        ("ask", Some(T38Choice::Ask)),
        ("auto", None),
    ] {
        let args = ["fax", "memory", "set", "4711", "--t38", word];
        let (ended, asked) = ask(&args, vec![far_end()]);
        let far = "4711".to_owned();
        let set = Request::FaxMemory(FaxMemoryAction::Set { far, t38 });
        assert_eq!((ended.code, asked), (Some(0), Some(set)));
    }
    assert_eq!(tipring(&["fax", "memory", "set", "4711"]).code, Some(2));
    let help = tipring(&["fax", "memory", "--help"]).stdout;
    for word in ["list", "forget", "set"] {
        assert!(help.contains(word), "{help}");
    }
    let mock = Mock::answering(|_| {
        Response::Error(ErrorReport {
            code: ErrorCode::UnknownFarEnd,
            message: "nothing is remembered of a far end \"4712\"".into(),
            cure: Some("see `tipring fax memory list`".into()),
        })
    });
    let ended = tipring(&[&mock.socket()[..], &["fax", "memory", "forget", "4712"]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("tipring fax memory list"),
        "{ended:?}"
    );
}

#[test]
fn a_file_is_read_without_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let place = Place {
        file: file.clone(),
        group: None,
    };
    let keeper = Keeper::start(place, Limits::default(), || 1_780_000_100_000).unwrap();
    keeper.keep(Entry::from(good(1)));
    keeper.keep(Entry::from(failed(2)));
    drop(keeper);
    let file = file.to_str().unwrap();
    let list = tipring(&["fax", "list", "--file", file]);
    let rows: Vec<&str> = list.stdout.lines().collect();
    assert!(
        rows[0].starts_with("from ") && rows[2].starts_with("FAX  PORT"),
        "{list:?}"
    );
    assert!(
        rows[3].starts_with("2 ") && rows[3].ends_with("level-low"),
        "{list:?}"
    );
    assert!(
        rows[4].starts_with("1 ") && rows[4].ends_with("good"),
        "{list:?}"
    );
    let failed = tipring(&["fax", "list", "--failed", "--json", "--file", file]);
    let json: serde_json::Value = serde_json::from_str(&failed.stdout).unwrap();
    assert_eq!(json["faxes"].as_array().unwrap().len(), 1);
    assert_eq!(json["faxes"][0]["code"], "level-low");
    let why = "line level is -38 dBm0, 20 dB below the usual";
    assert_eq!(json["faxes"][0]["why"], why);
    assert_eq!(json["faxes"][0]["record"]["pages"], 2);
    let show = tipring(&["fax", "show", "2", "--file", file]);
    for part in [why, "check the wiring of port 7", "Session", "<---"] {
        assert!(show.stdout.contains(part), "{part}: {}", show.stdout);
    }
    let stats = tipring(&["fax", "stats", "--json", "--file", file]);
    let json: serde_json::Value = serde_json::from_str(&stats.stdout).unwrap();
    assert_eq!(
        (&json["ports"][0]["faxes"], &json["ports"][0]["good"]),
        (&2.into(), &1.into())
    );
    assert_eq!(json["numbers"][0]["far_number"], "2001");
    let missing = tipring(&["fax", "list", "--file", "/nonexistent/history.db"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
}
