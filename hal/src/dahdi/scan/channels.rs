//! Spans and channels, and the state of each channel for the gateway.

use std::path::{Path, PathBuf};

use super::{ChannelEntry, HolderEntry, PortKind, Span, Verdict};
use crate::dahdi::sysfs::{Root, attribute};

/// All spans with their place in sysfs, in order of number.
pub(super) fn spans(root: &Root, holders: &[HolderEntry]) -> Vec<(PathBuf, Span)> {
    let channels: Vec<PathBuf> = root
        .list("/sys/bus/dahdi_channels/devices")
        .iter()
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .collect();
    let mut spans: Vec<(PathBuf, Span)> = root
        .list("/sys/bus/dahdi_spans/devices")
        .iter()
        .filter_map(|device| {
            let real = std::fs::canonicalize(device).ok()?;
            let number = real.file_name()?.to_str()?.strip_prefix("span-")?;
            let text = |name| attribute(&real, name).unwrap_or_default();
            let mut own: Vec<ChannelEntry> = channels
                .iter()
                .filter(|channel| channel.starts_with(&real))
                .filter_map(|channel| entry(channel, &text("alarms"), holders))
                .collect();
            own.sort_by_key(|channel| channel.number);
            let span = Span {
                number: number.parse().ok()?,
                name: text("name"),
                description: text("desc"),
                kind: text("spantype"),
                alarms: span_alarms(&text("alarms")),
                channels: own,
            };
            Some((real, span))
        })
        .collect();
    spans.sort_by_key(|(_, span)| span.number);
    spans
}

/// sysfs has a span's alarms as a number.
fn span_alarms(text: &str) -> String {
    let bits = u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0);
    match tipring_linux::dahdi::Alarms(bits) {
        none if none.is_clear() => String::new(),
        some => some.to_string(),
    }
}

fn entry(device: &Path, span_alarms_text: &str, holders: &[HolderEntry]) -> Option<ChannelEntry> {
    let text = |name| attribute(device, name).unwrap_or_default();
    let number: u16 = text("channo").parse().ok()?;
    let signalling = signalling(&text("sig"));
    let port = port_kind(&text("sigcap"), signalling.as_deref());
    let mut alarms = span_alarms(span_alarms_text);
    if alarms.is_empty() {
        alarms = text("alarms").to_lowercase();
    }
    let in_use = text("in_use") == "1";
    let mut channel = ChannelEntry {
        number,
        name: text("name"),
        port,
        signalling,
        alarms,
        in_use,
        verdict: Verdict::usable(None),
    };
    channel.verdict = verdict(&channel, holders);
    Some(channel)
}

/// From sysfs' word to that of `system.conf`.
fn signalling(word: &str) -> Option<String> {
    match word {
        "" | "Unconfigured" => None,
        other => Some(other.to_lowercase()),
    }
}

fn port_kind(capabilities: &str, signalling: Option<&str>) -> PortKind {
    let can = |prefix: &str| {
        capabilities
            .split_whitespace()
            .any(|word| word.starts_with(prefix))
    };
    let is = |prefix: &str| signalling.is_some_and(|s| s.starts_with(prefix));
    match (can("FXO"), can("FXS")) {
        (true, false) => PortKind::Telephone,
        (false, true) => PortKind::ExchangeLine,
        (true, true) if is("fxo") => PortKind::Telephone,
        (true, true) if is("fxs") => PortKind::ExchangeLine,
        (true, true) => PortKind::Configured,
        (false, false) if capabilities.is_empty() => PortKind::Nothing,
        (false, false) => PortKind::Configured,
    }
}

fn verdict(channel: &ChannelEntry, holders: &[HolderEntry]) -> Verdict {
    let number = channel.number;
    match channel.port {
        PortKind::Nothing => {
            return Verdict::unfit(
                "no line module in this place, or a broken one",
                Some("seat the module again if there is one; \"dmesg\" names broken ones".into()),
            );
        }
        PortKind::ExchangeLine => {
            return Verdict::unfit("for an exchange line, not for a telephone", None);
        }
        PortKind::Configured => {
            return Verdict::unfit("neither a port for a telephone nor configured as one", None);
        }
        PortKind::Telephone => {}
    }
    let line = format!(
        "run \"tipring setup\" (\"fxoks={number}\" in /etc/dahdi/system.conf, then dahdi_cfg)"
    );
    match channel.signalling.as_deref() {
        None => return Verdict::unfit("not configured", Some(line)),
        Some("fxoks" | "fxols") => {}
        Some(other) => {
            return Verdict::unfit(
                format!("signalled {other}; the gateway needs fxoks"),
                Some(line),
            );
        }
    }
    if !channel.alarms.is_empty() {
        return Verdict::unfit(
            format!("in alarm: {}", channel.alarms),
            Some("look at the card's power, plugs and cable; it heals by itself when the cause is gone".into()),
        );
    }
    if !channel.in_use {
        return Verdict::usable(None);
    }
    let is_ours = |holder: &HolderEntry| holder.name == "tipringd";
    match holders {
        [] => Verdict::usable(Some("in use; by whom only root may see".into())),
        [one] if is_ours(one) => Verdict::usable(Some("in use by tipringd".into())),
        [one] => Verdict::unfit(
            format!("in use by {} (pid {})", one.name, one.pid),
            Some(format!(
                "stop {}, or take the channel out of its configuration",
                one.name
            )),
        ),
        many if many.iter().all(is_ours) => Verdict::usable(Some("in use by tipringd".into())),
        many => {
            let names: Vec<String> = many
                .iter()
                .map(|holder| format!("{} (pid {})", holder.name, holder.pid))
                .collect();
            Verdict::usable(Some(format!("in use by one of {}", names.join(", "))))
        }
    }
}
