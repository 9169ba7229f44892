//! `[defaults]`, `[[port]]` and profiles put together: one [`Port`] for each.

use std::collections::HashMap;
use std::sync::Arc;

use tipring_proto::types::{DeviceName, DeviceType, PortId};
use toml::Spanned;
use toml::de::DeValue;

use crate::change::When;
use crate::choice::{CallerIdChoice, Naming};
use crate::contradiction;
use crate::country::{CallerId, Countries};
use crate::layer::{Effective, Source, Stratum, Value};
use crate::model::{Card, Port};
use crate::naming::{self, Mac};
use crate::profile::preset;
use crate::reader::{Place, Reader, Section, nearest};
use crate::report::Severity;
use crate::schema::{Absent, Accepts, DEFAULTS, Key, PORT_ONLY, PORT_SETTINGS};
use crate::settings::{Layer, Line};

/// A dial as it should be opens the loop for no longer (10 pulses a second, 67 % break), rounded up.
const USUAL_PULSE_MS: u16 = 75;

/// The row of a setting.
pub(crate) fn setting(name: &str) -> &'static Key {
    find(PORT_SETTINGS, name)
}

fn port_key(name: &str) -> &'static Key {
    find(PORT_ONLY, name)
}

/// A key by its name.
pub(crate) fn find(keys: &'static [Key], name: &str) -> &'static Key {
    const MISSING: Key = Key {
        name: "",
        accepts: Accepts::Bool,
        absent: Absent::Value("false"),
        when: When::Idle,
        help: "",
    };
    let key = keys.iter().find(|key| key.name == name);
    debug_assert!(key.is_some(), "the schema has no key {name}");
    key.unwrap_or(&MISSING)
}

/// What ports need from the rest of the configuration.
pub(crate) struct Surroundings<'s> {
    pub(crate) naming: Naming,
    pub(crate) mac: Mac,
    pub(crate) name_base: Option<String>,
    pub(crate) device_type: Option<DeviceType>,
    pub(crate) card: Card,
    /// How many ports the simulated card has was read without a problem.
    pub(crate) card_is_known: bool,
    pub(crate) countries: &'s Countries,
    /// `[media]`, and the type of packets with earlier ones in them that it has.
    pub(crate) media: Section<'s>,
    pub(crate) redundancy_payload_type: u8,
    /// `[sim]`, where problems of the simulated card's ports are.
    pub(crate) sim: Section<'s>,
}

/// The sections that ports come from.
pub(crate) struct PortSections<'a> {
    pub(crate) defaults: Section<'a>,
    /// The value of `port`, whatever it is.
    pub(crate) ports: Option<&'a Spanned<DeValue<'a>>>,
}

/// A port, and where each of its settings came from.
pub(crate) struct Built {
    pub(crate) port: Port,
    pub(crate) origins: Vec<Effective>,
}

/// What all ports have in common.
struct Common<'s, 'a> {
    around: &'s Surroundings<'s>,
    section: &'s Section<'a>,
    defaults: Layer,
    built_in: Layer,
}

/// What the problems of a `[[port]]` table go by: its channel, which is on the panel, not its place in the file.
fn name_of(item: &DeValue<'_>) -> String {
    let channel = item
        .get("channel")
        .and_then(|channel| match channel.get_ref() {
            DeValue::Integer(n) => Some(n.as_str().to_owned()),
            _ => None,
        });
    match channel {
        Some(channel) => format!("port[channel {channel}]"),
        None => "port[no channel]".to_owned(),
    }
}

