//! What differs between two configurations, key by key, and when each change can be used.
//!
//! Promises: a change of every key of the [`schema`](crate::schema) is seen (a test walks the schema), and used when its
//! row says; what is reported as usable without a restart is all that [`applicable`] takes over. Leaves to others: who is in
//! a call, and acting.

use tipring_proto::types::PortId;

use crate::schema::{PORT_ONLY, TABLES as TABLES_OF_KEYS};
use crate::settings::{self, PORT_SETTINGS};
use crate::{Config, Port};

/// When a changed key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// By each port, as soon as it is in no call.
    Idle,
    /// By each port when it registers again, which it does as soon as it is in no call.
    Registration,
    /// By each port: it moves, in no call, when its server is not in the list any more or a better one answers.
    Servers,
    /// The port gives its line back, or takes one, in no call.
    Line,
    /// By nobody until the daemon starts again.
    Restart {
        /// Why.
        why: &'static str,
    },
}

impl When {
    /// Is it for each port to use it, and not before it is in no call?
    pub fn waits_for_ports(self) -> bool {
        match self {
            When::Idle | When::Registration | When::Servers | When::Line => true,
            When::Now | When::Restart { .. } => false,
        }
    }
}

/// A changed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its table; `port` for a key of one port.
    pub table: &'static str,
    /// Its name.
    pub key: &'static str,
    /// When it is used.
    pub when: When,
}

/// What became of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChange {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// These keys, named with the table that sets them for one port.
    Changed(Vec<Change>),
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Keys of the tables, in the order of the schema.
    pub tables: Vec<Change>,
    /// Ports, in order of number.
    pub ports: Vec<(PortId, PortChange)>,
}

impl Changes {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.ports.is_empty()
    }
}

/// A key of a table, and how to see that it changed.
struct OfTable {
    table: &'static str,
    key: &'static str,
    differs: fn(&Config, &Config) -> bool,
}

/// A key of a port, and how to see that it changed.
pub(crate) struct OfPort {
    pub(crate) key: &'static str,
    pub(crate) differs: fn(&Port, &Port) -> bool,
}

macro_rules! tables {
    ($($table:literal $key:literal $($field:ident).+;)+) => {
        &[$(OfTable {
            table: $table,
            key: $key,
            differs: |a, b| a.$($field).+ != b.$($field).+,
        },)+]
    };
}

macro_rules! ports {
    ($($key:literal $($field:ident).+;)+) => {
        &[$(OfPort {
            key: $key,
            differs: |a, b| a.$($field).+ != b.$($field).+,
        },)+]
    };
}

/// Every key that a table has once.
const TABLES: &[OfTable] = tables! {
    "gateway" "mac" gateway.mac;
    "gateway" "protocol-version" gateway.protocol_version;
    "gateway" "address" gateway.address;
    "callmanager" "servers" callmanager.servers;
    "callmanager" "connect-timeout-ms" callmanager.connect_timeout_ms;
    "callmanager" "register-timeout-ms" callmanager.register_timeout_ms;
    "callmanager" "keepalive-answer-ms" callmanager.keepalive_answer_ms;
    "callmanager" "keepalive-misses" callmanager.keepalive_misses;
    "callmanager" "retry-first-ms" callmanager.retry_first_ms;
    "callmanager" "retry-max-ms" callmanager.retry_max_ms;
    "callmanager" "probe-s" callmanager.probe_s;
    "callmanager" "monitor-s" callmanager.monitor_s;
    "callmanager" "standby" callmanager.standby;
    "callmanager" "register-stagger-ms" callmanager.register_stagger_ms;
    "callmanager" "code-page" callmanager.code_page;
    "media" "rtp-ports" media.rtp_ports;
    "media" "ptime-ms" media.ptime_ms;
    "media" "codecs" media.codecs;
    "media" "jitter-min-ms" media.jitter_min_ms;
    "media" "jitter-max-ms" media.jitter_max_ms;
    "media" "jitter-fixed-ms" media.jitter_fixed_ms;
    "media" "redundancy-payload-type" media.redundancy_payload_type;
    "media" "dscp-media" media.dscp_media;
    "media" "dscp-signalling" media.dscp_signalling;
    "media" "rtp-source" media.rtp_source;
    "line-thread" "realtime" line_thread.realtime;
    "line-thread" "priority" line_thread.priority;
    "line-thread" "lock-memory" line_thread.lock_memory;
    "line-thread" "block-ms" line_thread.block_ms;
    "line-thread" "prefill-blocks" line_thread.prefill_blocks;
    "line-thread" "shards" line_thread.shards;
    "control" "socket" control.socket;
    "control" "group" control.group;
    "history" "keep-days" history.keep_days;
    "history" "max-mb" history.max_mb;
    "history" "fax-identities" history.fax_identities;
    "log" "level" log.level;
    "log" "format" log.format;
};

