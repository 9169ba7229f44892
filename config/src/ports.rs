//! `[defaults]`, `[[port]]` and profiles put together: one [`Port`] for each.

use std::collections::HashMap;
use std::sync::Arc;

use tipring_proto::types::{DeviceName, DeviceType, PortId};
use toml::Spanned;
use toml::de::DeValue;

use crate::choice::{AfterFarHangUp, CallerIdChoice, FlashAction, Naming, Profile, PulseDigits};
use crate::country::{CallerId, Countries, Country};
use crate::model::{Card, Line, Port, WindowMs};
use crate::naming::{self, Mac};
use crate::profile::preset;
use crate::reader::{Place, Reader, Section, default_of, nearest};
use crate::report::Severity;
use crate::schema::{Absent, Accepts, DEFAULTS, Key, PORT_ONLY, PORT_SETTINGS};

/// A dial as it should be opens the loop for no longer (10 pulses a second, 67 % break), rounded up.
const USUAL_PULSE_MS: u16 = 75;

/// An old dial that drags opens it for up to 105 ms at 8 pulses a second, as exchanges take it; 5 ms are for what the
/// driver of a card adds.
const LONGEST_PULSE_MS: u16 = 110;

macro_rules! settings {
    ($($field:ident: $type:ty = $read:ident($key:literal),)+) => {
        /// The settings that `[defaults]`, `[[port]]` and profiles share; none where they say nothing.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct PortSettings { $(pub(crate) $field: Option<$type>,)+ }

        impl PortSettings {
            /// These, and `lower` where these say nothing.
            fn or(self, lower: PortSettings) -> PortSettings {
                PortSettings { $($field: self.$field.or(lower.$field),)+ }
            }

            /// What is built in.
            fn built_in() -> PortSettings {
                PortSettings { $($field: default_of(setting($key), |r, s, k| r.$read(s, k)),)+ }
            }

            fn read(reader: &mut Reader<'_>, section: &Section<'_>) -> PortSettings {
                PortSettings { $($field: reader.$read(section, setting($key)),)+ }
            }
        }
    };
}

settings! {
    profile: Profile = choice("profile"),
    country: String = string("country"),
    caller_id: CallerIdChoice = choice("caller-id"),
    flash: FlashAction = choice("flash"),
    flash_min_ms: i64 = integer("flash-min-ms"),
    flash_max_ms: i64 = integer("flash-max-ms"),
    pulse_dialing: bool = boolean("pulse-dialing"),
    pulse_digits: PulseDigits = choice("pulse-digits"),
    transfer_on_hang_up: bool = boolean("transfer-on-hang-up"),
    call_waiting_tone: bool = boolean("call-waiting-tone"),
    call_waiting_repeat_s: i64 = integer("call-waiting-repeat-s"),
    stutter_dial_tone: bool = boolean("stutter-dial-tone"),
    disconnect_ms: i64 = integer("disconnect-ms"),
    after_far_hang_up: AfterFarHangUp = choice("after-far-hang-up"),
    first_digit_s: i64 = integer("first-digit-s"),
    reorder_s: i64 = integer("reorder-s"),
    howler_s: i64 = integer("howler-s"),
    preserved_rtp_s: i64 = integer("preserved-rtp-s"),
    reminder_ring_s: i64 = integer("reminder-ring-s"),
    rx_gain_db: f64 = number("rx-gain-db"),
    tx_gain_db: f64 = number("tx-gain-db"),
    redundancy: i64 = integer("redundancy"),
    echo_canceller: bool = boolean("echo-canceller"),
    echo_tail_ms: i64 = integer("echo-tail-ms"),
    fax_pass_through: bool = boolean("fax-pass-through"),
    v8_squelch: bool = boolean("v8-squelch"),
    vad: bool = boolean("vad"),
}

/// A key by its name; a test asks for every name above.
fn setting(name: &str) -> &'static Key {
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
}

/// The sections that ports come from.
pub(crate) struct PortSections<'a> {
    pub(crate) defaults: Section<'a>,
    /// The value of `port`, whatever it is.
    pub(crate) ports: Option<&'a Spanned<DeValue<'a>>>,
}