/// Builds all ports and notes every problem.
pub(crate) fn ports(
    reader: &mut Reader<'_>,
    around: &Surroundings<'_>,
    sections: &PortSections<'_>,
) -> Vec<Built> {
    let defaults = Layer::read(reader, &sections.defaults);
    check_country(
        reader,
        &sections.defaults,
        defaults.country.as_deref(),
        around.countries,
    );
    let common = Common {
        around,
        section: &sections.defaults,
        defaults,
        built_in: Layer::built_in(),
    };
    let Some(list) = sections.ports else {
        return every_sim_port(reader, &common);
    };
    let DeValue::Array(array) = list.get_ref() else {
        let place = Place {
            at: Some(list.span().start),
            key: Some("port".to_owned()),
            value: None,
        };
        let cure = "write [[port]], once for each port".to_owned();
        reader.problem(Severity::Error, place, "is not a list of ports", None, cure);
        return Vec::new();
    };
    let known: Vec<&Key> = PORT_ONLY.iter().chain(PORT_SETTINGS).collect();
    let names: Vec<String> = array.iter().map(|item| name_of(item.get_ref())).collect();
    let mut taken = Taken::default();
    let mut ports = Vec::new();
    for (item, name) in array.iter().zip(&names) {
        let at = Some(item.span().start);
        let DeValue::Table(table) = item.get_ref() else {
            let place = Place {
                at,
                key: Some(name.clone()),
                value: None,
            };
            reader.problem(
                Severity::Error,
                place,
                "is not a table",
                None,
                "write [[port]]".to_owned(),
            );
            continue;
        };
        let section = Section {
            name,
            table: Some(table),
            at,
        };
        reader.unknown_keys(&section, &known);
        let own = Layer::read(reader, &section);
        check_country(reader, &section, own.country.as_deref(), around.countries);
        ports.extend(one_port(reader, &common, &section, &own, &mut taken));
    }
    ports.sort_by_key(|built| built.port.id);
    ports
}

/// Nearest wins: the port, its own profile, the defaults, their profile, the country, what is built in.
fn merge(
    reader: &Reader<'_>,
    common: &Common<'_, '_>,
    section: &Section<'_>,
    own: &Layer,
) -> Option<(Line, Vec<Effective>, Arc<crate::Country>)> {
    let Common {
        around,
        section: defaults_section,
        defaults,
        built_in,
    } = common;
    let named = [
        (own, section),
        (defaults, *defaults_section),
        (built_in, section),
    ];
    let named = named.into_iter().find(|(layer, _)| layer.country.is_some());
    let code = named.and_then(|(layer, _)| layer.country.as_deref());
    // An unknown country was noted at its line; until it is corrected any other serves.
    let known = code.and_then(|code| around.countries.get(code));
    let country = known.or_else(|| around.countries.any())?;
    let own_preset = own.profile.map(preset).unwrap_or_default();
    let default_preset = defaults.profile.map(preset).unwrap_or_default();
    let of_country = Layer::of_country(country);
    let mut strata = vec![Stratum {
        source: Source::Port,
        layer: own,
        written: Some((section, None)),
    }];
    strata.extend(own.profile.map(|profile| Stratum {
        source: Source::Profile(profile),
        layer: &own_preset,
        written: Some((section, Some("profile"))),
    }));
    strata.push(Stratum {
        source: Source::Defaults,
        layer: defaults,
        written: Some((defaults_section, None)),
    });
    strata.extend(defaults.profile.map(|profile| Stratum {
        source: Source::Profile(profile),
        layer: &default_preset,
        written: Some((defaults_section, Some("profile"))),
    }));
    strata.push(Stratum {
        source: Source::Country(country.code.clone()),
        layer: &of_country,
        // Where the country is named, if it is.
        written: named
            .filter(|(layer, _)| layer.country != built_in.country || layer.country == own.country)
            .map(|(_, section)| (section, Some("country"))),
    });
    strata.push(Stratum {
        source: Source::Default,
        layer: built_in,
        written: None,
    });
    let (line, origins) = Layer::merge(reader, &strata);
    Some((line, origins, Arc::clone(country)))
}

