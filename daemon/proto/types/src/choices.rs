//! Choices that the configuration offers and another room carries out.

use crate::Digit;

words! {
    /// What a flash means in a call when no other call waits or is held.
    pub enum FlashAction {
        /// Transfer key: the call is held, dial tone comes for the second call; the next flash, or hanging up, joins the
        /// two.
        Transfer = "transfer",
        /// Conference key: as with transfer, but the next flash joins the three, and hanging up leaves the call.
        Conference = "conference",
        /// Hold and resume by turns.
        Hold = "hold",
        /// HookFlash goes to the CallManager, which decides (chan-sccp takes it as the transfer key, chan_skinny ignores it).
        Send = "send",
        /// Flash is not decoded, also not for call waiting (fax, modem, alarm panels): it is nothing, or a hang-up when long.
        Ignore = "ignore",
    }
}

words! {
    /// What the phone hears when the far end has hung up and it has not.
    pub enum AfterFarHangUp {
        /// Reorder, then the howler.
        Reorder = "reorder",
        /// Busy, then the howler.
        Busy = "busy",
        /// Silence, then the howler.
        Silence = "silence",
        /// Dial tone: as if it had been lifted again.
        DialTone = "dial-tone",
    }
}

words! {
    /// Whether named signalling events (NSE) switch a call from voice to pass-through and fax relay.
    pub enum NamedEvents {
        /// Neither sent nor heard.
        Off = "off",
        /// With a far end that is known to have them.
        Negotiated = "negotiated",
        /// With every far end.
        Force = "force",
    }
}

words! {
    /// The code page of the names that a CallManager writes where it does not write UTF-8: that of the device's locale.
    pub enum CodePage {
        /// Western European.
        Windows1252 = "windows-1252",
        /// Central European.
        Windows1250 = "windows-1250",
        /// Cyrillic.
        Windows1251 = "windows-1251",
        /// Greek.
        Windows1253 = "windows-1253",
        /// Turkish.
        Windows1254 = "windows-1254",
        /// Hebrew.
        Windows1255 = "windows-1255",
        /// Arabic.
        Windows1256 = "windows-1256",
        /// Baltic.
        Windows1257 = "windows-1257",
        /// Vietnamese.
        Windows1258 = "windows-1258",
        /// Thai.
        Windows874 = "windows-874",
        /// Japanese (Windows code page 932).
        ShiftJis = "shift-jis",
        /// Chinese, simplified (936).
        Gbk = "gbk",
        /// Korean (949).
        EucKr = "euc-kr",
        /// Chinese, traditional (950).
        Big5 = "big5",
    }
}

/// How many earlier packets are repeated with each one (RFC 2198) while data passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedPackets {
    /// This number.
    Fixed(u8),
    /// As many as the loss that is seen on the call asks for.
    Auto,
}

impl RepeatedPackets {
    /// The word for what the loss decides.
    pub const AUTO: &str = "auto";

    /// Are there any, or may there be?
    pub fn any(self) -> bool {
        self != RepeatedPackets::Fixed(0)
    }
}

words! {
    /// How many pulses each digit of a dial has.
    pub enum PulseDigits {
        /// 1 for 1, 10 for 0.
        Standard = "standard",
        /// New Zealand (and Oslo): 9 for 1, 10 for 0.
        NewZealand = "nz",
        /// Sweden: 1 for 0, 2 for 1, 10 for 9.
        Sweden = "sweden",
    }
}

impl PulseDigits {
    /// The digit of a number of pulses; none has fewer than one or more than ten.
    ///
    /// ```
    /// use tipring_types::PulseDigits;
    /// let one = PulseDigits::Standard.digit(1).unwrap();
    /// assert_eq!(one.as_char(), '1');
    /// // The same pulse on a dial of New Zealand, and of Sweden:
    /// assert_eq!(PulseDigits::NewZealand.digit(1).unwrap().as_char(), '9');
    /// assert_eq!(PulseDigits::Sweden.digit(1).unwrap().as_char(), '0');
    /// ```
    pub fn digit(self, pulses: u32) -> Option<Digit> {
        let pulses = u8::try_from(pulses).ok().filter(|n| (1..=10).contains(n))?;
        Digit::from_event_code(match self {
            PulseDigits::Standard => pulses % 10,
            PulseDigits::NewZealand => 10 - pulses,
            PulseDigits::Sweden => pulses - 1,
        })
    }
}

words! {
    /// Whose RTP is heard besides that of the far end which the CallManager names.
    pub enum RtpSource {
        /// The first source that sends valid RTP, as long as it sends and the named one does not.
        Latch = "latch",
        /// Other ports of the named host.
        Host = "host",
        /// Nobody's.
        Strict = "strict",
    }
}

/// When and how caller ID is sent to the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerIdTiming {
    /// Never (fax, modem).
    None,
    /// In the first silence between rings (Bellcore GR-30, ETSI EN 300 659-1 "during ringing").
    AfterFirstRing {
        /// From the end of the first ring to the message, ms.
        delay_ms: u32,
    },
    /// Before the first ring (BT SIN 227, ETSI "prior to ringing").
    BeforeRing {
        /// The line is reversed first, until ringing ends.
        polarity_reversal: bool,
        /// DT-AS goes before the message.
        dual_tone_alert: bool,
        /// From the reversal (or from the decision, without one) to the message, ms.
        lead_ms: u32,
        /// From the end of the message to the first ring, ms.
        ring_delay_ms: u32,
    },
}
