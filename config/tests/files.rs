//! The shipped files: every example is valid, and the sample shows exactly the defaults.

use std::path::{Path, PathBuf};

use tipring_config::{Config, Mac, Machine, parse, schema};

fn machine() -> Machine {
    Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        countries_dir: None,
    }
}

fn accepted(text: &str, name: &str) -> Config {
    let config = parse(text, name, &machine()).unwrap_or_else(|report| panic!("{report}"));
    Config {
        file: None,
        ..config
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_example_is_valid_without_a_warning() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("config/examples")).unwrap() {
        let path = entry.unwrap().path();
        let config = accepted(
            &std::fs::read_to_string(&path).unwrap(),
            &path.display().to_string(),
        );
        assert_eq!(config.warnings, [], "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} examples");
}

#[test]
fn the_shipped_sample_is_the_one_made_from_the_schema() {
    let shipped = std::fs::read_to_string(root().join("packaging/tipring.toml")).unwrap();
    assert!(
        shipped == schema::sample(),
        "packaging/tipring.toml is out of date: `tipring config sample > packaging/tipring.toml`"
    );
}

#[test]
fn uncommenting_a_default_changes_nothing() {
    let sample = schema::sample();
    let default = accepted("", "empty");
    assert_eq!(accepted(&sample, "sample"), default);
    let lines: Vec<&str> = sample.lines().collect();
    let mut uncommented = 0;
    let mut all = String::new();
    for (index, line) in lines.iter().enumerate() {
        all.push_str(
            line.strip_prefix("# ")
                .filter(|l| is_key(l))
                .unwrap_or(line),
        );
        all.push('\n');
        if !line.strip_prefix("# ").is_some_and(is_key) {
            continue;
        }
        uncommented += 1;
        let text: Vec<&str> = lines
            .iter()
            .enumerate()
            .map(|(i, l)| {
                if i == index {
                    l.trim_start_matches("# ")
                } else {
                    *l
                }
            })
            .collect();
        assert_eq!(accepted(&text.join("\n"), line), default);
    }
    assert_eq!(accepted(&all, "all defaults"), default);
    assert!(uncommented > 40, "only {uncommented} defaults are shown");
}

#[test]
fn uncommenting_the_examples_of_the_sample_is_valid() {
    let text: String = schema::sample()
        .lines()
        .map(|l| format!("{}\n", l.trim_start_matches("#: ")))
        .collect();
    let config = accepted(&text, "examples");
    assert_eq!(config.ports.len(), 1);
    assert_eq!(config.ports[0].device.as_str(), "VGC112233445501");
}

fn is_key(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| {
        key.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}