fn every_sim_port(reader: &mut Reader<'_>, common: &Common<'_, '_>) -> Vec<Built> {
    let Card::Sim(sim) = common.around.card else {
        let place = Place {
            key: Some("port".to_owned()),
            ..Place::default()
        };
        let cure = "run `tipring setup`, or add a [[port]] with its channel for each line in use"
            .to_owned();
        reader.problem(Severity::Error, place, "no port is configured", None, cure);
        return Vec::new();
    };
    let own = Layer::default();
    let section = Section {
        name: "sim",
        table: None,
        at: None,
    };
    let named = common.around.naming.last_port();
    if sim.ports > named {
        let place = reader.place(&common.around.sim, "ports");
        let naming = common.around.naming;
        let message = format!("is more ports than {naming} naming has device names for");
        let cure = "write fewer ports, or choose another [gateway] naming".to_owned();
        let accepts = Some(format!("1 to {named} with this naming"));
        reader.problem(Severity::Error, place, message, accepts, cure);
    }
    let mut taken = Taken::default();
    (1..=sim.ports.min(named))
        .filter_map(|channel| {
            let basics = Basics {
                channel,
                number: channel,
                ..Basics::default()
            };
            finish(reader, common, &section, &own, basics, &mut taken)
        })
        .collect()
}

/// What was given away already, and in which line.
#[derive(Default)]
struct Taken {
    channels: HashMap<u16, Option<u32>>,
    numbers: HashMap<u16, Option<u32>>,
    devices: HashMap<String, Option<u32>>,
}

impl Taken {
    /// Gives a channel away; false, and reported, when another port has it.
    fn channel(&mut self, reader: &mut Reader<'_>, section: &Section<'_>, channel: u16) -> bool {
        if let Some(&first) = self.channels.get(&channel) {
            let message = format!("channel {channel} is used already{}", in_line(first));
            let cure = "give every [[port]] its own channel";
            again(reader, section, "channel", first, message, cure);
            return false;
        }
        let line = reader.line_of(&reader.place(section, "channel"));
        self.channels.insert(channel, line);
        true
    }
}

/// Notes that something was given away before, in the line `first`.
fn again(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    first: Option<u32>,
    message: String,
    cure: &str,
) {
    let place = reader.place(section, key);
    reader
        .problem(Severity::Error, place, message, None, cure.to_owned())
        .other_line = first;
}

fn in_line(line: Option<u32>) -> String {
    line.map_or_else(String::new, |line| format!(" in line {line}"))
}

/// The keys that only a port has.
struct Basics {
    channel: u16,
    number: u16,
    label: String,
    enabled: bool,
    device_name: Option<DeviceName>,
    device_type: Option<DeviceType>,
}

impl Default for Basics {
    fn default() -> Self {
        Basics {
            channel: 0,
            number: 0,
            label: String::new(),
            enabled: true,
            device_name: None,
            device_type: None,
        }
    }
}

fn one_port(
    reader: &mut Reader<'_>,
    common: &Common<'_, '_>,
    section: &Section<'_>,
    own: &Layer,
    taken: &mut Taken,
) -> Option<Built> {
    let around = common.around;
    let channel = reader.integer(section, port_key("channel"));
    let number = reader.integer(section, port_key("number"));
    let basics = Basics {
        label: reader
            .string(section, port_key("label"))
            .unwrap_or_default(),
        enabled: reader.boolean(section, port_key("enabled")).unwrap_or(true),
        device_name: reader
            .string(section, port_key("device-name"))
            .and_then(|name| {
                DeviceName::new(&name)
                    .map_err(|e| reader.bad(section, port_key("device-name"), e.to_string()))
                    .ok()
            }),
        device_type: reader
            .integer(section, port_key("device-type"))
            .and_then(|n| u32::try_from(n).ok())
            .map(DeviceType),
        ..Basics::default()
    };
    if channel.is_none() && section.get("channel").is_none() && !reader.broken {
        let place = reader.place(section, "channel");
        let accepts = port_key("channel").accepts.to_string();
        let cure = "name the channel of the card that this port is".to_owned();
        reader.problem(Severity::Error, place, "is missing", Some(accepts), cure);
    }
    let channel = channel.and_then(|n| u16::try_from(n).ok())?;
    if let Card::Sim(sim) = around.card
        && around.card_is_known
        && channel > sim.ports
    {
        let place = reader.place(section, "channel");
        let message = format!("the simulated card has {} ports", sim.ports);
        let cure = format!(
            "for a real card write `driver = \"dahdi\"` in [card]; for the simulated one `ports = {channel}` in [sim], or choose \
             another channel"
        );
        reader.problem(
            Severity::Error,
            place,
            message,
            Some(format!("1 to {}", sim.ports)),
            cure,
        );
    }
    let number = match (number, section.get("number")) {
        (Some(number), _) => u16::try_from(number).ok(),
        (None, None) => Some(channel),
        (None, Some(_)) => None,
    };
    let Some(number) = number else {
        // Its channel is given away all the same: a second [[port]] with it is reported now, not after the number is right.
        taken.channel(reader, section, channel);
        return None;
    };
    let basics = Basics {
        channel,
        number,
        ..basics
    };
    finish(reader, common, section, own, basics, taken)
}

