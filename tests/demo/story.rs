//! The story: who lifts, dials, hears and says what.

use std::path::Path;
use std::time::{Duration, Instant};

use tipring_ctl::report::{CallerIdHeard, SimPolarity};
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::capture::{self, Capture};
use tipring_tests::set::Set;
use tipring_tests::speech::{self, Speech};
use tipring_tests::wav;

use crate::fax;
use crate::house::{House, LABELS, PORTS};
use crate::lossy;
use crate::terminal::Report;

const PROMPT: Duration = Duration::from_secs(10);
const KEYS: &str = "0123456789*#";
/// How alike heard and said must be: the difference is µ-law, line noise and the echo of the own voice.
const ALIKE: f64 = 0.9;

const PCAP: &str = "calls.pcap";
/// The check of it.
const PACKETS: &str = "calls.pcap by tshark's eyes";

/// What is left in OUTDIR, and what to do with it.
const FILES: [(&str, &str); 9] = [
    (
        "port1-heard.wav",
        "what the phone on port 1 heard: aplay, or xdg-open",
    ),
    (
        "port2-heard.wav",
        "what the phone on port 2 heard: aplay, or xdg-open",
    ),
    ("fax-sent.tif", "the page that was sent"),
    (
        "fax-received.tif",
        "the page that arrived: tiffinfo, xdg-open",
    ),
    ("fax-received.png", "the same to look at: xdg-open"),
    (
        lossy::PAIR,
        "the page over a network that loses 5 %: T.38 left, G.711 right, lost rows hatched: xdg-open",
    ),
    (lossy::BY_T38, "what arrived of it by T.38"),
    (
        lossy::IN_G711,
        "what arrived of it as G.711, if anything did",
    ),
    (
        PCAP,
        "SCCP and RTP of all calls: wireshark, Telephony > VoIP Calls",
    ),
];

/// Runs it; true when every check held.
pub(crate) fn run(folder: &Path, out: &Path, dialect: Option<&str>) -> Result<bool, String> {
    let mut report = Report::new();
    // What an earlier run left must not be mistaken for what this one did.
    for (name, _) in FILES {
        let _ = std::fs::remove_file(out.join(name));
    }
    let pcap = out.join(PCAP);
    report.act("A CallManager and a gateway with a simulated 4-port card start on loopback");
    let mut house = House::open(folder, &pcap, dialect)?;
    if let Err(e) = &house.capture {
        report.warn(&format!("no calls.pcap will be written: {e}"));
    }
    // An act that breaks off is a failed check, and the next one still runs.
    let mut play = |title: &str, act: &mut dyn FnMut(&mut Report) -> Result<(), String>| {
        report.act(title);
        if let Err(e) = act(&mut report) {
            report.check(title, e, false);
        }
    };
    let mut numbers = vec![String::new(); usize::from(PORTS)];
    play(
        "Four ports register, each as a device of its own",
        &mut |t| registration(&house, t, &mut numbers),
    );
    play("Port 1 calls port 2", &mut |t| {
        call(&house, t, folder, &numbers)
    });
    play("Both talk at the same time", &mut |t| {
        talk(&house, t, folder, out)
    });
    play("Port 1 presses keys in the call", &mut |t| {
        keys(&mut house, t, &numbers[0])
    });
    play("Port 1 hangs up", &mut |t| hang_up(&house, t, folder));
    let mut faxes = None;
    play("The page twice over a network that loses 5 %", &mut |t| {
        faxes = Some(lossy::begin(t, folder, out)?);
        Ok(())
    });
    play(
        "A fax machine on port 3 sends a page to one on port 4",
        &mut |t| fax::act(&house, t, out, &numbers[3]),
    );
    play("What 5 % loss made of the page", &mut |t| {
        let faxes = faxes.take().ok_or("they did not begin")?;
        lossy::end(faxes, t, out)
    });
    play("Everything stops in order", &mut |t| {
        t.excerpt("tipring call list", &house.tipring(&["call", "list"])?, 12);
        Ok(())
    });
    let House {
        gateway,
        callmanager,
        capture,
        sccp,
    } = house;
    let stopped = gateway.stop();
    let figure = stopped.clone().err().unwrap_or("ports unregistered".into());
    report.check("daemon ended in order", figure, stopped.is_ok());
    drop(callmanager);
    // Not everybody may capture: without one there is no file, and a warning said so.
    let captured = match capture.map(Capture::finish) {
        Ok(Ok(file)) => {
            packets(&mut report, &file, sccp);
            true
        }
        Ok(Err(e)) => {
            report.check(PACKETS, e, false);
            false
        }
        Err(_) => {
            let _ = std::fs::remove_file(&pcap);
            false
        }
    };
    let lacking = lacking(out, captured);
    let figure = match lacking.is_empty() {
        true => "all there".to_owned(),
        false => format!("missing: {}", lacking.join(", ")),
    };
    report.check("files to look at", figure, lacking.is_empty());
    let held = report.verdict();
    report.files(&files(out));
    Ok(held)
}

