use super::*;
use crate::schema::{Absent, Accepts, DEFAULTS, Key, PORT_ONLY, TABLES as SCHEMA};
use crate::{Mac, Machine};

fn config(text: &str) -> Config {
    let machine = Machine {
        mac: Mac::parse("02:00:5e:00:00:01"),
        countries_dir: None,
    };
    crate::parse(text, "test", &machine).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Keys that the model has only in what they make of the ports. Those of `[defaults]` are among them, all of them.
const IN_PORTS: &[(&str, &str)] = &[
    ("gateway", "naming"),
    ("gateway", "name-base"),
    ("gateway", "device-type"),
];

/// How often a change of a key is looked for.
fn looked_for(table: &str, key: &str) -> usize {
    let tables = TABLES.iter().chain(CARDS);
    let tables = tables
        .filter(|of| (of.table, of.key) == (table, key))
        .count();
    let in_ports = IN_PORTS.iter().filter(|of| **of == (table, key)).count();
    let of_ports = match table {
        "defaults" | "port" => of_ports().filter(|of| of.key == key).count(),
        _ => 0,
    };
    tables + in_ports + of_ports
}

/// Every key with its table; `port` for what only ports have. Without `number`, which is another port.
fn keys() -> impl Iterator<Item = (&'static str, &'static Key)> {
    let tables = SCHEMA
        .iter()
        .flat_map(|table| table.keys.iter().map(|key| (table.name, key)));
    let ports = PORT_ONLY.iter().map(|key| ("port", key));
    tables
        .chain(ports)
        .filter(|(table, key)| (*table, key.name) != ("port", "number"))
}

#[test]
fn a_change_of_every_key_of_the_schema_is_looked_for_once() {
    let unseen: Vec<_> = keys()
        .map(|(table, key)| (table, key.name, looked_for(table, key.name)))
        .filter(|(_, _, times)| *times != 1)
        .collect();
    assert!(
        unseen.is_empty(),
        "name their fields in config/src/change.rs: {unseen:?}"
    );
}

#[test]
fn no_change_is_looked_for_of_keys_that_are_not() {
    let known = |table: &str, key: &str| keys().any(|(t, k)| (t, k.name) == (table, key));
    for of in TABLES.iter().chain(CARDS) {
        assert!(known(of.table, of.key), "[{}] {}", of.table, of.key);
    }
    for (table, key) in IN_PORTS {
        assert!(known(table, key), "[{table}] {key}");
    }
    for of in of_ports() {
        let setting = known(DEFAULTS.name, of.key);
        assert!(setting || known("port", of.key), "[[port]] {}", of.key);
    }
}

/// A value that is not the one that holds without the key.
fn another(key: &Key) -> String {
    let special = match key.name {
        "servers" => Some("[\"192.0.2.1\"]"),
        "codecs" => Some("[\"alaw\"]"),
        "rtp-ports" => Some("\"20000-30000\""),
        "country" => Some("\"de\""),
        "socket" => Some("\"/run/elsewhere.sock\""),
        "pulse-digits" => Some("\"nz\""),
        "flash-min-ms" => Some("150"),
        "flash-max-ms" => Some("900"),
        "channel" => Some("2"),
        "enabled" => Some("false"),
        _ => None,
    };
    if let Some(value) = special {
        return value.to_owned();
    }
    let (holds, example) = match key.absent {
        Absent::Value(value) => (value, None),
        Absent::Otherwise { example, .. } => ("", Some(example)),
    };
    let value = match key.accepts {
        _ if example.is_some() => example.unwrap().to_owned(),
        Accepts::Integer(low, high) => {
            let now: i64 = holds.parse().unwrap();
            (if now < high { now + 1 } else { low }).to_string()
        }
        Accepts::IntegerOr(_, _, word) => format!("\"{word}\""),
        Accepts::IntegerOf(values) => {
            let other = values.iter().find(|v| v.to_string() != holds);
            other.unwrap().to_string()
        }
        Accepts::Number(low, high) => {
            let now: f64 = holds.parse().unwrap();
            format!("{:?}", if now < high { now + 0.5 } else { low })
        }
        Accepts::Bool => (holds != "true").to_string(),
        Accepts::OneOf(words) => {
            let other = words.iter().find(|w| format!("\"{w}\"") != holds);
            format!("\"{}\"", other.unwrap())
        }
        Accepts::Text(..) | Accepts::List(_) | Accepts::PortRange => {
            panic!("name another value of {} here", key.name)
        }
    };
    assert_ne!(value, holds, "{}", key.name);
    value
}

/// Two configurations that differ in one key.
fn pair(table: &str, key: &Key) -> (Config, Config) {
    let port = "[[port]]\nchannel = 1\n";
    let line = format!("{} = {}\n", key.name, another(key));
    let (old, new) = match (table, key.name) {
        ("card", "driver") => (
            port.to_owned(),
            format!("[card]\ndriver = \"dahdi\"\n{port}"),
        ),
        // A key that is in both: the one of the other is another.
        ("port", "channel") => (
            format!("{port}number = 1\n"),
            "[[port]]\nchannel = 2\nnumber = 1\n".to_owned(),
        ),
        ("dahdi", _) => {
            let card = format!("[card]\ndriver = \"dahdi\"\n{port}");
            let new = format!("[dahdi]\n{line}{card}");
            (card, new)
        }
        ("port", _) => (port.to_owned(), format!("{port}{line}")),
        _ => (port.to_owned(), format!("[{table}]\n{line}{port}")),
    };
    (config(&old), config(&new))
}

#[test]
fn a_change_of_any_key_is_seen_with_its_decision() {
    for (table, key) in keys() {
        let (old, new) = pair(table, key);
        let changes = changes(&old, &new);
        let of_ports = changes.ports.iter().flat_map(|(_, change)| match change {
            PortChange::Changed(keys) => keys.clone(),
            PortChange::Added | PortChange::Removed => vec![],
        });
        let of_ports: Vec<Change> = of_ports.collect();
        if IN_PORTS.contains(&(table, key.name)) {
            assert!(!of_ports.is_empty(), "[{table}] {}", key.name);
            continue;
        }
        let all = changes.tables.iter().chain(&of_ports);
        let seen: Vec<_> = all.filter(|c| c.key == key.name).collect();
        assert_eq!(seen.len(), 1, "[{table}] {}: {changes:?}", key.name);
        assert_eq!(seen[0].when, key.when, "[{table}] {}", key.name);
    }
}

#[test]
fn what_is_applicable_leaves_only_what_needs_a_restart() {
    for (table, key) in keys() {
        let (old, new) = pair(table, key);
        let used = applicable(&old, new.clone());
        let needs = |c: &Change| matches!(c.when, When::Restart { .. });
        let before = changes(&old, &new);
        let taken = changes(&old, &used);
        let left = changes(&used, &new);
        assert!(!taken.tables.iter().any(needs), "[{table}] {}", key.name);
        assert!(left.tables.iter().all(needs), "[{table}] {}", key.name);
        assert!(left.ports.is_empty(), "[{table}] {}", key.name);
        assert_eq!(
            taken.tables.len() + left.tables.len(),
            before.tables.len(),
            "[{table}] {}",
            key.name
        );
    }
}

#[test]
fn the_same_file_again_changes_nothing() {
    let text = "[sim]\nports = 3\n[defaults]\ncountry = \"de\"\n";
    assert!(changes(&config(text), &config(text)).is_empty());
}

#[test]
fn ports_are_known_by_their_number() {
    let old = config("[[port]]\nchannel = 1\n[[port]]\nchannel = 2\n[[port]]\nchannel = 3\n");
    let new = config(
        "[[port]]\nchannel = 2\nlabel = \"Lift\"\n[[port]]\nchannel = 1\nnumber = 3\n[[port]]\nchannel = 4\n",
    );
    let key = |key, when| Change {
        table: "port",
        key,
        when,
    };
    assert_eq!(
        changes(&old, &new).ports,
        [
            (PortId(1), PortChange::Removed),
            (
                PortId(2),
                PortChange::Changed(vec![key("label", When::Now)])
            ),
            (
                PortId(3),
                PortChange::Changed(vec![key("channel", When::Line)])
            ),
            (PortId(4), PortChange::Added),
        ]
    );
}

#[test]
fn a_country_file_that_changed_is_a_change_of_the_ports_that_use_it() {
    let folder = tempfile();
    let machine = Machine {
        mac: Mac::parse("02:00:5e:00:00:01"),
        countries_dir: Some(folder.clone()),
    };
    let text = include_str!("../../countries/us.toml");
    let text = text
        .replace("\"us\"", "\"xx\"")
        .replace("also = [\"ca\"]\n", "");
    let read = |country: &str| {
        std::fs::write(folder.join("xx.toml"), country).unwrap();
        let file = "[[port]]\nchannel = 1\n[[port]]\nchannel = 2\ncountry = \"xx\"\n";
        crate::parse(file, "test", &machine).unwrap_or_else(|e| panic!("{e}"))
    };
    let old = read(&text);
    let new = read(&text.replacen("350", "351", 1));
    let changes = changes(&old, &new);
    assert!(
        matches!(&changes.ports[..], [(PortId(2), PortChange::Changed(keys))] if keys.iter().all(|c| c.key == "country")),
        "{changes:?}"
    );
    let _ = std::fs::remove_dir_all(folder);
}

/// A folder of this test's own.
fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("tipring-change-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
