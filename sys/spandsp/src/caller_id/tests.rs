//! Behaviour of the caller ID functions as shipped, and of the messages.

use super::*;
use crate::Error;

use CallerIdStandard::{Aclip, Class, Clip, ClipDtmf};

const FSK: [CallerIdStandard; 3] = [Class, Clip, Aclip];

fn jane() -> CallerId {
    CallerId {
        when: Some(CallTime {
            month: 11,
            day: 23,
            hour: 9,
            minute: 5,
        }),
        number: Party::Known("15551234567".into()),
        name: Party::Known("JANE DOE".into()),
    }
}

/// Everything sent until the transmitter is idle, with silence around it.
fn sent(tx: &mut CallerIdTx) -> Vec<i16> {
    let mut all = vec![0; 1600];
    while !tx.is_idle() {
        let mut block = [1; 80];
        tx.process(&mut block);
        all.extend_from_slice(&block);
        assert!(all.len() < 80_000, "the transmitter never ends");
    }
    all.extend([0; 1600]);
    all
}

fn heard(standard: CallerIdStandard, samples: &[i16]) -> Vec<ReceivedMessage> {
    let mut rx = CallerIdRx::new(standard).unwrap();
    for block in samples.chunks(80) {
        rx.process(block);
    }
    assert_eq!(rx.lost_messages(), 0);
    std::iter::from_fn(|| rx.poll()).collect()
}

fn round_trip(message: &CallerIdMessage) -> Vec<ReceivedCallerId> {
    let mut tx = CallerIdTx::new(message.standard()).unwrap();
    tx.put_message(message).unwrap();
    let samples = sent(&mut tx);
    heard(message.standard(), &samples)
        .iter()
        .map(|message| message.decode().unwrap())
        .collect()
}

fn said(caller: &CallerId) -> Vec<ReceivedCallerId> {
    vec![ReceivedCallerId {
        caller: caller.clone(),
        message_waiting: None,
    }]
}

#[test]
fn number_name_and_time_arrive_with_every_fsk_standard() {
    for standard in FSK {
        let message = CallerIdMessage::call_setup(standard, &jane()).unwrap();
        assert_eq!(round_trip(&message), said(&jane()), "{}", standard.name());
    }
}

#[test]
fn absence_reasons_arrive() {
    for why in [Absence::Private, Absence::Unavailable, Absence::Other(b'C')] {
        let caller = CallerId {
            when: None,
            number: Party::Absent(why),
            name: Party::Absent(why),
        };
        let message = CallerIdMessage::call_setup(Class, &caller).unwrap();
        assert_eq!(round_trip(&message), said(&caller));
    }
}

#[test]
fn a_name_of_sixteen_characters_arrives_whole() {
    // The length where the library's own adsi_add_field goes wrong.
    for len in [15, 16, 17, 50] {
        let caller = CallerId {
            name: Party::Known("N".repeat(len)),
            ..jane()
        };
        let message = CallerIdMessage::call_setup(Clip, &caller).unwrap();
        assert_eq!(round_trip(&message), said(&caller));
    }
}

#[test]
fn bytes_of_a_call_setup_message_are_those_of_gr_30() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let wanted = b"\x80\x21\x01\x0811230905\x02\x0b15551234567\x07\x08JANE DOE";
    assert_eq!(message.bytes(), wanted);
}

#[test]
fn single_data_message_carries_time_and_number() {
    let caller = CallerId {
        name: Party::Unmentioned,
        ..jane()
    };
    for standard in [Class, Aclip] {
        let message = CallerIdMessage::call_setup_single(standard, &caller).unwrap();
        assert_eq!(message.bytes(), b"\x04\x131123090515551234567");
        assert_eq!(round_trip(&message), said(&caller));
    }
    let withheld = CallerId {
        number: Party::Absent(Absence::Private),
        ..caller.clone()
    };
    let message = CallerIdMessage::call_setup_single(Class, &withheld).unwrap();
    assert_eq!(round_trip(&message), said(&withheld));
    let timeless = CallerId {
        when: None,
        ..caller.clone()
    };
    let mute = CallerId {
        number: Party::Unmentioned,
        ..caller.clone()
    };
    for (standard, caller) in [
        (Class, &timeless),
        (Class, &mute),
        (Clip, &caller),
        (ClipDtmf, &caller),
    ] {
        let error = CallerIdMessage::call_setup_single(standard, caller).unwrap_err();
        assert!(matches!(error, Error::NoSuchMessage { .. }), "{error}");
    }
}

#[test]
fn message_waiting_lamp_goes_on_and_off() {
    for standard in FSK {
        for waiting in [true, false] {
            let message = CallerIdMessage::message_waiting(standard, waiting).unwrap();
            let lamp: Vec<Option<bool>> = round_trip(&message)
                .iter()
                .map(|said| said.message_waiting)
                .collect();
            assert_eq!(lamp, [Some(waiting)]);
        }
    }
    assert!(CallerIdMessage::message_waiting(ClipDtmf, true).is_err());
}