fn finish(
    reader: &mut Reader<'_>,
    common: &Common<'_, '_>,
    section: &Section<'_>,
    own: &Layer,
    basics: Basics,
    taken: &mut Taken,
) -> Option<Built> {
    let around = common.around;
    let line_no = reader.line_of(&reader.place(section, "channel"));
    let Basics {
        channel,
        number,
        label,
        enabled,
        device_name,
        device_type,
    } = basics;
    if taken.channel(reader, section, channel)
        && let Some(&first) = taken.numbers.get(&number)
    {
        let message = format!("port number {number} is used already{}", in_line(first));
        again(
            reader,
            section,
            "number",
            first,
            message,
            "give every [[port]] its own number",
        );
    }
    taken.numbers.entry(number).or_insert(line_no);
    let named = device_name.is_some();
    let device = match device_name {
        Some(name) => Ok(name),
        None => naming::device_name(
            around.naming,
            around.mac,
            around.name_base.as_deref(),
            PortId(number),
        ),
    };
    let device = match device {
        Ok(device) => device,
        Err(why) => {
            let place = reader.place(section, "number");
            let cure =
                "set device-name in this [[port]], or choose another [gateway] naming or name-base";
            reader.problem(Severity::Error, place, why, None, cure.to_owned());
            return None;
        }
    };
    // Servers compare names without regard to case.
    let folded = device.as_str().to_ascii_uppercase();
    match taken.devices.get(&folded) {
        Some(&first) if named || taken.numbers.get(&number) == Some(&line_no) => {
            let message = format!("device name {device} is used already{}", in_line(first));
            again(
                reader,
                section,
                "device-name",
                first,
                message,
                "give every port its own device name",
            );
        }
        Some(_) => {}
        None => {
            let line = reader
                .line_of(&reader.place(section, if named { "device-name" } else { "channel" }));
            taken.devices.insert(folded, line);
        }
    }
    let (line, settings, country) = merge(reader, common, section, own)?;
    check_windows(reader, section, common.section, &line);
    let sections = contradiction::Sections {
        port: section,
        defaults: common.section,
        media: &around.media,
        redundancy_payload_type: around.redundancy_payload_type,
    };
    contradiction::check(reader, &sections, &line, &settings);
    let port = Port {
        id: PortId(number),
        channel,
        label,
        enabled,
        device,
        device_type: device_type
            .or(around.device_type)
            .unwrap_or(around.naming.device_type()),
        caller_id: caller_id(line.caller_id, country.caller_id),
        country,
        line,
    };
    let mut origins = basics_of(reader, section, &port);
    origins.extend(settings);
    Some(Built { port, origins })
}

/// Where the keys that only a port has came from.
fn basics_of(reader: &Reader<'_>, section: &Section<'_>, port: &Port) -> Vec<Effective> {
    let text = |text: &str| Value::show(&text.to_owned());
    let effective = |key: &'static Key| {
        let value = match key.name {
            "channel" => port.channel.to_string(),
            "number" => port.id.to_string(),
            "label" => text(&port.label),
            "enabled" => port.enabled.to_string(),
            "device-name" => text(port.device.as_str()),
            "device-type" => port.device_type.0.to_string(),
            _ => return None,
        };
        let written = section.get(key.name).is_some();
        let line = written.then(|| reader.line_of(&reader.place(section, key.name)));
        Some(Effective {
            key: key.name,
            value: Some(value),
            source: match key.absent {
                _ if written => Source::Port,
                Absent::Value(_)
                | Absent::Otherwise {
                    meaning: "true" | "empty",
                    ..
                } => Source::Default,
                _ if key.name == "channel" => {
                    Source::Otherwise("the ports of the simulated card in turn")
                }
                Absent::Otherwise { meaning, .. } => Source::Otherwise(meaning),
            },
            line: line.flatten(),
        })
    };
    PORT_ONLY.iter().filter_map(effective).collect()
}

