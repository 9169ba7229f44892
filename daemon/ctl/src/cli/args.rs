//! The command line.

mod explain;
mod fax;
mod short;
mod sim;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use tipring_ctl::wire::DEFAULT_SOCKET;
use tipring_proto::sccp::callmanager::{SWITCHES, Switches};

use super::complete;
use explain::EXPLAIN_EXAMPLES;
pub(crate) use explain::{About, ExplainArgs};
pub(crate) use fax::{FaxCommand, FaxMemoryCommand, T38When};
pub(crate) use short::{SHORT_HELP, completed};
pub(crate) use sim::{Fault, Sim, Until};

const EXIT_CODES: &str = "\
Exit codes:
  0   done; the answer is yes
  1   the command failed, was refused, or the answer is no (a fax that did not
      go through; `port test` of a line that is noisy or was not measured;
      `port restart` that left a port alone because it is in a call;
      `status --check` with a finding; `hardware` without a line that can be
      used; `setup` that was not agreed to), or the answer could
      not be written (full disk, closed pipe), whatever it was
  2   wrong use
  3   the daemon is not reachable
  4   timed out: the daemon did not answer, or what was waited for did not happen
  78  the configuration has errors
  `status --nagios` has the codes of monitoring plugins instead:
  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN";

const SHOW_EXAMPLE: &str = "\
Example:
  $ tipring config show 3
  port 3 in /etc/tipring/tipring.toml

  SETTING                VALUE             FROM
  channel                3                 [[port]] line 40
  label                  \"Fax\"             [[port]] line 41
  profile                \"fax\"             [[port]] line 42
  country                \"uk\"              [defaults] line 12
  flash                  \"ignore\"          profile fax
  flash-min-ms           75                country uk
  disconnect-ms          500               default
  ...";

const HISTORY_EXAMPLES: &str = "\
Examples:
  tipring history                      the last calls and findings of all ports
  tipring history 7 --since 2h         what happened on port 7 in the last two hours
  tipring history --findings --since 2026-11-29
                                       all findings since that day began
  tipring history --summary --since 7d
                                       calls, minutes and lost packets of each port in a week
  tipring history --calls --limit 1000 --json
                                       calls with all their figures";

