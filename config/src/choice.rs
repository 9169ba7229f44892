//! Settings that are one of a few words.

use tipring_types::words;
pub use tipring_types::{
    AfterFarHangUp, CodePage, FlashAction, NamedEvents, PulseDigits, RtpSource,
};

use crate::layer::Value;
use crate::reader::{Reader, Section};
use crate::schema::Key;

/// A setting that is one of a few words.
pub(crate) trait Choice: Sized {
    /// The first of them.
    const FIRST: Self;

    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! choices {
    ($($name:ident),+ $(,)?) => {
        $(impl Choice for $name {
            const FIRST: Self = $name::ALL[0];

            fn from_name(name: &str) -> Option<Self> {
                $name::from_name(name)
            }
        }

        impl Value for $name {
            fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<Self> {
                reader.choice(section, key)
            }

            fn otherwise() -> Self {
                <Self as Choice>::FIRST
            }

            fn show(&self) -> String {
                format!("\"{}\"", self.name())
            }
        })+
    };
}

choices!(
    AfterFarHangUp,
    CallerIdChoice,
    CardDriver,
    CodePage,
    FaxIdentities,
    FlashAction,
    LogFormat,
    LogLevel,
    NamedEvents,
    Naming,
    Profile,
    PulseDigits,
    Realtime,
    RtpSource
);

words! {
    /// How device names are made of MAC and port number.
    pub enum Naming {
        /// `VGC` + 10 hex digits + 2 decimal digits: as a VG248 does.
        Vgc = "vgc",
        /// `AN` + 10 hex digits + 3 hex digits: as a VG224 does.
        An = "an",
        /// `SEP` + 12 hex digits, shifted from the second port on: as an ATA does for its second line.
        Sep = "sep",
    }
}

words! {
    /// What is at the end of the line; presets for the settings of a port.
    pub enum Profile {
        /// A telephone: everything on.
        Phone = "phone",
        /// A fax machine: no caller ID, no flash, no call-waiting tone, silence after the far end hung up.
        Fax = "fax",
        /// A modem: as a fax machine.
        Modem = "modem",
        /// An alarm panel: as a modem, dials slowly, is never howled at.
        Alarm = "alarm",
        /// A door station or lift telephone: no caller ID, no flash, hangs up on busy tone.
        Door = "door",
    }
}

words! {
    /// How caller ID is sent on a port.
    pub enum CallerIdChoice {
        /// As the country does.
        Country = "country",
        /// Not at all.
        None = "none",
        /// Bell 202 FSK after the first ring (GR-30).
        Bellcore = "bellcore",
        /// V.23 FSK after the first ring (ETSI EN 300 659-1, during ringing).
        EtsiAfterRing = "etsi-after-ring",
        /// V.23 FSK before the first ring, announced by DT-AS (ETSI EN 300 659-1, prior to ringing).
        EtsiBeforeRing = "etsi-before-ring",
        /// V.23 FSK before the first ring, announced by line reversal and DT-AS (BT SIN 227).
        Bt = "bt",
        /// DTMF before the first ring, announced by line reversal.
        Dtmf = "dtmf",
    }
}

words! {
    /// Where lines come from.
    pub enum CardDriver {
        /// The simulated card.
        Sim = "sim",
        /// DAHDI channels.
        Dahdi = "dahdi",
    }
}

words! {
    /// Whether the line thread must be scheduled in real time.
    pub enum Realtime {
        /// If the system allows it; said once when refused.
        Auto = "auto",
        /// Or the daemon does not start.
        Required = "required",
        /// Not asked for.
        Off = "off",
    }
}

words! {
    /// What is logged.
    pub enum LogLevel {
        /// What is broken.
        Error = "error",
        /// What should be looked at.
        Warn = "warn",
        /// Registrations and calls.
        Info = "info",
        /// Everything that happens, with numbers.
        Debug = "debug",
        /// Every message.
        Trace = "trace",
    }
}

words! {
    /// What is kept of the identities that fax machines name themselves by.
    pub enum FaxIdentities {
        /// As they are.
        Store = "store",
        /// Nothing.
        Hide = "hide",
    }
}

words! {
    /// Where the log goes and how it looks.
    pub enum LogFormat {
        /// The journal under systemd, else text on standard error.
        Auto = "auto",
        /// The journal.
        Journal = "journal",
        /// Text on standard error.
        Text = "text",
        /// A JSON value a line on standard error.
        Json = "json",
    }
}
