//! Text, cause and cure of every finding.

use super::clean::clean;
use tipring_types::finding::{Finding, Place, RejectCause};
use tipring_types::{DeviceType, FaxVerdict};

/// What a finding says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The thing, and what is wrong with it.
    pub text: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub cure: String,
}

impl Words {
    /// Text and cause in one line.
    pub fn what(&self) -> String {
        format!("{}: {}", self.text, self.cause)
    }
}

/// Which ports a finding is about: their channels and devices are in the words.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a>(pub &'a [&'a Place]);

/// Device names that are all written out; of more, the first and the last one.
const NAMES: usize = 4;

impl Whose<'_> {
    /// `DAHDI channel 7`, or `its DAHDI channel` of several ports.
    fn channel(self) -> String {
        match self.0 {
            [
                Place {
                    channel: Some(channel),
                    ..
                },
            ] => format!("DAHDI channel {channel}"),
            _ => "its DAHDI channel".to_owned(),
        }
    }

    fn channel_number(self) -> String {
        match self.0 {
            [
                Place {
                    channel: Some(channel),
                    ..
                },
            ] => channel.to_string(),
            _ => "N".to_owned(),
        }
    }

    fn port_number(self) -> String {
        match self.0 {
            [
                Place {
                    port: Some(port), ..
                },
            ] => port.to_string(),
            _ => "N".to_owned(),
        }
    }

    /// The device name, or the device names.
    fn devices(self) -> String {
        let names: Vec<&str> = self.0.iter().filter_map(|p| p.device.as_deref()).collect();
        match &*names {
            [] => "the device name".to_owned(),
            [one] => format!("the device name {one}"),
            few if few.len() <= NAMES => format!("the device names {}", few.join(", ")),
            [first, .., last] => {
                format!("{} device names, {first} to {last}", names.len())
            }
        }
    }

    /// What is to be added on a CallManager: the device with its type, as far as all of them have the same.
    fn to_add(self) -> String {
        let names: Vec<&str> = self.0.iter().filter_map(|p| p.device.as_deref()).collect();
        let what = match &*names {
            [] => "the device".to_owned(),
            [one] => format!("the device {one}"),
            few if few.len() <= NAMES => format!("the devices {}", few.join(", ")),
            [first, .., last] => format!("the {} devices {first} to {last}", names.len()),
        };
        let mut kinds = self.0.iter().map(|p| p.device_type);
        let kind = kinds
            .next()
            .flatten()
            .filter(|k| kinds.all(|one| one == Some(*k)));
        match kind {
            None => format!("{what} on the CallManager"),
            Some(kind) => {
                let name = DeviceType(kind).name();
                let name = match name {
                    Some(name) => format!("as {name}, device type {kind}"),
                    None => format!("with device type {kind}"),
                };
                format!("{what} on the CallManager {name}")
            }
        }
    }
}

/// The words of a finding.
pub fn finding(finding: &Finding, whose: Whose<'_>) -> Words {
    let (text, cause, cure) = row(finding, whose);
    // Servers and the system have written parts of it.
    let [text, cause, cure] = [text, cause, cure].map(|part| clean(&part));
    Words { text, cause, cure }
}

const LOOK_AT_SERVER: &str =
    "look at the CallManager and its log; `tipring trace` shows its messages";
const CHECK_SERVER: &str = "check [callmanager] servers, the network and the CallManager";
const BY_ITSELF: &str = "none needed: the device registers again by itself";
const LOAD: &str = "take load off the machine, and see the line thread in `tipring status`: it needs realtime priority";
const SYSTEM_CONF: &str = "/etc/dahdi/system.conf";

