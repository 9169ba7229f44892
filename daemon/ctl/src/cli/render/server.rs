//! `tipring server` and `tipring port restart` as text.

use comfy_table::{Cell, Color};
use tipring_ctl::report::{RestartReport, ServerReport, ServerState, ranges};

use super::super::output::{Paint, clean};
use super::port::{port_numbers, times};
use super::status::trouble;
use super::{lines, painted, plain, table};

pub(crate) fn server_list(paint: Paint, servers: &[ServerReport]) -> String {
    let header = ["PLACE", "SERVER", "STATE", "PORTS", "STANDBY", "NEXT"];
    let mut table = table(paint, &header);
    for server in servers {
        let place = server
            .place
            .map_or_else(|| "-".to_owned(), |p| p.to_string());
        let star = if server.preferred { "*" } else { "" };
        table.add_row([
            plain(format!("{place}{star}")),
            plain(&server.server),
            state(server),
            plain(numbers(&server.registered_ports)),
            plain(numbers(&server.standby_ports)),
            plain(
                server
                    .next_attempt_ms
                    .map_or_else(|| "-".to_owned(), seconds),
            ),
        ]);
    }
    let mut out = lines(&table);
    if servers.iter().any(|server| server.preferred) {
        out += "* put first with `tipring server prefer`\n";
    }
    for server in servers {
        let name = clean(&server.server);
        if let Some(ms) = server.passed_by_ms {
            let left = seconds(ms);
            out += &format!("{name}: did not answer a port, and is passed by for {left} more\n");
        }
        if let Some(ms) = server.watched_ms {
            out += &format!(
                "{name}: watched for {} more before other ports follow\n",
                seconds(ms)
            );
        }
        if server.answers_keepalives == Some(false) {
            out += &format!(
                "{name}: has not answered a keepalive; its silence is no reason to leave it\n"
            );
        }
        if server.found_silent > 0 {
            out += &format!(
                "{name}: found silent {} since the start\n",
                times(server.found_silent)
            );
        }
        for one in &server.troubles {
            out += &trouble(paint, &server.server, one);
        }
    }
    out
}

fn state(server: &ServerReport) -> Cell {
    match server.state {
        ServerState::Serving => painted("serving", Color::Green),
        ServerState::Watched => painted("watched", Color::Yellow),
        ServerState::InDoubt => painted("in doubt", Color::Yellow),
        ServerState::PassedBy => painted("passed by", Color::Red),
        ServerState::Unusable => painted("unusable", Color::Red),
        ServerState::Unreachable => painted("unreachable", Color::Red),
        ServerState::Unused => plain("unused"),
        ServerState::NotTried => plain("not tried"),
    }
}

fn numbers(ports: &[u16]) -> String {
    match ports {
        [] => "-".to_owned(),
        _ => ranges(ports),
    }
}

pub(super) fn seconds(ms: u64) -> String {
    format!("{} s", ms.div_ceil(1000))
}

pub(crate) fn restart(paint: Paint, report: &RestartReport) -> String {
    let mut out = String::new();
    if !report.restarted.is_empty() {
        let ports = port_numbers(&report.restarted);
        out += &format!("{ports}: registering again; no call can be made or received meanwhile\n");
    }
    if !report.in_call.is_empty() {
        let ports = port_numbers(&report.in_call);
        out += &format!("{ports}: in a call, which the CallManager may end\n");
    }
    if !report.left_alone.is_empty() {
        let ports = port_numbers(&report.left_alone);
        let mark = paint.bad("!");
        out += &format!(
            "{mark} {ports}: in a call, left alone; restart after the call, or with --force\n"
        );
    }
    if !report.not_started.is_empty() {
        let ports = port_numbers(&report.not_started);
        out += &format!("{ports}: switched off or without a working line, nothing to be done\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { colour: false };

    #[test]
    fn the_list_shows_who_is_where_what_is_passed_by_and_what_comes_next() {
        let servers = [
            ServerReport {
                place: Some(1),
                server: "10.0.0.1:2000".into(),
                state: ServerState::PassedBy,
                passed_by_ms: Some(41_200),
                next_attempt_ms: Some(900),
                found_silent: 2,
                ..ServerReport::default()
            },
            ServerReport {
                place: Some(2),
                server: "10.0.0.2:2000".into(),
                preferred: true,
                state: ServerState::Serving,
                registered_ports: vec![1, 2, 3, 5],
                answers_keepalives: Some(true),
                ..ServerReport::default()
            },
        ];
        let text = server_list(PLAIN, &servers);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(
            rows[1],
            ["1", "10.0.0.1:2000", "passed", "by", "-", "-", "1", "s"]
        );
        assert_eq!(
            rows[2],
            ["2*", "10.0.0.2:2000", "serving", "1-3,", "5", "-", "-"]
        );
        for line in [
            "* put first with `tipring server prefer`",
            "10.0.0.1:2000: did not answer a port, and is passed by for 42 s more",
            "10.0.0.1:2000: found silent 2 times since the start",
        ] {
            assert!(text.lines().any(|l| l == line), "{text}");
        }
    }

    #[test]
    fn a_restart_says_what_it_disturbs_and_what_it_left_alone() {
        let report = RestartReport {
            restarted: vec![1, 2, 3],
            in_call: vec![3],
            left_alone: vec![7],
            not_started: vec![8],
        };
        let text = restart(PLAIN, &report);
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.starts_with("ports 1-3: registering again"), "{text}");
        assert!(text.contains("! port 7: in a call, left alone"), "{text}");
    }
}
