//! DAHDI channels.

use std::time::SystemTime;

use super::{CardSource, CardTrouble, OpenCard, Want};

/// The channels of the machine's DAHDI cards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dahdi;

/// Where DAHDI's devices are.
const DEVICES: &str = "/dev/dahdi";

impl CardSource for Dahdi {
    fn open(&self, want: &Want) -> Result<OpenCard, CardTrouble> {
        Err(CardTrouble {
            what: format!("DAHDI channel {} cannot be opened", want.channel),
            cure: "this build has no DAHDI".to_owned(),
        })
    }

    fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(DEVICES).ok()?.modified().ok()
    }
}
