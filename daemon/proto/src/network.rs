//! What a change of the machine's own network means for its connections.

use std::net::Ipv4Addr;

/// An address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its interface.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
    /// The interface is up and has carrier.
    pub running: bool,
}

/// What is different now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Addresses that this machine has no more: connections from them are dead.
    pub gone: Vec<Ipv4Addr>,
    /// An address has come, or the link of one: what failed may work now.
    pub came: bool,
}

/// The difference between two looks.
pub fn change(before: &[Address], now: &[Address]) -> Change {
    let has = |all: &[Address], address| all.iter().any(|a| a.address == address);
    let mut gone: Vec<Ipv4Addr> = vec![];
    for one in before {
        if !has(now, one.address) && !gone.contains(&one.address) {
            gone.push(one.address);
        }
    }
    let worked = |one: &Address| before.contains(one);
    let came = now.iter().any(|one| one.running && !worked(one));
    Change { gone, came }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(address: [u8; 4], running: bool) -> Address {
        Address {
            interface: "eth0".to_owned(),
            address: address.into(),
            running,
        }
    }

    const OLD: [u8; 4] = [192, 0, 2, 5];
    const NEW: [u8; 4] = [192, 0, 2, 77];

    #[test]
    fn an_address_that_is_replaced_is_gone_and_another_one_has_come() {
        let change = change(&[has(OLD, true)], &[has(NEW, true)]);
        assert_eq!(change.gone, [Ipv4Addr::from(OLD)]);
        assert!(change.came);
    }

    #[test]
    fn a_link_that_goes_takes_no_address_away_and_its_return_is_noticed() {
        let (up, down) = ([has(OLD, true)], [has(OLD, false)]);
        assert_eq!(change(&up, &down), Change::default());
        let back = change(&down, &up);
        assert!(back.gone.is_empty() && back.came);
    }

    #[test]
    fn an_address_that_moves_to_another_interface_stays() {
        let other = Address {
            interface: "bond0".to_owned(),
            ..has(OLD, true)
        };
        assert_eq!(
            change(&[has(OLD, true)], &[other]).gone,
            [Ipv4Addr::UNSPECIFIED; 0]
        );
    }

    #[test]
    fn the_same_again_is_no_change() {
        let all = [has(OLD, true), has(NEW, false)];
        assert_eq!(change(&all, &all), Change::default());
        assert_eq!(change(&[], &[]), Change::default());
    }
}
