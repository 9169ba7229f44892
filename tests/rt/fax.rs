//! A whole fax call on the real thread: nothing is allocated or freed from ringing to hanging up.

use std::net::SocketAddrV4;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tipring_dsp::relay::RelayConfig;
use tipring_dsp::{
    Alert, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTransmission, ChainCommand,
    ChainEvent, Law, Party, Side,
};
use tipring_hal::port::{LineCommand, LineEventKind, RingCadence};
use tipring_proto::nse::Event;
use tipring_proto::rtp::Redundancy;
use tipring_proto::t38::ifp::Version;
use tipring_proto::t38::udptl;
use tipring_proto::types::t38::{Carrier, FieldKind, Ifp, Indicator};
use tipringd::line::{FaxRelay, FaxRelayConfig, FaxTap, LineOrder, LineReport, Returned};

use super::rig::{BLOCK, Far, session_of, wait_for};
use super::thread::{P, Running, S};

/// Silence, an answer tone (2100 Hz, turned round every 450 ms), silence, and something like a modem.
fn answering_machine() -> Vec<u8> {
    let sine = |hz: f64, n: usize| (n as f64 * hz * std::f64::consts::TAU / 8000.0).sin();
    let mut signal = vec![0xFF; 50 * BLOCK];
    signal.extend((0..26_400usize).map(|n| {
        let turned = if (n / 3600) % 2 == 0 { 1.0 } else { -1.0 };
        Law::Mu.encode((sine(2100.0, n) * turned * 6000.0) as i16)
    }));
    signal.extend(vec![0xFF; 10 * BLOCK]);
    signal.extend((0..24_000usize).map(|n| {
        let bit = (n / 27).wrapping_mul(0x9E37) >> 3 & 1;
        Law::Mu.encode((sine(if bit == 0 { 1850.0 } else { 1650.0 }, n) * 6000.0) as i16)
    }));
    signal
}

/// A fax machine that sends flags of V.21 for a second, while the far end is silent.
fn flags() -> Vec<u8> {
    let mut signal = vec![0xFF; 230 * BLOCK];
    let mut phase = 0.0_f64;
    signal.extend((0..80 * BLOCK).map(|n| {
        let bit = 0x7E >> (n * 300 / 8000 % 8) & 1;
        phase += f64::from(if bit == 1 { 1650 } else { 1850 }) / 8000.0;
        Law::Mu.encode(((phase * std::f64::consts::TAU).sin() * 6000.0) as i16)
    }));
    signal.extend(vec![0xFF; 500 * BLOCK]);
    signal
}

/// Somebody calls, and the fax machine answers.
fn ring_and_answer(r: &mut Running) {
    let event = |r: &Running, kind| r.line.event(Duration::from_secs(1), kind);
    event(r, LineEventKind::LoopOpened);
    r.run(2);
    r.order(LineOrder::Port(LineCommand::Ring(RingCadence::new(
        2000, 4000,
    ))));
    let caller = CallerId {
        number: Party::Known("4155550123".into()),
        ..CallerId::default()
    };
    let message = CallerIdMessage::call_setup(CallerIdStandard::Class, &caller).unwrap();
    r.order(LineOrder::Chain(ChainCommand::SendCallerId(
        CallerIdTransmission {
            message,
            alert: Alert::None,
            to_off_hook: false,
        },
    )));
    r.run(60);
    r.order(LineOrder::Port(LineCommand::StopRing));
    event(r, LineEventKind::LoopClosed);
    r.run(2);
}

#[test]
fn a_fax_call_from_ringing_to_hanging_up_allocates_and_frees_nothing() {
    let mut r = Running::start(answering_machine());
    r.run(3);
    let taps = [(); 2].map(|()| FaxTap::build(false).expect("memory for a tap"));
    let (mut taps, mut watches): (Vec<_>, Vec<_>) = taps.into_iter().unzip();
    let start = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    let mut far = Far::new();
    let (mut tones, mut returned) = (0, 0);
    for call in 1..=2 {
        ring_and_answer(&mut r);
        let media = session_of(S.0, |config| {
            config.vad = true;
            config.redundancy = 2;
        });
        let local = r.link(media, &far);
        for block in 0..760 {
            match block {
                // As control does it when an answer tone is reported.
                200 => {
                    r.order(LineOrder::PassThrough {
                        session: S,
                        data: Some(7000),
                    });
                    let tap = taps.pop().expect("one for each call");
                    r.order(LineOrder::Listen { session: S, tap });
                }
                210 => far.sender.set_redundancy(Some(Redundancy {
                    payload_type: 90,
                    depth: 2,
                })),
                740 => r.order(LineOrder::PassThrough {
                    session: S,
                    data: None,
                }),
                // A late burst, and a gap.
                400 => (0..12).for_each(|_| far.talk(local)),
                500..506 => {
                    r.run(1);
                    continue;
                }
                _ => {}
            }
            far.talk(local);
            r.run(1);
            tones += reported_tones(&mut r);
        }
        far.sender.set_redundancy(None);
        r.order(LineOrder::StopSend { session: S });
        r.run(2);
        r.order(LineOrder::RemoveSession { session: S });
        wait_for("the session to come back", || {
            while let Some(report) = r.handle.try_recv() {
                if let LineReport::SessionReturned { why, .. } = report {
                    assert_eq!(why, Returned::Removed);
                    returned += 1;
                }
            }
            returned == call
        });
    }
    r.line
        .event(Duration::from_secs(1), LineEventKind::LoopOpened);
    r.run(20);
    let end = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    assert_eq!(end, start);
    assert!(tones >= 2, "{tones} answer tones were reported");
    let heard = watches.iter_mut().map(|watch| watch.seen.slots());
    assert!(heard.sum::<usize>() >= 2, "signals of the machine");
    let c = r.handle.port_counters(P).unwrap();
    let seen = [
        &c.tx_redundant,
        &c.rx_redundant,
        &c.tx_packets,
        &c.rx_packets,
    ]
    .map(|c| c.get());
    assert!(
        seen.iter().all(|n| *n > 100),
        "the calls were meant to have all of it: {seen:?}"
    );
}

