//! One connection, its server and its station played by hand.

use super::messages::{KEPT_MESSAGES, WAIT_MAX};
use super::*;
use crate::sccp::message::{RegisterReject, RegisterTokenReject, Unregister, UnregisterAck};
use crate::sccp::station::RejectCause;
use crate::sccp::station::tests::bench::{LOCAL, ack, lamp, round, secs};
use crate::types::{DeviceName, DeviceType};

const ID: ConnectionId = ConnectionId(7);

struct Rig {
    connection: Connection,
    config: StationConfig,
    counters: StationCounters,
    out: VecDeque<StationOutput>,
    now: Time,
}

impl Rig {
    fn new(purpose: ConnectionPurpose, token: bool) -> Rig {
        let name = DeviceName::new("VGC112233445501").unwrap();
        let mut config = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
        config.trace = false;
        let now = Time::from_millis(1_000);
        Rig {
            connection: Connection::new(now, ID, 2, purpose, token, &config),
            config,
            counters: StationCounters::default(),
            out: VecDeque::new(),
            now,
        }
    }

    /// An active connection in each of the states, and a trial or a standby in those that only such a one has.
    fn in_state(state: ConnectionState) -> Rig {
        let token = matches!(
            state,
            ConnectionState::TokenAsked | ConnectionState::TokenGranted
        );
        let purpose = match state {
            ConnectionState::StandingBy => ConnectionPurpose::Standby,
            _ if token => ConnectionPurpose::Trial,
            _ => ConnectionPurpose::Active,
        };
        let mut rig = Rig::new(purpose, token);
        let steps: [fn(&mut Rig); 4] = [
            |rig| rig.connected(),
            |rig| match rig.connection.state() {
                ConnectionState::TokenAsked => rig.hear(&ServerMessage::RegisterTokenAck),
                _ => rig.hear(&ack(30, 3)),
            },
            |rig| rig.finish_the_round(),
            |rig| rig.unregister(),
        ];
        for step in steps {
            if rig.connection.state() != state {
                step(&mut rig);
                rig.news();
            }
        }
        assert_eq!(rig.connection.state(), state);
        rig.sent();
        rig
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Connection, Time, &mut Around<'_>) -> T) -> T {
        let mut around = Around {
            last_choice: true,
            config: &self.config,
            last_word: "Initialized",
            counters: &mut self.counters,
            out: &mut self.out,
        };
        act(&mut self.connection, self.now, &mut around)
    }

    fn connected(&mut self) {
        self.with(|connection, now, around| connection.connected(now, LOCAL, around));
    }

    fn hear(&mut self, message: &ServerMessage) {
        self.connection.received(&wire::encode_server(message, 3));
    }

    fn finish_the_round(&mut self) {
        self.news();
        for answer in round() {
            self.hear(&answer);
        }
        self.news();
    }

    fn unregister(&mut self) {
        self.with(|connection, now, around| connection.unregister(now, Then::Stop, around));
    }

    fn news(&mut self) -> Vec<News> {
        let mut all = vec![];
        while let Some(news) = self.with(|connection, now, around| connection.poll(now, around)) {
            all.push(news);
        }
        all
    }

    /// Lets time pass up to the next deadline; how long that took.
    fn wait(&mut self) -> Duration {
        let at = self
            .connection
            .poll_timeout()
            .expect("something to wait for");
        let waited = at - self.now;
        self.now = at;
        self.with(|connection, now, around| connection.handle_timeout(now, around));
        waited
    }

    fn sent(&mut self) -> Vec<ClientMessage> {
        let all = self.out.drain(..).map(|output| {
            let StationOutput::Send { id: ID, bytes } = output else {
                panic!("{output:?}");
            };
            let mut reader = FrameReader::default();
            reader.push(&bytes);
            wire::decode_client(&reader.next_frame().unwrap().unwrap(), 3).unwrap()
        });
        all.collect()
    }
}

fn over(reason: LostReason) -> Vec<News> {
    vec![News::Over(reason)]
}

