//! `tipring fax` against a daemon, against a file, and where there is no such fax.

use tipring_ctl::report::{CallDirection, History, StoredFax};
use tipring_ctl::request::{Request, Response};
use tipring_proto::types::{FaxCause, FaxOutcome, FaxRecord, FaxVerdict, Side, TenthDbm0};
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
