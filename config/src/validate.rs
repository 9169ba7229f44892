//! From the parsed file to the model: every table read, every cross-check made, every problem noted.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use tipring_proto::types::{Codec, DeviceName, DeviceType};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::choice::{CardDriver, Choice, Naming};
use crate::model::{
    CallManager, Card, Config, Control, DahdiCard, Gateway, History, LineThread, Log, Media, Port,
    PortRange, SimCard,
};
use crate::origins::{self, Origins};
use crate::ports::{self, PortSections, Surroundings, find};
use crate::reader::{Place, Reader, Section, default_of, kind, nearest};
use crate::report::{Report, Severity};
use crate::schema::{
    CALLMANAGER, CARD, CONTROL, DAHDI, GATEWAY, HISTORY, Key, LINE_THREAD, LOG, MEDIA, SIM, TABLES,
    Table,
};
use crate::server::Server;
use crate::syntax;
use crate::{Countries, Mac, Machine};

/// DAHDI's shortest block.
const DAHDI_SHORTEST_BLOCK_MS: u16 = 2;
/// Most CallManagers in the list.
const MAX_SERVERS: usize = 8;

pub(crate) fn config(
    text: &str,
    file: &str,
    machine: &Machine,
) -> Result<(Config, Origins), Report> {
    let (config, origins, report) = examine(text, file, machine);
    if report.errors() > 0 {
        return Err(report);
    }
    Ok((config, origins))
}

/// The configuration, with all problems of the text; what has an error has its default.
pub(crate) fn examine(text: &str, file: &str, machine: &Machine) -> (Config, Origins, Report) {
    let mut reader = Reader::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let shadows = syntax::problems(&mut reader, &errors);
    let root = root.get_ref();
    unknown_tables(&mut reader, root);
    let (countries, country_problems) = Countries::with_directory(machine.countries_dir.as_deref());

    let (gateway, name_base, device_type) = gateway(&mut reader, root, machine);
    let callmanager = callmanager(&mut reader, root);
    let media = media(&mut reader, root);
    let line_thread = line_thread(&mut reader, root);
    let card = card(&mut reader, root, &line_thread);
    let control = control(&mut reader, root);
    let history = history(&mut reader, root);
    let log = log(&mut reader, root);

    let sections = PortSections {
        defaults: section(root, "defaults"),
        ports: root.get("port").or_else(|| misnamed_ports(root)),
    };
    ports::unknown_defaults(&mut reader, &sections.defaults);
    let around = Surroundings {
        naming: gateway.naming,
        mac: gateway.mac,
        name_base,
        device_type,
        card,
        card_is_known: is_known(&reader, "sim.ports"),
        countries: &countries,
        media: section(root, "media"),
        redundancy_payload_type: media.redundancy_payload_type,
        sim: section(root, "sim"),
    };
    let ports = ports::ports(&mut reader, &around, &sections);
    check_rtp_ports(&mut reader, root, &media, ports.len());
    let origins = Origins {
        tables: origins::tables(&reader, root, &gateway),
        ports: ports
            .iter()
            .map(|built| (built.port.id, built.origins.clone()))
            .collect(),
    };
    let ports: Vec<Port> = ports.into_iter().map(|built| built.port).collect();
    let mut problems = shadows.lift(reader.problems);
    problems.extend(country_problems);
    let report = Report::new(file, problems);
    let config = Config {
        file: Some(file.to_owned()),
        gateway,
        callmanager,
        media,
        line_thread,
        card,
        control,
        history,
        log,
        ports,
        countries,
        warnings: report.problems.clone(),
    };
    (config, origins, report)
}

/// No problem of this key is noted, and no line that may have held it was lost.
fn is_known(reader: &Reader<'_>, key: &str) -> bool {
    !reader.broken
        && !reader
            .problems
            .iter()
            .any(|p| p.key.as_deref() == Some(key))
}

/// A value that is a table, or a list of tables.
fn is_table(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(items) => {
            !items.is_empty()
                && items
                    .iter()
                    .all(|item| matches!(item.get_ref(), DeValue::Table(_)))
        }
        _ => false,
    }
}

