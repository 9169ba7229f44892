//! `tipring status` as text.

use tipring_ctl::report::{
    Histogram, LineThreadReport, PortCounts, Scheduling, ServerTrouble, StatusReport, TroubleKind,
};

use super::super::output::{Paint, clean};
use super::port::{findings as port_findings, port_numbers};
use super::reload::pending;
use super::server::seconds;
use super::{
    Facts, counters, finding, heading, length, lines, moment, plain, plural, port_list, table,
};

/// Ports whose numbers are written out; of more, how many.
const PORTS_NAMED: usize = 16;

pub(crate) fn status(paint: Paint, report: &StatusReport) -> String {
    let mut facts = Facts::new(paint);
    let daemon = &report.daemon;
    facts.add(
        "daemon",
        format!(
            "tipringd {}, up {}, process {}",
            clean(&daemon.version),
            length(daemon.uptime_s),
            daemon.pid
        ),
    );
    facts.add(
        "configuration",
        clean(daemon.config_file.as_deref().unwrap_or("built-in defaults")),
    );
    let address = daemon
        .address
        .as_deref()
        .map_or_else(String::new, |a| format!(", address {}", clean(a)));
    facts.add("gateway", format!("MAC {}{address}", clean(&daemon.mac)));
    let card = &report.card;
    let ports = plural(card.ports.into(), "port");
    facts.add(
        "card",
        format!(
            "{} ({}), {ports}, {} ms blocks",
            clean(&card.driver),
            clean(&card.description),
            card.block_ms
        ),
    );
    if card.closed_ports > 0 {
        let closed = format!(
            "{} with an open channel, {}",
            card.open_ports,
            paint.bad(&format!("{} without", card.closed_ports))
        );
        facts.add("lines", closed);
    }
    for span in &card.spans {
        facts.add(
            "span",
            format!(
                "{} {} \"{}\", {}: {} in service",
                span.number,
                clean(&span.name),
                clean(&span.description),
                clean(&span.driver),
                plural(span.open_ports.into(), "line")
            ),
        );
    }
    let counts = &report.port_counts;
    facts.add("ports", port_counts(counts));
    for thread in &report.line_threads {
        facts.add("line thread", line_thread(paint, thread));
    }
    let mut out = facts.text();
    out += &heading(paint, "CallManagers");
    let mut servers = table(
        paint,
        &["SERVER", "PORTS", "ACCEPTED", "REJECTED", "LOST", "FAILED"],
    );
    for server in &report.callmanagers {
        servers.add_row([
            plain(&server.server),
            plain(server.registered_ports.to_string()),
            plain(server.registrations.to_string()),
            plain(server.rejections.to_string()),
            plain(server.connection_losses.to_string()),
            plain(server.failed_attempts.to_string()),
        ]);
    }
    out += &lines(&servers);
    for server in &report.callmanagers {
        out += &ahead(&server.server, server.next_attempt_ms, server.passed_by_ms);
        for one in &server.troubles {
            out += &trouble(paint, &server.server, one);
        }
    }
    out += &heading(paint, "Ports");
    out += &port_list(paint, &report.ports);
    if !report.findings.is_empty() {
        out += &heading(paint, "Gateway");
    }
    for what in &report.findings {
        out += &finding(paint, "", what);
    }
    out += &pending(paint, &report.reload);
    out += &counters(paint, "GATEWAY", &report.counters);
    for thread in &report.line_threads {
        out += &counters(
            paint,
            &format!("LINE THREAD {}", thread.shard),
            &thread.counters,
        );
    }
    out
}

/// Only what is wrong, for `status --check`; empty: nothing is.
pub(crate) fn findings(paint: Paint, report: &StatusReport) -> String {
    let gateway = report.findings.iter();
    let mut out: String = gateway.map(|what| finding(paint, "", what)).collect();
    out += &port_findings(paint, &report.ports);
    out
}

/// What is or was wrong with a CallManager: of which ports, since when, and whether it is over.
pub(super) fn trouble(paint: Paint, server: &str, one: &ServerTrouble) -> String {
    let whose = match (&*one.ports, &one.device) {
        ([], _) => String::new(),
        _ if one.all_ports => "all ports: ".to_owned(),
        ([port], Some(device)) => format!("port {port} ({}): ", clean(device)),
        (ports, _) if ports.len() > PORTS_NAMED => format!("{} ports: ", ports.len()),
        (ports, _) => format!("{}: ", port_numbers(ports)),
    };
    let what = match one.kind {
        TroubleKind::Failed => "trouble",
        TroubleKind::Rejected => "rejected",
        TroubleKind::Standby => "no standby connection",
    };
    let mark = match one.over {
        true => "cleared".to_owned(),
        false => paint.bad("not over"),
    };
    let over = match one.over_unix_ms {
        Some(at) if one.over => format!("{mark} {}", moment(at)),
        _ => mark,
    };
    format!(
        "{}: {whose}{what} since {}, {over}: {}\n",
        clean(server),
        moment(one.since_unix_ms),
        clean(&one.reason)
    )
}

