//! Settings that are one of a few words.

use std::fmt;

/// A setting that is one of a few words.
pub(crate) trait Choice: Sized {
    /// The first of them.
    const FIRST: Self;

    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident {
        $(#[$fmeta:meta])* $first:ident = $fword:literal,
        $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $(#[$fmeta])* $first, $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// The words, as in the file.
            pub const NAMES: &'static [&'static str] = &[$fword, $($word),+];

            /// The word of this one.
            pub const fn name(self) -> &'static str {
                match self { $name::$first => $fword, $($name::$variant => $word,)+ }
            }
        }

        impl Choice for $name {
            const FIRST: Self = $name::$first;

            fn from_name(name: &str) -> Option<Self> {
                match name { $fword => Some($name::$first), $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

choice! {
    /// How device names are made of MAC and port number.
    Naming {
        /// `VGC` + 10 hex digits + 2 decimal digits: as a VG248 does.
        Vgc = "vgc",
        /// `AN` + 10 hex digits + 3 hex digits: as a VG224 does.
        An = "an",
        /// `SEP` + 12 hex digits, shifted from the second port on: as an ATA does for its second line.
        Sep = "sep",
    }
}

choice! {
    /// What is at the end of the line; presets for the settings of a port.
    Profile {
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

choice! {
    /// What a flash means in a call when no other call waits.
    FlashAction {
        /// Second call; the next flash, or hanging up, joins the two.
        Transfer = "transfer",
        /// Hold and resume by turns.
        Hold = "hold",
        /// HookFlash goes to the CallManager.
        Send = "send",
        /// Flash is not decoded: it is nothing, or a hang-up when long.
        Ignore = "ignore",
    }
}

choice! {
    /// How many pulses each digit of a dial has.
    PulseDigits {
        /// 1 for 1, 10 for 0.
        Standard = "standard",
        /// New Zealand (and Oslo): 9 for 1, 10 for 0.
        NewZealand = "nz",
        /// Sweden: 1 for 0, 2 for 1, 10 for 9.
        Sweden = "sweden",
    }
}

choice! {
    /// What the set hears when the far end has hung up and it has not.
    AfterFarHangUp {
        /// Reorder, then the howler.
        Reorder = "reorder",
        /// Busy, then the howler.
        Busy = "busy",
        /// Silence, then the howler.
        Silence = "silence",
        /// Dial tone.
        DialTone = "dial-tone",
    }
}

choice! {
    /// How caller ID is sent on a port.
    CallerIdChoice {
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

choice! {
    /// Where lines come from.
    CardDriver {
        /// The simulated card.
        Sim = "sim",
        /// DAHDI channels.
        Dahdi = "dahdi",
    }
}

choice! {
    /// Whose RTP is heard besides that of the far end which the CallManager names.
    RtpSource {
        /// The first source that sends valid RTP, as long as it sends and the named one does not.
        Latch = "latch",
        /// Other ports of the named host.
        Host = "host",
        /// Nobody's.
        Strict = "strict",
    }
}

choice! {
    /// Whether the line thread must be scheduled in real time.
    Realtime {
        /// If the system allows it; said once when refused.
        Auto = "auto",
        /// Or the daemon does not start.
        Required = "required",
        /// Not asked for.
        Off = "off",
    }
}

choice! {
    /// What is logged.
    LogLevel {
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

choice! {
    /// Where the log goes and how it looks.
    LogFormat {
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
