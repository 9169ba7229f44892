//! A fax that passes as sound between two ports: what listens in each session hears both machines.

use tipring_dsp::relay::Seen;
use tipring_proto::t30::Listener;
use tipring_proto::types::{FaxModem, FaxOutcome, FaxRecord, Side};
use tipring_spandsp::{FaxSettings, FaxTerminal};

use super::fax_relay::{IDS, Pair, write_page};
use super::*;

fn listen(listener: &mut Listener, watch: &mut TapWatch) {
    while let Ok((at, seen)) = watch.seen.pop() {
        match seen {
            Seen::Carrier(side, Some(carrier)) => listener.carrier(at, side, carrier),
            Seen::Carrier(side, None) => listener.carrier_ended(at, side),
            Seen::Signal(side) => listener.signal(at, side),
            Seen::Frame(frame) if frame.intact => listener.frame(at, frame.side, frame.octets()),
            Seen::Frame(frame) => listener.bad_frame(at, frame.side),
        }
    }
}

/// One call with a page from port 0 to port 1, to its end or until the first page goes; what each port makes of it.
/// `as_voice`: no data passes.
fn call(ecm: bool, cut: bool, as_voice: bool) -> [FaxRecord; 2] {
    let folder = std::env::temp_dir().join(format!(
        "tipring-tap-{}-{ecm}-{cut}-{as_voice}",
        std::process::id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let (page, got) = (folder.join("page.tif"), folder.join("got.tif"));
    write_page(&page, 300);
    let mut pair = Pair::new(0.0);
    pair.run(50);
    let mut taps = vec![];
    for (side, session) in IDS.into_iter().enumerate() {
        let (tap, watch) = FaxTap::build(as_voice).unwrap();
        let data = (!as_voice).then_some(10_000);
        pair.order(side, LineOrder::PassThrough { session, data });
        pair.order(side, LineOrder::Listen { session, tap });
        taps.push((Listener::new(Time::from_millis(pair.ms)), watch));
    }
    let settings = [
        (FaxSettings::sender(&page), "+49 30 1"),
        (FaxSettings::receiver(&got), "+1 555 2"),
    ];
    pair.fax = settings.map(|(settings, ident)| {
        let local_ident = ident.to_owned();
        let settings = FaxSettings {
            ecm,
            local_ident,
            ..settings
        };
        Some(FaxTerminal::new(&settings).unwrap())
    });
    let mut blocks = 0;
    loop {
        pair.run(50);
        for (listener, watch) in &mut taps {
            listen(listener, watch);
        }
        let done = |fax: &Option<FaxTerminal>| fax.as_ref().is_none_or(|f| f.result().is_some());
        let goes = |(listener, _): &(Listener, TapWatch)| {
            listener.report().phase == tipring_proto::types::FaxPhase::Page
        };
        if pair.fax.iter().all(done) || cut && taps.iter().all(goes) {
            break;
        }
        blocks += 50;
        assert!(blocks < 20_000, "no end");
    }
    // A second of the page.
    pair.run(100);
    let now = Time::from_millis(pair.ms);
    let _ = std::fs::remove_dir_all(&folder);
    let mut side = 0;
    let records = taps.into_iter().map(|(mut listener, mut watch)| {
        listen(&mut listener, &mut watch);
        assert_eq!(watch.view.unheard(), 0);
        assert_eq!(pair.counter(side, "t38_unseen"), 0);
        side += 1;
        for side in [Side::Line, Side::Network] {
            let level = watch.view.level(side).expect("both machines spoke").dbm0();
            assert!((-16.0..-8.0).contains(&level), "{level}");
        }
        listener.record(now)
    });
    records.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn both_ports_hear_the_same_fax_from_their_side() {
    for ecm in [true, false] {
        let records = call(ecm, false, false);
        let names = [Some("+49 30 1".to_owned()), Some("+1 555 2".to_owned())];
        for (record, here) in records.iter().zip([Side::Line, Side::Network]) {
            assert_eq!(record.outcome, FaxOutcome::Complete { pages: 1 });
            assert_eq!((record.caller, record.sender), (Some(here), Some(here)));
            let there = match here {
                Side::Line => Side::Network,
                Side::Network => Side::Line,
            };
            let of = |side| record.identities.of(side).clone();
            assert_eq!([of(here), of(there)], names);
            assert_eq!(
                (record.rates.clone(), record.rate),
                (vec![14_400], Some(14_400))
            );
            assert_eq!((record.modem, record.ecm), (Some(FaxModem::V17), Some(ecm)));
            let nothing = (
                record.failed_trainings,
                record.resent_frames,
                record.refused_pages,
            );
            assert_eq!((record.pages, nothing), (1, (0, 0, 0)));
            assert_eq!((record.bad_frames.line, record.bad_frames.network), (0, 0));
        }
    }
}

#[test]
fn a_fax_that_is_cut_off_in_its_page_is_one_that_ended_in_its_page() {
    for record in call(true, true, false) {
        assert_eq!(record.outcome, FaxOutcome::CallEndedInPage { page: 1 });
        assert_eq!((record.pages, record.rate), (0, Some(14_400)));
    }
}

#[test]
fn a_fax_that_is_carried_as_voice_is_listened_to_all_the_same() {
    for record in call(true, true, true) {
        assert_eq!(record.outcome, FaxOutcome::CallEndedInPage { page: 1 });
        assert_eq!((record.pages, record.rate), (0, Some(14_400)));
    }
}