/// Builds all ports and notes every problem.
pub(crate) fn ports(
    reader: &mut Reader<'_>,
    around: &Surroundings<'_>,
    sections: &PortSections<'_>,
) -> Vec<Port> {
    let built_in = PortSettings::built_in();
    let defaults = PortSettings::read(reader, &sections.defaults);
    check_country(
        reader,
        &sections.defaults,
        defaults.country.as_deref(),
        around.countries,
    );
    let Some(list) = sections.ports else {
        return every_sim_port(reader, around, &defaults, &built_in, &sections.defaults);
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
    let names: Vec<String> = (1..=array.len()).map(|n| format!("port[{n}]")).collect();
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
        let own = PortSettings::read(reader, &section);
        check_country(reader, &section, own.country.as_deref(), around.countries);
        let settings = layer(own, &defaults, &built_in);
        if let Some(port) = one_port(
            reader,
            around,
            &section,
            &sections.defaults,
            &settings,
            &mut taken,
        ) {
            ports.push(port);
        }
    }
    ports.sort_by_key(|port| port.id);
    ports
}

/// Nearest wins: the port, its own profile, the defaults, their profile, what is built in.
fn layer(own: PortSettings, defaults: &PortSettings, built_in: &PortSettings) -> PortSettings {
    let own_preset = own.profile.map(preset).unwrap_or_default();
    let default_preset = defaults.profile.map(preset).unwrap_or_default();
    own.or(own_preset)
        .or(defaults.clone())
        .or(default_preset)
        .or(built_in.clone())
}

