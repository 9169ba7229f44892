//! Behaviour of the wrapped calls, over the loopback interface.

use std::net::{SocketAddr, UdpSocket};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::getsockopt;

use super::*;

fn socket() -> (UdpSocket, SocketAddrV4) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    match socket.local_addr().unwrap() {
        SocketAddr::V4(address) => (socket, address),
        SocketAddr::V6(other) => panic!("{other}"),
    }
}

/// Loopback delivers within the sending call; this only guards against a slow machine.
fn wait(socket: &UdpSocket) {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(10_000_u16)), Ok(1));
}

#[test]
fn a_batch_arrives_in_order_with_its_source() {
    let ((from, from_address), (to, to_address)) = (socket(), socket());
    let mut send = SendBatch::new(8, 172);
    for n in 0..5_u8 {
        send.push(to_address, &[n; 172][..usize::from(n) * 10])
            .unwrap();
    }
    let report = send.send(&from);
    assert_eq!((report.sent, report.dropped, report.failed), (5, 0, 0));
    assert!(send.is_empty() && report.error.is_none());
    wait(&to);
    let mut recv = RecvBatch::new(8, 172);
    assert_eq!(recv.receive(&to).unwrap(), 5);
    let got: Vec<Datagram<'_>> = recv.iter().collect();
    for (n, datagram) in (0..5_u8).zip(&got) {
        assert_eq!(datagram.bytes, &[n; 172][..usize::from(n) * 10]);
        assert_eq!(datagram.source, from_address);
        assert!(!datagram.truncated);
        assert_eq!(datagram.received_at, None);
    }
    assert_eq!(got.len(), 5);
    for datagram in recv.iter_mut() {
        datagram.bytes.fill(0x77);
    }
    let changed = recv.iter().map(|d| d.bytes.to_vec());
    assert!(changed.eq((0..5).map(|n| vec![0x77; n * 10])));
    assert_eq!(
        recv.receive(&to).unwrap(),
        0,
        "nothing waits, nothing blocks"
    );
    assert_eq!(recv.iter().count(), 0);
    assert_eq!(recv.get(0), None);
}

#[test]
fn a_flood_is_taken_one_batch_at_a_time() {
    let ((from, _), (to, to_address)) = (socket(), socket());
    for n in 0..10_u8 {
        from.send_to(&[n], to_address).unwrap();
    }
    wait(&to);
    let mut recv = RecvBatch::new(4, 100);
    assert_eq!(recv.slots(), 4);
    let mut all = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let count = recv.receive(&to).unwrap();
        if count == 0 {
            break;
        }
        sizes.push(count);
        all.extend(recv.iter().map(|datagram| datagram.bytes[0]));
    }
    assert_eq!(sizes, [4, 4, 2]);
    assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_long_datagram_is_cut_and_marked() {
    let ((from, _), (to, to_address)) = (socket(), socket());
    from.send_to(&[7; 50], to_address).unwrap();
    from.send_to(&[8; 10], to_address).unwrap();
    wait(&to);
    let mut recv = RecvBatch::new(4, 20);
    recv.receive(&to).unwrap();
    let got: Vec<(usize, bool)> = recv.iter().map(|d| (d.bytes.len(), d.truncated)).collect();
    assert_eq!(got, [(20, true), (10, false)]);
}

#[test]
fn timestamps_lie_between_sending_and_receiving() {
    let ((from, _), (to, to_address)) = (socket(), socket());
    enable_timestamps(&to).unwrap();
    let before = crate::realtime();
    from.send_to(b"a", to_address).unwrap();
    from.send_to(b"b", to_address).unwrap();
    wait(&to);
    let mut recv = RecvBatch::new(4, 20);
    assert_eq!(recv.receive(&to).unwrap(), 2);
    let after = crate::realtime();
    let slack = Duration::from_millis(1);
    for datagram in recv.iter() {
        let at = datagram.received_at.expect("a timestamp");
        assert!(
            at + slack >= before && at <= after + slack,
            "{before:?} {at:?} {after:?}"
        );
    }
}