#[test]
fn dtmf_formats_arrive() {
    use DtmfCallerIdFormat::{AToC, AToHash, BareToHash, DToC};
    let number = Party::Known("0401234567".into());
    let cases: [(DtmfCallerIdFormat, Party, &[u8]); 8] = [
        (AToC, number.clone(), b"A0401234567C"),
        (AToC, Party::Absent(Absence::Private), b"B10C"),
        (AToC, Party::Absent(Absence::Unavailable), b"B00C"),
        (AToHash, number.clone(), b"A0401234567#"),
        (AToHash, Party::Absent(Absence::Private), b"D1#"),
        (AToHash, Party::Absent(Absence::Unavailable), b"D3#"),
        (DToC, number.clone(), b"D0401234567C"),
        (BareToHash, number, b"0401234567#"),
    ];
    for (format, number, digits) in cases {
        let message = CallerIdMessage::dtmf(format, &number).unwrap();
        assert_eq!(message.bytes(), digits);
        let caller = CallerId {
            number,
            ..CallerId::default()
        };
        assert_eq!(round_trip(&message), said(&caller), "{format:?}");
    }
    let error = CallerIdMessage::dtmf(BareToHash, &Party::Unmentioned).unwrap_err();
    assert!(matches!(error, Error::NoSuchMessage { .. }), "{error}");
    let letters = CallerIdMessage::dtmf(AToC, &Party::Known("+4712".into())).unwrap_err();
    assert!(
        matches!(letters, Error::BadCharacter { found: '+', .. }),
        "{letters}"
    );
}

#[test]
fn an_absent_number_is_ten_zeros_in_the_format_of_the_netherlands() {
    for absent in [
        Party::Absent(Absence::Private),
        Party::Absent(Absence::Unavailable),
        Party::Unmentioned,
    ] {
        let message = CallerIdMessage::dtmf(DtmfCallerIdFormat::DToC, &absent).unwrap();
        assert_eq!(message.bytes(), b"D0000000000C", "{absent:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let refuse = |caller: &CallerId| CallerIdMessage::call_setup(Class, caller).unwrap_err();
    let number = |text: &str| CallerId {
        number: Party::Known(text.into()),
        ..jane()
    };
    assert!(matches!(
        refuse(&number("1\u{0}2")),
        Error::BadCharacter { found: '\0', .. }
    ));
    assert!(matches!(
        refuse(&number(&"1".repeat(21))),
        Error::TooLong {
            len: 21,
            max: 20,
            ..
        }
    ));
    let name = CallerId {
        name: Party::Known("Bjørn".into()),
        ..jane()
    };
    assert!(matches!(
        refuse(&name),
        Error::BadCharacter { found: 'ø', .. }
    ));
    let when = |month, day, hour, minute| CallerId {
        when: Some(CallTime {
            month,
            day,
            hour,
            minute,
        }),
        ..jane()
    };
    for bad in [
        when(0, 1, 0, 0),
        when(13, 1, 0, 0),
        when(1, 32, 0, 0),
        when(1, 1, 24, 0),
        when(1, 1, 0, 255),
    ] {
        assert!(matches!(refuse(&bad), Error::OutOfRange { .. }));
    }
    assert!(CallerIdMessage::call_setup(ClipDtmf, &jane()).is_err());
}

#[test]
fn a_second_message_waits_for_the_first() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Class).unwrap();
    tx.put_message(&message).unwrap();
    assert_eq!(tx.put_message(&message), Err(Error::Busy));
    assert_eq!(tx.send_alert_tone(), Err(Error::Busy));
    let mut samples = sent(&mut tx);
    tx.put_message(&message).unwrap();
    samples.extend(sent(&mut tx));
    assert_eq!(heard(Class, &samples).len(), 2);
    let other = CallerIdMessage::call_setup(Clip, &jane()).unwrap();
    assert!(matches!(
        tx.put_message(&other),
        Err(Error::WrongStandard { .. })
    ));
}

#[test]
fn an_idle_transmitter_is_silent() {
    // The library itself would send a preamble and a stray byte.
    for standard in [Class, Clip, Aclip, ClipDtmf] {
        let mut tx = CallerIdTx::new(standard).unwrap();
        let mut out = [5; 8000];
        assert_eq!(tx.process(&mut out), 0);
        assert_eq!(out, [0; 8000]);
    }
}

/// Level of a full-scale sine: a full-scale square wave is 6.16 dBm0.
const FULL_SCALE_DBM0: f64 = 6.16 - 3.02;

/// Power at `hz` as dBm0.
fn tone_dbm0(samples: &[i16], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in samples.iter().enumerate() {
        let t = n as f64 * hz / 8000.0 * std::f64::consts::TAU;
        re += f64::from(*s) * t.cos();
        im += f64::from(*s) * t.sin();
    }
    let amplitude = 2.0 * f64::hypot(re, im) / samples.len() as f64 / 32768.0;
    20.0 * amplitude.log10() + FULL_SCALE_DBM0
}

