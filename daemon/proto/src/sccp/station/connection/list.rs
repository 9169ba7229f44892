//! The connections of a station, each found by its id or by what it is for.

use super::Connection;
use crate::sccp::station::StationConfig;
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose};

/// Those that are open or being opened. An id is never used again, so that whatever is reported late of a connection
/// that was dropped finds none.
#[derive(Debug, Default)]
pub(in crate::sccp::station) struct Connections {
    list: Vec<Connection>,
    last: u64,
}

impl Connections {
    /// Adds one that is being opened.
    pub(in crate::sccp::station) fn add(
        &mut self,
        now: Time,
        server: usize,
        purpose: ConnectionPurpose,
        token: bool,
        config: &StationConfig,
    ) -> ConnectionId {
        self.last += 1;
        let id = ConnectionId(self.last);
        let connection = Connection::new(now, id, server, purpose, token, config);
        self.list.push(connection);
        id
    }

    pub(in crate::sccp::station) fn get_mut(
        &mut self,
        id: ConnectionId,
    ) -> Option<&mut Connection> {
        self.list.iter_mut().find(|one| one.id == id)
    }

    /// The one for this purpose.
    pub(in crate::sccp::station) fn of(&self, purpose: ConnectionPurpose) -> Option<&Connection> {
        self.list.iter().find(|one| one.purpose == purpose)
    }

    pub(in crate::sccp::station) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let place = self.list.iter().position(|one| one.id == id)?;
        Some(self.list.remove(place))
    }

    pub(in crate::sccp::station) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.list.iter()
    }
}
