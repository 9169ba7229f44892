//! `tipring trace --capture`: what a port and its CallManager said, recorded from the running daemon and played again.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, ChildStderr, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tipring_proto::sccp::message::{
    CallOnLine, CallStateChange, CallStateKind, ClientMessage, Encryption, MediaFormat,
    OpenReceiveChannel, RingMode, ServerMessage, SetRinger, StartMediaTransmission,
};
use tipring_proto::sccp::wire::{encode_client, encode_server};
use tipring_proto::types::{CallRef, Conference, LineInstance, Party};
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, number_of};

/// A recording under way: it has begun when this is there.
struct Recording {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Recording {
    fn begin(gateway: &Gateway, args: &[&str]) -> Recording {
        let mut child = gateway.tipring_runs(&[&["trace"], args].concat()).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("recording into"), "{line}");
        Recording { child, stderr }
    }

    /// Ctrl-C; how it ended, and its remarks.
    fn end(mut self) -> (ExitStatus, String) {
        let interrupt = std::process::Command::new("kill")
            .args(["-s", "INT", &self.child.id().to_string()])
            .status();
        assert!(interrupt.is_ok_and(|kill| kill.success()));
        self.ended()
    }

    fn ended(&mut self) -> (ExitStatus, String) {
        // Nobody reads the events: the pipe is closed for those that follow.
        drop(self.child.stdout.take());
        let end = Instant::now() + SOON;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > end => {
                    let _ = self.child.kill();
                    panic!("the recording does not end");
                }
                None => std::thread::sleep(Duration::from_millis(10)), // asks again, with the deadline above
            }
        };
        let mut remarks = String::new();
        self.stderr.read_to_string(&mut remarks).unwrap();
        (status, remarks)
    }
}

/// Port 1 calls port 2 and is called by it.
fn two_calls(gateway: &Gateway) {
    for (from, to) in [(1, 2), (2, 1)] {
        let number = number_of(gateway, to);
        let [mut caller, mut called] = [from, to].map(|p| gateway.set(p).unwrap());
        caller.call(&number).unwrap();
        called.answer().unwrap();
        caller.connected().unwrap();
        called.connected().unwrap();
        for set in [&mut caller, &mut called] {
            set.finish().unwrap();
        }
    }
}

fn replayed(gateway: &Gateway, file: &Path) -> Vec<Value> {
    let text = gateway
        .tipring(&["--json", "replay", file.to_str().unwrap()])
        .unwrap();
    let reports = text.lines().map(|line| serde_json::from_str(line).unwrap());
    reports.collect()
}

pub(crate) fn a_call_that_was_recorded_is_played_as_it_happened() {
    let place = Place::new();
    let _server = place.callmanager();
    let gateway = place.gateway(2, "");
    let [veiled, plain] = ["veiled.json", "plain.json"].map(|name| place.folder().join(name));
    let hidden = Recording::begin(&gateway, &["1", "--capture", veiled.to_str().unwrap()]);
    let open = Recording::begin(
        &gateway,
        &[
            "1",
            "--capture",
            plain.to_str().unwrap(),
            "--keep-identities",
        ],
    );
    two_calls(&gateway);
    for (recording, says) in [(hidden, "are replaced"), (open, "as they are")] {
        let (status, remarks) = recording.end();
        assert!(
            status.success() && remarks.contains(says),
            "{status}: {remarks}"
        );
        assert!(!remarks.contains("missing"), "{remarks}");
    }
    let number: String = number_of(&gateway, 2)
        .bytes()
        .map(|b| format!("{b:02x}"))
        .collect();
    let has_number = |file: &Path| fs::read_to_string(file).unwrap().contains(&number);
    assert!(
        has_number(&plain) && !has_number(&veiled),
        "the called number {number}"
    );
    for file in [veiled, plain] {
        let reports = replayed(&gateway, &file);
        let [report] = &reports[..] else {
            panic!("{} connections in {}", reports.len(), file.display());
        };
        assert_eq!(report["registered"], true, "{report:#}");
        assert_eq!(report["unreadable"], Value::Array(vec![]));
        // What the port of the play says is what the port said.
        assert_eq!(report["deviations"], Value::Array(vec![]), "{report:#}");
        let legs = report["legs"].as_array().unwrap();
        let heard = legs.iter().filter(|leg| leg["heard"] == true).count();
        assert_eq!((legs.len(), heard), (4, 4), "{report:#}");
        let texts: Vec<&str> = report["timeline"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["who"] == "port")
            .map(|line| line["text"].as_str().unwrap())
            .collect();
        for says in [
            "ring, inside",
            "play inside dial tone",
            "play alerting tone",
        ] {
            let said = texts.iter().any(|text| text.contains(says));
            assert!(said, "no {says:?} in {texts:#?}");
        }
    }
}

