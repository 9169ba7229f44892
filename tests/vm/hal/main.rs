//! `tipring-hal-check`: the DAHDI back end against a telephone on a real channel of the kernel.
//!
//! `tipring-hal-check fxbench|loc GATEWAY_CHANNEL TELEPHONE_CHANNEL [SECONDS_OF_AUDIO]`: runs in the guest of `tests/vm` after
//! `guest/cards.sh`. One line a claim; exit 1 when one failed.
#![forbid(unsafe_code)]

mod bench;
mod checks;
mod sequence;

use std::process::ExitCode;

use bench::Bench;
use checks::Report;

#[global_allocator]
static COUNTING: tipring_linux::alloc_count::CountingAllocator =
    tipring_linux::alloc_count::CountingAllocator;

/// What the channels belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Card {
    /// The test card: all that a card driver answers.
    Fxbench,
    /// Cross-connected dynamic spans: unmodified modules, no card requests.
    Loc,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| args.get(n).and_then(|text| text.parse::<u16>().ok());
    let card = match args.first().map(String::as_str) {
        Some("fxbench") => Some(Card::Fxbench),
        Some("loc") => Some(Card::Loc),
        _ => None,
    };
    let (Some(card), Some(gateway), Some(phone)) = (card, number(1), number(2)) else {
        eprintln!(
            "usage: tipring-hal-check fxbench|loc GATEWAY_CHANNEL TELEPHONE_CHANNEL [SECONDS]"
        );
        return ExitCode::from(2);
    };
    let seconds = number(3).unwrap_or(5);
    let mut report = Report {
        failures: 0,
        checks: 0,
    };
    if let Err(error) = run(card, gateway, phone, seconds.into(), &mut report) {
        report.check(false, error);
    }
    println!("{} checks, {} failed", report.checks, report.failures);
    ExitCode::from(u8::from(report.failures > 0))
}

fn run(card: Card, gateway: u16, phone: u16, seconds: u64, r: &mut Report) -> Result<(), String> {
    let mut b = Bench::new(gateway, phone)?;
    checks::refusals(&mut b, r, phone);
    let facts = b.open()?;
    println!("     {facts:?}");
    r.check(
        !facts.off_hook,
        format!("opened {} of \"{}\"", facts.name, facts.span.description),
    );
    b.run(2200);
    checks::ring_and_trip(&mut b, r);
    checks::audio(&mut b, r, seconds);
    checks::late(&mut b, r);
    checks::flash_pulses_and_hang_up(&mut b, r);
    checks::open_loop(&mut b, r, card);
    if card == Card::Fxbench {
        // As on hardware: without battery the card sees the loop open.
        let detector = "/sys/module/fxbench/parameters/drop_opens_loop";
        std::fs::write(detector, "1").map_err(|e| format!("{detector}: {e}"))?;
        checks::open_loop(&mut b, r, card);
        std::fs::write(detector, "0").map_err(|e| format!("{detector}: {e}"))?;
    }
    checks::polarity_and_on_hook_audio(&mut b, r, card);
    checks::chip(&mut b, r, card);
    checks::off_hook_at_open(&mut b, r);
    if card == Card::Fxbench {
        checks::alarm(&mut b, r);
        checks::pulled(&mut b, r);
    }
    Ok(())
}
