//! What each driver of DAHDI really does: one row a driver, read in its source.
//!
//! A row states what cannot be found by asking the kernel: requests that a driver takes and does not carry out, requests
//! that make the caller wait, and what passes without being asked for. The rest is found by asking at open. Version
//! read: dahdi-linux 2.11.1 (2017-09-17) as Debian packages it.

use std::fmt;

use tipring_linux::dahdi::LampKinds;

/// A driver of FXS ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Driver {
    /// Digium/Sangoma TDM400P and its like (`wctdm`).
    Wctdm,
    /// Digium/Sangoma TDM410, TDM800P, TDM2400P, AEX, HA8/HB8 (`wctdm24xxp`).
    Wctdm24xxp,
    /// Digium/Sangoma A4, A8 (`wcaxx`).
    Wcaxx,
    /// OpenVox A1200P/E and its like (`opvxa1200`).
    Opvxa1200,
    /// Xorcom Astribank (`xpp`).
    Xpp,
    /// Spans over the network or in the machine (`dahdi_dynamic`).
    Dynamic,
    /// Any other.
    Other,
}

/// How audio reaches a phone that is on-hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnHookAudio {
    /// By request; asked at open whether there is one.
    ByRequest,
    /// Always.
    Always,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Kernel module.
    pub(super) module: &'static str,
    /// Audio to a phone that is on-hook.
    pub(super) on_hook_audio: OnHookAudio,
    /// Lamps that are really lit; a driver may accept others without lighting them.
    pub(super) lamp: LampKinds,
    /// Voltages and registers may be there (`WCTDM_GET_STATS`, `GET_REGS`); asked at open.
    pub(super) registers: bool,
    /// `SETPOLARITY`, `ONHOOKTRANSFER` and `VMWI` wait for the chip: not in the line thread.
    pub(super) feed_requests_wait: bool,
}

const NO_LAMP: LampKinds = LampKinds {
    reversal: false,
    high_dc: false,
    neon: false,
};
const NEON: LampKinds = LampKinds {
    neon: true,
    ..NO_LAMP
};

impl Driver {
    /// By name of the kernel module.
    pub fn from_module(module: &str) -> Driver {
        let all = [
            Driver::Wctdm,
            Driver::Wctdm24xxp,
            Driver::Wcaxx,
            Driver::Opvxa1200,
            Driver::Xpp,
            Driver::Dynamic,
        ];
        let module = if module == "xpp_usb" { "xpp" } else { module };
        all.into_iter()
            .find(|driver| driver.row().module == module)
            .unwrap_or(Driver::Other)
    }

    /// Has DAHDI 3 dropped it? (Seen in 3.1.0, Debian 13; 2.11.1, Debian 12, has it.)
    pub fn is_dropped(self) -> bool {
        matches!(self, Driver::Wctdm | Driver::Opvxa1200)
    }

    /// By name of a span, where sysfs does not name it. `WCTDM/…` is three drivers' and stays open.
    pub(super) fn from_span_name(name: &str) -> Driver {
        let prefixes = [
            ("OPVXA1200/", Driver::Opvxa1200),
            ("XBUS-", Driver::Xpp),
            ("DYN/", Driver::Dynamic),
        ];
        prefixes
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
            .map_or(Driver::Other, |(_, driver)| *driver)
    }

    pub(super) const fn row(self) -> Row {
        // Si3210/Si3215 modules: the lamp is a reversal at best, unless said otherwise.
        let chip = Row {
            module: "",
            on_hook_audio: OnHookAudio::ByRequest,
            lamp: NO_LAMP,
            registers: true,
            feed_requests_wait: false,
        };
        match self {
            // wctdm.c: set_vmwi() drives neon lamps for HVAC; HVDC is only stored.
            Driver::Wctdm => Row {
                module: "wctdm",
                lamp: NEON,
                ..chip
            },
            // base.c: set_lasttxhook_interruptible() sleeps in steps of 1 ms, up to 100; set_vmwi() knows LREV only.
            Driver::Wctdm24xxp => Row {
                module: "wctdm24xxp",
                feed_requests_wait: true,
                ..chip
            },
            // wcaxx-base.c: the same function sleeps in steps of 100 ms.
            Driver::Wcaxx => Row {
                module: "wcaxx",
                feed_requests_wait: true,
                ..chip
            },
            // opvxa1200/base.c: no VMWI at all.
            Driver::Opvxa1200 => Row {
                module: "opvxa1200",
                ..chip
            },
            // xpp/card_fxs.c: HVAC only, with vmwi_ioctl=1 (the default); registers through sysfs only.
            Driver::Xpp => Row {
                module: "xpp",
                lamp: NEON,
                registers: false,
                ..chip
            },
            // dahdi_dynamic.c: none of the card's requests; a digital span carries audio in any hook state.
            Driver::Dynamic => Row {
                module: "dahdi_dynamic",
                on_hook_audio: OnHookAudio::Always,
                registers: false,
                ..chip
            },
            // Believed in what it answers, and in neon as that is what its request means.
            Driver::Other => Row {
                module: "",
                lamp: NEON,
                ..chip
            },
        }
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Driver::Other => f.write_str("unknown driver"),
            known => f.write_str(known.row().module),
        }
    }
}
