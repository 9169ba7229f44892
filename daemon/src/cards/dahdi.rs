//! DAHDI channels: `tipring_hal::dahdi` in the words of this room.

use std::time::{Duration, SystemTime};

use tipring_hal::dahdi::{self, DahdiConfig, DahdiProbe, LineFeed};
use tipring_proto::card::Volts;

use super::{CardSource, CardTrouble, LineProbe, Nameplate, OpenCard, ProbeError, Want};

/// The channels of the machine's DAHDI cards.
#[derive(Clone, Copy, Debug)]
pub struct Dahdi {
    /// Kernel buffers of each channel and direction.
    pub buffers: u8,
}

/// Where DAHDI's devices are.
const DEVICES: &str = "/dev/dahdi";

impl CardSource for Dahdi {
    fn open(&self, want: &Want) -> Result<OpenCard, CardTrouble> {
        let config = DahdiConfig {
            block_len: want.block_len,
            buffers: self.buffers,
            prefill_blocks: want.prefill_blocks,
            longest_flash: Duration::from_millis(want.longest_flash_ms.into()),
            ..DahdiConfig::new(want.channel)
        };
        let opened = dahdi::open(&config).map_err(|error| trouble(&error.to_string()))?;
        let facts = &opened.facts;
        let plate = Nameplate {
            driver: match (&facts.module, facts.driver) {
                (Some(module), _) => module.clone(),
                (None, driver) => driver.to_string(),
            },
            span: u16::try_from(facts.span.number).unwrap_or(0),
            span_name: facts.span.name.clone(),
            card: facts.span.description.clone(),
            channel_name: facts.name.clone(),
            signalling: facts.signalling.to_string(),
        };
        Ok(OpenCard {
            port: Box::new(opened.port),
            probe: Some(Box::new(Probe(opened.probe))),
            plate,
        })
    }

    fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(DEVICES).ok()?.modified().ok()
    }
}

/// The driver's text names the cause first and the cure after it.
fn trouble(text: &str) -> CardTrouble {
    let (what, cure) = text.split_once("; ").unwrap_or((text, ""));
    CardTrouble {
        what: what.to_owned(),
        cure: cure.to_owned(),
    }
}

struct Probe(DahdiProbe);

fn refused(error: dahdi::ProbeError) -> ProbeError {
    match error {
        dahdi::ProbeError::Unsupported(_) | dahdi::ProbeError::WouldAlarm(_) => {
            ProbeError::Unsupported
        }
        dahdi::ProbeError::Gone | dahdi::ProbeError::Os(_) => ProbeError::Failed,
    }
}

impl LineProbe for Probe {
    fn volts(&mut self) -> Result<Volts, ProbeError> {
        let volts = self.0.voltages().map_err(refused)?;
        Ok(Volts {
            tip_mv: volts.tip_mv,
            ring_mv: volts.ring_mv,
            battery_mv: volts.battery_mv,
        })
    }

    fn switched_off(&mut self) -> Result<bool, ProbeError> {
        let registers = self.0.registers().map_err(refused)?;
        Ok(registers.line_feed() == LineFeed::Open)
    }

    fn rearm(&mut self) -> Result<(), ProbeError> {
        self.0.re_arm().map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_hal::dahdi::OpenError;

    #[test]
    fn every_reason_of_the_driver_has_a_cause_and_a_cure() {
        let channel = 7;
        let errors = [
            OpenError::NotLoaded,
            OpenError::NoDevice,
            OpenError::Permission {
                group: "dahdi".into(),
            },
            OpenError::InUse {
                channel,
                holders: vec![],
            },
            OpenError::NoSuchChannel {
                channel,
                known: vec![1, 2, 3],
            },
            OpenError::NoModule { channel },
            OpenError::NotConfigured { channel },
            OpenError::ExchangePort { channel },
            OpenError::NoToneZone { channel },
            OpenError::BlockLength { block_len: 8 },
        ];
        for error in errors {
            let told = trouble(&error.to_string());
            assert!(!told.what.is_empty() && !told.cure.is_empty(), "{told:?}");
        }
    }
}