#[rustfmt::skip] // one finding after the other, whatever their length
fn row(finding: &Finding, whose: Whose<'_>) -> (String, String, String) {
    let row = |text: &str, cause: &str, cure: &str| (text.to_owned(), cause.to_owned(), cure.to_owned());
    let channel = whose.channel();
    let number = whose.channel_number();
    let dead = |text: &str, cause: &str, unregistered: bool, cure: &str| {
        let then = if unregistered { "; unregistered until it works again" } else { "" };
        row(text, &format!("{cause}{then}"), cure)
    };
    let unregistered = |server: &str| format!("not registered with {server}");
    match finding {
        Finding::LineThreadStalled => row(
            "a line thread is stalled, and its ports have no audio",
            "it has not run for several seconds",
            "restart tipringd (systemd's watchdog does); see its log for the reason",
        ),
        Finding::ConfigFileErrors { errors } => row(
            "the configuration file is not in use",
            &format!("it has {errors} error{}; the configuration read before stays in use", if *errors == 1 { "" } else { "s" }),
            "`tipring config check FILE` shows them, with the file of `tipringd -c FILE`; without -c, `tipring config check` does; correct them, then `tipring reload`",
        ),
        Finding::MemoryNotLocked { reason } => row(
            "memory is not locked, and a page fault may cost a block", reason,
            "run under the systemd unit, or raise LimitMEMLOCK",
        ),
        Finding::NoRealtimePriority { reason } => row(
            "the line thread runs without realtime priority", reason,
            "run under the systemd unit (CAP_SYS_NICE, LimitRTPRIO), or set [line-thread] realtime = \"off\"",
        ),
        Finding::InterfaceMissing { interface, mac, instead, file } => {
            let gone = match instead {
                Some(instead) => format!("which has {instead} now"),
                None => "which this machine no longer has".to_owned(),
            };
            row(
                "the network interface of the device names is missing",
                &format!("the names are made of {mac}, the MAC of {interface}, {gone}; they stay as they are"),
                &format!("write mac = \"{mac}\" into [gateway] to keep the names; or, for new ones, remove {file} and restart tipringd"),
            )
        }
        Finding::NoInterface { mac } => row(
            &format!("the device names are made of {mac}, as on every such machine"),
            "no network interface has a MAC",
            "connect the machine's network interface, which is used as soon as it is there; or write mac = into [gateway]",
        ),
        Finding::NoBackup { servers, reason, untried } => {
            let others = match untried.is_empty() {
                true => String::new(),
                false => format!("; of {} nothing is known", untried.join(", ")),
            };
            row(
                &format!("no CallManager could take over: {} cannot be reached{others}", servers.join(", ")), reason,
                "check that the CallManager is running, its address and port in [callmanager] servers, and the network; until it is back, no call is possible when the one in use is lost",
            )
        }
        Finding::OwnAddressMissing { address, present } => row(
            &format!("this machine does not have the address {address}"),
            &format!(
                "[gateway] address names it, and no port registers until the machine has it{}",
                if present.is_empty() { String::new() } else { format!("; it has {}", present.join(", ")) },
            ),
            "give the machine that address, write another one into [gateway] address, or remove the key",
        ),
        Finding::HistoryDiskFull { file } => row(
            "the history of calls and findings is not kept", &format!("the disk of {file} is full"),
            "make room on the disk, or lower [history] max-mb; the history goes on by itself",
        ),
        Finding::HistoryNotWritable { file, reason } => row(
            "the history of calls and findings is not kept", &format!("{file} cannot be written: {reason}"),
            "let the daemon's user write the file and its directory, and check that their file system is not mounted read-only",
        ),
        Finding::HistoryInUse { file } => row(
            "the history of calls and findings is not kept", &format!("another process has {file} open"),
            "stop that process, or give each daemon a control socket or a state directory of its own",
        ),
        Finding::HistoryStalled => row(
            "the history of calls and findings is not kept", "its disk does not answer",
            "look at the disk of the daemon's state directory and the kernel's log (dmesg)",
        ),
        Finding::HistorySetAside { file, reason } => row(
            "a new history file was begun", reason,
            &format!("none needed; the earlier history is in {file}"),
        ),
        Finding::PortNotServed => row(
            "the port is not in service",
            "it was added after the start, and the line thread has no place left for it",
            "restart tipringd when no call is up",
        ),
        Finding::ChannelHeld => row(
            "the port is not in service yet",
            "another port has its channel until that port's call ends",
            "none needed: the port takes the channel when that call ends",
        ),
        Finding::CardChannelMissing { channels } => row(
            &format!("the card has no channel {number}"),
            &format!("it has {channels} channels"),
            "correct `channel` in the port's [[port]] table, or raise `ports` in [sim]",
        ),
        Finding::CardSilent => row(
            "the card's driver does not answer",
            "a request to it has not returned for 10 s",
            "look at the kernel's log (dmesg) and the card; restart the machine if it stays so",
        ),
        Finding::DahdiNotLoaded => row(
            "DAHDI is not loaded", "there is no /dev/dahdi",
            "load the driver of the card (\"modprobe wctdm24xxp\", or whatever \"tipring hardware\" says), or install the package dahdi-dkms if there is no such module",
        ),
        Finding::DahdiDeviceMissing => row(
            "DAHDI has no devices", "it is loaded, but /dev/dahdi/channel is missing",
            "check that udev is running; \"udevadm trigger\" makes the device",
        ),
        Finding::DahdiNoPermission { group } => row(
            "no permission for /dev/dahdi/channel", &format!("it belongs to group {group}"),
            "run the daemon under its systemd unit, or add the user to that group",
        ),
        Finding::ChannelInUse { holders } => match &**holders {
            [] => row(&format!("{channel} is in use"), "another process has it open", "stop that process, or choose another channel"),
            [one] => row(&format!("{channel} is in use"), &format!("{one} has it open"), "stop that process, or choose another channel"),
            several => row(
                &format!("{channel} is in use"), &format!("DAHDI channels are open in {}", several.join(", ")),
                "stop the process that has it, or choose another channel",
            ),
        },
        Finding::ChannelMissing { known } if known.is_empty() => row(
            &format!("{channel} does not exist"), "DAHDI has no channels",
            "check that a card is plugged in and its driver loaded (\"tipring hardware\")",
        ),
        Finding::ChannelMissing { known } => row(
            &format!("{channel} does not exist"), &format!("DAHDI has {}", numbers(known)),
            "correct `channel` in the port's [[port]] table, or look for the missing card with \"tipring hardware\"",
        ),
        Finding::ChannelNoModule => row(
            &format!("{channel} has no working line module"), "the driver refuses it",
            "look for its module in \"dmesg\" and seat it again, or choose another channel",
        ),
        Finding::ChannelNotConfigured => row(
            &format!("{channel} is not configured"), &format!("{SYSTEM_CONF} does not name it, or dahdi_cfg has not run"),
            &format!("write \"fxoks={number}\" in {SYSTEM_CONF} and run dahdi_cfg (or run \"tipring setup\")"),
        ),
        Finding::ChannelIsFxo => row(
            &format!("no telephone can be connected to {channel}"), "it is a port for a telephone exchange line (FXO)",
            "choose a channel with a port for a telephone (FXS), see \"tipring hardware\"",
        ),
        Finding::ChannelSignalling { signalling } => row(
            &format!("{channel} has the wrong signalling"), &format!("it has {signalling}, a port for a telephone needs fxo_ks (in system.conf: fxoks)"),
            &format!("give channel {number} to \"fxoks=\" instead in {SYSTEM_CONF} and run dahdi_cfg, or run \"tipring setup\""),
        ),
        Finding::NoToneZone => row(
            &format!("{channel} cannot ring"), "no tone zone is loaded",
            &format!("write \"loadzone=us\" and \"defaultzone=us\" (or your country) in {SYSTEM_CONF} and run dahdi_cfg"),
        ),
        Finding::BlockLength { samples } => row(
            &format!("DAHDI does not take blocks of {samples} samples"), "the shortest ones are of 16 samples (2 ms)",
            "set [line-thread] block-ms to 2 or more",
        ),
        Finding::ChannelOpenFailed { reason } => row(
            &format!("{channel} cannot be opened"), reason, "see \"dmesg\" and \"tipring hardware\"",
        ),
        Finding::SignalChainFailed { reason } => row(
            "the line's signal chain cannot be built", reason, "check how much memory the daemon may use",
        ),
        Finding::CardNotTaken => row(
            "the card is not in service", "the line thread did not take it", "report this as a bug",
        ),
        Finding::SpanAlarm { unregistered } => dead(
            "the span is in alarm", "the card's driver reports it", *unregistered,
            "check the power connector of the card, of an Astribank its USB cable and supply; \"tipring hardware\" and dmesg name the alarm; calls work again when it ends",
        ),
        Finding::CardRemoved { unregistered } => dead(
            "the card is removed", "its driver reports the channel as gone", *unregistered,
            "put the card back or load its driver; the port comes back by itself",
        ),
        Finding::NoBattery { unregistered } => dead(
            "no battery on the line", "the card reports a power alarm", *unregistered,
            "check the card's power connector and the line for a short to ground",
        ),
        Finding::FeedSwitchedOff { unregistered } => dead(
            "no battery on the line",
            "the card has switched the feed off after power alarms (a short to ground, a shorted ringer, too many ringers)",
            *unregistered,
            "mend the line or its phones; the feed is switched on again by itself",
        ),
        Finding::CardWithoutBattery { unregistered } => dead(
            "no battery on the line", "the card has none to feed", *unregistered, "check the card's power connector",
        ),
        Finding::FeedShorted { unregistered } => dead(
            "no battery on the line", "the card feeds it, but something draws it down", *unregistered,
            "look for a short or a wet cable on the line",
        ),
        Finding::LineUnstable { seconds } => row(
            "the line works again, but has failed repeatedly",
            &format!("unregistered until it has worked for another {seconds} s"),
            "look for a loose cable, plug or card; the port registers by itself",
        ),

        Finding::RegistrationRejected { server, text, cause } => {
            let (means, cure) = rejection(*cause, whose);
            let said = if text.is_empty() { String::new() } else { format!(" (\"{text}\")") };
            row(&format!("CallManager {server} rejects {}{said}", whose.devices()), means, &cure)
        }
        Finding::TokenRefused { server, seconds } => row(
            &unregistered(server), &format!("the CallManager does not take the device back yet (wait {seconds} s)"), BY_ITSELF,
        ),
        Finding::RegisterUnanswered { server } => row(&unregistered(server), "no answer to Register", LOOK_AT_SERVER),
        Finding::NotSccp { server, reason } => row(
            &unregistered(server), &format!("its answer is not SCCP: {reason}"),
            "check that a CallManager has that address and port; SCCP uses TCP port 2000",
        ),
        Finding::KeepaliveLost { server, seconds } => row(
            &unregistered(server), &format!("keepalives unanswered for {seconds} s"), LOOK_AT_SERVER,
        ),
        Finding::ConnectionClosed { server } => row(&unregistered(server), "the server closed the connection", LOOK_AT_SERVER),
        Finding::ConnectionReset { server } => row(&unregistered(server), "the connection was reset", LOOK_AT_SERVER),
        Finding::ConnectionTimedOut { server } => row(
            &unregistered(server), "the connection timed out: TCP gets no acknowledgement",
            "check the network to the CallManager, and that its machine is running",
        ),
        Finding::OwnAddressGone { server, address } => row(
            &unregistered(server), &format!("this machine no longer has the address {address}"),
            "give this machine its address again (cable, DHCP, interface); the device then registers by itself",
        ),
        Finding::ConnectionBroken { server, reason } => row(
            &unregistered(server), &format!("the connection broke: {reason}"), LOOK_AT_SERVER,
        ),
        Finding::ConnectRefused { server } => row(
            &unregistered(server), "connection refused",
            "check that the CallManager is running, and its address and port in [callmanager] servers",
        ),
        Finding::ConnectTimedOut { server } => row(&unregistered(server), "no answer to the connection request", CHECK_SERVER),
        Finding::NoRoute { server } => row(&unregistered(server), "no route to the server", CHECK_SERVER),
        Finding::ServerNameUnknown { server, reason } => row(
            &unregistered(server), &format!("its name could not be looked up: {reason}"),
            "check the name in [callmanager] servers and the name servers of this machine (/etc/resolv.conf), or write the CallManager's address",
        ),
        Finding::ConnectFailed { server, reason } => row(&unregistered(server), &format!("cannot connect: {reason}"), CHECK_SERVER),
        Finding::ResetByServer { server, kind } => row(
            &unregistered(server), &format!("the CallManager ordered a {kind}"), BY_ITSELF,
        ),
        Finding::ReturnToPreferred { server } => row(&unregistered(server), "the device returns to a preferred CallManager", BY_ITSELF),
        Finding::Reconfigured { server } => row(&unregistered(server), "new configuration", BY_ITSELF),
        Finding::Restarted { server } => row(&unregistered(server), "`tipring port restart`", BY_ITSELF),
        Finding::Unregistered { server } => row(&unregistered(server), "the gateway has unregistered it", BY_ITSELF),
        Finding::KeepalivesUnanswered => row(
            "the registration is at risk", "the CallManager does not answer keepalives",
            "check the CallManager, and the network to it",
        ),
        Finding::ServerUnresponsive => row(
            "no dial tone, no call possible", "the CallManager did not respond to the last off-hook or flash",
            "lift again; if that stays so, reset the device on the CallManager, and look at its log (`tipring trace` shows its messages)",
        ),
        Finding::OffHookLockout => row(
            "the phone was left off-hook", "off-hook without a call past the error tone: the port howls, then it is silent (lockout)",
            "hang up the phone; if it is on-hook, look for a short or a wet cable on the line",
        ),
        Finding::OneWayAudio { address, silent_s: Some(seconds), .. } => row(
            "one-way audio", &format!("RTP from {address} has stopped: no packet for {seconds} s"),
            "the far end may have put the call on hold, without music; if not, look for a firewall that has ended the flow, or a far end that has lost its network",
        ),
        Finding::OneWayAudio { address, refused: None, .. } => row(
            "one-way audio", &format!("no RTP from {address} since the call was answered"),
            "look for a firewall or a wrong route between the far end and this gateway",
        ),
        Finding::OneWayAudio { address, refused: Some(source), by_policy, .. } => row(
            "one-way audio", &format!("no RTP from {address} since the call was answered, but packets from {source} that are refused"),
            if *by_policy {
                "look for NAT or a media server between the far end and this gateway, or allow them with rtp-source = \"latch\" in [media]"
            } else {
                "they are not RTP of a codec of this call: check what sends them"
            },
        ),
        Finding::LineOverrun => row(
            "sound from the line was lost in the last minute", "it was not fetched from the card in time", LOAD,
        ),
        Finding::LineUnderrun => row(
            "sound to the phone had gaps in the last minute", "sound was not given to the card in time", LOAD,
        ),
        Finding::FaxFailed { outcome, cause } => {
            let verdict = FaxVerdict { outcome: outcome.clone(), cause: *cause };
            let words = super::fax_verdict(&verdict, &whose.port_number());
            (format!("the last fax failed: {}", words.text), words.cause, words.cure)
        }
    }
}

