//! What the receiver of keys takes.

/// How picky the DTMF receiver is. The default is measured to dial over dial tone without talk-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfConfig {
    /// Dial over dial tone: what is below 500 Hz and was there before the key is no sign against it.
    pub filter_dialtone: bool,
    /// How many dB the low tone may be louder than the high one, at most 40; one more is taken.
    pub twist_db: u8,
    /// How many dB the high tone may be louder than the low one, likewise.
    pub reverse_twist_db: u8,
    /// The quietest accepted tone, dBm0 per tone, -60 to 3; one less is taken.
    pub threshold_dbm0: i8,
}

impl Default for DtmfConfig {
    fn default() -> Self {
        DtmfConfig {
            filter_dialtone: true,
            twist_db: 8,
            reverse_twist_db: 8,
            threshold_dbm0: -42,
        }
    }
}
