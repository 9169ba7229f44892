//! `replay`: the server's side of a capture is played to a port of its own, and what the port does is shown: so a capture
//! becomes a finding. No daemon and no network take part, and time does not pass; with `--live` a daemon does, over TCP, and it
//! does.
//!
//! Owns: nothing; `capture.rs` reads files, `pcap.rs` packets, `stage.rs` is the port with its phone, `deviations.rs` compares
//! what the capture's phone said with what the port says, `veil.rs` makes a capture that may be given away.

mod acts;
pub(super) mod capture;
mod deviations;
mod live;
mod pcap;
mod stage;
mod veil;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use tipring_proto::types::DeviceName;
use tipring_types::trace::{Trace, TraceKind};

use super::args::ReplayArgs;
use super::output::{Failure, Out, Paint, clean};
use super::remote::Remote;
use super::whole_file::WholeFile;
use capture::Capture;

/// What is shown of one phone of a capture.
#[derive(Debug, Serialize)]
struct Report {
    /// Whose connection: its name in the capture, or its address.
    phone: String,
    /// Version whose layouts were used.
    version: u8,
    /// The port was registered when the capture began, or became so by it. Without that a port says little.
    registered: bool,
    /// What happened, in order.
    timeline: Vec<Line>,
    /// Every media leg that was opened or sent on.
    legs: Vec<Leg>,
    /// What the phone and the port did not both say.
    deviations: Vec<deviations::Deviation>,
    /// Messages that could not be read: of the server, and of the captured phone.
    unreadable: Vec<String>,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    /// The server of the capture.
    Server,
    /// The phone of the capture.
    Captured,
    /// Our port.
    Port,
}

/// One line of the timeline.
#[derive(Debug, Serialize)]
struct Line {
    /// Since the capture's first message, ms; what was done before it has 0.
    at_ms: u64,
    /// Who.
    who: Who,
    /// What kind.
    kind: TraceKind,
    /// What.
    #[serde(flatten)]
    event: Trace,
    /// In words.
    text: String,
}

/// A media leg of the port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Leg {
    /// Since the capture's first message, ms.
    at_ms: u64,
    /// CallManager's number of it.
    party: u32,
    /// What passed: `receive` or `send`.
    direction: &'static str,
    /// Where it listens, or sends to.
    address: String,
    /// The phone heard it, or talked into it.
    heard: bool,
}

