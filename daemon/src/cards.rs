//! What the gateway asks of a card driver besides its ports: opening them one by one, and measuring their lines.
//!
//! Owns: the contract between control and the drivers. Leaves to others: when to open and to look
//! (`tipring_proto::card`), how the line thread uses a port (`tipring_hal`).

mod dahdi;

use std::time::SystemTime;

use tipring_hal::port::LinePort;
use tipring_proto::card::Volts;
use tipring_proto::finding::Finding;

pub use dahdi::Dahdi;

/// One port that is wanted of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Channel, from 1.
    pub channel: u16,
    /// Samples in a block.
    pub block_len: usize,
    /// Blocks written ahead.
    pub prefill_blocks: u8,
    /// Longest loop opening that is no hang-up (a flash, a dial pulse), ms.
    pub longest_flash_ms: u16,
}

/// A port of a card, open.
pub struct OpenCard {
    /// For the line thread.
    pub port: Box<dyn LinePort>,
    /// For measuring its line beside the line thread; none where the card has no measurements.
    pub probe: Option<Box<dyn LineProbe>>,
    /// What it reports about itself.
    pub plate: Nameplate,
}

impl std::fmt::Debug for OpenCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenCard")
            .field("plate", &self.plate)
            .finish_non_exhaustive()
    }
}

/// What a card reports about itself and about one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nameplate {
    /// Driver.
    pub driver: String,
    /// Number of the span.
    pub span: u16,
    /// Name of the span.
    pub span_name: String,
    /// The card in words.
    pub card: String,
    /// Name of the channel.
    pub channel_name: String,
    /// Signalling, as `dahdi_cfg` names it.
    pub signalling: String,
}

/// Opens ports. Called outside the line thread and outside control: it may take its time.
pub trait CardSource: Send + Sync {
    /// Opens a port.
    ///
    /// # Errors
    /// What is in the way.
    fn open(&self, want: &Want) -> Result<OpenCard, Finding>;

    /// When something last changed where cards are found; compared only.
    fn changed(&self) -> Option<SystemTime>;
}

/// Why a line could not be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeError {
    /// The card cannot do this.
    Unsupported,
    /// This time.
    Failed,
}

/// Measures a line beside its port. Called outside the line thread and outside control.
pub trait LineProbe: Send {
    /// The voltages.
    ///
    /// # Errors
    /// [`ProbeError`].
    fn volts(&mut self) -> Result<Volts, ProbeError>;

    /// Has the card switched the feed off by itself?
    ///
    /// # Errors
    /// [`ProbeError`].
    fn switched_off(&mut self) -> Result<bool, ProbeError>;

    /// Switches the feed on.
    ///
    /// # Errors
    /// [`ProbeError`].
    fn rearm(&mut self) -> Result<(), ProbeError>;
}
