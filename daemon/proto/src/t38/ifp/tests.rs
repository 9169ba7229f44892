use proptest::prelude::*;

use super::*;
use crate::types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator, V17Rate};

fn data(carrier: Carrier, fields: &[(FieldKind, &[u8])]) -> Ifp {
    let mut ifp = Ifp::data(carrier);
    for (kind, octets) in fields {
        ifp.push(*kind, octets).unwrap();
    }
    ifp
}

fn written(ifp: &Ifp, version: Version) -> Vec<u8> {
    let mut out = [0xAA; MAX_IFP];
    let length = encode(ifp, version, &mut out).unwrap();
    out[..length].to_vec()
}

fn read(octets: &[u8], version: Version) -> Result<Ifp, IfpError> {
    Decoder::new(version).decode(octets)
}

#[test]
fn indicators_have_the_octets_of_the_recommendation() {
    use Indicator::{Ced, Cng, NoSignal, Training, V21Preamble};
    let rates = [
        (V17Rate::R7200, 0x10),
        (V17Rate::R9600, 0x14),
        (V17Rate::R12000, 0x18),
        (V17Rate::R14400, 0x1C),
    ];
    let mut table = vec![
        (NoSignal, 0),
        (Cng, 2),
        (Ced, 4),
        (V21Preamble, 6),
        (Training(Fast::V27ter2400), 8),
        (Training(Fast::V27ter4800), 0x0A),
        (Training(Fast::V29At7200), 0x0C),
        (Training(Fast::V29At9600), 0x0E),
    ];
    for (rate, octet) in rates {
        table.push((Training(Fast::V17Short(rate)), octet));
        table.push((Training(Fast::V17Long(rate)), octet + 2));
    }
    for (indicator, octet) in table {
        for version in [Version::V0, Version::Later] {
            assert_eq!(written(&Ifp::indicator(indicator), version), [octet]);
            assert_eq!(read(&[octet], version), Ok(Ifp::indicator(indicator)));
        }
    }
}

#[test]
fn fields_without_octets_share_an_octet_in_version_0() {
    use FieldKind::{HdlcData, HdlcFcsOk, HdlcSigEnd, T4SigEnd};
    let table: [(Ifp, &[u8]); 6] = [
        (
            data(Carrier::V21, &[(HdlcData, &[0xFF, 0x13])]),
            &[0xC0, 1, 0x80, 0, 1, 0xFF, 0xC8],
        ),
        (
            data(Carrier::V21, &[(HdlcFcsOk, &[]), (HdlcSigEnd, &[])]),
            &[0xC0, 2, 0x21],
        ),
        (
            data(Carrier::V21, &[(HdlcFcsOk, &[]), (HdlcData, &[0xAA])]),
            &[0xC0, 2, 0x28, 0, 0, 0x55],
        ),
        (
            data(Carrier::V21, &[(HdlcData, &[0xAA]), (HdlcFcsOk, &[])]),
            &[0xC0, 2, 0x80, 0, 0, 0x55, 0x20],
        ),
        (
            data(Carrier::Fast(Fast::V29At9600), &[(T4SigEnd, &[])]),
            &[0xC8, 1, 0x70],
        ),
        (
            data(Carrier::Fast(Fast::V17Long(V17Rate::R14400)), &[]),
            &[0x50],
        ),
    ];
    for (ifp, octets) in table {
        assert_eq!(written(&ifp, Version::V0), octets, "{ifp:?}");
        assert_eq!(read(octets, Version::V0), Ok(ifp));
    }
}

#[test]
fn later_versions_are_read_by_the_letter_and_by_octets() {
    use FieldKind::{HdlcData, HdlcFcsOk, HdlcSigEnd, T4Data};
    let both = data(Carrier::V21, &[(HdlcFcsOk, &[]), (HdlcSigEnd, &[])]);
    assert_eq!(written(&both, Version::Later), [0xC0, 2, 0x10, 0x40]);
    assert_eq!(read(&[0xC0, 2, 0x10, 0x08], Version::Later), Ok(both));
    let empty = data(Carrier::V21, &[(HdlcData, &[]), (FieldKind::Other(1), &[])]);
    assert_eq!(
        read(&written(&empty, Version::Later), Version::Later),
        Ok(empty)
    );
    let mixed = data(Carrier::V21, &[(HdlcFcsOk, &[]), (HdlcData, &[0xAA])]);
    let letter = written(&mixed, Version::Later);
    assert_eq!(letter, [0xC0, 2, 0x14, 0, 0, 0, 0x55]);
    assert_eq!(read(&letter, Version::Later).as_ref(), Ok(&mixed));
    let octets = [0xC0, 2, 0x10, 0x80, 0, 0, 0x55];
    assert_eq!(read(&octets, Version::Later), Ok(mixed));
    let page = data(Carrier::Fast(Fast::V29At7200), &[(T4Data, &[0xE0])]);
    assert_eq!(written(&page, Version::Later), [0xC6, 1, 0xB0, 0, 0, 7]);
}

