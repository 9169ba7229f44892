//! tipring-fields(7): what each field of `port show`, `call show`, `fax show` and `status` says. A test looks for fields without a line.

use clap_mangen::roff::{Roff, bold, roman};

use super::{Page, see_also};

/// A part of the output, and its fields.
type Part = (&'static str, &'static [(&'static str, &'static str)]);

const PARTS: &[Part] = &[
    (
        "STATUS",
        &[
            (
                "daemon",
                "Version of tipringd, time since its start, process number.",
            ),
            (
                "configuration",
                "The file that it has read; \"built-in defaults\" without one.",
            ),
            (
                "gateway",
                "The MAC address that device names are made of, and the own IP address with which the ports register.",
            ),
            (
                "card",
                "Driver and kind of the card, its ports, and the length of a block: the samples that are read and written at once.",
            ),
            (
                "lines",
                "Only when some channels are not open: lines whose channel is open, and lines whose channel is not.",
            ),
            (
                "span",
                "Number, name, description and driver of a DAHDI span, and how many of its lines are in service here.",
            ),
            (
                "ports",
                "Ports by state. Talking ports include preserved calls: those whose CallManager is lost while both ends still talk.",
            ),
            (
                "line thread",
                "Scheduling and memory of the realtime thread, its ports and its ticks (one for each block). A missed block is a block that was not served in time: not read, or nothing was written for it (overruns and underruns of the ports). p50 and p99: half, and 99 %, of all times are at or below this. \"wake\": from the end of a block to the thread's wake. \"tick\": all ports served. \"line to network\": from the end of a block to its packet. \"network to line\": from a packet's arrival to the card. \"ended too late\": the next block was complete before all ports were served; the times say by how much.",
            ),
            (
                "SERVER",
                "A CallManager, in order of preference. When something was wrong with it, a line below the table says when, what, and whether it is over.",
            ),
            ("PORTS", "Ports registered with it now."),
            (
                "next attempt, passed by",
                "When a port tries it next; for how long the others leave it out because one of them waited in vain.",
            ),
            (
                "ACCEPTED, REJECTED",
                "Registrations that it accepted and refused since the start.",
            ),
            (
                "LOST",
                "Registrations that were lost; not those that ended in order (a Reset or Restart of the CallManager, the way back to a preferred one).",
            ),
            (
                "FAILED",
                "Connections that came to nothing: no address, no answer, refused.",
            ),
        ],
    ),
    (
        "EXPLAIN",
        &[
            (
                "first line",
                "The verdict. dead: no service. works, but badly or at risk: a warning. not ready yet: it ends by itself. in order, but: something that figures show and that is no finding.",
            ),
            (
                "line, device, CallManager, now",
                "Channel, label, profile and country; SCCP device name and type; the CallManager with the registration; hook, state and far end.",
            ),
            (
                "What is wrong",
                "Findings of the port, and those of the gateway that matter to it; what costs most first. Lines with a dash: what the finding rests on. \"do\": the cure. note: what figures show (calls that failed, a forwarding, bad sound, strong echo, a finding that comes and goes).",
            ),
            (
                "Ruled out by measuring",
                "What was measured and is in order. What was not measured is not here.",
            ),
            (
                "Last 24 hours",
                "From the history: calls, those that failed, findings with how long they lasted, faxes with their verdict; and changes of the registration since the daemon was started.",
            ),
            (
                "heard here, heard there",
                "Of a call: what came from the far end (packets, share lost or late, jitter, delay, MOS), and what went there, with what the far end reports of it (RTCP). The level from the line is that of now, of a call that is up.",
            ),
        ],
    ),
    (
        "SERVER LIST",
        &[
            (
                "PLACE",
                "Place in [callmanager] servers. A star: put first with \"tipring server prefer\".",
            ),
            (
                "STATE",
                "serving: ports are registered there. watched: ports are back from a lesser CallManager, and those that are still there follow when the first one has been kept for monitor-s. in doubt: ports try to register, and nothing has come for 0.4 s. passed by: a port waited for it in vain, so the others try another one first. unusable: something was wrong when a port last tried to register. unreachable: no standby connection to it can be opened. unused: no port is there, and nothing was wrong when it was last reached. not tried: nothing is known of it (no port has tried it, and there is no standby connection).",
            ),
            ("PORTS", "Numbers of the ports registered there."),
            (
                "STANDBY",
                "Numbers of the ports with a standby connection there.",
            ),
            (
                "NEXT",
                "Time until a port connects to it, to register or as a standby, or asks whether it takes ports back.",
            ),
        ],
    ),
    (
        "PORT LIST",
        &[
            ("PORT", "Number of the port in the configuration, from 1."),
            ("LABEL", "Its text in the configuration."),
            (
                "DEVICE",
                "Its SCCP device name, as it must be in the CallManager.",
            ),
            (
                "NUMBER",
                "The directory number that the CallManager has given it.",
            ),
            (
                "REGISTRATION",
                "registered: calls work. connecting, registering: on the way. asking: the port asks a preferred CallManager whether it may come back (RegisterToken). retry in N s: the next attempt. stopped: switched off, or unregistered because its line is dead. disabled: by the configuration.",
            ),
            (
                "HOOK",
                "on, off, or ? when the card does not know (alarm, card removed).",
            ),
            (
                "STATE",
                "idle; announcing (caller ID before the first ring); ringing; hold-recall (rings for a call left on hold); lifted (off-hook, the CallManager has not responded yet); the state of the call: dialing, proceeding (the number is complete), ringing-out (the far phone rings), answering (lifted, the CallManager has not connected the call yet), connected, held, busy, failed (congestion or a wrong number), preserved (talking, but the CallManager that set the call up is lost), waiting (offered beside another call); all-held (every call of the port is on hold); error-tone (reorder or busy tone: the far end hung up, the call failed, the CallManager does not respond, or the port is not registered); howling (off-hook for too long); lockout (off-hook past the howler, silent until on-hook); in-use-elsewhere (another phone of a shared line has the call); fault; disabled.",
            ),
            ("FAR END", "Number of the other side of the call."),
        ],
    ),
    (
        "PORT SHOW",
        &[
            ("device", "SCCP device name and device type number."),
            ("number", "Directory number from the CallManager."),
            (
                "channel",
                "DAHDI channel number, counted over all cards of the machine; or that of the simulated card.",
            ),
            (
                "profile",
                "What hangs on the line (phone, fax, modem, alarm, door), and the country of tones and cadences.",
            ),
            (
                "caller id",
                "How and when the caller's number and name are sent to the phone.",
            ),
            (
                "hook",
                "on-hook, off-hook or unknown. A hang-up shows as soon as it is longer than a hookflash (flash-max-ms).",
            ),
            (
                "state",
                "As STATE of the port list; in Registration as REGISTRATION, or waiting: for how long already, and the time to the next attempt.",
            ),
            (
                "way back",
                "The port is registered with a lesser CallManager: within this time a better one is asked. One that was lost is asked every second by one port for all.",
            ),
            ("far end", "Number of the other side."),
            ("playing", "The tone that the phone hears now."),
            ("message lamp", "Whether a message waits (MWI)."),
            (
                "forwarded",
                "Where the CallManager forwards calls to this number, as it says itself (ForwardStat); absent when it forwards none or does not say.",
            ),
            (
                "level",
                "Speech level in both directions, dBm0 rms over 125 ms; - without a measurement in the last second. Normal speech is at -25 to -10 dBm0.",
            ),
            (
                "echo canceller",
                "off, learning, converged, or disabled (a modem has asked for it). ERL: how much quieter than the signal to the line its echo comes back; below 6 dB the line or phone is badly matched. ERLE: what the canceller takes away beyond that.",
            ),
            ("card can", "Functions that this line of the card has."),
            (
                "card cannot",
                "Functions that it lacks. Flash and pulse digits are then decoded by the gateway.",
            ),
        ],
    ),
    (
        "PORT SHOW: CARD",
        &[
            (
                "line",
                "in service: channel open and no fault. out of service: open, but with a fault. not in service: the channel is not open. removed: the card has been taken away.",
            ),
            ("driver", "Kernel module."),
            ("span", "Number, name and description of the span."),
            ("channel name", "The channel as DAHDI names it."),
            (
                "signalling",
                "fxoks (or fxols) for a line that feeds a phone.",
            ),
            ("law", "Companding law of the channel."),
            (
                "opened",
                "How often the channel was opened, and how often that failed.",
            ),
            (
                "voltages",
                "Tip and ring against ground and the battery, as the line chip measures them. Idle and healthy: tip near 0, ring some 48 V below.",
            ),
            (
                "feed",
                "How often the card switched the line's feed off (power alarm: short to ground, too many ringers), and how often the gateway switched it on again.",
            ),
            ("note", "What this driver cannot do."),
        ],
    ),
    (
        "PORT SHOW: REGISTRATION",
        &[
            (
                "standby",
                "The second connection, to the next CallManager of the list, over which the port registers when its own is lost (setting standby). connecting: being made; standing-by: open and kept alive.",
            ),
            (
                "trial",
                "A connection to a preferred CallManager, over which the port asks whether it may come back.",
            ),
            ("since", "Beginning of this state."),
            (
                "reason",
                "Why it is not registered, with the CallManager's own text.",
            ),
            ("version", "SCCP protocol version agreed upon."),
            (
                "keepalive",
                "Interval of keepalives that the CallManager asks for. One port of each CallManager also sends one every second, so that a frozen CallManager is noticed early.",
            ),
        ],
    ),
    (
        "MEDIA",
        &[
            (
                "path",
                "Own address and port, and those that the CallManager names for the far end.",
            ),
            (
                "fax",
                "What the leg is after fax tones or a switch by named events (setting nse): voice, pass-through (G.711) or relay (T.38); of a fax its rate, whether with error correction, and the pages that the receiving machine has confirmed.",
            ),
            (
                "fax machines",
                "Who the two machines are, as they said (TSI, CSI).",
            ),
            (
                "last fax",
                "What became of the last fax of this leg that is over.",
            ),
            (
                "T.38",
                "Packets of the relay: sent (with the datagrams that carried them: ends and indicators go three times) and received; lost for good; recovered from copies in later datagrams; late; not readable.",
            ),
            (
                "heard from",
                "Where the far end really sends from, if that is not the named address.",
            ),
            (
                "codec",
                "Codec, packet time, and the payload types of telephone-events (RFC 4733) and of named signalling events (NSE), where they are used.",
            ),
            (
                "pass-through",
                "On: a fax or modem was detected; the audio is left as it is and the jitter buffer fixed.",
            ),
            (
                "heard",
                "A fax or modem tone, from which side, and how long after its onset it was detected.",
            ),
            (
                "sent",
                "RTP packets and payload octets sent; errors: the system did not take them.",
            ),
            (
                "received",
                "RTP packets and payload octets received. lost: never came. late: came after their time. duplicate: came twice. out of order: came after a later one.",
            ),
            (
                "refused",
                "Datagrams that were not played: from unexpected sources (addresses below), not RTP, or more than the limit. In Line: commands that the card refused.",
            ),
            (
                "jitter",
                "Interarrival jitter (RFC 3550), the share of late packets, and how much sound was concealed: made from what came before a gap.",
            ),
            (
                "buffer",
                "Jitter buffer: fixed or adapting; sound queued now; the delay from arrival to playing, and what it aims at; underruns: it was empty; resyncs: it began again at a jump of the stream.",
            ),
            (
                "clocks",
                "How fast the far end's clock runs against the card's, and the blocks that the jitter buffer inserted or skipped, to follow that or to change its delay.",
            ),
            (
                "quality",
                "Ratings by the E-model (ITU-T G.107): R is 93 at best with G.711, below 70 many are dissatisfied; MOS is the same as a mean opinion score, 4.4 at best. Of the last 10 s, the worst 10 s and all; the one-way delay that they reckon with (half the round trip, packet and jitter buffer); the concealed share of all sound, and the seconds in which some, and much, was concealed; the rating at the far end, by the loss that it reports and the echo of this line. They count from the last start of media (a resume after hold is one), as the statistics for the CallManager do; the other lines count the whole leg.",
            ),
            (
                "far end",
                "What the far end reports of our packets (RTCP, setting rtcp): round trip time, jitter and loss there; reports sent and received, and datagrams refused (from another host, no report, or too many). \"no RTCP\": why there is none. Nothing is received from a far end that sends no reports.",
            ),
            (
                "alarm",
                "Messages of an alarm panel (Contact-ID) on a port with profile alarm: those that were whole, those that were not, and how often the receiver acknowledged. Their accounts are never shown.",
            ),
            (
                "redundancy",
                "RFC 2198: how many earlier packets go again with each one while a fax or modem call passes; automatic: by the loss named there, the worse one of what is lost here and of what the far end reports, and how often the number was changed. Then packets with an earlier one in them, and lost packets recovered by that.",
            ),
            (
                "silence",
                "Comfort noise packets, where silence is suppressed.",
            ),
            ("events", "Keys sent and received as telephone-events."),
        ],
    ),
    (
        "PORT SHOW: LINE",
        &[
            (
                "blocks",
                "Blocks read from and written to the card. overruns: the line's sound was lost. underruns: the phone heard a gap. refills: the output was filled again after that.",
            ),
            (
                "hook",
                "How often the phone was lifted and flashed; loop openings that are neither pulse nor flash nor hang-up; ring bursts sent.",
            ),
            ("digits", "Keys taken by tone (DTMF) and by pulse."),
            (
                "COUNT",
                "All other counters that are not 0, each with its meaning.",
            ),
        ],
    ),
    (
        "CALL LIST AND CALL SHOW",
        &[
            (
                "CALL",
                "The gateway's own number of the call, from 1 since the start.",
            ),
            (
                "DIALLED, dialled",
                "Digits dialled at the port, as far as the CallManager took them: it may refuse a number at its first digit. Keys after that are in the trace (`tipring trace`) and in the lines DTMF of `tipring call show`.",
            ),
            ("BEGAN, began", "Off-hook, or first ring."),
            ("LASTED, lasted", "From then to the end, or until now."),
            (
                "port",
                "Port, who called, and the far end's number and name.",
            ),
            (
                "CallManager ref",
                "The CallManager's own number of the call, for its traces.",
            ),
            ("answered", "Time from the beginning to the connection."),
            ("ended", "Why the call is over."),
        ],
    ),
    (
        "FAX LIST, FAX SHOW AND FAX STATS",
        &[
            (
                "FAX, fax",
                "Number of the fax; it stays, also over restarts. Port and call, as call list had it in that run of the daemon.",
            ),
            (
                "FAR END, far end, far address",
                "Number and name of the far end; to: the port called, by: it was called. Address of its media.",
            ),
            (
                "BY, carried by",
                "G.711 (pass-through), G.711 with redundancy (RFC 2198), or T.38.",
            ),
            (
                "RESULT",
                "good: all pages came through. Otherwise the code of the verdict; fax show has its words.",
            ),
            (
                "machine here, far machine",
                "How the machines name themselves (TSI, CSI); not with fax-identities = \"hide\".",
            ),
            ("document", "Which machine sent the document."),
            (
                "PAGES, pages",
                "Pages that the receiver confirmed; of them poor ones (RTP); pages refused (RTN); frames that error correction sent again.",
            ),
            (
                "switch",
                "A named signalling event (NSE) or T.38 that switched the call, when, and the answer.",
            ),
            (
                "RATE, modem",
                "Modem and rate of the pages; in stats the rate of the most faxes.",
            ),
            (
                "ECM",
                "Share of faxes with error correction, of those that agreed on something.",
            ),
            (
                "trainings",
                "Rates that were tried, and how many trainings were refused or not answered.",
            ),
            (
                "damaged frames",
                "Frames at 300 bit/s with a wrong check sequence.",
            ),
            (
                "fax memory",
                "What earlier faxes with this far end changed in this one, why, and how to end it.",
            ),
            ("level", "Level of the signals of each machine."),
            ("echo", "Echo return loss of the line."),
            (
                "network",
                "Packets that never came, or too late; those that came again with later ones; sound that was concealed for want of packets; jitter.",
            ),
            (
                "clocks",
                "How often sound was left out or doubled for want of a common clock, and the far clock against ours.",
            ),
            ("timer", "The timer of T.30 after which a machine gave up."),
            (
                "unheard",
                "Signals that came faster than they could be listened to: pages may be missing here.",
            ),
            (
                "FAXES, GOOD",
                "Faxes, and the share of those whose pages all came through.",
            ),
            (
                "COMMONEST",
                "The commonest verdict of those that failed, and how many have it.",
            ),
        ],
    ),
    (
        "FAX MEMORY LIST",
        &[
            (
                "FAR END",
                "Number of the far end; where it has none, the address of its media.",
            ),
            (
                "LAST",
                "End of the last fax with it, or when it was pinned.",
            ),
            (
                "BY, RESULT",
                "How that fax travelled, and whether all pages came through.",
            ),
            ("G.711, T.38", "Good faxes of all, by how they travelled."),
            (
                "ASKED",
                "How often the far gateway agreed to T.38 that this side asked for, refused it, and did not answer, sent voice on or let nothing through.",
            ),
            (
                "LOSS",
                "Share of the packets of the last fax that were lost on the way, whether redundancy repaired it or not.",
            ),
            ("RATE", "Rate of the last good fax, bit/s."),
            (
                "PINNED",
                "Whether T.38 is asked for, as set by hand (fax memory set): kept until it is forgotten.",
            ),
        ],
    ),
];

