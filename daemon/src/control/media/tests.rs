use tipring_proto::fax_memory::Strategy;

use super::*;
use tipring_types::trace::Trace;

mod fax;

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

struct Bench {
    desk: MediaDesk,
    ports: RtpPorts,
    next: u64,
    now: Time,
}

impl Bench {
    fn new(first: u16, last: u16) -> Bench {
        let settings = LegSettings {
            hide_identities: false,
            block: 80,
            jitter_min_ms: 20,
            jitter_max_ms: 200,
            jitter_fixed_ms: 100,
            data_port: false,
            redundancy: RepeatedPackets::Fixed(0),
            redundancy_payload_type: 90,
            sources: RtpSource::Strict,
            dscp: 46,
            vad: false,
            rtcp: false,
            pass_data: true,
            fax: FaxSettings::OFF,
        };
        Bench {
            desk: MediaDesk::new(settings, Arc::default()),
            ports: RtpPorts::new(first, last).unwrap(),
            next: 0,
            now: Time::from_millis(1000),
        }
    }

    fn act(&mut self, output: MediaOutput) -> Doing {
        self.desk
            .act(self.now, output, HERE, &mut self.ports, &mut self.next)
    }

    fn open(&mut self, party: u32) -> Doing {
        self.open_in(party, None)
    }

    fn open_in(&mut self, party: u32, group: Option<SocketAddrV4>) -> Doing {
        self.act(MediaOutput::OpenReceive {
            party: Party(party),
            call: CallRef(7),
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            rfc2833_payload: None,
            nse_payload: None,
            group,
        })
    }

    fn send(&mut self, party: u32) -> Doing {
        self.act(MediaOutput::StartSend {
            party: Party(party),
            remote: SocketAddrV4::new(HERE, 4000),
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            rfc2833_payload: Some(101),
            nse_payload: None,
            dscp: 34,
        })
    }
}

/// What the orders are, with the names of their sessions.
fn names(doing: &Doing) -> Vec<String> {
    doing.orders.iter().map(name).collect()
}

fn name(order: &LineOrder) -> String {
    match order {
        LineOrder::AddSession(s) => format!("add {}", s.id().0),
        LineOrder::RemoveSession { session } => format!("remove {}", session.0),
        LineOrder::SetRemote { session, remote } => {
            format!(
                "send {} to {} dscp {}",
                session.0, remote.address, remote.dscp
            )
        }
        LineOrder::StopSend { session } => format!("stop {}", session.0),
        LineOrder::Bridge(to) => format!("bridge {:?}", to.map(|s| s.0)),
        LineOrder::PassThrough { session, data } => format!("pass {} {data:?}", session.0),
        LineOrder::Repeat { session, depth } => format!("repeat {} {depth}", session.0),
        LineOrder::SendEvent {
            session,
            payload_type,
            event,
            first,
        } => format!("event {} {payload_type} {event} {first}", session.0),
        LineOrder::Relay { session, .. } => format!("relay {}", session.0),
        LineOrder::Listen { session, .. } => format!("listen {}", session.0),
        LineOrder::EndRelay { session } => format!("end relay {}", session.0),
        LineOrder::Port(_)
        | LineOrder::Chain(_)
        | LineOrder::ReplaceChain(_)
        | LineOrder::ReplaceCard(_) => "other".to_owned(),
    }
}