#[test]
fn values_of_version_3_are_read_there_and_refused_in_version_0() {
    let ansam = Ifp::indicator(Indicator::AnsAm);
    assert_eq!(written(&ansam, Version::Later), [0x20, 0]);
    let other = Ifp::indicator(Indicator::Other(5));
    assert_eq!(written(&other, Version::Later), [0x21, 0x40]);
    assert_eq!(read(&[0x21, 0x40], Version::Later), Ok(other));
    assert_eq!(read(&[0x21, 0xC0], Version::Later), Err(IfpError::Unknown));
    assert_eq!(read(&[0x20, 0], Version::V0), Err(IfpError::Unknown));
    let mut out = [0; MAX_IFP];
    assert_eq!(encode(&ansam, Version::V0, &mut out), Err(Unsayable));
    let cm = data(Carrier::Other(0), &[(FieldKind::Other(0), &[0x80])]);
    assert_eq!(encode(&cm, Version::V0, &mut out), Err(Unsayable));
    assert_eq!(read(&written(&cm, Version::Later), Version::Later), Ok(cm));
}

#[test]
fn what_is_no_packet_is_refused() {
    use IfpError::{IndicatorWithData, Short, TooMuch, Trailing, Unknown};
    let table: [(&[u8], IfpError); 12] = [
        (&[], Short),
        (&[0x80], IndicatorWithData),
        (&[0x86, 1, 0x20], IndicatorWithData),
        (&[0x06, 0], Trailing),
        (&[0x07], Unknown),
        (&[0x52], Unknown),
        (&[0xC0], Short),
        (&[0xC0, 1], Short),
        (&[0xC0, 1, 0x80, 0, 1, 0xFF], Short),
        (&[0xC0, 1, 0x80, 0xFF, 0xFF, 1], Short),
        (&[0xC0, 1, 0x20, 0], Trailing),
        (&[0xC0, 13, 0, 0, 0, 0, 0, 0, 0], TooMuch),
    ];
    for (octets, error) in table {
        assert_eq!(read(octets, Version::V0), Err(error), "{octets:02x?}");
    }
    // A data packet without a field, said in either way.
    assert_eq!(read(&[0x40], Version::V0), Ok(Ifp::data(Carrier::V21)));
    assert_eq!(read(&[0xC0, 0], Version::V0), Ok(Ifp::data(Carrier::V21)));
}

#[test]
fn data_of_v17_are_of_the_training_before() {
    let mut decoder = Decoder::new(Version::V0);
    let mut carrier = |octets: &[u8]| decoder.decode(octets).unwrap().carrier();
    let (short, long) = (
        Fast::V17Short(V17Rate::R14400),
        Fast::V17Long(V17Rate::R14400),
    );
    assert_eq!(carrier(&[0x50]), Some(Carrier::Fast(long)));
    carrier(&[0x1C]);
    assert_eq!(carrier(&[0x50]), Some(Carrier::Fast(short)));
    carrier(&[0x06]);
    assert_eq!(carrier(&[0x50]), Some(Carrier::Fast(short)));
    carrier(&[0x1E]);
    assert_eq!(carrier(&[0x50]), Some(Carrier::Fast(long)));
}

#[test]
fn a_packet_of_parity_may_be_followed_by_zeros_only() {
    let mut decoder = Decoder::new(Version::V0);
    let ended = [0xC0, 2, 0x21, 0, 0];
    assert!(decoder.decode_padded(&ended).is_ok());
    assert_eq!(decoder.decode(&ended), Err(IfpError::Trailing));
    assert_eq!(
        decoder.decode_padded(&[0xC0, 2, 0x21, 0, 1]),
        Err(IfpError::Trailing)
    );
}

/// The value of this number, where the extension is counted on from the end of the root.
fn number(n: u16, root: u16) -> table::Number {
    match n.checked_sub(root) {
        Some(n) => table::Number::Extension(n),
        None => table::Number::Root(n),
    }
}

/// Any packet that a syntax can say.
pub(in crate::t38) fn any_ifp(version: Version) -> impl Strategy<Value = Ifp> {
    let extra = u16::from(version == Version::Later);
    let indicator =
        (0..16 + 7 * extra).prop_map(|n| Ifp::indicator(table::indicator(number(n, 16)).unwrap()));
    let kind = (0..8 + 4 * extra).prop_map(|n| table::field(number(n, 8)).unwrap());
    let octets = prop::collection::vec(any::<u8>(), 0..40);
    let fields = prop::collection::vec((kind, octets), 0..8);
    let carrier = (0..9 + 6 * extra).prop_map(|n| table::carrier(number(n, 9)).unwrap());
    let data = (carrier, fields).prop_map(move |(carrier, fields)| {
        let mut ifp = Ifp::data(carrier);
        let last = fields.len().saturating_sub(1);
        for (n, (kind, mut octets)) in fields.into_iter().enumerate() {
            // Three fields of which the first have no octets may look like others in octets of their own.
            if version == Version::Later && n < last {
                octets.push(n as u8);
            }
            // The last ones may find no place.
            let _ = ifp.push(kind, &octets);
        }
        ifp
    });
    prop_oneof![indicator, data]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (version, ifp) in prop_oneof![Just(Version::V0), Just(Version::Later)]
            .prop_flat_map(|version| (Just(version), any_ifp(version))),
    ) {
        let octets = written(&ifp, version);
        prop_assert_eq!(read(&octets, version), Ok(ifp));
    }

    #[test]
    fn whatever_is_read_in_version_0_is_written_as_it_came(octets in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(ifp) = read(&octets, Version::V0) {
            // A count of none is not written.
            let came = if ifp.carrier().is_some() && ifp.fields().count() == 0 {
                vec![octets[0] & 0x7F]
            } else {
                octets
            };
            prop_assert_eq!(written(&ifp, Version::V0), came);
        }
    }

    #[test]
    fn no_octets_bring_the_reader_down(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets, Version::V0);
        let _ = read(&octets, Version::Later);
    }
}