/// tipring-fields(7).
pub(super) fn page() -> Page {
    let mut page = Roff::new();
    let version = format!("tipring {}", tipring_ctl::VERSION);
    page.control(
        "TH",
        ["tipring-fields", "7", "", version.as_str(), "Tipring"],
    );
    page.control("SH", ["NAME"]);
    page.text([roman(
        "tipring-fields - the fields that tipring status, port, call and fax show",
    )]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "A line that begins with ! is a finding: what is wrong, its cause, and the cure. Counters are those since the start of \
         the daemon. Fields without a value are left out. The names in the output of --json are those of the schema in \
         /usr/share/tipring.",
    )]);
    for (part, fields) in PARTS {
        page.control("SH", [*part]);
        for (field, text) in *fields {
            page.control("TP", []);
            page.text([bold(*field)]);
            page.text([roman(*text)]);
        }
    }
    page.control("SH", ["EXAMPLES"]);
    page.text([roman(
        "Port 17 is dead: read its first lines. A finding names cause and cure. Without one, look at \"hook\" while somebody lifts \
         the handset: if it stays on-hook, the loop is broken between the card and the phone.",
    )]);
    see_also(
        &mut page,
        &[
            "tipring(1)",
            "tipring-status(1)",
            "tipring-port(1)",
            "tipring-call(1)",
        ],
    );
    Page {
        name: "tipring-fields.7",
        text: page.render(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels in the sources of the output: first arguments of `facts.add` and of the tables' heads.
    fn labels() -> Vec<String> {
        let sources = [
            include_str!("../render/status.rs"),
            include_str!("../render/port.rs"),
            include_str!("../render/media.rs"),
            include_str!("../render/call.rs"),
            include_str!("../render/fax.rs"),
        ];
        let mut found = vec![];
        for source in sources {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for part in code.split("facts.add").skip(1) {
                let part = part.trim_start_matches("_text").trim_start_matches('(');
                let quoted = part.trim_start().strip_prefix('"');
                let label = quoted.and_then(|rest| rest.split('"').next());
                found.extend(label.filter(|l| !l.is_empty()).map(str::to_owned));
            }
            for head in code.split("table(").skip(1) {
                let Some(head) = head.split("],").next().filter(|h| h.contains("&[")) else {
                    continue;
                };
                let words = head.split('"').skip(1).step_by(2);
                found.extend(words.filter(|w| !w.is_empty()).map(str::to_owned));
            }
        }
        found
    }

    #[test]
    fn every_field_is_explained() {
        let known: Vec<&str> = PARTS
            .iter()
            .flat_map(|(_, fields)| fields.iter())
            .flat_map(|(field, _)| field.split(", "))
            .collect();
        let labels = labels();
        assert!(labels.len() > 60, "{labels:?}");
        for label in labels {
            assert!(known.contains(&label.as_str()), "{label} is not explained");
        }
    }
}
