//! What a good file says that this machine does not have, or not yet: an address, a group.
//!
//! An address may come later (DHCP, a VLAN that is made at boot) and a group may be added, so these are warnings: the
//! daemon starts, shows what is missing, and goes on when it is there. Asks nobody: what the machine has is an argument.

use std::net::Ipv4Addr;

use crate::layer::Source;
use crate::report::{Problem, Severity};
use crate::{Config, Origins};

/// An address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its interface.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
}

/// What this machine has of what a configuration names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// Its addresses, to be named.
    pub addresses: Vec<Address>,
    /// It has `[gateway] address`.
    pub has_address: bool,
    /// It has `[control] group`.
    pub has_group: bool,
}

/// Addresses with their interfaces; those of the loopback only when there are no others.
pub fn named(addresses: &[Address]) -> Vec<String> {
    let others = addresses.iter().any(|one| !one.address.is_loopback());
    let named = addresses
        .iter()
        .filter(|one| !others || !one.address.is_loopback());
    named
        .map(|one| format!("{} ({})", one.address, one.interface))
        .collect()
}

/// What the configuration names and this machine lacks.
pub fn lacking(config: &Config, origins: &Origins, here: &Here) -> Vec<Problem> {
    let warning = |table: &str, key: &str, message: &str, accepts, cure: &str| {
        let of = origins.of_table(table, key);
        let of = of.filter(|of| of.source == Source::Table);
        Problem {
            severity: Severity::Warning,
            line: of.and_then(|of| of.line),
            key: Some(format!("{table}.{key}")),
            value: of.and_then(|of| of.value.clone()),
            accepts,
            ..Problem::of_file(
                config.file.as_deref().unwrap_or_default(),
                message.to_owned(),
                cure,
            )
        }
    };
    let mut lacking = Vec::new();
    if config.gateway.address.is_some() && !here.has_address {
        lacking.push(warning(
            "gateway",
            "address",
            "is no address of this machine now; until it is, no port registers",
            Some(match named(&here.addresses).as_slice() {
                [] => "this machine has no IPv4 address now".to_owned(),
                some => some.join(", "),
            }),
            "write an address of this machine, or remove the key: the address towards the CallManager is used then",
        ));
    }
    if let Some(group) = &config.control.group
        && !here.has_group
    {
        let cure = format!("`groupadd --system {group}`, or write a group that exists");
        lacking.push(warning(
            "control",
            "group",
            "is no group of this machine; the control socket stays with root, the daemon's user and its own group",
            None,
            &cure,
        ));
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mac, Machine, Render};

    const FILE: &str = "[gateway]\naddress = \"192.0.2.9\"\n[control]\ngroup = \"nobodys\"\n";

    fn warnings(text: &str, here: &Here) -> Vec<String> {
        let machine = Machine {
            mac: Mac::parse("02:00:5e:00:00:01"),
            ..Machine::default()
        };
        let (config, origins) = crate::parse_with_origins(text, "t", &machine).unwrap();
        let problems = lacking(&config, &origins, here).into_iter();
        problems.map(|p| p.render(false)).collect()
    }

    fn address(interface: &str, address: [u8; 4]) -> Address {
        Address {
            interface: interface.to_owned(),
            address: address.into(),
        }
    }

    #[test]
    fn what_the_machine_lacks_is_named_with_its_line_and_what_there_is() {
        let here = Here {
            addresses: vec![
                address("lo", [127, 0, 0, 1]),
                address("eth0", [10, 0, 0, 5]),
            ],
            ..Here::default()
        };
        let found = warnings(FILE, &here);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found[0].starts_with("t:2: warning: gateway.address = \"192.0.2.9\": is no address")
        );
        assert!(
            found[0].contains("accepted: 10.0.0.5 (eth0)\n"),
            "{}",
            found[0]
        );
        assert!(found[1].starts_with("t:4: warning: control.group = \"nobodys\": is no group"));
        assert!(
            found[1].contains("groupadd --system nobodys"),
            "{}",
            found[1]
        );
    }

    #[test]
    fn what_is_there_or_not_named_is_no_warning() {
        let all = Here {
            has_address: true,
            has_group: true,
            ..Here::default()
        };
        assert_eq!(warnings(FILE, &all), [""; 0]);
        assert_eq!(warnings("", &Here::default()), [""; 0]);
    }
}
