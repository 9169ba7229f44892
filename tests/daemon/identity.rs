//! The network interfaces of the machine, and what the device names are made of. A mount namespace of its own shows the
//! daemon other interfaces than the machine has.

use std::path::{Path, PathBuf};

use tipring_tests::gateway::{Gateway, Launch};

use crate::place::{Place, SOON, until};

const ONE: &str = "00:1b:54:aa:bb:cc";
const OTHER: &str = "00:1b:54:dd:ee:ff";

/// A machine's interfaces.
struct Machine {
    place: Place,
}

impl Machine {
    /// Without any but the loopback.
    fn new() -> Machine {
        let machine = Machine {
            place: Place::new(),
        };
        machine.add("lo", 1, "00:00:00:00:00:00", false);
        machine
    }

    fn network(&self) -> PathBuf {
        self.place.folder().join("net")
    }

    fn add(&self, name: &str, index: u32, mac: &str, physical: bool) {
        let new = self.place.folder().join("new-interface");
        let folder = if physical {
            new.join("device")
        } else {
            new.clone()
        };
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(new.join("ifindex"), format!("{index}\n")).unwrap();
        std::fs::write(new.join("address"), format!("{mac}\n")).unwrap();
        // The kernel shows an interface whole or not at all.
        std::fs::create_dir_all(self.network()).unwrap();
        std::fs::rename(&new, self.network().join(name)).unwrap();
    }

    fn remove(&self, name: &str) {
        let away = self.place.folder().join("old-interface");
        std::fs::rename(self.network().join(name), &away).unwrap();
        std::fs::remove_dir_all(away).unwrap();
    }

    /// Every kind of interface that software makes, all before the physical ones.
    fn add_virtual_ones(&self) {
        for (index, (name, mac)) in (2..).zip([
            ("docker0", "02:42:9d:11:22:33"),
            ("br-1f2e3d4c5b6a", "02:42:9d:11:22:44"),
            ("veth12ab34c", "9e:00:00:00:00:01"),
            ("virbr0", "52:54:00:11:22:33"),
            ("tap0", "fe:00:00:00:00:01"),
            ("tun0", ""),
            ("wg0", ""),
            ("aaa0", "00:1b:54:00:00:01"),
        ]) {
            self.add(name, index, mac, false);
        }
    }

    fn config(&self, mac: &str) -> String {
        format!(
            "[gateway]\n{mac}\n[callmanager]\nservers = [\"{}\"]\n[media]\nrtp-ports = \"20000-20999\"\n",
            self.place.sccp()
        )
    }

    fn launch(&self, mac: &str) -> Launch {
        let user = if nix::unistd::geteuid().is_root() {
            "-m"
        } else {
            "-rm"
        };
        let mount = format!(
            "mount --bind {} /sys/class/net && exec \"$@\"",
            self.network().display()
        );
        self.place
            .launch(&self.config(mac))
            .wrapped(&["unshare", user, "sh", "-c", &mount, "sh"])
    }

    fn start(&self) -> Gateway {
        self.launch("").start().unwrap()
    }

    /// Where a daemon without systemd remembers: beside its socket.
    fn file(&self) -> PathBuf {
        self.place.folder().join("control.sock.identity")
    }

    /// A daemon has been here that chose an interface.
    fn remembers(&self, name: &str, mac: &str) {
        let gateway = self.start();
        assert_eq!(name_of(&gateway), device(mac));
        self.file_names(name);
        gateway.stop().unwrap();
    }

