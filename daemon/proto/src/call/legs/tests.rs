use super::*;
use crate::sccp::message::Encryption;

const FORMAT: Format = (Codec::G711Ulaw, 20);
const CALL: CallRef = CallRef(9);

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn local() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 9), 20_000)
}

fn open(legs: &mut Legs, party: u32) {
    let open = OpenReceiveChannel {
        conference: Conference(0),
        party: Party(party),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: true,
        call: CallRef::NONE,
        encryption: Encryption::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    };
    legs.open(&open, Some(CALL), FORMAT);
}

fn start(party: u32) -> StartMediaTransmission {
    StartMediaTransmission {
        conference: Conference(0),
        party: Party(party),
        remote: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 17_000),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        precedence: 184,
        vad: false,
        max_frames: 0,
        call: CallRef::NONE,
        encryption: Encryption::default(),
        rfc2833_payload: 101,
        nse_payload: None,
    }
}

fn opened(legs: &mut Legs, party: u32) {
    legs.receive_opened(Party(party), Ok(local()), &PortConfig::default());
}

fn seen(legs: &mut Legs) -> Vec<String> {
    let name = |output: LegOutput| {
        let text = match output {
            LegOutput::Media(output) => format!("{output:?}"),
            LegOutput::ReceiveAnswer { status, .. } => return format!("receive {}", status.0),
            LegOutput::MulticastAnswer { status, .. } => return format!("multicast {}", status.0),
            LegOutput::StartAnswer { status, .. } => return format!("start {}", status.0),
            LegOutput::Statistics(s) => return format!("statistics {}", s.packets_sent),
        };
        text.split(' ').next().unwrap_or_default().to_owned()
    };
    std::iter::from_fn(|| legs.poll()).map(name).collect()
}

fn join(legs: &mut Legs, party: u32) {
    let start = StartMulticastMediaReception {
        conference: Conference(0),
        party: Party(party),
        group: SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 16_384),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: false,
        call: CALL,
    };
    legs.join(&start, Some(CALL), FORMAT);
}

#[test]
fn a_multicast_leg_is_heard_and_never_sends() {
    let mut legs = Legs::default();
    join(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["OpenReceive"]);
    // Before the group is joined and after.
    for _ in 0..2 {
        assert!(legs.start(&start(1), &PortConfig::default()));
        assert_eq!(seen(&mut legs), ["start 4"]);
        opened(&mut legs, 1);
        seen(&mut legs);
    }
    assert_eq!(legs.audible(CALL), Some(Party(1)));
    assert!(!legs.sends(CALL));
    assert!(legs.refused_by_line(Party(1), MediaStatus::NOT_ENOUGH_CHANNELS));
    assert_eq!(seen(&mut legs), ["CloseReceive", "multicast 1"]);
    assert!(!legs.has_of(CALL));
}

#[test]
fn a_start_that_waits_for_its_channel_is_refused_when_the_music_begins_on_its_leg() {
    let mut legs = Legs::default();
    legs.keep_early(at(0), &start(1));
    join(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["start 4", "OpenReceive"]);
    assert_eq!((legs.due(), legs.take_due(at(60_000))), (None, vec![]));
}

#[test]
fn an_opened_channel_takes_the_place_of_the_music_of_the_same_party() {
    let mut legs = Legs::default();
    join(&mut legs, 1);
    opened(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["OpenReceive", "multicast 0"]);
    open(&mut legs, 1);
    opened(&mut legs, 1);
    assert_eq!(
        seen(&mut legs),
        ["CloseReceive", "OpenReceive", "receive 0"]
    );
    assert!(legs.start(&start(1), &PortConfig::default()));
    assert_eq!(seen(&mut legs), ["StartSend", "start 0"]);
}

#[test]
fn a_leg_is_answered_when_its_socket_is_open_and_starts_after_that() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    assert!(legs.start(&start(1), &PortConfig::default()));
    assert_eq!(seen(&mut legs), ["OpenReceive"]);
    assert!(legs.has_of(CALL) && legs.audible(CALL).is_none() && !legs.sends(CALL));
    opened(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["receive 0", "StartSend", "start 0"]);
    assert!(legs.sends_events(CALL) && legs.audible(CALL) == Some(Party(1)));
    legs.stop(Party(1));
    legs.stop(Party(1));
    assert_eq!(seen(&mut legs), ["StopSend"]);
    assert!(!legs.sends(CALL));
}

#[test]
fn digits_that_stay_in_the_voice_are_no_events() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    opened(&mut legs, 1);
    let cfg = PortConfig {
        digits_in_band: true,
        ..PortConfig::default()
    };
    assert!(legs.start(&start(1), &cfg) && !legs.start(&start(2), &cfg));
    assert!(legs.sends(CALL) && !legs.sends_events(CALL));
}

