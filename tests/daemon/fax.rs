//! A fax between two ports whose calls are switched by named signalling events: over T.38 where both have it, as G.711
//! where one has not.

use std::path::Path;

use tipring_ctl::report as ctl;
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_proto::types::trace::Trace;
use tipring_proto::types::{FaxOutcome, FaxRecord, FaxTransport, Side};
use tipring_tests::capture::{self, Capture};
use tipring_tests::gateway::Gateway;
use tipring_tests::page::{self, Page};
use tipring_tests::set::Set;

use crate::place::{Place, SOON, counter, number_of, until};

/// A page takes half a minute; fax machines that disagree give up after this.
const LONGEST_S: u64 = 150;

/// Sends a page from port 1 to port 2, which has to arrive pixel by pixel.
fn send_a_page(gateway: &Gateway) -> ctl::FaxResult {
    let folder = gateway.folder();
    let (sent, received) = (folder.join("sent.tif"), folder.join("received.tif"));
    page::write_tiff(&sent, &[Page::letter(1, 400)]).unwrap();
    let number = number_of(gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    let (tiff, ecm) = (received.clone(), true);
    called
        .act(SimAction::FaxReceive { tiff, ecm }, SOON)
        .unwrap();
    let tiff = sent.clone();
    let send = SimAction::FaxSend { tiff, number, ecm };
    caller.act(send, SOON).unwrap();
    let result = caller.wait(SimCondition::FaxDone, LONGEST_S).unwrap();
    let at_receiver = called.wait(SimCondition::FaxDone, 20).unwrap();
    let result = result.last_fax.expect("a result");
    assert!(result.ok && result.pages == 1, "{result:?}");
    let at_receiver = at_receiver.last_fax.expect("a result");
    assert!(at_receiver.ok && at_receiver.pages == 1, "{at_receiver:?}");
    assert_eq!(page::compare(&sent, &received), Ok(1));
    result
}

/// Packets of a capture for which this is true, as tshark reads them: UDPTL on the ports of the voice.
fn packets(file: &Path, filter: &str) -> usize {
    capture::t38_packets(file, [20_000, 20_999], filter).unwrap()
}

/// What the traces of both ports still have.
fn trace(gateway: &Gateway) -> String {
    let of = |port| gateway.tipring(&["trace", "--last", port]).unwrap();
    of("1") + &of("2")
}

pub(crate) fn a_page_goes_over_t38_where_both_ports_have_named_events() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "[defaults]\nprofile = \"fax\"\nnse = \"force\"\n");
    let file = place.folder().join("fax.pcap");
    let filter = format!("udp and host {}", place.address());
    let capture = Capture::start(&file, &filter).unwrap();
    let result = send_a_page(&gateway);
    assert!(result.ecm && result.bit_rate >= 9_600, "{result:?}");
    let text = trace(&gateway);
    for line in [
        "asked for T.38 (NSE 200): the far end agreed, the call is fax relay (T.38)",
        "the far end asked for T.38 (NSE 200): agreed, the call is fax relay (T.38)",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // The media of a call that is over are still shown.
    until(SOON, || {
        let text = trace(&gateway);
        let pages = text.matches("fax relay over: pages confirmed: 1").count();
        (pages > 0).then_some(()).ok_or(text)
    });
    let file = capture.finish().unwrap();
    let t38 = packets(&file, "t38 && !rtp");
    assert!(t38 > 100, "{t38} packets of T.38");
    assert_eq!(packets(&file, "_ws.malformed"), 0);
    assert!(
        packets(&file, "rtp.p_type == 100") >= 6,
        "200 and 201, three times each"
    );
    for port in [1, 2] {
        assert!(counter(&gateway, port, "tx-t38-packets") > 20);
        for nothing in [
            "rx-t38-lost",
            "rx-t38-malformed",
            "t38-unseen",
            "tx-t38-refused",
        ] {
            assert_eq!(counter(&gateway, port, nothing), 0, "{nothing}");
        }
    }
}

pub(crate) fn a_far_end_without_named_events_costs_the_fax_nothing_and_the_trace_says_so() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let ports = "[defaults]\nprofile = \"fax\"\n[[port]]\nchannel = 1\n[[port]]\nchannel = 2\nnse = \"force\"\n";
    let gateway = place.gateway(2, ports);
    send_a_page(&gateway);
    let text = trace(&gateway);
    let line =
        "asked for T.38 (NSE 200): the far end did not answer in 1 s, the fax goes on as G.711";
    assert!(text.contains(line), "{text}");
    assert_eq!(counter(&gateway, 2, "relays"), 0);
    assert!(counter(&gateway, 1, "rx-other-payload") >= 15);
}

