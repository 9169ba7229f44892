use std::net::{Ipv4Addr, UdpSocket as StdSocket};

use tipring_proto::rtp::{Incoming, OwnFigures, ReportBlock, RtcpPacket, SourceFigures};

use super::*;

const US: u32 = 0x0102_0304;
const FAR: u32 = 0x0A0B_0C0D;
const LIMIT: Duration = Duration::from_secs(10);
const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A far end whose RTCP is on the port after that of its RTP.
fn far() -> (SocketAddrV4, StdSocket) {
    for port in (46_000..47_000).step_by(2) {
        if let Ok(socket) = StdSocket::bind((HERE, port + 1)) {
            socket.set_read_timeout(Some(LIMIT)).unwrap();
            return (SocketAddrV4::new(HERE, port), socket);
        }
    }
    panic!("no port");
}

/// Ours, and where it receives RTP.
fn begin(view: &Arc<SessionView>) -> (SocketAddrV4, LegRtcp) {
    for port in (44_000..45_000).step_by(2) {
        let local = SocketAddrV4::new(HERE, port);
        let rtcp = LegRtcp::begin(local, US, Arc::clone(view), 46);
        if rtcp.failed.is_none() {
            return (local, rtcp);
        }
    }
    panic!("no port");
}

/// A runtime that runs beside the test.
struct Beside {
    runtime: Arc<tokio::runtime::Runtime>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

fn runtime() -> Beside {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = Arc::new(builder.enable_all().build().unwrap());
    let (end, ended) = tokio::sync::oneshot::channel();
    let driven = Arc::clone(&runtime);
    let thread = std::thread::spawn(move || {
        let _ = driven.block_on(ended);
    });
    Beside {
        runtime,
        end: Some(end),
        thread: Some(thread),
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn hear(socket: &StdSocket) -> (Incoming, std::net::SocketAddr) {
    let mut bytes = [0; MAX_RTCP];
    let (length, from) = socket.recv_from(&mut bytes).unwrap();
    (Incoming::parse(&bytes[..length], FAR).unwrap(), from)
}

fn until(what: &str, done: impl Fn() -> bool) {
    let end = std::time::Instant::now() + LIMIT;
    while !done() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_leg_reports_is_answered_and_says_goodbye() {
    let runtime = runtime();
    let _inside = runtime.runtime.enter();
    let view = Arc::<SessionView>::default();
    let own = OwnFigures {
        packets: 50,
        octets: 8000,
        timestamp: 77,
        source: Some(SourceFigures {
            ssrc: FAR,
            highest: 9,
            expected: 8,
            received: 6,
            jitter: 3,
        }),
    };
    view.show_streams(Clock.now(), &own);
    let (local, mut rtcp) = begin(&view);
    let (address, socket) = far();
    rtcp.name(address);
    let (first, from) = hear(&socket);
    assert_eq!(from.port(), local.port() + 1);
    let sender = first.sender.unwrap();
    assert_eq!((first.ssrc, sender.packets, sender.octets), (US, 50, 8000));
    let block = first.of_us.unwrap();
    assert_eq!((block.lost, block.fraction, block.highest), (2, 64, 9));
    // Its answer, and what is none: not RTCP, and from another host.
    let answer = RtcpPacket {
        ssrc: FAR,
        sender: None,
        block: Some(ReportBlock {
            ssrc: US,
            fraction: 128,
            lost: 7,
            highest: 1,
            jitter: 16,
            last_report: (sender.ntp >> 16) as u32,
            since: 0,
        }),
        cname: "far",
        bye: false,
    }
    .encode();
    let stranger = StdSocket::bind(("127.0.0.2", 0)).unwrap();
    stranger.send_to(&answer, from).unwrap();
    socket.send_to(b"no report", from).unwrap();
    until("refused", || rtcp.report().refused == 2);
    assert_eq!(rtcp.report().received, 0, "another host is not heard");
    socket.send_to(&answer, from).unwrap();
    until("taken", || rtcp.report().received == 1);
    let report = rtcp.report();
    let heard = (
        report.far_jitter_ms,
        report.far_lost_percent,
        report.far_lost_packets,
    );
    assert_eq!(heard, (Some(2.0), Some(50.0), Some(7)));
    assert!(report.round_trip_ms.is_some_and(|ms| ms < 2000.0));
    rtcp.leave();
    let (last, _) = hear(&socket);
    assert!(last.bye);
    // What it said stays known.
    assert_eq!(rtcp.report().received, 1);
    until("the port is free again", || {
        StdSocket::bind((HERE, local.port() + 1)).is_ok()
    });
}

#[test]
fn a_flood_is_read_a_little_at_a_time() {
    let runtime = runtime();
    let _inside = runtime.runtime.enter();
    let (local, rtcp) = begin(&Arc::default());
    let other = StdSocket::bind((HERE, 0)).unwrap();
    let begun = std::time::Instant::now();
    let mut sent = 0u64;
    while begun.elapsed() < Duration::from_millis(300) {
        let to = (HERE, local.port() + 1);
        sent += u64::from(other.send_to(&[0x80; 400], to).is_ok());
    }
    let read = rtcp.report().refused;
    // Two periods at most have begun since.
    assert!(
        sent > 1000 && read > 0 && read <= u64::from(2 * READS),
        "{read} of {sent}"
    );
}

#[test]
fn a_port_that_is_taken_is_said_and_no_more() {
    let runtime = runtime();
    let _inside = runtime.runtime.enter();
    let (local, first) = begin(&Arc::default());
    let mut second = LegRtcp::begin(local, US, Arc::default(), 46);
    let failed = second.report().failed.unwrap();
    assert!(
        failed.contains(&format!("port {}", local.port() + 1)),
        "{failed}"
    );
    second.name(local);
    second.leave();
    assert_eq!((second.report().sent, first.report().failed), (0, None));
    let last = LegRtcp::begin(SocketAddrV4::new(HERE, 65_535), US, Arc::default(), 46);
    assert!(last.report().failed.is_some());
}

#[test]
fn reports_that_cannot_be_sent_say_why_until_one_can() {
    let runtime = runtime();
    let _inside = runtime.runtime.enter();
    let (_, rtcp) = begin(&Arc::default());
    // From the loopback nothing leaves the machine.
    rtcp.name(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 20_000));
    until("the reason", || rtcp.report().failed.is_some());
    let report = rtcp.report();
    let why = report.failed.unwrap();
    assert!(why.starts_with("reports cannot be sent: "), "{why}");
    assert!(why.contains("os error"), "{why}");
    assert_eq!(report.sent, 0);
    let (address, socket) = far();
    rtcp.name(address);
    hear(&socket);
    until("it is over", || rtcp.report().failed.is_none());
    assert_eq!(rtcp.report().sent, 1);
}

#[test]
fn a_far_end_without_a_port_has_no_rtcp() {
    let at = |port| SocketAddrV4::new(HERE, port);
    assert_eq!(beside(at(4000)), Some(at(4001)));
    assert_eq!(beside(at(0)), None);
    assert_eq!(beside(at(65_535)), None);
}
