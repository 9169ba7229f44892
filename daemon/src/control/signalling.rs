//! The side of the CallManagers: links, names, addresses, and which port asks first.

use std::time::Duration;

use tipring_proto::sccp::station::{Lockouts, Lookout, Sentinels, Standbys};
use tokio::sync::mpsc;

use super::links::NameDesk;
use super::network::NetworkDesk;
use super::servers::ServerBook;
use crate::link::{LinkConfig, LinkEvent, LinkEvents, LinkId};

/// Link events that may wait; a server that sends faster waits in its socket.
const LINK_EVENTS: usize = 512;

/// Everything between the devices and their CallManagers that is not one device's own.
pub(super) struct Signalling {
    /// How links are made.
    pub(super) config: LinkConfig,
    /// For each new link, to report to.
    pub(super) events: LinkEvents,
    /// What happened on the links.
    pub(super) links: mpsc::Receiver<(LinkId, LinkEvent)>,
    last_link: u64,
    pub(super) names: NameDesk,
    pub(super) lookout: Lookout,
    pub(super) lockouts: Lockouts,
    /// How long a better server has to keep its first device before the others follow.
    pub(super) monitor: Duration,
    pub(super) sentinels: Sentinels,
    pub(super) standbys: Standbys,
    pub(super) network: NetworkDesk,
    pub(super) servers: ServerBook,
}

impl Signalling {
    pub(super) fn new(config: LinkConfig, servers: ServerBook, monitor: Duration) -> Signalling {
        let (events, links) = mpsc::channel(LINK_EVENTS);
        Signalling {
            config,
            events,
            links,
            last_link: 0,
            names: NameDesk::default(),
            lookout: Lookout::default(),
            lockouts: Lockouts::default(),
            monitor,
            sentinels: Sentinels::default(),
            standbys: Standbys::default(),
            network: NetworkDesk::default(),
            servers,
        }
    }

    /// The name of another link.
    pub(super) fn next_link(&mut self) -> LinkId {
        self.last_link += 1;
        LinkId(self.last_link)
    }
}
