//! Rude control clients, a second daemon, a socket that a crash left behind.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use tipring_ctl::request::{Request, SimAction, SimCondition};
use tipring_ctl::wire::{self, ClientLine, MAX_LINE};
use tipring_tests::gateway::{Gateway, Launch};

use crate::place::{Place, SOON};
use crate::talk::{Talk, has_dial_tone};

/// From this number on the daemon lets idle clients give way.
const MANY_CLIENTS: usize = 64;

fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
}

/// Everything until the daemon closes.
fn rest(stream: &mut UnixStream) -> String {
    let mut text = vec![];
    // A reset is an end, too.
    let ended = stream.read_to_end(&mut text);
    let timed_out = ended.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "the connection is not closed");
    String::from_utf8_lossy(&text).into_owned()
}

/// A line of the daemon.
fn line(stream: &mut UnixStream) -> String {
    let (mut text, mut byte) = (vec![], [0]);
    while stream.read_exact(&mut byte).is_ok() && byte != *b"\n" {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn answers(gateway: &Gateway) -> Duration {
    let begin = Instant::now();
    gateway.status().unwrap();
    begin.elapsed()
}

pub(crate) fn rude_clients_cost_their_own_connection() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let mut talk = Talk::begin(&gateway, 1, 2);
    talk.undisturbed(|| {
        // Garbage lines are answered with what is wrong, and the connection goes on.
        let mut client = connect(gateway.socket());
        assert!(line(&mut client).contains("hello"));
        for garbage in [
            "",
            "{}",
            "null",
            "[[[[",
            "\u{0}\u{7f}",
            "{\"id\":1,\"type\":\"explode\"}",
        ] {
            client.write_all(format!("{garbage}\n").as_bytes()).unwrap();
            let answer = line(&mut client);
            assert!(answer.contains("bad-request"), "{garbage:?}: {answer}");
        }
        let id = 7;
        client
            .write_all(&wire::encode(&ClientLine {
                id,
                request: Request::Status,
            }))
            .unwrap();
        assert!(line(&mut client).contains("\"uptime_s\""));

        // Binary bytes, a line of 2 MB, half a line and gone.
        let mut client = connect(gateway.socket());
        client.write_all(&[0xFF; 100]).unwrap();
        drop(client);
        let mut client = connect(gateway.socket());
        // The daemon may close before all of it is written.
        let _ = client.write_all(&vec![b'x'; 2 * MAX_LINE]);
        rest(&mut client);
        let mut client = connect(gateway.socket());
        client.write_all(b"{\"id\":1,\"ty").unwrap();
        drop(client);

        // A thousand requests at once and not one answer read.
        let mut client = connect(gateway.socket());
        client
            .set_write_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let ask = wire::encode(&ClientLine {
            id,
            request: Request::Status,
        })
        .repeat(1000);
        let _ = client.write_all(&ask);
        assert!(answers(&gateway) < Duration::from_secs(2));
    });
    talk.end();
}

fn ask(stream: &mut UnixStream, request: Request) {
    let line = wire::encode(&ClientLine { id: 1, request });
    stream.write_all(&line).unwrap();
}

/// A connected client that has been greeted.
fn greeted(socket: &Path) -> UnixStream {
    let mut stream = connect(socket);
    let hello = line(&mut stream);
    assert!(hello.contains("hello"), "{hello:?}");
    stream
}

/// The daemon has closed it.
fn is_sent_away(stream: &mut UnixStream) {
    let said = rest(stream);
    assert_eq!(said, "");
}

pub(crate) fn of_seventy_idle_clients_the_oldest_give_way_and_the_log_says_so_once() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    // Whatever the start of this test has asked is gone before the crowd comes.
    let mut crowd: Vec<UnixStream> = (0..70)
        .map(|n| {
            let mut client = greeted(gateway.socket());
            // Some are in the middle of a line, which is idle too.
            if n % 2 == 0 {
                client.write_all(b"{\"id\":1,\"req").unwrap();
            }
            client
        })
        .collect();
    for client in &mut crowd[..70 - MANY_CLIENTS] {
        is_sent_away(client);
    }
    // The newest are served, root's technician among them.
    let newest = &mut crowd[69];
    ask(newest, Request::PortList);
    assert!(line(newest).contains("\"ports\""));
    has_dial_tone(&gateway, 1);
    drop(crowd);
    // Lines are written by a thread of their own, which a busy machine may keep waiting: at its end the daemon has written
    // them all. Six were sent away; the log need not say it six times.
    let log = place.folder().join("tipringd.log");
    gateway.stop().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("too many control clients").count(), 1, "{log}");
}