#[test]
fn a_leg_lives_from_its_socket_to_its_closing() {
    let mut b = Bench::new(42_000, 42_099);
    let opened = b.open(3);
    assert_eq!(names(&opened), ["add 1"]);
    let Some(MediaInput::ReceiveOpened {
        party: Party(3),
        result: Ok(local),
    }) = opened.answer
    else {
        panic!("{:?}", opened.answer);
    };
    assert_eq!(names(&b.send(3)), ["send 1 to 127.0.0.1:4000 dscp 34"]);
    let bridge = |party| MediaOutput::Bridge { party };
    assert_eq!(names(&b.act(bridge(Some(Party(3))))), ["bridge Some(1)"]);
    let leg = &b.desk.shown_open(b.now)[0];
    assert_eq!(leg.local.as_deref(), Some(local.to_string().as_str()));
    assert_eq!(leg.remote.as_deref(), Some("127.0.0.1:4000"));
    assert_eq!((leg.call_ref, leg.event_payload_type), (7, Some(101)));
    assert_eq!(
        names(&b.act(MediaOutput::StopSend { party: Party(3) })),
        ["stop 1"]
    );
    assert_eq!(names(&b.act(bridge(None))), ["bridge None"]);
    let close = MediaOutput::CloseReceive { party: Party(3) };
    assert_eq!(names(&b.act(close)), ["remove 1"]);
    assert_eq!(b.desk.shown_open(b.now), []);
    assert_eq!(
        b.desk.of_call(b.now, CallRef(7), b.now).len(),
        1,
        "for the call's record"
    );
}

#[test]
fn the_legs_of_a_call_that_outlived_its_server_are_not_those_of_the_new_call_of_its_number() {
    let mut b = Bench::new(42_100, 42_199);
    b.open(3);
    let began = b.now;
    b.act(MediaOutput::Disown { call: CallRef(7) });
    b.open(4);
    let parties = |b: &Bench, call| -> Vec<u32> {
        let legs = b.desk.of_call(b.now, CallRef(call), began);
        legs.iter().map(|l| l.party).collect()
    };
    assert_eq!(parties(&b, 0), [3], "the old call");
    assert_eq!(parties(&b, 7), [4], "the new one");
}

#[test]
fn a_party_opened_again_is_a_new_leg_and_the_old_one_goes_first() {
    let mut b = Bench::new(42_100, 42_199);
    b.open(3);
    assert_eq!(names(&b.open(3)), ["remove 1", "add 2"]);
    assert_eq!(b.desk.shown_open(b.now).len(), 1);
}

#[test]
fn what_is_said_about_unknown_parties_does_nothing() {
    let mut b = Bench::new(42_200, 42_299);
    assert_eq!(names(&b.send(9)), [""; 0]);
    assert_eq!(
        names(&b.act(MediaOutput::StopSend { party: Party(9) })),
        [""; 0]
    );
    assert_eq!(
        names(&b.act(MediaOutput::CloseReceive { party: Party(9) })),
        [""; 0]
    );
    let asked = b.act(MediaOutput::NeedStatistics {
        party: Party(9),
        call: CallRef(1),
    });
    let Some(MediaInput::Statistics { counters, .. }) = asked.answer else {
        panic!("{:?}", asked.answer);
    };
    assert_eq!(counters, Default::default());
}

#[test]
fn without_a_free_port_the_call_logic_gets_an_answer_and_the_log_names_the_range() {
    let mut b = Bench::new(42_300, 42_300);
    let first = b.open(1); // holds the only socket
    assert_eq!(first.orders.len(), 1);
    let second = b.open(2);
    assert_eq!(names(&second), [""; 0]);
    assert_eq!(
        second.answer,
        Some(MediaInput::ReceiveOpened {
            party: Party(2),
            result: Err(MediaStatus::OUT_OF_SOCKETS)
        })
    );
    let trouble = second.trouble.unwrap();
    assert!(trouble.contains("42300"), "{trouble}");
    drop(first);
}

#[test]
fn redundancy_with_the_payload_type_of_events_is_logged() {
    for (redundancy, kind, warned) in [(1, 101, true), (0, 101, false), (2, 90, false)] {
        let mut b = Bench::new(42_700, 42_799);
        let settings = LegSettings {
            redundancy: RepeatedPackets::Fixed(redundancy),
            redundancy_payload_type: kind,
            ..b.desk.settings
        };
        b.desk.reconfigure(settings);
        b.open(1);
        let sending = b.send(1);
        assert_eq!(sending.orders.len(), 1);
        let names_it = |t: &String| t.contains("101") && t.contains("redundancy-payload-type");
        assert_eq!(sending.trouble.is_some_and(|t| names_it(&t)), warned);
    }
}

