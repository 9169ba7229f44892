//! Cards: those that DAHDI knows, and those on the bus that it does not know yet.

use std::path::{Path, PathBuf};

use super::channels;
use super::ids::{self, ASTRIBANKS, XORCOM};
use super::{Card, CardState, HolderEntry, Span, kernel};
use crate::dahdi::sysfs::{Root, attribute, module_of};

pub(super) fn find(root: &Root, holders: &[HolderEntry]) -> Vec<Card> {
    let mut spans = channels::spans(root, holders);
    let mut cards = vec![];
    let mut places: Vec<PathBuf> = vec![];
    for device in root.list("/sys/bus/dahdi_devices/devices") {
        let Ok(real) = std::fs::canonicalize(&device) else {
            continue;
        };
        let of_card = |(place, _): &(PathBuf, Span)| place.starts_with(&real);
        let (own, rest): (Vec<_>, Vec<_>) = spans.into_iter().partition(of_card);
        spans = rest;
        // The clock of a machine without a card is no card.
        if is_clock(&real) {
            continue;
        }
        let spans: Vec<Span> = own.into_iter().map(|(_, span)| span).collect();
        let text = |name| attribute(&real, name).unwrap_or_default();
        let wanted: usize = text("span_count").parse().unwrap_or(0);
        cards.push(Card {
            name: text("type"),
            manufacturer: text("manufacturer"),
            location: text("location"),
            hardware_id: text("hardware_id"),
            driver: module_of(&real).or_else(|| dynamic(&real)),
            state: if spans.is_empty() && wanted > 0 {
                CardState::Unassigned
            } else {
                CardState::Ready
            },
            spans,
        });
        places.push(real);
    }
    cards.extend(on_pci(root, &places));
    cards.extend(on_usb(root, &places));
    cards.sort_by_key(|card| {
        let channels = card.spans.iter().flat_map(|span| &span.channels);
        channels.map(|c| c.number).min().unwrap_or(u16::MAX)
    });
    cards
}

/// `dahdi_dummy` has a span without channels.
fn is_clock(device: &Path) -> bool {
    device.file_name().is_some_and(|name| name == "dahdi_dummy")
}

fn dynamic(device: &Path) -> Option<String> {
    let name = device.file_name()?.to_str()?;
    name.starts_with("dynamic:")
        .then(|| "dahdi_dynamic".to_owned())
}

/// Cards on the PCI bus that are not among `known`.
fn on_pci(root: &Root, known: &[PathBuf]) -> Vec<Card> {
    let mut cards = vec![];
    for device in root.list("/sys/bus/pci/devices") {
        let number = |name| hex(&attribute(&device, name)?);
        let (Some(vendor), Some(product)) = (number("vendor"), number("device")) else {
            continue;
        };
        let Some(id) = ids::pci(vendor, product, number("subsystem_vendor")) else {
            continue;
        };
        let real = std::fs::canonicalize(&device).unwrap_or_else(|_| device.clone());
        if known.iter().any(|place| place.starts_with(&real)) {
            continue;
        }
        let address = device.file_name().unwrap_or_default().to_string_lossy();
        cards.push(unserved(
            id.name,
            id.module,
            format!("PCI {address}"),
            state(root, driver_of(&real), id.module),
        ));
    }
    cards
}

fn on_usb(root: &Root, known: &[PathBuf]) -> Vec<Card> {
    let mut cards = vec![];
    for device in root.list("/sys/bus/usb/devices") {
        let number = |name| hex(&attribute(&device, name)?);
        let (Some(XORCOM), Some(product)) = (number("idVendor"), number("idProduct")) else {
            continue;
        };
        if !ASTRIBANKS.contains(&(product & 0xFFF0)) {
            continue;
        }
        let real = std::fs::canonicalize(&device).unwrap_or_else(|_| device.clone());
        if known.iter().any(|place| place.starts_with(&real)) {
            continue;
        }
        let place = device.file_name().unwrap_or_default().to_string_lossy();
        // The driver sits on an interface of the device.
        let driver = std::fs::read_dir(&real)
            .into_iter()
            .flatten()
            .flatten()
            .find_map(|interface| driver_of(&interface.path()))
            .filter(|driver| driver != "usb");
        cards.push(unserved(
            "Xorcom Astribank",
            "xpp_usb",
            format!("USB {place}"),
            state(root, driver, "xpp_usb"),
        ));
    }
    cards
}

fn unserved(name: &str, module: &str, location: String, state: CardState) -> Card {
    Card {
        name: name.to_owned(),
        manufacturer: String::new(),
        location,
        hardware_id: String::new(),
        driver: Some(module.to_owned()),
        state,
        spans: vec![],
    }
}

fn state(root: &Root, driver: Option<String>, wanted: &str) -> CardState {
    match driver {
        Some(driver) if driver == wanted => CardState::Failed,
        Some(by) => CardState::Taken { by },
        None => CardState::NoDriver {
            installed: installed(root, wanted),
        },
    }
}

fn driver_of(device: &Path) -> Option<String> {
    let driver = std::fs::canonicalize(device.join("driver")).ok()?;
    Some(driver.file_name()?.to_string_lossy().into_owned())
}

/// A module of this name is there for the running kernel.
fn installed(root: &Root, module: &str) -> bool {
    let list = root.path(&format!("/lib/modules/{}/modules.dep", kernel(root)));
    let list = std::fs::read_to_string(list).unwrap_or_default();
    list.lines().any(|line| {
        let path = line.split(':').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file.strip_prefix(module)
            .is_some_and(|rest| rest.starts_with(".ko"))
    })
}

fn hex(text: &str) -> Option<u16> {
    u16::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}