/// See, test and try the lines of a Tipring gateway.
#[derive(Debug, Parser)]
#[command(name = "tipring", version = tipring_ctl::VERSION, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    /// Control socket of the daemon
    #[arg(long, global = true, value_name = "PATH", default_value = DEFAULT_SOCKET, env = "TIPRING_SOCKET")]
    pub(crate) socket: PathBuf,

    /// Answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,

    /// Seconds to wait for an answer of the daemon
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) timeout: std::time::Duration,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole gateway: how many ports work, every finding with its cause and its cure
    Status(Status),
    /// Read the configuration file again and use what can be used without touching a call
    ///
    /// Shows what is in use now, which ports take it after their call, and what needs a restart. A file with errors
    /// changes nothing: all its problems are shown, and the exit code is 78.
    Reload,
    /// Ports: list, show, watch, test, restart
    #[command(subcommand)]
    Port(PortCommand),
    /// CallManagers: list, retry, prefer
    #[command(subcommand)]
    Server(ServerCommand),
    /// Calls: list, show
    #[command(subcommand)]
    Call(CallCommand),
    /// What is wrong with a port, a call or the gateway, in words: each cause, the figures behind it, what was ruled out by measuring, what to do
    ///
    /// The first line is the verdict. Of a port: what it is; every finding, with those of the gateway that matter to it, what
    /// costs most first, each with its figures and its cure (a port whose line has had a fault for some seconds unregisters, and its registration is
    /// no finding until the line works); what was measured and is in order, so that nobody looks there; and what happened on it in the last
    /// day. Of a call: who, how long, what each side heard, why it ended, what was noteworthy. Without an argument: the gateway.
    ///
    /// With --json each cause, figure and measurement has its code and its parameters beside the text.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Finished calls, faxes and findings, also those before the last restart
    ///
    /// Newest first. The daemon answers; when it is not running the file is read. With --json each call has its media
    /// figures: packets, jitter, playout delay, echo, fax and modem tones.
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Faxes that are over: list, show, stats; what is remembered of far ends: memory
    #[command(subcommand)]
    Fax(FaxCommand),
    /// What happens on ports, live: SCCP messages, hook, digits, media
    ///
    /// A line has the time, the port, the kind of the event and its text. Kinds: "<- sccp" and "-> sccp", messages from and
    /// to the CallManager with what they say; "hook", the loop; "digit", keys of the phone (tones and dial
    /// pulses) and telephone-events of the far end; "line", ringing, tones, caller ID, card and feed; "media", media legs; "register",
    /// connection and registration; "call", the state of a call; "fault", a fault of the line or its card.
    ///
    /// "call 12" is the gateway's own number of a call, as in "tipring call list"; "CallManager ref 7" is the CallManager's
    /// number of it, for its traces. A media leg has the number that the CallManager gave it (pass-through party).
    ///
    /// With --json an event has "code", a stable name of what happened, and "parameters" beside "kind" and "text", and
    /// "call" where it is about a call with a number. An SCCP message (code sccp-message) has its "name", "id",
    /// "direction" and "fields": numbers, texts, {word, number} for numbers that have a word, {address} for addresses,
    /// {bytes, hex} for bytes without a layout. Units are the ends of names: "_s", "_ms". The schema in /usr/share/tipring
    /// lists all codes.
    Trace(Trace),
    /// Act as the phone, fax machine or line of a simulated port
    Sim {
        /// Port number
        #[arg(value_parser = port(), add = complete::ports())]
        port: u16,
        #[command(subcommand)]
        action: Sim,
    },
    /// The configuration file: check, show, sample
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The cards, lines and drivers of this machine: which can be used, and why others cannot
    ///
    /// Needs no daemon, no DAHDI and no rights. Proposes /etc/dahdi/system.conf and /etc/tipring/tipring.toml, which
    /// `tipring setup` writes. Exit code 1: no line can be used.
    Hardware(HardwareArgs),
    /// Bring the cards of this machine into service: write the configuration of DAHDI and of the gateway
    ///
    /// Shows first what would change, and asks. Old files are kept beside the new ones. An existing tipring.toml keeps its
    /// settings, but for the card driver and what --country and --servers name; ports that it lacks are added. Exit code 1: nothing could be done, or the answer was no.
    Setup(SetupArgs),
    /// A CallManager to test against, as a TCP server; commands on standard input, `help` lists them
    Callmanager(CallManagerArgs),
    /// Play the server's side of a capture to a port, and show what the port does: ring, tones, media, and what it says
    ///
    /// For finding out why calls on a real CallManager go wrong. The port is one of this command's own: it needs no daemon and
    /// no card, and listens to nothing but the file. It registers in the version of the capture; its phone is lifted and its
    /// keys are pressed where the captured phone's were. No sound passes: no socket is opened, and the port is played as if
    /// every packet had come.
    ///
    /// FILE is a pcap or pcapng with the TCP connection of a phone to its CallManager, or JSON of --export or of `tipring trace --capture`. Each connection
    /// in it counts as a phone: phone-1, phone-2 in the order of their first message, whatever port they were.
    /// At the end stand the media legs, and how often the captured phone and our port sent what the other did not.
    Replay(ReplayArgs),
    /// Completion script for a shell, on standard output
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man {
        /// Directory
        dir: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// The capture
    pub(crate) file: PathBuf,
    /// Whose connection: the name in JSON, ADDRESS:PORT in a pcap; without it: each, one after another
    #[arg(long, value_name = "NAME")]
    pub(crate) phone: Option<String>,
    /// TCP port of the CallManager in a pcap
    #[arg(long, default_value = "2000", value_name = "PORT")]
    pub(crate) server_port: u16,
    /// Play it over TCP and in real time to a daemon with a simulated line, which is started for it; shows what the phone hears
    /// and what the far ends get
    #[arg(long, conflicts_with = "export")]
    pub(crate) live: bool,
    /// With --live: no daemon is started; the one on --socket has this address as the CallManager of its port --port
    #[arg(long, value_name = "ADDRESS:PORT", requires = "live")]
    pub(crate) listen: Option<std::net::SocketAddrV4>,
    /// With --listen: the port
    #[arg(long, default_value = "1", value_name = "N", value_parser = port(), add = complete::ports())]
    pub(crate) port: u16,
    /// Play nothing: write the capture as JSON with names, numbers and addresses replaced, to be given away
    #[arg(long, value_name = "OUT", conflicts_with = "phone")]
    pub(crate) export: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HardwareArgs {
    /// Look at a tree recorded elsewhere
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SetupArgs {
    /// Do it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Country whose tones and cadences the lines have, for example `us` or `de`
    #[arg(long, value_name = "CC")]
    pub(crate) country: Option<String>,
    /// CallManagers in order of preference, with commas between them
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) servers: Vec<String>,
    /// Work on a tree recorded elsewhere
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Status {
    /// For monitoring: show only what is wrong, and exit 1 when a port is not registered or in trouble, or the gateway is in trouble
    #[arg(long)]
    pub(crate) check: bool,
    /// For Nagios, Icinga and the like: one line, and exit 0 OK, 1 WARNING (service at risk), 2 CRITICAL (a port without service, or no daemon), 3 UNKNOWN
    #[arg(long, conflicts_with = "check")]
    pub(crate) nagios: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PortCommand {
    /// All ports, one line each
    List,
    /// One port in full
    Show {
        /// Port number
        #[arg(value_parser = port(), add = complete::ports())]
        port: u16,
    },
    /// One port in full, again and again
    Watch(Watch),
    /// Measure the noise and the mains hum of an idle line
    ///
    /// The phone stays on-hook, and nothing is sent to it. Lifting it, a call, or a fault of the line ends the test without
    /// a result. The level is without weighting, as the card's codec lets it through (which attenuates 50 and 60 Hz).
    /// A line is quiet below -50 dBm0. Exit code 1: it is not, or there is no result.
    Test {
        /// Port number
        #[arg(value_parser = port(), add = complete::ports())]
        port: u16,
        /// Seconds to measure
        #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = clap::value_parser!(u8).range(1..=60))]
        seconds: u8,
    },
    /// Unregister a port and register it again, with the best CallManager that answers
    ///
    /// Takes about a second, in which the port can neither call nor be called. A port in a call is left alone, and the exit
    /// code is 1; with --force it is restarted too: what is said goes on, and the CallManager may end the call.
    /// All ports: one after another, as after a start.
    Restart {
        /// Port number, or `all`
        #[arg(value_parser = port_choice, value_name = "PORT|all", add = complete::ports())]
        port: PortChoice,
        /// Ports in a call as well
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// All CallManagers of the list: who is registered there, what is wrong with them, when they are tried next
    List,
    /// Try now what would be tried later: forget waits, monitor times, and which CallManagers are passed by
    ///
    /// Ports that wait for their next attempt make it now, and better CallManagers are asked now whether they take ports back.
    /// No registered port is disturbed.
    Retry {
        /// The CallManager, as `server list` shows it; without it: all of them
        #[arg(add = complete::servers())]
        server: Option<String>,
    },
    /// Move the ports to this CallManager, and keep them there until the daemon restarts
    ///
    /// As if it stood first in the list of servers: one idle port asks it, and when it has been kept for the monitor time
    /// the others follow. A port in a call moves when the call is over. A CallManager that does not answer or refuses draws no port
    /// off. The file stays as it is.
    #[command(override_usage = "tipring server prefer [OPTIONS] <SERVER|--none>")]
    Prefer {
        /// The CallManager, as `server list` shows it; this or --none
        #[arg(add = complete::servers(), required_unless_present = "none")]
        server: Option<String>,
        /// Back to the order of the configuration
        #[arg(long, conflicts_with = "server")]
        none: bool,
    },
}

/// One port, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortChoice(pub(crate) Option<u16>);

fn port_choice(text: &str) -> Result<PortChoice, String> {
    match text.parse() {
        _ if text == "all" => Ok(PortChoice(None)),
        Ok(port @ 1..=1024) => Ok(PortChoice(Some(port))),
        _ => Err("accepted: 1 to 1024, or all".to_owned()),
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Watch {
    /// Port number
    #[arg(value_parser = port(), add = complete::ports())]
    pub(crate) port: u16,
    /// Interval of updates, seconds
    #[arg(long, default_value = "1", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) interval: std::time::Duration,
    /// Number of updates; without it: until interrupted
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CallCommand {
    /// Active and recent calls
    List,
    /// One call in full
    Show {
        /// Number of the call, as `call list` shows it
        #[arg(add = complete::calls())]
        id: u64,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HistoryArgs {
    /// Port number; without it: all ports, and the gateway as a whole
    #[arg(value_parser = port(), add = complete::ports())]
    pub(crate) port: Option<u16>,
    /// Leave out what ended before: an interval up to now (90min, 2h, 3d) or a local date or time (2026-11-29, "2026-11-29 08:30", 08:30)
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<u64>,
    /// Calls only
    #[arg(long, conflicts_with = "findings")]
    pub(crate) calls: bool,
    /// Findings only
    #[arg(long)]
    pub(crate) findings: bool,
    /// Add up the calls of each port: how many, answered, failed, minutes talked, packets lost
    #[arg(long, conflicts_with_all = ["calls", "findings", "limit"])]
    pub(crate) summary: bool,
    /// Largest number of calls, and of findings, to show
    #[arg(long, short = 'n', value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=i64::from(tipring_store::MOST_ROWS)))]
    pub(crate) limit: u32,
    /// Read this file instead of asking the daemon (which has its own file to itself while it runs)
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Trace {
    /// Port numbers; without any: all ports
    #[arg(value_parser = port(), add = complete::ports())]
    pub(crate) ports: Vec<u16>,
    /// Stop after this number of seconds
    #[arg(long, value_parser = seconds, value_name = "SECONDS")]
    pub(crate) duration: Option<std::time::Duration>,
    /// Stop after this number of events
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Record the SCCP messages of these ports, both ways, into a file for `tipring replay`; until Ctrl-C, or the end of the trace
    #[arg(long, value_name = "FILE", conflicts_with = "last")]
    pub(crate) capture: Option<PathBuf>,
    /// With --capture: leave names, numbers and addresses as they are, instead of replacing them
    #[arg(long, requires = "capture")]
    pub(crate) keep_identities: bool,
    /// Show the events that the daemon keeps of this port, and end
    #[arg(long, value_parser = port(), add = complete::ports(), value_name = "PORT", conflicts_with_all = ["ports", "duration", "count"])]
    pub(crate) last: Option<u16>,
}

/// A switch that the test CallManager knows.
fn switch(text: &str) -> Result<String, String> {
    Switches::default().set(text).map(|()| text.to_owned())
}

fn switch_help() -> String {
    let mut help = "A habit of Cisco's CallManager, with --dialect cisco; repeat for more. In brackets what holds without the switch:\n".to_owned();
    for (form, what) in SWITCHES {
        help.push_str(&format!("\n  {form}\n      {what}"));
    }
    help
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CallManagerArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:2000", value_name = "ADDRESS:PORT")]
    pub(crate) listen: std::net::SocketAddrV4,
    /// CallManager software to imitate: chan-skinny (Asterisk), chan-sccp (Asterisk, chan-sccp-b), mod-skinny (FreeSWITCH), wazo (wazo-libsccp), cisco (Cisco's own; see --switch)
    #[arg(long, default_value = "chan-skinny", value_parser = ["chan-skinny", "chan-sccp", "mod-skinny", "wazo", "cisco"])]
    pub(crate) dialect: String,
    /// A habit of Cisco's CallManager, with --dialect cisco; repeat for more. In brackets what holds without the switch
    #[arg(long, value_name = "NAME=VALUE", value_parser = switch, long_help = switch_help())]
    pub(crate) switch: Vec<String>,
    /// A device it knows; repeat for more
    #[arg(long, value_name = "NAME=NUMBER[=DISPLAY]")]
    pub(crate) device: Vec<String>,
    /// Refuse devices that it does not know, instead of giving them the next number
    #[arg(long)]
    pub(crate) no_auto: bool,
    /// First number given to devices that it does not know
    #[arg(long, default_value = "1001", value_name = "NUMBER")]
    pub(crate) first_number: u32,
    /// Keepalive interval that it asks for
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) keepalive: u32,
    /// A number with a message waiting; repeat for more
    #[arg(long, value_name = "NUMBER")]
    pub(crate) messages: Vec<String>,
    /// Send no StartTone for progress tones, as a server that plays them as audio
    #[arg(long)]
    pub(crate) early_rtp: bool,
    /// Name this address as the far end of the media until two ports are joined
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) own_media: Option<std::net::Ipv4Addr>,
    /// Name this address to two joined ports of one gateway for each other's media, with the port numbers as they are: a program there (a network with faults) passes the media on
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) media_through: Option<std::net::Ipv4Addr>,
    /// Payload type of telephone-events (RFC 4733, before: RFC 2833) to ask for; 0: none
    #[arg(long, default_value = "0", value_name = "TYPE", value_parser = clap::value_parser!(u32).range(0..=127))]
    pub(crate) rfc2833: u32,
    /// Payload type of named signalling events (NSE) to name in media messages of protocol version 21 and above
    #[arg(long, value_name = "TYPE", value_parser = clap::value_parser!(u8).range(96..=127))]
    pub(crate) nse: Option<u8>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file and show all its problems; settings that contradict each other once each by itself is right
    Check {
        /// The file; without it: /etc/tipring/tipring.toml
        file: Option<PathBuf>,
        /// Directory with further country files
        #[arg(long, value_name = "DIR", default_value = tipring_config::COUNTRIES_DIR)]
        countries: Option<PathBuf>,
    },
    /// Every effective setting, and where it came from: default, country, profile, `[defaults]` or `[[port]]`
    ///
    /// Reads the file, not the daemon, so it shows what a start or a reload would use. Nearest wins: a key of the port's
    /// `[[port]]`, the profile named there, a key of `[defaults]`, the profile named there, the country, what is built in. A file
    /// with errors is reported as by `config check`, with exit code 78.
    #[command(after_help = SHOW_EXAMPLE)]
    Show {
        /// Port number; without it: the settings of the gateway
        #[arg(value_parser = port(), add = complete::ports())]
        port: Option<u16>,
        /// The file; without it: /etc/tipring/tipring.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Directory with further country files
        #[arg(long, value_name = "DIR", default_value = tipring_config::COUNTRIES_DIR)]
        countries: Option<PathBuf>,
    },
    /// A configuration file that shows every key with its default
    Sample,
}

fn port() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..=1024)
}

fn number_in(text: &str, low: f64, high: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (low..=high).contains(&n) => Ok(n),
        _ => Err(format!("accepted: {low} to {high}")),
    }
}

fn seconds(text: &str) -> Result<std::time::Duration, String> {
    number_in(text, 0.001, 86_400.0).map(std::time::Duration::from_secs_f64)
}

/// A moment in the past, in ms since 1970.
fn since(text: &str) -> Result<u64, String> {
    moment(text, &jiff::Zoned::now())
        .and_then(|at| u64::try_from(at.as_millisecond()).ok())
        .ok_or_else(|| {
            "accepted: an interval up to now (90min, 2h, 3d), a local date (2026-11-29), date and time (\"2026-11-29 08:30\") or \
             time of today (08:30)"
                .to_owned()
        })
}

fn moment(text: &str, now: &jiff::Zoned) -> Option<jiff::Timestamp> {
    use jiff::civil::{DateTime, Time};
    let local = |at: DateTime| at.to_zoned(now.time_zone().clone()).ok();
    if let Ok(span) = text.parse::<jiff::Span>() {
        let at = now.checked_sub(span).ok()?;
        return (!span.is_negative()).then(|| at.timestamp());
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at);
    }
    let at = match text.parse::<Time>() {
        Ok(time) if !text.contains('-') => now.date().to_datetime(time),
        _ => text.parse::<DateTime>().ok()?,
    };
    Some(local(at)?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_interval_up_to_now_or_a_local_date_or_time() {
        // By its rule and not by its name: a machine without a time zone database has no names.
        let berlin = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = "2026-11-29T13:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let now = now.to_zoned(berlin);
        for (text, wanted) in [
            ("2h", "2026-11-29T11:00:00Z"),
            ("90min", "2026-11-29T11:30:00Z"),
            ("1d 30m", "2026-11-28T12:30:00Z"),
            ("3w", "2026-11-08T13:00:00Z"),
            ("2026-11-28", "2026-11-27T23:00:00Z"),
            ("2026-07-01 08:30", "2026-07-01T06:30:00Z"),
            ("2026-11-29T08:30:15", "2026-11-29T07:30:15Z"),
            ("2026-11-29T08:30:15Z", "2026-11-29T08:30:15Z"),
            ("08:30", "2026-11-29T07:30:00Z"),
        ] {
            let at = moment(text, &now).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(at.to_string(), wanted, "{text}");
        }
        for text in ["", "2", "-2h", "yesterday", "2026-13-01", "25:00", "h"] {
            assert_eq!(moment(text, &now), None, "{text}");
        }
    }

    #[test]
    fn the_last_events_are_of_one_port_and_not_followed() {
        let parse = |args: &[&str]| Args::try_parse_from([&["tipring", "trace"], args].concat());
        let parsed = parse(&["--last", "3"]).map(|args| args.command);
        assert!(
            matches!(&parsed, Ok(Command::Trace(t)) if t.last == Some(3) && t.ports.is_empty()),
            "{parsed:?}"
        );
        for both in [&["--last", "3", "4"][..], &["--last", "3", "--count", "1"]] {
            assert!(parse(both).is_err(), "{both:?}");
        }
    }
}
