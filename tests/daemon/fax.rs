//! A fax between two ports whose calls are switched by named signalling events: over T.38 where both have it, as G.711
//! where one has not.

use std::path::Path;

use tipring_ctl::report as ctl;
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::capture::{self, Capture};
use tipring_tests::gateway::Gateway;
use tipring_tests::page::{self, Page};

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
