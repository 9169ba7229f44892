//! Every table and key of the configuration file: range, default and meaning.
//!
//! This is the one place a key is described. The checks, the shipped `tipring.toml` and the man page of the file
//! are made from it. Defaults are written as TOML and go through the same checks as a file.

use std::fmt;

use crate::choice::{
    AfterFarHangUp, CallerIdChoice, CardDriver, FlashAction, LogFormat, LogLevel, Naming, Profile,
    PulseDigits, Realtime, RtpSource,
};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accepts {
    /// An integer in a range, both ends included.
    Integer(i64, i64),
    /// One of a few integers.
    IntegerOf(&'static [i64]),
    /// A number in a range.
    Number(f64, f64),
    /// `true` or `false`.
    Bool,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// A text of at most so many characters, described in words.
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

const fn key(
    name: &'static str,
    accepts: Accepts,
    default: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        accepts,
        absent: Absent::Value(default),
        help,
    }
}

const fn open(
    name: &'static str,
    accepts: Accepts,
    meaning: &'static str,
    example: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        accepts,
        absent: Absent::Otherwise { meaning, example },
        help,
    }
}

/// `[gateway]`
pub const GATEWAY: Table = Table {
    name: "gateway",
    help: "Who the gateway is to the CallManagers.",
    keys: &[
        key(
            "naming",
            Accepts::OneOf(Naming::NAMES),
            "\"vgc\"",
            "How device names are made: vgc (VGC, last 10 digits of the MAC, port 01-99), an (AN, 10 digits, 400 for port 1, 401 ...), sep (SEP and 12 digits).",
        ),
        open(
            "mac",
            Accepts::Text(17, "12 hex digits, also with : - or . between them"),
            "the MAC of the first physical network interface, which is remembered",
            "\"02:00:5e:10:20:30\"",
            "MAC address that device names are made of. Without it the interface is chosen at the first start and remembered: others that come later change no name.",
        ),
        open(
            "name-base",
            Accepts::Text(13, "printable ASCII without spaces"),
            "made of the MAC",
            "\"LOBBY\"",
            "Replaces everything in the device names before the digits of the port.",
        ),
        open(
            "device-type",
            Accepts::Integer(1, 65_535),
            "10 with vgc, 30027 with an, 12 with sep",
            "30027",
            "SCCP device type number of all ports.",
        ),
        key(
            "protocol-version",
            Accepts::Integer(3, 22),
            "3",
            "SCCP protocol version to offer. 3 is understood alike by all servers.",
        ),
        open(
            "address",
            Accepts::Text(15, "an IPv4 address of this machine"),
            "the address that the connection to the CallManager has",
            "\"192.0.2.10\"",
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
            "CallManagers in order of preference.",
        ),
        key(
            "connect-timeout-ms",
            Accepts::Integer(100, 60_000),
            "4000",
            "Longest wait for a TCP connection.",
        ),
        key(
            "register-timeout-ms",
            Accepts::Integer(500, 60_000),
            "10000",
            "Longest wait for the answer to Register.",
        ),
        key(
            "keepalive-answer-ms",
            Accepts::Integer(200, 60_000),
            "5000",
            "A KeepAlive unanswered for so long counts as missed.",
        ),
        key(
            "keepalive-misses",
            Accepts::Integer(0, 20),
            "4",
            "So many missed in a row are a lost link when there is another server; 0: only three intervals without an answer are.",
        ),
        key(
            "retry-first-ms",
            Accepts::Integer(100, 600_000),
            "1000",
            "First wait after no server of the list could be used; it doubles.",
        ),
        key(
            "retry-max-ms",
            Accepts::Integer(100, 3_600_000),
            "60000",
            "Longest such wait; while no server answers, few ports try more often, one of all about every 4 s.",
        ),
        key(
            "probe-s",
            Accepts::Integer(5, 3_600),
            "30",
            "How often a preferred server is asked whether it takes a port back while a lesser one serves.",
        ),
        key(
            "register-stagger-ms",
            Accepts::Integer(0, 10_000),
            "20",
            "Time between the first registrations of two ports, so that they do not all knock at once.",
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
            "Local UDP ports for RTP; at least four even ones for each port.",
        ),
        key(
            "ptime-ms",
            Accepts::IntegerOf(&[10, 20, 30]),
            "20",
            "Milliseconds of sound in a packet when the CallManager leaves it open.",
        ),
        key(
            "codecs",
            Accepts::List("one or both of \"ulaw\" and \"alaw\""),
            "[\"ulaw\", \"alaw\"]",
            "Codecs to offer, best first.",
        ),
        key(
            "jitter-min-ms",
            Accepts::Integer(0, 500),
            "0",
            "Least delay of the jitter buffer, and the one it begins with. It grows by itself on a network that needs more.",
        ),
        key(
            "jitter-max-ms",
            Accepts::Integer(10, 1_000),
            "200",
            "Most delay of the jitter buffer.",
        ),
        key(
            "jitter-fixed-ms",
            Accepts::Integer(20, 500),
            "100",
            "Delay of the jitter buffer for machines: with the profiles fax, modem and alarm, and on others once a machine is heard. It does not change then.",
        ),
        key(
            "redundancy-payload-type",
            Accepts::Integer(77, 127),
            "90",
            "RTP payload type of packets with earlier ones in them (RFC 2198; see redundancy of [[port]]). Nothing negotiates it: the far end must be set to the same one. Not the type of telephone-events, mostly 101: with that nothing is sent again. 90 is what gateways of Cisco have.",
        ),
        key(
            "dscp-media",
            Accepts::Integer(0, 63),
            "46",
            "DSCP of RTP packets (46 is EF).",
        ),
        key(
            "dscp-signalling",
            Accepts::Integer(0, 63),
            "24",
            "DSCP of SCCP packets (24 is CS3).",
        ),
        key(
            "rtp-source",
            Accepts::OneOf(RtpSource::NAMES),
            "\"latch\"",
            "Whose RTP is heard. The address and port that the CallManager names for the far end always come first. latch: where that one is silent or none is named (music on hold, announcements), also the first source that sends valid RTP, other ports of the named host before other hosts, for as long as it sends. host: no other hosts. strict: the named address and port alone; music on hold of a CallManager is then not heard.",
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
            "SCHED_FIFO scheduling: auto (if allowed, and said once when refused), required (or the daemon does not start), off.",
        ),
        key(
            "priority",
            Accepts::Integer(1, 99),
            "50",
            "SCHED_FIFO priority.",
        ),
        key(
            "lock-memory",
            Accepts::Bool,
            "true",
            "Lock the process memory, if allowed.",
        ),
        key(
            "block-ms",
            Accepts::IntegerOf(&[1, 2, 5, 10]),
            "10",
            "Milliseconds of sound handled at a time.",
        ),
        key(
            "prefill-blocks",
            Accepts::Integer(1, 16),
            "2",
            "Blocks written ahead of the card at start and after an underrun: the delay towards the set.",
        ),
        key(
            "shards",
            Accepts::Integer(0, 16),
            "0",
            "Threads that share the ports; 0: one for each 250 ports, but one processor stays free of them.",
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
        "sim: simulated lines, sets and fax machines. dahdi: the channels of DAHDI cards.",
    )],
};

