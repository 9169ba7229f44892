//! What the machine contributes to the configuration. Asked for by the callers, never by the checks.

use std::path::{Path, PathBuf};

use crate::naming::Mac;

/// What the machine contributes to the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// MAC of the first interface that has one; device names are made of it.
    pub mac: Option<Mac>,
    /// Directory with further country files (`*.toml`); it need not exist.
    pub countries_dir: Option<PathBuf>,
}

impl Machine {
    /// This machine: its MAC, and [`crate::COUNTRIES_DIR`].
    pub fn this() -> Machine {
        Machine {
            mac: Machine::first_mac(),
            countries_dir: Some(PathBuf::from(crate::COUNTRIES_DIR)),
        }
    }

    /// The MAC of this machine's first network interface: real hardware before virtual interfaces, then by
    /// interface number, so that a bridge or a container network that comes later changes no device name.
    pub fn first_mac() -> Option<Mac> {
        first_mac_in(Path::new("/sys/class/net"))
    }
}

fn first_mac_in(dir: &Path) -> Option<Mac> {
    let number = |path: &Path| -> Option<u32> {
        std::fs::read_to_string(path.join("ifindex"))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let entries = std::fs::read_dir(dir).ok()?;
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let mac = Mac::parse(std::fs::read_to_string(path.join("address")).ok()?.trim())?;
            let virtual_one = !path.join("device").exists();
            mac.is_usable()
                .then_some((virtual_one, number(&path)?, mac.0))
        })
        .min()
        .map(|(_, _, mac)| Mac(mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_interfaces_come_before_virtual_ones_and_loopback_never() {
        let dir = std::env::temp_dir().join(format!("tipring-net-{}", std::process::id()));
        let add = |name: &str, index: &str, address: &str, real: bool| {
            let path = dir.join(name);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("ifindex"), index).unwrap();
            std::fs::write(path.join("address"), address).unwrap();
            if real {
                std::fs::create_dir_all(path.join("device")).unwrap();
            }
        };
        add("lo", "1\n", "00:00:00:00:00:00\n", false);
        assert_eq!(first_mac_in(&dir), None);
        add("docker0", "2\n", "02:42:00:00:00:01\n", false);
        add("eth1", "10\n", "00:11:22:33:44:66\n", true);
        add("eth0", "9\n", "00:11:22:33:44:55\n", true);
        let found = first_mac_in(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(
            found.map(|mac| mac.to_string()),
            Some("00:11:22:33:44:55".to_owned())
        );
        assert_eq!(first_mac_in(&dir), None);
    }
}
