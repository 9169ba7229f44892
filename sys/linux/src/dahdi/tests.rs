//! What needs no DAHDI in the kernel. The rest is tried in a guest (`tests/vm`).

use super::*;

#[test]
fn signalling_has_the_names_of_dahdi_and_of_its_configuration() {
    let kewl = Signalling::from_kernel(1 << 12 | 1 << 5);
    assert_eq!(kewl, Signalling::FxoKs);
    assert_eq!(kewl.to_string(), "fxo_ks");
    assert_eq!(kewl.key(), Some("fxoks"));
    assert!(kewl.is_for_telephone() && !kewl.is_for_exchange_line());
    let clear_with_hdlc = Signalling::from_kernel(1 << 8 | 1 << 7);
    assert_eq!(clear_with_hdlc, Signalling::Clear);
    assert_eq!(Signalling::from_kernel(1 << 15).to_string(), "type 0x8000");
}

#[test]
fn a_port_allows_what_its_driver_says_and_nothing_else() {
    let port = SigCapabilities(1 << 12 | 1 << 5 | 1 << 3);
    assert!(port.allows(Signalling::FxoKs) && port.allows(Signalling::FxoLs));
    assert!(!port.allows(Signalling::FxoGs) && !port.allows(Signalling::FxsKs));
    assert!(!port.broken());
    assert!(SigCapabilities(i32::MIN).broken());
}

#[test]
fn alarms_are_shown_in_words_the_most_severe_first_and_none_is_lost() {
    assert_eq!(Alarms(0).to_string(), "none");
    assert_eq!(Alarms(1 << 3).to_string(), "red");
    let both = Alarms(1 << 2 | 1 << 3 | 1 << 20);
    assert_eq!(both.to_string(), "red, yellow, 0x100000");
}

#[test]
fn digits_come_with_their_event() {
    let five = i32::from(b'5');
    assert_eq!(
        Event::from_kernel(1 << 16 | five),
        Some(Event::PulseDigit(b'5'))
    );
    assert_eq!(
        Event::from_kernel(1 << 18 | five),
        Some(Event::DtmfUp(b'5'))
    );
    assert_eq!(Event::from_kernel(0), None);
    assert_eq!(Event::from_kernel(77), Some(Event::Other(77)));
}

#[test]
fn voltages_are_computed_from_registers_as_the_driver_does() {
    let mut direct = [0; 109];
    direct[64] = 0x11;
    direct[68] = 1;
    direct[80] = 8;
    direct[81] = 128;
    direct[82] = 136;
    let registers = Registers {
        direct,
        indirect: [0; 105],
    };
    let volts = Voltages {
        tip_mv: -3008,
        ring_mv: -48128,
        battery_mv: -51136,
    };
    assert_eq!(registers.voltages(), volts);
    assert_eq!(registers.line_feed(), LineFeed::ForwardActive);
    assert!(registers.loop_closed());
    assert_eq!(registers.direct(109), None);
}

#[test]
fn without_dahdi_the_error_names_the_device_and_the_reason() {
    if std::path::Path::new(CHANNEL_DEVICE).exists() {
        println!("SKIPPED: this machine has DAHDI");
        return;
    }
    let error = Channel::open(1).expect_err("there is no such device");
    assert_eq!(error.step, OpenStep::Device);
    assert_eq!(error.errno, Errno::ENOENT);
    assert!(error.to_string().contains("/dev/dahdi/channel"), "{error}");
    assert_eq!(Control::open().map(drop), Err(Errno::ENOENT));
}
