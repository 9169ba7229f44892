//! The words of `tipring explain`: what a finding rests on, what was ruled out, what figures show, and what is noteworthy in a call.

use serde::Serialize;
use tipring_types::explain::{CallNote, Evidence, Remark, RuledOut};
use tipring_types::{CallState, EndCause};

use super::{clean, end_cause};
use crate::report::CallSummary;

/// The code of a value, as JSON has it.
pub fn code<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json["code"].as_str().unwrap_or_default().to_owned()
}

/// A length of time in the two units that matter.
pub fn length(seconds: u64) -> String {
    let (d, h, m, s) = (
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    match (d, h, m) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, m) => format!("{m} min {s} s"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// `1 call`, `2 calls`, `2 faxes`.
pub fn plural(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ if one.ends_with('x') => format!("{count} {one}es"),
        _ => format!("{count} {one}s"),
    }
}

fn to(number: Option<&String>) -> String {
    number.map_or_else(String::new, |n| format!(", far end {}", clean(n)))
}

/// Why a call ended, by its word in the history; one of another version as it is.
pub fn end(word: &str) -> String {
    EndCause::from_name(word).map_or_else(|| clean(word), |cause| end_cause(cause).to_owned())
}

/// Why a call is over; none while it is up.
pub fn ended(call: &CallSummary) -> Option<&'static str> {
    match (call.end, call.state) {
        (Some(end), _) => Some(end_cause(end)),
        (None, CallState::Ended) => Some("over"),
        (None, _) => None,
    }
}

/// What a finding rests on. `moment` writes a time.
pub fn evidence(evidence: &Evidence, moment: fn(u64) -> String) -> String {
    match evidence {
        Evidence::Since { unix_ms, seconds } => {
            format!("since {}, for {}", moment(*unix_ms), length(*seconds))
        }
        Evidence::OutageSince { unix_ms } => {
            format!("not registered since {}", moment(*unix_ms))
        }
        Evidence::Rejected { times } => {
            format!(
                "{} rejected since the start",
                plural(*times, "registration")
            )
        }
        Evidence::ConnectionsFailed { times } => {
            format!("{} could not be opened", plural(*times, "connection"))
        }
        Evidence::NextAttempt { seconds } => format!("next attempt in {seconds} s"),
        Evidence::OthersRegistered { server, ports } => format!(
            "{} registered with {}: that CallManager works, and takes this gateway",
            if *ports == 1 {
                "1 other port is".into()
            } else {
                format!("{ports} other ports are")
            },
            clean(server)
        ),
        Evidence::OthersSame { ports } => format!(
            "the same at port{} {}: look for what they have in common",
            if ports.len() == 1 { "" } else { "s" },
            crate::report::ranges(ports)
        ),
        Evidence::AllSame { ports } => {
            format!("the same at all {ports} ports: the cause is nothing of a single port")
        }
        Evidence::Voltages {
            tip_v,
            ring_v,
            battery_v,
        } => {
            format!("measured: {}", volts(*tip_v, *ring_v, *battery_v))
        }
        Evidence::PowerAlarms { times, rearms } => format!(
            "the card has switched the feed off {}, the gateway on again {}",
            plural(*times, "time"),
            plural(*rearms, "time")
        ),
        Evidence::Rtp { sent, received } => format!(
            "{} sent, {received} received in this call",
            plural(*sent, "RTP packet")
        ),
        Evidence::LastPacket { seconds } => format!("the last packet came {seconds} s ago"),
        Evidence::Refused { address, packets } => format!(
            "{} from {} refused",
            plural(*packets, "datagram"),
            clean(address)
        ),
        Evidence::Blocks {
            read,
            overruns,
            underruns,
        } => format!(
            "of {} {} lost in reading, {} not written in time, since the start",
            plural(*read, "block"),
            overruns,
            underruns
        ),
        Evidence::KeepalivesMissed { times } => {
            format!("{} not answered in time", plural(*times, "keepalive"))
        }
        Evidence::NoResponse { times } => format!(
            "no response of the CallManager {} since the start",
            plural(*times, "time")
        ),
        Evidence::Fax {
            number,
            begun_unix_ms,
            far_number,
            pages,
        } => format!(
            "fax {number} of {}{}, {} confirmed: see `tipring fax show {number}`",
            moment(*begun_unix_ms),
            to(far_number.as_ref()),
            plural(u64::from(*pages), "page")
        ),
        Evidence::Call {
            id,
            begun_unix_ms,
            far_number,
        } => {
            let see = id.map_or_else(String::new, |id| {
                format!(": see `tipring explain call {id}`")
            });
            let at = moment(*begun_unix_ms);
            format!("the call of {at}{}{see}", to(far_number.as_ref()))
        }
        Evidence::Ended { end: word, calls } => {
            format!("{}: {}", plural(*calls, "call"), end(word))
        }
    }
}