#[test]
fn a_batch_serves_many_sockets_in_turn() {
    let ((from, _), (one, one_address), (two, two_address)) = (socket(), socket(), socket());
    let mut send = SendBatch::new(4, 20);
    send.push(one_address, b"one").unwrap();
    send.push(two_address, b"two").unwrap();
    assert_eq!(send.send(&from).sent, 2);
    let mut recv = RecvBatch::new(4, 20);
    for (socket, text) in [(&one, b"one"), (&two, b"two")] {
        wait(socket);
        assert_eq!(recv.receive(socket).unwrap(), 1);
        assert_eq!(recv.get(0).map(|d| d.bytes), Some(&text[..]));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, address) = socket();
    let mut send = SendBatch::new(2, 10);
    assert_eq!(
        send.push(address, &[0; 11]),
        Err(QueueFull::Size { len: 11, size: 10 })
    );
    send.push(address, &[0; 10]).unwrap();
    send.push(address, &[]).unwrap();
    assert_eq!(send.push(address, &[]), Err(QueueFull::Slots { slots: 2 }));
    assert_eq!(send.len(), 2);
    send.clear();
    assert!(send.is_empty());
    let (from, _) = socket();
    let report = send.send(&from);
    assert_eq!((report.sent, report.dropped, report.failed), (0, 0, 0));
}

#[test]
fn a_refused_datagram_does_not_stop_the_others() {
    let ((from, _), (to, to_address)) = (socket(), socket());
    let mut send = SendBatch::new(4, 20);
    send.push(to_address, b"first").unwrap();
    // Port 0 and a broadcast without permission are refused by the kernel.
    send.push(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0), b"bad")
        .unwrap();
    send.push(SocketAddrV4::new(Ipv4Addr::BROADCAST, 9), b"bad")
        .unwrap();
    send.push(to_address, b"last").unwrap();
    let report = send.send(&from);
    assert_eq!(
        (report.sent, report.dropped, report.failed),
        (2, 0, 2),
        "{:?}",
        report.error
    );
    assert!(report.error.is_some());
    wait(&to);
    let mut recv = RecvBatch::new(4, 20);
    recv.receive(&to).unwrap();
    let got: Vec<&[u8]> = recv.iter().map(|datagram| datagram.bytes).collect();
    assert_eq!(got, [&b"first"[..], b"last"]);
}

#[test]
fn a_full_socket_drops_and_does_not_block() {
    // A socket pair whose reader never reads has no room in the end.
    let (near, _far) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut filled = 0;
    near.set_nonblocking(true).unwrap();
    while near.send(&[0; 100]).is_ok() {
        filled += 1;
        assert!(filled < 1_000_000);
    }
    near.set_nonblocking(false).unwrap();
    let report = {
        let mut send = SendBatch::new(4, 20);
        send.push(NOWHERE, b"one").unwrap();
        send.push(NOWHERE, b"two").unwrap();
        send.send_unnamed(&near)
    };
    assert_eq!(
        (report.sent, report.dropped, report.failed),
        (0, 2, 0),
        "{:?}",
        report.error
    );
}

#[test]
fn an_icmp_refusal_is_an_error_once() {
    let (from, _) = socket();
    let (gone, gone_address) = socket();
    drop(gone);
    from.connect(gone_address).unwrap();
    from.send(b"x").unwrap();
    wait(&from);
    let mut recv = RecvBatch::new(4, 20);
    let error = recv.receive(&from).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(recv.receive(&from).unwrap(), 0);
}

#[test]
fn sizes_are_limited_to_what_makes_sense() {
    assert_eq!(RecvBatch::new(0, 0).slots(), 1);
    assert_eq!(RecvBatch::new(usize::MAX, 1).slots(), 1024);
    let mut one = SendBatch::new(0, usize::MAX);
    let (_, address) = socket();
    assert!(one.push(address, &[0; MAX_DATAGRAM]).is_ok());
    assert_eq!(one.push(address, &[]), Err(QueueFull::Slots { slots: 1 }));
}

