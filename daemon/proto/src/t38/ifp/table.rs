//! The numbers of indicators, carriers and fields, each in one place.
//!
//! A number is one of the root, or one of the extension (version 3), which is counted by itself.

use crate::types::t38::{Carrier, Fast, FieldKind, Indicator, V17Rate};

/// A value of an extensible enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Root(u16),
    Extension(u16),
}

/// Numbers of the extension are below these.
const EXTENSION_INDICATORS: u16 = 7;
const EXTENSION_CARRIERS: u16 = 6;
const EXTENSION_FIELDS: u16 = 4;

/// Indicators from 4 on: the trainings in this order, V.17 short before long.
const TRAININGS: [Fast; 12] = [
    Fast::V27ter2400,
    Fast::V27ter4800,
    Fast::V29At7200,
    Fast::V29At9600,
    Fast::V17Short(V17Rate::R7200),
    Fast::V17Long(V17Rate::R7200),
    Fast::V17Short(V17Rate::R9600),
    Fast::V17Long(V17Rate::R9600),
    Fast::V17Short(V17Rate::R12000),
    Fast::V17Long(V17Rate::R12000),
    Fast::V17Short(V17Rate::R14400),
    Fast::V17Long(V17Rate::R14400),
];

/// Carriers from 1 on; of V.17 there is one for each rate.
const CARRIERS: [Fast; 8] = [
    Fast::V27ter2400,
    Fast::V27ter4800,
    Fast::V29At7200,
    Fast::V29At9600,
    Fast::V17Long(V17Rate::R7200),
    Fast::V17Long(V17Rate::R9600),
    Fast::V17Long(V17Rate::R12000),
    Fast::V17Long(V17Rate::R14400),
];

const FIELDS: [FieldKind; 8] = [
    FieldKind::HdlcData,
    FieldKind::HdlcSigEnd,
    FieldKind::HdlcFcsOk,
    FieldKind::HdlcFcsBad,
    FieldKind::HdlcFcsOkSigEnd,
    FieldKind::HdlcFcsBadSigEnd,
    FieldKind::T4Data,
    FieldKind::T4SigEnd,
];

fn place<T: PartialEq>(table: &[T], value: &T) -> u16 {
    table.iter().position(|v| v == value).unwrap_or(0) as u16
}

fn extension(number: u16, end: u16) -> Option<u8> {
    (number < end).then_some(number.try_into().ok()?)
}

pub(super) fn of_indicator(indicator: Indicator) -> Number {
    Number::Root(match indicator {
        Indicator::NoSignal => 0,
        Indicator::Cng => 1,
        Indicator::Ced => 2,
        Indicator::V21Preamble => 3,
        Indicator::Training(fast) => 4 + place(&TRAININGS, &fast),
        Indicator::AnsAm => return Number::Extension(0),
        Indicator::Other(number) => return Number::Extension(u16::from(number)),
    })
}

pub(super) fn indicator(number: Number) -> Option<Indicator> {
    match number {
        Number::Root(0) => Some(Indicator::NoSignal),
        Number::Root(1) => Some(Indicator::Cng),
        Number::Root(2) => Some(Indicator::Ced),
        Number::Root(3) => Some(Indicator::V21Preamble),
        Number::Root(n) => {
            let training = TRAININGS.get(usize::from(n) - 4)?;
            Some(Indicator::Training(*training))
        }
        Number::Extension(0) => Some(Indicator::AnsAm),
        Number::Extension(n) => extension(n, EXTENSION_INDICATORS).map(Indicator::Other),
    }
}

pub(super) fn of_carrier(carrier: Carrier) -> Number {
    match carrier {
        Carrier::V21 => Number::Root(0),
        Carrier::Fast(Fast::V17Short(rate)) => of_carrier(Carrier::Fast(Fast::V17Long(rate))),
        Carrier::Fast(fast) => Number::Root(1 + place(&CARRIERS, &fast)),
        Carrier::Other(number) => Number::Extension(u16::from(number)),
    }
}

pub(super) fn carrier(number: Number) -> Option<Carrier> {
    match number {
        Number::Root(0) => Some(Carrier::V21),
        Number::Root(n) => CARRIERS.get(usize::from(n) - 1).copied().map(Carrier::Fast),
        Number::Extension(n) => extension(n, EXTENSION_CARRIERS).map(Carrier::Other),
    }
}

pub(super) fn of_field(kind: FieldKind) -> Number {
    match kind {
        FieldKind::Other(number) => Number::Extension(u16::from(number)),
        kind => Number::Root(place(&FIELDS, &kind)),
    }
}

pub(super) fn field(number: Number) -> Option<FieldKind> {
    match number {
        Number::Root(n) => FIELDS.get(usize::from(n)).copied(),
        Number::Extension(n) => extension(n, EXTENSION_FIELDS).map(FieldKind::Other),
    }
}
