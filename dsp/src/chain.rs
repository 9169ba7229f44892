//! The path of a sample between card and packet, both directions, for one port.
//!
//! Uplink: decode, gain, echo canceller, detectors, meter, mute. Downlink: gain, local tones and caller ID,
//! encode, meter, echo reference. Owns their order; the parts are in the neighbouring modules.

mod data;
mod downlink;
mod uplink;

use tipring_spandsp::Error;

use crate::command::Events;
use crate::command::{ChainCommand, ChainEvent, Meters};
use crate::datatone::DataTones;
use crate::detect::Detectors;
use crate::dtmf::DtmfConfig;
use crate::dtmf::mute::DigitMute;
use crate::echo::{Bypass, EchoCanceller, ReferenceLine};
use crate::level::{Gain, LevelMeter};
use data::Data;
use downlink::Sources;
use tipring_types::{Law, TenthDb};

/// Samples handled at once at most: 10 ms.
pub(crate) const CHUNK: usize = 80;

/// How a chain begins. Everything but the first three can be changed later by a [`ChainCommand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// Law of the card's bytes.
    pub law: Law,
    /// Samples in a block of the card. Blocks of other lengths are taken all the same; the echo canceller gets
    /// chunks of this length, 80 at most.
    pub block_len: usize,
    /// DTMF receiver.
    pub dtmf: DtmfConfig,
    /// Gain line to network, tenths of a dB.
    pub rx_gain: TenthDb,
    /// Gain network to line, tenths of a dB.
    pub tx_gain: TenthDb,
    /// Listen for digits.
    pub detect_dtmf: bool,
    /// Listen for the tones of faxes and modems.
    pub detect_fax_tones: bool,
    /// Beside them, listen for the tones of an alarm panel's receiver.
    pub detect_alarm_tones: bool,
    /// Take V.8 out of both directions, so that Super G3 faxes go on as G3. Works while fax tones are listened for.
    pub v8_squelch: bool,
    /// Take recognised digits out of the uplink.
    pub mute_detected_digits: bool,
    /// Samples in flight, see [`ChainCommand::EchoDelay`].
    pub echo_delay_samples: u16,
}

impl ChainConfig {
    /// No gain, DTMF and fax tones listened for, digits muted.
    pub fn new(law: Law, block_len: usize) -> ChainConfig {
        ChainConfig {
            law,
            block_len,
            dtmf: DtmfConfig::default(),
            rx_gain: TenthDb(0),
            tx_gain: TenthDb(0),
            detect_dtmf: true,
            detect_fax_tones: true,
            detect_alarm_tones: false,
            v8_squelch: false,
            mute_detected_digits: true,
            echo_delay_samples: 0,
        }
    }
}

/// Why a chain could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A receiver or sender of the signal processing library could not be made.
    #[error("signal processing for the port could not be set up: {0}")]
    Library(#[from] Error),
}

/// The signal chain of one port. Begins on hook, with voice let through as soon as the loop closes.
///
/// ```
/// use tipring_dsp::{Chain, ChainConfig, Law};
/// let mut chain = Chain::new(&ChainConfig::new(Law::Mu, 80)).unwrap();
/// let from_line = [Law::Mu.silence(); 80];
/// let mut to_network = [0i16; 80];
/// chain.uplink(&from_line, &mut to_network);
/// assert_eq!(to_network, [0; 80]);
/// ```
pub struct Chain {
    law: Law,
    chunk: usize,
    rx_gain: Gain,
    tx_gain: Gain,
    canceller: Box<dyn EchoCanceller>,
    reference: ReferenceLine,
    detectors: Detectors,
    data_tones: DataTones,
    data: Data,
    mute: DigitMute,
    mute_digits: bool,
    mute_uplink: bool,
    bridged: bool,
    off_hook: bool,
    /// Samples since the loop opened.
    on_hook_for: u32,
    sources: Sources,
    rx_meter: LevelMeter,
    tx_meter: LevelMeter,
    events: Events,
}

impl Chain {
    /// A chain without echo canceller.
    ///
    /// # Errors
    /// [`ChainError::Library`] when there is no memory.
    pub fn new(config: &ChainConfig) -> Result<Chain, ChainError> {
        Chain::with_echo_canceller(config, Box::new(Bypass))
    }

