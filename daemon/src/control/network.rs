//! The machine's own network: connections from an address that is gone are given up at once, and a link or address that
//! comes wakes the ports that wait for a CallManager.

use std::net::Ipv4Addr;
use std::time::Duration;

use tipring_config::here;
use tipring_linux::{NetworkNews, NetworkWatch, has_address, own_addresses};
use tipring_proto::device::Input;
use tipring_proto::finding::Finding;
use tipring_proto::network::{self, Address};
use tipring_proto::sccp::station::CloseReason;
use tipring_proto::time::Time;
use tokio::io::unix::AsyncFd;
use tracing::{info, warn};

use super::Gateway;
use crate::identity::log;

/// Changes come in bursts; they are looked at together.
const BURST: Duration = Duration::from_millis(50);

/// What is known of the network.
#[derive(Debug, Default)]
pub(super) struct NetworkDesk {
    watch: Option<AsyncFd<NetworkWatch>>,
    addresses: Vec<Address>,
    /// Something has changed; to be looked at then.
    due: Option<Time>,
    route_came: bool,
    /// The address of `[gateway] address`, when this machine does not have it.
    missing: Option<Ipv4Addr>,
}

impl NetworkDesk {
    /// Begins to watch; on the runtime.
    pub(super) fn start(&mut self) {
        #[allow(
            deprecated,
            reason = "sound here: the AsyncFd owns the descriptor, so nobody closes it under the reactor; the \
                      replacement is unsafe, which compiles only under sys/"
        )]
        let watch = NetworkWatch::new().and_then(AsyncFd::new);
        match watch {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => warn!(
                %error,
                "changes of this machine's addresses and links are not noticed (AF_NETLINK); connections time out instead"
            ),
        }
        self.addresses = addresses();
    }

    /// Waits for news.
    pub(super) async fn news(&self) -> NetworkNews {
        let Some(watch) = &self.watch else {
            return std::future::pending().await;
        };
        loop {
            let Ok(mut ready) = watch.readable().await else {
                return std::future::pending().await;
            };
            let news = ready.get_inner().read().unwrap_or_default();
            ready.clear_ready();
            if news.any {
                return news;
            }
        }
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.due
    }
}

fn addresses() -> Vec<Address> {
    let all = own_addresses().unwrap_or_default().into_iter();
    all.map(|one| Address {
        interface: one.interface,
        address: one.address,
        running: one.running,
    })
    .collect()
}

impl Gateway {
    pub(super) fn network_news(&mut self, news: NetworkNews) {
        self.signalling.network.route_came |= news.route_came;
        let at = self.clock.now() + BURST;
        self.signalling.network.due.get_or_insert(at);
    }

    /// Whether the machine has the address of `[gateway] address`; logged when that changes. It may come later, by DHCP.
    pub(super) fn look_for_address(&mut self) {
        let missing = self.config.gateway.address.filter(|a| !has_address(*a));
        let before = std::mem::replace(&mut self.signalling.network.missing, missing);
        match (before, missing) {
            (before, Some(address)) if before != Some(address) => {
                log(&no_address(address, &self.signalling.network.addresses));
            }
            (Some(address), None) => {
                info!(%address, "this machine has the address of [gateway] address");
            }
            _ => {}
        }
    }

    /// What is wrong with the address of `[gateway] address`.
    pub(super) fn address_finding(&self) -> Option<Finding> {
        let missing = self.signalling.network.missing?;
        Some(no_address(missing, &self.signalling.network.addresses))
    }

    /// Looks at the network when it has changed.
    pub(super) fn network_turn(&mut self, now: Time) {
        if self.signalling.network.due.is_none_or(|at| at > now) {
            return;
        }
        self.signalling.network.due = None;
        let route_came = std::mem::take(&mut self.signalling.network.route_came);
        let present = addresses();
        let change = network::change(&self.signalling.network.addresses, &present);
        self.signalling.network.addresses = present;
        self.look_for_address();
        if change == network::Change::default() && !route_came {
            return;
        }
        let gone: Vec<String> = change.gone.iter().map(ToString::to_string).collect();
        if change != network::Change::default() {
            info!(
                gone = gone.join(","),
                came = change.came,
                "the addresses or links of this machine have changed"
            );
        }
        self.signalling.names.doubt();
        self.signalling.lockouts.forget_all();
        for index in 0..self.ports.len() {
            let Some(unit) = self.ports.get_mut(index) else {
                continue;
            };
            for (id, address) in unit.connections.bound_to(&change.gone) {
                unit.give_up(now, id, CloseReason::AddressGone(address));
            }
            if change.came || route_came {
                unit.handle(now, Input::NetworkChanged);
            }
            self.drain(now, index);
        }
    }
}

/// The configured address is not this machine's.
fn no_address(address: Ipv4Addr, present: &[Address]) -> Finding {
    let present = present.iter().map(|one| here::Address {
        interface: one.interface.clone(),
        address: one.address,
    });
    Finding::OwnAddressMissing {
        address: address.to_string(),
        present: here::named(&present.collect::<Vec<_>>()),
    }
}
