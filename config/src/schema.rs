//! Every table and key of the configuration file: range, default and meaning.
//!
//! This and [`settings`](crate::settings) (what `[defaults]` and `[[port]]` share) are where a key is described. The checks, the shipped `tipring.toml` and the man page of the file
//! are made from it. Defaults are written as TOML and go through the same checks as a file.

use std::fmt;

use crate::change::When;
use crate::choice::{
    CardDriver, CodePage, FaxIdentities, LogFormat, LogLevel, Naming, Realtime, RtpSource,
};
pub use crate::settings::PORT_SETTINGS;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accepts {
    /// An integer in a range, both ends included.
    Integer(i64, i64),
    /// An integer in a range, or a word.
    IntegerOr(i64, i64, &'static str),
    /// One of a few integers.
    IntegerOf(&'static [i64]),
    /// A number in a range.
    Number(f64, f64),
    /// `true` or `false`.
    Bool,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// A text of at most this number of characters, described in words.
    Text(usize, &'static str),
    /// A list of texts, described in words.
    List(&'static str),
    /// `"first-last"` or `[first, last]`.
    PortRange,
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Accepts::Integer(low, high) => write!(f, "{low} to {high}"),
            Accepts::IntegerOr(low, high, word) => write!(f, "{low} to {high} or \"{word}\""),
            Accepts::IntegerOf(values) => {
                let words: Vec<String> = values.iter().map(i64::to_string).collect();
                f.write_str(&any_of(&words))
            }
            Accepts::Number(low, high) => write!(f, "{low} to {high}"),
            Accepts::Bool => f.write_str("true or false"),
            Accepts::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
                f.write_str(&any_of(&words))
            }
            Accepts::Text(max, what) => write!(f, "{what}, at most {max} characters"),
            Accepts::List(what) => f.write_str(what),
            Accepts::PortRange => f.write_str(
                "\"first-last\" or [first, last]: UDP ports 1024 to 65535, the first one even",
            ),
        }
    }
}

fn any_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// This value, as TOML.
    Value(&'static str),
    /// Something that depends on other things; with an example value.
    Otherwise {
        /// In words.
        meaning: &'static str,
        /// As TOML.
        example: &'static str,
    },
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Name, kebab-case.
    pub name: &'static str,
    /// What it takes.
    pub accepts: Accepts,
    /// What holds without it.
    pub absent: Absent,
    /// When a reload uses a change of it.
    pub when: When,
    /// What it means: one or two sentences.
    pub help: &'static str,
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// Name.
    pub name: &'static str,
    /// What it is about.
    pub help: &'static str,
    /// Its keys, in the order they are shown.
    pub keys: &'static [Key],
}

/// What is built in for a setting of a port, as TOML.
pub(crate) const fn default(value: &'static str) -> Absent {
    Absent::Value(value)
}

/// A setting of a port that its country has; with an example.
pub(crate) const fn of_country(example: &'static str) -> Absent {
    Absent::Otherwise {
        meaning: "as the country has it",
        example,
    }
}

const fn key(
    name: &'static str,
    accepts: Accepts,
    default: &'static str,
    when: When,
    help: &'static str,
) -> Key {
    Key {
        name,
        accepts,
        absent: Absent::Value(default),
        when,
        help,
    }
}

const fn open(
    name: &'static str,
    accepts: Accepts,
    meaning: &'static str,
    example: &'static str,
    when: When,
    help: &'static str,
) -> Key {
    Key {
        name,
        accepts,
        absent: Absent::Otherwise { meaning, example },
        when,
        help,
    }
}

const AT_START_LINE_THREAD: When = When::Restart {
    why: "the line thread and its buffers are made at start",
};
const AT_START_CARD: When = When::Restart {
    why: "the card is opened at start",
};
const AT_START_SIM: When = When::Restart {
    why: "the simulated card is made at start",
};
const AT_START_DAHDI: When = When::Restart {
    why: "a channel gets its buffers when it is opened",
};
const AT_START_SOCKET: When = When::Restart {
    why: "the control socket is made at start",
};
const AT_START_LOG: When = When::Restart {
    why: "where the log goes is settled at start",
};

/// `[gateway]`
pub const GATEWAY: Table = Table {
    name: "gateway",
    help: "Who the gateway is to the CallManagers.",
    keys: &[
        key(
            "naming",
            Accepts::OneOf(Naming::NAMES),
            "\"vgc\"",
            When::Registration,
            "How device names are made, and so what the ports are added as on the CallManager: vgc, the ports of a Cisco VG248 (VGC, the last 10 digits of the MAC, port 01 to 99); an, the analog phones of a VG224 under SCCP (AN, the same 10 digits, hex 3FF + port: 400 for port 1, 40A for port 11, 417 for port 24); sep, ATA 186 (port 1: SEP and the 12 digits; the others: SEP, the last 10 digits, and port - 1 as two hex digits). `tipring port list` shows the names.",
        ),
        open(
            "mac",
            Accepts::Text(17, "12 hex digits, also with : - or . between them"),
            "the MAC of the first physical network interface, which is remembered",
            "\"02:00:5e:10:20:30\"",
            When::Registration,
            "MAC address that device names are made of. Without it, that of a physical network interface is chosen at the first start and remembered, so that an interface added later changes no name.",
        ),
        open(
            "name-base",
            Accepts::Text(13, "printable ASCII without spaces"),
            "made of the MAC",
            "\"LOBBY\"",
            When::Registration,
            "Replaces everything in the device names before the digits of the port.",
        ),
        open(
            "device-type",
            Accepts::Integer(1, 65_535),
            "10 with vgc, 30027 with an, 12 with sep",
            "30027",
            When::Registration,
            "SCCP device type number of all ports, what they are to the CallManager: 10 is a port of a VG248, 30027 an analog phone of a gateway (VG224 and later), 12 an ATA 186. It must be the type that the devices were added as.",
        ),
        key(
            "protocol-version",
            Accepts::Integer(3, 22),
            "3",
            When::Registration,
            "SCCP protocol version to offer. 3 is understood alike by all servers.",
        ),
        open(
            "address",
            Accepts::Text(15, "an IPv4 address of this machine"),
            "the address that the connection to the CallManager has",
            "\"192.0.2.10\"",
            When::Registration,
            "Own address for signalling and media.",
        ),
    ],
};

/// `[callmanager]`
pub const CALLMANAGER: Table = Table {
    name: "callmanager",
    help: "Where the ports register.",
    keys: &[
        key(
            "servers",
            Accepts::List(
                "1 to 8 of \"address\", \"name\", \"address:port\" or \"name:port\" (IPv4)",
            ),
            "[\"127.0.0.1:2000\"]",
            When::Servers,
            "CallManagers in order of preference.",
        ),
        key(
            "connect-timeout-ms",
            Accepts::Integer(100, 60_000),
            "4000",
            When::Now,
            "Longest wait for a TCP connection; with another server in the list that may take it, a port leaves sooner, as with register-timeout-ms.",
        ),
        key(
            "register-timeout-ms",
            Accepts::Integer(500, 60_000),
            "10000",
            When::Idle,
            "Longest wait for the answer to Register. When another server of the list can be tried, the first gateway port at a server waits 2.5 s for the answer and the others 0.4 s; when other ports are registered elsewhere already, each waits 0.4 s. A server that was waited for in vain is passed by for 1 min, and longer each time, until it takes a port.",
        ),
        key(
            "keepalive-answer-ms",
            Accepts::Integer(200, 60_000),
            "5000",
            When::Idle,
            "Time after which an unanswered KeepAlive counts as missed. A server that has ever answered a KeepAlive is asked by one of its gateway ports every second, and after 1 s of silence by all others too. When there is a next server in the list, a port that then hears nothing for about 2 s goes there, whatever this key and keepalive-misses say.",
        ),
        key(
            "keepalive-misses",
            Accepts::Integer(0, 20),
            "4",
            When::Idle,
            "KeepAlives missed in a row after which a port goes to the next server. With one server only, or 0: the connection is given up three keepalive intervals after the last answer.",
        ),
        key(
            "retry-first-ms",
            Accepts::Integer(100, 600_000),
            "1000",
            When::Idle,
            "First retry interval when no server of the list could be used; it doubles with each attempt.",
        ),
        key(
            "retry-max-ms",
            Accepts::Integer(100, 3_600_000),
            "60000",
            When::Idle,
            "Longest retry interval; while no server answers, a few ports retry more often: together about once every 4 s.",
        ),
        key(
            "probe-s",
            Accepts::Integer(5, 3_600),
            "30",
            When::Idle,
            "Interval at which a preferred server is asked to take a port back from a less preferred one. One that was lost and does not answer is asked every second, by one port for all.",
        ),
        key(
            "monitor-s",
            Accepts::Integer(0, 3_600),
            "2",
            When::Now,
            "How long a preferred server has to keep the first port that came back before the others follow. Doubles while it comes and goes. Cisco's gateways call it connection monitor, with 120 s.",
        ),
        key(
            "standby",
            Accepts::Bool,
            "true",
            When::Idle,
            "Keep a second connection to the next server, over which a port registers when its own is lost. One port tries first; a server that closes such connections (chan_skinny) is tried ever less often.",
        ),
        key(
            "register-stagger-ms",
            Accepts::Integer(0, 10_000),
            "20",
            When::Idle,
            "Time between the first registrations of two ports, so that they do not all register at once.",
        ),
        key(
            "code-page",
            Accepts::OneOf(CodePage::NAMES),
            "\"windows-1252\"",
            When::Now,
            "The code page of names that the CallManager does not send in UTF-8: that of the user locale which these devices have there. Names with wrong letters in `call list` and on displays are a sign of another one.",
        ),
    ],
};

/// `[media]`
pub const MEDIA: Table = Table {
    name: "media",
    help: "Voice packets.",
    keys: &[
        key(
            "rtp-ports",
            Accepts::PortRange,
            "\"16384-32767\"",
            When::Now,
            "Local UDP ports for voice, at least 8 for each line: 4 even ones for RTP, and the odd one after each for RTCP.",
        ),
        key(
            "ptime-ms",
            Accepts::IntegerOf(&[10, 20, 30]),
            "20",
            When::Idle,
            "Milliseconds of sound in a packet when the CallManager leaves it open.",
        ),
        key(
            "codecs",
            Accepts::List("one or both of \"ulaw\" and \"alaw\""),
            "[\"ulaw\", \"alaw\"]",
            When::Registration,
            "Codecs to offer, best first.",
        ),
        key(
            "jitter-min-ms",
            Accepts::Integer(0, 500),
            "0",
            When::Idle,
            "Least delay of the jitter buffer, and the one it begins with. It grows by itself on a network that needs more.",
        ),
        key(
            "jitter-max-ms",
            Accepts::Integer(10, 1_000),
            "200",
            When::Idle,
            "Most delay of the jitter buffer.",
        ),
        key(
            "jitter-fixed-ms",
            Accepts::Integer(20, 500),
            "100",
            When::Idle,
            "Fixed delay of the jitter buffer for fax and modem calls: with the profiles fax, modem and alarm, and on others once a fax or modem tone is detected.",
        ),
        key(
            "redundancy-payload-type",
            Accepts::Integer(77, 127),
            "90",
            When::Idle,
            "RTP payload type of packets with earlier ones in them (RFC 2198; see redundancy of [[port]]). It is not negotiated: the far end must be set to the same one. Not the type of telephone-events, mostly 101: with that one no redundancy is sent. 90 is what gateways of Cisco have.",
        ),
        key(
            "dscp-media",
            Accepts::Integer(0, 63),
            "46",
            When::Idle,
            "DSCP of RTP packets (46 is EF).",
        ),
        key(
            "dscp-signalling",
            Accepts::Integer(0, 63),
            "24",
            When::Now,
            "DSCP of SCCP packets (24 is CS3).",
        ),
        key(
            "rtp-source",
            Accepts::OneOf(RtpSource::NAMES),
            "\"latch\"",
            When::Idle,
            "From where RTP is played. strict: only from the address and port that the CallManager names for the far end; music on hold and announcements, for which it names none, are then not heard. host: also from another port of that address. latch: also from any other address. Such another source is taken only when the named one is silent or none is named; it is then heard until it stops sending itself or the named one sends.",
        ),
    ],
};

/// `[line-thread]`
pub const LINE_THREAD: Table = Table {
    name: "line-thread",
    help: "The thread that moves sound between the card and the network.",
    keys: &[
        key(
            "realtime",
            Accepts::OneOf(Realtime::NAMES),
            "\"auto\"",
            AT_START_LINE_THREAD,
            "SCHED_FIFO scheduling: auto (if allowed, and said once when refused), required (or the daemon does not start), off.",
        ),
        key(
            "priority",
            Accepts::Integer(1, 99),
            "50",
            AT_START_LINE_THREAD,
            "SCHED_FIFO priority.",
        ),
        key(
            "lock-memory",
            Accepts::Bool,
            "true",
            AT_START_LINE_THREAD,
            "Lock the process memory, if allowed.",
        ),
        key(
            "block-ms",
            Accepts::IntegerOf(&[1, 2, 5, 10]),
            "10",
            AT_START_LINE_THREAD,
            "Milliseconds of sound handled at a time.",
        ),
        key(
            "prefill-blocks",
            Accepts::Integer(1, 16),
            "2",
            AT_START_LINE_THREAD,
            "Blocks written ahead of the card at start and after an underrun: the delay towards the phone.",
        ),
        key(
            "shards",
            Accepts::Integer(0, 16),
            "0",
            AT_START_LINE_THREAD,
            "Line threads that share the ports; 0: one for each 250 ports, but never more than the processors less one.",
        ),
    ],
};

/// `[card]`
pub const CARD: Table = Table {
    name: "card",
    help: "Where the lines come from.",
    keys: &[key(
        "driver",
        Accepts::OneOf(CardDriver::NAMES),
        "\"sim\"",
        AT_START_CARD,
        "sim: simulated lines, phones and fax machines. dahdi: the channels of DAHDI cards.",
    )],
};

/// `[sim]`
pub const SIM: Table = Table {
    name: "sim",
    help: "The simulated card.",
    keys: &[
        key(
            "ports",
            Accepts::Integer(1, 512),
            "4",
            AT_START_SIM,
            "Ports of the card.",
        ),
        key(
            "hybrid-loss-db",
            Accepts::Number(0.0, 100.0),
            "20.0",
            AT_START_SIM,
            "Trans-hybrid loss: how far below the played sound its echo returns.",
        ),
        key(
            "echo-delay-ms",
            Accepts::Number(0.0, 100.0),
            "0.5",
            AT_START_SIM,
            "Delay of that echo.",
        ),
        key(
            "noise-dbm0",
            Accepts::Number(-100.0, -20.0),
            "-70.0",
            AT_START_SIM,
            "Noise of the lines; -100 is none at all.",
        ),
    ],
};

/// `[dahdi]`
pub const DAHDI: Table = Table {
    name: "dahdi",
    help: "The channels of DAHDI cards.",
    keys: &[key(
        "buffers",
        Accepts::Integer(4, 32),
        "32",
        AT_START_DAHDI,
        "Blocks that the kernel can hold for each channel and direction: the line thread may be late by this number before sound from the line is lost. The phone hears a gap sooner, after prefill-blocks of [line-thread]. They add no delay; [line-thread] prefill-blocks does.",
    )],
};

/// `[control]`
pub const CONTROL: Table = Table {
    name: "control",
    help: "The socket of the tipring command.",
    keys: &[
        key(
            "socket",
            Accepts::Text(107, "an absolute path"),
            "\"/run/tipring/control.sock\"",
            AT_START_SOCKET,
            "Where the daemon listens.",
        ),
        open(
            "group",
            Accepts::Text(32, "the name of a group"),
            "the daemon's own group, which is tipring in the Debian package",
            "\"adm\"",
            AT_START_SOCKET,
            "Group whose members may use the socket, beside root and the daemon's own user.",
        ),
    ],
};

/// `[history]`
pub const HISTORY: Table = Table {
    name: "history",
    help: "Finished calls, faxes and findings that are kept over a restart, in a file of the daemon's state directory (`tipring history`, `tipring fax`).",
    keys: &[
        key(
            "keep-days",
            Accepts::Integer(0, 3_650),
            "365",
            When::Now,
            "Days after which a call, fax or finding is removed. 0: nothing is kept, and what was kept is removed.",
        ),
        key(
            "max-mb",
            Accepts::Integer(1, 1_024),
            "64",
            When::Now,
            "Size of the file, in megabytes; some 3000 calls fit in one. When it is reached the oldest calls, faxes and findings are removed.",
        ),
        key(
            "fax-identities",
            Accepts::OneOf(FaxIdentities::NAMES),
            "\"store\"",
            When::Now,
            "The numbers and names by which fax machines identify themselves (TSI, CSI): kept with each fax, or hidden from the history and from traces.",
        ),
    ],
};

/// `[log]`
pub const LOG: Table = Table {
    name: "log",
    help: "What the daemon logs.",
    keys: &[
        key(
            "level",
            Accepts::OneOf(LogLevel::NAMES),
            "\"info\"",
            When::Now,
            "How much.",
        ),
        key(
            "format",
            Accepts::OneOf(LogFormat::NAMES),
            "\"auto\"",
            AT_START_LOG,
            "auto: the journal under systemd, else text on standard error.",
        ),
    ],
};

/// `[defaults]`
pub const DEFAULTS: Table = Table {
    name: "defaults",
    help: "Settings of all ports. Nearest wins: a key of the port, then the profile named in the port, then a key here, then the profile named here.",
    keys: PORT_SETTINGS,
};

/// Settings that only `[[port]]` has.
pub const PORT_ONLY: &[Key] = &[
    open(
        "channel",
        Accepts::Integer(1, 1024),
        "an error; with no [[port]] at all, the simulated card has ports 1, 2, 3 and so on",
        "1",
        When::Line,
        "DAHDI channel number, counted over all cards as in system.conf; of the simulated card, 1 to [sim] ports.",
    ),
    open(
        "number",
        Accepts::Integer(1, 1024),
        "the channel",
        "1",
        When::Line,
        "Number of the port on the panel, in commands and in its device name.",
    ),
    open(
        "label",
        Accepts::Text(64, "any text without control characters"),
        "empty",
        "\"Fax, 2nd floor\"",
        When::Now,
        "For people.",
    ),
    open(
        "enabled",
        Accepts::Bool,
        "true",
        "true",
        When::Line,
        "false: the port is not served.",
    ),
    open(
        "device-name",
        Accepts::Text(15, "printable ASCII without spaces"),
        "made by [gateway] naming",
        "\"VGC112233445501\"",
        When::Registration,
        "SCCP device name of this port.",
    ),
    open(
        "device-type",
        Accepts::Integer(1, 65_535),
        "as in [gateway]",
        "30027",
        When::Registration,
        "SCCP device type number of this port.",
    ),
];

/// Tables that are there at most once, in the order they are shown.
pub const TABLES: &[&Table] = &[
    &GATEWAY,
    &CALLMANAGER,
    &MEDIA,
    &LINE_THREAD,
    &CARD,
    &SIM,
    &DAHDI,
    &CONTROL,
    &HISTORY,
    &LOG,
    &DEFAULTS,
];

/// Help for `[[port]]`.
pub const PORT_HELP: &str = "One table for each port in use. Without any, every port of the simulated card is served; \
with driver = \"dahdi\" they are needed (`tipring setup` writes them). Takes these keys and all of [defaults].";

/// A configuration file that shows every key with its default, commented out.
///
/// A line `# key = value` is the default; a line `#: key = value` is an example for a key whose absence means
/// something else. Uncommenting any `#` line changes nothing.
pub fn sample() -> String {
    let mut out = String::from(
        "# Tipring gateway configuration. `tipring config check FILE` shows all problems at once.\n\
         # Lines `# key = value` show the defaults; lines `#: key = value` are examples.\n",
    );
    for table in TABLES {
        out.push_str(&format!("\n{}\n[{}]\n", comment(table.help), table.name));
        for key in table.keys {
            show(&mut out, key);
        }
    }
    out.push_str(&format!("\n{}\n#: [[port]]\n", comment(PORT_HELP)));
    for key in PORT_ONLY {
        show(&mut out, key);
    }
    out
}

fn show(out: &mut String, key: &Key) {
    out.push_str(&format!("\n{}\n", comment(key.help)));
    match key.absent {
        Absent::Value(value) => {
            out.push_str(&format!(
                "{}\n# {} = {value}\n",
                comment(&format!("Takes {}.", key.accepts)),
                key.name
            ));
        }
        Absent::Otherwise { meaning, example } => {
            let takes = format!("Takes {}. Without it: {meaning}.", key.accepts);
            out.push_str(&format!(
                "{}\n#: {} = {example}\n",
                comment(&takes),
                key.name
            ));
        }
    }
}

/// Wraps a text into comment lines that cannot be mistaken for a commented-out key.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("##")];
    for word in text.split_whitespace() {
        let line = lines
            .last_mut()
            .filter(|line| line.len() + word.len() < 100);
        match line {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("## {word}")),
        }
    }
    lines.join("\n")
}