    /// A chain with this echo canceller.
    ///
    /// # Errors
    /// As [`Chain::new`].
    pub fn with_echo_canceller(
        config: &ChainConfig,
        canceller: Box<dyn EchoCanceller>,
    ) -> Result<Chain, ChainError> {
        let mut chain = Chain {
            law: config.law,
            chunk: config.block_len.clamp(1, CHUNK),
            rx_gain: Gain::new(config.rx_gain),
            tx_gain: Gain::new(config.tx_gain),
            canceller,
            reference: ReferenceLine::new(config.echo_delay_samples),
            detectors: Detectors::new(&config.dtmf),
            data_tones: DataTones::new(config.v8_squelch, config.detect_alarm_tones),
            data: Data::default(),
            mute: DigitMute::new(),
            mute_digits: config.mute_detected_digits,
            mute_uplink: false,
            bridged: true,
            off_hook: false,
            on_hook_for: u32::MAX,
            sources: Sources::new()?,
            rx_meter: LevelMeter::default(),
            tx_meter: LevelMeter::default(),
            events: Events::new(),
        };
        chain
            .detectors
            .keys
            .listen(config.detect_dtmf, &mut chain.events);
        chain.data_tones.listen(config.detect_fax_tones);
        Ok(chain)
    }

    /// Law of the card's bytes.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Gives the chain a command; it takes effect with the next block.
    pub fn command(&mut self, command: ChainCommand) {
        match command {
            ChainCommand::PlayTone(program) => self.sources.play_tone(&program),
            ChainCommand::StopTone => self.sources.stop_tone(),
            ChainCommand::SendCallerId(transmission) => {
                self.sources.send_caller_id(&transmission, &mut self.events);
            }
            ChainCommand::StopCallerId => self.sources.stop_caller_id(),
            ChainCommand::PlayDigit { digit, on } => self.sources.play_digit(digit, on),
            ChainCommand::EnableDtmf(on) => {
                self.detectors.keys.listen(on, &mut self.events);
                self.mute.reset();
            }
            ChainCommand::EnableFaxTones(on) => self.data_tones.listen(on),
            ChainCommand::PassThrough { on, silence_ms } => self.pass_through(on, silence_ms),
            ChainCommand::Relay(on) => self.relay(on),
            ChainCommand::MuteDetectedDigits(on) => {
                self.mute_digits = on;
                self.mute.reset();
            }
            ChainCommand::Bridge(on) => self.bridged = on,
            ChainCommand::OffHook(off_hook) => self.hook(off_hook),
            ChainCommand::MuteUplink(on) => self.mute_uplink = on,
            ChainCommand::Gains { rx_gain, tx_gain } => {
                self.rx_gain = Gain::new(rx_gain);
                self.tx_gain = Gain::new(tx_gain);
            }
            ChainCommand::EchoDelay { samples } => self.reference.set_delay(samples),
        }
    }

    /// The oldest event not yet read; at most 32 wait.
    pub fn next_event(&mut self) -> Option<ChainEvent> {
        self.events.pop()
    }

    /// Levels and counters as of now.
    pub fn meters(&self) -> Meters {
        Meters {
            rx: self.rx_meter.reading(),
            tx: self.tx_meter.reading(),
            digits: self.detectors.keys.digits(),
            echoed_digits: self.detectors.keys.echoed_digits(),
            false_mutes: self.mute.false_mutes(),
            lost_events: self.events.lost(),
            echo: self.canceller.meters(),
        }
    }

    fn hook(&mut self, off_hook: bool) {
        if self.off_hook == off_hook {
            return;
        }
        self.off_hook = off_hook;
        self.detectors.reset(&mut self.events);
        self.data_tones.reset();
        self.mute.reset();
        if off_hook {
            // A flash leaves the line as it was; after two seconds it may be another call.
            if self.on_hook_for > 16_000 {
                self.canceller.reset();
                if self.data.passes {
                    self.canceller.pass_data(true);
                }
            }
        } else {
            self.on_hook_for = 0;
        }
    }
}