/// The records of faxes that the trace of a port still has.
fn faxes(gateway: &Gateway, port: &str) -> Result<Vec<FaxRecord>, String> {
    let text = gateway.tipring(&["trace", "--json", "--last", port])?;
    let events: Vec<ctl::TraceEvent> =
        serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    let records = events.into_iter().filter_map(|event| match event.event {
        Some(Trace::FaxEnded { record }) => Some(*record),
        _ => None,
    });
    Ok(records.collect())
}

/// The one record of each port.
fn records(gateway: &Gateway) -> [FaxRecord; 2] {
    ["1", "2"].map(|port| {
        until(SOON, || match &faxes(gateway, port)?[..] {
            [one] => Ok(one.clone()),
            others => Err(format!("port {port}: {others:?}")),
        })
    })
}

const FAX_PORTS: &str = "[defaults]\nprofile = \"fax\"\n";

pub(crate) fn two_pages_in_pass_through_have_a_record_with_all_of_it_on_both_ports() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, FAX_PORTS);
    let folder = gateway.folder();
    let (sent, received) = (folder.join("sent.tif"), folder.join("received.tif"));
    page::write_tiff(&sent, &[Page::letter(1, 200), Page::letter(2, 200)]).unwrap();
    let number = number_of(&gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    let (tiff, ecm) = (received.clone(), true);
    let receive = SimAction::FaxReceive { tiff, ecm };
    called.act(receive, SOON).unwrap();
    let tiff = sent.clone();
    let send = SimAction::FaxSend { tiff, number, ecm };
    caller.act(send, SOON).unwrap();
    let result = caller.wait(SimCondition::FaxDone, LONGEST_S).unwrap();
    assert!(result.last_fax.is_some_and(|fax| fax.ok && fax.pages == 2));
    called.wait(SimCondition::FaxDone, 20).unwrap();
    assert_eq!(page::compare(&sent, &received), Ok(2));
    let [at_caller, at_called] = records(&gateway);
    for (record, here) in [(&at_caller, Side::Line), (&at_called, Side::Network)] {
        assert_eq!(record.outcome, FaxOutcome::Complete { pages: 2 });
        assert_eq!((record.pages, record.ecm), (2, Some(true)));
        assert_eq!(record.rate, Some(14_400), "{record:?}");
        assert_eq!((record.caller, record.sender), (Some(here), Some(here)));
        assert!(record.identities.line.is_some() && record.identities.network.is_some());
        assert_eq!(record.transport, FaxTransport::G711);
        assert!(record.length_ms > 15_000, "{record:?}");
        assert_eq!((record.unheard, record.bad_frames.line), (0, 0));
        assert!(record.level.line.is_some() && record.level.network.is_some());
    }
    assert_eq!(at_caller.identities.line, at_called.identities.network);
    assert_eq!(at_caller.identities.network, at_called.identities.line);
}

pub(crate) fn a_far_machine_unplugged_in_its_page_and_a_person_who_answers_are_told_apart() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, FAX_PORTS);
    let folder = gateway.folder();
    let (sent, received) = (folder.join("sent.tif"), folder.join("received.tif"));
    page::write_tiff(&sent, &[Page::letter(1, 1_000)]).unwrap();
    let number = number_of(&gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    let (tiff, ecm) = (received, true);
    let receive = SimAction::FaxReceive { tiff, ecm };
    called.act(receive, SOON).unwrap();
    let tiff = sent;
    let send = SimAction::FaxSend { tiff, number, ecm };
    caller.act(send.clone(), SOON).unwrap();
    let fax = |port| {
        let media = gateway.port(port)?.media;
        Ok::<_, String>(media.into_iter().find_map(|leg| leg.fax))
    };
    // The machines have agreed on a rate: a page of half a minute follows.
    until(std::time::Duration::from_secs(60), || match fax(1)? {
        Some(fax) if fax.rate > 0 && fax.far_identity.is_some() => Ok(()),
        fax => Err(format!("{fax:?}")),
    });
    called.wait(SimCondition::FaxDone, 8).unwrap_err();
    called.act(SimAction::FaxCancel, SOON).unwrap();
    for record in records(&gateway) {
        assert!(
            matches!(
                record.outcome,
                FaxOutcome::CallEndedInPage { page: 1 }
                    | FaxOutcome::DisconnectedInPage { page: 1, .. }
            ),
            "{record:?}"
        );
        assert_eq!((record.pages, record.rate), (0, Some(14_400)));
    }
    caller.act(SimAction::FaxCancel, SOON).unwrap();
    caller.hang().unwrap();
    // Lifted sooner, it would be a flash.
    caller.wait(SimCondition::Idle, 15).unwrap();

    // A person lifts the handset, and hears CNG.
    caller.act(send, SOON).unwrap();
    called.answer().unwrap();
    until(std::time::Duration::from_secs(30), || {
        fax(1)?.map(|_| ()).ok_or_else(|| "no fax yet".to_owned())
    });
    called.hang().unwrap();
    caller.act(SimAction::FaxCancel, SOON).unwrap();
    let record = until(SOON, || match &faxes(&gateway, "1")?[..] {
        [_, second] => Ok(second.clone()),
        others => Err(format!("{others:?}")),
    });
    let caller = Side::Line;
    assert!(
        matches!(record.outcome, FaxOutcome::NoFaxAnswered { caller: c, .. } if c == caller),
        "{record:?}"
    );
    assert_eq!((record.pages, record.rate), (0, None));
}