#[test]
fn an_order_of_what_is_repeated_that_was_lost_is_given_once_again_and_counted() {
    let counters: Arc<PortCounters> = Arc::default();
    let mut b = Bench::new(42_600, 42_649);
    let settings = LegSettings {
        redundancy: RepeatedPackets::Auto,
        ..b.desk.settings
    };
    b.desk = MediaDesk::new(settings, Arc::clone(&counters));
    b.open(3);
    b.send(3);
    b.desk
        .heard_tone(b.now, DataTone::Ced, ctl::DetectedTone::default());
    let second = |b: &mut Bench, is_lost: bool| {
        counters.rx_packets.add(45);
        counters.rx_lost.add(5);
        b.now = b.now + Duration::from_secs(1);
        let doing = b.desk.look(b.now);
        if let Some(LineOrder::Repeat { session, .. }) = doing.orders.first()
            && is_lost
        {
            b.desk.repeat_lost(*session);
        }
        let orders: Vec<_> = doing.orders.iter().map(name).collect();
        (orders, doing.events.len())
    };
    let shown = |b: &Bench| {
        let repeats = b.desk.shown_open(b.now).remove(0).redundancy.unwrap();
        (repeats.depth, repeats.changes)
    };
    let two = || vec!["repeat 1 2".to_owned()];
    assert_eq!(second(&mut b, true), (two(), 1));
    assert_eq!(second(&mut b, true), (two(), 0), "once more, said once");
    for _ in 0..5 {
        assert_eq!(second(&mut b, true), (vec![], 0), "and no more");
    }
    assert_eq!(shown(&b), (1, 0));
    assert_eq!(counters.redundancy_orders_lost.get(), 2);
    // The next data has it tried again.
    assert!(b.desk.both_silent().is_some());
    assert_eq!(second(&mut b, true), (vec![], 0));
    b.desk
        .heard_tone(b.now, DataTone::Ced, ctl::DetectedTone::default());
    assert_eq!(second(&mut b, true), (two(), 1));
    assert_eq!(second(&mut b, false), (two(), 0));
    assert_eq!(second(&mut b, false), (vec![], 0));
    assert_eq!(shown(&b), (2, 1));
}

#[test]
fn loss_decides_what_is_repeated_from_when_data_passes() {
    let counters: Arc<PortCounters> = Arc::default();
    let mut b = Bench::new(42_650, 42_699);
    let settings = LegSettings {
        redundancy: RepeatedPackets::Auto,
        ..b.desk.settings
    };
    b.desk = MediaDesk::new(settings, Arc::clone(&counters));
    b.open(3);
    b.send(3);
    let second = |b: &mut Bench, lost: u64| {
        counters.rx_packets.add(50 - lost);
        counters.rx_lost.add(lost);
        b.now = b.now + Duration::from_secs(1);
        let doing = b.desk.look(b.now);
        let orders: Vec<_> = doing.orders.iter().map(name).collect();
        (orders, doing.events)
    };
    let nothing = (vec![], vec![]);
    // As long as it is voice, loss changes nothing; but it is known.
    for _ in 0..5 {
        assert_eq!(second(&mut b, 2), nothing);
    }
    let shown = |b: &Bench| b.desk.shown_open(b.now).pop().unwrap().redundancy.unwrap();
    assert_eq!((shown(&b).depth, shown(&b).changes), (1, 0));
    b.desk
        .heard_tone(b.now, DataTone::Ced, ctl::DetectedTone::default());
    let changed = |depth, loss_hundredths| {
        (
            vec![format!("repeat 1 {depth}")],
            vec![Trace::RedundancyChanged {
                depth,
                loss_hundredths,
            }],
        )
    };
    assert_eq!(second(&mut b, 2), changed(2, 400));
    assert_eq!((shown(&b).depth, shown(&b).changes), (2, 1));
    assert_eq!(shown(&b).loss_percent, Some(4.0));
    // Nothing is lost any more, and nobody says how ours arrive: one, after half a minute.
    let events: Vec<_> = (0..120).map(|_| second(&mut b, 0)).collect();
    let changes: Vec<_> = events.into_iter().filter(|e| *e != nothing).collect();
    assert_eq!(changes, [changed(1, 0)]);
    assert_eq!(shown(&b).changes, 2);
}

