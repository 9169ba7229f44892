//! What a simulated card is made of.

use std::time::Duration;

use crate::port::{Capabilities, Law};

/// A whole simulated card. [`SimConfig::new`] has sensible values everywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct SimConfig {
    /// One entry for each port, in order.
    pub ports: Vec<SimPortConfig>,
    /// Law of the card's bytes.
    pub law: Law,
    /// Samples in a block: 8 to [`crate::MAX_BLOCK_LEN`] (1 to 30 ms).
    pub block_len: usize,
    /// Blocks that the card keeps in each direction for each port, 2 to 1024. As with DAHDI, this
    /// bounds the delay and does not make it: the delay is what the writer keeps in flight.
    pub blocks_buffered: usize,
    /// Events that the card keeps for each port, 4 to 4096; more are lost and counted.
    pub events_buffered: usize,
    /// While an event waits, read and write answer `EventPending`, as DAHDI does (ELAST).
    pub events_block_audio: bool,
    /// Seed of all noise: the same seed gives the same samples.
    pub seed: u64,
}

impl SimConfig {
    /// A µ-law card with this many equal ports and blocks of 10 ms.
    pub fn new(ports: usize) -> Self {
        Self {
            ports: vec![SimPortConfig::default(); ports],
            law: Law::Mu,
            block_len: 80,
            blocks_buffered: 32,
            events_buffered: 64,
            events_block_audio: true,
            seed: 1,
        }
    }
}

/// One port of the card, its copper and its phone.
#[derive(Clone, Debug, PartialEq)]
pub struct SimPortConfig {
    /// The copper and the two-wire hybrid.
    pub hybrid: HybridConfig,
    /// What the card reports that it can do, and does. `decodes_flash_and_pulse` here is overruled by
    /// [`SimPortConfig::decode`].
    pub capabilities: Capabilities,
    /// Let the card decode flash and pulse itself, as DAHDI does; `None`: every loop edge is reported.
    pub decode: Option<DecodeConfig>,
    /// The phone is off-hook when the card starts; as with DAHDI there is no event for it.
    pub off_hook_at_start: bool,
    /// How the phone behaves.
    pub set: SetConfig,
}

impl Default for SimPortConfig {
    fn default() -> Self {
        Self {
            hybrid: HybridConfig::default(),
            capabilities: Capabilities {
                decodes_flash_and_pulse: false,
                polarity_reversal: true,
                open_loop: true,
                fixed_open_loop_ms: None,
                on_hook_transmission: true,
                neon_mwi: true,
                voltages: false,
                times_cadence: true,
            },
            decode: None,
            off_hook_at_start: false,
            set: SetConfig::default(),
        }
    }
}

/// The two-wire side: losses, echo and noise.
#[derive(Clone, Debug, PartialEq)]
pub struct HybridConfig {
    /// Trans-hybrid loss: how far below the transmitted signal its echo returns, dB, 0 to 100.
    pub trans_hybrid_loss_db: f32,
    /// Pure delay of the echo, µs (125 µs is a sample), at most 100 ms.
    pub echo_delay_us: u32,
    /// Shape of the echo path, a sample each, at most 512; scaled so that its energy is the
    /// trans-hybrid loss. Empty: the echo is a plain copy.
    pub echo_shape: Vec<f32>,
    /// Loss from the gateway to the phone, dB.
    pub loss_to_set_db: f32,
    /// Loss from the phone to the gateway, dB.
    pub loss_from_set_db: f32,
    /// Noise on the line in each direction, dBm0; `None`: no noise at all (bytes pass unchanged).
    pub noise_dbm0: Option<f32>,
}

impl Default for HybridConfig {
    fn default() -> Self {
        Self {
            trans_hybrid_loss_db: 20.0,
            echo_delay_us: 500,
            // A short dispersive path: rises, swings back, dies within 1 ms.
            echo_shape: vec![0.25, 1.0, 0.55, -0.45, -0.3, 0.1, 0.12, -0.04],
            loss_to_set_db: 0.0,
            loss_from_set_db: 0.0,
            noise_dbm0: Some(-70.0),
        }
    }
}

impl HybridConfig {
    /// No echo, no loss, no noise.
    pub fn perfect() -> Self {
        Self {
            trans_hybrid_loss_db: 100.0,
            echo_delay_us: 0,
            echo_shape: Vec::new(),
            loss_to_set_db: 0.0,
            loss_from_set_db: 0.0,
            noise_dbm0: None,
        }
    }
}

/// Times by which a card decodes loop openings; the defaults are what DAHDI was measured to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeConfig {
    /// Openings shorter than this are nothing.
    pub ignore_below: Duration,
    /// Openings up to this are pulses.
    pub pulse_up_to: Duration,
    /// A digit is complete when the loop stayed closed for this time after its last pulse.
    pub digit_gap: Duration,
    /// Openings from this length on are flashes …
    pub flash_from: Duration,
    /// … unless the loop stays open for this time: then it was a hang-up.
    pub hangup_after: Duration,
}

impl Default for DecodeConfig {
    fn default() -> Self {
        Self {
            ignore_below: Duration::from_millis(15),
            pulse_up_to: Duration::from_millis(200),
            digit_gap: Duration::from_millis(250),
            flash_from: Duration::from_millis(205),
            hangup_after: Duration::from_millis(1250),
        }
    }
}

/// How the analog phone behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct SetConfig {
    /// Number of bursts of ringing after which it lifts by itself.
    pub answer_after_bursts: Option<u32>,
    /// The phone has a display that decodes caller ID (FSK and DTMF).
    pub caller_id: bool,
    /// How it dials when a request does not say.
    pub dialing: Dialing,
}

impl Default for SetConfig {
    fn default() -> Self {
        Self {
            answer_after_bursts: None,
            caller_id: true,
            dialing: Dialing::default(),
        }
    }
}

/// How a phone dials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dialing {
    /// DTMF.
    Tone {
        /// Length of a digit, ms.
        on_ms: u16,
        /// Silence between digits, ms.
        off_ms: u16,
        /// Level of the low group, dBm0.
        low_dbm0: f32,
        /// By how much the high group is louder, dB.
        twist_db: f32,
    },
    /// Loop disconnect.
    Pulse {
        /// Loop open in each pulse, ms.
        break_ms: u16,
        /// Loop closed between pulses, ms.
        make_ms: u16,
        /// Loop closed between digits, ms.
        interdigit_ms: u16,
    },
}

impl Dialing {
    /// 10 pulses a second, 60 ms open and 40 ms closed, 800 ms between digits.
    pub const PULSE: Self = Self::Pulse {
        break_ms: 60,
        make_ms: 40,
        interdigit_ms: 800,
    };
    /// 80 ms on, 80 ms off, low group at −9 dBm0, high group 2 dB louder.
    pub const TONE: Self = Self::Tone {
        on_ms: 80,
        off_ms: 80,
        low_dbm0: -9.0,
        twist_db: 2.0,
    };
}

impl Default for Dialing {
    fn default() -> Self {
        Self::TONE
    }
}