#[test]
fn an_active_connection_registers_asks_the_round_and_is_kept_alive() {
    let mut rig = Rig::new(ConnectionPurpose::Active, false);
    rig.connected();
    let sent = rig.sent();
    assert!(
        matches!(
            sent[..],
            [ClientMessage::Alarm(_), ClientMessage::Register(_)]
        ),
        "{sent:?}"
    );
    rig.hear(&lamp());
    rig.hear(&ack(20, 3));
    assert_eq!(rig.news(), [News::Accepted]);
    for answer in round() {
        rig.hear(&answer);
    }
    assert_eq!(rig.news(), [News::Registered]);
    assert_eq!(rig.connection.take_kept()[0], (rig.now, lamp()));
    rig.hear(&lamp());
    assert_eq!(rig.news(), [News::Message(lamp())]);
    rig.sent();
    assert_eq!(rig.wait(), secs(20));
    assert_eq!(rig.sent(), [ClientMessage::KeepAlive]);
    assert_eq!(rig.connection.lived(rig.now), Some(secs(20)));
}

#[test]
fn a_trial_asks_for_a_token_and_waits_for_its_station_when_it_has_one() {
    let mut rig = Rig::new(ConnectionPurpose::Trial, true);
    rig.connected();
    assert!(matches!(
        rig.sent()[..],
        [ClientMessage::RegisterTokenReq(_), ClientMessage::KeepAlive]
    ));
    rig.hear(&ServerMessage::RegisterTokenAck);
    assert_eq!(rig.news(), [News::TokenGranted]);
    assert_eq!(rig.connection.poll_timeout(), None);
    rig.with(|connection, now, around| {
        connection.activate(now);
        connection.register(now, around);
    });
    assert_eq!(rig.connection.state(), ConnectionState::Registering);
    assert_eq!(rig.sent().len(), 2);
    rig.hear(&ack(30, 3));
    assert_eq!(rig.news(), [News::Accepted]);
}

#[test]
fn a_trial_is_kept_alive_only_when_it_has_become_the_active_connection() {
    let mut rig = Rig::new(ConnectionPurpose::Trial, false);
    rig.connected();
    rig.hear(&ack(1, 3));
    rig.news();
    rig.sent();
    assert_eq!(rig.wait(), secs(1), "the round goes on");
    assert_eq!(rig.sent(), [ClientMessage::ButtonTemplateReq]);
    rig.finish_the_round();
    assert_eq!(rig.connection.poll_timeout(), None);
    let now = rig.now;
    rig.connection.activate(now);
    assert_eq!(rig.connection.poll_timeout(), Some(now + secs(1)));
}

#[test]
fn no_state_waits_for_ever_but_one_that_needs_nothing_of_the_server() {
    use ConnectionState as S;
    for (state, wait, news) in [
        (
            S::Connecting,
            secs(4),
            over(LostReason::Connect(ConnectFailure::TimedOut)),
        ),
        (S::TokenAsked, secs(4), vec![]),
        (S::Registering, secs(10), over(LostReason::RegisterTimeout)),
        (S::Asking, secs(1), vec![]),
        (
            S::Unregistering,
            secs(1),
            vec![News::Unregistered(Then::Stop)],
        ),
    ] {
        let mut rig = Rig::in_state(state);
        assert_eq!(rig.wait(), wait, "{state}");
        assert_eq!(rig.news(), news, "{state}");
        assert!(
            !rig.connection.is_ended(),
            "{state}: somebody has to close it"
        );
    }
    let mut rig = Rig::in_state(S::TokenAsked);
    rig.wait();
    assert_eq!(rig.connection.state(), S::Registering, "it knows no tokens");
    let mut rig = Rig::in_state(S::Asking);
    rig.wait();
    assert_eq!(rig.sent(), [ClientMessage::ButtonTemplateReq]);
    assert_eq!(rig.counters.answers_missing, 1);
    assert_eq!(
        Rig::in_state(S::TokenGranted).connection.poll_timeout(),
        None
    );
}

#[test]
fn the_end_of_tcp_is_reported_once_in_every_state() {
    let reason = CloseReason::Reset;
    for state in ConnectionState::ALL.iter().copied() {
        let mut rig = Rig::in_state(state);
        let closed = over(LostReason::Closed(reason.clone()));
        let expected = match state {
            ConnectionState::Connecting => over(LostReason::Connect(ConnectFailure::Other(
                reason.to_string(),
            ))),
            ConnectionState::TokenAsked => vec![News::TokenUnknown],
            ConnectionState::Unregistering => vec![News::Unregistered(Then::Stop)],
            _ => closed,
        };
        rig.connection.closed(reason.clone());
        assert_eq!(rig.news(), expected, "{state}");
        assert!(rig.connection.is_ended(), "{state}: nothing to be closed");
        rig.hear(&ServerMessage::RegisterTokenAck);
        assert_eq!(rig.news(), [], "{state}");
    }
}