/// `[[ports]]` and the like: reported at its line, and read as what was meant, so that its other problems are reported too.
fn misnamed_ports<'a>(root: &'a DeTable<'a>) -> Option<&'a Spanned<DeValue<'a>>> {
    let names = || TABLES.iter().map(|table| table.name).chain(["port"]);
    let mut lists = root.iter().filter(|(name, value)| {
        matches!(value.get_ref(), DeValue::Array(_))
            && is_table(value.get_ref())
            && names().all(|known| known != name.get_ref())
            && nearest(name.get_ref(), names()) == Some("port")
    });
    lists.next().map(|(_, value)| value)
}

fn unknown_tables(reader: &mut Reader<'_>, root: &DeTable<'_>) {
    let names = || TABLES.iter().map(|table| table.name).chain(["port"]);
    for (name, value) in root.iter() {
        let place = Place {
            at: Some(name.span().start),
            key: Some(name.get_ref().to_string()),
            value: None,
        };
        let is_one_table = matches!(value.get_ref(), DeValue::Table(_));
        let is_table = is_table(value.get_ref());
        if names().any(|known| known == name.get_ref()) {
            if !is_one_table && name.get_ref() != "port" {
                let message = format!("is {}, a table is needed", kind(value.get_ref()));
                reader.problem(
                    Severity::Error,
                    place,
                    message,
                    None,
                    format!("write [{}]", name.get_ref()),
                );
            }
            continue;
        }
        let home = TABLES
            .iter()
            .find(|table| table.keys.iter().any(|key| key.name == name.get_ref()));
        let cure = match (nearest(name.get_ref(), names()), home) {
            (_, Some(table)) if !is_table => format!("write it under [{}]", table.name),
            (Some("port"), _) => "did you mean [[port]]?".to_owned(),
            (Some(near), _) if is_table => format!("did you mean [{near}]?"),
            _ => "remove it; `man tipring.toml` lists all tables".to_owned(),
        };
        let message = if is_table {
            "unknown table"
        } else {
            "unknown key"
        };
        reader.problem(Severity::Error, place, message, None, cure);
    }
}

pub(crate) fn section<'a>(root: &'a DeTable<'a>, name: &'static str) -> Section<'a> {
    let value = root.get(name);
    Section {
        name,
        table: value.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        }),
        at: value.map(|value| value.span().start),
    }
}

/// A table being read.
struct Scan<'r, 'a> {
    reader: &'r mut Reader<'a>,
    section: Section<'a>,
    keys: &'static [Key],
}

impl<'r, 'a> Scan<'r, 'a> {
    fn new(
        reader: &'r mut Reader<'a>,
        root: &'a DeTable<'a>,
        table: &'static Table,
    ) -> Scan<'r, 'a> {
        let section = section(root, table.name);
        let known: Vec<&Key> = table.keys.iter().collect();
        reader.unknown_keys(&section, &known);
        Scan {
            reader,
            section,
            keys: table.keys,
        }
    }

    fn integer<T: TryFrom<i64> + Default>(&mut self, key: &str) -> T {
        self.reader
            .integer_or_default(&self.section, find(self.keys, key))
    }

    fn number(&mut self, key: &str) -> f64 {
        self.reader
            .number_or_default(&self.section, find(self.keys, key))
    }

    fn boolean(&mut self, key: &str) -> bool {
        self.reader
            .boolean_or_default(&self.section, find(self.keys, key))
    }

    fn choice<T: Choice>(&mut self, key: &str) -> T {
        self.reader
            .choice_or_default(&self.section, find(self.keys, key))
    }

    fn string(&mut self, key: &str) -> Option<String> {
        self.reader.string(&self.section, find(self.keys, key))
    }

    fn bad(&mut self, key: &str, message: String) {
        self.reader
            .bad(&self.section, find(self.keys, key), message);
    }

    fn bad_with_cure(&mut self, key: &str, message: String, cure: &str) {
        let place = self.reader.place(&self.section, key);
        self.reader
            .problem(Severity::Error, place, message, None, cure.to_owned());
    }

    /// A list, or its default.
    fn strings(&mut self, key: &str) -> Vec<(String, Place)> {
        let key = find(self.keys, key);
        let list = self.reader.strings(&self.section, key);
        list.or_else(|| default_of(key, |r, s, k| r.strings(s, k)))
            .unwrap_or_default()
    }
}