fn caller_id(choice: CallerIdChoice, country: Option<CallerId>) -> Option<CallerId> {
    match choice {
        CallerIdChoice::Country => country,
        CallerIdChoice::None => None,
        CallerIdChoice::Bellcore => Some(CallerId::BELLCORE),
        CallerIdChoice::EtsiAfterRing => Some(CallerId::ETSI_AFTER_RING),
        CallerIdChoice::EtsiBeforeRing => Some(CallerId::ETSI_BEFORE_RING),
        CallerIdChoice::Bt => Some(CallerId::BT),
        CallerIdChoice::Dtmf => Some(CallerId::DTMF),
    }
}

/// No opening of the loop may be a flash and a dial pulse as dials make them.
fn check_windows(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    defaults: &Section<'_>,
    settings: &Line,
) {
    let Some(window) = settings.flash_window() else {
        return;
    };
    // Reported where the offending value stands: in the port, else in the defaults, and there only once.
    let place_of = |keys: [&str; 2]| {
        let here = |section: &Section<'_>| keys.into_iter().find(|key| section.get(key).is_some());
        match (here(section), here(defaults)) {
            (Some(key), _) => reader.place(section, key),
            (None, Some(key)) => reader.place(defaults, key),
            (None, None) => reader.place(section, "flash-min-ms"),
        }
    };
    let trouble = if window.min_ms >= window.max_ms {
        Some((
            place_of(["flash-min-ms", "flash-max-ms"]),
            format!(
                "flash-min-ms ({}) is not below flash-max-ms ({})",
                window.min_ms, window.max_ms
            ),
            "make flash-min-ms less than flash-max-ms".to_owned(),
        ))
    } else if settings.pulse_dialing && window.min_ms < USUAL_PULSE_MS {
        Some((
            place_of(["flash-min-ms", "pulse-dialing"]),
            format!("a dial pulse of {} ms would be a flash", window.min_ms),
            format!(
                "make flash-min-ms at least {USUAL_PULSE_MS}, or set pulse-dialing = false or flash = \"ignore\""
            ),
        ))
    } else {
        None
    };
    if let Some((place, message, cure)) = trouble.filter(|_| !reader.broken) {
        let line = reader.line_of(&place);
        let reported = reader
            .problems
            .iter()
            .any(|p| p.line == line && p.key == place.key && p.message == message);
        if !reported {
            reader.problem(Severity::Error, place, message, None, cure);
        }
    }
}

fn check_country(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    code: Option<&str>,
    countries: &Countries,
) {
    let Some(code) = code else { return };
    if countries.get(code).is_some() {
        return;
    }
    if let Some((message, cure)) = countries.why_lacking(code) {
        let place = reader.place(section, "country");
        reader.problem(Severity::Error, place, message, None, cure.to_owned());
        return;
    }
    let near = nearest(code, countries.codes());
    let codes: Vec<&str> = countries.codes().collect();
    let cure = match near {
        Some(near) => format!(
            "did you mean \"{near}\"? Or put {code}.toml into {}",
            crate::COUNTRIES_DIR
        ),
        None => format!(
            "choose one of these, or put {code}.toml into {}",
            crate::COUNTRIES_DIR
        ),
    };
    let place = reader.place(section, "country");
    reader.problem(
        Severity::Error,
        place,
        "no country file has this code",
        Some(codes.join(", ")),
        cure,
    );
}

/// Notes unknown keys of `[defaults]`; keys of a single port get their own words.
pub(crate) fn unknown_defaults(reader: &mut Reader<'_>, section: &Section<'_>) {
    let known: Vec<&Key> = DEFAULTS.keys.iter().collect();
    reader.unknown_keys(section, &known);
}
