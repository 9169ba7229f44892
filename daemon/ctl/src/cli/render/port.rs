//! `tipring port` as text.

use comfy_table::{Cell, Color};
use tipring_ctl::report::{
    DetectedTone, EchoReport, EchoState, FindingReport, HookState, LineStats, MediaLeg, PortCard,
    PortDetail, PortState, PortSummary, RegistrationReport, RegistrationState, RtpStats, Side,
    by_cause, ranges,
};

use super::super::output::{Paint, clean};
use super::call::call_rows;
use super::{Facts, counters, finding, heading, lines, moment, painted, plain, table, word};

pub(crate) fn port_list(paint: Paint, ports: &[PortSummary]) -> String {
    let mut rows = table(
        paint,
        &[
            "PORT",
            "LABEL",
            "DEVICE",
            "NUMBER",
            "REGISTRATION",
            "HOOK",
            "STATE",
            "FAR END",
            "MSG",
        ],
    );
    for port in ports {
        rows.add_row([
            plain(port.port.to_string()),
            plain(&port.label),
            plain(&port.device),
            plain(port.number.as_deref().unwrap_or("-")),
            registration_cell(port),
            plain(hook(port.hook)),
            plain(state(port)),
            plain(port.peer.as_deref().unwrap_or("-")),
            plain(if port.message_waiting { "yes" } else { "-" }),
        ]);
    }
    let findings = findings(paint, ports);
    if findings.is_empty() {
        lines(&rows)
    } else {
        lines(&rows) + "\n" + &findings
    }
}

/// Each finding once, with all the ports that have it.
pub(super) fn findings(paint: Paint, ports: &[PortSummary]) -> String {
    let all: Vec<FindingReport> = ports.iter().flat_map(|p| p.findings.clone()).collect();
    by_cause(&all)
        .iter()
        .map(|(report, places)| {
            let numbers: Vec<u16> = places.iter().filter_map(|p| p.port).collect();
            finding(paint, &format!("{}: ", port_numbers(&numbers)), report)
        })
        .collect()
}

/// `port 3`, `ports 1-4, 7`.
pub(crate) fn port_numbers(numbers: &[u16]) -> String {
    let word = if numbers.len() == 1 { "port" } else { "ports" };
    format!("{word} {}", ranges(numbers))
}

fn registration_cell(port: &PortSummary) -> Cell {
    let text = word(&port.registration);
    match port.registration {
        _ if !port.enabled => plain("disabled"),
        RegistrationState::Registered => painted(&text, Color::Green),
        RegistrationState::Waiting | RegistrationState::Stopped => painted(&text, Color::Red),
        RegistrationState::Connecting
        | RegistrationState::Registering
        | RegistrationState::Asking
        | RegistrationState::Unregistering => painted(&text, Color::Yellow),
    }
}

fn hook(hook: HookState) -> &'static str {
    match hook {
        HookState::Unknown => "?",
        HookState::OnHook => "on",
        HookState::OffHook => "off",
    }
}

fn state(port: &PortSummary) -> String {
    match (port.state, port.call) {
        (PortState::InCall, Some(call)) => word(&call),
        (state, _) => word(&state),
    }
}

pub(crate) fn port(paint: Paint, report: &PortDetail) -> String {
    let summary = &report.summary;
    let mut out = paint.bold(&format!("Port {}", summary.port));
    if !summary.label.is_empty() {
        out += &format!("  {}", clean(&summary.label));
    }
    out.push('\n');
    for one in &summary.findings {
        out += &finding(paint, "", one);
    }
    let mut facts = Facts::new(paint);
    facts.add(
        "device",
        format!("{} (type {})", clean(&summary.device), summary.device_type),
    );
    facts.add_text("number", summary.number.as_deref().unwrap_or_default());
    facts.add("channel", summary.channel.to_string());
    facts.add(
        "profile",
        clean(&format!("{}, {}", summary.profile, report.country)),
    );
    facts.add_text("caller id", &report.caller_id);
    facts.add("hook", word(&summary.hook));
    facts.add("state", state(summary));
    facts.add_text("far end", summary.peer.as_deref().unwrap_or_default());
    facts.add_text("playing", report.playing.as_deref().unwrap_or_default());
    facts.add(
        "message lamp",
        if summary.message_waiting { "on" } else { "off" },
    );
    facts.add(
        "level",
        format!(
            "from the line {}, to the line {}",
            level(report.rx_dbm0),
            level(report.tx_dbm0)
        ),
    );
    facts.add("echo canceller", echo(&report.echo));
    facts.add_text("card can", &report.capabilities.join(", "));
    out += &facts.text();
    out += &card(paint, &report.card);
    out += &registration(paint, &report.registration);
    if !report.calls.is_empty() {
        out += &heading(paint, "Calls");
        out += &call_rows(paint, &report.calls);
    }
    out += &media(paint, &report.media);
    out += &line(paint, &report.line);
    if !report.tones.is_empty() {
        out += &heading(paint, "Last detected tones");
    }
    for tone in &report.tones {
        out += &format!("{}  {}\n", moment(tone.at_unix_ms), detected(tone));
    }
    out + &counters(paint, "PORT", &report.counters)
}

