//! Settings of a relay.

/// The fastest modem that fax machines may agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ceiling {
    /// 4800 bit/s.
    V27ter,
    /// 9600 bit/s.
    V29,
    /// 14,400 bit/s.
    V17,
}

/// What happens to the maker's country and code in NSF, NSC and NSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makers {
    /// They are overwritten with this, so that machines of the same make do not use what only they have. The frames
    /// themselves pass.
    Overwrite([u8; 3]),
    /// They pass.
    Pass,
}

/// Settings of a relay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelayConfig {
    /// Level towards the fax machine, dBm0.
    pub tx_dbm0: f32,
    /// Fast modems begin with the talker echo protection tone.
    pub talker_echo_protection: bool,
    /// The fastest modem.
    pub ceiling: Ceiling,
    /// Error correction may be agreed on.
    pub ecm: bool,
    /// Makers' codes.
    pub makers: Makers,
    /// How long the line hears itself after the last sample sent, ms.
    pub echo_ms: u32,
    /// Octets of a frame that must be here before it begins on the line at 300 bit/s: each bridges 27 ms of jitter.
    pub v21_start_octets: u16,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            tx_dbm0: -12.0,
            talker_echo_protection: false,
            ceiling: Ceiling::V17,
            ecm: true,
            makers: Makers::Overwrite([0xff, 0, 0]),
            echo_ms: 50,
            v21_start_octets: 12,
        }
    }
}
