//! The claims, one function each. Every one leaves the telephone on-hook and the line idle.

use std::time::Duration;

use tipring_hal::dahdi::{FeedHealth, OpenError, open};
use tipring_hal::port::{
    LineCommand, LineEvent, LineEventKind, LineFault, LinePort, Polarity, PortError, RingCadence,
};
use tipring_linux::alloc_count::allocations_in_this_thread;
use tipring_linux::dahdi::{DialMode, Event, Hook};
use tipring_linux::monotonic;

use crate::Card;
use crate::bench::{Bench, at, is_phone, is_port};

pub(crate) struct Report {
    pub(crate) failures: u32,
    pub(crate) checks: u32,
}

impl Report {
    pub(crate) fn check(&mut self, ok: bool, what: String) {
        println!("{} {what}", if ok { "ok  " } else { "FAIL" });
        self.checks += 1;
        self.failures += u32::from(!ok);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn near(found: Option<Duration>, wanted_ms: f64, tolerance_ms: f64) -> bool {
    found.is_some_and(|found| (ms(found) - wanted_ms).abs() <= tolerance_ms)
}

/// A time that may not have come.
fn show(time: Option<Duration>) -> String {
    time.map_or("never".into(), |time| format!("{:.1} ms", ms(time)))
}

fn hang_up(b: &mut Bench) {
    b.up.1.open = false;
    b.down.1.open = false;
    b.hook(Hook::OnHook);
    // The kernel's ring debounce of a telephone's channel is 2 s.
    b.run(2200);
}

pub(crate) fn refusals(b: &mut Bench, r: &mut Report, phone: u16) {
    let mut config = b.config();
    config.channel = 500;
    let error = open(&config)
        .map(drop)
        .expect_err("there is no such channel");
    r.check(
        matches!(error, OpenError::NoSuchChannel { .. }),
        error.to_string(),
    );
    config.channel = phone + 1;
    let error = open(&config)
        .map(drop)
        .expect_err("that is a telephone's channel");
    let kind = matches!(
        error,
        OpenError::ExchangePort { .. } | OpenError::Signalling { .. }
    );
    r.check(kind, error.to_string());
    config.channel = phone;
    let error = open(&config).map(drop).expect_err("this program has it");
    r.check(matches!(error, OpenError::InUse { .. }), error.to_string());
    config.channel = b.gateway;
    config.block_len = 8;
    let error = open(&config).map(drop).expect_err("8 samples are too few");
    r.check(
        matches!(error, OpenError::BlockLength { .. }),
        error.to_string(),
    );
}

pub(crate) fn ring_and_trip(b: &mut Bench, r: &mut Report) {
    let cadence = RingCadence {
        parts_ms: [400, 200, 400, 2000, 0, 0, 0, 0],
    };
    let first = b.seen.len();
    let start = monotonic();
    let rung = b.port().command(LineCommand::Ring(cadence));
    r.check(rung.is_ok(), format!("ring: {rung:?}"));
    b.run(6500);
    let port: Vec<_> = b
        .port_events(first)
        .iter()
        .map(|e| (e.kind, ms(e.at - start)))
        .collect();
    let expected = [
        0.0, 400.0, 600.0, 1000.0, 3000.0, 3400.0, 3600.0, 4000.0, 6000.0, 6400.0,
    ];
    let on_off = [LineEventKind::RingOn, LineEventKind::RingOff];
    let right = port.len() == expected.len()
        && port
            .iter()
            .zip(expected)
            .enumerate()
            .all(|(n, ((kind, at), wanted))| *kind == on_off[n % 2] && (at - wanted).abs() <= 10.0);
    r.check(
        right,
        format!("cadence 400-200-400-2000 as reported by the port: {port:.1?}"),
    );
    let bursts: Vec<_> = b
        .phone_times(first, Event::RingBegin)
        .iter()
        .map(|at| ms(*at - start))
        .collect();
    let right = bursts.len() == 5
        && bursts
            .iter()
            .zip([0.0, 600.0, 3000.0, 3600.0, 6000.0])
            .all(|(at, wanted)| (at - wanted).abs() <= 10.0);
    r.check(
        right,
        format!("bursts begin at the telephone: {bursts:.1?}"),
    );

    // In a burst: the next one began at 6600 ms.
    b.run(200);
    let lifted = monotonic();
    b.hook(Hook::OffHook);
    let closed = at(b.wait(100, is_port(LineEventKind::LoopClosed))).map(|at| at - lifted);
    r.check(
        near(closed, 0.0, 5.0),
        format!("lifted in a burst: reported after {}", show(closed)),
    );
    let after = b.seen.len();
    b.run(4000);
    let more = b.phone_times(after, Event::RingBegin).len();
    let reported = b.port_events(after);
    r.check(
        more == 0 && reported.is_empty(),
        format!("no further burst in 4 s after the lift ({more}), no event ({reported:?})"),
    );
    let again = b.port().command(LineCommand::Ring(cadence));
    r.check(
        again == Err(PortError::Busy),
        format!("ringing a phone that is off-hook: {again:?}"),
    );
    hang_up(b);
    stop(b, r);
}

fn stop(b: &mut Bench, r: &mut Report) {
    let first = b.seen.len();
    let rung = b
        .port()
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
    b.run(300);
    let stopped = b.port().command(LineCommand::StopRing);
    b.run(2500);
    let kinds: Vec<_> = b.port_events(first).iter().map(|e| e.kind).collect();
    let bursts = b.phone_times(first, Event::RingBegin).len();
    r.check(
        rung.is_ok() && stopped.is_ok() && kinds == [LineEventKind::RingOn] && bursts == 1,
        format!("ringing stopped after 300 ms: {kinds:?}, {bursts} burst at the telephone"),
    );
}

pub(crate) fn audio(b: &mut Bench, r: &mut Report, seconds: u64) {
    b.hook(Hook::OffHook);
    b.run(300);
    b.listen();
    let before = allocations_in_this_thread();
    let stats = b.port().stats();
    b.run(seconds * 1000);
    let allocations = allocations_in_this_thread() - before;
    let after = b.port().stats();
    for (way, ear) in [
        ("to the telephone", &b.down.1),
        ("from the telephone", &b.up.1),
    ] {
        // The first ones go into finding the place.
        let enough = ear.right >= seconds * 8000 - 400;
        r.check(
            ear.breaks == 0 && enough,
            format!(
                "{way}: {} samples in {seconds} s, {} breaks, {:?} samples in flight",
                ear.right, ear.breaks, ear.delay
            ),
        );
    }
    r.check(
        stats == after,
        format!("no overrun, no underrun: {after:?}"),
    );
    r.check(
        allocations == 0,
        format!("{allocations} allocations in {seconds} s"),
    );
    hang_up(b);
}

/// A thread that comes late costs a gap, not a delay that stays.
pub(crate) fn late(b: &mut Bench, r: &mut Report) {
    b.hook(Hook::OffHook);
    b.run(500);
    b.down.1.listen();
    b.run(500);
    let usual = b.down.1.delay;
    let before = b.port().stats();
    let end = monotonic() + Duration::from_millis(200);
    while monotonic() < end {
        b.serve_phone();
        let _ = b.phone.wait(false, false, Duration::from_millis(1));
    }
    b.run(500);
    let after = b.port().stats();
    let most = |delay: Option<(u64, u64)>| delay.map_or(u64::MAX, |(_, most)| most);
    // A delay that stays is there whenever it is looked for; one look may meet another late wake of this guest.
    let mut now = None;
    for _ in 0..5 {
        b.down.1.listen();
        b.run(500);
        now = b.down.1.delay;
        if most(now) <= most(usual) + 80 {
            break;
        }
    }
    let settled = b.port().stats();
    r.check(
        after.write_underruns == before.write_underruns + 1
            && after.read_overruns == before.read_overruns,
        format!("200 ms late: {after:?}"),
    );
    r.check(
        most(now) <= most(usual) + 80,
        format!("delay before {usual:?}, after {now:?}"),
    );
    let end = monotonic() + Duration::from_millis(500);
    while monotonic() < end {
        b.serve_phone();
        let _ = b.phone.wait(false, false, Duration::from_millis(1));
    }
    b.run(500);
    let last = b.port().stats();
    r.check(
        last.read_overruns == settled.read_overruns + 1,
        format!("500 ms late, with 320 ms of buffers: {last:?}"),
    );
    hang_up(b);
}

/// From this length on an opening is reported (`OPENING_REPORTED_AFTER`).
const OPENING_COUNTS_FROM: Duration = Duration::from_millis(3);

/// How long the loop was open by the line's own stamps, if the events are one opening and its end.
fn opening(events: &[LineEvent]) -> Option<Duration> {
    match events {
        [open, close]
            if open.kind == LineEventKind::LoopOpened
                && close.kind == LineEventKind::LoopClosed =>
        {
            Some(close.at.saturating_sub(open.at))
        }
        _ => None,
    }
}

/// Opens the loop for `open_ms` and answers how long it was, with the events of it. The phone is a process too: one that
/// ran late (a slow disk stops the guest's phone, not its line) held the loop open for longer than asked, which
/// proves nothing about the port. It is asked again then; none if it never kept the time.
fn loop_opened_for(b: &mut Bench, open_ms: u64) -> (Option<Duration>, Vec<LineEvent>) {
    let mut events = Vec::new();
    for _ in 0..20 {
        let first = b.seen.len();
        let before = monotonic();
        b.hook(Hook::OnHook);
        while monotonic() < before + Duration::from_millis(open_ms) {
            b.step();
        }
        b.hook(Hook::OffHook);
        let opened_for = monotonic().saturating_sub(before);
        b.run(100);
        events = b.port_events(first);
        // The phone looks every millisecond, so it is up to two late; but an opening counts from 3 ms on
        // (`OPENING_REPORTED_AFTER`), and 2 must not become that.
        let late = if open_ms < 3 { 0.6 } else { 2.5 };
        // Its order also waits for the line's next millisecond, which may come late: the line's own stamps show it.
        let line_was_late = open_ms < 3 && opening(&events) >= Some(OPENING_COUNTS_FROM);
        if near(Some(opened_for), open_ms as f64, late) && !line_was_late {
            return (Some(opened_for), events);
        }
    }
    (None, events)
}

pub(crate) fn flash_pulses_and_hang_up(b: &mut Bench, r: &mut Report) {
    b.hook(Hook::OffHook);
    b.run(500);
    for open_ms in [2, 20, 100, 210, 300, 700, 1200] {
        let (opened_for, events) = loop_opened_for(b, open_ms);
        let length = opening(&events);
        if open_ms < 3 {
            r.check(
                opened_for.is_some() && events.is_empty(),
                format!(
                    "loop open for {open_ms} ms (the phone held it open for {}): {events:?}",
                    show(opened_for)
                ),
            );
        } else {
            r.check(
                opened_for.is_some() && near(length, open_ms as f64, 3.0),
                format!("loop open for {open_ms} ms: {}", show(length)),
            );
        }
    }
    pulses(b, r);
    let first = b.seen.len();
    let hung_up = monotonic();
    b.hook(Hook::OnHook);
    b.run(1500);
    let events = b.port_events(first);
    let reported = events.first().map(|e| e.at.abs_diff(hung_up));
    r.check(
        events.len() == 1 && near(reported, 0.0, 3.0) && !b.port().off_hook(),
        format!(
            "hung up: reported {} from it, off_hook() is {}",
            show(reported),
            b.port().off_hook()
        ),
    );
    b.run(1000);
    // Ringing soon after a hang-up, while the line is still fed for a flash.
    b.hook(Hook::OffHook);
    b.run(300);
    b.hook(Hook::OnHook);
    b.run(100);
    let first = b.seen.len();
    let rung = b
        .port()
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
    b.run(300);
    let kinds: Vec<_> = b.port_events(first).iter().map(|e| e.kind).collect();
    r.check(
        rung.is_ok() && kinds == [LineEventKind::RingOn],
        format!("ring 100 ms after the hang-up: {rung:?}, {kinds:?}"),
    );
    let _ = b.port().command(LineCommand::StopRing);
    b.run(2500);
}

fn pulses(b: &mut Bench, r: &mut Report) {
    let first = b.seen.len();
    if let Err(errno) = b.phone.dial(DialMode::Replace, "P5120") {
        return r.check(false, format!("the telephone cannot dial: {errno}"));
    }
    b.run_port(7000);
    let events = b.port_events(first);
    let mut digits: Vec<u32> = vec![];
    let (mut breaks, mut makes): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
    let mut closed_at = None;
    for pair in events.chunks(2) {
        let [open, close] = pair else { break };
        breaks.push(ms(close.at.saturating_sub(open.at)));
        match closed_at.map(|at: Duration| ms(open.at.saturating_sub(at))) {
            Some(make) if make < 200.0 => {
                makes.push(make);
                if let Some(last) = digits.last_mut() {
                    *last += 1;
                }
            }
            _ => digits.push(1),
        }
        closed_at = Some(close.at);
    }
    let range = |times: &[f64]| {
        times.iter().fold((f64::MAX, f64::MIN), |(least, most), t| {
            (least.min(*t), most.max(*t))
        })
    };
    let (b_range, m_range) = (range(&breaks), range(&makes));
    let exact =
        |(least, most): (f64, f64)| (47.0..=53.0).contains(&least) && (47.0..=53.0).contains(&most);
    r.check(digits == [5, 1, 2, 10] && exact(b_range) && exact(m_range),
        format!("pulses of 5120: {digits:?}, breaks {b_range:.1?} ms, makes {m_range:.1?} ms (50 and 50 dialled)"));
}

pub(crate) fn open_loop(b: &mut Bench, r: &mut Report, card: Card) {
    b.hook(Hook::OffHook);
    // A telephone's channel looks for battery after its own debounce of 600 ms.
    b.run(800);
    let before = b.port().stats();
    let first = b.seen.len();
    let start = monotonic();
    let opened = b
        .port()
        .command(LineCommand::OpenLoop(Duration::from_millis(500)));
    let lost = at(b.wait(50, is_phone(Event::OnHook))).map(|at| at - start);
    r.check(
        opened.is_ok() && near(lost, 0.0, 5.0),
        format!(
            "loop opened ({opened:?}): the telephone loses its battery after {}",
            show(lost)
        ),
    );
    // On a dynamic span the telephone's end has no state of its battery to ask for.
    if card == Card::Fxbench {
        while b.phone.rx_off_hook() == Ok(false) && monotonic() < start + Duration::from_secs(2) {
            b.step();
        }
        let back = Some(monotonic() - start);
        r.check(
            near(back, 500.0, 5.0),
            format!("the battery is back after {}", show(back)),
        );
    } else {
        b.run(500);
    }
    b.run(1000);
    let reported = b.port_events(first);
    r.check(
        reported.is_empty() && b.port().off_hook(),
        format!("the phone stayed off-hook: no event, {reported:?}"),
    );
    b.listen();
    b.run(500);
    let after = b.port().stats();
    let steady =
        b.up.1.breaks + b.down.1.breaks == 0 && b.down.1.right > 3000 && b.up.1.right > 3000;
    r.check(
        steady && before == after,
        format!(
            "audio goes on afterwards: down {} samples and {} breaks, {:?} in flight, up {} and {}; {before:?}, {after:?}",
            b.down.1.right, b.down.1.breaks, b.down.1.delay, b.up.1.right, b.up.1.breaks
        ),
    );

    let start = monotonic();
    let opened = b
        .port()
        .command(LineCommand::OpenLoop(Duration::from_millis(500)));
    b.run(100);
    b.hook(Hook::OnHook);
    let reported = at(b.wait(1500, is_port(LineEventKind::LoopOpened))).map(|at| at - start);
    let rung = b
        .port()
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
    let on = at(b.wait(1500, is_port(LineEventKind::RingOn))).map(|at| at - start);
    r.check(
        opened.is_ok() && reported.is_some() && rung.is_ok() && on.is_some(),
        format!(
            "hung up in an open loop: reported after {}; then rung: first burst after {}",
            show(reported),
            show(on)
        ),
    );
    let _ = b.port().command(LineCommand::StopRing);
    b.run(2500);
}

pub(crate) fn polarity_and_on_hook_audio(b: &mut Bench, r: &mut Report, card: Card) {
    let can = b.port().capabilities();
    r.check(
        can.polarity_reversal == (card == Card::Fxbench) && can.on_hook_transmission,
        format!("{can:?}"),
    );
    if card == Card::Fxbench {
        for polarity in [Polarity::Reversed, Polarity::Forward] {
            let start = monotonic();
            let turned = b.port().command(LineCommand::Polarity(polarity));
            let seen = at(b.wait(50, is_phone(Event::Polarity))).map(|at| at - start);
            r.check(
                turned.is_ok() && near(seen, 0.0, 5.0),
                format!("{polarity:?}: seen by the telephone after {}", show(seen)),
            );
        }
        let _ = b
            .port()
            .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
        let busy = b.port().command(LineCommand::Polarity(Polarity::Reversed));
        r.check(
            busy == Err(PortError::Busy),
            format!("reversal while ringing: {busy:?}"),
        );
        let _ = b.port().command(LineCommand::StopRing);
        // After a burst a card lets audio through for 6 s by itself.
        b.run(8000);
    } else {
        let refused = b.port().command(LineCommand::Polarity(Polarity::Reversed));
        r.check(
            refused == Err(PortError::Unsupported),
            format!("reversal: {refused:?}"),
        );
    }
    let heard = |b: &mut Bench| {
        b.down.1.listen();
        b.run(400);
        b.down.1.open = false;
        b.down.1.right
    };
    let without = heard(b);
    let asked = b
        .port()
        .command(LineCommand::OnHookTransmission(Duration::from_secs(1)));
    let with = heard(b);
    let before = if card == Card::Fxbench {
        without == 0
    } else {
        true
    };
    r.check(
        asked.is_ok() && before && with > 2500,
        format!("on-hook audio ({asked:?}): {without} samples before, {with} of 3200 with it"),
    );
    b.run(1000);
}

pub(crate) fn alarm(b: &mut Bench, r: &mut Report) {
    let place = b.gateway;
    let cut = |on: u8| {
        std::fs::write(
            "/sys/module/fxbench/parameters/cut",
            format!("{place} {on}"),
        )
        .expect("the card can be cut");
    };
    let start = monotonic();
    cut(1);
    let reported =
        at(b.wait(100, is_port(LineEventKind::Fault(LineFault::Alarm)))).map(|at| at - start);
    r.check(
        near(reported, 0.0, 10.0),
        format!("line cut: alarm after {}", show(reported)),
    );
    let blocks = b.blocks;
    b.run(100);
    let refused = b
        .port()
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
    r.check(
        b.blocks == blocks && refused == Err(PortError::Down(LineFault::Alarm)),
        format!("no reads in alarm; ring: {refused:?}"),
    );
    b.hook(Hook::OffHook);
    b.run(200);
    let start = monotonic();
    let first = b.seen.len();
    cut(0);
    b.run(1000);
    let reported: Vec<_> = b
        .port_events(first)
        .iter()
        .map(|e| (e.kind, ms(e.at - start)))
        .collect();
    let kinds: Vec<_> = reported.iter().map(|(kind, _)| *kind).collect();
    r.check(
        kinds == [LineEventKind::FaultCleared, LineEventKind::LoopClosed],
        format!("mended, with the phone lifted meanwhile: {reported:.1?}"),
    );
    r.check(
        b.blocks > blocks + 50,
        format!("{} blocks since", b.blocks - blocks),
    );
    hang_up(b);
    let first = b.seen.len();
    cut(1);
    b.run(300);
    cut(0);
    b.run(1000);
    let kinds: Vec<_> = b.port_events(first).iter().map(|e| e.kind).collect();
    r.check(
        kinds
            == [
                LineEventKind::Fault(LineFault::Alarm),
                LineEventKind::FaultCleared,
            ],
        format!("cut and mended on-hook: {kinds:?}"),
    );
}

pub(crate) fn off_hook_at_open(b: &mut Bench, r: &mut Report) {
    b.hook(Hook::OffHook);
    b.run(1000);
    b.close();
    // Closing takes the battery away: the telephone is still lifted.
    b.run(1500);
    let first = b.seen.len();
    match b.open() {
        Ok(facts) => r.check(
            facts.off_hook && b.port().off_hook(),
            "found off-hook at open".into(),
        ),
        Err(error) => return r.check(false, error),
    }
    b.run(500);
    b.listen();
    b.run(500);
    let reported = b.port_events(first);
    r.check(
        reported.is_empty() && b.up.1.right > 3000 && b.down.1.right > 3000,
        format!(
            "no event, audio both ways ({}, {} samples)",
            b.up.1.right, b.down.1.right
        ),
    );
    let start = monotonic();
    b.hook(Hook::OnHook);
    let reported =
        at(b.wait(100, is_port(LineEventKind::LoopOpened))).map(|at| at.saturating_sub(start));
    r.check(
        near(reported, 0.0, 3.0),
        format!("then hung up: reported {}", show(reported)),
    );
    b.run(2500);
    // Closed in a call and opened at once, as after kill -9: the kernel is still opening the loop.
    b.hook(Hook::OffHook);
    b.run(500);
    b.close();
    if let Err(error) = b.open() {
        return r.check(false, error);
    }
    b.run(1500);
    b.down.1.listen();
    b.run(500);
    let off_hook = b.port().off_hook();
    r.check(
        off_hook && b.down.1.right > 3000,
        format!(
            "opened again in a call: off-hook {off_hook}, audio ({} samples)",
            b.down.1.right
        ),
    );
    hang_up(b);
}

pub(crate) fn chip(b: &mut Bench, r: &mut Report, card: Card) {
    let place = b.gateway;
    let Some(probe) = b.probe.as_ref() else {
        return;
    };
    let health = probe.feed_health();
    if card != Card::Fxbench {
        return r.check(
            health.is_err() && !probe.has_registers(),
            format!("voltages: {health:?}"),
        );
    }
    r.check(
        matches!(health, Ok(FeedHealth::Fed(_))),
        format!("feed: {health:?}"),
    );
    let power = |state: u8| {
        std::fs::write(
            "/sys/module/fxbench/parameters/power",
            format!("{place} {state}"),
        )
        .expect("the card has power");
    };
    power(1);
    b.run(100);
    let Some(probe) = b.probe.as_ref() else {
        return;
    };
    let health = probe.feed_health();
    r.check(
        matches!(health, Ok(FeedHealth::Open(_))),
        format!("power lost: {health:?}"),
    );
    let armed = probe.re_arm();
    b.run(100);
    let Some(probe) = b.probe.as_ref() else {
        return;
    };
    let health = probe.feed_health();
    r.check(
        armed.is_ok() && matches!(health, Ok(FeedHealth::Fed(_))),
        format!("re-armed: {health:?}"),
    );
    power(0);
}

pub(crate) fn pulled(b: &mut Bench, r: &mut Report) {
    let pull = |on: u8| {
        std::fs::write("/sys/module/fxbench/parameters/pull", on.to_string())
            .expect("the card can be pulled");
    };
    let start = monotonic();
    pull(1);
    let reported =
        at(b.wait(2000, is_port(LineEventKind::Fault(LineFault::Removed)))).map(|at| at - start);
    r.check(
        reported.is_some(),
        format!("card pulled: reported after {}", show(reported)),
    );
    let refused = b
        .port()
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)));
    r.check(
        refused == Err(PortError::Down(LineFault::Removed)),
        format!("ring: {refused:?}"),
    );
    b.run(2000);
    b.close();
    let error = open(&b.config()).map(drop);
    let missing = matches!(error, Err(OpenError::NoSuchChannel { .. }));
    r.check(
        missing,
        error.map_or_else(|e| e.to_string(), |()| "opened without a card".into()),
    );
    pull(0);
    b.run(3000);
    let error = open(&b.config()).map(drop);
    let unready = matches!(error, Err(OpenError::NotConfigured { .. }));
    r.check(
        unready,
        error.map_or_else(|e| e.to_string(), |()| "opened without dahdi_cfg".into()),
    );
    let configured = std::process::Command::new("dahdi_cfg").status();
    r.check(configured.is_ok_and(|s| s.success()), "dahdi_cfg".into());
    match b.open() {
        Ok(facts) => r.check(true, format!("opened again: {}", facts.name)),
        Err(error) => return r.check(false, error),
    }
    b.hook(Hook::OffHook);
    let reported = b.wait(1000, is_port(LineEventKind::LoopClosed)).is_some();
    r.check(reported || b.port().off_hook(), "and it works".into());
    hang_up(b);
}