/// A tone in words, without when.
fn detected(tone: &DetectedTone) -> String {
    let from = match tone.from {
        Side::Line => "the line",
        Side::Network => "the network",
    };
    let seconds = f64::from(tone.after_ms) / 1000.0;
    let tone = clean(&tone.tone);
    format!("{tone} from {from}, {seconds:.2} s after its onset")
}

fn echo(report: &EchoReport) -> String {
    if report.state == EchoState::Off {
        return "off".to_owned();
    }
    let db = |db: Option<f32>| db.map_or_else(|| "-".to_owned(), |db| format!("{db:.1} dB"));
    format!(
        "{}, the line's own loss (ERL) {}, taken away (ERLE) {}",
        word(&report.state),
        db(report.erl_db),
        db(report.erle_db)
    )
}

fn card(paint: Paint, card: &PortCard) -> String {
    if card.driver.is_empty() && card.open_failures == 0 {
        return String::new();
    }
    let mut facts = Facts::new(paint);
    let state = if card.open {
        paint.good("open")
    } else {
        paint.bad("closed")
    };
    facts.add("line", state);
    facts.add_text("driver", &card.driver);
    if let Some(span) = card.span {
        let (name, what) = (clean(&card.span_name), clean(&card.description));
        facts.add("span", format!("{span} {name} \"{what}\""));
    }
    facts.add_text("channel name", &card.channel_name);
    facts.add_text("signalling", &card.signalling);
    facts.add_text("law", &card.law);
    if card.opened + card.open_failures > 0 {
        facts.add(
            "opened",
            format!(
                "{}, {} failed",
                times(card.opened),
                times(card.open_failures)
            ),
        );
    }
    if let Some(v) = card.voltages {
        facts.add(
            "voltages",
            format!(
                "tip {:.1} V, ring {:.1} V, battery {:.1} V",
                v.tip_v, v.ring_v, v.battery_v
            ),
        );
    }
    if card.voltages.is_some() || card.power_alarms + card.rearms > 0 {
        facts.add(
            "feed",
            format!(
                "switched off by the card {}, switched on again {}",
                times(card.power_alarms),
                times(card.rearms)
            ),
        );
    }
    for remark in &card.remarks {
        facts.add_text("note", remark);
    }
    heading(paint, "Card") + &facts.text()
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn level(dbm0: Option<f32>) -> String {
    dbm0.map_or_else(|| "-".to_owned(), |level| format!("{level:.1} dBm0"))
}

fn registration(paint: Paint, report: &RegistrationReport) -> String {
    let mut facts = Facts::new(paint);
    let state = word(&report.state);
    let state = if report.state == RegistrationState::Registered {
        paint.good(&state)
    } else {
        paint.bad(&state)
    };
    let server = report
        .server
        .as_deref()
        .map_or_else(String::new, |s| format!(", {}", clean(s)));
    facts.add("state", format!("{state}{server}"));
    if let Some(since) = report.since_unix_ms {
        facts.add("since", moment(since));
    }
    facts.add_text("reason", report.reason.as_deref().unwrap_or_default());
    if let Some(ms) = report.next_attempt_ms {
        facts.add("next attempt", format!("in {:.1} s", ms as f64 / 1000.0));
    }
    if let Some(version) = report.protocol_version {
        facts.add("version", version.to_string());
    }
    if let Some(seconds) = report.keepalive_s {
        facts.add("keepalive", format!("{seconds} s"));
    }
    let mut out = heading(paint, "Registration") + &facts.text();
    for step in &report.history {
        let server = step
            .server
            .as_deref()
            .map_or_else(String::new, |s| format!("  {}", clean(s)));
        out += &format!(
            "  {}  {}{server}  {}\n",
            moment(step.at_unix_ms),
            word(&step.state),
            clean(&step.reason)
        );
    }
    out + &counters(paint, "CONNECTION", &report.counters)
}

pub(crate) fn media(paint: Paint, legs: &[MediaLeg]) -> String {
    let mut out = String::new();
    for leg in legs {
        out += &heading(
            paint,
            &format!("Media of call {} (party {})", leg.call_ref, leg.party),
        );
        let mut facts = Facts::new(paint);
        let end =
            |address: &Option<String>| address.as_deref().map_or_else(|| "-".to_owned(), clean);
        facts.add(
            "path",
            format!("{} ↔ {}", end(&leg.local), end(&leg.remote)),
        );
        if leg.source.is_some() && leg.source != leg.remote {
            facts.add("heard from", end(&leg.source));
        }
        let events = match (leg.event_payload_type, leg.sent_event_payload_type) {
            (Some(come), Some(go)) if come != go => format!(", events as {come}, sent as {go}"),
            (Some(come), _) => format!(", events as {come}"),
            (None, _) => String::new(),
        };
        facts.add(
            "codec",
            format!("{}, {} ms{events}", clean(&leg.codec), leg.ptime_ms),
        );
        if leg.pass_through {
            facts.add("passes", "data: a fax or a modem was heard");
        }
        for tone in &leg.tones {
            let what = format!("{}  {}", moment(tone.at_unix_ms), detected(tone));
            facts.add("heard", what);
        }
        let rtp = &leg.rtp;
        facts.add(
            "sent",
            format!(
                "{} packets, {} octets, {} errors",
                rtp.sent_packets, rtp.sent_octets, rtp.send_errors
            ),
        );
        facts.add(
            "received",
            format!(
                "{} packets, {} octets; lost {}, late {}, twice {}, out of order {}",
                rtp.received_packets,
                rtp.received_octets,
                rtp.lost_packets,
                rtp.late_packets,
                rtp.duplicate_packets,
                rtp.reordered_packets
            ),
        );
        facts.add(
            "refused",
            format!(
                "{} from unexpected sources, {} not RTP, {} too many",
                rtp.stray_packets, rtp.invalid_packets, rtp.overflow_packets
            ),
        );
        if rtp.kernel_dropped_packets > 0 {
            facts.add(
                "",
                format!(
                    "{} dropped by the kernel (flood)",
                    rtp.kernel_dropped_packets
                ),
            );
        }
        for source in &leg.refused_sources {
            facts.add(
                "",
                format!("{}: {} packets", clean(&source.address), source.packets),
            );
        }
        facts.add(
            "jitter",
            format!(
                "{:.1} ms, late {:.2} %, {} ms made up",
                rtp.jitter_ms, rtp.late_percent, rtp.concealed_ms
            ),
        );
        facts.add("buffer", buffer(rtp));
        facts.add("clocks", clocks(rtp));
        if rtp.redundant_sent + rtp.redundant_received > 0 {
            facts.add(
                "redundancy",
                format!(
                    "{} packets sent with earlier ones, {} received, {} lost ones recovered",
                    rtp.redundant_sent, rtp.redundant_received, rtp.recovered_packets
                ),
            );
        }
        if rtp.comfort_sent + rtp.comfort_received > 0 {
            facts.add(
                "silence",
                format!(
                    "not sent but told: {} packets of comfort noise sent, {} received",
                    rtp.comfort_sent, rtp.comfort_received
                ),
            );
        }
        facts.add(
            "events",
            format!("{} sent, {} received", rtp.events_sent, rtp.events_received),
        );
        out += &facts.text();
    }
    out
}

fn buffer(rtp: &RtpStats) -> String {
    let how = if rtp.held { "fixed" } else { "adapts" };
    format!(
        "{how}, {:.0} ms waiting, delay {:.0} ms of {:.0} ms wanted, empty {}, set anew {}",
        rtp.buffer_ms,
        rtp.delay_ms,
        rtp.target_ms,
        times(rtp.underruns),
        times(rtp.resyncs)
    )
}

/// The far clock against the card's, and what the buffer did about it.
fn clocks(rtp: &RtpStats) -> String {
    let drift = match (rtp.drift_ppm, rtp.drift_error_ppm) {
        (Some(ppm), Some(error)) => {
            let way = if ppm < 0.0 { "slow" } else { "fast" };
            format!("far end {:.1} ppm {way} (± {error:.1})", ppm.abs())
        }
        _ => "drift not known yet".to_owned(),
    };
    let slips = format!(
        "slips: {} blocks inserted, {} skipped",
        rtp.stretched, rtp.shrunk
    );
    match rtp.lasts_min {
        Some(minutes) => format!("{drift}, {slips}; the fixed buffer lasts {minutes:.0} min"),
        None => format!("{drift}, {slips}"),
    }
}

fn line(paint: Paint, line: &LineStats) -> String {
    let mut facts = Facts::new(paint);
    facts.add(
        "blocks",
        format!(
            "{} read, {} written, {} overruns, {} underruns, {} prefills",
            line.blocks_read,
            line.blocks_written,
            line.read_overruns,
            line.write_underruns,
            line.prefills
        ),
    );
    facts.add(
        "hook",
        format!(
            "{} off-hooks, {} flashes, {} odd openings, {} bursts of ringing",
            line.off_hooks, line.flashes, line.openings_odd, line.ring_bursts
        ),
    );
    facts.add(
        "digits",
        format!(
            "{} by tone, {} by pulse",
            line.dtmf_digits, line.pulse_digits
        ),
    );
    facts.add(
        "refused",
        format!("{} commands by the card", line.refused_commands),
    );
    heading(paint, "Line") + &facts.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_types::finding::{Finding, Place};

    fn port(port: u16, finding: Option<Finding>) -> PortSummary {
        let place = Place {
            port: Some(port),
            channel: Some(port + 8),
            device: None,
        };
        let findings = finding.map(|f| FindingReport::of(f, place));
        PortSummary {
            port,
            findings: findings.into_iter().collect(),
            ..PortSummary::default()
        }
    }

    #[test]
    fn a_buffer_tells_its_delay_the_drift_and_how_long_it_lasts() {
        let rtp = RtpStats {
            buffer_ms: 90.0,
            delay_ms: 100.0,
            target_ms: 100.0,
            held: true,
            drift_ppm: Some(-41.26),
            drift_error_ppm: Some(2.0),
            lasts_min: Some(38.4),
            stretched: 8,
            underruns: 1,
            ..RtpStats::default()
        };
        assert_eq!(
            buffer(&rtp),
            "fixed, 90 ms waiting, delay 100 ms of 100 ms wanted, empty once, set anew 0 times"
        );
        assert_eq!(
            clocks(&rtp),
            "far end 41.3 ppm slow (± 2.0), slips: 8 blocks inserted, 0 skipped; the fixed buffer lasts 38 min"
        );
        assert_eq!(
            clocks(&RtpStats::default()),
            "drift not known yet, slips: 0 blocks inserted, 0 skipped"
        );
    }

    #[test]
    fn a_finding_of_many_ports_is_shown_once() {
        let alarm = || Finding::SpanAlarm {
            unregistered: false,
        };
        let mut ports: Vec<PortSummary> = (1..=8).map(|n| port(n, Some(alarm()))).collect();
        ports[2].findings.clear();
        ports[4] = port(5, Some(Finding::CardSilent));
        let text = findings(Paint { colour: false }, &ports);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "! ports 1, 2, 4, 6-8: the span is in alarm: the card's driver reports it",
                "    cure: check the span's cable and the card's clock; calls work again when the alarm ends",
                "! port 5: the card's driver does not answer: a request to it has not returned for 10 s",
                "    cure: look at the kernel's log (dmesg) and the card; restart the machine if it stays so",
            ]
        );
    }

    #[test]
    fn a_card_that_is_missing_is_shown_once_and_one_channel_by_its_number() {
        let missing = || Finding::ChannelMissing { known: vec![] };
        let busy = Finding::ChannelInUse {
            holders: vec!["asterisk (pid 812)".into()],
        };
        let ports = [
            port(1, Some(missing())),
            port(2, Some(missing())),
            port(3, Some(busy)),
        ];
        let text = findings(Paint { colour: false }, &ports);
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with('!')).collect();
        assert_eq!(
            lines,
            [
                "! ports 1, 2: its DAHDI channel does not exist: DAHDI has no channels",
                "! port 3: DAHDI channel 11 is in use: asterisk (pid 812) has it open",
            ]
        );
    }
}
