//! What the machine contributes to the configuration. Asked for by the callers, never by the checks.

use std::path::{Path, PathBuf};

use crate::naming::Mac;

/// Where the kernel shows the network interfaces.
const NETWORK: &str = "/sys/class/net";

/// What the machine contributes to the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// MAC of the interface that the device names are made of.
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

    /// The MAC of the interface that a machine which remembers none would choose.
    pub fn first_mac() -> Option<Mac> {
        choose(&interfaces()?, None).mac()
    }
}

/// A network interface that has a MAC of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// As the kernel calls it.
    pub name: String,
    /// The kernel's number.
    pub index: u32,
    /// The address that the hardware came with, also while a bond gives it another one.
    pub mac: Mac,
    /// There is a device behind it: no bridge, tunnel, bond, VLAN or container's end.
    pub physical: bool,
    /// Chosen at random by the kernel for this boot.
    pub random: bool,
}

/// The interface whose MAC the device names are made of, as it was when it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// As the kernel called it.
    pub interface: String,
    /// Its address.
    pub mac: Mac,
}

/// Where the MAC of the device names comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A physical interface; to be remembered.
    Chosen(Remembered),
    /// The remembered one, which is there; perhaps under another name.
    Kept(Remembered),
    /// The remembered one, although no interface has that MAC now: the CallManager knows its ports by it.
    Missing {
        /// What was remembered.
        remembered: Remembered,
        /// What the interface of that name has instead, if there is one.
        instead: Option<Mac>,
    },
    /// A virtual interface, for lack of a physical one. Not to be remembered: virtual ones come and go.
    Virtual(Remembered),
    /// No interface has a MAC.
    Nothing,
}

impl Choice {
    /// The MAC.
    pub fn mac(&self) -> Option<Mac> {
        self.remembered().map(|r| r.mac)
    }

    /// The interface.
    pub fn remembered(&self) -> Option<&Remembered> {
        match self {
            Choice::Chosen(one) | Choice::Kept(one) | Choice::Virtual(one) => Some(one),
            Choice::Missing { remembered, .. } => Some(remembered),
            Choice::Nothing => None,
        }
    }
}

/// Chooses the interface whose MAC the device names are made of.
///
/// One that was chosen before stays. Else physical interfaces come before virtual ones, addresses of the hardware
/// before those that software has given, then the kernel's number decides.
pub fn choose(interfaces: &[Interface], remembered: Option<&Remembered>) -> Choice {
    if let Some(remembered) = remembered {
        let has_it = interfaces.iter().filter(|i| i.mac == remembered.mac);
        // A bridge or VLAN over an interface has the MAC of it.
        let same = has_it.min_by_key(|i| (i.name != remembered.interface, !i.physical, i.index));
        return match same {
            Some(same) => Choice::Kept(same.into()),
            None => Choice::Missing {
                remembered: remembered.clone(),
                instead: interfaces
                    .iter()
                    .find(|i| i.name == remembered.interface)
                    .map(|i| i.mac),
            },
        };
    }
    let best = interfaces
        .iter()
        .min_by_key(|i| (!i.physical, i.random || i.mac.is_local(), i.index));
    match best {
        None => Choice::Nothing,
        Some(best) if best.physical => Choice::Chosen(best.into()),
        Some(best) => Choice::Virtual(best.into()),
    }
}

impl From<&Interface> for Remembered {
    fn from(interface: &Interface) -> Remembered {
        Remembered {
            interface: interface.name.clone(),
            mac: interface.mac,
        }
    }
}

impl Remembered {
    /// The text of the file that remembers it.
    pub fn text(&self) -> String {
        format!(
            "# The network interface whose MAC the device names of the ports are made of, as tipringd has chosen it.\n\
             # `mac` in [gateway] of tipring.toml goes before it. Without this file tipringd chooses again at its next start.\n\
             interface = \"{}\"\nmac = \"{}\"\n",
            self.interface, self.mac
        )
    }

    /// Reads that text. `None`: it is damaged.
    pub fn parse(text: &str) -> Option<Remembered> {
        let value = |key: &str| {
            let mut values = text.lines().filter_map(|line| {
                let (name, value) = line.split_once('=')?;
                let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
                (name.trim() == key).then_some(value)
            });
            values.next()
        };
        let interface = value("interface").filter(|name| is_name(name))?;
        let mac = Mac::parse(value("mac")?).filter(|mac| mac.is_usable())?;
        Some(Remembered {
            interface: interface.to_owned(),
            mac,
        })
    }
}

