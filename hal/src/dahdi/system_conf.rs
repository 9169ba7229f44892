//! What `/etc/dahdi/system.conf` should say for the cards of this machine.
//!
//! Owns: which lines the gateway needs, and how they fit into a file that is there already. Promises: what is right already,
//! and what concerns other channels or other matters, stays as it is, to the byte. Leaves to others: writing the file and
//! running `dahdi_cfg`.

use std::collections::BTreeSet;

use super::scan::{Hardware, PortKind};
use super::sysfs::ranges;

/// Where the file is.
pub const SYSTEM_CONF: &str = "/etc/dahdi/system.conf";

const SIGNALLING: [&str; 6] = ["fxoks", "fxols", "fxogs", "fxsks", "fxsls", "fxsgs"];
/// DAHDI's tone zones. Only `dahdi_cfg` uses them; the gateway has its own tones. The kernel does not ring without one.
const ZONES: &str = "us au fr nl uk fi es jp no at nz it gr tw cl se be sg il br hu lt pl za pt ee mx in de ch dk cz cn ar \
                     my th bg ve ph ru tr pa mo cr ae";

/// DAHDI's tone zone for a country; `us` for those it does not know.
pub fn zone(country: &str) -> &'static str {
    let country = if country == "gb" { "uk" } else { country };
    ZONES
        .split_whitespace()
        .find(|zone| *zone == country)
        .unwrap_or("us")
}

/// The file as it should be. `country` overrules the zone that is in it.
pub fn propose(existing: &str, hardware: &Hardware, country: Option<&str>) -> String {
    let of = |kind: PortKind| -> BTreeSet<u16> {
        let channels = hardware.channels().filter(|c| c.port == kind);
        channels.map(|c| c.number).collect()
    };
    let mut plan = Plan {
        telephones: of(PortKind::Telephone),
        exchange_lines: of(PortKind::ExchangeLine),
        done: BTreeSet::new(),
        zones: BTreeSet::new(),
        zone: country.map(zone),
    };
    let mut text = String::new();
    for line in existing.lines() {
        if let Some(line) = plan.keep(line) {
            text += &line;
            text.push('\n');
        }
    }
    let added = plan.missing();
    if existing.is_empty() && !added.is_empty() {
        text += "# DAHDI channels, written by \"tipring setup\". dahdi_cfg reads this file.\n\
                 # fxoks: a telephone hangs on the channel. fxsks: an exchange line does.\n";
    } else if !added.is_empty() && !text.is_empty() {
        text += "\n# Added by \"tipring setup\".\n";
    }
    for line in added {
        text += &line;
        text.push('\n');
    }
    text
}

struct Plan {
    telephones: BTreeSet<u16>,
    exchange_lines: BTreeSet<u16>,
    /// Channels that the file has right.
    done: BTreeSet<u16>,
    /// Zone keys that the file has.
    zones: BTreeSet<&'static str>,
    zone: Option<&'static str>,
}

impl Plan {
    /// The line as it should be; none when nothing of it is left.
    fn keep(&mut self, line: &str) -> Option<String> {
        let whole = Some(line.to_owned());
        let bare = line.split(['#', ';']).next().unwrap_or_default();
        let Some((key, value)) = bare.split_once('=') else {
            return whole;
        };
        let (key, value) = (key.trim(), value.trim());
        if let Some(key) = SIGNALLING.iter().find(|known| **known == key) {
            let Some(listed) = parse(value) else {
                return whole;
            };
            let kept: Vec<u16> = listed
                .iter()
                .copied()
                .filter(|channel| self.fits(key, *channel))
                .collect();
            self.done.extend(&kept);
            return rewritten(whole, key, "", &listed, &kept);
        }
        match key {
            "echocanceller" => {
                let Some((name, listed)) = value
                    .split_once(',')
                    .and_then(|(name, list)| Some((name, parse(list)?)))
                else {
                    return whole;
                };
                let kept: Vec<u16> = listed
                    .iter()
                    .copied()
                    .filter(|channel| !self.telephones.contains(channel))
                    .collect();
                rewritten(whole, key, &format!("{name},"), &listed, &kept)
            }
            "loadzone" | "defaultzone" => {
                let key = if key == "loadzone" {
                    "loadzone"
                } else {
                    "defaultzone"
                };
                let first = self.zones.insert(key);
                match self.zone {
                    Some(zone) if zone != value && (first || key == "defaultzone") => {
                        Some(format!("{key}={zone}"))
                    }
                    _ => whole,
                }
            }
            _ => whole,
        }
    }

    /// May the channel be signalled so?
    fn fits(&self, key: &str, channel: u16) -> bool {
        if self.telephones.contains(&channel) {
            return matches!(key, "fxoks" | "fxols");
        }
        !self.exchange_lines.contains(&channel) || key.starts_with("fxs")
    }

    /// Lines that the file lacks.
    fn missing(&self) -> Vec<String> {
        let lacking =
            |all: &BTreeSet<u16>| -> Vec<u16> { all.difference(&self.done).copied().collect() };
        let mut lines = vec![];
        for (key, channels) in [
            ("fxoks", lacking(&self.telephones)),
            ("fxsks", lacking(&self.exchange_lines)),
        ] {
            if !channels.is_empty() {
                lines.push(format!("{key}={}", list(&channels)));
            }
        }
        let analog = !self.telephones.is_empty() || !self.exchange_lines.is_empty();
        for key in ["loadzone", "defaultzone"] {
            if analog && !self.zones.contains(key) {
                lines.push(format!("{key}={}", self.zone.unwrap_or("us")));
            }
        }
        lines
    }
}

fn rewritten(
    whole: Option<String>,
    key: &str,
    before: &str,
    listed: &[u16],
    kept: &[u16],
) -> Option<String> {
    if kept.len() == listed.len() {
        return whole;
    }
    (!kept.is_empty()).then(|| format!("{key}={before}{}", list(kept)))
}

fn list(channels: &[u16]) -> String {
    ranges(channels).replace(' ', "")
}

/// `1-4,7` as numbers; none for what is not of this form.
fn parse(text: &str) -> Option<Vec<u16>> {
    let mut channels = vec![];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        channels.extend(first..=last);
    }
    Some(channels)
}

#[cfg(test)]
mod tests;
