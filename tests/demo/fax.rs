//! A fax page from port 3 to port 4.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tipring_ctl::report::{FaxResult, FaxSnapshot};
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::page::{self, Page};
use tipring_tests::set::Set;

use crate::house::House;
use crate::terminal::Report;

const PROMPT: Duration = Duration::from_secs(10);
/// A page takes half a minute; fax machines that disagree give up after this.
const LONGEST: Duration = Duration::from_secs(120);
/// From the settings of a page to its first row: DCS, training, CFR.
const TRAINING_S: f64 = 5.0;
/// Rows of the page.
pub(crate) const HEIGHT: usize = 1160;

/// Sends the page and compares what arrived.
pub(crate) fn act(
    house: &House,
    report: &mut Report,
    out: &Path,
    number: &str,
) -> Result<(), String> {
    let (sent, received) = (out.join("fax-sent.tif"), out.join("fax-received.tif"));
    page::write_tiff(&sent, &[Page::order(HEIGHT)])
        .map_err(|e| format!("{}: {e}", sent.display()))?;
    let (mut sender, mut receiver) = (house.gateway.set(3)?, house.gateway.set(4)?);
    let receive = SimAction::FaxReceive {
        tiff: received.clone(),
        ecm: true,
    };
    receiver.act(receive, PROMPT)?;
    let send = SimAction::FaxSend {
        tiff: sent.clone(),
        number: number.into(),
        ecm: true,
    };
    sender.act(send, PROMPT)?;
    report.say(&format!(
        "the fax machine on port 3 lifts, waits for dial tone and dials {number}"
    ));
    let result = follow(&mut sender, report, &sent)?;
    let at_receiver = receiver
        .wait(SimCondition::FaxDone, 20)?
        .last_fax
        .ok_or("the fax machine on port 4 reports no result")?;
    let words = |r: &FaxResult| {
        format!(
            "{} page, {} bit/s, {}, {} repeated, {:.0} s on the line: {}",
            r.pages,
            r.bit_rate,
            if r.ecm {
                "error correction"
            } else {
                "no error correction"
            },
            r.retries,
            r.took_ms as f64 / 1000.0,
            r.text
        )
    };
    report.check("fax sent", words(&result), result.ok && result.pages == 1);
    let good = at_receiver.ok && at_receiver.pages == 1;
    report.check("fax received", words(&at_receiver), good);
    let pages = page::read_tiff(&received).map_err(|e| e.to_string())?;
    if let Some(first) = pages.first() {
        let png = out.join("fax-received.png");
        first
            .write_png(&png)
            .map_err(|e| format!("{}: {e}", png.display()))?;
    }
    let compared = page::compare(&sent, &received);
    let figure = match &compared {
        Ok(_) => {
            let pixels = page::WIDTH * HEIGHT;
            let black = pages.first().map_or(0, Page::black);
            format!("all {pixels} pixels equal, {black} of them black")
        }
        Err(e) => e.clone(),
    };
    report.check("page compared pixel by pixel", figure, compared.is_ok());
    Ok(())
}

/// Shows how the sender gets on, until it is done.
fn follow(sender: &mut Set, report: &Report, tiff: &Path) -> Result<FaxResult, String> {
    let bits = compressed_bits(tiff);
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(100);
        let style = ProgressStyle::with_template("  {spinner} [{bar:30}] {pos:>3} %  {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        bar
    });
    let end = Instant::now() + LONGEST;
    let mut last_phase = String::new();
    let mut page_since = None;
    let result = loop {
        let now = sender.show()?;
        match now.fax {
            Some(fax) => {
                if fax.phase != last_phase {
                    if bar.is_none() {
                        report.say(&phase_line(&fax));
                    }
                    let begun = matches!(fax.phase.split(' ').next(), Some("negotiated" | "page"));
                    if begun && page_since.is_none() {
                        page_since = Some(Instant::now());
                    }
                    last_phase.clone_from(&fax.phase);
                }
                if let Some(bar) = &bar {
                    bar.set_message(phase_line(&fax));
                    bar.set_position(percent(&fax, page_since, bits));
                    bar.tick();
                }
            }
            None => match now.last_fax {
                Some(result) => break result,
                None => return Err("the fax machine on port 3 stopped without a result".into()),
            },
        }
        if Instant::now() > end {
            return Err(format!(
                "the fax is not over after {} s: {last_phase}",
                LONGEST.as_secs()
            ));
        }
        std::thread::sleep(Duration::from_millis(100)); // looks again, with the deadline above
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(result)
}

fn phase_line(fax: &FaxSnapshot) -> String {
    // The rate holds from the page on; before that it is what the terminal would like.
    let rate = match fax.phase.as_str() {
        "page" | "ending" => format!(", {} bit/s", fax.bit_rate),
        _ => String::new(),
    };
    let s = fax.since_ms / 1000;
    format!("{}{rate}, {s} s", fax.phase)
}

/// Estimated: a page is over when its bits are over, and the confirmation takes the rest.
fn percent(fax: &FaxSnapshot, page_since: Option<Instant>, bits: Option<u64>) -> u64 {
    let Some(since) = page_since.filter(|_| fax.bit_rate > 0) else {
        return 0;
    };
    if fax.pages > 0 {
        return 95;
    }
    let seconds = bits.unwrap_or(100_000) as f64 / f64::from(fax.bit_rate) + TRAINING_S;
    ((since.elapsed().as_secs_f64() / seconds).min(1.0) * 95.0) as u64
}

/// Bits of the page as error-correcting terminals send it (T.6), by libtiff.
fn compressed_bits(tiff: &Path) -> Option<u64> {
    let to = tiff.with_extension("g4");
    let status = Command::new("tiffcp")
        .args(["-c", "g4"])
        .arg(tiff)
        .arg(&to)
        .status()
        .ok()?;
    let bytes = std::fs::metadata(&to).ok()?.len();
    std::fs::remove_file(&to).ok()?;
    status.success().then_some(bytes * 8)
}