/// A name that the kernel gives to interfaces and that can be shown.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '"' | '\\');
    (1..=15).contains(&name.len()) && name.chars().all(plain)
}

/// The interfaces of this machine that have a MAC. `None`: the kernel does not show them.
pub fn interfaces() -> Option<Vec<Interface>> {
    interfaces_in(Path::new(NETWORK))
}

fn interfaces_in(dir: &Path) -> Option<Vec<Interface>> {
    /// ARPHRD_ETHER, which radio interfaces are too.
    const ETHERNET: u32 = 1;
    /// NET_ADDR_RANDOM
    const RANDOM: u32 = 1;
    let entries = std::fs::read_dir(dir).ok()?;
    let interface = |path: PathBuf| -> Option<Interface> {
        let text = |file: &str| std::fs::read_to_string(path.join(file)).ok();
        let number = |file: &str| text(file)?.trim().parse::<u32>().ok();
        // A bond gives one address to all that are in it.
        let own = text("bonding_slave/perm_hwaddr").or_else(|| text("address"))?;
        let mac = Mac::parse(own.trim()).filter(|mac| mac.is_usable())?;
        let name = path.file_name()?.to_str().filter(|name| is_name(name))?;
        let ethernet = number("type").is_none_or(|kind| kind == ETHERNET);
        ethernet.then_some(Interface {
            name: name.to_owned(),
            index: number("ifindex")?,
            mac,
            physical: path.join("device").exists(),
            random: number("addr_assign_type") == Some(RANDOM),
        })
    };
    let mut all: Vec<Interface> = entries
        .filter_map(|entry| interface(entry.ok()?.path()))
        .collect();
    all.sort_by_key(|i| i.index);
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, index: u32, mac: &str, physical: bool) -> Interface {
        Interface {
            name: name.to_owned(),
            index,
            mac: Mac::parse(mac).unwrap(),
            physical,
            random: false,
        }
    }

    fn enp3s0() -> Interface {
        interface("enp3s0", 9, "00:1b:54:aa:bb:cc", true)
    }

    fn virtual_ones() -> Vec<Interface> {
        [
            ("br-1f2e3d", "02:42:9d:11:22:33"),
            ("docker0", "02:42:9d:11:22:44"),
            ("veth12ab", "9e:00:00:00:00:01"),
            ("virbr0", "52:54:00:11:22:33"),
            ("tap0", "fe:00:00:00:00:01"),
            // Over the physical one, with its MAC or another one that was set.
            ("bond0", "00:1b:54:00:00:01"),
            ("enp3s0.10", "00:1b:54:00:00:02"),
        ]
        .iter()
        .zip(2..)
        .map(|((name, mac), index)| interface(name, index, mac, false))
        .collect()
    }

    #[test]
    fn a_physical_interface_is_chosen_whatever_virtual_ones_there_are() {
        for one in virtual_ones() {
            let chosen = choose(&[one, enp3s0()], None);
            assert_eq!(chosen, Choice::Chosen((&enp3s0()).into()));
        }
        let mut all = virtual_ones();
        all.push(enp3s0());
        assert_eq!(choose(&all, None), Choice::Chosen((&enp3s0()).into()));
    }

    #[test]
    fn among_physical_ones_the_hardwares_address_comes_first_then_the_kernels_number() {
        let local = interface("usb0", 2, "02:11:22:33:44:55", true);
        let mut random = interface("wwan0", 3, "00:11:22:33:44:55", true);
        random.random = true;
        let other = interface("enp4s0", 10, "00:1b:54:aa:bb:00", true);
        let all = [local.clone(), random, other, enp3s0()];
        assert_eq!(choose(&all, None).remembered(), Some(&(&enp3s0()).into()));
        // A virtual machine has such a one and no other.
        assert_eq!(
            choose(std::slice::from_ref(&local), None),
            Choice::Chosen((&local).into())
        );
    }

    #[test]
    fn a_virtual_interface_serves_for_lack_of_a_physical_one() {
        let all = virtual_ones();
        // Addresses that software has given come last here too.
        assert_eq!(choose(&all, None), Choice::Virtual((&all[5]).into()));
        assert_eq!(choose(&[], None), Choice::Nothing);
    }

    #[test]
    fn what_was_chosen_stays_under_another_name_and_without_its_interface() {
        let remembered: Remembered = (&enp3s0()).into();
        let first = interface("eth0", 1, "00:00:5e:00:00:01", true);
        let all = [first.clone(), enp3s0()];
        assert_eq!(
            choose(&all, Some(&remembered)),
            Choice::Kept(remembered.clone())
        );
        let mut renamed = enp3s0();
        renamed.name = "lan0".to_owned();
        let all = [first.clone(), renamed.clone()];
        assert_eq!(
            choose(&all, Some(&remembered)),
            Choice::Kept((&renamed).into())
        );
        let missing = |instead| Choice::Missing {
            remembered: remembered.clone(),
            instead,
        };
        assert_eq!(choose(&[first], Some(&remembered)), missing(None));
        // The names stay.
        assert_eq!(missing(None).mac(), Some(remembered.mac));
        let mut replaced = enp3s0();
        replaced.mac = Mac([0, 0x1b, 0x54, 1, 2, 3]);
        let now = Some(replaced.mac);
        assert_eq!(choose(&[replaced], Some(&remembered)), missing(now));
    }

    #[test]
    fn a_bridge_with_the_interfaces_own_mac_is_not_taken_for_it() {
        let remembered: Remembered = (&enp3s0()).into();
        let bridge = interface("br0", 1, "00:1b:54:aa:bb:cc", false);
        assert_eq!(
            choose(&[bridge, enp3s0()], Some(&remembered)),
            Choice::Kept(remembered)
        );
    }

    #[test]
    fn the_kernels_files_say_what_an_interface_is() {
        let dir = std::env::temp_dir().join(format!("tipring-net-{}", std::process::id()));
        let add = |name: &str, files: &[(&str, &str)]| {
            for (file, text) in files {
                let path = dir.join(name).join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, format!("{text}\n")).unwrap();
            }
        };
        assert_eq!(interfaces_in(&dir), None);
        add(
            "lo",
            &[
                ("ifindex", "1"),
                ("address", "00:00:00:00:00:00"),
                ("type", "772"),
            ],
        );
        assert_eq!(interfaces_in(&dir), Some(vec![]));
        add(
            "wg0",
            &[("ifindex", "2"), ("address", ""), ("type", "65534")],
        );
        add(
            "can0",
            &[("ifindex", "3"), ("type", "280"), ("device/x", "")],
        );
        add(
            "ib0",
            &[
                ("ifindex", "4"),
                ("address", "00:11:22:33:44:57"),
                ("type", "32"),
            ],
        );
        add(
            "group",
            &[("ifindex", "5"), ("address", "01:11:22:33:44:57")],
        );
        add(
            "docker0",
            &[
                ("ifindex", "6"),
                ("address", "02:42:00:00:00:01"),
                ("type", "1"),
            ],
        );
        add(
            "eth1",
            &[
                ("ifindex", "10"),
                ("address", "00:11:22:33:44:66"),
                ("bonding_slave/perm_hwaddr", "00:11:22:33:44:77"),
                ("addr_assign_type", "0"),
                ("device/vendor", "1"),
            ],
        );
        add(
            "wlan0",
            &[
                ("ifindex", "11"),
                ("address", "00:11:22:33:44:88"),
                ("addr_assign_type", "1"),
                ("device/vendor", "1"),
            ],
        );
        std::fs::write(dir.join("bonding_masters"), "bond0\n").unwrap();
        let found = interfaces_in(&dir).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|i| (&*i.name, i.mac.to_string(), i.physical, i.random))
            .collect();
        let [docker0, eth1, wlan0] = &*shown else {
            panic!("{shown:?}");
        };
        assert_eq!(
            *docker0,
            ("docker0", "02:42:00:00:00:01".into(), false, false)
        );
        assert_eq!(*eth1, ("eth1", "00:11:22:33:44:77".into(), true, false));
        assert_eq!(*wlan0, ("wlan0", "00:11:22:33:44:88".into(), true, true));
    }

    #[test]
    fn what_is_remembered_is_read_again_and_a_damaged_text_is_not() {
        let remembered: Remembered = (&enp3s0()).into();
        let text = remembered.text();
        assert_eq!(Remembered::parse(&text), Some(remembered));
        for damaged in [
            "",
            "\u{0}\u{0}",
            "interface = \"enp3s0\"\n",
            &text.replace("enp3s0", "enp\u{1b}[2J"),
            &text.replace("enp3s0", "../../etc"),
            &text.replace("00:1b:54", "01:1b:54"),
            &text.replace("aa:bb", "aa"),
            text.strip_suffix("\"\n").unwrap(),
        ] {
            assert_eq!(Remembered::parse(damaged), None, "{damaged:?}");
        }
    }
}
