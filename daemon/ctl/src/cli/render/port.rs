//! `tipring port` as text.

use comfy_table::{Cell, Color, ColumnConstraint};
use tipring_ctl::report::{
    ConnectionPurpose, DetectedTone, EchoReport, EchoState, FindingReport, Forwards, HookState,
    LineStats, PortCard, PortDetail, PortState, PortSummary, RegistrationReport, RegistrationState,
    Side, by_cause, ranges,
};

use super::super::output::{Paint, clean};
use super::call::call_rows;
use super::media::media;
use super::{
    Facts, counters, finding, heading, length, lines, moment, painted, plain, plural, table, word,
};

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
            state_cell(port),
            plain(port.peer.as_deref().unwrap_or("-")),
        ]);
    }
    // A device name that is cut cannot be searched for.
    if let Some(devices) = rows.column_mut(2) {
        devices.set_constraint(ColumnConstraint::ContentWidth);
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

fn state_cell(port: &PortSummary) -> Cell {
    let text = state(port);
    match port.state {
        PortState::Fault => painted(&text, Color::Red),
        _ if port.message_waiting => plain(format!("{text}, message")),
        _ => plain(text),
    }
}

fn registration_cell(port: &PortSummary) -> Cell {
    let text = match (port.registration, port.next_attempt_ms) {
        (RegistrationState::Waiting, Some(ms)) => format!("retry in {} s", ms.div_ceil(1000)),
        (state, _) => word(&state),
    };
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
    facts.add_text("forwarded", &forwarded(&report.forwards));
    facts.add(
        "level",
        format!(
            "from the line {}, to the line {}",
            level(report.rx_dbm0),
            level(report.tx_dbm0)
        ),
    );
    facts.add("echo canceller", echo(&report.echo));
    let (lacks, can): (Vec<&str>, Vec<&str>) = (report.capabilities.iter())
        .map(String::as_str)
        .partition(|what| what.starts_with("no "));
    facts.add_text("card can", &can.join(", "));
    facts.add_text("card cannot", &lacks.join(", ").replace("no ", ""));
    out += &facts.text();
    out += &card(paint, &report.card, summary);
    out += &registration(paint, summary.enabled, &report.registration);
    if !report.calls.is_empty() {
        out += &heading(paint, "Calls");
        out += &call_rows(paint, &report.calls);
    }
    out += &media(paint, &report.media, &report.calls);
    out += &line(paint, &report.line);
    if !report.tones.is_empty() {
        out += &heading(paint, "Last detected tones");
    }
    for tone in &report.tones {
        out += &format!("{}  {}\n", moment(tone.at_unix_ms), detected(tone));
    }
    out + &counters(paint, "PORT", &report.counters)
}

/// `all calls to 2002; when busy to 2003`.
fn forwarded(forwards: &Forwards) -> String {
    let kinds = [
        ("all calls", &forwards.all),
        ("when busy", &forwards.busy),
        ("when not answered", &forwards.no_answer),
    ];
    let said = kinds.into_iter().filter_map(|(when, to)| {
        let to = to.as_deref()?;
        Some(if to.is_empty() {
            when.to_owned()
        } else {
            format!("{when} to {to}")
        })
    });
    said.collect::<Vec<_>>().join("; ")
}

/// A tone in words, without when.
pub(super) fn detected(tone: &DetectedTone) -> String {
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
        "{}, echo return loss (ERL) {}, enhancement (ERLE) {}",
        word(&report.state),
        db(report.erl_db),
        db(report.erle_db)
    )
}

/// Whether the channel can be used, in the colour of that.
fn service(paint: Paint, card: &PortCard, summary: &PortSummary) -> String {
    let mut codes = summary.findings.iter().map(FindingReport::code);
    match summary.state {
        _ if codes.any(|code| code == "card-removed") => paint.bad("removed"),
        _ if !card.open => paint.bad("not in service"),
        PortState::Fault => paint.bad("out of service"),
        _ => paint.good("in service"),
    }
}

