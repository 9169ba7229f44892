//! What differs between two configurations, key by key, and when each change can be used.
//!
//! Promises: every key of the [`schema`](crate::schema) has its decision here (a test walks the schema); what is told
//! as usable without a restart is all that [`applicable`] takes over. Leaves to others: who is in a call, and acting.

use tipring_proto::types::PortId;

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
    when: When,
    differs: fn(&Config, &Config) -> bool,
}

/// A key of a port, and how to see that it changed.
struct OfPort {
    key: &'static str,
    when: When,
    differs: fn(&Port, &Port) -> bool,
}

const LINE_THREAD: When = When::Restart {
    why: "the line thread and its buffers are made at start",
};
const CARD: When = When::Restart {
    why: "the card is opened at start",
};
const SIM: When = When::Restart {
    why: "the simulated card is made at start",
};
const DAHDI: When = When::Restart {
    why: "a channel gets its buffers when it is opened",
};
const SOCKET: When = When::Restart {
    why: "the control socket is made at start",
};
const LOG: When = When::Restart {
    why: "where the log goes is settled at start",
};

macro_rules! tables {
    ($($table:literal $key:literal $when:expr, $($field:ident).+;)+) => {
        &[$(OfTable {
            table: $table,
            key: $key,
            when: $when,
            differs: |a, b| a.$($field).+ != b.$($field).+,
        },)+]
    };
}

macro_rules! ports {
    ($($key:literal $when:expr, $($field:ident).+;)+) => {
        &[$(OfPort {
            key: $key,
            when: $when,
            differs: |a, b| a.$($field).+ != b.$($field).+,
        },)+]
    };
}

/// Every key that a table has once.
const TABLES: &[OfTable] = tables! {
    "gateway" "mac" When::Registration, gateway.mac;
    "gateway" "protocol-version" When::Registration, gateway.protocol_version;
    "gateway" "address" When::Registration, gateway.address;
    "callmanager" "servers" When::Servers, callmanager.servers;
    "callmanager" "connect-timeout-ms" When::Now, callmanager.connect_timeout_ms;
    "callmanager" "register-timeout-ms" When::Idle, callmanager.register_timeout_ms;
    "callmanager" "keepalive-answer-ms" When::Idle, callmanager.keepalive_answer_ms;
    "callmanager" "keepalive-misses" When::Idle, callmanager.keepalive_misses;
    "callmanager" "retry-first-ms" When::Idle, callmanager.retry_first_ms;
    "callmanager" "retry-max-ms" When::Idle, callmanager.retry_max_ms;
    "callmanager" "probe-s" When::Idle, callmanager.probe_s;
    "callmanager" "register-stagger-ms" When::Idle, callmanager.register_stagger_ms;
    "media" "rtp-ports" When::Now, media.rtp_ports;
    "media" "ptime-ms" When::Idle, media.ptime_ms;
    "media" "codecs" When::Registration, media.codecs;
    "media" "jitter-min-ms" When::Idle, media.jitter_min_ms;
    "media" "jitter-max-ms" When::Idle, media.jitter_max_ms;
    "media" "jitter-fixed-ms" When::Idle, media.jitter_fixed_ms;
    "media" "redundancy-payload-type" When::Idle, media.redundancy_payload_type;
    "media" "dscp-media" When::Idle, media.dscp_media;
    "media" "dscp-signalling" When::Now, media.dscp_signalling;
    "media" "rtp-source" When::Idle, media.rtp_source;
    "line-thread" "realtime" LINE_THREAD, line_thread.realtime;
    "line-thread" "priority" LINE_THREAD, line_thread.priority;
    "line-thread" "lock-memory" LINE_THREAD, line_thread.lock_memory;
    "line-thread" "block-ms" LINE_THREAD, line_thread.block_ms;
    "line-thread" "prefill-blocks" LINE_THREAD, line_thread.prefill_blocks;
    "line-thread" "shards" LINE_THREAD, line_thread.shards;
    "control" "socket" SOCKET, control.socket;
    "control" "group" SOCKET, control.group;
    "log" "level" When::Now, log.level;
    "log" "format" LOG, log.format;
};