pub(super) fn run(remote: &Remote, out: &Out, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let capture = read(&args.file, args.server_port)?;
    if let Some(path) = &args.export {
        WholeFile::begin(path)?.write(&to_json(&capture, false)?)?;
        out.advice(
            "names, numbers and addresses are replaced; look it through before you give it away",
        );
        if let Some(remark) = unread_remark(&capture) {
            out.advice(&remark);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let phones: Vec<String> = match &args.phone {
        Some(phone) if capture.phones().contains(phone) => vec![phone.clone()],
        Some(phone) => {
            return Err(Failure::failed(
                format!("{}: no messages of {phone}", args.file.display()),
                &format!("name one of {}", capture.phones().join(", ")),
            ));
        }
        None => capture.phones(),
    };
    if phones.is_empty() {
        return Err(Failure::failed(
            format!("{}: no SCCP messages", args.file.display()),
            "check --server-port, and that the capture has whole packets",
        ));
    }
    let name = DeviceName::new("VGC000000000001")
        .map_err(|e| Failure::failed(format!("the port's own name: {e}"), ""))?;
    for (n, phone) in phones.iter().enumerate() {
        if args.live {
            let place = match args.listen {
                Some(listen) => live::Place::Given(remote, args.port, listen),
                None => live::Place::Own,
            };
            let report = live::play(&place, &capture, phone)?;
            if out.json {
                out.json_line(&report)?;
            } else {
                let gap = if n > 0 { "\n" } else { "" };
                out.raw(&format!(
                    "{gap}{}",
                    live_text(out.paint(), &capture.about, &report)
                ))?;
            }
            continue;
        }
        let report = stage::play(name.clone(), &capture, phone);
        if out.json {
            out.json_line(&report)?;
        } else {
            let gap = if n > 0 { "\n" } else { "" };
            out.raw(&format!(
                "{gap}{}",
                text(out.paint(), &capture.about, &report)
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a veiled capture may still have in it.
pub(super) fn unread_remark(capture: &Capture) -> Option<String> {
    let unread = veil::unread(capture, |phone| stage::version_of(capture, phone));
    (unread > 0).then(|| {
        format!(
            "messages of which the layout is not known, so that addresses and short texts may have stayed in them: {unread}"
        )
    })
}

/// A capture as a file has it: as it is, or with names, numbers and addresses replaced.
pub(super) fn to_json(capture: &Capture, keep_identities: bool) -> Result<String, Failure> {
    let mut file = if keep_identities {
        capture::plain(capture)
    } else {
        veil::veiled(capture, |phone| stage::version_of(capture, phone))
    };
    if capture.about.ends_with(capture::MISSING) && !file.about.ends_with(capture::MISSING) {
        file.about += capture::MISSING;
    }
    let json = serde_json::to_string_pretty(&file)
        .map_err(|e| Failure::failed(format!("the messages cannot be written as JSON: {e}"), ""))?;
    Ok(json + "\n")
}

fn read(file: &Path, server_port: u16) -> Result<Capture, Failure> {
    let bad = |why: String| {
        Failure::failed(
            format!("{}: {why}", file.display()),
            "give a pcap, a pcapng, or JSON of `tipring replay --export`",
        )
    };
    let bytes = std::fs::read(file).map_err(|e| bad(e.to_string()))?;
    match bytes.trim_ascii_start().first() {
        Some(b'{') => capture::from_json(&bytes),
        _ => pcap::read(&bytes, server_port),
    }
    .and_then(Capture::bounded)
    .map_err(bad)
}

fn text(paint: Paint, about: &str, report: &Report) -> String {
    let mut text = head(
        paint,
        about,
        &report.phone,
        report.version,
        &report.timeline,
    );
    if !report.registered {
        let why = "the port was never registered in this play, so what it did not do means little; play the phone's own \
                   registration with it, or see the version above";
        text += &format!("\n{}\n", paint.bad(why));
    }
    text += "\nmedia legs\n";
    if report.legs.is_empty() {
        text += "  none\n";
    }
    for leg in &report.legs {
        let heard = match (leg.heard, leg.direction) {
            (true, "receive") => ", heard by the phone",
            (true, _) => ", the phone's voice",
            (false, _) => "",
        };
        let at = Duration::from_millis(leg.at_ms).as_secs_f64();
        let place = if leg.direction == "receive" {
            "at"
        } else {
            "to"
        };
        text += &format!(
            "{at:>9.3} party {:#010x} {} {place} {}{heard}\n",
            leg.party, leg.direction, leg.address
        );
    }
    text + &tail(paint, &report.deviations, &report.unreadable)
}

fn live_text(paint: Paint, about: &str, report: &live::LiveReport) -> String {
    let mut text = head(
        paint,
        about,
        &report.phone,
        report.version,
        &report.timeline,
    );
    text += "\nthe phone\n";
    for span in &report.heard {
        let [from, to] =
            [span.from_ms, span.to_ms].map(|at| Duration::from_millis(at).as_secs_f64());
        let what = match (span.ringing, span.hz, span.dbm0) {
            (true, ..) => "rings".to_owned(),
            (_, Some(hz), Some(dbm0)) => format!("hears {hz:.0} Hz, {dbm0:.1} dBm0"),
            (_, None, Some(dbm0)) => format!("hears {dbm0:.1} dBm0"),
            _ => "hears silence".to_owned(),
        };
        text += &format!("{from:>9.3} to {to:.3} s {what}\n");
    }
    text += "\nfar ends\n";
    if report.far_ends.is_empty() {
        text += "  none\n";
    }
    for far_end in &report.far_ends {
        text += &format!("  {}\n", far_end.text());
    }
    if !report.remarks.is_empty() {
        text += "\nremarks\n";
    }
    for remark in &report.remarks {
        text += &format!("  {}\n", paint.bad(&clean(remark)));
    }
    text + &tail(paint, &report.deviations, &report.unreadable)
}

/// What is compared and what could not be read.
fn tail(paint: Paint, deviations: &[deviations::Deviation], unreadable: &[String]) -> String {
    let mut text = "\ndeviations\n".to_owned();
    if deviations.is_empty() && unreadable.is_empty() {
        text += "  none\n";
    }
    for deviation in deviations {
        text += &format!("  {}\n", clean(&deviation.to_string()));
    }
    for why in unreadable {
        text += &format!(
            "  {}\n",
            paint.bad(&format!("cannot be read: {}", clean(why)))
        );
    }
    text
}

/// Whose connection, and the timeline.
fn head(paint: Paint, about: &str, phone: &str, version: u8, timeline: &[Line]) -> String {
    let mut text = String::new();
    if !about.is_empty() {
        text += &format!("{}\n", clean(about));
    }
    let title = format!("{}, version {version}", clean(phone));
    text += &format!("{}\n\n", paint.bold(&title));
    for line in timeline {
        let who = match line.who {
            Who::Server => "server  <-",
            Who::Captured => "phone   ->",
            Who::Port => "port      ",
        };
        let kind = match line.kind {
            TraceKind::SccpOut if line.who == Who::Port => "->",
            TraceKind::SccpIn | TraceKind::SccpOut => "",
            TraceKind::Hook => "hook",
            TraceKind::Digit => "digit",
            TraceKind::Line => "line",
            TraceKind::Media => "media",
            TraceKind::Call => "call",
            TraceKind::Registration => "register",
            TraceKind::Fault => "fault",
        };
        let at = Duration::from_millis(line.at_ms).as_secs_f64();
        let words = match line.who {
            Who::Port => clean(&line.text),
            Who::Server | Who::Captured => paint.faint(&clean(&line.text)),
        };
        text += &format!("{at:>9.3} {who} {kind:<6} {words}\n");
    }
    text
}
