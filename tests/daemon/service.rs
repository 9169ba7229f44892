//! Started by systemd, without realtime rights, or with nothing at all.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::Scheduling;
use tipring_tests::gateway::Launch;

use crate::place::{Place, SOON, until_says};
use crate::talk::has_dial_tone;

/// The end of a service's notification socket that systemd has.
struct Notifications {
    socket: UnixDatagram,
    path: String,
}

impl Notifications {
    fn open(folder: &Path) -> Notifications {
        let path = folder.join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        let path = path.to_str().unwrap().to_owned();
        Notifications { socket, path }
    }

    /// The next message, or `None` when none came in time.
    fn next(&self, within: Duration) -> Option<String> {
        self.socket
            .set_read_timeout(Some(within.max(Duration::from_millis(1))))
            .unwrap();
        let mut buffer = [0; 4096];
        match self.socket.recv(&mut buffer) {
            Ok(n) => Some(String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned()),
            Err(e) => {
                assert!(
                    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                    "{e}"
                );
                None
            }
        }
    }

    /// Waits for a message, and gives it with all those before it.
    fn until(&self, wanted: &str) -> Vec<String> {
        let end = Instant::now() + SOON;
        let mut all = vec![];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(message) => all.push(message),
                None => panic!("no {wanted:?} but {all:?}"),
            }
            if all.last().is_some_and(|m| m == wanted) {
                return all;
            }
        }
    }
}

pub(crate) fn systemd_is_notified_of_readiness_status_strokes_and_stopping() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let systemd = Notifications::open(place.folder());
    let mut gateway = place
        .launch(&place.config(2, ""))
        .env("NOTIFY_SOCKET", &systemd.path)
        .env("WATCHDOG_USEC", "400000")
        .spawn()
        .unwrap();
    let before = systemd.until("READY=1");
    assert_eq!(before, ["READY=1"], "nothing comes before ready");
    // Ready means that it can be asked, now.
    Client::connect(gateway.socket(), Duration::from_secs(1)).unwrap();
    let status = systemd.until("STATUS=2 of 2 ports registered");
    assert!(status.contains(&"WATCHDOG=1".to_owned()), "{status:?}");
    // Strokes come at half the time asked for, at most; a busy machine may be late by as much again.
    let mut last = Instant::now();
    for _ in 0..8 {
        systemd.until("WATCHDOG=1");
        let gap = last.elapsed();
        assert!(gap < Duration::from_millis(400), "{gap:?} without a stroke");
        last = Instant::now();
    }
    let pid = gateway.pid().to_string();
    std::process::Command::new("kill")
        .arg(pid)
        .status()
        .unwrap();
    systemd.until("STOPPING=1");
    assert_eq!(gateway.ended(SOON).unwrap().code(), Some(0));
    assert!(
        gateway.log().contains("tipringd is down"),
        "{}",
        gateway.log()
    );
}

pub(crate) fn strokes_come_for_a_watchdog_of_an_hour_and_for_none() {
    for usec in [Some("3600000000"), None] {
        let place = Place::new();
        let systemd = Notifications::open(place.folder());
        let mut launch = place
            .launch(&place.config(1, ""))
            .env("NOTIFY_SOCKET", &systemd.path);
        if let Some(usec) = usec {
            launch = launch.env("WATCHDOG_USEC", usec);
        }
        let gateway = launch.start().unwrap();
        systemd.until("STATUS=0 of 1 ports registered");
        let messages = systemd.until("STATUS=0 of 1 ports registered");
        // Without a watchdog a stroke means nothing to systemd.
        assert!(
            messages.contains(&"WATCHDOG=1".to_owned()),
            "{usec:?}: {messages:?}"
        );
        gateway.stop().unwrap();
    }
}

/// Takes the right to realtime scheduling away: the limit, and root's capability where there is one.
fn without_realtime(launch: Launch) -> Launch {
    let is_root =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    let limit = ["/usr/bin/prlimit", "--rtprio=0:0", "--"];
    let capability = [
        "/usr/bin/setpriv",
        "--bounding-set=-sys_nice",
        "--inh-caps=-sys_nice",
        "--",
    ];
    if is_root {
        launch.wrapped(&[&limit[..], &capability[..]].concat())
    } else {
        launch.wrapped(&limit)
    }
}

pub(crate) fn without_realtime_rights_it_starts_says_so_once_and_shows_the_cure() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = without_realtime(place.launch(&place.config(2, "")))
        .start()
        .unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let log = gateway.log();
    assert_eq!(log.matches("without realtime priority").count(), 1, "{log}");
    let status = gateway.status().unwrap();
    assert_eq!(
        status.line_threads[0].realtime.scheduling,
        Scheduling::Normal
    );
    let text = gateway.tipring(&["status"]).unwrap();
    for wanted in [
        "normal scheduling",
        "the line thread runs without realtime priority",
        "CAP_SYS_NICE",
        "realtime = \"off\"",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    has_dial_tone(&gateway, 1);
    gateway.stop().unwrap();
}

pub(crate) fn realtime_that_is_required_and_refused_is_exit_1() {
    let place = Place::new();
    let config = place.config(2, "[line-thread]\nrealtime = \"required\"\n");
    let mut gateway = without_realtime(place.launch(&config)).spawn().unwrap();
    assert_eq!(gateway.ended(SOON).unwrap().code(), Some(1));
    let log = gateway.log();
    assert!(
        log.contains("[line-thread] realtime = \"required\", but "),
        "{log}"
    );
    assert!(!gateway.socket().exists());
}

pub(crate) fn realtime_that_is_off_is_nothing_to_complain_about() {
    let place = Place::new();
    let config = place.config(2, "[line-thread]\nrealtime = \"off\"\n");
    let gateway = without_realtime(place.launch(&config)).start().unwrap();
    assert!(!gateway.log().contains("realtime"), "{}", gateway.log());
    gateway.stop().unwrap();
}

pub(crate) fn the_first_start_needs_no_configuration() {
    let place = Place::new();
    let gateway = Launch::new(place.folder(), None)
        .env("HOME", "/nonexistent")
        .start()
        .unwrap();
    let log = gateway.log();
    assert!(
        log.contains("no configuration file: simulated card with built-in defaults"),
        "{log}"
    );
    let nobody = TcpStream::connect("127.0.0.1:2000").is_err();
    let wanted: &[&str] = if nobody {
        &[
            "built-in defaults",
            "sim (simulated card with analog phones and fax machines), 4 ports",
            "127.0.0.1:2000",
            "not registered with 127.0.0.1:2000: connection refused",
            "cure: check that the CallManager is running, and its address and port in [callmanager] servers",
        ]
    } else {
        &["built-in defaults", "sim (simulated card", "127.0.0.1:2000"]
    };
    until_says(SOON, wanted, || gateway.tipring(&["status"]).unwrap());
    gateway.stop().unwrap();
}
