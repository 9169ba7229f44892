//! The receivers under test, behind one interface.

use tipring_dsp::{DtmfConfig, DtmfEvent, DtmfReceiver};
use tipring_spandsp::{DtmfEvent as TheirEvent, DtmfRx, DtmfRxSettings};

/// A receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// This crate's.
    Ours,
    /// spandsp's with its dial-tone filter, 8 dB of twist and a threshold of -42 dBm0.
    Spandsp,
}

/// All of them, in the order of the columns.
pub(crate) const EARS: [Ear; 2] = [Ear::Ours, Ear::Spandsp];

impl Ear {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ear::Ours => "tipring",
            Ear::Spandsp => "spandsp",
        }
    }

    /// The keys in what the line says, in blocks of 10 ms.
    pub(crate) fn keys(self, pcm: &[i16]) -> Vec<u8> {
        let mut keys = vec![];
        match self {
            Ear::Ours => {
                let mut receiver = DtmfReceiver::new(&DtmfConfig::default());
                for block in pcm.chunks(80) {
                    receiver.process(block, |event| {
                        if let DtmfEvent::On { digit, .. } = event {
                            keys.push(digit);
                        }
                    });
                }
            }
            Ear::Spandsp => {
                let mut receiver =
                    DtmfRx::new(DtmfRxSettings::default()).expect("memory for one receiver");
                for block in pcm.chunks(80) {
                    receiver.process(block);
                    while let Some(event) = receiver.poll() {
                        if let TheirEvent::On { digit, .. } = event {
                            keys.push(u8::try_from(digit).unwrap_or(b'?'));
                        }
                    }
                }
            }
        }
        keys
    }
}