fn volts(tip: f64, ring: f64, battery: f64) -> String {
    format!("tip {tip:.1} V, ring {ring:.1} V, battery {battery:.1} V")
}

/// What was measured and is in order. `moment` writes a time.
pub fn ruled_out(measured: &RuledOut, moment: fn(u64) -> String) -> String {
    match measured {
        RuledOut::Registered {
            server,
            since_unix_ms,
        } => {
            let since =
                since_unix_ms.map_or_else(String::new, |at| format!(" since {}", moment(at)));
            format!("registration: registered with {}{since}", clean(server))
        }
        RuledOut::CardServed { blocks } => {
            format!(
                "card: {} read since the start, none lost or late",
                plural(*blocks, "block")
            )
        }
        RuledOut::FeedPresent {
            tip_v,
            ring_v,
            battery_v,
        } => {
            format!("line feed: {}", volts(*tip_v, *ring_v, *battery_v))
        }
        RuledOut::LoopCloses { off_hooks } => format!(
            "loop: the phone was lifted {} since the start, and the card saw it",
            plural(*off_hooks, "time")
        ),
        RuledOut::DigitsHeard { tone, pulse } => {
            format!(
                "keys that were part of a call: {tone} by tone, {pulse} by pulse, since the start"
            )
        }
        RuledOut::AudioBothWays {
            sent,
            received,
            lost_percent,
        } => format!(
            "audio of the last call: both ways, {} sent, {received} received, {lost_percent:.1} % lost or late",
            plural(*sent, "packet")
        ),
        RuledOut::SoundGood { mos } => {
            format!("sound of the last call: MOS {mos:.1} (4.4 at best)")
        }
        RuledOut::EchoTrained { erl_db, erle_db } => format!(
            "echo: the line returns it {erl_db:.1} dB quieter (ERL), the canceller takes away {erle_db:.1} dB more (ERLE)"
        ),
        RuledOut::LevelFromLine { dbm0 } => format!("level: {dbm0:.1} dBm0 from the line now"),
        RuledOut::StandbyOpen { server } => {
            format!("backup: a standby connection to {} is open", clean(server))
        }
        RuledOut::AllRegistered { ports } => {
            format!(
                "registration: {} registered",
                if *ports == 1 {
                    "the only port is".into()
                } else {
                    format!("all {ports} ports are")
                }
            )
        }
        RuledOut::LineThreadsInTime { ticks, longest_us } => format!(
            "line threads: {} served since the start, no block lost, the longest took {longest_us} us",
            plural(*ticks, "tick")
        ),
    }
}