/// When a CallManager is tried next, and for how long it is passed by.
fn ahead(server: &str, next: Option<u64>, locked: Option<u64>) -> String {
    let next = next.map(|ms| format!("next attempt in {}", seconds(ms)));
    let locked = locked.map(|ms| format!("passed by for {}", seconds(ms)));
    let both: Vec<String> = next.into_iter().chain(locked).collect();
    match both.is_empty() {
        true => String::new(),
        false => format!("{}: {}\n", clean(server), both.join(", ")),
    }
}

fn port_counts(counts: &PortCounts) -> String {
    let preserved = match counts.preserved {
        0 => String::new(),
        n => format!(" ({n} of them preserved: the CallManager of the call is lost)"),
    };
    format!(
        "{} of {} registered, {} off-hook, {} talking{preserved}, {} in trouble, {} disabled",
        counts.registered,
        counts.total.saturating_sub(counts.disabled),
        counts.off_hook,
        counts.talking,
        counts.in_trouble,
        counts.disabled
    )
}

fn line_thread(paint: Paint, thread: &LineThreadReport) -> String {
    let realtime = &thread.realtime;
    let mut out = match realtime.scheduling {
        Scheduling::Fifo => paint.good(&format!("SCHED_FIFO {}", realtime.priority)),
        Scheduling::Normal => paint.bad("normal scheduling"),
    };
    out += if realtime.memory_locked {
        ", memory locked"
    } else {
        ", memory not locked"
    };
    let missed = plural(thread.missed_blocks, "missed block");
    let missed = if thread.missed_blocks == 0 {
        missed
    } else {
        paint.bad(&missed)
    };
    out += &format!(
        "\n{}, {}, {missed}",
        plural(thread.ports.into(), "port"),
        plural(thread.ticks, "tick"),
    );
    for (what, histogram) in [
        ("wake", &thread.wake_late),
        ("tick", &thread.tick_time),
        ("line to network", &thread.to_network),
        ("network to line", &thread.to_line),
    ] {
        if histogram.total() > 0 {
            out += &format!("\n{what:<16}{}", times(histogram));
        }
    }
    let late = thread.deadline_missed.total();
    if late > 0 {
        let late = paint.bad(&plural(late, "tick"));
        out += &format!(
            "\n{late} ended too late, behind the next block, by {}",
            times(&thread.deadline_missed)
        );
    }
    for (count, what) in [
        (thread.command_ring_full, "commands dropped (ring full)"),
        (thread.event_ring_full, "events dropped (ring full)"),
        (thread.packets_deferred, "packets left for the next tick"),
        (thread.io_errors, "socket or card errors"),
    ] {
        if count > 0 {
            out += &format!("\n{count} {what}");
        }
    }
    if let Some(refused) = &realtime.refused {
        out += &format!("\n{} {}", paint.bad("!"), clean(refused));
    }
    // The further lines stand under the first.
    out.replace('\n', &format!("\n{:15}", ""))
}

/// `p50 ≤ 80 µs, p99 ≤ 200 µs, max 31.5 ms`.
fn times(histogram: &Histogram) -> String {
    match (histogram.quantile_us(0.5), histogram.quantile_us(0.99)) {
        (Some(p50), Some(p99)) => format!(
            "p50 ≤ {}, p99 ≤ {}, max {}",
            time(p50),
            time(p99),
            time(histogram.max_us)
        ),
        _ => "not measured".to_owned(),
    }
}

