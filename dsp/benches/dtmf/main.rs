//! The receiver of keys (DTMF) by the tests of ITU-T Q.24 and harder ones, with spandsp's beside it in the same run.
//!
//! `cargo bench -p tipring-dsp --bench dtmf` prints the whole table (a minute); `-- keys`, `-- talk`, `-- mute` and
//! `-- cost` a part of it. All is the same with every run but the speech of espeak-ng, which differs a little. Each
//! figure is the worse of µ-law and A-law.
//!
//! spandsp's receiver is set up as it does best on a telephone line: with its dial-tone filter, 8 dB of twist in both
//! directions and a threshold of -42 dBm0.
#![forbid(unsafe_code)]

mod cost;
mod ears;
mod figures;
mod muting;
mod signals;
mod talk;

use std::process::ExitCode;

use ears::EARS;
use figures::{FIGURES, Wanted};
use muting::{leak, missed};
use signals::{Signal, Style};
use tipring_dsp::Law;

fn main() -> ExitCode {
    // `cargo bench` adds --bench.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let result = match args.first().map(String::as_str) {
        Some("count") => {
            cost::count(&args[1..]);
            Ok(())
        }
        Some("keys") => {
            keys();
            Ok(())
        }
        Some("talk") => {
            talk();
            Ok(())
        }
        Some("mute") => {
            mute();
            Ok(())
        }
        Some("cost") => costs(),
        Some(other) => Err(format!("{other}: not keys, talk, mute or cost")),
        None => {
            keys();
            talk();
            mute();
            costs()
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("dtmf: {why}");
            ExitCode::FAILURE
        }
    }
}

fn heading(what: &str) {
    println!("\n{what}");
    println!(
        "  {:<58} {:>9} {:>9} {:>9}",
        "", "Tipring", "spandsp", "wanted"
    );
}

fn row(name: &str, unit: &str, wanted: Wanted, ours: f64, theirs: Option<f64>) {
    let number = |value: f64| {
        if value.is_nan() {
            "none".to_owned()
        } else if value.fract().abs() < 0.05 {
            format!("{value:.0}")
        } else {
            format!("{value:.1}")
        }
    };
    let (bound, met) = match wanted {
        Wanted::Most(limit) => (format!("<= {}", number(limit)), ours <= limit),
        Wanted::Least(limit) => (format!(">= {}", number(limit)), ours >= limit),
        Wanted::Shown => ("-".to_owned(), true),
    };
    println!(
        "  {:<58} {:>9} {:>9} {:>9}{}",
        format!("{name} ({unit})"),
        number(ours),
        theirs.map_or_else(|| "-".to_owned(), number),
        bound,
        if met { "" } else { "  MISSED" }
    );
}

fn keys() {
    heading("DTMF, keys: 192 of them by both laws, 50/50 ms and -10 dBm0 each tone unless stated");
    for figure in FIGURES {
        let [ours, theirs] = EARS.map(|ear| (figure.of)(ear));
        row(figure.name, figure.unit, figure.wanted, ours, Some(theirs));
    }
}

/// Voices by name, as far as there are any here.
fn voices() -> Vec<(&'static str, Vec<f64>)> {
    let mut voices = vec![];
    for (name, voice) in [
        ("espeak-ng, 26 languages", talk::espeak()),
        ("people's prompts for Asterisk", talk::people()),
    ] {
        match voice {
            Ok(voice) => voices.push((name, voice)),
            Err(why) => println!("{name}: SKIPPED: {why}"),
        }
    }
    voices
}

fn talk() {
    heading("DTMF, what is no key: digits heard");
    let mut all = voices();
    all.push(("white noise", talk::noise()));
    all.push(("chords of two to four notes", talk::chords()));
    for (name, sound) in all {
        let minutes = sound.len() as f64 / 480_000.0;
        let sound = Signal(sound);
        for dbm0 in [-12.0, -22.0, -32.0] {
            let pcm = sound.levelled(dbm0).pcm(Law::Mu);
            let [ours, theirs] = EARS.map(|ear| ear.keys(&pcm).len() as f64);
            row(
                &format!("{name}, {minutes:.0} min at {dbm0} dBm0"),
                "digits",
                Wanted::Most(0.0),
                ours,
                Some(theirs),
            );
        }
    }
}

fn mute() {
    heading("DTMF out of band: 480 keys of 100 ms, and what the far end still hears of them");
    let style = Style {
        on_ms: 100.0,
        ..Style::PLAIN
    };
    let off = Style {
        off_by: (0.015, -0.015),
        levels: (-6.0, -14.0),
        ..style
    };
    let echo = |signal: &mut Signal| {
        signal.under(350.0, -20.0);
        signal.under(440.0, -20.0);
    };
    let cases = [
        ("on a quiet line", leak(style, |_, _| {})),
        ("1.5 % off, 8 dB of twist", leak(off, |_, _| {})),
        ("over the echo of dial tone", leak(style, |s, _| echo(s))),
        (
            "over noise, SNR 20 dB",
            leak(style, |s, c| s.noise(-27.0, c)),
        ),
        (
            "over noise, SNR 15 dB",
            leak(style, |s, c| s.noise(-22.0, c)),
        ),
    ];
    for (name, leak) in cases {
        row(
            &format!("{name}: let through at most, mean {:.1}", leak.mean_ms),
            "ms",
            Wanted::Most(if name.contains("15") { 23.0 } else { 15.0 }),
            leak.most_ms as f64,
            None,
        );
        row(
            &format!("{name}: recognised again"),
            "keys",
            Wanted::Most(0.0),
            leak.recognised[0] as f64,
            Some(leak.recognised[1] as f64),
        );
        row(
            &format!("{name}: missed"),
            "keys",
            Wanted::Most(0.0),
            leak.missed as f64,
            None,
        );
    }
    heading("DTMF out of band: a voice muted for what turns out to be no key, in an hour");
    for (name, voice) in voices() {
        for dbm0 in [-12.0, -22.0, -32.0] {
            let missed = missed(&Signal(voice.clone()).levelled(dbm0));
            row(
                &format!("{name}, {dbm0} dBm0: {:.0} ms in", missed.ms),
                "times",
                Wanted::Most(20.0),
                missed.times,
                None,
            );
        }
    }
}

fn costs() -> Result<(), String> {
    heading("DTMF, cost of 20 ms");
    for case in cost::CASES {
        let [ours, theirs] = cost::of(case)?;
        row(
            case,
            "instructions",
            Wanted::Most(theirs),
            ours,
            Some(theirs),
        );
    }
    Ok(())
}