/// What figures show, and what to do about it.
pub fn remark(remark: &Remark) -> (String, String) {
    match remark {
        Remark::Disabled => (
            "it is switched off in the configuration".into(),
            "remove `enabled = false` from its [[port]] table, then `tipring reload`".into(),
        ),
        Remark::ForwardedAll { to } => (
            match to.is_empty() {
                true => "the CallManager forwards all its calls, so the phone does not ring".into(),
                false => format!(
                    "the CallManager forwards all its calls to {}, so the phone does not ring",
                    clean(to)
                ),
            },
            "take the forwarding back at the phone or on the CallManager, if it is not wanted".into(),
        ),
        Remark::CallsFailed { failed, calls } => (
            format!("{failed} of the {} of the last day failed", plural(*calls, "call")),
            "dial one of these numbers while `tipring trace PORT` runs: it shows what the CallManager answers".into(),
        ),
        Remark::OneWay { address, refused } => {
            let (text, cure) = nothing_heard(address, refused.as_deref());
            (format!("in the last call {text}"), cure)
        }
        Remark::Recurring { what, times, registration, .. } => (
            format!("\"{}\" came and went {} in the last day", clean(what), plural(*times, "time")),
            match registration {
                true => "look at the CallManager's service and at the network at these times (below)".into(),
                false => "look at what happens at these times (below): a loose contact, a power supply, somebody at work on the line".into(),
            },
        ),
        Remark::PoorSound { mos, lost_percent } => (
            format!("the last call sounded bad: MOS {mos:.1}, {lost_percent:.1} % of the packets lost or late"),
            "look at the network between this gateway and the far end: loss, jitter, and priority for voice (DSCP); if the far end is a port of this gateway, at that port first".into(),
        ),
        Remark::StrongEcho { erl_db } => (
            format!("the line returns a strong echo: {erl_db:.1} dB quieter than what is sent (ERL; 6 dB and more is usual)"),
            "check that `country` of the port has the impedance of its phone, and look for a second phone on the line".into(),
        ),
    }
}

fn nothing_heard(address: &str, refused: Option<&str>) -> (String, String) {
    let text = format!(
        "nothing was heard from the far end: no RTP from {}",
        clean(address)
    );
    match refused {
        None => (
            text,
            "look for a firewall or a wrong route between the far end and this gateway".into(),
        ),
        Some(source) => (
            format!("{text}, but packets from {} that were refused", clean(source)),
            "look for NAT or a media server in between, or allow them with rtp-source = \"latch\" in [media]".into(),
        ),
    }
}

/// What is noteworthy in a call, and what to do about it.
pub fn call_note(note: &CallNote) -> (String, String) {
    const NETWORK: &str = "look at the network between this gateway and the far end: loss, jitter, and priority for voice (DSCP)";
    match note {
        CallNote::NothingHeard { address, refused } => nothing_heard(address, refused.as_deref()),
        CallNote::FellSilent { address, received, seconds } => (
            format!(
                "the far end was heard no more: {} from {}, then none for {seconds} s",
                plural(*received, "packet"),
                clean(address)
            ),
            "the far end may have put the call on hold, without music; if not, look for a firewall that has ended the flow, or a far end that has lost its network".into(),
        ),
        CallNote::WithoutCallManager => (
            "its CallManager is lost: it goes on, and ends when this phone hangs up, or some time after the far end's last packet (preserved-rtp-s)".into(),
            "see `tipring explain PORT` for the CallManager; hold, transfer and further calls wait for it".into(),
        ),
        CallNote::Failed { end: word } => (
            format!("it came to nothing: {}", end(word)),
            "dial the number again while `tipring trace PORT` runs: it shows what the CallManager answers".into(),
        ),
        CallNote::BrokenOff { end: word } => (
            format!("it was broken off: {}", end(word)),
            "see `tipring explain PORT`: what happened there at that time".into(),
        ),
        CallNote::Loss { percent, concealed_ms } => (
            format!("{percent:.1} % of the far end's packets were lost or late, {concealed_ms} ms concealed"),
            NETWORK.into(),
        ),
        CallNote::FarLoss { percent } => (
            format!("{percent:.1} % of our packets did not reach the far end"),
            NETWORK.into(),
        ),
        CallNote::LongDelay { ms } => (
            format!("the delay is long: {ms} ms one way"),
            "look at the route to the far end, and at the delay of the jitter buffer in `tipring call show`".into(),
        ),
        CallNote::Jitter { ms } => (
            format!("packets came unevenly: jitter {ms:.0} ms"),
            NETWORK.into(),
        ),
        CallNote::StrongEcho { erl_db } => (
            format!("the line returned a strong echo: {erl_db:.1} dB quieter than what was sent (ERL)"),
            "check that `country` of the port has the impedance of its phone".into(),
        ),
        CallNote::Refused { address, packets } => (
            format!("{} from {} were refused", plural(*packets, "packet"), clean(address)),
            "look what sends there; it was not named as the far end".into(),
        ),
    }
}