#[test]
fn without_a_socket_there_is_no_leg() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    legs.start(&start(1), &PortConfig::default());
    let none = Err(MediaStatus::OUT_OF_SOCKETS);
    legs.receive_opened(Party(1), none, &PortConfig::default());
    let status = MediaStatus::OUT_OF_SOCKETS.0;
    assert_eq!(
        seen(&mut legs),
        [
            "OpenReceive".to_owned(),
            format!("receive {status}"),
            format!("start {status}")
        ]
    );
    assert_eq!((legs.len(), legs.counted()), (0, (0, 1)));
}

#[test]
fn the_answer_to_a_leg_that_was_closed_is_for_nobody() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    assert!(legs.close_receive(Party(1)));
    open(&mut legs, 1);
    opened(&mut legs, 1);
    assert_eq!(
        seen(&mut legs),
        ["OpenReceive", "CloseReceive", "OpenReceive"]
    );
    opened(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["receive 0"]);
}

#[test]
fn what_is_heard_is_let_go_before_it_is_closed() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    opened(&mut legs, 1);
    seen(&mut legs);
    legs.bridge(Some(Party(1)));
    legs.bridge(Some(Party(1)));
    legs.close_of(CALL);
    assert_eq!(seen(&mut legs), ["Bridge", "Bridge", "CloseReceive"]);
    legs.bridge(None);
    legs.stop(Party(1));
    assert!(!legs.close_receive(Party(1)));
    assert_eq!((seen(&mut legs), legs.counted()), (vec![], (0, 0)));
    legs.stop(Party(2));
    legs.close_receive(Party(2));
    assert_eq!(legs.counted(), (2, 0), "that one never was");
}

#[test]
fn a_start_that_nothing_opens_is_due_and_one_that_is_opened_is_not() {
    let mut legs = Legs::default();
    legs.keep_early(at(0), &start(1));
    legs.keep_early(at(100), &start(2));
    assert_eq!(legs.due(), Some(at(500)));
    open(&mut legs, 1);
    assert_eq!(legs.due(), Some(at(600)));
    opened(&mut legs, 1);
    assert_eq!(
        seen(&mut legs),
        ["OpenReceive", "receive 0", "StartSend", "start 0"]
    );
    assert_eq!(legs.take_due(at(599)), []);
    assert_eq!(legs.take_due(at(600)), [start(2)]);
    assert_eq!(legs.due(), None);
    legs.keep_early(at(0), &start(3));
    legs.close_except(Some(CALL));
    let refused = format!("start {}", MediaStatus::DEVICE_ON_HOOK.0);
    assert_eq!((seen(&mut legs), legs.due()), (vec![refused], None));
}

#[test]
fn a_leg_that_only_sends_gives_way_to_one_that_is_opened() {
    let mut legs = Legs::default();
    legs.open_to_send(&start(1), CALL, FORMAT);
    opened(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["OpenReceive", "StartSend", "start 0"]);
    open(&mut legs, 2);
    assert_eq!(seen(&mut legs), ["CloseReceive", "OpenReceive"]);
    assert_eq!(legs.counted(), (0, 1));
    // Or becomes one.
    let mut legs = Legs::default();
    legs.open_to_send(&start(1), CALL, FORMAT);
    opened(&mut legs, 1);
    seen(&mut legs);
    open(&mut legs, 1);
    assert_eq!(seen(&mut legs), ["receive 0"]);
}

#[test]
fn no_more_legs_than_the_line_has_sessions() {
    let mut legs = Legs::default();
    for party in 0..=4 {
        open(&mut legs, party);
    }
    assert_eq!((legs.len(), legs.counted()), (MOST_LEGS, (0, 1)));
    seen(&mut legs);
    assert!(legs.refused_by_line(Party(0), MediaStatus::NOT_ENOUGH_CHANNELS));
    assert!(!legs.refused_by_line(Party(0), MediaStatus::NOT_ENOUGH_CHANNELS));
    let refused = format!("receive {}", MediaStatus::NOT_ENOUGH_CHANNELS.0);
    assert_eq!(seen(&mut legs), ["CloseReceive".to_owned(), refused]);
}

#[test]
fn the_counters_of_a_closed_leg_can_be_asked_for() {
    let mut legs = Legs::default();
    open(&mut legs, 1);
    legs.close_of(CALL);
    seen(&mut legs);
    legs.want_statistics("7", CALL, 0);
    assert_eq!(seen(&mut legs), ["NeedStatistics"]);
    let counters = LegStatistics {
        packets_sent: 5,
        ..LegStatistics::default()
    };
    legs.statistics_known(CALL, counters);
    legs.statistics_known(CALL, counters);
    assert_eq!(seen(&mut legs), ["statistics 5"], "once");
    legs.want_statistics("7", CallRef(1), 0);
    assert_eq!(seen(&mut legs), ["statistics 0"], "it had no media");
}
