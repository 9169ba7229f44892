//! Cards by their number on the bus, as the drivers' own tables have them (dahdi-linux 2.11.1).
//!
//! Only cards that can have ports for telephones: this gateway cannot use others.

/// A number on the PCI bus. `subvendor` distinguishes cards that share the number of their bus chip.
pub(super) struct PciId {
    pub(super) vendor: u16,
    pub(super) device: u16,
    pub(super) subvendor: Option<u16>,
    pub(super) module: &'static str,
    pub(super) name: &'static str,
}

const fn digium(device: u16, module: &'static str, name: &'static str) -> PciId {
    PciId {
        vendor: 0xd161,
        device,
        subvendor: None,
        module,
        name,
    }
}

/// The Tiger 320 bus chip, on the first cards and on many others.
const fn tiger(subvendor: u16, module: &'static str, name: &'static str) -> PciId {
    PciId {
        vendor: 0xe159,
        device: 1,
        subvendor: Some(subvendor),
        module,
        name,
    }
}

const TDM400: &str = "Wildcard TDM400P";
const A1200: &str = "OpenVox A1200P or A1200E";

pub(super) const PCI: &[PciId] = &[
    digium(0x2400, "wctdm24xxp", "Wildcard TDM2400P"),
    digium(0x0800, "wctdm24xxp", "Wildcard TDM800P"),
    digium(0x8002, "wctdm24xxp", "Wildcard AEX800"),
    digium(0x8003, "wctdm24xxp", "Wildcard AEX2400"),
    digium(0x8005, "wctdm24xxp", "Wildcard TDM410P"),
    digium(0x8006, "wctdm24xxp", "Wildcard AEX410"),
    digium(0x8007, "wctdm24xxp", "HA8-0000"),
    digium(0x8008, "wctdm24xxp", "HB8-0000"),
    digium(0x800c, "wcaxx", "Wildcard A8A"),
    digium(0x800d, "wcaxx", "Wildcard A8B"),
    digium(0x800f, "wcaxx", "Wildcard A4A"),
    digium(0x8010, "wcaxx", "Wildcard A4B"),
    tiger(0xa159, "wctdm", TDM400),
    tiger(0xe159, "wctdm", TDM400),
    tiger(0xb100, "wctdm", TDM400),
    tiger(0xb1d9, "wctdm", TDM400),
    tiger(0xb118, "wctdm", TDM400),
    tiger(0xb119, "wctdm", TDM400),
    tiger(0xa9fd, "wctdm", TDM400),
    tiger(0xa8fd, "wctdm", TDM400),
    tiger(0xa800, "wctdm", TDM400),
    tiger(0xa801, "wctdm", TDM400),
    tiger(0xa908, "wctdm", TDM400),
    tiger(0xa901, "wctdm", TDM400),
    tiger(0x9100, "opvxa1200", A1200),
    tiger(0x9519, "opvxa1200", A1200),
    tiger(0x95d9, "opvxa1200", A1200),
    tiger(0x9500, "opvxa1200", A1200),
    tiger(0x9532, "opvxa1200", A1200),
    tiger(0x8519, "opvxa1200", A1200),
    tiger(0x9559, "opvxa1200", A1200),
    tiger(0x9599, "opvxa1200", A1200),
];

/// Vendor of the Astribank; the last digit of the product shows how far its firmware is loaded (2: complete).
pub(super) const XORCOM: u16 = 0xe4e4;
/// Products of the Astribank without the last digit.
pub(super) const ASTRIBANKS: [u16; 4] = [0x1130, 0x1140, 0x1150, 0x1160];

/// The card with these numbers.
pub(super) fn pci(vendor: u16, device: u16, subvendor: Option<u16>) -> Option<&'static PciId> {
    PCI.iter().find(|id| {
        (id.vendor, id.device) == (vendor, device)
            && (id.subvendor.is_none() || id.subvendor == subvendor)
    })
}
