//! What named events and T.38 make of a leg: the orders to the line thread, and the trace.

use tipring_config::Machine;
use tipring_ctl::words::trace;
use tipring_proto::types::{Side, Sides};

use super::*;

/// A leg, opened by a port with these settings.
fn leg(first: u16, text: &str) -> Bench {
    let mut b = Bench::new(first, first + 99);
    let text = format!("[callmanager]\nservers = [\"10.0.0.2\"]\n[[port]]\nchannel = 1\n{text}\n");
    let machine = Machine {
        mac: tipring_config::Mac::parse("02:00:5e:10:20:30"),
        ..Machine::default()
    };
    let config = tipring_config::parse(&text, "test", &machine).unwrap();
    let fax = crate::settings::fax(&config, &config.ports[0]);
    b.desk.settings.fax = fax;
    b.open(3);
    b.act(MediaOutput::Bridge {
        party: Some(Party(3)),
    });
    b
}

fn tone(tone: DataTone, from: Side) -> ctl::DetectedTone {
    ctl::DetectedTone {
        at_unix_ms: 0,
        tone: tone.to_string(),
        from,
        after_ms: 500,
    }
}

impl Bench {
    fn hears(&mut self, heard: DataTone, from: Side) -> FaxDoing {
        self.desk.heard_tone(self.now, heard, tone(heard, from)).fax
    }

    /// StartMediaTransmission with these payload types.
    fn named(&mut self, nse: u8, telephone_events: Option<u8>) -> Doing {
        self.act(MediaOutput::StartSend {
            party: Party(3),
            remote: SocketAddrV4::new(HERE, 4000),
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            rfc2833_payload: telephone_events,
            nse_payload: Some(nse),
            dscp: 46,
        })
    }

    fn event(&mut self, number: u8, timestamp: u32) -> FaxDoing {
        let heard = FaxHeard::Event { number, timestamp };
        self.desk.fax_heard(self.now, SessionId(1), heard)
    }

    /// Lets time pass; the faxes that were over meanwhile.
    fn pass_faxes(&mut self, ms: u64) -> Vec<tipring_types::FaxRecord> {
        let end = self.now + Duration::from_millis(ms);
        let mut faxes = vec![];
        while let Some(at) = self.desk.fax_due().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let doings = self.desk.fax_turn(self.now);
            faxes.extend(doings.into_iter().flat_map(|doing| doing.faxes));
        }
        self.now = end;
        faxes
    }

    /// Lets time pass; what was ordered and traced meanwhile.
    fn pass(&mut self, ms: u64) -> (Vec<String>, Vec<String>) {
        let end = self.now + Duration::from_millis(ms);
        let (mut orders, mut texts) = (vec![], vec![]);
        while let Some(at) = self.desk.fax_due().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            for doing in self.desk.fax_turn(self.now) {
                let (o, t) = said(&doing);
                orders.extend(o);
                texts.extend(t);
            }
        }
        self.now = end;
        (orders, texts)
    }
}

fn said(doing: &FaxDoing) -> (Vec<String>, Vec<String>) {
    let texts = doing.events.iter().map(|event| trace(event, None));
    (doing.orders.iter().map(name).collect(), texts.collect())
}

const FORCE: &str = "nse = \"force\"";

#[test]
fn flags_ask_for_t38_and_the_answer_brings_a_relay_that_ends_with_the_call_s_data() {
    let mut b = leg(43_000, FORCE);
    let (orders, texts) = said(&b.hears(DataTone::V21Preamble, Side::Line));
    assert_eq!(
        (orders, texts.len()),
        (
            vec!["listen 1".to_owned(), "event 1 100 200 true".to_owned()],
            0
        )
    );
    let (orders, _) = b.pass(100);
    assert_eq!(orders, ["event 1 100 200 false"; 2]);
    let (orders, texts) = said(&b.event(201, 7));
    assert_eq!(orders, ["pass 1 Some(10000)", "relay 1"]);
    assert_eq!(
        texts,
        ["asked for T.38 (NSE 200): the far end agreed, the call is fax relay (T.38)"]
    );
    let shown = b.desk.shown_open(b.now).remove(0);
    let fax = shown.fax.expect("fax");
    assert_eq!(fax.mode, tipring_types::trace::LegMode::FaxRelay);
    assert!(
        !shown.pass_through && b.desk.key(b.now).0.is_none(),
        "no key in a fax"
    );
    let (orders, texts) = said(&b.desk.fax_silent(b.now));
    assert_eq!(
        orders,
        ["end relay 1", "pass 1 None", "event 1 100 194 true"]
    );
    assert!(
        texts[0].starts_with("fax relay over: pages confirmed: 0"),
        "{texts:?}"
    );
    assert_eq!(texts[1], "data over: voice again (NSE 194 sent)");
    assert!(b.desk.both_silent().is_none(), "it is voice already");
    b.pass(100);
    assert_eq!(b.desk.fax_due(), None);
}