pub(crate) fn followers_and_watchers_stay_when_idle_clients_crowd_the_socket() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let mut follower = greeted(gateway.socket());
    ask(&mut follower, Request::Trace { ports: vec![] });
    assert!(line(&mut follower).contains("done"));
    let mut watcher = greeted(gateway.socket());
    let mut waiter = greeted(gateway.socket());
    let action = SimAction::Wait {
        until: SimCondition::Ringing,
        timeout_ms: 60_000,
    };
    ask(&mut waiter, Request::Sim { port: 1, action });
    let mut crowd = vec![];
    for _ in 0..3 {
        ask(&mut watcher, Request::PortShow { port: 1 });
        assert!(line(&mut watcher).contains("\"registration\""));
        crowd.extend((0..MANY_CLIENTS).map(|_| greeted(gateway.socket())));
    }
    ask(&mut watcher, Request::PortShow { port: 1 });
    assert!(line(&mut watcher).contains("\"registration\""));
    gateway.set(2).unwrap().lift().unwrap();
    assert!(line(&mut follower).contains("event"));
    // The port of the waiting client never rang: it would have been answered if it had been sent away.
    waiter.set_nonblocking(true).unwrap();
    let nothing = waiter.read(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

pub(crate) fn whoever_comes_is_let_in_even_when_all_are_busy() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let follow = || {
        let mut client = greeted(gateway.socket());
        ask(&mut client, Request::Trace { ports: vec![] });
        assert!(line(&mut client).contains("done"));
        client
    };
    let mut crowd: Vec<UnixStream> = (0..MANY_CLIENTS + 6).map(|_| follow()).collect();
    gateway.status().unwrap();
    has_dial_tone(&gateway, 1);
    for client in &mut crowd {
        assert!(line(client).contains("event"));
    }
    // And when there are too many of these.
    crowd.extend((0..2 * MANY_CLIENTS).map(|_| follow()));
    gateway.status().unwrap();
}

pub(crate) fn a_client_that_stops_reading_a_trace_costs_nothing() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(3, "");
    let mut talk = Talk::begin(&gateway, 1, 2);
    let mut busy = gateway.set(3).unwrap();
    talk.undisturbed(|| {
        let mut deaf: Vec<UnixStream> = (0..5).map(|_| connect(gateway.socket())).collect();
        for client in &mut deaf {
            let request = Request::Trace { ports: vec![] };
            client
                .write_all(&wire::encode(&ClientLine { id: 1, request }))
                .unwrap();
        }
        for _ in 0..3 {
            busy.lift().unwrap();
            busy.hears_dial_tone().unwrap();
            busy.dial("600").unwrap();
            busy.connected().unwrap();
            busy.finish().unwrap();
        }
        assert!(answers(&gateway) < Duration::from_secs(2));
    });
    talk.end();
}

pub(crate) fn a_second_daemon_on_one_socket_refuses_and_names_it() {
    let place = Place::new();
    let gateway = place.launch(&place.config(2, "")).start().unwrap();
    let other = Place::new();
    let socket = gateway.socket().display().to_string();
    // The second one has its own folder and configuration, but the first one's socket.
    let mut second = other
        .launch(&other.config(2, ""))
        .args(&["--socket", &socket])
        .spawn()
        .unwrap();
    assert_eq!(second.ended(SOON).unwrap().code(), Some(1));
    let log = second.log();
    let wanted = format!(
        "process {} (tipringd) has the control socket {socket}; stop it first",
        gateway.pid()
    );
    assert!(log.contains(&wanted), "{log}");
    assert!(!log.contains("tipringd is up"), "{log}");
    gateway.status().unwrap();
    gateway.stop().unwrap();
}

pub(crate) fn a_daemon_started_twice_leaves_the_first_and_its_calls_alone() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let launch = place.launch(&place.config(2, ""));
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let mut talk = Talk::begin(&gateway, 1, 2);
    let twice = place.folder().join("twice");
    let socket = gateway.socket().display().to_string();
    talk.undisturbed(|| {
        // The same configuration, and so the same ports, addresses and devices.
        let again = Launch::new(&twice, Some(&place.config(2, "")));
        let mut second = again.args(&["--socket", &socket]).spawn().unwrap();
        assert_eq!(second.ended(SOON).unwrap().code(), Some(1));
    });
    for port in [1, 2] {
        let n = crate::place::counter(&gateway, port, "registrations");
        assert_eq!(n, 1, "port {port}");
    }
    talk.end();
    gateway.stop().unwrap();
}

pub(crate) fn a_socket_left_by_a_killed_daemon_is_replaced_but_a_file_is_not() {
    let place = Place::new();
    let launch = place.launch(&place.config(2, ""));
    let gateway = launch.start().unwrap();
    let socket = gateway.socket().to_owned();
    gateway.crash();
    assert!(socket.exists());
    let gateway = launch.start().unwrap();
    gateway.status().unwrap();
    gateway.stop().unwrap();
    assert!(!socket.exists(), "the socket goes with the daemon");

    std::fs::write(&socket, "somebody's letters").unwrap();
    let mut refused = launch.spawn().unwrap();
    assert_eq!(refused.ended(SOON).unwrap().code(), Some(1));
    let log = refused.log();
    assert!(
        log.contains(&format!("{} is no socket", socket.display())),
        "{log}"
    );
    assert_eq!(
        std::fs::read_to_string(&socket).unwrap(),
        "somebody's letters"
    );
}