fn gateway<'a>(
    reader: &mut Reader<'a>,
    root: &'a DeTable<'a>,
    machine: &Machine,
) -> (Gateway, Option<String>, Option<DeviceType>) {
    let mut scan = Scan::new(reader, root, &GATEWAY);
    let naming: Naming = scan.choice("naming");
    let written = scan.string("mac");
    let mac = match written.as_deref().map(Mac::parse) {
        Some(Some(mac)) if mac.is_usable() => mac,
        Some(Some(_)) => {
            scan.bad("mac", "is not the address of one interface".to_owned());
            Mac::FALLBACK
        }
        Some(None) => {
            scan.bad("mac", "is not a MAC address".to_owned());
            Mac::FALLBACK
        }
        None => machine.mac.unwrap_or_else(|| {
            let place = scan.reader.place(&scan.section, "mac");
            let message = format!(
                "no network interface has a MAC; until one has, device names are made of {}",
                Mac::FALLBACK
            );
            let cure =
                "set it: two gateways with the same device names cannot both register".to_owned();
            scan.reader
                .problem(Severity::Warning, place, message, None, cure);
            Mac::FALLBACK
        }),
    };
    let name_base = scan.string("name-base").filter(|base| {
        let room = 15 - naming.port_digits();
        let taken = base.chars().count();
        if taken > room {
            let message = format!("has {taken} characters; {naming} naming leaves room for {room}");
            scan.bad("name-base", message);
        } else if let Err(e) = DeviceName::new(base) {
            scan.bad("name-base", e.to_string());
        }
        taken <= room
    });
    let device_key = find(GATEWAY.keys, "device-type");
    let device_type = scan
        .reader
        .integer(&scan.section, device_key)
        .and_then(|n| u32::try_from(n).ok());
    let address = scan
        .string("address")
        .and_then(|text| match text.parse::<Ipv4Addr>() {
            Ok(address)
                if !address.is_unspecified()
                    && !address.is_multicast()
                    && !address.is_broadcast() =>
            {
                Some(address)
            }
            Ok(_) => {
                scan.bad("address", "is not the address of one machine".to_owned());
                None
            }
            Err(_) => {
                scan.bad("address", "is not an IPv4 address".to_owned());
                None
            }
        });
    let protocol_version = scan.integer("protocol-version");
    let gateway = Gateway {
        naming,
        mac,
        mac_is_written: written.is_some(),
        protocol_version,
        address,
    };
    (gateway, name_base, device_type.map(DeviceType))
}

fn callmanager<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> CallManager {
    let mut scan = Scan::new(reader, root, &CALLMANAGER);
    let mut servers: Vec<Server> = Vec::new();
    let list = scan.strings("servers");
    if list.is_empty() {
        scan.bad("servers", "names no CallManager".to_owned());
    } else if list.len() > MAX_SERVERS {
        scan.bad("servers", format!("names {} CallManagers", list.len()));
    }
    for (text, place) in list {
        match Server::parse(&text) {
            Ok(server) if servers.contains(&server) => {
                let cure = "remove one of them".to_owned();
                scan.reader.problem(
                    Severity::Error,
                    place,
                    "names the same CallManager twice",
                    None,
                    cure,
                );
            }
            Ok(server) => servers.push(server),
            Err(why) => {
                let accepts = find(CALLMANAGER.keys, "servers").accepts.to_string();
                scan.reader
                    .problem(Severity::Error, place, why, Some(accepts), None);
            }
        }
    }
    let callmanager = CallManager {
        servers,
        connect_timeout_ms: scan.integer("connect-timeout-ms"),
        register_timeout_ms: scan.integer("register-timeout-ms"),
        keepalive_answer_ms: scan.integer("keepalive-answer-ms"),
        keepalive_misses: scan.integer("keepalive-misses"),
        retry_first_ms: scan.integer("retry-first-ms"),
        retry_max_ms: scan.integer("retry-max-ms"),
        probe_s: scan.integer("probe-s"),
        monitor_s: scan.integer("monitor-s"),
        standby: scan.boolean("standby"),
        register_stagger_ms: scan.integer("register-stagger-ms"),
        code_page: scan.choice("code-page"),
    };
    if !scan.reader.broken && callmanager.retry_first_ms > callmanager.retry_max_ms {
        let message = format!(
            "is less than retry-first-ms ({})",
            callmanager.retry_first_ms
        );
        scan.bad_with_cure(
            "retry-max-ms",
            message,
            "make retry-max-ms at least retry-first-ms",
        );
    }
    callmanager
}

