//! What a port has to do to be as the configuration wants it, and how that is reported.
//!
//! Decides, and does nothing.

use tipring_config::Config;
use tipring_config::change::{Change, PortChange, When, changes};
use tipring_ctl::report::ReloadChange;
use tipring_proto::types::PortId;

/// What a port does as soon as it is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Next {
    /// Takes other settings.
    Settings,
    /// Unregisters and gives its line back; then it begins again, if it is still in the configuration.
    Leave {
        /// It has begun to.
        leaving: bool,
    },
}

/// What the configuration wants of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) next: Next,
    /// The keys that changed; none: the port is not wanted any more.
    pub(super) keys: Vec<Change>,
}

/// What a port that goes by `used` has to do to go by `wanted`; `None`: nothing that it would have to be idle for.
pub(super) fn wish(used: &Config, wanted: &Config, port: PortId) -> Option<Wish> {
    let changes = changes(used, wanted);
    let own = changes.ports.iter().find(|(id, _)| *id == port);
    let own = match own.map(|(_, change)| change) {
        Some(PortChange::Removed) => {
            return Some(Wish {
                next: Next::Leave { leaving: false },
                keys: vec![],
            });
        }
        // Removed and added again before it has left.
        Some(PortChange::Added) | None => &[][..],
        Some(PortChange::Changed(keys)) => keys,
    };
    let keys: Vec<Change> = changes
        .tables
        .iter()
        .chain(own)
        .filter(|change| change.when.waits_for_ports())
        .copied()
        .collect();
    let next = if keys.is_empty() {
        return None;
    } else if keys.iter().any(|change| change.when == When::Line) {
        Next::Leave { leaving: false }
    } else {
        Next::Settings
    };
    Some(Wish { next, keys })
}

/// How a changed key is called.
pub(super) fn name(change: &Change) -> String {
    match change.table {
        "port" => change.key.to_owned(),
        table => format!("{table}.{}", change.key),
    }
}

/// What follows from changes that are in use.
pub(super) fn effect(keys: &[Change], enabled: bool) -> &'static str {
    let has = |when| keys.iter().any(|change| change.when == when);
    if has(When::Line) {
        return if enabled {
            "in use; the port registers again"
        } else {
            "switched off"
        };
    }
    if has(When::Registration) {
        "in use; registers again"
    } else if has(When::Servers) {
        "in use; ports move where their server left the list"
    } else {
        "in use"
    }
}

/// Adds a change of a port, together with the same change of others.
pub(super) fn add(list: &mut Vec<ReloadChange>, port: u16, keys: &[Change], what: &str) {
    let keys: Vec<String> = keys.iter().map(name).collect();
    match list
        .iter_mut()
        .find(|c| !c.ports.is_empty() && c.keys == keys && c.what == what)
    {
        Some(same) => {
            same.ports.push(port);
            same.ports.sort_unstable();
            same.ports.dedup();
        }
        None => list.push(ReloadChange {
            ports: vec![port],
            keys,
            what: what.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let machine = tipring_config::Machine {
            mac: tipring_config::Mac::parse("02:00:5e:10:20:30"),
            countries_dir: None,
        };
        tipring_config::parse(text, "test", &machine).unwrap_or_else(|e| panic!("{e}"))
    }

    fn of(used: &str, wanted: &str) -> Option<(Next, Vec<String>)> {
        let wish = wish(&config(used), &config(wanted), PortId(1))?;
        Some((wish.next, wish.keys.iter().map(name).collect()))
    }

    const PORT: &str = "[[port]]\nchannel = 1\n";
    const LEAVE: Next = Next::Leave { leaving: false };

    fn some(next: Next, keys: &[&str]) -> Option<(Next, Vec<String>)> {
        Some((next, keys.iter().map(|k| (*k).to_owned()).collect()))
    }

    #[test]
    fn a_port_has_nothing_to_do_for_its_label_for_others_and_for_what_needs_a_restart() {
        let label = format!("{PORT}label = \"Lift\"\n");
        let other = format!("{PORT}[[port]]\nchannel = 2\n");
        let restart = format!("[line-thread]\nshards = 2\n[log]\nlevel = \"debug\"\n{PORT}");
        for wanted in [PORT, &label, &other, &restart] {
            assert_eq!(of(PORT, wanted), None, "{wanted}");
        }
    }

    #[test]
    fn settings_of_the_port_and_of_all_ports_are_taken_together() {
        let wanted = format!("[media]\nptime-ms = 30\n{PORT}flash = \"hold\"\n");
        assert_eq!(
            of(PORT, &wanted),
            some(Next::Settings, &["media.ptime-ms", "flash"])
        );
    }

    #[test]
    fn a_port_that_is_removed_disabled_or_moved_to_another_channel_leaves_its_line() {
        assert_eq!(of(PORT, "[[port]]\nchannel = 2\n"), some(LEAVE, &[]));
        let off = format!("{PORT}enabled = false\n");
        assert_eq!(of(PORT, &off), some(LEAVE, &["enabled"]));
        assert_eq!(of(&off, PORT), some(LEAVE, &["enabled"]));
        let moved = "[[port]]\nchannel = 2\nnumber = 1\nflash = \"send\"\n";
        assert_eq!(of(PORT, moved), some(LEAVE, &["channel", "flash"]));
    }

    #[test]
    fn the_same_change_of_several_ports_is_reported_once() {
        let keys = [Change {
            table: "port",
            key: "flash",
            when: When::Idle,
        }];
        let mut list = vec![];
        for port in [3, 1, 2] {
            add(&mut list, port, &keys, "in use");
        }
        add(&mut list, 4, &keys, "after its call");
        let shown: Vec<_> = list.iter().map(|c| (&c.ports[..], &c.what[..])).collect();
        assert_eq!(
            shown,
            [(&[1, 2, 3][..], "in use"), (&[4][..], "after its call")]
        );
    }
}