#[test]
fn what_was_lost_in_earlier_faxes_is_repeated_twice_from_when_data_passes() {
    use tipring_types::{FaxAdvice, FaxAdvised};
    let mut b = Bench::new(42_700, 42_749);
    let settings = LegSettings {
        redundancy: RepeatedPackets::Auto,
        ..b.desk.settings
    };
    b.desk = MediaDesk::new(settings, Arc::default());
    b.open(3);
    b.send(3);
    let advice = FaxAdvice::Redundancy {
        depth: 2,
        loss_hundredths: 310,
    };
    let strategy = Strategy {
        t38: None,
        redundancy: Some(advice),
    };
    b.desk.advise(SessionId(1), "2001", &strategy);
    let look = |b: &mut Bench| {
        b.now = b.now + Duration::from_secs(1);
        let doing = b.desk.look(b.now);
        let orders: Vec<_> = doing.orders.iter().map(name).collect();
        (orders, doing.events)
    };
    assert_eq!(look(&mut b), (vec![], vec![]), "voice");
    let ced = ctl::DetectedTone::default();
    b.desk.heard_tone(b.now, DataTone::Ced, ced);
    let advised = FaxAdvised {
        far: "2001".into(),
        advice,
    };
    let event = Trace::FaxMemory {
        advised: Box::new(advised.clone()),
    };
    assert_eq!(look(&mut b), (vec!["repeat 1 2".to_owned()], vec![event]));
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    let ended = b.desk.fax_ended();
    let faxes: Vec<_> = ended.into_iter().flat_map(|doing| doing.faxes).collect();
    assert_eq!(faxes[0].advised, [advised]);
}

#[test]
fn what_is_refused_is_invalid_in_the_final_figures_as_in_those_of_the_port() {
    let mut stats: SessionStats = SessionStats::default();
    stats.body.receiver.malformed = 1;
    stats.body.receiver.other_payload = 2;
    stats.body.receiver.jitter.refused = 4;
    assert_eq!(figures::last(&stats, 10).invalid_packets, 7);
}

#[test]
fn a_session_handed_back_gives_its_leg_the_final_figures_even_when_closed() {
    let mut b = Bench::new(42_400, 42_499);
    let mut opened = b.open(3);
    let Some(LineOrder::AddSession(session)) = opened.orders.pop() else {
        panic!("no session");
    };
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    let leg = b.desk.returned(b.now, &session).unwrap();
    assert_eq!((leg.call_ref, leg.party, leg.rtp.sent_packets), (7, 3, 0));
    for party in 10..30 {
        b.open(party);
        b.act(MediaOutput::CloseReceive {
            party: Party(party),
        });
    }
    assert!(
        b.desk.returned(b.now, &session).is_none(),
        "forgotten by now"
    );
}

#[test]
fn a_call_of_a_server_that_counts_from_the_beginning_again_has_its_own_legs_only() {
    let mut b = Bench::new(42_200, 42_299);
    let first = b.now;
    b.open(3);
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    b.now = Time::from_millis(60_000);
    b.open(4);
    let legs = |since| b.desk.of_call(b.now, CallRef(7), since).len();
    assert_eq!((legs(first), legs(b.now)), (2, 1));
}