fn reported_tones(r: &mut Running) -> usize {
    let mut tones = 0;
    while let Some(report) = r.handle.try_recv() {
        if let LineReport::Chain {
            event: ChainEvent::DataTone {
                from: Side::Line, ..
            },
            ..
        } = report
        {
            tones += 1;
        }
    }
    tones
}

/// T.38 of the far end: flags and a DIS, every three seconds.
struct FarFax {
    sender: udptl::Sender,
    blocks: u32,
}

impl FarFax {
    fn block(&mut self, far: &Far, to: SocketAddrV4) {
        let mut emit = |datagram: &[u8]| {
            far.socket
                .send_to(datagram, to)
                .expect("the loopback takes a packet");
        };
        self.sender.repeat(&mut emit);
        let mut data = Ifp::data(Carrier::V21);
        let ifp = match self.blocks % 300 {
            0 => Ifp::indicator(Indicator::V21Preamble),
            10 => {
                let dis = [0xFF, 0x13, 0x80, 0x00, 0xEE, 0x78];
                data.push(FieldKind::HdlcData, &dis).expect("room");
                data
            }
            12 => {
                data.push(FieldKind::HdlcFcsOkSigEnd, &[]).expect("room");
                data
            }
            90 => Ifp::indicator(Indicator::NoSignal),
            _ => {
                self.blocks += 1;
                return;
            }
        };
        self.blocks += 1;
        self.sender.send(&ifp, &mut emit).expect("a short packet");
    }
}

#[test]
fn a_call_that_goes_to_t38_and_back_allocates_and_frees_nothing() {
    let mut r = Running::start(flags());
    r.run(3);
    let mut far = Far::new();
    let media = session_of(S.0, |config| {
        config.named_payload_type = Some(100);
        config.t38 = true;
    });
    let config = FaxRelayConfig {
        line: RelayConfig::default(),
        sender: udptl::SenderConfig::default(),
        receiver: udptl::ReceiverConfig {
            version: Version::V0,
            max_wait: Duration::from_millis(200),
        },
    };
    let (relay, watch) = FaxRelay::build(&config).expect("memory for a relay");
    let mut fax = FarFax {
        sender: udptl::Sender::new(udptl::SenderConfig::default()),
        blocks: 0,
    };
    let start = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    let local = r.link(media, &far);
    let (mut events, mut t38, mut back) = (0, 0, 0);
    let mut relay = Some(relay);
    for block in 0..700 {
        match block {
            20 | 22 | 24 => {
                r.order(LineOrder::SendEvent {
                    session: S,
                    payload_type: 100,
                    event: 200,
                    first: block == 20,
                });
                let (socket, payload) = (&far.socket, Event::Ack.to_bytes());
                far.sender.signal(100, payload, block == 20, |packet| {
                    socket
                        .send_to(packet, local)
                        .expect("the loopback takes a packet");
                });
            }
            30 => {
                r.order(LineOrder::PassThrough {
                    session: S,
                    data: Some(7_000),
                });
                let relay = relay.take().expect("it goes in once");
                r.order(LineOrder::Relay { session: S, relay });
            }
            650 => r.order(LineOrder::EndRelay { session: S }),
            // Late voice.
            33 => far.talk(local),
            _ => {}
        }
        if (30..650).contains(&block) {
            fax.block(&far, local);
        } else {
            far.talk(local);
        }
        r.run(1);
        while let Some(report) = r.handle.try_recv() {
            match report {
                LineReport::NamedEvent { event: 201, .. } => events += 1,
                LineReport::T38Arrived { .. } => t38 += 1,
                LineReport::RelayReturned { .. } => back += 1,
                _ => {}
            }
        }
    }
    let end = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    assert_eq!(end, start);
    assert_eq!((events, back), (3, 1));
    assert!(t38 >= 1, "the relay's first packet is reported");
    let numbers = watch.view.numbers();
    assert!(
        numbers.sent >= 2 && numbers.received >= 20 && numbers.malformed == 0,
        "{numbers:?}"
    );
    assert!(watch.seen.slots() >= 5, "frames and carriers of both sides");
}