/// The faxes of a port in the journal, as `fax list` shows them.
fn journal(gateway: &Gateway, port: u16) -> Vec<ctl::FaxReport> {
    let faxes = gateway.control().faxes(port);
    faxes.unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn a_fax_that_is_carried_as_voice_is_in_the_journal_as_well() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let ports = "[defaults]\nprofile = \"fax\"\nfax-pass-through = false\n";
    let gateway = place.gateway(2, ports);
    send_a_page(&gateway);
    for port in [1, 2] {
        let found = until(SOON, || {
            let found = journal(&gateway, port).into_iter().next();
            found.ok_or("nothing in the journal".to_owned())
        });
        assert!(found.fax.verdict.is_success(), "{found:?}");
        assert_eq!(found.fax.record.pages, 1, "{found:?}");
    }
}

fn has_finding(gateway: &Gateway, port: u16) -> bool {
    let shown = gateway.tipring(&["port", "show", &port.to_string()]);
    shown.unwrap().contains("the last fax failed")
}

pub(crate) fn a_fax_that_is_cut_off_is_in_the_journal_with_its_cause_until_a_good_one_of_two_pages()
{
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "[defaults]\nprofile = \"fax\"\nnse = \"force\"\n");
    let folder = gateway.folder();
    let (sent, received) = (folder.join("sent.tif"), folder.join("received.tif"));
    page::write_tiff(&sent, &[Page::letter(1, 400), Page::letter(2, 400)]).unwrap();
    let number = number_of(&gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    let start = |caller: &mut Set, called: &mut Set| {
        let (tiff, ecm) = (received.clone(), true);
        called
            .act(SimAction::FaxReceive { tiff, ecm }, SOON)
            .unwrap();
        let (tiff, number) = (sent.clone(), number.clone());
        caller
            .act(SimAction::FaxSend { tiff, number, ecm }, SOON)
            .unwrap();
    };
    start(&mut caller, &mut called);
    // The receiver is switched off as soon as T.38 has begun.
    until(SOON * 4, || {
        let text = trace(&gateway);
        let begun = text.contains("agreed, the call is fax relay (T.38)");
        begun.then_some(()).ok_or(text)
    });
    called.act(SimAction::FaxCancel, SOON).unwrap();
    caller.wait(SimCondition::FaxDone, LONGEST_S).unwrap();
    let cut = until(SOON, || {
        let found = journal(&gateway, 2).into_iter().next();
        let found = found.ok_or("nothing in the journal")?;
        match &*found.code {
            "hung-up-here" => Ok(found),
            code => Err(format!("{code}: {found:?}")),
        }
    });
    assert!(
        !cut.fax.verdict.is_success() && cut.fax.call.is_some(),
        "{cut:?}"
    );
    assert!(cut.why.starts_with("port 2 hung up"), "{cut:?}");
    assert!(has_finding(&gateway, 2));
    // At the other port the call was over before its fax.
    let there = until(SOON, || {
        let found = journal(&gateway, 1).into_iter().next();
        found.ok_or("nothing in the journal".to_owned())
    });
    let whose = (there.fax.call.is_some(), there.fax.far_number.as_ref());
    assert_eq!(whose, (true, Some(&number)), "{there:?}");
    // Lifted sooner, it would be a flash.
    for set in [&mut caller, &mut called] {
        set.wait(SimCondition::Idle, 15).unwrap();
    }
    start(&mut caller, &mut called);
    let result = caller.wait(SimCondition::FaxDone, LONGEST_S).unwrap();
    assert!(result.last_fax.is_some_and(|fax| fax.ok && fax.pages == 2));
    for port in [1, 2] {
        let good = until(SOON, || {
            let found = journal(&gateway, port).into_iter().next();
            let found = found.ok_or("nothing in the journal")?;
            match found.fax.verdict.is_success() {
                true => Ok(found),
                false => Err(format!("{found:?}")),
            }
        });
        assert_eq!(
            (good.fax.record.pages, good.fax.record.ecm),
            (2, Some(true))
        );
        assert!(!has_finding(&gateway, port));
        let text = gateway
            .tipring(&["fax", "show", &good.fax.number.to_string()])
            .unwrap();
        for part in [
            "good: 2 pages came through",
            "carried by",
            "T.38",
            "page 2",
            "MCF",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let text = gateway.tipring(&["fax", "list", "2", "--failed"]).unwrap();
    assert!(text.contains("hung-up-here"), "{text}");
    gateway.stop().unwrap();
}

/// What is remembered of a far end.
fn remembered(gateway: &Gateway, far: &str) -> Option<ctl::FarEndReport> {
    let text = gateway
        .tipring(&["fax", "memory", "list", "--json"])
        .unwrap();
    let report: ctl::FaxMemoryReport =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    report.far_ends.into_iter().find(|found| found.far == far)
}

/// Sends a page from port 1 to port 2 as the fax of this number since the begin of the journal, and waits until both ports
/// are idle; the fax as port 2 has it.
fn send_another(gateway: &Gateway, number: usize) -> ctl::FaxReport {
    send_a_page(gateway);
    for port in [1, 2] {
        let mut set = gateway.set(port).unwrap();
        set.wait(SimCondition::Idle, 15).unwrap();
    }
    until(SOON, || {
        let mut found = journal(gateway, 2);
        match found.len() {
            n if n == number => Ok(found.remove(0)),
            _ => Err(format!("{number} wanted: {found:?}")),
        }
    })
}

pub(crate) fn t38_that_was_refused_three_times_is_not_asked_for_until_the_far_end_is_forgotten() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let ports = "[defaults]\nprofile = \"fax\"\nnse = \"force\"\n[[port]]\nchannel = 1\nt38 = false\n[[port]]\nchannel = 2\n";
    let gateway = place.gateway(2, ports);
    let far = number_of(&gateway, 1);
    let asked = |fax: &ctl::FaxReport| {
        let mut switches = fax.fax.record.switches.iter();
        switches.any(|s| s.event == Some(200) && s.by == Side::Line)
    };
    for n in 1..=3 {
        let fax = send_another(&gateway, n);
        assert!(asked(&fax) && fax.fax.record.advised.is_empty(), "{fax:?}");
        until(SOON, || {
            let known = remembered(&gateway, &far).ok_or("not remembered")?;
            let answers = known.memory.answers;
            let all = (answers.refused, answers.in_vain) == (n as u32, n as u32);
            all.then_some(()).ok_or(format!("{known:?}"))
        });
    }
    // It outlives the daemon.
    gateway.stop().unwrap();
    let gateway = place.gateway(2, ports);
    let known = until(SOON, || {
        remembered(&gateway, &far).ok_or("forgotten".to_owned())
    });
    assert_eq!(
        (known.memory.g711.good, known.next.len()),
        (3, 1),
        "{known:?}"
    );
    let fax = send_another(&gateway, 4);
    let why = "T.38 not asked for: the far gateway refused it 3 times, last on ";
    let cure = format!("`tipring fax memory forget {far}`");
    assert!(!asked(&fax), "{fax:?}");
    let shown = gateway
        .tipring(&["fax", "show", &fax.fax.number.to_string()])
        .unwrap();
    let call = fax.fax.call.expect("a call").to_string();
    let call = gateway.tipring(&["call", "show", &call]).unwrap();
    for text in [trace(&gateway), shown, call] {
        assert!(text.contains(why) && text.contains(&cure), "{text}");
    }
    let text = gateway.tipring(&["fax", "memory", "forget", &far]).unwrap();
    assert_eq!(text, format!("{far} is forgotten\n"));
    let fax = send_another(&gateway, 5);
    assert!(asked(&fax) && fax.fax.record.advised.is_empty(), "{fax:?}");
    let set = ["fax", "memory", "set", &far, "--t38", "never"];
    let text = gateway.tipring(&set).unwrap();
    assert!(
        text.contains(" never") && text.contains("pinned by hand"),
        "{text}"
    );
    gateway.stop().unwrap();
}