#[test]
fn a_tone_makes_the_linked_leg_pass_data_once_and_silence_gives_voice_back() {
    let mut b = Bench::new(42_500, 42_599);
    let ced = || ctl::DetectedTone {
        tone: "CED".to_owned(),
        from: ctl::Side::Network,
        ..ctl::DetectedTone::default()
    };
    let order = |order: Option<LineOrder>| {
        let orders = order.into_iter().collect();
        let doing = Doing {
            orders,
            ..Doing::default()
        };
        names(&doing)
    };
    assert!(
        b.desk
            .heard_tone(b.now, DataTone::Ced, ced())
            .order
            .is_none(),
        "no leg"
    );
    b.open(3);
    let news = b.desk.heard_tone(b.now, DataTone::Ced, ced());
    assert_eq!(news.opened, Some(b.now));
    assert_eq!(order(news.order), ["pass 1 Some(10000)"]);
    let again = b.desk.heard_tone(b.now, DataTone::V21Preamble, ced());
    assert_eq!(order(again.order), [""; 0]);
    // The other call of the port is another matter.
    b.open(4);
    b.act(MediaOutput::Bridge {
        party: Some(Party(4)),
    });
    assert!(b.desk.both_silent().is_none());
    let legs = b.desk.shown_open(b.now);
    assert_eq!((legs[0].pass_through, legs[0].tones.len()), (true, 2));
    assert_eq!((legs[1].pass_through, legs[1].tones.len()), (false, 0));
    b.act(MediaOutput::Bridge {
        party: Some(Party(3)),
    });
    assert_eq!(order(b.desk.both_silent()), ["pass 1 None"]);
    assert!(b.desk.both_silent().is_none());
    b.desk.heard_tone(b.now, DataTone::Ced, ced());
    assert_eq!(order(b.desk.key(b.now).0), ["pass 1 None"]);
    // What the phone sends and gets while its call is on hold belongs to no leg.
    b.act(MediaOutput::CloseReceive { party: Party(4) });
    b.act(MediaOutput::Bridge { party: None });
    let held = b.desk.heard_tone(b.now, DataTone::Ced, ced());
    assert!(held.opened.is_none() && held.order.is_none());
}

#[test]
fn a_leg_that_the_line_thread_refused_is_closed_and_named_once() {
    let mut b = Bench::new(40_600, 40_640);
    b.open(9);
    let id = SessionId(b.next);
    assert_eq!(b.desk.refused(b.now, id), Some(Party(9)));
    assert_eq!(b.desk.refused(b.now, id), None);
    assert_eq!(b.desk.shown_open(b.now), []);
    // The call logic closes it too: there is no order for a session that nobody has.
    let close = MediaOutput::CloseReceive { party: Party(9) };
    assert_eq!(names(&b.act(close)), [""; 0]);
}

#[test]
fn a_multicast_group_is_joined_shown_and_left() {
    let group = SocketAddrV4::new(Ipv4Addr::new(239, 192, 41, 7), 20_480);
    let joined = || {
        let table = std::fs::read_to_string("/proc/self/net/igmp").unwrap();
        table.contains("0729C0EF")
    };
    let mut b = Bench::new(23_000, 23_998);
    let doing = b.open_in(5, Some(group));
    let answer = MediaInput::ReceiveOpened {
        party: Party(5),
        result: Ok(group),
    };
    assert_eq!(doing.answer, Some(answer));
    assert!(joined());
    // Another port of this machine hears the same music.
    let again = b.open_in(6, Some(group));
    assert!(matches!(
        again.answer,
        Some(MediaInput::ReceiveOpened { result: Ok(_), .. })
    ));
    let shown = b.desk.shown_open(b.now);
    assert_eq!(shown[0].local.as_deref(), Some("239.192.41.7:20480"));
    assert!(
        shown
            .iter()
            .all(|leg| leg.multicast && leg.remote.is_none())
    );
    b.act(MediaOutput::CloseReceive { party: Party(5) });
    drop(doing);
    assert!(joined(), "the other one still listens");
    b.act(MediaOutput::CloseReceive { party: Party(6) });
    drop(again);
    assert!(!joined());
}

#[test]
fn a_group_that_cannot_be_joined_is_no_channel() {
    let mut b = Bench::new(24_000, 24_998);
    let nobody = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 20_480);
    let doing = b.open_in(5, Some(nobody));
    let answer = MediaInput::ReceiveOpened {
        party: Party(5),
        result: Err(MediaStatus::OUT_OF_SOCKETS),
    };
    assert_eq!(doing.answer, Some(answer));
    let trouble = doing.trouble.unwrap();
    assert!(
        trouble.starts_with("no media for a call: cannot join multicast group 192.0.2.1:20480"),
        "{trouble}"
    );
    assert!(b.desk.shown_open(b.now).is_empty());
}