/// Keys whose change shows in the card, which is another value for each driver.
const CARDS: &[OfTable] = &[
    OfTable {
        table: "card",
        key: "driver",
        differs: |a, b| a.card.driver() != b.card.driver(),
    },
    OfTable {
        table: "sim",
        key: "ports",
        differs: |a, b| sim(a, b, |a, b| a.ports != b.ports),
    },
    OfTable {
        table: "sim",
        key: "hybrid-loss-db",
        differs: |a, b| sim(a, b, |a, b| a.hybrid_loss_db != b.hybrid_loss_db),
    },
    OfTable {
        table: "sim",
        key: "echo-delay-ms",
        differs: |a, b| sim(a, b, |a, b| a.echo_delay_ms != b.echo_delay_ms),
    },
    OfTable {
        table: "sim",
        key: "noise-dbm0",
        differs: |a, b| sim(a, b, |a, b| a.noise_dbm0 != b.noise_dbm0),
    },
    OfTable {
        table: "dahdi",
        key: "buffers",
        differs: |a, b| match (a.card.dahdi(), b.card.dahdi()) {
            (Some(a), Some(b)) => a.buffers != b.buffers,
            _ => false,
        },
    },
];

/// Keys that only `[[port]]` has. `number` is not among them: a port with another number is another port.
const PORT_KEYS: &[OfPort] = ports! {
    "channel" channel;
    "label" label;
    "enabled" enabled;
    "device-name" device;
    "device-type" device_type;
    // The file of a country may have changed, too.
    "country" country;
};

/// Those, and every setting by its row.
fn of_ports() -> impl Iterator<Item = &'static OfPort> {
    let settings = settings::CHANGES.iter().filter(|of| of.key != "country");
    PORT_KEYS.iter().chain(settings)
}

/// When a change of a key is used, as its row says.
fn when(table: &str, key: &str) -> When {
    let keys = TABLES_OF_KEYS.iter().find(|t| t.name == table);
    let mut keys = keys
        .map_or(PORT_ONLY, |t| t.keys)
        .iter()
        .chain(PORT_SETTINGS);
    keys.find(|of| of.name == key)
        .map_or(When::Idle, |of| of.when)
}

fn sim(a: &Config, b: &Config, differs: fn(&crate::SimCard, &crate::SimCard) -> bool) -> bool {
    match (a.card.sim(), b.card.sim()) {
        (Some(a), Some(b)) => differs(a, b),
        _ => false,
    }
}

/// What differs between the configuration that runs and a new one.
pub fn changes(running: &Config, new: &Config) -> Changes {
    let tables = TABLES.iter().chain(CARDS);
    let tables = tables
        .filter(|of| (of.differs)(running, new))
        .map(|of| Change {
            table: of.table,
            key: of.key,
            when: when(of.table, of.key),
        });
    let mut ports: Vec<(PortId, PortChange)> = vec![];
    for port in &running.ports {
        match new.ports.iter().find(|p| p.id == port.id) {
            None => ports.push((port.id, PortChange::Removed)),
            Some(now) => {
                let changed = of_port(port, now);
                if !changed.is_empty() {
                    ports.push((port.id, PortChange::Changed(changed)));
                }
            }
        }
    }
    let known = |port: &&Port| running.ports.iter().any(|p| p.id == port.id);
    let added = new.ports.iter().filter(|port| !known(port));
    ports.extend(added.map(|port| (port.id, PortChange::Added)));
    ports.sort_by_key(|(id, _)| *id);
    Changes {
        tables: tables.collect(),
        ports,
    }
}

fn of_port(running: &Port, new: &Port) -> Vec<Change> {
    of_ports()
        .filter(|of| (of.differs)(running, new))
        .map(|of| Change {
            table: "port",
            key: of.key,
            when: when("port", of.key),
        })
        .collect()
}

/// The new configuration as far as it can be used without a restart.
pub fn applicable(running: &Config, new: Config) -> Config {
    Config {
        line_thread: running.line_thread,
        card: running.card.to_owned(),
        control: running.control.clone(),
        log: crate::Log {
            format: running.log.format,
            ..new.log
        },
        ..new
    }
}

#[cfg(test)]
mod tests;
