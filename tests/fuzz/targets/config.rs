//! A configuration file by anybody: every problem or a model that holds together, never a panic.
//!
//! An input that begins with a control character is a recipe: keys of the schema with values that mostly fit, so that
//! the checks behind the syntax are met. Any other input is the text of a file.
#![no_main]

use std::collections::HashSet;
use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use tipring_config::schema::{Absent, Accepts, Key, PORT_ONLY, TABLES};
use tipring_config::{Config, Machine, parse};
use tipring_fuzz::Program;
use tipring_proto::types::DeviceName;

fuzz_target!(|input: &[u8]| {
    if let [0..8, recipe @ ..] = input {
        check(&cook(&mut Program::new(recipe)));
    } else if let Ok(text) = std::str::from_utf8(input) {
        check(text);
    }
});

fn check(text: &str) {
    match parse(text, "fuzz.toml", &Machine::default()) {
        Ok(config) => holds_together(&config),
        Err(report) => {
            assert!(report.errors() > 0, "refused without an error");
            for problem in &report.problems {
                assert!(!problem.message.is_empty(), "{problem:?}");
                let lines = u32::try_from(text.split('\n').count()).expect("a short file");
                assert!(
                    problem.line.is_none_or(|line| (1..=lines).contains(&line)),
                    "{problem:?}"
                );
            }
            let shown = report.to_string();
            let hostile = |c: char| c.is_control() && c != '\n';
            assert!(!shown.contains(hostile), "a terminal would obey {shown:?}");
        }
    }
}

/// What the rest of the gateway relies on.
fn holds_together(config: &Config) {
    let ports = &config.ports;
    let enabled = || ports.iter().filter(|p| p.enabled);
    let names: HashSet<_> = enabled().map(|p| p.device.as_str()).collect();
    assert_eq!(names.len(), enabled().count(), "two ports with one name");
    for port in ports {
        assert!(
            DeviceName::new(port.device.as_str()).is_ok(),
            "{:?}",
            port.device
        );
        let line = &port.line;
        for window in [line.flash_window(), line.pulse_window()]
            .into_iter()
            .flatten()
        {
            assert!(window.min_ms <= window.max_ms, "{window:?}");
        }
        assert!(!port.label.contains(char::is_control), "{:?}", port.label);
        assert!(port.channel > 0 && port.id.0 > 0);
    }
    assert!(ports.windows(2).all(|p| p[0].id < p[1].id), "port numbers");
    let channels: HashSet<_> = enabled().map(|p| p.channel).collect();
    assert_eq!(
        channels.len(),
        enabled().count(),
        "two ports on one channel"
    );
    assert!((1..=8).contains(&config.callmanager.servers.len()));
    let media = &config.media;
    assert!(!media.codecs.is_empty());
    assert!(media.jitter_min_ms <= media.jitter_max_ms);
    assert!(media.rtp_ports.first % 2 == 0 && media.rtp_ports.first <= media.rtp_ports.last);
    assert_eq!(media.ptime_ms % config.line_thread.block_ms, 0);
    assert!(config.callmanager.retry_first_ms <= config.callmanager.retry_max_ms);
}

/// The text of a file with tables, keys and values as the program says.
fn cook(program: &mut Program<'_>) -> String {
    let mut text = String::new();
    while let Some(step) = program.next_step() {
        let keys = match step % 4 {
            0 => {
                text.push_str("[[port]]\n");
                [PORT_ONLY, defaults()].concat()
            }
            _ => {
                let table = TABLES[usize::from(program.byte()) % TABLES.len()];
                let _ = writeln!(text, "[{}]", table.name);
                table.keys.to_vec()
            }
        };
        for _ in 0..program.byte() % 12 {
            let key = keys[usize::from(program.byte()) % keys.len()];
            let _ = writeln!(text, "{} = {}", key.name, value(&key, program));
        }
    }
    text
}

/// The keys that every port takes as well.
fn defaults() -> &'static [Key] {
    TABLES
        .iter()
        .find(|t| t.name == "defaults")
        .map_or(&[], |t| t.keys)
}

/// A value that fits, is at the edge, or is of another kind.
fn value(key: &Key, program: &mut Program<'_>) -> String {
    let fitting = match key.absent {
        Absent::Value(value) => value,
        Absent::Otherwise { example, .. } => example,
    };
    match program.byte() % 16 {
        0 => program.number().to_string(),
        1 => format!("{:?}", String::from_utf8_lossy(program.bytes())),
        2 => format!("[{fitting}, {fitting}]"),
        3 => format!("-{}.5", program.byte()),
        4 | 5 => fitting.to_owned(),
        _ => match key.accepts {
            Accepts::IntegerOr(.., word) if program.byte() < 64 => format!("\"{word}\""),
            Accepts::Integer(low, high) | Accepts::IntegerOr(low, high, _) => {
                let near = [
                    low,
                    high,
                    low - 1,
                    high + 1,
                    low + i64::from(program.byte()),
                ];
                program.choice(&near).to_string()
            }
            Accepts::IntegerOf(of) => program.choice(of).to_string(),
            Accepts::Number(low, high) => program
                .choice(&[low, high, low - 0.1, high + 0.1, 0.0])
                .to_string(),
            Accepts::Bool => (program.byte() > 127).to_string(),
            Accepts::OneOf(words) => format!("\"{}\"", program.choice(words)),
            Accepts::Text(..) => format!("\"{}\"", letters(program)),
            Accepts::List(_) => format!("[\"{}\", {fitting}]", letters(program)),
            Accepts::PortRange => format!("\"{}-{}\"", program.word(), program.word()),
        },
    }
}

fn letters(program: &mut Program<'_>) -> String {
    const OF: &[u8] = b"AaFfuskdg0019.:-/ ";
    let bytes = program.bytes();
    bytes
        .iter()
        .map(|b| char::from(OF[usize::from(*b) % OF.len()]))
        .collect()
}
