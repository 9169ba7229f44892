//! What the flows run on.

use tipring_tests::phone::{Copper, Exchange, FarChannel};

/// Samples in a telephone's block.
const PHONE_BLOCK: usize = 160;

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// For every change.
    Short,
    /// For a release.
    Long,
}

/// The guest as the flows see it.
pub(crate) struct Stage {
    pub(crate) length: Length,
    /// Ports of the card; port n ends in channel n, its telephone in channel `ports + n`.
    pub(crate) ports: u16,
}

impl Stage {
    /// Telephones at these ports.
    pub(crate) fn telephones(&self, ports: &[u16]) -> Result<Exchange, String> {
        let mut lines: Vec<(u16, Box<dyn Copper>)> = vec![];
        for &port in ports {
            let far = FarChannel::open(self.ports + port, PHONE_BLOCK)?;
            lines.push((port, Box::new(far)));
        }
        Exchange::new(lines, PHONE_BLOCK)
    }
}