    fn file_names(&self, interface: &str) {
        let wanted = format!("interface = \"{interface}\"");
        until(SOON, || match std::fs::read_to_string(self.file()) {
            Ok(text) if text.contains(&wanted) => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
}

/// The name of the first port.
fn name_of(gateway: &Gateway) -> String {
    gateway.port(1).unwrap().summary.device
}

fn device(mac: &str) -> String {
    let digits: String = mac.chars().filter(|c| *c != ':').collect();
    format!("VGC{}01", digits[2..].to_uppercase())
}

/// What is wrong with the gateway, each with its cure.
fn troubles(gateway: &Gateway) -> Vec<String> {
    let troubles = gateway.status().unwrap().findings;
    let ours = |what: &str| what.contains("device names");
    troubles
        .into_iter()
        .filter(|t| ours(&t.what()))
        .map(|t| format!("{}: {}", t.what(), t.cure))
        .collect()
}

fn has_trouble(gateway: &Gateway, wanted: &[&str]) {
    until(SOON, || match &*troubles(gateway) {
        [one] if wanted.iter().all(|w| one.contains(w)) => Ok(()),
        other => Err(format!("not one with {wanted:?}: {other:?}")),
    });
}

pub(crate) fn no_virtual_interface_changes_a_device_name() {
    let machine = Machine::new();
    machine.add("enp3s0", 20, ONE, true);
    machine.add_virtual_ones();
    // At the first start, at a later one, and while it runs.
    machine.remembers("enp3s0", ONE);
    machine.remembers("enp3s0", ONE);
    std::fs::remove_file(machine.file()).unwrap();
    for name in ["docker0", "aaa0"] {
        machine.remove(name);
    }
    let gateway = machine.start();
    machine.add("docker0", 2, "02:42:9d:11:22:33", false);
    machine.add("aaa0", 3, "00:1b:54:00:00:01", false);
    gateway.reload().unwrap();
    assert_eq!(name_of(&gateway), device(ONE));
    assert_eq!(troubles(&gateway), [""; 0]);
    gateway.stop().unwrap();
}

pub(crate) fn an_interface_once_chosen_stays_when_better_ones_come_and_when_it_is_renamed() {
    let machine = Machine::new();
    machine.add("enp3s0", 20, ONE, true);
    machine.remembers("enp3s0", ONE);
    machine.add("enp1s0", 2, OTHER, true);
    machine.remembers("enp3s0", ONE);
    machine.remove("enp3s0");
    machine.add("lan0", 20, ONE, true);
    machine.remembers("lan0", ONE);
    let gateway = machine.start();
    assert_eq!(troubles(&gateway), [""; 0]);
}

pub(crate) fn an_interface_that_is_gone_or_replaced_is_a_trouble_and_the_names_stay() {
    let machine = Machine::new();
    machine.add("enp3s0", 20, ONE, true);
    machine.remembers("enp3s0", ONE);
    let gateway = machine.start();
    machine.remove("enp3s0");
    let cure = format!("write mac = \"{ONE}\" into [gateway]");
    has_trouble(&gateway, &["enp3s0", "this machine no longer has", &cure]);
    machine.add("enp3s0", 20, OTHER, true);
    has_trouble(
        &gateway,
        &["enp3s0", &format!("which has {OTHER} now"), &cure],
    );
    gateway.reload().unwrap();
    assert_eq!(name_of(&gateway), device(ONE));
    gateway.stop().unwrap();

    // The same after a restart, which logs it too.
    let gateway = machine.start();
    assert_eq!(name_of(&gateway), device(ONE));
    has_trouble(&gateway, &[OTHER, &cure]);
    let log = gateway.log();
    assert!(
        log.contains(OTHER) && log.contains("into [gateway]"),
        "{log}"
    );
    // The cure works.
    gateway
        .write_config(&machine.config(&format!("mac = \"{ONE}\"")))
        .unwrap();
    gateway.reload().unwrap();
    assert_eq!(troubles(&gateway), [""; 0]);
    assert_eq!(name_of(&gateway), device(ONE));
    gateway.stop().unwrap();
    // And the other one gives new names.
    std::fs::remove_file(machine.file()).unwrap();
    machine.remembers("enp3s0", OTHER);
}

pub(crate) fn the_mac_of_the_file_goes_before_every_interface_and_is_not_remembered() {
    let machine = Machine::new();
    machine.add("enp3s0", 20, ONE, true);
    let gateway = machine
        .launch(&format!("mac = \"{OTHER}\""))
        .start()
        .unwrap();
    assert_eq!(name_of(&gateway), device(OTHER));
    gateway.stop().unwrap();
    assert!(!machine.file().exists());
}

pub(crate) fn a_machine_without_an_interface_takes_the_first_physical_one_that_comes() {
    let machine = Machine::new();
    let gateway = machine.start();
    has_trouble(
        &gateway,
        &["02:00:00:00:00:01", "connect the machine's network"],
    );
    machine.add("docker0", 2, "02:42:9d:11:22:33", false);
    // It is looked for once a second; a virtual one is no better than none.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(name_of(&gateway), device("02:00:00:00:00:01"));
    machine.add("enx001b54aabbcc", 3, ONE, true);
    until(SOON, || match name_of(&gateway) {
        name if name == device(ONE) => Ok(()),
        name => Err(name),
    });
    assert_eq!(troubles(&gateway), [""; 0]);
    machine.file_names("enx001b54aabbcc");
    gateway.stop().unwrap();
    machine.remembers("enx001b54aabbcc", ONE);
}

pub(crate) fn a_memory_that_is_damaged_or_cannot_be_written_costs_a_line_in_the_log() {
    let machine = Machine::new();
    machine.add("enp3s0", 20, ONE, true);
    std::fs::write(machine.file(), [0, 0xFF, b'\n']).unwrap();
    let gateway = machine.start();
    machine.file_names("enp3s0");
    assert_eq!(name_of(&gateway), device(ONE));
    assert_eq!(troubles(&gateway), [""; 0]);
    assert!(gateway.log().contains("it is damaged"), "{}", gateway.log());
    gateway.stop().unwrap();

    // Nobody can write there, not even root.
    let nowhere = Path::new("/proc/self/nowhere");
    let state = nowhere.to_str().unwrap();
    let gateway = machine
        .launch("")
        .env("STATE_DIRECTORY", state)
        .start()
        .unwrap();
    assert_eq!(name_of(&gateway), device(ONE));
    until(SOON, || {
        let log = gateway.log();
        let said = log.contains("cannot be remembered") && log.contains(ONE);
        if said { Ok(()) } else { Err(log) }
    });
    assert_eq!(troubles(&gateway), [""; 0]);
    gateway.stop().unwrap();
}
