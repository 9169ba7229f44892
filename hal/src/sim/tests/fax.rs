//! Fax machines on two ports whose gateways are connected block by block.

use super::*;

/// A gateway with two ports: dial tone at lift, ringing at the other one, then through.
fn exchange(rig: &mut Rig, sender: usize, receiver: usize) {
    rig.keep_read = false;
    let tone: Vec<i16> = sine(350.0, -16.0, 1000)
        .iter()
        .zip(sine(440.0, -16.0, 1000))
        .map(|(a, b)| a + b)
        .collect();
    rig.send[sender] = tone.into();
    rig.run_ms(2500);
    let ring = LineCommand::Ring(RingCadence::new(1000, 2000));
    rig.ports[receiver].command(ring).unwrap();
    rig.crossed = vec![(sender, receiver)];
}

fn finished(rig: &Rig) -> Vec<(usize, FaxReport)> {
    rig.set
        .iter()
        .filter_map(|event| match &event.kind {
            SimEventKind::FaxFinished(report) => Some((event.port, report.clone())),
            _ => None,
        })
        .collect()
}

fn until_finished(rig: &mut Rig, faxes: usize, limit_s: u64) -> Vec<(usize, FaxReport)> {
    let end = rig.now + Duration::from_secs(limit_s);
    while rig.now < end && finished(rig).len() < faxes {
        rig.step();
    }
    let mut done = finished(rig);
    done.sort_by_key(|(port, _)| *port);
    assert_eq!(done.len(), faxes, "{:?}", rig.set);
    done
}

fn two_pages(name: &str, ecm: bool) -> (Rig, Vec<(usize, FaxReport)>) {
    let dir = tiff::Scratch::new(name);
    let (sent, received) = (dir.file("sent.tif"), dir.file("received.tif"));
    tiff::write(&sent, 2);
    let mut rig = Rig::new(&SimConfig::new(2));
    let terminal = |ident: &str| FaxMachine {
        ecm,
        ident: ident.into(),
        ..FaxMachine::default()
    };
    let order = SendFax {
        machine: terminal("111"),
        ..SendFax::new(&sent, "2001")
    };
    rig.act(0, SimAction::SendFax(order));
    let order = ReceiveFax {
        machine: terminal("222"),
        ..ReceiveFax::new(&received)
    };
    rig.act(1, SimAction::ReceiveFax(order));
    exchange(&mut rig, 0, 1);
    let done = until_finished(&mut rig, 2, 120);
    let pages = tiff::read(&received);
    assert_eq!(pages.len(), 2);
    for (page, got) in pages.iter().enumerate() {
        assert!(*got == tiff::pixels(page), "page {page} differs");
    }
    (rig, done)
}

#[test]
fn two_pages_pass_pixel_equal_with_ecm() {
    let (mut rig, done) = two_pages("ecm", true);
    for (port, report) in &done {
        assert!(report.success, "{report:?}");
        assert_eq!(
            (report.pages, report.bit_rate, report.ecm),
            (2, 14_400, true)
        );
        assert_eq!((report.sent, report.code), (*port == 0, 0));
    }
    assert_eq!(
        (&*done[0].1.far_ident, &*done[1].1.far_ident),
        ("222", "111")
    );
    assert_eq!(rig.snapshot(0).set, SetState::OnHook);
    assert_eq!(rig.snapshot(0).last_fax.as_ref(), Some(&done[0].1));
    assert_eq!(rig.snapshot(1).fax, None);
    let phases = |port| -> Vec<FaxPhase> {
        rig.set
            .iter()
            .filter(|event| event.port == port)
            .filter_map(|event| match event.kind {
                SimEventKind::FaxPhase(phase) => Some(phase),
                _ => None,
            })
            .collect()
    };
    use FaxPhase::*;
    let sender = phases(0);
    assert_eq!(sender[..3], [WaitingForDialTone, Dialing, Connecting]);
    assert!(sender.contains(&Page), "{sender:?}");
    let receiver = phases(1);
    assert_eq!(receiver[..2], [WaitingForRing, Connecting]);
    assert_eq!(receiver.last(), Some(&Ending), "{receiver:?}");
    for port in [0, 1] {
        let pages: Vec<u32> = rig
            .set
            .iter()
            .filter(|event| event.port == port)
            .filter_map(|event| match event.kind {
                SimEventKind::FaxPage { page } => Some(page),
                _ => None,
            })
            .collect();
        assert_eq!(pages, [1, 2], "port {port}");
    }
}