#[test]
fn without_an_answer_the_fax_goes_on_as_g711_and_the_trace_says_so() {
    let mut b = leg(43_100, FORCE);
    b.hears(DataTone::V21Preamble, Side::Line);
    let (orders, texts) = b.pass(3_000);
    assert_eq!(orders.len(), 14, "three of each of five: {orders:?}");
    assert!(orders.iter().all(|o| o.starts_with("event 1 100 200")));
    let text =
        "asked for T.38 (NSE 200): the far end did not answer in 1 s, the fax goes on as G.711";
    assert_eq!(texts, [text]);
    assert!(b.desk.shown_open(b.now)[0].pass_through, "by its tone");
}

#[test]
fn a_request_of_the_far_end_is_answered_by_the_settings() {
    let mut b = leg(43_200, FORCE);
    let (orders, texts) = said(&b.event(200, 1));
    let relay = ["pass 1 Some(10000)", "relay 1", "event 1 100 201 true"];
    assert_eq!(orders, relay);
    assert_eq!(
        texts,
        ["the far end asked for T.38 (NSE 200): agreed, the call is fax relay (T.38)"]
    );
    assert_eq!(said(&b.event(200, 1)).0, [""; 0], "a copy");
    let (orders, texts) = said(&b.event(194, 9));
    assert_eq!(orders, ["end relay 1", "pass 1 None"]);
    assert_eq!(texts[1], "the far end goes back to voice (NSE 194)");

    let mut b = leg(
        43_300,
        "nse = \"force\"\nt38 = false\nnse-payload-type = 98",
    );
    let (orders, texts) = said(&b.event(200, 1));
    assert_eq!(orders, ["event 1 98 202 true"]);
    assert!(texts[0].contains("refused, this port has t38 = false"));
    let (orders, _) = said(&b.event(192, 2));
    assert_eq!(orders[0], "pass 1 Some(10000)");
}

#[test]
fn a_port_without_named_events_is_as_before() {
    let mut b = leg(43_400, "");
    for (heard, orders) in [
        (DataTone::Ced, vec!["listen 1".to_owned()]),
        (DataTone::V21Preamble, vec![]),
    ] {
        let doing = b.hears(heard, Side::Line);
        assert_eq!(said(&doing), (orders, vec![]));
    }
    for number in [192, 200] {
        assert!(b.event(number, 1).orders.is_empty());
    }
    let t38 = |b: &mut Bench| b.desk.fax_heard(b.now, SessionId(1), FaxHeard::T38);
    assert!(t38(&mut b).orders.is_empty() && t38(&mut b).orders.is_empty());
    let fax = b.desk.shown_open(b.now)[0].fax.clone().expect("a fax");
    let mode = tipring_types::trace::LegMode::PassThrough;
    assert_eq!((fax.mode, fax.sent_packets), (mode, 0));
}

/// The faxes of a leg that ended.
fn closed(b: &mut Bench) -> Vec<tipring_types::FaxRecord> {
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    let ended = b.desk.fax_ended();
    assert!(ended.iter().all(|doing| doing.call == CallRef(7)));
    assert!(b.desk.fax_ended().is_empty(), "once");
    assert_eq!(b.desk.fax_due(), None);
    ended.into_iter().flat_map(|doing| doing.faxes).collect()
}

#[test]
fn a_call_without_fax_tones_and_one_with_a_note_like_cng_have_no_record() {
    let mut b = leg(43_800, "");
    assert_eq!(
        (b.desk.fax_due(), b.desk.shown_open(b.now)[0].fax.clone()),
        (None, None)
    );
    assert!(said(&b.hears(DataTone::Cng, Side::Network)).0.is_empty());
    b.pass(60_000);
    assert_eq!(closed(&mut b), []);
}