fn media<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> Media {
    let mut scan = Scan::new(reader, root, &MEDIA);
    let mut codecs = Vec::new();
    let list = scan.strings("codecs");
    if list.is_empty() {
        scan.bad("codecs", "names no codec".to_owned());
    }
    for (word, place) in list {
        let codec = match word.as_str() {
            "ulaw" => Codec::G711Ulaw,
            "alaw" => Codec::G711Alaw,
            _ => {
                let accepts = find(MEDIA.keys, "codecs").accepts.to_string();
                let cure = nearest(&word, ["ulaw", "alaw"].into_iter())
                    .map(|near| format!("did you mean \"{near}\"?"));
                scan.reader.problem(
                    Severity::Error,
                    place,
                    "is no codec of this gateway",
                    Some(accepts),
                    cure,
                );
                continue;
            }
        };
        if codecs.contains(&codec) {
            let cure = "remove one of them".to_owned();
            scan.reader.problem(
                Severity::Error,
                place,
                "names the same codec twice",
                None,
                cure,
            );
        } else {
            codecs.push(codec);
        }
    }
    let media = Media {
        rtp_ports: rtp_ports(&mut scan),
        ptime_ms: scan.integer("ptime-ms"),
        codecs,
        jitter_min_ms: scan.integer("jitter-min-ms"),
        jitter_max_ms: scan.integer("jitter-max-ms"),
        jitter_fixed_ms: scan.integer("jitter-fixed-ms"),
        redundancy_payload_type: scan.integer("redundancy-payload-type"),
        dscp_media: scan.integer("dscp-media"),
        dscp_signalling: scan.integer("dscp-signalling"),
        rtp_source: scan.choice("rtp-source"),
    };
    if !scan.reader.broken && media.jitter_min_ms >= media.jitter_max_ms {
        let message = format!(
            "leaves no room below jitter-max-ms ({})",
            media.jitter_max_ms
        );
        scan.bad_with_cure(
            "jitter-min-ms",
            message,
            "make jitter-min-ms less than jitter-max-ms",
        );
    }
    media
}