fn card(paint: Paint, card: &PortCard, summary: &PortSummary) -> String {
    if card.driver.is_empty() && card.open_failures == 0 {
        return String::new();
    }
    let mut facts = Facts::new(paint);
    facts.add("line", service(paint, card, summary));
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

pub(super) fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn level(dbm0: Option<f32>) -> String {
    dbm0.map_or_else(|| "-".to_owned(), |level| format!("{level:.1} dBm0"))
}

/// ` 12 s already, next attempt in 3 s` of a device that waits.
fn waiting(report: &RegistrationReport) -> String {
    let (Some(since), Some(next)) = (report.state_ms, report.next_attempt_ms) else {
        return String::new();
    };
    let next = next.div_ceil(1000);
    format!(
        " for {} already, next attempt in {next} s",
        length(since / 1000)
    )
}

fn registration(paint: Paint, enabled: bool, report: &RegistrationReport) -> String {
    let mut facts = Facts::new(paint);
    let state = word(&report.state);
    let state = if !enabled && report.state == RegistrationState::Stopped {
        "disabled".to_owned()
    } else if report.state == RegistrationState::Registered {
        paint.good(&state)
    } else {
        paint.bad(&state)
    };
    let waits = waiting(report);
    let server = match report.server.as_deref().map(clean) {
        None => String::new(),
        Some(server) if waits.is_empty() => format!(", {server}"),
        Some(server) => format!(" at {server}"),
    };
    facts.add("state", format!("{state}{waits}{server}"));
    // The active one is the line above.
    let others = report.connections.iter();
    for other in others.filter(|c| c.purpose != ConnectionPurpose::Active) {
        let server = other.server.as_deref().unwrap_or_default();
        let text = format!("{}, {}", other.state, clean(server));
        facts.add(other.purpose.name(), text);
    }
    if let Some(since) = report.since_unix_ms {
        facts.add("since", moment(since));
    }
    facts.add_text("reason", report.reason.as_deref().unwrap_or_default());
    if let Some(ms) = report.better_asked_ms {
        let text = format!(
            "a better CallManager is asked within {} s",
            ms.div_ceil(1000)
        );
        facts.add("way back", text);
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

fn line(paint: Paint, line: &LineStats) -> String {
    let mut facts = Facts::new(paint);
    facts.add(
        "blocks",
        format!(
            "{} read, {} written, {}, {}, {}",
            line.blocks_read,
            line.blocks_written,
            plural(line.read_overruns, "overrun"),
            plural(line.write_underruns, "underrun"),
            plural(line.prefills, "refill")
        ),
    );
    facts.add(
        "hook",
        format!(
            "off-hook {}, flash {}, other loop opening {}, ring burst {}",
            times(line.off_hooks),
            times(line.flashes),
            times(line.openings_odd),
            times(line.ring_bursts)
        ),
    );
    facts.add(
        "digits",
        format!(
            "accepted {} by tone, {} by pulse",
            line.dtmf_digits, line.pulse_digits
        ),
    );
    facts.add(
        "refused",
        format!("{} by the card", plural(line.refused_commands, "command")),
    );
    heading(paint, "Line") + &facts.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_ctl::report::{ConnectionReport, ConnectionState};
    use tipring_types::finding::{Finding, Place};

    fn port(port: u16, finding: Option<Finding>) -> PortSummary {
        let place = Place {
            port: Some(port),
            channel: Some(port + 8),
            ..Place::default()
        };
        let findings = finding.map(|f| FindingReport::of(f, place));
        PortSummary {
            port,
            findings: findings.into_iter().collect(),
            ..PortSummary::default()
        }
    }

    #[test]
    fn a_narrow_table_cuts_no_word() {
        let ports: Vec<PortSummary> = (1..=3)
            .map(|n| PortSummary {
                label: "Lift alarm of the west wing".into(),
                device: "VGC112233445503".into(),
                number: Some("2003".into()),
                registration: RegistrationState::Registered,
                state: PortState::ErrorTone,
                enabled: true,
                peer: Some("004912345678".into()),
                ..port(n, None)
            })
            .collect();
        let text = port_list(Paint { colour: false }, &ports);
        for word in ["REGISTRATION", "registered", "error-tone", "2003"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        let widest = text.lines().map(|l| l.chars().count()).max();
        assert!(widest <= Some(80), "{widest:?}: {text}");
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
                "    cure: check the power connector of the card, of an Astribank its USB cable and supply; \"tipring hardware\" and dmesg name the alarm; calls work again when it ends",
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

    fn shown(detail: &PortDetail) -> String {
        super::port(Paint { colour: false }, detail)
    }

    #[test]
    fn a_channel_that_works_is_in_service_and_a_removed_one_is_red() {
        let open = PortCard {
            driver: "sim".into(),
            open: true,
            ..PortCard::default()
        };
        let mut detail = PortDetail {
            card: open,
            ..PortDetail::default()
        };
        assert!(
            shown(&detail).contains("line    in service\n"),
            "{}",
            shown(&detail)
        );
        let unregistered = false;
        detail.summary = port(1, Some(Finding::CardRemoved { unregistered }));
        detail.summary.state = PortState::Fault;
        let coloured = super::port(Paint { colour: true }, &detail);
        let red = Paint { colour: true }.bad("removed");
        assert!(coloured.contains(&red), "{coloured}");
        detail.summary = port(1, Some(Finding::SpanAlarm { unregistered }));
        detail.summary.state = PortState::Fault;
        assert!(shown(&detail).contains("line    out of service\n"));
        detail.card.open = false;
        assert!(shown(&detail).contains("line    not in service\n"));
    }

    #[test]
    fn forwards_are_shown_as_far_as_the_server_says_them() {
        let mut detail = PortDetail::default();
        assert!(!shown(&detail).contains("forwarded"));
        detail.forwards = Forwards {
            all: None,
            busy: Some("2002".into()),
            no_answer: Some(String::new()),
        };
        let text = shown(&detail);
        assert!(
            text.contains("when busy to 2002; when not answered\n"),
            "{text}"
        );
    }

    #[test]
    fn a_device_that_waits_says_how_long_and_until_when() {
        let registration = RegistrationReport {
            state: RegistrationState::Waiting,
            server: Some("10.0.0.1:2000".into()),
            state_ms: Some(12_400),
            next_attempt_ms: Some(2_100),
            ..RegistrationReport::default()
        };
        let detail = PortDetail {
            registration,
            ..PortDetail::default()
        };
        let text = shown(&detail);
        assert!(
            text.contains("waiting for 12 s already, next attempt in 3 s at 10.0.0.1:2000"),
            "{text}"
        );
    }

    #[test]
    fn a_connection_that_is_not_the_active_one_is_shown_with_what_it_is_for() {
        let connection = |server: &str, purpose, state| ConnectionReport {
            server: Some(server.into()),
            purpose,
            state,
        };
        let registered = ConnectionState::Registered;
        let active = connection("10.0.0.2:2000", ConnectionPurpose::Active, registered);
        let asked = ConnectionState::TokenAsked;
        let trial = connection("10.0.0.1:2000", ConnectionPurpose::Trial, asked);
        let text = |connections: &[ConnectionReport]| {
            let report = RegistrationReport {
                state: RegistrationState::Registered,
                server: Some("10.0.0.2:2000".into()),
                connections: connections.to_vec(),
                ..RegistrationReport::default()
            };
            registration(Paint { colour: false }, true, &report)
        };
        let without = text(&[]);
        assert_eq!(
            text(std::slice::from_ref(&active)),
            without,
            "the ordinary case"
        );
        let with = text(&[active, trial]);
        let trial = with.lines().find(|line| line.contains("trial"));
        let trial = trial.unwrap_or_default();
        assert!(trial.ends_with("  token-asked, 10.0.0.1:2000"), "{with}");
        assert_eq!(with.lines().count(), without.lines().count() + 1, "{with}");
    }

    #[test]
    fn a_list_of_48_ports_with_long_names_fits_80_columns() {
        let ports: Vec<PortSummary> = (1..=48)
            .map(|n| PortSummary {
                port: n,
                label: "Reception, ground floor, left".into(),
                device: format!("VGC0050568A1B2C3{n:02}"),
                number: Some("+4930123456789".into()),
                registration: RegistrationState::Unregistering,
                hook: HookState::OffHook,
                state: PortState::InUseElsewhere,
                peer: Some("+441234567890123".into()),
                message_waiting: true,
                enabled: true,
                ..PortSummary::default()
            })
            .collect();
        let text = port_list(Paint { colour: false }, &ports);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for n in [1, 48] {
            let device = format!("VGC0050568A1B2C3{n:02}");
            assert!(text.contains(&device), "a device name is not cut: {text}");
        }
    }
}