pub(crate) fn a_recording_that_cannot_be_written_says_so_and_one_whose_reader_has_gone_is_whole() {
    let place = Place::new();
    let _server = place.callmanager();
    let gateway = place.gateway(2, "");
    let file = place.folder().join("call.json");
    let nowhere = place.folder().join("no/such/call.json");
    let refused = gateway
        .tipring_ends(&["trace", "1", "--capture", nowhere.to_str().unwrap()])
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("no such folder"), "{words}");
    let full = Recording::begin(&gateway, &["1", "--capture", "/dev/full"]);
    let idle = Recording::begin(&gateway, &["1", "--capture", file.to_str().unwrap()]);
    let (status, remarks) = idle.end();
    assert_eq!(status.code(), Some(1));
    assert!(remarks.contains("no SCCP message came"), "{remarks}");
    assert!(!file.exists());
    let mut unread = Recording::begin(&gateway, &["--capture", file.to_str().unwrap()]);
    drop(unread.child.stdout.take());
    let mut lifted = gateway.set(1).unwrap();
    lifted.lift().unwrap();
    lifted.hears_dial_tone().unwrap();
    // `trace` ends when nobody reads it, and the file is there.
    let (status, _) = unread.ended();
    assert_eq!(status.code(), Some(1));
    let whole: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert!(!whole["frames"].as_array().unwrap().is_empty());
    let (status, remarks) = full.end();
    assert_eq!(status.code(), Some(1));
    assert!(
        remarks.contains("/dev/full was not written") && remarks.contains("make room"),
        "{remarks}"
    );
}

/// A call that is answered, with the copy for a recorder before the call's own media, as a CallManager of version 20 says it.
fn recorded_call() -> Value {
    let (line, call) = (LineInstance(1), CallRef(0x012E_0002));
    let state = |state| ServerMessage::CallState(CallStateChange { state, line, call });
    let start = |party: u32, call, port| {
        ServerMessage::StartMediaTransmission(StartMediaTransmission {
            conference: Conference(0x012E_0002),
            party: Party(party),
            remote: SocketAddrV4::new([192, 0, 2, 20].into(), port),
            ptime_ms: 20,
            format: MediaFormat::G711_ULAW,
            precedence: 184,
            vad: false,
            max_frames: 0,
            call,
            encryption: Encryption::default(),
            rfc2833_payload: 0,
            nse_payload: None,
        })
    };
    let server = [
        (0.0, state(CallStateKind::RING_IN)),
        (
            0.0,
            ServerMessage::SetRinger(SetRinger {
                mode: RingMode::INSIDE,
                duration: 1,
                line,
                call,
            }),
        ),
        (1.02, state(CallStateKind::OFF_HOOK)),
        (
            1.02,
            ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
                conference: Conference(call.0),
                party: Party(0x0100_0050),
                ptime_ms: 20,
                format: MediaFormat::G711_ULAW,
                echo_cancel: false,
                call,
                encryption: Encryption::default(),
                rfc2833_payload: 0,
                nse_payload: None,
            }),
        ),
        (1.02, state(CallStateKind::CONNECTED)),
        (1.05, start(0x0100_0051, CallRef(0x012E_0006), 9_399)),
        (1.06, start(0x0100_0050, call, 32_144)),
    ];
    let frame = |t: f64, sender: &str, receiver: &str, bytes: &[u8]| {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        json!({ "t": t, "sender": sender, "receiver": receiver, "hex": hex })
    };
    let lifts = ClientMessage::OffHook(CallOnLine { line, call });
    let mut frames: Vec<Value> = server
        .iter()
        .map(|(t, message)| frame(*t, "callmanager", "b", &encode_server(message, 20)))
        .collect();
    frames.insert(
        2,
        frame(1.0, "b", "callmanager", &encode_client(&lifts, 20)),
    );
    json!({ "frames": frames })
}

pub(crate) fn a_capture_is_played_to_a_daemon_whose_phone_and_far_ends_are_heard() {
    let place = Place::new();
    let _server = place.callmanager();
    // For its `tipring` only: the play has a daemon of its own.
    let gateway = place.gateway(1, "");
    let file = place.folder().join("recorded.json");
    fs::write(&file, recorded_call().to_string()).unwrap();
    let text = gateway
        .tipring(&["--json", "replay", "--live", file.to_str().unwrap()])
        .unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["unreadable"], json!([]), "{report:#}");
    let said: Vec<&str> = report["deviations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["message"].as_str().unwrap())
        .collect();
    // The captured phone's own acknowledgements are left out of this capture.
    assert_eq!(
        said,
        [
            "OpenReceiveChannelAck for party 0x01000050, granted",
            "StartMediaTransmissionAck for party 0x01000050, granted",
            "StartMediaTransmissionAck for party 0x01000051, refused",
        ]
    );
    let far_ends = report["far_ends"].as_array().unwrap();
    let of = |address: &str| {
        let found = far_ends.iter().find(|f| f["address"] == address);
        found.unwrap_or_else(|| panic!("no {address} in {report:#}"))
    };
    let (own, recorder) = (of("192.0.2.20:32144"), of("192.0.2.20:9399"));
    assert!(own["sounding"].as_u64().unwrap() > 10, "{own}");
    assert_eq!(own["ssrc"].as_array().unwrap().len(), 1, "{own}");
    assert_eq!(
        (&recorder["packets"], &recorder["sent"]),
        (&json!(0), &json!(0))
    );
    let heard = report["heard"].as_array().unwrap();
    assert!(
        heard.iter().any(|span| span["ringing"] == true),
        "{heard:?}"
    );
    let tone = own["tone_hz"].as_f64().unwrap();
    let hears = |span: &&Value| {
        let near = |key: &str, wanted: f64, by: f64| {
            span[key]
                .as_f64()
                .is_some_and(|value| (value - wanted).abs() <= by)
        };
        near("hz", tone, tone / 50.0) && near("dbm0", -13.0, 1.5)
    };
    assert!(heard.iter().any(|span| hears(&span)), "{heard:?}");
}