#[test]
fn a_machine_that_calls_a_person_has_one_record_when_the_leg_ends() {
    let mut b = leg(43_900, "");
    b.hears(DataTone::Cng, Side::Line);
    b.pass(3_500);
    let (orders, _) = said(&b.hears(DataTone::Cng, Side::Line));
    assert_eq!(orders, ["listen 1"]);
    b.pass(20_000);
    b.hears(DataTone::Cng, Side::Line);
    b.pass(20_000);
    let shown = b.desk.shown_open(b.now)[0].fax.clone().expect("a fax");
    assert_eq!((shown.outcome, shown.pages), (None, 0), "it goes on");
    let faxes = closed(&mut b);
    assert_eq!(faxes.len(), 1);
    let record = &faxes[0];
    let (caller, seconds) = (Side::Line, 43);
    let outcome = tipring_types::FaxOutcome::NoFaxAnswered { caller, seconds };
    assert_eq!(record.outcome, outcome);
    assert_eq!((record.caller, record.length_ms), (Some(caller), 23_500));
    assert_eq!((record.pages, record.rate, record.unheard), (0, None, 0));
    assert_eq!(record.transport, tipring_types::FaxTransport::G711);
    let shown = b.desk.of_call(b.now, CallRef(7), Time::ZERO);
    assert_eq!(shown[0].fax.as_ref().unwrap().outcome, Some(outcome));
}

#[test]
fn a_key_takes_back_what_tones_alone_had_begun() {
    let mut b = leg(44_000, "");
    b.hears(DataTone::Cng, Side::Network);
    b.pass(3_500);
    b.hears(DataTone::Cng, Side::Network);
    let (order, doing) = b.desk.key(b.now);
    assert_eq!(order.as_ref().map(name), Some("pass 1 None".to_owned()));
    assert!(doing.faxes.is_empty());
    assert_eq!(closed(&mut b), []);
}

#[test]
fn each_fax_of_a_call_has_a_record_and_none_has_two() {
    let mut b = leg(44_100, "");
    for _ in 0..2 {
        let orders = said(&b.hears(DataTone::Ced, Side::Network)).0;
        b.pass(12_000);
        let doing = b.desk.fax_silent(b.now);
        assert!(b.desk.both_silent().is_some(), "{orders:?}");
        let from = Side::Network;
        let outcome = tipring_types::FaxOutcome::AnswerToneOnly { from };
        let outcomes: Vec<_> = doing.faxes.iter().map(|f| f.outcome.clone()).collect();
        assert_eq!(outcomes, [outcome]);
        assert_eq!(doing.faxes[0].caller, Some(Side::Line));
        b.pass(5_000);
    }
    assert_eq!(closed(&mut b), []);
}

#[test]
fn two_faxes_that_are_carried_as_voice_are_two_records_and_a_lone_cng_is_none() {
    let mut b = leg(44_600, "");
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    b.desk.settings.pass_data = false;
    b.open(3);
    b.desk.fax_ended();
    b.act(MediaOutput::Bridge {
        party: Some(Party(3)),
    });
    for _ in 0..2 {
        assert_eq!(said(&b.hears(DataTone::Ced, Side::Network)).0, ["listen 2"]);
        b.pass(3_000);
        b.hears(DataTone::V21Preamble, Side::Network);
        let faxes = b.pass_faxes(9_000);
        assert_eq!(faxes, [], "it goes on");
        let faxes = b.pass_faxes(2_000);
        assert_eq!(faxes.len(), 1, "{faxes:?}");
        assert_eq!(b.desk.fax_due(), None);
        assert!(said(&b.hears(DataTone::Cng, Side::Line)).0.is_empty());
        assert_eq!(b.pass_faxes(30_000), []);
    }
    assert_eq!(closed(&mut b), []);
}

#[test]
fn what_listens_and_was_not_taken_by_the_line_thread_is_built_again() {
    let mut b = leg(44_200, "");
    b.hears(DataTone::Ced, Side::Network);
    assert!(b.pass(2_000).0.is_empty());
    b.desk.tap_lost(SessionId(1));
    assert_eq!(b.pass(600).0, ["listen 1"]);
    assert!(b.pass(2_000).0.is_empty(), "once");
}

#[test]
fn switchings_of_a_fax_are_in_its_record() {
    let mut b = leg(44_300, FORCE);
    b.event(192, 1);
    b.pass(300);
    b.hears(DataTone::Ced, Side::Line);
    b.pass(1_000);
    let faxes = closed(&mut b);
    assert_eq!(faxes.len(), 1);
    let switches: Vec<_> = faxes[0].switches.iter().map(|s| (s.event, s.by)).collect();
    assert_eq!(switches[0], (Some(192), Side::Network), "{switches:?}");
}