/// Why a registration ended or was not reached, beside the name of its server.
pub fn reason(found: &Finding) -> String {
    let cause = finding(found, Whose(&[])).cause;
    match found {
        Finding::RegistrationRejected { text, .. } if text.is_empty() => {
            format!("registration rejected: {cause}")
        }
        Finding::RegistrationRejected { text, .. } => {
            format!("registration rejected (\"{}\"): {cause}", clean(text))
        }
        _ => cause,
    }
}

/// What a rejection means, and its cure.
fn rejection(cause: RejectCause, whose: Whose<'_>) -> (&'static str, String) {
    let add = || {
        let device = whose.to_add();
        format!("add {device}, or correct its name: there, or here ([gateway] naming and mac)")
    };
    match cause {
        RejectCause::NoAuthority => (
            "the CallManager does not know the name, or an earlier connection still holds it",
            add() + "; if it is there, wait until the old connection's keepalive timer has ended",
        ),
        RejectCause::DeviceUnknown => ("the CallManager does not know the name", add()),
        RejectCause::AlreadyRegistered => (
            "the name is registered over another connection",
            "look for a second gateway or phone that uses the name".into(),
        ),
        RejectCause::NameHeldByOldConnection => (
            "the old connection still holds the name",
            "none needed: the CallManager releases it when its keepalive timer ends".into(),
        ),
        RejectCause::AddressNotAuthorized => (
            "the CallManager does not accept this gateway's address",
            "check the permit and deny rules on the CallManager".into(),
        ),
        RejectCause::ReloadInProgress => (
            "the CallManager is reading its configuration",
            "none needed: it accepts the device when that is done".into(),
        ),
        RejectCause::NoLicense => (
            "the CallManager has no license left for the device",
            "look at the licenses of the CallManager, and remove devices there that are not used".into(),
        ),
        RejectCause::ServerDatabase => (
            "the CallManager cannot read its database",
            "look at the CallManager's database service and its replication; the device registers by itself when it works".into(),
        ),
        RejectCause::TooManyDevices => (
            "the CallManager has as many devices as it takes",
            "raise its limit of registered devices, or move devices to another CallManager".into(),
        ),
        RejectCause::TypeMismatch => (
            "the CallManager has the name as a device of another type",
            "delete the device there and add it with the type that is sent, or set `device-type` to the one that it has there".into(),
        ),
        RejectCause::Security => (
            "the CallManager wants the device to register encrypted",
            "give the device a security profile without encryption on the CallManager: the gateway registers in the clear".into(),
        ),
        RejectCause::NoText => (
            "the CallManager gives no reason; it may not know the name, or not serve this device type",
            "look the device name up there; if it is right, set `device-type` to one that the CallManager lists (307, a 7911, is taken by wazo)".into(),
        ),
        RejectCause::Other => (
            "the text is not a known one",
            "see the CallManager's log; look the device name up there".into(),
        ),
    }
}