/// `[sim]`
pub const SIM: Table = Table {
    name: "sim",
    help: "The simulated card.",
    keys: &[
        key("ports", Accepts::Integer(1, 512), "4", "Ports of the card."),
        key(
            "hybrid-loss-db",
            Accepts::Number(0.0, 100.0),
            "20.0",
            "Trans-hybrid loss: how far below the played sound its echo returns.",
        ),
        key(
            "echo-delay-ms",
            Accepts::Number(0.0, 100.0),
            "0.5",
            "Delay of that echo.",
        ),
        key(
            "noise-dbm0",
            Accepts::Number(-100.0, -20.0),
            "-70.0",
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
        "Blocks that the kernel keeps for each channel and direction: so late the line thread may be before sound is lost. They make no delay; [line-thread] prefill-blocks does.",
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
            "Where the daemon listens.",
        ),
        open(
            "group",
            Accepts::Text(32, "the name of a group"),
            "only the daemon's own user and root",
            "\"adm\"",
            "Group whose members may use the socket.",
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
            "How much.",
        ),
        key(
            "format",
            Accepts::OneOf(LogFormat::NAMES),
            "\"auto\"",
            "auto: the journal under systemd, else text on standard error.",
        ),
    ],
};

/// Settings that `[defaults]` and `[[port]]` share.
pub const PORT_SETTINGS: &[Key] = &[
    key(
        "profile",
        Accepts::OneOf(Profile::NAMES),
        "\"phone\"",
        "What is at the end of the line. Presets the settings below: fax and modem (no caller ID, flash, call-waiting or stutter tone, silence after the far end hung up; fax: v8-squelch), alarm (the same, more patient), door (no caller ID or flash, busy tone after the far end hung up).",
    ),
    key(
        "country",
        Accepts::Text(16, "the code of a country file"),
        "\"us\"",
        "Tones, ring cadence, caller ID and flash times of this country.",
    ),
    key(
        "caller-id",
        Accepts::OneOf(CallerIdChoice::NAMES),
        "\"country\"",
        "How the set is told who calls.",
    ),
    key(
        "flash",
        Accepts::OneOf(FlashAction::NAMES),
        "\"transfer\"",
        "What a hookflash does in a call: transfer (second call, flash or hang up joins), hold, send (the CallManager decides), ignore.",
    ),
    open(
        "flash-min-ms",
        Accepts::Integer(30, 2_000),
        "as the country has it",
        "200",
        "Shortest loop opening that is a flash.",
    ),
    open(
        "flash-max-ms",
        Accepts::Integer(50, 5_000),
        "as the country has it",
        "1250",
        "Longest loop opening that is a flash; a longer one is a hang-up.",
    ),
    key(
        "pulse-dialing",
        Accepts::Bool,
        "true",
        "Understand dial pulses.",
    ),
    open(
        "pulse-digits",
        Accepts::OneOf(PulseDigits::NAMES),
        "as the country has it",
        "\"standard\"",
        "Pulses of each digit: standard (1 for 1, 10 for 0), nz (New Zealand: 9 for 1, 10 for 0), sweden (1 for 0, 2 for 1).",
    ),
    key(
        "transfer-on-hang-up",
        Accepts::Bool,
        "true",
        "Hanging up during a second call joins the two.",
    ),
    key(
        "call-waiting-tone",
        Accepts::Bool,
        "true",
        "Play the call-waiting tone into a call.",
    ),
    open(
        "call-waiting-repeat-s",
        Accepts::Integer(0, 600),
        "as the country has it",
        "10",
        "Seconds from one call-waiting tone to the next; 0: once.",
    ),
    key(
        "stutter-dial-tone",
        Accepts::Bool,
        "true",
        "Stutter dial tone while a message waits.",
    ),
    key(
        "disconnect-ms",
        Accepts::Integer(0, 5_000),
        "500",
        "Open the loop for so long when the far end hangs up (disconnect supervision); 0: do not.",
    ),
    key(
        "after-far-hang-up",
        Accepts::OneOf(AfterFarHangUp::NAMES),
        "\"reorder\"",
        "What the set hears after the far end hung up.",
    ),
    key(
        "first-digit-s",
        Accepts::Integer(1, 65_535),
        "20",
        "Dial tone for so long without a digit becomes reorder tone.",
    ),
    key(
        "reorder-s",
        Accepts::Integer(1, 65_535),
        "15",
        "Reorder tone for so long becomes the howler.",
    ),
    key(
        "howler-s",
        Accepts::Integer(0, 65_535),
        "60",
        "The howler (receiver off-hook tone) lasts so long; 0: no howler.",
    ),
    key(
        "preserved-rtp-s",
        Accepts::Integer(0, 3_600),
        "60",
        "A call whose CallManager is lost goes on; nobody can say then that its far end has hung up, so it ends when no RTP has come for so long (five times as long from a far end that suppresses silence); 0: only by hanging up.",
    ),
    key(
        "reminder-ring-s",
        Accepts::Integer(0, 65_535),
        "60",
        "Ring for so long to remind of a call left on hold.",
    ),
    key(
        "rx-gain-db",
        Accepts::Number(-14.0, 14.0),
        "0.0",
        "Gain from the line to the network.",
    ),
    key(
        "tx-gain-db",
        Accepts::Number(-14.0, 14.0),
        "0.0",
        "Gain from the network to the line.",
    ),
    key(
        "echo-canceller",
        Accepts::Bool,
        "true",
        "Take the echo of the line's hybrid out of what comes from the line. With the profiles phone and door, what is left of it is suppressed too.",
    ),
    key(
        "redundancy",
        Accepts::Integer(0, 2),
        "0",
        "Send so many earlier packets again with each one (RFC 2198) while machines talk: a lost packet then costs nothing. Costs as many times the bandwidth; the far end must take it. Taken it is always.",
    ),
    key(
        "echo-tail-ms",
        Accepts::Integer(16, 128),
        "64",
        "Longest echo path that is cancelled. Longer costs more and learns more slowly.",
    ),
    key(
        "fax-pass-through",
        Accepts::Bool,
        "true",
        "From the first tone of a fax or a modem on, from either side, the call passes data: a fixed deep jitter buffer, nothing suppressed, muted or left out. Voice returns after 10 s of silence, and at a set for people with the first key.",
    ),
    key(
        "v8-squelch",
        Accepts::Bool,
        "false",
        "Take V.8 (ANSam and the menu of the caller) out of both directions, so that Super G3 machines go on as G3, which bears a lost packet. The profile fax has it on; not for modems.",
    ),
    key(
        "vad",
        Accepts::Bool,
        "false",
        "Send no packets while the set is silent, but comfort noise (RFC 3389) when the silence begins or its level changes. Not while data passes. Comfort noise of the far end is played in any case.",
    ),
];

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
        "required",
        "1",
        "Channel of the card, from 1.",
    ),
    open(
        "number",
        Accepts::Integer(1, 512),
        "the channel",
        "1",
        "Number of the port on the panel, in commands and in its device name.",
    ),
    open(
        "label",
        Accepts::Text(64, "any text without control characters"),
        "empty",
        "\"Fax, 2nd floor\"",
        "For people.",
    ),
    open(
        "enabled",
        Accepts::Bool,
        "true",
        "true",
        "false: the port is not served.",
    ),
    open(
        "device-name",
        Accepts::Text(15, "printable ASCII without spaces"),
        "made by [gateway] naming",
        "\"VGC112233445501\"",
        "SCCP device name of this port.",
    ),
    open(
        "device-type",
        Accepts::Integer(1, 65_535),
        "as in [gateway]",
        "30027",
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
        "# Tipring gateway configuration. `tipring config check FILE` tells all problems at once.\n\
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

/// Wraps a text into comment lines that cannot be taken for a commented-out key.
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
