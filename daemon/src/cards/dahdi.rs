//! DAHDI channels: `tipring_hal::dahdi` by the contract of this room.

use std::time::{Duration, SystemTime};

use tipring_hal::dahdi::{self, DahdiConfig, DahdiProbe, Holder, LineFeed, OpenError};
use tipring_proto::card::Volts;
use tipring_proto::finding::Finding;

use super::{CardSource, LineProbe, Nameplate, OpenCard, ProbeError, Want};

/// The channels of the machine's DAHDI cards.
#[derive(Clone, Copy, Debug)]
pub struct Dahdi {
    /// Kernel buffers of each channel and direction.
    pub buffers: u8,
}

/// Where DAHDI's devices are.
const DEVICES: &str = "/dev/dahdi";

impl CardSource for Dahdi {
    fn open(&self, want: &Want) -> Result<OpenCard, Finding> {
        let config = DahdiConfig {
            block_len: want.block_len,
            buffers: self.buffers,
            prefill_blocks: want.prefill_blocks,
            longest_flash: Duration::from_millis(want.longest_flash_ms.into()),
            ..DahdiConfig::new(want.channel)
        };
        let opened = dahdi::open(&config).map_err(finding)?;
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

/// Why the driver did not open a channel; which one is known from the port.
fn finding(error: OpenError) -> Finding {
    match error {
        OpenError::NotLoaded => Finding::DahdiNotLoaded,
        OpenError::NoDevice => Finding::DahdiDeviceMissing,
        OpenError::Permission { group } => Finding::DahdiNoPermission { group },
        OpenError::InUse { holders, .. } => Finding::ChannelInUse {
            holders: holders.iter().map(Holder::to_string).collect(),
        },
        OpenError::NoSuchChannel { known, .. } => Finding::ChannelMissing { known },
        OpenError::NoModule { .. } => Finding::ChannelNoModule,
        OpenError::NotConfigured { .. } => Finding::ChannelNotConfigured,
        OpenError::ExchangePort { .. } => Finding::ChannelIsFxo,
        OpenError::Signalling { found, .. } => Finding::ChannelSignalling {
            signalling: found.to_string(),
        },
        OpenError::NoToneZone { .. } => Finding::NoToneZone,
        OpenError::BlockLength { block_len } => Finding::BlockLength {
            samples: block_len as u64,
        },
        OpenError::System { step, errno, .. } => Finding::ChannelOpenFailed {
            reason: format!("{step} failed: {errno}"),
        },
        other => Finding::ChannelOpenFailed {
            reason: other.to_string(),
        },
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

    #[test]
    fn every_reason_of_the_driver_is_a_finding_of_its_own() {
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
        let codes: Vec<&str> = errors.map(|e| finding(e).code()).to_vec();
        assert_eq!(
            codes,
            [
                "dahdi-not-loaded",
                "dahdi-device-missing",
                "dahdi-no-permission",
                "channel-in-use",
                "channel-missing",
                "channel-no-module",
                "channel-not-configured",
                "channel-is-fxo",
                "no-tone-zone",
                "block-length",
            ]
        );
    }
}