/// `channel 4 only`, `channels 1-8, 12`.
fn numbers(known: &[u16]) -> String {
    match known {
        [one] => format!("channel {one} only"),
        several => format!("channels {}", crate::report::ranges(several)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Place {
        Place {
            port: Some(port),
            channel: Some(port + 8),
            device: Some(format!("VGC0{port}")),
            device_type: Some(10),
        }
    }

    #[test]
    fn every_finding_has_text_cause_and_cure_and_no_dialect() {
        let place = place(3);
        for sample in Finding::samples() {
            let words = finding(&sample, Whose(&[&place]));
            for part in [&words.text, &words.cause, &words.cure] {
                assert!(!part.is_empty(), "{sample:?}: {words:?}");
                assert!(!part.contains("  ") && !part.ends_with('.'), "{words:?}");
            }
        }
    }

    #[test]
    fn the_code_in_json_is_the_code() {
        for sample in Finding::samples() {
            let json = serde_json::to_value(&sample).unwrap();
            assert_eq!(json["code"], sample.code());
            let back: Finding = serde_json::from_value(json).unwrap();
            assert_eq!(back, sample);
        }
    }

    #[test]
    fn the_documentation_has_every_finding() {
        let page = include_str!("../../../../docs/FINDINGS.md");
        let place = place(7);
        let mut missing = String::new();
        for sample in Finding::samples() {
            let words = finding(&sample, Whose(&[&place]));
            let severity = format!("{:?}", sample.severity()).to_lowercase();
            let row = format!(
                "| `{}` | {severity} | {} | {} | {} |\n",
                sample.code(),
                words.text,
                words.cause,
                words.cure
            );
            if !page.contains(&row) {
                missing += &row;
            }
        }
        assert!(missing.is_empty(), "docs/FINDINGS.md lacks:\n{missing}");
        let rows = page.lines().filter(|l| l.starts_with("| `")).count();
        assert_eq!(rows, Finding::samples().len(), "rows of former findings");
    }

    #[test]
    fn one_port_has_its_channel_and_device_in_the_words_and_several_have_not() {
        let places: Vec<Place> = (1..=48).map(place).collect();
        let missing = Finding::ChannelMissing { known: vec![] };
        let text = |whose: &[&Place]| finding(&missing, Whose(whose)).text;
        assert_eq!(text(&[&places[0]]), "DAHDI channel 9 does not exist");
        let all: Vec<&Place> = places.iter().collect();
        assert_eq!(text(&all), "its DAHDI channel does not exist");
        let rejected = Finding::RegistrationRejected {
            server: "pbx:2000".into(),
            text: "No Authority".into(),
            cause: RejectCause::NoAuthority,
        };
        let text = |whose: &[&Place]| finding(&rejected, Whose(whose)).text;
        assert_eq!(
            text(&all[..1]),
            "CallManager pbx:2000 rejects the device name VGC01 (\"No Authority\")"
        );
        assert_eq!(
            text(&all[..2]),
            "CallManager pbx:2000 rejects the device names VGC01, VGC02 (\"No Authority\")"
        );
        assert_eq!(
            text(&all),
            "CallManager pbx:2000 rejects 48 device names, VGC01 to VGC048 (\"No Authority\")"
        );
    }
}
