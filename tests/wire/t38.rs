//! T.38 in UDPTL as we send it, read by tshark.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use tipring_proto::t38::ifp::Version;
use tipring_proto::t38::udptl::{Redundancy, Sender, SenderConfig};
use tipring_proto::types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator, V17Rate};

use crate::capture::{pcap, printed};

const RATES: [V17Rate; 4] = [
    V17Rate::R7200,
    V17Rate::R9600,
    V17Rate::R12000,
    V17Rate::R14400,
];

/// Fast modems as data name them, in the order of their numbers from 1 on.
fn carriers() -> Vec<Fast> {
    let mut fast = vec![
        Fast::V27ter2400,
        Fast::V27ter4800,
        Fast::V29At7200,
        Fast::V29At9600,
    ];
    fast.extend(RATES.map(Fast::V17Long));
    fast
}

fn data(carrier: Carrier, fields: &[(FieldKind, &[u8])]) -> Ifp {
    let mut ifp = Ifp::data(carrier);
    for (kind, octets) in fields {
        ifp.push(*kind, octets).unwrap();
    }
    ifp
}

/// A packet, what tshark has to say of its type, and its fields: their numbers and octets.
struct Said {
    ifp: Ifp,
    indicator: Option<u32>,
    carrier: Option<u32>,
    kinds: Vec<u32>,
    octets: Vec<Vec<u8>>,
}

/// Every kind of packet that version 0 has.
fn every_kind() -> Vec<Said> {
    let mut indicators = vec![
        Indicator::NoSignal,
        Indicator::Cng,
        Indicator::Ced,
        Indicator::V21Preamble,
    ];
    indicators.extend(carriers()[..4].iter().map(|f| Indicator::Training(*f)));
    for rate in RATES {
        indicators.push(Indicator::Training(Fast::V17Short(rate)));
        indicators.push(Indicator::Training(Fast::V17Long(rate)));
    }
    let mut all: Vec<Said> = (0..)
        .zip(indicators)
        .map(|(n, indicator)| Said {
            ifp: Ifp::indicator(indicator),
            indicator: Some(n),
            carrier: None,
            kinds: vec![],
            octets: vec![],
        })
        .collect();
    let mut put = |number, carrier, fields: &[(FieldKind, u32, &[u8])]| {
        let pushed: Vec<_> = fields
            .iter()
            .map(|(kind, _, octets)| (*kind, *octets))
            .collect();
        let there = fields.iter().filter(|(_, _, octets)| !octets.is_empty());
        all.push(Said {
            ifp: data(carrier, &pushed),
            indicator: None,
            carrier: Some(number),
            kinds: fields.iter().map(|(_, number, _)| *number).collect(),
            octets: there.map(|(_, _, octets)| octets.to_vec()).collect(),
        });
    };
    // A DIS of a fax machine, an octet a packet as at 300 bit/s, with each way to end.
    let dis = [0xFF, 0x13, 0x80, 0x00, 0xEE, 0x88];
    for octet in dis {
        put(0, Carrier::V21, &[(FieldKind::HdlcData, 0, &[octet])]);
    }
    let ends = [
        (FieldKind::HdlcFcsOk, 2),
        (FieldKind::HdlcFcsBad, 3),
        (FieldKind::HdlcSigEnd, 1),
        (FieldKind::HdlcFcsOkSigEnd, 4),
        (FieldKind::HdlcFcsBadSigEnd, 5),
    ];
    for (kind, number) in ends {
        put(0, Carrier::V21, &[(FieldKind::HdlcData, 0, &dis)]);
        put(0, Carrier::V21, &[(kind, number, &[])]);
    }
    // Fields without octets share one, in both orders, and with fields that have some.
    put(
        0,
        Carrier::V21,
        &[
            (FieldKind::HdlcData, 0, &dis),
            (FieldKind::HdlcFcsOk, 2, &[]),
            (FieldKind::HdlcSigEnd, 1, &[]),
        ],
    );
    put(
        0,
        Carrier::V21,
        &[
            (FieldKind::HdlcData, 0, &dis),
            (FieldKind::HdlcFcsOk, 2, &[]),
            (FieldKind::HdlcData, 0, &[0xFF, 0x13]),
            (FieldKind::HdlcFcsBad, 3, &[]),
        ],
    );
    for (number, fast) in (1..).zip(carriers()) {
        let octets: Vec<u8> = (0..fast.rate() / 200).map(|n| n as u8).collect();
        // Of a page with error correction: its data, and which frame they are.
        let frame = [&[0xFF, 0x03, 0x06, 0x07], &*octets].concat();
        let carrier = Carrier::Fast(fast);
        put(number, carrier, &[(FieldKind::T4Data, 6, &octets)]);
        put(number, carrier, &[(FieldKind::T4SigEnd, 7, &[])]);
        put(number, carrier, &[(FieldKind::T4Data, 6, &octets)]);
        put(number, carrier, &[(FieldKind::T4SigEnd, 7, &[1, 2])]);
        put(
            number,
            carrier,
            &[
                (FieldKind::HdlcData, 0, &frame),
                (FieldKind::HdlcFcsOk, 2, &[]),
                (FieldKind::HdlcData, 0, &frame),
            ],
        );
    }
    all
}