#[test]
fn a_relay_that_ends_with_its_call_is_traced_once() {
    let mut b = leg(43_600, FORCE);
    b.event(200, 1);
    b.act(MediaOutput::CloseReceive { party: Party(3) });
    let ended: Vec<_> = b.desk.fax_ended().iter().flat_map(|d| said(d).1).collect();
    assert!(
        matches!(&ended[..], [text] if text.starts_with("fax relay over")),
        "{ended:?}"
    );
    assert!(b.desk.fax_ended().is_empty());
    assert_eq!(b.desk.fax_due(), None);
}

#[test]
fn a_far_end_that_sends_voice_on_after_it_agreed_gets_voice() {
    let mut b = leg(43_500, FORCE);
    b.event(200, 1);
    b.pass(2_500);
    let doing = b.desk.fax_heard(b.now, SessionId(1), FaxHeard::Voice);
    let (orders, texts) = said(&doing);
    assert_eq!(orders, ["end relay 1", "pass 1 None"]);
    let text = "agreed on T.38 (NSE 200), but the far end sends voice on: the fax goes on as G.711";
    assert!(texts.iter().any(|t| t == text), "{texts:?}");
}

#[test]
fn a_key_ends_pass_through_that_the_far_end_asked_for_and_says_so_to_it() {
    let mut b = leg(43_600, FORCE);
    b.event(192, 1);
    b.pass(200);
    let (_, doing) = b.desk.key(b.now);
    let (orders, _) = said(&doing);
    assert_eq!(orders, ["pass 1 None", "event 1 100 194 true"]);
    assert_eq!(said(&b.desk.key(b.now).1).0, [""; 0], "it is voice");
}

#[test]
fn an_order_of_a_relay_that_the_line_thread_did_not_take_is_made_good() {
    let mut b = leg(43_700, FORCE);
    b.event(200, 1);
    b.pass(200);
    // The end of it.
    b.desk.fax_silent(b.now);
    b.desk.fax_order_lost(b.now, SessionId(1), false);
    let (orders, _) = b.pass(200);
    assert!(orders.contains(&"end relay 1".to_owned()), "{orders:?}");
    let (orders, _) = b.pass(1_000);
    assert!(
        !orders.contains(&"end relay 1".to_owned()),
        "once: {orders:?}"
    );
    // Its begin: no relay is there, so it is voice again, and the far end hears of it.
    b.event(200, 900);
    b.desk.fax_order_lost(b.now, SessionId(1), true);
    // After the copies of the event that went before.
    let (orders, _) = b.pass(100);
    assert!(
        orders.contains(&"event 1 100 194 true".to_owned()),
        "{orders:?}"
    );
    assert!(
        b.desk.shown_open(b.now)[0]
            .fax
            .as_ref()
            .is_none_or(|fax| fax.mode == tipring_types::trace::LegMode::Voice)
    );
}

/// The named events among the orders: a fax is listened to in any case.
fn events_of(doing: &FaxDoing) -> Vec<String> {
    let (mut orders, _) = said(doing);
    orders.retain(|order| order.starts_with("event "));
    orders
}

#[test]
fn the_payload_type_that_the_server_names_is_used_and_makes_the_far_end_known() {
    // With negotiated events nothing goes to a far end that has sent none.
    let mut b = leg(44_000, "nse = \"negotiated\"");
    assert_eq!(
        events_of(&b.hears(DataTone::V21Preamble, Side::Line)),
        [""; 0]
    );
    let mut b = leg(44_100, "nse = \"negotiated\"");
    b.named(98, None);
    let events = events_of(&b.hears(DataTone::V21Preamble, Side::Line));
    assert_eq!(events, ["event 1 98 200 true"]);
    assert_eq!(b.desk.shown_open(b.now)[0].nse_payload_type, Some(98));
    // Off is off.
    let mut b = leg(44_200, "");
    b.named(98, None);
    assert_eq!(
        events_of(&b.hears(DataTone::V21Preamble, Side::Line)),
        [""; 0]
    );
    assert_eq!(b.desk.shown_open(b.now)[0].nse_payload_type, None);
}