/// Keys whose change shows in the card, which is another value for each driver.
const CARDS: &[OfTable] = &[
    OfTable {
        table: "card",
        key: "driver",
        when: CARD,
        differs: |a, b| a.card.driver() != b.card.driver(),
    },
    OfTable {
        table: "sim",
        key: "ports",
        when: SIM,
        differs: |a, b| sim(a, b, |a, b| a.ports != b.ports),
    },
    OfTable {
        table: "sim",
        key: "hybrid-loss-db",
        when: SIM,
        differs: |a, b| sim(a, b, |a, b| a.hybrid_loss_db != b.hybrid_loss_db),
    },
    OfTable {
        table: "sim",
        key: "echo-delay-ms",
        when: SIM,
        differs: |a, b| sim(a, b, |a, b| a.echo_delay_ms != b.echo_delay_ms),
    },
    OfTable {
        table: "sim",
        key: "noise-dbm0",
        when: SIM,
        differs: |a, b| sim(a, b, |a, b| a.noise_dbm0 != b.noise_dbm0),
    },
    OfTable {
        table: "dahdi",
        key: "buffers",
        when: DAHDI,
        differs: |a, b| match (a.card.dahdi(), b.card.dahdi()) {
            (Some(a), Some(b)) => a.buffers != b.buffers,
            _ => false,
        },
    },
];

/// Every key of a port. `number` is not among them: a port with another number is another port.
const PORTS: &[OfPort] = ports! {
    "channel" When::Line, channel;
    "label" When::Now, label;
    "enabled" When::Line, enabled;
    "device-name" When::Registration, device;
    "device-type" When::Registration, device_type;
    "profile" When::Idle, profile;
    "country" When::Idle, country;
    "caller-id" When::Idle, caller_id;
    "flash" When::Idle, line.flash;
    "pulse-digits" When::Idle, line.pulse_digits;
    "transfer-on-hang-up" When::Idle, line.transfer_on_hang_up;
    "call-waiting-tone" When::Idle, line.call_waiting_tone;
    "call-waiting-repeat-s" When::Idle, line.call_waiting_repeat_ms;
    "stutter-dial-tone" When::Idle, line.stutter_dial_tone;
    "disconnect-ms" When::Idle, line.disconnect_ms;
    "after-far-hang-up" When::Idle, line.after_far_hang_up;
    "first-digit-s" When::Idle, line.first_digit_s;
    "reorder-s" When::Idle, line.reorder_s;
    "howler-s" When::Idle, line.howler_s;
    "preserved-rtp-s" When::Idle, line.preserved_rtp_s;
    "reminder-ring-s" When::Idle, line.reminder_ring_s;
    "rx-gain-db" When::Idle, line.rx_gain_tenth_db;
    "tx-gain-db" When::Idle, line.tx_gain_tenth_db;
    "redundancy" When::Idle, line.redundancy;
    "echo-canceller" When::Idle, line.echo_canceller;
    "echo-tail-ms" When::Idle, line.echo_tail_ms;
    "fax-pass-through" When::Idle, line.fax_pass_through;
    "v8-squelch" When::Idle, line.v8_squelch;
    "vad" When::Idle, line.vad;
};

/// Keys of a port that are not a value of the model each.
const WINDOWS: &[OfPort] = &[
    OfPort {
        key: "pulse-dialing",
        when: When::Idle,
        // How long a pulse may be follows from the flash window, which is told by its own keys.
        differs: |a, b| a.line.pulse_window.is_some() != b.line.pulse_window.is_some(),
    },
    OfPort {
        key: "flash-min-ms",
        when: When::Idle,
        differs: |a, b| {
            a.line.flash_window.map(|w| w.min_ms) != b.line.flash_window.map(|w| w.min_ms)
        },
    },
    OfPort {
        key: "flash-max-ms",
        when: When::Idle,
        differs: |a, b| {
            a.line.flash_window.map(|w| w.max_ms) != b.line.flash_window.map(|w| w.max_ms)
        },
    },
];

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
            when: of.when,
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
    let keys = PORTS.iter().chain(WINDOWS);
    keys.filter(|of| (of.differs)(running, new))
        .map(|of| Change {
            table: "port",
            key: of.key,
            when: of.when,
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
