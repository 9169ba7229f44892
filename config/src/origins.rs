//! Where each effective value of a configuration came from.

use tipring_proto::types::PortId;
use toml::de::DeTable;

use crate::layer::{Effective, Source, toml_value};
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
        let section = section(root, table);
        let written = section.get(key.name).map(|value| {
            let text = reader.text().get(value.span()).unwrap_or_default();
            toml_value(text).map_or_else(|| text.to_owned(), |value| value.to_string())
        });
        let source = match key.absent {
            _ if written.is_some() => Source::Table,
            Absent::Value(_) => Source::Default,
            Absent::Otherwise { meaning, .. } => Source::Otherwise(meaning),
        };
        let line = written
            .is_some()
            .then(|| reader.line_of(&reader.place(&section, key.name)));
        let value = written.or_else(|| match key.absent {
            Absent::Value(default) => Some(default.to_owned()),
            Absent::Otherwise { .. } if key.name == "mac" => Some(format!("\"{}\"", gateway.mac)),
            Absent::Otherwise { .. } if (table, key.name) == ("gateway", "device-type") => {
                Some(gateway.naming.device_type().0.to_string())
            }
            Absent::Otherwise { .. } => None,
        });
        let of = Effective {
            key: key.name,
            value,
            source,
            line: line.flatten(),
        };
        (table, of)
    })
    .collect()
}