#[test]
fn what_comes_before_tcp_is_open_or_after_it_failed_is_not_read() {
    let mut rig = Rig::new(ConnectionPurpose::Active, false);
    rig.hear(&ack(30, 3));
    rig.connected();
    assert_eq!(rig.news(), []);
    assert_eq!(rig.connection.state(), ConnectionState::Registering);
    let mut rig = Rig::new(ConnectionPurpose::Active, false);
    rig.connection.failed(ConnectFailure::Refused);
    let refused = LostReason::Connect(ConnectFailure::Refused);
    assert_eq!(rig.news(), over(refused));
    rig.hear(&ServerMessage::KeepAliveAck);
    assert_eq!((rig.news(), rig.counters.frames_received), (vec![], 0));
}

#[test]
fn unregister_ends_whatever_the_server_answers_and_disarms_all_else() {
    let answers: [fn(&mut Rig); 4] = [
        |rig| rig.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 })),
        |rig| rig.connection.received(&[0xFF; 64]),
        |rig| rig.connection.closed(CloseReason::ByServer),
        |rig| assert_eq!(rig.wait(), secs(1)),
    ];
    for answer in answers {
        let mut rig = Rig::in_state(ConnectionState::Registered);
        rig.unregister();
        assert_eq!(
            rig.sent(),
            [ClientMessage::Unregister(Unregister { reason: None })]
        );
        assert_eq!(rig.connection.poll_timeout(), Some(rig.now + secs(1)));
        rig.hear(&lamp());
        assert_eq!(rig.news(), [], "nothing is passed up any more");
        rig.connection
            .unregister_to(Then::Retry(LostReason::Reconfigured));
        answer(&mut rig);
        let then = Then::Retry(LostReason::Reconfigured);
        assert_eq!(rig.news()[0], News::Unregistered(then));
    }
}

#[test]
fn a_refusal_and_bytes_that_are_no_sccp_end_it_and_leave_it_to_be_closed() {
    let mut rig = Rig::in_state(ConnectionState::Registering);
    rig.hear(&ServerMessage::RegisterReject(RegisterReject {
        text: "Device Unknown".into(),
    }));
    let rejected = LostReason::Rejected {
        text: "Device Unknown".into(),
        cause: RejectCause::DeviceUnknown,
    };
    assert_eq!(rig.news(), over(rejected));
    assert!(!rig.connection.is_ended());
    let mut rig = Rig::in_state(ConnectionState::Registered);
    rig.connection.received(&[0xFF; 64]);
    let first = rig.with(|connection, now, around| connection.poll(now, around));
    assert!(
        matches!(first, Some(News::Over(LostReason::BadFrame { .. }))),
        "{first:?}"
    );
    assert_eq!(rig.counters.bad_frames, 1);
    let mut rig = Rig::in_state(ConnectionState::TokenAsked);
    rig.hear(&ServerMessage::RegisterTokenReject(RegisterTokenReject {
        wait_s: u32::MAX,
    }));
    assert_eq!(
        rig.news(),
        over(LostReason::TokenRefused { wait: WAIT_MAX })
    );
}

#[test]
fn a_flood_ends_the_round_of_an_active_connection_and_not_that_of_a_trial() {
    for purpose in [ConnectionPurpose::Active, ConnectionPurpose::Trial] {
        let mut rig = Rig::new(purpose, false);
        rig.connected();
        rig.hear(&ack(30, 3));
        for _ in 0..100 {
            rig.hear(&lamp());
        }
        let news = rig.news();
        assert_eq!(rig.connection.take_kept().len(), KEPT_MESSAGES, "{purpose}");
        let registered = purpose == ConnectionPurpose::Active;
        assert_eq!(news.contains(&News::Registered), registered, "{purpose}");
        assert_eq!(
            news.len(),
            if registered {
                2 + 100 - KEPT_MESSAGES
            } else {
                1
            },
            "{purpose}"
        );
    }
}
