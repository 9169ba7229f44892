//! Who is accepted, through real sockets.

use super::*;

/// Packets of 20 ms, one every second block; each is played as code 0x90 + its number.
fn say(rig: &mut Rig, from: &UdpSocket, to: SocketAddrV4, numbers: std::ops::Range<u8>) {
    let ssrc = from.local_addr().unwrap().port() as u8;
    for n in numbers {
        from.send_to(&rtp(ssrc, n), to).unwrap();
        rig.run(2);
    }
}

fn rtp(ssrc: u8, n: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0, 0, n, 0, 0];
    packet.extend((u16::from(n) * 160).to_be_bytes());
    packet.extend([0, 0, 0, ssrc]);
    packet.extend([0x90 + n; 160]);
    packet
}

fn latch() -> Box<MediaSession> {
    open(&SessionConfig {
        sources: RtpSource::Latch,
        ..session_config(A)
    })
}

fn twice(numbers: std::ops::Range<u8>) -> Vec<u8> {
    numbers.flat_map(|n| [0x90 + n; 2]).collect()
}

#[test]
fn music_on_hold_is_heard_without_start_media() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let media = latch();
    let (local, view) = (media.local(), media.view());
    rig.order(LineOrder::AddSession(media));
    let music = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 9), 0)).unwrap();
    say(&mut rig, &music, local, 0..20);
    rig.run(6);
    // Two packets of probation.
    assert_eq!(rig.codes_heard()[..36], twice(2..20));
    assert_eq!(rig.counter("strangers"), 0);
    assert_eq!(view.source().map(SocketAddr::V4), music.local_addr().ok());
    assert!(view.last_packet().is_some());
}

#[test]
fn a_far_end_that_sends_from_another_port_is_heard_and_one_that_is_refused_is_named() {
    let other = UdpSocket::bind((LOCAL, 0)).unwrap();
    let mut r = rig(Vec::new(), LineConfig::default());
    let media = latch();
    let view = media.view();
    let local = r.talk_in(media, None);
    say(&mut r, &other, local, 0..20);
    r.run(6);
    assert_eq!(r.codes_heard()[..36], twice(2..20));
    assert_eq!(view.refused(), []);
    // The named one is accepted from its first packet on, and now the other one is refused.
    let far = r.far.try_clone().unwrap();
    say(&mut r, &far, local, 40..45);
    say(&mut r, &other, local, 50..53);
    let refused = view.refused();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(
        Some(SocketAddr::V4(refused[0].address)),
        other.local_addr().ok()
    );
    assert_eq!((refused[0].packets, r.counter("strangers")), (3, 3));
    assert_eq!(view.source().map(SocketAddr::V4), r.far.local_addr().ok());
    let heard = r.codes_heard();
    assert!(twice(40..45).iter().all(|code| heard.contains(code)));
    assert!(!heard.contains(&(0x90 + 50)));
}