#[test]
fn a_source_that_is_not_ipv4_is_nowhere() {
    let Ok(to) = UdpSocket::bind("[::1]:0") else {
        eprintln!("NOT TESTED: no IPv6 on this machine");
        return;
    };
    let from = UdpSocket::bind("[::1]:0").unwrap();
    from.send_to(b"six", to.local_addr().unwrap()).unwrap();
    wait(&to);
    let mut recv = RecvBatch::new(2, 20);
    assert_eq!(recv.receive(&to).unwrap(), 1);
    assert_eq!(
        recv.get(0).map(|d| (d.bytes, d.source)),
        Some((&b"six"[..], NOWHERE))
    );
}

#[test]
fn dscp_and_priority_are_set() {
    let (socket, _) = socket();
    set_dscp(&socket, 46).unwrap();
    assert_eq!(getsockopt(&socket, sockopt::Ipv4Tos), Ok(0xB8));
    set_socket_priority(&socket, 5).unwrap();
    assert_eq!(getsockopt(&socket, sockopt::Priority), Ok(5));
    assert_eq!(
        set_dscp(&socket, 64).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    set_dscp(&socket, 0).unwrap();
    assert_eq!(getsockopt(&socket, sockopt::Ipv4Tos), Ok(0));
}

/// Sends one datagram of each length from each of these; which of them arrive, as (sender, length).
fn arrivals(to: &UdpSocket, senders: &[&UdpSocket], contents: &[&[u8]]) -> Vec<(usize, usize)> {
    let target = to.local_addr().unwrap();
    for content in contents {
        for sender in senders {
            sender.send_to(content, target).unwrap();
        }
    }
    let places: Vec<_> = senders.iter().map(|s| s.local_addr().unwrap()).collect();
    let mut batch = RecvBatch::new(64, 2000);
    batch.receive(to).unwrap();
    let at = |d: Datagram<'_>| {
        places
            .iter()
            .position(|p| *p == std::net::SocketAddr::V4(d.source))
    };
    batch
        .iter()
        .map(|d| (at(d).unwrap(), d.bytes.len()))
        .collect()
}

#[test]
fn a_filter_drops_by_sender_and_content_and_what_it_drops_is_counted() {
    let [to, far, unexpected, third] = [(); 4].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let elsewhere = UdpSocket::bind("127.0.0.9:0").unwrap();
    let senders = [&far, &unexpected, &third, &elsewhere];
    let v4 = |socket: &UdpSocket| match socket.local_addr().unwrap() {
        std::net::SocketAddr::V4(a) => a,
        std::net::SocketAddr::V6(a) => panic!("{a}"),
    };
    let rtp = [0x80; 172];
    let other = [0x40; 172];
    let contents: [&[u8]; 5] = [&[], &rtp[..12], &rtp, &other, &[0x9F; 1400]];
    let mut filter = SourceFilter {
        shortest: 13,
        first_byte: (0xC0, 0x80),
        take: &[v4(&far)],
        drop: &[],
        others: FilterOthers::Drop,
    };
    filter_sources(&to, &filter).unwrap();
    assert_eq!(arrivals(&to, &senders, &contents), [(0, 172), (0, 1400)]);
    assert_eq!(dropped_datagrams(&to).unwrap(), 18);
    let shut_out = [v4(&unexpected), v4(&elsewhere)];
    filter.drop = &shut_out;
    filter.others = FilterOthers::Take;
    filter_sources(&to, &filter).unwrap();
    assert_eq!(
        arrivals(&to, &senders, &contents),
        [(0, 172), (2, 172), (0, 1400), (2, 1400)]
    );
    filter.others = FilterOthers::TakeOneIn(1 << 29);
    filter_sources(&to, &filter).unwrap();
    assert_eq!(arrivals(&to, &senders, &contents), [(0, 172), (0, 1400)]);
    filter.others = FilterOthers::TakeOneIn(1);
    filter_sources(&to, &filter).unwrap();
    assert_eq!(arrivals(&to, &senders, &contents).len(), 4);
    unfilter(&to).unwrap();
    unfilter(&to).unwrap();
    assert_eq!(arrivals(&to, &senders, &contents).len(), 20);
    let many = vec![v4(&far); 40];
    filter.drop = &many;
    assert_eq!(
        filter_sources(&to, &filter).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}