fn time(us: u64) -> String {
    if us < 10_000 {
        return format!("{us} µs");
    }
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use tipring_ctl::report::{CallManagerReport, HistogramBucket};

    use super::*;

    fn histogram(buckets: &[(u64, u64)], max_us: u64) -> Histogram {
        let buckets = buckets.iter();
        Histogram {
            buckets: buckets
                .map(|&(up_to_us, count)| HistogramBucket { up_to_us, count })
                .collect(),
            max_us,
        }
    }

    #[test]
    fn a_callmanager_that_is_to_be_tried_shows_when() {
        let server = CallManagerReport {
            server: "10.0.0.1:2000".into(),
            next_attempt_ms: Some(2_100),
            passed_by_ms: Some(40_000),
            ..CallManagerReport::default()
        };
        let report = StatusReport {
            callmanagers: vec![server],
            ..StatusReport::default()
        };
        let text = status(Paint { colour: false }, &report);
        let line = "10.0.0.1:2000: next attempt in 3 s, passed by for 40 s\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn preserved_calls_are_shown_where_there_are_any() {
        let mut counts = PortCounts {
            total: 4,
            off_hook: 2,
            talking: 2,
            ..PortCounts::default()
        };
        let none = "0 of 4 registered, 2 off-hook, 2 talking, 0 in trouble, 0 disabled";
        assert_eq!(port_counts(&counts), none);
        counts.preserved = 1;
        let one =
            "2 talking (1 of them preserved: the CallManager of the call is lost), 0 in trouble";
        assert!(port_counts(&counts).contains(one));
    }

    #[test]
    fn a_line_thread_shows_what_it_adds_and_what_was_too_long() {
        let mut thread = LineThreadReport {
            ports: 48,
            ticks: 1000,
            wake_late: histogram(&[(31, 990), (127, 10)], 120),
            tick_time: histogram(&[(511, 1000)], 480),
            to_network: histogram(&[(447, 9), (639, 1)], 600),
            to_line: histogram(&[(28_671, 9), (32_767, 1)], 31_400),
            ..LineThreadReport::default()
        };
        let text = line_thread(Paint { colour: false }, &thread);
        let lines: Vec<&str> = text.lines().map(str::trim).skip(1).collect();
        assert_eq!(
            lines,
            [
                "48 ports, 1000 ticks, 0 missed blocks",
                "wake            p50 ≤ 31 µs, p99 ≤ 31 µs, max 120 µs",
                "tick            p50 ≤ 480 µs, p99 ≤ 480 µs, max 480 µs",
                "line to network p50 ≤ 447 µs, p99 ≤ 600 µs, max 600 µs",
                "network to line p50 ≤ 28.6 ms, p99 ≤ 31.4 ms, max 31.4 ms",
            ]
        );
        thread.deadline_missed = histogram(&[(2047, 1)], 1900);
        let text = line_thread(Paint { colour: false }, &thread);
        let last = text.lines().last().map(str::trim);
        assert_eq!(
            last,
            Some(
                "1 tick ended too late, behind the next block, by p50 ≤ 1900 µs, p99 ≤ 1900 µs, max 1900 µs"
            )
        );
    }

    #[test]
    fn troubles_have_their_ports_time_and_end_and_the_table_fits_80_columns() {
        let server = |troubles: &[ServerTrouble]| CallManagerReport {
            server: "callmanager-subscriber-2.voice.example.com:2000".into(),
            registrations: 123_456,
            connection_losses: 123_456,
            failed_attempts: 1_234_567,
            troubles: troubles.to_vec(),
            ..CallManagerReport::default()
        };
        let dead = ServerTrouble {
            since_unix_ms: 61_000,
            at_unix_ms: 1_000,
            reason: "no route to the server".into(),
            ports: vec![1, 2, 3],
            all_ports: true,
            ..ServerTrouble::default()
        };
        let rejected = ServerTrouble {
            kind: TroubleKind::Rejected,
            reason: "registration rejected".into(),
            ports: vec![2],
            device: Some("VGC02".into()),
            ..ServerTrouble::default()
        };
        let mut report = StatusReport {
            callmanagers: vec![server(&[]), server(&[rejected.clone(), dead.clone()])],
            ..StatusReport::default()
        };
        let text = status(Paint { colour: false }, &report);
        let table = text.split_once("CallManagers\n").unwrap().1;
        let table = table.split_once("callmanager-subscriber-2.voice.example.com:2000: ");
        let (table, rest) = table.unwrap();
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(
            rest.starts_with("port 2 (VGC02): rejected since 19"),
            "{rest}"
        );
        assert!(rest.contains(": all ports: trouble since 19"), "{rest}");
        assert!(
            rest.contains(", not over: no route to the server\n"),
            "{rest}"
        );
        report.callmanagers = vec![server(&[ServerTrouble {
            over: true,
            over_unix_ms: Some(61_000),
            ..dead
        }])];
        let text = status(Paint { colour: false }, &report);
        assert!(text.contains(", cleared 19"), "{text}");
        let line = |one: &ServerTrouble| trouble(Paint { colour: false }, "a:2000", one);
        let several = |ports: Vec<u16>| ServerTrouble {
            ports,
            device: None,
            all_ports: false,
            ..rejected.clone()
        };
        let few = line(&several(vec![1, 2, 7]));
        assert!(
            few.starts_with("a:2000: ports 1, 2, 7: rejected since"),
            "{few}"
        );
        let many = line(&several((1..=40).step_by(2).collect()));
        assert!(
            many.starts_with("a:2000: 20 ports: rejected since"),
            "{many}"
        );
        let standby = line(&ServerTrouble {
            kind: TroubleKind::Standby,
            ..several(vec![])
        });
        let says = "a:2000: no standby connection since ";
        assert!(standby.starts_with(says), "{standby}");
    }
}