/// Has tshark look at the capture where it is installed.
fn packets(report: &mut Report, pcap: &Path, sccp: u16) {
    if !capture::has_tshark() {
        return report.warn("calls.pcap was not looked at: tshark is not installed");
    }
    match capture::judge(pcap, sccp) {
        Ok(verdict) => report.check(
            PACKETS,
            format!(
                "{} SCCP messages from the ports, {} to them, {} RTP packets, {} malformed",
                verdict.sent, verdict.received, verdict.rtp, verdict.malformed
            ),
            verdict.sent > 0
                && verdict.received > 0
                && verdict.rtp > 0
                && verdict.malformed == 0
                && verdict.errors == 0,
        ),
        Err(e) => report.check(PACKETS, e, false),
    }
}

/// Of [`FILES`] those that are not there and should be.
fn lacking(out: &Path, captured: bool) -> Vec<&'static str> {
    let names = FILES.iter().map(|(name, _)| *name);
    names
        // What 5 % loss leaves of a page as G.711 may be nothing.
        .filter(|name| *name != lossy::IN_G711 && (captured || *name != PCAP))
        .filter(|name| !out.join(name).metadata().is_ok_and(|file| file.len() > 0))
        .collect()
}

/// The parts of an output that begin with one of these, without the empty lines between them.
fn parts(output: &str, begin: &[&str]) -> String {
    output
        .split("\n\n")
        .filter(|part| begin.iter().any(|b| part.trim_start().starts_with(b)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Of [`FILES`] those that are there.
fn files(out: &Path) -> Vec<(String, &'static str)> {
    FILES
        .iter()
        .map(|(name, how)| (out.join(name), *how))
        .filter(|(path, _)| path.exists())
        .map(|(path, how)| (path.display().to_string(), how))
        .collect()
}

fn registration(house: &House, report: &mut Report, numbers: &mut [String]) -> Result<(), String> {
    let took = house
        .gateway
        .wait_registered(usize::from(PORTS), Duration::from_secs(30))?;
    let ports = house.gateway.status()?.ports;
    for (place, port) in numbers.iter_mut().zip(&ports) {
        *place = port.number.clone().unwrap_or_default();
        let label = &port.label;
        report.say(&format!(
            "port {} ({label}) is {} and has number {place}",
            port.port, port.device
        ));
    }
    report.check(
        "4 ports registered",
        format!("after {:.1} s", took.as_secs_f32()),
        numbers.iter().all(|n| !n.is_empty()),
    );
    report.excerpt("tipring status", &house.tipring(&["status"])?, 16);
    Ok(())
}

fn call(
    house: &House,
    report: &mut Report,
    folder: &Path,
    numbers: &[String],
) -> Result<(), String> {
    let (mut a, mut b) = (house.gateway.set(1)?, house.gateway.set(2)?);
    b.forget()?;
    a.lift()?;
    a.hears_dial_tone()?;
    let sound = listen(&mut a, &folder.join("dial-tone.wav"), 500)?;
    tone_check(report, "dial tone", &sound, [350.0, 440.0], -13.0);
    let number = &numbers[1];
    a.dial(number)?;
    report.say(&format!("port 1 has dialled {number} by DTMF"));
    b.wait(SimCondition::Ringing, 15)?;
    report.say("port 2 rings");
    let display = b.wait(SimCondition::CallerId, 15)?.caller_id;
    let display = display.unwrap_or_default();
    show_display(report, &display);
    let right = display.number.as_deref() == Some(numbers[0].as_str())
        && display.name.as_deref() == Some(LABELS[0]);
    report.check(
        "caller ID decoded by the phone",
        format!(
            "{} <{}>, after ring {}",
            display.name.as_deref().unwrap_or("no name"),
            display.number.as_deref().unwrap_or("no number"),
            display.after_bursts
        ),
        right,
    );
    let (on, off) = cadence(&mut b)?;
    let near = |got: u32, want: u32| got.abs_diff(want) <= 50;
    report.check(
        "ring cadence",
        format!("{on} ms on, {off} ms off (US: 2000 and 4000)"),
        near(on, 2000) && near(off, 4000),
    );
    b.lift()?;
    a.connected()?;
    b.connected()?;
    report.say("port 2 lifts: connected");
    Ok(())
}

/// What a phone hears in this number of milliseconds of the card's clock.
fn listen(set: &mut Set, file: &Path, ms: u64) -> Result<Vec<i16>, String> {
    let wav = file.to_owned();
    let record = SimAction::Record { wav };
    let begin = set.act(record, PROMPT)?.card.blocks_from_gateway;
    let end = Instant::now() + PROMPT;
    // Blocks of 10 ms.
    while set.show()?.card.blocks_from_gateway < begin + ms / 10 {
        if Instant::now() > end {
            return Err(format!("port {}: the card is stalled", set.port()));
        }
        std::thread::sleep(Duration::from_millis(20)); // looks again, with the deadline above
    }
    set.act(SimAction::RecordStop, PROMPT)?;
    wav::read(file)
}

/// Both sines of a tone must be there at their level.
fn tone_check(report: &mut Report, what: &str, sound: &[i16], hz: [f64; 2], dbm0: f64) {
    let levels = speech::levels(sound, hz);
    let [(f1, l1), (f2, l2)] = [(hz[0], levels[0]), (hz[1], levels[1])];
    report.check(
        what,
        format!("{f1:.0} Hz at {l1:.1} dBm0, {f2:.0} Hz at {l2:.1} dBm0"),
        levels.iter().all(|l| (l - dbm0).abs() <= 1.0),
    );
}

/// Length of the first burst and of the pause before the second.
fn cadence(set: &mut Set) -> Result<(u32, u32), String> {
    let end = Instant::now() + Duration::from_secs(12);
    loop {
        let bursts = set.show()?.ring_bursts_ms;
        if let [(on, _), (_, off), ..] = bursts[..] {
            return Ok((on, off));
        }
        if Instant::now() > end {
            return Err(format!("port 2 did not ring twice: {bursts:?}"));
        }
        std::thread::sleep(Duration::from_millis(50)); // looks again, with the deadline above
    }
}

fn show_display(report: &Report, id: &CallerIdHeard) {
    let line = |text: &str| report.say(&format!("    | {text:<20} |"));
    report.say(&format!("    +{}+", "-".repeat(22)));
    line(id.name.as_deref().unwrap_or(""));
    line(id.number.as_deref().unwrap_or(""));
    if let Some(t) = id.time.as_deref().filter(|t| t.len() == 8 && t.is_ascii()) {
        line(&format!(
            "{}/{} {}:{}",
            &t[..2],
            &t[2..4],
            &t[4..6],
            &t[6..]
        ));
    }
    report.say(&format!("    +{}+", "-".repeat(22)));
}

fn talk(house: &House, report: &mut Report, folder: &Path, out: &Path) -> Result<(), String> {
    let says = [
        speech::prepare(
            folder,
            "said1",
            "en-us+m3",
            "Hello workshop, this is the reception. The fax machine on the first floor has an order for you.",
        )?,
        speech::prepare(
            folder,
            "said2",
            "en-gb+f3",
            "Good morning reception. I can hear you while I speak myself. Please do send the page.",
        )?,
    ];
    for (i, said) in says.iter().enumerate() {
        match said.words {
            Some(words) => report.say(&format!("port {} says: \"{words}\"", i + 1)),
            None => report.warn(&format!(
                "port {} warbles instead of talking: espeak-ng or sox is not installed",
                i + 1
            )),
        }
    }
    let mut sets = [house.gateway.set(1)?, house.gateway.set(2)?];
    let files = ["port1-heard.wav", "port2-heard.wav"].map(|f| out.join(f));
    for (set, wav) in sets.iter_mut().zip(&files) {
        set.act(SimAction::Record { wav: wav.clone() }, PROMPT)?;
    }
    for (set, said) in sets.iter_mut().zip(&says) {
        let wav = said.wav.clone();
        set.act(SimAction::Play { wav, looped: false }, PROMPT)?;
    }
    for set in &mut sets {
        set.wait(SimCondition::PlayDone, 30)?;
    }
    // The last word is still on its way.
    for set in &mut sets {
        set.wait(SimCondition::Silence, 10)?;
        set.act(SimAction::RecordStop, PROMPT)?;
    }
    report.excerpt(
        "tipring port show 1",
        &parts(
            &house.tipring(&["port", "show", "1"])?,
            &["Port", "Calls", "Media"],
        ),
        30,
    );
    let pairs = [(1, &says[0], 2, &files[1]), (2, &says[1], 1, &files[0])];
    for (from, said, to, heard) in pairs {
        compare(report, from, said, to, heard)?;
    }
    Ok(())
}

fn compare(
    report: &mut Report,
    from: u16,
    said: &Speech,
    to: u16,
    heard: &Path,
) -> Result<(), String> {
    let heard = wav::read(heard)?;
    let what = format!("port {to} heard port {from}");
    let Some(like) = speech::likeness(&said.samples, &heard) else {
        let n = heard.len();
        report.check(&what, format!("only {n} samples recorded"), false);
        return Ok(());
    };
    let level = like.heard_dbm0 - like.sent_dbm0;
    report.check(
        &what,
        format!(
            "correlation {:.3}, level {:.1} dBm0 ({level:+.1} dB), from {:.1} s into the recording",
            like.correlation,
            like.heard_dbm0,
            like.begins_ms / 1000.0
        ),
        like.correlation >= ALIKE && level.abs() <= 2.0,
    );
    Ok(())
}

fn keys(house: &mut House, report: &mut Report, number: &str) -> Result<(), String> {
    let mut a = house.gateway.set(1)?;
    a.dial(KEYS)?;
    let got = house.digits(number, KEYS.len(), Duration::from_secs(5));
    report.check(
        "keys at the CallManager",
        format!("{KEYS} pressed, {got} arrived"),
        got == KEYS,
    );
    Ok(())
}

fn hang_up(house: &House, report: &mut Report, folder: &Path) -> Result<(), String> {
    let (mut a, mut b) = (house.gateway.set(1)?, house.gateway.set(2)?);
    let before = b.loop_openings()?;
    a.finish()?;
    b.loop_opened_after(before, Duration::from_secs(10))?;
    let fed = b.show()?.polarity != SimPolarity::Open;
    report.check(
        "port 2 gets an open loop",
        "disconnect supervision, then the feed is back",
        fed,
    );
    b.hears_busy_or_reorder()?;
    let sound = listen(&mut b, &folder.join("reorder.wav"), 1000)?;
    tone_check(
        report,
        "reorder tone at port 2",
        &sound,
        [480.0, 620.0],
        -24.0,
    );
    b.finish()?;
    report.say("port 2 hangs up: both ports idle");
    Ok(())
}