#[test]
fn alert_tone_is_the_dual_tone_alone() {
    for standard in [Class, ClipDtmf] {
        let mut tx = CallerIdTx::new(standard).unwrap();
        tx.send_alert_tone().unwrap();
        let mut out = [5; 4000];
        assert_eq!(tx.process(&mut out), 1360);
        assert!(tx.is_idle());
        for hz in [2130.0, 2750.0] {
            let level = tone_dbm0(&out[..800], hz);
            assert!((level + 13.0).abs() < 0.5, "{hz} Hz at {level} dBm0");
        }
        assert!(out[880..].iter().all(|s| *s == 0), "silence after 110 ms");
    }
}

#[test]
fn a_message_follows_the_alert_tone_off_hook() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Class).unwrap();
    tx.set_off_hook(true);
    tx.send_alert_tone().unwrap();
    tx.put_message(&message).unwrap();
    let samples = sent(&mut tx);
    let received = heard(Class, &samples);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].decode().unwrap().caller, jane());
    // On hook the message is 400 bits longer (seizure and mark), the alert tone 170 ms shorter.
    let mut on_hook = CallerIdTx::new(Class).unwrap();
    on_hook.put_message(&message).unwrap();
    let longer = sent(&mut on_hook).len() as i64 - (samples.len() as i64 - 1360);
    assert!((longer - 400 * 8000 / 1200).abs() <= 160, "{longer}");
}

#[test]
fn abort_silences_at_once() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Class).unwrap();
    tx.put_message(&message).unwrap();
    tx.process(&mut [0; 800]);
    tx.abort();
    let mut out = [5; 800];
    assert_eq!(tx.process(&mut out), 0);
    tx.put_message(&message).unwrap();
    let samples = sent(&mut tx);
    assert_eq!(heard(Class, &samples).len(), 1);
}

#[test]
fn a_damaged_message_is_not_delivered() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Class).unwrap();
    tx.put_message(&message).unwrap();
    let mut samples = sent(&mut tx);
    let middle = samples.len() * 3 / 4;
    samples[middle..middle + 160].fill(0);
    assert_eq!(heard(Class, &samples).len(), 0);
}

#[test]
fn a_receiver_of_another_standard_survives_any_noise() {
    let message = CallerIdMessage::call_setup(Class, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Class).unwrap();
    tx.put_message(&message).unwrap();
    let mut samples = sent(&mut tx);
    let mut seed = 1_u32;
    samples.extend((0..80_000).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as i16
    }));
    for standard in [Class, Clip, Aclip, ClipDtmf] {
        let mut rx = CallerIdRx::new(standard).unwrap();
        rx.process(&samples);
        while let Some(message) = rx.poll() {
            let _ = message.decode();
        }
        rx.process(&[]);
    }
}

#[test]
fn damaged_bytes_never_break_the_decoder() {
    let raw = |standard, from: &[u8]| {
        let mut bytes = [0; MAX_MESSAGE_BYTES + 1];
        bytes[..from.len()].copy_from_slice(from);
        ReceivedMessage {
            standard,
            bytes,
            len: from.len(),
        }
    };
    assert_eq!(
        raw(Class, &[]).decode(),
        Err(DecodeError::TooShort { len: 0 })
    );
    assert_eq!(
        raw(Class, &[0x04, 3, 1, 2, 3]).decode(),
        Err(DecodeError::TooShort { len: 5 })
    );
    assert_eq!(
        raw(Class, &[0x77, 0]).decode(),
        Err(DecodeError::UnknownType { kind: 0x77 })
    );
    assert_eq!(
        raw(Clip, &[0x80, 4, 0x02, 200, b'1', b'2']).decode(),
        Err(DecodeError::FieldTooLong {
            field: 2,
            claimed: 200,
            left: 2
        })
    );
    assert_eq!(
        raw(ClipDtmf, &[]).decode(),
        Err(DecodeError::TooShort { len: 0 })
    );
    assert_eq!(
        raw(Class, &[0x80, 1, 0x02]).decode(),
        Ok(ReceivedCallerId::default())
    );
    for standard in [Class, ClipDtmf] {
        for first in 0..=255_u8 {
            for second in [0, 1, 8, 255] {
                let _ = raw(standard, &[first, second, first, second, first]).decode();
                let _ = raw(standard, &[first]).decode();
            }
        }
    }
}

#[test]
fn reset_forgets_waiting_messages() {
    let message = CallerIdMessage::call_setup(Clip, &jane()).unwrap();
    let mut tx = CallerIdTx::new(Clip).unwrap();
    tx.put_message(&message).unwrap();
    let samples = sent(&mut tx);
    let mut rx = CallerIdRx::new(Clip).unwrap();
    rx.process(&samples);
    rx.reset();
    assert!(rx.poll().is_none());
    rx.process(&samples);
    assert!(rx.poll().is_some());
}

#[test]
fn the_dtmf_receiver_restarts_before_its_counter_wraps() {
    let message =
        CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &Party::Known("123".into())).unwrap();
    let mut tx = CallerIdTx::new(ClipDtmf).unwrap();
    tx.put_message(&message).unwrap();
    let samples = sent(&mut tx);
    let mut rx = CallerIdRx::new(ClipDtmf).unwrap();
    rx.skip_ahead();
    rx.process(&[0; 800]);
    rx.process(&samples);
    assert!(rx.poll().is_some());
}