#[test]
fn two_pages_pass_pixel_equal_without_ecm() {
    let (_, done) = two_pages("plain", false);
    for (_, report) in &done {
        assert!(report.success, "{report:?}");
        assert_eq!((report.pages, report.ecm, report.bad_rows), (2, false, 0));
    }
}

#[test]
fn a_sender_without_dial_tone_gives_up_and_hangs_up() {
    let dir = tiff::Scratch::new("no-tone");
    let sent = dir.file("sent.tif");
    tiff::write(&sent, 1);
    let mut rig = Rig::one(SimPortConfig::default());
    rig.act(0, SimAction::SendFax(SendFax::new(&sent, "1")));
    assert!(matches!(
        rig.try_act(0, SimAction::Lift),
        Err(SimError::WrongState { .. })
    ));
    let done = until_finished(&mut rig, 1, 10);
    assert_eq!((done[0].1.success, done[0].1.code), (false, -1));
    assert_eq!(done[0].1.result, "no dial tone");
    rig.step();
    let kinds: Vec<_> = rig.reported().into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(
        kinds,
        [LineEventKind::LoopClosed, LineEventKind::LoopOpened]
    );
}

#[test]
fn a_terminal_switched_off_in_the_page_hangs_up_at_once_and_the_other_one_fails() {
    let dir = tiff::Scratch::new("off");
    let (sent, received) = (dir.file("sent.tif"), dir.file("received.tif"));
    tiff::write(&sent, 2);
    let mut rig = Rig::new(&SimConfig::new(2));
    rig.act(0, SimAction::SendFax(SendFax::new(&sent, "1")));
    rig.act(1, SimAction::ReceiveFax(ReceiveFax::new(&received)));
    exchange(&mut rig, 0, 1);
    let page = SimEventKind::FaxPhase(FaxPhase::Page);
    let end = rig.now + Duration::from_secs(60);
    while rig.now < end && !rig.set.iter().any(|event| event.kind == page) {
        rig.step();
    }
    rig.act(1, SimAction::CancelFax);
    rig.step();
    assert_eq!(rig.snapshot(1).set, SetState::OnHook);
    assert!(!rig.ports[1].off_hook());
    // The exchange shows it to the sender by opening its loop.
    let open = LineCommand::OpenLoop(Duration::from_millis(500));
    rig.ports[0].command(open).unwrap();
    let done = until_finished(&mut rig, 2, 60);
    assert_eq!(done[1].1.result, "switched off");
    assert!(!done[0].1.success, "{:?}", done[0].1);
    assert_eq!(rig.snapshot(0).set, SetState::OnHook);
}

#[test]
fn wrong_files_are_refused_before_anything_is_lifted() {
    let dir = tiff::Scratch::new("wrong");
    let file = dir.file("page.tif");
    std::fs::write(&file, "GIF89a, not a page").unwrap();
    let mut rig = Rig::one(SimPortConfig::default());
    for action in [
        SimAction::SendFax(SendFax::new(&file, "1")),
        SimAction::SendFax(SendFax::new(dir.file("none.tif"), "1")),
        SimAction::ReceiveFax(ReceiveFax::new("/nonexistent/page.tif")),
    ] {
        assert!(matches!(rig.try_act(0, action), Err(SimError::File { .. })));
    }
    tiff::write(&file, 1);
    let order = SendFax::new(&file, "12x");
    let answer = rig.try_act(0, SimAction::SendFax(order));
    assert!(
        matches!(answer, Err(SimError::BadValue { .. })),
        "{answer:?}"
    );
    rig.run_ms(100);
    assert_eq!(rig.reported(), []);
    assert_eq!(rig.noticed(), []);
}
