//! Where each effective value came from.

use tipring_config::schema::{Accepts, PORT_SETTINGS};
use tipring_config::{Effective, Mac, Machine, Origins, Source, parse_with_origins};
use tipring_proto::types::PortId;

fn origins(text: &str) -> Origins {
    let machine = Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        countries_dir: None,
    };
    let parsed = parse_with_origins(text, "test.toml", &machine);
    parsed.unwrap_or_else(|report| panic!("{report}")).1
}

fn of(origins: &Origins, port: u16, key: &str) -> (String, String, Option<u32>) {
    let port = origins.of_port(PortId(port)).unwrap();
    let Effective {
        value,
        source,
        line,
        ..
    } = port.iter().find(|of| of.key == key).unwrap();
    (value.clone().unwrap(), source.to_string(), *line)
}

#[test]
fn each_setting_names_the_layer_that_it_came_from() {
    let text = "\
[defaults]
country = \"uk\"
disconnect-ms = 700
profile = \"door\"
[[port]]
channel = 1
profile = \"fax\"
howler-s = 5
[[port]]
channel = 2
country = \"de\"
";
    let origins = origins(text);
    let is = |port, key, value: &str, source: &str, line| {
        let expected = (value.to_owned(), source.to_owned(), line);
        assert_eq!(of(&origins, port, key), expected, "port {port} {key}");
    };
    is(1, "channel", "1", "[[port]]", Some(6));
    is(1, "number", "1", "the channel", None);
    is(1, "howler-s", "5", "[[port]]", Some(8));
    is(1, "flash", "\"ignore\"", "profile fax", Some(7));
    is(1, "v8-squelch", "true", "profile fax", Some(7));
    is(1, "disconnect-ms", "700", "[defaults]", Some(3));
    is(1, "country", "\"uk\"", "[defaults]", Some(2));
    is(1, "call-waiting-repeat-s", "4.1", "country uk", Some(2));
    is(1, "rx-gain-db", "0.0", "default", None);
    is(2, "flash", "\"ignore\"", "profile door", Some(4));
    is(2, "after-far-hang-up", "\"busy\"", "profile door", Some(4));
    is(2, "pulse-digits", "\"standard\"", "country de", Some(11));
}

#[test]
fn without_a_file_everything_is_built_in_or_of_the_country() {
    let origins = origins("");
    assert_eq!(origins.ports.len(), 4);
    for (port, settings) in &origins.ports {
        for setting in settings {
            let us = Source::Country("us".to_owned());
            let built_in = matches!(setting.source, Source::Default | Source::Otherwise(_));
            let known = built_in || setting.source == us;
            assert!(known && setting.line.is_none(), "{port}: {setting:?}");
        }
    }
    let built_in = |of: &Effective| matches!(of.source, Source::Default | Source::Otherwise(_));
    assert!(origins.tables.iter().all(|(_, of)| built_in(of)));
    let servers = origins.of_table("callmanager", "servers").unwrap();
    assert_eq!(servers.value.as_deref(), Some("[\"127.0.0.1:2000\"]"));
}

#[test]
fn a_key_of_a_table_that_is_written_has_its_line() {
    let origins = origins("[media]\nptime-ms = 30\n");
    let ptime = origins.of_table("media", "ptime-ms").unwrap();
    assert_eq!(
        (ptime.value.as_deref(), &ptime.source, ptime.line),
        (Some("30"), &Source::Table, Some(2))
    );
}

#[test]
fn every_port_has_every_setting_and_each_end_of_its_range_is_used_as_it_stands() {
    for key in PORT_SETTINGS {
        of(&origins(""), 1, key.name);
        let ends: Vec<String> = match key.accepts {
            Accepts::Integer(low, high) => vec![low.to_string(), high.to_string()],
            Accepts::IntegerOf(values) => values.iter().map(i64::to_string).collect(),
            Accepts::Number(low, high) => vec![format!("{low:.1}"), format!("{high:.1}")],
            _ => continue,
        };
        for end in ends {
            // A flash that begins below dial pulses, or after its end, is a mistake of its own.
            let text = format!(
                "[defaults]\nflash = \"ignore\"\npulse-dialing = false\n{} = {end}\n",
                key.name
            );
            let (value, source, line) = of(&origins(&text), 1, key.name);
            assert_eq!(
                (source.as_str(), line),
                ("[defaults]", Some(4)),
                "{}",
                key.name
            );
            assert_eq!(value, end, "{}", key.name);
        }
    }
}