fn every_sim_port(
    reader: &mut Reader<'_>,
    around: &Surroundings<'_>,
    defaults: &PortSettings,
    built_in: &PortSettings,
    defaults_section: &Section<'_>,
) -> Vec<Port> {
    let Card::Sim(sim) = around.card else {
        let place = Place {
            key: Some("port".to_owned()),
            ..Place::default()
        };
        let cure = "run `tipring setup`, or add a [[port]] with its channel for each line in use"
            .to_owned();
        reader.problem(Severity::Error, place, "no port is configured", None, cure);
        return Vec::new();
    };
    let settings = layer(PortSettings::default(), defaults, built_in);
    let section = Section {
        name: "sim",
        table: None,
        at: None,
    };
    let mut taken = Taken::default();
    (1..=sim.ports)
        .filter_map(|channel| {
            let basics = Basics {
                channel,
                number: channel,
                ..Basics::default()
            };
            finish(
                reader,
                around,
                &section,
                defaults_section,
                &settings,
                basics,
                &mut taken,
            )
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
    around: &Surroundings<'_>,
    section: &Section<'_>,
    defaults_section: &Section<'_>,
    settings: &PortSettings,
    taken: &mut Taken,
) -> Option<Port> {
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
        let cure = format!("write `ports = {channel}` in [sim], or choose another channel");
        reader.problem(
            Severity::Error,
            place,
            message,
            Some(format!("1 to {}", sim.ports)),
            cure,
        );
    }
    let number = match (number, section.get("number")) {
        (Some(number), _) => u16::try_from(number).ok()?,
        (None, None) => channel,
        (None, Some(_)) => return None,
    };
    let basics = Basics {
        channel,
        number,
        ..basics
    };
    finish(
        reader,
        around,
        section,
        defaults_section,
        settings,
        basics,
        taken,
    )
}

fn finish(
    reader: &mut Reader<'_>,
    around: &Surroundings<'_>,
    section: &Section<'_>,
    defaults_section: &Section<'_>,
    settings: &PortSettings,
    basics: Basics,
    taken: &mut Taken,
) -> Option<Port> {
    let line_no = reader.line_of(&reader.place(section, "channel"));
    let again =
        |reader: &mut Reader<'_>, key: &str, first: Option<u32>, message: String, cure: &str| {
            let place = reader.place(section, key);
            reader
                .problem(Severity::Error, place, message, None, cure.to_owned())
                .other_line = first;
        };
    let in_line =
        |line: Option<u32>| line.map_or_else(String::new, |line| format!(" in line {line}"));
    let Basics {
        channel,
        number,
        label,
        enabled,
        device_name,
        device_type,
    } = basics;
    if let Some(&first) = taken.channels.get(&channel) {
        let message = format!("channel {channel} is used already{}", in_line(first));
        again(
            reader,
            "channel",
            first,
            message,
            "give every [[port]] its own channel",
        );
    } else {
        taken.channels.insert(channel, line_no);
        if let Some(&first) = taken.numbers.get(&number) {
            let message = format!("port number {number} is used already{}", in_line(first));
            again(
                reader,
                "number",
                first,
                message,
                "give every [[port]] its own number",
            );
        }
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
    let code = settings.country.as_deref().unwrap_or("us");
    // An unknown country was noted where it stands.
    let country = Arc::clone(
        around
            .countries
            .get(code)
            .or_else(|| around.countries.get("us"))?,
    );
    let line = line(reader, section, defaults_section, settings, &country);
    Some(Port {
        id: PortId(number),
        channel,
        label,
        enabled,
        device,
        device_type: device_type
            .or(around.device_type)
            .unwrap_or(around.naming.device_type()),
        profile: settings.profile.unwrap_or(Profile::Phone),
        caller_id: caller_id(
            settings.caller_id.unwrap_or(CallerIdChoice::Country),
            country.caller_id,
        ),
        country,
        line,
    })
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

fn line(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    defaults: &Section<'_>,
    settings: &PortSettings,
    country: &Country,
) -> Line {
    // Everything was held to its range when it was read.
    let ms = |value: Option<i64>| {
        value
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    };
    let tenths = |value: Option<f64>| (value.unwrap_or_default() * 10.0).round() as i16;
    let flash = settings.flash.unwrap_or(FlashAction::Transfer);
    let window = WindowMs {
        min_ms: settings
            .flash_min_ms
            .map_or(country.flash.min_ms, |n| ms(Some(n))),
        max_ms: settings
            .flash_max_ms
            .map_or(country.flash.max_ms, |n| ms(Some(n))),
    };
    // Told where the offending value stands: in the port, else in the defaults, and there only once.
    let place_of = |keys: [&str; 2]| {
        let here = |section: &Section<'_>| keys.into_iter().find(|key| section.get(key).is_some());
        match (here(section), here(defaults)) {
            (Some(key), _) => reader.place(section, key),
            (None, Some(key)) => reader.place(defaults, key),
            (None, None) => reader.place(section, "flash-min-ms"),
        }
    };
    let decoded = flash != FlashAction::Ignore;
    let pulse_dialing = settings.pulse_dialing.unwrap_or(true);
    let trouble = if decoded && window.min_ms >= window.max_ms {
        Some((
            place_of(["flash-min-ms", "flash-max-ms"]),
            format!(
                "no opening is from {} to {} ms long",
                window.min_ms, window.max_ms
            ),
            "make flash-min-ms less than flash-max-ms".to_owned(),
        ))
    } else if decoded && pulse_dialing && window.min_ms < USUAL_PULSE_MS {
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
        let told = reader
            .problems
            .iter()
            .any(|p| p.line == line && p.key == place.key && p.message == message);
        if !told {
            reader.problem(Severity::Error, place, message, None, cure);
        }
    }
    // Where flashes begin below the longest pulse, the call logic tells them apart by what the set is doing.
    let pulse_max = if decoded {
        window.min_ms.saturating_sub(1).clamp(LONGEST_PULSE_MS, 199)
    } else {
        199
    };
    Line {
        flash,
        flash_window: decoded.then_some(window),
        pulse_window: pulse_dialing.then_some(WindowMs {
            min_ms: 20,
            max_ms: pulse_max,
        }),
        pulse_digits: settings.pulse_digits.unwrap_or(country.pulse_digits),
        transfer_on_hang_up: settings.transfer_on_hang_up.unwrap_or(true),
        call_waiting_tone: settings.call_waiting_tone.unwrap_or(true),
        call_waiting_repeat_ms: settings.call_waiting_repeat_s.map_or_else(
            || call_waiting_period_ms(country),
            |s| u32::from(ms(Some(s))) * 1000,
        ),
        stutter_dial_tone: settings.stutter_dial_tone.unwrap_or(true),
        disconnect_ms: ms(settings.disconnect_ms),
        after_far_hang_up: settings
            .after_far_hang_up
            .unwrap_or(AfterFarHangUp::Reorder),
        first_digit_s: ms(settings.first_digit_s),
        reorder_s: ms(settings.reorder_s),
        howler_s: ms(settings.howler_s),
        preserved_rtp_s: ms(settings.preserved_rtp_s),
        reminder_ring_s: ms(settings.reminder_ring_s),
        rx_gain_tenth_db: tenths(settings.rx_gain_db),
        tx_gain_tenth_db: tenths(settings.tx_gain_db),
        redundancy: u8::try_from(ms(settings.redundancy)).unwrap_or_default(),
        echo_canceller: settings.echo_canceller.unwrap_or(true),
        echo_tail_ms: ms(settings.echo_tail_ms),
        fax_pass_through: settings.fax_pass_through.unwrap_or(true),
        v8_squelch: settings.v8_squelch.unwrap_or(false),
        vad: settings.vad.unwrap_or(false),
    }
}

/// A burst of call-waiting tone and the silence after it.
fn call_waiting_period_ms(country: &Country) -> u32 {
    let burst = country
        .tones
        .call_waiting
        .steps()
        .filter_map(|step| step.ms);
    burst.sum::<u32>() + u32::from(country.call_waiting_pause_ms)
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