fn rtp_ports(scan: &mut Scan<'_, '_>) -> PortRange {
    let key = find(MEDIA.keys, "rtp-ports");
    let read = |reader: &mut Reader<'_>, section: &Section<'_>, key: &Key| {
        let value = section.get(key.name)?;
        let ends: Option<(i64, i64)> = match value.get_ref() {
            DeValue::String(text) => text.split_once('-').and_then(|(first, last)| {
                Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
            }),
            DeValue::Array(array) => {
                let numbers: Vec<i64> = array
                    .iter()
                    .filter_map(|item| match item.get_ref() {
                        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
                        _ => None,
                    })
                    .collect();
                match (numbers.as_slice(), array.len()) {
                    ([first, last], 2) => Some((*first, *last)),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((first, last)) = ends else {
            reader.bad(section, key, "is not a range of ports");
            return None;
        };
        match (u16::try_from(first), u16::try_from(last)) {
            (Ok(first), Ok(last)) if first >= 1024 && first < last && first.is_multiple_of(2) => {
                Some(PortRange { first, last })
            }
            (Ok(first), Ok(last)) if first >= 1024 && first < last => {
                reader.bad(section, key, "begins with an odd port; RTP takes even ones");
                None
            }
            _ => {
                reader.bad(section, key, "is outside the accepted values");
                None
            }
        }
    };
    let range = read(scan.reader, &scan.section, key).or_else(|| default_of(key, read));
    range.unwrap_or(PortRange {
        first: 16_384,
        last: 32_767,
    })
}

/// A port may have two calls at a time, and takes a fresh RTP port for each while the old one winds down.
fn check_rtp_ports<'a>(
    reader: &mut Reader<'a>,
    root: &'a DeTable<'a>,
    media: &Media,
    ports: usize,
) {
    let needed = u32::try_from(ports).unwrap_or(u32::MAX).saturating_mul(4);
    let there = media.rtp_ports.even_ports();
    if !reader.broken && there < needed {
        let place = reader.place(&section(root, "media"), "rtp-ports");
        let message = format!("has {there} even ports; {ports} lines need {needed}");
        reader.problem(
            Severity::Error,
            place,
            message,
            None,
            "make the range larger".to_owned(),
        );
    }
}

fn line_thread<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> LineThread {
    let mut scan = Scan::new(reader, root, &LINE_THREAD);
    LineThread {
        realtime: scan.choice("realtime"),
        priority: scan.integer("priority"),
        lock_memory: scan.boolean("lock-memory"),
        block_ms: scan.integer("block-ms"),
        prefill_blocks: scan.integer("prefill-blocks"),
        shards: scan.integer("shards"),
    }
}

fn card<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>, line_thread: &LineThread) -> Card {
    let driver: CardDriver = Scan::new(reader, root, &CARD).choice("driver");
    let mut scan = Scan::new(reader, root, &SIM);
    let noise_dbm0 = scan.number("noise-dbm0");
    let sim = SimCard {
        ports: scan.integer("ports"),
        hybrid_loss_db: scan.number("hybrid-loss-db"),
        echo_delay_ms: scan.number("echo-delay-ms"),
        noise_dbm0: (noise_dbm0 > -100.0).then_some(noise_dbm0),
    };
    let dahdi = DahdiCard {
        buffers: Scan::new(reader, root, &DAHDI).integer("buffers"),
    };
    match driver {
        CardDriver::Sim => Card::Sim(sim),
        CardDriver::Dahdi if reader.broken => Card::Dahdi(dahdi),
        CardDriver::Dahdi => {
            check_dahdi(reader, root, line_thread, dahdi);
            Card::Dahdi(dahdi)
        }
    }
}

/// What the kernel's buffers ask of the line thread.
fn check_dahdi<'a>(
    reader: &mut Reader<'a>,
    root: &'a DeTable<'a>,
    line_thread: &LineThread,
    dahdi: DahdiCard,
) {
    if line_thread.block_ms < DAHDI_SHORTEST_BLOCK_MS {
        let place = reader.place(&section(root, LINE_THREAD.name), "block-ms");
        let message = "is too short for DAHDI, which takes blocks of 16 samples (2 ms) and more";
        let cure = "make block-ms 2 or more".to_owned();
        reader.problem(Severity::Error, place, message, None, cure);
    }
    // One more for the block that is being written, one for a late wake.
    if line_thread.prefill_blocks + 2 > u16::from(dahdi.buffers) {
        let place = reader.place(&section(root, LINE_THREAD.name), "prefill-blocks");
        let message = format!(
            "leaves no room in the {} buffers that [dahdi] has",
            dahdi.buffers
        );
        let cure = "make [dahdi] buffers at least prefill-blocks and two".to_owned();
        reader.problem(Severity::Error, place, message, None, cure);
    }
}

fn control<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> Control {
    let mut scan = Scan::new(reader, root, &CONTROL);
    let key = find(CONTROL.keys, "socket");
    let socket = scan.reader.string_or_default(&scan.section, key);
    if !Path::new(&socket).is_absolute() {
        scan.bad("socket", "is not an absolute path".to_owned());
    } else if socket.len() > 107 {
        scan.bad("socket", format!("has {} bytes", socket.len()));
    }
    let group = scan.string("group").filter(|group| {
        let good = group
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if !good {
            scan.bad("group", "is not the name of a group".to_owned());
        }
        good
    });
    Control {
        socket: PathBuf::from(socket),
        group,
    }
}

fn history<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> History {
    let mut scan = Scan::new(reader, root, &HISTORY);
    History {
        keep_days: scan.integer("keep-days"),
        max_mb: scan.integer("max-mb"),
        fax_identities: scan.choice("fax-identities"),
    }
}

fn log<'a>(reader: &mut Reader<'a>, root: &'a DeTable<'a>) -> Log {
    let mut scan = Scan::new(reader, root, &LOG);
    Log {
        level: scan.choice("level"),
        format: scan.choice("format"),
    }
}