#[test]
fn statistics_are_of_what_came_since_the_leg_was_last_started() {
    let mut b = Bench::new(42_800, 42_899);
    b.open(3);
    b.send(3);
    let counters = Arc::clone(&b.desk.counters);
    let asked = |b: &mut Bench| {
        let doing = b.act(MediaOutput::NeedStatistics {
            party: Party(3),
            call: CallRef(7),
        });
        let Some(MediaInput::Statistics { counters, .. }) = doing.answer else {
            panic!("no answer");
        };
        counters
    };
    let second = |b: &mut Bench, lost: u64| {
        counters.tx_packets.add(50);
        counters.rx_packets.add(50 - lost);
        counters.rx_lost.add(lost);
        counters.rx_concealed.add(2 * lost);
        b.now = b.now + Duration::from_secs(1);
        b.desk.look(b.now);
    };
    assert_eq!(asked(&mut b).quality, None, "nothing was heard");
    (0..12).for_each(|_| second(&mut b, 5));
    let first = asked(&mut b);
    assert_eq!((first.packets_sent, first.packets_lost), (600, 60));
    let quality = first.quality.unwrap();
    assert!((30_000..37_000).contains(&quality.mos), "{quality:?}");
    assert_eq!((quality.concealed, quality.severe_s), (1000, 11));
    let shown = b.desk.shown_open(b.now).pop().unwrap().quality.unwrap();
    assert!((60.0..66.5).contains(&shown.r), "{shown:?}");
    // StartMedia once more: the server counts a segment of its own.
    b.send(3);
    assert_eq!(asked(&mut b), Default::default());
    (0..3).for_each(|_| second(&mut b, 0));
    let next = asked(&mut b);
    assert_eq!((next.packets_sent, next.packets_lost), (150, 0));
    assert_eq!(next.quality.unwrap().severe_s, 0);
    // Closed: the same, until it is forgotten; what is shown of it is all of it.
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    assert_eq!(asked(&mut b), next);
    let leg = b.desk.of_call(b.now, CallRef(7), Time::ZERO).pop().unwrap();
    assert_eq!((leg.rtp.sent_packets, leg.rtcp), (750, None));
}

#[test]
fn a_report_of_a_leg_has_its_silence_up_to_its_end() {
    let mut b = Bench::new(42_920, 42_939);
    let silent = |b: &Bench| b.desk.of_call(b.now, CallRef(7), Time::ZERO)[0].silent_ms;
    let talks = |b: &mut Bench, seconds: u64| {
        b.desk.counters.rx_packets.add(50 * seconds);
        b.now = b.now + Duration::from_secs(seconds);
        b.desk.open[0].view.heard(b.now);
    };
    b.open(1);
    b.send(1);
    assert_eq!(silent(&b), None, "nothing has come at all");
    talks(&mut b, 20);
    b.now = b.now + Duration::from_secs(4);
    assert_eq!(silent(&b), Some(4000));
    // On hold it has to send nothing.
    b.act(MediaOutput::StopSend { party: Party(1) });
    b.now = b.now + Duration::from_secs(2);
    assert_eq!(silent(&b), Some(4000));
    b.send(1);
    assert_eq!(silent(&b), Some(0));
    talks(&mut b, 20);
    b.now = b.now + Duration::from_secs(12);
    b.act(MediaOutput::CloseReceive { party: Party(1) });
    b.now = b.now + Duration::from_secs(60);
    assert_eq!(silent(&b), Some(12_000));
}

#[test]
fn a_leg_that_stopped_sending_waits_for_nothing() {
    let mut b = Bench::new(42_900, 42_919);
    b.open(1);
    let sending = |b: &Bench| b.desk.sending(b.now, Party(1)).map(|for_| for_.as_secs());
    assert_eq!(sending(&b), None);
    b.send(1);
    b.now = Time::from_millis(5000);
    assert_eq!(sending(&b), Some(4));
    b.act(MediaOutput::StopSend { party: Party(1) });
    assert_eq!(sending(&b), None);
    // Taken back from hold: counted from then on.
    b.send(1);
    assert_eq!(sending(&b), Some(0));
}