/// What tshark shows of each packet: of each field the values in their order.
fn dissected(
    file: &std::path::Path,
    fields: &[&'static str],
    reassembly: &str,
) -> Option<Vec<BTreeMap<&'static str, Vec<String>>>> {
    let mut tshark = Command::new("tshark");
    tshark.args([
        "-n",
        "-d",
        "udp.port==16384,t38",
        "-T",
        "fields",
        "-E",
        "aggregator=;",
    ]);
    tshark.args(["-o", "t38.use_pre_corrigendum_asn1_specification:TRUE"]);
    tshark.args(["-o", &format!("t38.reassembly:{reassembly}")]);
    for field in fields {
        tshark.args(["-e", field]);
    }
    tshark.arg("-r").arg(file);
    let text = printed(tshark)?;
    let packets = text.lines().map(|line| {
        let values = line.split('\t').map(|cell| {
            let values = cell.split(';').filter(|v| !v.is_empty());
            values.map(str::to_owned).collect::<Vec<_>>()
        });
        fields.iter().copied().zip(values).collect()
    });
    Some(packets.collect())
}

#[test]
fn tshark_reads_every_kind_of_packet_as_we_meant_it() {
    for redundancy in [0u8, 3] {
        let all = every_kind();
        let mut sender = Sender::new(SenderConfig {
            version: Version::V0,
            redundancy: Redundancy {
                low: redundancy,
                high: redundancy,
            },
            max_datagram: 1400,
        });
        let (mut sent, mut of) = (vec![], vec![]);
        for (n, said) in all.iter().enumerate() {
            let mut emit = |datagram: &[u8]| {
                // tshark puts a frame together once, and reads no further in a repeat of its end.
                if of.last() == Some(&n) {
                    assert_eq!(sent.last().map(Vec::as_slice), Some(datagram));
                    return;
                }
                sent.push(datagram.to_vec());
                of.push(n);
            };
            sender.send(&said.ifp, &mut emit).unwrap();
            while sender.repeat(&mut emit) {}
        }
        let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
        file.write_all(&pcap(&sent)).unwrap();
        let fields = [
            "t38.seq_number",
            "t38.t30_indicator",
            "t38.t30_data",
            "t38.field_type",
            "t38.field_data",
            "_ws.malformed",
            "_ws.expert.message",
        ];
        let Some(packets) = dissected(file.path(), &fields, "TRUE") else {
            return;
        };
        assert_eq!(packets.len(), sent.len());
        for (packet, n) in packets.iter().zip(of) {
            let said = &all[n];
            // The packet itself is first, the copies follow, the last one first.
            let about: Vec<&Said> = (0..=usize::from(redundancy))
                .filter_map(|k| all.get(n.checked_sub(k)?))
                .collect();
            assert_eq!(packet["_ws.malformed"], [""; 0], "{:?}", said.ifp);
            let mut warnings = packet["_ws.expert.message"].iter();
            // It was asked not to put frames together.
            assert!(
                warnings.all(|w| w.starts_with("Unreassembled")),
                "{:?}: {packet:?}",
                said.ifp
            );
            assert_eq!(packet["t38.seq_number"], [n.to_string()]);
            let numbers = |of: &dyn Fn(&Said) -> Vec<u32>| -> Vec<String> {
                about
                    .iter()
                    .flat_map(|said| of(said))
                    .map(|n| n.to_string())
                    .collect()
            };
            let indicators = numbers(&|said| said.indicator.into_iter().collect());
            assert_eq!(packet["t38.t30_indicator"], indicators, "{:?}", said.ifp);
            let carriers = numbers(&|said| said.carrier.into_iter().collect());
            assert_eq!(packet["t38.t30_data"], carriers, "{:?}", said.ifp);
            assert_eq!(
                packet["t38.field_type"],
                numbers(&|said| said.kinds.clone()),
                "{:?}",
                said.ifp
            );
            let octets: Vec<String> = about
                .iter()
                .flat_map(|said| &said.octets)
                .map(|octets| {
                    octets
                        .iter()
                        .map(|o| format!("{:02x}", o.reverse_bits()))
                        .collect()
                })
                .collect();
            assert_eq!(packet["t38.field_data"], octets, "{:?}", said.ifp);
        }
    }
}

#[test]
fn tshark_reads_a_frame_of_t30_out_of_single_octets() {
    let mut sender = Sender::new(SenderConfig {
        redundancy: Redundancy { low: 0, high: 0 },
        ..SenderConfig::default()
    });
    let mut sent = vec![];
    let mut send = |ifp: Ifp| sender.send(&ifp, |d| sent.push(d.to_vec())).unwrap();
    send(Ifp::indicator(Indicator::V21Preamble));
    // DIS: the last frame, polled or not, V.17, fine, 2-D, error correction.
    let dis = [0xFF, 0x13, 0x80, 0x00, 0xEE, 0xF8, 0x04];
    for octet in dis {
        send(data(Carrier::V21, &[(FieldKind::HdlcData, &[octet])]));
    }
    send(data(Carrier::V21, &[(FieldKind::HdlcFcsOk, &[])]));
    let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
    file.write_all(&pcap(&sent)).unwrap();
    let fields = [
        "t30.Address",
        "t30.Control",
        "t30.FacsimileControl",
        "t30.fif.dsr",
        "t30.fif.ecm",
        "_ws.malformed",
    ];
    let Some(packets) = dissected(file.path(), &fields, "TRUE") else {
        return;
    };
    let frames: Vec<_> = packets
        .iter()
        .filter(|packet| !packet["t30.FacsimileControl"].is_empty())
        .collect();
    let [frame] = frames[..] else {
        panic!("{packets:?}");
    };
    // DIS is 01 there, V.17 with V.29 and V.27ter 0d.
    let value = |field: &str| frame[field].concat();
    assert_eq!(value("t30.Address"), "0xff");
    assert_eq!(value("t30.Control"), "0xc8");
    assert_eq!(value("t30.FacsimileControl"), "1");
    assert_eq!(value("t30.fif.dsr"), "0x0d");
    assert!(["1", "True"].contains(&&*value("t30.fif.ecm")), "{frame:?}");
    assert_eq!(value("_ws.malformed"), "");
}
