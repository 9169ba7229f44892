//! Where each effective value of a configuration came from.

use tipring_proto::types::PortId;
use toml::de::DeTable;

use crate::layer::{Effective, Source};
use crate::model::Gateway;
use crate::reader::Reader;
use crate::schema::{Absent, DEFAULTS, TABLES};
use crate::validate::section;

/// Where each effective value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Every key of the tables that are there once, with its table; without `[defaults]`, which holds at the ports.
    pub tables: Vec<(&'static str, Effective)>,
    /// Every key of each port, in order of number.
    pub ports: Vec<(PortId, Vec<Effective>)>,
}

impl Origins {
    /// A key of a table.
    pub fn of_table(&self, table: &str, key: &str) -> Option<&Effective> {
        let mut all = self.tables.iter();
        all.find(|(name, of)| *name == table && of.key == key)
            .map(|(_, of)| of)
    }

    /// The keys of a port.
    pub fn of_port(&self, port: PortId) -> Option<&[Effective]> {
        let mut all = self.ports.iter();
        all.find(|(id, _)| *id == port).map(|(_, of)| of.as_slice())
    }
}

pub(crate) fn tables(
    reader: &Reader<'_>,
    root: &DeTable<'_>,
    gateway: &Gateway,
) -> Vec<(&'static str, Effective)> {
    let tables = TABLES.iter().filter(|table| table.name != DEFAULTS.name);
    let keys = tables.flat_map(|table| table.keys.iter().map(|key| (table.name, key)));
    keys.map(|(table, key)| {
        let place = reader.place(&section(root, table), key.name);
        let written = place.value.is_some();
        let value = match (place.value.clone(), key.absent) {
            (Some(written), _) => Some(written),
            (None, Absent::Value(default)) => Some(default.to_owned()),
            (None, Absent::Otherwise { .. }) if key.name == "mac" => {
                Some(format!("\"{}\"", gateway.mac))
            }
            (None, Absent::Otherwise { .. }) => None,
        };
        let of = Effective {
            key: key.name,
            value,
            source: if written {
                Source::Table
            } else {
                Source::Default
            },
            line: written.then(|| reader.line_of(&place)).flatten(),
        };
        (table, of)
    })
    .collect()
}