#[test]
fn a_payload_type_that_is_another_ones_in_a_call_leaves_named_events_out_of_it() {
    for (events, named, text) in [
        (Some(100), None, "telephone-events"),
        (Some(98), Some(98), "telephone-events"),
        (Some(101), Some(90), "redundancy-payload-type"),
    ] {
        let counters: Arc<PortCounters> = Arc::default();
        let mut b = leg(44_300, FORCE);
        let settings = b.desk.settings;
        b.desk = MediaDesk::new(settings, Arc::clone(&counters));
        let doing = b.act(MediaOutput::OpenReceive {
            party: Party(4),
            call: CallRef(7),
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            rfc2833_payload: events,
            nse_payload: named,
            group: None,
        });
        let trouble = doing.trouble.unwrap();
        assert!(trouble.contains(text), "{trouble}");
        assert_eq!(counters.nse_conflicts.get(), 1);
        assert_eq!(b.desk.shown_open(b.now)[0].nse_payload_type, None);
        let heard = b.desk.fax_heard(
            b.now,
            SessionId(2),
            FaxHeard::Event {
                number: 200,
                timestamp: 1,
            },
        );
        assert!(heard.orders.is_empty(), "neither heard nor answered");
    }
    // The type of those that go comes later.
    let mut b = leg(44_400, FORCE);
    let doing = b.named(101, Some(101));
    assert!(
        doing
            .trouble
            .is_some_and(|t| t.contains("payload type 101"))
    );
    assert_eq!(
        events_of(&b.hears(DataTone::V21Preamble, Side::Line)),
        [""; 0]
    );
    assert_eq!(b.desk.counters.nse_conflicts.get(), 1);
}

#[test]
fn what_machines_call_themselves_is_shown_or_hidden_as_the_configuration_says() {
    let mut b = leg(44_500, "");
    b.hears(DataTone::Ced, Side::Network);
    let names = |b: &Bench| {
        let leg = b.desk.open.first().unwrap();
        let fax = b.desk.fax_shown(leg).expect("a fax");
        (fax.line_identity, fax.far_identity)
    };
    b.desk.open[0].fax.last_of_test(Sides {
        line: Some("One".into()),
        network: Some("Two".into()),
    });
    assert_eq!(names(&b), (Some("One".into()), Some("Two".into())));
    b.desk.settings.hide_identities = true;
    assert_eq!(names(&b), (None, None));
}

#[test]
fn t38_that_was_in_vain_is_not_asked_for_and_trace_and_record_say_so_once() {
    use tipring_types::{FaxAdvice, T38Doubt};
    let mut b = leg(44_200, FORCE);
    let unadvised = b.desk.unadvised();
    assert_eq!(unadvised, [(SessionId(1), CallRef(7), None)]);
    let not_asked = FaxAdvice::T38NotAsked {
        why: T38Doubt::Refused,
        times: 3,
        last_unix_ms: 1_795_960_931_000,
    };
    let strategy = Strategy {
        t38: Some(not_asked),
        redundancy: None,
    };
    b.desk.advise(SessionId(1), "2001", &strategy);
    assert!(b.desk.unadvised().is_empty());
    let (orders, texts) = said(&b.hears(DataTone::V21Preamble, Side::Line));
    assert!(
        orders.iter().all(|order| !order.contains(" 200 ")),
        "{orders:?}"
    );
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].starts_with("T.38 not asked for: the far gateway refused it 3 times"));
    b.pass(2_000);
    assert_eq!(said(&b.hears(DataTone::V21Preamble, Side::Line)).1, [""; 0]);
    // What the far end asks for is agreed on.
    let (orders, _) = said(&b.event(200, 1));
    assert!(orders.contains(&"relay 1".to_owned()), "{orders:?}");
    let records = closed(&mut b);
    let advised: Vec<_> = records.iter().flat_map(|fax| &fax.advised).collect();
    assert_eq!(advised.len(), 1);
    assert_eq!((&*advised[0].far, advised[0].advice), ("2001", not_asked));
}

#[test]
fn a_far_end_that_is_known_from_an_earlier_call_is_asked_before_it_has_sent_an_event() {
    use tipring_types::FaxAdvice;
    const NEGOTIATED: &str = "nse = \"negotiated\"";
    let asks = |b: &mut Bench| {
        let (orders, texts) = said(&b.hears(DataTone::V21Preamble, Side::Line));
        let asks = orders.iter().any(|order| order == "event 1 100 200 true");
        (asks, texts.len() + b.pass(2_000).1.len())
    };
    let mut b = leg(44_300, NEGOTIATED);
    assert_eq!(asks(&mut b), (false, 0));
    let mut b = leg(44_400, NEGOTIATED);
    let strategy = Strategy {
        t38: Some(FaxAdvice::T38First { spoiled: 2 }),
        redundancy: None,
    };
    b.desk.advise(SessionId(1), "2001", &strategy);
    assert_eq!(
        asks(&mut b),
        (true, 2),
        "the advice, and that there was no answer"
    );
}
